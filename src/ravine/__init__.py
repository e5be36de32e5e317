"""Train feed-forward neural networks on an ordinary computer, one or hundreds at once.

``Network × Recipe = Run``: a `Network` says what is fitted, a `Recipe` how it is trained. Both are
plain, immutable data; `train` turns the pair and some rows into a `Model`.

>>> import ravine as rv
>>> network = rv.Network([rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dense(1)])
>>> recipe = rv.Recipe(optimizer=rv.Adam(learning_rate=3e-3), epochs=20)

Names are loaded when they are first used, so importing the package costs little.
"""

import importlib

#: Modules whose ``__all__`` is public: each holds a family of descriptions. They load quickly.
_FAMILIES = (
    "specs.augmentation",
    "specs.layers",
    "specs.optimizers",
    "specs.penalties",
    "specs.schedules",
    "specs.stopping",
)

#: The modules of the other public names.
_HOMES = {
    "History": "models.history",
    "Job": "training.jobs",
    "MLPClassifier": "estimators.mlp.estimators",
    "MLPRegressor": "estimators.mlp.estimators",
    "Model": "models.model",
    "Network": "specs.network",
    "NeuralClassifier": "estimators.neural.classifier",
    "NeuralRegressor": "estimators.neural.regressor",
    "Recipe": "specs.recipe",
    "Study": "studies.study",
    "augment": "training.augmented_rows",
    "bias_variance": "diagnostics.bias_variance.study",
    "check_gradients": "diagnostics.gradients",
    "compare": "studies.compare",
    "geomspace": "studies.jobs",
    "grid": "studies.jobs",
    "load": "estimators.loading",
    "minimize": "optimize.minimize",
    "mlp": "specs.mlp",
    "sample": "studies.jobs",
    "train": "training.train",
    "train_many": "training.train",
}

#: Modules that are public names themselves.
_MODULES = ("errors", "initializers", "landscapes", "losses")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "__version__":
        value: object = _version()
    elif name == "__all__":
        value = [*sorted({*_HOMES, *_MODULES, *_family_names()}), "__version__"]
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif not name.startswith("_") and name in (homes := _family_names()):
        value = getattr(importlib.import_module(f"{__name__}.{homes[name]}"), name)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value
    return value


def _family_names() -> dict[str, str]:
    """Give the module of each public name of the families."""
    return {
        name: home
        for home in _FAMILIES
        for name in importlib.import_module(f"{__name__}.{home}").__all__
    }


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(__name__)
    except PackageNotFoundError:  # the source tree, not installed
        return "0+source"


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})  # type: ignore[misc]
