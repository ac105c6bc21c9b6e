"""MediaPipe's hands as a family: 21 keypoints of each hand that another estimator's people show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.parts import Options
from flixpose.pose.hands import HandReader
from flixpose.structures.found import Hand, ModelInfo, Pose
from flixpose.structures.image import Box, Image

SIZES, DEFAULT = ("full",), "full"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> "Hands":
    """Raises WeightsMissing, WeightsDamaged."""
    return Hands(finder, HandReader(weights, threads=threads))


@dataclass(frozen=True, eq=False)
class Hands:
    """A PoseEstimator of hands, each a pose of its own that knows its side (`Pose.hands`)."""

    finder: PoseEstimator
    reader: HandReader

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (*self.finder.models, *self.reader.models)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people's hands, those of the most prominent person first."""
        found = zip(images, self.finder(images), strict=True)
        return [self._of_people(image, people) for image, people in found]

    def _of_people(self, image: Image, people: Sequence[Pose]) -> tuple[Pose, ...]:
        hands = [hand for person in people for hand in self.reader(image, person.keypoints)]
        return tuple(self._pose(hand, image) for hand in hands)

    def _pose(self, hand: Hand, image: Image) -> Pose:
        xy = np.clip(hand.keypoints.xy, 0, image.size)
        (x0, y0), (x1, y1) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
        return Pose(hand.keypoints, Box(x0, y0, x1, y1), hand.score, self.model, hands=(hand,))
