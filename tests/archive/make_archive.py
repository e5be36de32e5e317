"""Write an archive of what this ravine saves, for ``test_archive.py`` to load for ever after.

Run by hand, once for each version that is released, before it is released::

    python tests/archive/make_archive.py 0.1.0

It writes one file of each kind into a new folder of that name beside itself, and next to each what
it predicts. The same ravine on the same processor gives the same files, but for the seconds that
epochs took. The folder of a released version is never written again.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from sklearn.exceptions import ConvergenceWarning
from stored import (
    Momentum,
    curves,
    described,
    described_recipe,
    described_table,
    jitter,
    learnt,
    outputs,
    read_rows,
)

import ravine as rv
from ravine.cli import main
from ravine.errors import DivergenceError
from ravine.tables import ROBUST, TableModel, TableSchema

RNG = np.random.default_rng(0)
N = 32
X = RNG.normal(size=(N, 5)).round(3)
Y = (X[:, 0] - 0.5 * X[:, 1] + 0.1 * RNG.normal(size=N)).round(3)
COUNTS = np.exp(Y / 2).round(3)
LABELS = np.array(["down", "even", "up"])[np.digitize(Y, [-0.7, 0.7])]
CODES = np.column_stack([X[:, :2], RNG.integers(0, 3, N), RNG.integers(0, 4, N)])
IMAGES = RNG.random((N, 4, 4)).round(3)
TIMES = np.column_stack([1.7e9 + 86_400.0 * RNG.permutation(N), X[:, 0]])
WEIGHTS = RNG.integers(0, 3, N) + 0.5

Given = tuple[rv.Network, Any, Any, rv.Recipe, dict[str, Any]]


def small(loss: Any = "squared_error", outputs: int = 1, **more: Any) -> rv.Network:
    return rv.Network([rv.Dense(3, activation="tanh", **more), rv.Dense(outputs)], loss=loss)


def recipe(optimizer: Any = "adam", **more: Any) -> rv.Recipe:
    if not isinstance(optimizer, rv.LBFGS | rv.Rprop | rv.DeltaBarDelta):
        more = {"batch_size": 16, **more}
    return rv.Recipe(**{"optimizer": optimizer, "epochs": 4, "seed": 3, **more})


# --- Models --------------------------------------------------------------------------------------


def models() -> dict[str, Given]:
    """Name → what `ravine.train` is given: together every kind of part, each at least once."""
    return {**by_layer(), **by_loss(), **by_course()}


def by_layer() -> dict[str, Given]:
    initializers = rv.initializers
    activations = [
        rv.Dense(3, activation="identity", initializer=initializers.Normal(0.5)),
        rv.Dense(3, activation="relu", initializer=initializers.He()),
        rv.Dense(3, activation=rv.Activation("leaky_relu", alpha=0.2), use_bias=False),
        rv.Dense(3, activation="elu", initializer=initializers.Uniform(0.5), penalty=rv.L1(0.01)),
        rv.Dense(3, activation="selu", initializer=initializers.LeCun()),
        rv.Dense(3, activation="gelu", initializer=initializers.Orthogonal(1.5)),
        rv.Dense(3, activation="silu", initializer=initializers.Glorot("normal"), penalty=None),
        rv.Dense(3, activation="mish"),
        rv.Dense(3, activation="softplus"),
        rv.Dense(3, activation="tanh"),
        rv.Dense(3, activation="sigmoid"),
        rv.Dense(1, initializer=initializers.Constant(0.3)),
    ]
    statistics = [
        rv.Normalize(),
        rv.Dense(4),
        rv.BatchNorm(momentum=0.8),
        rv.Activation("relu"),
        rv.Dropout(0.2, fades=True, length=3),
        rv.Residual([rv.Dense(4), rv.LayerNorm(), rv.GaussianNoise(0.1)]),
        rv.Dense(1),
    ]
    columns = [
        rv.Normalize(),
        rv.Embedding((2, 3), (3, 4), (2, 2), penalty=rv.L2(0.01)),
        rv.Periodic((0, 1), 3),
        rv.Scale(pace=3.0),
        rv.Dense(3, activation="gelu"),
        rv.Dense(1),
    ]
    bins = [
        rv.Normalize(),
        rv.PiecewiseLinear(3, (0, 2), (4, 3), activation="tanh", pace=2.0),
        rv.Dense(1),
    ]
    images = [rv.Normalize(), rv.Flatten(), rv.Dense(3, activation="relu"), rv.Dense(3)]
    moved = [rv.Rotate(10), rv.Shift(0.1), rv.Zoom(0.1), rv.Flip(vertical=True)]
    float64 = {"dtype": "float64", "averaging": 0.9}
    return {
        "activations": (rv.Network(activations), X, Y, recipe(rv.AdamW(0.02)), {}),
        "statistics_float32": (rv.Network(statistics), X, Y, recipe(averaging=0.9), {}),
        "statistics_float64": (
            rv.Network(statistics),
            X,
            Y,
            recipe(rv.SGD(0.05, momentum=0.9, nesterov=True), clip_norm=1.0, **float64),
            {"sample_weight": WEIGHTS},
        ),
        "columns": (rv.Network(columns), CODES, Y, recipe(), {}),
        "bins": (rv.Network(bins), X, Y, recipe(), {}),
        "images": (
            rv.Network(images, loss=rv.losses.CrossEntropy(0.1)),
            IMAGES,
            LABELS,
            recipe(rv.AdamW(rv.OneCycle(0.05)), augmentation=moved),
            {},
        ),
    }


def by_loss() -> dict[str, Given]:
    losses = rv.losses
    many = (X[:, :3] > 0).astype(int)
    frame = pd.DataFrame(X, columns=list("abcde"))
    pair = np.column_stack([Y, -Y])
    cyclic = rv.Adam(rv.CyclicCosine(0.05, cycles=2), beta1=rv.CosineDecay(0.5, final=0.9))
    warm = rv.RMSprop(rv.Warmup(2, rv.CosineDecay(0.05)), epsilon_inside_root=True)
    plateau = rv.SGD(rv.ReduceOnPlateau(0.1, patience=1, monitor="loss"))
    step, inverse = rv.StepDecay(0.1, 0.5, 2), rv.InverseDecay(0.05, 0.1)
    decay = rv.ExponentialDecay(0.1, 0.01, unit="step")
    threshold, net = rv.L1(0.01, proximal=True), rv.ElasticNet(0.01, l1_ratio=0.3)
    more = {"augmentation": [rv.Noise(0.1), rv.Mixup(0.3)]}
    return {
        "absolute_error": (small("absolute_error", 2), frame, pair, recipe(warm), {}),
        "huber": (small(losses.Huber(0.5)), X, Y, recipe(plateau, penalty=threshold), {}),
        "quantile": (
            small(losses.Quantile(0.8)),
            X,
            Y,
            recipe(cyclic, augmentation=rv.Synthesize(0.3)),
            {},
        ),
        "poisson": (small("poisson"), X, COUNTS, recipe(rv.Rprop(), dtype="float64"), {}),
        "gamma": (small("gamma"), X, COUNTS, recipe(rv.DeltaBarDelta(), penalty=net), {}),
        "binary": (
            small("binary_cross_entropy"),
            X,
            Y > 0,
            recipe(rv.Adagrad(step), max_norm=1.0, **more),
            {"sample_weight": WEIGHTS},
        ),
        "many_labels": (
            small("binary_cross_entropy", 3),
            X,
            many,
            recipe(rv.SGD(decay, momentum=0.5, weight_decay=0.01), dropout=0.1),
            {},
        ),
        "whole_number_classes": (
            small("cross_entropy", 3),
            X,
            np.digitize(Y, [-0.7, 0.7]) * 10,
            recipe(rv.SGD(inverse), shuffle=False, dtype="float64"),
            {},
        ),
    }


def by_course() -> dict[str, Given]:
    """Give models by how their runs went."""
    known = rv.Network([rv.Normalize(), rv.Dense(3, activation="relu"), rv.Dense(1)])
    watched = {"validation_fraction": 0.25, "epochs": 12}
    stopping = rv.EarlyStopping(patience=1, min_delta=0.01)
    line = rv.Network([rv.Dense(1)])
    return {
        "far_from_zero": (known, TIMES, Y, recipe(), {}),
        "stopped_early": (
            small(),
            X,
            Y,
            recipe(rv.Adam(0.2), stopping=stopping, penalty=rv.L2(1e-3), **watched),
            {"sample_weight": WEIGHTS},
        ),
        "converged": (line, X, X[:, 0], recipe(rv.LBFGS(), dtype="float64", epochs=60), {}),
        "diverged": (small("huber"), X, 1e3 * Y, recipe(rv.SGD(1e30)), {}),
        "own_code": (
            small(),
            X,
            Y,
            recipe(Momentum(0.02), augmentation=[rv.Noise(0.1), jitter]),
            {},
        ),
    }


def write_models(folder: Path) -> None:
    for name, (network, rows, y, how, more) in models().items():
        try:
            model = rv.train(network, rows, y, how, threads=1, **more)
        except DivergenceError as error:
            model = error.model
        model.save(folder / f"{name}.safetensors")
        inputs = {"X": np.asarray(rows)}
        if model.feature_names is not None:
            inputs["columns"] = np.array(model.feature_names)
        write_beside(folder / name, described(model), inputs, outputs(model, rows), curves(model))


# --- Tables --------------------------------------------------------------------------------------


def table() -> pd.DataFrame:
    """A table of every sort of column, with targets of every sort."""
    rng = np.random.default_rng(1)
    n = 60
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, n).round(2),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "open": rng.random(n) < 0.5,
            "sky": rng.choice(["clear", "rain", "snow", None], n, p=[0.5, 0.2, 0.2, 0.1]),
            "zip": rng.choice(["02134", "10001", "90210"], n),
            "town": [f"town {i % 12:02}" for i in range(n)],
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "same": 1,
        }
    )
    frame["price"] = (1000 + 20 * frame["size"] + rng.normal(0, 5, n)).round(2)
    frame["kind"] = np.where(frame["size"] > 48, "large", "small")
    frame["level"] = pd.cut(frame["price"], 3, labels=["low", "middle", "high"]).astype(str)
    return frame


INPUTS = ["size", "age", "open", "sky", "zip", "town", "since", "same"]
CODINGS = {
    "price": {},
    "kind": {"task": "classification"},
    "level": {"coding": ROBUST, "task": "classification"},
}


def write_tables(folder: Path, rows: pd.DataFrame) -> None:
    for target, how in CODINGS.items():
        frame = rows[[*INPUTS, target]]
        schema = TableSchema.learn(frame, target, **how)
        outs = 1 if target == "price" else len(schema.target.classes)
        loss = "squared_error" if target == "price" else "cross_entropy"
        network, y = small(loss, outs), schema.encode_target(frame)
        model = rv.train(network, schema.encode(frame), y, recipe(), threads=1)
        found = TableModel(schema, model)
        found.save(folder / f"{target}.safetensors")
        write_beside(folder / target, described_table(found), {}, outputs(found, rows))


# --- Estimators ----------------------------------------------------------------------------------


def mlps() -> Iterator[tuple[str, Any]]:
    same = {"hidden_layer_sizes": (4, 3), "max_iter": 5, "random_state": 0, "n_jobs": 1}
    many = (X[:, :3] > 0).astype(int)
    frame = pd.DataFrame(X, columns=list("abcde"))
    parts = slice(0, 16), slice(16, N)
    yield "mlp_adam_early_stopping", rv.MLPClassifier(**same, early_stopping=True).fit(X, LABELS)
    yield (
        "mlp_lbfgs",
        rv.MLPClassifier(**same, solver="lbfgs", class_weight="balanced").fit(X, Y > 0),
    )
    yield "mlp_labels", rv.MLPClassifier(**same, solver="sgd").fit(X.astype(np.float32), many)
    stepwise = rv.MLPClassifier(**same, solver="sgd", learning_rate="adaptive")
    for part in parts:
        stepwise.partial_fit(X[part], LABELS[part], classes=np.unique(LABELS))
    yield "mlp_partial_fit", stepwise
    yield (
        "mlp_regressor_adam",
        rv.MLPRegressor(**same, batch_norm=True, dropout=0.1, loss=rv.losses.Huber(0.5)).fit(
            frame, Y
        ),
    )
    schedule = {
        "learning_rate_init": rv.CosineDecay(0.05),
        "activation": rv.Activation("elu", alpha=0.5),
    }
    yield (
        "mlp_regressor_sgd",
        rv.MLPRegressor(
            **same, solver=rv.AdamW(), augmentation=rv.Noise(0.1), activation="tanh"
        ).fit(X, np.column_stack([Y, -Y])),
    )
    yield "mlp_regressor_schedule", rv.MLPRegressor(**same, **schedule).fit(X, Y, WEIGHTS)
    yield (
        "mlp_regressor_lbfgs",
        rv.MLPRegressor(**same, solver="lbfgs", loss="poisson").fit(X, COUNTS),
    )
    stepwise = rv.MLPRegressor(**same, layer_norm=True)
    for part in parts:
        stepwise.partial_fit(X[part], Y[part])
    yield "mlp_regressor_partial_fit", stepwise


def neurals(rows: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Give fitted estimators of tables."""
    same = {"n_members": 1, "hidden_layer_sizes": (4,), "n_bins": 4, "epochs": 3, "n_jobs": 1}
    same |= {"random_state": 0}
    inputs = rows[INPUTS]
    yield "neural_binary", rv.NeuralClassifier(**same).fit(inputs, rows["kind"])
    yield (
        "neural_classes",
        rv.NeuralClassifier(
            **same,
            variants=[{"dropout": 0.5}],
            class_weight={"low": 1.0, "middle": 2.0, "high": 3.0},
            number_embedding="periodic",
            dtype="float64",
        ).fit(inputs, rows["level"]),
    )
    yield (
        "neural_intervals",
        rv.NeuralRegressor(**same | {"n_members": 2}).fit(inputs, rows["price"]),
    )
    yield (
        "neural_quantiles",
        rv.NeuralRegressor(
            **same,
            loss="quantile",
            quantiles=(0.9, 0.1),
            variants=None,
            number_embedding="none",
            normalization="batch",
            most_one_hot_levels=5,
        ).fit(inputs, rows["price"], rows["age"].fillna(1)),
    )
    yield (
        "neural_gamma",
        rv.NeuralRegressor(
            **same, loss="gamma", variants=None, refit_full=True, schedule="one_cycle"
        ).fit(inputs, rows["price"], groups=rows["town"]),
    )


def write_estimators(folder: Path, rows: pd.DataFrame) -> None:
    for name, estimator in mlps():
        estimator.save(folder / f"{name}.safetensors")
        columns = getattr(estimator, "feature_names_in_", None)
        frame = X if columns is None else pd.DataFrame(X, columns=columns)
        inputs = {"X": X} if columns is None else {"X": X, "columns": columns.astype(str)}
        known, given = learnt(estimator), outputs(estimator, frame)
        if name.endswith("partial_fit"):  # what it predicts when it is loaded and goes on
            inputs["y"] = Y if "regressor" in name else LABELS
            again = rv.load(folder / f"{name}.safetensors").partial_fit(X, inputs["y"])
            inputs["next"] = again.predict(X)
        write_beside(folder / name, known, inputs, given)
    pair = rv.NeuralRegressor(1, (4,), epochs=3, n_bins=4, variants=None, random_state=0, n_jobs=1)
    pair.fit(X, np.column_stack([Y, -Y]))
    pair.save(folder / "neural_arrays.safetensors")
    write_beside(folder / "neural_arrays", learnt(pair), {"X": X}, outputs(pair, X))
    for name, estimator in neurals(rows):
        estimator.save(folder / f"{name}.safetensors")
        write_beside(folder / name, learnt(estimator), {}, outputs(estimator, rows))


# --- Checkpoints ---------------------------------------------------------------------------------


def checkpoints() -> dict[str, rv.Recipe]:
    watched = {"validation_fraction": 0.25, "averaging": 0.9, "stopping": rv.EarlyStopping()}
    rules = {
        "sgd_momentum": rv.SGD(rv.ExponentialDecay(0.05, 0.1), momentum=0.9, nesterov=True),
        "sgd_plateau": rv.SGD(rv.ReduceOnPlateau(0.1, patience=1)),
        "delta_bar_delta": rv.DeltaBarDelta(),
        "rprop": rv.Rprop(),
        "adagrad": rv.Adagrad(0.1),
        "rmsprop": rv.RMSprop(0.01),
        "adam": rv.Adam(0.02),
        "adamw": rv.AdamW(0.02),
        "lbfgs": rv.LBFGS(),
        "own_rule": Momentum(0.01),
    }
    found = {
        name: recipe(rule, epochs=6, dtype="float64", **({} if name == "sgd_plateau" else watched))
        for name, rule in rules.items()
    }
    return {**found, "adam_float32": recipe(epochs=6, **watched)}


def write_checkpoints(folder: Path) -> None:
    network = rv.Network(
        [
            rv.Normalize(),
            rv.Dense(4, use_bias=False),  # before BatchNorm, a bias would be rounding alone
            rv.BatchNorm(),
            rv.Activation("tanh"),
            rv.Dense(1),
        ]
    )
    for name, how in checkpoints().items():
        path = folder / f"{name}.safetensors"

        def interrupt(row: Any) -> None:
            if row["epoch"] == 3:
                raise KeyboardInterrupt

        if name == "adam":  # saved by Ctrl-C; the others at the end of a shorter run
            with contextlib.suppress(KeyboardInterrupt):
                rv.train(network, X, Y, how, checkpoint=path, threads=1, callback=interrupt)
        else:
            rv.train(network, X, Y, how.replace(epochs=3), checkpoint=path, threads=1)
        whole = rv.train(network, X, Y, how, threads=1)
        resumed = rv.train(network, X, Y, how, start=path, threads=1)
        np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)
        known = {"half": described(rv.load(path)), "whole": described(whole)}
        known["own_optimizer"] = name == "own_rule"
        given = {"X": X, "y": Y, "parameters": whole.parameters_vector, "state": whole.state_vector}
        write_beside(folder / name, known, given, outputs(whole, X), curves(whole))


# --- The command line ----------------------------------------------------------------------------


def recipes() -> dict[str, tuple[rv.Network, rv.Recipe]]:
    """Give a recipe with every optimizer and every schedule, for recipe files."""
    rates = [
        rv.ExponentialDecay(0.1, 0.2),
        rv.StepDecay(0.1, 0.5, 2, unit="step"),
        rv.CosineDecay(0.1, final=0.01),
        rv.CyclicCosine(0.1, cycles=2),
        rv.OneCycle(0.1, initial=0.01),
    ]
    rules = {
        "sgd": rv.SGD(
            rv.ReduceOnPlateau(0.1, monitor="val_loss"), momentum=rates[2], nesterov=True
        ),
        "delta_bar_delta": rv.DeltaBarDelta(),
        "rprop": rv.Rprop(step_max=5.0),
        "adagrad": rv.Adagrad(rates[0]),
        "rmsprop": rv.RMSprop(rates[1], epsilon_inside_root=True),
        "adam": rv.Adam(rates[3], bias_correction=False),
        "adamw": rv.AdamW(rates[4], weight_decay=0.1),
        "lbfgs": rv.LBFGS(memory=5),
        "warmup": rv.SGD(rv.Warmup(1, rv.InverseDecay(0.1, 0.2))),
    }
    layers = [
        rv.Normalize(),
        rv.Dense(3, activation=rv.Activation("elu", alpha=0.5), penalty=None),
        rv.Residual([rv.Dense(3, initializer="orthogonal"), rv.LayerNorm()]),
        rv.Dense(1, use_bias=False),
    ]
    augmentation = [rv.Noise(0.1, relative=False), rv.Mixup(0.3), rv.Synthesize(0.2)]
    more = {"validation_fraction": 0.3, "stopping": rv.EarlyStopping(patience=3, monitor="val_r2")}
    found = {n: (rv.Network(layers), recipe(rule, epochs=2, **more)) for n, rule in rules.items()}
    for name, penalty in (("adam", rv.L1(0.1)), ("sgd", rv.ElasticNet(0.1)), ("rprop", rv.L2(0.1))):
        network, how = found[name]
        found[name] = (network, how.replace(penalty=penalty, augmentation=augmentation))
    network, how = found["adamw"]
    bare = how.replace(validation_fraction=0.0, stopping=None, averaging=0.9, clip_norm=2.0)
    found["adamw"] = (rv.Network(layers[-1:], loss=rv.losses.Huber(2.0)), bare)
    return found


FOLDERS = {
    "network_price": [
        *("--target", "price", "--estimator", "mlp"),
        *("--checkpoint", "1", "--schedule", "constant"),
    ],
    "network_kind": ["--target", "kind", "--estimator", "mlp", "--loss", "cross_entropy"],
    "neural_price": ["--target", "price", "--members", "1"],
    "neural_level": ["--target", "level", "--members", "1", "--balanced"],
    "neural_quantiles": ["--target", "price", "--members", "1", "--quantiles", "0.9,0.1"],
}
ASKED = {"kind": ["--probabilities"], "level": ["--probabilities"]}
INTERVAL = {"neural_price": ["--interval", "0.8"]}


def write_recipes(folder: Path, rows: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, (network, how) in recipes().items():
            given = {"network": toml(network.to_dict()), "recipe": toml(how.to_dict())}
            given["data"] = {"target": "price", "drop": ["kind", "level"]}
            asked = Path(scratch, "asked.toml")
            asked.write_text(tomli_w.dumps(given))
            run("train", rows, "--recipe", asked, "--out", scratch)
            Path(scratch, "recipe.toml").replace(folder / f"{name}.toml")
            model = rv.load(Path(scratch, "model.safetensors")).model
            assert model.recipe == how.replace(validation_fraction=0.0)
            write_json(folder / f"{name}.json", described(model))
            for file in Path(scratch).iterdir():
                file.unlink()


def toml(value: Any) -> Any:
    """Give plain data with None as recipe files say it."""
    if isinstance(value, dict):
        return {key: toml(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [toml(item) for item in value]
    return "none" if value is None else value


def write_folders(folder: Path, rows: Path) -> None:
    for name, words in FOLDERS.items():
        target = words[1]
        others = [w for t in ("price", "kind", "level") if t != target for w in ("--drop", t)]
        out = folder / name
        run("train", rows, *words, *others, "--hidden", "4", "--epochs", "3", "--out", out)
        (out / "learning_curve.png").unlink()  # a picture is never read
        asked = [*ASKED.get(target, []), *INTERVAL.get(name, [])]
        predictions = out / "predictions.csv"
        run("predict", out / "model.safetensors", rows, *asked, "--out", predictions)
        write_json(out / "asked.json", {"predict": asked})


def run(*words: Any) -> None:
    assert main([str(word) for word in words]) == 0, words


# --- Writing -------------------------------------------------------------------------------------


def write_beside(path: Path, known: dict[str, Any], *arrays: dict[str, Any]) -> None:
    """Write what a file is to give, beside it."""
    write_json(path.with_suffix(".json"), known)
    together = {name: np.asarray(values) for given in arrays for name, values in given.items()}
    texts = {n: a.astype(str) if a.dtype == object else a for n, a in together.items()}
    np.savez_compressed(path.with_suffix(".npz"), **texts)


def write_json(path: Path, known: Any) -> None:
    path.write_text(json.dumps(known) + "\n")


def check_complete() -> None:
    """Refuse an archive that lacks a kind of part."""
    bases = (rv.Layer, rv.Optimizer, rv.Schedule, rv.Penalty, rv.Augmentation, rv.losses.Loss)
    bases = (*bases, rv.initializers.Initializer)
    public = [
        getattr(space, n) for space in (rv, rv.losses, rv.initializers) for n in space.__all__
    ]
    kinds = {k.__name__ for k in public if isinstance(k, type) and issubclass(k, bases)}
    given = [(g[0].to_dict(), described_recipe(g[3])) for g in models().values()]
    missing = kinds - {base.__name__ for base in bases} - set(kinds_in(given))
    assert not missing, f"No model of the archive has {', '.join(sorted(missing))}."


def kinds_in(value: Any) -> Iterator[str]:
    """Give the kinds of all parts in plain data."""
    if isinstance(value, dict):
        yield from (value["kind"],) if "kind" in value else ()
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from kinds_in(item)


def make(folder: Path) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are the point
    check_complete()
    for name in ("models", "tables", "estimators", "checkpoints", "recipes", "folders"):
        (folder / name).mkdir(parents=True)
    rows = folder / "table.csv"
    table().to_csv(rows, index=False)
    frame = read_rows(rows)
    write_models(folder / "models")
    write_tables(folder / "tables", frame)
    write_estimators(folder / "estimators", frame)
    write_checkpoints(folder / "checkpoints")
    write_recipes(folder / "recipes", rows)
    write_folders(folder / "folders", rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which version: python tests/archive/make_archive.py 0.1.0")
    make(Path(__file__).parent / sys.argv[1])
