"""How far Keras 2.1.6 on TensorFlow 1.8 strays from its own formulas, run by run.

Trains the small network from the same weights on the same batch by
train_on_batch, five times, and compares the weights after 20 steps with those
of the same formulas when every read comes before every assignment.
"""
import numpy as np

import formulas as f
import networks
from keras21 import Graph, Stepper, standardized

NET, SALT = networks.SMALL, 1000
X = standardized(f.pixels(SALT, 5, *NET["input_shape"]))
Y = f.one_hot(f.labels(SALT + 50, 5, 10), 10)


def weights(model):
    return np.concatenate([a.reshape(-1) for a in model.get_weights()])


def plain(optimizer):
    model = Graph(NET, SALT + 100, optimizer).model
    for _ in range(20):
        model.train_on_batch(X, Y)
    return weights(model)


def ordered(optimizer):
    model = Graph(NET, SALT + 100, optimizer).model
    stepper = Stepper(model.optimizer, model.total_loss, model.trainable_weights)
    for _ in range(20):
        stepper.step([model.inputs[0], model.targets[0], model.sample_weights[0]], [X, Y, np.ones(5, np.float32)])
    return weights(model)


if __name__ == "__main__":
    for optimizer in ("sgd", "adam"):
        runs, want = np.stack([plain(optimizer) for _ in range(5)]), ordered(optimizer)
        print("%-5s weights after 20 steps: up to %.1e from the formulas, up to %.1e from run to run" % (
            optimizer, np.abs(runs - want).max(), np.ptp(runs, axis=0).max()))
