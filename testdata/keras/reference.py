"""The oracle's maths once more in plain NumPy, float64, written from the formulas.

Networks are the JSON descriptions of networks.py; arrays are NHWC, kernels as
Keras stores them.
"""
import numpy as np


def windows(x, k, same):
    """The k*k shifted views of x [n, h, w, c] that a convolution multiplies, padded as TensorFlow pads."""
    if same:
        before = (k - 1) // 2
        x = np.pad(x, ((0, 0), (before, k - 1 - before), (before, k - 1 - before), (0, 0)))
    h, w = x.shape[1] - k + 1, x.shape[2] - k + 1
    return x.shape, {(i, j): x[:, i:i + h, j:j + w] for i in range(k) for j in range(k)}


def conv(x, kernel, bias, same):
    _, views = windows(x, kernel.shape[0], same)
    return sum(v @ kernel[i, j] for (i, j), v in views.items()) + bias


def conv_back(x, kernel, same, g):
    k = kernel.shape[0]
    padded, views = windows(x, k, same)
    dk, dx = np.zeros_like(kernel), np.zeros(padded)
    for (i, j), v in views.items():
        dk[i, j] = np.einsum("nhwc,nhwf->cf", v, g)
        dx[:, i:i + g.shape[1], j:j + g.shape[2]] += g @ kernel[i, j].T
    if same:
        b = (k - 1) // 2
        dx = dx[:, b:b + x.shape[1], b:b + x.shape[2]]
    return dx, dk, g.sum(axis=(0, 1, 2))


def blocks(x, size):
    n, h, w, c = x.shape
    h, w = h // size, w // size
    cut = x[:, :h * size, :w * size].reshape(n, h, size, w, size, c)
    return cut.transpose(0, 1, 3, 5, 2, 4).reshape(n, h, w, c, size * size)


def pool_back(x, size, g):
    """All of the gradient goes to the first largest value of each window."""
    picked = blocks(x, size)
    d = np.zeros_like(picked)
    np.put_along_axis(d, picked.argmax(axis=-1)[..., None], g[..., None], axis=-1)
    n, h, w, c, _ = d.shape
    out = np.zeros_like(x)
    out[:, :h * size, :w * size] = (d.reshape(n, h, w, c, size, size).transpose(0, 1, 4, 2, 5, 3)
                                    .reshape(n, h * size, w * size, c))
    return out


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(net, weights, x):
    """Every layer's output; the weights in order, kernel before bias."""
    outputs, w = [], iter(weights)
    for spec in net["layers"]:
        kind = spec["class_name"]
        if kind == "Conv2D":
            x = conv(x, next(w), next(w), spec["padding"] == "same")
        elif kind == "Dense":
            x = x @ next(w) + next(w)
        elif kind == "MaxPooling2D":
            x = blocks(x, spec["pool_size"]).max(axis=-1)
        elif kind == "Flatten":
            x = x.reshape(len(x), -1)
        elif kind == "Activation":
            x = np.maximum(x, 0) if spec["activation"] == "relu" else softmax(x)
        outputs.append(x)
    return outputs


def losses(probabilities, truth):
    """-log of the true class's share, kept in [1e-7, 1 - 1e-7] as Keras 2 does."""
    share = probabilities / probabilities.sum(axis=-1, keepdims=True)
    return -np.log(np.clip(share[np.arange(len(truth)), truth], 1e-7, 1 - 1e-7))


def backward(net, weights, x, outputs, truth):
    """Gradients of the mean loss, in the order of the weights."""
    grads, rest = [], list(weights)
    g = outputs[-1].copy()
    g[np.arange(len(truth)), truth] -= 1
    g /= len(truth)
    for i in range(len(net["layers"]) - 2, -1, -1):
        spec, before = net["layers"][i], outputs[i - 1] if i else x
        kind = spec["class_name"]
        if kind == "Conv2D":
            _, kernel = rest.pop(), rest.pop()
            g, dk, db = conv_back(before, kernel, spec["padding"] == "same", g)
            grads += [db, dk]
        elif kind == "Dense":
            _, kernel = rest.pop(), rest.pop()
            grads += [g.sum(axis=0), before.T @ g]
            g = g @ kernel.T
        elif kind == "MaxPooling2D":
            g = pool_back(before, spec["pool_size"], g)
        elif kind == "Flatten":
            g = g.reshape(before.shape)
        elif kind == "Activation":
            g = g * (before > 0)
    return grads[::-1]


class Optimizer:
    """The formulas of keras/optimizers.py, version 2.1.6, and decoupled decay."""

    def __init__(self, kind, momentum=0.0, nesterov=False, decay=0.0, rho=None, weight_decay=0.004):
        self.kind, self.momentum, self.nesterov, self.decay = kind, momentum, nesterov, decay
        self.rho = rho if rho is not None else {"RMSprop": 0.9, "Adadelta": 0.95}.get(kind)
        self.weight_decay, self.eps, self.t, self.a, self.b = weight_decay, 1e-7, 0, 0.0, 0.0

    def step(self, w, g, rate):
        """rate is the step's own, with any decay over time already in it."""
        self.t += 1
        if self.kind == "SGD":
            self.a = self.momentum * self.a - rate * g
            return w + (self.momentum * self.a - rate * g if self.nesterov else self.a)
        if self.kind == "RMSprop":
            self.a = self.rho * self.a + (1 - self.rho) * g * g
            return w - rate * g / (np.sqrt(self.a) + self.eps)
        if self.kind == "Adagrad":
            self.a = self.a + g * g
            return w - rate * g / (np.sqrt(self.a) + self.eps)
        if self.kind == "Adadelta":
            self.a = self.rho * self.a + (1 - self.rho) * g * g
            u = g * np.sqrt(self.b + self.eps) / np.sqrt(self.a + self.eps)
            self.b = self.rho * self.b + (1 - self.rho) * u * u
            return w - rate * u
        if self.kind == "AdamW":
            w = w - rate * self.weight_decay * w
        self.a = 0.9 * self.a + 0.1 * g
        self.b = 0.999 * self.b + 0.001 * g * g
        corrected = rate * np.sqrt(1 - 0.999 ** self.t) / (1 - 0.9 ** self.t)
        return w - corrected * self.a / (np.sqrt(self.b) + self.eps)
