"""METHODS 6: digits as a network is shown them, turned, moved and enlarged anew in each epoch."""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from picture import save

import ravine as rv

AUGMENTATIONS = {
    "as they are": [],
    "Rotate(20)": [rv.Rotate(20)],
    "Shift(0.15)": [rv.Shift(0.15)],
    "Zoom(0.3)": [rv.Zoom(0.3)],
    "Noise(40, relative=False)": [rv.Noise(40, relative=False)],
    "all of them": [rv.Rotate(20), rv.Shift(0.15), rv.Zoom(0.3), rv.Noise(20, relative=False)],
}


def main():
    with np.load(Path(__file__).parent / "data" / "mnist_5k.npz") as data:
        images = data["X"][::500].astype(float)
    figure, panels = plt.subplots(
        len(AUGMENTATIONS), len(images), figsize=(9, 5.9), subplot_kw={"xticks": [], "yticks": []}
    )
    for row, (name, augmentation) in zip(panels, AUGMENTATIONS.items(), strict=True):
        shown, _ = rv.augment(images, range(len(images)), augmentation)
        for panel, image in zip(row, shown, strict=True):
            panel.imshow(image, cmap="gray_r", vmin=0, vmax=255)
            panel.set_frame_on(False)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    save(figure, "augmentation.png")


if __name__ == "__main__":
    main()
