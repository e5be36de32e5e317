"""Parameters and docstrings of estimators, which stand once for both of a pair."""

import inspect
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone

import ravine as rv
from ravine.estimators.parameters import documented, documented_like

PAIRS = [(rv.MLPClassifier, rv.MLPRegressor), (rv.NeuralClassifier, rv.NeuralRegressor)]


def entries(cls, title="Parameters"):
    """Give the entries of a section of a docstring by their names."""
    text = cls.__doc__.partition(f"{title}\n{'-' * len(title)}\n")[2].partition("\n\n")[0]
    found = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            name = line.partition(" : ")[0]
        found[name] = [*found.get(name, []), line]
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=["MLP", "Neural"])
def test_what_both_have_means_the_same(pair):
    one, other = (entries(cls) for cls in pair)
    own = {"loss", "monitor", "label_smoothing", "calibrate", "class_weight", "quantiles"}
    own |= {"clip_predictions"}
    for name in {*one, *other} - own:
        assert one[name] == other[name]
    one, other = (inspect.signature(cls).parameters for cls in pair)
    for name in set(one) & set(other) - {"loss"}:
        assert one[name] == other[name]


@pytest.mark.parametrize("cls", [cls for pair in PAIRS for cls in pair])
def test_parameters_are_documented_in_the_order_of_the_signature(cls):
    documented = [name for names in entries(cls) for name in names.split(", ")]
    assert documented == list(inspect.signature(cls).parameters)


def test_a_subclass_adds_a_parameter_by_a_field():
    @documented
    @dataclass(eq=False, repr=False, kw_only=True)
    class Halved(rv.NeuralRegressor):
        """Half of what is predicted.

        Parameters
        ----------
        factor : float, default 0.5
            What predictions are multiplied with.
        """

        factor: float = 0.5

        def predict(self, X):
            """Predict."""
            return self.factor * super().predict(X)

    X = np.random.default_rng(0).normal(size=(40, 1))
    halved = Halved(1, (4,), epochs=2, variants=None, n_jobs=1, random_state=0, factor=0.25)
    assert repr(halved).startswith("Halved(")
    assert halved.get_params()["factor"] == 0.25
    whole = rv.NeuralRegressor(1, (4,), epochs=2, variants=None, n_jobs=1, random_state=0)
    expected = 0.25 * whole.fit(X, X[:, 0]).predict(X)
    np.testing.assert_array_equal(clone(halved).fit(X, X[:, 0]).predict(X), expected)
    assert "float, default 0.5" in Halved.__doc__


def test_attributes_notes_and_references_of_a_base_come_along():
    names = entries(rv.NeuralRegressor, "Attributes")
    assert {"schema_", "members_", "notes_"} <= set(names)
    assert "lowest level first" in "".join(names["members_"])  # its own words, not the base's
    assert rv.NeuralRegressor.__doc__.count("\nNotes\n-----\n") == 1
    for text in ("Holzmüller", "Chernozhukov"):
        assert rv.NeuralRegressor.__doc__.count(text) == 1
    assert "Chernozhukov" not in rv.NeuralClassifier.__doc__


def test_a_method_takes_the_documentation_of_its_own_arguments_alone():
    def source(X, groups):
        """Do it.

        Parameters
        ----------
        X : array
            Rows.
        groups : array
            Groups.

        Returns
        -------
        object
            Something.
        """

    @documented_like(source)
    def method(X, classes):
        """Do another thing.

        Parameters
        ----------
        classes : list
            All of them.
        """

    assert inspect.cleandoc(method.__doc__) == (
        "Do another thing.\n\nParameters\n----------\nX : array\n    Rows.\n"
        "classes : list\n    All of them."
    )


def test_without_docstrings_there_is_nothing_to_inherit():
    bare = type("Bare", (), {"__doc__": None})
    assert documented(bare).__doc__ is None
    assert documented_like(len)(lambda X: X).__doc__ is None
