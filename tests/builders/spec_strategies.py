"""Random descriptions, drawn from the rules of their fields."""

import functools
import itertools

from hypothesis import reject
from hypothesis import strategies as st

from ravine.errors import ParameterError
from ravine.specs import augmentation, layers, rules, schedules
from ravine.specs.augmentation import AUGMENTATIONS
from ravine.specs.initializers import INITIALIZERS
from ravine.specs.layers import LAYERS, Embedding, Normalize, PiecewiseLinear, Residual
from ravine.specs.losses import LOSSES
from ravine.specs.network import NETWORKS, Network
from ravine.specs.optimizers import OPTIMIZERS
from ravine.specs.penalties import PENALTIES
from ravine.specs.recipe import RECIPES
from ravine.specs.schedules import SCHEDULES
from ravine.specs.spec import Member
from ravine.specs.stopping import STOPPINGS

FAMILIES = [
    LAYERS,
    OPTIMIZERS,
    SCHEDULES,
    PENALTIES,
    LOSSES,
    INITIALIZERS,
    AUGMENTATIONS,
    STOPPINGS,
    NETWORKS,
    RECIPES,
]

KINDS = [kind for family in FAMILIES for kind in family.kinds.values()]


def numbers(rule):
    low = rule.at_least if rule.above is None else rule.above
    high = rule.at_most if rule.below is None else rule.below
    return st.floats(
        low,
        high,
        exclude_min=rule.above is not None,
        exclude_max=rule.below is not None,
        allow_nan=False,
        allow_infinity=False,
    )


def values(rule, depth):
    """Give a strategy for what a rule allows."""
    if isinstance(rule, rules.Number):
        return numbers(rule)
    if isinstance(rule, rules.Whole):
        return st.integers(rule.at_least, rule.at_most)
    if isinstance(rule, rules.Flag):
        return st.booleans()
    if isinstance(rule, rules.Choice):
        return st.sampled_from(rule.names)
    if isinstance(rule, rules.Maybe):
        return st.none() | values(rule.rule, depth)
    if isinstance(rule, rules.Either):
        return st.sampled_from(rule.values) | values(rule.rule, depth)
    if isinstance(rule, rules.Items):
        return st.lists(values(rule.rule, depth), min_size=rule.at_least, max_size=3)
    if isinstance(rule, schedules.base.NumberOrSchedule):
        if depth <= 0:
            return numbers(rule.number)
        return numbers(rule.number) | members(SCHEDULES, depth - 1).filter(
            lambda s: rule.number.contains(s._highest()) and not (rule.of_time_alone and s.plateau)
        )
    if isinstance(rule, layers.base.ActivationOrName):
        return st.sampled_from(layers.base.ACTIVATIONS) | specs(layers.Activation, depth)
    if isinstance(rule, augmentation.AugmentationOrFunction):
        return members(AUGMENTATIONS, depth)
    if isinstance(rule, augmentation._ColumnOrGroup):
        column = st.integers(0, 50)
        return column | st.lists(column, min_size=1, max_size=2)
    if isinstance(rule, rules.Function):  # plain data holds none
        return st.nothing() if rule.otherwise is None else values(rule.otherwise, depth)
    if isinstance(rule, Member):
        return members(rule.base._family, depth)
    raise AssertionError(f"a rule without a strategy: {rule}")


def members(family, depth):
    """Give a strategy for the kinds of a family; within others, none that stands only in front."""
    in_front = (Normalize, Embedding, PiecewiseLinear)
    kinds = [kind for kind in family.kinds.values() if kind not in in_front]
    if depth <= 0:
        kinds = [kind for kind in kinds if kind not in (Residual, schedules.Warmup)]
    return st.one_of([specs(kind, depth - 1) for kind in kinds])


@functools.cache
def specs(kind, depth=2):
    """Give a strategy for descriptions of one kind."""
    if kind is Embedding:
        return st.integers(1, 3).flatmap(_embeddings)
    if kind is PiecewiseLinear:
        return st.integers(1, 3).flatmap(_piecewise_linear)
    if kind is Network:
        return _networks()
    if kind is schedules.OneCycle:
        return _one_cycles()
    if kind is schedules.ReduceOnPlateau:
        return _plateaus()
    fields = {name: values(rule, depth) for name, rule in kind._rules.items()}

    @st.composite
    def draw_one(draw):
        try:
            return kind(**{name: draw(strategy) for name, strategy in fields.items()})
        except ParameterError:  # fields that do not go together
            reject()

    return draw_one()


def _one_cycles():
    part = st.none() | st.floats(0, 1)
    return st.builds(
        lambda maximum, initial, final, **rest: schedules.OneCycle(
            maximum,
            initial=None if initial is None else initial * maximum,
            final=None if final is None else final * maximum,
            **rest,
        ),
        maximum=numbers(rules.Number(at_least=0)),
        initial=part,
        final=part,
        **{name: values(schedules.OneCycle._rules[name], 1) for name in ("peak", "length", "unit")},
    )


def _plateaus():
    """Give plateaus whose minimum is a part of the initial value, as it has to be."""
    own = ("factor", "patience", "min_delta", "monitor")
    return st.builds(
        lambda initial, part, **rest: schedules.ReduceOnPlateau(
            initial, minimum=part * initial, **rest
        ),
        initial=numbers(rules.Number(at_least=0)),
        part=st.floats(0, 1),
        **{name: values(schedules.ReduceOnPlateau._rules[name], 1) for name in own},
    )


def _embeddings(n):
    sizes = st.lists(st.integers(1, 9), min_size=n, max_size=n)
    return st.builds(
        Embedding,
        columns=st.lists(st.integers(0, 99), min_size=n, max_size=n, unique=True),
        levels=sizes,
        dimension=st.integers(1, 9) | sizes,
        initializer=values(Embedding._rules["initializer"], 1),
        penalty=values(Embedding._rules["penalty"], 1),
    )


def _piecewise_linear(n):
    rules_of_others = {
        k: r for k, r in PiecewiseLinear._rules.items() if k not in ("columns", "bins")
    }
    return st.builds(
        PiecewiseLinear,
        columns=st.lists(st.integers(0, 99), min_size=n, max_size=n, unique=True),
        bins=st.integers(1, 9) | st.lists(st.integers(1, 9), min_size=n, max_size=n),
        **{name: values(rule, 1) for name, rule in rules_of_others.items()},
    )


def _networks():
    in_front = [
        st.just([]) | specs(kind).map(lambda layer: [layer])
        for kind in (Normalize, Embedding, PiecewiseLinear)
    ]
    rest = st.lists(members(LAYERS, 2), min_size=1, max_size=4)
    stack = st.tuples(*in_front, rest).map(lambda parts: list(itertools.chain(*parts)))
    return st.builds(Network, stack, members(LOSSES, 1))
