"""METHODS 4: how the learning rate falls (or rises first) over a run of fifty epochs."""

import numpy as np
from matplotlib import pyplot as plt
from picture import save

import ravine as rv

EPOCHS = 50

PANELS = {
    "It falls": {
        "ExponentialDecay(0.1, rate=0.05)": rv.ExponentialDecay(0.1, rate=0.05),
        "InverseDecay(0.1, rate=0.2)": rv.InverseDecay(0.1, rate=0.2),
        "StepDecay(0.1, factor=0.5, every=10)": rv.StepDecay(0.1, factor=0.5, every=10),
        "CosineDecay(0.1, length=50)": rv.CosineDecay(0.1, length=EPOCHS),
    },
    "It rises first": {
        "Warmup(5, then=0.1)": rv.Warmup(5, then=0.1),
        "Warmup(5, then=CosineDecay(0.1, length=45))": rv.Warmup(
            5, then=rv.CosineDecay(0.1, length=EPOCHS - 5)
        ),
        "OneCycle(0.1, length=50)": rv.OneCycle(0.1, length=EPOCHS),
    },
}


def main():
    t = np.linspace(0, EPOCHS, 1001)[:-1]
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for panel, (title, schedules) in zip(panels, PANELS.items(), strict=True):
        for name, schedule in schedules.items():
            panel.plot(t, [schedule(at) for at in t], label=name)
        panel.set(title=title, xlabel="epoch t", ylim=(0, 0.15))
        panel.legend(loc="upper right", fontsize=8.5)
    panels[0].set_ylabel("learning rate η(t)")
    save(figure, "decay.png")


if __name__ == "__main__":
    main()
