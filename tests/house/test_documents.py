"""The documents say what is so: examples run, links lead somewhere, nothing is left out."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ravine
from ravine import initializers, losses
from ravine.specs.augmentation import AUGMENTATIONS
from ravine.specs.layers import LAYERS
from ravine.specs.layers.base import ACTIVATIONS
from ravine.specs.losses import LOSSES
from ravine.specs.optimizers import OPTIMIZERS
from ravine.specs.penalties import PENALTIES
from ravine.specs.schedules import SCHEDULES
from ravine.specs.spec import Spec

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(
        path
        for folder in ("docs", "examples", "benchmarks")
        for path in ROOT.glob(f"{folder}/**/*.md")
    ),
]
SOURCES = [
    path
    for folder in ("src/ravine", "cpp/ravine", "cpp/bindings")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".pyi", ".hpp", ".cpp"}
]


def relative(path):
    return str(path.relative_to(ROOT))


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def section(text, title):
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def links(text):
    """Give where the links and pictures of a document lead."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)


def rows(text):
    """Give the rows of a document's tables of methods, which begin with a name in code."""
    return [line for line in text.splitlines() if line.startswith("| `")]


#: The families that have a table in README and in the methods.
TABLES = (OPTIMIZERS, SCHEDULES, LAYERS, PENALTIES, AUGMENTATIONS, LOSSES)

#: A line that the comparison of the README prints, and the part of it that is chosen.
RESULT = r"(\d\.\d+) ± (\d\.\d+) (.+)"
RATE = r"learning_rate=[\d.e-]+"


# --- README --------------------------------------------------------------------------------------


def test_the_examples_of_the_readme_run(tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", text_of("README.md"), flags=re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = re.search(r"```\n(0\.\d+ ± .*?)```", text_of("README.md"), flags=re.DOTALL).group(1)
    first, *rest = done.stdout.splitlines()
    assert 0.1 < float(first) < 0.2
    then = [re.fullmatch(RESULT, line).groups() for line in said.splitlines()]
    now = [re.fullmatch(RESULT, line).groups() for line in rest[: len(then)]]
    for (error, _, rule), (said_error, _, said_rule) in zip(now, then, strict=True):
        assert re.sub(RATE, "", rule) == re.sub(RATE, "", said_rule)
        # another processor rounds otherwise, which fifty epochs enlarge and may change the rate
        assert float(error) == pytest.approx(float(said_error), abs=0.05), rule
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_the_first_example_is_short():
    example = re.search(r"```python\n(.*?)```", text_of("README.md"), flags=re.DOTALL).group(1)
    assert len([line for line in example.splitlines() if line]) <= 12


def test_the_commands_of_the_readme_exist_with_their_flags():
    from typer.main import get_command

    from ravine.cli.app import app

    commands = get_command(app).commands
    said = section(text_of("README.md"), "On the command line")
    named = re.findall(r"^ravine ([\w-]+)", said, flags=re.MULTILINE)
    assert set(commands) - set(named) == {"demo"}  # which has its own picture
    flags = {flag for command in commands.values() for p in command.params for flag in p.opts}
    flags.add("--help")
    assert set(re.findall(r"(?<=[ `])--[\w-]+", said)) <= flags


def test_generated_files_follow_from_the_code():
    script = ROOT / "tools" / "generate.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_tables_of_the_readme_and_of_the_methods_name_every_kind():
    for name in ("README.md", "docs/methods.md"):
        named = {re.match(r"\| `(\w+)", line).group(1) for line in rows(text_of(name))}
        assert named >= {kind for family in TABLES for kind in family.kinds}


# --- The methods ---------------------------------------------------------------------------------

METHODS = [
    *(
        name
        for name in ravine.__all__
        if isinstance(getattr(ravine, name), type)
        and issubclass(getattr(ravine, name), Spec)
        and name not in ("Network", "Recipe")
    ),
    *losses.__all__,
    *initializers.__all__,
]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_stands_in_the_table_of_methods(name):
    assert re.search(rf"`{name}[`(]", text_of("docs/methods.md"))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_stands_in_the_table_of_methods_and_the_readme(name):
    assert f"`{name}`" in text_of("docs/methods.md")
    assert re.search(rf"\b{name}\b", text_of("README.md"))


def test_the_search_for_methods_finds_each_sort_of_them():
    found = {"Dense", "Adam", "OneCycle", "L1", "Mixup", "EarlyStopping", "Huber", "Glorot"}
    assert found <= set(METHODS)


# --- Links, files and commands -------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_link_within_the_project_leads_somewhere(document):
    text = document.read_text("utf-8")
    targets = [first or second for first, second in links(text)]
    broken = [
        target
        for target in targets
        if not target.startswith(("http://", "https://")) and not leads(document, target)
    ]
    assert not broken


def leads(document, target):
    name, _, anchor = target.partition("#")
    path = document.parent / name if name else document
    if not path.exists() or not path.resolve().is_relative_to(ROOT.resolve()):
        return False
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE) if anchor else []
    anchors = {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}
    return not anchor or anchor in anchors


def test_the_reader_of_links_sees_what_it_should():
    text = 'a [b](c.md) ![d\ne](f.png) <img src="g.png" alt="">\n```\n[h](i)\n```\n'
    assert [first or second for first, second in links(text)] == ["c.md", "f.png", "g.png"]
    assert leads(ROOT / "README.md", "docs/methods.md#3-optimizers")
    assert not leads(ROOT / "README.md", "docs/methods.md#3-optimisers")
    assert not leads(ROOT / "README.md", "docs/nowhere.md")


def test_the_architecture_names_every_source_file():
    named = {first or second for first, second in links(text_of("ARCHITECTURE.md"))}
    rooms = {path for path in SOURCES if path.name == "__init__.py"}  # each a folder, named above
    missing = {relative(path) for path in SOURCES if path not in rooms} - named
    assert not missing, f"ARCHITECTURE.md does not name {sorted(missing)}"


@pytest.mark.parametrize(
    ("title", "kind"),
    [("Adding an optimizer", "Lion"), ("Adding a layer", "LayerNorm"), ("Adding a loss", "Huber")],
)
def test_the_walk_through_leads_to_six_files_that_hold_its_kind(title, kind):
    table = [
        line
        for line in section(text_of("CONTRIBUTING.md"), title).splitlines()
        if line.startswith("| [")
    ]
    named = {first or second for first, second in links("\n".join(table))}
    assert len(named) == len(table) == 6
    for name in named:
        assert kind in text_of(name), f"{name} has no {kind}"
    texts = {relative(path): path.read_text("utf-8") for path in SOURCES}
    holding = {
        name
        for name, text in texts.items()
        if name.startswith("cpp/") and re.search(rf"\b{kind}\b", text)
    }
    assert holding <= named


def test_tests_and_commands_that_the_documents_name_exist():
    tests = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "cpp" / "tests").rglob("*.cpp")]
    code = "\n".join(path.read_text("utf-8") for path in tests)
    makefile = text_of("Makefile")
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for name in re.findall(r"`(test_\w+)`", text):
            assert f"def {name}(" in code, name
        for path in re.findall(r"`(tests/[\w/]+\.py)`", text):
            assert (ROOT / path).is_file(), path
        for target in re.findall(r"`make ([\w-]+)|^make ([\w-]+)", text, flags=re.MULTILINE):
            assert re.search(rf"^{''.join(target)}:", makefile, flags=re.MULTILINE), target


def test_what_is_checked_before_a_commit_is_what_make_lint_checks():
    lint = text_of("Makefile").partition("\nlint:")[2].partition("\n\n")[0]
    hooks = text_of(".pre-commit-config.yaml")
    commands = re.findall(r"\$\(BIN\)/((?:ruff|clang-format|mypy)(?: [\w-]+)*)", lint)
    assert len(commands) == 4
    for command in commands:
        assert f".venv/bin/{command}" in hooks
    assert set(re.findall(r"repo: (\S+)", hooks)) == {"local"}


# --- Pictures ------------------------------------------------------------------------------------


def test_what_a_terminal_shows_is_read_and_drawn(tmp_path):
    path = ROOT / "docs" / "make_pictures.py"
    spec = importlib.util.spec_from_file_location("make_pictures", path)
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    from matplotlib.image import imread

    written = "one\r\n\x1b[?25l\x1b[36mepoch 1\x1b[0m\r\x1b[2Kepoch 2\n\x1b[1A\x1b[2Ktwo\r\n"
    lines, passing = pictures.screen(written)
    assert lines == ["one", "two", ""]
    assert passing == ["\x1b[36mepoch 1\x1b[0m", "epoch 2"]
    pictures.draw([lines[0], passing[0]], tmp_path / "terminal.png")
    picture = imread(tmp_path / "terminal.png")
    assert picture.shape[1] > pictures.COLUMNS * 10
    assert picture[..., 2].max() > 0.9  # letters on a dark ground
    assert picture.mean() < 0.2
