"""One safetensors file that holds everything: a document (JSON) and arrays.

The layout is that of safetensors, so any of its readers sees the arrays: eight bytes with the
length of the header, the header (JSON), the bytes of the arrays. The header's ``__metadata__``
has one entry, ``"ravine"``, the text of ``{"format": 1, "sha256": ..., "document": {...}}``. The
digest covers the document and the arrays. A float that JSON cannot express is written ``{"$float":
"nan"}`` (or "inf", "-inf").

Nothing in a file is trusted: sizes are compared with the file's own before anything is read, and no
code in the file is ever run.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from ravine.errors import FileError
from ravine.ground.files import atomic_write, file_error
from ravine.ground.packages import needs

__all__ = ["FORMAT", "read_checksum", "read_model_file", "write_model_file"]

FORMAT = 1
"""The number of the file format that is written; every format up to it can be read."""

_DTYPES = {
    "F32": "<f4",
    "F64": "<f8",
    "BOOL": "|b1",
    "I8": "|i1",
    "U8": "|u1",
    "I16": "<i2",
    "U16": "<u2",
    "I32": "<i4",
    "U32": "<u4",
    "I64": "<i8",
    "U64": "<u8",
}
_DEEPEST = 100
_LARGEST_HEADER = 100_000_000
_MOST_DIMENSIONS = 8
_KEY = "ravine"
_FLOAT = "$float"

Document = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def write_model_file(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write a document and arrays into one file, completely or not at all.

    Parameters
    ----------
    path : str or path-like
        The file; what is there is replaced once the new one is complete.
    document : mapping
        Anything that JSON can say (tuples become lists); NaN and infinities are allowed.
    arrays : mapping of str to ndarray
        Arrays of float32, float64, whole numbers or bool.

    Raises
    ------
    FileError
        If the file cannot be written.
    TypeError
        If the document or an array is of a kind that the file cannot hold.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     write_model_file(path, {"name": "a"}, {"w": np.arange(3.0)})
    ...     read_model_file(path)
    ({'name': 'a'}, {'w': array([0., 1., 2.])})
    """
    needs("Saving a model", "safetensors")
    import safetensors.numpy

    plain = _encode(document)
    _check_depth(plain, "the document")
    ready = {name: _as_stored(name, array) for name, array in arrays.items()}
    envelope = {"format": FORMAT, "sha256": _digest(plain, ready), "document": plain}
    text = json.dumps(envelope, allow_nan=False)
    content = safetensors.numpy.save(ready, metadata={_KEY: text})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def read_model_file(path: str | os.PathLike[str]) -> tuple[Document, Arrays]:
    """Read what :func:`write_model_file` wrote.

    The file is read into memory, so it may be written over afterwards.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    document : dict
        As written; tuples have become lists.
    arrays : dict of str to ndarray
        As written; read-only.

    Raises
    ------
    FileError
        If the file cannot be read, is truncated, damaged, or is no file of ravine's.

    Examples
    --------
    >>> read_model_file("nowhere.safetensors")
    Traceback (most recent call last):
    ravine.errors.FileError: Cannot read 'nowhere.safetensors': there is no such file or folder.
    """
    with _opened(path) as file:
        return _read(os.fspath(path), file)


def read_checksum(path: str | os.PathLike[str]) -> str:
    """Read the checksum of the document and the arrays that a file says to hold.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`write_model_file` wrote.

    Returns
    -------
    str
        64 hexadecimal digits. Files of the same contents have the same.

    Raises
    ------
    FileError
        If the file cannot be read, or is no file of ravine's.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     write_model_file(path, {"name": "a"}, {"w": np.arange(3.0)})
    ...     len(read_checksum(path))
    64
    """
    with _opened(path) as file:
        return _read_description(os.fspath(path), file)[1]


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for reading; any failure becomes a FileError."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            yield file
    except FileError:
        raise
    except OSError as error:
        raise file_error(path, "read", error) from error
    except ValueError as error:  # a null byte in the name
        raise FileError(f"Cannot read {os.fspath(path)!r}: {error}.") from error


def _open_without_waiting(name: str, flags: int) -> int:
    """Open a file; a named pipe without a writer does not block."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _read(name: str, file: BinaryIO) -> tuple[Document, Arrays]:
    document, digest = _read_description(name, file)
    file.seek(0)
    arrays = _load_arrays(name, file.read())
    if _digest(document, arrays) != digest:
        _damaged(name, "its contents do not match its checksum")
    return _decode(name, document), arrays


def _read_description(name: str, file: BinaryIO) -> tuple[Document, str]:
    """Read the document and the checksum from the header."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        _foreign(name, "it is not an ordinary file")
    length = _header_length(name, file.read(9), status.st_size)
    file.seek(8)
    header = _parse(name, file.read(length), "its header")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(_KEY), str):
        _foreign(name, "it is a safetensors file without ravine's description")
    _check_spans(name, header, status.st_size - 8 - length)
    return _open_envelope(name, metadata[_KEY])


def _header_length(name: str, start: bytes, size: int) -> int:
    """Read the length of the header and compare it with the size of the file."""
    if size < 10 or len(start) < 9:
        _foreign(name, "it is empty" if size == 0 else f"it has only {size} bytes")
    if start[8:9] != b"{":
        _foreign(name, "it does not begin as a safetensors file does")
    length = int.from_bytes(start[:8], "little")
    if length > size - 8:
        _truncated(name, f"its header declares {length:,} bytes, the file has {size:,}")
    if length > _LARGEST_HEADER:
        _foreign(name, f"its header of {length:,} bytes is larger than any that ravine writes")
    return length


def _parse(name: str, text: bytes | str, what: str) -> Document:
    """Parse strict JSON: no duplicate keys, no NaN, no endless nesting; the top is an object."""

    def unique(pairs: list[tuple[str, Any]]) -> Document:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"the key {_short(repeated)} appears twice")
        return found

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{_short(digits)} is not a number that it may hold")
        return value

    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        found = json.loads(
            text, object_pairs_hook=unique, parse_float=finite, parse_constant=finite
        )
        _check_depth(found, what)
    except RecursionError:
        _damaged(name, f"{what} is nested too deeply")
    except ValueError as error:
        _damaged(name, f"{what} cannot be read ({error})")
    if not isinstance(found, dict):
        _damaged(name, f"{what} is not a JSON object")
    return found


def _check_spans(name: str, header: Document, available: int) -> None:
    """Check that the arrays' bytes fill the rest of the file, without overlap or hole."""
    spans = sorted((*_check_entry(name, key, entry), key) for key, entry in header.items())
    position = 0
    for begin, end, key in spans:
        if begin < position:
            _damaged(name, f"the array {_short(key)} overlaps another one")
        if begin > position:
            _damaged(name, f"there is a hole before the array {_short(key)}")
        position = end
    if position > available:
        _truncated(name, f"its arrays need {position:,} bytes, the file has {available:,} for them")
    if position < available:
        _damaged(name, f"{available - position:,} bytes follow after the last array")


def _check_entry(name: str, key: str, entry: Any) -> tuple[int, int]:
    """Check one array's description; where its bytes begin and end."""
    label = f"the array {_short(key)}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _damaged(name, f"{label} has no proper description")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        _damaged(name, f"{label} is of the type {_short(dtype)}, which ravine does not write")
    if not _are_sizes(shape) or len(shape) > _MOST_DIMENSIONS:
        _damaged(name, f"{label} has the impossible shape {_short(shape)}")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        _damaged(name, f"{label} has the impossible place {_short(offsets)}")
    begin, end = offsets
    needed = math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
    if needed != end - begin:
        _damaged(name, f"{label} needs {_short(needed)} bytes, but has {_short(end - begin)}")
    return begin, end


def _are_sizes(values: Any) -> bool:
    """Whether these are whole numbers that an array's dimensions or offsets could be."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**62 for v in values)


def _open_envelope(name: str, text: str) -> tuple[Document, str]:
    """Read format number, digest and document from ravine's entry of the metadata."""
    envelope = _parse(name, text, "its description")
    number = envelope.get("format")
    if type(number) is not int or number < 1:
        _damaged(name, "its description has no format number")
    if number > FORMAT:
        raise FileError(
            f"{name!r} was written by a newer ravine: its format is {_short(number)}, "
            f"and this ravine reads formats up to {FORMAT}.",
            hint="Upgrade ravine: pip install --upgrade ravine",
        )
    document, digest = envelope.get("document"), envelope.get("sha256")
    if not isinstance(document, dict) or not isinstance(digest, str):
        _damaged(name, "its description is incomplete")
    return document, digest


def _load_arrays(name: str, content: bytes) -> Arrays:
    """Let safetensors make the arrays."""
    needs("Reading a model", "safetensors")
    import safetensors.numpy

    try:
        arrays: Arrays = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, OverflowError) as error:
        _damaged(name, str(error))
    for key, array in arrays.items():
        if array.dtype == bool and array.view(np.uint8).max(initial=0) > 1:
            _damaged(name, f"the array {_short(key)} holds values that are neither true nor false")
        array.setflags(write=False)
    return arrays


def _as_stored(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous little-endian array of a type that the file holds."""
    array = np.asarray(array)
    stored = array.dtype.newbyteorder("<")
    if stored.str not in _DTYPES.values():
        raise TypeError(f"A model file cannot hold the array {name!r} of type {array.dtype}.")
    if array.ndim > _MOST_DIMENSIONS:
        raise TypeError(f"A model file cannot hold the array {name!r} of {array.ndim} dimensions.")
    return np.asarray(array, dtype=stored, order="C")


def _digest(plain: Document, arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of the document and, by name, the arrays."""
    found = hashlib.sha256(json.dumps(plain, sort_keys=True, allow_nan=False).encode())
    for key in sorted(arrays):
        array = arrays[key]
        found.update(json.dumps([key, array.dtype.str, list(array.shape)]).encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _encode(value: Any) -> Any:
    """Turn a value into what JSON can say."""
    match value:
        case np.generic() if not isinstance(value.item(), np.generic):
            return _encode(value.item())
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else {_FLOAT: repr(value)}
        case list() | tuple():
            return [_encode(item) for item in value]
        case Mapping():
            if not all(isinstance(key, str) and key != _FLOAT for key in value):
                raise TypeError(f"The keys of a document must be text. Got {list(value)}.")
            return {key: _encode(item) for key, item in value.items()}
        case _:
            raise TypeError(f"A document cannot hold a {type(value).__name__}: {value!r}.")


def _decode(name: str, value: Any) -> Any:
    """Turn values from JSON back, infinite numbers included."""
    if isinstance(value, list):
        return [_decode(name, item) for item in value]
    if not isinstance(value, dict):
        return value
    if _FLOAT not in value:
        return {key: _decode(name, item) for key, item in value.items()}
    if len(value) > 1 or value[_FLOAT] not in ("nan", "inf", "-inf"):
        _damaged(name, f"{_short(value)} is not a number")
    return float(value[_FLOAT])


def _check_depth(value: Any, what: str) -> None:
    """Refuse a document that is nested more deeply than any sensible network."""
    level = [value]
    for _ in range(_DEEPEST):
        nested = [item for item in level if isinstance(item, dict | list)]
        level = []
        for item in nested:
            level.extend(item.values() if isinstance(item, dict) else item)
        if not level:
            return
    raise ValueError(f"{what} is nested more than {_DEEPEST} levels deep")


def _short(value: Any) -> str:
    """Show a value from a file, which may be of any length."""
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return "(a huge number)"
    return text if len(text) <= 60 else text[:57] + "..."


def _foreign(name: str, why: str) -> NoReturn:
    raise FileError(
        f"{name!r} is not a ravine model: {why}.",
        hint="Name a file that ravine saved, such as model.safetensors.",
    )


def _truncated(name: str, why: str) -> NoReturn:
    raise FileError(f"{name!r} is truncated: {why}.", hint="Copy or download the file again.")


def _damaged(name: str, why: str) -> NoReturn:
    raise FileError(f"{name!r} is damaged: {why}.", hint="Copy or download the file again.")
