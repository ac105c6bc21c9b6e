"""Nets that look at a part of a body, a hand or a face, where another estimator's people have it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.pose.codec import peaks
from flixpose.pose.families.parts import Colours, Scores, TopDown
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

SIDE = 368  # of the picture that OpenPose's nets of hands and faces see
COLOURS = Colours((128.0, 128.0, 128.0), (256.0, 256.0, 256.0), bgr=True)


@dataclass(frozen=True, eq=False)
class PartReader:
    """A PoseEstimator of parts, each a pose of its own. Attributes: boxes: where a body's parts must be."""

    reader: TopDown
    boxes: Callable[[Keypoints], list[Box]]

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self.reader.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people's parts, the most prominent first."""
        people = self.reader.finder(images)
        boxes = [[box for pose in poses for box in self.boxes(pose.keypoints)] for poses in people]
        return self.reader.in_boxes(images, boxes)


def read_last(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
    """The highest pixels of the last stage's enlarged maps; the last map is background."""
    maps = net(x)[-1][:, :-1].numpy()
    size = (x.shape[3], x.shape[2])
    large = np.stack([[cv2.resize(m, size, interpolation=cv2.INTER_CUBIC) for m in each] for each in maps])
    cells, scores = peaks.highest(large)
    return cells + 0.5, scores
