"""Backpropagation, layer by layer: what each layer gives, and how the loss depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.gradient import Gradient
from ravine.diagnostics.model_gradients import Array, ModelGradients
from ravine.ground.packages import needs
from ravine.models.model import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Backpropagation", "backpropagate"]


@dataclass(frozen=True, eq=False)
class Backpropagation:
    """What `backpropagate` found; printing it says where the gradient grows or vanishes.

    Parameters
    ----------
    activations : dict of str to ndarray, shape (n, outputs of the layer)
        What each layer gives, by its name, from the input to the output.
    slopes : dict of str to ndarray, shape (n, outputs of the layer)
        ``∂L/∂a`` of what each layer gives, of the mean loss L. Layers before the first one with
        parameters have none.
    gradients : Gradient
        Of the parameters, as `gradient` gives them.
    kinds : dict of str to str
        The kind of each layer.
    loss : float
        The mean loss.
    """

    activations: dict[str, Array]
    slopes: dict[str, Array]
    gradients: Gradient
    kinds: dict[str, str]
    loss: float

    def to_frame(self) -> pd.DataFrame:
        """Give a row per layer, from the input to the output.

        Returns
        -------
        pandas.DataFrame
            ``layer, kind, units``; mean, standard deviation and share of zeros of its activations;
            ``slope``, the root mean square of ``n ∂L/∂a`` (n, so that the number of rows does not
            matter); ``gradient``, the norm of its parameters' (NaN where there are none).
        """
        needs("to_frame", "pandas")
        import pandas as pd

        rows = []
        for name, kind in self.kinds.items():
            active, slope = self.activations[name], self.slopes.get(name)
            parts = [g for key, g in self.gradients.items() if key.startswith(f"{name}.")]
            rows.append(
                {
                    "layer": name,
                    "kind": kind,
                    "units": active.shape[1],
                    "mean": float(active.mean()),
                    "standard_deviation": float(active.std()),
                    "zeros": float((active == 0).mean()),
                    "slope": np.nan if slope is None else _rms(slope) * len(slope),
                    "gradient": float(np.sqrt(sum((g**2).sum() for g in parts)))
                    if parts
                    else np.nan,
                }
            )
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the size of slopes and activations against the depth.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Root mean squares, on a logarithmic axis.
        """
        from ravine.plots.instruments import lines_by_name

        frame = self.to_frame()
        size = np.array([_rms(self.activations[name]) for name in frame["layer"]])
        curves = {"activations a": size, "slopes n ∂L/∂a": frame["slope"].to_numpy()}
        return lines_by_name(frame["layer"].tolist(), curves, "root mean square", ax)

    def __str__(self) -> str:
        frame = self.to_frame().dropna(subset=["slope"])
        first, last = frame.iloc[0], frame.iloc[-1]
        if len(frame) == 1 or not last["slope"]:
            return f"The slope of the loss at {last['layer']} is {last['slope']:.3g}."
        factor = first["slope"] / last["slope"]
        change = "grows" if factor > 1 else "shrinks"
        return (
            f"From {last['layer']} back to {first['layer']}, the slope of the loss {change} from "
            f"{last['slope']:.3g} to {first['slope']:.3g}, {factor:.3g} times its size."
        )


def backpropagate(
    model: Model, X: ArrayLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> Backpropagation:
    """Propagate rows forward and their loss back, and keep what every layer saw, in float64.

    With ``a_l = f_l(a_{l−1})`` the slopes are ``∂L/∂a_{l−1} = ∂L/∂a_l · ∂f_l/∂a_{l−1}``, of the
    mean loss ``L = Σ s_i L_i / Σ s_i``; the gradient of a layer's parameters is
    ``∂L/∂a_l · ∂f_l/∂w_l``. In prediction mode; the model is only read.

    Parameters
    ----------
    model : Model
        A trained network.
    X : array-like, shape (n, *input_shape)
        Rows; a few are enough to look at.
    y : array-like, shape (n,) or (n, outputs)
        Their targets.
    sample_weight : array-like, shape (n,), optional
        How much each row counts, at least 0; a row of weight 0 is absent.

    Returns
    -------
    Backpropagation
        Its ``to_frame()`` is a table with a row per layer.

    Raises
    ------
    ParameterError
        If model is no Model.
    DataError
        If X or y does not suit the model.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.random.default_rng(0).normal(size=(16, 2))
    >>> network = rv.Network([rv.Dense(3, activation="tanh"), rv.Dense(1)])
    >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
    >>> found = rv.backpropagate(model, X, X[:, 0])
    >>> {name: slope.shape for name, slope in found.slopes.items()}
    {'dense_1': (16, 3), 'activation_1': (16, 3), 'dense_2': (16, 1)}
    """
    at = ModelGradients(model, X, y, sample_weight)
    sum_of_losses, flat, outputs, slopes = at.engine.by_layer(
        at.w, at.state, at.X, at.y, at.weights
    )
    total = len(at) if at.weights is None else float(at.weights.sum())
    names = [layer["name"] for layer in at.layers]
    return Backpropagation(
        activations=dict(zip(names, outputs, strict=True)),
        slopes={n: s / total for n, s in zip(names, slopes, strict=True) if s is not None},
        gradients=Gradient(flat / total, at.named(flat / total), sum_of_losses / total),
        kinds={layer["name"]: layer["kind"] for layer in at.layers},
        loss=sum_of_losses / total,
    )


def _rms(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))
