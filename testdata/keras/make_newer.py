"""Oracle figures that the write-up's software does not have: AdamW, scores, schedules.

Run after make.py, in the environment of requirements.txt: see README.md.
"""
import json
import math
import os
import sys

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402
import sklearn  # noqa: E402
import statsmodels  # noqa: E402
import tensorflow as tf  # noqa: E402
from sklearn.metrics import (accuracy_score, confusion_matrix, log_loss,  # noqa: E402
                             precision_recall_fscore_support)
from statsmodels.stats.proportion import proportion_confint  # noqa: E402

import formulas as f  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KERAS = "Keras %s, TensorFlow %s" % (keras.__version__, tf.__version__)
PYTHON = "NumPy %s, Python %d.%d" % ((np.__version__,) + tuple(sys.version_info[:2]))


def path(name):
    return os.path.join(HERE, name)


def adamw(start, gradients, rates, config):
    """Keras's AdamW: w -= rate * weight_decay * w, then Adam's own step."""
    w = tf.Variable(start, dtype=tf.float32)
    optimizer = tf.keras.optimizers.AdamW(learning_rate=rates[0], **config)
    optimizer.build([w])
    weights = {}
    for i, (g, rate) in enumerate(zip(gradients, rates)):
        optimizer.learning_rate = rate
        optimizer.apply_gradients([(tf.constant(g, tf.float32), w)])
        if i + 1 in (1, 2, 5, 20, 25):
            weights[str(i + 1)] = f.floats(w.numpy())
    return weights


def add_adamw():
    with open(path("optimizers.json")) as src:
        doc = json.load(src)
    moving = next(c["rates"] for c in doc["cases"] if c["name"] == "Adam cyclic")
    rows = [c for c in doc["cases"] if c["class_name"] != "AdamW"]
    for name, config, rates in [("AdamW", {}, [0.001] * 25),
                                ("AdamW strong decay", {"weight_decay": 0.1}, [0.01] * 25),
                                ("AdamW cyclic", {"weight_decay": 0.1}, moving)]:
        rows.append({"name": name, "class_name": "AdamW", "made_by": KERAS, "config": config, "rates": rates,
                     "weights": adamw(doc["start"], doc["gradients"], rates, config)})
    f.save(path("optimizers.json"), dict(doc, cases=rows))


def classified(count=200, classes=10):
    """Labels without class 8, predictions without class 9, integer scores whose shares are probabilities."""
    truth = [3 if t == 8 else t for t in f.labels(11, count, classes)]
    random, right = f.mix(12, np.arange(count)), f.mix(13, np.arange(count))
    # Two in three right, the others anywhere.
    predicted = [int(r) % 9 if int(q) % 3 == 0 or t == 9 else t for t, r, q in zip(truth, random, right)]
    scores = (1 + f.mix(14, np.arange(count * classes)) % np.uint64(1000)).astype(np.int64).reshape(count, classes)
    scores[np.arange(count), predicted] = (1001 + f.mix(15, np.arange(count)) % np.uint64(20000)).astype(np.int64)
    return np.array(truth), np.array(predicted), scores


def calibration(truth, predicted, confidence, bins=10):
    """Bins of equal width; the error is the mean of |accuracy - confidence| weighted by count."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    rows, error = [], 0.0
    for b in range(bins):
        mine = index == b
        count = int(mine.sum())
        accuracy = float(np.mean(truth[mine] == predicted[mine])) if count else 0.0
        mean = float(np.mean(confidence[mine])) if count else 0.0
        error += count / len(truth) * abs(accuracy - mean)
        rows.append({"from": b / bins, "to": (b + 1) / bins, "count": count, "accuracy": accuracy, "confidence": mean})
    return {"error": error, "bins": rows}


def wilson_rows():
    rows = []
    for right, count in [(0, 1), (1, 1), (0, 10), (10, 10), (50, 100), (99, 100), (1034, 10000), (7646, 10000), (8693, 10000)]:
        low, high = proportion_confint(right, count, alpha=0.05, method="wilson")
        rows.append({"right": right, "count": count, "low": float(low), "high": float(high)})
    return rows


def make_confusion():
    truth, predicted, scores = classified()
    shares = scores / scores.sum(axis=1, keepdims=True)
    assert (shares.argmax(axis=1) == predicted).all()
    kinds = list(range(10))
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=kinds, zero_division=0)
    averages = {}
    for kind in ("macro", "weighted"):
        p, r, s, _ = precision_recall_fscore_support(truth, predicted, labels=kinds, average=kind, zero_division=0)
        averages[kind] = {"precision": float(p), "recall": float(r), "f1": float(s)}
    own = shares[np.arange(len(truth)), truth]
    f.save(path("confusion.json"), {
        "made_by": "scikit-learn %s, statsmodels %s, %s" % (sklearn.__version__, statsmodels.__version__, PYTHON),
        "labels": truth.tolist(), "predictions": predicted.tolist(), "scores": scores.tolist(),
        "confusion": confusion_matrix(truth, predicted, labels=kinds).tolist(),
        "accuracy": float(accuracy_score(truth, predicted)), "right": int((truth == predicted).sum()),
        "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist(),
        "averages": averages, "log_loss": float(log_loss(truth, shares, labels=kinds)),
        "losses": (-np.log(own)).tolist(),
        "calibration": calibration(truth, predicted, shares.max(axis=1)), "wilson": wilson_rows()})


def cyclic(t, base, top, half, mode, gamma):
    """Smith 2015, arXiv 1506.01186, as Kenstler's CyclicLR for Keras computes it."""
    cycle = math.floor(1 + t / (2 * half))
    x = abs(t / half - 2 * cycle + 1)
    scale = {"triangular": 1.0, "triangular2": 1 / 2.0 ** (cycle - 1), "exp_range": gamma ** t}[mode]
    return base + (top - base) * max(0, 1 - x) * scale


def cosine(start, end, t):
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


def one_cycle(t, top, steps, warm=0.3, divide=25.0, final=1e4):
    """torch.optim.lr_scheduler.OneCycleLR, anneal_strategy='cos', three_phase=False."""
    first = top / divide
    peak, last = warm * steps - 1, steps - 1
    if t <= peak:
        return cosine(first, top, t / peak)
    return cosine(top, first / final, (t - peak) / (last - peak))


def cosine_warmup(t, top, low, warm, steps):
    """Linear to top at step warm-1, then half a cosine from step warm to low at step steps."""
    if t < warm:
        return top * (t + 1) / warm
    return cosine(top, low, min(1, (t - warm) / (steps - warm)))


def exponential(t, start, end, steps):
    return start * (end / start) ** (t / (steps - 1))


def make_schedules():
    base = {"base": 0.001, "max": 0.006, "step_size": 8}
    rows = []
    for mode in ("triangular", "triangular2", "exp_range"):
        gamma = {"gamma": 0.99994} if mode == "exp_range" else {}
        rows.append({"name": mode, "class_name": "Cyclic", "config": dict(base, mode=mode, **gamma),
                     "rates": [cyclic(t, 0.001, 0.006, 8, mode, 0.99994) for t in range(51)]})
    rows.append({"name": "exp_range, visible decay", "class_name": "Cyclic",
                 "config": dict(base, mode="exp_range", gamma=0.95),
                 "rates": [cyclic(t, 0.001, 0.006, 8, "exp_range", 0.95) for t in range(51)]})
    rows.append({"name": "one cycle", "class_name": "OneCycle", "config": {"max": 0.1, "steps": 50},
                 "rates": [one_cycle(t, 0.1, 50) for t in range(50)]})
    rows.append({"name": "one cycle, own shape", "class_name": "OneCycle",
                 "config": {"max": 0.05, "steps": 40, "warm": 0.25, "divide": 10, "final": 100},
                 "rates": [one_cycle(t, 0.05, 40, 0.25, 10.0, 100.0) for t in range(40)]})
    rows.append({"name": "cosine with warm-up", "class_name": "CosineWarmup",
                 "config": {"max": 0.01, "min": 0.0001, "warm": 5, "steps": 50},
                 "rates": [cosine_warmup(t, 0.01, 0.0001, 5, 50) for t in range(51)]})
    rows.append({"name": "exponential", "class_name": "Exponential", "config": {"from": 1e-6, "to": 1.0, "steps": 50},
                 "rates": [exponential(t, 1e-6, 1.0, 50) for t in range(50)]})
    f.save(path("schedules.json"), {"made_by": PYTHON, "schedules": rows})


if __name__ == "__main__":
    for make in (add_adamw, make_confusion, make_schedules):
        make()
        print(make.__name__, "done")
