"""Saves a model of Keras's own in all its forms: python make.py FOLDER.

Works with Keras 2.1.6, 2.15 and 3. FOLDER gets made.json, made.h5 and, as far as that Keras has them,
made_weights.h5, made.weights.h5 and made.keras, and made.npy: what the model predicts for four images.
The folders keras-* were made so. check.py calls make() with images of its own.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow" if sys.version_info < (3, 7) else "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np  # noqa: E402


def images():
    """Four images that the Go tests draw likewise, each standardised by itself."""
    n, y, x, c = np.meshgrid(np.arange(4), np.arange(32), np.arange(32), np.arange(3), indexing="ij")
    out = ((31 * n + 5 * x + 3 * y + 40 * c + (n + 1) * x * y) % 256).astype(np.float64)
    out -= out.mean(axis=(1, 2, 3), keepdims=True)
    return (out / (out.std(axis=(1, 2, 3), keepdims=True) + 1e-7)).astype(np.float32)


def make(keras, x):
    """A model with everything that is read, fused activations and all."""
    three, layers = keras.__version__.startswith("3"), keras.layers
    leaky = {"negative_slope": 0.2} if three else {"alpha": 0.2}
    model = keras.models.Sequential([
        layers.Conv2D(4, (3, 3), strides=2, padding="same", activation="relu", input_shape=(32, 32, 3),
                      kernel_initializer="he_normal"),
        layers.BatchNormalization(), layers.LeakyReLU(**leaky), layers.MaxPooling2D(),
        layers.Dropout(0.25), layers.Conv2D(5, 2, use_bias=False), layers.Activation("relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(7, activation="relu"), layers.BatchNormalization(momentum=0.9),
        layers.Dense(10, activation="softmax")])
    rng = np.random.RandomState(1)
    model.set_weights([rng.uniform(0.2, 1, w.shape).astype(np.float32) - (0.5 if w.ndim > 1 else 0) for w in model.get_weights()])
    np.save("made.npy", model.predict(x, verbose=0).astype(np.float32))
    with open("made.json", "w") as out:
        out.write(model.to_json())
    model.compile("adam", "categorical_crossentropy")  # an optimizer in the file must not be in the way
    model.save("made.h5")
    if not three:
        model.save_weights("made_weights.h5")
    if not keras.__version__.startswith("2.1."):
        model.save("made.keras")
        model.save_weights("made.weights.h5")


if __name__ == "__main__":
    import keras
    os.chdir(sys.argv[1])
    make(keras, images())
