"""Networks that are ordinary but for how they weigh, filter, activate or summarise their maps."""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from lively import CLASSES

from .parts import Habit, Pooled, conv, trunk


class Standardised(nn.Conv2d):
    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight / (weight.std((1, 2, 3), keepdim=True) + 1e-5), self.bias, self.stride, self.padding)


def two_layers(first, second, activation, norm=nn.Identity):
    layers = [first, norm(16), activation(), second, norm(32), activation(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(32, CLASSES))


def standardised():
    first, second = Standardised(3, 16, 3, 2, 1), Standardised(16, 32, 3, 2, 1)
    return two_layers(first, second, nn.Mish, lambda channels: nn.GroupNorm(4, channels))


def normalised():
    first = parametrizations.spectral_norm(nn.Conv2d(3, 16, 3, 2, 1))
    return two_layers(first, parametrizations.weight_norm(nn.Conv2d(16, 32, 3, 2, 1)), nn.ELU)


class Filtered(nn.Module):
    """Haar wavelets and Gabor filters as constants in front."""

    def __init__(self):
        super().__init__()
        haar = torch.tensor([[[1.0, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]]) / 2
        y, x = torch.meshgrid(torch.arange(-3.0, 4), torch.arange(-3.0, 4), indexing="ij")
        envelope, angles = torch.exp(-(x * x + y * y) / 6), torch.linspace(0, 3, 8).tolist()
        gabor = [envelope * torch.cos(1.2 * (x * math.cos(a) + y * math.sin(a))) for a in angles]
        self.register_buffer("haar", haar[:, None].repeat(3, 1, 1, 1))
        self.register_buffer("gabor", torch.stack(gabor)[:, None].repeat(1, 12, 1, 1) * 0.2)
        self.conv, self.last = conv(8, 24, 2), nn.Linear(24, CLASSES)

    def forward(self, images):
        maps = F.conv2d(F.conv2d(images, self.haar, stride=2, groups=3), self.gabor, padding=3)
        return self.last(self.conv(maps.abs().add(1e-3).log()).mean((2, 3)))


class Activations(nn.Module):
    """Twelve activations side by side."""

    def __init__(self):
        super().__init__()
        self.first, self.squeeze, self.last = nn.Conv2d(3, 48, 3, 2, 1), nn.Conv2d(48, 48, 1), nn.Linear(48, CLASSES)
        self.activations = nn.ModuleList([
            nn.Hardswish(), nn.PReLU(4), nn.CELU(0.7), nn.SELU(), nn.Softshrink(0.1), nn.Hardshrink(0.05), nn.Tanhshrink(),
            nn.LogSigmoid(), nn.Hardtanh(-0.5, 0.4), nn.ReLU6(), nn.Softsign(), nn.GELU(approximate="tanh"),
        ])  # fmt: skip

    def forward(self, images):
        parts = self.first(images).chunk(12, 1)
        features = torch.cat([act(part) for act, part in zip(self.activations, parts)], 1)
        return self.last((features * F.hardsigmoid(self.squeeze(features.mean((2, 3), keepdim=True)))).mean((2, 3)))


class Contracted(nn.Module):
    """Patches by unfold, everything else by einsum."""

    def __init__(self):
        super().__init__()
        self.patch, self.mix = nn.Parameter(torch.randn(3, 8, 4, 4) * 0.3), nn.Parameter(torch.randn(8, 8, 8, 16) * 0.2)
        self.last = nn.Linear(16, CLASSES)

    def forward(self, images):
        patches = images.unfold(2, 4, 4).unfold(3, 4, 4)
        maps = torch.einsum("nchwij,cdij->ndhw", patches, self.patch).relu()
        energy = torch.einsum("bdhw,bdhw->bhw", maps, maps)
        return self.last(torch.einsum("bdhw,dhwe->be", maps, self.mix) + torch.einsum("bii->b", energy)[:, None])


class Bilinear(nn.Module):
    """Products of all pairs of channels, their signed roots."""

    def __init__(self):
        super().__init__()
        self.trunk, self.last = trunk(), nn.Linear(32 * 32, CLASSES)

    def forward(self, images):
        maps = self.trunk(images).flatten(2)
        pairs = (maps @ maps.transpose(1, 2) / maps.shape[-1]).flatten(1)
        return self.last(F.normalize(pairs.sign() * (pairs.abs() + 1e-5).sqrt()))


class Covariance(nn.Module):
    """The root of the covariance of the features, by Newton's iteration."""

    def __init__(self):
        super().__init__()
        self.first, self.last = conv(3, 16, 2), nn.Linear(136, CLASSES)

    def forward(self, images):
        maps = self.first(images).flatten(2)
        maps = maps - maps.mean(2, keepdim=True)
        covariance, one = maps @ maps.transpose(1, 2) / maps.shape[2], torch.eye(16, dtype=images.dtype)
        trace = covariance.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
        root, inverse = covariance / trace, one.expand_as(covariance)
        for _ in range(4):
            step = 0.5 * (3 * one - inverse @ root)
            root, inverse = root @ step, step @ inverse
        rows, columns = torch.triu_indices(16, 16)
        return self.last((root * trace.sqrt())[:, rows, columns])


class PowerMean(Pooled):
    """Generalised-mean pooling and a batch norm of the features."""

    def __init__(self):
        super().__init__()
        self.power, self.norm = nn.Parameter(torch.tensor([3.0])), nn.BatchNorm1d(32)

    def features(self, images):
        power = self.power
        return self.norm(self.trunk(images).clamp(min=1e-6).pow(power).mean((2, 3)).pow(1 / power))


class Maxout(nn.Module):
    """The maximum of pairs of channels, pooling that rounds up, local response normalisation."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Conv2d(3, 24, 5, 2), nn.LocalResponseNorm(5), nn.Linear(12 * 36, CLASSES)

    def forward(self, images):
        maps = self.first(images).unflatten(1, (12, 2)).max(2)[0]
        return self.last(self.norm(F.max_pool2d(maps, 3, 2, ceil_mode=True))[:, :, :6, :6].flatten(1))


class Angles(nn.Module):
    """Directions and lengths of gradients."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 16, 5, 2), nn.Linear(16, CLASSES)

    def forward(self, images):
        a, b = self.first(images).chunk(2, 1)
        maps = torch.cat([torch.atan2(a, b + 0.01), torch.sqrt(a * a + b * b + 1e-4)], 1)
        return self.last(maps.mean((2, 3)))


class Histogram(nn.Module):
    """Soft histograms, order statistics and spread of every channel."""

    def __init__(self):
        super().__init__()
        self.trunk, self.last = trunk(), nn.Linear(32 * (8 + 3 + 1), CLASSES)
        self.bins = nn.Parameter(torch.linspace(0, 2, 8))

    def forward(self, images):
        values = self.trunk(images).flatten(2)
        counts = torch.exp(-4 * (values[..., None] - self.bins) ** 2).mean(2).flatten(1)
        ordered = values.sort(-1, descending=True)[0][..., [0, 8, 32]].flatten(1)
        return self.last(torch.cat([counts, ordered, values.std(-1)], 1))


class Rotations(nn.Module):
    """Filters turned four ways and the maximum over the turns; channels shuffled, pixels moved into channels."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Parameter(torch.randn(12, 3, 5, 5) * 0.2)
        self.conv, self.last = conv(12, 24, 2), nn.Linear(24, CLASSES)

    def forward(self, images):
        turned = [F.conv2d(images, torch.rot90(self.filters, k, (2, 3)), padding=2) for k in range(4)]
        maps = F.pixel_unshuffle(F.channel_shuffle(torch.stack(turned, 1).amax(1), 3), 2)[:, ::4]
        return self.last(self.conv(maps).mean((2, 3)))


MAPS = {
    "standardised": Habit(standardised),
    "normalised": Habit(normalised, ways=("dynamo-20",)),
    "filtered": Habit(Filtered, ways=("legacy-17", "legacy-17-open")),
    "activations": Habit(Activations, ways=("legacy-12", "legacy-13", "legacy-14", "dynamo-21")),
    "contracted": Habit(Contracted),
    "bilinear": Habit(Bilinear),
    "covariance": Habit(Covariance),
    "power_mean": Habit(PowerMean),
    "maxout": Habit(Maxout, ways=("legacy-17-fixed", "dynamo-20")),
    "angles": Habit(Angles),
    "histogram": Habit(Histogram),
    "rotations": Habit(Rotations, ways=("dynamo-20",)),
}
