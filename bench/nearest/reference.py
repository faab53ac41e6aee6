"""Attacks for the nearest image of adversarial-library, Foolbox and torchattacks, for bench/nearest/compare.mjs.

   python bench/nearest/reference.py model.onnx images.npz out.json linf fmn 1000

Needs torch, onnx, onnx2torch, adv-lib, foolbox and torchattacks. The model's input is [N, C, H, W] in [0, 1]. Only images that the
model is right on are attacked; a gradient is counted where it reaches the images."""

import json
import sys
import time

import foolbox
import numpy as np
import onnx
import torch
import torchattacks
from adv_lib.attacks import carlini_wagner_l2, df
from adv_lib.attacks import fmn as adv_fmn
from onnx2torch import convert

path, data, out, norm, name, steps = sys.argv[1:7]
steps = int(steps)
order = {"linf": float("inf"), "l2": 2}[norm]
torch.set_num_threads(2)
network = convert(onnx.load(path)).eval()
for parameter in network.parameters():
    parameter.requires_grad_(False)
spent = asked = 0


class Counted(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        global asked
        asked += len(x)
        return x.view_as(x)

    @staticmethod
    def backward(_, gradient):
        global spent
        spent += len(gradient)
        return gradient


class Model(torch.nn.Module):
    def forward(self, x):
        return network(Counted.apply(x))


model = Model().eval()
arrays = np.load(data)
images, labels = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"].astype(np.int64))
with torch.no_grad():
    right = (network(images).argmax(1) == labels).nonzero().squeeze(1)
x, y = images[right], labels[right]


def by_foolbox(attack, **more):
    def run():
        _, found, _ = attack(foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu"), x, y, epsilons=None, **more)
        return found

    return run


def starts():
    """Of gray, black and white the first that is adversarial: Foolbox's own noise is not for every image."""
    found = x.clone()
    with torch.no_grad():
        for level in [1.0, 0.0, 0.5]:
            flat = torch.full_like(x, level)
            other = network(flat).argmax(1) != y
            found[other] = flat[other]
    return found


fb = foolbox.attacks
fb_fmn, fb_df = {"linf": (fb.LInfFMNAttack, fb.LinfDeepFoolAttack), "l2": (fb.L2FMNAttack, fb.L2DeepFoolAttack)}[norm]
PEERS = {
    "fmn": {
        "adversarial-library": lambda: adv_fmn(model, x, y, order, steps=steps),
        "Foolbox": by_foolbox(fb_fmn(steps=steps)),
    },
    "deepfool": {
        "adversarial-library": lambda: df(model, x, y, norm=order, steps=steps),
        "Foolbox": by_foolbox(fb_df(steps=steps)),
        **({"torchattacks": lambda: torchattacks.DeepFool(model, steps=steps)(x, y)} if norm == "l2" else {}),
    },
    # So many iterations ask for about so many answers: 100 √t each, and a search for the boundary.
    "hop-skip-jump": {
        "Foolbox": by_foolbox(
            fb.HopSkipJumpAttack(steps=round((steps / 70) ** (2 / 3)), constraint=norm), starting_points=starts()
        ),
    },
    "cw": {
        "adversarial-library": lambda: carlini_wagner_l2(model, x, y, max_iterations=steps),
        "Foolbox": by_foolbox(fb.L2CarliniWagnerAttack(steps=steps)),
        "torchattacks, c = 1": lambda: torchattacks.CW(model, steps=steps)(x, y),
    },
}
rows = []
for who, run in PEERS[name].items():
    spent, asked, started = 0, 0, time.time()
    found = run().detach()
    seconds = time.time() - started
    with torch.no_grad():
        broken = network(found).argmax(1) != y
    far = (found - x).flatten(1).norm(order, dim=1)
    distances = {int(i): float(d) for i, d, b in zip(right, far, broken) if b}
    rows.append({"who": who, "distances": distances, "gradients": spent, "answers": asked, "seconds": seconds})
    json.dump(rows, open(out, "w"))
