"""What Keras's EarlyStopping does with recorded validation figures.

    python make_stopping.py    # with any Keras 3; writes stopping.json

Each case hands the callback one figure an epoch, as fit does, and records after how many epochs it stops and whose weights it
restores: the model's only weight holds the number of the epoch.
"""

import json
import random

import keras
import numpy as np

# Sums and differences of eighths are exact in any precision: so are the ties with min_delta.
FALLING = [2, 1.5, 1.25, 1.125, 1, 0.875]
NOISY = [2, 1.5, 1.625, 1.5, 1.375, 1.375, 1.5, 1.25, 1.75, 1.75, 1.875, 2, 2.125, 1]
RISING = [1, 1.125, 1.25, 1.5, 2, 3]
FLAT = [1, 1, 1, 1, 1]


def case(monitor, patience, min_delta, values):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(loss="mse")
    stop = keras.callbacks.EarlyStopping(
        monitor=monitor, patience=patience, min_delta=min_delta, restore_best_weights=True,
        mode="max" if monitor == "val_accuracy" else "min")
    stop.set_model(model)
    stop.on_train_begin()
    model.stop_training = False
    epochs = 0
    for epoch, value in enumerate(values):
        model.set_weights([np.array([[epoch + 1.0]], "float32")])
        stop.on_epoch_end(epoch, {monitor: value})
        epochs += 1
        if model.stop_training:
            break
    stop.on_train_end()
    return {"monitor": monitor, "patience": patience, "min_delta": min_delta, "values": values, "epochs": epochs,
            "best": int(model.get_weights()[0][0, 0])}


def main():
    draw = random.Random(1)
    cases = []
    for values in [FALLING, NOISY, RISING, FLAT, [1], [draw.randrange(8, 33) / 16 for _ in range(30)]]:
        for patience in [1, 2, 5]:
            for min_delta in [0, 0.125]:
                cases.append(case("val_loss", patience, min_delta, values))
    for patience in [1, 3]:
        for min_delta in [0, 0.125]:
            cases.append(case("val_accuracy", patience, min_delta, [0.25, 0.5, 0.5, 0.625, 0.5625, 0.625, 0.6875, 0.25]))
    with open("stopping.json", "w") as f:
        json.dump({"made_by": "Keras " + keras.__version__, "cases": cases}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
