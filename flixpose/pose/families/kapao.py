"""KAPAO (McNally et al. 2022), with the numbers of the paper."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, fit
from flixpose.ports import Weights
from flixpose.pose.codec.keypoint_objects import fuse, people_and_keypoints
from flixpose.pose.families.parts import OneStage, Options, Person, Runner
from flixpose.pose.nets import kapao as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "s"

_PICTURE = (1280, 1280)
_FILL = 114


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"kapao-{size}", lambda: nets.build(size), weights, threads)
    return OneStage(runner, COCO_17, view=lambda photo: fit(photo, _PICTURE), read=_read, fill=_FILL)


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    return [_people(*each) for each in zip(net(x).decoded.numpy(), views, strict=True)]


def _people(rows: np.ndarray, view: View) -> list[Person]:
    people, points = people_and_keypoints(rows)
    xy, scores = fuse(people, points, view)
    boxes = view.boxes_to_photo(people.boxes)
    found = []
    for row, score in enumerate(people.scores):
        sure = np.maximum(scores[row], score)  # a rough keypoint is as sure as its person
        found.append(Person(xy[row], sure, float(score), boxes[row]))
    return found
