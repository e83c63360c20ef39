"""20 steps of Keras 3 on JAX with frozen layers: layer.trainable = False.

Run in the environment of requirements-3.txt: see README.md. Writes frozen.json.
"""
import os

import make_layers as m  # sets Keras's backend
import formulas as f
import keras
import networks
import numpy as np

# All below the last layer, as in transfer; and some between layers that are trained, through which gradients pass.
FROZEN = {"below": ["conv_1", "bn_1", "conv_2", "bn_2", "dense_1", "bn_3"], "between": ["conv_2", "bn_2", "bn_3"]}


def case(name, salt, frozen, count=5):
    net = dict(networks.NORMALISED, name=name, frozen=frozen)
    x, truth = m.inputs(net, salt, count), f.labels(salt + 50, count, 10)
    model = m.build(net)
    for layer in model.layers:
        layer.trainable = layer.name not in frozen
    training = {}
    for optimizer in ("SGD", "Adam", "AdamW"):
        m.start(model, salt + 100)
        rate = {"SGD": 0.01}.get(optimizer, 0.001)
        model.compile(getattr(keras.optimizers, optimizer)(rate), "categorical_crossentropy")
        losses, after = [], {}
        for step in range(1, 21):
            model.reset_metrics()
            losses.append(np.float32(model.train_on_batch(x, f.one_hot(truth, 10))))
            if step in (1, 20):
                after[str(step)] = [f.floats(w) for w in model.get_weights()]
        training[optimizer] = {"rate": rate, "losses": f.floats(losses), "weights": after}
    count_of = lambda ws: sum(int(np.prod(w.shape)) for w in ws)
    return {"architecture": net, "salt": salt, "labels": truth, "names": m.weight_names(model), "training": training,
            "trainable": count_of(model.trainable_weights), "non_trainable": count_of(model.non_trainable_weights)}


if __name__ == "__main__":
    f.save(os.path.join(m.HERE, "frozen.json"),
           {"made_by": m.MADE_BY, "networks": [case(name, 7000 + 500 * i, frozen) for i, (name, frozen) in enumerate(FROZEN.items())]})
