"""Write the files that follow from the code, or check with --check that they still do.

``make generated`` writes them; ``make lint`` checks them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from method_tables import with_tables

import ravine

ROOT = Path(__file__).parents[1]
HEAD = "# Written by tools/generate.py (`make generated`). Do not edit.\n"


def public_names() -> str:
    """Give the stub of the package: where each public name comes from, for mypy and completion."""
    modules = ravine._MODULES
    homes = {**ravine._family_names(), **ravine._HOMES}
    lines = [f"from ravine import {name} as {name}" for name in modules]
    lines += [
        f"from ravine.{home} import {name} as {name}"
        for name, home in sorted(homes.items(), key=lambda item: (item[1], item[0]))
    ]
    listed = "".join(f'    "{name}",\n' for name in ravine.__all__)
    return f"{HEAD}\n" + "\n".join(lines) + f"\n\n__version__: str\n\n__all__ = [\n{listed}]\n"


#: What gives the text of each generated file.
GENERATED: dict[str, Callable[[], str]] = {
    "src/ravine/__init__.pyi": public_names,
    "README.md": lambda: with_tables((ROOT / "README.md").read_text(encoding="utf-8")),
    "docs/methods.md": lambda: with_tables((ROOT / "docs/methods.md").read_text(encoding="utf-8")),
}


def stale() -> Iterator[tuple[Path, str]]:
    """Give the files that are not what they should be, with what they should be."""
    for name, text in GENERATED.items():
        path = ROOT / name
        wanted = text()
        if not path.exists() or path.read_text(encoding="utf-8") != wanted:
            yield path, wanted


def main() -> int:
    """Write, or with --check compare."""
    check = "--check" in sys.argv
    failed = 0
    for path, wanted in stale():
        if check:
            print(
                f"{path.relative_to(ROOT)} is out of date. Run `make generated`.", file=sys.stderr
            )
            failed = 1
        else:
            path.write_text(wanted, encoding="utf-8")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
