"""The estimators of tables as they come: NeuralClassifier and NeuralRegressor."""

from ravine.ground.packages import needs

needs("NeuralClassifier or NeuralRegressor", "sklearn", "pandas", "narwhals")
