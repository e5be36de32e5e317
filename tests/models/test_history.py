import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError, FileError

COLUMNS = {
    "epoch": [1, 2, 3],
    "step": [10, 20, 30],
    "learning_rate": [0.1, 0.05, 0.025],
    "loss": [1.0, 1 / 3, 0.1],
    "val_loss": [1.1, 0.4, 0.5],
}


@pytest.fixture
def history():
    return rv.History(COLUMNS)


def test_a_column_is_an_array_by_name(history):
    np.testing.assert_array_equal(history["loss"], COLUMNS["loss"])
    assert history["epoch"].dtype == np.int64
    assert history["step"].dtype == np.int64
    assert history["loss"].dtype == np.float64


def test_its_length_is_the_number_of_epochs_and_it_iterates_over_columns(history):
    assert len(history) == 3
    assert list(history) == list(history.columns) == list(COLUMNS)
    assert "loss" in history
    assert "accuracy" not in history
    assert dict(history).keys() == COLUMNS.keys()


def test_an_empty_history_has_no_epochs():
    assert len(rv.History({})) == 0
    assert len(rv.History({"loss": []})) == 0
    assert repr(rv.History({"loss": []})) == "History(0 epochs)"


def test_nothing_in_it_can_be_changed(history):
    given = np.array([1.0, 2.0])
    kept = rv.History({"loss": given})
    given[0] = 99.0
    assert kept["loss"][0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        history["loss"][0] = 0.0
    with pytest.raises(TypeError):
        history["loss"] = [0.0]
    with pytest.raises(AttributeError, match="cannot be changed"):
        history.columns = ()
    with pytest.raises(AttributeError, match="cannot be changed"):
        history._columns = {}


@pytest.mark.parametrize("name", ["accuracy", 0, ["loss"]])
def test_an_unknown_column_names_the_ones_there_are(history, name):
    with pytest.raises(KeyError, match="Its columns: epoch, step, learning_rate, loss, val_loss"):
        history[name]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"loss": [1.0, 2.0], "epoch": [1]}, "must have one length"),
        ({"loss": [[1.0]]}, "one number per epoch"),
        ({"loss": 1.0}, "one number per epoch"),
    ],
)
def test_columns_that_are_no_columns_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        rv.History(columns)


def test_the_best_epoch_is_the_one_given_else_that_of_the_lowest_validation_loss(history):
    assert history.best_epoch == 2
    assert rv.History(COLUMNS, best_epoch=3).best_epoch == 3
    assert rv.History({"loss": [1.0]}).best_epoch is None
    assert rv.History({"epoch": [5, 6, 7], "val_loss": [np.nan, 2, np.inf]}).best_epoch == 6
    assert rv.History({"val_loss": [np.nan]}).best_epoch is None


def test_the_frame_has_a_row_per_epoch(history):
    frame = history.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.shape == (3, 5)
    frame.loc[0, "loss"] = 99.0
    assert history["loss"][0] == 1.0


def test_the_csv_holds_every_digit(tmp_path, history):
    path = tmp_path / "history.csv"
    history.to_csv(path)
    found = np.genfromtxt(path, delimiter=",", names=True)
    assert found.dtype.names == tuple(COLUMNS)
    for name in COLUMNS:
        np.testing.assert_array_equal(found[name], history[name])


def test_the_csv_leaves_missing_numbers_out_and_reads_back(tmp_path):
    history = rv.History({"epoch": [1, 2], "loss": [np.nan, np.inf]})
    history.to_csv(tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text() == "epoch,loss\n1,\n2,inf\n"
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "h.csv"), history.to_frame())


def test_a_csv_that_cannot_be_written_is_a_file_error(tmp_path, history):
    with pytest.raises(FileError, match="Cannot write"):
        history.to_csv(tmp_path / "nowhere" / "h.csv")


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda h: pickle.loads(pickle.dumps(h))]
)
def test_copies_are_equal_and_read_only(duplicate):
    history = rv.History(COLUMNS, best_epoch=3)
    found = duplicate(history)
    assert found.best_epoch == 3
    pd.testing.assert_frame_equal(found.to_frame(), history.to_frame())
    assert not found["loss"].flags.writeable


def test_it_says_in_a_line_what_happened(history):
    assert repr(history) == ("History(3 epochs, loss 1 → 0.1, val_loss 1.1 → 0.5, best epoch 2)")
    assert repr(rv.History({"loss": [0.5]})) == "History(1 epoch, loss 0.5 → 0.5)"


def test_a_notebook_shows_a_table_with_the_best_epoch_in_bold(history):
    html = history._repr_html_()
    assert html.count("<tr") == 4
    assert html.count("font-weight:bold") == 1
    assert "<td>0.33333</td>" in html


def test_a_long_history_is_shortened_in_a_notebook():
    epochs = np.arange(1, 1001)
    html = rv.History({"epoch": epochs, "loss": 1 / epochs})._repr_html_()
    assert html.count("<tr") == 12
    assert "<td>1,000</td>" in html
    assert "…" in html


def test_names_of_columns_are_escaped_in_a_notebook():
    assert "<b>" not in rv.History({"<b>": [1.0]})._repr_html_()


def test_neither_pandas_nor_matplotlib_is_loaded_before_it_is_needed():
    program = """
import sys
import ravine as rv
history = rv.History({"epoch": [1], "loss": [0.5]})
repr(history), history._repr_html_()
print("pandas" in sys.modules, "matplotlib" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
