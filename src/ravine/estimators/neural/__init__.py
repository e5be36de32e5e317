"""The estimators for raw tables: NeuralClassifier and NeuralRegressor."""

from ravine.ground.packages import needs

needs("NeuralClassifier or NeuralRegressor", "sklearn", "pandas", "narwhals")
