"""Keypoint R-CNN (He et al. 2017) on ResNet-50-FPN, its RoIAlign included: plain torch."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.resnet import ResNet

SIZES = {"r50_fpn": 50}

_STRIDES = (4, 8, 16, 32, 64)
_ANCHOR_SIZES = (32, 64, 128, 256, 512)
_RATIOS = (0.5, 1.0, 2.0)  # height over width
_SAMPLES = 2  # of a bin, each way
_CANONICAL, _CANONICAL_LEVEL = 224, 4  # a box of this side is read at this level (stride 16)


class Proposals(NamedTuple):
    """Per level of the pyramid: objectness: (N, 3, H, W) logits, deltas: (N, 12, H, W)."""

    objectness: list[Tensor]
    deltas: list[Tensor]


class _Pyramid(nn.Module):
    def __init__(self, channels: list[int], wide: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(c, wide, 1)) for c in channels)
        self.layer_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1)) for _ in channels
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        inner = [block(x) for block, x in zip(self.inner_blocks, features, strict=True)]
        for level in range(len(inner) - 2, -1, -1):
            size = inner[level].shape[2:]
            inner[level] = inner[level] + functional.interpolate(inner[level + 1], size=size, mode="nearest")
        outer = [block(x) for block, x in zip(self.layer_blocks, inner, strict=True)]
        return [*outer, functional.max_pool2d(outer[-1], 1, 2)]


class _Backbone(nn.Module):
    def __init__(self, depth: int, width: int, wide: int) -> None:
        super().__init__()
        self.body = ResNet(depth, width=width)
        self.fpn = _Pyramid(self.body.channels, wide)

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.fpn(self.body(x))


class _RpnHead(nn.Module):
    def __init__(self, wide: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU()))
        self.cls_logits = nn.Conv2d(wide, len(_RATIOS), 1)
        self.bbox_pred = nn.Conv2d(wide, 4 * len(_RATIOS), 1)

    def forward(self, features: list[Tensor]) -> Proposals:
        seen = [self.conv(x) for x in features]
        return Proposals([self.cls_logits(x) for x in seen], [self.bbox_pred(x) for x in seen])


class _Rpn(nn.Module):
    def __init__(self, wide: int) -> None:
        super().__init__()
        self.head = _RpnHead(wide)


class _BoxHead(nn.Module):
    def __init__(self, wide: int, inner: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(wide * 7 * 7, inner)
        self.fc7 = nn.Linear(inner, inner)

    def forward(self, pooled: Tensor) -> Tensor:
        return functional.relu(self.fc7(functional.relu(self.fc6(pooled.flatten(1)))))


class _BoxPredictor(nn.Module):
    def __init__(self, classes: int, inner: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(inner, classes)
        self.bbox_pred = nn.Linear(inner, 4 * classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(x), self.bbox_pred(x)


class _KeypointPredictor(nn.Module):
    def __init__(self, keypoints: int, cin: int) -> None:
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(cin, keypoints, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.kps_score_lowres(x)
        return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class _RoiHeads(nn.Module):
    def __init__(self, keypoints: int, wide: int) -> None:
        super().__init__()
        self.box_head = _BoxHead(wide, 4 * wide)
        self.box_predictor = _BoxPredictor(2, 4 * wide)
        layers: list[nn.Module] = []
        for cin in (wide, *(2 * wide,) * 7):
            layers += [nn.Conv2d(cin, 2 * wide, 3, padding=1), nn.ReLU()]
        self.keypoint_head = nn.Sequential(*layers)
        self.keypoint_predictor = _KeypointPredictor(keypoints, 2 * wide)


class KeypointRcnn(nn.Module):
    """In steps, because choosing boxes lies between them: `pyramid`, `proposals`, `boxes`, `keypoints`.

    Args:
        width: of ResNet's first stage. wide: channels of the pyramid.
    """

    def __init__(self, depth: int, *, keypoints: int = 17, width: int = 64, wide: int = 256) -> None:
        super().__init__()
        self.backbone = _Backbone(depth, width, wide)
        self.rpn = _Rpn(wide)
        self.roi_heads = _RoiHeads(keypoints, wide)

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) → five levels of (N, 256, h, w) at strides 4 to 64."""
        return self.backbone(x)

    def proposals(self, pyramid: list[Tensor]) -> Proposals:
        return self.rpn.head(pyramid)

    def boxes(self, pyramid: list[Tensor], boxes: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(R, 2) class logits and (R, 8) deltas of boxes, (R_i, 4) xyxy in pixels for each picture."""
        seen = self.roi_heads.box_head(pooled(pyramid, boxes, 7))
        return self.roi_heads.box_predictor(seen)

    def keypoints(self, pyramid: list[Tensor], boxes: list[Tensor]) -> Tensor:
        """(R, K, 56, 56) logits over boxes, (R_i, 4) xyxy in pixels for each picture."""
        seen = self.roi_heads.keypoint_head(pooled(pyramid, boxes, 14))
        return self.roi_heads.keypoint_predictor(seen)

    def forward(self, x: Tensor) -> Proposals:
        return self.proposals(self.pyramid(x))


def anchors(sizes: list[tuple[int, int]]) -> list[Tensor]:
    """Per level of (height, width) cells its (height × width × 3, 4) xyxy anchors, in pixels."""
    levels = []
    for (height, width), stride, side in zip(sizes, _STRIDES, _ANCHOR_SIZES, strict=True):
        high = torch.tensor(_RATIOS).sqrt()
        half = torch.stack([1 / high, high], dim=1) * side / 2
        corners = torch.cat([-half, half], dim=1).round()
        y, x = torch.meshgrid(torch.arange(height) * stride, torch.arange(width) * stride, indexing="ij")
        places = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4)
        levels.append((places + corners).reshape(-1, 4))
    return levels


def pooled(pyramid: list[Tensor], boxes: list[Tensor], bins: int) -> Tensor:
    """(R, 256, bins, bins): each box read from the level of the pyramid that suits its size."""
    joined = torch.cat(boxes)
    picture = torch.cat([torch.full((len(b),), row) for row, b in enumerate(boxes)])
    side = (joined[:, 2:] - joined[:, :2]).prod(dim=1).sqrt()
    levels = torch.floor(_CANONICAL_LEVEL + torch.log2(side / _CANONICAL) + 1e-6).clamp(2, 5).long() - 2
    result = pyramid[0].new_zeros(len(joined), pyramid[0].shape[1], bins, bins)
    for level in levels.unique().tolist():
        rows = torch.nonzero(levels == level)[:, 0]
        result[rows] = roi_align(pyramid[level], joined[rows] / _STRIDES[level], picture[rows], bins)
    return result


def roi_align(features: Tensor, boxes: Tensor, picture: Tensor, bins: int) -> Tensor:
    """The mean of bilinear samples in each of bins × bins parts of each box.

    Args:
        features: (N, C, H, W). boxes: (R, 4) xyxy in cells. picture: (R,) which of the N.
    """
    start, extent = boxes[:, :2], (boxes[:, 2:] - boxes[:, :2]).clamp(min=1)
    ticks = (torch.arange(bins * _SAMPLES, device=boxes.device) + 0.5) / _SAMPLES
    places = start[:, :, None] + ticks * (extent / bins)[:, :, None]
    x_low, x_high, x_share = _neighbours(places[:, 0], features.shape[3])
    y_low, y_high, y_share = _neighbours(places[:, 1], features.shape[2])

    def read(y: Tensor, x: Tensor, share: Tensor) -> Tensor:
        return features[picture[:, None, None], :, y[:, :, None], x[:, None]] * share[..., None]

    def shares(y: Tensor, x: Tensor) -> Tensor:
        return y[:, :, None] * x[:, None]

    values = (
        read(y_low, x_low, shares(y_share[0], x_share[0]))
        + read(y_low, x_high, shares(y_share[0], x_share[1]))
        + read(y_high, x_low, shares(y_share[1], x_share[0]))
        + read(y_high, x_high, shares(y_share[1], x_share[1]))
    )
    return functional.avg_pool2d(values.permute(0, 3, 1, 2), _SAMPLES)


def _neighbours(place: Tensor, size: int) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """The cells before and after each place, and their shares; both 0 outside the map."""
    inside = (place >= -1) & (place <= size)
    place = place.clamp(0, size - 1)
    low = place.floor().long()
    after = place - low
    return low, (low + 1).clamp(max=size - 1), ((1 - after) * inside, after * inside)


def build(size: str, *, keypoints: int = 17) -> KeypointRcnn:
    return KeypointRcnn(SIZES[size], keypoints=keypoints)
