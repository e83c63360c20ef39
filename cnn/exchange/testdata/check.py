"""Loads what package exchange wrote, and saves what it is to read: python check.py FOLDER.

Works with Keras 2.1.6, 2.15 and 3. FOLDER holds images.npy, standardised, expected.npy, our
own predictions, and the files. Into it go predictions of Keras's own model, made.npy, and its files
made.*. Each line printed is a name and the largest difference from what is expected.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np  # noqa: E402

os.chdir(sys.argv[1])
x, expected = np.load("images.npy"), np.load("expected.npy")


def report(name, got):
    print("%s %g" % (name, np.abs(np.asarray(got) - expected).max()))


def keras_files():
    try:
        import keras
    except ImportError as e:
        print("skipped keras: %s" % e)
        return
    load = keras.models.load_model
    print("# Keras " + keras.__version__)
    three = keras.__version__.startswith("3")
    if not keras.__version__.startswith("2.1."):
        report("model.h5", load("model.h5").predict(x, verbose=0))
    text = open("keras3.json" if three else "keras2.json").read()
    for weights in ["weights.h5"] + (["three.weights.h5"] if three else []):
        model = keras.models.model_from_json(text)
        model.load_weights(weights)
        report(weights, model.predict(x, verbose=0))
    if three:
        report("model.keras", load("model.keras").predict(x, verbose=0))
    make(keras, three)


def make(keras, three):
    """A model with everything that is read, fused activations and all."""
    layers = keras.layers
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
    open("made.json", "w").write(model.to_json())
    model.compile("adam", "categorical_crossentropy")  # an optimizer in the file must not be in the way
    model.save("made.h5")
    if three:
        model.save("made.keras")
        model.save_weights("made.weights.h5")
    else:
        model.save_weights("made_weights.h5")


def onnx_file():
    try:
        import onnxruntime
    except ImportError as e:
        print("skipped onnx: %s" % e)
        return
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    report("model.onnx", session.run(None, {"images": x})[0])
    one = np.concatenate([session.run(None, {"images": x[i:i + 1]})[0] for i in range(len(x))])
    report("model.onnx, one by one", one)
    try:
        import onnx
        onnx.checker.check_model("model.onnx", full_check=True)
    except ImportError as e:
        print("skipped onnx's checker: %s" % e)


def torch_file():
    try:
        import torch
    except ImportError as e:
        print("skipped torch: %s" % e)
        return
    from load_in_pytorch import load
    sys.path.insert(0, ".")
    with torch.no_grad():
        report("model.safetensors", load("model.safetensors")(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy())


def arrays():
    """The npz against our own .h5, array by array."""
    try:
        import h5py
    except ImportError as e:
        print("skipped npz: %s" % e)
        return
    with np.load("model.npz") as z, h5py.File("weights.h5", "r") as f:
        differences = [np.abs(z[name] - f[name.split("/")[0] + "/" + name + ":0"][()]).max() for name in z.files]
    print("model.npz, %d arrays %g" % (len(differences), max(differences)))


sys.path.insert(0, ".")
old = sys.version_info < (3, 7)
if old:  # Keras 2.1 has verbose=0 as its default, and no verbose in predict's way
    os.environ["KERAS_BACKEND"] = "tensorflow"
keras_files()
if not old:
    onnx_file()
    torch_file()
arrays()
