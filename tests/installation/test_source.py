"""The source distribution, installed away from the checkout (`make wheel-test`)."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.installation.environments import Environment

ROOT = Path(__file__).parents[2]


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
    wanted = {name for name in listed if not name.startswith(".ci/")}
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert held == wanted | {"PKG-INFO"}


def test_it_has_4_megabytes_at_most(archive):
    assert archive.stat().st_size <= 4_000_000


def test_it_installs_outside_the_checkout_and_trains_with_numpy_the_blas_and_safetensors_alone(
    archive, tmp_path
):
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    environment = Environment(sys.executable, tmp_path / "venv")
    environment.run("pip", "install", "--no-deps", source)
    environment.run("pip", "install", "numpy", "scipy-openblas32", "safetensors")
    program = (
        "import numpy as np, ravine as rv; X = np.arange(12.0).reshape(6, 2); "
        "rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0]).save('m.safetensors'); "
        "print(rv.load('m.safetensors').predict(X).shape, rv.__file__)"
    )
    said = environment.run("python", "-c", program)
    assert said.startswith(f"(6,) {tmp_path}/venv/")
