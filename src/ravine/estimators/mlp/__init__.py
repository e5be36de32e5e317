"""The estimators with scikit-learn's parameters: MLPClassifier and MLPRegressor."""
