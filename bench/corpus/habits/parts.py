"""What the habits share: a small convolutional trunk, and the form of an entry."""

import dataclasses
from collections.abc import Callable

from torch import nn

from lively import CLASSES


@dataclasses.dataclass(frozen=True)
class Habit:
    """A classifier of images [N, channels, size, size] in [0, 1], and how its maker feeds, answers and exports."""

    make: Callable[[], nn.Module]
    size: int = 32
    channels: int = 3
    # Of images, what the model takes.
    takes: Callable | None = None
    # Of the model's output, the logits, or the logarithms of the probabilities.
    logits: Callable | None = None
    # The model takes one image without a batch axis.
    single: bool = False
    outputs: tuple[str, ...] = ("output",)
    ways: tuple[str, ...] = ("legacy-17", "dynamo-20")
    # Options under which holdfast reads the file.
    reads: dict = dataclasses.field(default_factory=dict)


def conv(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU())


def trunk():
    """Features [N, 32, H/4, W/4]."""
    return nn.Sequential(conv(3, 16), conv(16, 32, 2), conv(32, 32, 2))


class Pooled(nn.Module):
    """Average features of the trunk, what a subclass or `answer` makes of them, and the last layer in between."""

    def __init__(self, answer=lambda outputs: outputs, outputs=CLASSES):
        super().__init__()
        self.trunk = trunk()
        self.last = nn.Linear(32, outputs)
        self.answer = answer

    def features(self, images):
        return self.trunk(images).mean((2, 3))

    def forward(self, images):
        return self.answer(self.last(self.features(images)))


def log(probabilities):
    return probabilities.log()
