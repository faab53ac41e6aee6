"""The same training steps written in PyTorch: AT+ALP and IGR on torchvision's ResNets. Called by defences.mjs.

    python bench/defence_step.py at-alp resnet18 16 64 2 6
"""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
import torchvision

recipe, name = sys.argv[1:3]
batch, size, threads, steps = map(int, sys.argv[3:7])
torch.set_num_threads(threads)
torch.manual_seed(0)
model = getattr(torchvision.models, name)(num_classes=17)
taps = []
for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
    layer.register_forward_hook(lambda module, inputs, output: taps.append(output))
optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
images, labels = torch.rand(batch, 3, size, size), torch.arange(batch) % 17
EPSILON, ALPHA = 8 / 255, 2 / 255


def perturbed():
    model.eval()
    x = (images + torch.empty_like(images).uniform_(-EPSILON, EPSILON)).clamp(0, 1)
    for _ in range(10):
        x.requires_grad_()
        taps.clear()
        loss = F.cross_entropy(model(x), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
        moved = x.detach() + ALPHA * gradient.sign()
        x = torch.min(torch.max(moved, images - EPSILON), images + EPSILON).clamp(0, 1)
    return x


def at_alp():
    begun = time.perf_counter()
    adversarial = perturbed()
    attacks.append(time.perf_counter() - begun)
    model.train()
    taps.clear()
    logits = model(torch.cat([images, adversarial]))
    clean, attacked = logits.chunk(2)
    loss = 0.5 * F.cross_entropy(clean, labels) + 0.5 * F.cross_entropy(attacked, labels)
    loss = loss + 0.1 * (clean - attacked).pow(2).sum(1).mean()
    for tap in taps:
        q, r = F.normalize(tap.pow(2).sum(1).flatten(1), dim=1).chunk(2)
        loss = loss + 0.5 * ((q - r).pow(2).sum(1) + 1e-12).sqrt().mean()
    return loss


def igr():
    model.train()
    x = images.clone().requires_grad_()
    entropy = F.cross_entropy(model(x), labels, reduction="none")
    (gradient,) = torch.autograd.grad(entropy.sum(), x, create_graph=True)
    return (entropy + gradient.pow(2).sum((1, 2, 3))).mean()


loss_of = {"at-alp": at_alp, "igr": igr}[recipe]
times, attacks = [], []
for step in range(steps + 1):
    started = time.perf_counter()
    loss = loss_of()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if step > 0:
        times.append(time.perf_counter() - started)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
median = lambda values: 1000 * sorted(values)[len(values) // 2] if values else 0
parts = {"attack": median(attacks[1:])}
print(json.dumps({"ms": median(times), "parts": parts, "peakMiB": peak, "versions": f"torch {torch.__version__}"}))
