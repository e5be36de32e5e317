"""The files of an instrument: its table, its picture, and the Python that does the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.output import can_draw, print_json, say, show
from ravine.cli.saved.folder import make_folder, refuse_foreign
from ravine.cli.saved.unfinished import as_code, write_program
from ravine.ground.files import atomic_write

if TYPE_CHECKING:
    from ravine.cli.kinds.network import PreparedNetwork

__all__ = ["folder_for", "report"]

_DATA = "data.npz"
_HEAD = '"""What `ravine {command}` measured here."""'


def folder_for(command: str, table: str, out: str | None) -> Path:
    """Give the folder for the files, checked before anything is measured.

    Parameters
    ----------
    command : str
        The command's name.
    table : str
        The table's file.
    out : str or None
        What the user asked for. None: "ravine-", the command and the table's name.

    Returns
    -------
    Path
        The folder, which is made if it is not there.

    Raises
    ------
    FileError
        If it cannot be made, or holds files of these names that the command did not write.
    """
    folder = Path(out or f"ravine-{command}-{Path(table).name.partition('.')[0]}")
    make_folder(folder)
    code = folder / f"{command}.py"
    ours = code.is_file() and code.read_text("utf-8").startswith(_HEAD.format(command=command))
    names = [f"{command}{end}" for end in (".py", ".csv", ".png")]
    refuse_foreign(folder, [*names, _DATA], ours, command)
    return folder


def report(
    command: str,
    found: Any,
    prepared: PreparedNetwork,
    call: str,
    folder: Path,
    numbers: dict[str, Any] | None,
) -> None:
    """Print what an instrument found, and write its files.

    Parameters
    ----------
    command : str
        The command's name.
    found : object
        With ``to_frame()``, ``plot(ax)`` and a sentence as its text.
    prepared : PreparedNetwork
        The network, the recipe and the rows.
    call : str
        The Python that measures, on ``network``, ``X``, ``y`` and ``recipe``.
    folder : Path
        From `folder_for`.
    numbers : dict or None
        What to print as JSON in place of the sentence.
    """
    frame, rows = found.to_frame(), prepared.training
    lines = [
        _HEAD.format(command=command),
        "",
        "import numpy as np",
        "import ravine as rv",
        "",
        f'data = np.load("{_DATA}")',
        'X, y = data["X"], data["y"]',
        f"network = {as_code(prepared.network)}",
        f"recipe = {as_code(prepared.recipe)}",
        f"found = {call}",
        "print(found)",
        f'found.to_frame().to_csv("{command}.csv", index=False)',
        "",
    ]
    with atomic_write(folder / f"{command}.csv") as temporary:
        frame.to_csv(temporary, index=False)
    draws = can_draw(f"{command}.png")
    if draws:
        _draw(found, folder / f"{command}.png")
    program = "\n".join(lines)
    write_program(folder, _DATA, {"X": rows.X, "y": rows.y}, f"{command}.py", program)
    if numbers is not None:
        table = frame.astype(object).where(frame.notna(), None).to_dict("records")
        print_json(numbers | {"table": table})
    else:
        show(str(found), wrap=True)
        prepared.say_unit()
    names = [f"{command}{end}" for end in (".csv", *[".png"] * draws, ".py")]
    say(f"saved in {folder}: {', '.join(names)}")


def _draw(found: Any, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    found.plot(figure.add_subplot())
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")
