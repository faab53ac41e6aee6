"""The reference AutoAttack on an ONNX model and images, for bench/autoattack/compare.mjs.

   python bench/autoattack/reference.py model.onnx images.npz out.json linf 0.3 [batch]

Needs torch, onnx, onnx2torch and github.com/fra31/auto-attack on PYTHONPATH. The model's input is [N, C, H, W] in [0, 1]."""

import json
import os
import resource
import sys
import time

import numpy as np
import onnx
import torch
from autoattack import AutoAttack
from onnx2torch import convert

path, data, out, norm, epsilon = sys.argv[1:6]
batch = int(sys.argv[6]) if len(sys.argv) > 6 else 100
torch.set_num_threads(int(os.environ.get("THREADS", "2")))
model = convert(onnx.load(path)).eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
arrays = np.load(data)
x, y = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"].astype(np.int64))
adversary = AutoAttack(model, norm={"linf": "Linf", "l2": "L2", "l1": "L1"}[norm], eps=float(epsilon), device="cpu",
                       seed=int(os.environ.get("SEED", "0")))
with torch.no_grad():
    clean = torch.cat([model(part).argmax(1) for part in x.split(batch)]) == y
    classes = model(x[:1]).shape[1]
# It wants ten classes for its nine targets, and four for DLR; with two or three that attack is left out.
targets = min(9, classes - 1)
adversary.apgd_targeted.n_target_classes = adversary.fab.n_target_classes = targets
standing, report = clean.clone(), []
started = time.time()
for attack in ["apgd-ce", *(["apgd-t"] if classes >= 4 else []), "fab-t", "square"]:
    began, before = time.time(), int(standing.sum())
    if before:
        adversary.attacks_to_run = [attack]
        places = standing.nonzero().squeeze(1)
        _, said = adversary.run_standard_evaluation(x[places], y[places], bs=batch, return_labels=True)
        standing[places] = said == y[places]
    report.append({"attack": attack, "images": before, "broken": before - int(standing.sum()), "seconds": time.time() - began})
    print(report[-1], file=sys.stderr)
json.dump({"n": len(y), "clean": int(clean.sum()), "robust": int(standing.sum()), "stages": report, "standing": standing.tolist(),
           "seconds": time.time() - started, "kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}, open(out, "w"))
