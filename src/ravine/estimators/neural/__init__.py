"""The estimators of tables as they come: NeuralClassifier and NeuralRegressor."""
