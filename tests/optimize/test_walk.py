"""What minimize gives can be tabulated, drawn and animated."""

import copy
import pickle

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.errors import FileError, ParameterError

VALLEY = rv.landscapes.ill_conditioned(4)


def walked(fun=VALLEY, start=(1.0, 1.0), jac=VALLEY.jac, steps=5, rate=0.1):
    return rv.minimize(fun, start, jac=jac, optimizer=rv.SGD(rate), steps=steps)


def test_the_table_has_a_row_for_each_point_from_the_start_on():
    walk = walked()
    frame = walk.to_frame()
    assert list(frame) == ["step", "x[0]", "x[1]", "fun"]
    assert frame["step"].tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(frame["x[0]"], 0.9 ** np.arange(6), rtol=1e-14)
    np.testing.assert_allclose(frame["x[1]"], 0.6 ** np.arange(6), rtol=1e-14)
    assert frame["fun"].tolist() == [VALLEY(point) for point in walk.path]


def test_the_picture_shows_the_path_within_its_axes_on_contours_of_the_function():
    walk = walked()
    ax = walk.plot(Figure().add_subplot())
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), walk.path)
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert low < walk.path[:, 0].min()
    assert high > walk.path[:, 0].max()
    assert bottom < walk.path[:, 1].min()
    assert top > walk.path[:, 1].max()
    (contours,) = ax.collections
    lowest = min(VALLEY(point) for path in contours.get_paths() for point in path.vertices)
    assert lowest < walk.path_fun[-1]


@pytest.mark.parametrize("gradient", ["fun", "differences"])
def test_contours_need_the_value_alone_and_count_no_evaluation(gradient):
    def both(x):
        return VALLEY(x), VALLEY.jac(x)

    walk = walked(both, jac=True) if gradient == "fun" else walked(jac=None)
    before = walk.nfev
    assert len(walk.plot(Figure().add_subplot()).collections) == 1
    assert walk.nfev == before


def test_a_function_that_ends_somewhere_is_drawn_where_it_is():
    import math

    walk = walked(lambda x: x[0] - math.log(x[0]) + x[1] ** 2, (0.3, 1.0), jac=None, steps=20)
    ax = walk.plot(Figure().add_subplot())
    assert len(ax.collections) == 1


def test_of_one_or_three_numbers_the_heights_are_drawn():
    walk = walked(lambda x: float(x @ x), np.ones(3), jac=lambda x: 2 * x)
    ax = walk.plot(Figure().add_subplot())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), walk.path_fun)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "fun")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda w: pickle.loads(pickle.dumps(w))]
)
def test_a_copy_has_all_fields_and_draws_its_path_without_the_function(copied):
    walk = walked(lambda x: VALLEY(x), jac=lambda x: VALLEY.jac(x))
    other = copied(walk)
    assert sorted(other) == sorted(walk)
    np.testing.assert_array_equal(other.path, walk.path)
    ax = other.plot(Figure().add_subplot())
    assert len(ax.collections) == 0
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), walk.path)


def frames_of(path):
    from PIL import Image

    with Image.open(path) as image:
        return image.format, image.n_frames, image.info["duration"]


@pytest.mark.parametrize("start", [(1.0, 1.0), (1.0, 1.0, 1.0)])
def test_an_animation_has_a_picture_for_each_point(tmp_path, start):
    walk = walked(lambda x: float(x @ x), start, jac=lambda x: 2 * x)
    walk.animate(tmp_path / "walk.gif", fps=10)
    assert frames_of(tmp_path / "walk.gif") == ("GIF", 6, 100)
    walk.animate(tmp_path / "walk.gif", frames=3, fps=20)
    assert frames_of(tmp_path / "walk.gif") == ("GIF", 3, 50)
    assert [path.name for path in tmp_path.iterdir()] == ["walk.gif"]


def test_what_cannot_be_animated_is_refused(tmp_path):
    walk = walked()
    with pytest.raises(ParameterError, match=r"the name of a \.gif file"):
        walk.animate(tmp_path / "walk.png")
    with pytest.raises(ParameterError, match="'frames'"):
        walk.animate(tmp_path / "walk.gif", frames=1)
    with pytest.raises(ParameterError, match="'fps'"):
        walk.animate(tmp_path / "walk.gif", fps=0)
    with pytest.raises(FileError):
        walk.animate(tmp_path / "nowhere" / "walk.gif")
    assert list(tmp_path.iterdir()) == []
