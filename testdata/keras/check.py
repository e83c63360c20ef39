"""Compares the oracle's files with NumPy in float64 and with Keras 2.15.

Run in the environment of requirements.txt; prints a table of the largest
differences and fails where NumPy and the files disagree.
"""
import json
import os
import sys

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf  # noqa: E402

import formulas as f  # noqa: E402
import reference as r  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LEGACY = tf.keras.optimizers.legacy
rows = []


def load(name):
    with open(os.path.join(HERE, name)) as src:
        return json.load(src)


def compare(what, other, got, want, limit):
    """Records the largest difference, relative to the largest value of the array."""
    got, want = np.asarray(got, np.float64).reshape(-1), np.asarray(want, np.float64).reshape(-1)
    assert got.shape == want.shape, (what, got.shape, want.shape)
    scale = max(np.abs(want).max(), 1e-30)
    rows.append((what, other, float(np.abs(got - want).max() / scale), limit))


def check_standardize():
    doc = load("standardize.json")
    size = int(np.prod(doc["shape"]))
    nearly = np.full(size, 7.0)
    nearly[-1] = 8
    images = [f.pixels(1, 1, *doc["shape"]).reshape(-1).astype(float), np.full(size, 128.0), nearly,
              255.0 * (f.mix(2, np.arange(size)) & np.uint64(1)).astype(float)]
    for row, x in zip(doc["images"], images):
        compare("standardize: " + row["image"], "NumPy", ((x - x.mean()) / (x.std() + 1e-7))[doc["positions"]],
                row["values"], 2e-5)
        data = tf.keras.preprocessing.image.ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True)
        newer = data.standardize(x.astype(np.float32).reshape(doc["shape"])).reshape(-1)[doc["positions"]]
        compare("standardize: " + row["image"], "Keras 2.15", newer, row["values"], None)


def run_reference(case, start, gradients):
    o, w, out = r.Optimizer(case["class_name"], **case["config"]), np.array(start), {}
    for i, (g, rate) in enumerate(zip(np.array(gradients), case["rates"])):
        w = o.step(w, g, rate)
        out[str(i + 1)] = w
    return out


def run_legacy(case, start, gradients, **more):
    o = getattr(LEGACY, case["class_name"])(**case["config"], **more)
    w, out = tf.Variable(start, dtype=tf.float32), {}
    for i, (g, rate) in enumerate(zip(gradients, case["rates"])):
        if "decay" not in case["config"]:
            o.learning_rate = rate
        o.apply_gradients([(tf.constant(g, tf.float32), w)])
        out[str(i + 1)] = w.numpy()
    return out


def check_optimizers():
    doc = load("optimizers.json")
    # Keras 2.15's own defaults first, then with those of 2.1 given.
    old = {"Adagrad": {"initial_accumulator_value": 0.0}}
    for case in doc["cases"]:
        name, steps = "optimizer: " + case["name"], list(case["weights"])
        want = [case["weights"][s] for s in steps]
        got = run_reference(case, doc["start"], doc["gradients"])
        compare(name, "NumPy", [got[s] for s in steps], want, 3e-6)
        if case["class_name"] == "AdamW":
            continue
        got = run_legacy(case, doc["start"], doc["gradients"])
        compare(name, "Keras 2.15 legacy", [got[s] for s in steps], want, None)
        if case["class_name"] in old:
            got = run_legacy(case, doc["start"], doc["gradients"], **old[case["class_name"]])
            compare(name, "the same, 2.1's start", [got[s] for s in steps], want, None)


def keras_model(net, arrays):
    model = tf.keras.Sequential([tf.keras.Input(net["input_shape"])])
    for spec in net["layers"]:
        model.add(getattr(tf.keras.layers, spec["class_name"])(**{k: v for k, v in spec.items() if k != "class_name"}))
    model.set_weights(arrays)
    return model


def keras_pass(model, x, truth):
    """Outputs, per-sample losses and gradients of Keras 2.15, dropout off."""
    classes = model.output_shape[-1]
    with tf.GradientTape() as tape:
        outputs, h = [], tf.constant(x, tf.float32)
        for layer in model.layers:
            h = layer(h, training=False) if isinstance(layer, tf.keras.layers.Dropout) else layer(h)
            outputs.append(h)
        losses = tf.keras.losses.categorical_crossentropy(f.one_hot(truth, classes), h)
        loss = tf.reduce_mean(losses)
    return outputs, losses, tape.gradient(loss, model.trainable_weights)


def check_training(net, case, arrays, x):
    for kind, doc in case["training"].items():
        w = [a.astype(np.float64) for a in arrays]
        steppers, losses = [r.Optimizer(kind) for _ in w], []
        model = keras_model(net, arrays)
        model.compile(loss="categorical_crossentropy", optimizer=getattr(LEGACY, kind)(doc["rate"]))
        for step in range(1, 21):
            outputs = r.forward(net, w, x)
            losses.append(r.losses(outputs[-1], case["labels"]).mean())
            grads = r.backward(net, w, x, outputs, case["labels"])
            w = [o.step(a, g, doc["rate"]) for o, a, g in zip(steppers, w, grads)]
            model.train_on_batch(x, f.one_hot(case["labels"], case["classes"]))
            if str(step) in doc["weights"]:
                for other, mine in (("NumPy", w), ("Keras 2.15", model.get_weights())):
                    flat = np.concatenate([np.reshape(a, -1) for a in mine])
                    compare("%s: weights after %d steps of %s" % (net["name"], step, kind), other, flat,
                            np.concatenate(doc["weights"][str(step)]), 2e-4 if other == "NumPy" else None)
        compare("%s: losses of %s" % (net["name"], kind), "NumPy", losses, doc["losses"], 1e-5)


def check_layers():
    doc = load("layers.json")
    for case in doc["networks"]:
        net, salt = case["architecture"], case["salt"]
        shapes = [w["shape"] for w in case["weights"]]
        arrays = f.weights(shapes, salt + 100)
        x = np.array(case["input"]).reshape([5] + net["input_shape"])
        raw = f.pixels(salt, *x.shape).astype(float)
        flat = raw.reshape(5, -1)
        compare(net["name"] + ": input from pixels", "NumPy",
                (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-7), case["input"], 2e-6)
        outputs = r.forward(net, [a.astype(np.float64) for a in arrays], x)
        newer, newer_losses, newer_grads = keras_pass(keras_model(net, arrays), x, case["labels"])
        for want, mine, other in zip(case["outputs"], outputs, newer):
            compare("%s: %s" % (net["name"], want["layer"]), "NumPy", mine, want["values"], 2e-6)
            compare("%s: %s" % (net["name"], want["layer"]), "Keras 2.15", other, want["values"], None)
        compare(net["name"] + ": losses", "NumPy", r.losses(outputs[-1], case["labels"]), case["losses"], 2e-6)
        compare(net["name"] + ": losses", "Keras 2.15", newer_losses, case["losses"], None)
        grads = r.backward(net, [a.astype(np.float64) for a in arrays], x, outputs, case["labels"])
        for want, mine, other in zip(case["gradients"], grads, newer_grads):
            compare("%s: gradient of %s" % (net["name"], want["name"]), "NumPy", mine, want["values"], 1e-5)
            compare("%s: gradient of %s" % (net["name"], want["name"]), "Keras 2.15", other, want["values"], None)
        check_training(net, case, arrays, x)
    clip = doc["clipped_loss"]
    far = doc["saturated"]
    compare("saturated loss", "NumPy", r.losses(r.softmax(np.array(far["logits"], float)), far["labels"]), far["losses"], 1e-6)
    compare("clipped loss", "NumPy", r.losses(np.array(clip["probabilities"]), clip["labels"]), clip["losses"], 1e-6)


def check_sample(what, other, array, doc, limit):
    array = np.asarray(array, np.float64).reshape(-1)
    l2 = np.sqrt((array ** 2).sum())
    rows.append((what + ", norm", other, abs(l2 / doc["l2"] - 1), limit))
    # Relative to the root mean square: the few values sampled may all be small.
    far = np.abs(array[doc["positions"]] - doc["values"]).max() / (doc["l2"] / np.sqrt(array.size))
    rows.append((what, other, far, limit))


def check_writeup_net():
    doc = load("writeup_net.json")
    net = doc["architecture"]
    arrays = f.weights([w["shape"] for w in doc["weights"]], doc["salt"] + 100)
    flat = f.pixels(doc["salt"], 4, 32, 32, 3).astype(float).reshape(4, -1)
    x = ((flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-7)).reshape(4, 32, 32, 3)
    check_sample("write-up: input", "NumPy", x, doc["input"], 1e-5)
    wide = [a.astype(np.float64) for a in arrays]
    outputs = r.forward(net, wide, x)
    grads = r.backward(net, wide, x, outputs, doc["labels"])
    newer, newer_losses, newer_grads = keras_pass(keras_model(net, arrays), x, doc["labels"])
    for other, out, loss, grad, limit in (("NumPy", outputs, r.losses(outputs[-1], doc["labels"]), grads, 2e-5),
                                          ("Keras 2.15", newer, newer_losses, newer_grads, None)):
        for want, mine in zip(doc["outputs"], out):
            check_sample("write-up: " + want["layer"], other, mine, want, limit)
        compare("write-up: logits", other, out[-2], doc["logits"], limit)
        compare("write-up: probabilities", other, out[-1], doc["probabilities"], limit)
        compare("write-up: losses", other, loss, doc["losses"], limit)
        for want, mine in zip(doc["gradients"], grad):
            check_sample("write-up: gradient of " + want["name"], other, mine, want, 1e-4 if limit else None)


def check_confusion():
    doc = load("confusion.json")
    truth, predicted = np.array(doc["labels"]), np.array(doc["predictions"])
    table = np.zeros((10, 10), int)
    for t, p in zip(truth, predicted):
        table[t, p] += 1
    hits = np.diag(table)
    precision = hits / np.maximum(table.sum(0), 1)
    recall = hits / np.maximum(table.sum(1), 1)
    shares = np.array(doc["scores"]) / np.sum(doc["scores"], axis=1, keepdims=True)
    own, best = shares[np.arange(200), truth], shares.max(axis=1)
    bins = [(best > b / 10) & (best <= (b + 1) / 10) for b in range(10)]
    error = sum(abs((truth == predicted)[b].sum() - best[b].sum()) for b in bins) / 200
    ends = []
    for w in doc["wilson"]:
        n, p, z = w["count"], w["right"] / w["count"], 1.959963984540054
        mid, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        ends += [(mid - half) / (1 + z * z / n), (mid + half) / (1 + z * z / n)]
    for what, mine, want in [("confusion matrix", table, doc["confusion"]), ("precision", precision, doc["precision"]),
                             ("recall", recall, doc["recall"]),
                             ("F1", 2 * hits / np.maximum(table.sum(0) + table.sum(1), 1), doc["f1"]),
                             ("log-loss", -np.log(own).mean(), doc["log_loss"]),
                             ("calibration error", error, doc["calibration"]["error"]),
                             ("Wilson intervals", ends, [e for w in doc["wilson"] for e in (w["low"], w["high"])])]:
        compare(what, "NumPy", mine, want, 1e-12)


def main():
    for check in (check_standardize, check_optimizers, check_layers, check_writeup_net, check_confusion):
        check()
    failed = 0
    for what, other, far, limit in rows:
        bad = limit is not None and not far <= limit
        failed += bad
        print("%-62s %-22s %9.1e%s" % (what, other, far, "  TOO FAR, limit %g" % limit if bad else ""))
    print("%d comparisons, %d too far" % (len(rows), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
