"""A schema in a file: written, and checked when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ravine.errors import SpecError
from ravine.tables.columns import Column, read_column
from ravine.tables.target import Target

__all__ = ["read_document", "write_document"]


def write_document(
    columns: Iterable[Column],
    targets: Iterable[Target],
    left_out: Mapping[str, str],
    remarks: Iterable[str],
    missing_values: Iterable[str] | None,
) -> dict[str, Any]:
    """Describe a schema, by its fields, with plain data that JSON can hold."""
    described = [target.to_dict() for target in targets]
    document: dict[str, Any] = {
        "columns": [column.to_dict() for column in columns],
        "target": described if len(described) > 1 else next(iter(described), None),
        "left_out": dict(left_out),
    }
    if remarks := list(remarks):
        document["remarks"] = remarks
    if missing_values is not None:
        document["missing_values"] = list(missing_values)
    return document


def read_document(description: Any) -> dict[str, Any]:
    """Read what `TableSchema.to_dict` gave.

    Parameters
    ----------
    description : dict
        What a file holds, or something else.

    Returns
    -------
    dict of str to object
        The schema's fields.

    Raises
    ------
    SpecError
        If it is not such a description.
    """
    parts, further = {"columns", "target", "left_out"}, {"remarks", "missing_values"}
    if not isinstance(description, dict) or set(description) - further != parts:
        raise SpecError("A schema needs columns, a target and what is left out.")
    columns, left_out = description["columns"], description["left_out"]
    if not isinstance(columns, list) or not columns or not isinstance(left_out, dict):
        raise SpecError("A schema needs a list of columns, and what is left out by name.")
    targets = [] if description["target"] is None else description["target"]
    if not isinstance(targets, list):
        targets = [targets]
    return {
        "columns": tuple(read_column(column) for column in columns),
        "left_out": {str(name): str(why) for name, why in left_out.items()},
        "targets": tuple(Target.from_dict(target) for target in targets),
        "remarks": _texts_of(description, "remarks") or (),
        "missing_values": _texts_of(description, "missing_values"),
    }


def _texts_of(description: dict[str, Any], key: str) -> tuple[str, ...] | None:
    """Read a list of texts that a schema may have."""
    texts = description.get(key)
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SpecError(f"The {key!r} of a schema must be a list of texts.")
    return tuple(texts)
