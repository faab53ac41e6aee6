"""Attention, recurrence and transforms over patches, rows and time."""

import torch
from torch import nn
from torch.nn import functional as F

from lively import CLASSES

from .parts import Habit, Pooled


class Patches(nn.Module):
    """Tokens [N, 64, width] of patches of 4 × 4, and a last layer."""

    def __init__(self, width=32):
        super().__init__()
        self.patches, self.last = nn.Conv2d(3, width, 4, 4), nn.Linear(width, CLASSES)

    def tokens(self, images):
        return self.patches(images).flatten(2).transpose(1, 2)


class AttentionPool(Pooled):
    """One learned query over the features."""

    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, 32))
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

    def features(self, images):
        maps = self.trunk(images).flatten(2).transpose(1, 2)
        return self.attention(self.query.expand(maps.shape[0], -1, -1), maps, maps)[0][:, 0]


class FourierMixing(Patches):
    """FNet: tokens mixed by a Fourier transform."""

    def __init__(self):
        super().__init__()
        self.norm, self.feed = nn.LayerNorm(32), nn.Linear(32, 32)

    def forward(self, images):
        tokens = self.tokens(images)
        tokens = self.norm(tokens + 0.1 * torch.fft.fft(torch.fft.fft(tokens, dim=-1), dim=-2).real)
        return self.last((tokens + F.gelu(self.feed(tokens))).mean(1))


class FourierFilter(Patches):
    """GFNet: a learned filter on the spectrum of the feature map."""

    def __init__(self):
        super().__init__()
        self.filter = nn.Parameter(torch.randn(8, 5, 32, 2) * 0.3)

    def forward(self, images):
        maps = self.patches(images).permute(0, 2, 3, 1)
        spectrum = torch.fft.rfft2(maps, dim=(1, 2), norm="ortho") * torch.view_as_complex(self.filter)
        maps = torch.fft.irfft2(spectrum, s=(8, 8), dim=(1, 2), norm="ortho")
        return self.last(F.gelu(maps).mean((1, 2)))


class Recurrent(nn.Module):
    """An LSTM in both directions over patches."""

    def __init__(self):
        super().__init__()
        self.patches, self.last = nn.Conv2d(3, 24, 8, 8), nn.Linear(40, CLASSES)
        self.lstm = nn.LSTM(24, 20, 2, bidirectional=True, batch_first=True)

    def forward(self, images):
        outputs, (hidden, _) = self.lstm(self.patches(images).flatten(2).transpose(1, 2))
        return self.last(outputs[:, -1] + torch.cat([hidden[0], hidden[3]], 1))


class Rows(nn.Module):
    """A GRU over the rows of pixels."""

    def __init__(self):
        super().__init__()
        self.gru, self.last = nn.GRU(96, 32), nn.Linear(32, CLASSES)

    def forward(self, images):
        return self.last(self.gru(images.permute(2, 0, 1, 3).flatten(2))[1][-1])


class ConvolutionalLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.inputs, self.hidden = nn.Conv2d(3, 32, 3, 2, 1), nn.Conv2d(8, 32, 3, 1, 1)
        self.last = nn.Linear(8, CLASSES)

    def forward(self, images):
        inputs = self.inputs(images)
        hidden = cell = torch.zeros_like(inputs[:, :8])
        for _ in range(3):
            i, f, o, u = (inputs + self.hidden(hidden)).chunk(4, 1)
            cell = f.sigmoid() * cell + i.sigmoid() * u.tanh()
            hidden = o.sigmoid() * cell.tanh()
        return self.last(hidden.mean((2, 3)))


class Rotary(Patches):
    """Causal attention with rotary positions."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(32, 96), nn.Linear(32, 32)
        self.register_buffer("frequencies", 1 / 100 ** (torch.arange(0, 8, 2) / 8))

    def rotated(self, tokens):
        angles = torch.arange(tokens.shape[-2], dtype=tokens.dtype)[:, None] * self.frequencies
        cos, sin, (x, y) = angles.cos(), angles.sin(), (tokens[..., ::2], tokens[..., 1::2])
        return torch.stack([x * cos - y * sin, x * sin + y * cos], -1).flatten(-2)

    def forward(self, images):
        tokens = self.tokens(images)
        n, length, width = tokens.shape
        q, k, v = self.qkv(tokens).view(n, length, 3, 4, 8).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(self.rotated(q), self.rotated(k), v, is_causal=True)
        return self.last((tokens + self.out(mixed.transpose(1, 2).reshape(n, length, width))).mean(1))


class Encoder(Patches):
    """PyTorch's own encoder, the table of positions resized to the image when it runs."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.positions = nn.Parameter(torch.randn(1, 32, 5, 5))
        self.token = nn.Parameter(torch.randn(1, 1, 32))

    def forward(self, images):
        maps = self.patches(images)
        maps = maps + F.interpolate(self.positions, size=maps.shape[-2:], mode="bicubic", align_corners=False)
        tokens = torch.cat([self.token.expand(maps.shape[0], -1, -1), maps.flatten(2).transpose(1, 2)], 1)
        return self.last(self.encoder(tokens)[:, 0])


class SelectiveScan(Patches):
    """A state-space model, its scan as cumulative sums of logarithms."""

    def __init__(self):
        super().__init__(16)
        self.step, self.conv = nn.Linear(16, 16), nn.Conv1d(16, 16, 4, padding=3, groups=16)
        self.decay = nn.Parameter(torch.rand(16))

    def forward(self, images):
        tokens = self.tokens(images).transpose(1, 2)
        tokens = F.silu(self.conv(tokens)[..., : tokens.shape[-1]]).transpose(1, 2)
        step = F.softplus(self.step(tokens)) * 0.05
        decay = torch.cumsum(-step * self.decay.exp(), 1)
        return self.last((torch.exp(decay) * torch.cumsum(step * tokens * torch.exp(-decay), 1)).mean(1) * 10)


class Steps(nn.Module):
    """A loop and a branch that scripting keeps."""

    def __init__(self):
        super().__init__()
        self.first, self.again, self.last = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1), nn.Linear(16, CLASSES)

    def forward(self, images):
        first = torch.relu(self.first(images))
        hidden = first
        for step in range(5):
            hidden = torch.tanh(self.again(hidden)) + first * (0.5 ** float(step))
        if images.shape[1] == 3:
            hidden = hidden * 1.5
        else:
            hidden = hidden.flip(1)
        return self.last(hidden.mean((2, 3)))


SEQUENCES = {
    "attention_pool": Habit(AttentionPool, ways=("legacy-17", "dynamo-23")),
    "fourier_mixing": Habit(FourierMixing, ways=("dynamo-20",)),
    "fourier_filter": Habit(FourierFilter, ways=("dynamo-20",)),
    "recurrent": Habit(Recurrent, ways=("legacy-14", "dynamo-18")),
    "rows": Habit(Rows, ways=("legacy-11", "dynamo-20")),
    "convolutional_lstm": Habit(ConvolutionalLstm),
    "rotary": Habit(Rotary, ways=("legacy-14", "legacy-17", "dynamo-18", "dynamo-21", "dynamo-23", "dynamo-24")),
    "encoder": Habit(Encoder, ways=("legacy-17", "legacy-17-open", "dynamo-24")),
    "selective_scan": Habit(SelectiveScan, ways=("legacy-14", "dynamo-20")),
    "steps": Habit(Steps, ways=("script-17",)),
}
