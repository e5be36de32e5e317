"""The flags of the commands, in groups that commands share."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

import typer

from ravine.cli.flags.lists import ACTIVATIONS, FULL, LOSSES, OPTIMIZERS, OWN_RATES, SCHEDULES

__all__ = [
    "DataFlags",
    "JsonFlag",
    "NetworkFlags",
    "NeuralFlags",
    "RecipeFlags",
    "RunFlags",
    "grouped",
]

_DATA, _NETWORK, _RECIPE = "Data", "Network", "Recipe"
_NEURAL = "Only with --estimator neural"

JsonFlag = Annotated[
    bool, typer.Option("--json", metavar=" ", help="Print the result as JSON, for machines.")
]


@dataclass(frozen=True)
class DataFlags:
    """Which column is predicted, and from what."""

    target: Annotated[
        str | None,
        typer.Option(
            help="The column to predict; needed unless --recipe names it.",
            rich_help_panel=_DATA,
            metavar="COLUMN",
        ),
    ] = None
    task: Annotated[
        str | None,
        typer.Option(
            metavar="TASK",
            help="regression or classification. If not given: text, true/false and up to 20 "
            "different whole numbers are classes, other numbers a regression.",
            rich_help_panel=_DATA,
        ),
    ] = None
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Leave a column out; may be repeated.", rich_help_panel=_DATA
        ),
    ] = None
    missing: Annotated[
        str | None,
        typer.Option(
            metavar="CELLS",
            help="Cells of a CSV file that count as missing besides empty ones, with commas "
            "between them, such as NA,-999; '' for none. (default: ?, NA, N/A, NaN, null, None, …)",
            rich_help_panel=_DATA,
        ),
    ] = None
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rows with the same value here (a patient, a site) stay together: none is tested "
            "or validated on while another is trained on. The column is not learnt from.",
            rich_help_panel=_DATA,
        ),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Test and validate on the latest rows by this column of numbers or dates. The "
            "column is not learnt from.",
            rich_help_panel=_DATA,
        ),
    ] = None
    test_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share of the rows to test on, set aside first; 0 for none. (default: 0.2)",
            rich_help_panel=_DATA,
        ),
    ] = None
    validation_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share of the other rows to validate on; 0 for none. (default: 0.2)",
            rich_help_panel=_DATA,
        ),
    ] = None


@dataclass(frozen=True)
class NetworkFlags:
    """What is fitted."""

    network: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Read the network from a TOML file.", rich_help_panel=_NETWORK
        ),
    ] = None
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="UNITS,…",
            help="Units of the hidden layers; 0 for none. (default: 64,64)",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    activation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{ACTIVATIONS}. (default: relu)",
            rich_help_panel=_NETWORK,
        ),
    ] = None
    batch_norm: Annotated[
        bool | None,
        typer.Option(
            "--batch-norm/--no-batch-norm",
            metavar=" ",
            help="Standardise each hidden layer over the batch. (default: no)",
            rich_help_panel=_NETWORK,
            show_default=False,
        ),
    ] = None
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{LOSSES}. (default: what suits the task)",
            rich_help_panel=_NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class RecipeFlags:
    """How it is trained."""

    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Read the recipe (and, if it holds them, network and data) from a TOML file, such "
            "as the recipe.toml that train writes. Other flags change what it says.",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{OPTIMIZERS}. (default: adam)",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Highest learning rate of the run; a schedule keeps its shape. "
            f"(default: {OWN_RATES})",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    momentum: Annotated[
        float | None, typer.Option(help="Momentum of sgd. (default: 0)", rich_help_panel=_RECIPE)
    ] = None
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:NUMBER…]",
            help=f"How the learning rate changes, times in epochs: {SCHEDULES}. "
            "(default: cosine, down to 0 at the last epoch)",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    batch_size: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS|full",
            help=f"Rows per step. (default: 128; full for {FULL})",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Passes through the rows, at most. (default: 200)", rich_help_panel=_RECIPE
        ),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many epochs without a better validation loss; 0 for never. "
            "(default: 20)",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    dropout: Annotated[
        float | None,
        typer.Option(
            help="Dropout rate of the hidden layers. (default: 0)", rich_help_panel=_RECIPE
        ),
    ] = None
    l1: Annotated[
        float | None,
        typer.Option(
            "--l1", help="Strength of the L1 penalty. (default: 0)", rich_help_panel=_RECIPE
        ),
    ] = None
    l2: Annotated[
        float | None,
        typer.Option(
            "--l2", help="Strength of the L2 penalty. (default: 0)", rich_help_panel=_RECIPE
        ),
    ] = None
    weight_decay: Annotated[
        float | None,
        typer.Option(help="Decoupled decay of the weights. (default: 0)", rich_help_panel=_RECIPE),
    ] = None
    clip_norm: Annotated[
        float | None,
        typer.Option(
            help="Largest norm of the gradient; 0 for any. (default: any)", rich_help_panel=_RECIPE
        ),
    ] = None
    averaging: Annotated[
        float | None,
        typer.Option(
            help="Decay of the averaged weights, such as 0.999; 0 for none. (default: 0.99)",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of everything random: rows set aside, initial weights, order of rows. "
            "(default: 0)",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="Precision of training: float32 (the default) or float64.",
            rich_help_panel=_RECIPE,
        ),
    ] = None


@dataclass(frozen=True)
class NeuralFlags:
    """Settings of the neural estimators only."""

    members: Annotated[
        int | None,
        typer.Option(
            help="Networks of each variant; their predictions are averaged. (default: 8)",
            rich_help_panel=_NEURAL,
        ),
    ] = None
    quantiles: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE,…",
            help="Predict these quantiles of a number instead of its mean, such as 0.05,0.5,0.95.",
            rich_help_panel=_NEURAL,
        ),
    ] = None
    balanced: Annotated[
        bool,
        typer.Option(
            "--balanced",
            metavar=" ",
            help="Let every class count equally, however rare it is.",
            rich_help_panel=_NEURAL,
        ),
    ] = False
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            metavar=" ",
            help="Train the members again on all rows that are not tested on, for the best number "
            "of epochs.",
            rich_help_panel=_NEURAL,
        ),
    ] = False


@dataclass(frozen=True)
class RunFlags:
    """Where results are written, and the state of an unfinished training."""

    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine- and the table's name)"
        ),
    ] = None
    checkpoint: Annotated[
        int | None,
        typer.Option(metavar="EPOCHS", help="Write the state to DIR every so many epochs.", min=1),
    ] = None
    resume: Annotated[
        bool,
        typer.Option("--resume", metavar=" ", help="Resume from the state in DIR."),
    ] = False


def grouped(
    function: Callable[..., None],
    *,
    panels: Mapping[str, str] = MappingProxyType({}),
    helps: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., None]:
    """Turn a command that takes groups of flags into one that takes the flags, for typer.

    Parameters
    ----------
    function : callable
        A command; a parameter annotated with a class of this file is replaced by its fields.
    panels : mapping of str to str, optional
        Fields that have another heading in the help of this command.
    helps : mapping of str to str, optional
        Fields with another help text.

    Returns
    -------
    callable
        The same command with one parameter per flag.

    Examples
    --------
    >>> @grouped
    ... def command(data: DataFlags) -> None:
    ...     print(data.target)
    >>> command(target="price")
    price
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {n: h for n, h in hints.items() if dataclasses.is_dataclass(h)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            parameters += _parameters_of(groups[name], panels, helps)
        else:
            parameters.append(
                parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            )

    def command(**values: Any) -> None:
        for name, group in groups.items():
            own = {field.name for field in dataclasses.fields(group)} & set(values)
            values[name] = group(**{field: values.pop(field) for field in own})
        function(**values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__module__ = function.__module__
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _parameters_of(
    group: Any, panels: Mapping[str, str], helps: Mapping[str, str]
) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    parameters = []
    for field in dataclasses.fields(group):
        kind, option = hints[field.name].__origin__, copy.copy(hints[field.name].__metadata__[0])
        option.rich_help_panel = panels.get(field.name, option.rich_help_panel)
        option.help = helps.get(field.name, option.help)
        parameters.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=Annotated[kind, option],
            )
        )
    return parameters
