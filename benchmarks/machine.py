"""The machine: how many threads, what it is, how fast it multiplies matrices."""

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "scipy-openblas32", "scikit-learn", "torch", "jax", "jaxlib", "optax")


def limit_threads(threads):
    """Leave this process so many cores, and say so to every library. Call it before their import.

    Some of them look at the environment, some at the cores that they may use.
    """
    os.environ.pop("OPENBLAS_CORETYPE", None)  # each library chooses its kernels for itself
    cores = sorted(os.sched_getaffinity(0))
    if threads > len(cores):
        raise SystemExit(f"{threads} threads are wanted, but there are {len(cores)} cores.")
    os.sched_setaffinity(0, cores[:threads])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        os.environ[name] = str(threads)


def describe():
    """Say what the numbers were measured on."""
    from ravine.engine import _engine

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "engine": _engine._engine.__name__.rpartition("_")[2],
        "versions": versions(PACKAGES),
        "date": time.strftime("%Y-%m-%d"),
    }


def versions(packages):
    """Give the version of each package that is installed, None for the others."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def others_busy(seconds=1.0):
    """Measure how many cores are busy while this process only waits."""
    if not Path("/proc/stat").exists():
        return None
    before = _busy_seconds()
    time.sleep(seconds)
    return (_busy_seconds() - before) / seconds


def _busy_seconds():
    user, nice, system = map(int, Path("/proc/stat").read_text("utf-8").split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    model = facts.get("model name", platform.processor())
    if "cpu family" in facts:
        model += f" (family {facts['cpu family']}, model {facts['model']})"
    return model


def sgemm_rate(threads, seconds=0.3, size=512):
    """Measure the machine's own rate of matrix products, in flop/s.

    NumPy multiplies matrices of 512 × 512, single-threaded, one product a thread, all at once; the
    rates of the threads are summed.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    def multiply(_):
        rng = np.random.default_rng(0)
        A, B = rng.standard_normal((2, size, size)).astype(np.float32)
        C = A @ B
        count, start = 0, time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            np.matmul(A, B, out=C)
            count += 1
        return 2 * size**3 * count / passed

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(multiply, range(threads)))
