"""A table that several files learn from."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "size": rng.normal(50, 10, n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "open": rng.random(n) < 0.5,
            "sky": rng.choice(["clear", "rain"], n),
            "town": [f"town{i % 40:02}" for i in range(n)],
            "version": 3,
            "price": rng.normal(size=n),
        }
    )
