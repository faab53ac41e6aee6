"""Exports the classifiers of zoo.py and writes what PyTorch says of them in float64.

    python bench/corpus/export.py OUT [--ways legacy-17,dynamo-20] [--only substring]

Without --ways, a model is exported as its habit says: `--only habits.` makes the habits alone. A way is an exporter
(legacy, dynamo, script), an opset and, of a habit, words: fixed (the batch), open (every axis, as optimum exports), half, double, bytes.

OUT/<name>/reference.json, reference.bin (float64: images, logits, gradient of Σ cross-entropy to `labels`),
for every third model weights.bin (float32: the same gradient by the parameters), and <way>.onnx, or
<way>.failed where the exporter gave up. What is there already is left alone.
Needs torch, torchvision, timm, transformers, onnx, onnxscript. check.mjs reads what this writes.
"""

import argparse
import copy
import json
import logging
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
import torch

from lively import enliven, images
from zoo import Read, build, names, ways as usual_ways

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
BATCH, IMAGES, SECONDS = 2, 4, 400
WEIGHTS_AT_MOST = 2e7


def differentiated(model, pixels, labels, by_weights=False):
    """Logits and gradient, and the gradients by the parameters."""
    pixels = pixels.detach().requires_grad_()
    logits = model(pixels)
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad} if by_weights else {}
    found = torch.autograd.grad(loss, [pixels, *parameters.values()], allow_unused=True)
    return logits.detach(), found[0], dict(zip(parameters, found[1:]))


def error(found, true):
    """Greatest difference over greatest value."""
    greatest = float(true.abs().max())
    return float((found.double() - true).abs().max()) / (greatest or 1.0)


def errors(found, true):
    """Of each image, against the greatest value of all."""
    return ((found.double() - true).abs().flatten(1).amax(1) / true.abs().max()).tolist()


def reference(model, pixels, labels, folder, by_weights=False, habit=None):
    torch.set_default_dtype(torch.float64)
    logits, gradient, weights = differentiated(copy.deepcopy(model).double(), pixels.double(), labels, by_weights)
    torch.set_default_dtype(torch.float32)
    logits32, gradient32, weights32 = differentiated(model, pixels, labels, by_weights)
    # None: not used, or by what the model cached earlier.
    weights = {n: g for n, g in weights.items() if g is not None and weights32[n] is not None}
    # By which a reader knows a weight that the exporter changed and did not rename, as it does where it folds BatchNorm in.
    sizes = {n: float(p.detach().double().abs().sum()) for n, p in model.named_parameters()}
    about = dict(
        images=list(pixels.shape), logits=list(logits.shape), labels=labels.tolist(),
        parameters=sum(p.numel() for p in model.parameters()),
        # Options of reading it, and whether only the differences between its logits are known, as of probabilities.
        reads=habit.reads if habit else {}, relative=habit is not None and habit.logits is not None,
        torch=dict(logits=errors(logits32, logits), gradient=errors(gradient32, gradient)),
        # How much the logits differ between the images, against their greatest value.
        spread=float(logits.std(0).max() / logits.abs().max()),
        weights={n: dict(shape=list(g.shape), torch=error(weights32[n], g), size=sizes[n]) for n, g in weights.items()},
    )
    parts = [t.double().numpy().ravel() for t in (pixels, logits, gradient)]
    np.concatenate(parts).astype("<f8").tofile(folder / "reference.bin")
    if by_weights:
        flat = [g.numpy().ravel() for g in weights.values()]
        np.concatenate(flat).astype("<f4").tofile(folder / "weights.bin")
    (folder / "reference.json").write_text(json.dumps(about, indent=1))


def export(model, pixels, way, path, outputs=("output",)):
    exporter, opset, *words = way.split("-")
    for word, dtype in {"half": torch.half, "double": torch.double}.items():
        if word in words:
            model, pixels = model.to(dtype), pixels.to(dtype)
    if "bytes" in words:
        pixels = pixels.round().to(torch.uint8)
    axes = [] if "fixed" in words else [0, 1, 2, 3] if "open" in words else [0]
    named = dict(input_names=["input"], output_names=list(outputs), opset_version=int(opset))
    if exporter == "dynamo":
        dims = {axis: torch.export.Dim("batch") if axis == 0 else torch.export.Dim.AUTO for axis in axes}
        shapes = dict(dynamic_shapes=(dims,)) if dims else {}
        torch.onnx.export(model, (pixels,), path, dynamo=True, external_data=False, verbose=False, **named, **shapes)
    else:
        model = torch.jit.script(model) if exporter == "script" else model
        dims = dict(dynamic_axes={"input": axes, **{output: axes[:1] for output in outputs}}) if axes else {}
        torch.onnx.export(model, (pixels,), path, dynamo=False, **named, **dims)


def unfused(model):
    """timm's attention written out, for exporters that do not know the fused one."""
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return model


def work(index, name, ways, folder):
    logging.disable(logging.WARNING)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model, habit = build(name)
    own = name.startswith("habits.")
    whole = Read(model, habit) if own else model
    whole.eval()
    enliven(whole, habit.size, habit.channels)
    pixels = images(IMAGES, habit.channels, habit.size, generator)
    # As a picture has them: what takes bytes takes them exactly.
    pixels = (pixels * 255).round() / 255 if own else pixels
    fed = pixels[0] if habit.single else pixels[:BATCH] if habit.takes is None else habit.takes(pixels[:BATCH])
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "reference.json").exists():
        small = sum(p.numel() for p in model.parameters()) <= WEIGHTS_AT_MOST
        labels = torch.arange(IMAGES) * 3 % whole(pixels).shape[1]
        reference(whole, pixels, labels, folder, by_weights=small and index % 3 == 0 and not own, habit=habit)
    for way in ways:
        path = folder / f"{way}.onnx"
        if path.exists() or path.with_suffix(".failed").exists():
            continue
        for attempt in (copy.deepcopy(model), unfused(copy.deepcopy(model))):
            try:
                export(attempt, fed, way, str(folder / "partial.onnx"), habit.outputs)
                os.replace(folder / "partial.onnx", path)
                break
            except Exception as failure:
                reason = f"{type(failure).__name__}: {failure}"
        else:
            path.with_suffix(".failed").write_text(reason)


def in_child(index, name, ways, folder):
    """Forks, so that a crash costs one model and the imports are paid once."""
    child = os.fork()
    if child == 0:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(devnull, 2)
        try:
            work(index, name, ways, folder)
            os._exit(0)
        except BaseException:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "not-built").write_text(traceback.format_exc())
            os._exit(1)
    until = time.time() + SECONDS
    while time.time() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "done" if status == 0 else f"status {status}"
        time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for way in ways:
        if not (folder / f"{way}.onnx").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{way}.failed").write_text(f"took more than {SECONDS} s")
            break
    return "too long"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--ways")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    import timm, torchvision, transformers  # noqa: F401, E401  imported once, before forking

    for index, name in enumerate(names()):
        folder = arguments.out / name
        ways = arguments.ways.split(",") if arguments.ways else usual_ways(name)
        there = [(folder / f"{way}.onnx").exists() or (folder / f"{way}.failed").exists() for way in ways]
        there.append((folder / "reference.json").exists())
        if arguments.only not in name or all(there) or (folder / "not-built").exists():
            continue
        started = time.time()
        result = in_child(index, name, ways, folder)
        print(f"{name}: {result}, {time.time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
