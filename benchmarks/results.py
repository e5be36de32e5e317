"""Results: JSON files in one folder of each kind."""

import json
from pathlib import Path

SPEED = Path(__file__).parent / "speed" / "results"
TABLES = Path(__file__).parent / "tables" / "results"


def check_writable(folder):
    """Make the folder, so that a wrong one is known before the work, not after it."""
    folder.mkdir(parents=True, exist_ok=True)


def write(result, path):
    """Write a result, rounded to what it is worth: five digits."""
    text = json.dumps(_rounded(result), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read(path):
    """Read a result."""
    return json.loads(path.read_text(encoding="utf-8"))


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
