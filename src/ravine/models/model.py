"""Model: a trained network, its recipe and its history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.engine.optimizer_state import NUMBERS, named_state
from ravine.models.file import write_model_file
from ravine.models.history import History
from ravine.models.parts import named_views, pack, shifted_means, unpack
from ravine.models.predicting import Predictor
from ravine.models.stand_ins import originals
from ravine.models.summary import Summary, html_table, text_table
from ravine.specs.network import Network
from ravine.specs.optimizers import OPTIMIZERS
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine, short

__all__ = ["Model"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Model(Predictor):
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
        What else was learnt (means and variances), flat.
    history : History
        What happened in each epoch.
    classes : ndarray, optional
        The class labels in the order of the columns of `predict_proba`; None for a regression.
    one_dimensional : bool, default True
        Whether the targets had one axis, so that the predictions of a regression have one.
    offsets : ndarray of float64, shape (inputs,), optional
        What is subtracted from each column of X, in double, before it is rounded to float32 and the
        network sees it. Columns whose mean is large compared with their
        spread, such as seconds since 1970, have one (other than 0), so that no values are lost;
        the first Normalize layer learns its means relative to them. None: there are none.
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
        """What was learnt besides the parameters, by name.

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
        """The state of the optimizer after the last step of training, by name.

        It belongs to the last step even if the weights are those of a better epoch, or averages. It
        exists as long as this object: files, copies and pickles do not carry it. To resume a run,
        use checkpoints.

        Returns
        -------
        dict of str to dict of str to ndarray, or None
            ``model.optimizer_state["velocity"]["dense_1.weight"]``: read-only arrays, by the name
            of what the rule keeps and by the parameter that it keeps it for; empty for a rule that
            keeps nothing. A list of vectors (the ``"steps"`` and ``"gradient_changes"`` of
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

    # --- Custom parts ---------------------------------------------------------------------------

    def put_back(self, network: Network | None = None, recipe: Recipe | None = None) -> Model:
        """Give a model that came from a file with its custom parts, which no file can carry.

        A loaded model has stand-ins where custom layers, losses and so on were: it can be looked
        at, but refuses what needs their code. With the originals it goes on as if it had never been
        saved.

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
        return replace(self, **originals(self, network, recipe))

    # --- Saved and shown ------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model into one safetensors file, completely or not at all.

        The file holds network, recipe, history and weights, and no code. A custom optimizer or
        augmentation function is only named in it.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"model.safetensors"``.

        Raises
        ------
        FileError
            If the file cannot be written; a former file is then unchanged.

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
            Parameters, state and history by name; further ones are ignored.

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


def _locked(array: ArrayLike, dtype: Any) -> NDArray[Any]:
    """Give a read-only view that is contiguous and of a type."""
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.setflags(write=False)
    return view


def _rebuild(arguments: dict[str, Any]) -> Model:
    return Model(**arguments)
