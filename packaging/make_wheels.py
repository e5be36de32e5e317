"""Build ravine's wheels for this system and processor, in ``dist``.

    python packaging/make_wheels.py PYTHON...

There are two: one for Python 3.11, and one for every later version (they share a stable binary
interface, abi3). Each needs an interpreter of its own: the first PYTHON that fits builds it. Each
holds the engine for all instruction levels, so that it suits any processor. On Linux, auditwheel
checks which libraries it leans on, and gives it the tag of the oldest systems that have them.
"""

import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILT, FINISHED = ROOT / "build" / "wheels", ROOT / "dist"
STABLE = (3, 12)  # from here on one wheel serves all
LARGEST = 8_000_000  # bytes
LEVELS = "v2;v3;v4" if platform.machine() in ("x86_64", "AMD64") else "base"
STEP = re.compile(r"^ *\[\d+/\d+\] \w+ \w+")


def main(commands: list[str]) -> None:
    """Build what can be built with these Pythons, and say what cannot."""
    pythons = {command: version for command in commands if (version := version_of(command))}
    for command in commands:
        if command not in pythons:
            print(f"{command} is not on the PATH, or does not start.")
    builders = {version >= STABLE: command for command, version in reversed(pythons.items())}
    if not builders:
        sys.exit("There is no Python to build a wheel with. Name some: PYTHONS='python3.12'")
    for stable, name in ((False, "Python 3.11"), (True, "Python 3.12 and later")):
        if stable in builders:
            print(f"The wheel for {name}, by {builders[stable]}:", flush=True)
            finish(build(builders[stable]))
        else:
            print(f"No wheel for {name}: none of the Pythons named can build it.")


def version_of(command: str) -> tuple[int, int] | None:
    """Give the version of an interpreter, or None if there is none of this name."""
    try:
        said = subprocess.run(
            [command, "-c", "import sys; print(*sys.version_info[:2])"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = said.split()
    return int(major), int(minor)


def build(command: str) -> Path:
    """Compile the wheel; show that it goes on, and all that was said if it fails."""
    for old in BUILT.glob("*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", f"--python={command}", "wheel", "--verbose", "--no-deps"]
    settings = [
        f"--config-settings=cmake.define.RAVINE_LEVELS={LEVELS}",
        f"--config-settings=build-dir={BUILT.relative_to(ROOT)}/{{wheel_tag}}",
    ]
    said = []
    with subprocess.Popen(
        [*pip, *settings, f"--wheel-dir={BUILT}", str(ROOT)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            said.append(line)
            if step := STEP.match(line):
                print(step.group(), flush=True)
    if process.returncode != 0:
        sys.exit("".join(said))
    (wheel,) = BUILT.glob("*.whl")
    return wheel


def finish(wheel: Path) -> None:
    """Put the wheel into dist, with the tag of the oldest systems that it suits."""
    if wheel.stat().st_size > LARGEST:
        sys.exit(
            f"{wheel.name} must have {LARGEST:,} bytes at most. It has {wheel.stat().st_size:,}."
        )
    FINISHED.mkdir(exist_ok=True)
    if sys.platform == "linux":
        auditwheel = [sys.executable, "-m", "auditwheel", "repair", f"--wheel-dir={FINISHED}"]
        subprocess.run([*auditwheel, str(wheel)], check=True)
    else:
        wheel.replace(FINISHED / wheel.name)


if __name__ == "__main__":
    main(sys.argv[1:])
