"""Ranks over tables: means, Friedman's test, Nemenyi's critical difference.

Demšar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7, section
3.2.2.
"""

import itertools

import numpy as np
from scipy import stats


def mean_scores(records, systems, metric):
    """Give tables, the seeds common to all systems, and mean scores (tables × systems).

    A table counts only if every system has at least one seed of it.
    """
    found = {(r["table"], r["system"], r["seed"]): r["scores"].get(metric) for r in records}
    tables, seeds, means = [], {}, []
    for table in dict.fromkeys(r["table"] for r in records):
        own = [{s for t, name, s in found if (t, name) == (table, system)} for system in systems]
        common = sorted(set.intersection(*own))
        if not common:
            continue
        tables.append(table)
        seeds[table] = common
        means.append([np.mean([found[table, name, s] for s in common]) for name in systems])
    return tables, seeds, np.asarray(means, dtype=float).reshape(len(tables), len(systems))


def rank(means):
    """Rank the systems (columns) of each table (row); the lowest score is 1, ties share."""
    return stats.rankdata(means, axis=1)


def friedman(ranks):
    """Test whether all systems are alike: Iman and Davenport's F and its p-value."""
    n, k = ranks.shape
    mean = ranks.mean(axis=0)
    chi2 = 12 * n / (k * (k + 1)) * (np.sum(mean**2) - k * (k + 1) ** 2 / 4)
    if chi2 >= n * (k - 1) * (1 - 1e-12):  # every table ranks them the same
        return float("inf"), 0.0
    f = (n - 1) * chi2 / (n * (k - 1) - chi2)
    return float(f), float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))


def critical_difference(systems, tables, alpha=0.05):
    """Give Nemenyi's: mean ranks that differ by less may be alike."""
    q = stats.studentized_range.ppf(1 - alpha, systems, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(systems * (systems + 1) / (6 * tables)))


def cliques(mean_ranks, difference):
    """Give the largest groups of systems, sorted by rank, that differ by less: (first, last)."""
    order = np.sort(np.asarray(mean_ranks, dtype=float))
    groups = []
    for first, low in enumerate(order):
        last = int(np.searchsorted(order, low + difference, side="right")) - 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def times(records, systems, tables, seeds, own="ravine"):
    """Give each system's seconds and, by the geometric mean over tables, its ratio to `own`."""
    kinds = ("fit_seconds", "fit_cpu_seconds", "predict_seconds")
    found = {(r["table"], r["system"], r["seed"]): r for r in records}
    of = {
        (name, kind, table): np.mean([found[table, name, s][kind] for s in seeds[table]])
        for name, kind, table in itertools.product(systems, kinds, tables)
    }
    result = {}
    for name in systems:
        result[name] = {kind: float(np.mean([of[name, kind, t] for t in tables])) for kind in kinds}
        if own in systems:
            ratios = [
                of[name, "fit_cpu_seconds", t] / of[own, "fit_cpu_seconds", t] for t in tables
            ]
            result[name]["times_ravine"] = float(stats.gmean(ratios))
    return result


def compare(records, systems, metric="rank"):
    """Put the systems side by side over the tables and seeds that all of them have."""
    tables, seeds, means = mean_scores(records, systems, metric)
    if not tables:
        return None
    ranks = rank(means)
    n = len(tables)
    error = ranks.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(systems), np.nan)
    f, p = friedman(ranks) if n > 1 and len(systems) > 1 else (None, None)
    spent = times(records, systems, tables, seeds)
    return {
        "metric": metric,
        "tables": tables,
        "seeds": seeds,
        "friedman_f": None if f is None or np.isinf(f) else f,
        "friedman_p": p,
        "critical_difference": critical_difference(len(systems), n) if len(systems) > 1 else None,
        "systems": {
            name: {
                "mean_rank": float(ranks[:, i].mean()),
                "rank_se": None if np.isnan(error[i]) else float(error[i]),
                "ranks": dict(zip(tables, ranks[:, i].tolist(), strict=True)),
                **spent[name],
            }
            for i, name in enumerate(systems)
        },
    }
