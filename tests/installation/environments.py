"""Empty environments, and commands run in them."""

import os
import subprocess
from pathlib import Path

# What the surroundings may say of compilers and of packages elsewhere.
NOT_PASSED_ON = ("CC", "CXX", "PYTHONPATH", "VIRTUAL_ENV", "RAVINE_LEVEL")


class Environment:
    """An empty environment of one interpreter, in a folder; without a compiler if asked."""

    def __init__(self, python, folder, *, compiler=True):
        subprocess.run([python, "-m", "venv", folder], check=True)
        self.programs = Path(folder) / "bin"
        kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
        path = os.pathsep.join([str(self.programs), *([os.environ["PATH"]] if compiler else [])])
        self.variables = kept | {"PATH": path}

    def run(self, program, *words, **variables):
        """Run one of its programs; give what that prints."""
        done = subprocess.run(
            [self.programs / program, *words],
            env=self.variables | variables, cwd=self.programs, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
