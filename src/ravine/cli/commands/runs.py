"""``ravine runs``: what the store of a study holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import note, print_json, print_table, say
from ravine.errors import FileError, ParameterError
from ravine.ground.text import plural
from ravine.specs.rules import nearest

if TYPE_CHECKING:
    import pandas as pd

    from ravine.studies.store import Store

__all__ = ["command"]

#: How much of a key is shown.
_KEY = 8
#: What a table on the terminal has no room for.
_ONLY_IN_JSON = ("loss", "epochs", "steps")


def command(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The store of a study, or the folder it is in.")
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only runs with this value; may be repeated."),
    ] = None,
    sort: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column to sort by, the lowest first.")
    ] = "val_loss",
    most: Annotated[int, typer.Option(help="Runs to list, at most; 0 for all.", min=0)] = 20,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="RUN RUN", help="Show how two runs differ, by the first digits of their keys."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the runs of a study: what distinguishes them, and what they gave.

    [bold]Examples[/bold]

    [cyan]ravine runs ravine-study-rates --where status=finished --sort seconds[/cyan]

    [cyan]ravine runs ravine-study-rates --diff 3f2a 90bc[/cyan]
    """
    store = _open(folder)
    if diff is not None:
        found = _differences(store, *(_find(store, key) for key in diff))
        if as_json:
            print_json({name: [one, other] for name, one, other in found})
        else:
            print_table("", ["", *diff], [[n, _said(a), _said(b)] for n, a, b in found])
        return
    _say_origins(store)
    frame = _sorted(_filtered(_frame(store), where or []), sort)
    shown = frame if most == 0 else frame[:most]
    if as_json:
        print_json({"runs": shown.astype(object).where(shown.notna(), None).to_dict("records")})
        return
    columns = [str(name) for name in shown if name not in _ONLY_IN_JSON]
    rows = [[_said(value) for value in row] for row in shown[columns].itertuples(index=False)]
    heads = [name.rpartition(".")[2] for name in columns]
    print_table(f"{folder}: {plural(len(frame), 'run')}", heads, rows)
    if len(shown) < len(frame):
        note(f"{plural(len(frame) - len(shown), 'more run')}: --most 0 lists all.")


def _open(folder: str) -> Store:
    """Open a store, or the one in a folder of results."""
    from ravine.studies.store import Store

    for place in (Path(folder, "store"), Path(folder)):
        if (place / "runs").is_dir():
            return Store(str(place))
    raise FileError(f"There is no store of a study in {folder!r}: it has no folder 'runs'.")


def _frame(store: Store) -> pd.DataFrame:
    from ravine.studies.frame import runs_frame
    from ravine.studies.record import result_of

    headers = store.headers()
    found = list(headers.values())
    frame = runs_frame(
        [header["labels"] for header in found],
        [header["fold"] for header in found],
        [result_of(header) for header in found],
    )
    frame.insert(0, "run", [key[:_KEY] for key in headers])
    return frame


def _say_origins(store: Store) -> None:
    """Tell of several versions, or levels of the processor's instructions: their bits differ."""
    origins = [header["origin"] for header in store.headers().values()]
    for name, what in (("ravine", "versions of ravine"), ("level", "instruction levels")):
        found = sorted({origin[name] for origin in origins})
        if len(found) > 1:
            say(f"note: The store mixes {what}: {', '.join(found)}.")


def _filtered(frame: pd.DataFrame, where: list[str]) -> pd.DataFrame:
    for condition in where:
        name, sign, value = condition.partition("=")
        if not sign:
            raise ParameterError(f"--where must be COLUMN=VALUE. Got {condition!r}.")
        _check_column(frame, name, "--where")
        frame = frame[[_matches(found, value) for found in frame[name]]]
    return frame


def _matches(found: Any, value: str) -> bool:
    """Whether a cell is what was written; numbers by their value."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        try:
            return float(value) == float(found)
        except ValueError:
            return False
    return str(found).lower() == value.lower()


def _sorted(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    _check_column(frame, by, "--sort")
    key = None if frame[by].dtype.kind in "fiub" else (lambda column: column.map(str))
    return frame.sort_values(by, kind="stable", key=key)


def _check_column(frame: pd.DataFrame, name: str, flag: str) -> None:
    if name not in frame:
        known = [str(column) for column in frame]
        raise ParameterError(
            f"{flag}: the runs have no column {name!r}. Their columns: {', '.join(known)}.",
            hint=nearest(name, known),
        )


def _find(store: Store, start: str) -> str:
    """Give the one key that begins so."""
    found = [key for key in store.headers() if key.startswith(start)]
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} runs begin" if found else "No run begins"
    raise ParameterError(f"{many} with {start!r}.", hint="ravine runs lists their keys.")


def _differences(store: Store, first: str, second: str) -> list[tuple[str, Any, Any]]:
    """Give what differs between two runs: in their descriptions, and in what they gave."""
    one, other = (_flat(store, key) for key in (first, second))
    return [
        (name, one.get(name), other.get(name))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def _flat(store: Store, key: str) -> dict[str, Any]:
    record = store.read(key)
    about = {name: value for name, value in record.about.items() if name not in ("label", "labels")}
    result = record.result
    gave = {"epochs": result.epochs, "seconds": result.seconds, "status": result.status}
    return _leaves(about | dict(result.scores) | gave | {"origin": dict(result.origin)})


def _leaves(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested fields dotted names; items of a list are counted from 0."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, list):
            value = {str(place): item for place, item in enumerate(value)}
        if isinstance(value, dict):
            found |= _leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _said(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
