"""The estimators with scikit-learn's parameters: MLPClassifier and MLPRegressor."""

from ravine.ground.packages import needs

needs("MLPClassifier or MLPRegressor", "sklearn")
