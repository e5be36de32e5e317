"""What the flags and the recipe file together ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from ravine.cli.flags.optimizer import change_optimizer
from ravine.cli.flags.options import DataFlags, NetworkFlags, RecipeFlags
from ravine.errors import ParameterError, SpecError

if TYPE_CHECKING:
    from ravine.specs.network import Network
    from ravine.specs.recipe import Recipe
    from ravine.specs.recipe_file import RecipeFile
    from ravine.tables.schema import TableSchema
    from ravine.tables.target import Task

__all__ = [
    "Settings",
    "TableSettings",
    "batch_size_of",
    "file_of",
    "read_settings",
    "table_settings",
    "units_of",
]

_DATA_KEYS = {
    "made_by": str,
    "run": str,
    "table": str,
    "target": str,
    "task": str,
    "drop": list,
    "missing": list,
    "group": str,
    "time": str,
    "test_fraction": float,
}


@dataclass(frozen=True)
class TableSettings:
    """What is predicted, from what, and which rows are tested on.

    Parameters
    ----------
    target : str
        The column to predict.
    task : {"regression", "classification"} or None
        ``None`` infers it.
    drop : tuple of str
        Columns to leave out.
    test_fraction : float
        Share of the rows to test on.
    missing : tuple of str, optional
        Cells that count as missing, beside empty ones; ``None`` for the usual ones.
    group, time : str or None
        Columns by which rows are set aside: whole groups, the latest. They are not learnt from.
    """

    target: str
    task: Task | None
    drop: tuple[str, ...]
    test_fraction: float
    missing: tuple[str, ...] | None
    group: str | None
    time: str | None

    @property
    def side_columns(self) -> dict[str, str]:
        """The columns by which rows are set aside, by their flags."""
        both = {"--group": self.group, "--time": self.time}
        return {flag: name for flag, name in both.items() if name is not None}

    @property
    def notes(self) -> list[str]:
        """What to say of these columns."""
        return [
            f"Column {name!r} ({flag}) is not learnt from; rows are set aside by it."
            for flag, name in self.side_columns.items()
        ]


@dataclass(frozen=True)
class Settings(TableSettings):
    """Everything that training a network on a table needs to know, beside the table's settings.

    Parameters
    ----------
    recipe : Recipe
        How to train; its ``validation_fraction`` is of the rows that are not tested on.
    network : Network or None
        What to fit; ``None`` makes a plain network of the next three.
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
        Of the hidden layers.
    batch_norm : bool
        Whether each hidden layer is standardised.
    loss : str or None
        The loss that was asked for.
    """

    recipe: Recipe
    network: Network | None
    hidden: tuple[int, ...]
    activation: str
    batch_norm: bool
    loss: str | None

    @property
    def standardise_target(self) -> bool:
        """Whether a regression is trained on the standardised target."""
        from ravine.specs.layers import Dense
        from ravine.specs.network import Network

        if self.loss is not None:
            return Network([Dense(1)], loss=self.loss).loss.is_movable
        return self.network is None or self.network.loss.is_movable

    def network_for(self, schema: TableSchema) -> Network:
        """Make the network for a table whose columns are known."""
        from ravine.tables.fitted.networks import default_network, fit_to_schema

        if self.network is None:
            return default_network(
                schema,
                hidden=self.hidden,
                activation=self.activation,
                batch_norm=self.batch_norm,
                loss=self.loss,
            )
        network = self.network if self.loss is None else self.network.replace(loss=self.loss)
        return fit_to_schema(network, schema)


def read_settings(data: DataFlags, network: NetworkFlags, recipe: RecipeFlags) -> Settings:
    """Put the flags and the files that they name together; a flag outdoes a file.

    Parameters
    ----------
    data, network, recipe : DataFlags, NetworkFlags, RecipeFlags
        The flags.

    Returns
    -------
    Settings
        What is asked for.

    Raises
    ------
    ParameterError, SpecError, FileError
        If a flag or a file is wrong.

    Examples
    --------
    >>> settings = read_settings(DataFlags(target="price"), NetworkFlags(hidden="8"), RecipeFlags())
    >>> settings.hidden, settings.recipe.epochs
    ((8,), 200)
    """
    file = file_of(recipe)
    return Settings(
        **vars(table_settings(recipe.recipe, file, data)),
        recipe=_recipe(file, recipe, data.validation_fraction),
        network=_network(file, network),
        hidden=(64, 64) if network.hidden is None else units_of(network.hidden),
        activation=network.activation or "relu",
        batch_norm=bool(network.batch_norm),
        loss=network.loss,
    )


def file_of(flags: RecipeFlags) -> RecipeFile:
    """Read the file that --recipe names; an empty one stands for none."""
    from ravine.specs.recipe_file import RecipeFile, read_recipe_file

    return RecipeFile() if flags.recipe is None else read_recipe_file(flags.recipe)


def table_settings(path: str | None, file: RecipeFile, data: DataFlags) -> TableSettings:
    """Put the flags of the data and the [data] of a recipe file together.

    Parameters
    ----------
    path : str or None
        Name of the recipe file.
    file : RecipeFile
        What it holds.
    data : DataFlags
        The flags.

    Returns
    -------
    TableSettings
        What is asked for.

    Raises
    ------
    ParameterError, SpecError
        If a flag or the file is wrong.
    """
    said = _checked_data(path, file.data or {})
    target = data.target or said.get("target")
    if target is None:
        raise ParameterError(
            "The column to predict is not given.", hint="Name it: --target COLUMN."
        )
    task = data.task or said.get("task")
    if task not in (None, "regression", "classification"):
        raise ParameterError(f"--task must be regression or classification. Got {task!r}.")
    test_fraction = data.test_fraction
    if test_fraction is None:
        test_fraction = float(said.get("test_fraction", 0.2))
    drop = tuple(data.drop if data.drop is not None else said.get("drop", ()))
    group, time = data.group or said.get("group"), data.time or said.get("time")
    missing = _missing(data.missing, said)
    return TableSettings(
        target, cast("Task | None", task), drop, test_fraction, missing, group, time
    )


def _missing(flag: str | None, said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Read which cells count as missing; None for the usual ones."""
    if flag is not None:
        return tuple(cell.strip() for cell in flag.split(",") if cell.strip())
    return tuple(map(str, said["missing"])) if "missing" in said else None


def _checked_data(path: str | None, said: Mapping[str, Any]) -> Mapping[str, Any]:
    for key, value in said.items():
        kind = _DATA_KEYS.get(key)
        if kind is None:
            raise SpecError(
                f"{path}: in [data]: unknown field {key!r}.",
                hint=f"Its fields are {', '.join(_DATA_KEYS)}.",
            )
        if not isinstance(value, int | float if kind is float else kind):
            raise SpecError(f"{path}: in [data]: {key!r} cannot be {value!r}.")
    return said


def _network(file: RecipeFile, flags: NetworkFlags) -> Network | None:
    """Find the network that a file gives, unless flags ask for another one."""
    from ravine.specs.recipe_file import read_recipe_file

    shape = {
        "--hidden": flags.hidden,
        "--activation": flags.activation,
        "--batch-norm": flags.batch_norm,
    }
    given = [name for name, value in shape.items() if value is not None]
    if flags.network is None:
        return None if given else file.network
    if given:
        raise ParameterError(
            f"{given[0]} describes a network, but {flags.network!r} does as well.",
            hint=f"Leave out {given[0]} or --network.",
        )
    network = read_recipe_file(flags.network).network
    if network is None:
        raise SpecError(
            f"{flags.network}: there is no network in this file.",
            hint="It needs a [network] table.",
        )
    return network


def units_of(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers; 0 stands for none.

    Examples
    --------
    >>> units_of("64,32"), units_of("0")
    ((64, 32), ())
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and len(part) < 19 for part in parts):
        raise ParameterError(
            f"--hidden must be whole numbers with commas between them. Got {text!r}.",
            hint="For two hidden layers of 64 units: --hidden 64,64",
        )
    units = tuple(int(part) for part in parts)
    return () if units == (0,) else units


def _recipe(file: RecipeFile, flags: RecipeFlags, validation_fraction: float | None) -> Recipe:
    """Change the file's recipe, or the command line's own default, as the flags say."""
    base = file.recipe or _default_recipe(flags)
    changes: dict[str, Any] = {
        name: value
        for name, value in {
            "optimizer": None if file.recipe is None else change_optimizer(base.optimizer, flags),
            "epochs": flags.epochs,
            "dropout": flags.dropout,
            "seed": flags.seed,
            "dtype": flags.dtype,
            "validation_fraction": validation_fraction,
        }.items()
        if value is not None
    }
    for name, value in (("clip_norm", flags.clip_norm), ("averaging", flags.averaging)):
        if value is not None:
            changes[name] = value or None
    if flags.batch_size is not None:
        changes["batch_size"] = batch_size_of(flags.batch_size)
    if flags.l1 is not None or flags.l2 is not None:
        changes["penalty"] = _penalty(flags.l1 or 0.0, flags.l2 or 0.0)
    fraction = changes.get("validation_fraction", base.validation_fraction)
    if flags.patience is not None:
        changes["stopping"] = _stopping(base.stopping, flags.patience, fraction)
    elif fraction == 0 and file.recipe is None:
        changes["stopping"] = None
    return base.replace(**changes)


def _stopping(base: Any, patience: int, validation_fraction: float) -> Any:
    from ravine.specs.stopping import EarlyStopping

    if patience == 0:
        return None
    stopping = (base or EarlyStopping()).replace(patience=patience)
    if validation_fraction == 0 and stopping.monitor.startswith("val"):
        raise ParameterError(
            "--patience needs validation rows to watch, but --validation-fraction is 0.",
            hint="Leave out one of them.",
        )
    return stopping


def batch_size_of(text: str) -> int | str:
    """Read a batch size: a whole number, or full.

    Examples
    --------
    >>> batch_size_of("128")
    128
    """
    if text == "full":
        return "full"
    if not text.isdecimal() or len(text) > 18:
        raise ParameterError(f"--batch-size must be a whole number or 'full'. Got {text!r}.")
    return int(text)


def _penalty(l1: float, l2: float) -> Any:
    """Make the penalty; both together are an ElasticNet of the same strengths."""
    from ravine.specs.penalties import L1, L2, ElasticNet

    if l1 and l2:
        parts = L1(l1), L2(l2)  # each complains of its own value
        total = parts[0].alpha + parts[1].alpha
        return ElasticNet(total, l1_ratio=l1 / total)
    if l1:
        return L1(l1)
    return L2(l2) if l2 else None


def _default_recipe(flags: RecipeFlags) -> Recipe:
    """Make the recipe of the command line: Adam from 0.003 down a cosine, averaged weights."""
    from ravine.specs.optimizers import Adam, AdamW
    from ravine.specs.recipe import Recipe
    from ravine.specs.stopping import EarlyStopping

    optimizer = Recipe(optimizer=flags.optimizer or "adam").optimizer
    if isinstance(optimizer, Adam | AdamW):
        optimizer = optimizer.replace(learning_rate=3e-3)
    schedule = flags.schedule or ("constant" if optimizer.adapts_rates else "cosine")
    return Recipe(
        optimizer=change_optimizer(optimizer, replace(flags, optimizer=None, schedule=schedule)),
        epochs=200,
        validation_fraction=0.2,
        stopping=EarlyStopping(patience=20),
        averaging=None if optimizer.adapts_rates else 0.99,
    )
