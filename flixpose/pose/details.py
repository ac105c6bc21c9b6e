"""Another estimator's people with their hands and faces read, too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.face import FaceReader
from flixpose.pose.hands import HandReader
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image


@dataclass(frozen=True, eq=False)
class Detailed:
    """`PoseEstimator` over another one."""

    eyes: PoseEstimator
    hands: HandReader
    face: FaceReader

    @property
    def model(self) -> ModelInfo:
        return self.eyes.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (*self.eyes.models, *self.hands.models, *self.face.models)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        people = zip(images, self.eyes(images), strict=True)
        return [tuple(self._read(image, pose) for pose in poses) for image, poses in people]

    def _read(self, image: Image, pose: Pose) -> Pose:
        hands = self.hands(image, pose.keypoints)
        return replace(pose, hands=hands, face=self.face(image, pose.keypoints))


def with_details(eyes: PoseEstimator, weights: Weights, *, threads: int = 2) -> Detailed:
    """Raises WeightsMissing, WeightsDamaged."""
    return Detailed(eyes, HandReader(weights, threads=threads), FaceReader(weights, threads=threads))
