"""Oracle figures for the layers beside the write-up's, from Keras 3 on JAX.

Run in the environment of requirements-3.txt: see README.md.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

import formulas as f  # noqa: E402
import networks  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MADE_BY = "Keras %s, JAX %s, NumPy %s, Python %d.%d" % (
    (keras.__version__, jax.__version__, np.__version__) + tuple(sys.version_info[:2]))


def build(net):
    """The Keras 3 model of a network description."""
    model = keras.Sequential([keras.Input(net["input_shape"])])
    for spec in net["layers"]:
        config = {k: v for k, v in spec.items() if k not in ("class_name", "alpha", "bias_initializer", "kernel_l2") and not k.startswith("no_")}
        for ours, keras_name in (("no_bias", "use_bias"), ("no_scale", "scale"), ("no_center", "center")):
            if spec.get(ours):
                config[keras_name] = False
        if "alpha" in spec:
            config["negative_slope"] = spec["alpha"]
        if "bias_initializer" in spec:
            config["bias_initializer"] = keras.initializers.Constant(spec["bias_initializer"])
        if "kernel_l2" in spec:
            config["kernel_regularizer"] = keras.regularizers.L2(spec["kernel_l2"])
        model.add(getattr(keras.layers, spec["class_name"])(**config))
    return model


def weight_names(model):
    return [layer.name + "/" + v.name for layer in model.layers for v in layer.weights]


def start(model, salt):
    """Array a is noise(salt + a, …) as everywhere, plus 1 for gammas and moving variances."""
    arrays = f.weights([w.shape for w in model.weights], salt)
    for i, name in enumerate(weight_names(model)):
        if name.endswith(("/gamma", "/moving_variance")):
            arrays[i] = (arrays[i] + np.float32(1)).astype(np.float32)
    model.set_weights(arrays)


def inputs(net, salt, count):
    x = f.pixels(salt, count, *net["input_shape"]).astype(np.float64)
    x -= x.mean(axis=(1, 2, 3), keepdims=True)
    x /= x.std(axis=(1, 2, 3), keepdims=True) + 1e-7
    return x.astype(np.float32)


def gradients(model, x, y):
    """Loss and gradients with the batch's statistics, as in training."""
    def loss(trainable, fixed):
        out, _ = model.stateless_call(trainable, fixed, x, training=True)
        return keras.ops.mean(keras.losses.categorical_crossentropy(y, out))
    fixed = [v.value for v in model.non_trainable_variables]
    return jax.value_and_grad(loss)([v.value for v in model.trainable_variables], fixed)


def case(net, salt, optimizers=(("SGD", 0.01), ("Adam", 0.001)), count=5):
    classes = net["layers"][-2]["units"]
    x, truth = inputs(net, salt, count), f.labels(salt + 50, count, classes)
    y = f.one_hot(truth, classes)
    model = build(net)
    start(model, salt + 100)
    outputs, h = [], x
    for spec, layer in zip(net["layers"], model.layers):
        h = layer(h, training=False)
        outputs.append({"layer": spec["name"], "shape": list(h.shape), "values": f.floats(h)})
    loss, grads = gradients(model, x, y)
    trainable = [n for n in weight_names(model) if "/moving_" not in n]
    training = {}
    for name, rate in optimizers:
        start(model, salt + 100)
        model.compile(getattr(keras.optimizers, name)(rate), "categorical_crossentropy")
        losses, after = [], {}
        for step in range(1, 21):
            model.reset_metrics()
            losses.append(np.float32(model.train_on_batch(x, y)))
            if step in (1, 5, 20):
                after[str(step)] = [f.floats(w) for w in model.get_weights()]
        training[name] = {"rate": rate, "losses": f.floats(losses), "weights": after}
    return {"architecture": net, "salt": salt, "labels": truth, "names": weight_names(model), "outputs": outputs,
            "loss": f.floats([loss])[0],
            "gradients": [{"name": n, "shape": list(g.shape), "values": f.floats(g)} for n, g in zip(trainable, grads)],
            "training": training}


def make_layers():
    f.save(os.path.join(HERE, "layers_more.json"), {"made_by": MADE_BY, "networks": [
        case(networks.NORMALISED, 4000), case(networks.STRIDES, 5000), case(networks.STRIDES_VALID, 6000, (("SGD", 0.01), ("Adam", 0.001), ("AdamW", 0.001)))]})


def make_initializers():
    """Bound and deviation of each initialiser for one kernel, from Keras's own draw of many values."""
    rows, shape = [], (3, 3, 32, 4096)
    for name in ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal"):
        drawn = np.asarray(keras.initializers.get({"class_name": name, "config": {"seed": 1}})(shape), np.float64)
        rows.append({"name": name, "largest": float(np.abs(drawn).max()), "std": float(drawn.std()), "mean": float(drawn.mean())})
    f.save(os.path.join(HERE, "initializers.json"), {"made_by": MADE_BY, "shape": list(shape), "cases": rows})


if __name__ == "__main__":
    make_layers()
    make_initializers()
