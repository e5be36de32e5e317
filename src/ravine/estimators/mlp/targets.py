"""Class labels as a network reads them, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target, unique_labels

from ravine.errors import DataError

__all__ = ["Labels"]

LabelKind = Literal["binary", "multiclass", "multilabel"]


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a classifier.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        One probability; one for each of several exclusive classes; or one for each label.
    classes : ndarray
        In ascending order; for several labels their numbers.
    sparse : bool, default False
        Whether labels are sparse matrices, in y and in predictions.

    Examples
    --------
    >>> labels = Labels.learn(np.array(["b", "a", "b"]))
    >>> labels.kind, labels.encode(np.array(["b", "a", "b"]))
    ('binary', array([1, 0, 1]))
    >>> labels.decode(np.array([[0.2, 0.8], [0.9, 0.1]]))
    array(['b', 'a'], dtype='<U1')
    """

    kind: LabelKind
    classes: NDArray[Any]
    sparse: bool = False

    @classmethod
    def learn(cls, y: Any, classes: Any = None) -> Labels:
        """Find the classes in targets, or use the known ones."""
        plain = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biuU"
        target = "multiclass" if plain else type_of_target(y, input_name="y", raise_unknown=True)
        if "multioutput" in target:
            raise DataError(
                "MLPClassifier takes one column of classes, or a 0/1 matrix of labels: multioutput "
                "targets with several classes a column are not supported.",
                hint="Use sklearn.multioutput.MultiOutputClassifier.",
            )
        if target not in ("binary", "multiclass", "multilabel-indicator"):
            raise DataError(f"Unknown label type: {target}. Classes are needed, not numbers.")
        if target == "multilabel-indicator":
            return cls("multilabel", np.arange(y.shape[1]), scipy.sparse.issparse(y))
        found = np.unique(y) if classes is None else unique_labels(classes)
        return cls("binary" if len(found) <= 2 else "multiclass", found)

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return 1 if self.kind == "binary" else len(self.classes)

    @property
    def codes(self) -> NDArray[np.int64] | None:
        """The codes of the classes, as the network knows them."""
        return None if self.kind == "multilabel" else np.arange(max(2, len(self.classes)))

    def check_known(self, y: Any, *, all_of_them: bool) -> None:
        """Check that targets hold only known classes, or exactly the known ones."""
        found = unique_labels(y)
        if all_of_them and set(found) != set(self.classes):
            raise DataError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {found}."
            )
        if len(np.setdiff1d(found, self.classes)):
            raise DataError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes}. 'y' has {found}."
            )

    def check_same(self, y: Any, name: str) -> None:
        """Check that other targets are of the same sort and hold only known classes."""
        if self.kind == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise DataError(
                    f"{name} must be a 0/1 matrix of {len(self.classes)} labels, as y is. Got an "
                    f"array of shape {y.shape}."
                )
            return
        unknown = np.setdiff1d(unique_labels(y), self.classes)
        if len(unknown):
            raise DataError(
                f"{name} has classes that y does not have: {unknown}. y has {self.classes}.",
                hint="Leave out these rows, or train with rows of every class.",
            )

    def encode(self, y: Any) -> NDArray[Any]:
        """Give codes, or a 0/1 matrix of labels."""
        if self.kind == "multilabel":
            return np.asarray(y.toarray() if scipy.sparse.issparse(y) else y)
        return np.asarray(np.searchsorted(self.classes, y))

    def decode(self, probabilities: NDArray[Any]) -> Any:
        """Give the most probable class of each row, or the labels that are more likely than not."""
        if self.kind == "multilabel":
            found = (probabilities > 0.5).astype(np.int64)
            return scipy.sparse.csr_matrix(found) if self.sparse else found
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(probabilities))
        return self.classes[probabilities.argmax(axis=1)]
