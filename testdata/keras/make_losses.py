"""Oracle figures for losses, and for the layers of networks.LEANER, from Keras 3 on JAX: losses.json.

Run in an environment with keras and jax: see README.md.
"""
import os

import make_layers as m  # sets Keras's backend
import jax
import keras
import numpy as np

import formulas as f
import networks

SALT, COUNT, CLASSES = 8000, 5, 6
WEIGHTS = [0.5, 2.0, 1.0, 0.0, 3.0, 1.5]


def train(x, y, truth, loss, rate, weights):
    model = m.build(networks.LEANER)
    m.start(model, SALT + 100)
    model.compile(keras.optimizers.SGD(rate), loss)
    losses, after = [], {}
    for step in range(1, 21):
        model.reset_metrics()
        losses.append(np.float32(model.train_on_batch(x, y, sample_weight=weights)))
        if step in (1, 20):
            after[str(step)] = [f.floats(w) for w in model.get_weights()]
    return {"rate": rate, "losses": f.floats(losses), "weights": after}


def gradients(x, y, loss, weights):
    model = m.build(networks.LEANER)
    m.start(model, SALT + 100)

    def value(trainable, fixed):
        out, _ = model.stateless_call(trainable, fixed, x, training=True)
        return loss(y, out, sample_weight=weights)
    fixed = [v.value for v in model.non_trainable_variables]
    total, grads = jax.value_and_grad(value)([v.value for v in model.trainable_variables], fixed)
    names = [n for n in m.weight_names(model) if "/moving_" not in n]
    return f.floats([total])[0], [{"name": n, "shape": list(g.shape), "values": f.floats(g)} for n, g in zip(names, grads)]


def main():
    x, truth = m.inputs(networks.LEANER, SALT, COUNT), f.labels(SALT + 50, COUNT, CLASSES)
    y = f.one_hot(truth, CLASSES)
    model = m.build(networks.LEANER)
    m.start(model, SALT + 100)
    outputs, h = [], x
    for spec, layer in zip(networks.LEANER["layers"], model.layers):
        h = layer(h, training=False)
        outputs.append({"layer": spec["name"], "shape": list(h.shape), "values": f.floats(h)})
    cases = []
    for smoothing, total, weights, rate in ((0.2, True, None, 0.002), (0.1, False, None, 0.01), (0.0, False, WEIGHTS, 0.01)):
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing, reduction="sum" if total else "sum_over_batch_size")
        each = None if weights is None else np.array([weights[t] for t in truth], np.float32)
        value, grads = gradients(x, y, loss, each)
        config = {k: v for k, v in (("label_smoothing", smoothing), ("sum", total), ("class_weights", weights)) if v}
        cases.append({"loss": config, "value": value, "gradients": grads, "training": train(x, y, truth, loss, rate, each)})
    f.save(os.path.join(m.HERE, "losses.json"), {"made_by": m.MADE_BY, "architecture": networks.LEANER, "salt": SALT, "labels": truth, "outputs": outputs, "cases": cases})


if __name__ == "__main__":
    main()
