"""The write-up's own software, Keras 2.1.6 on TensorFlow 1.8, and what the scripts need of it.

Works only in the environment of requirements-2018.txt: see README.md.
"""
import os
import sys

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import backend as K, layers  # noqa: E402
from keras.models import Sequential  # noqa: E402
from keras.preprocessing.image import ImageDataGenerator  # noqa: E402

import formulas as f  # noqa: E402

MADE_BY = "Keras %s, TensorFlow %s, NumPy %s, Python %d.%d" % (
    (keras.__version__, tf.__version__, np.__version__) + tuple(sys.version_info[:2]))


def build(net):
    """The Keras model of a network description."""
    model = Sequential()
    for i, spec in enumerate(net["layers"]):
        config = {k: v for k, v in spec.items() if k not in ("class_name", "no_bias")}
        if spec.get("no_bias"):
            config["use_bias"] = False
        if i == 0:
            config["batch_input_shape"] = [None] + net["input_shape"]
        model.add(getattr(layers, spec["class_name"])(**config))
    return model


def weight_names(net):
    return [spec["name"] + suffix for spec in net["layers"]
            if spec["class_name"] in ("Conv2D", "Dense") for suffix in ("/kernel", "/bias")]


def standardizer():
    return ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True)


def standardized(images):
    """Each image by itself, as flow() does it."""
    data = standardizer()
    return np.stack([data.standardize(image.astype(K.floatx())) for image in images])


class Stepper:
    """An optimizer's step in two phases: all new values first, then all assignments.

    Keras 2.1 leaves open in which order TensorFlow 1 reads and assigns within a
    step, so that a weight may change while a gradient still needs its old value
    (tf.train's own optimizers gate that). The formulas are Keras's own; only the
    assignments are taken out of the graph.
    """

    def __init__(self, optimizer, loss, params):
        self.optimizer, pairs = optimizer, []
        update, update_add = K.update, K.update_add
        K.update = lambda x, new: pairs.append((x, new))
        K.update_add = lambda x, increment: pairs.append((x, x + increment))
        try:
            optimizer.get_updates(loss=loss, params=params)
        finally:
            K.update, K.update_add = update, update_add
        self.variables, self.values = zip(*pairs)

    def step(self, inputs, values, also=()):
        """One step; gives the values that the tensors in also had before it."""
        fetch = list(self.values) + list(also)
        out = K.get_session().run(fetch, dict(zip(inputs, values)))
        K.batch_set_value(list(zip(self.variables, out)))
        return out[len(self.values):]


class Graph:
    """A compiled model with its outputs, loss and gradients in evaluation mode."""

    def __init__(self, net, salt, optimizer="sgd"):
        K.clear_session()
        self.model = build(net)
        self.model.compile(loss="categorical_crossentropy", optimizer=optimizer)
        self.shapes = [w.shape for w in self.model.get_weights()]
        self.model.set_weights(f.weights(self.shapes, salt))

    def evaluate(self, x, y):
        m = self.model
        per_sample = K.categorical_crossentropy(m.targets[0], m.output)
        grads = K.gradients(m.total_loss, m.trainable_weights)
        fetch = [layer.output for layer in m.layers] + [m.total_loss, per_sample] + grads
        run = K.function([m.inputs[0], m.targets[0], m.sample_weights[0], K.learning_phase()], fetch)
        out = run([x, y, np.ones(len(x), np.float32), 0])
        n = len(m.layers)
        return out[:n], out[n], out[n + 1], out[n + 2:]
