"""``ravine demo``: a real table, a trained network, and how it compares."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.estimator import read_estimator_settings
from ravine.cli.flags.options import DataFlags, JsonFlag, NetworkFlags, NeuralFlags, RecipeFlags
from ravine.cli.output import number, print_json, print_table, say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.fitting import Fitted
    from ravine.cli.kinds.base import Prepared
    from ravine.cli.saved.scores import Scores

__all__ = ["command", "demo_table"]

TABLE, TARGET = "bikeshare.csv.gz", "bikers"
_MEMBERS = 2  # of each variant


def command(
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Folder for the results.")
    ] = "ravine-demo",
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Train on a real table and compare: in a minute, from nothing to a saved model.

    The table counts the bicycles hired in Washington, DC in each hour of a year. Four networks
    learn the count from season, hour and weather; the errors of their mean are shown next to those
    of scikit-learn's MLPRegressor (with early stopping, its columns one-hot and scaled) and
    HistGradientBoostingRegressor, both with their defaults, and of predicting the mean.

    [bold]Example[/bold]

    [cyan]ravine demo --out ravine-demo[/cyan]
    """
    from ravine.cli.fitting import fit, prepare, score
    from ravine.cli.saved.folder import ResultFolder
    from ravine.specs.recipe_file import RecipeFile

    source = demo_table()
    folder = ResultFolder(Path(out))
    settings = read_estimator_settings(
        RecipeFile(),
        DataFlags(target=TARGET),
        NetworkFlags(),
        RecipeFlags(seed=seed),
        NeuralFlags(members=_MEMBERS),
    )
    prepared = prepare(str(source), settings)
    folder.note_recipe(TABLE, settings.table, prepared.target.task, **prepared.described)
    shutil.copyfile(source, folder / TABLE)
    training, test = (len(prepared.frames[part]) for part in ("training", "test"))
    say(f"{TABLE}: {training:,} rows to train on, {test:,} to test on")
    fitted = fit(prepared)
    say(f"ravine: {fitted.ending}")
    results = _compare(prepared, fitted, score(fitted.model, prepared), seed)
    files = folder.write_results(fitted.model)
    if as_json:
        print_json({"target": TARGET, "results": results, "files": files})
        return
    _show(results)
    _show_files(folder.path, files)


def demo_table() -> Path:
    """Find the table of the demo: in the installed package, or in the source tree.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        If it is in neither.

    Examples
    --------
    >>> demo_table().name
    'bikeshare.csv.gz'
    """
    from ravine.errors import FileError

    room = Path(__file__).parents[1]
    for folder in (room / "data", room.parents[2] / "examples" / "data"):
        if (folder / TABLE).is_file():
            return folder / TABLE
    raise FileError(
        f"The demo's table {TABLE} is not there; it should have been installed with ravine.",
        hint="Install ravine again: pip install --force-reinstall ravine",
    )


def _compare(
    prepared: Prepared, fitted: Fitted, scores: Scores, seed: int
) -> dict[str, dict[str, Any]]:
    """Score ravine, its peers and the mean on training and test rows."""
    ours = f"ravine, {len(fitted.model.networks)} networks"
    results: dict[str, dict[str, Any]] = {ours: scores.model | {"seconds": fitted.seconds}}
    peers = {
        "scikit-learn's MLPRegressor": _network(seed),
        "HistGradientBoostingRegressor": _trees(seed),
    }
    for name, peer in peers.items():
        seconds, found = _fit_and_score(peer, prepared.frames)
        say(f"{name}: {seconds:.1f} s")
        results[name] = found | {"seconds": seconds}
    return results | {"predict the mean": scores.baseline | {"seconds": None}}


def _network(seed: int) -> Any:
    """scikit-learn's network, with prepared columns and target."""
    from sklearn.compose import (
        TransformedTargetRegressor,
        make_column_selector,
        make_column_transformer,
    )
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    text = make_column_selector(dtype_exclude="number")
    coded = make_column_transformer(
        (OneHotEncoder(sparse_output=False), text), remainder=StandardScaler()
    )
    network = MLPRegressor(early_stopping=True, random_state=seed % 2**32)
    return TransformedTargetRegressor(make_pipeline(coded, network), transformer=StandardScaler())


def _trees(seed: int) -> Any:
    """scikit-learn's boosted trees, with their own defaults; text is categories."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    text = make_column_selector(dtype_exclude="number")
    coded = make_column_transformer(
        (OrdinalEncoder(), text), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    trees = HistGradientBoostingRegressor(
        categorical_features=["mnth", "weathersit"], random_state=seed % 2**32
    )
    return make_pipeline(coded, trees)


def _fit_and_score(peer: Any, rows: Mapping[str, pd.DataFrame]) -> tuple[float, dict[str, Any]]:
    """Fit on the training rows, and score as ravine does."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    started = time.perf_counter()
    # Matrices so small that a second thread of the BLAS would cost more than it gives.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(rows["training"].drop(columns=TARGET), rows["training"][TARGET])
    seconds = time.perf_counter() - started
    return seconds, {
        part: _scores(frame[TARGET].to_numpy(), peer.predict(frame.drop(columns=TARGET)))
        for part, frame in rows.items()
    }


def _scores(y: NDArray[Any], found: NDArray[Any]) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "rmse": float(root_mean_squared_error(y, found)),
        "mae": float(mean_absolute_error(y, found)),
        "r2": float(r2_score(y, found)),
    }


def _show(results: dict[str, dict[str, Any]]) -> None:
    rows = [
        [
            name,
            number(found["training"]["rmse"]),
            number(found["test"]["rmse"]),
            number(found["test"]["mae"]),
            number(round(found["test"]["r2"], 4) + 0.0),
            "–" if found["seconds"] is None else f"{found['seconds']:.1f} s",
        ]
        for name, found in results.items()
    ]
    print_table(
        "Bicycles hired in an hour",
        ["", "training RMSE", "test RMSE", "test MAE", "test R²", "time"],
        rows,
        note="All were given the same rows. RMSE: the root of the mean squared error, in bicycles.",
    )


def _show_files(folder: Path, files: dict[str, str]) -> None:
    names = ", ".join(Path(file).name for file in files.values())
    table, program = folder / TABLE, _program()
    say(f"\nsaved in {folder}: {names}")
    say("\nTry next:")
    say(f"  {program} predict {files['model']} {table} --interval 0.9")
    say(f"  {program} train {table} --target {TARGET} --estimator mlp --l2 1e-4")


def _program() -> str:
    """Give the command that starts this program from here."""
    here = Path(sys.argv[0])
    if here.name == "__main__.py":
        return f"{os.path.relpath(sys.executable)} -m ravine.cli"
    found = shutil.which("ravine")
    if found is not None and here.exists() and Path(found).samefile(here):
        return "ravine"
    return os.path.relpath(here) if here.exists() else "ravine"
