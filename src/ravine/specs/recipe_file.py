"""Recipe files: a recipe, a network, an estimator and facts about the data, as TOML.

The tables are ``[recipe]``, ``[network]``, ``[estimator]``, ``[data]`` and ``[study]``; each may be
absent. Fields are written as `Spec.to_dict` gives them. A field that is None is left out, or
written as ``"none"`` where leaving it out would mean something else. A file without these tables is
read as a recipe whose fields stand at the top.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ravine.errors import ParameterError, SpecError
from ravine.ground.files import atomic_write, file_error
from ravine.ground.packages import needs
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import nearest, shown
from ravine.specs.spec import Spec

__all__ = ["RecipeFile", "read_recipe_file", "write_recipe_file"]

_TABLES = ("recipe", "network", "estimator", "data", "study")
_NONE = "none"

S = TypeVar("S", bound=Spec)


class _BadValueError(SpecError, ParameterError):
    """A value in a file that breaks the rule of its parameter."""


@dataclass(frozen=True)
class RecipeFile:
    """What a recipe file holds.

    Parameters
    ----------
    recipe : Recipe, optional
        How to train.
    network : Network, optional
        What to fit.
    data : dict, optional
        Facts about the data, such as the target's name.
    estimator : dict, optional
        Parameters of an estimator.
    study : dict, optional
        Settings to vary, for ``ravine study``; other commands leave them alone.

    Examples
    --------
    >>> from ravine.specs.recipe_file import RecipeFile
    >>> RecipeFile(data={"target": "price"}).recipe is None
    True
    """

    recipe: Recipe | None = None
    network: Network | None = None
    data: dict[str, Any] | None = None
    estimator: dict[str, Any] | None = None
    study: dict[str, Any] | None = None


def write_recipe_file(
    path: str | os.PathLike[str],
    *,
    recipe: Recipe | None = None,
    network: Network | None = None,
    data: Mapping[str, Any] | None = None,
    estimator: Mapping[str, Any] | None = None,
) -> None:
    """Write a recipe file, complete: every field with its value, defaults as well.

    Parameters
    ----------
    path : str or path-like
        The file; one that is there already is replaced only when the new one is whole.
    recipe : Recipe, optional
        Written as ``[recipe]``.
    network : Network, optional
        Written as ``[network]``.
    data : dict, optional
        Numbers, strings, booleans and lists of them by name, written as ``[data]``; None is left
        out.
    estimator : dict, optional
        The like, written as ``[estimator]``; None is written as ``"none"``.

    Raises
    ------
    SpecError
        If the recipe holds a custom class or function.
    ParameterError
        If ``data`` holds something that is no scalar.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib, ravine as rv
    >>> from ravine.specs.recipe_file import read_recipe_file, write_recipe_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "recipe.toml")
    ...     write_recipe_file(path, recipe=rv.Recipe(epochs=5), data={"target": "price"})
    ...     read_recipe_file(path).data
    {'target': 'price'}
    """
    needs("Writing a recipe file", "tomli_w")
    import tomli_w

    tables: dict[str, Any] = {}
    if recipe is not None:
        tables["recipe"] = _table(recipe)
    if network is not None:
        tables["network"] = _table(network)
    if estimator is not None:
        said = {name: _NONE if value is None else value for name, value in estimator.items()}
        tables["estimator"] = _data_table(said)
    if data is not None:
        tables["data"] = _data_table(data)
    text = tomli_w.dumps(tables)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ParameterError("The 'data' of a recipe file must be valid Unicode text.") from None
    with atomic_write(path) as temporary:
        Path(temporary).write_bytes(encoded)


def read_recipe_file(path: str | os.PathLike[str]) -> RecipeFile:
    r"""Read a recipe file.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    RecipeFile
        What it holds; absent tables are None.

    Raises
    ------
    FileError
        If the file cannot be read.
    SpecError
        If it is no TOML, or names a table, kind or field that does not exist. It is a
        ParameterError as well where a value breaks its field's rule.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ravine.specs.recipe_file import read_recipe_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "recipe.toml")
    ...     _ = path.write_text('epochs = 20\n[optimizer]\nkind = "SGD"\nlearning_rate = 0.1\n')
    ...     read_recipe_file(path).recipe
    Recipe(optimizer=SGD(learning_rate=0.1), epochs=20)
    """
    tables = _parse(path)
    if not any(name in tables for name in _TABLES):
        if not tables:
            raise SpecError(f"{path}: the file is empty.", hint="Give it a [recipe] table.")
        return RecipeFile(recipe=_read_table(path, "the top level", Recipe, tables))
    for name in tables:
        if name not in _TABLES:
            raise SpecError(
                f"{path}: unknown key '{name}' beside the tables [recipe], [network], "
                "[estimator], [data] and [study].",
                hint=nearest(name, _TABLES),
            )
        if not isinstance(tables[name], dict):
            raise SpecError(f"{path}: '{name}' must be a table. Got {shown(tables[name])}.")
    return RecipeFile(
        recipe=_read_table(path, "[recipe]", Recipe, tables["recipe"])
        if "recipe" in tables
        else None,
        network=_read_table(path, "[network]", Network, tables["network"])
        if "network" in tables
        else None,
        data=tables.get("data"),
        estimator=_with_none(tables["estimator"]) if "estimator" in tables else None,
        study=_with_none(tables["study"]) if "study" in tables else None,
    )


def _parse(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as cause:
        raise file_error(path, "read", cause) from cause
    except UnicodeDecodeError:
        raise SpecError(f"{path}: the file is no text in UTF-8, as TOML must be.") from None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except ValueError as cause:  # a TOMLDecodeError, or a number of thousands of digits
        raise SpecError(f"{path}: the file is no valid TOML: {cause}.") from cause
    except RecursionError:
        raise SpecError(f"{path}: the file is nested too deeply.") from None


def _read_table(
    path: str | os.PathLike[str], where: str, kind: type[S], table: dict[str, Any]
) -> S:
    """Make the description that a table gives; errors name the file and the table."""
    try:
        return kind.from_dict(_with_none(table))
    except (ParameterError, SpecError) as cause:
        error = _BadValueError if isinstance(cause, ParameterError) else SpecError
        raise error(f"{path}: in {where}: {cause}", hint=cause.hint) from cause


def _with_none(value: Any) -> Any:
    """Turn "none" back into None, without recursion into more than a description can nest."""
    copy: list[Any] = [value]
    stack: list[Any] = [copy]
    while stack:
        holder = stack.pop()
        for key, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(item, str) and item == _NONE:
                holder[key] = None
            elif isinstance(item, dict | list):
                holder[key] = item.copy()
                stack.append(holder[key])
    return copy[0]


def _table(spec: Spec) -> dict[str, Any]:
    """Give a description as a table: `Spec.to_dict` with None as TOML can say it."""
    spec.to_dict()  # refuses what no file can carry
    table: dict[str, Any] = {}
    if len(spec._family.kinds) > 1:
        table["kind"] = type(spec).__name__
    for field in dataclasses.fields(spec):  # type: ignore[arg-type]
        value = getattr(spec, field.name)
        if value is not None:
            table[field.name] = _toml(value)
        elif field.default is not None:
            table[field.name] = _NONE
    return table


def _toml(value: Any) -> Any:
    if isinstance(value, Spec):
        return _table(value)
    if isinstance(value, tuple):
        return [_toml(item) for item in value]
    return value


def _data_table(data: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in data.items():
        if value is None:
            continue
        items = value if isinstance(value, list | tuple) else [value]
        if not isinstance(name, str) or not all(
            isinstance(i, bool | int | float | str) for i in items
        ):
            raise ParameterError(
                "The 'data' of a recipe file must hold numbers, strings, booleans or lists of "
                f"them by name. Got {name!r}: {shown(value)}."
            )
        table[name] = list(value) if isinstance(value, tuple) else value
    return table
