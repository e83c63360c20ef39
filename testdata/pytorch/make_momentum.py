"""Writes momentum.json: rates and momenta of PyTorch's OneCycleLR, and weights after steps of its SGD with them.

    python make_momentum.py        (PyTorch and NumPy: see README.md)
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "keras"))

import torch  # noqa: E402

import formulas as f  # noqa: E402

SALT, SIZE = 600, 6


def case(nesterov, weight_decay, **cycle):
    w = torch.nn.Parameter(torch.tensor(f.noise(SALT, SIZE, 1)))
    optimizer = torch.optim.SGD([w], lr=1, momentum=0.9, nesterov=nesterov, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, cycle_momentum=True, **cycle)
    rates, momenta = [], []
    for step in range(cycle["total_steps"]):
        group = optimizer.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["momentum"])
        w.grad = torch.tensor(f.noise(SALT + 1 + step, SIZE, 1))
        optimizer.step()
        if step + 1 < cycle["total_steps"]:
            schedule.step()
    return {"nesterov": nesterov, "weight_decay": weight_decay, "cycle": cycle, "rates": rates, "momenta": momenta, "weights": f.floats(w.detach().numpy())}


if __name__ == "__main__":
    f.save(os.path.join(HERE, "momentum.json"), {"made_by": "PyTorch " + torch.__version__, "salt": SALT, "size": SIZE, "cases": [
        case(False, 0.0, max_lr=0.1, total_steps=20, base_momentum=0.85, max_momentum=0.95),
        case(True, 0.01, max_lr=0.05, total_steps=30, pct_start=0.25, div_factor=10, final_div_factor=100, base_momentum=0.7, max_momentum=0.9)]})
