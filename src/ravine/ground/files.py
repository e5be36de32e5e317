"""Writing files so that a failure never costs the file that was there before."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ravine.errors import FileError

try:
    import fcntl
except ImportError:  # Windows: leftovers stay
    fcntl = None  # type: ignore[assignment]

__all__ = ["atomic_write", "file_error", "remove_leftovers"]

_TEMPORARY = re.compile(r"\.ravine-[0-9a-f]{16}(\.[^.]*)?")
_FRESH = 60.0  # seconds in which a file may not have been locked yet

_ELSEWHERE = "Choose a folder that you may write to."
_MAKE_ROOM = "Free some space, or write to another disk."
_REASONS: dict[int, tuple[str, str | None]] = {
    errno.ENOENT: ("there is no such file or folder", "Check the path."),
    errno.ENOTDIR: ("a part of its path is not a folder", "Check the path."),
    errno.EISDIR: ("it is a folder", "Name a file inside it."),
    errno.EACCES: ("permission denied", _ELSEWHERE),
    errno.EPERM: ("permission denied", _ELSEWHERE),
    errno.EROFS: ("its disk is read-only", _ELSEWHERE),
    errno.ENOSPC: ("the disk is full", _MAKE_ROOM),
    errno.EDQUOT: ("the disk quota is used up", _MAKE_ROOM),
    errno.EFBIG: ("the file is larger than the system allows", _MAKE_ROOM),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter name."),
    errno.ELOOP: ("its symbolic links go round in a circle", "Check the path."),
}


def file_error(path: str | os.PathLike[str], verb: str, cause: OSError) -> FileError:
    """Describe an ``OSError`` in plain words: which file, what failed, what to try.

    Parameters
    ----------
    path : str or path-like
        The file, as the user named it.
    verb : str
        What was tried: ``"read"`` or ``"write"``.
    cause : OSError
        What the system said.

    Returns
    -------
    FileError
        The error to raise.

    Examples
    --------
    >>> import errno
    >>> file_error("model.safetensors", "write", OSError(errno.ENOSPC, "No space left"))
    FileError("Cannot write 'model.safetensors': the disk is full.")
    """
    reason, hint = _REASONS.get(cause.errno or 0, (cause.strerror or str(cause), None))
    if verb == "read" and hint == _ELSEWHERE:
        hint = "Ask for permission to read it."
    return FileError(f"Cannot {verb} {os.fspath(path)!r}: {reason}.", hint=hint)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file completely or not at all.

    Gives the path of an empty temporary file in the folder of ``path`` (with the same suffix). If
    the block succeeds, the temporary file is flushed to the disk and replaces ``path`` in one
    step. If it fails (an error, a full disk, Ctrl-C), the temporary file is removed and the former
    file is unchanged. An existing file keeps its permissions; a symbolic link stays, and
    the file that it points to is replaced.

    Parameters
    ----------
    path : str or path-like
        The file to write. Its folder must exist.

    Yields
    ------
    pathlib.Path
        The temporary file to write to.

    Raises
    ------
    FileError
        If the file cannot be written: no such folder, no permission, a full disk.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "numbers.csv")
    ...     with atomic_write(target) as temporary:
    ...         _ = temporary.write_text("1,2,3")
    ...     target.read_text()
    '1,2,3'
    """
    mode = _existing_mode(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".ravine-{secrets.token_hex(8)}{target.suffix}")
    try:
        try:
            with _created(temporary, mode):
                yield temporary
                _flush(temporary, mode)
                temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
    except FileError:
        raise
    except OSError as error:
        if _is_about_another_file(error, temporary, target):
            raise
        raise file_error(path, "write", error) from error
    _flush_folder(target.parent)


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed processes left in a folder.

    A process holds a lock on each temporary file that it writes, so the files of live ones stay.

    Parameters
    ----------
    folder : str or path-like
        The folder.

    Examples
    --------
    >>> remove_leftovers(".")
    """
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        for path in Path(folder).iterdir():
            if _TEMPORARY.fullmatch(path.name):
                with contextlib.suppress(OSError):  # it is somebody else's, or gone already
                    _remove_unless_locked(path)


def _remove_unless_locked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > _FRESH:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


def _existing_mode(path: str | os.PathLike[str]) -> int | None:
    """Permissions of the file at ``path``, None if there is none; an error if it is protected."""
    name = os.fspath(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path would turn '' into the working folder
    except FileNotFoundError:
        folder = Path(os.path.realpath(path)).parent
        if not name:
            raise FileError("Cannot write: the name of the file is empty.") from None
        if not folder.is_dir():
            raise FileError(
                f"Cannot write {name!r}: its folder {str(folder)!r} does not exist.",
                hint="Make the folder first, or choose another one.",
            ) from None
        return None
    except OSError as error:
        raise file_error(path, "write", error) from error
    except ValueError as error:  # an embedded null byte
        raise FileError(f"Cannot write {name!r}: {error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise file_error(path, "write", IsADirectoryError(errno.EISDIR, ""))
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"Cannot write {name!r}: it is not an ordinary file.")
    if not os.access(path, os.W_OK):
        raise FileError(
            f"Cannot write {name!r}: the file there is read-only.",
            hint="Choose another name, or make that file writable.",
        )
    return stat.S_IMODE(status.st_mode)


@contextmanager
def _created(temporary: Path, mode: int | None) -> Iterator[None]:
    """Make the empty temporary file and hold a lock on it.

    Others never have more permissions on it than on the file that it replaces.
    """
    rights = 0o666 if mode is None else (mode & 0o666) | stat.S_IRUSR | stat.S_IWUSR
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, rights)
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _flush(temporary: Path, mode: int | None) -> None:
    """Force the written bytes to the disk and give them the former file's permissions."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    if mode is not None:
        temporary.chmod(mode)


def _flush_folder(folder: Path) -> None:
    """Force the new name to the disk, on the systems that can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_about_another_file(error: OSError, temporary: Path, target: Path) -> bool:
    """Whether an error in the block is about another file."""
    return error.filename is not None and str(error.filename) not in {str(temporary), str(target)}
