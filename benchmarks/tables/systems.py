"""The systems: each with its own defaults, and columns the way its documentation recommends.

Away from their defaults are only the seed, the number of threads, silence and, where a system
chooses its best epoch by a metric of classes, that this be the metric that ranks.
"""

import importlib.metadata
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: A boosted tree of scikit-learn takes no more levels of a category than it has bins.
MOST_LEVELS = 254


@dataclass
class Columns:
    """Columns made ready: learnt from the training rows, then applied to any.

    A number that is missing where training lacked none becomes the median for every system: ravine
    refuses to guess it.
    """

    categories: str = "as they are"  # | "category" | "text"
    most_levels: int | None = None
    impute: bool = False  # every missing number, with a mark; else only where training lacked none
    levels: dict = field(default_factory=dict)
    medians: dict = field(default_factory=dict)
    marked: list = field(default_factory=list)

    def learn(self, X):
        """Learn levels and medians."""
        for name in text_columns(X):
            counts = X[name].value_counts()
            self.levels[name] = list(counts.index[: self.most_levels])
        numbers = [name for name in X if name not in self.levels]
        gaps = [name for name in numbers if X[name].isna().any()]
        filled = numbers if self.impute else [name for name in numbers if name not in gaps]
        self.medians = {name: X[name].median() for name in filled}
        self.marked = gaps if self.impute else []
        return self

    def apply(self, X):
        """Give the columns as the system wants them."""
        import pandas as pd

        X = X.copy()
        for name, levels in self.levels.items():
            if self.categories == "category":
                known = X[name].where(X[name].isin(levels))
                X[name] = pd.Categorical(known, categories=levels)
            elif self.categories == "text":
                X[name] = X[name].astype(object).where(X[name].notna(), "missing")
        for name in self.marked:
            X[f"{name} is missing"] = X[name].isna().astype(float)
        for name, median in self.medians.items():
            if X[name].isna().any():
                X[name] = X[name].fillna(median)
        return X


@dataclass
class System:
    """An estimator with its columns made ready."""

    columns: Columns
    estimator: Any
    classes: bool

    def fit(self, X, y):
        """Learn the columns, then train."""
        self.estimator.fit(self.columns.learn(X).apply(X), y)

    def predict(self, X):
        """Give numbers, or the probabilities of the classes."""
        X = self.columns.apply(X)
        if self.classes:
            return np.asarray(self.estimator.predict_proba(X), dtype=np.float64)
        return np.asarray(self.estimator.predict(X), dtype=np.float64).ravel()


def text_columns(X):
    """Name the columns that hold text."""
    return [name for name in X if not np.issubdtype(np.asarray(X[name]).dtype, np.number)]


def ravine(task, X, seed, threads):
    from ravine import NeuralClassifier, NeuralRegressor

    kind = _either(task, NeuralClassifier, NeuralRegressor)
    return Columns(), kind(random_state=seed, n_jobs=threads)


def catboost(task, X, seed, threads):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = _either(task, CatBoostClassifier, CatBoostRegressor)
    estimator = kind(
        cat_features=text_columns(X),
        random_seed=seed,
        thread_count=threads,
        verbose=False,
        allow_writing_files=False,
    )
    return Columns("text"), estimator


def lightgbm(task, X, seed, threads):
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = _either(task, LGBMClassifier, LGBMRegressor)
    return Columns("category"), kind(random_state=seed, n_jobs=threads, verbose=-1)


def boosting(task, X, seed, threads):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = _either(task, HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    return Columns("category", most_levels=MOST_LEVELS), kind(random_state=seed)


def perceptron(task, X, seed, threads):
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = text_columns(X)
    numbers = [name for name in X if name not in texts]
    columns = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
            numbers,
        ),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
    )
    if task.kind == "classes":
        return Columns("text"), make_pipeline(columns, MLPClassifier(random_state=seed))
    network = TransformedTargetRegressor(
        MLPRegressor(random_state=seed), transformer=StandardScaler()
    )
    return Columns("text"), make_pipeline(columns, network)


def real_mlp(task, X, seed, threads):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    options = {"random_state": seed, "n_threads": threads, "device": "cpu"}
    if task.kind == "classes":  # as its README says for the log loss
        options |= {"val_metric_name": "cross_entropy", "use_ls": False}
    kind = _either(task, RealMLP_TD_Classifier, RealMLP_TD_Regressor)
    return Columns("category", impute=True), kind(**options)


def tabm(task, X, seed, threads):
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    options = {"random_state": seed, "n_threads": threads, "device": "cpu"}
    if task.kind == "classes":
        options |= {"val_metric_name": "cross_entropy"}
    kind = _either(task, TabM_D_Classifier, TabM_D_Regressor)
    return Columns("category", impute=True), kind(**options)


#: The systems by name, the quick ones first, with the package that each needs.
SYSTEMS = {
    "ravine": (ravine, "ravine"),
    "LightGBM": (lightgbm, "lightgbm"),
    "HistGradientBoosting": (boosting, "scikit-learn"),
    "scikit-learn MLP": (perceptron, "scikit-learn"),
    "CatBoost": (catboost, "catboost"),
    "RealMLP-TD": (real_mlp, "pytabkit"),
    "TabM-D": (tabm, "pytabkit"),
}


def make(name, task, X, seed, threads):
    """Give a system, ready to train on columns such as X."""
    columns, estimator = SYSTEMS[name][0](task, X, seed, threads)
    return System(columns, estimator, task.kind == "classes")


def missing(names):
    """Name the systems whose package is not installed."""
    found = {}
    for name in names:
        try:
            importlib.metadata.version(SYSTEMS[name][1])
        except importlib.metadata.PackageNotFoundError:
            found[name] = SYSTEMS[name][1]
    found.pop("ravine", None)
    return found


def _either(task, classifier, regressor):
    return classifier if task.kind == "classes" else regressor
