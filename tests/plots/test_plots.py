import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.errors import DataError, FileError
from ravine.plots import learning_curve, save_learning_curve
from tests.builders.legends import covered_by_legends

EPOCHS = np.arange(1, 31)
LOSS = 2.0 / EPOCHS
VAL_LOSS = 2.0 / EPOCHS + 0.01 * EPOCHS
HISTORY = rv.History({"epoch": EPOCHS, "loss": LOSS, "val_loss": VAL_LOSS})
BEST = int(EPOCHS[np.argmin(VAL_LOSS)])


def axes():
    return Figure().add_subplot()


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_training_and_validation_loss_are_two_curves():
    ax = HISTORY.plot(axes())
    found = lines(ax)
    np.testing.assert_array_equal(found["training"].get_xdata(), EPOCHS)
    np.testing.assert_array_equal(found["training"].get_ydata(), LOSS)
    np.testing.assert_array_equal(found["validation"].get_ydata(), VAL_LOSS)
    assert found["training"].get_color() != found["validation"].get_color()


def test_it_draws_where_it_is_told_and_gives_that_back():
    ax = axes()
    assert HISTORY.plot(ax) is ax


def test_without_axes_it_makes_a_figure(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    ax = HISTORY.plot()
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


def test_the_best_epoch_is_marked():
    ax = HISTORY.plot(axes())
    mark = lines(ax)[f"best epoch: {BEST}"]
    assert mark.get_xdata() == [BEST, BEST]
    (ring,) = ax.collections
    np.testing.assert_allclose(ring.get_offsets()[0], [BEST, VAL_LOSS.min()])


def test_the_epoch_that_the_model_kept_is_the_one_marked():
    history = rv.History({"epoch": EPOCHS, "loss": LOSS, "val_loss": VAL_LOSS}, best_epoch=3)
    assert "best epoch: 3" in lines(history.plot(axes()))


def test_without_validation_there_is_one_curve_and_no_mark():
    ax = learning_curve(rv.History({"epoch": EPOCHS, "loss": LOSS}), axes())
    assert list(lines(ax)) == ["training"]
    assert ax.get_ylabel() == "training loss"


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([1.0, 0.02], "linear"),
        ([1.0, 0.005], "log"),
        ([1.0, 0.0], "linear"),
        ([1000.0, -1.0], "linear"),
        ([np.nan, np.inf], "linear"),
        ([1e6, np.nan, 1.0], "log"),
    ],
)
def test_the_loss_has_a_logarithmic_axis_beyond_two_decades(losses, scale):
    assert learning_curve(rv.History({"loss": losses}), axes()).get_yscale() == scale


def test_axes_are_labelled_and_epochs_whole():
    ax = learning_curve(HISTORY, axes())
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "loss"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(lines(ax))
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_a_squared_error_is_drawn_as_its_root_in_the_targets_unit():
    ax = HISTORY.plot(axes(), loss=rv.losses.SquaredError(), target="price")
    found = lines(ax)
    np.testing.assert_allclose(found["training"].get_ydata(), np.sqrt(LOSS))
    np.testing.assert_allclose(found["validation"].get_ydata(), np.sqrt(VAL_LOSS))
    (ring,) = ax.collections
    np.testing.assert_allclose(ring.get_offsets()[0], [BEST, np.sqrt(VAL_LOSS.min())])
    assert ax.get_ylabel() == "RMSE of price"


@pytest.mark.parametrize(
    ("loss", "label"),
    [
        (rv.losses.AbsoluteError(), "mean absolute error of price"),
        (rv.losses.CrossEntropy(), "cross entropy of price"),
        (rv.losses.BinaryCrossEntropy(), "binary cross entropy of price"),
        (rv.losses.Poisson(), "Poisson loss of price"),
        (rv.losses.Huber(), "Huber loss of price"),
    ],
)
def test_other_losses_are_drawn_as_they_are_and_named(loss, label):
    ax = HISTORY.plot(axes(), loss=loss, target="price")
    np.testing.assert_array_equal(lines(ax)["training"].get_ydata(), LOSS)
    assert ax.get_ylabel() == label


@pytest.mark.parametrize(
    "losses",
    [
        2.0 / EPOCHS,
        1.0 * EPOCHS,
        np.full(30, 3.0),
        np.where(EPOCHS % 2, 1.0, 5.0),
        10.0**-EPOCHS,
        -1.0 * EPOCHS,
    ],
    ids=["falls", "rises", "flat", "jumps", "decades", "negative"],
)
@pytest.mark.parametrize("size", [(7, 4.2), (4, 3)])
def test_the_legend_covers_nothing_whatever_the_curves(losses, size):
    figure = Figure(figsize=size, layout="constrained")
    history = rv.History({"epoch": EPOCHS, "loss": losses, "val_loss": losses[::-1]})
    history.plot(figure.add_subplot())
    assert covered_by_legends(figure) == []


def test_what_a_legend_covers_is_seen():
    figure = Figure()
    ax = figure.add_subplot()
    ax.plot([0, 1], [0, 1], label="line")
    ax.legend(loc="center")
    assert covered_by_legends(figure) == ["line"]


def test_a_run_that_diverged_is_drawn_with_gaps():
    history = rv.History({"epoch": [1, 2, 3], "loss": [1.0, np.inf, np.nan]})
    drawn = lines(learning_curve(history, axes()))["training"].get_ydata()
    np.testing.assert_array_equal(drawn, [1.0, np.nan, np.nan])


def test_a_single_epoch_is_a_visible_point(tmp_path):
    history = rv.History({"epoch": [1], "loss": [0.5], "val_loss": [0.6]})
    ax = learning_curve(history, axes())
    assert lines(ax)["training"].get_marker() == "o"
    save_learning_curve(history, tmp_path / "one.png")


@pytest.mark.parametrize("history", [rv.History({"loss": []}), rv.History({"epoch": [1]})])
def test_nothing_to_draw_is_an_error(history):
    with pytest.raises(DataError, match="nothing to draw"):
        history.plot(axes())


@pytest.mark.parametrize(
    ("name", "start"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml"), ("c.PDF", b"%PDF")]
)
def test_the_picture_is_saved_in_the_format_of_its_suffix(tmp_path, name, start):
    save_learning_curve(HISTORY, tmp_path / name, title="bike rentals")
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["c.txt", "c", "c.png.bak"])
def test_a_suffix_that_names_no_format_is_an_error(tmp_path, name):
    with pytest.raises(DataError, match="names no known format") as caught:
        save_learning_curve(HISTORY, tmp_path / name)
    assert ".png" in caught.value.hint


def test_a_picture_that_cannot_be_written_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match="Cannot write"):
        save_learning_curve(HISTORY, tmp_path / "nowhere" / "c.png")


def test_the_same_history_gives_the_same_picture(tmp_path):
    for name in ("a.png", "b.png"):
        save_learning_curve(HISTORY, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_saving_opens_no_window_and_needs_no_pyplot(tmp_path):
    program = f"""
import sys
import ravine as rv
from ravine.plots import save_learning_curve
history = rv.History({{"epoch": [1, 2], "loss": [0.5, 0.25]}})
save_learning_curve(history, {str(tmp_path / "c.png")!r})
print("matplotlib.pyplot" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_points_of_settings_without_an_order_do_not_cover_one_another():
    from matplotlib.figure import Figure

    from ravine.plots.bias_variance import bias_variance_curves

    same = (np.ones(2), np.zeros(2), 2 * np.ones(2))
    total = (3 * np.ones(2), 2 * np.ones(2), 4 * np.ones(2))
    curves = {"bias²": same, "variance": same, "noise": same, "sum": total}
    names = np.array(["a", "b"], dtype=object)
    ax = bias_variance_curves(names, curves, "network", "error", Figure().add_subplot())
    points = [line for line in ax.lines if line.get_label() in curves]
    places = np.array([line.get_xdata() for line in points])
    assert (np.diff(places, axis=0) > 0.05).all()
    assert np.abs(places - [0, 1]).max() < 0.25
    # The ring of the least error is about the sum's point.
    assert ax.collections[-1].get_offsets()[0][0] == places[-1][0]
