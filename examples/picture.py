"""What the examples share: the look of their pictures, and where they are kept."""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

# Told apart by lightness as well as by hue, so that everybody can (Okabe & Ito's colours).
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
COLOURS = [BLUE, ORANGE, GREEN, PURPLE, "#56B4E9", "#E69F00", "#000000"]
GREY = "#888888"

plt.switch_backend("Agg")
mpl.rcParams.update(
    {
        "axes.prop_cycle": mpl.cycler(color=COLOURS),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 11,
        "axes.grid": True,
        "figure.constrained_layout.use": True,
        "figure.dpi": 130,
        "grid.color": "#EEEEEE",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    }
)


def _folder():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("ravine-examples"), help="folder for the picture"
    )
    return parser.parse_args().out


_FOLDER = _folder()


def save(figure, name):
    """Keep a figure as a PNG in the folder that ``--out`` names, and say where."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(_FOLDER / name)
    print(_FOLDER / name)
