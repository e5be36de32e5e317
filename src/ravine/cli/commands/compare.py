"""``ravine compare``: which optimizer, schedule or size is better on a table, and what is noise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.output import note, number, print_json, print_table, say
from ravine.cli.saved.opening import TableArgument
from ravine.cli.saved.unfinished import as_code, check_unfinished, write_program
from ravine.errors import ParameterError
from ravine.ground.text import plural

if TYPE_CHECKING:
    from ravine.cli.flags.network import NetworkSettings
    from ravine.cli.kinds.network import PreparedNetwork
    from ravine.studies.comparison import Comparison

__all__ = ["CandidateFlags", "CompareFlags", "command"]

_INTERRUPTED = 130
_PICTURE, _DATA, _CODE, _STORE = "comparison.png", "data.npz", "compare.py", "store"
_OPTIMIZERS = "sgd,adagrad,rmsprop,adam,adamw,lbfgs"
_CANDIDATES, _PROTOCOL = "Candidates (one kind)", "Protocol"


@dataclass(frozen=True)
class CandidateFlags:
    """What is compared: one kind."""

    optimizers: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…",
            help=f"Optimizers. (default: {_OPTIMIZERS}, if nothing else is compared)",
            rich_help_panel=_CANDIDATES,
        ),
    ] = None
    schedules: Annotated[
        str | None,
        typer.Option(
            metavar="FORM,…",
            help="Schedules in their short forms, such as constant,cosine,warmup:5.",
            rich_help_panel=_CANDIDATES,
        ),
    ] = None
    batch_sizes: Annotated[
        str | None,
        typer.Option(metavar="ROWS,…", help="Such as 32,128,full.", rich_help_panel=_CANDIDATES),
    ] = None
    penalties: Annotated[
        str | None,
        typer.Option(
            metavar="ALPHA,…",
            help="Strengths of an L2 penalty, such as 0,1e-4,1e-3.",
            rich_help_panel=_CANDIDATES,
        ),
    ] = None
    dropouts: Annotated[
        str | None,
        typer.Option(metavar="RATE,…", help="Such as 0,0.1,0.3.", rich_help_panel=_CANDIDATES),
    ] = None
    networks: Annotated[
        str | None,
        typer.Option(
            metavar="UNITS,…",
            help="Hidden layers, with an x between them, such as 16,64,64x64.",
            rich_help_panel=_CANDIDATES,
        ),
    ] = None
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="N,…",
            help="Numbers of training rows: the learning curve.",
            rich_help_panel=_CANDIDATES,
        ),
    ] = None


@dataclass(frozen=True)
class CompareFlags:
    """How candidates are tuned and judged, and where results go."""

    rates: Annotated[
        str,
        typer.Option(
            metavar="RATES",
            help="Learning rates to try: LOW:HIGH:COUNT in equal ratios, or a list with commas; "
            "'as-given' tunes nothing.",
            rich_help_panel=_PROTOCOL,
        ),
    ] = "1e-4:1:9"
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="BUDGET",
            help="Tuning runs that each candidate may spend, or a time such as '60 s'. (default: "
            "one for each rate, and 3 beyond the edge)",
            rich_help_panel=_PROTOCOL,
        ),
    ] = None
    seeds: Annotated[
        int,
        typer.Option(help="Fresh seeds for each best setting.", min=2, rich_help_panel=_PROTOCOL),
    ] = 10
    target_loss: Annotated[
        float | None,
        typer.Option(
            metavar="LOSS",
            help="Report epochs, steps and seconds to this loss.",
            rich_help_panel=_PROTOCOL,
        ),
    ] = None
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine-compare- and the table)"
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option("--resume", metavar=" ", help="Go on with the runs that DIR has already."),
    ] = False
    threads: Annotated[
        int | None, typer.Option(help="Threads to use. (default: one per core)", min=1)
    ] = None


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    candidates: CandidateFlags,
    how: CompareFlags,
    as_json: JsonFlag = False,
) -> None:
    """Compare optimizers, schedules, batch sizes, penalties, dropout, networks or table sizes.

    Each candidate may spend the same budget on its learning rate, scored on validation rows. Its
    best rate is then run with fresh seeds and scored on test rows. Into DIR go candidates.csv,
    differences.csv, sensitivity.csv, budget.csv, comparison.png, verdict.txt, and compare.py, which
    does the same. Ctrl-C keeps what is done; --resume goes on.

    [bold]Example[/bold]

    [cyan]ravine compare bikeshare.csv.gz --target bikers --optimizers sgd,adam --epochs 30[/cyan]
    """
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.table import file_of
    from ravine.cli.saved.folder import make_folder
    from ravine.studies.compare import compare
    from ravine.tables import table_stem

    settings = read_network_settings(file_of(recipe), _held_out(data), network, recipe)
    asked = _asked(how)
    prepared = _prepare(table, settings)
    asked |= _candidates(candidates, prepared, settings)
    folder = Path(how.out if how.out is not None else f"ravine-compare-{table_stem(table)}")
    check_unfinished(folder, _STORE, "ravine compare", resume=how.resume)
    make_folder(folder)
    _write_code(asked, prepared, folder)
    parts = prepared.parts
    started = time.perf_counter()
    try:
        found = compare(
            parts["training"].X,
            parts["training"].y,
            validation=(parts["validation"].X, parts["validation"].y),
            test=(parts["test"].X, parts["test"].y),
            store=folder / _STORE,
            threads=how.threads,
            progress=sys.stderr.isatty(),
            **asked,
        )
    except KeyboardInterrupt:
        say(f"interrupted: what is done is kept in {folder}; --resume goes on")
        raise typer.Exit(_INTERRUPTED) from None
    seconds = time.perf_counter() - started
    frames = _write(found, folder)
    if as_json:
        rows = {
            name: frame.astype(object).where(frame.notna(), None).to_dict("records")
            for name, frame in frames.items()
        }
        print_json(rows | {"verdict": found.verdict, "seconds": seconds})
    else:
        _print(found)
        prepared.say_unit()
    say(f"saved in {folder}: {plural(len(found.outcomes), 'candidate')} in {seconds:.1f} s")


def _held_out(data: DataFlags) -> DataFlags:
    """Refuse flags that leave no rows to choose by or to judge by; say how many there are."""
    for name in ("validation_fraction", "test_fraction"):
        if getattr(data, name) == 0:
            raise ParameterError(
                f"compare needs rows for it: --{name.replace('_', '-')} must be above 0. Got 0."
            )
    fraction = 0.2 if data.validation_fraction is None else data.validation_fraction
    return replace(data, validation_fraction=fraction)


def _prepare(table: str, settings: NetworkSettings) -> PreparedNetwork:
    """Read the table and code its rows, by what the training rows teach."""
    from ravine.cli.fitting import prepare

    prepared = prepare(table, settings)
    for name in ("validation", "test"):
        if name not in prepared.parts:
            raise ParameterError(f"No row is left for {name}: compare needs some.")
    return prepared


def _asked(how: CompareFlags) -> dict[str, Any]:
    """Give what the flags ask of the protocol."""
    budget: int | str | None = how.budget
    if how.budget is not None and how.budget.strip().isdecimal():
        budget = int(how.budget)
    return {
        "rates": _rates(how.rates),
        "budget": budget,
        "seeds": how.seeds,
        "target": how.target_loss,
    }


def _rates(text: str) -> list[float] | None:
    """Read learning rates: a list, or LOW:HIGH:COUNT."""
    from ravine.studies.jobs import geomspace

    if text == "as-given":
        return None
    try:
        if ":" in text:
            low, high, count = text.split(":")
            return geomspace(float(low), float(high), int(count))
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ParameterError(
            f"--rates must be LOW:HIGH:COUNT, a list of numbers or as-given. Got {text!r}.",
            hint="For example: --rates 1e-4:1:9",
        ) from None


def _candidates(
    flags: CandidateFlags, prepared: PreparedNetwork, settings: NetworkSettings
) -> dict[str, Any]:
    """Give the candidates, the network that they share and the recipe, as `ravine.compare` does."""
    given = {field.name: getattr(flags, field.name) for field in fields(flags)}
    named = {name: text for name, text in given.items() if text is not None}
    if len(named) > 1:
        said = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        raise ParameterError(f"compare takes one kind of candidates. Got {said}.")
    kind, text = next(iter(named.items()), ("optimizers", _OPTIMIZERS))
    words = [word.strip() for word in text.split(",")]
    shared: dict[str, Any] = {"recipe": prepared.recipe}
    if kind == "networks":
        if settings.network is not None:
            raise ParameterError("--networks gives hidden layers, but a file gives a network.")
        return shared | {kind: [_network(word, prepared, settings) for word in words]}
    read = _READERS[kind]
    try:
        values = [read(word, prepared) for word in words]
    except ValueError as error:
        flag = f"--{kind.replace('_', '-')}"
        raise ParameterError(f"{flag} must be a list with commas. Got {text!r}.") from error
    return shared | {"network": prepared.network, kind: values}


def _network(word: str, prepared: PreparedNetwork, settings: NetworkSettings) -> Any:
    from ravine.cli.flags.words import units_of

    hidden = units_of(word.replace("x", ","))
    return replace(settings, hidden=hidden).network_for(prepared.schema)


def _optimizer(word: str, prepared: PreparedNetwork) -> Any:
    """Make an optimizer that follows the recipe's schedule, if it can follow one."""
    from ravine.specs.schedules import Schedule

    own = prepared.recipe.replace(optimizer=word, batch_size=None).optimizer
    rate = prepared.recipe.optimizer.learning_rate
    highest = own.learning_rate
    if not isinstance(rate, Schedule) or isinstance(highest, Schedule) or own.adapts_rates:
        return own
    return own.replace(learning_rate=rate.with_peak(highest))


def _schedule(word: str, prepared: PreparedNetwork) -> Any:
    """Make a schedule that starts from the recipe's rate."""
    from ravine.cli.flags.optimizer import peak_of
    from ravine.cli.flags.schedules import schedule_from_text

    return schedule_from_text(word, peak_of(prepared.recipe.optimizer.learning_rate))


def _penalty(word: str, prepared: PreparedNetwork) -> Any:
    from ravine.specs.penalties import L2

    return L2(float(word)) if float(word) else None


def _batch_size(word: str, prepared: PreparedNetwork) -> int | str:
    from ravine.cli.flags.words import batch_size_of

    return batch_size_of(word)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "optimizers": _optimizer,
    "schedules": _schedule,
    "batch_sizes": _batch_size,
    "penalties": _penalty,
    "dropouts": lambda word, prepared: float(word),
    "rows": lambda word, prepared: int(word),
}


def _write_code(asked: dict[str, Any], prepared: PreparedNetwork, folder: Path) -> None:
    """Write the rows as numbers, and the Python that does the same on them."""
    from numpy import asarray

    arrays: dict[str, Any] = {}
    for name, part in prepared.parts.items():
        arrays |= {f"X_{name}": part.X, f"y_{name}": asarray(part.y)}
    given = [f"    {name}={as_code(value)}," for name, value in asked.items() if value is not None]
    lines = [
        '"""The comparison that `ravine compare` ran here."""',
        "",
        "import numpy as np",
        "import ravine as rv",
        "",
        f'data = np.load("{_DATA}")',
        "found = rv.compare(",
        '    data["X_training"],',
        '    data["y_training"],',
        '    validation=(data["X_validation"], data["y_validation"]),',
        '    test=(data["X_test"], data["y_test"]),',
        *given,
        f'    store="{_STORE}",',
        ")",
        "print(found.to_frame())",
        "print(found.verdict)",
        f'found.plot().savefig("{_PICTURE}", dpi=150)',
        "",
    ]
    write_program(folder, _DATA, arrays, _CODE, "\n".join(lines))


def _write(found: Comparison, folder: Path) -> dict[str, Any]:
    """Write tables, picture and verdict; give the tables."""
    from ravine.ground.files import atomic_write
    from ravine.plots.comparison import save_comparison

    frames = {"candidates": found.to_frame(), "differences": found.differences()}
    if found.tuned:
        frames |= {"sensitivity": found.sensitivity(), "budget": found.budget_curve()}
    for name, frame in frames.items():
        with atomic_write(folder / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False)
    with atomic_write(folder / "verdict.txt") as temporary:
        temporary.write_text(found.verdict + "\n", encoding="utf-8")
    save_comparison(found.plot(), folder / _PICTURE)
    return frames


def _print(found: Comparison) -> None:
    rows = [
        [
            row["label"],
            f"{number(row['mean'])} ± {number(row['se'])}",
            row["best_setting"],
            f"{100 * row['win_share']:.0f} %",
            f"{100 * row['diverged']:.0f} %",
            number(row["seconds"]),
        ]
        for row in found.to_frame().to_dict("records")
    ]
    heads = ["", "test loss", "best setting", "wins", "diverged", "seconds"]
    print_table("The best first", heads, rows, texts=1)
    for line in found.verdict.split("\n"):
        note(line)
