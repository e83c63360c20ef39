"""Oracle figures for telemetry, from Keras 3 on JAX: telemetry.json.

Norms of each layer's weights, gradients and updates in steps 1 and 10 of trainings of networks.SMALL, and how many of its ReLUs are 0
for every image. Run in an environment with keras and jax: see README.md.
"""
import os

import make_layers as m  # sets Keras's backend
import jax
import keras
import numpy as np

import formulas as f
import networks

SALT, COUNT, CLASSES, STEPS = 9100, 5, 10, 10
RELUS = [layer["name"] for layer in networks.SMALL["layers"] if layer.get("activation") == "relu"]


def norms(names, arrays):
    """The Euclidean norm over all arrays of each layer, in float64."""
    squares = {}
    for name, a in zip(names, arrays):
        layer = name.split("/")[0]
        squares[layer] = squares.get(layer, 0.0) + float(np.sum(np.asarray(a, np.float64) ** 2))
    return {layer: s ** 0.5 for layer, s in squares.items()}


def dead(model, x):
    """For each ReLU, its units and channels that are 0 for every image. Libraries pass the gradient of a pooling window with two
    equal largest values on in different ways, so there must be none."""
    out = {}
    for layer in model.layers:
        if layer.name == "pool":
            n, h, w, c = x.shape
            y = np.sort(np.asarray(x).reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4))
            if not np.all((y[:, 3] == 0) | (y[:, 3] - y[:, 2] > 1e-5)):
                raise SystemExit("salt %d has pooling windows with equal largest values" % SALT)
        x = layer(x, training=True)  # the dropout of this network does nothing
        if layer.name in RELUS:
            y = np.asarray(x)
            zero = (y == 0).all(axis=0)
            out[layer.name] = [int(zero.sum()), int(zero.reshape(-1, zero.shape[-1]).all(axis=0).sum())]
    return out


def case(name, optimizer, x, y):
    model = m.build(networks.SMALL)
    m.start(model, SALT + 100)
    loss = keras.losses.CategoricalCrossentropy()
    fixed = [v.value for v in model.non_trainable_variables]
    names = m.weight_names(model)

    def value(trainable):
        return loss(y, model.stateless_call(trainable, fixed, x, training=True)[0])

    optimizer.build(model.trainable_variables)
    seen = {}
    for step in range(1, STEPS + 1):
        weights = [np.array(v.value) for v in model.trainable_variables]
        _, gradients = jax.value_and_grad(value)([v.value for v in model.trainable_variables])
        of_relus = dead(model, x)
        optimizer.apply(gradients)
        if step in (1, STEPS):
            updates = [np.asarray(v.value, np.float64) - w for v, w in zip(model.trainable_variables, weights)]
            seen[str(step)] = {"weights": norms(names, weights), "gradients": norms(names, gradients), "updates": norms(names, updates), "dead": of_relus}
    return {"name": name, "rate": float(optimizer.learning_rate), "steps": seen}


def main():
    x, truth = m.inputs(networks.SMALL, SALT, COUNT), f.labels(SALT + 50, COUNT, CLASSES)
    y = f.one_hot(truth, CLASSES)
    cases = [case("SGD", keras.optimizers.SGD(0.01), x, y), case("Adam", keras.optimizers.Adam(0.001), x, y)]
    f.save(os.path.join(m.HERE, "telemetry.json"), {"made_by": m.MADE_BY, "architecture": networks.SMALL, "salt": SALT, "labels": truth, "cases": cases})


if __name__ == "__main__":
    main()
