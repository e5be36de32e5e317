"""The kinds of models that are trained on a table: one network, or an estimator of many."""
