"""What a classifier may answer: probabilities of many kinds, several outputs, distances, votes."""

import torch
from torch import nn
from torch.nn import functional as F

from lively import CLASSES

from .parts import Habit, Pooled, conv, log


class Hierarchical(Pooled):
    """Superclass times class within it."""

    def __init__(self):
        super().__init__()
        self.coarse = nn.Linear(32, 2)

    def forward(self, images):
        features = self.features(images)
        coarse, fine = self.coarse(features).softmax(1), self.last(features).view(-1, 2, CLASSES // 2).softmax(2)
        return (coarse[:, :, None] * fine).flatten(1)


class Several(Pooled):
    def forward(self, images):
        features = self.features(images)
        logits = self.last(features)
        return logits, features, logits.argmax(1), logits.softmax(1).amax(1)


class Named(Pooled):
    """A dictionary, the features first."""

    def forward(self, images):
        features = self.features(images)
        return dict(features=features, logits=self.last(features))


class Ensemble(nn.Module):
    def __init__(self):
        super().__init__()
        self.members = nn.ModuleList([Pooled() for _ in range(3)])

    def forward(self, images):
        return torch.stack([member(images).softmax(1) for member in self.members]).mean(0)


class Augmented(Pooled):
    """Averages over the image, its mirror and a shifted copy."""

    def forward(self, images):
        shifted = F.pad(images, (2, 2, 2, 2), mode="reflect")[..., 1:-3, 1:-3]
        views = [images, images.flip(3), shifted]
        return sum(super(Augmented, self).forward(view).softmax(1) for view in views) / 3


class EarlyExit(nn.Module):
    """Answers by the first layers where they are sure."""

    def __init__(self):
        super().__init__()
        self.first, self.second = conv(3, 16, 2), conv(16, 32, 2)
        self.early, self.last = nn.Linear(16, CLASSES), nn.Linear(32, CLASSES)

    def forward(self, images):
        features = self.first(images)
        early = self.early(features.mean((2, 3)))
        late = self.last(self.second(features).mean((2, 3)))
        return torch.where(early.softmax(1).amax(1, keepdim=True) > 0.3, early, late)


class Prototypes(Pooled):
    def __init__(self):
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(CLASSES, 32) * 0.4)

    def forward(self, images):
        return -4 * torch.linalg.vector_norm(self.features(images)[:, None] - self.prototypes, dim=2)


class Cosine(Pooled):
    def forward(self, images):
        return 16 * F.linear(F.normalize(self.features(images)), F.normalize(self.last.weight))


class RadialBasis(Pooled):
    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(40, 32) * 0.4 + 0.5)
        self.last = nn.Linear(40, CLASSES, bias=False)

    def forward(self, images):
        return self.last(torch.exp(-torch.cdist(self.features(images), self.centres) ** 2 / 2))


class Neighbours(Pooled):
    """The nearest stored features vote, each with the softmax of its distance."""

    def __init__(self):
        super().__init__()
        self.register_buffer("stored", torch.randn(60, 32) * 0.4 + 0.5)
        self.register_buffer("labels", torch.arange(60) % CLASSES)

    def forward(self, images):
        features = self.features(images)
        nearest, places = (-((features[:, None] - self.stored) ** 2).sum(-1)).topk(15, 1)
        votes = torch.zeros(features.shape[0], CLASSES, dtype=features.dtype)
        return (votes.scatter_add(1, self.labels[places], nearest.softmax(1)) + 0.01) / (1 + 0.01 * CLASSES)


class Concatenated(Pooled):
    """fastai's head: average and maximum side by side, norms, dropout, two layers."""

    def __init__(self):
        super().__init__()
        self.last = nn.Sequential(
            nn.BatchNorm1d(64), nn.Dropout(0.25), nn.Linear(64, 48, bias=False), nn.ReLU(),
            nn.BatchNorm1d(48), nn.Dropout(0.5), nn.Linear(48, CLASSES, bias=False),
        )  # fmt: skip

    def features(self, images):
        maps = self.trunk(images)
        return torch.cat([F.adaptive_max_pool2d(maps, 1), F.adaptive_avg_pool2d(maps, 1)], 1).flatten(1)


class Squeezed(Pooled):
    """Axes squeezed one by one: of an open size, the exporter asks whether they are of one."""

    def features(self, images):
        return F.adaptive_avg_pool2d(self.trunk(images), 1).squeeze(3).squeeze(2)


def of_one(logit):
    """Two classes of the single logit of the second."""
    logit = logit.reshape(-1, 1)
    return torch.cat([torch.zeros_like(logit), logit], 1)


HEADS = {
    "softmax_temperature": Habit(lambda: Pooled(lambda y: (y / 1.7).softmax(1)), logits=log, ways=("legacy-13", "dynamo-20")),
    "sigmoid": Habit(lambda: Pooled(torch.sigmoid), logits=torch.logit, ways=("legacy-11", "dynamo-20")),
    "log_softmax": Habit(lambda: Pooled(lambda y: y.log_softmax(-1)), ways=("legacy-7", "legacy-8", "legacy-17-double", "dynamo-20")),
    "one_logit": Habit(lambda: Pooled(lambda y: y.squeeze(1), outputs=1), logits=of_one),
    "several_outputs": Habit(
        Several, logits=lambda outputs: outputs[0], outputs=("logits", "features", "class", "confidence"), reads=dict(output="logits")
    ),
    "dictionary": Habit(
        Named, logits=lambda outputs: outputs["logits"], outputs=("features", "logits"), reads=dict(output="logits")
    ),
    "hierarchical": Habit(Hierarchical, logits=log),
    "ensemble": Habit(Ensemble, logits=log),
    "augmented": Habit(Augmented, logits=log),
    "concatenated": Habit(Concatenated),
    "squeezed": Habit(Squeezed, ways=("legacy-11-open", "legacy-17-open", "dynamo-20-open")),
    "early_exit": Habit(EarlyExit),
    "prototypes": Habit(Prototypes),
    "cosine": Habit(Cosine, ways=("legacy-12", "dynamo-20")),
    "radial_basis": Habit(RadialBasis),
    "neighbours": Habit(Neighbours, logits=log, ways=("legacy-16", "dynamo-20")),
}
