"""What the members of a fit are given."""

import numpy as np
import pytest

import ravine as rv
from ravine.estimators.neural import members as neural_members


@pytest.fixture
def jobs(monkeypatch):
    """All jobs of a fit, with the coded rows, targets and weights that they refer to."""
    seen = []

    def train_many(jobs, X, y, *, sample_weight, **how):
        seen.extend((job, X, np.asarray(y), sample_weight) for job in jobs)
        return rv.train_many(jobs, X, y, sample_weight=sample_weight, **how)

    monkeypatch.setattr(neural_members, "train_many", train_many)
    return seen
