"""Packages that are imported when they are first used, and the error if one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from ravine.errors import MissingPackageError

__all__ = ["needs"]

#: The package to install for a module, if it has another name.
_INSTALLED_BY = {
    "matplotlib": "'ravine[plots]'",
    "scipy_openblas32": "scipy-openblas32",
    "sklearn": "scikit-learn",
    "tomli_w": "tomli-w",
}


def needs(what: str, *modules: str) -> None:
    """Raise an error if a package is missing: call it before the packages are imported.

    Parameters
    ----------
    what : str
        What they are needed for, as the subject of a sentence.
    *modules : str
        The modules to be imported, such as ``"sklearn"``.

    Raises
    ------
    MissingPackageError
        If one of them is not installed.

    Examples
    --------
    >>> needs("A picture", "matplotlib")
    >>> needs("A horoscope", "stars")
    Traceback (most recent call last):
    ravine.errors.MissingPackageError: A horoscope needs stars, which is not installed. \
Install it: pip install stars
    """
    for module in modules:
        if find_spec(module) is None:
            install = _INSTALLED_BY.get(module, module)
            name = module if install.startswith("'") else install
            raise MissingPackageError(
                f"{what} needs {name}, which is not installed. Install it: pip install {install}"
            )
