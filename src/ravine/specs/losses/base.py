"""What every loss says of itself, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, get_args

from ravine.errors import DataError, SpecError
from ravine.specs.losses.domains import DOMAINS, DomainName
from ravine.specs.losses.links import LINKS, LinkName
from ravine.specs.spec import Spec, for_engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from ravine.specs.rules import Number

__all__ = ["Loss"]

Numbers: TypeAlias = "NDArray[np.float64]"

#: What each trait says, for the error where one is missing, and the values that it can have.
_TRAITS: Mapping[str, tuple[str, type | tuple[str, ...]]] = {
    "link": ("how predictions follow from outputs", get_args(LinkName)),
    "targets": ("at which targets it is defined", get_args(DomainName)),
    "predicts": ("which statistic of the target has the lowest mean loss", str),
    "unit_power": ("k, where the loss grows with the k-th power of the target's unit", int),
    "measure": ("what its mean is called in pictures", str),
}


#: The traits of a custom loss that does not say otherwise; others have its name.
_DEFAULTS: Mapping[str, Any] = {"link": "identity", "targets": "real", "unit_power": None}


class Loss(Spec):
    """The base of every loss, and the way to write a custom one.

    A custom loss is a subclass with the methods `value` and `slope`. It works wherever other losses
    do, more slowly; `ravine.check_gradients` checks its slope. A file keeps only its name (see
    `ravine.Model.put_back`).

    A loss says of itself five traits and a method, `baseline`; all else follows from them. Ravine's
    own define all of them. A custom one need not: without them it is a loss of numbers whose
    prediction is the output itself, and what needs to know more (a table's unit, a constant
    baseline) raises an error. The traits are class attributes; a value that is unknown is refused
    when the class is defined:

    ``link``
        ``"identity"``, ``"log"``, ``"logit"`` or ``"softmax"``: the function that turns a
        prediction p into the output z of the last layer.
    ``targets``
        ``"real"`` (any number), ``"non_negative"``, ``"positive"``, ``"binary"`` (labels of two
        classes for one output; a 0 or 1 for each of several) or ``"classes"`` (labels of one class
        out of K). A loss of labels classifies.
    ``predicts``
        A word for the statistic of the target that has the lowest mean loss, such as ``"mean"``.
        Losses that predict the ``"mean"`` count as unbiased in the split of errors into bias and
        variance.
    ``unit_power``
        k in ``L(c y + a, c p + a) = c^k L(y, p)`` for every c > 0, up to terms in y alone; a is 0
        but for an identity link with ``"real"`` targets. Parameters in the target's unit are c
        times as large on the left. 0 for a loss of labels.
    ``measure``
        What its mean is called in pictures, such as ``"mean absolute error"``.
    ``measured_as_root``
        Whether that measure is the square root of the mean loss. False unless it is set.

    Raises
    ------
    SpecError
        If a class is defined with a trait of an unknown value.

    Examples
    --------
    >>> import ravine as rv
    >>> loss = rv.Network([rv.Dense(1)], loss="huber").loss
    >>> loss
    Huber()
    >>> loss.link, loss.targets, loss.predicts, loss.unit_power, loss.measure
    ('identity', 'real', 'Huber mean', 2, 'Huber loss')
    >>> class Quartic(rv.losses.Loss):
    ...     def value(self, z, y):
    ...         return ((z - y) ** 4).sum(axis=1)
    ...
    ...     def slope(self, z, y):
    ...         return 4 * (z - y) ** 3
    >>> network = rv.Network([rv.Dense(1)], loss=Quartic())
    >>> rv.check_gradients(network, [[0.5], [-1.0]], [1.0, 2.0]).passed
    True
    """

    link: ClassVar[LinkName]
    targets: ClassVar[DomainName]
    predicts: ClassVar[str]
    unit_power: ClassVar[int | None]
    measure: ClassVar[str]
    measured_as_root: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        module = cls.__module__  # examples of this module are custom
        is_custom = not module.startswith("ravine.") or module == __name__
        for name, (meaning, known) in _TRAITS.items():
            if is_custom and not hasattr(cls, name):
                setattr(cls, name, _DEFAULTS.get(name, cls.__name__))
                continue
            if not hasattr(cls, name):
                raise SpecError(f"The loss {cls.__name__} lacks the trait '{name}': {meaning}.")
            value = getattr(cls, name)
            good = value in known if isinstance(known, tuple) else type(value) is known
            good = good or (value is None and name == "unit_power")
            if not good:
                what = (
                    f"one of {known}" if isinstance(known, tuple) else f"of type {known.__name__}"
                )
                raise SpecError(
                    f"The trait '{name}' of the loss {cls.__name__} must be {what}. Got {value!r}."
                )
        if cls.baseline is Loss.baseline and not is_custom:
            raise SpecError(
                f"The loss {cls.__name__} lacks the method 'baseline': the constant prediction "
                "that has the lowest mean loss."
            )

    def value(self, z: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> ArrayLike:
        """Compute the loss of each row: what a custom loss defines.

        Parameters
        ----------
        z : ndarray of shape (rows, outputs)
            What the last layer gives, in the precision of training.
        y : ndarray of shape (rows, outputs)
            The targets; for ``"classes"`` a row holds a 1 for the class, and 0 for all others.

        Returns
        -------
        ndarray of shape (rows,)
            A number for each row, whatever the number of outputs.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def slope(self, z: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> ArrayLike:
        """Compute the derivative of each row's loss: what a custom loss defines.

        Parameters
        ----------
        z, y : ndarray of shape (rows, outputs)
            As for `value`.

        Returns
        -------
        ndarray of shape (rows, outputs)
            ∂value/∂z.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        from ravine.specs.custom import LossPart

        part = LossPart(self, LINKS[self.link].predictions)
        return {"part": part, "classifies": self.classifies, "link": self.link}

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the constant prediction that has the lowest mean loss.

        Parameters
        ----------
        y : numpy.ndarray of float64, shape (n, outputs)
            Targets; for ``"classes"`` a row holds a 1 for the class, and 0 for all others.
        weights : numpy.ndarray of float64, shape (n,)
            How much each row counts.

        Returns
        -------
        numpy.ndarray of float64, shape (outputs,)
            The prediction, which has passed the link: a mean, a probability.

        Examples
        --------
        >>> import numpy as np
        >>> from ravine.losses import AbsoluteError
        >>> AbsoluteError().baseline(np.array([[1.0], [2.0], [9.0]]), np.ones(3))
        array([2.])
        """
        raise SpecError(
            f"The custom loss {type(self).__name__} does not say which constant prediction has "
            "its lowest mean.",
            hint="Define baseline(y, weights).",
        )

    @property
    def classifies(self) -> bool:
        """Whether targets are labels of classes and predictions are their probabilities."""
        return self.targets in ("binary", "classes")

    @property
    def is_movable(self) -> bool:
        """Whether a constant may be added to targets and predictions alike, as standardising does.

        Not with another link than the identity, and not where only some numbers can be targets.
        """
        return self.link == "identity" and self.targets == "real"

    def takes_labels(self, n_outputs: int) -> bool:
        """Whether targets are labels of any sort, one a row; otherwise one number per output."""
        return self.targets == "classes" or (self.targets == "binary" and n_outputs == 1)

    def mean(
        self, predictions: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Give the mean loss of predictions, as training and evaluation compute it.

        Parameters
        ----------
        predictions : array-like, shape (n, outputs)
            Numbers or probabilities: what `Model.predict` and `Model.predict_proba` give. float32
            is computed in float32, all else in float64.
        y : array-like, shape (n,) or (n, outputs)
            Targets; for ``"classes"`` their codes, 0 … outputs − 1.
        sample_weight : array-like, shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            ``Σ s_i L_i / Σ s_i``, where L_i is the mean over the outputs.

        Raises
        ------
        DataError
            If a prediction or a target lies where the loss is not defined, or shapes do not fit.

        Examples
        --------
        >>> from ravine.losses import Poisson
        >>> Poisson().mean([[1.0], [1.0]], [2.0, 0.0])
        1.0
        """
        import numpy as np

        single = getattr(predictions, "dtype", None) == np.float32
        found = _numbers(predictions, np.float32 if single else np.float64, "predictions")
        if found.ndim != 2 or not found.size:
            raise DataError(
                "Predictions must have a row for each target and a column for each output. Got an "
                f"array of shape {found.shape}."
            )
        link = LINKS[self.link]
        if not link.holds(found).all():
            raise DataError(
                f"Predictions of the loss {type(self).__name__} must lie between {link.lowest:g} "
                f"and {link.highest:g}. Got {found[~link.holds(found)][0]:g}."
            )
        targets = self._as_matrix(y, found)
        weights = None
        if sample_weight is not None:
            weights = _numbers(sample_weight, found.dtype, "sample_weight")
            if weights.shape != found.shape[:1]:
                raise DataError(
                    f"sample_weight must have one weight for each of the {len(found)} rows. Got an "
                    f"array of shape {weights.shape}."
                )
            if not (weights >= 0).all() or not weights.any():
                raise DataError("sample_weight must be at least 0 in every row, and not 0 in all.")
        return self._mean_at(np.ascontiguousarray(link.outputs(found)), targets, weights)

    def _as_matrix(self, y: ArrayLike, predictions: NDArray[Any]) -> NDArray[Any]:
        """Check targets, and give them the two axes and the type that the engine reads."""
        n, outputs = predictions.shape
        columns = 1 if self.targets == "classes" else outputs
        values = _numbers(y, predictions.dtype, "targets")
        if values.shape not in ((n, columns), (n,) if columns == 1 else ()):
            raise DataError(
                f"Targets must have the shape {(n, columns)}, to suit predictions of shape "
                f"{(n, outputs)}. Got {values.shape}."
            )
        domain = DOMAINS[self.targets]
        wrong, rule = domain.outside(values), domain.rule
        if self.targets == "classes":
            wrong, rule = wrong | (values >= outputs), f"codes of classes, 0 … {outputs - 1}"
        if wrong.any():
            raise DataError(
                f"Targets of the loss {type(self).__name__} must be {rule}. Got "
                f"{values[wrong][0]:g}."
            )
        return values.reshape(n, columns)

    def _mean_at(
        self, outputs: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        """Ask the engine for the mean loss of outputs z, before the link."""
        from ravine.engine import _engine

        return float(_engine.mean_loss(for_engine(self), outputs, y, weights))


def _numbers(values: ArrayLike, dtype: DTypeLike, what: str) -> NDArray[Any]:
    """Make an array such as the engine reads."""
    import numpy as np

    try:
        return np.ascontiguousarray(values, dtype)
    except (TypeError, ValueError) as error:
        raise DataError(f"The {what} of a loss must be numbers: {error}.") from error
