"""A case done with a Python library, as a contestant; or its weights and images.

    python bench/suite/peer.py prepare '{"task": "pgd-step", "model": "resnet50", "size": 224, "batch": 8, "folder": …}'
    python bench/suite/peer.py channels_last '{…, "threads": 2}'

torch: eager, channels_last and compile; torchattacks, foolbox and art (PGD steps only).
"""
import json
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

peer, case = sys.argv[1], json.loads(sys.argv[2])
task, name, size, batch = (case[key] for key in ("task", "model", "size", "batch"))
folder = Path(case["folder"])
CLASSES = 17
STEPS, EPSILON, ALPHA = 4, 8 / 255, 2 / 255


def build():
    import torchvision

    if hasattr(torchvision.models, name):
        model = getattr(torchvision.models, name)(num_classes=CLASSES)
    else:
        import timm

        model = timm.create_model(name, num_classes=CLASSES)
    # Nothing is dropped at random, so that losses can be compared.
    for module in model.modules():
        if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
        if hasattr(module, "drop_prob"):
            module.drop_prob = 0.0
    return model


def prepare():
    """Random weights and images, in forms that every contestant reads."""
    torch.manual_seed(0)
    model = build().eval()
    torch.rand(batch, 3, size, size).numpy().tofile(folder / "images.f32")
    torch.save(model.state_dict(), folder / "weights.pt")
    if re.fullmatch(r"resnet\d+", name):
        import safetensors.torch

        safetensors.torch.save_file(model.state_dict(), folder / "weights.safetensors")
        # @jax-js/onnx knows no GlobalAveragePool.
        model.avgpool.forward = lambda x: x.mean((2, 3), keepdim=True)
    axes = {"image": {0: "N"}, "logits": {0: "N"}}
    options = {"input_names": ["image"], "output_names": ["logits"], "dynamic_axes": axes}
    if task not in ("forward", "pgd-step"):
        # Norms stay apart from the convolutions, and are trained.
        options |= {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    torch.onnx.export(
        model, torch.rand(1, 3, size, size), folder / "model.onnx", opset_version=17, dynamo=False, **options
    )


if peer == "prepare":
    prepare()
    sys.exit()

torch.set_num_threads(case["threads"])
layout = torch.channels_last if peer == "channels_last" else torch.contiguous_format
model = build().to(memory_format=layout)
model.load_state_dict(torch.load(folder / "weights.pt"))
images = torch.from_numpy(np.fromfile(folder / "images.f32", dtype=np.float32)).reshape(batch, 3, size, size)
images = images.to(memory_format=layout)
labels = torch.arange(batch) % CLASSES
answer = torch.compile(model) if peer == "compile" else model
versions = f"torch {torch.__version__}"


def pgd(x, steps):
    clean = x
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(answer(x), labels, reduction="sum"), x)
        x = clean + torch.clamp(x.detach() + ALPHA * gradient.sign() - clean, -EPSILON, EPSILON)
        x = torch.clamp(x, 0, 1)
    return x


def attack(steps):
    """The adversarial images after so many steps from the images themselves."""
    if peer == "torchattacks":
        import torchattacks

        return torchattacks.PGD(model, eps=EPSILON, alpha=ALPHA, steps=steps, random_start=False)(images, labels)
    if peer == "foolbox":
        import foolbox

        run = foolbox.attacks.LinfPGD(abs_stepsize=ALPHA, steps=steps, random_start=False)
        return run(foolbox.PyTorchModel(model, bounds=(0, 1)), images, labels, epsilons=EPSILON)[1]
    if peer == "art":
        from art.attacks.evasion import ProjectedGradientDescent
        from art.estimators.classification import PyTorchClassifier

        classifier = PyTorchClassifier(
            model, loss=torch.nn.CrossEntropyLoss(), input_shape=(3, size, size), nb_classes=CLASSES, clip_values=(0, 1), device_type="cpu"
        )
        run = ProjectedGradientDescent(
            classifier, eps=EPSILON, eps_step=ALPHA, max_iter=steps, num_random_init=0, batch_size=batch, verbose=False
        )
        return torch.from_numpy(run.generate(images.numpy(), labels.numpy()))
    return pgd(images, steps)


# The taps of attention pairing: the four groups of a ResNet.
taps = []
if task == "at-alp":
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        layer.register_forward_hook(lambda module, inputs, output: taps.append(output))


def at_alp():
    model.eval()
    adversarial = pgd(images, 10)
    model.train()
    taps.clear()
    clean, attacked = answer(torch.cat([images, adversarial])).chunk(2)
    loss = 0.5 * F.cross_entropy(clean, labels) + 0.5 * F.cross_entropy(attacked, labels)
    loss = loss + PAIRING["logits"] * (clean - attacked).pow(2).sum(1).mean()
    for tap in taps:
        q, r = F.normalize(tap.pow(2).sum(1).flatten(1), dim=1).chunk(2)
        loss = loss + PAIRING["attention"] * ((q - r).pow(2).sum(1) + 1e-12).sqrt().mean()
    taps.clear()
    return loss


def igr():
    model.train()
    x = images.clone().requires_grad_()
    entropy = F.cross_entropy(answer(x), labels, reduction="none")
    (gradient,) = torch.autograd.grad(entropy.sum(), x, create_graph=True)
    return (entropy + PAIRING["gradient"] * gradient.pow(2).sum((1, 2, 3))).mean()


def plain():
    model.train()
    return F.cross_entropy(answer(images), labels)


# Weights of the losses, as holdfast's recipes have them.
PAIRING = case.get("weights", {})
if task in ("at-alp", "igr", "train-step"):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    loss_of = {"at-alp": at_alp, "igr": igr, "train-step": plain}[task]

    def repeat():
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    def turn():
        started = time.perf_counter()
        repeat()
        return time.perf_counter() - started

    check = [repeat() for _ in range(3)]
elif task == "forward":
    model.eval()

    def repeat():
        with torch.no_grad():
            return answer(images)

    def turn():
        started = time.perf_counter()
        repeat()
        return time.perf_counter() - started

    check = repeat()[0].tolist()
    repeat()
else:
    model.eval()

    def timed(steps):
        started = time.perf_counter()
        attack(steps)
        return time.perf_counter() - started

    def turn():
        """What more steps cost: whatever is done once, such as scoring, drops out."""
        one = timed(1)
        return (timed(STEPS + 1) - one) / STEPS

    found = attack(STEPS)
    with torch.no_grad():
        check = F.cross_entropy(model(found), labels, reduction="none")[:8].tolist()
    attack(1)


def say(**line):
    print(json.dumps(line), flush=True)


say(check=check, versions=versions)
for word in sys.stdin:
    if word.strip() == "end":
        say(peakMiB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        break
    say(ms=1000 * turn())
