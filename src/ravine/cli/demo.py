"""``ravine demo``: a real table, a trained network, and how it compares."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags
from ravine.cli.output import number, print_json, print_table, say

if TYPE_CHECKING:
    from ravine.cli.fitting import Fitted, Prepared

__all__ = ["command", "demo_table"]

TABLE, TARGET = "bikeshare.csv.gz", "bikers"
_HIDDEN = (64, 64)
_PEER = "scikit-learn's MLPRegressor"


def command(
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Folder for the results.")
    ] = "ravine-demo",
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0)] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Train on a real table and compare: in a minute, from nothing to a saved model.

    The table counts the bicycles hired in Washington, DC in each hour of a year. A network learns
    the count from season, hour and weather; its losses stand next to those of scikit-learn's
    MLPRegressor (same coded rows, layers, batch size and patience) and of predicting the mean.

    [bold]Example[/bold]

    [cyan]ravine demo --out ravine-demo[/cyan]
    """
    from ravine.cli.fitting import fit, prepare
    from ravine.cli.folder import ResultFolder
    from ravine.cli.settings import read_settings
    from ravine.cli.train import how_it_ended
    from ravine.tables import read_table

    source = demo_table()
    folder = ResultFolder(Path(out))
    settings = read_settings(DataFlags(target=TARGET), NetworkFlags(), RecipeFlags(seed=seed))
    prepared = prepare(read_table(source), settings)
    folder.write_recipe(settings, prepared, TABLE)
    shutil.copyfile(source, folder / TABLE)
    sizes = ", ".join(f"{len(part):,} {part.name}" for part in prepared.parts)
    say(f"{TABLE}: {sizes} rows")
    fitted = fit(prepared)
    say(f"ravine: {how_it_ended(fitted, settings.recipe.epochs)}")
    peer = _Peer(prepared, seed)
    say(f"{_PEER}: {peer.epochs} epochs in {peer.seconds:.1f} s")
    results = _compare(prepared, fitted, peer)
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

    package = Path(__file__).parents[1]
    for folder in (package / "data", package.parents[1] / "examples" / "data"):
        if (folder / TABLE).is_file():
            return folder / TABLE
    raise FileError(
        f"The demo's table {TABLE} is not there; it should have been installed with ravine.",
        hint="Install ravine again: pip install --force-reinstall ravine",
    )


class _Peer:
    """scikit-learn's network, given what ours was given."""

    def __init__(self, prepared: Prepared, seed: int) -> None:
        import warnings

        import numpy as np
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        recipe, validation = prepared.recipe, prepared.validation
        assert validation is not None
        assert recipe.stopping is not None
        X = np.concatenate([prepared.training.X, validation.X]).astype(recipe.dtype)
        y = np.concatenate([prepared.training.y, validation.y]).astype(recipe.dtype)
        self.network = MLPRegressor(
            hidden_layer_sizes=_HIDDEN,
            alpha=0.0,
            batch_size=recipe.rows_per_step,
            max_iter=recipe.epochs,
            early_stopping=True,
            validation_fraction=len(validation) / len(X),
            n_iter_no_change=recipe.stopping.patience,
            tol=0.0,
            random_state=seed % 2**32,
        )
        started = time.perf_counter()
        # Its matrices are so small that a second thread of the BLAS would cost more than it gives.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.network.fit(X, y)
        self.seconds = time.perf_counter() - started
        self.epochs = int(self.network.n_iter_)

    def score(self, X: Any, y: Any, unit: float) -> dict[str, float]:
        """Score as ravine does, in the target's own unit."""
        import numpy as np

        error = float(np.mean((self.network.predict(X.astype(np.float32)) - y) ** 2))
        return {
            "loss": error * unit**2,
            "rmse": error**0.5 * unit,
            "r2": 1 - error / float(np.var(y)),
        }


def _compare(prepared: Prepared, fitted: Fitted, peer: _Peer) -> dict[str, dict[str, Any]]:
    """Score all three on all parts; the peer drew validation rows of its own, so it lacks them."""
    from ravine.tables.baseline import baseline_model

    simple = baseline_model(prepared.schema, prepared.network.loss, prepared.training.y)
    unit = fitted.model.target.standard_deviation
    parts = prepared.parts
    return {
        "ravine": {part.name: fitted.model.score(part.X, part.y) for part in parts}
        | {"seconds": fitted.seconds},
        _PEER: {
            part.name: peer.score(part.X, part.y, unit)
            for part in parts
            if part.name != "validation"
        }
        | {"seconds": peer.seconds},
        "predict the mean": {part.name: simple.score(part.X, part.y) for part in parts}
        | {"seconds": None},
    }


def _show(results: dict[str, dict[str, Any]]) -> None:
    rows = []
    for name, found in results.items():
        losses = [found.get(p, {}).get("loss") for p in ("training", "validation", "test")]
        seconds = "–" if found["seconds"] is None else f"{found['seconds']:.1f} s"
        rows.append(
            [
                name,
                *(number(loss) for loss in losses),
                number(found["test"]["rmse"]),
                number(round(found["test"]["r2"], 4) + 0.0),
                seconds,
            ]
        )
    print_table(
        "Bicycles hired in an hour: mean squared error",
        ["", "training", "validation", "test", "test RMSE", "test R²", "time"],
        rows,
        note="scikit-learn draws validation rows of its own out of ravine's training and validation"
        " rows, so it has no validation loss to compare.",
    )


def _show_files(folder: Path, files: dict[str, str]) -> None:
    names = ", ".join(Path(file).name for file in files.values())
    table, program = folder / TABLE, _program()
    say(f"\nsaved in {folder}: {names}")
    say("\nTry next:")
    say(f"  {program} predict {files['model']} {table}")
    say(
        f"  {program} train {table} --target {TARGET} --optimizer sgd --momentum 0.9 "
        "--learning-rate 0.01"
    )


def _program() -> str:
    """Say how this program is called from here."""
    here = Path(sys.argv[0])
    if here.name == "__main__.py":
        return f"{os.path.relpath(sys.executable)} -m ravine.cli"
    found = shutil.which("ravine")
    if found is not None and here.exists() and Path(found).samefile(here):
        return "ravine"
    return os.path.relpath(here) if here.exists() else "ravine"
