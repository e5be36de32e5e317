"""The document of custom parts runs, and writes each of them in a few lines."""

import re
import subprocess
import sys
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "custom.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_examples_of_custom_parts_run_one_after_the_other(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(BLOCKS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_custom_part_takes_few_lines():
    bodies = [block for block in BLOCKS if "class " in block or "slope=" in block]
    assert len(bodies) == 7
    for body in bodies:
        code = body.partition("class ")[2]
        assert len([line for line in code.splitlines()[1:] if line]) <= 7, body
