"""scikit-learn's MLP, from first weights like the others'. It has nothing for populations."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from benchmarks.speed.cases import LEARNING_RATE
from benchmarks.speed.systems import Training


class HeNormal:
    """Draws first weights from the normal distribution with variance 2/inputs; biases are 0."""

    def _init_coef(self, fan_in, fan_out, dtype):
        weight = self._random_state.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
        return weight.astype(dtype), np.zeros(fan_out, dtype=dtype)


class Classifier(HeNormal, MLPClassifier):
    pass


class Regressor(HeNormal, MLPRegressor):
    pass


def start(case, X, y, threads):
    if case.networks > 1:
        return []

    def run(seed):
        kind = Classifier if case.classifies else Regressor
        model = kind(
            hidden_layer_sizes=case.hidden,
            alpha=0,
            batch_size=case.batch,
            learning_rate_init=LEARNING_RATE,
            max_iter=case.epochs,
            tol=0,
            n_iter_no_change=10**9,
            random_state=seed,
        )
        with warnings.catch_warnings(), threadpool_limits(threads):
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop after max_iter
            return model.fit(X, y)

    def outputs(model):
        return np.log(model.predict_proba(X)) if case.classifies else model.predict(X)

    return [Training("scikit-learn", run, outputs)]
