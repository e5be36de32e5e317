"""The Neural estimators keep scikit-learn's contract."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from ravine import NeuralClassifier, NeuralRegressor

SMALL = {"n_members": 2, "hidden_layer_sizes": (32,), "random_state": 0, "n_jobs": 1}


@parametrize_with_checks([NeuralClassifier(**SMALL), NeuralRegressor(**SMALL)])
def test_scikit_learns_own_check(estimator, check):
    check(estimator)
