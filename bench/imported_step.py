"""A PGD step of one of torchvision's classifiers in PyTorch, eager, or its export. Called by bench/imported.mjs.

    python bench/imported_step.py vit_b_16.onnx 8 224 2 [export: writes the file and does not time]
"""
import json
import resource
import sys
import time
from pathlib import Path

import torch
import torchvision

file, batch, size, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
model = getattr(torchvision.models, Path(file).stem)(num_classes=1000).eval()
if len(sys.argv) > 5:
    axes = {"image": {0: "N"}, "logits": {0: "N"}}
    names = {"input_names": ["image"], "output_names": ["logits"]}
    torch.onnx.export(
        model, torch.rand(1, 3, size, size), file, opset_version=17, dynamo=False, dynamic_axes=axes, **names
    )
    sys.exit()


def step_ms(layout):
    own = model.to(memory_format=layout)
    clean = torch.rand(batch, 3, size, size).to(memory_format=layout)
    labels = torch.randint(0, 1000, (batch,))
    x = clean.clone()
    times = []
    for _ in range(7):
        started = time.perf_counter()
        x.requires_grad_(True)
        loss = torch.nn.functional.cross_entropy(own(x), labels)
        gradient = torch.autograd.grad(loss, x)[0]
        x = x.detach() + 2 / 255 * gradient.sign()
        x = torch.clamp(clean + torch.clamp(x - clean, -8 / 255, 8 / 255), 0, 1)
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times[2:])[2]


ms, channels_last = step_ms(torch.contiguous_format), step_ms(torch.channels_last)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
parts = {"channels_last": channels_last}
print(json.dumps({"ms": ms, "peakMiB": peak, "parts": parts, "versions": f"torch {torch.__version__}"}))
