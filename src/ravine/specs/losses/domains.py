"""Domains: the targets for which a loss is defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DOMAINS", "Domain", "DomainName"]

DomainName = Literal["real", "non_negative", "positive", "binary", "classes"]


@dataclass(frozen=True)
class Domain:
    """The targets for which a loss is defined.

    Parameters
    ----------
    rule : str
        What a target must be, in words.
    outside : callable
        Tells which numbers of an array are not such targets.

    Examples
    --------
    >>> import numpy as np
    >>> domain = DOMAINS["positive"]
    >>> domain.rule, domain.outside(np.array([0.0, 2.0]))
    ('greater than 0', array([ True, False]))
    """

    rule: str
    outside: Callable[[NDArray[Any]], NDArray[np.bool_]]


def _not_finite(y: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    found: NDArray[np.bool_] = ~np.isfinite(y)
    return found


def _no_code(y: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (y < 0) | (y % 1 != 0)
    return found


#: ``"binary"``: labels of two classes for one output, a 0 or 1 for each of several outputs.
#: ``"classes"``: labels of one class out of K; the engine reads their codes 0 … K − 1.
DOMAINS: Mapping[DomainName, Domain] = {
    "real": Domain("a finite number", _not_finite),
    "non_negative": Domain("at least 0", lambda y: y < 0),
    "positive": Domain("greater than 0", lambda y: y <= 0),
    "binary": Domain("a matrix of 0 and 1", lambda y: (y != 0) & (y != 1)),
    "classes": Domain("a whole number, 0 or greater", _no_code),
}
