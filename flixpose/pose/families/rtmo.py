"""RTMO (Lu et al. 2024), with the numbers of its authors' COCO models."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from flixpose.geometry.view import Size, View, fit
from flixpose.ports import Weights
from flixpose.pose.codec import boxes as box
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import rtmo as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "s"

_PICTURE, _SMALL_PICTURE = (640, 640), (416, 416)
_FILL = 114
_COLOURS = Colours(std=(1.0, 1.0, 1.0), bgr=True)
_MIN_SCORE, _MAX_OVERLAP, _MOST = 0.1, 0.65, 2000
_MOST_GROWTH = 9.0  # e to it cells: more is no box
_PADDING = 1.25  # of the boxes along which keypoints are looked for


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"rtmo-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options, picture=_SMALL_PICTURE if size == "t" else _PICTURE)


def estimator(runner: Runner, options: Options, *, picture: Size = _PICTURE) -> OneStage:
    """With a net that is there already."""
    return OneStage(
        runner, COCO_17, view=lambda photo: fit(photo, picture), read=_read, colours=_COLOURS, fill=_FILL
    )


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    if not isinstance(net, nets.RTMO):
        raise TypeError(type(net))
    out = net(x)
    scores, raw, visible, features = (
        torch.cat([level.flatten(2) for level in levels], dim=2).transpose(1, 2) for levels in out
    )
    centres, strides = nets.grid([tuple(level.shape[2:]) for level in out.scores], x)
    boxes = torch.cat(
        [raw[..., :2] * strides + centres, raw[..., 2:].clamp(max=_MOST_GROWTH).exp() * strides], dim=2
    )
    return [
        _people(net, scores[row].sigmoid()[:, 0], boxes[row], visible[row], features[row], centres, view)
        for row, view in enumerate(views)
    ]


def _people(
    net: nets.RTMO,
    scores: Tensor,
    boxes: Tensor,
    visible: Tensor,
    features: Tensor,
    centres: Tensor,
    view: View,
) -> list[Person]:
    corners = box.cxcywh_to_xyxy(boxes.numpy())
    some = np.flatnonzero(scores.numpy() > _MIN_SCORE)[:_MOST]
    some = some[box.suppress(corners[some], scores.numpy()[some], max_overlap=_MAX_OVERLAP)]
    if not len(some):
        return []
    wider = boxes[some] * torch.tensor([1, 1, _PADDING, _PADDING])
    xy = net.place(features[some], wider, centres[some]).numpy() + 0.5
    on_photo = view.boxes_to_photo(corners[some] + 0.5)
    seen = visible[some].sigmoid().numpy()
    return [
        Person(view.to_photo(xy[row]), seen[row], float(scores[each]), on_photo[row])
        for row, each in enumerate(some)
    ]
