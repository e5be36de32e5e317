"""Whether two models are the same, bit for bit."""

import numpy as np


def assert_same_model(one, other):
    """Compare all of two models but their times."""
    assert one.status == other.status
    assert one.best_epoch == other.best_epoch
    assert list(one.parameters) == list(other.parameters)
    for name in one.parameters:
        np.testing.assert_array_equal(one.parameters[name], other.parameters[name], err_msg=name)
    for name in one.state:
        np.testing.assert_array_equal(one.state[name], other.state[name], err_msg=name)
    assert one.history.columns == other.history.columns
    for column in set(one.history.columns) - {"seconds"}:
        np.testing.assert_array_equal(one.history[column], other.history[column], err_msg=column)
