"""One round of the write-up's network in another framework, for `go run . bench`.

    python peers.py keras-tf|pytorch|keras-jax --data DIR --batch 500 --warm 3 --steps 10 --evaluate 2000

With --precision bfloat16, Keras follows its policy mixed_bfloat16, and PyTorch runs network and loss under autocast in bfloat16.

Each trains as its own documentation advises: Keras on TensorFlow through tf.data with preparation in the pipeline,
PyTorch in channels_last with the data as uint8 tensors, Keras on JAX with batches prepared by NumPy in a thread ahead.
All do what a step of ours does: a shuffled batch, a random flip, sample-wise standardisation, dropout, SGD at 0.001,
loss and accuracy known after each step. Prints lines of JSON: {"first": true} when the first step is finished, {"turn":
true} where it waits, and at the end the seconds of each step and of each evaluation, and the versions.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def load(folder, names, n):
    raw = np.concatenate([np.fromfile(Path(folder, name), np.uint8).reshape(-1, 3073) for name in names])[:n]
    images = np.ascontiguousarray(raw[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, raw[:, 0].astype(np.int32)


def tell(**line):
    print(json.dumps(line), flush=True)


class Clock:
    """Times steps; the first is told at once, the first `warm` are not counted. After each `turn` of them it waits for a
    line on standard input, if that is not 0, or says that it is enough: when they took `seconds`, if that is not 0."""

    def __init__(self, args):
        self.args, self.times, self.began = args, [], time.perf_counter()

    def step(self):
        """Ends a step, and returns whether it was the last."""
        self.times.append(time.perf_counter() - self.began)
        if len(self.times) == 1:
            tell(first=True)
        timed = len(self.times) - self.args.warm
        if self.args.turn and 0 <= timed < self.args.steps and timed % self.args.turn == 0:
            if 0 < self.args.seconds <= sum(self.seconds()):
                return True
            tell(turn=True)
            sys.stdin.readline()
        self.began = time.perf_counter()
        return timed == self.args.steps

    def seconds(self):
        return self.times[self.args.warm :]


def keras_model(keras, args, jit):
    if args.precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((32, 32, 3)),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ])
    model.compile(keras.optimizers.SGD(0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit)
    return model


def timed_fit(keras, model, batches, args):
    clock = Clock(args)

    class Times(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            float(logs["loss"]), float(logs["accuracy"])  # what a display needs
            self.model.stop_training = clock.step()

    model.fit(batches, steps_per_epoch=args.warm + args.steps, epochs=1, verbose=0, callbacks=[Times()])
    return clock.seconds()


EVALUATIONS = 3  # that are timed


def timed(evaluate, args):
    """The seconds of each evaluation; each is a turn."""
    evaluate()  # compiles, warms up
    seconds = []
    for _ in range(EVALUATIONS):
        if args.turn:
            tell(turn=True)
            sys.stdin.readline()
        began = time.perf_counter()
        evaluate()
        seconds.append(time.perf_counter() - began)
    return seconds


def keras_tf(args):
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    images, labels = load(args.data, args.train, args.images)
    test, test_labels = load(args.data, args.test, args.evaluate)
    x, y = tf.constant(images), tf.constant(labels)

    def standardized(batch):
        batch = tf.cast(batch, tf.float32)
        mean, variance = tf.nn.moments(batch, [1, 2, 3], keepdims=True)
        return (batch - mean) / (tf.sqrt(variance) + 1e-6)

    def prepared(indices):
        batch = standardized(tf.gather(x, indices))
        flip = tf.random.uniform([tf.shape(indices)[0], 1, 1, 1]) < 0.5
        return tf.where(flip, batch[:, :, ::-1], batch), tf.gather(y, indices)

    batches = (tf.data.Dataset.range(len(labels)).shuffle(len(labels)).repeat()
               .batch(args.batch).map(prepared, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE))
    model = keras_model(keras, args, args.jit)
    steps = timed_fit(keras, model, batches, args)
    tests = (tf.data.Dataset.from_tensor_slices((test, test_labels)).batch(args.batch)
             .map(lambda a, b: (standardized(a), b)).cache())
    return steps, timed(lambda: model.evaluate(tests, verbose=0), args), f"TensorFlow {tf.__version__}, Keras {keras.__version__}"


def keras_jax(args):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import keras

    images, labels = load(args.data, args.train, args.images)
    test, test_labels = load(args.data, args.test, args.evaluate)
    random = np.random.default_rng(1)

    def standardized(batch):
        batch = batch.astype(np.float32)
        batch -= batch.mean((1, 2, 3), keepdims=True)
        batch /= batch.std((1, 2, 3), keepdims=True) + 1e-6
        return batch

    class Batches(keras.utils.PyDataset):
        def __init__(self):
            super().__init__(workers=1, max_queue_size=2)
            self.order = random.permutation(len(labels))

        def __len__(self):
            return len(labels) // args.batch

        def __getitem__(self, k):
            chosen = self.order[k * args.batch : (k + 1) * args.batch]
            batch = standardized(images[chosen])
            flip = random.random(len(batch)) < 0.5
            batch[flip] = batch[flip, :, ::-1]
            return batch, labels[chosen]

    model = keras_model(keras, args, True)
    steps = timed_fit(keras, model, Batches(), args)
    test = standardized(test)
    evaluate = timed(lambda: model.evaluate(test, test_labels, args.batch, verbose=0), args)
    return steps, evaluate, f"JAX {jax.__version__}, Keras {keras.__version__}"


def pytorch(args):
    import torch
    from torch import nn
    from torch.nn import functional as F

    images, labels = load(args.data, args.train, args.images)
    test, test_labels = load(args.data, args.test, args.evaluate)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # A view in NCHW of what lies in NHWC: channels_last.
    x, y = torch.from_numpy(images).permute(0, 3, 1, 2).to(device), torch.from_numpy(labels).long().to(device)
    tx, ty = torch.from_numpy(test).permute(0, 3, 1, 2).to(device), torch.from_numpy(test_labels).long().to(device)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(4096, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10),
    ).to(device, memory_format=torch.channels_last)
    if args.jit:
        net = torch.compile(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
    order = torch.randperm(len(y), device=device)

    def standardized(batch):
        batch = batch.float().contiguous(memory_format=torch.channels_last)
        std, mean = torch.std_mean(batch, (1, 2, 3), correction=0, keepdim=True)
        return (batch - mean) / (std + 1e-6)

    def precision():
        return torch.autocast(device, torch.bfloat16) if args.precision == "bfloat16" else contextlib.nullcontext()

    clock = Clock(args)
    for k in range(args.warm + args.steps):
        chosen = order[k * args.batch % len(y) :][: args.batch]
        batch = standardized(x[chosen])
        flip = torch.rand(len(chosen), 1, 1, 1, device=device) < 0.5
        batch = torch.where(flip, batch.flip(3), batch)
        optimizer.zero_grad(set_to_none=True)
        with precision():
            scores = net(batch)
            loss = F.cross_entropy(scores, y[chosen])
        loss.backward()
        optimizer.step()
        loss.item(), (scores.argmax(1) == y[chosen]).float().mean().item()
        if clock.step():
            break

    def evaluate():
        net.eval()
        with torch.inference_mode(), precision():
            for start in range(0, len(ty), args.batch):
                scores = net(standardized(tx[start : start + args.batch]))
                F.cross_entropy(scores, ty[start : start + args.batch]).item()

    return clock.seconds(), timed(evaluate, args), f"PyTorch {torch.__version__}"


def main():
    peers = {"keras-tf": keras_tf, "keras-jax": keras_jax, "pytorch": pytorch}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=peers)
    p.add_argument("--data", required=True, help="folder in CIFAR-10's binary layout")
    p.add_argument("--images", type=int, default=50_000, help="training images to load")
    p.add_argument("--batch", type=int, default=500)
    p.add_argument("--warm", type=int, default=3, help="steps that are not timed, at least 1")
    p.add_argument("--steps", type=int, default=10, help="steps that are timed")
    p.add_argument("--turn", type=int, default=0, help="timed steps between two pauses")
    p.add_argument("--seconds", type=float, default=0, help="of timed steps, after which no further turn begins")
    p.add_argument("--evaluate", type=int, default=2000, help="test images")
    p.add_argument("--precision", default="", choices=["", "bfloat16"], help="of convolutions and matrix multiplications")
    p.add_argument("--jit", action="store_true", help="keras-tf: jit_compile; pytorch: torch.compile")
    args = p.parse_args()
    args.train, args.test = [f"data_batch_{k}.bin" for k in range(1, 6)], ["test_batch.bin"]
    steps, evaluate, versions = peers[args.peer](args)
    tell(steps=steps, evaluate=evaluate, versions=f"{versions}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
