"""What a classifier may take: pixels in other ranges, orders and shapes, preprocessing of its own."""

import torch
from torch import nn
from torch.nn import functional as F

from lively import CLASSES

from .parts import Habit, Pooled, conv, trunk


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(784, 64), nn.Linear(64, CLASSES)

    def forward(self, pixels):
        return self.last(torch.relu(self.first(pixels)))


class Single(nn.Module):
    """Of one image [3, H, W], its logits [10]."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, 2), nn.Linear(8, CLASSES)

    def forward(self, image):
        return self.last(torch.relu(self.first(image)).mean((-2, -1)))


class ChannelsLast(Pooled):
    """Of pixels [N, H, W, 3] in 0 … 255, a mean and a scale inside, and a size of its own."""

    def __init__(self, size=None):
        super().__init__()
        self.register_buffer("mean", torch.tensor([123.7, 116.3, 103.5]))
        self.register_buffer("scale", torch.tensor([58.4, 57.1, 57.4]))
        self.size = size

    def forward(self, pixels):
        images = ((pixels.float() if pixels.dtype == torch.uint8 else pixels) - self.mean) / self.scale
        images = images.permute(0, 3, 1, 2)
        if self.size is not None:
            images = F.interpolate(images, size=(self.size, self.size), mode="bilinear", antialias=False)
        return super().forward(images)


class Cropped(Pooled):
    """Resized with antialiasing, cropped, and the colours turned around."""

    def forward(self, images):
        large = F.interpolate(images, size=(40, 40), mode="bicubic", antialias=True)[:, :, 4:36, 4:36]
        return super().forward(large[:, [2, 1, 0]] * 2 - 1)


class AnySize(nn.Module):
    """Features upsampled to the image's size, whatever it is."""

    def __init__(self):
        super().__init__()
        self.trunk, self.up, self.last = trunk(), conv(32, 16), nn.Linear(32 + 16 + 32 * 4, CLASSES)

    def forward(self, images):
        maps = self.trunk(images)
        up = self.up(F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False))
        return self.last(torch.cat([maps.amax((2, 3)), up.mean((2, 3)), F.avg_pool2d(maps, 4).flatten(1)], 1))


class Pyramid(nn.Module):
    """Spatial pyramid pooling of maps of any size."""

    def __init__(self):
        super().__init__()
        self.trunk, self.last = trunk(), nn.Linear(32 * 5, CLASSES)

    def forward(self, images):
        maps = self.trunk(images)
        return self.last(torch.cat([F.adaptive_max_pool2d(maps, side).flatten(1) for side in (1, 2)], 1))


def channels_last(images):
    return images.permute(0, 2, 3, 1) * 255


BYTES = dict(layout="NHWC", range=255)
INPUTS = {
    "flat": Habit(Flat, size=28, channels=1, takes=lambda images: images.flatten(1)),
    "single": Habit(Single, single=True, ways=("legacy-17-fixed", "dynamo-20-fixed")),
    "channels_last": Habit(ChannelsLast, takes=channels_last, reads=BYTES),
    "bytes": Habit(lambda: ChannelsLast(24), takes=channels_last, reads=BYTES, ways=("legacy-17-bytes", "dynamo-20-bytes")),
    "cropped": Habit(Cropped, ways=("dynamo-20",)),
    "any_size": Habit(AnySize, ways=("legacy-17-open",)),
    "pyramid": Habit(Pyramid, ways=("dynamo-20-open",)),
}
