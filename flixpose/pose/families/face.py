"""MediaPipe's face mesh as a family: 468 landmarks of each face that another estimator's people show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.face import FaceReader
from flixpose.pose.families.parts import Options
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

SIZES, DEFAULT = ("mesh",), "mesh"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> "Faces":
    """Raises WeightsMissing, WeightsDamaged."""
    return Faces(finder, FaceReader(weights, threads=threads))


@dataclass(frozen=True, eq=False)
class Faces:
    """A PoseEstimator of faces."""

    finder: PoseEstimator
    reader: FaceReader

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (*self.finder.models, *self.reader.models)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people's faces, that of the most prominent person first."""
        found = zip(images, self.finder(images), strict=True)
        return [self._of_people(image, people) for image, people in found]

    def _of_people(self, image: Image, people: Sequence[Pose]) -> tuple[Pose, ...]:
        meshes = [self.reader(image, person.keypoints) for person in people]
        return tuple(self._pose(mesh, image) for mesh in meshes if mesh is not None)

    def _pose(self, mesh: Keypoints, image: Image) -> Pose:
        xy = np.clip(mesh.xy, 0, image.size)
        (x0, y0), (x1, y1) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
        return Pose(mesh, Box(x0, y0, x1, y1), float(mesh.scores[0]), self.model, face=mesh)
