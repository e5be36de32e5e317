"""One table of optimizers: what the tests of every rule need to know of each.

A rule that is registered and does not stand here fails
`test_every_optimizer_stands_in_the_table`. From this table follow: its description (fields,
dictionary, random values), its first steps by hand in both precisions, what it remembers, that it
descends into a valley, that it trains alone as in company, and that it can be killed and resumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ravine as rv


def halving(initial: float) -> rv.Schedule:
    """Make a staircase that halves with every step."""
    return rv.StepDecay(initial, 0.5, 1, unit="step")


@dataclass(frozen=True)
class Steps:
    """Steps by hand: w after each gradient, from w = 1, and what is remembered after the last."""

    rule: rv.Optimizer
    gradients: list[float]
    weights: list[float]
    remembered: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """What the tests need to know of one rule.

    Parameters
    ----------
    example : Optimizer
        With every field away from its default.
    descends : list of Optimizer
        Settings that lead into Rosenbrock's valley in 3,000 steps.
    trains : Recipe
        A recipe for small networks, on a target of size 1.
    steps : dict of str to Steps
        By hand; the arithmetic stands beside, or in the name. The first has `remembered`.
    """

    example: rv.Optimizer
    descends: list[rv.Optimizer]
    trains: rv.Recipe
    steps: dict[str, Steps]


def recipe(optimizer: rv.Optimizer, **fields: Any) -> rv.Recipe:
    """Make a short recipe."""
    return rv.Recipe(**{"optimizer": optimizer, "epochs": 8, "seed": 5, **fields})


SGD = Case(
    example=rv.SGD(rv.CosineDecay(0.1, length=3), momentum=0.9, nesterov=True, weight_decay=0.1),
    descends=[
        rv.SGD(1e-3),
        rv.SGD(1e-3, momentum=0.9),
        rv.SGD(1e-3, momentum=0.9, nesterov=True),
    ],
    trains=recipe(rv.SGD(0.01, momentum=0.9), batch_size=16),
    steps={
        "momentum: v = 0.1; 0.05 + 0.2; 0.125 − 0.1": Steps(
            rv.SGD(0.1, momentum=0.5), [1, 2, -1], [0.9, 0.65, 0.625], {"velocity": 0.025}
        ),
        "plain descent: 1 − 0.1, − 0.2, + 0.1": Steps(rv.SGD(0.1), [1, 2, -1], [0.9, 0.7, 0.8]),
        "rate inside the velocity, η = 0.4, 0.2, 0.1: v = 0.4; 0.2 + 0.4; 0.3 − 0.1": Steps(
            rv.SGD(halving(0.4), momentum=0.5), [1, 2, -1], [0.6, 0.0, -0.2], {"velocity": 0.2}
        ),
        "momentum as a schedule, β = 0.8, 0.4, 0.2: v = 0.1; 0.04 + 0.2; 0.048 − 0.1": Steps(
            rv.SGD(0.1, momentum=halving(0.8)),
            [1, 2, -1],
            [0.9, 0.66, 0.712],
            {"velocity": -0.052},
        ),
        "Nesterov: steps 0.05 + 0.1; 0.125 + 0.2; 0.0125 − 0.1": Steps(
            rv.SGD(0.1, momentum=0.5, nesterov=True),
            [1, 2, -1],
            [0.85, 0.525, 0.6125],
            {"velocity": 0.025},
        ),
        # 1 · (1 − 0.1 · 0.5) − 0.1 = 0.85; 0.85 · 0.95 − 0.2 = 0.6075; 0.6075 · 0.95 + 0.1
        "weight decay λ = 0.5 comes before the step": Steps(
            rv.SGD(0.1, weight_decay=0.5), [1, 2, -1], [0.85, 0.6075, 0.677125]
        ),
    },
)

DELTA_BAR_DELTA = Case(
    example=rv.DeltaBarDelta(0.1, kappa=0.2, phi=0.3, theta=0.4),
    descends=[rv.DeltaBarDelta(1e-4, kappa=1e-5)],
    trains=recipe(rv.DeltaBarDelta(), clip_norm=0.5, max_norm=1.0),
    steps={
        # δ̄ = 0.5, 1.25, 0.125, 0.5625: η = 0.1; + 0.05; halved, for 1.25 · −1 < 0; + 0.05, for
        # 0.125 · 1 > 0
        "η = 0.1, 0.15, 0.075, 0.125": Steps(
            rv.DeltaBarDelta(0.1, kappa=0.05, phi=0.5, theta=0.5),
            [1, 2, -1, 1],
            [0.9, 0.6, 0.675, 0.55],
            {"rates": 0.125, "gradient_trace": 0.5625},
        ),
    },
)

RPROP = Case(
    example=rv.Rprop(0.1, eta_minus=0.4, eta_plus=1.3, step_min=1e-4, step_max=1.0),
    descends=[rv.Rprop(0.01)],
    trains=recipe(rv.Rprop()),
    steps={
        # Δ = 0.1, 0.12; the sign turns: 0.06 and rest; −1 again, compared with nothing: 0.06; 0.072
        "it rests where the sign turned": Steps(
            rv.Rprop(0.1),
            [3, 2, -1, -4, -1],
            [0.9, 0.78, 0.78, 0.84, 0.912],
            {"rates": 0.072, "last_gradient": -1.0},
        ),
    },
)

ADAGRAD = Case(
    example=rv.Adagrad(0.1, epsilon=1e-3, epsilon_inside_root=True, weight_decay=0.1),
    descends=[rv.Adagrad(0.5)],
    trains=recipe(rv.Adagrad(0.1), batch_size=16, averaging=0.5),
    steps={
        "ṽ = 9, 25, 169: 0.1 · 3/3, 0.1 · 4/5, −0.1 · 12/13": Steps(
            rv.Adagrad(0.1, epsilon=1e-12),
            [3, 4, -12],
            [0.9, 0.82, 0.9123076923076923],
            {"squared_gradient": 169.0},
        ),
        "lecture form, ṽ + 16 = 25, 169, 7225: 0.1 · 3/5, 0.1 · 12/13, −0.1 · 84/85": Steps(
            rv.Adagrad(0.1, epsilon=16, epsilon_inside_root=True),
            [3, 12, -84],
            [0.94, 0.8476923076923077, 0.9465158371040724],
            {"squared_gradient": 7209.0},
        ),
    },
)

RMSPROP = Case(
    example=rv.RMSprop(0.1, beta2=0.8, epsilon=1e-3, epsilon_inside_root=True, weight_decay=0.1),
    descends=[rv.RMSprop(rv.InverseDecay(0.01, 0.01))],
    trains=recipe(rv.RMSprop(), batch_size=20, penalty=rv.L1(1e-3)),
    steps={
        "ṽ = 1, 1, 3: 0.1 · 2/1, 0.1 · 1/1, −0.1 · 3/√3": Steps(
            rv.RMSprop(0.1, beta2=0.75, epsilon=1e-12),
            [2, 1, -3],
            [0.8, 0.7, 0.8732050807568877],
            {"squared_gradient": 3.0},
        ),
        "lecture form, √(ṽ + 3) = 2, 2, √6": Steps(
            rv.RMSprop(0.1, beta2=0.75, epsilon=3, epsilon_inside_root=True),
            [2, 1, -3],
            [0.9, 0.85, 0.9724744871391589],
            {"squared_gradient": 3.0},
        ),
    },
)

ADAM = Case(
    example=rv.Adam(
        0.1,
        beta1=rv.CosineDecay(0.5, final=0.9),
        beta2=0.8,
        epsilon=1e-3,
        epsilon_inside_root=True,
        epsilon_hat=True,
        bias_correction=False,
        weight_decay=0.1,
    ),
    descends=[rv.Adam(rv.CosineDecay(0.05))],
    trains=recipe(rv.Adam(rv.ExponentialDecay(0.01, rate=0.1)), batch_size=50),
    steps={
        # ν = 1, 1, −1; ṽ = 1, 1, 3; ν̂ = 2, 4/3, −8/7; √v̂ = 2, 4/√7 = 1.5118579,
        # 8·√(3/37) = 2.2779796
        "0.1 · 2/(2 + 2), 0.1 · 1.3333333/3.5118579, −0.1 · 1.1428571/4.2779796": Steps(
            rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2),
            [2, 1, -3],
            [0.95, 0.9120333916028707, 0.9387482747790314],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
        "ε over ½, √7/4, √37/8: 0.1 · 2/6, 0.1333333/4.5355737, −0.1142857/4.9083632": Steps(
            rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2, epsilon_hat=True),
            [2, 1, -3],
            [0.9666666666666667, 0.9372694298770601, 0.9605533057019701],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
        "without correction: 0.1 · 1/3, 0.1 · 1/3, −0.1/(√3 + 2)": Steps(
            rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2, bias_correction=False),
            [2, 1, -3],
            [0.9666666666666667, 0.9333333333333333, 0.9601282525764456],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
        "lecture form: 0.1 · 1/√(1 + 3), again, −0.1/√(3 + 3)": Steps(
            rv.Adam(
                0.1,
                beta1=0.5,
                beta2=0.75,
                epsilon=3,
                epsilon_inside_root=True,
                bias_correction=False,
            ),
            [2, 1, -3],
            [0.95, 0.9, 0.9408248290463863],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
        # products 0.8, 0.32, 0.064: ν̂ = 0.4/0.2, 0.76/0.68, −2.248/0.936
        "β₁ = 0.8, 0.4, 0.2: 0.05, 0.1117647/3.5118579, −0.2401709/4.2779796": Steps(
            rv.Adam(0.1, beta1=halving(0.8), beta2=0.75, epsilon=2),
            [2, 1, -3],
            [0.95, 0.9181750488435827, 0.9743162616721173],
            {"first_moment": -2.248, "second_moment": 3.0},
        ),
        # 1e-3 · 1e-8 / (1e-8 + 1e-8) = 5.0e-4
        "ε outside the root, at a tiny gradient": Steps(
            rv.Adam(1e-3),
            [1e-8],
            [1 - 5.0e-4],
            {"first_moment": 1e-9, "second_moment": 1e-19},
        ),
    },
)

ADAMW = Case(
    example=rv.AdamW(
        0.1,
        beta1=0.8,
        beta2=0.8,
        epsilon=1e-3,
        epsilon_inside_root=True,
        epsilon_hat=True,
        bias_correction=False,
        weight_decay=0.1,
    ),
    descends=[rv.AdamW(rv.CosineDecay(0.05), weight_decay=0.0)],
    trains=recipe(rv.AdamW(0.01), batch_size=33, averaging=0.9),
    steps={
        # w · (1 − 0.1 · 0.5) before Adam's own 0.05, 0.0379666083971293, −0.0267148831761607
        "0.95 − 0.05; 0.855 − 0.0379666; 0.7761817 + 0.0267149": Steps(
            rv.AdamW(0.1, beta1=0.5, beta2=0.75, epsilon=2, weight_decay=0.5),
            [2, 1, -3],
            [0.9, 0.8170333916028707, 0.8028966051988879],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
    },
)

NADAM = Case(
    example=rv.NAdam(0.1, beta1=0.8, beta2=0.8, epsilon=1e-3, momentum_decay=0.1, weight_decay=0.1),
    descends=[rv.NAdam(rv.CosineDecay(0.05))],
    trains=recipe(rv.NAdam(0.01), batch_size=16, clip_norm=1.0),
    steps={
        # ψ = 0: μ = ¼ throughout, products 1/4, 1/16, 1/64, 1/256. ν = 1, 1, −1; ṽ = 1, 1, 3;
        # √v̂ = 2, 4/√7 = 1.5118579, 8·√(3/37) = 2.2779796;
        # ν̂ = 4/15 + 2, 16/63 + 4/5, −64/255 − 16/7
        "0.1 · 2.2666667/4, 0.1 · 1.0539683/3.5118579, −0.1 · 2.5366947/4.2779796": Steps(
            rv.NAdam(0.1, beta1=0.5, beta2=0.75, epsilon=2, momentum_decay=0),
            [2, 1, -3],
            [0.9433333333333334, 0.9133216333622692, 0.9726181975885713],
            {"first_moment": -1.0, "second_moment": 3.0},
        ),
        # 0.96^(k ψ) = ½, ¼, ⅛ by ψ = log ½ / log 0.96: μ = 3/8, 7/16, 15/32 (β = ½).
        # ν = 1, √v̂ = 2, products 3/8, 21/128: ν̂ = 7/16 · 128/107 + 5/8 · 2 · 8/5 = 2.5233645
        "μ grows: 0.1 · 2.5233645/4": Steps(
            rv.NAdam(0.1, beta1=0.5, beta2=0.75, epsilon=2, momentum_decay=16.97974801833893),
            [2],
            [0.9369158878504673],
            {"first_moment": 1.0, "second_moment": 1.0},
        ),
        # w · (1 − 0.1 · 0.5) before the step
        "weight decay: 0.95 − 0.0566667": Steps(
            rv.NAdam(0.1, beta1=0.5, beta2=0.75, epsilon=2, momentum_decay=0, weight_decay=0.5),
            [2],
            [0.8933333333333333],
            {"first_moment": 1.0, "second_moment": 1.0},
        ),
    },
)

LION = Case(
    example=rv.Lion(0.1, beta1=0.8, beta2=0.8, weight_decay=0.1),
    descends=[rv.Lion(rv.CosineDecay(5e-3))],
    trains=recipe(rv.Lion(0.003), batch_size=16, averaging=0.9),
    steps={
        # c = 1; 0.25 − 0.2 = 0.05; 0.1375 − 1.5. ν = 0.5; 0.375 − 0.1; 0.20625 − 0.75
        "the sign of c, not of the gradient: + + −": Steps(
            rv.Lion(0.1, beta1=0.5, beta2=0.75),
            [2, -0.4, -3],
            [0.9, 0.8, 0.9],
            {"first_moment": -0.54375},
        ),
        # 1 · 0.95 − 0.1 = 0.85; 0.85 · 0.95 − 0.1 = 0.7075
        "weight decay λ = 0.5": Steps(
            rv.Lion(0.1, beta1=0.5, beta2=0.75, weight_decay=0.5),
            [2, -0.4],
            [0.85, 0.7075],
            {"first_moment": 0.275},
        ),
        "nothing moves where nothing pulls": Steps(
            rv.Lion(0.1), [0.0, 0.0], [1.0, 1.0], {"first_moment": 0.0}
        ),
    },
)

LBFGS = Case(
    example=rv.LBFGS(0.5, memory=5, max_evaluations=9, c1=1e-3, c2=0.5),
    descends=[rv.LBFGS()],
    trains=recipe(rv.LBFGS(), penalty=rv.L2(1e-3)),
    steps={},  # it evaluates a function: its steps stand in tests/engine/test_optimizer_steps.py
)

#: Every rule of ravine.
CASES: dict[str, Case] = {
    type(case.example).__name__: case
    for case in (
        SGD,
        DELTA_BAR_DELTA,
        RPROP,
        ADAGRAD,
        RMSPROP,
        ADAM,
        ADAMW,
        NADAM,
        LION,
        LBFGS,
    )
}
