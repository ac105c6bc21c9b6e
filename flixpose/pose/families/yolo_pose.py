"""YOLOv8 with the pose head (Jocher et al. 2023)."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, fit
from flixpose.ports import Weights
from flixpose.pose.codec import boxes as box
from flixpose.pose.families.parts import OneStage, Options, Person, Runner
from flixpose.pose.nets import yolo_pose as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "n"

_PICTURE = (640, 640)
_FILL = 114
_MIN_SCORE, _MAX_OVERLAP = 0.05, 0.7


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"yolo_pose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(runner, COCO_17, view=lambda photo: fit(photo, _PICTURE), read=_read, fill=_FILL)


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    if not isinstance(net, nets.YoloPose):
        raise TypeError(type(net))
    rows = net.decoded(net(x)).transpose(1, 2).numpy()
    return [_people(*each) for each in zip(rows, views, strict=True)]


def _people(rows: np.ndarray, view: View) -> list[Person]:
    rows = rows[rows[:, 4] >= _MIN_SCORE]
    corners = box.cxcywh_to_xyxy(rows[:, :4])
    kept = box.suppress(corners, rows[:, 4], max_overlap=_MAX_OVERLAP)
    on_photo = view.boxes_to_photo(corners)
    people = []
    for row in kept:
        points = rows[row, 5:].reshape(-1, 3)
        people.append(Person(view.to_photo(points[:, :2]), points[:, 2], float(rows[row, 4]), on_photo[row]))
    return people
