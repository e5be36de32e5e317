"""Files as Arrow's own streams: its threads, which read ahead, never touch Python."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ravine.errors import FileError
from ravine.ground.files import file_error
from ravine.tables.reading import gzip_error

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["open_raw", "read_error", "unpacked"]


def open_raw(path: str, files: ExitStack) -> pa.NativeFile:
    """Open a file as it is.

    Parameters
    ----------
    path : str
        The file.
    files : ExitStack
        What closes it.

    Returns
    -------
    pyarrow.NativeFile
        Its bytes.

    Raises
    ------
    FileError
        If it cannot be opened, or is not an ordinary file.
    """
    import pyarrow as pa

    try:
        with Path(path).open("rb") as file:
            seekable = file.seekable()
        if seekable:
            # The path as bytes, since Arrow refuses names that are not UTF-8 as text.
            return files.enter_context(pa.OSFile(os.fsencode(path)))
    except OSError as error:
        raise file_error(path, "read", error) from error
    except ValueError as error:  # an embedded null byte
        raise FileError(f"Cannot read {path!r}: {error}.") from error
    raise FileError(
        f"Cannot read {path!r}: it is not an ordinary file.", hint="Save it as a file first."
    )


def unpacked(path: str, file: pa.NativeFile) -> pa.NativeFile:
    """Give what a file holds: unpacked if its name ends in .gz, else the file itself."""
    import pyarrow as pa

    return pa.CompressedInputStream(file, "gzip") if path.lower().endswith(".gz") else file


def read_error(path: str, error: OSError) -> FileError:
    """Say why a file cannot be read; Arrow's errors about packed bytes have no number."""
    packed = path.lower().endswith(".gz") and not error.errno
    return gzip_error(path, error) if packed else file_error(path, "read", error)
