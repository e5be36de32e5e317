"""A file keeps the names of custom parts: what was saved can be looked at, and runs with them."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError, ParameterError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.custom_parts import (
    RELU,
    Linear,
    LogLoss,
    Momentum,
    Relu,
    Ridge,
    Smooth,
    everything,
)
from tests.builders.small_runs import X, Y, weights


@pytest.fixture
def saved(tmp_path):
    network, recipe = everything()
    model = rv.train(network, X, Y, recipe.replace(epochs=2))
    path = tmp_path / "model.safetensors"
    model.save(path)
    return model, path


def test_a_loaded_model_shows_what_it_was_trained_with(saved):
    model, path = saved
    loaded = rv.load(path)
    assert repr(loaded.network) == (
        "Network([\n"
        "    UnsavedLayer('Linear(6)'),\n"
        "    UnsavedLayer('Relu()'),\n"
        "    Dense(4, activation=Activation(relu, slope=step)),\n"
        "    UnsavedLayer('Linear(1)'),\n"
        "], loss=UnsavedLoss('Smooth(delta=0.5)'))"
    )
    assert repr(loaded.recipe.optimizer) == (
        "UnsavedOptimizer('Momentum(learning_rate=Decay(0.05, 0.1))')"
    )
    assert repr(loaded.recipe.penalty) == "UnsavedPenalty('Ridge(0.01)')"
    assert repr(loaded.recipe.augmentation) == "(UnsavedAugmentation('Jitter(0.1)'),)"
    assert loaded.parameters.keys() == model.parameters.keys()
    assert "linear_1.weight" in loaded.parameters
    np.testing.assert_array_equal(weights(loaded), weights(model))
    drawn = [str(m.summary()).partition("\nloss")[0] for m in (loaded, model)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(X),
        lambda model: model.evaluate(X, Y),
        lambda model: rv.train(model.network, X, Y, rv.Recipe(epochs=1)),
        lambda model: rv.train(rv.Network([rv.Dense(1)]), X, Y, model.recipe),
        lambda model: rv.train(rv.Network([rv.Dense(1)], model.network.loss), X, Y),
        lambda model: rv.train(
            rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(penalty=model.recipe.penalty)
        ),
        lambda model: rv.train(
            rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(augmentation=model.recipe.augmentation)
        ),
        lambda model: rv.check_gradients(model.network, X, Y),
    ],
)
def test_a_stand_in_refuses_to_run_and_says_what_to_do(saved, use):
    with pytest.raises(ParameterError) as caught:
        use(rv.load(saved[1]))
    assert "is custom code, which a file cannot carry." in str(caught.value)
    assert "model.put_back(network, recipe)" in caught.value.hint


def test_a_model_with_its_parts_put_back_goes_on_as_if_it_had_never_been_saved(saved, tmp_path):
    model, path = saved
    network, recipe = everything()
    loaded = rv.load(path).put_back(network, recipe.replace(epochs=2))
    assert (loaded.network, loaded.recipe) == (model.network, model.recipe)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.evaluate(X, Y) == model.evaluate(X, Y)
    again = [rv.train(m.network, X, Y, m.recipe, start=m) for m in (loaded, model)]
    np.testing.assert_array_equal(weights(again[0]), weights(again[1]))


def test_a_model_of_stand_ins_can_be_saved_again(saved, tmp_path):
    model, path = saved
    other = tmp_path / "other.safetensors"
    rv.load(path).save(other)
    network, recipe = everything()
    found = rv.load(other).put_back(network, recipe.replace(epochs=2))
    np.testing.assert_array_equal(found.predict(X), model.predict(X))


def test_only_what_was_there_can_be_put_back(saved):
    loaded = rv.load(saved[1])
    network, recipe = everything()
    for changed in (
        rv.Network([Linear(6), Relu(), rv.Dense(4, activation=RELU), Linear(1)], Smooth(0.7)),
        rv.Network([Linear(6), rv.Dense(4, activation=RELU), Linear(1)], Smooth(0.5)),
        rv.Network([Linear(7), Relu(), rv.Dense(4, activation=RELU), Linear(1)], Smooth(0.5)),
    ):
        with pytest.raises(ParameterError, match="trained with another network"):
            loaded.put_back(changed)
    with pytest.raises(ParameterError, match="trained with another recipe"):
        loaded.put_back(recipe=recipe)  # more epochs
    with pytest.raises(ParameterError, match="put_back takes a Network"):
        loaded.put_back(recipe)

    class Other(Linear):
        """Another layer that shows itself as the one that was saved."""

        def parameters(self, input_shape):
            return {**super().parameters(input_shape), "extra": rv.Parameter(2)}

        def __repr__(self):
            return super().__repr__().replace("Other", "Linear")

    liar = rv.Network([Other(6), *network.layers[1:]], network.loss)
    with pytest.raises(ParameterError, match="other parameters than those of the model"):
        loaded.put_back(liar)


def test_a_saved_classifier_knows_its_classes(tmp_path):
    labels = np.where(Y > 0, "up", "down")
    network = rv.Network([rv.Dense(4, activation=RELU), rv.Dense(None)], LogLoss())
    model = rv.train(network, X, labels, rv.Recipe(epochs=3))
    path = tmp_path / "model.safetensors"
    model.save(path)
    loaded = rv.load(path)
    assert loaded.classes.tolist() == ["down", "up"]
    np.testing.assert_array_equal(loaded.put_back(network).predict(X), model.predict(X))


def test_a_run_with_a_custom_schedule_is_saved_by_its_name(tmp_path):
    path = tmp_path / "model.safetensors"
    network, recipe = rv.Network([rv.Dense(1)]), rv.Recipe(optimizer=rv.SGD(np.cos), epochs=1)
    rv.train(network, X, Y, recipe).save(path)
    loaded = rv.load(path)
    assert repr(loaded.recipe.optimizer) == (
        "SGD(learning_rate=UnsavedSchedule('FunctionOfTime(cos)'))"
    )
    assert loaded.predict(X).shape == Y.shape  # the network has nothing custom
    with pytest.raises(ParameterError, match="is custom code"):
        rv.train(network, X, Y, loaded.recipe)


@pytest.mark.parametrize(
    "change",
    [
        {"custom": 3},
        {"output_shape": [10**12]},
        {"output_shape": "x"},
        {"output_shape": []},
        {"parameters": [1]},
        {"parameters": {"weight": 3}},
        {"parameters": {"weight": [[3, 6], "king"]}},
        {"parameters": {"weight": [[2**30, 2**30], "weight"]}},
        {"parameters": {"we.ight": [[3, 6], "weight"]}},
        {"parameters": {"weight": [[3, 7], "weight"]}},
    ],
)
def test_a_file_that_lies_about_a_custom_layer_is_refused(saved, tmp_path, change):
    document, arrays = read_model_file(saved[1])
    document["network"]["layers"][0] |= change
    path = tmp_path / "lie.safetensors"
    write_model_file(path, document, arrays)
    with pytest.raises(FileError, match="holds no model that this ravine can use"):
        rv.load(path)


def test_names_of_custom_parts_are_compared_as_they_are_shown():
    assert Momentum(0.1) != Momentum(0.2)
    assert repr(Ridge(0.1)) != repr(Ridge(0.2))


def test_a_model_of_which_the_loss_alone_is_custom_predicts_but_does_not_evaluate(tmp_path):
    labels = np.where(Y > 0, "up", "down")
    for y, network in (
        (Y, rv.Network([rv.Dense(1)], Smooth())),
        (labels, rv.Network([rv.Dense(2)], LogLoss())),
    ):
        model = rv.train(network, X, y, rv.Recipe(epochs=2))
        model.save(tmp_path / "model.safetensors")
        loaded = rv.load(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        with pytest.raises(ParameterError, match="is custom code"):
            loaded.evaluate(X, y)


@pytest.mark.parametrize(
    "custom",
    [{"solver": Momentum(0.01)}, {"solver": rv.Adam(lambda t: 0.01 / (1 + t))}, {"loss": Smooth()}],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_loaded_estimator_predicts_but_does_not_train_without_its_custom_parts(tmp_path, custom):
    fitted = rv.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0, **custom).fit(
        X, Y
    )
    path = tmp_path / "mlp.safetensors"
    fitted.save(path)
    loaded = rv.load(path)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    for train in (loaded.fit, loaded.partial_fit):
        with pytest.raises(ParameterError, match="is custom code"):
            train(X, Y)
    again = loaded.set_params(**custom).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
