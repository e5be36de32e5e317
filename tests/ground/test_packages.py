"""Packages that ravine imports only when they are used, and what it says where one is missing."""

import ast
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import ravine
from ravine.errors import MissingPackageError, RavineError
from ravine.ground.packages import needs

PACKAGE = Path(ravine.__file__).parent
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

#: By the module that is imported: what pip calls it.
OPTIONAL = {
    "joblib": "joblib",
    "matplotlib": "matplotlib",
    "narwhals": "narwhals",
    "optuna": "optuna",
    "pandas": "pandas",
    "cloudpickle": "cloudpickle",
    "pyarrow": "pyarrow",
    "rich": "rich",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
    "tomli_w": "tomli-w",
    "typer": "typer",
}

#: What comes with another: who has scikit-learn has SciPy.
WITH = {"joblib": "sklearn", "scipy": "sklearn", "threadpoolctl": "sklearn"}

#: Modules that import pyarrow behind a door that asks for it.
BEHIND = {
    "tables/dtypes.py": "a column has an Arrow type only where pyarrow is",
    "tables/limits.py": "read_with_remarks",
    "tables/opening.py": "read_with_remarks and TableChunks",
    "tables/streams.py": "TableChunks",
    "tables/text/csv_text.py": "read_with_remarks",
}

WITHOUT = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in MISSING else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""

ARRAYS = """
import os, tempfile
import numpy as np, ravine as rv
X = np.random.default_rng(0).normal(size=(60, 3))
y, words = X[:, 0], np.where(X[:, 1] > 0, "up", "down")
network = rv.Network([rv.Normalize(), rv.Dense(4, activation="relu"), rv.Dropout(0.1), rv.Dense(1)])
recipe = rv.Recipe(epochs=2, validation_fraction=0.2, stopping=rv.EarlyStopping())
model = rv.train(network, X, y, recipe)
path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
"""


def run_without(missing, code):
    """Run code in an interpreter to which some modules are not installed; give what it prints."""
    text = f"MISSING = {set(missing)!r}\n{WITHOUT}\n{ARRAYS}\n{textwrap.dedent(code)}"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_arrays_need_numpy_and_the_blas_alone():
    said = run_without(
        OPTIONAL,
        """
        rv.train(network, X, y, recipe, groups=np.arange(60) // 2)
        rv.train(network, X, y, recipe, time=np.arange(60))
        rv.train(rv.Network([rv.Dense(2)], loss="cross_entropy"), X, words)
        rv.train_many([rv.Job(network, recipe.replace(seed=seed)) for seed in range(2)], X, y)
        rv.check_gradients(network, X, y), model.summary(), model.evaluate(X, y)
        print(model.predict(X).shape)
        """,
    )
    assert said == "(60,)\n"


def test_a_model_is_saved_and_loaded_with_safetensors_alone():
    missing = set(OPTIONAL) - {"safetensors"}
    said = run_without(
        missing, "model.save(path); print((rv.load(path).predict(X) == model.predict(X)).all())"
    )
    assert said == "True\n"


#: What asks for a package: the code, and how its message begins.
ALL_MISSING = {
    "model.save(path)": "Saving a model needs safetensors",
    "model.history.to_frame()": "to_frame needs pandas",
    "rv.train(network, X, y, progress=True)": "The line of progress needs rich",
    "rv.minimize(abs, [1.0])": "minimize needs scipy",
    "rv.MLPRegressor()": "MLPClassifier or MLPRegressor needs scikit-learn",
    "rv.NeuralRegressor()": "NeuralClassifier or NeuralRegressor needs scikit-learn",
    "rv.bias_variance": "bias_variance needs scikit-learn",
    "import ravine.tables": "A table needs pandas",
    "import ravine.cli": "The command line needs typer",
    "write_recipe_file(path, recipe=recipe)": "Writing a recipe file needs tomli-w",
    "model.history.plot()": "A picture needs matplotlib",
    "rv.landscapes.rosenbrock.plot()": "A picture needs matplotlib",
}
PYARROW_MISSING = {
    "ravine.tables.read_table('a.csv')": "Reading a table from a file needs pyarrow",
    "import ravine.cli": "The command line needs pyarrow",
}


@pytest.mark.parametrize(
    ("missing", "cases"), [(OPTIONAL, ALL_MISSING), ({"pyarrow"}, PYARROW_MISSING)]
)
def test_what_is_missing_is_named_with_its_use_and_the_command_that_installs_it(missing, cases):
    said = run_without(
        missing,
        f"""
        from ravine.specs.recipe_file import write_recipe_file
        if "pandas" not in MISSING:
            import ravine.tables
        for code in {list(cases)}:
            try:
                exec(code)
            except rv.errors.MissingPackageError as error:
                print(error)
        """,
    )
    for line, message in zip(said.splitlines(), cases.values(), strict=True):
        name = message.rpartition(" ")[2]
        name = {"matplotlib": "'ravine[plots]'"}.get(name, name)
        assert line == f"{message}, which is not installed. Install it: pip install {name}"


def test_a_missing_package_is_an_error_of_ravine_and_an_import_error():
    with pytest.raises(MissingPackageError, match="pip install stars") as caught:
        needs("A horoscope", "sys", "stars")
    assert isinstance(caught.value, RavineError)
    assert isinstance(caught.value, ImportError)


def test_without_matplotlib_the_commands_say_so_and_write_all_but_the_picture(tmp_path):
    old = tmp_path / "out" / "learning_curve.png"
    said = run_without(
        {"matplotlib"},
        f"""
        import contextlib, io, pathlib
        from ravine.cli import main
        folder = pathlib.Path({str(tmp_path)!r})
        table = folder / "t.csv"
        table.write_text("a,b\\n" + "".join(f"{{i}},{{2 * i + i % 3}}\\n" for i in range(60)))
        words = ["train", str(table), "--target", "b", "--estimator", "mlp", "--epochs", "2"]
        words += ["--json", "--out", str(folder / "out")]
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            assert main(words) == 0
            pathlib.Path({str(old)!r}).touch()  # of a run before
            assert main(words) == 0
        print(errors.getvalue().count("note: learning_curve.png needs matplotlib"))
        print(*sorted(path.name for path in (folder / "out").iterdir()))
        """,
    )
    assert '"picture"' not in said
    assert said.splitlines()[-2:] == ["2", "history.csv model.safetensors recipe.toml"]


def requirements(lines):
    return {re.match(r"[\w-]+", line).group() for line in lines}


def test_every_optional_package_is_a_dependency_or_in_the_extra_all():
    extras = PROJECT["optional-dependencies"]
    assert extras["all"] == ["ravine[plots,tune]"]
    held = set().union(
        *map(requirements, (PROJECT["dependencies"], extras["plots"], extras["tune"]))
    )
    assert held == {*OPTIONAL.values(), "numpy", "scipy-openblas32"}


def imported_by_code(path):
    """Give the optional modules that a file imports as it runs, not for its types alone."""
    found, open_nodes = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            open_nodes += ast.iter_child_nodes(node)
    return found & set(OPTIONAL)


def asked_for_in(path):
    """Give the modules that a file asks for with `needs`, or as the commands do for pictures."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    asked = [argument for call in calls if call_of(call, "needs") for argument in call.args[1:]]
    drawn = {"matplotlib"} if any(call_of(call, "can_draw") for call in calls) else set()
    return {argument.value for argument in asked if isinstance(argument, ast.Constant)} | drawn


def call_of(call, name):
    return ast.unparse(call.func) == name


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if imported_by_code(path)],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_a_module_or_the_room_around_it_asks_for_what_it_imports(path):
    rooms = [folder / "__init__.py" for folder in path.parents if PACKAGE in folder.parents]
    asked = set().union(*map(asked_for_in, {path, *rooms}))
    if path.relative_to(PACKAGE).as_posix() in BEHIND:
        asked.add("pyarrow")
    missing = {name for name in imported_by_code(path) if not {name, WITH.get(name)} & asked}
    assert not missing, f"{path} imports {missing} without asking for it: see ground/packages.py"
