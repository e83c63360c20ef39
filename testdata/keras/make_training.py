"""Oracle figures for what changes a training step beside the optimizer, and for initialisers, from Keras 3 on JAX: training.json.

Run in an environment with keras and jax: see README.md.
"""
import os
from unittest import mock

import make_layers as m  # sets Keras's backend
import keras
import numpy as np

import formulas as f
import networks

SALT, COUNT, CLASSES = 9000, 5, 4

# Options of a training as the Go package's Config has them, and the same for Keras's optimizers.
CASES = [
    ({}, {}),
]


def train(optimizer, x, y):
    model = m.build(networks.PENALISED)
    m.start(model, SALT + 100)
    model.compile(optimizer, "categorical_crossentropy")
    losses, after = [], {}
    for step in range(1, 21):
        model.reset_metrics()
        losses.append(np.float32(model.train_on_batch(x, y)))  # with the penalties
        if step in (1, 20):
            after[str(step)] = [f.floats(w) for w in model.get_weights()]
    return {"losses": f.floats(losses), "weights": after}


def orthogonal(shape, gain, salt):
    """Keras's own computation, of values that every language can make."""
    values = lambda size, **_: keras.ops.convert_to_tensor(f.noise(salt, int(np.prod(size)), 1).reshape(size))
    with mock.patch.object(keras.src.initializers.random_initializers.random, "normal", values):
        return f.floats(keras.initializers.Orthogonal(gain)(shape))


def main():
    x, truth = m.inputs(networks.PENALISED, SALT, COUNT), f.labels(SALT + 50, COUNT, CLASSES)
    y = f.one_hot(truth, CLASSES)
    cases = []
    for config, arguments in CASES:
        for name, rate in (("SGD", 0.05), ("Adam", 0.01)):
            optimizer = getattr(keras.optimizers, name)(rate, **arguments)
            cases.append({"config": config, "optimizer": name, "rate": rate, "training": train(optimizer, x, y)})
    starts = [{"kernel": w.name, "layer": layer.name, "values": f.floats(w)} for layer in m.build(networks.PENALISED).layers for w in layer.weights if w.name == "bias"]
    width = np.asarray(keras.initializers.RandomNormal(stddev=0.01, seed=1)((3, 3, 32, 1024)), np.float64)
    f.save(os.path.join(m.HERE, "training.json"), {
        "made_by": m.MADE_BY, "architecture": networks.PENALISED, "salt": SALT, "labels": truth, "biases": starts, "cases": cases,
        "gaussian": {"width": 0.01, "std": float(width.std())},
        "orthogonal": [{"shape": list(s), "gain": g, "salt": SALT + i, "values": orthogonal(s, g, SALT + i)} for i, (s, g) in enumerate([((6, 4), 1), ((2, 2, 3, 15), 2), ((5, 5), 0.5)])]})


if __name__ == "__main__":
    main()
