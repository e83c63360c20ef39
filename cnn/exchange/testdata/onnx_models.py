"""Makes the files of folder onnx with PyTorch and Keras: python onnx_models.py, in this folder.

NAME.onnx is a model, NAME.npy the class probabilities that PyTorch or Keras predicts with it for the four images of make.py,
divided by 255. onnxruntime must predict the same from the file. Made with PyTorch 2.15.0, onnx 1.23.2, onnxscript 0.7.2,
onnxruntime 1.32.0 and Keras 3.15.1.
"""
import os
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

OUT = "onnx"
warnings.filterwarnings("ignore")


def images(side=32, channels=3):
    n, y, x, c = np.meshgrid(np.arange(4), np.arange(side), np.arange(side), np.arange(channels), indexing="ij")
    return (31 * n + 5 * x + 3 * y + 40 * c + (n + 1) * x * y).astype(np.uint8)


def softmax(y):
    y = np.asarray(y, np.float64).reshape(4, -1)
    y = np.exp(y - y.max(axis=1, keepdims=True))
    return y / y.sum(axis=1, keepdims=True)


def check(name, x, want):
    """Compares onnxruntime with the framework, and keeps the framework's probabilities."""
    path = os.path.join(OUT, name + ".onnx")
    model = onnx.load(path, load_external_data=False)
    for part in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output]:  # they hold the paths of this machine
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("value_info")
    with open(path, "wb") as f:
        f.write(model.SerializeToString())
    onnx.checker.check_model(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0]
    if first.shape[0] == 1:
        got = np.concatenate([session.run(None, {first.name: x[i:i + 1]})[0] for i in range(len(x))])
    else:
        got = session.run(None, {first.name: x})[0]
    assert np.abs(got.reshape(want[0].shape) - want[0]).max() < 1e-4 * max(1, np.abs(want[0]).max()), name
    np.save(os.path.join(OUT, name + ".npy"), want[1].astype(np.float32))
    print(name, os.path.getsize(path), sorted({n.op_type for n in onnx.load(path).graph.node}))


def save(name, model, ends="logits", batch=True, before=lambda x: x / 255, **export):
    """Exports a PyTorch model. ends says what it returns: logits, probabilities or their logarithms."""
    torch.manual_seed(sum(map(ord, name)))
    for m in model.modules():
        for p in m.parameters(recurse=False):
            if p.dim() > 1:
                nn.init.kaiming_uniform_(p, a=1)
            else:
                nn.init.uniform_(p, 0.5, 1.5) if isinstance(m, nn.BatchNorm2d) else nn.init.uniform_(p, -0.3, 0.3)
        if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)):
            nn.init.uniform_(m.running_mean, -0.3, 0.3)
            nn.init.uniform_(m.running_var, 0.5, 1.5)
    model.eval()
    x = before(images().astype(np.float32)).astype(np.float32).transpose(0, 3, 1, 2)
    with torch.no_grad():
        y = model(torch.from_numpy(np.ascontiguousarray(x))).numpy()
    p = {"logits": softmax(y), "logs": np.exp(y), "probabilities": y}[ends]
    path = os.path.join(OUT, name + ".onnx")
    example = torch.zeros(1, 3, 32, 32)
    if export.pop("dynamo", False):
        export.setdefault("external_data", False)
        shapes = ({0: torch.export.Dim("batch")},) if batch else None
        torch.onnx.export(model, (torch.zeros(2 if batch else 1, 3, 32, 32),), path, dynamo=True, dynamic_shapes=shapes, verbose=False, **export)
    else:
        axes = {"input": {0: "batch"}, "output": {0: "batch"}} if batch else None
        torch.onnx.export(model, (example,), path, dynamo=False, input_names=["input"], output_names=["output"], dynamic_axes=axes, **export)
    check(name, np.ascontiguousarray(x), (y, p))


def small():
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 7 * 7, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 10))


class View(nn.Module):
    """A network as in PyTorch's tutorials: a module with view and functions."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 5, 3)
        self.fc1, self.fc2 = nn.Linear(5 * 7 * 7, 9, bias=False), nn.Linear(9, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 3, stride=2, padding=1)
        x = torch.tanh(self.conv2(nn.functional.pad(x, (1, 0, 0, 1))))
        x = x.view(x.size(0), -1)
        return torch.log_softmax(self.fc2(nn.functional.leaky_relu(self.fc1(x), 0.2)), 1)


class Mean(nn.Module):
    """Averages over the positions by hand, and divides the pixels first."""

    def __init__(self):
        super().__init__()
        self.body, self.last = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.SiLU()), nn.Linear(8, 10)
        self.register_buffer("mean", torch.tensor([0.49, 0.48, 0.45]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.25, 0.24, 0.26]).view(1, 3, 1, 1))

    def forward(self, x):
        return torch.softmax(self.last(self.body((x / 255 - self.mean) / self.std).mean((2, 3))), -1)


def mobile():
    """Depthwise and pointwise convolutions, and ReLU6."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU6(),
        nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 6, 1), nn.Hardtanh(0, 6),
        nn.AvgPool2d(3, stride=2, padding=1), nn.AvgPool2d(2), nn.Conv2d(6, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def functions():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.ELU(), nn.Conv2d(4, 4, 3, stride=2), nn.SELU(), nn.Conv2d(4, 4, 1), nn.GELU(), nn.Conv2d(4, 4, 1), nn.Softplus(),
        nn.Conv2d(4, 4, 1), nn.Sigmoid(), nn.Conv2d(4, 4, 1), nn.Softsign(), nn.Conv2d(4, 4, 1), nn.SiLU(), nn.Conv2d(4, 4, 1), nn.Tanh(),
        nn.Flatten(), nn.BatchNorm1d(4 * 7 * 7), nn.Linear(4 * 7 * 7, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 3), nn.ReLU(), nn.Linear(3, 10), nn.Softmax(dim=1))


def edges():
    """Max pooling with padding where values are below 0: what lies beyond the edge never is the largest."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(3, stride=2, padding=1), nn.Conv2d(4, 5, 3, padding=1), nn.MaxPool2d(2, padding=1),
        nn.GELU(), nn.MaxPool2d(5, stride=1, padding=2), nn.LeakyReLU(0.3), nn.MaxPool2d(3, padding=1), nn.Flatten(), nn.Linear(45, 10))


def whole(x):
    return x


def pytorch():
    for name, make, more in [
        ("small", small, {}), ("view", View, {"ends": "logs"}), ("mean", Mean, {"ends": "probabilities", "before": whole}), ("mobile", mobile, {}),
        ("functions", functions, {}), ("mlp", mlp, {"ends": "probabilities"}), ("edges", edges, {}),
    ]:
        save(name + "_13", make(), opset_version=13, **more)
        save(name + "_new", make(), dynamo=True, **more)
    save("small_9", small(), opset_version=9)
    save("functions_20", functions(), dynamo=True, opset_version=20)
    save("view_one", View(), ends="logs", batch=False, opset_version=11)
    save("small_external", small(), dynamo=True, external_data=True)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    pytorch()
