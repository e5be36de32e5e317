"""``ravine predict``: a saved model gives its predictions for a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.loading import ModelArgument, TableArgument, open_model, open_table
from ravine.cli.options import JsonFlag
from ravine.cli.output import print_json, say
from ravine.errors import FileError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]

_FORMATS = (".csv", ".csv.gz", ".parquet")


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
    as_json: JsonFlag = False,
) -> None:
    """Predict the target of each row of a table.

    The result has one line a row, in the order of TABLE, with the column 'prediction', in the
    target's own unit. Columns may stand in any order, and further ones are ignored. A category that
    training did not have counts as none of the known ones; standard error says how many there
    were.

    [bold]Example[/bold]

    [cyan]ravine predict ravine-bikeshare/model.safetensors new.csv --out predictions.csv[/cyan]
    """
    import pandas as pd

    if out is not None:
        _check_out(out, model, table)
    found = open_model(model)
    frame = open_table(table, found.schema)
    result = pd.DataFrame({"prediction": found.predict(frame)})
    if probabilities:
        shares = found.predict_proba(frame)
        for position, label in enumerate(found.target.classes):
            result[f"probability {label}"] = shares[:, position].astype(float)
    if out is not None:
        _write(result, out)
        say(f"wrote {len(result):,} predictions of {found.target.name!r} to {out}")
    if as_json:
        columns = {str(name): result[name].tolist() for name in result.columns}
        print_json({"target": found.target.name, **columns})
    elif out is None:
        result.to_csv(sys.stdout, index=False, float_format="%.9g", lineterminator="\n")


def _check_out(out: str, model: str, table: str) -> None:
    if not out.lower().endswith(_FORMATS):
        raise FileError(
            f"Cannot tell how to write {out!r}: its name must end in .csv, .csv.gz or .parquet."
        )
    for given in (model, table):
        if Path(given).exists() and Path(out).exists() and Path(out).samefile(given):
            raise FileError(
                f"The predictions would write over {given!r}.", hint="Choose another --out FILE."
            )


def _write(result: pd.DataFrame, out: str) -> None:
    from ravine.files import atomic_write

    with atomic_write(out) as temporary:
        if out.lower().endswith(".parquet"):
            result.to_parquet(temporary, index=False)
        else:
            packing = "gzip" if out.lower().endswith(".gz") else None
            result.to_csv(
                temporary,
                index=False,
                float_format="%.9g",
                lineterminator="\n",
                compression=packing,  # type: ignore[arg-type]
            )
