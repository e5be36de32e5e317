"""The wheels in dist, as people get them who have no compiler (`make wheel-test`).

PYTHONS names the interpreters that they are tried with. One that is not on the PATH is named in
the summary of the tests, and not tried.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from ravine.engine._engine import _levels
from tests.installation.environments import Environment

ROOT = Path(__file__).parents[2]
WHEELS = {wheel.name.split("-")[2]: wheel for wheel in (ROOT / "dist").glob("ravine-*.whl")}


def version_of(command):
    """Give the tag of an interpreter, such as cp311; None if it is not there."""
    said = "import sys; print('cp{}{}'.format(*sys.version_info))"
    done = shutil.which(command) and subprocess.run(
        [command, "-c", said], capture_output=True, text=True
    )
    return done.stdout.strip() if done and done.returncode == 0 else None


PYTHONS = os.environ.get("PYTHONS", "python3").split()
FOUND = {command: tag for command in PYTHONS if (tag := version_of(command))}


@pytest.fixture(scope="module", params=FOUND)
def environment(request, tmp_path_factory):
    """An empty environment with the wheel in it; its PATH has no compiler."""
    folder = tmp_path_factory.mktemp(request.param)
    environment = Environment(request.param, folder, compiler=False)
    path = environment.variables["PATH"]
    assert not any(shutil.which(name, path=path) for name in ("cc", "c++", "gcc", "g++", "clang"))
    # One wheel serves Python 3.12 and all later versions.
    wheel = WHEELS["cp311" if FOUND[request.param] == "cp311" else "cp312"]
    environment.run("pip", "install", "--quiet", "--only-binary", ":all:", wheel)
    return environment


def test_some_python_tries_the_wheels():
    missing = [command for command in PYTHONS if command not in FOUND]
    print("tried with:", *FOUND, "| not on the PATH:", *(missing or ["none"]))
    assert FOUND


@pytest.mark.parametrize("wheel", WHEELS.values(), ids=WHEELS)
class TestAWheel:
    def test_has_8_megabytes_at_most(self, wheel):
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
        assert wheel.stat().st_size <= 8_000_000

    def test_names_the_oldest_systems_that_it_suits(self, wheel):
        assert re.search(r"-(manylinux_2_\d+_\w+|macosx_\d+_\d+_\w+)\.whl$", wheel.name)

    def test_holds_the_engine_for_every_processor_the_table_of_the_demo_and_the_types(self, wheel):
        names = zipfile.ZipFile(wheel).namelist()
        held = {found[1] for name in names if (found := re.search(r"_engine_(\w+)\.", name))}
        assert held == ({"base"} if _levels() == ["base"] else {"v2", "v3", "v4"})
        assert {"ravine/cli/data/bikeshare.csv.gz", "ravine/py.typed"} <= set(names)


@pytest.mark.parametrize("level", _levels())
def test_the_demo_runs_from_the_wheel_at_each_level(environment, level, tmp_path):
    engine = "import ravine.engine._engine as loaded; print(loaded._engine.__name__)"
    said = environment.run("python", "-c", engine, RAVINE_LEVEL=level)
    assert said == f"ravine.engine._engine_{level}\n"
    said = environment.run("ravine", "demo", "--json", "--out", tmp_path, RAVINE_LEVEL=level)
    (ravine,) = (found for name, found in json.loads(said)["results"].items() if "ravine" in name)
    assert ravine["test"]["r2"] > 0.9
