"""Makes the files of folder wild, of kinds that people meet, with Keras 3.12 on JAX: python wild.py, in this folder.

NAME.keras or NAME.h5.gz is a model or its weights, NAME.npy what Keras predicts with it for four images (those of
make.py, before any preprocessing), brought to the model's input as PREPROCESSING says for it. Archives are
deflated, which Keras reads too, so that they are small.
"""
import gzip
import os
import shutil
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py  # noqa: E402
import keras  # noqa: E402
import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

OUT = "wild"
rng = np.random.RandomState(5)


def pixels(side=32, channels=3):
    n, y, x, c = np.meshgrid(np.arange(4), np.arange(side), np.arange(side), np.arange(channels), indexing="ij")
    return ((31 * n + 5 * x + 3 * y + 40 * c + (n + 1) * x * y) % 256).astype(np.float32)


def standardised(x):
    x = x.astype(np.float64)
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    return (x / (x.std(axis=(1, 2, 3), keepdims=True) + 1e-7)).astype(np.float32)


PREPROCESSING = {
    "none": lambda x: x,
    "divide-255": lambda x: x / np.float32(255),
    "minus-1-to-1": lambda x: x / np.float32(127.5) - 1,
    "standardise": standardised,
    "mean=125/123/114,std=63/62/67": lambda x: ((x - [125, 123, 114]) / [63, 62, 67]).astype(np.float32),
}


def fill(model, scale=1.0):
    """Weights that make each array matter; the preprocessing's own stay."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, (keras.Model, layers.Normalization)):
            continue
        if not any(isinstance(v, layers.Layer) for v in getattr(layer, "layers", [])) and layer.weights:
            layer.set_weights([
                (scale * (rng.uniform(-0.5, 0.5, w.shape) if w.ndim > 1 else rng.uniform(0.2, 1, w.shape))).astype(np.float32)
                for w in layer.get_weights()])


def deflated(path):
    with zipfile.ZipFile(path) as old:
        members = [(i.filename, old.read(i.filename)) for i in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members:
            new.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)


def gzipped(path):
    with open(path, "rb") as f, open(path + ".gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, 0) as z:
        shutil.copyfileobj(f, z)
    os.remove(path)


def save(name, model, how, form=".keras", rewrite=None, softmax=False, expected=None, names=None):
    """Saves a model and what it predicts for the images under a preprocessing."""
    side, channels = model.input_shape[1], model.input_shape[3]
    x = PREPROCESSING[how](pixels(side, channels))
    y = np.asarray((expected or model).predict(x, verbose=0), np.float64)
    if softmax:
        y = np.exp(y - y.max(axis=1, keepdims=True))
        y /= y.sum(axis=1, keepdims=True)
    np.save(os.path.join(OUT, name + ".npy"), y.astype(np.float32))
    for layer, text in (names or {}).items():  # late: Keras 3 itself refuses such names
        layer.name = text
        for w in layer.weights:
            w._path = text + "/" + w.name
    path = os.path.join(OUT, name + form)
    model.save_weights(path) if form == ".weights.h5" else model.save(path)
    if rewrite:
        rewrite(path)
    deflated(path) if form == ".keras" else gzipped(path)


def copied(path, change, **how):
    """Copies a .h5 file, each array of floats as change makes it, with how it is stored."""
    with h5py.File(path, "r") as old, h5py.File(path + ".new", "w", libver=how.pop("libver", "latest")) as new:
        new.attrs.update(old.attrs)

        def copy(name, node):
            if isinstance(node, h5py.Group):
                new.require_group(name).attrs.update(node.attrs)
            elif node.shape:
                new.create_dataset(name, data=change(node[()]), **how)
            else:
                new[name] = node[()]
        old.visititems(copy)
    os.replace(path + ".new", path)


def sequential(*more, shape=(32, 32, 3), name=None):
    model = keras.Sequential([keras.Input(shape)] + list(more), name=name)
    fill(model)
    return model


def tail():
    return [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")]


def conv(filters=3, **more):
    return layers.Conv2D(filters, 3, strides=4, **more)


def slashes():
    """Names that Keras 2 allowed and Keras 3 refuses."""
    for name, sep in (("slash", "/"), ("backslash", "\\")):
        model = sequential(conv(), layers.BatchNormalization(), layers.Activation("relu"), *tail())
        texts = ("block1/conv", "block1/bn", "block1/relu", "flat", "head/out")
        save(name, model, "standardise", ".h5", names={l: t.replace("/", sep) for l, t in zip(model.layers, texts)})
        if sep == "/":
            with open(os.path.join(OUT, name + ".json"), "w") as f:
                f.write(model.to_json())
            path = os.path.join(OUT, name + "_weights.h5")
            with h5py.File(path, "w") as f:
                keras.src.legacy.saving.legacy_h5_format.save_weights_to_hdf5_group(f, model)
            gzipped(path)


def inputs():
    save("div255", sequential(conv(activation="relu"), *tail()), "divide-255")
    save("means", sequential(conv(activation="relu"), *tail()), "mean=125/123/114,std=63/62/67")
    save("64x64", sequential(conv(), *tail(), shape=(64, 64, 3)), "standardise")
    save("28x28x1", sequential(conv(), *tail(), shape=(28, 28, 1)), "standardise")
    save("logits", sequential(conv(), layers.GlobalAveragePooling2D(), layers.Dense(10)), "minus-1-to-1", softmax=True)
    save("logits_flat", sequential(conv(10), layers.MaxPooling2D(3), layers.Dropout(0.5), layers.GlobalAveragePooling2D()),
         "minus-1-to-1", softmax=True)


def storage():
    model = sequential(conv(activation="relu"), layers.BatchNormalization(), *tail())
    for name, kind in (("half", np.float16), ("double", np.float64), ("brain", ml_dtypes.bfloat16)):
        narrow = np.float16 if kind == np.float64 else kind
        model.set_weights([w.astype(narrow).astype(np.float32) for w in model.get_weights()])
        save(name, model, "standardise", ".h5", lambda path: copied(path, lambda a: a.astype(kind), libver="earliest"))
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("bfloat16")
    low = sequential(conv(activation="relu"), layers.BatchNormalization(), *tail())
    keras.config.set_dtype_policy(policy)
    low.set_weights(model.get_weights())
    save("brain3", low, "standardise", expected=model)
    for name, how in (("gzip", {"compression": "gzip", "shuffle": True, "chunks": True}),
                      ("latest", {"compression": "gzip", "compression_opts": 9, "fletcher32": True}), ("big_endian", {})):
        change = (lambda a: a.astype(">f4")) if name == "big_endian" else (lambda a: a)
        how = dict(how, libver="earliest" if name == "gzip" else "latest")
        save(name, model, "standardise", ".h5", lambda path: copied(path, change, **how))


def before():
    save("rescaling", sequential(layers.Rescaling(1 / 255), conv(), *tail()), "none")
    save("augmented", sequential(
        layers.RandomFlip("horizontal"), layers.Rescaling(1 / 127.5, offset=-1), layers.RandomRotation(0.1), layers.RandomZoom(0.2),
        layers.RandomContrast(0.2), layers.RandomTranslation(0.1, 0.1), layers.Resizing(32, 32), layers.GaussianNoise(0.1), conv(),
        layers.SpatialDropout2D(0.3), *tail()), "none")
    x = pixels()
    learnt = layers.Normalization()
    learnt.adapt(x)
    save("normalization", sequential(learnt, conv(), *tail()), "none")
    learnt = layers.Normalization()
    learnt.adapt(x)
    save("normalization_h5", sequential(learnt, conv(), *tail()), "none", ".h5")
    learnt = layers.Normalization()
    learnt.adapt(x / 255)
    save("normalization_after", sequential(learnt, conv(), *tail()), "divide-255")
    save("normalization_given", sequential(
        layers.Rescaling(1 / 255), layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.06, 0.07, 0.08]), conv(), *tail()), "none")
    save("normalization_one", sequential(layers.Normalization(axis=None, mean=120, variance=3600), conv(), *tail()), "none")


def attributes():
    save("l2", sequential(
        conv(kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1L2(0.1, 0.2), kernel_constraint="max_norm",
             activity_regularizer="l1", bias_initializer="ones", kernel_initializer=keras.initializers.RandomNormal(0, 0.1)),
        layers.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg"), *tail()), "standardise")
    model = sequential(conv(), layers.BatchNormalization(), *tail())
    model.layers[0].trainable = model.layers[1].trainable = False
    save("frozen", model, "standardise")
    save("frozen_h5", model, "standardise", ".h5")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    save("compiled", model, "standardise")
    save("objects", sequential(
        conv(activation=layers.LeakyReLU(negative_slope=0.1)), layers.ReLU(),
        layers.GlobalAveragePooling2D(), layers.Dense(10, activation=layers.Softmax())), "standardise")
    save("plain_norm", sequential(
        conv(), layers.BatchNormalization(scale=False), layers.ReLU(), layers.Conv2D(4, 2), layers.BatchNormalization(center=False), *tail()),
        "standardise")
    save("plain_norm_h5", sequential(
        conv(), layers.BatchNormalization(scale=False), layers.ReLU(), layers.Conv2D(4, 2), layers.BatchNormalization(center=False), *tail()),
        "standardise", ".h5")


def inner(name, frozen=False):
    model = keras.Sequential([keras.Input((32, 32, 3)), conv(4, name="first"), layers.BatchNormalization(name="norm"),
                              layers.ReLU(), layers.Conv2D(4, 2, name="second"), layers.BatchNormalization()], name=name)
    if frozen:
        model.layers[0].trainable = False
    return model


def functional(name, *chain, shape=(32, 32, 3)):
    x = start = keras.Input(shape)
    for layer in chain:
        x = layer(x)
    model = keras.Model(start, x, name=name)
    return model


def nests():
    for form in (".keras", ".h5"):
        end = "" if form == ".keras" else "_h5"
        save("nested" + end, sequential(inner("inner"), *tail()), "standardise", form)
        save("nested_frozen" + end, sequential(inner("inner", frozen=True), layers.Conv2D(4, 1, name="first"), *tail()), "standardise", form)
        model = functional("chain", layers.Rescaling(1 / 255), conv(4, activation="relu"), layers.BatchNormalization(), *tail())
        fill(model)
        save("functional" + end, model, "none", form)
        base = functional("base", conv(4), layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(4, 2))
        base.trainable = False
        model = functional("outer", layers.RandomFlip(), layers.Rescaling(1 / 127.5, -1), base, layers.Conv2D(4, 1), *tail())
        fill(model)
        save("transfer" + end, model, "none", form)
    a = keras.Input((32, 32, 3))
    x = (a / 255.0 - 0.5) * 2
    for layer in [conv(4, activation="relu")] + tail():
        x = layer(x)
    model = keras.Model(a, x)
    fill(model)
    save("arithmetic", model, "none")
    deep = keras.Sequential([keras.Sequential([keras.Sequential([keras.Input((32, 32, 3)), conv(4), layers.Conv2D(4, 2)]), layers.Conv2D(4, 1)])])
    save("deep", sequential(deep, *tail()), "standardise")
    save("deep_weights", sequential(inner("inner"), *tail()), "standardise", ".weights.h5")
    with open(os.path.join(OUT, "deep_weights.json"), "w") as f:
        f.write(sequential(inner("inner"), *tail()).to_json())


def more_layers():
    """Layers that ours have a general, slower form of, each in its variants."""
    size = (32, 32, 3)
    for form in (".keras", ".h5"):
        end = "" if form == ".keras" else "_h5"
        save("windows" + end, sequential(
            layers.ZeroPadding2D(((1, 2), (0, 3))), layers.AveragePooling2D(3, strides=2, padding="same"), layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2),
            layers.MaxPooling2D(3, strides=1, padding="same"), layers.SeparableConv2D(5, 3, padding="same", activation="silu", use_bias=False),
            layers.AveragePooling2D(2), layers.DepthwiseConv2D(2, padding="same", use_bias=False), layers.MaxPooling2D(2, strides=1), *tail(), shape=size),
            "standardise", form)
    save("windows_more", sequential(
        layers.MaxPooling2D(2, padding="same"), layers.ZeroPadding2D(1), layers.AveragePooling2D(5, strides=3, padding="valid"),
        layers.ZeroPadding2D((2, 1)), layers.SeparableConv2D(4, 2, strides=2, padding="same", depth_multiplier=3), layers.AveragePooling2D(2, strides=1, padding="same"),
        *tail()), "standardise")
    every = ["elu", "gelu", "relu6", "selu", "sigmoid", "silu", "swish", "softplus", "softsign", "tanh", "leaky_relu"]
    save("activations", sequential(
        layers.Conv2D(11, 3, strides=4), *[layers.Conv2D(4 + i, 1, activation=f) for i, f in enumerate(every)],
        layers.ELU(), layers.ReLU(max_value=6), layers.LeakyReLU(), *tail()), "standardise")
    for f in every:
        model = sequential(layers.AveragePooling2D(8), layers.Flatten(), layers.Dense(10, activation=f), layers.Dense(10, activation="softmax"))
        fill(model, 2.0)
        save("activation_" + f, model, "standardise")


def ends():
    """A softmax that only Flatten or Dropout follow, a ReLU with a slope, and augmentation in a Pipeline."""
    rng.seed(6)
    classes = [layers.AveragePooling2D(7), layers.Conv2D(10, 1, activation="softmax")]
    save("softmax_flatten", sequential(conv(4), *classes, layers.Flatten(), layers.Dropout(0.1)), "standardise")
    augmentation = layers.Pipeline([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
    save("pipeline", sequential(augmentation, conv(), layers.ReLU(negative_slope=0.1), *tail()), "standardise")


def refused():
    """Models that are no chain, or do something else, are refused by name."""
    a = keras.Input((32, 32, 3))
    x = conv()(a)
    y = layers.GlobalAveragePooling2D()(layers.Add()([x, layers.Conv2D(3, 1)(x)]))
    texts = {
        "residual": keras.Model(a, layers.Dense(10, activation="softmax")(y)),
        "two_outputs": keras.Model(a, [layers.Dense(10)(y), layers.Dense(2)(y)]),
        "attention": keras.Sequential([a, layers.Reshape((1024, 3)), layers.Dense(10)]),
        "dropout_on": keras.Model(a, layers.Dense(10)(layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(a), training=True))),
    }
    with open(os.path.join(OUT, "refused.json"), "w") as f:
        f.write("{%s}" % ",\n".join('"%s": %s' % (k, m.to_json()) for k, m in texts.items()))


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    os.mkdir(OUT)
    for part in (slashes, inputs, storage, before, attributes, nests, more_layers, ends, refused):
        part()
