"""``ravine tune``: the settings of a network with which a table is predicted best."""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.network import read_network_settings
from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.flags.space import default_space, space_of
from ravine.cli.output import note, number, print_json, print_table, say
from ravine.cli.saved.opening import TableArgument
from ravine.cli.saved.unfinished import as_code, check_unfinished, write_program
from ravine.errors import ParameterError
from ravine.ground.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from ravine.cli.flags.network import NetworkSettings
    from ravine.cli.kinds.network import PreparedNetwork
    from ravine.studies.tuned import Tuned

__all__ = ["command"]

_INTERRUPTED = 130
_RESULTS, _IMPORTANCES, _RECIPE, _CODE = (
    *("results.csv", "importances.csv"),
    *("recipe.toml", "tune.py"),
)
_DATA, _STORE = "data.npz", "store"
_SHOWN = 10


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="A setting to vary, by its dotted name: LOW:HIGH, LOW:HIGH:log or A,B,C; may be "
            "repeated. network=32,64-64 lists hidden layers. (default: learning rate, batch size "
            "and hidden layers)",
        ),
    ] = None,
    budget: Annotated[
        float,
        typer.Option(help="What to spend: the cost of so many settings that are trained in full."),
    ] = 20.0,
    seeds: Annotated[int, typer.Option(help="Runs of each setting, of other seeds.")] = 3,
    cv: Annotated[
        int | None, typer.Option(help="Folds, one run each, instead of validation rows.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="val_loss, val_accuracy, val_r2 or val_rmse; may be repeated, the first decides. "
            "(default: val_loss)"
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="sobol: evenly over the space. tpe: Optuna's, which learns.")
    ] = "sobol",
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine-tune- and the table)"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the search that DIR has already.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads to use. (default: one per core)", min=1)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Search for the settings with which a network predicts a table best.

    Test rows are set aside first and never looked at. Many settings are trained for a few epochs,
    the best third of them for longer, and few to the end; runs pause and go on, so that none of
    them sees it. Into DIR go results.csv, importances.csv, tune.py, which does the same, and
    recipe.toml, which 'ravine train --recipe' takes: it tests on the rows that were set aside.
    Ctrl-C keeps what is done; --resume goes on.

    [bold]Example[/bold]

    [cyan]ravine tune bikeshare.csv.gz --target bikers --vary optimizer.learning_rate=1e-4:0.1:log
    --vary dropout=0:0.5[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.table import file_of
    from ravine.tables import table_stem

    if cv is not None:
        data = replace(data, validation_fraction=0.0)
    settings = read_network_settings(file_of(recipe), data, network, recipe)
    prepared = prepare(table, settings)
    folder = Path(out if out is not None else f"ravine-tune-{table_stem(table)}")
    check_unfinished(folder, _STORE, "ravine tune", resume=resume)
    space = _space(vary, settings, prepared)
    how = _rows(prepared, cv) | {
        "budget": budget,
        "seeds": seeds,
        "method": method,
        "metric": list(metric or ["val_loss"]),
    }
    started = time.perf_counter()
    found, interrupted = _run(prepared, space, how, folder, threads)
    seconds = time.perf_counter() - started
    _write_code(prepared, space, how, folder)
    if not found.has_run:
        say("interrupted: --resume goes on")
        raise typer.Exit(_INTERRUPTED)
    frame = _write(found, prepared, settings, table, folder)
    if as_json:
        print_json(_as_data(found, frame) | {"seconds": seconds})
    else:
        _print(frame, how["metric"])
        prepared.say_unit()
        note("The best score flatters: chance helped to choose it. Test rows tell more.")
    say(f"saved in {folder}: {plural(len(frame), 'setting')} in {seconds:.1f} s")
    say(f"go on with: ravine train {table} --recipe {folder / _RECIPE}")
    if interrupted:
        say("interrupted: --resume goes on")
        raise typer.Exit(_INTERRUPTED)


def _space(
    vary: list[str] | None, settings: NetworkSettings, prepared: PreparedNetwork
) -> dict[str, Any]:
    """Read what to vary; hidden layers become networks for the table."""
    space = space_of(vary) if vary else default_space(settings.recipe)
    if not vary and settings.network is not None:
        space.pop("network", None)
    if "network" in space:
        space["network"] = [
            replace(settings, network=None, hidden=hidden).network_for(prepared.schema)
            for hidden in space["network"]
        ]
    return space


def _rows(prepared: PreparedNetwork, cv: int | None) -> dict[str, Any]:
    """Give the rows as `ravine.tune` takes them."""
    training = prepared.training
    how: dict[str, Any] = {"X": training.X, "y": training.y}
    if cv is not None:
        return how | {"cv": cv, **prepared.sides}
    held = prepared.parts.get("validation")
    if held is None:
        raise ParameterError(
            "There are no validation rows to choose by: --validation-fraction is 0.",
            hint="Leave it out, or ask for folds: --cv 5",
        )
    return how | {"validation": (held.X, held.y)}


def _run(
    prepared: PreparedNetwork,
    space: dict[str, Any],
    how: dict[str, Any],
    folder: Path,
    threads: int | None,
) -> tuple[Tuned, bool]:
    """Search, with a live line; whether it was interrupted."""
    from ravine.cli.saved.folder import make_folder
    from ravine.studies.tune import tune

    make_folder(folder)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = tune(
            prepared.network,
            space=space,
            recipe=prepared.recipe,
            **how,
            store=folder / _STORE,
            threads=threads,
            progress=sys.stderr.isatty(),
        )
    texts = [str(warning.message) for warning in said]
    for text in texts:
        say(f"note: {text}")
    return found, any(text.startswith("Interrupted") for text in texts)


def _write_code(
    prepared: PreparedNetwork, space: dict[str, Any], how: dict[str, Any], folder: Path
) -> None:
    arrays = {"X": how["X"], "y": how["y"]}
    rows = ['    data["X"],', '    data["y"],']
    others = []
    for name, value in how.items():
        if name == "validation":
            arrays["X_held_out"], arrays["y_held_out"] = value
            others.append('    validation=(data["X_held_out"], data["y_held_out"]),')
        elif name in ("groups", "time"):
            arrays[name] = value
            others.append(f'    {name}=data["{name}"],')
        elif name not in arrays:
            others.append(f"    {name}={as_code(value)},")
    lines = [
        '"""The search that `ravine tune` did here."""',
        "",
        "import numpy as np",
        "import ravine as rv",
        "",
        f'data = np.load("{_DATA}")',
        f"network = {as_code(prepared.network)}",
        f"recipe = {as_code(prepared.recipe)}",
        f"space = {as_code(space)}",
        *("found = rv.tune(", "    network,", *rows, "    space,", "    recipe=recipe,"),
        *(*others, f'    store="{_STORE}",', ")"),
        "print(found.best)",
        "",
    ]
    write_program(folder, _DATA, arrays, _CODE, "\n".join(lines))


def _write(
    found: Tuned, prepared: PreparedNetwork, settings: NetworkSettings, table: str, folder: Path
) -> pd.DataFrame:
    """Write the tables and the best recipe; give the settings, the best first."""
    from ravine.cli.saved.folder import described_data
    from ravine.ground.files import atomic_write
    from ravine.specs.recipe_file import write_recipe_file
    from ravine.studies.importances import LEAST

    frame = found.to_frame()
    tables = {_RESULTS: frame}
    if len(frame) >= LEAST:
        tables[_IMPORTANCES] = found.importances()
    for name, rows in tables.items():
        with atomic_write(folder / name) as temporary:
            rows.to_csv(temporary, index=False)
    best = found.best
    assert best.recipe is not None
    write_recipe_file(
        folder / _RECIPE,
        recipe=best.recipe.replace(validation_fraction=settings.recipe.validation_fraction),
        network=best.network,
        data=described_data(Path(table).name, settings.table, prepared.target.task),
    )
    return frame


def _print(frame: pd.DataFrame, metrics: list[str]) -> None:
    from ravine.studies.summary import higher_is_better

    labels = frame.columns[: list(frame.columns).index(metrics[0])]
    order = frame.sort_values(
        ["epochs", metrics[0]], ascending=[False, not higher_is_better(metrics[0])], kind="stable"
    )
    rows = []
    for row in order.head(_SHOWN).to_dict("records"):
        said = [row[name] for name in labels]
        rows.append(
            [
                *(f"{label:.4g}" if isinstance(label, float) else str(label) for label in said),
                *(f"{number(row[name])} ± {number(row[f'{name}_se'])}" for name in metrics),
                *(str(row["epochs"]), str(row["status"])),
            ]
        )
    heads = [*(str(name).rpartition(".")[2] for name in labels), *metrics, "epochs", "status"]
    more = f", {_SHOWN} of {len(frame)}" if len(frame) > _SHOWN else ""
    print_table(f"The best first{more}", heads, rows, texts=len(labels))


def _as_data(found: Tuned, frame: pd.DataFrame) -> dict[str, Any]:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    best = found.best
    assert best.network is not None
    assert best.recipe is not None
    return {
        "best": {
            "network": best.network.to_dict(),
            "recipe": best.recipe.to_dict(),
            "scores": dict(best.scores),
            "errors": dict(best.errors),
            "epochs": best.epochs,
        },
        "settings": rows,
    }
