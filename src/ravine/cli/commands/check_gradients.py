"""``ravine check-gradients``: backpropagation against central differences, on your table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.output import print_json, show
from ravine.cli.saved.opening import TableArgument

__all__ = ["CheckFlags", "command"]


@dataclass(frozen=True)
class CheckFlags:
    """How much to check."""

    rows: Annotated[int, typer.Option(help="Training rows to check on, at most.", min=1)] = 64
    max_parameters: Annotated[
        int, typer.Option(help="Parameters to check in a layer, at most; drawn at random.", min=1)
    ] = 1000
    tolerance: Annotated[
        float, typer.Option(help="Largest relative error that passes.", min=0.0)
    ] = 1e-6


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    check: CheckFlags,
    as_json: JsonFlag = False,
) -> None:
    """Check a network's gradients on a table; nothing is trained.

    Backpropagation is compared with central differences in float64, parameter by parameter, for
    the network and recipe that 'ravine train' would use with these flags. Exit code 0: every
    layer passed; 1: one did not.

    [bold]Example[/bold]

    [cyan]ravine check-gradients bikeshare.csv.gz --target bikers --activation gelu[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.table import file_of
    from ravine.diagnostics.gradients import check_gradients

    prepared = prepare(table, read_network_settings(file_of(recipe), data, network, recipe))
    report = check_gradients(
        prepared.network,
        prepared.training.X[: check.rows],
        prepared.training.y[: check.rows],
        prepared.recipe,
        max_parameters=check.max_parameters,
        tolerance=check.tolerance,
    )
    if as_json:
        print_json(report.to_dict())
    else:
        show(str(report))
    if not report.passed:
        raise typer.Exit(1)
