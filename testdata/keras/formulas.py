"""Inputs that every language can compute for itself, and the JSON writer.

Nothing here needs Keras; it runs on Python 3.6 and later. All inputs come from
one 32-bit integer mix, so that no two maths libraries can disagree about them.
"""
import json
import math

import numpy as np


def mix(salt, i):
    """An unsigned 32-bit hash of a salt and a position (arithmetic mod 2**32)."""
    i = np.asarray(i, dtype=np.uint64)
    h = (i * np.uint64(0x9E3779B1) + np.uint64(salt * 0x85EBCA77)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x7FEB352D)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(0x846CA68B)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(16)
    return h


def noise(salt, count, scale):
    """count values in [-scale, scale): float32((2*mix/2**32 - 1) * scale)."""
    h = mix(salt, np.arange(count)).astype(np.float64)
    return ((2 * h / 4294967296.0 - 1) * scale).astype(np.float32)


def pixels(salt, count, height, width, channels):
    """uint8 images [count, height, width, channels]: slanted ramps plus noise.

    (3*(n+1)*x + 2*(n+2)*y + 40*c + (mix(salt, i) >> 26)) mod 256 for image n and
    i the position in row-major order of the whole batch.
    """
    n, y, x, c = np.indices((count, height, width, channels)).astype(np.int64)
    grain = mix(salt, np.arange(count * height * width * channels)) >> np.uint64(26)
    value = 3 * (n + 1) * x + 2 * (n + 2) * y + 40 * c + grain.astype(np.int64).reshape(n.shape)
    return (value % 256).astype(np.uint8)


def fans(shape):
    """Inputs and outputs of one value, as Keras counts them for a kernel."""
    area = int(np.prod(shape[:-2])) if len(shape) > 2 else 1
    return area * shape[-2], area * shape[-1]


def limit(shape):
    """Glorot uniform's bound, sqrt(6 / (fan_in + fan_out))."""
    return math.sqrt(6.0 / sum(fans(shape)))


def weights(shapes, salt):
    """Array a is noise(salt + a, size, scale): the Glorot bound for kernels, 0.05 for biases."""
    return [noise(salt + a, int(np.prod(s)), limit(s) if len(s) > 1 else 0.05).reshape(s)
            for a, s in enumerate(shapes)]


def labels(salt, count, classes):
    return [int(h) % classes for h in mix(salt, np.arange(count))]


def one_hot(values, classes):
    return np.eye(classes, dtype=np.float32)[values]


def positions(salt, size, count=20):
    """Sampled positions in a flat array, ascending, without repeats."""
    drawn = {int(h) % size for h in mix(salt, np.arange(count))} if size > count else set(range(size))
    return sorted(drawn)


def sample(array, salt):
    """An array by its size, L2 norm and the values at a few positions."""
    flat = np.asarray(array, dtype=np.float32).reshape(-1)
    at = positions(salt, flat.size)
    return {"shape": list(np.shape(array)), "l2": float(np.sqrt(np.sum(flat.astype(np.float64) ** 2))),
            "positions": at, "values": floats(flat[at])}


def floats(array):
    """float32 values as the shortest decimals that restore them exactly."""
    return [float(str(v)) for v in np.asarray(array, dtype=np.float32).reshape(-1)]


def save(path, value):
    """JSON with a list of plain values on one line, everything else indented."""
    with open(path, "w") as out:
        out.write(_text(value, 0) + "\n")


def _text(value, depth):
    pad, end = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        rows = ["%s%s: %s" % (pad, json.dumps(k), _text(v, depth + 1)) for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + end + "}"
    if isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        return "[\n" + ",\n".join(pad + _text(v, depth + 1) for v in value) + "\n" + end + "]"
    if isinstance(value, list):
        return "[" + ",".join(json.dumps(v) for v in value) + "]"
    return json.dumps(value)
