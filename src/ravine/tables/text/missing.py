"""Cells that mean a missing value."""

from __future__ import annotations

__all__ = ["MISSING_VALUES", "SHEET_ERRORS", "WORDS"]

WORDS = ("NA", "N/A", "n/a", "null", "NULL", "None")
"""Words that mean a missing value, but may be a class or a category as well."""

MISSING_VALUES = (
    *("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan"),
    *("null", "NULL", "None", "NaT"),
)
"""Cells of a CSV file that count as missing."""

SHEET_ERRORS = frozenset(
    ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)
"""What a spreadsheet writes when a formula fails: missing, with a note."""
