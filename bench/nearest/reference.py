"""Attacks for the nearest image of adversarial-library, Foolbox, torchattacks and ART, for bench/nearest/compare.mjs.

   python bench/nearest/reference.py model.onnx images.npz out.json linf fmn 1000 [epsilon]

Needs torch, onnx, onnx2torch, adv-lib, foolbox, torchattacks and adversarial-robustness-toolbox. The model's input is [N, C, H, W] in
[0, 1], or that normalised by MEAN and STD. Only images that the model is right on are attacked; a gradient is counted where it reaches
the images."""

import json
import os
import sys
import time

import foolbox
import numpy as np
import onnx
import onnx.version_converter
import torch
import torchattacks
from adv_lib.attacks import carlini_wagner_l2, df
from adv_lib.attacks import fmn as adv_fmn
from art.attacks.evasion import CarliniL2Method, DeepFool, HopSkipJump, SquareAttack
from art.estimators.classification import PyTorchClassifier
from onnx2torch import convert

path, data, out, norm, name, steps = sys.argv[1:7]
steps, epsilon = int(steps), float(sys.argv[7]) if len(sys.argv) > 7 else None
order = {"linf": float("inf"), "l2": 2}[norm]
torch.set_num_threads(int(os.environ.get("THREADS", "2")))


def readable(model):
    """In the operator set 17, and without the allowzero that PyTorch's exporter gives every Reshape: onnx2torch reads no newer ones."""
    if model.opset_import[0].version > 17:
        model = onnx.version_converter.convert_version(model, 17)
    for node in model.graph.node:
        if node.op_type == "Reshape":
            del node.attribute[:]
    return model


converted = convert(readable(onnx.load(path))).eval()
for parameter in converted.parameters():
    parameter.requires_grad_(False)
mean, std = (
    torch.tensor([float(each) for each in os.environ.get(key, default).split(",")])[:, None, None]
    for key, default in [("MEAN", "0"), ("STD", "1")]
)
spent = asked = 0


def network(x):
    return converted((x - mean) / std)


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
        # With NumPy 2, ART makes doubles of its images.
        return network(Counted.apply(x.float()))


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


def by_art(attack, **more):
    """`attack` makes one of ART's from a classifier."""

    def run():
        with torch.no_grad():
            classes = network(x[:1]).shape[1]
        wrapped = PyTorchClassifier(
            model, torch.nn.CrossEntropyLoss(), tuple(x.shape[1:]), classes, clip_values=(0, 1), device_type="cpu"
        )
        return torch.from_numpy(attack(wrapped).generate(x.numpy(), y.numpy(), **more))

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
quiet = {"batch_size": max(1, len(x)), "verbose": False}


def hops_for(answers):
    """Iterations of HopSkipJump whose answers come nearest to these: 100 √t each, and some 24 for a step and the boundary."""
    hops, asked = 0, 24
    while asked + 50 * (hops + 1) ** 0.5 + 12 < answers:
        hops += 1
        asked += 100 * hops**0.5 + 24
    return hops


hops = hops_for(steps)
fb_fmn, fb_df = {"linf": (fb.LInfFMNAttack, fb.LinfDeepFoolAttack), "l2": (fb.L2FMNAttack, fb.L2DeepFoolAttack)}[norm]
PEERS = {
    "fmn": {
        "adversarial-library": lambda: adv_fmn(model, x, y, order, steps=steps),
        "Foolbox": by_foolbox(fb_fmn(steps=steps)),
    },
    "deepfool": {
        "adversarial-library": lambda: df(model, x, y, norm=order, steps=steps),
        "Foolbox": by_foolbox(fb_df(steps=steps)),
        **(
            {
                "torchattacks": lambda: torchattacks.DeepFool(model, steps=steps)(x, y),
                "ART": by_art(lambda each: DeepFool(each, max_iter=steps, **quiet)),
            }
            if norm == "l2"
            else {}
        ),
    },
    "hop-skip-jump": {
        "Foolbox": by_foolbox(fb.HopSkipJumpAttack(steps=hops, constraint=norm), starting_points=starts()),
        "ART": by_art(
            lambda each: HopSkipJump(each, norm=order, max_iter=hops, **quiet), x_adv_init=starts().numpy()
        ),
    },
    "square": {
        # The published schedule is for 10,000 queries, and stays that for fewer. ART's is stretched over its queries.
        "torchattacks": lambda: torchattacks.Square(
            model, norm={"linf": "Linf", "l2": "L2"}[norm], eps=epsilon, n_queries=steps, resc_schedule=False
        )(x, y),
        "ART": by_art(lambda each: SquareAttack(each, norm=order, eps=epsilon, max_iter=steps, **quiet)),
    },
    "cw": {
        "adversarial-library": lambda: carlini_wagner_l2(model, x, y, max_iterations=steps),
        "Foolbox": by_foolbox(fb.L2CarliniWagnerAttack(steps=steps)),
        "torchattacks, c = 1": lambda: torchattacks.CW(model, steps=steps)(x, y),
        # Each of its steps searches for a length as well, so it takes a tenth of them: its default is 10.
        "ART": by_art(lambda each: CarliniL2Method(each, max_iter=max(10, steps // 10), binary_search_steps=9, **quiet)),
    },
}
rows = []
chosen = os.environ.get("PEERS")
for who, run in PEERS[name].items():
    if chosen is not None and who not in chosen.split(","):
        continue
    spent, asked, started = 0, 0, time.time()
    found = run().detach()
    seconds = time.time() - started
    with torch.no_grad():
        broken = network(found).argmax(1) != y
    far = (found - x).flatten(1).norm(order, dim=1)
    if epsilon is not None:
        broken &= far <= epsilon + 1e-6 * (1 + epsilon)
    distances = {int(i): float(d) for i, d, b in zip(right, far, broken) if b}
    rows.append({"who": who, "distances": distances, "gradients": spent, "answers": asked, "seconds": seconds})
    json.dump(rows, open(out, "w"))
