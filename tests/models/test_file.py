import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.errors import FileError
from ravine.models.file import FORMAT, read_model_file, write_model_file

DOCUMENT = {
    "network": {"kind": "Network", "layers": [{"kind": "Dense", "units": 3}]},
    "name": "Ærø, 東京",
    "rate": 0.1,
    "none": None,
    "yes": True,
}
ARRAYS = {
    "w": np.arange(12, dtype=np.float32).reshape(3, 4),
    "b": np.array([np.nan, np.inf, -0.0]),
    "n": np.array(7, dtype=np.int64),
    "flags": np.array([0, 1, 255], dtype=np.uint8),
    "empty": np.zeros((0, 5), dtype=np.float32),
    "mask": np.array([True, False]),
} | {f"all_{kind}": np.array([1, 2], kind) for kind in ("i1", "i2", "i4", "u2", "u4", "u8")}


def saved(folder, document=DOCUMENT, arrays=ARRAYS):
    path = folder / "m.safetensors"
    write_model_file(path, document, arrays)
    return path


def parts(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: dict | str | bytes, data: bytes, length: int | None = None) -> bytes:
    text = json.dumps(header) if isinstance(header, dict) else header
    text = text.encode() if isinstance(text, str) else text
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def refusal(folder, content: bytes) -> str:
    path = folder / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_model_file(path)
    assert "bad.safetensors" in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 300
    return str(caught.value)


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


# --- what is written is read back ---------------------------------------------------------------


def test_document_and_arrays_come_back_as_they_were(tmp_path):
    document, arrays = read_model_file(saved(tmp_path))
    assert document == DOCUMENT
    assert list(document) == list(DOCUMENT)
    assert_same(arrays, ARRAYS)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = saved(tmp_path).read_bytes()
    backwards = dict(reversed(ARRAYS.items()))
    assert saved(tmp_path, arrays=backwards).read_bytes() == first


def test_a_file_without_arrays_is_fine(tmp_path):
    assert read_model_file(saved(tmp_path, {}, {})) == ({}, {})


def test_the_arrays_that_are_read_are_read_only(tmp_path):
    _, arrays = read_model_file(saved(tmp_path))
    assert not any(array.flags.writeable for array in arrays.values())


def test_any_safetensors_reader_sees_the_arrays(tmp_path):
    assert_same(safetensors.numpy.load_file(saved(tmp_path)), ARRAYS)


def test_a_model_can_be_saved_over_the_file_that_it_came_from(tmp_path):
    path = saved(tmp_path)
    document, arrays = read_model_file(path)
    for _ in range(3):
        write_model_file(path, document, arrays)
        document, arrays = read_model_file(path)
    assert document == DOCUMENT
    assert_same(arrays, ARRAYS)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(4, dtype=">f8"),
        np.arange(4, dtype=">i8"),
        np.broadcast_to(np.float32(3), (2, 2)),
    ],
)
def test_strided_and_byte_swapped_arrays_keep_their_values(tmp_path, array):
    _, arrays = read_model_file(saved(tmp_path, {}, {"a": array}))
    np.testing.assert_array_equal(arrays["a"], array)


def test_numbers_that_json_cannot_say_survive(tmp_path):
    document = {"a": [float("inf"), float("-inf")], "b": {"c": float("nan")}}
    found, _ = read_model_file(saved(tmp_path, document, {}))
    assert found["a"] == document["a"]
    assert np.isnan(found["b"]["c"])


def test_numpy_numbers_and_tuples_become_plain(tmp_path):
    document = {"a": np.float64(0.1), "b": (np.int64(2), np.bool_(True)), "c": np.float32(0.5)}
    found, _ = read_model_file(saved(tmp_path, document, {}))
    assert found == {"a": 0.1, "b": [2, True], "c": 0.5}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(document=st.dictionaries(st.text(), json_values, max_size=5))
@settings(deadline=None, max_examples=60)
def test_every_json_document_survives(tmp_path_factory, document):
    path = saved(tmp_path_factory.mktemp("any"), document, {})
    assert repr(read_model_file(path)[0]) == repr(document)


@pytest.mark.parametrize(
    ("document", "arrays", "message"),
    [
        ({"a": object()}, {}, "cannot hold a object"),
        ({1: "a"}, {}, "keys of a document must be text"),
        ({"$float": "nan"}, {}, "keys of a document must be text"),
        ({}, {"a": np.array(["x"])}, "cannot hold the array 'a' of type <U1"),
        ({}, {"a": np.array([1j])}, "of type complex128"),
        ({}, {"a": np.array([0.5], dtype=np.float16)}, "of type float16"),
        ({}, {"a": np.array([None])}, "of type object"),
        ({}, {"a": np.zeros((1,) * 9)}, "of 9 dimensions"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_before_it_is_touched(
    tmp_path, document, arrays, message
):
    path = saved(tmp_path)
    former = path.read_bytes()
    with pytest.raises(TypeError, match=message):
        write_model_file(path, document, arrays)
    assert path.read_bytes() == former


def test_a_document_nested_too_deeply_is_refused_when_written(tmp_path):
    document: dict = {}
    for _ in range(200):
        document = {"a": document}
    with pytest.raises(ValueError, match="nested more than 100 levels"):
        write_model_file(tmp_path / "m", document, {})


def test_a_full_disk_leaves_the_former_file(tmp_path):
    path = saved(tmp_path)
    program = f"""
import resource
import numpy as np
from ravine.errors import FileError
from ravine.models.file import write_model_file
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    write_model_file({str(path)!r}, {{}}, {{"w": np.zeros(100_000)}})
except FileError as error:
    print(error)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Cannot write" in done.stdout
    assert_same(read_model_file(path)[1], ARRAYS)
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]


# --- what is not ours is refused ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\0" * 5, "it has only 5 bytes"),
        (b"a,b,c\n1,2,3\n4,5,6\n", "does not begin as a safetensors file"),
        (b"\x80\x04\x95" + b"\0" * 50, "does not begin as a safetensors file"),
        (bytes(1000), "does not begin as a safetensors file"),
        (safetensors.numpy.save({"w": np.zeros(3)}), "without ravine's description"),
        (
            safetensors.numpy.save({"w": np.zeros(3)}, metadata={"format": "pt"}),
            "without ravine's description",
        ),
    ],
)
def test_a_foreign_file_is_not_a_ravine_model(tmp_path, content, message):
    said = refusal(tmp_path, content)
    assert "is not a ravine model" in said
    assert message in said


def test_missing_files_folders_and_devices_are_named(tmp_path):
    with pytest.raises(FileError, match=r"Cannot read .*: there is no such file"):
        read_model_file(tmp_path / "none")
    with pytest.raises(FileError, match=r"Cannot read .*: it is a folder"):
        read_model_file(tmp_path)
    with pytest.raises(FileError, match="is not an ordinary file"):
        read_model_file("/dev/zero")
    with pytest.raises(FileError, match=r"Cannot read 'a.x00b'"):
        read_model_file("a\0b")


def test_a_named_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="is not an ordinary file"):
        read_model_file(tmp_path / "pipe")


def test_a_header_that_declares_a_terabyte_allocates_nothing(tmp_path):
    header, data = parts(saved(tmp_path).read_bytes())
    path = tmp_path / "terabyte"
    path.write_bytes(joined(header, data, length=2**40))
    program = f"""
import resource
from ravine.errors import FileError
from ravine.models.file import read_model_file
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
try:
    read_model_file({str(path)!r})
except FileError as error:
    print(error)
print(peak() - before < 2000)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, small = done.stdout.splitlines()
    assert "is truncated: its header declares 1,099,511,627,776 bytes, the file has" in said
    assert small == "True"


def test_arrays_that_declare_a_terabyte_are_refused_before_they_are_read(tmp_path):
    header, data = parts(saved(tmp_path, {}, {"w": np.zeros(2)}).read_bytes())
    header["w"] |= {"shape": [2**37], "data_offsets": [0, 2**40]}
    assert "is truncated: its arrays need 1,099,511,627,776 bytes" in refusal(
        tmp_path, joined(header, data)
    )


def test_every_truncation_is_noticed(tmp_path):
    content = saved(tmp_path).read_bytes()
    for size in range(len(content)):
        refusal(tmp_path, content[:size])
    assert "is truncated" in refusal(tmp_path, content[:-1])


def test_bytes_after_the_end_are_noticed(tmp_path):
    content = saved(tmp_path).read_bytes()
    assert "3 bytes follow after the last array" in refusal(tmp_path, content + b"abc")


ENTRY = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"v": ENTRY}, "overlaps another one"),
        ({"v": ENTRY | {"data_offsets": [4, 12]}}, "overlaps another one"),
        ({"w": ENTRY | {"data_offsets": [8, 16]}}, "a hole before the array 'w'"),
        ({"w": ENTRY | {"data_offsets": [8, 0]}}, "impossible place [8, 0]"),
        ({"w": ENTRY | {"data_offsets": [-8, 0]}}, "impossible place"),
        ({"w": ENTRY | {"data_offsets": [0, 8.0]}}, "impossible place"),
        ({"w": ENTRY | {"data_offsets": [0]}}, "impossible place"),
        ({"w": ENTRY | {"data_offsets": [0, 10**30]}}, "impossible place"),
        ({"w": ENTRY | {"shape": [2]}}, "needs 16 bytes, but has 8"),
        ({"w": ENTRY | {"shape": [-1]}}, "impossible shape [-1]"),
        ({"w": ENTRY | {"shape": [True]}}, "impossible shape"),
        ({"w": ENTRY | {"shape": ["1"]}}, "impossible shape"),
        ({"w": ENTRY | {"shape": 1}}, "impossible shape"),
        ({"w": ENTRY | {"shape": [1] * 9}}, "impossible shape"),
        ({"w": ENTRY | {"shape": [2**61, 2**61]}}, "needs"),
        ({"w": ENTRY | {"shape": [0, 2**61, 2**61], "data_offsets": [0, 0]}}, "bytes follow"),
        ({"w": ENTRY | {"dtype": "F16"}}, "'F16', which ravine does not write"),
        ({"w": ENTRY | {"dtype": "BOOL"}}, "needs 1 bytes, but has 8"),
        ({"w": ENTRY | {"dtype": "BOOL", "shape": [8]}}, "neither true nor false"),
        ({"w": ENTRY | {"dtype": ["F64"]}}, "which ravine does not write"),
        ({"w": {"dtype": "F64", "shape": [1]}}, "no proper description"),
        ({"w": ENTRY | {"more": 1}}, "no proper description"),
        ({"w": [1, 2]}, "no proper description"),
    ],
)
def test_an_impossible_description_of_an_array_is_refused(tmp_path, changes, message):
    header, data = parts(saved(tmp_path, {}, {"w": np.ones(1)}).read_bytes())
    said = refusal(tmp_path, joined(header | changes, data))
    assert "is damaged" in said
    assert message in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"w": 1, "w": 2}', "the key 'w' appears twice"),
        ('{"w": {"dtype": "F64", "dtype": "F32"}}', "the key 'dtype' appears twice"),
        ('{"w": NaN}', "'NaN' is not a number"),
        ('{"w": 1e999}', "'1e999' is not a number"),
        ('{"w": ' + "9" * 5000 + "}", "cannot be read"),
        ('{"w": ' * 500 + "1" + "}" * 500, "nested"),
        ('{"w": ' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ('{"w": 1', "cannot be read"),
        (b'{"\xff": 1}', "cannot be read"),
        ('{"__metadata__": {"ravine": "[]"}}', "is not a JSON object"),
        ('{"__metadata__": {"ravine": "{}"}}', "has no format number"),
        ('{"__metadata__": {"ravine": "{\\"format\\": 1}"}}', "is incomplete"),
        ('{"__metadata__": {"ravine": "{\\"format\\": true}"}}', "has no format number"),
        ('{"__metadata__": {"ravine": "' + "[" * 5000 + '"}}', "nested too deeply"),
        (
            '{"__metadata__": {"ravine": "{\\"format\\": 1, \\"format\\": 1}"}}',
            "the key 'format' appears twice",
        ),
    ],
)
def test_a_header_that_is_not_strict_json_is_refused(tmp_path, text, message):
    said = refusal(tmp_path, joined(text, b""))
    assert "is damaged" in said
    assert message in said


def reworked(content: bytes, change) -> bytes:
    """Change the description of a file."""
    header, data = parts(content)
    envelope = json.loads(header["__metadata__"]["ravine"])
    change(envelope)
    header["__metadata__"]["ravine"] = json.dumps(envelope)
    return joined(header, data)


def test_a_newer_format_says_to_upgrade(tmp_path):
    content = reworked(saved(tmp_path).read_bytes(), lambda e: e.update(format=FORMAT + 1))
    path = tmp_path / "newer.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"written by a newer ravine: its format is 2") as caught:
        read_model_file(path)
    assert "pip install --upgrade ravine" in caught.value.hint


@pytest.mark.parametrize("value", ["1e5", {"a": 1}, None])
def test_a_float_marker_that_is_no_float_is_refused(tmp_path, value):
    def change(envelope):
        envelope["document"] = {"x": {"$float": value}}
        empty = json.dumps(envelope["document"], sort_keys=True).encode()
        envelope["sha256"] = hashlib.sha256(empty).hexdigest()

    content = reworked(saved(tmp_path, {}, {}).read_bytes(), change)
    assert "is not a number" in refusal(tmp_path, content)


def test_a_changed_document_is_noticed(tmp_path):
    content = reworked(saved(tmp_path).read_bytes(), lambda e: e["document"].update(rate=0.2))
    assert "do not match its checksum" in refusal(tmp_path, content)


def test_a_swap_of_two_arrays_is_noticed(tmp_path):
    arrays = {"a": np.zeros(2), "b": np.ones(2)}
    header, data = parts(saved(tmp_path, {}, arrays).read_bytes())
    header["a"], header["b"] = header["b"], header["a"]
    assert "do not match its checksum" in refusal(tmp_path, joined(header, data))


# --- whatever is done to a file, it is refused or read right ------------------------------------


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_no_damage_crashes_or_changes_what_is_read(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    content = bytearray(saved(folder).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"]))
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        if kind == "flip" and content:
            content[place] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del content[place : place + data.draw(st.integers(1, 40))]
        elif kind == "insert":
            content[place:place] = data.draw(st.binary(min_size=1, max_size=20))
        else:
            content[place:place] = content[place : place + data.draw(st.integers(1, 60))]
    path = folder / "damaged.safetensors"
    path.write_bytes(content)
    try:
        document, arrays = read_model_file(path)
    except FileError:
        return
    assert document == DOCUMENT
    assert_same(arrays, ARRAYS)


@given(content=st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_random_bytes_are_never_a_model(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("random") / "x"
    path.write_bytes(content)
    with pytest.raises(FileError):
        read_model_file(path)


@given(text=st.dictionaries(st.text(max_size=5), json_values, max_size=5))
@settings(deadline=None, max_examples=200)
def test_a_random_header_is_never_a_model(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("header") / "x"
    path.write_bytes(joined(text, bytes(8)))
    with pytest.raises(FileError):
        read_model_file(path)
