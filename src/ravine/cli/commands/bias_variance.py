"""``ravine bias-variance``: how much of a table's error is bias, variance and noise."""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.output import can_draw, console, note, print_json, print_table, say
from ravine.cli.saved.opening import TableArgument
from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.cli.flags.network import NetworkSettings
    from ravine.cli.kinds.network import PreparedNetwork
    from ravine.diagnostics.bias_variance.error_parts import BiasVariance
    from ravine.diagnostics.bias_variance.study import Method
    from ravine.specs.network import Network

__all__ = ["StudyFlags", "command", "parse_over"]

_NUMBERS, _PICTURE = "bias_variance.csv", "bias_variance.png"
_WORDS = {"none": None, "true": True, "false": False}


@dataclass(frozen=True)
class StudyFlags:
    """What is swept, over how many models, and where results are written."""

    over: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD=VALUE,…",
            help="A field of the recipe and the values to sweep, such as penalty.alpha=0,1e-4,1e-3 "
            "(an L2 penalty unless --l1 says otherwise), dropout=0,0.2 or epochs=10,100. Or hidden "
            "layers, with an x between them: hidden=8,64,64x64.",
        ),
    ] = None
    models: Annotated[int, typer.Option(help="Models to train for each value.", min=3)] = 100
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Data of each model: model (simulated from a fitted reference), subsets (a part "
            "of the rows each, none for two) or bootstrap (as many rows as there are, drawn with "
            "replacement; variance alone).",
        ),
    ] = "model"
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE",
            help="The value of --over that is taken as the truth. (default: chosen by "
            "cross-validation)",
        ),
    ] = None
    seeds: Annotated[
        int,
        typer.Option(
            help="Models for each data set; from 4 on, variance by initial weights is separated "
            "from variance by data.",
            min=1,
        ),
    ] = 1
    tables: Annotated[
        int,
        typer.Option(
            help="Tables drawn from the reference to repeat the whole method on; 0 for none.",
            min=0,
        ),
    ] = 8
    noise: Annotated[
        float | None,
        typer.Option(
            metavar="SIGMA",
            help="Standard deviation of the target's noise, in its own unit, if it is known.",
        ),
    ] = None
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine- and the table's name)"
        ),
    ] = None


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    study: StudyFlags,
    as_json: JsonFlag = False,
) -> None:
    """Split the error on a table into bias², variance and noise, over a swept setting.

    Test rows are set aside. A reference is fitted to the others and taken as the truth; for each
    value, many models are trained on targets drawn from it (with early stopping, each sets its own
    validation rows aside). The error that all models share is bias, their differences are variance,
    both relative to the reference. A regression's error is the squared error in the
    target's own unit, squared; a classification's is the Brier score. Into DIR go
    bias_variance.csv and bias_variance.png.

    [bold]Example[/bold]

    [cyan]ravine bias-variance bikeshare.csv.gz --target bikers --over penalty.alpha=0,1e-3,0.1
    --models 20[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.table import file_of
    from ravine.cli.saved.folder import make_folder, refuse_foreign
    from ravine.tables import table_stem

    over = None if study.over is None else parse_over(study.over)
    settings = read_network_settings(file_of(recipe), data, network, recipe)
    everything = replace(settings, recipe=settings.recipe.replace(validation_fraction=0.0))
    prepared = prepare(table, everything)
    folder = Path(study.out if study.out is not None else f"ravine-{table_stem(table)}")
    make_folder(folder)
    refuse_foreign(folder, (_NUMBERS, _PICTURE), _is_ours(folder / _NUMBERS), "bias-variance")
    started = time.perf_counter()
    found = _study(prepared, settings, over, study)
    seconds = time.perf_counter() - started
    say(f"finished: {len(found.values) * study.models:,} models in {seconds:.1f} s")
    _report_divergence(found)
    target = prepared.target
    if not as_json:
        _print(found, target.name, target.task)
    files = _write(found, folder, target.name)
    if as_json:
        print_json(_as_data(found, prepared, settings) | {"seconds": seconds, "files": files})
    say(f"saved in {folder}: {', '.join(Path(file).name for file in files.values())}")


def parse_over(text: str) -> dict[str, list[Any]]:
    """Read what ``--over`` says.

    Parameters
    ----------
    text : str
        A field, =, and values with commas between them: numbers, true, false, none or names.

    Returns
    -------
    dict of str to list
        As `ravine.bias_variance` takes it.

    Raises
    ------
    ParameterError
        If the text is something else.

    Examples
    --------
    >>> parse_over("penalty.alpha=0,1e-4")
    {'penalty.alpha': [0, 0.0001]}
    >>> parse_over("clip_norm=none,1")
    {'clip_norm': [None, 1]}
    """
    field, _, values = text.partition("=")
    parts = [part.strip() for part in values.split(",")]
    if not field.strip() or not all(parts):
        raise ParameterError(
            f"--over must be a field, = and values with commas between them. Got {text!r}.",
            hint="For example: --over penalty.alpha=0,1e-4,1e-3",
        )
    return {field.strip(): [_value(part) for part in parts]}


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return _WORDS.get(text.lower(), text)


def _study(
    prepared: PreparedNetwork,
    settings: NetworkSettings,
    over: dict[str, list[Any]] | None,
    study: StudyFlags,
) -> BiasVariance:
    """Train all models, with a live line on a terminal; numbers are in the target's own unit."""
    from ravine.diagnostics.bias_variance.study import bias_variance
    from ravine.ground.progress import live_progress
    from ravine.tables.fitted.table_model import loss_unit

    test = prepared.parts.get("test")
    if test is None:
        raise ParameterError(
            "There are no rows to test on.", hint="Set --test-fraction greater than 0."
        )
    reference = None if study.reference is None else _value(study.reference)
    if over is not None and "hidden" in over:
        over = {"network": _networks(over["hidden"], prepared, settings)}
        reference = study.reference  # a label
    unit = prepared.target.standard_deviation if prepared.target.task == "regression" else 1.0
    shown = loss_unit(prepared.network.loss, prepared.target)
    with live_progress(console(sys.stderr), scale=shown) as report, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The settings have no order")  # a note says it
        found = bias_variance(
            prepared.network,
            prepared.training.X,
            prepared.training.y,
            settings.recipe,
            over=over,
            n_models=study.models,
            noise=None if study.noise is None else study.noise / unit,
            X_test=test.X,
            y_test=test.y,
            method=cast("Method", study.method),  # checked there
            n_seeds=study.seeds,
            n_tables=study.tables,
            reference=reference,
            seed=settings.recipe.seed,
            groups_test=prepared.test_groups,
            progress=report,
            **prepared.sides,
        )
    return found.scaled(unit**2)


def _networks(
    values: list[Any], prepared: PreparedNetwork, settings: NetworkSettings
) -> list[tuple[str, Network]]:
    """Make a network, with its label, for each entry of ``hidden=``, such as ``64x64``."""
    from ravine.cli.flags.words import units_of

    if settings.network is not None:
        raise ParameterError(
            "--over hidden sweeps the hidden layers, but the recipe file gives a network.",
            hint="Remove the network from the file, or sweep something else.",
        )
    networks = []
    for value in values:
        hidden = units_of(str(value).replace("x", ","))
        network = replace(settings, hidden=hidden).network_for(prepared.schema)
        networks.append((str(value), network))
    return networks


def _report_divergence(found: BiasVariance) -> None:
    from ravine.ground.text import plural

    for value, count in zip(found.values.tolist(), found.diverged.tolist(), strict=True):
        if count:
            say(f"note: {plural(count, 'model')} diverged at {found.field}={value}: no numbers")


def _print(found: BiasVariance, target: str, task: str) -> None:
    """Print the parts, what depends on the reference, and notes about the numbers."""
    unit = f"in the unit of {target!r}, squared" if found.measure == "squared error" else "Brier"
    title = f"{target} ({task}), {unit}: {found.n_models} models, {found.n_test:,} test rows"
    head, rows = found.to_text()
    print_table(title, head, rows, texts=0)
    more = found.reference_text()
    if more is not None:
        print_table("With another reference, and on tables drawn from it", *more, texts=0)
    for sentence in found.notes:
        note(sentence)


def _as_data(
    found: BiasVariance, prepared: PreparedNetwork, settings: NetworkSettings
) -> dict[str, Any]:
    return {
        "target": prepared.target.name,
        "task": prepared.target.task,
        "measure": found.measure,
        "method": found.method,
        "models": found.n_models,
        "rows": {"training": len(prepared.training), "test": found.n_test},
        "separate": found.separate,
        "reference": None if found.reference is None else found.reference.name,
        "field": found.field,
        "results": found.to_frame().drop(columns="separate").to_dict("records"),
        "notes": [*settings.table.notes, *prepared.schema.notes],
    }


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return "bias2,bias2_se,variance" in file.readline()
    except (OSError, UnicodeDecodeError):
        return False


def _write(found: BiasVariance, folder: Path, target: str) -> dict[str, str]:
    """Write the numbers and the picture; give kind of file → path."""
    from ravine.ground.files import atomic_write

    with atomic_write(folder / _NUMBERS) as temporary:
        found.to_frame().to_csv(temporary, index=False, lineterminator="\n")
    if not can_draw(_PICTURE):
        (folder / _PICTURE).unlink(missing_ok=True)  # a picture of other numbers must not stay
        return {"numbers": str(folder / _NUMBERS)}
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    found.plot(figure.add_subplot()).set_title(target)
    with atomic_write(folder / _PICTURE) as temporary:
        figure.savefig(temporary, dpi=150)
    return {"numbers": str(folder / _NUMBERS), "picture": str(folder / _PICTURE)}
