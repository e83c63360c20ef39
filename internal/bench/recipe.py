"""The fast recipe (Keller Jordan's airbench94, arXiv 2404.00498) in PyTorch, on a CPU: the same network and training as
cnn.Fast and cnn.FastTraining of package cnn, to compare both.

    python recipe.py FOLDER [--train 50000] [--test 10000] [--form 94] [--epochs 9.9] [--seed 1] [--precision bfloat16]

FOLDER holds the files data_batch_1.bin to data_batch_5.bin and test_batch.bin of CIFAR-10 in its binary layout. It differs from
the original program where cnn/fast.go says, and computes in float32, or with autocast in bfloat16, instead of float16 on a GPU.
testdata/pytorch/make.py uses the same functions.

After each epoch the test images are evaluated, outside the time that is counted. With --turn N, `go run . bench --accuracy 0.9` is
what reads: lines of JSON, {"first": true} after the first step, {"turn": true} after every N steps, where it waits for a line on
standard input, one for each epoch, and at the end the seconds of each step.
"""
import argparse
import json
import math
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Rescaling(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return x * self.scale


def conv(channels, width):
    """3x3 without bias; the first filters start as the identity, the others as PyTorch's."""
    layer = nn.Conv2d(channels, width, 3, padding="same", bias=False)
    nn.init.dirac_(layer.weight.data[:channels])
    return layer


def norm(width):
    """Keeps 0.6 of its running statistics a step, and has no gamma."""
    layer = nn.BatchNorm2d(width, eps=1e-12, momentum=1 - 0.6)
    layer.weight.requires_grad = False
    return layer


def network(widths=(64, 256, 256), classes=10):
    layers = [("whitening", nn.Conv2d(3, 24, 2)), ("whitening-gelu", nn.GELU())]
    layers[0][1].weight.requires_grad = False
    nn.init.zeros_(layers[0][1].bias)
    channels = 24
    for i, width in enumerate(widths, 1):
        group = "group%d-" % i
        layers += [(group + "conv1", conv(channels, width)), (group + "pool", nn.MaxPool2d(2)), (group + "norm1", norm(width)), (group + "gelu1", nn.GELU()),
                   (group + "conv2", conv(width, width)), (group + "norm2", norm(width)), (group + "gelu2", nn.GELU())]
        channels = width
    layers += [("pool", nn.MaxPool2d(3)), ("flatten", nn.Flatten()), ("head", nn.Linear(channels, classes, bias=False)), ("scale", Rescaling(1 / 9))]
    net = nn.Sequential()
    for name, layer in layers:
        net.add_module(name, layer)
    return net


def whiten(layer, images, eps=5e-4):
    """Sets the kernel to the eigenvectors of the patches of images [n, 3, height, width], scaled, and their negatives."""
    patches = images.double().unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    kernel = (vectors / torch.sqrt(values + eps)).T.flip(0).reshape(12, 3, 2, 2)
    layer.weight.data[:] = torch.cat([kernel, -kernel]).float()


def moved(images, down, right, pad=2):
    """Crops each of the images, reflected at their edges, at its own place."""
    n, c, h, w = images.shape
    padded = F.pad(images, (pad,) * 4, "reflect")
    rows = (torch.arange(h)[None] + pad + down[:, None])[:, None, :, None].expand(n, c, h, w + 2 * pad)
    columns = (torch.arange(w)[None] + pad + right[:, None])[:, None, None, :].expand(n, c, h, w)
    return padded.gather(2, rows).gather(3, columns)


class Training:
    """Optimizer, schedule and Lookahead over so many steps with batches of that size."""

    def __init__(self, net, steps, batch, per_epoch, momentum=0.85, rate=11.5, decay=0.0153, bias_factor=64, bias_epochs=3):
        scale = 1024 * (1 + 1 / (1 - momentum))
        self.net, self.steps, self.step, self.per_epoch, self.bias_epochs = net, steps, 0, per_epoch, bias_epochs
        self.rate, wd = rate / scale, decay * batch / scale
        trained = [(k, p) for k, p in net.named_parameters() if p.requires_grad]
        betas, others = [p for k, p in trained if "norm" in k], [p for k, p in trained if "norm" not in k]
        self.optimizer = torch.optim.SGD([
            dict(params=betas, lr=self.rate * bias_factor, weight_decay=wd / (self.rate * bias_factor)),
            dict(params=others, lr=self.rate, weight_decay=wd / self.rate)], momentum=momentum, nesterov=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self.factor)
        self.loss = nn.CrossEntropyLoss(label_smoothing=0.2, reduction="sum")
        self.slow = {k: v.clone() for k, v in net.state_dict().items() if v.dtype == torch.float}

    def factor(self, step):
        up = int(self.steps * 0.23)
        if step < up:
            return 0.2 * (1 - step / up) + step / up
        t = (step - up) / (self.steps - up)
        return (1 - t) + 0.07 * t

    def look_ahead(self, decay):
        state = self.net.state_dict()
        for k, slow in self.slow.items():
            slow.lerp_(state[k], 1 - decay)
            state[k].copy_(slow)

    def train(self, x, y, autocast=False):
        """One step; returns the mean loss before it."""
        self.net.whitening.bias.requires_grad = self.step // self.per_epoch < self.bias_epochs
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = self.net(x)
        loss = self.loss(out.float(), y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        if self.step % 5 == 0:
            self.look_ahead(0.95 ** 5 * (self.step / self.steps) ** 3)
        if self.step >= self.steps:
            self.look_ahead(1.0)
        return loss.item() / len(x)


def evaluate(net, images, views):
    """Logits: of the images, or the weighted mean over six views of each."""
    def mirrored(x):
        return 0.5 * net(x) + 0.5 * net(x.flip(-1))
    net.eval()
    with torch.no_grad():
        if not views:
            return net(images)
        h, w = images.shape[-2:]
        padded = F.pad(images, (1,) * 4, "reflect")
        return 0.5 * mirrored(images) + 0.25 * (mirrored(padded[:, :, :h, :w]) + mirrored(padded[:, :, 2:, 2:]))


def read(folder, names, count):
    rows = np.concatenate([np.fromfile(os.path.join(folder, n + ".bin"), np.uint8).reshape(-1, 3073) for n in names])[:count]
    return torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32)), torch.tensor(rows[:, 0].astype(np.int64))


def accuracy(net, test, truth, views, autocast):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = torch.cat([evaluate(net, x.contiguous(memory_format=torch.channels_last), views) for x in test.split(500)])
    return (logits.argmax(1) == truth).double().mean().item()


# More than what six views add to the test accuracy: an epoch that is further below the target is evaluated without them.
VIEWS_GAIN = 0.05

# airbench93, airbench94 and airbench95: filters of the groups, epochs, and the highest rate for 1,024 images.
FORMS = {"93": ((64, 128, 128), 11, 11.5), "94": ((64, 256, 256), 9.9, 11.5), "95": ((128, 384, 384), 15, 10)}


def tell(**line):
    print(json.dumps(line), flush=True)


class Clock:
    """The seconds of each step, from the end of what came before it. Turns as above."""

    def __init__(self, turn):
        self.turn, self.seconds = turn, []
        self.go_on()

    def go_on(self):
        self.began = time.perf_counter()

    def step(self):
        self.seconds.append(time.perf_counter() - self.began)
        if self.turn and len(self.seconds) == 1:
            tell(first=True)
        if self.turn and len(self.seconds) % self.turn == 0:
            tell(turn=True)
            sys.stdin.readline()
        self.go_on()


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("--train", type=int, default=50000)
    a.add_argument("--test", type=int, default=10000)
    a.add_argument("--form", default="94", choices=FORMS)
    a.add_argument("--epochs", type=float, default=0, help="default: the form's")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--precision", default="", choices=["", "bfloat16"])
    a.add_argument("--accuracy", type=float, default=0, help="evaluate with six views only what is near this test accuracy")
    a.add_argument("--steps", type=int, default=0, help="stop after so many steps, without an evaluation; 0: do all")
    a.add_argument("--turn", type=int, default=0)
    a = a.parse_args()
    widths, epochs, rate = FORMS[a.form]
    epochs = a.epochs or epochs
    autocast = a.precision == "bfloat16"
    torch.manual_seed(a.seed)
    images, labels = read(a.folder, ["data_batch_%d" % i for i in range(1, 6)], a.train)
    test, truth = read(a.folder, ["test_batch"], a.test)
    images, test = images.float() / 255, test.float() / 255
    mean = images.mean((0, 2, 3), keepdim=True).mul(1e4).round() / 1e4
    std = images.std((0, 2, 3), keepdim=True, unbiased=False).mul(1e4).round() / 1e4
    images, test = (images - mean) / std, (test - mean) / std
    n, batch = len(images), 1024
    while batch > 1 and n < 8 * batch:
        batch //= 2
    per_epoch = n // batch
    net = network(widths).to(memory_format=torch.channels_last)
    whiten(net.whitening, images[:5000])
    training = Training(net, math.ceil(per_epoch * epochs), batch, per_epoch, rate=rate)
    flipped = torch.rand(n) < 0.5
    versions = "PyTorch %s, Python %s" % (torch.__version__, sys.version.split()[0])
    clock = Clock(a.turn)
    for epoch in range(math.ceil(epochs)):
        order = torch.randperm(n)
        for k in range(per_epoch):
            if training.step == training.steps:
                break
            at = order[k * batch:(k + 1) * batch]
            x = torch.where((flipped[at] ^ (epoch % 2 == 1))[:, None, None, None], images[at].flip(-1), images[at])
            x = moved(x, torch.randint(-2, 3, (batch,)), torch.randint(-2, 3, (batch,)))
            loss = training.train(x.contiguous(memory_format=torch.channels_last), labels[at], autocast)
            clock.step()
            if training.step == a.steps:
                return tell(steps=clock.seconds, versions=versions)
        plain, views = accuracy(net, test, truth, False, autocast), 0
        if plain + VIEWS_GAIN >= a.accuracy or training.step == training.steps:
            views = accuracy(net, test, truth, True, autocast)
        if a.turn:
            tell(epoch=dict(step=training.step, plain=plain, views=views))
        else:
            print("epoch %d, step %d of %d, loss %.4f, %.0f s of training; test accuracy %.4f, six views %.4f" %
                  (epoch + 1, training.step, training.steps, loss, sum(clock.seconds), plain, views), flush=True)
        clock.go_on()
    if a.turn:
        tell(steps=clock.seconds, versions=versions)


if __name__ == "__main__":
    main()
