"""Keypoint R-CNN (He et al. 2017): boxes first, then each box's keypoints. It finds people by itself."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import boxes as box
from flixpose.pose.codec.anchors import moved, within
from flixpose.pose.codec.roi_heatmap import decode
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import keypoint_rcnn as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "r50_fpn"

_SHORTER, _LONGER = 800, 1333
_FILL = 116  # what lies beyond the photo has the mean colour, nearly
_COLOURS = Colours((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
_PER_LEVEL, _PROPOSALS, _RPN_OVERLAP, _MIN_SIDE = 1000, 1000, 0.7, 1e-3
_MIN_SCORE, _MAX_OVERLAP, _MOST = 0.05, 0.5, 100
_RPN_SPREAD, _BOX_SPREAD = (1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)
_PERSON = 1  # class


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"keypoint_rcnn-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(
        runner,
        COCO_17,
        view=lambda photo: shrink(photo, shorter=_SHORTER, longer=_LONGER, multiple=32),
        read=_read,
        colours=_COLOURS,
        fill=_FILL,
    )


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    if not isinstance(net, nets.KeypointRcnn):
        raise TypeError(type(net))
    pyramid = net.pyramid(x)
    proposals = _proposed(net, pyramid, x.shape[3], x.shape[2])
    logits, deltas = net.boxes(pyramid, proposals)
    counts = [len(each) for each in proposals]
    scores = logits.softmax(dim=1)[:, _PERSON].split(counts)
    moves = deltas[:, 4 * _PERSON : 4 * _PERSON + 4].split(counts)
    found = [
        _chosen(moved(places, move, _BOX_SPREAD), score, x)
        for places, move, score in zip(proposals, moves, scores, strict=True)
    ]
    boxes = [each for each, _ in found]
    xy, sure = decode(net.keypoints(pyramid, boxes).numpy(), torch.cat(boxes).numpy())
    starts = np.cumsum([0, *map(len, boxes)])
    return [
        _people(xy[a:b], sure[a:b], *each, view)
        for a, b, each, view in zip(starts, starts[1:], found, views, strict=False)
    ]


def _proposed(net: nets.KeypointRcnn, pyramid: list[Tensor], width: int, height: int) -> list[Tensor]:
    """Per picture the different places where something is, best first."""
    objectness, deltas = net.proposals(pyramid)
    anchors = nets.anchors([(level.shape[2], level.shape[3]) for level in pyramid])
    proposals = []
    for row in range(len(pyramid[0])):
        boxes, scores, levels = [], [], []
        for level, places in enumerate(anchors):
            flat = objectness[level][row].permute(1, 2, 0).flatten()
            best = flat.topk(min(_PER_LEVEL, len(flat))).indices
            moves = deltas[level][row].unflatten(0, (3, 4)).permute(2, 3, 0, 1).reshape(-1, 4)
            boxes.append(within(moved(places[best], moves[best], _RPN_SPREAD), width, height))
            scores.append(flat[best].sigmoid())
            levels.append(torch.full((len(best),), level))
        joined = torch.cat(boxes)
        large = torch.nonzero(((joined[:, 2:] - joined[:, :2]) >= _MIN_SIDE).all(dim=1))[:, 0]
        kept = box.suppress(
            joined[large].numpy(),
            torch.cat(scores)[large].numpy(),
            max_overlap=_RPN_OVERLAP,
            classes=torch.cat(levels)[large].numpy(),
            most=_PROPOSALS,
        )
        proposals.append(joined[large[kept]])
    return proposals


def _chosen(boxes: Tensor, scores: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The different people among boxes."""
    boxes = within(boxes, x.shape[3], x.shape[2])
    large = ((boxes[:, 2:] - boxes[:, :2]) >= _MIN_SIDE).all(dim=1)
    some = torch.nonzero((scores > _MIN_SCORE) & large)[:, 0]
    kept = box.suppress(boxes[some].numpy(), scores[some].numpy(), max_overlap=_MAX_OVERLAP)[:_MOST]
    return boxes[some[kept]], scores[some[kept]]


def _people(xy: np.ndarray, logits: np.ndarray, boxes: Tensor, scores: Tensor, view: View) -> list[Person]:
    """A keypoint's logit becomes a score: its sigmoid."""
    sure = (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)
    corners = view.boxes_to_photo(boxes.numpy())
    return [
        Person(view.to_photo(xy[row]), sure[row], float(score), corners[row])
        for row, score in enumerate(scores)
    ]
