"""The classical surfaces have the heights, gradients and minima that they claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.optimize import rosen, rosen_der

import ravine as rv
from ravine import landscapes

SURFACES = {
    "ill_conditioned": landscapes.ill_conditioned(),
    "ill_conditioned(1)": landscapes.ill_conditioned(1),
    "ravine": landscapes.ravine(),
    "ravine(1000, -60)": landscapes.ravine(1000, angle=-60),
    "rosenbrock": landscapes.rosenbrock,
    "beale": landscapes.beale,
    "himmelblau": landscapes.himmelblau,
    "saddle": landscapes.saddle,
}
# Heights worked by hand.
HEIGHTS = [
    (landscapes.ill_conditioned(10), (2, 3), 47),  # ½ (4 + 10 · 9)
    (landscapes.ravine(100, angle=0), (2, 3), 452),  # ½ (4 + 100 · 9)
    (landscapes.ravine(100, angle=90), (2, 3), 204.5),  # u = 3, v = −2: ½ (9 + 100 · 4)
    (landscapes.rosenbrock, (-1.2, 1), 24.2),  # 100 (1 − 1.44)² + 2.2² = 19.36 + 4.84
    (landscapes.beale, (1, 1), 14.203125),  # 1.5² + 2.25² + 2.625²
    (landscapes.himmelblau, (0, 0), 170),  # 11² + 7²
    (landscapes.saddle, (2, 3), -2.5),  # ½ (4 − 9)
]


@pytest.mark.parametrize(
    ("surface", "x", "height"), HEIGHTS, ids=lambda v: getattr(v, "name", None)
)
def test_heights_are_those_worked_by_hand(surface, x, height):
    assert surface(x) == pytest.approx(height, rel=1e-14)
    assert isinstance(surface(x), float)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())
def test_gradients_agree_with_central_differences(surface):
    rng = np.random.default_rng(0)
    low, high = np.transpose(surface.bounds)
    for x in rng.uniform(low, high, (20, 2)):
        h = 1e-5 * np.eye(2)
        differences = [(surface(x + d) - surface(x - d)) / 2e-5 for d in h]
        # The error is h²/6 times the third derivative (up to 1e5 in Beale's corners) and rounding.
        np.testing.assert_allclose(surface.jac(x), differences, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())
def test_minima_are_minima(surface):
    for minimum in surface.minima:
        assert surface(minimum) == pytest.approx(surface.minimum, abs=1e-28)
        np.testing.assert_allclose(surface.jac(minimum), 0, atol=1e-12)
        for angle in np.linspace(0, 2 * np.pi, 16):
            assert (
                surface(minimum + 1e-3 * np.array([np.cos(angle), np.sin(angle)])) > surface.minimum
            )


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())
def test_many_places_at_once_give_what_each_gives(surface):
    places = np.random.default_rng(1).normal(size=(2, 3, 4))
    heights, gradients = surface(places), surface.jac(places)
    assert heights.shape == (3, 4)
    assert gradients.shape == (2, 3, 4)
    for i, j in np.ndindex(3, 4):
        # NumPy's powers of arrays and of numbers may differ in the last place.
        assert heights[i, j] == pytest.approx(surface(places[:, i, j]), rel=1e-12)
        np.testing.assert_allclose(gradients[:, i, j], surface.jac(places[:, i, j]), rtol=1e-12)


def test_rosenbrock_is_scipys():
    for x in np.random.default_rng(2).normal(size=(20, 2)):
        assert landscapes.rosenbrock(x) == pytest.approx(rosen(x), rel=1e-14)
        np.testing.assert_allclose(landscapes.rosenbrock.jac(x), rosen_der(x), rtol=1e-12)


def test_a_ravine_is_an_ill_conditioned_valley_turned():
    phi = math.radians(30)
    turn = np.array([[np.cos(phi), np.sin(phi)], [-np.sin(phi), np.cos(phi)]])
    valley, ravine = landscapes.ill_conditioned(50), landscapes.ravine(50, angle=30)
    for x in np.random.default_rng(3).normal(size=(10, 2)):
        assert ravine(x) == pytest.approx(valley(turn @ x), rel=1e-12)


def test_a_saddle_has_no_minimum():
    assert landscapes.saddle.minima.shape == (0, 2)
    assert landscapes.saddle.minimum == -math.inf
    assert repr(landscapes.saddle) == "Landscape('saddle', without a minimum)"


def test_a_surface_is_immutable():
    with pytest.raises(AttributeError):
        landscapes.beale.name = "mine"
    with pytest.raises(ValueError, match="read-only"):
        landscapes.beale.minima[0] = 0


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())
def test_a_picture_shows_contours_minima_and_the_path(surface):
    path = np.array([surface.start, surface.start / 2])
    ax = surface.plot(Figure().add_subplot(), path)
    assert ax.get_title() == surface.name
    assert (ax.get_xlim(), ax.get_ylim()) == surface.bounds
    minima, walk = ax.get_lines()
    np.testing.assert_array_equal(minima.get_xydata(), surface.minima)
    np.testing.assert_array_equal(walk.get_xydata(), path)


def test_a_picture_makes_its_own_figure_when_given_none():
    import matplotlib.pyplot as plt

    ax = landscapes.beale.plot()
    assert len(ax.get_lines()) == 1
    plt.close(ax.figure)


ERRORS = {
    "condition": (
        lambda: landscapes.ill_conditioned(0.5),
        "The 'condition' parameter of ill_conditioned must be at least 1. Got 0.5.",
    ),
    "angle": (
        lambda: landscapes.ravine(angle=math.inf),
        "The 'angle' parameter of ravine must be a finite number. Got inf.",
    ),
    "path": (
        lambda: landscapes.beale.plot(Figure().add_subplot(), np.zeros((4, 3))),
        "path must have shape (steps + 1, 2). Got (4, 3).",
    ),
}


@pytest.mark.parametrize(("call", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_arguments_are_named(call, message):
    with pytest.raises(rv.errors.ParameterError) as caught:
        call()
    assert str(caught.value) == message
