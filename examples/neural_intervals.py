"""Tables as they come: bicycles hired in an hour, and how far off to expect the forecast.

A NeuralRegressor gets the table of Washington's bicycle hire as it is. Some days are kept apart,
and shown with the interval that should hold nine hours of ten.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from picture import GREY, save
from sklearn.inspection import permutation_importance

import ravine as rv

TABLE = Path(__file__).parent / "data" / "bikeshare.csv.gz"
APART = [100, 101, 102, 103]


def main():
    table = pd.read_csv(TABLE)
    apart = table["day"].isin(APART)
    rows, test = table[~apart].sample(4000, random_state=0), table[apart]
    estimator = rv.NeuralRegressor(
        n_members=5, hidden_layer_sizes=(64, 64), epochs=25, learning_rate=5e-3, random_state=0
    )
    estimator.fit(rows.drop(columns="bikers"), rows["bikers"])
    X, bikers = test.drop(columns="bikers"), test["bikers"]
    lower, upper = estimator.predict_interval(X, coverage=0.9).T
    held = np.mean((lower <= bikers) & (bikers <= upper))

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), width_ratios=[3, 2])
    hours = np.arange(len(test))
    left.fill_between(
        hours, lower, upper, alpha=0.25, lw=0, label=f"interval for 90 %: holds {held:.0%}"
    )
    left.plot(hours, estimator.predict(X), label="forecast")
    left.plot(hours, bikers, ".", color=GREY, label="bicycles hired")
    left.set(title="Four days that were kept apart", xlabel="hours", ylabel="bicycles")
    left.legend(fontsize=8.5)

    found = permutation_importance(estimator, X, bikers, n_repeats=5, random_state=0)
    order = np.argsort(found.importances_mean)[-6:]
    right.barh(X.columns[order], found.importances_mean[order])
    right.set(title="What matters (R² lost when shuffled)", xlabel="R²")
    save(figure, "neural_intervals.png")


if __name__ == "__main__":
    main()
