"""Loads what package exchange wrote of networks that it had imported: python readback.py FOLDER.

FOLDER holds images.npy, as the networks take them, and NAME.keras and NAME.h5 with NAME.npy, our own predictions. Each
line printed is a file's name and the largest difference from them.
"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402

os.chdir(sys.argv[1])
x = np.load("images.npy")
for name in sorted(os.listdir(".")):
    base, form = os.path.splitext(name)
    if form in (".keras", ".h5"):
        y = keras.models.load_model(name, compile=False).predict(x, verbose=0)
        print("%s %g" % (name, np.abs(y.astype(np.float64) - np.load(base + ".npy")).max()))
