"""Loads what package exchange wrote with the programs that it is for: python check.py FOLDER.

Works with Keras 2.1.6, 2.15 and 3. FOLDER holds images.npy, standardised, expected.npy, our own
predictions, and the files; if it holds a folder history, also a run's history in CSV. Into it go the files
of make.py. Each line printed is a name and the largest difference from what is expected.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow" if sys.version_info < (3, 7) else "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np  # noqa: E402

os.chdir(sys.argv[1])
sys.path.insert(1, ".")  # for load_in_pytorch
x, expected = np.load("images.npy"), np.load("expected.npy")


def report(name, got, want=expected):
    print("%s %g" % (name, np.abs(np.asarray(got, np.float64) - want).max()))


def keras_files():
    import keras
    import make
    load = keras.models.load_model
    print("# Keras " + keras.__version__)
    three = keras.__version__.startswith("3")
    if not keras.__version__.startswith("2.1."):
        report("model.h5", load("model.h5").predict(x, verbose=0))
    with open("keras3.json" if three else "keras2.json") as f:
        text = f.read()
    for weights in ["weights.h5"] + (["three.weights.h5"] if three else []):
        model = keras.models.model_from_json(text)
        model.load_weights(weights)
        report(weights, model.predict(x, verbose=0))
    if three:
        report("model.keras", load("model.keras").predict(x, verbose=0))
    make.make(keras, x)


def onnx_file():
    import onnxruntime
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    report("model.onnx", session.run(None, {"images": x})[0])
    one = np.concatenate([session.run(None, {"images": x[i:i + 1]})[0] for i in range(len(x))])
    report("model.onnx, one by one", one)
    import onnx
    onnx.checker.check_model("model.onnx", full_check=True)
    model = onnx.load("model.onnx")
    report("model.onnx, opset", [o.version for o in model.opset_import], 13)


def torch_file():
    import torch
    from load_in_pytorch import load
    print("# PyTorch " + torch.__version__)
    with torch.no_grad():
        report("model.safetensors", load("model.safetensors")(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy())


def safetensors_file():
    """The safetensors against our own .h5; where a dense layer's rows go is PyTorch's to tell."""
    from safetensors.numpy import load_file
    import h5py
    names = {"kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias", "moving_mean": "running_mean",
             "moving_variance": "running_var"}
    differences, tensors = [], load_file("model.safetensors")
    with h5py.File("weights.h5", "r") as f:
        for layer in f:
            for kind, array in f[layer].get(layer, {}).items():
                a, b = array[()], tensors.pop(layer + "." + names[kind.split(":")[0]])
                if a.ndim == 4:
                    a = a.transpose(3, 2, 0, 1)
                if a.ndim == 2:
                    a, b = np.sort(a, axis=None), np.sort(b, axis=None)
                differences.append(np.abs(a - b).max())
    if tensors:
        raise ValueError("more in the file: %s" % sorted(tensors))
    report("model.safetensors, arrays", differences, 0)


def npz_file():
    """The npz against our own .h5, array by array."""
    import h5py
    with np.load("model.npz") as z, h5py.File("weights.h5", "r") as f:
        report("model.npz", [np.abs(z[n] - f[n.split("/")[0] + "/" + n + ":0"][()]).max() for n in z.files], 0)


def history():
    import pandas
    for name in ("steps", "epochs"):
        if os.path.exists("history"):
            table = pandas.read_csv("history/%s.csv" % name)
            report(name + ".csv", table.to_numpy(), np.load("history/%s.npy" % name))


old = sys.version_info < (3, 7)  # Keras 2.1; what else that Python can install is as old
for check in (keras_files, npz_file) if old else (keras_files, npz_file, onnx_file, safetensors_file, torch_file, history):
    try:
        check()
    except ImportError as e:
        print("# skipped %s: %s" % (check.__name__, e))
