"""``ravine noise``: how much the rows of one's own table disagree about where to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.saved.opening import TableArgument

__all__ = ["NoiseFlags", "command"]


@dataclass(frozen=True)
class NoiseFlags:
    """Where the results go."""

    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine-noise- and the table's)"
        ),
    ] = None


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    noise: NoiseFlags,
    as_json: JsonFlag = False,
) -> None:
    """Measure how much rows disagree about where to go, and what batch size that asks for.

    At the first weights of the network that 'ravine train --estimator mlp' would take with these
    flags; nothing is trained. Into DIR go noise.csv, noise.png, and noise.py, which does the same.

    [bold]Example[/bold]

    [cyan]ravine noise bikeshare.csv.gz --target bikers[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.table import file_of
    from ravine.cli.instrument_files import folder_for, report
    from ravine.diagnostics.gradient_noise import gradient_noise

    prepared = prepare(table, read_network_settings(file_of(recipe), data, network, recipe))
    folder = folder_for("noise", table, noise.out)
    rows = prepared.training
    found = gradient_noise(prepared.network, rows.X, rows.y, recipe=prepared.recipe)
    numbers = {
        "noise_scale": found.noise_scale,
        "noise_scale_low": found.noise_scale_low,
        "noise_scale_high": found.noise_scale_high,
        "suggested_batch_size": found.suggested_batch_size,
        "trace_of_covariance": found.trace_of_covariance,
        "squared_norm": found.squared_norm,
    }
    call = "rv.gradient_noise(network, X, y, recipe=recipe)"
    report("noise", found, prepared, call, folder, numbers if as_json else None)
