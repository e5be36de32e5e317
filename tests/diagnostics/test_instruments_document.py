"""The examples of docs/instruments.md run."""

import re
import subprocess
import sys
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "instruments.md").read_text("utf-8")


def test_the_python_of_the_document_runs(tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "the largest stable rate is" in done.stdout
    assert not list(tmp_path.iterdir())
