"""Rates of Keras's ReduceLROnPlateau with recorded validation figures, and of its CosineDecayRestarts.

    python make_rates.py    # with any Keras 3; writes rates.json
"""

import json
import random

import keras
import numpy as np

from make_stopping import FALLING, FLAT, NOISY, RISING


def plateau(monitor, values, **config):
    """The rate of each epoch, beginning with that of the first."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor=monitor, mode="max" if monitor == "val_accuracy" else "min", **config)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        rates.append(float(np.asarray(model.optimizer.learning_rate)))
        callback.on_epoch_end(epoch, {monitor: value})
    return {"monitor": monitor, "config": config, "values": values, "rates": rates}


def restarts(steps, **config):
    schedule = keras.optimizers.schedules.CosineDecayRestarts(0.5, **config)
    return {"config": config, "rates": [float(np.asarray(schedule(step))) for step in range(steps)]}


def main():
    draw = random.Random(2)
    plateaus = []
    for values in [FALLING, NOISY, RISING, FLAT * 4, [1], [draw.randrange(8, 33) / 16 for _ in range(40)]]:
        for config in [{"factor": 0.5, "patience": 1}, {"factor": 0.1, "patience": 2, "min_delta": 0.125}, {"factor": 0.5, "patience": 2, "cooldown": 3},
                       {"factor": 0.25, "patience": 1, "min_lr": 0.0625, "cooldown": 1}]:
            plateaus.append(plateau("val_loss", values, **config))
    plateaus.append(plateau("val_accuracy", [0.25, 0.5, 0.5, 0.625, 0.5625, 0.625, 0.6875, 0.25, 0.5], factor=0.5, patience=1))
    cosines = [restarts(70, first_decay_steps=10), restarts(40, first_decay_steps=7, t_mul=1.0, m_mul=0.5, alpha=0.1), restarts(60, first_decay_steps=6, t_mul=1.5, m_mul=0.9, alpha=0.05)]
    with open("rates.json", "w") as f:
        json.dump({"made_by": "Keras " + keras.__version__, "plateaus": plateaus, "restarts": cosines}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
