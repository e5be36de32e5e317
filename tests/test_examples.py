"""Every example runs, quietly and quickly, and draws a picture that is not empty."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PICTURES = sorted(
    path.stem for path in EXAMPLES.glob("*.py") if "from picture import" in path.read_text("utf-8")
)


def run(name, *arguments, folder):
    """Run an example as a reader would, elsewhere than in its folder; warnings are errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", PICTURES)
def test_an_example_draws_its_picture_where_it_is_told(name, tmp_path):
    from matplotlib.image import imread

    done = run(name, "--out", "pictures", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == str(Path("pictures") / f"{name}.png")
    assert [path.name for path in tmp_path.rglob("*.*")] == [f"{name}.png"]
    picture = imread(tmp_path / "pictures" / f"{name}.png")
    inked = np.mean((picture[..., :3] < 0.9).any(axis=-1))
    assert 0.01 < inked < 0.5


def test_there_is_an_example_for_each_part_of_the_methods():
    told = [(EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()[0] for name in PICTURES]
    assert {line.split()[1].rstrip(":") for line in told} >= set("12345678")


def test_an_example_explains_itself(tmp_path):
    done = run("momentum", "--help", folder=tmp_path)
    assert done.returncode == 0
    assert "plain descent, of momentum and of Adam" in " ".join(done.stdout.split())
