"""Times: whole trainings, the systems in turn, so that a busy moment meets all of them."""

import statistics
import time


def alternate(actions, repetitions):
    """Time each of the named actions so many times, in turn; give the seconds by name.

    An action is called with the number of the repetition.
    """
    seconds = {name: [] for name in actions}
    for repetition in range(repetitions):
        order = list(actions)
        if repetition % 2:
            order.reverse()
        for name in order:
            start = time.perf_counter()
            actions[name](repetition)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def summarise(seconds, scale=1.0):
    """Give median, lowest and highest, times `scale`."""
    return {
        "median": scale * statistics.median(seconds),
        "low": scale * min(seconds),
        "high": scale * max(seconds),
    }


def per_step(case, seconds):
    """Give microseconds per step (and network)."""
    return summarise(seconds, 1e6 / (case.steps * case.networks))
