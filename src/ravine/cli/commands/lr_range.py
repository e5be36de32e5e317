"""``ravine lr-range``: which learning rates are good, on one's own table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.saved.opening import TableArgument

__all__ = ["RangeFlags", "command"]


@dataclass(frozen=True)
class RangeFlags:
    """How many runs, and how long."""

    lowest: Annotated[float, typer.Option(help="Lowest rate to try.")] = 1e-5
    highest: Annotated[float, typer.Option(help="Highest rate to try.")] = 10.0
    rates: Annotated[int, typer.Option(help="Rates to try, evenly on a log scale.", min=2)] = 19
    seeds: Annotated[int, typer.Option(help="Runs for each rate.", min=2)] = 5
    steps: Annotated[int, typer.Option(help="Steps of a run, at most.", min=1)] = 200
    threads: Annotated[
        int | None, typer.Option(help="Threads to use. (default: one per core)", min=1)
    ] = None
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the results. (default: ravine-lr-range- and the table's)",
        ),
    ] = None


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    ranges: RangeFlags,
    as_json: JsonFlag = False,
) -> None:
    """Train short runs at many learning rates, and say which rates are good.

    The network and the recipe are those that 'ravine train --estimator mlp' would take with these
    flags; constant rates take the place of the recipe's. Into DIR go lr-range.csv, lr-range.png,
    and lr-range.py, which does the same.

    [bold]Example[/bold]

    [cyan]ravine lr-range bikeshare.csv.gz --target bikers --optimizer sgd[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.table import file_of
    from ravine.cli.instrument_files import folder_for, report
    from ravine.diagnostics.learning_rate_range import learning_rate_range
    from ravine.studies.jobs import geomspace

    prepared = prepare(table, read_network_settings(file_of(recipe), data, network, recipe))
    folder = folder_for("lr-range", table, ranges.out)
    rates = geomspace(ranges.lowest, ranges.highest, ranges.rates)
    found = learning_rate_range(
        prepared.network,
        prepared.training.X,
        prepared.training.y,
        recipe=prepared.recipe,
        rates=rates,
        seeds=ranges.seeds,
        steps=ranges.steps,
        threads=ranges.threads,
    )
    grid = f"rv.geomspace({ranges.lowest!r}, {ranges.highest!r}, {ranges.rates})"
    call = (
        f"rv.learning_rate_range(\n    network, X, y, recipe=recipe, rates={grid},\n"
        f"    seeds={ranges.seeds}, steps={ranges.steps},\n)"
    )
    numbers = {"interval": found.interval, "largest_stable": found.largest_stable}
    report("lr-range", found, prepared, call, folder, numbers if as_json else None)
