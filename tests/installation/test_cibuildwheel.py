"""Which wheels cibuildwheel would build where they cannot be built here (`make wheel-test`)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("platform", "processor", "system"),
    [
        ("linux", "x86_64", "manylinux_x86_64"),
        ("linux", "aarch64", "manylinux_aarch64"),
        ("macos", "arm64", "macosx_arm64"),
    ],
)
def test_two_wheels_serve_every_python_on_each_system(platform, processor, system):
    words = ["--print-build-identifiers", "--platform", platform, "--archs", processor]
    done = subprocess.run(
        [sys.executable, "-m", "cibuildwheel", *words, ROOT],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == [f"cp311-{system}", f"cp312-{system}"]
