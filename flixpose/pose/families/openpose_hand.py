"""OpenPose's hand net (Simon et al. 2017): 21 keypoints of each hand that another estimator's people have."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.codec import peaks
from flixpose.pose.families.parts import Colours, Options, Runner, Scores, TopDown
from flixpose.pose.nets import openpose as nets
from flixpose.pose.skeletons import HAND_21
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

SIZES, DEFAULT = ("hand",), "hand"

_SIDE = 368
_COLOURS = Colours((128.0, 128.0, 128.0), (256.0, 256.0, 256.0), bgr=True)

# Where a hand is, from its arm: beyond the wrist by a share of the forearm, and how large.
_BEYOND, _GROWTH, _UPPER_ARM = 0.33, 1.5, 0.9
_LEAST_SIDE, _MIN_SCORE = 20.0, 0.2


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> "Hands":
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"openpose_hand-{size}", lambda: nets.build(size), weights, threads)
    return Hands(
        TopDown(runner, finder, HAND_21, _read, picture=(_SIDE, _SIDE), colours=_COLOURS, padding=1.0)
    )


@dataclass(frozen=True, eq=False)
class Hands:
    """A PoseEstimator of hands, each a pose of its own."""

    reader: TopDown

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self.reader.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people's hands, the most prominent first."""
        people = self.reader.finder(images)
        boxes = [[box for pose in poses for box in hand_boxes(pose.keypoints)] for poses in people]
        return self.reader.in_boxes(images, boxes)


def hand_boxes(body: Keypoints) -> list[Box]:
    """Squares where a body's hands must be; none for an arm that is not seen."""
    boxes = []
    for side in ("left", "right"):
        names = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist")]
        if not all(body.has(name, _MIN_SCORE) for name in names):
            continue
        shoulder, elbow, wrist = (body[name].astype(float) for name in names)
        forearm, upper_arm = np.hypot(*(wrist - elbow)), np.hypot(*(elbow - shoulder))
        half = _GROWTH * max(forearm, _UPPER_ARM * upper_arm) / 2
        x, y = wrist + _BEYOND * (wrist - elbow)
        if 2 * half >= _LEAST_SIDE:
            boxes.append(Box(x - half, y - half, x + half, y + half))
    return boxes


def _read(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
    """The highest pixels of the enlarged maps; the last map is background."""
    maps = net(x)[-1][:, : len(HAND_21)].numpy()
    size = (x.shape[3], x.shape[2])
    large = np.stack([[cv2.resize(m, size, interpolation=cv2.INTER_CUBIC) for m in each] for each in maps])
    cells, scores = peaks.highest(large)
    return cells + 0.5, scores
