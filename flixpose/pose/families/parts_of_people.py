"""What the families share that look for a part of each person that another estimator found."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from flixpose.ports import PoseEstimator
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints


class Reader(Protocol):
    """Reads a part of a person; its models are its own."""

    @property
    def model(self) -> ModelInfo: ...

    @property
    def models(self) -> tuple[ModelInfo, ...]: ...


R = TypeVar("R", bound=Reader)


@dataclass(frozen=True, eq=False)
class PartsOfPeople(ABC, Generic[R]):
    """A PoseEstimator of parts, each a pose of its own."""

    finder: PoseEstimator
    reader: R

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (*self.finder.models, *self.reader.models)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people's parts, those of the most prominent person first."""
        found = zip(images, self.finder(images), strict=True)
        return [
            tuple(part for person in people for part in self.parts(image, person)) for image, people in found
        ]

    @abstractmethod
    def parts(self, image: Image, person: Pose) -> Iterable[Pose]:
        """Those of one person."""


def box_around(keypoints: Keypoints, image: Image) -> Box:
    """Of all of them, inside the photo."""
    xy = np.clip(keypoints.xy, 0, image.size)
    (x0, y0), (x1, y1) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    return Box(x0, y0, x1, y1)
