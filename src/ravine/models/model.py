"""Model: a trained network, what it was trained with, and how that went."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.feature_names import by_name
from ravine.data.gate import (
    as_features,
    as_sample_weight,
    as_targets,
    check_codes,
    code_columns,
    weighing,
)
from ravine.data.target_precision import are_kept
from ravine.engine.handles import engine_network
from ravine.engine.optimizer_state import NUMBERS, named_state
from ravine.errors import FileError, ParameterError, RavineError, SpecError
from ravine.models.file import read_model_file, write_model_file
from ravine.models.finite import check_predictions, check_scores, overflowed
from ravine.models.history import History
from ravine.models.parts import named_views, pack, shifted_means, unpack
from ravine.models.summary import Summary, html_table, text_table
from ravine.specs.layers import Dense, Dropout, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.optimizers import OPTIMIZERS
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine, short
from ravine.specs.stand_ins import as_saved

__all__ = ["Model", "read_model", "usable"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Model:
    """A trained network. `ravine.train` makes it, `ravine.load` reads it from a file.

    A model does not change: its arrays are read-only, and training it further gives another one.

    Parameters
    ----------
    network : Network
        What was fitted.
    recipe : Recipe
        How it was trained.
    input_shape : tuple of int
        The shape of a row of inputs.
    parameters_vector : ndarray
        All parameters, flat, as the engine lays them out.
    state_vector : ndarray
        What was learnt beside them (means and variances), flat.
    history : History
        What happened in each epoch.
    classes : ndarray, optional
        The class labels in the order of the columns of `predict_proba`; None for a regression.
    one_dimensional : bool, default True
        Whether the targets had one axis, so that the predictions of a regression have one.
    offsets : ndarray of float64, shape (inputs,), optional
        What is subtracted from each column of X, in double, before it is rounded to float32 and the
        network sees it. Columns have one (other than 0) whose mean is large next to their spread,
        such as seconds since 1970, so that none of their values are lost; the first Normalize layer
        learns its means relative to them. None: there are none.
    feature_names : tuple of str, optional
        The columns of the data frame that it was trained on; a data frame to predict or evaluate is
        read by these names. None: columns are known by their position.
    status : str, default "finished"
        How the run ended: "finished", "stopped early", "converged", "diverged" or "interrupted".
    best_epoch : int, optional
        The epoch whose weights the model has; None if those are the last ones.
    message : str, default ""
        More about how the run ended.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> network = rv.Network([rv.Dense(1)])
    >>> model = rv.train(network, X, 3 * X[:, 0], rv.Recipe(optimizer=rv.SGD(0.5), epochs=50))
    >>> model.predict([[0.5]]).round(3)
    array([1.5], dtype=float32)
    """

    network: Network
    recipe: Recipe
    input_shape: tuple[int, ...]
    parameters_vector: NDArray[Any]
    state_vector: NDArray[Any]
    history: History
    classes: NDArray[Any] | None = None
    one_dimensional: bool = True
    offsets: NDArray[np.float64] | None = None
    feature_names: tuple[str, ...] | None = None
    status: str = "finished"
    best_epoch: int | None = None
    message: str = ""

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "input_shape", tuple(int(size) for size in self.input_shape))
        settle(self, "parameters_vector", _locked(self.parameters_vector, self.dtype))
        settle(self, "state_vector", _locked(self.state_vector, self.dtype))
        if self.offsets is not None:
            settle(self, "offsets", _locked(self.offsets, np.float64))
        if self.feature_names is not None:
            settle(self, "feature_names", tuple(self.feature_names))
        if self.classes is not None:
            settle(self, "classes", _locked(self.classes, self.classes.dtype))
        if self.best_epoch is not None:
            settle(self, "best_epoch", int(self.best_epoch))
            if self.history.best_epoch != self.best_epoch:
                columns = {name: self.history[name] for name in self.history}
                settle(self, "history", History(columns, self.best_epoch))

    # --- What it holds --------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """Precision of the weights.

        Returns
        -------
        str
            "float32" or "float64".

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> model.dtype
        'float32'
        """
        return self.recipe.dtype

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """The trained arrays by name.

        Returns
        -------
        dict of str to ndarray
            Read-only views: ``"dense_1.weight"`` (inputs × outputs), ``"dense_1.bias"``, …

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> {name: array.shape for name, array in model.parameters.items()}
        {'dense_1.weight': (2, 1), 'dense_1.bias': (1,)}
        """
        return named_views(self.parameters_vector, self._engine.layout)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """What was learnt beside the parameters, by name.

        Returns
        -------
        dict of str to ndarray
            Read-only: ``"normalize_1.mean"``, ``"batch_norm_1.variance"``, … They are views of
            ``state_vector``. If there are ``offsets``, they are in double instead, and
            ``"normalize_1.mean"`` is the mean of X's own columns (that of ``state_vector`` plus the
            offsets).

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> list(model.state)
        ['normalize_1.mean', 'normalize_1.standard_deviation']
        """
        state = shifted_means(self.state_vector, self._engine, self.offsets, -1)
        state.setflags(write=False)
        return named_views(state, self._engine.state_layout)

    @property
    def optimizer_state(self) -> Any:
        """What the optimizer remembered after the last step of training, by name.

        It is of the last step even where the weights are those of a better epoch, or averages. It
        lives as long as this object: files, copies and pickles do not carry it; for going on as if
        nothing had happened there are checkpoints.

        Returns
        -------
        dict of str to dict of str to ndarray, or None
            ``model.optimizer_state["velocity"]["dense_1.weight"]``: read-only arrays, by the name
            of what the rule keeps and by the parameter that it keeps it for; empty for a rule that
            keeps nothing. What is a list of vectors (the ``"steps"`` and ``"gradient_changes"`` of
            `ravine.LBFGS`, a ring of ``memory`` places) has one more axis in front. Of a custom
            rule: the state that its ``init`` made, as its ``update`` left it. None for a model that
            was loaded, copied or never trained.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> recipe = rv.Recipe(optimizer="adam", epochs=1)
        >>> model = rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0], recipe)
        >>> list(model.optimizer_state)
        ['first_moment', 'second_moment']
        >>> model.optimizer_state["first_moment"]["dense_1.weight"].shape
        (2, 1)
        """
        remembered = vars(self).get("_remembered")
        if remembered is None or type(self.recipe.optimizer) not in OPTIMIZERS:
            return remembered
        n = len(self.parameters_vector)
        arrays = named_state(for_engine(self.recipe.optimizer), n, remembered)
        return {
            name: named_views(_locked(array, self.dtype), self._engine.layout)
            for name, array in arrays.items()
            if name != NUMBERS
        }

    def remember(self, optimizer_state: Any) -> None:
        """Keep what `optimizer_state` shows.

        Parameters
        ----------
        optimizer_state : ndarray or object
            The slots of a snapshot, or the state of a custom rule.
        """
        vars(self)["_remembered"] = optimizer_state

    @cached_property
    def _engine(self) -> Any:
        return engine_network(
            for_engine(self.network), self.input_shape, self.recipe.dropout, self.dtype
        )

    @cached_property
    def _levels(self) -> dict[int, int]:
        return code_columns(self.network)

    # --- Predictions ----------------------------------------------------------------------------

    def predict(self, X: ArrayLike, *, samples: int | None = None) -> NDArray[Any]:
        """Predict the targets of rows.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.
        samples : int, optional
            Draw so many predictions with dropout acting (Monte-Carlo dropout). Their spread says
            how much the network leans on single units there; it is no interval, and need not grow
            where rows are missing.

        Returns
        -------
        ndarray
            Regression: shape (n,) if the targets had one axis, otherwise (n, outputs); the inverse
            link is applied (``e^z`` for a log link). Classification: class labels, shape
            (n,), or a 0/1 matrix for BinaryCrossEntropy with several outputs. With ``samples``: a
            leading axis of that length, and probabilities instead of labels.

        Raises
        ------
        DataError
            If X does not suit the model, or a prediction is not finite.
        ParameterError
            If ``samples`` is no positive whole number, or there is no dropout to draw.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> model.predict([[1.0, 2.0], [3.0, 4.0]]).shape
        (2,)
        """
        rows = self._rows(X)
        if samples is not None:
            return self._sample(rows, samples)
        response = self._respond(rows)
        if self.classes is not None:
            single = response.shape[1] == 1
            codes = response[:, 0] > 0.5 if single else response.argmax(axis=1)
            return np.asarray(self.classes[codes.astype(np.intp)])
        if self._is_classifier:
            return (response > 0.5).astype(np.int64)
        return self._shaped(response)

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.

        Returns
        -------
        ndarray, shape (n, classes)
            Columns in the order of ``classes``, adding up to 1; for BinaryCrossEntropy with several
            outputs, the probability of 1 for each output.

        Raises
        ------
        ParameterError
            If the model is no classifier.
        DataError
            If X does not suit the model, or a prediction is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Dense(1)], loss="binary_cross_entropy")
        >>> model = rv.train(network, X, X[:, 0] > 3, rv.Recipe(epochs=1))
        >>> model.predict_proba([[1.0, 2.0]]).shape
        (1, 2)
        """
        if not self._is_classifier:
            loss = type(self.network.loss).__name__
            raise ParameterError(
                f"predict_proba needs a classifier, but the network's loss is {loss}.",
                hint="Use predict.",
            )
        return self._shaped(self._respond(self._rows(X)))

    def evaluate(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> dict[str, float]:
        """Compare predictions with known targets.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.
        y : array-like
            Their targets, of the kind that the model was trained on.
        sample_weight : array-like, shape (n,), optional
            How much each row counts, at least 0; a row of weight 0 is absent.

        Returns
        -------
        dict of str to float
            ``loss`` (the data part), and ``accuracy`` for a classifier (the share of rows that are
            classified right; with several labels a row, all of them), ``r2`` and ``rmse`` (root
            mean squared error) for a regression.

        Raises
        ------
        DataError
            If the data does not suit the model, or a prediction or a score is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> sorted(model.evaluate([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0]))
        ['loss', 'r2', 'rmse']
        """
        rows = self._rows(X)
        weights = as_sample_weight(sample_weight, len(rows), "float64")
        # Where float32 would lose the targets' spread, outputs are compared with them in double.
        single = self.dtype == "float32" and not self._is_classifier
        values = as_targets(
            y,
            self.network.loss,
            self._engine.n_outputs,
            "float64" if single else self.dtype,
            n_rows=len(rows),
            classes=self.classes,
            weights=weights,
        ).values
        if weights is not None:
            present = weighing(np.arange(len(rows)), weights)
            rows, values, weights = rows[present], values[present], weights[present]
        double = single and not are_kept(values)
        if not double:
            values = values.astype(self.dtype, copy=False)
        if weights is not None:
            weights = weights.astype(values.dtype, copy=False)
        scores: dict[str, float]
        if not double:
            learnt = (self.parameters_vector, self.state_vector, rows)
            scores = self._engine.evaluate(*learnt, values, weights)
        if double or overflowed(scores):
            self._respond(rows)  # must be finite
            scores = self._scores_in_double(rows, values, weights)
            check_scores(scores)
        return scores

    def _scores_in_double(
        self, rows: NDArray[Any], values: NDArray[Any], weights: NDArray[Any] | None
    ) -> dict[str, float]:
        """Compare the network's outputs with targets in double."""
        outputs = self._engine.predict(self.parameters_vector, self.state_vector, rows, raw=True)
        exact = engine_network(
            for_engine(self.network), self.input_shape, self.recipe.dropout, "float64"
        )
        scores: dict[str, float] = exact.score_outputs(
            outputs.astype(np.float64),
            values.astype(np.float64),
            None if weights is None else weights.astype(np.float64),
        )
        return scores

    @property
    def _is_classifier(self) -> bool:
        return self.network.loss.classifies

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        """Check inputs, and lay each row flat."""
        X = by_name(X, self.feature_names)
        rows = as_features(X, self.input_shape, self.dtype, offsets=self.offsets)
        check_codes(rows, self._levels)
        return rows.reshape(len(rows), -1)

    def _respond(self, rows: NDArray[Any], **draw: int) -> NDArray[Any]:
        response: NDArray[Any] = self._engine.predict(
            self.parameters_vector, self.state_vector, rows, **draw
        )
        return check_predictions(response)

    def _shaped(self, response: NDArray[Any]) -> NDArray[Any]:
        """Give a response the shape that users know: two columns for two classes, y's own axes."""
        if self.classes is not None:
            return np.hstack([1 - response, response]) if response.shape[1] == 1 else response
        return response[:, 0] if self.one_dimensional and response.shape[1] == 1 else response

    def _sample(self, rows: NDArray[Any], samples: int) -> NDArray[Any]:
        if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
            raise ParameterError(
                "The 'samples' parameter of predict must be a whole number, at least 1. "
                f"Got {samples!r}."
            )
        if self.recipe.dropout == 0 and not _drops(self.network.layers):
            raise ParameterError(
                "predict(samples=...) draws dropout masks, but this network has no dropout.",
                hint="Train it with Dropout layers or Recipe(dropout=...).",
            )
        draws = (
            self._respond(rows, seed=self.recipe.seed, draw=draw) for draw in range(int(samples))
        )
        return np.stack([self._shaped(response) for response in draws])

    # --- Custom parts ---------------------------------------------------------------------------

    def put_back(self, network: Network | None = None, recipe: Recipe | None = None) -> Model:
        """Give a model that came from a file with its custom parts, which no file can carry.

        A loaded model has stand-ins where custom layers, losses and so on were: it can be looked
        at, but it refuses to predict. With the originals it goes on as if it had never been saved.

        Parameters
        ----------
        network : Network, optional
            The network that was trained, custom parts and all. None: that of the model.
        recipe : Recipe, optional
            Likewise the recipe, needed to train again.

        Returns
        -------
        Model
            The same weights, with this network and recipe.

        Raises
        ------
        ParameterError
            If anything but the stand-ins differs: in kind, in arguments, or in the arrays of
            parameters.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> import ravine as rv
        >>> network = rv.Network([rv.Dense(1, activation=rv.Activation(np.sin, slope=np.cos))])
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> rv.train(network, [[1.0], [2.0]], [1.0, 2.0], rv.Recipe(epochs=1)).save(path)
        >>> loaded = rv.load(path)
        >>> loaded.network
        Network([Dense(1, activation=Activation(sin, slope=cos))], loss='squared_error')
        >>> loaded.put_back(network).predict([[1.0]]).shape
        (1,)
        """
        parts: dict[str, Any] = {}
        for name, new in (("network", network), ("recipe", recipe)):
            old = getattr(self, name)
            if new is None:
                continue
            if not isinstance(new, type(old)):
                raise ParameterError(f"put_back takes a {type(old).__name__}. Got {new!r}.")
            if name == "network":
                new = _with_units_of(old, new)
            if as_saved(old) != as_saved(new):
                raise ParameterError(
                    f"The model was trained with another {name}: {old!r} instead of {new!r}."
                )
            parts[name] = new
        found = replace(self, **parts)
        if found._engine.layout != self._engine.layout:
            raise ParameterError(
                "The custom layers of the network have other parameters than those of the model, "
                "by name or by shape."
            )
        return found

    # --- Saved and shown ------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model into one safetensors file, whole or not at all.

        The file holds network, recipe, history and weights, and no code. Custom parts are only
        named in it (see `put_back`).

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"model.safetensors"``.

        Raises
        ------
        FileError
            If the file cannot be written; what was there before is still there.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "model.safetensors")
        ...     model.save(path)
        ...     rv.load(path)
        Model(2 → 1, 3 parameters, SquaredError, finished)
        """
        write_model_file(path, *self.to_parts())

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Give the model as plain data and arrays.

        Returns
        -------
        document : dict
            What JSON can say.
        arrays : dict of str to ndarray
            Parameters, state and history by name.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> document, arrays = model.to_parts()
        >>> Model.from_parts(document, arrays)
        Model(2 → 1, 3 parameters, SquaredError, finished)
        """
        return pack(self)

    @staticmethod
    def from_parts(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
        """Make a model from what `to_parts` gave, after checking all of it.

        Parameters
        ----------
        document : mapping
            Plain data.
        arrays : mapping of str to ndarray
            Parameters, state and history by name; more than those are left alone.

        Returns
        -------
        Model
            The model.

        Raises
        ------
        RavineError
            If they describe no model.

        Examples
        --------
        >>> Model.from_parts({}, {})
        Traceback (most recent call last):
        ravine.errors.SpecError: The description of the model lacks 'network'.
        """
        return Model(**unpack(document, arrays))

    def summary(self) -> Summary:
        """Describe layers, shapes, numbers of parameters, and how training went.

        Returns
        -------
        str
            A table.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> model.summary()
        layer        kind       output  parameters
        ──────────────────────────────────────────
        normalize_1  Normalize  2                0
        dense_1      Dense      1                3
        ──────────────────────────────────────────
        parameters   3 (float32), and 4 of state
        loss         'squared_error'
        optimizer    Adam(learning_rate=0.001)
        training     finished after 1 epoch
        """
        return text_table(self._engine.layers, self._facts())

    def _facts(self) -> dict[str, str]:
        count = self.parameters_vector.size
        epochs = len(self.history)
        best = "" if self.best_epoch is None else f", weights of epoch {self.best_epoch}"
        facts = {
            "parameters": f"{count:,} ({self.dtype}), and {self.state_vector.size:,} of state",
            "loss": short(self.network.loss),
            "optimizer": short(self.recipe.optimizer),
            "training": f"{self.status} after {epochs:,} epoch{'s' if epochs != 1 else ''}{best}",
        }
        if self.classes is not None:
            few = ", ".join(map(repr, self.classes[:6].tolist()))
            facts["classes"] = f"{len(self.classes)}: {few}{', …' if len(self.classes) > 6 else ''}"
        return facts | ({"message": self.message} if self.message else {})

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.input_shape))
        sizes = f"{shape} → {self._engine.n_outputs}, {self.parameters_vector.size:,} parameters"
        return f"Model({sizes}, {type(self.network.loss).__name__}, {self.status})"

    def _repr_html_(self) -> str:
        return html_table(self._engine.layers, self._facts(), repr(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, ({field.name: getattr(self, field.name) for field in fields(self)},)


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model of arrays; `ravine.load` reads whatever ravine saved.

    Parameters
    ----------
    path : str or path-like
        A model file, or a checkpoint, which gives the model of its best weights so far.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FileError
        If the file cannot be read, is truncated, damaged, or holds no model of arrays.

    Examples
    --------
    >>> read_model("nowhere.safetensors")
    Traceback (most recent call last):
    ravine.errors.FileError: Cannot read 'nowhere.safetensors': there is no such file or folder.
    """
    document, arrays = read_model_file(path)
    with usable(path):
        if "schema" in document:
            raise SpecError("it is the model of a table, which takes columns, not arrays.")
        return Model.from_parts(document, arrays)


@contextlib.contextmanager
def usable(path: str | os.PathLike[str], noun: str = "model") -> Iterator[None]:
    """Name the file, and the cure, in an error about what it holds."""
    try:
        yield
    except RavineError as error:
        raise FileError(
            f"{os.fspath(path)!r} holds no {noun} that this ravine can use: {error}",
            hint=f"Train and save the {noun} again.",
        ) from error


def _locked(array: ArrayLike, dtype: Any) -> NDArray[Any]:
    """Give a read-only view that is contiguous and of a type."""
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.setflags(write=False)
    return view


def _with_units_of(old: Network, new: Network) -> Network:
    """Fill in the units of a last Dense(None) as training did."""
    last, first = new.layers[-1], old.layers[-1]
    if isinstance(last, Dense) and last.units is None and isinstance(first, Dense):
        return Network([*new.layers[:-1], last.replace(units=first.units)], new.loss)
    return new


def _drops(layers: tuple[Layer, ...]) -> bool:
    """Whether any layer, at any depth, drops inputs."""
    return any(
        (isinstance(layer, Dropout) and layer.rate > 0)
        or (isinstance(layer, Residual) and _drops(layer.layers))
        for layer in layers
    )


def _rebuild(arguments: dict[str, Any]) -> Model:
    return Model(**arguments)
