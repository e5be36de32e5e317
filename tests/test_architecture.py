"""How the package hangs together: imports go one way, and importing it is cheap."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ravine

PACKAGE = Path(ravine.__file__).parent

# The rooms, from the top down; a module imports from its own room and those below it. What stands
# directly in the package and is not listed here belongs to the room "training".
ROOMS = {
    "command line, report": {"cli", "report"},
    "studies": {"study", "diagnostics"},
    "estimators": {"estimators", "loading"},
    "training": {"plots", "tables", "training"},
    "specs": {
        "augmentation",
        "initializers",
        "layers",
        "losses",
        "network",
        "optimizers",
        "penalties",
        "recipe",
        "recipe_file",
        "rules",
        "schedules",
        "spec",
        "stopping",
    },
    "ground": {
        "_cpu",
        "_engine",
        "errors",
        "files",
        "finite",
        "kept",
        "memory",
        "numeric",
        "printable",
    },
}

RANKS = {part: rank for rank, parts in enumerate(ROOMS.values()) for part in parts}

# The package itself offers names from everywhere, but loads them only when they are used.
MODULES = {
    ".".join(("ravine", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def room(module):
    """Give the rank of a module's room, 0 at the top."""
    return RANKS.get(module.split(".")[1], RANKS["training"])


def imports(module, *, when_loaded):
    """Give the modules of ravine that a module imports: anywhere, or when it is loaded."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), when_loaded):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(
                [*(above if node.level else []), *([node.module] if node.module else [])]
            )
            # `from ravine import x` may mean a module x or a name of the package.
            names = [f"{base}.{alias.name}" for alias in node.names] + [base]
        found |= {name for name in names if name in MODULES}
    return found - {module}


def _statements(tree, when_loaded):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif when_loaded and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            continue
        else:
            yield from _statements(node, when_loaded)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_from_the_upper_rooms_to_the_lower(module):
    upwards = {name for name in imports(module, when_loaded=False) if room(name) < room(module)}
    assert not upwards, f"{module} imports {upwards} from a room above its own"


def test_modules_do_not_need_one_another_in_a_circle_to_be_loaded():
    graph = {module: imports(module, when_loaded=True) for module in MODULES}
    for module in MODULES:  # a package is loaded before its modules, not because of them
        graph[module].discard(module.rpartition(".")[0])
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(MODULES)


def test_the_reader_of_imports_sees_what_it_should(tmp_path, monkeypatch):
    text = (
        "import ravine.errors\nfrom . import spec\nfrom .tables import schema\nimport numpy\n"
        "from ravine import files\nif TYPE_CHECKING:\n    from .network import Network\n"
        "def f():\n    from .cli.app import main\n"
    )
    path = tmp_path / "made_up.py"
    path.write_text(text)
    monkeypatch.setitem(MODULES, "ravine.made_up", path)
    loaded = {
        "ravine.errors",
        "ravine.spec",
        "ravine.tables",
        "ravine.tables.schema",
        "ravine.files",
    }
    assert imports("ravine.made_up", when_loaded=True) == loaded
    later = {"ravine.network", "ravine.cli.app"}
    assert imports("ravine.made_up", when_loaded=False) == loaded | later


def loaded_after(code):
    """Give the modules that a fresh interpreter has loaded after some code."""
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


HEAVY = {
    "importlib.metadata",
    "joblib",
    "matplotlib",
    "narwhals",
    "pandas",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "typer",
}


def test_importing_the_package_loads_none_of_its_modules_and_nothing_heavy():
    before = loaded_after("")
    loaded = loaded_after("import ravine") - before
    assert {name for name in loaded if name.startswith("ravine.")} == set()
    assert not loaded & (HEAVY | {"numpy"})


def test_describing_a_network_and_a_recipe_loads_nothing_heavy_and_not_the_engine():
    loaded = loaded_after(
        "import ravine as rv\nrv.Network([rv.Dense(1)]), rv.Recipe(optimizer='adam').to_dict()"
    )
    assert not loaded & (HEAVY | {"numpy", "ravine._engine"})


def test_training_and_predicting_load_no_table_library_and_no_picture():
    loaded = loaded_after(
        "import numpy as np, ravine as rv\n"
        "X = np.arange(12.0).reshape(6, 2)\n"
        "rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0], rv.Recipe(epochs=1)).predict(X)"
    )
    assert not loaded & {"pandas", "pyarrow", "sklearn", "matplotlib", "typer", "scipy"}


ENGINE = Path(__file__).parents[1] / "cpp" / "ravine"

# The engine's folders, from the top down. Files directly in it are below all of them.
FOLDERS = [
    "run",
    "network",
    "data",
    "layers",
    "losses",
    "optimizers",
    "numeric",
    "kernels",
    "ravine",
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_engine_includes_from_the_upper_folders_to_the_lower(folder):
    files = [path for path in ENGINE.rglob("*.[hc]pp") if path.parent.name == folder]
    assert files
    for path in files:
        for name in re.findall(r'#include "([^"]+)"', path.read_text("utf-8")):
            included = (path.parent / name).resolve()
            assert included.is_file()
            assert FOLDERS.index(included.parent.name) >= FOLDERS.index(folder), f"{path}: {name}"


def test_every_folder_of_the_engine_has_its_rank():
    assert {path.parent.name for path in ENGINE.rglob("*.[hc]pp")} == set(FOLDERS)
