"""What a loss says of itself is true of what the engine computes, loss by loss."""

import ast
import math
import types
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

import ravine
import ravine as rv
from ravine import losses
from ravine.data.gate import as_targets
from ravine.engine.handles import engine_network
from ravine.errors import DataError, SpecError
from ravine.losses import Loss
from ravine.specs.losses import LOSSES
from ravine.specs.losses.domains import DOMAINS
from ravine.specs.losses.links import LINKS
from tests.builders.losses import CASES, as_given, targets

RNG = np.random.default_rng(0)
N = 60
WEIGHTS = np.r_[RNG.uniform(0.5, 3, N - 5), np.zeros(5)]


each_loss = pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.loss))


def predictions(loss, outputs=3, seed=2):
    found = np.random.default_rng(seed).normal(1, 2, (N, outputs))
    if loss.link == "softmax":
        return np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    return {"identity": found, "log": np.exp(found / 3), "logit": 1 / (1 + np.exp(-found))}[
        loss.link
    ]


def test_every_loss_has_a_row():
    assert {type(case.loss) for case in CASES} == set(LOSSES.kinds.values())


@each_loss
def test_the_loss_worked_by_hand(case):
    if case.loss.targets == "classes":  # p = (¼, ¾), and the first of them is the class
        known = {0.0: math.log(4), 0.2: 0.9 * math.log(4) + 0.1 * math.log(4 / 3)}
        found = case.loss.mean([[0.25, 0.75]], [0])
        assert found == pytest.approx(known[case.loss.label_smoothing], rel=1e-12)
    else:
        y, p, value = case.worked
        assert case.loss.mean([[p]], [y]) == pytest.approx(value, rel=1e-12)


@each_loss
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_the_mean_loss_is_the_formula_averaged(case, weights):
    y, p = targets(case.loss), predictions(case.loss)
    known = np.average(case.formula(y, p).mean(axis=1), weights=weights)
    given = as_given(case.loss, y)
    assert case.loss.mean(p, given, weights) == pytest.approx(known, rel=1e-12)
    single = case.loss.mean(p.astype(np.float32), given, weights)
    assert single == pytest.approx(known, rel=1e-5)


@each_loss
def test_a_models_loss_is_the_mean_loss_of_what_it_predicts(case):
    loss = case.loss
    y = as_given(loss, targets(loss))
    X = RNG.normal(size=(N, 4))
    network = rv.Network([rv.Dense(3)], loss=loss)
    model = rv.train(network, X, y, rv.Recipe(epochs=2, dtype="float64"))
    found = model.predict_proba(X) if loss.classifies else model.predict(X)
    assert LINKS[loss.link].holds(found).all()
    assert model.evaluate(X, y, WEIGHTS)["loss"] == pytest.approx(
        loss.mean(found, y, WEIGHTS), rel=1e-12
    )


@each_loss
def test_no_constant_prediction_has_a_lower_loss_than_the_baseline(case):
    loss, y = case.loss, targets(case.loss)
    given, link = as_given(loss, y), LINKS[case.loss.link]
    baseline = loss.baseline(y, WEIGHTS)
    assert baseline.shape == (3,)

    def value(z):
        return loss._mean_at(np.tile(z, (N, 1)), np.reshape(given, (N, -1)).astype(float), WEIGHTS)

    start = link.outputs(baseline)
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000}
    for away in (0.3, -0.8):
        least = minimize(value, start + away, method="Nelder-Mead", options=options).fun
        assert loss.mean(np.tile(baseline, (N, 1)), given, WEIGHTS) <= least + 1e-12
        assert value(start) == pytest.approx(least, abs=1e-6)


@each_loss
def test_a_row_of_weight_0_is_absent_from_the_baseline(case):
    y, present = targets(case.loss), WEIGHTS > 0
    found = case.loss.baseline(y, WEIGHTS)
    np.testing.assert_allclose(found, case.loss.baseline(y[present], WEIGHTS[present]), rtol=1e-12)


@each_loss
@pytest.mark.parametrize("c", [0.01, 7.0])
def test_the_loss_grows_with_its_power_of_the_unit_up_to_a_term_in_y_alone(case, c):
    loss = case.loss
    if loss.classifies:
        assert loss.unit_power == 0  # labels have no unit
        return
    shift = 5.0 if loss.is_movable else 0.0
    rescaled = case.rescaled(c) if case.rescaled else loss
    y = targets(loss)
    terms = [
        rescaled.mean(c * p + shift, c * y + shift) - c**loss.unit_power * loss.mean(p, y)
        for p in (predictions(loss), predictions(loss, seed=3))
    ]
    assert terms[0] == pytest.approx(terms[1], rel=1e-9, abs=1e-9)
    if loss.is_movable:
        assert terms[0] == pytest.approx(0, abs=1e-9)


@each_loss
def test_only_targets_of_its_domain_are_taken(case):
    loss, y = case.loss, as_given(case.loss, targets(case.loss))
    p, domain = predictions(loss), DOMAINS[loss.targets]
    assert not domain.outside(y).any()
    wrong = y.astype(float)
    wrong.flat[4] = np.nan if case.bad is None else case.bad
    with pytest.raises(DataError, match=f"Targets of the loss {type(loss).__name__} must be "):
        loss.mean(p, wrong)
    as_targets(y, loss, 3)
    if loss.targets != "classes":  # whose labels may be anything
        with pytest.raises(DataError, match="y "):
            as_targets(wrong, loss, 3)


@each_loss
@pytest.mark.parametrize("outputs", [1, 3])
def test_labels_are_what_a_loss_says_that_it_takes(case, outputs):
    loss = case.loss
    if loss.targets == "classes" and outputs == 1:
        return  # needs an output per class
    known = loss.targets == "classes" or (loss.targets == "binary" and outputs == 1)
    assert loss.takes_labels(outputs) is known
    if known:
        assert as_targets(list("abc")[: max(outputs, 2)], loss, outputs).classes is not None


@each_loss
def test_the_engine_classifies_where_the_loss_says_so(case):
    network = rv.Network([rv.Dense(2)], loss=case.loss).to_dict()
    assert engine_network(network, (3,), 0.0, "float64").classifies is case.loss.classifies


@each_loss
def test_a_prediction_out_of_range_is_refused(case):
    loss, p = case.loss, predictions(case.loss)
    y = as_given(loss, targets(loss))
    p[3, 0] = np.inf if loss.link == "identity" else 0.0
    with pytest.raises(DataError, match=rf"loss {type(loss).__name__} must lie between"):
        loss.mean(p, y)
    p[3, 0] = np.nan
    with pytest.raises(DataError, match="must lie between"):
        loss.mean(p, y)


@each_loss
def test_shapes_that_do_not_fit_are_refused(case):
    p, y = predictions(case.loss), as_given(case.loss, targets(case.loss))
    with pytest.raises(DataError, match="Targets must have the shape"):
        case.loss.mean(p, y[1:])
    with pytest.raises(DataError, match="a column for each output"):
        case.loss.mean(p[:, 0], y)
    with pytest.raises(DataError, match="sample_weight must have one weight for each"):
        case.loss.mean(p, y, WEIGHTS[1:])


@each_loss
def test_a_docstring_gives_the_formula_in_its_second_paragraph(case):
    formula = type(case.loss).__doc__.split("\n\n")[1].strip()
    assert formula.startswith("``")


def test_weights_that_weigh_nothing_and_what_is_no_number_are_refused():
    loss = losses.SquaredError()
    for weights in ([0.0, 0.0], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(DataError, match="sample_weight must be at least 0"):
            loss.mean([[1.0], [2.0]], [1.0, 2.0], weights)
    with pytest.raises(DataError, match="targets of a loss must be numbers"):
        loss.mean([[1.0]], ["a"])
    with pytest.raises(DataError, match=r"must be codes of classes, 0 … 1\. Got 2"):
        losses.CrossEntropy().mean([[0.5, 0.5]], [2])


def test_a_baseline_of_extreme_targets_is_in_their_middle():
    y = np.array([[-1e308], [1e308]])
    for loss in (losses.Huber(), losses.AbsoluteError(), losses.Quantile()):
        np.testing.assert_array_equal(loss.baseline(y, np.ones(2)), 0)


TRAITS = {
    "link": "identity",
    "targets": "real",
    "predicts": "mode",
    "unit_power": 1,
    "measure": "made-up loss",
    "baseline": lambda self, y, weights: y[0],
}


def define(module="ravine.specs.losses.made_up", **traits):
    traits["__module__"] = module
    return types.new_class("MadeUp", (Loss,), {}, lambda space: space.update(traits))


def test_a_loss_with_all_traits_can_be_defined():
    assert define(**TRAITS).measure == "made-up loss"


@pytest.mark.parametrize("name", TRAITS)
def test_a_loss_that_lacks_a_trait_cannot_be_defined(name):
    rest = {key: value for key, value in TRAITS.items() if key != name}
    with pytest.raises(SpecError, match=f"The loss MadeUp lacks the (trait|method) '{name}': "):
        define(**rest)


@pytest.mark.parametrize("name", TRAITS)
def test_a_custom_loss_may_lack_a_trait_and_then_says_no_more_than_is_known(name):
    rest = {key: value for key, value in TRAITS.items() if key != name}
    loss = define("elsewhere", **rest)
    if name == "baseline":
        with pytest.raises(SpecError, match="does not say which constant prediction"):
            loss().baseline(np.ones((2, 1)), np.ones(2))
    else:
        known = {"link": "identity", "targets": "real", "unit_power": None}
        assert getattr(loss, name) == known.get(name, "MadeUp")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("link", "probit"),
        ("targets", "counts"),
        ("unit_power", 2.0),
        ("measure", None),
        ("predicts", 1),
    ],
)
def test_a_trait_of_an_unknown_value_is_refused(name, value):
    with pytest.raises(
        SpecError, match=f"trait '{name}' of the loss MadeUp must be .* Got {value!r}"
    ):
        define(**TRAITS | {name: value})


# --- No other place knows single losses --------------------------------------------------------

PACKAGE = Path(ravine.__file__).parent
#: scikit-learn's own value of Poisson's loss has a term in y alone, which ravine's has not.
MEANT = {("estimators/mlp/recipe.py", "Poisson")}
#: The choice of a NeuralRegressor that its parameter `quantiles` belongs to.
CHOICES = {"quantile"}


def test_no_other_module_asks_which_loss_it_has():
    found, names = set(), set()
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith("specs/losses/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                classes = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
                found |= {(place, name) for name in classes & set(LOSSES.kinds)}
            if isinstance(node, ast.Compare):
                texts = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
                names |= texts & {*LOSSES.shorthands, *LOSSES.kinds}
    assert found == MEANT
    assert names == CHOICES
