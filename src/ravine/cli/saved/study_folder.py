"""The folder of a study: its store, its rows as numbers, and the Python that does the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.output import note, number
from ravine.errors import FileError
from ravine.ground.files import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ravine.cli.kinds.network import PreparedNetwork

__all__ = [
    "DATA",
    "STORE",
    "as_code",
    "check_study_folder",
    "rows_in_code",
    "say_unit",
    "write_code",
]

DATA, STORE = "data.npz", "store"


def check_study_folder(folder: Path, command: str, *, resume: bool) -> None:
    """Refuse a folder with other files, or with runs that are not to be gone on with.

    Raises
    ------
    FileError
        If it is one.
    """
    store = folder / STORE / "runs"
    if store.is_dir() and any(store.iterdir()) and not resume:
        raise FileError(
            f"The folder {str(folder)!r} has runs of a study already.",
            hint="Pass --resume to go on with them, or --out DIR for another folder.",
        )
    if folder.is_dir() and not store.is_dir() and any(folder.iterdir()):
        raise FileError(
            f"The folder {str(folder)!r} holds files that 'ravine {command}' did not write.",
            hint="Choose another folder: --out DIR",
        )


def rows_in_code(how: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Give the arrays among the arguments of a run, and the lines of code that pass arguments on.

    Parameters
    ----------
    how : dict
        ``X``, ``y`` and what else a study or a search is given.

    Returns
    -------
    arrays, lines : dict of str to ndarray, list of str
        For `write_code`.

    Examples
    --------
    >>> rows_in_code({"cv": 5})
    ({}, ['    cv=5,'])
    """
    import numpy as np

    arrays, lines = {}, []
    for name, value in how.items():
        if name == "validation":
            arrays["X_held_out"], arrays["y_held_out"] = value
            lines.append('    validation=(data["X_held_out"], data["y_held_out"]),')
        elif isinstance(value, np.ndarray):
            arrays[name] = value
            lines.append(f'    data["{name}"],' if name in "Xy" else f'    {name}=data["{name}"],')
        else:
            lines.append(f"    {name}={as_code(value)},")
    return arrays, lines


def write_code(
    folder: Path, name: str, lines: Sequence[str], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write the rows as numbers, and the Python that does the same on them."""
    import numpy as np

    with atomic_write(folder / DATA) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    with atomic_write(folder / name) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def as_code(value: Any) -> str:
    """Write a value as Python that makes it again.

    Examples
    --------
    >>> as_code([0.1, None])
    '[0.1, None]'
    """
    from ravine.specs.spec import Spec

    if isinstance(value, Spec):
        return f"rv.{type(value).__name__}.from_dict({value.to_dict()!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_code, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name!r}: {as_code(item)}' for name, item in value.items())}}}"
    return repr(value)


def say_unit(prepared: PreparedNetwork) -> None:
    """Say in which unit losses are, where the target is standardised."""
    target = prepared.schema.target
    if target is not None and target.standard_deviation != 1:
        note(
            f"Losses are of {target.name!r} in units of its standard deviation, "
            f"{number(target.standard_deviation)}."
        )
