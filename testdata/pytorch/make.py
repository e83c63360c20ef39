"""Writes fast.json: what PyTorch computes with the fast recipe (internal/bench/recipe.py) at small widths, for the Go tests to compare with.

    python make.py        (PyTorch and NumPy: see README.md)

Inputs are those of ../keras/formulas.py. The weights' arrays are in the order and layout of package cnn: kernels
[height, width, in, out], and no array for the gammas that are not trained.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "keras"), os.path.join(HERE, "..", "..", "internal", "bench")]

import numpy as np  # noqa: E402
import torch  # noqa: E402

import formulas as f  # noqa: E402
import recipe  # noqa: E402

SALT, IMAGES, BATCH, STEPS, SIDE, WIDTHS = 7000, 256, 64, 20, 32, (8, 16, 16)


def arrays(net):
    """Names and tensors in package cnn's order."""
    out = []
    for name, layer in net.named_children():
        if isinstance(layer, torch.nn.Conv2d):
            out.append((name + "/kernel", layer.weight))
            if layer.bias is not None:
                out.append((name + "/bias", layer.bias))
        elif isinstance(layer, torch.nn.Linear):
            out.append((name + "/kernel", layer.weight))
        elif isinstance(layer, torch.nn.BatchNorm2d):
            out += [(name + "/beta", layer.bias), (name + "/moving_mean", layer.running_mean), (name + "/moving_variance", layer.running_var)]
    return out


def ours(t):
    """A tensor in package cnn's layout."""
    a = t.detach().numpy()
    return {4: lambda: a.transpose(2, 3, 1, 0), 2: lambda: a.T}.get(a.ndim, lambda: a)()


def start(net):
    """Kernel a is noise in PyTorch's bound 1/sqrt(fan in), with the identity in its first filters if it is a later convolution."""
    for i, (name, t) in enumerate(arrays(net)):
        if not name.endswith("/kernel") or name.startswith("whitening"):
            continue
        shape = ours(t).shape
        values = torch.tensor(f.noise(SALT + 100 + i, int(np.prod(shape)), 1 / np.sqrt(np.prod(shape[:-1]))).reshape(shape))
        t.data[:] = values.permute(3, 2, 0, 1) if t.ndim == 4 else values.T
        if t.ndim == 4:
            torch.nn.init.dirac_(t.data[:t.shape[1]])


def standardised(pixels):
    x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = x.mean((0, 2, 3)).mul(1e4).round() / 1e4, x.std((0, 2, 3), unbiased=False).mul(1e4).round() / 1e4
    return (x - mean[:, None, None]) / std[:, None, None], mean, std


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, mean, std = standardised(f.pixels(SALT, IMAGES, SIDE, SIDE, 3))
    labels = torch.tensor(f.labels(SALT + 50, IMAGES, 10))
    net = recipe.network(WIDTHS)
    start(net)
    recipe.whiten(net.whitening, images)
    kernel = f.floats(ours(net.whitening.weight))
    # The kernel is computed in each program; an eigenvector's sign is arbitrary.
    training = recipe.Training(net, STEPS, BATCH, IMAGES // BATCH)
    losses, weights = [], {}
    for step in range(STEPS):
        at = torch.tensor([(step * BATCH + i) % IMAGES for i in range(BATCH)])
        flips = torch.tensor([bool(h & 1) for h in f.mix(SALT + 1000 + step, np.arange(BATCH))])
        shifts = torch.tensor([int(h) % 5 - 2 for h in f.mix(SALT + 2000 + step, np.arange(2 * BATCH))]).reshape(-1, 2)
        x = torch.where(flips[:, None, None, None], images[at].flip(-1), images[at])
        losses.append(training.train(recipe.moved(x, shifts[:, 0], shifts[:, 1]), labels[at]))
        if step + 1 in (1, 5, 20):
            weights[str(step + 1)] = [{"name": n, "l2": float(t.detach().double().norm()), **sampled(ours(t), i)} for i, (n, t) in enumerate(arrays(net))]
    test = images[:20]
    f.save(os.path.join(HERE, "fast.json"), {
        "made_by": "PyTorch %s, NumPy %s, Python %d.%d" % ((torch.__version__, np.__version__) + tuple(sys.version_info[:2])),
        "salt": SALT, "images": IMAGES, "batch": BATCH, "steps": STEPS, "widths": list(WIDTHS),
        "mean": f.floats(mean), "deviation": f.floats(std), "whitening": kernel, "losses": f.floats(losses), "weights": weights,
        "logits": f.floats(recipe.evaluate(net, test, False)), "views": f.floats(recipe.evaluate(net, test, True))})


def sampled(array, i):
    s = f.sample(array, SALT + 3000 + i)
    return {"shape": s["shape"], "positions": s["positions"], "values": s["values"]}


if __name__ == "__main__":
    main()
