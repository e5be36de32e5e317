"""Write the native module's signatures to src/ravine/engine/_engine.pyi, or check them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from nanobind.stubgen import StubGen

from ravine.engine import _engine

STUB = Path(__file__).parents[2] / "src" / "ravine" / "engine" / "_engine.pyi"
HEAD = "# Written by cpp/bindings/make_stubs.py (`make stubs`) from the bindings. Do not edit.\n"


def signatures() -> str:
    """Give the stub of the engine that this processor loads; all builds have the same."""
    generator = StubGen(importlib.import_module(_engine.Network32.__module__), quiet=True)
    generator.put(generator.module)
    return HEAD + generator.get().rstrip() + "\n"


def main() -> int:
    """Write, or with --check compare."""
    if "--check" not in sys.argv:
        STUB.write_text(signatures(), encoding="utf-8")
        return 0
    if STUB.read_text(encoding="utf-8") == signatures():
        return 0
    print(f"{STUB.name} is not what the bindings say. Run `make stubs`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
