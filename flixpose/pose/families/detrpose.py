"""DETRPose (Janampa and Pattichis 2025): the photo as a square, at most 60 people, no suppression."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, stretch
from flixpose.ports import Weights
from flixpose.pose.families.parts import OneStage, Options, Person, Runner
from flixpose.pose.nets import detrpose as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "s"

_PICTURE = (640, 640)
_PERSON = 1  # class


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"detrpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(runner, COCO_17, view=lambda photo: stretch(photo, _PICTURE), read=_read)


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    out = net(x)
    scores = out.logits[..., _PERSON].sigmoid().numpy()
    xy = out.xy.numpy()
    return [
        [
            Person(
                view.to_photo(points * view.picture), np.full(len(points), score, np.float32), float(score)
            )
            for points, score in zip(xy[row], scores[row], strict=True)
        ]
        for row, view in enumerate(views)
    ]
