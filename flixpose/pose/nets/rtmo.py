"""RTMO (Lu et al. 2024): one cell, one person, its keypoints by classification along the sides of its box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import ConvNorm
from flixpose.pose.nets.csp import CspBackbone, set_eps
from flixpose.pose.nets.csp import Scale as BackboneScale
from flixpose.pose.nets.gau import GatedAttention
from flixpose.pose.nets.hybrid import attended, fused
from flixpose.pose.nets.yolo import cells


@dataclass(frozen=True, slots=True)
class Size:
    """Attributes: pose: channels of the pose features. blocks, hidden: where levels join, and how wide."""

    backbone: BackboneScale
    pose: int
    blocks: int
    hidden: int = 256


SIZES = {
    "t": Size(BackboneScale(0.33, 0.375), 192, 1),
    "s": Size(BackboneScale(0.33, 0.5), 256, 1),
    "m": Size(BackboneScale(0.67, 0.75), 384, 2),
    "l": Size(BackboneScale(1.0, 1.0), 512, 3),
}

STRIDES = (16, 32)
_EPS = 1e-3
_CELL, _GROUPS, _PER_GROUP = 256, 8, 36
_FEATURES, _WAVES = 128, 128
_BINS = (192, 256)
_LEAST_SPREAD, _NEVER = 0.005, 1e-9


class Output(NamedTuple):
    """Per stride 16 and 32, (N, …, H, W): score logits, box, visibility logits, pose features."""

    scores: list[Tensor]
    boxes: list[Tensor]
    visible: list[Tensor]
    features: list[Tensor]


class _RepBlock(nn.Module):
    """Widths 3 and 1 side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch_3x3 = ConvNorm(channels, channels, 3, act=None)
        self.branch_1x1 = ConvNorm(channels, channels, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.branch_3x3(x) + self.branch_1x1(x))


class _Join(nn.Module):
    """Two levels into one. Args: inner: channels of the blocks between."""

    def __init__(self, width: int, inner: int, count: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(2 * width, inner)
        self.conv2 = ConvNorm(2 * width, inner)
        self.bottlenecks = nn.Sequential(*(_RepBlock(inner) for _ in range(count)))
        self.conv3 = ConvNorm(inner, width) if inner != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(self.bottlenecks(self.conv1(x)) + self.conv2(x))


class _Waves(nn.Module):
    """Places as cosines and sines of many lengths."""

    def __init__(self, channels: int, temperature: float) -> None:
        super().__init__()
        half = channels // 2
        self.register_buffer("dim_t", temperature ** (torch.arange(half).float() / half))

    def forward(self, places: Tensor) -> Tensor:
        angles = places[..., None] / self.get_buffer("dim_t")
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class _Neck(nn.Module):
    def __init__(self, channels: list[int], size: Size) -> None:
        super().__init__()
        widen, count, hidden = size.backbone.widen, size.blocks, size.hidden
        inner = int(hidden * widen)
        self.input_proj = nn.ModuleList(ConvNorm(c, hidden, act=None) for c in channels)
        self.encoder = nn.ModuleList([_Encoder(hidden)])
        self.sincos_pos_enc = _Waves(hidden // 2, 10000.0)
        self.lateral_convs = nn.ModuleList(ConvNorm(hidden, hidden) for _ in range(2))
        self.fpn_blocks = nn.ModuleList(_Join(hidden, inner, count) for _ in range(2))
        self.downsample_convs = nn.ModuleList(ConvNorm(hidden, hidden, 3, 2) for _ in range(2))
        self.pan_blocks = nn.ModuleList(_Join(hidden, inner, count) for _ in range(2))
        self.projector = _Projector(hidden, 2 * int(_CELL * widen))

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        levels = [project(x) for project, x in zip(self.input_proj, features, strict=True)]
        levels[-1] = attended(self.encoder[0], levels[-1], self._places(levels[-1]))
        outer = fused(
            levels,
            list(self.lateral_convs),
            list(self.fpn_blocks),
            list(self.pan_blocks),
            list(self.downsample_convs),
        )
        return self.projector(outer[1:])

    def _places(self, x: Tensor) -> Tensor:
        waves = self.sincos_pos_enc(cells(x.shape[2], x.shape[3], x).flip(2))
        return waves.flatten(2).flatten(0, 1)


class _Projector(nn.Module):
    def __init__(self, hidden: int, out: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(ConvNorm(hidden, out, act=None) for _ in STRIDES)

    def forward(self, xs: list[Tensor]) -> list[Tensor]:
        return [conv(x) for conv, x in zip(self.convs, xs, strict=True)]


class _SelfAttention(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(hidden, 8, batch_first=True)

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        seen = x + place
        return x + self.attn(seen, seen, x, need_weights=False)[0]


class _FeedForward(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        inner = 4 * hidden
        self.layers = nn.Sequential(
            nn.Sequential(nn.Linear(hidden, inner), nn.GELU()), nn.Linear(inner, hidden)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class _EncoderLayer(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.self_attn = _SelfAttention(hidden)
        self.ffn = _FeedForward(hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(2))

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        x = self.norms[0](self.self_attn(x, place))
        return self.norms[1](self.ffn(x))


class _Encoder(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_EncoderLayer(hidden)])

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        return self.layers[0](x, place)


class _Cells(nn.Module):
    """What each cell says."""

    def __init__(self, widen: float, pose: int, keypoints: int) -> None:
        super().__init__()
        wide, grouped = int(_CELL * widen), _GROUPS * int(_PER_GROUP * widen)
        self.conv_cls = nn.ModuleList(
            nn.Sequential(*(ConvNorm(wide, wide, 3) for _ in range(2))) for _ in STRIDES
        )
        self.conv_pose = nn.ModuleList(
            nn.Sequential(
                ConvNorm(wide, grouped, 3),
                *(ConvNorm(grouped, grouped, 3, groups=_GROUPS) for _ in range(3)),
            )
            for _ in STRIDES
        )
        self.out_cls = nn.ModuleList(nn.Conv2d(wide, 1, 1) for _ in STRIDES)
        self.out_bbox = nn.ModuleList(nn.Conv2d(grouped, 4, 1) for _ in STRIDES)
        self.out_kpt_reg = nn.ModuleList(nn.Conv2d(grouped, 2 * keypoints, 1) for _ in STRIDES)
        self.out_kpt_vis = nn.ModuleList(nn.Conv2d(grouped, keypoints, 1) for _ in STRIDES)
        self.out_pose = nn.ModuleList(nn.Conv2d(grouped, pose, 1) for _ in STRIDES)
        set_eps(self, _EPS)

    def forward(self, xs: list[Tensor]) -> Output:
        return self.tried(xs)[0]

    def tried(self, xs: list[Tensor]) -> tuple[Output, list[Tensor]]:
        """For training: what cells say, and each level's features that it is told from."""
        out, features = Output([], [], [], []), []
        for level, x in enumerate(xs):
            about_score, about_pose = x.chunk(2, dim=1)
            score, pose = self.conv_cls[level](about_score), self.conv_pose[level](about_pose)
            out.scores.append(self.out_cls[level](score))
            out.boxes.append(self.out_bbox[level](pose))
            out.visible.append(self.out_kpt_vis[level](pose))
            out.features.append(self.out_pose[level](pose))
            features.append(pose)
        return out, features

    def guesses(self, features: list[Tensor]) -> list[Tensor]:
        """(N, 2 K, H, W) each: keypoints right away, in strides from the cells' centres."""
        return [out(x) for out, x in zip(self.out_kpt_reg, features, strict=True)]


class _Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class _Classifier(nn.Module):
    """Dynamic coordinate classification: bins along the sides of each person's own box."""

    def __init__(self, pose: int, keypoints: int) -> None:
        super().__init__()
        self.keypoints = keypoints
        self.pos_enc = nn.Parameter(torch.randn(keypoints, _FEATURES))
        for name, count in zip(("x_bins", "y_bins"), _BINS, strict=True):
            self.register_buffer(name, torch.linspace(-0.5, 0.5, count))
        self.spe = _Waves(_WAVES, 300.0)
        self.gau = GatedAttention(_FEATURES)
        count = _FEATURES * keypoints
        self.pose_to_kpts = nn.Sequential(nn.Linear(pose, count), nn.BatchNorm1d(count))
        self.x_fc = nn.Linear(_WAVES, _FEATURES)
        self.y_fc = nn.Linear(_WAVES, _FEATURES)
        self.sigma_fc = nn.Sequential(nn.Linear(pose, keypoints), nn.Sigmoid(), _Scaled())

    def forward(self, features: Tensor, boxes: Tensor, centres: Tensor) -> Tensor:
        return _means(self.shares(features, boxes, centres)) + centres[:, None]

    def shares(self, features: Tensor, boxes: Tensor, centres: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For x and y: (R, K, bins) how likely each bin is, and (R, bins) where it lies, from the cell."""
        points = self.pose_to_kpts(features).unflatten(1, (self.keypoints, _FEATURES))
        points = self.gau(points, lambda x: x + self.pos_enc)
        return [
            self._along(axis, points, boxes[:, 2 + axis], boxes[:, axis] - centres[:, axis])
            for axis in (0, 1)
        ]

    def tried(self, features: Tensor, boxes: Tensor, centres: Tensor, xy: Tensor) -> tuple[Tensor, Tensor]:
        """(R, K, 2) as `forward`, and (R, K) minus the logarithm of how likely the keypoints are at `xy`.

        Each bin vouches for what lies around it, less the farther, within the spread that the features tell,
        a share of the box's side: so bins that are merely near learn, too.
        """
        spread = self.sigma_fc(features)[..., None].clamp(min=0) + _LEAST_SPREAD  # its scale is learnt, too
        both, unlikely = self.shares(features, boxes, centres), features.new_zeros(())
        for axis, (shares, places) in enumerate(both):
            truth = xy[..., axis] - centres[:, None, axis]
            away = (places[:, None] - truth[..., None]).abs() / boxes[:, None, None, 2 + axis]
            likely = (shares * (-away / (2 * spread)).exp()).sum(dim=-1) / spread[..., 0]
            unlikely = unlikely - (likely + _NEVER).log()
        return _means(both) + centres[:, None], unlikely

    def _along(self, axis: int, points: Tensor, side: Tensor, middle: Tensor) -> tuple[Tensor, Tensor]:
        bins, adapt = (
            (self.get_buffer("x_bins"), self.x_fc) if axis == 0 else (self.get_buffer("y_bins"), self.y_fc)
        )
        places = bins * side[:, None] + middle[:, None]
        return (points @ adapt(self.spe(places)).transpose(1, 2)).softmax(dim=-1), places


def _means(axes: list[tuple[Tensor, Tensor]]) -> Tensor:
    """(R, K, 2) where the bins lie, by how likely each is."""
    return torch.stack([(shares * places[:, None]).sum(dim=-1) for shares, places in axes], dim=-1)


class _Sigmas(nn.Module):
    """COCO's constants, which published weights carry along."""

    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.register_buffer("sigmas", torch.zeros(keypoints))


class _Head(nn.Module):
    def __init__(self, size: Size, keypoints: int) -> None:
        super().__init__()
        self.loss_oks = _Sigmas(keypoints)
        self.head_module = _Cells(size.backbone.widen, size.pose, keypoints)
        self.dcc = _Classifier(size.pose, keypoints)


class RTMO(nn.Module):
    """(N, 3, H, W), sides a multiple of 32 → Output; `place` then finds chosen cells' keypoints."""

    def __init__(self, size: Size, *, keypoints: int = 17) -> None:
        super().__init__()
        self.backbone = CspBackbone(size.backbone, is_next=False, wanted=(2, 3, 4))
        self.neck = _Neck(self.backbone.channels[2:], size)
        self.head = _Head(size, keypoints)

    def forward(self, x: Tensor) -> Output:
        return self.head.head_module(self.neck(self.backbone(x)))

    def place(self, features: Tensor, boxes: Tensor, centres: Tensor) -> Tensor:
        """(R, K, 2) pixel indices.

        Args:
            features: (R, channels). boxes: (R, 4) cxcywh, and centres: (R, 2) of cells, in pixel indices.
        """
        return self.head.dcc(features, boxes, centres)

    def guessed(self, x: Tensor) -> tuple[Output, list[Tensor]]:
        """For training: as `forward`, and (N, 2 K, H, W) each: keypoints in strides from the cells' centres.

        Nobody reads these; who learns them learns features that know where keypoints are.
        """
        out, features = self.head.head_module.tried(self.neck(self.backbone(x)))
        return out, self.head.head_module.guesses(features)

    def tried(self, features: Tensor, boxes: Tensor, centres: Tensor, xy: Tensor) -> tuple[Tensor, Tensor]:
        """For training: as `place`, and (R, K) how unlikely the keypoints at `xy`, pixel indices, are."""
        return self.head.dcc.tried(features, boxes, centres, xy)


def centres(height: int, width: int, stride: int, like: Tensor) -> Tensor:
    """(height, width, 2): the cells' centres in pixel indices."""
    return cells(height, width, like) * stride + (stride - 1) / 2


def build(size: str, *, keypoints: int = 17) -> RTMO:
    return RTMO(SIZES[size], keypoints=keypoints)


def grid(sizes: Sequence[tuple[int, int]], like: Tensor) -> tuple[Tensor, Tensor]:
    """(cells, 2) centres in pixel indices and (cells, 1) strides, level after level."""
    places, strides = [], []
    for (height, width), stride in zip(sizes, STRIDES, strict=True):
        places.append(centres(height, width, stride, like).flatten(0, 1))
        strides.append(like.new_full((height * width, 1), stride))
    return torch.cat(places), torch.cat(strides)
