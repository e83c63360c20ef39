"""Builds the network of a safetensors file that cnnbook exported, in PyTorch.

    python load_in_pytorch.py weights.safetensors      prints the network
    from load_in_pytorch import load; net = load("weights.safetensors")

The input is float32 images [batch, channels, height, width], preprocessed as the file's metadata states under "input": usually
each image standardised separately, (x - x.mean()) / (x.std(unbiased=False) + 1e-7). The output is probabilities.
"""
import json
import sys
from collections import OrderedDict

import torch
from safetensors import safe_open


def load(path):
    """A torch.nn.Sequential in evaluation mode, with the file's weights."""
    with safe_open(path, framework="pt") as f:
        network = json.loads(f.metadata()["architecture"])
        weights = {name: f.get_tensor(name) for name in f.keys()}
    net = build(network)
    missing, unexpected = net.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError("missing %s, unexpected %s" % (missing, unexpected))
    return net.eval()


class Rescaling(torch.nn.Module):
    """x times a factor, plus an offset."""

    def __init__(self, scale, offset):
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, x):
        return x * self.scale + self.offset


def build(network):
    """The layers, by their names; padding that PyTorch's layers do not support becomes a layer before them."""
    h, w, c = network["input_shape"]
    size, channels, image = (h, w), c, True
    layers = OrderedDict()
    for spec in network["layers"]:
        name, kind = spec["name"], spec["class_name"]
        if kind == "Conv2D":
            k, s = spec["kernel_size"], spec.get("strides") or 1
            if spec.get("padding") == "same":
                total = [max(0, (n - 1) // s * s + k - n) for n in size]
                top, left = total[0] // 2, total[1] // 2
                layers[name + "_pad"] = torch.nn.ZeroPad2d((left, total[1] - left, top, total[0] - top))
                size = tuple((n - 1) // s + 1 for n in size)
            else:
                size = tuple((n - k) // s + 1 for n in size)
            layer = torch.nn.Conv2d(channels, spec["filters"], k, stride=s, bias=not spec.get("no_bias"))
            channels = spec["filters"]
        elif kind == "WhiteningConv2D":
            k = spec["kernel_size"]
            layer = torch.nn.Conv2d(channels, 2 * k * k * channels, k)
            layer.weight.requires_grad = False
            size, channels = tuple(n - k + 1 for n in size), 2 * k * k * channels
        elif kind == "Rescaling":
            layer = Rescaling(spec["scale"], spec.get("offset") or 0.0)
        elif kind == "Dense":
            layer = torch.nn.Linear(channels, spec["units"], bias=not spec.get("no_bias"))
            channels = spec["units"]
        elif kind == "BatchNormalization":
            form = torch.nn.BatchNorm2d if image else torch.nn.BatchNorm1d
            layer = form(channels, eps=spec.get("epsilon") or 0.001, momentum=1 - (spec.get("momentum") or 0.99))
        elif kind == "Activation":
            layer = {"relu": torch.nn.ReLU(), "gelu": torch.nn.GELU(), "softmax": torch.nn.Softmax(dim=1)}[spec["activation"]]
        elif kind == "LeakyReLU":
            layer = torch.nn.LeakyReLU(spec.get("alpha") or 0.3)
        elif kind == "MaxPooling2D":
            layer = torch.nn.MaxPool2d(spec["pool_size"])
            size = tuple(n // spec["pool_size"] for n in size)
        elif kind == "GlobalAveragePooling2D":
            layer = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
            image = False
        elif kind == "Dropout":
            layer = torch.nn.Dropout(spec["rate"])
        elif kind == "Flatten":
            layer = torch.nn.Flatten()
            if image:
                channels *= size[0] * size[1]
            image = False
        else:
            raise ValueError("layer %s: no counterpart of %s" % (name, kind))
        layers[name] = layer
    return torch.nn.Sequential(layers)


if __name__ == "__main__":
    print(load(sys.argv[1]))
