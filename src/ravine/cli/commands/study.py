"""``ravine study``: a file that says which settings to vary becomes a table with errors."""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import note, number, print_json, print_table, say
from ravine.cli.saved.unfinished import as_code, check_unfinished, write_program
from ravine.errors import ParameterError, SpecError
from ravine.ground.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from ravine.cli.kinds.network import PreparedNetwork
    from ravine.specs.recipe_file import RecipeFile
    from ravine.studies.study import Study

__all__ = ["command"]

_INTERRUPTED = 130
_RUNS, _HISTORIES, _SUMMARY = "results.csv", "histories.csv", "summary.csv"
_PICTURE, _DATA, _CODE, _STORE = "summary.png", "data.npz", "study.py", "store"


@dataclass(frozen=True)
class Plan:
    """What a file asks for.

    Parameters
    ----------
    settings : dict of str to list
        Values by dotted name.
    cv : int or None
        Folds.
    validation : float
        The part of the rows to hold out, without folds.
    """

    settings: dict[str, list[Any]]
    cv: int | None
    validation: float


def command(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC.toml", help="A recipe file with a table [study].")
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine- and the file's name)"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the runs that DIR has already.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads to use. (default: one per core)", min=1)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train every combination of some settings on a table, and say which do better.

    The file names the table and the target in [data] (table, target and what else 'ravine train'
    takes), a [network] and a [recipe] if the usual ones are not wanted, and in [study] lists of
    values by the settings' dotted names: seed = [0, 1, 2], "optimizer.learning_rate" = [0.001,
    0.01], "network.dense_1.units" = [32, 64]. There, cv = 5 asks for folds; without it validation =
    0.2 of the rows are held out. Ctrl-C keeps what is done; --resume goes on. Into DIR go
    results.csv, histories.csv, summary.csv, summary.png, and study.py, which does the same.

    [bold]Example[/bold]

    [cyan]ravine study rates.toml --out rates[/cyan]
    """
    from ravine.specs.recipe_file import read_recipe_file

    file = read_recipe_file(spec)
    plan = _plan(spec, file)
    prepared = _prepare(spec, file, plan)
    folder = Path(out if out is not None else f"ravine-{Path(spec).stem}")
    check_unfinished(folder, _STORE, "ravine study", resume=resume)
    study, how = _make(prepared, plan, folder)
    _write_code(study, how, prepared, plan, folder)
    started = time.perf_counter()
    interrupted = _run(study, how, threads)
    seconds = time.perf_counter() - started
    done = len(study.to_frame()) if study.has_run else 0
    if done:
        summary = _write(study, folder)
        if as_json:
            print_json(_as_data(summary) | {"runs": done, "seconds": seconds})
        else:
            _print(summary)
            prepared.say_unit()
        say(f"saved in {folder}: {plural(done, 'run')} in {seconds:.1f} s")
    if interrupted:
        say("interrupted: --resume goes on")
        raise typer.Exit(_INTERRUPTED)


def _plan(path: str, file: RecipeFile) -> Plan:
    """Read [study]: lists are settings, in nested tables too; numbers say what to hold out."""
    if not file.study:
        raise SpecError(
            f"{path}: there is no table [study].",
            hint='Such as: [study], seed = [0, 1, 2], "optimizer.learning_rate" = [0.01, 0.1]',
        )
    settings: dict[str, list[Any]] = {}
    others: dict[str, Any] = {}
    for name, value in _leaves(file.study):
        if isinstance(value, list):
            settings[name] = value
        else:
            others[name] = value
    cv, validation = others.pop("cv", None), others.pop("validation", 0.2)
    if others:
        name, value = next(iter(others.items()))
        raise SpecError(
            f"{path}: in [study]: {name!r} must be a list of values. Got {value!r}.",
            hint="Only cv and validation are single numbers.",
        )
    if cv is not None and (isinstance(cv, bool) or not isinstance(cv, int) or cv < 2):
        raise SpecError(f"{path}: in [study]: cv must be a whole number from 2 on. Got {cv!r}.")
    if not isinstance(validation, float) or not 0 < validation < 1:
        raise SpecError(
            f"{path}: in [study]: validation must be a part of the rows in (0, 1). "
            f"Got {validation!r}."
        )
    return Plan(settings, cv, validation)


def _leaves(table: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Give what is in nested tables by dotted names."""
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _leaves(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, value))
    return found


def _prepare(path: str, file: RecipeFile, plan: Plan) -> PreparedNetwork:
    """Read the table, and code it; rows to hold out are coded by what the others taught."""
    from ravine.cli.fitting import prepare
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.options import DataFlags, NetworkFlags, RecipeFlags

    table = (file.data or {}).get("table")
    if not isinstance(table, str):
        raise SpecError(
            f"{path}: in [data]: the table to train on is not named.",
            hint='Such as table = "bikeshare.csv.gz", next to the file.',
        )
    data = DataFlags(
        validation_fraction=plan.validation if plan.cv is None else 0.0,
        test_fraction=(file.data or {}).get("test_fraction", 0.0),
    )
    settings = read_network_settings(file, data, NetworkFlags(), RecipeFlags())
    networks = plan.settings.get("network", [])
    prepared = prepare(str(Path(path).parent / table), settings)
    plan.settings.update(
        {
            name: [_described(path, name, value) for value in values]
            for name, values in plan.settings.items()
        }
    )
    if networks:
        plan.settings["network"] = [
            replace(settings, network=network).network_for(prepared.schema)
            for network in plan.settings["network"]
        ]
    return prepared


def _described(path: str, name: str, value: Any) -> Any:
    """Turn a table that describes a network or a part of a recipe into it."""
    from ravine.specs.network import Network
    from ravine.specs.recipe import Recipe

    try:
        if name == "network":
            return Network.from_dict(value)
        rule = Recipe._rules.get(name)
        return rule("Recipe", name, value) if rule and isinstance(value, dict) else value
    except (ParameterError, SpecError) as cause:
        raise SpecError(f"{path}: in [study]: {name}: {cause}", hint=cause.hint) from cause


def _make(prepared: PreparedNetwork, plan: Plan, folder: Path) -> tuple[Study, dict[str, Any]]:
    """Make the study, and what its run is given."""
    from ravine.cli.saved.folder import make_folder
    from ravine.studies.jobs import grid
    from ravine.studies.study import Study

    jobs = grid(prepared.network, prepared.recipe, **plan.settings)
    training = prepared.parts["training"]
    how: dict[str, Any] = {"X": training.X, "y": training.y}
    if plan.cv is not None:
        how |= {"cv": plan.cv, **prepared.sides}
    else:
        held = prepared.parts["validation"]
        how["validation"] = (held.X, held.y)
    make_folder(folder)
    return Study(jobs, folder / _STORE), how


def _run(study: Study, how: dict[str, Any], threads: int | None) -> bool:
    """Run the study with a live line; whether it was interrupted."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        study.run(**how, threads=threads, progress=sys.stderr.isatty())
    texts = [str(warning.message) for warning in said]
    for text in texts:
        say(f"note: {text}")
    return any(text.startswith("Interrupted") for text in texts)


def _write_code(
    study: Study, how: dict[str, Any], prepared: PreparedNetwork, plan: Plan, folder: Path
) -> None:
    """Write the rows as numbers, and the Python that does the same on them."""
    import numpy as np

    arrays = {name: value for name, value in how.items() if isinstance(value, np.ndarray)}
    given = [f'    {name}=data["{name}"],' for name in arrays if name not in ("X", "y")]
    if "validation" in how:
        arrays["X_held_out"], arrays["y_held_out"] = how["validation"]
        given.append('    validation=(data["X_held_out"], data["y_held_out"]),')
    if plan.cv is not None:
        given.append(f"    cv={plan.cv},")
    settings = [f"    {name!r}: {as_code(values)}," for name, values in plan.settings.items()]
    lines = [
        f'"""The study of {plural(len(study.jobs), "job")} that `ravine study` ran here."""',
        "",
        "import numpy as np",
        "import ravine as rv",
        "",
        f'data = np.load("{_DATA}")',
        f"network = {as_code(prepared.network)}",
        f"recipe = {as_code(prepared.recipe)}",
        *("settings = {", *settings, "}"),
        f'study = rv.Study(rv.grid(network, recipe, **settings), store="{_STORE}")',
        *("study.run(", '    data["X"],', '    data["y"],', *given, ")"),
        "print(study.summary())",
        "",
    ]
    write_program(folder, _DATA, arrays, _CODE, "\n".join(lines))


def _write(study: Study, folder: Path) -> pd.DataFrame:
    """Write the tables and the picture; give the summary."""
    from ravine.ground.files import atomic_write
    from ravine.plots.study import save_study_means

    summary = study.summary()
    tables = {_RUNS: study.to_frame(), _HISTORIES: study.histories(), _SUMMARY: summary}
    for name, frame in tables.items():
        with atomic_write(folder / name) as temporary:
            frame.to_csv(temporary, index=False)
    labels = [", ".join(map(str, row)) for row in _labels(summary).itertuples(index=False)]
    means, errors = (summary[name].to_numpy("float64") for name in ("mean", "se"))
    save_study_means(labels, means, errors, "val_loss", folder / _PICTURE)
    return summary


def _labels(summary: pd.DataFrame) -> pd.DataFrame:
    """Give the columns that say which setting it is."""
    return summary.iloc[:, : list(summary.columns).index("runs")]


def _print(summary: pd.DataFrame) -> None:
    labels = _labels(summary)
    heads = [str(name).rpartition(".")[2] for name in labels]
    rows = []
    for said, row in zip(labels.itertuples(index=False), summary.to_dict("records"), strict=True):
        numbers = {name: number(float(row[name])) for name in ("mean", "se", "difference")}
        interval = f"{number(row['low'])} … {number(row['high'])}"
        rows.append(
            [
                *(f"{label:.6g}" if isinstance(label, float) else str(label) for label in said),
                *(str(row["runs"]), str(row["diverged"])),
                *(f"{numbers['mean']} ± {numbers['se']}", numbers["difference"], interval),
            ]
        )
    heads += ["runs", "diverged", "val_loss", "difference", "interval"]
    print_table("The best first", heads, rows, texts=max(1, labels.shape[1]))
    note(summary.attrs["estimand"])


def _as_data(summary: pd.DataFrame) -> dict[str, Any]:
    rows = summary.astype(object).where(summary.notna(), None).to_dict("records")
    return {"summary": rows, "estimand": summary.attrs["estimand"]}
