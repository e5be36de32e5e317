"""The store of a study: files that can be copied, merged and read by anybody."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError, SpecError
from ravine.ground import files
from ravine.studies import claims as claiming
from ravine.studies import stored, trials
from ravine.studies.claims import Claims
from ravine.studies.record import Record, write_record
from ravine.studies.store import Store
from tests.builders import killed_studies as killed
from tests.builders.small_runs import NETWORK, X, Y

SHORT = rv.Recipe(epochs=3)


def make(store, **settings):
    return rv.Study(rv.grid(NETWORK, SHORT, **(settings or {"seed": range(4)})), store)


def plain(frame):
    return frame.drop(columns="seconds")


@pytest.fixture
def nothing_trains(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a run that the store has was trained again")

    return lambda: monkeypatch.setattr(stored, "train_trials", refuse)


def test_a_study_reads_what_its_store_has_bit_for_bit(tmp_path, nothing_trains):
    first = make(tmp_path / "s").run(X, Y, threads=1)
    nothing_trains()
    again = make(tmp_path / "s").run(X, Y)
    assert again.to_frame().equals(first.to_frame())
    assert again.histories().equals(first.histories())
    in_memory = make(None).run
    assert plain(in_memory(X, Y).to_frame()).equals(plain(first.to_frame()))


def test_more_jobs_train_only_what_is_new(tmp_path, monkeypatch):
    make(tmp_path / "s").run(X, Y, threads=1)
    seen = []
    train = stored.train_trials

    def spy(chosen, *args, **kwargs):
        seen.extend(trial.job.recipe.seed for trial in chosen)
        return train(chosen, *args, **kwargs)

    monkeypatch.setattr(stored, "train_trials", spy)
    study = make(tmp_path / "s", seed=range(6)).run(X, Y, threads=1)
    assert seen == [4, 5]
    assert study.to_frame()["seed"].tolist() == list(range(6))


def test_folders_of_one_study_merge_by_copying(tmp_path, nothing_trains):
    make(tmp_path / "a", seed=[0, 1, 2]).run(X, Y, threads=1)
    make(tmp_path / "b", seed=[2, 3]).run(X, Y, threads=1)
    shutil.copytree(tmp_path / "b", tmp_path / "a", dirs_exist_ok=True)
    whole = make(None).run(X, Y, threads=1)
    nothing_trains()
    merged = make(tmp_path / "a").run(X, Y)
    assert plain(merged.to_frame()).equals(plain(whole.to_frame()))


def test_equal_jobs_are_trained_once_and_both_are_rows(tmp_path):
    jobs = [rv.Job(NETWORK, SHORT, label=name) for name in "ab"]
    frame = rv.Study(jobs, tmp_path / "s").run(X, Y, threads=1).to_frame()
    assert frame["label"].tolist() == ["a", "b"]
    assert frame["val_loss"][0] == frame["val_loss"][1]
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 1


def test_a_record_holds_what_it_takes_to_train_the_run_again(tmp_path):
    study = make(tmp_path / "s", seed=[3]).run(X, Y, threads=1)
    store = Store(str(tmp_path / "s"))
    ((key, header),) = store.headers().items()
    assert header["key"] == key
    about = store.read(key).about
    recipe, network = rv.Recipe.from_dict(about["recipe"]), rv.Network.from_dict(about["network"])
    assert (network, recipe) == (NETWORK, SHORT.replace(seed=3))
    assert set(header["origin"]) == {"ravine", "level", "numpy", "python", "worker", "date"}
    assert (header["rows"], header["validation_rows"]) == (160, 40)
    assert header["data"] == study._ran_on[0]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"X": X + 1e-9}, "The store holds runs on another table"),
        ({"y": -Y}, "The store holds runs on another table"),
        ({"time": np.arange(200)}, "The store holds runs on another table"),
        ({"validation": 0.3}, r"another split of this table \(160 rows to train on, 40 held out\)"),
        ({"cv": 5}, "another split of this table"),
    ],
)
def test_a_store_of_another_study_is_an_error_and_stays_as_it_is(tmp_path, how, message):
    make(tmp_path / "s").run(X, Y, threads=1)
    before = sorted((tmp_path / "s" / "runs").iterdir())
    with pytest.raises(FileError, match=message):
        make(tmp_path / "s").run(**({"X": X, "y": Y} | how))
    assert sorted((tmp_path / "s" / "runs").iterdir()) == before


def test_a_store_of_another_version_is_an_error(tmp_path, monkeypatch):
    make(tmp_path / "s").run(X, Y, threads=1)
    now = trials.versions()
    monkeypatch.setattr(stored, "versions", lambda: now | {"ravine": "9.9"})
    with pytest.raises(FileError, match=r"holds runs of ravine .*, and this is 9\.9"):
        make(tmp_path / "s").run(X, Y)


def test_a_store_that_mixes_instruction_levels_says_so(tmp_path, monkeypatch):
    make(tmp_path / "s").run(X, Y, threads=1)
    now = trials.versions()
    monkeypatch.setattr(stored, "versions", lambda: now | {"level": "v9"})
    with pytest.warns(UserWarning, match=f"mixes levels .* .4 runs at {now['level']}; this .* v9"):
        make(tmp_path / "s").run(X, Y)


def test_code_of_ones_own_cannot_be_kept_and_the_error_says_what_to_do(tmp_path):
    recipe = SHORT.replace(augmentation=lambda X, y, rng: (X, y))
    with pytest.raises(SpecError, match="Job '0' cannot be kept in a store") as caught:
        rv.Study([rv.Job(NETWORK, recipe)], tmp_path / "s").run(X, Y)
    assert "Leave store out" in caught.value.hint
    assert len(rv.Study([rv.Job(NETWORK, recipe)]).run(X, Y, threads=1).to_frame()) == 1


# --- Damage and disks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-8], "is damaged: its checksum does not fit"),
        (lambda content: content.replace(b'"fold":0', b'"fold":1'), "is damaged"),
        (lambda _: b"", "is no record of a run"),
    ],
)
def test_a_damaged_record_is_an_error_that_names_the_file(tmp_path, damage, message):
    make(tmp_path / "s").run(X, Y, threads=1)
    path = min((tmp_path / "s" / "runs").iterdir())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=f"{path.name}' {message}"):
        make(tmp_path / "s").run(X, Y)
    path.unlink()
    assert len(make(tmp_path / "s").run(X, Y, threads=1).to_frame()) == 4


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(FileError, match="holds other files, and no runs of a study"):
        make(tmp_path).run(X, Y)
    with pytest.raises(FileError, match="Cannot write"):
        make(tmp_path / "letter.txt").run(X, Y)


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.EROFS, "its disk is read-only"), (errno.ENOSPC, "disk is full")]
)
def test_a_disk_that_cannot_be_written_to_is_an_error_before_anything_is_trained(
    tmp_path, monkeypatch, nothing_trains, number, reason
):
    nothing_trains()

    def refuse(*_args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_flush", refuse)
    with pytest.raises(FileError, match=reason):
        make(tmp_path / "s").run(X, Y)


def test_a_disk_that_becomes_full_loses_no_run_that_was_recorded(tmp_path, monkeypatch):
    flush, left = files._flush, [3]  # the probe, and two records

    def fill(*args):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(*args)

    monkeypatch.setattr(files, "_flush", fill)
    study = make(tmp_path / "s")
    with pytest.raises(FileError, match="the disk is full"):
        study.run(X, Y, threads=1)
    monkeypatch.setattr(files, "_flush", flush)
    runs = sorted(path.name for path in (tmp_path / "s" / "runs").iterdir())
    assert len(runs) == 2
    assert not any(name.startswith(".") for name in runs)
    assert not [p for p in (tmp_path / "s" / "claims").iterdir() if p.name != ".probe"]
    whole = make(tmp_path / "s").run(X, Y, threads=1).to_frame()
    assert plain(whole).equals(plain(make(None).run(X, Y).to_frame()))


# --- The index -----------------------------------------------------------------------------------


def many(folder, count):
    """Fill a store with copies of one record under other keys."""
    make(folder, seed=[0]).run(X, Y, threads=1)
    store = Store(str(folder))
    ((key, _),) = store.headers().items()
    record = store.read(key)
    for number in range(count):
        name = f"{number:032x}"
        content = write_record(Record(name, record.about, record.result))
        (folder / "runs" / f"{name}.run").write_bytes(content)


def test_the_index_is_a_cache_that_is_rebuilt(tmp_path, monkeypatch):
    many(tmp_path / "s", 100)
    expected = Store(str(tmp_path / "s")).headers()
    assert len(expected) == 101
    index = tmp_path / "s" / "index.jsonl"
    assert index.exists()
    read = []
    content = Store._content
    monkeypatch.setattr(
        Store, "_content", lambda self, name: read.append(name) or content(self, name)
    )
    assert Store(str(tmp_path / "s")).headers() == expected
    assert read == []
    (tmp_path / "s" / "runs" / f"{5:032x}.run").unlink()
    assert len(Store(str(tmp_path / "s")).headers()) == 100
    for broken in (b"", b"[1]", b"{", b"\xff\xfe", json.dumps(["a", 1, 2, {}]).encode()):
        index.write_bytes(broken)
        assert len(Store(str(tmp_path / "s")).headers()) == 100
    index.unlink()
    assert len(Store(str(tmp_path / "s")).headers()) == 100


def test_a_record_that_was_replaced_is_read_again(tmp_path):
    many(tmp_path / "s", 100)
    Store(str(tmp_path / "s")).headers()
    path = tmp_path / "s" / "runs" / f"{5:032x}.run"
    path.write_bytes(b"other")
    with pytest.raises(FileError, match="is no record of a run"):
        Store(str(tmp_path / "s")).headers()


# --- Claims --------------------------------------------------------------------------------------


def test_a_run_that_another_process_claims_is_left_to_it_until_the_claim_expires(
    tmp_path, monkeypatch
):
    with Claims(tmp_path) as one:
        assert one.take("abc", 2) == ["a", "b"]
        other = Claims(tmp_path)
        assert other.take("abc", 3) == ["c"]
        assert one.others()
        monkeypatch.setattr(claiming, "EXPIRY", 5.0)
        long_ago = time.time() - 6
        os.utime(tmp_path / "a", (long_ago, long_ago))
        assert other.take("ab", 2) == ["a"]
    assert not (tmp_path / "b").exists()


def test_the_claim_of_a_process_that_is_gone_is_void_at_once(tmp_path):
    gone = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from ravine.studies.claims import Claims\n"
            "Claims(pathlib.Path(sys.argv[1])).take('a', 1)",
            tmp_path,
        ],
        check=False,
    )
    assert gone.returncode == 0
    assert (tmp_path / "a").exists()
    assert Claims(tmp_path).take("a", 1) == ["a"]


def test_a_claim_that_was_never_written_to_is_void_soon(tmp_path, monkeypatch):
    (tmp_path / "a").touch()  # by a process that was killed right there
    assert Claims(tmp_path).take("a", 1) == []
    monkeypatch.setattr(claiming, "BEING_MADE", 0.0)
    assert Claims(tmp_path).take("a", 1) == ["a"]


def test_claims_show_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(claiming, "EXPIRY", 0.2)
    with Claims(tmp_path) as claims:
        claims.take("a", 1)
        time.sleep(0.6)
        assert Claims(tmp_path).take("a", 1) == []


# --- Ctrl-C --------------------------------------------------------------------------------------

INTERRUPTED = """
import os, signal, sys, threading, time, warnings
from pathlib import Path
import ravine as rv
from tests.builders.killed_studies import X, Y, study
store, times = sys.argv[1], int(sys.argv[2])

def press():
    while len(list(Path(store, "runs").glob("[0-9a-f]*.run"))) < 4:
        time.sleep(0.002)
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.003)

threading.Thread(target=press, daemon=True).start()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    done = study(store).run(X, Y, threads=1)
print(said[0].message, "|", len(done.to_frame()))
"""


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_ends(tmp_path, times):
    store = str(tmp_path / "s")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, store, str(times)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    kept = killed.records(store)
    assert 4 <= len(kept) < 24
    if times == 1:
        assert done.returncode == 0, done.stderr
        assert f"Interrupted: {len(kept)} of 24 runs are done" in done.stdout
        assert done.stdout.strip().endswith(f"| {len(kept)}")
    else:
        assert done.returncode in (0, 1, -signal.SIGINT), done.stderr
    whole = killed.study(store).run(killed.X, killed.Y, threads=1)
    assert killed.table(whole) == killed.table(killed.quiet())
