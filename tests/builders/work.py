"""What workers are given to do in tests: numbers, some of which kill them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ravine.training.executors.spread import Work


def work(function, folder, tasks):
    """Describe tasks of one cost, called a, b, c, …"""
    names = [chr(ord("a") + number) for number in range(len(tasks))]
    return Work(function, os.fspath(folder), tasks, [5e7] * len(tasks), names)


def squares(folder, tasks):
    """Leave a note of each task, and of who did it."""
    for task in tasks:
        note(folder, f"{task} {os.getpid()}")
    return [task**2 for task in tasks]


def dies_once(folder, tasks):
    """Square numbers; the first who meets a 3 dies, all others do not."""
    if 3 in tasks:
        try:
            (Path(folder) / "died").touch(exist_ok=False)
        except FileExistsError:
            return squares(folder, tasks)
        die()
    return squares(folder, tasks)


def dies_always(folder, tasks):
    """Square numbers; whoever meets a 3 dies."""
    if 3 in tasks:
        time.sleep(0.2)
        die()
    return squares(folder, tasks)


def fails(folder, tasks):
    """Fail, with an error that cannot travel."""

    class StrangeError(Exception):
        pass

    raise StrangeError(f"what is {tasks[0]}?")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def note(folder, text):
    with (Path(folder) / "notes").open("a") as file:
        file.write(text + "\n")


def notes(folder):
    """Give the tasks that were done, and by whom."""
    lines = (Path(folder) / "notes").read_text().splitlines()
    return sorted(int(line.split()[0]) for line in lines), {line.split()[1] for line in lines}
