"""Layers that are random while training: Dropout, GaussianNoise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.layers.base import (
    Layer,
)
from ravine.specs.rules import (
    Flag,
    Maybe,
    Number,
    Rule,
    broken,
)

__all__ = ["Dropout", "GaussianNoise"]


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Set each input to 0 with probability p in training, scale the others by ``1 / (1 − p)``.

    Prediction does not change the input, unless `ravine.Model.predict` is asked for samples.

    Parameters
    ----------
    rate : float
        p, in [0, 1).
    fades : bool, default False
        Whether p falls to 0: with q the elapsed fraction of ``length``, it is ``rate`` for q < ½,
        then ``rate · (1 − cos(2π q)) / 2``, and 0 from q = 1 on.
    length : float, optional
        Epochs that the fading takes, greater than 0; only with ``fades``. None: the whole run. To
        resume a run from its checkpoint with more epochs, set a length from the start.

    References
    ----------
    Srivastava et al. (2014), JMLR 15, 1929-1958. Departure: the scale is applied in training.
    Fading: Holzmüller, Grinsztajn & Steinwart (2024), Better by Default, NeurIPS, appendix A.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Dropout(0.2)
    Dropout(0.2)
    """

    rate: float
    _: KW_ONLY
    fades: bool = False
    length: float | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "rate": Number(at_least=0, below=1),
        "fades": Flag(),
        "length": Maybe(Number(above=0)),
    }

    def _check(self) -> None:
        if self.length is not None and not self.fades:
            raise broken("Dropout", "length", "None unless fades is True", self.length)


@dataclass(frozen=True, repr=False)
class GaussianNoise(Layer):
    """Add normal noise in training: ``y = x + stddev · z``, z standard normal.

    Prediction does not change the input.

    Parameters
    ----------
    stddev : float
        Standard deviation in units of the layer's input, at least 0.

    References
    ----------
    Bishop (1995), Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation
    7(1).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.GaussianNoise(0.1)
    GaussianNoise(0.1)
    """

    stddev: float

    _rules: ClassVar[Mapping[str, Rule]] = {"stddev": Number(at_least=0)}
