"""What the callers of fit may say of the rows to validate on."""

from __future__ import annotations

from typing import Any

from ravine.errors import ParameterError

__all__ = ["check_validation"]


def check_validation(X_val: Any, y_val: Any, sample_weight_val: Any, **sides: Any) -> None:
    """Refuse arguments of fit that do not go together.

    Parameters
    ----------
    X_val, y_val, sample_weight_val : array-like, optional
        Validation rows that are given apart.
    **sides : array-like, optional
        What validation rows are chosen by otherwise: groups and times.

    Raises
    ------
    ParameterError
        If a part of the validation rows is missing, or they are given and sides as well.

    Examples
    --------
    >>> check_validation([[1.0]], None, None)
    Traceback (most recent call last):
    ravine.errors.ParameterError: X_val and y_val must be given together, or neither of them.
    """
    if (X_val is None) != (y_val is None):
        raise ParameterError("X_val and y_val must be given together, or neither of them.")
    if X_val is None and sample_weight_val is not None:
        raise ParameterError("sample_weight_val needs X_val and y_val.")
    for name, values in sides.items():
        if X_val is not None and values is not None:
            raise ParameterError(
                f"{name} would change nothing: X_val holds the validation rows.",
                hint=f"Leave {name} out, or X_val and y_val.",
            )
