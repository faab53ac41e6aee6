"""Layers off the beaten track: experts, computed filters, spiking neurons, splines, capsules, resampling."""

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import DeformConv2d

from lively import CLASSES

from .parts import Habit, Pooled, conv, log


class Experts(Pooled):
    """The two best of six experts for each image, their weights gathered."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(32, 6)
        self.wide, self.narrow = nn.Parameter(torch.randn(6, 32, 48) * 0.2), nn.Parameter(torch.randn(6, 48, 32) * 0.2)

    def chosen(self, features):
        share, which = self.gate(features).softmax(1).topk(2, 1)
        return share / share.sum(1, keepdim=True), which

    def mixed(self, features):
        share, which = self.chosen(features)
        hidden = F.gelu(torch.einsum("nd,nkdh->nkh", features, self.wide[which]))
        return (torch.einsum("nkh,nkhd->nkd", hidden, self.narrow[which]) * share[..., None]).sum(1)

    def forward(self, images):
        features = self.features(images)
        return self.last(features + self.mixed(features))


class MaskedExperts(Experts):
    """Every expert for every image, those not chosen masked."""

    def mixed(self, features):
        share, which = self.chosen(features)
        masks = [((which == expert).to(features.dtype) * share).sum(1, keepdim=True) for expert in range(6)]
        return sum(mask * (F.silu(features @ w) @ n) for mask, w, n in zip(masks, self.wide, self.narrow))


class ComputedFilter(nn.Module):
    """A convolution whose weights are computed from the image, the batch as groups."""

    def __init__(self):
        super().__init__()
        self.first = conv(3, 16, 2)
        self.filter = nn.Linear(16, 8 * 16 * 9)
        self.last = nn.Linear(8, CLASSES)

    def forward(self, images):
        features = self.first(images)
        n, c, h, w = features.shape
        filters = self.filter(features.mean((2, 3))).view(n * 8, c, 3, 3) * 0.3
        maps = F.conv2d(features.reshape(1, n * c, h, w), filters, padding=1, groups=n).view(n, 8, h, w)
        return self.last(F.relu(maps).mean((2, 3)))


class ConditionalFilter(nn.Module):
    """A mixture of four filters for each image, by unfold and a product."""

    def __init__(self):
        super().__init__()
        self.first = conv(3, 16, 2)
        self.routing = nn.Linear(16, 4)
        self.filters = nn.Parameter(torch.randn(4, 24, 16, 3, 3) * 0.2)
        self.last = nn.Linear(24, CLASSES)

    def forward(self, images):
        features = self.first(images)
        routing = self.routing(features.mean((2, 3))).sigmoid()
        filters = torch.einsum("nk,kocij->nocij", routing, self.filters).flatten(2)
        return self.last(F.relu(filters @ F.unfold(features, 3, padding=1)).mean(2))


class Spiking(nn.Module):
    """Membranes that leak and fire over four steps, hard or by a sigmoid."""

    def __init__(self, hard):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1)
        self.last = nn.Linear(48, CLASSES)
        self.hard = hard

    def forward(self, images):
        current, total = self.first(images), 0
        inner = outer = 0
        for _ in range(4):
            inner = 0.9 * inner + current
            fired = (inner > 0.5).to(images.dtype) if self.hard else torch.sigmoid(4 * (inner - 1))
            inner = inner - 0.5 * fired
            outer = 0.9 * outer + self.second(fired)
            total = total + torch.cat([(fired + 0.05 * inner).mean((2, 3)), F.relu(outer).mean((2, 3))], 1)
        return self.last(total / 4)


class Splines(nn.Module):
    """A layer of a Kolmogorov-Arnold network: a B-spline on every edge."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.register_buffer("grid", torch.linspace(-1.5, 1.5, 12).expand(inputs, 12).contiguous())
        self.weights = nn.Parameter(torch.randn(outputs, inputs, 8) * 0.3)
        self.base = nn.Parameter(torch.randn(outputs, inputs) * 0.2)

    def forward(self, x):
        x, grid = x[..., None], self.grid
        basis = ((x >= grid[:, :-1]) & (x < grid[:, 1:])).to(x.dtype)
        for k in range(1, 4):
            rising = (x - grid[:, : -(k + 1)]) / (grid[:, k:-1] - grid[:, : -(k + 1)])
            falling = (grid[:, k + 1 :] - x) / (grid[:, k + 1 :] - grid[:, 1:-k])
            basis = rising * basis[..., :-1] + falling * basis[..., 1:]
        return F.linear(F.silu(x[..., 0]), self.base) + F.linear(basis.flatten(1), self.weights.flatten(1))


class SplineNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Splines(48, 24), Splines(24, CLASSES)

    def forward(self, images):
        return self.second(torch.tanh(self.first(F.adaptive_avg_pool2d(images, 4).flatten(1) * 2 - 1)))


class Capsules(nn.Module):
    """Dynamic routing in three rounds (Sabour et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.first, self.primary = nn.Conv2d(3, 16, 9, 2), nn.Conv2d(16, 16, 5, 2)
        self.votes = nn.Parameter(torch.randn(1, 64, CLASSES, 8, 4) * 0.3)

    @staticmethod
    def squash(vectors):
        square = (vectors * vectors).sum(-1, keepdim=True)
        return square / (1 + square) * vectors / (square + 1e-8).sqrt()

    def forward(self, images):
        capsules = self.primary(F.relu(self.first(images))).view(-1, 4, 64).transpose(1, 2)
        votes = (self.votes @ self.squash(capsules)[:, :, None, :, None]).squeeze(-1)
        routing = torch.zeros_like(votes[..., 0])
        for _ in range(3):
            classes = self.squash((routing.softmax(2)[..., None] * votes).sum(1))
            routing = routing + (votes * classes[:, None]).sum(-1)
        return classes.norm(dim=-1) * 5


class Deformable(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = conv(3, 8, 2)
        self.offsets, self.mask = nn.Conv2d(8, 18, 3, 1, 1), nn.Conv2d(8, 9, 3, 1, 1)
        self.deformable = DeformConv2d(8, 16, 3, padding=1)
        self.last = nn.Linear(16, CLASSES)

    def forward(self, images):
        features = self.first(images)
        bent = self.deformable(features, self.offsets(features) * 0.5, self.mask(features).sigmoid())
        return self.last(F.relu(bent).mean((2, 3)))


class Transformed(Pooled):
    """Resampled under an affine map that the network computes."""

    def __init__(self):
        super().__init__()
        self.locate = nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 49, 6))

    def forward(self, images):
        still = torch.tensor([[1.0, 0, 0], [0, 1, 0]], dtype=images.dtype)
        grid = F.affine_grid((self.locate(images) * 0.2).view(-1, 2, 3) + still, list(images.shape), align_corners=False)
        return super().forward(F.grid_sample(images, grid, align_corners=False))


class CrossStage(nn.Module):
    """A classifier of YOLO: SiLU, channels split, each stage's output kept and concatenated, a softmax."""

    def __init__(self):
        super().__init__()

        def conv(inputs, outputs, size, stride=1):
            return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU())

        self.stem, self.begin, self.end = conv(3, 16, 3, 2), conv(16, 32, 1), conv(64, 32, 1)
        self.stages = nn.ModuleList([nn.Sequential(conv(16, 16, 3), conv(16, 16, 3)) for _ in range(2)])
        self.last = nn.Linear(32, CLASSES)

    def forward(self, images):
        parts = list(self.begin(self.stem(images)).chunk(2, 1))
        for stage in self.stages:
            parts.append(parts[-1] + stage(parts[-1]))
        return self.last(self.end(torch.cat(parts, 1)).mean((2, 3))).softmax(1)


LAYERS = {
    "experts": Habit(Experts),
    "experts_masked": Habit(MaskedExperts, ways=("legacy-14", "dynamo-22")),
    "computed_filter": Habit(ComputedFilter, ways=("legacy-17-fixed",)),
    "conditional_filter": Habit(ConditionalFilter),
    "spiking": Habit(lambda: Spiking(hard=False)),
    "spiking_hard": Habit(lambda: Spiking(hard=True), ways=("legacy-17", "dynamo-18")),
    "splines": Habit(SplineNetwork),
    "capsules": Habit(Capsules, ways=("legacy-12", "dynamo-20")),
    "deformable": Habit(Deformable, ways=("dynamo-20",)),
    "transformed": Habit(Transformed, ways=("legacy-20", "dynamo-20")),
    "cross_stage": Habit(CrossStage, logits=log),
}
