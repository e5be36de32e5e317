"""The source distribution, installed away from the checkout (`make wheel-test`)."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = {".ci", ".git", ".gitignore", ".pre-commit-config.yaml"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    subprocess.run([sys.executable, "-m", "build", "--sdist", "-o", folder, ROOT], check=True)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def test_it_holds_every_file_of_the_project_and_no_other(archive):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    wanted = {name for name in listed if name.split("/")[0] not in LEFT_OUT}
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert held - LEFT_OUT == wanted | {"PKG-INFO"}


def test_it_has_4_megabytes_at_most(archive):
    assert archive.stat().st_size <= 4_000_000


def test_it_installs_and_trains_outside_the_checkout(archive, tmp_path):
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    bin_folder = tmp_path / "venv" / "bin"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command):
        done = subprocess.run(
            [bin_folder / command[0], *command[1:]],
            env=kept, cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("pip", "install", "--no-deps", source)
    run("pip", "install", "numpy", "scipy-openblas32", "safetensors")
    program = (
        "import numpy as np, ravine as rv; X = np.arange(12.0).reshape(6, 2); "
        "rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0]).save('m.safetensors'); "
        "print(rv.load('m.safetensors').predict(X).shape, rv.__file__)"
    )
    shape, _, place = run("python", "-c", program).partition(" /")
    assert shape == "(6,)" or shape == "(6, 1)"
    assert f"/{place}".startswith(str(tmp_path))
