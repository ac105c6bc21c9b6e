"""PoseTED (Jeny et al. 2021): a person's box, cropped anew by a spatial transformer, read by a transformer.

Written from its description, as no code is public: features of a CNN with sine places go through an encoder;
a decoder's queries look at them; a feed-forward head tells of each query which keypoint it is, or none, and
where. More queries than keypoints, so that they can specialise.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.hybrid import sine_grid
from flixpose.pose.nets.resnet import ResNet
from flixpose.pose.nets.spatial import Localiser, placed, sampled

SIZES = {"r50": 50, "r101": 101}

_CHANNELS, _HEADS, _INNER, _LAYERS = 256, 8, 1024, 6
_QUERIES = 100
_TEMPERATURE = 10000.0


class Output(NamedTuple):
    """Attributes:
    logits: (N, queries, keypoints + 1), the last one none. xy: (N, queries, 2) shares of the picture.
    """

    logits: Tensor
    xy: Tensor


class _Layer(nn.Module):
    """What follows attention: a wide layer, added and normalised."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.own = nn.MultiheadAttention(channels, _HEADS, batch_first=True)
        self.wide, self.narrow = nn.Linear(channels, inner), nn.Linear(inner, channels)
        self.own_norm, self.wide_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)

    def looked(self, x: Tensor, place: Tensor) -> Tensor:
        seen = x + place
        return self.own_norm(x + self.own(seen, seen, x, need_weights=False)[0])

    def thought(self, x: Tensor) -> Tensor:
        return self.wide_norm(x + self.narrow(functional.relu(self.wide(x))))


class _EncoderLayer(_Layer):
    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        return self.thought(self.looked(x, place))


class _DecoderLayer(_Layer):
    def __init__(self, channels: int, inner: int) -> None:
        super().__init__(channels, inner)
        self.across = nn.MultiheadAttention(channels, _HEADS, batch_first=True)
        self.across_norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, query: Tensor, memory: Tensor, place: Tensor) -> Tensor:
        x = self.looked(x, query)
        seen = self.across(x + query, memory + place, memory, need_weights=False)[0]
        return self.thought(self.across_norm(x + seen))


class PoseTED(nn.Module):
    """(N, 3, H, W) → Output.

    Args:
        width: of the backbones; channels, layers, queries: of the transformer.
    """

    def __init__(
        self,
        depth: int,
        *,
        keypoints: int = 17,
        width: int = 64,
        channels: int = _CHANNELS,
        layers: int = _LAYERS,
        queries: int = _QUERIES,
    ) -> None:
        super().__init__()
        self.localiser = Localiser(width=width)
        self.backbone = ResNet(depth, width=width)
        self.project = nn.Conv2d(self.backbone.channels[-1], channels, 1)
        inner = _INNER * channels // _CHANNELS
        self.encoder = _copies(_EncoderLayer(channels, inner), layers)
        self.decoder = _copies(_DecoderLayer(channels, inner), layers)
        self.queries = nn.Embedding(queries, channels)
        self.kind = nn.Linear(channels, keypoints + 1)
        self.place = nn.Sequential(
            *(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels), nn.ReLU()),
            nn.Linear(channels, 2),
        )

    def forward(self, x: Tensor) -> Output:
        transform = self.localiser(x)
        features = self.project(self.backbone(sampled(x, transform))[-1])
        height, width = features.shape[2:]
        place = sine_grid(height, width, features.shape[1], _TEMPERATURE, features)
        memory = features.flatten(2).transpose(1, 2)
        for layer in self.encoder:
            memory = layer(memory, place)
        query = self.queries.weight.expand(len(x), -1, -1)
        seen = torch.zeros_like(query)
        for layer in self.decoder:
            seen = layer(seen, query, memory, place)
        return Output(self.kind(seen), placed(self.place(seen).sigmoid(), transform))


def _copies(layer: nn.Module, count: int) -> nn.ModuleList:
    """Each with first weights of its own."""
    layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(count))
    for weight in layers.parameters():
        if weight.dim() > 1 and weight.device.type != "meta":
            nn.init.xavier_uniform_(weight)
    return layers


def build(size: str, *, keypoints: int = 17) -> PoseTED:
    return PoseTED(SIZES[size], keypoints=keypoints)
