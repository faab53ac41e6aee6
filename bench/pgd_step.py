"""torchattacks' PGD step and a training step of torchvision's ResNet, timed. Called by bench/steps.mjs.

    python bench/pgd_step.py resnet50 8 224 2
"""
import json
import resource
import sys
import time

import torch
import torchattacks
import torchvision


def median(values):
    return sorted(values)[len(values) // 2]


name, batch, size, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
model = getattr(torchvision.models, name)(num_classes=1000).eval()
images, labels = torch.rand(batch, 3, size, size), torch.randint(0, 1000, (batch,))
steps = 3
attack = torchattacks.PGD(model, eps=8 / 255, alpha=2 / 255, steps=steps, random_start=True)
attack(images, labels)
times = []
for _ in range(4):
    started = time.perf_counter()
    attack(images, labels)
    times.append((time.perf_counter() - started) / steps)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"ms": 1000 * median(times), "peakMiB": peak, "versions": f"torch {torch.__version__}"}))
