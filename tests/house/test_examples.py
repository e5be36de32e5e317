"""Every example runs, quietly and quickly, and draws a picture whose legends cover nothing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PICTURES = sorted(
    path.stem for path in EXAMPLES.glob("*.py") if "from picture import" in path.read_text("utf-8")
)


#: Runs an example as it is, but looks at each figure before it is saved.
WATCHED = f"""
import runpy, sys
sys.path[:0] = [{str(EXAMPLES)!r}, {str(ROOT)!r}]
from matplotlib.figure import Figure
from tests.builders.legends import covered_by_legends
savefig = Figure.savefig
def save_watched(self, *args, **kwargs):
    covered = covered_by_legends(self)
    assert not covered, f"a legend covers {{covered}}"
    savefig(self, *args, **kwargs)
Figure.savefig = save_watched
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(name, *arguments, folder, watched=False):
    """Run an example as a reader would, elsewhere than in its folder; warnings are errors."""
    program = ["-c", WATCHED, EXAMPLES / f"{name}.py"] if watched else [EXAMPLES / f"{name}.py"]
    return subprocess.run(
        [sys.executable, "-W", "error", *program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", PICTURES)
def test_an_example_draws_its_picture_where_it_is_told_and_legends_cover_nothing(name, tmp_path):
    from matplotlib.image import imread

    done = run(name, "--out", "pictures", folder=tmp_path, watched=True)
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
