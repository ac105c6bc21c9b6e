"""The garment net: a small residual pyramid with heads for landmarks, mask, kind, view and wholeness.

One architecture, plain torch. The numbers that make it wide or narrow travel with its weights.
"""

import copy
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from flixpose.garment.shared_points import KIND_NAMES, POINTS

STRIDE = 4  # of the heat maps
MASK_STRIDE = 2
VISIBILITIES = 3  # absent, occluded, visible: COCO's 0, 1, 2
_MEAN, _SPREAD = 0.6, 0.28  # of product photos, grey level in [0, 1]


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide and deep the net is.

    Attributes:
        widths: channels at strides 2, 4, 8, 16 and 32.
        depths: residual blocks at strides 4, 8, 16 and 32.
        features: channels of the pyramid that carries the heads.
    """

    widths: tuple[int, ...] = (32, 64, 96, 192, 256)
    depths: tuple[int, ...] = (1, 2, 2, 2)
    features: int = 64

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Shape":
        return cls(tuple(values["widths"]), tuple(values["depths"]), int(values["features"]))


class Answers(NamedTuple):
    """What the net says of B pictures of side S; all are logits.

    heat: (B, points, S/4, S/4). mask: (B, S/2, S/2). kind: (B, 13). view: (B,), positive = back.
    visibility: (B, points, 3). whole: (B,), positive = one whole garment.
    """

    heat: Tensor
    mask: Tensor
    kind: Tensor
    view: Tensor
    visibility: Tensor
    whole: Tensor


class GarmentNet(nn.Module):
    """(B, 3, S, S) float RGB in [0, 1] → `Answers`; S a multiple of 32."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        widths, depths, features = self.shape.widths, self.shape.depths, self.shape.features
        self.stem = _Step(3, widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(_Step(before, after), *(_Block(after) for _ in range(depth)))
            for before, after, depth in zip(widths, widths[1:], depths, strict=False)
        )
        self.laterals = nn.ModuleList(nn.Conv2d(width, features, 1) for width in widths[1:])
        self.context = nn.Linear(widths[-1], features)
        self.fusions = nn.ModuleList(_Block(features) for _ in widths[2:])
        self.points = nn.Conv2d(features, len(POINTS), 1)
        self.region = nn.Conv2d(features, (STRIDE // MASK_STRIDE) ** 2, 1)
        self.summary = nn.Linear(widths[-1] + features, 192)
        self.details = nn.Linear(len(POINTS) * features, 192, bias=False)
        nn.init.zeros_(self.details.weight)
        self.verdict = nn.Linear(192, len(KIND_NAMES) + 2 + VISIBILITIES * len(POINTS))

    def forward(self, pictures: Tensor) -> Answers:
        maps = self._encode(self.stem((pictures - _MEAN) / _SPREAD))
        overview = maps[-1].mean(dim=(2, 3))
        top = self.laterals[-1](maps[-1]) + self.context(overview)[:, :, None, None]
        fine = self._decode(top, maps[:-1])
        heat = self.points(fine)
        mask = functional.pixel_shuffle(self.region(fine), STRIDE // MASK_STRIDE)[:, 0]
        summary = self.summary(torch.cat([overview, fine.mean(dim=(2, 3))], dim=1))
        return self._answers(heat, mask, summary + self.details(_at_points(fine, heat)))

    def _encode(self, x: Tensor) -> list[Tensor]:
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def _decode(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        rows = list(zip(self.fusions, self.laterals, maps, strict=False))
        for fusion, lateral, finer in reversed(rows):
            x = fusion(functional.interpolate(x, scale_factor=2.0) + lateral(finer))
        return x

    def _answers(self, heat: Tensor, mask: Tensor, summary: Tensor) -> Answers:
        said = self.verdict(functional.relu(summary)).float()
        kind, view, whole, visibility = said.split([len(KIND_NAMES), 1, 1, VISIBILITIES * len(POINTS)], dim=1)
        return Answers(
            heat.float(),
            mask.float(),
            kind,
            view[:, 0],
            visibility.unflatten(1, (len(POINTS), VISIBILITIES)),
            whole[:, 0],
        )


def _at_points(fine: Tensor, heat: Tensor) -> Tensor:
    """(B, points · features): what the net sees where each point is; a neckline tells front from back."""
    share = heat.detach().flatten(2).softmax(dim=-1).to(fine.dtype)
    return torch.einsum("bpn,bfn->bpf", share, fine.flatten(2)).flatten(1)


class _Step(nn.Module):
    """Half the resolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))


class _Block(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(y)))


def folded(net: GarmentNet) -> GarmentNet:
    """The same net for inference, its normalisations multiplied into the convolutions before them."""
    net = copy.deepcopy(net).eval()
    for part in net.modules():
        for conv, norm in (("conv", "norm"), ("conv1", "norm1"), ("conv2", "norm2")):
            if hasattr(part, conv) and hasattr(part, norm):
                setattr(part, conv, fuse_conv_bn_eval(getattr(part, conv), getattr(part, norm)))
                setattr(part, norm, nn.Identity())
    return net
