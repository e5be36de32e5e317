"""The results folder. Only files that ravine wrote are overwritten."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.output import can_draw
from ravine.errors import FileError, RavineError
from ravine.ground.files import atomic_write, file_error, remove_leftovers

if TYPE_CHECKING:
    from ravine.cli.flags.table import TableSettings
    from ravine.cli.kinds.base import SavedModel

__all__ = [
    "CHECKPOINT",
    "HISTORY",
    "MODEL",
    "PICTURE",
    "RECIPE",
    "ResultFolder",
    "make_folder",
    "other_runs",
    "refuse_foreign",
]

MODEL, HISTORY = "model.safetensors", "history.csv"
PICTURE, RECIPE, CHECKPOINT = "learning_curve.png", "recipe.toml", "checkpoint.safetensors"


class ResultFolder:
    """A folder for the results of one training.

    Its files are written together when training has ended: each to a temporary name first, and the
    model is renamed last. Each holds the run's id, which is the checksum of the model.

    Parameters
    ----------
    path : Path
        The folder; it is made if it is not there. Temporary files that killed trainings left in it
        are removed.

    Raises
    ------
    FileError
        If it cannot be made, or holds files of these names that ravine did not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data: dict[str, Any] = {}
        self._how: dict[str, Any] = {}
        make_folder(path)
        names = (RECIPE, MODEL, HISTORY, PICTURE, CHECKPOINT)
        refuse_foreign(path, names, _is_ours(path / RECIPE), "train")
        remove_leftovers(path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def note_recipe(self, table: str, settings: TableSettings, task: str, **how: Any) -> None:
        """Set the contents of the recipe file: with it, the same table gives the same model.

        Parameters
        ----------
        table : str
            Name of the table's file.
        settings : TableSettings
            What is predicted, and from what.
        task : str
            The task.
        **how : Recipe, Network or dict
            What `write_recipe_file` takes: recipe and network, or the estimator's parameters.
        """
        import ravine

        self._how = how
        self._data = {
            "made_by": f"ravine {ravine.__version__}",
            "table": table,
            "target": settings.target,
            "task": task,
            "drop": list(settings.drop),
            "test_fraction": settings.test_fraction,
            "missing": None if settings.missing is None else list(settings.missing),
        }
        columns = settings.side_columns.items()
        self._data |= {flag.removeprefix("--"): name for flag, name in columns}

    def write_unfinished(self) -> None:
        """Write the recipe file of a training that has begun, without an id: resuming needs it."""
        self._write_recipe(self / RECIPE)

    def write_results(self, model: SavedModel) -> dict[str, str]:
        """Write the model, its recipe, its history and the picture of it.

        The model's file is the same, byte for byte, whenever the same is trained; the seconds of
        each epoch are in the history's own file only.

        Parameters
        ----------
        model : SavedModel
            The trained model.

        Returns
        -------
        dict of str to str
            Kind of file → path.

        Raises
        ------
        FileError
            If they cannot be written. The folder is then unchanged, and the model, if there is room
            for it, is in a folder for temporary files, which the error names.
        """
        draws = can_draw(PICTURE)
        try:
            self._write_all(model, draws)
        except FileError as error:
            raise _rescued(model, error) from error
        names = {"model": MODEL, "history": HISTORY, "picture": PICTURE, "recipe": RECIPE}
        if not draws:
            del names["picture"]
        return {what: str(self / name) for what, name in names.items()}

    def _write_all(self, model: SavedModel, draws: bool) -> None:
        from ravine.models.file import read_checksum

        with ExitStack() as files:  # left in the opposite order: the model is renamed last
            temporary = files.enter_context(atomic_write(self / MODEL))
            model.save(temporary)
            run = read_checksum(temporary)
            self._write_recipe(files.enter_context(atomic_write(self / RECIPE)), run)
            history = files.enter_context(atomic_write(self / HISTORY))
            model.history.to_csv(history, run=run)
            if draws:
                _draw(model, files.enter_context(atomic_write(self / PICTURE)), run)
        if not draws:  # a picture of another run must not stay
            (self / PICTURE).unlink(missing_ok=True)

    def _write_recipe(self, path: Path, run: str | None = None) -> None:
        from ravine.specs.recipe_file import write_recipe_file

        write_recipe_file(path, data=self._data | {"run": run}, **self._how)


def other_runs(model: Path) -> list[str]:
    """Find the files beside a model that another run wrote.

    Parameters
    ----------
    model : Path
        The model's file.

    Returns
    -------
    list of str
        A sentence for each: recipe and history, where they are another's.
    """
    from ravine.models.file import read_checksum

    if model.name != MODEL:
        return []
    run = read_checksum(model)
    found = {RECIPE: _run_of_recipe(model.with_name(RECIPE))}
    found[HISTORY] = _run_of_history(model.with_name(HISTORY))
    return [
        f"{name} beside the model is from another training; this output describes the model."
        for name, other in found.items()
        if other not in (None, run)
    ]


def _run_of_recipe(path: Path) -> str | None:
    """Read a recipe file's run: None if there is no such file, or no recipe of ravine's in it."""
    from ravine.specs.recipe_file import read_recipe_file

    try:
        data = read_recipe_file(path).data or {}
    except RavineError:
        return None
    return str(data.get("run", "not ended")) if _made_here(data) else None


def _run_of_history(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.DictReader(file), {}).get("run")
    except (OSError, ValueError, csv.Error):
        return None


def _rescued(model: SavedModel, error: FileError) -> FileError:
    """Save a trained model elsewhere when its folder cannot be written, and say where."""
    try:
        path = Path(tempfile.mkdtemp(prefix="ravine-"), MODEL)
        model.save(path)
    except (OSError, RavineError):
        return FileError(f"{error} The trained model is lost.", hint=error.hint)
    return FileError(f"{error} The trained model was saved as {str(path)!r}.", hint=error.hint)


def make_folder(path: Path) -> None:
    """Make a folder for results, unless it is there.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(
            f"Cannot make the folder {str(path)!r}: there is a file of that name.",
            hint="Choose another folder: --out DIR",
        ) from None
    except OSError as error:
        raise file_error(path, "write", error) from error


def refuse_foreign(folder: Path, names: Sequence[str], ours: bool, command: str) -> None:
    """Refuse to overwrite files that the command did not write.

    Parameters
    ----------
    folder : Path
        The folder of the results.
    names : sequence of str
        The files that the command writes.
    ours : bool
        Whether the command wrote the existing files.
    command : str
        The command.

    Raises
    ------
    FileError
        If one of the files exists and the command did not write it.
    """
    present = [name for name in names if (folder / name).exists()]
    if present and not ours:
        raise FileError(
            f"The folder {str(folder)!r} holds a {present[0]} that 'ravine {command}' did not "
            "write; it is left alone.",
            hint="Choose another folder: --out DIR",
        )


def _is_ours(recipe: Path) -> bool:
    from ravine.specs.recipe_file import read_recipe_file

    try:
        return _made_here(read_recipe_file(recipe).data or {})
    except RavineError:
        return False


def _made_here(data: dict[str, Any]) -> bool:
    return str(data.get("made_by", "")).startswith("ravine")


def _draw(model: SavedModel, path: Path, run: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    loss = model.networks[0].network.loss
    model.history.plot(figure.add_subplot(), loss=loss, target=model.target.name)
    figure.savefig(path, dpi=150, metadata={"Description": f"run {run}"})
