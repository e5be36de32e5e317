"""Results that an interrupted command goes on with, and the Python that does the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ravine.errors import FileError

__all__ = ["as_code", "check_unfinished", "write_program"]


def check_unfinished(folder: Path, store: str, command: str, *, resume: bool) -> None:
    """Refuse a folder that has runs already, unless they are wanted, or that is something else's.

    Parameters
    ----------
    folder : Path
        Where results go.
    store : str
        The folder of runs in it.
    command : str
        The command's name.
    resume : bool
        Whether to go on with the runs that are there.

    Raises
    ------
    FileError
        If results must not go there.
    """
    runs = folder / store
    if not resume and runs.is_dir() and any(path.is_file() for path in runs.rglob("*")):
        raise FileError(
            f"The folder {str(folder)!r} has runs of '{command}' already.",
            hint="Pass --resume to go on with them, or --out DIR for another folder.",
        )
    if folder.is_dir() and not runs.is_dir() and any(folder.iterdir()):
        raise FileError(
            f"The folder {str(folder)!r} holds files that '{command}' did not write.",
            hint="Choose another folder: --out DIR",
        )


def write_program(folder: Path, data: str, arrays: Mapping[str, Any], name: str, code: str) -> None:
    """Write the rows as numbers, and a program that reads them.

    Parameters
    ----------
    folder : Path
        Where to.
    data : str
        Name of the file of arrays.
    arrays : dict of str to ndarray
        The arrays.
    name : str
        Name of the program.
    code : str
        The program.

    Raises
    ------
    FileError
        If they cannot be written.
    """
    import numpy as np

    from ravine.ground.files import atomic_write

    with atomic_write(folder / data) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    with atomic_write(folder / name) as temporary:
        temporary.write_text(code, encoding="utf-8")


def as_code(value: Any) -> str:
    """Write a value as Python that makes it again.

    Examples
    --------
    >>> import ravine as rv
    >>> as_code({"rates": [0.1, 1.0], "penalty": rv.L1(0.5)})
    "{'rates': [0.1, 1.0], 'penalty': rv.L1.from_dict({'kind': 'L1', 'alpha': 0.5, ...})}"
    """
    from ravine.specs.spec import Spec

    if isinstance(value, Spec):
        return f"rv.{type(value).__name__}.from_dict({value.to_dict()!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_code, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {as_code(item)}' for key, item in value.items())}}}"
    return repr(value)
