"""Oracle figures from the write-up's own software: Keras 2.1.6 on TensorFlow 1.8.

Run in the environment of requirements-2018.txt: see README.md.
"""
import os

import numpy as np

import formulas as f
import networks
from keras21 import MADE_BY, Graph, Stepper, build, standardized, standardizer, weight_names
from keras import backend as K, initializers, optimizers

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def make_summaries():
    rows = []
    for file, net in [("summary.txt", networks.WRITE_UP), ("summary_long_names.txt", networks.LONG_NAMES),
                      ("summary_large.txt", networks.LARGE), ("summary_normalised.txt", networks.NORMALISED)]:
        K.clear_session()
        lines = []
        build(net).summary(print_fn=lines.append)
        with open(path(file), "w") as out:
            out.write("\n".join(lines) + "\n")
        rows.append({"file": file, "architecture": net})
    f.save(path("summaries.json"), {"made_by": MADE_BY, "summaries": rows})


def make_standardize():
    shape = (32, 32, 3)
    size = int(np.prod(shape))
    ramps = f.pixels(1, 1, *shape)[0]
    constant = np.full(shape, 128, np.uint8)
    nearly = np.full(shape, 7, np.uint8)
    nearly[-1, -1, -1] = 8
    black_or_white = (255 * (f.mix(2, np.arange(size)) & np.uint64(1))).astype(np.uint8).reshape(shape)
    images = np.stack([ramps, constant, nearly, black_or_white])
    names = ["pixels(1, 1, 32, 32, 3)", "128 everywhere", "7 everywhere but 8 in the last place",
             "255 * (mix(2, i) & 1)"]
    at = sorted(set(f.positions(3, size) + [0, size - 1]))
    rows = []
    for name, image, out in zip(names, images, standardized(images)):
        x = image.astype(np.float32)
        rows.append({"image": name, "mean": f.floats([np.mean(x)])[0], "std": f.floats([np.std(x)])[0],
                     "values": f.floats(out.reshape(-1)[at])})
    # The write-up's prediction grid calls standardize once for the whole test
    # set; Keras 2.1 then takes one mean and one deviation over all images.
    together = standardizer().standardize(images.astype(K.floatx()))
    f.save(path("standardize.json"), {
        "made_by": MADE_BY, "epsilon": K.epsilon(), "shape": list(shape), "positions": at, "images": rows,
        "all_at_once": {"mean": f.floats([np.mean(images.astype(np.float32))])[0],
                        "std": f.floats([np.std(images.astype(np.float32))])[0],
                        "values": [f.floats(x.reshape(-1)[at]) for x in together]}})


# Gradient sizes of the twelve weights in make_optimizers, far apart so that
# epsilon's place and size show.
SCALES = [0, 0.5, 0.25, 1, 1e-8, 1e-6, 1e-4, 1e-2, 0.1, 1, 10, 100]
STEPS = 25


def gradients():
    """Gradients [25, 12]: always 0, constant, alternating, once, and eight sizes of noise."""
    g = np.stack([f.noise(100 + step, 12, 1.0) * np.float32(SCALES) for step in range(1, STEPS + 1)])
    for step in range(1, STEPS + 1):
        g[step - 1, :4] = [0, 0.5, 0.25 if step % 2 else -0.25, 1 if step == 10 else 0]
    g[12:, 9] = 0  # the second largest but one stops after step 12
    return g


def cyclic(base, top, half):
    """Rates of the triangular policy at steps 0, 1, 2 ..., for cases with a moving rate."""
    steps = np.arange(STEPS)
    x = np.abs(steps / half - 2 * np.floor(1 + steps / (2.0 * half)) + 1)
    return list(base + (top - base) * np.maximum(0, 1 - x))


def optimizer_cases():
    """Name, class, what differs from Keras's defaults, and the rate of each step (None: the default)."""
    moving = cyclic(0.0005, 0.008, 4)
    return [
        ("SGD", "SGD", {}, None),
        ("SGD momentum", "SGD", {"momentum": 0.9}, None),
        ("SGD Nesterov", "SGD", {"momentum": 0.9, "nesterov": True}, None),
        ("SGD decay", "SGD", {"decay": 0.1}, None),
        ("SGD momentum decay", "SGD", {"momentum": 0.9, "decay": 0.1}, None),
        ("RMSprop", "RMSprop", {}, None),
        ("Adagrad", "Adagrad", {}, None),
        ("Adadelta", "Adadelta", {}, None),
        ("Adam", "Adam", {}, None),
        ("SGD momentum cyclic", "SGD", {"momentum": 0.9}, moving),
        ("RMSprop cyclic", "RMSprop", {}, moving),
        ("Adagrad cyclic", "Adagrad", {}, moving),
        ("Adadelta cyclic", "Adadelta", {}, moving),
        ("Adam cyclic", "Adam", {}, moving),
    ]


def run_optimizer(class_name, config, rates):
    """Weights after steps 1, 2, 5, 20 and 25; the rate that each step used."""
    K.clear_session()
    w = K.variable(f.noise(100, 12, 1.0))
    g = K.placeholder(shape=(12,))
    optimizer = getattr(optimizers, class_name)(**config)
    default = float(str(np.float32(K.get_value(optimizer.lr))))
    stepper = Stepper(optimizer, K.sum(w * g), [w])
    used, weights = [], {}
    for i, gradient in enumerate(gradients()):
        rate = default if rates is None else rates[i]
        K.set_value(optimizer.lr, rate)
        stepper.step([g], [gradient])
        used.append(rate / (1 + config.get("decay", 0) * i))
        if i + 1 in (1, 2, 5, 20, STEPS):
            weights[str(i + 1)] = f.floats(K.get_value(w))
    return used, weights


def make_optimizers():
    rows = []
    for name, class_name, config, rates in optimizer_cases():
        used, weights = run_optimizer(class_name, config, rates)
        rows.append({"name": name, "class_name": class_name, "made_by": MADE_BY, "config": config,
                     "rates": used, "weights": weights})
    f.save(path("optimizers.json"), {"epsilon": K.epsilon(), "start": f.floats(f.noise(100, 12, 1.0)),
                                     "gradients": [f.floats(g) for g in gradients()], "cases": rows})


def check_weights(names, arrays):
    return [{"name": n, "shape": list(a.shape), "first": f.floats(a.reshape(-1)[:3]),
             "sum": float(np.sum(a, dtype=np.float64))} for n, a in zip(names, arrays)]


def train(net, salt, optimizer, x, y):
    m = Graph(net, salt, optimizer).model
    stepper = Stepper(m.optimizer, m.total_loss, m.trainable_weights)
    inputs = [m.inputs[0], m.targets[0], m.sample_weights[0]] + ([K.learning_phase()] if m.uses_learning_phase else [])
    values = [x, y, np.ones(len(x), np.float32), 1]
    losses, after = [], {}
    for step in range(1, 21):
        losses += stepper.step(inputs, values, [m.total_loss])
        if step in (1, 5, 20):
            after[str(step)] = [f.floats(w) for w in m.get_weights()]
    return {"losses": f.floats(losses), "weights": after}


def layer_case(net, salt, trainings):
    """Everything about a small network: outputs, gradients, and trainings by optimizer and rate."""
    classes = net["layers"][-2]["units"]
    x = standardized(f.pixels(salt, 5, *net["input_shape"]))
    truth = f.labels(salt + 50, 5, classes)
    graph = Graph(net, salt + 100)
    outputs, loss, losses, grads = graph.evaluate(x, f.one_hot(truth, classes))
    names = weight_names(net)
    y = f.one_hot(truth, classes)
    return {
        "architecture": net, "salt": salt, "classes": classes, "labels": truth, "input": f.floats(x),
        "weights": check_weights(names, f.weights(graph.shapes, salt + 100)),
        "outputs": [{"layer": s["name"], "shape": list(o.shape), "values": f.floats(o)}
                    for s, o in zip(net["layers"], outputs)],
        "loss": f.floats([loss])[0], "losses": f.floats(losses),
        "gradients": [{"name": n, "shape": list(g.shape), "values": f.floats(g)} for n, g in zip(names, grads)],
        "training": {name: dict(rate=rate, **train(net, salt + 100, name.lower(), x, y)) for name, rate in trainings},
    }


def make_curves():
    """200 steps over five batches of eight in a fixed order; and, for twenty seeds, 60 steps with
    dropout and flips, of which the mean loss of the last 20 is kept."""
    net, salt, count, size = networks.SMALL, 7000, 40, 8
    images = f.pixels(salt, count, *net["input_shape"])
    x, truth = standardized(images), f.labels(salt + 50, count, 10)
    y = f.one_hot(truth, 10)
    curves = {}
    for name, rate in (("sgd", 0.05), ("adam", 0.002)):
        m = Graph(net, salt + 100, name).model
        K.set_value(m.optimizer.lr, rate)
        run = stepper(m)
        losses = []
        for step in range(200):
            at = slice(step % 5 * size, step % 5 * size + size)
            losses += run(x[at], y[at])
        curves[name] = {"rate": rate, "losses": f.floats(losses)}
    seeds = []
    for seed in range(20):
        m = Graph(networks.DROPPED, salt + 100, "sgd").model
        K.set_value(m.optimizer.lr, 0.05)
        run, rng, losses = stepper(m), np.random.RandomState(seed), []
        for step in range(60):
            at = slice(step % 5 * size, step % 5 * size + size)
            flip = rng.rand(size) < 0.5
            batch = np.where(flip[:, None, None, None], x[at][:, :, ::-1], x[at])
            losses += run(batch, y[at])
        seeds.append(float(np.mean(losses[-20:])))
    f.save(path("curves.json"), {"made_by": MADE_BY, "architecture": net, "salt": salt, "images": count, "batch": size,
                                 "curves": curves, "dropped": networks.DROPPED, "rate": 0.05, "seeds": seeds})


def stepper(m):
    s = Stepper(m.optimizer, m.total_loss, m.trainable_weights)
    inputs = [m.inputs[0], m.targets[0], m.sample_weights[0]] + ([K.learning_phase()] if m.uses_learning_phase else [])
    return lambda x, y: s.step(inputs, [x, y, np.ones(len(x), np.float32), 1], [m.total_loss])


def loss_cases():
    """Probabilities at and beyond the clip: Keras keeps them in [1e-7, 1 - 1e-7] before the logarithm."""
    rows = [[0, 1, 0], [1, 0, 0], [1e-9, 1 - 1e-9, 0], [0.2, 0.3, 0.5], [1e-3, 0.5, 0.499]]
    p, truth = np.float32(rows), [0, 0, 0, 2, 0]
    out = K.eval(K.categorical_crossentropy(K.constant(f.one_hot(truth, 3)), K.constant(p)))
    return {"probabilities": [f.floats(r) for r in p], "labels": truth, "losses": f.floats(out)}


def saturated_cases():
    """Logits far apart: beyond the clip the gradient is zero, even where the answer is wrong."""
    rows, truth = [[0, 20, 0], [20, 0, 0], [0, 15, 0], [0, 5, 0], [1, 2, 3]], [0, 0, 0, 0, 1]
    logits = K.constant(rows)
    losses = K.categorical_crossentropy(K.constant(f.one_hot(truth, 3)), K.softmax(logits))
    gradient = K.gradients(K.sum(losses), [logits])[0]
    return {"logits": rows, "labels": truth, "losses": f.floats(K.eval(losses)),
            "gradients": [f.floats(r) for r in K.eval(gradient)]}


# Those of the write-up and two more, each at Keras 2.1's default rate.
OPTIMIZERS = [("SGD", 0.01), ("Adam", 0.001), ("RMSprop", 0.001), ("Adagrad", 0.01), ("Adadelta", 1.0)]


def make_layers():
    f.save(path("layers.json"), {"made_by": MADE_BY,
                                 "networks": [layer_case(networks.SMALL, 1000, OPTIMIZERS[:2]),
                                              layer_case(networks.VALID, 2000, OPTIMIZERS)],
                                 "clipped_loss": loss_cases(), "saturated": saturated_cases()})


def make_writeup_net():
    net, salt = networks.WRITE_UP, 3000
    x = standardized(f.pixels(salt, 4, *net["input_shape"]))
    truth = f.labels(salt + 50, 4, 10)
    graph = Graph(net, salt + 100)
    outputs, loss, losses, grads = graph.evaluate(x, f.one_hot(truth, 10))
    names = weight_names(net)
    f.save(path("writeup_net.json"), {
        "made_by": MADE_BY, "architecture": net, "salt": salt, "labels": truth, "input": f.sample(x, 4000),
        "weights": check_weights(names, f.weights(graph.shapes, salt + 100)),
        "outputs": [dict(layer=s["name"], **f.sample(o, 4001 + i)) for i, (s, o) in enumerate(zip(net["layers"], outputs))],
        "logits": [f.floats(r) for r in outputs[-2]], "probabilities": [f.floats(r) for r in outputs[-1]],
        "loss": f.floats([loss])[0], "losses": f.floats(losses),
        "gradients": [dict(name=n, **f.sample(g, 4100 + i)) for i, (n, g) in enumerate(zip(names, grads))]})


def make_glorot():
    K.clear_session()
    rows = []
    for w, name in zip(build(networks.WRITE_UP).trainable_weights, weight_names(networks.WRITE_UP)):
        shape = K.int_shape(w)
        if name.endswith("/bias"):
            continue
        fan_in, fan_out = initializers._compute_fans(shape)
        drawn = K.eval(initializers.glorot_uniform(seed=1)(shape)).astype(np.float64)
        bound = float(np.sqrt(6.0 / (fan_in + fan_out)))
        rows.append({"name": name, "shape": list(shape), "fan_in": int(fan_in), "fan_out": int(fan_out),
                     "limit": bound, "std": bound / float(np.sqrt(3)),
                     "drawn": {"min": drawn.min(), "max": drawn.max(), "mean": drawn.mean(), "std": drawn.std()}})
    f.save(path("glorot.json"), {"made_by": MADE_BY, "kernels": rows})


if __name__ == "__main__":
    for make in (make_summaries, make_standardize, make_optimizers, make_layers, make_writeup_net, make_glorot,
                 make_curves):
        make()
        print(make.__name__, "done")
