"""What stands in a loaded recipe for a custom optimizer or function.

A file carries no code, so a rule or an augmentation that a user wrote cannot come back from it.
The model does, and its recipe says by name what it was trained with; to train so again needs the
original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from ravine.errors import ParameterError, SpecError
from ravine.specs.optimizers import Adam, Optimizer
from ravine.specs.recipe import Recipe
from ravine.specs.spec import Spec

__all__ = ["UnsavedFunction", "UnsavedOptimizer", "recipe_from_document", "recipe_to_document"]


@dataclass(frozen=True, repr=False)
class UnsavedOptimizer(Optimizer):
    """The name of a custom optimizer, in a recipe that came from a file.

    Parameters
    ----------
    description : str
        How the optimizer was shown.

    Examples
    --------
    >>> UnsavedOptimizer("SignDescent(learning_rate=0.1)")
    UnsavedOptimizer('SignDescent(learning_rate=0.1)')
    """

    description: str
    learning_rate: float = 0.0

    _rules: ClassVar[Mapping[str, Any]] = {}
    _always_shown: ClassVar[tuple[str, ...]] = ()  # the rate is not known

    def init(self, n: int) -> Any:
        """Refuse to run."""
        _refuse(self.description)

    def update(self, w: Any, g: Any, state: Any, k: int, learning_rate: float) -> None:
        """Refuse to run."""
        _refuse(self.description)


@dataclass(frozen=True)
class UnsavedFunction:
    """The name of a custom augmentation function, in a recipe that came from a file.

    Parameters
    ----------
    description : str
        How the function was shown.

    Examples
    --------
    >>> UnsavedFunction("add_noise").__name__
    'add_noise'
    """

    description: str

    @property
    def __name__(self) -> str:
        return self.description

    def __call__(self, *_arguments: Any) -> Any:
        """Refuse to run."""
        _refuse(self.description)


def recipe_to_document(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as plain data; what is custom in it is only named.

    Parameters
    ----------
    recipe : Recipe
        Any recipe.

    Returns
    -------
    dict
        ``{"recipe": ..., "own_optimizer": ..., "own_functions": ...}``.

    Examples
    --------
    >>> document = recipe_to_document(Recipe(epochs=5))
    >>> document["recipe"]["epochs"], document["own_optimizer"], document["own_functions"]
    (5, None, {})
    """
    own_optimizer = None
    try:
        recipe.optimizer.to_dict()
    except SpecError:
        own_optimizer = getattr(recipe.optimizer, "description", repr(recipe.optimizer))
        recipe = recipe.replace(optimizer=Adam())
    functions = {
        str(place): str(getattr(item, "__name__", type(item).__name__))
        for place, item in enumerate(recipe.augmentation)
        if not isinstance(item, Spec)
    }
    kept = tuple(item for item in recipe.augmentation if isinstance(item, Spec))
    return {
        "recipe": recipe.replace(augmentation=kept).to_dict(),
        "own_optimizer": own_optimizer,
        "own_functions": functions,
    }


def recipe_from_document(document: Mapping[str, Any]) -> Recipe:
    """Make a recipe from what `recipe_to_document` gave.

    Parameters
    ----------
    document : mapping
        From a file, so nothing about it is taken for granted.

    Returns
    -------
    Recipe
        The recipe, with stand-ins for what is custom.

    Raises
    ------
    SpecError, ParameterError
        If the document describes no recipe.

    Examples
    --------
    >>> recipe_from_document(recipe_to_document(Recipe(epochs=5)))
    Recipe(optimizer=Adam(learning_rate=0.001), epochs=5)
    """
    recipe = Recipe.from_dict(document.get("recipe", {}))
    own_optimizer = document.get("own_optimizer")
    if isinstance(own_optimizer, str):
        recipe = recipe.replace(optimizer=UnsavedOptimizer(own_optimizer))
    functions = document.get("own_functions") or {}
    if not isinstance(functions, Mapping):
        raise SpecError("'own_functions' must be a dictionary.")
    augmentation = list(recipe.augmentation)
    for place, description in functions.items():
        if not (place.isascii() and place.isdigit() and isinstance(description, str)):
            raise SpecError("'own_functions' must name functions by their place.")
        augmentation.insert(int(place), UnsavedFunction(description))
    return recipe.replace(augmentation=tuple(augmentation))


def _refuse(description: str) -> NoReturn:
    raise ParameterError(
        f"'{description}' is custom code, which the file of this recipe cannot carry.",
        hint="Put the original back with recipe.replace(optimizer=..., augmentation=...).",
    )
