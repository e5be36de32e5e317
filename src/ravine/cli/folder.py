"""The folder that a training writes: ours to write over, nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.errors import FileError, RavineError
from ravine.files import atomic_write, file_error

if TYPE_CHECKING:
    from ravine.cli.saved import SavedModel
    from ravine.cli.settings import TableSettings
    from ravine.history import History

__all__ = ["CHECKPOINT", "HISTORY", "MODEL", "PICTURE", "RECIPE", "ResultFolder", "make_folder"]

MODEL, HISTORY = "model.safetensors", "history.csv"
PICTURE, RECIPE, CHECKPOINT = "learning_curve.png", "recipe.toml", "checkpoint.safetensors"


class ResultFolder:
    """A folder for the results of one training.

    Parameters
    ----------
    path : Path
        The folder; it is made if it is not there.

    Raises
    ------
    FileError
        If it cannot be made, or holds files of these names that ravine did not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        make_folder(path)
        self._check_ours()

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def _check_ours(self) -> None:
        names = (RECIPE, MODEL, HISTORY, PICTURE, CHECKPOINT)
        present = [name for name in names if (self.path / name).exists()]
        if present and not _is_ours(self.path / RECIPE):
            raise FileError(
                f"The folder {str(self.path)!r} holds a {present[0]} that 'ravine train' did not "
                "write; it is left alone.",
                hint="Choose another folder: --out DIR",
            )

    def write_recipe(self, table: str, settings: TableSettings, task: str, **how: Any) -> None:
        """Write the recipe file, complete: with it, the same table gives the same model.

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
        from ravine.recipe_file import write_recipe_file

        data: dict[str, Any] = {
            "made_by": f"ravine {ravine.__version__}",
            "table": table,
            "target": settings.target,
            "task": task,
            "drop": list(settings.drop),
            "test_fraction": settings.test_fraction,
            "missing": None if settings.missing is None else list(settings.missing),
        }
        write_recipe_file(self / RECIPE, data=data, **how)

    def write_results(self, model: SavedModel) -> dict[str, str]:
        """Write the model, its history and the picture of it.

        The model's file is the same, byte for byte, whenever the same is trained; how long each
        epoch took stands in the history's own file only.

        Parameters
        ----------
        model : SavedModel
            The trained model.

        Returns
        -------
        dict of str to str
            What → path, the recipe included.
        """
        model.save(self / MODEL)
        history = model.history
        history.to_csv(self / HISTORY)
        _draw(history, self / PICTURE, model.target.name)
        names = {"model": MODEL, "history": HISTORY, "picture": PICTURE, "recipe": RECIPE}
        return {what: str(self / name) for what, name in names.items()}


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


def _is_ours(recipe: Path) -> bool:
    from ravine.recipe_file import read_recipe_file

    try:
        data = read_recipe_file(recipe).data or {}
    except RavineError:
        return False
    return str(data.get("made_by", "")).startswith("ravine")


def _draw(history: History, path: Path, target: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    history.plot(figure.add_subplot()).set_title(target)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150)
