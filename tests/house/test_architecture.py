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

# The rooms, from the top down: the folders of the package. A module imports from its own room and
# from those below it.
ROOMS = (
    "cli",
    "studies",
    "diagnostics",
    "estimators",
    "tables",
    "training",
    "models",
    "optimize",
    "plots",
    "data",
    "specs",
    "engine",
    "ground",
)

#: Modules of the package itself: errors belong to the ground, the others only show names.
ERRORS, FACES = "errors", {"initializers", "landscapes", "losses"}

# The package itself offers names from everywhere, but loads them only when they are used.
MODULES = {
    ".".join(("ravine", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def rank(module):
    """Give the rank of a module's room, 0 at the top; one who only shows names stands above all."""
    room = module.split(".")[1]
    if room in FACES:
        return -1
    return ROOMS.index("ground" if room == ERRORS else room)


def imports(module, *, of="everything"):
    """Give the modules of ravine that a module imports, in the text or as the code runs."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), of):
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


def _statements(tree, of):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif (
            of == "code" and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            continue
        else:
            yield from _statements(node, of)


def test_every_folder_is_a_room_and_every_room_a_folder():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(ROOMS)
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert modules == {ERRORS, *FACES}


def test_no_module_of_the_package_has_the_name_of_a_public_function():
    modules = {path.stem for path in PACKAGE.iterdir()}
    assert not modules & {name for name in ravine.__all__ if callable(getattr(ravine, name))}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_from_the_upper_rooms_to_the_lower(module):
    upwards = {name for name in imports(module) if rank(name) < rank(module)}
    assert not upwards, f"{module} imports {upwards} from a room above its own"


def test_modules_do_not_need_one_another_in_a_circle():
    graph = {module: imports(module) for module in MODULES}  # those for type checking, too
    for module in MODULES:  # a package is loaded before its modules, not because of them
        graph[module].discard(module.rpartition(".")[0])
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(MODULES)


def test_the_reader_of_imports_sees_what_it_should(tmp_path, monkeypatch):
    text = (
        "import ravine.errors\nfrom .specs import spec\nfrom .tables import schema\nimport numpy\n"
        "from ravine.ground import files\nif TYPE_CHECKING:\n"
        "    from .specs.network import Network\n"
        "def f():\n    from .cli.app import main\n"
    )
    path = tmp_path / "made_up.py"
    path.write_text(text)
    monkeypatch.setitem(MODULES, "ravine.made_up", path)
    loaded = {
        "ravine.errors",
        "ravine.ground",
        "ravine.specs",
        "ravine.specs.spec",
        "ravine.tables",
        "ravine.tables.schema",
        "ravine.ground.files",
    }
    loaded |= {"ravine.cli.app"}
    assert imports("ravine.made_up", of="code") == loaded
    assert imports("ravine.made_up") == loaded | {"ravine.specs.network"}


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
    assert not loaded & (HEAVY | {"numpy", "ravine.engine._engine"})


def test_training_and_predicting_load_no_table_library_and_no_picture():
    loaded = loaded_after(
        "import numpy as np, ravine as rv\n"
        "X = np.arange(12.0).reshape(6, 2)\n"
        "rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0], rv.Recipe(epochs=1)).predict(X)"
    )
    assert not loaded & {"pandas", "pyarrow", "sklearn", "matplotlib", "typer", "scipy"}


ENGINE = Path(__file__).parents[2] / "cpp" / "ravine"

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
