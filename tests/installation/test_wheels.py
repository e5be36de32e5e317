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

ROOT = Path(__file__).parents[2]
WHEELS = {wheel.name.split("-")[2]: wheel for wheel in (ROOT / "dist").glob("ravine-*.whl")}
STABLE = {"python3.11": "cp311"}  # every later one takes the wheel of the stable interface
SMALL = 8_000_000


def starts(command):
    """Whether there is such an interpreter."""
    return shutil.which(command) and not subprocess.run([command, "-c", ""], stderr=-3).returncode


PYTHONS = os.environ.get("PYTHONS", "python3").split()
FOUND = [command for command in PYTHONS if starts(command)]


@pytest.fixture(scope="module", params=FOUND)
def without_compiler(request, tmp_path_factory):
    """An empty environment with the wheel in it; its PATH has no compiler."""
    venv = tmp_path_factory.mktemp(request.param)
    subprocess.run([request.param, "-m", "venv", venv], check=True)
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CC", "CXX", "PYTHONPATH", "VIRTUAL_ENV", "RAVINE_LEVEL")
    } | {"PATH": str(venv / "bin"), "COLUMNS": "120"}
    assert not any(shutil.which(name, path=venv / "bin") for name in ("cc", "c++", "gcc", "g++"))
    wheel = WHEELS[STABLE.get(request.param, "cp312")]
    run(surroundings, "pip", "install", "--quiet", "--only-binary", ":all:", wheel)
    return surroundings


def run(surroundings, *command, **more):
    """Run a command of the environment; give what it prints."""
    done = subprocess.run(
        [Path(surroundings["PATH"]) / command[0], *command[1:]],
        env=surroundings | more, capture_output=True, text=True, cwd=surroundings["PATH"],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def levels():
    """The instruction levels that this processor runs."""
    from ravine._engine import _levels

    return _levels()


def test_some_python_tries_the_wheels():
    missing = [command for command in PYTHONS if command not in FOUND]
    print("not on the PATH, so not tried:", ", ".join(missing) or "none")
    assert FOUND


@pytest.mark.parametrize("wheel", WHEELS.values(), ids=WHEELS)
class TestAWheel:
    def test_has_8_megabytes_at_most(self, wheel):
        assert wheel.stat().st_size <= SMALL

    def test_names_the_oldest_systems_that_it_suits(self, wheel):
        assert re.search(r"-(manylinux_2_\d+_\w+|macosx_\d+_\d+_\w+)\.whl$", wheel.name)

    def test_holds_the_engine_for_every_processor_the_table_of_the_demo_and_the_types(self, wheel):
        names = zipfile.ZipFile(wheel).namelist()
        held = {found[1] for name in names if (found := re.search(r"_engine_(\w+)\.", name))}
        assert held == ({"base"} if levels() == ["base"] else {"v2", "v3", "v4"})
        assert {"ravine/data/bikeshare.csv.gz", "ravine/py.typed"} <= set(names)


@pytest.mark.parametrize("level", levels())
def test_the_demo_runs_from_the_wheel_at_each_level(without_compiler, level, tmp_path):
    where = "import ravine._engine as e; print(e._engine.__name__)"
    assert run(without_compiler, "python", "-c", where, RAVINE_LEVEL=level).endswith(f"_{level}\n")
    said = run(without_compiler, "ravine", "demo", "--json", "--out", tmp_path, RAVINE_LEVEL=level)
    (ravine,) = (found for name, found in json.loads(said)["results"].items() if "ravine" in name)
    assert ravine["test"]["r2"] > 0.9
