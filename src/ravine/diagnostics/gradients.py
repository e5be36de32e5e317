"""Gradient checking: whether what backpropagation computes is the derivative of the loss."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.outputs import with_outputs
from ravine.data.shared import SharedData
from ravine.data.weights import weighing
from ravine.diagnostics.custom_gradients import recorded_parts
from ravine.engine.handles import engine_network
from ravine.errors import ParameterError
from ravine.specs.augmentation import Synthesize, built_in_of
from ravine.specs.network import Network
from ravine.specs.optimizers import SGD
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine

__all__ = ["GradientReport", "LayerGradients", "check_gradients"]

#: What a difference of two values of the objective may be off by, in units of its size.
ROUNDING = 16 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class LayerGradients:
    """How the gradient of one layer compares with differences.

    Parameters
    ----------
    layer : str
        Name of the layer, such as "dense_1"; "relu_1 (dx)" is the derivative of a custom layer with
        respect to its input, and "loss (slope)" that of a custom loss.
    parameters : int
        How many parameters the layer has, or numbers its input.
    checked : int
        How many of them were compared.
    kinks : int
        How many of those were left out, because the nudge crosses a kink.
    worst : float
        Largest relative error; NaN if none was left to compare.
    parameter : str
        The parameter that it belongs to, such as "dense_1.weight[3, 0]".
    passed : bool
        Whether it is within the tolerance.

    Examples
    --------
    >>> LayerGradients("dense_1", 4, 4, 0, 1e-9, "dense_1.weight[0, 0]", True).passed
    True
    """

    layer: str
    parameters: int
    checked: int
    kinks: int
    worst: float
    parameter: str
    passed: bool


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found; printing it gives a table.

    Parameters
    ----------
    layers : tuple of LayerGradients
        One per layer with parameters, and per custom layer and loss.
    tolerance : float
        The largest relative error that passes.
    step : float
        ε, how far a parameter was nudged each way, in units of max(1, |w|).

    Examples
    --------
    >>> GradientReport((), 1e-6, 1e-5).passed
    True
    """

    layers: tuple[LayerGradients, ...]
    tolerance: float
    step: float

    @property
    def passed(self) -> bool:
        """Whether every layer is within the tolerance."""
        return all(layer.passed for layer in self.layers)

    @property
    def worst(self) -> float:
        """The largest relative error of all layers."""
        errors = [layer.worst for layer in self.layers if not np.isnan(layer.worst)]
        return max(errors, default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as plain data."""
        return {
            "passed": self.passed,
            "worst": self.worst,
            "tolerance": self.tolerance,
            "layers": [vars(layer) for layer in self.layers],
        }

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                layer.layer,
                f"{layer.checked:,} of {layer.parameters:,}",
                str(layer.kinks),
                "" if np.isnan(layer.worst) else f"{layer.worst:.1e}",
                layer.parameter,
                "passed" if layer.passed else "FAILED",
            )
            for layer in self.layers
        ]

    def __str__(self) -> str:
        head = ("layer", "checked", "at kinks", "worst error", "of", "")
        rows = [head, *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        right = (False, True, True, True, False, False)
        lines = [
            "  ".join(
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in rows
        ]
        lines.insert(1, "─" * max(map(len, lines)))
        verdict = "passed" if self.passed else "FAILED"
        lines.append(f"{verdict}: largest error {self.worst:.1e}, tolerance {self.tolerance:.0e}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(
            f"<th>{name}</th>" for name in ("layer", "checked", "at kinks", "worst error", "of", "")
        )
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def check_gradients(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    *,
    sample_weight: ArrayLike | None = None,
    max_parameters: int = 200,
    tolerance: float = 1e-6,
    step: float = 1e-5,
) -> GradientReport:
    """Compare backpropagation with central differences, in float64.

    For parameter w the numerical derivative is ``n = (R(w+ε) − R(w−ε)) / 2ε`` with
    ``ε = step · max(1, |w|)``, R the objective of a training step on all rows (penalties included).
    The code that trains computes both, and cuts so many rows into parts and chunks as training
    does. The error is ``|a − n| / max(|a| + |n|, tiny)`` where a is backpropagation's. Of a
    derivative smaller than ``tiny = 16 u max(1, |R|) / (step · tolerance)``, u = 2.2e-16, rounding
    errors of R leave fewer digits than the tolerance asks for.
    Of custom layers, activations and losses the derivative with respect to their own input is
    compared as well, by themselves, so that a mistake in it can be told from those that it spoils.
    Dropout masks, noise and augmentation are frozen. A parameter whose nudge takes any row across
    a kink (of ReLU, of |w|, of an absolute error) is counted apart, not as an error.

    Parameters
    ----------
    network : Network
        The network; its initial weights are checked, with biases moved off zero by a little noise.
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs; a few dozen rows are enough.
    y : array-like, shape (n,) or (n, outputs)
        Targets.
    recipe : Recipe, default Recipe()
        Its penalty, dropout, augmentation and seed are used; its dtype is not.
    sample_weight : array-like, shape (n,), optional
        Weight of each row.
    max_parameters : int, default 200
        The most parameters of one layer that are checked; a random sample of a larger one.
    tolerance : float, default 1e-6
        The largest relative error that passes, greater than 0.
    step : float, default 1e-5
        See above, greater than 0.

    Returns
    -------
    GradientReport
        Its ``passed`` says whether all layers agree.

    Raises
    ------
    ParameterError, DataError
        As in `train`.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.random.default_rng(0).normal(size=(8, 3))
    >>> network = rv.Network([rv.Dense(4, activation="tanh"), rv.Dense(1)])
    >>> rv.check_gradients(network, X, X[:, 0]).passed
    True
    """
    for name, value in (
        ("max_parameters", max_parameters),
        ("tolerance", tolerance),
        ("step", step),
    ):
        if not value > 0:
            raise ParameterError(
                f"The '{name}' parameter of check_gradients must be greater than 0. Got {value!r}."
            )
    objective = Objective(network, X, y, recipe, sample_weight)
    w = objective.w
    value, gradient, kinks = objective(w)
    floor = ROUNDING * max(1.0, abs(value)) / (step * tolerance)
    rng = np.random.default_rng([recipe.seed, 0x6CAD])
    layers = []
    for name, members in objective.layers.items():
        chosen = _sample(members, max_parameters, rng)
        errors: Iterable[float | None] = (
            _relative_error(objective, w, i, float(gradient[i]), step, floor, kinks) for i in chosen
        )
        layers.append(_compared(name, len(members), chosen, errors, objective.name, tolerance))
    for part in [p for p in objective.custom if p.point.size]:
        chosen = _sample(np.arange(part.point.size), max_parameters, rng)
        errors = part.errors(chosen, step, tolerance, ROUNDING)
        layers.append(_compared(part.name, part.point.size, chosen, errors, part.label, tolerance))
    return GradientReport(tuple(layers), tolerance, step)


def _sample(members: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose so many at random, in order; all if there are no more."""
    if len(members) <= most:
        return members
    return np.sort(rng.choice(members, int(most), replace=False))


def _compared(
    name: str,
    size: int,
    chosen: NDArray[np.int64],
    errors: Iterable[float | None],
    label: Callable[[int], str],
    tolerance: float,
) -> LayerGradients:
    """Sum up the errors of some derivatives; None is one at a kink."""
    smooth = [(error, i) for error, i in zip(errors, chosen, strict=True) if error is not None]
    worst, where = max(smooth, default=(np.nan, -1))
    return LayerGradients(
        layer=name,
        parameters=size,
        checked=len(chosen),
        kinks=len(chosen) - len(smooth),
        worst=float(worst),
        parameter=label(int(where)) if where >= 0 else "",
        passed=bool(np.isnan(worst) or worst <= tolerance),
    )


class Objective:
    """The training objective of a network on some rows, as a function of its parameters.

    Parameters
    ----------
    network, X, y, recipe, sample_weight
        As in `check_gradients`.

    Examples
    --------
    >>> import ravine as rv
    >>> objective = Objective(rv.Network([rv.Dense(1)]), [[1.0]], [2.0], rv.Recipe(), None)
    >>> objective(objective.w * 0)[0]
    4.0
    """

    def __init__(
        self,
        network: Network,
        X: ArrayLike,
        y: ArrayLike,
        recipe: Recipe,
        sample_weight: ArrayLike | None,
    ) -> None:
        from ravine.engine._engine import Objective64

        recipe, network = _checked_recipe(recipe), with_outputs(network, y)
        data = SharedData(X, y, sample_weight)
        data.prepare(network, recipe, None)
        X64, (targets,), weights = data.training.for_engine("float64", None)
        if weights is not None:  # rows of weight 0 are absent
            present = weighing(np.arange(len(X64)), weights)
            X64, targets, weights = X64[present], targets[present], weights[present]
        described: dict[str, Any] = _coupled(for_engine(network))
        self.custom = list(recorded_parts(described))
        shape = data.input_shape("float64")
        handle = engine_network(described, shape, recipe.dropout, "float64")
        self._layout = handle.layout
        self._state = handle.initial_state(X64, weights)
        self._engine = Objective64(
            described,
            [int(size) for size in shape],
            _coupled(for_engine(recipe)),
            X64,
            targets,
            weights,
        )
        noise = np.random.default_rng([recipe.seed, 0x6E01]).normal(size=handle.n_parameters)
        self.w: NDArray[np.float64] = handle.initialise(recipe.seed) + 0.05 * noise

    @property
    def parts(self) -> int:
        """How many parts a step cuts the rows into, each with a gradient of its own."""
        return int(self._engine.parts)

    @property
    def layers(self) -> Mapping[str, NDArray[np.int64]]:
        """The places of each layer's parameters in the flat vector."""
        places: dict[str, list[NDArray[np.int64]]] = {}
        for entry in self._layout:
            stretch = np.arange(entry["offset"], entry["offset"] + entry["size"])
            places.setdefault(entry["layer"], []).append(stretch)
        return {name: np.concatenate(parts) for name, parts in places.items()}

    def name(self, place: int) -> str:
        """Name a place in the flat vector."""
        for entry in self._layout:
            within = place - entry["offset"]
            if 0 <= within < entry["size"]:
                index = ", ".join(str(int(i)) for i in np.unravel_index(within, entry["shape"]))
                return f"{entry['name']}[{index}]"
        raise IndexError(place)

    def __call__(
        self, w: NDArray[np.float64], *, gradient: bool = True
    ) -> tuple[float, NDArray[np.float64], int]:
        """Return the objective at w, its gradient by backpropagation, and a hash of the kinks."""
        loss, penalty, g, kinks = self._engine(w, self._state, gradient)
        return loss + penalty, g, kinks


def _relative_error(
    objective: Callable[..., tuple[float, Any, int]],
    w: NDArray[np.float64],
    i: int,
    analytic: float,
    step: float,
    floor: float,
    kinks: int,
) -> float | None:
    """Compare one derivative; None where the nudge crosses a kink."""
    nudge = step * max(1.0, abs(float(w[i])))
    values = []
    for sign in (1, -1):
        moved = w.copy()
        moved[i] += sign * nudge
        value, _, here = objective(moved, gradient=False)
        if here != kinks:
            return None
        values.append(value)
    numeric = (values[0] - values[1]) / (2 * nudge)
    return abs(analytic - numeric) / max(abs(analytic) + abs(numeric), floor)


def _coupled(spec: Any) -> Any:
    """Give a spec whose L1 penalties are part of the gradient, not a threshold after the step."""
    if isinstance(spec, Mapping):
        return {key: False if key == "proximal" else _coupled(value) for key, value in spec.items()}
    return [_coupled(item) for item in spec] if isinstance(spec, list) else spec


def _checked_recipe(recipe: Recipe) -> Recipe:
    """Give the recipe of one step on all rows, in double, with the rows that it is given.

    The optimizer has no part in it; what would make other rows (custom functions, Synthesize) is
    left out.
    """
    kept = tuple(s for s in built_in_of(recipe.augmentation) if not isinstance(s, Synthesize))
    return recipe.replace(
        dtype="float64", optimizer=SGD(), batch_size="full", augmentation=kept, stopping=None
    )
