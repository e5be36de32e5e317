"""``ravine predict``: a saved model gives its predictions for a table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import print_json, say
from ravine.cli.saved.opening import ModelArgument, NewMissingFlag, TableArgument, open_model
from ravine.cli.streaming import stream_table
from ravine.cli.writing import Rows, check_out, rows_to
from ravine.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from ravine.cli.kinds.base import SavedModel

__all__ = ["command"]


def command(
    model: ModelArgument,
    table: TableArgument,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write to a .csv, .csv.gz or .parquet file instead of standard output.",
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities", metavar=" ", help="Give the probability of each class as well."
        ),
    ] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Give an interval as well (columns lower and upper) that holds the target in this "
            "share of rows, such as 0.9.",
        ),
    ] = None,
    on_new_missing: NewMissingFlag = None,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv",
            metavar=" ",
            help="Put an apostrophe before text that a spreadsheet would take for a formula, such "
            "as a class called =1+1.",
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Predict the target of each row of a table.

    The result has one line per row, in the order of TABLE, with the column 'prediction', in the
    target's own unit (a model of quantiles has a column for each). Columns may be in any order,
    and further ones are ignored. A category that training did not have is treated as unknown;
    standard error says how many there were.

    TABLE is read piece by piece, so it may be larger than the memory. A file is written completely
    or, after an error, not at all. With --json, standard output gets one JSON object per row (JSON
    Lines). CSV holds labels unchanged: a spreadsheet may take a label that begins with =, +, - or @
    for a formula, unless --safe-csv is given.

    [bold]Example[/bold]

    [cyan]ravine predict ravine-bikeshare/model.safetensors new.csv --out predictions.csv[/cyan]
    """
    from ravine.ground.text import plural

    if interval is not None and not 0 < interval < 1:
        raise ParameterError(f"--interval must be between 0 and 1. Got {interval:g}.")
    if out is not None:
        check_out(out, model, table)
    found = open_model(model, on_new_missing)
    rows, live = 0, out is not None or not sys.stdout.isatty()
    with (
        rows_to(out, as_json=as_json and out is None, safe_csv=safe_csv) as write,
        stream_table(table, found.schema, live=live) as chunks,
    ):
        for chunk in chunks:
            with chunk.rows_of_the_file():
                predictions = _predictions(found, chunk.frame, probabilities, interval)
            write(predictions)
            rows += len(chunk.frame)
    if out is not None:
        say(f"wrote {plural(rows, 'prediction')} of {found.target.name!r} to {out}")
        if as_json:
            print_json({"target": found.target.name, "rows": rows, "file": out})


def _predictions(
    model: SavedModel, frame: pd.DataFrame, probabilities: bool, interval: float | None
) -> Rows:
    columns = dict(model.predict(frame, probabilities=probabilities))
    if interval is not None:
        columns["lower"], columns["upper"] = model.interval(frame, interval).T
    return columns
