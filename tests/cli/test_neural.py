"""``ravine train`` with the neural estimators, and what the other commands make of them."""

from __future__ import annotations

import functools
import io
import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score

import ravine as rv
import ravine.tables.chunks
from ravine.cli.flags.estimator import choose_estimator, read_estimator_settings
from ravine.cli.flags.options import DataFlags, NetworkFlags, NeuralFlags, RecipeFlags, RunFlags
from ravine.errors import RavineError
from ravine.estimators.neural.classifier import NeuralClassifier
from ravine.estimators.neural.regressor import NeuralRegressor
from ravine.specs.recipe_file import RecipeFile
from ravine.tables.chunks import TableChunks
from tests.builders.command_line import run

N = 240
QUICK = ["--members", "2", "--hidden", "8", "--epochs", "2"]
MODELS = {
    "price": ["--target", "price", "--drop", "kind"],
    "kind": ["--target", "kind", "--drop", "price", "--balanced"],
    "open": ["--target", "open", "--drop", "price", "--refit"],
    "quantiles": ["--target", "price", "--drop", "kind", "--quantiles", "0.9,0.1,0.5"],
}


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, N),
            "age": np.where(rng.random(N) < 0.1, np.nan, rng.integers(1, 90, N)),
            "open": rng.random(N) < 0.5,
            "zip": rng.choice(["02134", "10001", "K1A"], N),
            "town": [f"town {i % 40}" for i in range(N)],
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N) * 7, unit="D"),
            "same": 1,
        }
    )
    frame["price"] = 1000 + 20 * frame["size"] + rng.normal(0, 5, N)
    frame["kind"] = np.where(frame["size"] > 45, "large", "small")
    return frame


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a table in two formats, and an estimator of each kind."""
    folder = tmp_path_factory.mktemp("neural")
    table().to_csv(folder / "homes.csv", index=False)
    table().to_parquet(folder / "homes.parquet")
    for name, words in MODELS.items():
        assert run("train", folder / "homes.csv", *words, *QUICK, "--out", folder / name) == 0
    return folder


@pytest.fixture(params=[7, 10**6])
def pieces(request, monkeypatch):
    """Tables are read in pieces of so many rows."""
    reader = functools.partial(TableChunks, rows=request.param)
    monkeypatch.setattr(ravine.tables.chunks, "TableChunks", reader)


def read() -> pd.DataFrame:
    return rv.tables.read_table("homes.csv")


def predicted(capsys, *words: object) -> pd.DataFrame:
    assert run("predict", *words) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


# --- Training -------------------------------------------------------------------------------------


def test_training_writes_an_estimator_its_history_a_picture_and_a_recipe(folder):
    names = ["history.csv", "learning_curve.png", "model.safetensors", "recipe.toml"]
    for name in MODELS:
        assert sorted(path.name for path in Path(name).iterdir()) == names
    assert isinstance(rv.load("price/model.safetensors"), NeuralRegressor)
    assert isinstance(rv.load("kind/model.safetensors"), NeuralClassifier)
    history = pd.read_csv("price/history.csv")
    assert history["epoch"].tolist() == [1, 2]
    np.testing.assert_allclose(history["val_loss"], history["val_rmse"] ** 2, rtol=0.3)


@pytest.mark.parametrize("name", ["price", "kind"])
def test_recipe_file_gives_the_same_file_bit_for_bit(folder, tmp_path, name):
    words = ["--recipe", f"{name}/recipe.toml", "--out", tmp_path / "again"]
    assert run("train", "homes.csv", *words) == 0
    again = (tmp_path / "again" / "model.safetensors").read_bytes()
    assert again == Path(name, "model.safetensors").read_bytes()
    said = tomllib.loads(Path(name, "recipe.toml").read_text())
    assert set(said) == {"estimator", "data"}
    assert said["estimator"]["n_members"] == 2


def test_flag_outdoes_the_recipe_file(folder, tmp_path):
    words = ["--recipe", "price/recipe.toml", "--seed", 7, "--members", 1]
    assert run("train", "homes.csv", *words, "--out", tmp_path) == 0
    estimator = rv.load(tmp_path / "model.safetensors")
    assert (estimator.random_state, estimator.n_members, estimator.epochs) == (7, 1, 2)


def test_scores_are_those_of_the_saved_estimator_on_rows_that_it_did_not_see(
    folder, tmp_path, capsys
):
    words = ["--recipe", "price/recipe.toml", "--out", tmp_path / "again", "--json"]
    assert run("train", "homes.csv", *words) == 0
    result = json.loads(capsys.readouterr().out)
    split = rv.tables.split_rows(N, test_fraction=0.2, validation_fraction=0, seed=0)
    estimator = rv.load("price/model.safetensors")
    assert result["rows"] == {"training": 192, "test": 48}
    for part, rows in (("training", split.training), ("test", split.test)):
        frame = read().iloc[rows]
        found = estimator.predict(frame[estimator.feature_names_in_])
        assert result["scores"][part]["r2"] == pytest.approx(r2_score(frame["price"], found))
        rmse = np.sqrt(np.mean((frame["price"] - read().iloc[split.training]["price"].mean()) ** 2))
        assert result["baseline"][part]["rmse"] == pytest.approx(rmse)
    assert result["members"] == 2 * (estimator.variant_weights_ > 0).sum()
    assert result["epochs"] == 2
    assert result["notes"] == [
        "Column 'same' is left out: it has the same value in every training row."
    ]


# --- Predicting, evaluating, describing -----------------------------------------------------------


@pytest.mark.parametrize("source", ["homes.csv", "homes.parquet"])
def test_predictions_probabilities_and_intervals_are_the_estimators(folder, pieces, capsys, source):
    of_price, of_kind = (rv.load(f"{name}/model.safetensors") for name in ("price", "kind"))
    frame = read()
    found = predicted(capsys, "price", source, "--interval", "0.8")
    assert found.columns.tolist() == ["prediction", "lower", "upper"]
    X = frame[of_price.feature_names_in_]
    np.testing.assert_allclose(found["prediction"], of_price.predict(X), rtol=1e-6)
    np.testing.assert_allclose(
        found[["lower", "upper"]], of_price.predict_interval(X, 0.8), rtol=1e-6
    )
    found = predicted(capsys, "kind", source, "--probabilities")
    assert found.columns.tolist() == ["prediction", "probability large", "probability small"]
    X = frame[of_kind.feature_names_in_]
    assert found["prediction"].tolist() == of_kind.predict(X).tolist()
    np.testing.assert_allclose(found.iloc[:, 1:], of_kind.predict_proba(X), rtol=1e-6)


def test_quantiles_have_a_column_each_and_never_cross(folder, pieces, capsys):
    found = predicted(capsys, "quantiles", "homes.csv")
    assert found.columns.tolist() == ["quantile 0.1", "quantile 0.5", "quantile 0.9"]
    assert (np.diff(found.to_numpy(), axis=1) >= 0).all()


def test_evaluate_gives_the_scores_that_scikit_learn_gives(folder, pieces, capsys):
    frame = read()
    for name, target in (("price", "price"), ("kind", "kind"), ("open", "open")):
        estimator = rv.load(f"{name}/model.safetensors")
        X, y = frame[estimator.feature_names_in_], frame[target]
        assert run("evaluate", name, "homes.csv", "--json") == 0
        found, predictions = json.loads(capsys.readouterr().out), estimator.predict(X)
        if name == "price":
            expected = {"r2": r2_score(y, predictions), "mae": mean_absolute_error(y, predictions)}
        else:
            shares = estimator.predict_proba(X)
            expected = {
                "accuracy": accuracy_score(y, predictions),
                "log_loss": log_loss(y, shares, labels=estimator.classes_),
            }
        assert {score: found[score] for score in expected} == pytest.approx(expected, rel=1e-5)
        assert found["rows"] == N


def test_evaluate_of_quantiles_counts_the_rows_inside(folder, pieces, capsys):
    assert run("evaluate", "quantiles", "homes.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    band = rv.load("quantiles/model.safetensors").predict(read().drop(columns=["price", "kind"]))
    price = read()["price"]
    inside = np.mean((band[:, 0] <= price) & (price <= band[:, 2]))
    assert found["inside"] == pytest.approx(inside)
    assert run("evaluate", "quantiles", "homes.csv") == 0
    assert "pinball loss" in capsys.readouterr().out


def test_columns_that_say_nothing_may_be_absent_when_predicting(folder, capsys):
    read().drop(columns=["same", "price", "kind"]).to_csv("bare.csv", index=False)
    expected = predicted(capsys, "price", "homes.csv")
    pd.testing.assert_frame_equal(predicted(capsys, "price", "bare.csv"), expected)


def test_row_of_a_bad_cell_is_named_as_in_the_file(folder, pieces, capsys):
    frame = read().astype({"size": object})
    frame.loc[99, "size"] = None
    frame.to_csv("hole.csv", index=False)
    frame.loc[99, "size"] = "big"
    frame.to_csv("text.csv", index=False)
    for name in ("hole.csv", "text.csv"):
        assert run("predict", "price", name) == 2
        err = capsys.readouterr().err
        assert "'size'" in err
        assert "row 100" in err


@pytest.mark.parametrize("name", MODELS)
def test_describe_names_columns_members_recipe_and_calibration(folder, capsys, name):
    assert run("describe", name) == 0
    out = capsys.readouterr().out
    calibration = "temperature" if name in ("kind", "open") else "validation rows"
    kind = "NeuralClassifier(" if name in ("kind", "open") else "NeuralRegressor("
    count = "5 variants of members, which count "
    for text in ("town", "Column 'same'", kind, calibration, count, "AdamW", "on average, epoch"):
        assert text in out
    assert run("describe", name, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    weights = np.array(result["variant_weights"])
    networks = 3 if name == "quantiles" else 1
    assert weights.shape == (networks, 5)
    assert result["members"] == 2 * networks * weights.any(axis=0).sum()
    assert result["estimator_parameters"]["n_members"] == 2


# --- Flags ----------------------------------------------------------------------------------------


def parameters_of(**flags: object) -> dict[str, object]:
    groups = [
        group(**{name: flags[name] for name in vars(group()) if name in flags})
        for group in (DataFlags, NetworkFlags, RecipeFlags, NeuralFlags)
    ]
    groups[0] = DataFlags(target="y", validation_fraction=flags.get("validation_fraction"))
    return dict(read_estimator_settings(RecipeFile(), *groups).parameters)


FLAGS = [
    ({"hidden": "64,32"}, {"hidden_layer_sizes": (64, 32)}),
    ({"hidden": "0"}, {"hidden_layer_sizes": ()}),
    ({"activation": "gelu", "dtype": "float64"}, {"activation": "gelu", "dtype": "float64"}),
    ({"batch_norm": True}, {"normalization": "batch"}),
    ({"batch_norm": False}, {"normalization": None}),
    ({"loss": "poisson"}, {"loss": "poisson"}),
    ({"learning_rate": 0.01, "dropout": 0.0}, {"learning_rate": 0.01, "dropout": 0.0}),
    ({"schedule": "one_cycle"}, {"schedule": "one_cycle"}),
    ({"batch_size": "32"}, {"batch_size": 32}),
    ({"batch_size": "full"}, {"batch_size": "full"}),
    ({"epochs": 7, "patience": 3}, {"epochs": 7, "patience": 3}),
    ({"patience": 0}, {"patience": None}),
    ({"clip_norm": 1.0, "averaging": 0.9}, {"clip_norm": 1.0, "averaging": 0.9}),
    ({"clip_norm": 0.0, "averaging": 0.0}, {"clip_norm": None, "averaging": None}),
    ({"weight_decay": 0.1, "seed": 3}, {"weight_decay": 0.1, "random_state": 3}),
    ({"validation_fraction": 0.1}, {"validation_fraction": 0.1}),
    ({"members": 3, "refit": True}, {"n_members": 3, "refit_full": True}),
    ({"balanced": True}, {"class_weight": "balanced"}),
    ({"quantiles": "0.5"}, {"loss": "quantile", "quantiles": [0.5]}),
]


@pytest.mark.parametrize(("flags", "parameters"), FLAGS)
def test_each_flag_sets_its_own_parameter(flags, parameters):
    assert parameters_of(**flags) == {"random_state": 0, **parameters}
    task = "classification" if "balanced" in flags else "regression"
    kind = NeuralClassifier if task == "classification" else NeuralRegressor
    assert set(parameters) <= set(kind().get_params())


def test_without_flags_the_estimators_keep_their_defaults():
    assert parameters_of() == {"random_state": 0}


OF_THE_OTHER = [
    (RecipeFlags(l2=0.1), "--l2", "mlp"),
    (RecipeFlags(optimizer="sgd"), "--optimizer", "mlp"),
    (RecipeFlags(momentum=0.9), "--momentum", "mlp"),
    (NetworkFlags(network="net.toml"), "--network", "mlp"),
    (RunFlags(checkpoint=5), "--checkpoint", "mlp"),
    (RunFlags(resume=True), "--resume", "mlp"),
    (NeuralFlags(members=3), "--members", "neural"),
    (NeuralFlags(refit=True), "--refit", "neural"),
]


@pytest.mark.parametrize(("group", "flag", "needed"), OF_THE_OTHER)
def test_flag_of_the_other_estimator_is_named_with_the_cure(group, flag, needed):
    wanted = "mlp" if needed == "neural" else None
    with pytest.raises(RavineError, match=f"{flag} needs --estimator {needed}.") as error:
        choose_estimator(wanted, RecipeFile(), group)
    assert flag in error.value.hint
    assert choose_estimator(needed, RecipeFile(), group) == needed


def test_recipe_file_says_which_estimator_it_is_for():
    of_network, of_estimator = RecipeFile(recipe=rv.Recipe()), RecipeFile(estimator={})
    assert choose_estimator(None, of_network) == "mlp"
    assert choose_estimator(None, of_estimator) == "neural"
    assert choose_estimator(None, RecipeFile(data={"target": "y"})) == "neural"
    for file, wanted in ((of_network, "neural"), (of_estimator, "mlp")):
        with pytest.raises(RavineError, match="recipe file is for"):
            choose_estimator(wanted, file)


WRONG = [
    (["--estimator", "forest"], "--estimator must be neural or mlp. Got 'forest'"),
    (["--schedule", "step:0.5:2"], "--schedule must be one of cosine"),
    (["--quantiles", "0.5,x"], "--quantiles must be numbers between 0 and 1"),
    (["--quantiles", "1.5"], "quantiles"),
    (["--balanced"], "--balanced is for classifications, but 'price' is a regression"),
    (["--members", "0"], "n_members"),
    (["--loss", "cross_entropy"], "loss"),
    (["--dropout", "1"], "dropout"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_what_the_user_got_wrong_is_one_line_and_nothing_is_written(folder, capsys, words, message):
    assert run("train", "homes.csv", "--target", "price", *words, "--out", "wrong") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith("error: ")
    assert message in err
    assert not Path("wrong").exists()


def test_unknown_parameter_in_a_recipe_file_is_named(folder, capsys):
    Path("odd.toml").write_text('[estimator]\ncolour = "red"\n')
    assert run("train", "homes.csv", "--target", "price", "--recipe", "odd.toml") == 2
    assert "'colour'" in capsys.readouterr().err


REFUSED = [
    (["predict", "price", "homes.csv", "--probabilities"], "there are no probabilities"),
    (["predict", "kind", "homes.csv", "--interval", "0.9"], "there are no intervals"),
    (["predict", "price", "homes.csv", "--interval", "1"], "--interval must be between 0 and 1"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_an_estimator_cannot_give_is_refused(folder, capsys, words, message):
    assert run(*words) == 2
    assert message in capsys.readouterr().err


def test_estimator_that_was_trained_on_an_array_takes_a_table_of_made_up_names(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(60, 2))
    estimator = NeuralRegressor(n_members=1, hidden_layer_sizes=4, epochs=1, random_state=0)
    estimator.fit(X, X[:, 0]).save("array.safetensors")
    pd.DataFrame(X, columns=["x0", "x1"]).to_csv("array.csv", index=False)
    found = predicted(capsys, "array.safetensors", "array.csv")
    np.testing.assert_allclose(found["prediction"], estimator.predict(X), rtol=1e-6)
