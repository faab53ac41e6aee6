"""Weights under which every part of a network matters: a reader that gets one wrong is seen."""

import math
import re

import torch
from torch import nn

CLASSES = 10
SCALES = re.compile(r"logit_scale|temperature|tau")


def images(count, channels, size, generator):
    """Images in [0, 1], coarse blotches and noise, each of another contrast."""
    coarse = torch.rand(count, channels, 5, 5, generator=generator)
    coarse = nn.functional.interpolate(coarse, size=size, mode="bilinear")
    fine = torch.rand(count, channels, size, size, generator=generator)
    return coarse * 0.7 + fine * 0.3


def enliven(model, size, channels=3, seed=0):
    """Redraws what initialisers leave at zero, at one or tiny, and sets BatchNorm statistics by a forward pass."""
    generator = torch.Generator().manual_seed(seed)
    done = set()
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if id(parameter) not in done and parameter.is_floating_point() and not SCALES.search(name):
                    redraw(module, name, parameter, generator)
                done.add(id(parameter))
        calibrate(model, images(8, channels, size, generator), generator)
        spread_logits(model, images(4, channels, size, generator))


def redraw(module, name, parameter, generator):
    normal = torch.randn(parameter.shape, generator=generator)
    uniform = torch.rand(parameter.shape, generator=generator)
    weighted = isinstance(module, (nn.Linear, nn.RNNBase, nn.MultiheadAttention)) or hasattr(module, "kernel_size")
    if weighted and parameter.ndim >= 2:
        fan_in = parameter[0].numel()
        parameter.copy_(normal * math.sqrt(1.3 / fan_in))
    elif "Norm" in type(module).__name__ and name in ("weight", "bias"):
        parameter.copy_(0.4 + 0.6 * uniform if name == "weight" else 0.2 * normal)
    elif weighted:
        parameter.copy_(0.1 * normal)
    elif parameter.numel() > 0 and bool((parameter == parameter.flatten()[0]).all()):
        # A scale of a residual branch (0 or 1e-5), a gain (1), a bias (0).
        value = float(parameter.flatten()[0])
        small = abs(value) < 0.1
        parameter.copy_(0.2 + 0.6 * uniform if small else value * (0.7 + 0.6 * uniform))
    elif parameter.numel() > 1 and float(parameter.std()) < 0.1:
        # Positions, tokens and tables of relative positions.
        parameter.mul_(0.3 / float(parameter.std()))


def calibrate(model, batch, generator):
    """Sets the statistics of every BatchNorm, layer after layer, from what arrives there."""

    def measure(norm, inputs):
        (x,) = inputs[:1]
        variance, mean = torch.var_mean(x.transpose(0, 1).flatten(1), 1, correction=0)
        # Without a floor, channels that hardly vary would be blown up layer after layer, and rounding with them.
        variance = variance.clamp_min(0.3 * float(variance.mean())) + 0.1 * mean**2 + 1e-6
        shift = 0.3 * torch.randn(mean.shape, generator=generator)
        norm.running_mean.copy_(mean + shift * variance.sqrt())
        norm.running_var.copy_(variance * (0.7 + 0.8 * torch.rand(mean.shape, generator=generator)))

    model.eval()
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.running_mean is not None]
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    if norms:
        model(batch)
    for hook in hooks:
        hook.remove()


def spread_logits(model, batch):
    """Scales the last layer so that the logits of images differ by about 1; refuses a dead network."""
    heads = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and m.weight.shape[0] == CLASSES]
    logits = model(batch)
    spread = float(logits.std(0).mean())
    if not math.isfinite(spread) or spread <= 1e-4 * float(logits.abs().max()):
        raise RuntimeError(f"the logits do not depend on the image (spread {spread})")
    for head in heads:
        head.weight.div_(spread)
        if head.bias is not None:
            head.bias.div_(spread)
