"""Oracle figures for residual blocks, from a functional model of Keras 3 on JAX: residual.json.

Run in an environment with keras and jax: see README.md. The model is that of networks.RESIDUAL, each block written out.
"""
import os

import make_layers as m  # sets Keras's backend
import keras
import numpy as np

import formulas as f
import networks

SALT, COUNT, CLASSES = 9500, 5, 4


def block(spec, x, parts):
    """The output of a block. Appends the layers with weights to parts, in the Go package's order."""
    def conv(name, side, stride, y):
        layer = keras.layers.Conv2D(spec["filters"], side, strides=stride, padding="same", use_bias=bool(spec.get("no_norm")), name=spec["name"] + "_" + name)
        parts.append(layer)
        return layer(y)

    def norm(name, y):
        if spec.get("no_norm"):
            return y
        layer = keras.layers.BatchNormalization(name=spec["name"] + "_" + name)
        parts.append(layer)
        return layer(y)

    side, stride = spec.get("kernel_size", 3), spec.get("strides", 1)
    y = keras.activations.relu(norm("norm1", conv("conv1", side, stride, x)))
    y = norm("norm2", conv("conv2", side, 1, y))
    if stride > 1 or x.shape[-1] != spec["filters"]:
        x = norm("shortcut_norm", conv("shortcut", 1, stride, x))
    return keras.activations.relu(keras.layers.add([y, x]))


def build():
    """The model, one with every layer's output, and the layers with weights."""
    x = start = keras.Input(networks.RESIDUAL["input_shape"])
    parts, outputs = [], []
    for spec in networks.RESIDUAL["layers"]:
        if spec["class_name"] == "Residual":
            x = block(spec, x, parts)
        else:
            layer = getattr(keras.layers, spec["class_name"])(**{k: v for k, v in spec.items() if k != "class_name"})
            if spec["class_name"] in ("Conv2D", "Dense"):
                parts.append(layer)
            x = layer(x)
        outputs.append(x)
    return keras.Model(start, x), keras.Model(start, outputs), parts


def variables(parts):
    return [v for layer in parts for v in layer.weights]


def start(parts):
    arrays = f.weights([v.shape for v in variables(parts)], SALT + 100)
    for v, a in zip(variables(parts), arrays):
        v.assign(a + np.float32(1) if v.name in ("gamma", "moving_variance") else a)


def gradients(model, parts, x, y):
    loss, grads = m.gradients(model, x, y)
    by_path = {v.path: g for v, g in zip(model.trainable_variables, grads)}
    return loss, [(v.path, by_path[v.path]) for v in variables(parts) if v.path in by_path]


def main():
    x, truth = m.inputs(networks.RESIDUAL, SALT, COUNT), f.labels(SALT + 50, COUNT, CLASSES)
    y = f.one_hot(truth, CLASSES)
    model, every, parts = build()
    start(parts)
    outputs = [{"layer": s["name"], "shape": list(o.shape), "values": f.floats(o)} for s, o in zip(networks.RESIDUAL["layers"], every(x, training=False))]
    loss, grads = gradients(model, parts, x, y)
    training = {}
    for name, rate in (("SGD", 0.02), ("Adam", 0.001)):
        start(parts)
        model.compile(getattr(keras.optimizers, name)(rate), "categorical_crossentropy")
        losses, after = [], {}
        for step in range(1, 21):
            model.reset_metrics()
            losses.append(np.float32(model.train_on_batch(x, y)))
            if step in (1, 20):
                after[str(step)] = [f.floats(v.value) for v in variables(parts)]
        training[name] = {"rate": rate, "losses": f.floats(losses), "weights": after}
    f.save(os.path.join(m.HERE, "residual.json"), {"made_by": m.MADE_BY, "networks": [{
        "architecture": networks.RESIDUAL, "salt": SALT, "labels": truth, "outputs": outputs, "loss": f.floats([loss])[0],
        "gradients": [{"name": n, "shape": list(g.shape), "values": f.floats(g)} for n, g in grads], "training": training}]})


if __name__ == "__main__":
    main()
