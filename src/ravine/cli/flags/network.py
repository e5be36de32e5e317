"""The settings of one network, from flags and recipe file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ravine.cli.flags.lists import RATES
from ravine.cli.flags.optimizer import change_optimizer
from ravine.cli.flags.options import DataFlags, NetworkFlags, RecipeFlags
from ravine.cli.flags.table import TableSettings, table_settings
from ravine.cli.flags.words import batch_size_of, units_of
from ravine.errors import ParameterError, SpecError

if TYPE_CHECKING:
    from ravine.specs.network import Network
    from ravine.specs.recipe import Recipe
    from ravine.specs.recipe_file import RecipeFile
    from ravine.tables.schema import TableSchema

__all__ = ["NetworkSettings", "read_network_settings"]


@dataclass(frozen=True)
class NetworkSettings:
    """Everything that training a network on a table needs to know.

    Parameters
    ----------
    table : TableSettings
        What is predicted, from what, and which rows are tested on.
    recipe : Recipe
        How to train; its ``validation_fraction`` is of the rows that are not tested on.
    network : Network or None
        What to fit; ``None`` makes a plain network from the next three fields.
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
        Activation of the hidden layers.
    batch_norm : bool
        Whether each hidden layer is standardised.
    loss : str or None
        The loss, if it was given.
    """

    table: TableSettings
    recipe: Recipe
    network: Network | None
    hidden: tuple[int, ...]
    activation: str
    batch_norm: bool
    loss: str | None

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return self.recipe.seed

    def shares(self, task: str) -> tuple[float, float]:
        """Give the share of the rows to validate on; training sets none aside."""
        return self.recipe.validation_fraction, 0.0

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


def read_network_settings(
    file: RecipeFile, data: DataFlags, network: NetworkFlags, recipe: RecipeFlags
) -> NetworkSettings:
    """Combine the flags with the files that they name; flags override files.

    Parameters
    ----------
    file : RecipeFile
        What ``--recipe`` names; empty if nothing.
    data, network, recipe : DataFlags, NetworkFlags, RecipeFlags
        The flags.

    Returns
    -------
    NetworkSettings
        The settings.

    Raises
    ------
    ParameterError, SpecError, FileError
        If a flag or a file is wrong.

    Examples
    --------
    >>> from ravine.specs.recipe_file import RecipeFile
    >>> settings = read_network_settings(
    ...     RecipeFile(), DataFlags(target="price"), NetworkFlags(hidden="8"), RecipeFlags()
    ... )
    >>> settings.hidden, settings.recipe.epochs
    ((8,), 200)
    """
    return NetworkSettings(
        table_settings(recipe.recipe, file, data),
        recipe=_recipe(file, recipe, data.validation_fraction),
        network=_network(file, network),
        hidden=(64, 64) if network.hidden is None else units_of(network.hidden),
        activation=network.activation or "relu",
        batch_norm=bool(network.batch_norm),
        loss=network.loss,
    )


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


def _recipe(file: RecipeFile, flags: RecipeFlags, validation_fraction: float | None) -> Recipe:
    """Change the file's recipe, or the command line's default, by the flags."""
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


def _penalty(l1: float, l2: float) -> Any:
    """Make the penalty; both together are an ElasticNet with the same strengths."""
    from ravine.specs.penalties import L1, L2, ElasticNet

    if l1 and l2:
        parts = L1(l1), L2(l2)  # each checks its own value
        total = parts[0].alpha + parts[1].alpha
        return ElasticNet(total, l1_ratio=l1 / total)
    if l1:
        return L1(l1)
    return L2(l2) if l2 else None


def _default_recipe(flags: RecipeFlags) -> Recipe:
    """Make the recipe of the command line: Adam, 0.003 with cosine decay, averaged weights."""
    from ravine.specs.recipe import Recipe
    from ravine.specs.stopping import EarlyStopping

    name = flags.optimizer or "adam"
    optimizer = Recipe(optimizer=name).optimizer
    if name in RATES:
        optimizer = optimizer.replace(learning_rate=RATES[name])
    schedule = flags.schedule or ("constant" if optimizer.adapts_rates else "cosine")
    return Recipe(
        optimizer=change_optimizer(optimizer, replace(flags, optimizer=None, schedule=schedule)),
        epochs=200,
        validation_fraction=0.2,
        stopping=EarlyStopping(patience=20),
        averaging=None if optimizer.adapts_rates else 0.99,
    )
