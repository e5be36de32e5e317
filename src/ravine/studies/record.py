"""Records: what a run gave, as the bytes of one file, and back.

A record is a line that says what it is, with a checksum of all that follows; a line of JSON; and
the numbers of the history as raw little-endian float64, column after column.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import FileError
from ravine.studies.trials import Result

__all__ = ["Record", "read_header", "read_record", "write_record"]

_MAGIC = b"ravine-run 1 "
_FIRST = len(_MAGIC) + 9  # with eight digits of the checksum and a line break


@dataclass(frozen=True, eq=False)
class Record:
    """A run and what it gave.

    Parameters
    ----------
    key : str
        What it is called: it follows from network, recipe, rows and split.
    about : dict
        Plain data: ``network``, ``recipe``, ``label``, ``labels``, ``fold``, ``data`` and ``split``
        (hashes), ``rows``, ``validation_rows`` (numbers of them).
    result : Result
        What it gave.
    """

    key: str
    about: Mapping[str, Any]
    result: Result


def write_record(record: Record) -> bytes:
    """Give the bytes of a record.

    Examples
    --------
    >>> result = Result("finished", "", {"loss": 0.5}, 1, 4, None, 0.1)
    >>> read_record(write_record(Record("abc", {"fold": 0}, result)), "abc").result.scores
    {'loss': 0.5}
    """
    result = record.result
    columns = [
        (part, name, np.asarray(values, dtype="<f8"))
        for part, arrays in (("history", result.history), ("measured", result.measured))
        for name, values in arrays.items()
    ]
    header = {
        "key": record.key,
        **record.about,
        "status": result.status,
        "message": result.message,
        "scores": {n: None if math.isnan(v) else v for n, v in result.scores.items()},
        "epochs": result.epochs,
        "steps": result.steps,
        "best_epoch": result.best_epoch,
        "seconds": result.seconds,
        "origin": dict(result.origin),
        "columns": [(part, name, len(values)) for part, name, values in columns],
    }
    text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode()
    body = b"\n".join([text, b"".join(values.tobytes() for _, _, values in columns)])
    return _MAGIC + f"{zlib.crc32(body):08x}\n".encode() + body


def read_header(content: bytes, name: str) -> dict[str, Any]:
    """Check the bytes of a record, and give its header.

    Parameters
    ----------
    content : bytes
        What the file holds.
    name : str
        The file, for messages.

    Returns
    -------
    dict
        The header.

    Raises
    ------
    FileError
        If they are no whole record.

    Examples
    --------
    >>> read_header(b"other", "runs/abc.run")
    Traceback (most recent call last):
    ravine.errors.FileError: 'runs/abc.run' is no record of a run.
    """
    if not content.startswith(_MAGIC):
        raise FileError(f"{name!r} is no record of a run.", hint="Take it out of the folder.")
    body = content[_FIRST:]
    if content[len(_MAGIC) : _FIRST] != f"{zlib.crc32(body):08x}\n".encode():
        raise FileError(
            f"{name!r} is damaged: its checksum does not fit.",
            hint="Copy it again, or remove it: its run is then trained again.",
        )
    header: dict[str, Any] = json.loads(body.partition(b"\n")[0])
    return header


def result_of(header: Mapping[str, Any]) -> Result:
    """Give what a run gave, without its columns."""
    return Result(
        status=header["status"],
        message=header["message"],
        scores={n: math.nan if v is None else v for n, v in header["scores"].items()},
        epochs=header["epochs"],
        steps=header["steps"],
        best_epoch=header["best_epoch"],
        seconds=header["seconds"],
        origin=header["origin"],
    )


def read_record(content: bytes, name: str) -> Record:
    """Read the bytes of a record, columns as well.

    Parameters
    ----------
    content : bytes
        What the file holds.
    name : str
        The file, for messages.

    Returns
    -------
    Record
        As it was written.

    Raises
    ------
    FileError
        If they are no whole record.

    Examples
    --------
    >>> result = Result("finished", "", {}, 1, 4, None, 0.1, {"loss": np.array([0.5])})
    >>> read_record(write_record(Record("abc", {}, result)), "abc").result.history
    {'loss': array([0.5])}
    """
    header = read_header(content, name)
    place = content.index(b"\n", _FIRST) + 1
    parts: dict[str, dict[str, NDArray[np.float64]]] = {"history": {}, "measured": {}}
    for part, column, length in header["columns"]:
        values = np.frombuffer(content, dtype="<f8", count=length, offset=place)
        parts[part][column] = values.astype(np.float64)
        place += 8 * length
    plain = result_of(header)
    result = Result(**(vars(plain) | parts))
    own = {"key", "columns", *vars(plain)}
    about = {name: value for name, value in header.items() if name not in own}
    return Record(header["key"], about, result)
