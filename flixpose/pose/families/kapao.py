"""KAPAO (McNally et al. 2022), with the numbers of the paper."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.geometry.view import View, fit
from flixpose.ports import Weights
from flixpose.pose.codec.keypoint_objects import RULE, fuse, people_and_keypoints
from flixpose.pose.families.parts import OneStage, Options, Person, Runner
from flixpose.pose.nets import kapao as nets
from flixpose.pose.skeletons import COCO_17, mirror_rows

SIZES, DEFAULT = nets.SIZES, "s"

_PICTURE = (1280, 1280)
_FILL = 114
_MULTIPLE = 64
_COCO_SIDE = 640  # pixels of the photos for which the authors chose how far fusion reaches


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"kapao-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""

    def read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
        rows = torch.cat([each for scale in options.scales for each in looks(net, x, scale, options)], dim=1)
        return [_people(*each) for each in zip(rows.numpy(), views, strict=True)]

    return OneStage(runner, COCO_17, view=lambda photo: fit(photo, _PICTURE), read=read, fill=_FILL)


def looks(net: nn.Module, x: Tensor, scale: float, options: Options) -> Iterator[Tensor]:
    """(N, rows, 57) of the picture in one size, and of its mirror image, as if of the picture itself."""
    before = (x.shape[3], x.shape[2])
    width, height = (round(side * scale / _MULTIPLE) * _MULTIPLE for side in before)
    factor = torch.tensor([before[0] / width, before[1] / height])
    if before != (width, height):
        x = functional.interpolate(x, (height, width), mode="bilinear", align_corners=False)
    yield _enlarged(net(x).decoded, factor)
    if options.flip:
        yield _enlarged(_mirrored(net(x.flip(3)).decoded, width), factor)


def _enlarged(rows: Tensor, factor: Tensor) -> Tensor:
    """Boxes and keypoints times (x, y) factors."""
    count = len(COCO_17)
    boxes, points = rows[..., :4] * factor.repeat(2), rows[..., 6 + count :] * factor.repeat(count)
    return torch.cat([boxes, rows[..., 4 : 6 + count], points], dim=2)


def _mirrored(rows: Tensor, width: int) -> Tensor:
    """Left for right: centres, keypoints' classes, and keypoints."""
    order = torch.from_numpy(mirror_rows(COCO_17))
    count = len(COCO_17)
    rows = rows.clone()
    rows[..., 0] = width - rows[..., 0]
    rows[..., 6 : 6 + count] = rows[..., 6 : 6 + count][..., order]
    xy = rows[..., 6 + count :].unflatten(2, (count, 2))[:, :, order]
    xy[..., 0] = width - xy[..., 0]
    rows[..., 6 + count :] = xy.flatten(2)
    return rows


def _people(rows: np.ndarray, view: View) -> list[Person]:
    people, points = people_and_keypoints(rows)
    reach = RULE.reach * max(view.photo) / _COCO_SIDE
    xy, scores = fuse(people, points, view, rule=replace(RULE, reach=reach))
    boxes = view.boxes_to_photo(people.boxes)
    found = []
    for row, score in enumerate(people.scores):
        sure = np.maximum(scores[row], score)  # a rough keypoint is as sure as its person
        found.append(Person(xy[row], sure, float(score), boxes[row]))
    return found
