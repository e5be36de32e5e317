"""Every public name is documented, and every example in the documentation runs."""

import doctest
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil

import pytest

import ravine

# Modules in Python; compiled ones have no examples of their own, and __main__ would run.
MODULES = [
    "ravine",
    *(
        info.name
        for info in pkgutil.walk_packages(ravine.__path__, "ravine.")
        if importlib.util.find_spec(info.name).origin.endswith(".py")
        and not info.name.endswith(".__main__")
    ),
]

PUBLIC = [name for name in ravine.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_a_docstring_with_an_example(name):
    thing = getattr(ravine, name)
    text = thing.__doc__ or ""
    assert len(text.splitlines()[0].strip()) > 10
    if not inspect.ismodule(thing):
        assert "Examples\n" in inspect.cleandoc(text)
        assert ">>> " in text


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_function_or_class_documents_every_parameter(name):
    thing = getattr(ravine, name)
    if inspect.ismodule(thing):
        return
    parameters = inspect.signature(thing).parameters.values()
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    text = inspect.cleandoc(thing.__doc__)
    section = text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    documented = {
        part.strip()
        for line in section.splitlines()
        if not line.startswith(" ")
        for part in line.partition(":")[0].split(",")
    }
    assert set(named) <= documented


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_offers_has_docstrings_down_to_the_methods(name):
    module = importlib.import_module(name)
    missing = []
    for offered in getattr(module, "__all__", ()):
        thing = getattr(module, offered)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if not thing.__doc__:
            missing.append(offered)
        if inspect.isclass(thing):
            members = inspect.getmembers(thing, lambda m: inspect.isfunction(m) or is_property(m))
            missing += [
                f"{offered}.{method}"
                for method, member in members
                if not method.startswith("_") and not member.__doc__
            ]
    assert not missing


def is_property(member):
    return isinstance(member, property)


def test_every_public_name_is_named_by_the_module_that_it_comes_from():
    homes = {**ravine._family_names(), **ravine._HOMES}
    assert set(ravine.__all__) == {*homes, *ravine._MODULES, "__version__"}
    for name, module in homes.items():
        assert name in importlib.import_module(f"ravine.{module}").__all__, name
    assert set(ravine.__all__) <= set(dir(ravine))


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ravine' has no attribute 'Transformer'"):
        ravine.Transformer  # noqa: B018


def test_the_version_is_that_of_the_installed_package(monkeypatch):
    monkeypatch.delitem(vars(ravine), "__version__", raising=False)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2.3 of {name}")
    assert ravine.__version__ == "1.2.3 of ravine"
    monkeypatch.delitem(vars(ravine), "__version__")


def test_the_version_of_a_source_tree_that_is_not_installed_says_so(monkeypatch):
    def not_found(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.delitem(vars(ravine), "__version__", raising=False)
    monkeypatch.setattr(importlib.metadata, "version", not_found)
    assert ravine.__version__ == "0+source"
    monkeypatch.delitem(vars(ravine), "__version__")
