"""NeuralClassifier and NeuralRegressor: tables as they come, good without tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils import check_consistent_length, compute_class_weight

from ravine.errors import DataError, ParameterError
from ravine.estimators.neural.base import NeuralEstimator
from ravine.estimators.neural.calibration import Conformal, fit_temperature, tempered
from ravine.estimators.neural.data import GivenRows, TrainingRows, check_weights
from ravine.estimators.neural.options import BOTH, CLASSIFIER, REGRESSOR, check_options
from ravine.estimators.neural.rows import name_of
from ravine.estimators.neural.targets import TargetScale
from ravine.estimators.neural.y import class_labels, target_numbers
from ravine.ground.kept import check_kept
from ravine.ground.text import plural
from ravine.models.finite import check_predictions
from ravine.specs.losses import LOSSES, CrossEntropy, Loss, Quantile
from ravine.specs.losses.domains import DOMAINS
from ravine.specs.rules import Number
from ravine.tables import Target

__all__ = ["NeuralClassifier", "NeuralRegressor"]

NumberEmbedding = Literal["none", "piecewise_linear", "periodic"]
Schedule = Literal["cosine", "cyclic_cosine", "constant", "exponential", "one_cycle"]


class NeuralClassifier(ClassifierMixin, NeuralEstimator):  # type: ignore[misc]
    """Classify rows of a table as it comes, with an ensemble of networks: good without tuning.

    Columns may hold numbers, booleans, text, categories and missing or infinite values; what is
    learnt of them is in ``schema_``. The probability of a class is the members' mean, sharpened or
    softened by one temperature that was fitted on the rows that they had set aside.

    Parameters
    ----------
    n_members : int, default 8
        Networks of each kind (see ``variants``) in the ensemble, whose predictions are averaged.
        Each trains on other rows and from other first weights.
    hidden_layer_sizes : int or sequence of int, default (512,)
        Units of each hidden layer.
    activation : str, default "gelu"
        Of the hidden layers: a name that `ravine.Activation` knows.
    normalization : {"batch", "layer"}, optional
        What stands between a hidden layer's sums and their activation.
    number_embedding : {"piecewise_linear", "periodic", "none"}, default "piecewise_linear"
        What numbers become beside their scaled value: they are spread over bins, or turned into
        waves of learnt frequencies (16 a column; where all columns together would have more than
        1,024, fewer, but at least 4).
    n_bins : int, default 32
        The most bins that a column of numbers gets, at least 2. It gets fewer where they would hold
        fewer than 40 rows each, but up to 8 in any case; and where all columns together would have
        more than 1,024, but up to 4.
    most_one_hot_levels : int, default 60
        A column of text with more levels than this gets a learnt vector for each instead.
    category_dimension : int, optional
        Length of these vectors; None: ``1.6 levels^0.56``, from 2 to 32.
    input_scale : bool, default True
        Whether each number that reaches the first hidden layer, bins as well, is multiplied by a
        learnt factor of its own (`ravine.Scale`).
    learning_rate : float, default 5e-3
        The highest learning rate of AdamW.
    schedule : {"cosine", "cyclic_cosine", "constant", "exponential", "one_cycle"}, default "cosine"
        How it changes over the epochs. "cosine", "cyclic_cosine" and "one_cycle" end at 0,
        "exponential" at a twentieth.
    beta2 : float, default 0.95
        What AdamW's mean of squared gradients keeps of itself per step, in [0, 1).
    weight_decay : float, default 0.01
        AdamW's decoupled weight decay, at least 0; it fades with the learning rate.
    dropout : float, default 0.1
        Share of the hidden units that are dropped in a step, in [0, 1).
    dropout_fades : bool, default False
        Whether that share falls to 0 in the second half of the epochs.
    label_smoothing : float, default 0.05
        Share of each target that is spread over all classes, in [0, 1).
    clip_norm : float, optional
        Largest norm of the gradient; a longer one is scaled down to it.
    averaging : float or None, default 0.98
        Decay in (0, 1) of the running average of the weights, which validation scores and the
        members get. None: the last weights of an epoch.
    batch_size : int, "auto" or "full", default "auto"
        Rows per step. "auto" is about a thirtieth of the training rows, a power of two from 32 to
        1,024.
    epochs : int or "auto", default "auto"
        Passes through the training rows, fewer of them where an epoch has more steps.
    patience : int, "auto" or None, default "auto"
        Epochs without a lower validation loss after which a member stops; "auto" is a quarter of
        the epochs, at least 10, and None never stops early. In any case a member gets the weights
        of its best epoch.
    validation_fraction : float, default 0.2
        Part of the rows that each member sets aside, in [0, 1); other rows for other members, so
        that five members have set aside every row once. 0: no early stopping, and no
        temperature. It is not used where `fit` is given rows to validate on.
    refit_full : bool, default False
        Whether the members are trained again on all rows, those that validated as well, for as
        large a part of their epochs as was best on average.
    calibrate : bool, default True
        Whether a temperature is fitted.
    class_weight : dict or "balanced", optional
        Weight of each class; "balanced" gives all classes the same total weight.
    variants : "auto", None or sequence of dict, default "auto"
        Further kinds of members: each is a dictionary of parameters in which they differ from what
        the others say, such as ``{"dropout": 0.5}``. How much each kind counts is chosen by its
        predictions for the rows that members set aside; with four members or more, half of them
        are trained first, and kinds that have no weight then get no others. "auto" are those that
        did best in trials over tables (`ravine.estimators.neural.options.VARIANTS`), which change
        only what is at its default here. None: all members are of one kind.
    on_new_missing : {"error", "median"}, default "error"
        What a value means, in rows to predict, that is missing where no training row lacked one: an
        error, or the median of the training rows (a boolean or a date is then in the middle).
    dtype : {"float32", "float64"}, default "float32"
        Precision of training and prediction.
    random_state : int, RandomState or None, default None
        Where chance comes from: the same number gives the same estimator, to the last bit.
    n_jobs : int, optional
        Threads to train with, −1 for one per core. None: one per core too, but a single one within
        a parallel search. The result does not depend on it.
    verbose : bool or int, default False
        Whether training shows a live line on a terminal.

    Attributes
    ----------
    classes_ : numpy.ndarray of shape (classes,)
        The classes, sorted. One whose rows all have a ``sample_weight`` of 0, or whose
        ``class_weight`` is 0, has the probability 0.
    temperature_ : float
        What the logarithms of the mean probabilities are divided by; 1 is none.
    schema_ : ravine.tables.TableSchema
        What was learnt of the columns, and of the target if there is one.
    members_ : list of ravine.Model
        The trained networks of the kinds that count, kind by kind.
    variant_weights_ : numpy.ndarray of shape (1, kinds)
        How much each kind counts: the parameters' own, then that of each of the variants.
    history_ : ravine.History
        The members' histories, averaged; ``members_[i].history`` has each.
    notes_ : tuple of str
        What was noticed in training, in sentences: columns left out, copies of rows.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : numpy.ndarray of str
        Their names, if X had names.

    Notes
    -----
    Rows are put into an order that depends on what they hold, so the order of a table makes no
    difference. Equal rows are merged into one of the summed weight, so that no member validates on
    a copy of a row that it trained on; a weight of k is k equal rows, and scaling all weights
    changes nothing. Where equal columns come with different targets, or a table holds fewer than 50
    different rows many times, equal rows count as independent observations, and ``notes_`` says so.
    docs/neural.md says what is done, and why.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS. Gorishniy, Rubachev & Babenko (2022), On Embeddings for
    Numerical Features in Tabular Deep Learning, NeurIPS. Gorishniy, Kotelnikov & Babenko (2025),
    TabM, ICLR. Caruana et al. (2004), Ensemble Selection from Libraries of Models, ICML. Guo et
    al. (2017), On Calibration of Modern Neural Networks, ICML.

    Examples
    --------
    >>> import pandas as pd
    >>> import ravine as rv
    >>> sky = ["clear", "rain", "clear", "clouds"] * 20
    >>> frame = pd.DataFrame({"sky": sky, "wind": [*range(40)] * 2})
    >>> estimator = rv.NeuralClassifier(n_members=2, random_state=0)
    >>> estimator.fit(frame, [s == "rain" for s in sky]).predict(frame[:4])
    array([False,  True, False, False])
    """

    def __init__(
        self,
        n_members: int = 8,
        hidden_layer_sizes: Sequence[int] = (512,),
        activation: str = "gelu",
        *,
        normalization: Literal["batch", "layer"] | None = None,
        number_embedding: NumberEmbedding = "piecewise_linear",
        n_bins: int = 32,
        most_one_hot_levels: int = 60,
        category_dimension: int | None = None,
        input_scale: bool = True,
        learning_rate: float = 5e-3,
        schedule: Schedule = "cosine",
        beta2: float = 0.95,
        weight_decay: float = 0.01,
        dropout: float = 0.1,
        dropout_fades: bool = False,
        label_smoothing: float = 0.05,
        clip_norm: float | None = None,
        averaging: float | None = 0.98,
        batch_size: int | Literal["auto", "full"] = "auto",
        epochs: int | Literal["auto"] = "auto",
        patience: int | Literal["auto"] | None = "auto",
        validation_fraction: float = 0.2,
        refit_full: bool = False,
        calibrate: bool = True,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        variants: Literal["auto"] | Sequence[Mapping[str, Any]] | None = "auto",
        on_new_missing: Literal["error", "median"] = "error",
        dtype: Literal["float32", "float64"] = "float32",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.normalization = normalization
        self.number_embedding = number_embedding
        self.n_bins = n_bins
        self.most_one_hot_levels = most_one_hot_levels
        self.category_dimension = category_dimension
        self.input_scale = input_scale
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.dropout_fades = dropout_fades
        self.label_smoothing = label_smoothing
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.refit_full = refit_full
        self.calibrate = calibrate
        self.class_weight = class_weight
        self.variants = variants
        self.on_new_missing = on_new_missing
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> NeuralClassifier:
        """Learn the columns, and train the members on them.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The training rows, as they come.
        y : array-like of shape (n,)
            Their classes: labels of any type.
        sample_weight : array-like of shape (n,), optional
            How much each row counts, at least 0. A row of weight 0 is absent; scaling all weights
            changes nothing.
        X_val, y_val : optional
            Rows to validate on, like X and y, instead of ``validation_fraction`` of X. Columns are
            learnt from X alone. Not together with groups or time.
        sample_weight_val : array-like of shape (m,), optional
            How much each of them counts.
        groups : array-like of shape (n,), optional
            The group of each row, such as a patient or a site. A member trains on all rows of a
            group or on none.
        time : array-like of shape (n,), optional
            The time of each row, numbers or dates. All members set the latest rows aside: about
            ``validation_fraction`` of them; rows of one time stay together.

        Returns
        -------
        NeuralClassifier
            The estimator itself.

        Raises
        ------
        ParameterError
            If a parameter breaks its rule.
        DataError, ValueError
            If X, y or the weights cannot be trained on.
        """
        options = self._options()
        frame = self._learn_columns(X)
        labels = class_labels(_required(self, y), "y", frame)
        weights = check_weights(sample_weight, frame, "sample_weight")
        left_out = self._learn_classes(labels, weights)
        rows = TrainingRows.gather(
            GivenRows(frame, *self._as_codes(labels, weights)),
            self._validation_rows(X_val, y_val, sample_weight_val),
            groups,
            time,
        )
        codes = rows.y
        weights = self._with_class_weight(rows)
        held_out = self._train(
            rows,
            codes,
            weights,
            losses=[CrossEntropy()],
            outputs=len(self._trained_classes),
            options=options,
            classes=codes,
        )[0]
        self.notes_ += left_out
        if all(isinstance(label, str | int) for label in self.classes_.tolist()):
            self._know_target(
                Target(name_of(y), "classification", classes=tuple(self.classes_.tolist()))
            )
        self.temperature_ = 1.0
        known = ~np.isnan(held_out[:, 0])
        if options["calibrate"] and known.any():
            counted = np.ones(len(codes)) if weights is None else weights
            self.temperature_ = fit_temperature(held_out[known], codes[known], counted[known])
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may stand in any order, and further ones are left aside.

        Returns
        -------
        numpy.ndarray of shape (n,)
            The most probable classes.
        """
        found = self.predict_proba(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Give the share of rows that are classified right.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows.
        y : array-like of shape (n,)
            Their classes.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        DataError
            If a target or a weight is masked.
        """
        check_kept(y, "y")
        check_kept(sample_weight, "sample_weight")
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may stand in any order, and further ones are left aside.

        Returns
        -------
        numpy.ndarray of shape (n, classes)
            Columns in the order of ``classes_``, adding up to 1.
        """
        coded = self._coded(X)
        found = tempered(self._mean_predictions(coded)[0], self.temperature_)
        if len(self._trained_classes) == len(self.classes_):
            return found
        every = np.zeros((len(found), len(self.classes_)))
        every[:, self._trained_classes] = found
        return every

    def _options(self) -> dict[str, Any]:
        return check_options(self, BOTH, CLASSIFIER)

    def _learn_classes(
        self, labels: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> tuple[str, ...]:
        """Find the classes, and which of them are trained; say which have no weight."""
        known, codes = np.unique(labels, return_inverse=True)
        present = np.bincount(codes, weights=weights) > 0
        self.classes_ = known
        if len(known) < 2:
            raise DataError(
                f"y holds one class only ({known[0]!s}): there is nothing to tell apart.",
                hint="Check the target.",
            )
        if present.sum() < 2:
            raise DataError(
                f"y holds {plural(len(known), 'class', 'classes')}, but only rows of "
                f"{known[present.argmax()]!s} weigh more than 0: there is nothing to tell apart.",
                hint="Check the weights of the rows.",
            )
        self._trained_classes = np.flatnonzero(present & (self._class_weights() > 0))
        if len(self._trained_classes) < 2:
            raise DataError(
                "class_weight is 0 for all classes but one: there is nothing to tell apart.",
                hint="Give two classes a weight above 0.",
            )
        return tuple(
            f"The class {label!s} has the probability 0: all its rows weigh 0."
            for label in known[~present]
        )

    def _class_weights(self) -> NDArray[np.float64]:
        """Give the weight of each class as a dictionary says it; 1 without one."""
        named = isinstance(self.class_weight, str) and self.class_weight == "balanced"
        given = None if named else self.class_weight
        found = compute_class_weight(given, classes=self.classes_, y=self.classes_)
        return np.asarray(found, dtype=np.float64)

    def _as_codes(
        self, labels: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        """Turn labels into codes of the trained classes; rows of others get the weight 0."""
        trained = self.classes_[self._trained_classes]
        codes = np.minimum(np.searchsorted(trained, labels), len(trained) - 1)
        others = trained[codes] != labels
        if others.any():
            weights = np.where(others, 0.0, 1.0 if weights is None else weights)
        return codes, weights

    def _validation_rows(self, X: Any, y: Any, sample_weight: Any) -> GivenRows | None:
        """Take the rows that validate, if they are given."""
        frame = self._validation_table(X, y, sample_weight)
        if frame is None:
            return None
        labels = class_labels(y, "y_val", frame)
        weights = check_weights(sample_weight, frame, "sample_weight_val")
        present = labels if weights is None else labels[weights > 0]
        unknown = np.setdiff1d(present, self.classes_)
        if len(unknown):
            raise DataError(
                f"y_val holds the class {unknown[0]!s}, which y does not hold.",
                hint="Leave such rows out of X_val and y_val, or give some to X and y.",
            )
        codes, weights = self._as_codes(labels, weights)
        if weights is not None and not weights.any():
            raise DataError("All rows of X_val weigh 0: nothing is left to validate on.")
        return GivenRows(frame, codes, weights)

    def _with_class_weight(self, rows: TrainingRows) -> NDArray[np.float64] | None:
        """Multiply the rows' weights with those of their classes."""
        if self.class_weight is None:
            return rows.weights
        of_class = self._class_weights()[self._trained_classes]
        if isinstance(self.class_weight, str):
            n = len(rows.frame)
            own = None if rows.weights is None else rows.weights[:n]
            sums = np.bincount(rows.y[:n], weights=own)
            of_class = sums.sum() / (len(sums) * sums)
        return rows.weighted(of_class[rows.y])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


class NeuralRegressor(RegressorMixin, NeuralEstimator):  # type: ignore[misc]
    """Regress on rows of a table as it comes, with an ensemble of networks: good without tuning.

    Columns may hold numbers, booleans, text, categories and missing or infinite values; what is
    learnt of them is in ``schema_``. Targets are standardised inside, and predictions given back in
    their own unit.

    Parameters
    ----------
    n_members : int, default 8
        Networks of each kind (see ``variants``) in the ensemble, whose predictions are averaged.
        Each trains on other rows and from other first weights.
    hidden_layer_sizes : int or sequence of int, default (512,)
        Units of each hidden layer.
    activation : str, default "gelu"
        Of the hidden layers: a name that `ravine.Activation` knows.
    loss : str, default "squared_error"
        The name of a loss of numbers of `ravine.losses`, which says what it predicts. "huber" has
        a δ of one standard deviation; the τ of "quantile" are ``quantiles``.
    quantiles : float or sequence of float, default (0.05, 0.5, 0.95)
        With ``loss="quantile"``: the levels to predict, in (0, 1). Each is fitted by an ensemble of
        its own; predictions are sorted, so that quantiles never cross, and stand in ascending
        order of the levels.
    normalization : {"batch", "layer"}, optional
        What stands between a hidden layer's sums and their activation.
    number_embedding : {"piecewise_linear", "periodic", "none"}, default "piecewise_linear"
        What numbers become beside their scaled value: they are spread over bins, or turned into
        waves of learnt frequencies (16 a column; where all columns together would have more than
        1,024, fewer, but at least 4).
    n_bins : int, default 32
        The most bins that a column of numbers gets, at least 2. It gets fewer where they would hold
        fewer than 40 rows each, but up to 8 in any case; and where all columns together would have
        more than 1,024, but up to 4.
    most_one_hot_levels : int, default 60
        A column of text with more levels than this gets a learnt vector for each instead.
    category_dimension : int, optional
        Length of these vectors; None: ``1.6 levels^0.56``, from 2 to 32.
    input_scale : bool, default True
        Whether each number that reaches the first hidden layer, bins as well, is multiplied by a
        learnt factor of its own (`ravine.Scale`).
    learning_rate : float, default 5e-3
        The highest learning rate of AdamW.
    schedule : {"cosine", "cyclic_cosine", "constant", "exponential", "one_cycle"}, default "cosine"
        How it changes over the epochs. "cosine", "cyclic_cosine" and "one_cycle" end at 0,
        "exponential" at a twentieth.
    beta2 : float, default 0.95
        What AdamW's mean of squared gradients keeps of itself per step, in [0, 1).
    weight_decay : float, default 0.01
        AdamW's decoupled weight decay, at least 0; it fades with the learning rate.
    dropout : float, default 0.1
        Share of the hidden units that are dropped in a step, in [0, 1).
    dropout_fades : bool, default False
        Whether that share falls to 0 in the second half of the epochs.
    clip_norm : float, optional
        Largest norm of the gradient; a longer one is scaled down to it.
    averaging : float or None, default 0.98
        Decay in (0, 1) of the running average of the weights, which validation scores and the
        members get. None: the last weights of an epoch.
    batch_size : int, "auto" or "full", default "auto"
        Rows per step. "auto" is about a thirtieth of the training rows, a power of two from 32 to
        1,024.
    epochs : int or "auto", default "auto"
        Passes through the training rows, fewer of them where an epoch has more steps.
    patience : int, "auto" or None, default "auto"
        Epochs without a lower validation loss after which a member stops; "auto" is a quarter of
        the epochs, at least 10, and None never stops early. In any case a member gets the weights
        of its best epoch.
    validation_fraction : float, default 0.2
        Part of the rows that each member sets aside, in [0, 1); other rows for other members, so
        that five members have set aside every row once. 0: no early stopping, and no intervals.
        It is not used where `fit` is given rows to validate on.
    refit_full : bool, default False
        Whether the members are trained again on all rows, those that validated as well, for as
        large a part of their epochs as was best on average.
    clip_predictions : bool, default True
        Whether predictions stay within the range of the training rows' targets.
    variants : "auto", None or sequence of dict, default "auto"
        Further kinds of members: each is a dictionary of parameters in which they differ from what
        the others say, such as ``{"dropout": 0.5}``. How much each kind counts is chosen by its
        predictions for the rows that members set aside; with four members or more, half of them
        are trained first, and kinds that have no weight then get no others. "auto" are those that
        did best in trials over tables (`ravine.estimators.neural.options.VARIANTS`), which change
        only what is at its default here. None: all members are of one kind.
    on_new_missing : {"error", "median"}, default "error"
        What a value means, in rows to predict, that is missing where no training row lacked one: an
        error, or the median of the training rows (a boolean or a date is then in the middle).
    dtype : {"float32", "float64"}, default "float32"
        Precision of training and prediction.
    random_state : int, RandomState or None, default None
        Where chance comes from: the same number gives the same estimator, to the last bit.
    n_jobs : int, optional
        Threads to train with, −1 for one per core. None: one per core too, but a single one within
        a parallel search. The result does not depend on it.
    verbose : bool or int, default False
        Whether training shows a live line on a terminal.

    Attributes
    ----------
    schema_ : ravine.tables.TableSchema
        What was learnt of the columns, and of the target if there is one.
    members_ : list of ravine.Model
        The trained networks of the kinds that count, kind by kind. With ``loss="quantile"``: those
        of the lowest level first.
    variant_weights_ : numpy.ndarray of shape (1 or quantiles, kinds)
        How much each kind counts: the parameters' own, then that of each of the variants.
    history_ : ravine.History
        The members' histories, averaged; ``members_[i].history`` has each.
    notes_ : tuple of str
        What was noticed in training, in sentences: columns left out, copies of rows.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : numpy.ndarray of str
        Their names, if X had names.

    Notes
    -----
    Rows are put into an order that depends on what they hold, so the order of a table makes no
    difference. Equal rows are merged into one of the summed weight, so that no member validates on
    a copy of a row that it trained on; a weight of k is k equal rows, and scaling all weights
    changes nothing. Where equal columns come with different targets, or a table holds fewer than 50
    different rows many times, equal rows count as independent observations, and ``notes_`` says so.
    docs/neural.md says what is done, and why.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS. Gorishniy, Rubachev & Babenko (2022), On Embeddings for
    Numerical Features in Tabular Deep Learning, NeurIPS. Gorishniy, Kotelnikov & Babenko (2025),
    TabM, ICLR. Caruana et al. (2004), Ensemble Selection from Libraries of Models, ICML.
    Chernozhukov, Fernández-Val & Galichon (2010), Quantile and Probability
    Curves Without Crossing, Econometrica 78(3). Romano, Patterson & Candès (2019), Conformalized
    Quantile Regression, NeurIPS.

    Examples
    --------
    >>> import pandas as pd
    >>> import ravine as rv
    >>> frame = pd.DataFrame({"rooms": [1, 2, 3, 4] * 25, "street": ["a", "b"] * 50})
    >>> estimator = rv.NeuralRegressor(n_members=2, random_state=0)
    >>> estimator.fit(frame, 100.0 * frame["rooms"]).predict(frame[:4]).round(-2)
    array([100., 200., 300., 400.])
    >>> estimator.predict_interval(frame[:4], coverage=0.9).shape
    (4, 2)
    """

    def __init__(
        self,
        n_members: int = 8,
        hidden_layer_sizes: Sequence[int] = (512,),
        activation: str = "gelu",
        *,
        loss: str = "squared_error",
        quantiles: float | Sequence[float] = (0.05, 0.5, 0.95),
        normalization: Literal["batch", "layer"] | None = None,
        number_embedding: NumberEmbedding = "piecewise_linear",
        n_bins: int = 32,
        most_one_hot_levels: int = 60,
        category_dimension: int | None = None,
        input_scale: bool = True,
        learning_rate: float = 5e-3,
        schedule: Schedule = "cosine",
        beta2: float = 0.95,
        weight_decay: float = 0.01,
        dropout: float = 0.1,
        dropout_fades: bool = False,
        clip_norm: float | None = None,
        averaging: float | None = 0.98,
        batch_size: int | Literal["auto", "full"] = "auto",
        epochs: int | Literal["auto"] = "auto",
        patience: int | Literal["auto"] | None = "auto",
        validation_fraction: float = 0.2,
        refit_full: bool = False,
        clip_predictions: bool = True,
        variants: Literal["auto"] | Sequence[Mapping[str, Any]] | None = "auto",
        on_new_missing: Literal["error", "median"] = "error",
        dtype: Literal["float32", "float64"] = "float32",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.quantiles = quantiles
        self.normalization = normalization
        self.number_embedding = number_embedding
        self.n_bins = n_bins
        self.most_one_hot_levels = most_one_hot_levels
        self.category_dimension = category_dimension
        self.input_scale = input_scale
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.dropout_fades = dropout_fades
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.refit_full = refit_full
        self.clip_predictions = clip_predictions
        self.variants = variants
        self.on_new_missing = on_new_missing
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> NeuralRegressor:
        """Learn the columns, and train the members on them.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The training rows, as they come.
        y : array-like of shape (n,) or (n, targets)
            Finite numbers.
        sample_weight : array-like of shape (n,), optional
            How much each row counts, at least 0. A row of weight 0 is absent; scaling all weights
            changes nothing.
        X_val, y_val : optional
            Rows to validate on, like X and y, instead of ``validation_fraction`` of X. Columns are
            learnt from X alone. Not together with groups or time.
        sample_weight_val : array-like of shape (m,), optional
            How much each of them counts.
        groups : array-like of shape (n,), optional
            The group of each row, such as a patient or a site. A member trains on all rows of a
            group or on none, and intervals hold for rows of new groups.
        time : array-like of shape (n,), optional
            The time of each row, numbers or dates. All members set the latest rows aside: about
            ``validation_fraction`` of them; rows of one time stay together.

        Returns
        -------
        NeuralRegressor
            The estimator itself.

        Raises
        ------
        ParameterError
            If a parameter breaks its rule.
        DataError, ValueError
            If X, y or the weights cannot be trained on.
        """
        options = self._options()
        frame = self._learn_columns(X)
        given = self._numeric_rows(frame, _required(self, y), sample_weight)
        validation = self._validation_rows(X_val, y_val, sample_weight_val, given.y.shape[1:])
        rows = TrainingRows.gather(given, validation, groups, time)
        n, numbers = len(rows.frame), rows.y
        own = None if rows.weights is None else rows.weights[:n]
        losses = self._losses()
        self._scale = TargetScale.learn(numbers[:n], own, movable=losses[0].is_movable)
        targets = self._scale.encode(numbers)
        held_out = self._train(
            rows,
            targets[:, 0] if targets.shape[1] == 1 else targets,
            rows.weights,
            losses=losses,
            outputs=targets.shape[1],
            options=options,
        )
        if self._scale.one_dimensional:
            unit = float(self._scale.shift[0]), float(self._scale.spread[0])
            self._know_target(Target(name_of(y), "regression", *unit))
        self._conformal = self._learn_intervals(held_out, rows)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict the target of each row, in its own unit.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may stand in any order, and further ones are left aside.

        Returns
        -------
        numpy.ndarray of shape (n,) or (n, targets)
            Numbers. With ``loss="quantile"`` and several ``quantiles`` there is a last axis for
            them, along which numbers never fall.
        """
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        return found[..., 0] if self._is_single else found

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray[np.float64]:
        """Predict an interval that holds the target with a given probability.

        The interval is conformal: it is made of what predictions missed by on the validation rows
        of the members. With ``loss="quantile"`` and several quantiles it widens or narrows the
        band between the lowest and the highest of them; otherwise it is put around the prediction.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows.
        coverage : float, default 0.9
            The share of rows whose target is to lie in their interval, in (0, 1). It holds on
            average over rows like those of training, for each target by itself; if `fit` was given
            groups, over rows of new groups, which count alike.

        Returns
        -------
        numpy.ndarray of shape (n, 2) or (n, targets, 2)
            Lower and upper ends.

        Raises
        ------
        ParameterError
            If the estimator was trained without validation rows, or has too few of them, or of
            their groups, for this coverage: ``2 / (1 − coverage) − 1`` are needed.
        """
        coverage = Number(above=0, below=1)("predict_interval", "coverage", coverage)
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        if not self._conformal:
            raise ParameterError(
                "predict_interval needs validation rows, and there were none in training.",
                hint="Set validation_fraction=0.2.",
            )
        columns = found.reshape(len(found), -1, found.shape[-1])
        ends = np.stack(
            [
                conformal.interval(columns[:, target, 0], columns[:, target, -1], coverage)
                for target, conformal in enumerate(self._conformal)
            ],
            axis=1,
        )
        if self._losses()[0].targets in ("non_negative", "positive"):
            ends = np.maximum(ends, 0.0)
        return ends[:, 0] if self._scale.one_dimensional else ends

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Score predictions: R², or with ``loss="quantile"`` the share of pinball loss explained.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows.
        y : array-like of shape (n,) or (n, targets)
            Their targets.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            1 for perfect predictions, 0 for those of a constant. The mean over targets (and over
            quantiles, of `sklearn.metrics.d2_pinball_score`).
        """
        check_kept(y, "y")
        check_kept(sample_weight, "sample_weight")
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        if self.loss != "quantile":
            return float(r2_score(y, found[..., 0], sample_weight=sample_weight))
        levels = np.sort(np.atleast_1d(self.quantiles))
        scores = [
            d2_pinball_score(y, found[..., place], sample_weight=sample_weight, alpha=level)
            for place, level in enumerate(levels)
        ]
        return float(np.mean(scores))

    def _options(self) -> dict[str, Any]:
        return check_options(self, BOTH, REGRESSOR)

    def _losses(self) -> list[Loss]:
        """Give the loss of each network: one, or one for each quantile, in ascending order."""
        if self.loss == "quantile":
            return [Quantile(level) for level in np.sort(np.atleast_1d(self.quantiles))]
        return [LOSSES.shorthands[self.loss]]

    @property
    def _is_single(self) -> bool:
        return self.loss != "quantile" or isinstance(self.quantiles, float)

    def _in_unit(self, found: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give predictions in the target's unit, quantiles (one or more) on the last axis."""
        raised = np.sort(np.stack(found, axis=-1), axis=-1)
        return check_predictions(self._scale.decode(raised, clip=self.clip_predictions))

    def _numeric_rows(self, frame: Any, y: Any, sample_weight: Any, suffix: str = "") -> GivenRows:
        """Take rows, their targets and their weights."""
        numbers = target_numbers(y, f"y{suffix}")
        if numbers.ndim == 2 and numbers.shape[1] == 1:
            numbers = numbers[:, 0]
        check_consistent_length(frame, numbers)
        _check_range(numbers, self.loss)
        return GivenRows(
            frame, numbers, check_weights(sample_weight, frame, "sample_weight" + suffix)
        )

    def _validation_rows(
        self, X: Any, y: Any, sample_weight: Any, targets: tuple[int, ...]
    ) -> GivenRows | None:
        """Take the rows that validate, if they are given."""
        frame = self._validation_table(X, y, sample_weight)
        if frame is None:
            return None
        given = self._numeric_rows(frame, y, sample_weight, "_val")
        if given.y.shape[1:] != targets:
            raise DataError(
                f"y_val must have the targets of y: one row has the shape {targets}. Got "
                f"{given.y.shape[1:]}."
            )
        return given

    def _learn_intervals(
        self, held_out: list[NDArray[np.float64]], rows: TrainingRows
    ) -> list[Conformal]:
        known = ~np.isnan(held_out[0][:, 0])
        if not known.any():
            return []
        found = self._in_unit([part[known] for part in held_out])
        columns = found.reshape(len(found), -1, found.shape[-1])
        y = rows.y.reshape(len(rows.y), -1)[known]
        weights = None if rows.weights is None else rows.weights[known]
        groups = None if rows.groups is None else rows.groups[known]
        return [
            Conformal.learn(columns[:, i, 0], columns[:, i, -1], y[:, i], weights, groups)
            for i in range(y.shape[1])
        ]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _required(estimator: Any, y: Any) -> Any:
    if y is None:
        raise DataError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    return y


def _check_range(y: NDArray[np.float64], name: str) -> None:
    loss = LOSSES.shorthands[name]
    domain = DOMAINS[loss.targets]
    wrong = domain.outside(y)
    if wrong.any():
        raise DataError(
            f"The loss {name!r} needs targets {domain.rule}. y holds {y[wrong][0]:g} "
            f"({int(wrong.sum())} such values)."
        )
    if loss.link == "log" and not y.any():
        raise DataError(f"The loss {name!r} needs a target above 0. y is 0 in every row.")
