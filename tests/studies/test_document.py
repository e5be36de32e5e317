"""The examples of docs/studies.md run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from ravine.cli.app import main

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "studies.md").read_text("utf-8")


def test_the_python_of_the_document_runs(tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "hold for all 15 pairs at once" in done.stdout
    assert len(list((tmp_path / "rates" / "runs").iterdir())) == 30


def test_the_file_of_the_document_is_a_study(tmp_path, monkeypatch, capsys):
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    (tmp_path / "rates.toml").write_text(text.replace("epochs = 20", "epochs = 1"))
    shutil.copy(ROOT / "examples" / "data" / "bikeshare.csv.gz", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["study", "rates.toml"]) == 0
    assert "from 3 seeds" in " ".join(capsys.readouterr().out.split())
