"""What an ensemble of some kinds of members leaves unexplained, from what each kind predicted."""

import numpy as np

from benchmarks.tables.accuracy import score


def unexplained(task, trials):
    """Mix trials as the estimators do and give what is left on the rows that judge."""
    from ravine.estimators.neural.calibration import fit_temperature, tempered
    from ravine.estimators.neural.ensemble import weighed
    from ravine.specs.losses import CrossEntropy, SquaredError

    classes = task.kind == "classes"
    y, weights, truth = (trials[0][name] for name in ("y", "weights", "truth"))
    held_out, judged = (
        [_numbers(trial[name], classes) for trial in trials] for name in ("held_out", "judged")
    )
    if classes and len(trials) > 1:
        each = [float(trial["temperature"]) for trial in trials]
        held_out = [tempered(p, t) for p, t in zip(held_out, each, strict=True)]
        judged = [tempered(p, t) for p, t in zip(judged, each, strict=True)]
    chosen, mixed = weighed(held_out, y, weights, CrossEntropy() if classes else SquaredError())
    found = sum(weight * p for weight, p in zip(chosen, judged, strict=True))
    if classes:
        found = tempered(found, fit_temperature(mixed, y, weights))
    return score(task.kind, np.clip(found, *trials[0]["limits"]), truth)["unexplained"]


def _numbers(stored, classes):
    found = stored.astype(np.float64)
    return found / found.sum(axis=1, keepdims=True) if classes else found
