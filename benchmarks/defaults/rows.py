"""The rows that defaults are sought on: none of them is ever tested on by the benchmark.

Of the benchmark's tables, the rows outside the reserve (see ``table_tasks``); of the tables that
scikit-learn brings along, which the benchmark does not have, all.
"""

import numpy as np

from benchmarks.tables.systems import Columns
from benchmarks.tables.tasks import MOST_ROWS, TASKS, Rows, Task, cut, read_table, reserve

JUDGED = 0.3

BUNDLED = (
    Task("diabetes", "regression", "target"),
    Task("breast_cancer", "classes", "target"),
    Task("digits", "classes", "target"),
)

TABLES = {task.name: task for task in (*BUNDLED, *TASKS)}


def read(task, folder):
    """Give the columns and the target of the rows that may be used."""
    if task in BUNDLED:
        import sklearn.datasets

        loaded = getattr(sklearn.datasets, f"load_{task.name}")(as_frame=True)
        return loaded.data, loaded.target.to_numpy(
            dtype=float if task.kind == "regression" else int
        )
    X, y = read_table(task, folder)
    _, free = reserve(task, y)
    return X.iloc[free].reset_index(drop=True), y[free]


def rows(task, X, y, seed, most_rows=MOST_ROWS):
    """Cut rows that train and rows that judge, anew for each seed; at most so many of either."""
    rng = np.random.default_rng([44, seed])
    drawn = rng.permutation(len(y))
    n_judge = min(round(JUDGED * len(y)), most_rows)
    judge, train = drawn[:n_judge], drawn[n_judge:][:most_rows]
    made = cut(X, y, train, judge)
    columns = Columns().learn(made.X_train)
    return Rows(made.X_train, made.y_train, columns.apply(made.X_test), made.y_test)
