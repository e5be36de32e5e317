import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ravine.errors import FileError
from ravine.ground.files import atomic_write, file_error


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_appears_whole_under_its_name(tmp_path):
    with atomic_write(tmp_path / "a.csv") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["a.csv"]


def test_the_temporary_file_is_empty_in_the_same_folder_with_the_same_suffix(tmp_path):
    with atomic_write(tmp_path / "picture.png") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        assert temporary.read_bytes() == b""


def test_a_string_and_a_relative_path_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_write("a.txt") as temporary:
        temporary.write_text("here")
    assert (tmp_path / "a.txt").read_text() == "here"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_the_former_file_survives_any_failure_and_no_litter_is_left(tmp_path, failure):
    target = tmp_path / "a.txt"
    target.write_text("former")
    with pytest.raises(failure), atomic_write(target) as temporary:  # noqa: PT012
        temporary.write_text("half of the n")
        raise failure
    assert target.read_text() == "former"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path, mode):
    target = tmp_path / "a.txt"
    target.write_text("former")
    target.chmod(mode)
    with atomic_write(target) as temporary:
        temporary.write_text("new")
        assert stat.S_IMODE(temporary.stat().st_mode) & 0o077 & ~mode == 0
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_text() == "new"


def test_a_new_file_gets_the_permissions_that_open_would_give_it(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic_write(tmp_path / "atomic"):
        pass
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "other").mkdir()
    real = tmp_path / "other" / "real.txt"
    real.write_text("former")
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert names(tmp_path / "other") == ["real.txt"]


def test_a_dangling_symbolic_link_makes_the_file_that_it_names(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real.txt")
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "real.txt").read_text() == "new"
    assert link.is_symlink()


def test_a_missing_folder_is_named(tmp_path):
    folder = tmp_path / "nowhere"
    with (
        pytest.raises(FileError, match=r"Cannot write .*its folder .* does not exist") as caught,
        atomic_write(folder / "a.txt"),
    ):
        pass
    assert "Make the folder first" in caught.value.hint
    assert not folder.exists()


def test_a_folder_is_not_a_file(tmp_path):
    with (
        pytest.raises(FileError, match=r"Cannot write .*: it is a folder\."),
        atomic_write(tmp_path),
    ):
        pass


def test_a_file_used_as_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FileError, match=r"Cannot write .*file/a\.txt"),
        atomic_write(tmp_path / "file" / "a.txt"),
    ):
        pass


def test_a_device_is_never_replaced():
    with (
        pytest.raises(FileError, match=r"'/dev/null': it is not an ordinary file"),
        atomic_write("/dev/null"),
    ):
        pass
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "the name of the file is empty"), ("a" * 300, "name is too long"), ("a\0b", "null")],
)
def test_a_name_that_no_file_can_have_is_an_error(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=message), atomic_write(name):
        pass
    assert names(tmp_path) == []


def test_a_circle_of_links_is_an_error(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(FileError, match="circle"), atomic_write(tmp_path / "a"):
        pass


def test_a_read_only_file_is_not_written_over(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("former")
    monkeypatch.setattr(os, "access", lambda path, how: False)  # root may write to anything
    with pytest.raises(FileError, match="the file there is read-only"), atomic_write(target):
        pass
    assert target.read_text() == "former"


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (errno.ENOSPC, "the disk is full", "Free some space"),
        (errno.EDQUOT, "the disk quota is used up", "Free some space"),
        (errno.EACCES, "permission denied", "that you may write to"),
        (errno.EROFS, "its disk is read-only", "that you may write to"),
    ],
)
@pytest.mark.parametrize("moment", ["open", "fsync", "block"])
def test_what_the_system_refuses_is_said_in_words_and_leaves_the_former_file(
    tmp_path, monkeypatch, code, message, hint, moment
):
    target = tmp_path / "a.txt"
    target.write_text("former")

    def refuse(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    if moment != "block":
        monkeypatch.setattr(os, moment, refuse)
    with (  # noqa: PT012
        pytest.raises(FileError, match=f"Cannot write '.*a.txt': {message}") as caught,
        atomic_write(target) as temporary,
    ):
        if moment == "block":
            refuse()
        temporary.write_text("new")
    monkeypatch.undo()
    assert hint in caught.value.hint
    assert target.read_text() == "former"
    assert names(tmp_path) == ["a.txt"]


def test_a_disk_that_fills_up_while_writing_leaves_the_former_file(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"former")
    program = f"""
import resource
from ravine.errors import FileError
from ravine.ground.files import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with atomic_write({str(target)!r}) as temporary:
        temporary.write_bytes(bytes(100_000))
except FileError as error:
    print(error)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "the file is larger than the system allows" in done.stdout
    assert target.read_bytes() == b"former"
    assert names(tmp_path) == ["a.bin"]


def test_an_error_about_another_file_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_write(tmp_path / "a.txt"):
        (tmp_path / "elsewhere").read_text()
    assert names(tmp_path) == []


def test_an_unknown_reason_is_passed_on_in_the_words_of_the_system():
    error = file_error("x", "read", OSError(errno.EIO, "I/O error"))
    assert str(error) == "Cannot read 'x': I/O error."
    assert str(file_error("x", "read", OSError("odd"))) == "Cannot read 'x': odd."


def test_reading_without_permission_does_not_speak_of_writing():
    error = file_error("x", "read", PermissionError(errno.EACCES, "no"))
    assert "read" in error.hint
    assert "write" not in error.hint
