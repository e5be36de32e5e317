"""Made-up targets for the benchmark of tables."""

import numpy as np

from benchmarks.tables import tasks

REGRESSION = tasks.Task("any", "regression", "y")


def targets(task, n):
    rng = np.random.default_rng(0)
    return rng.normal(size=n) if task is REGRESSION else (rng.random(n) < 0.1).astype(int)
