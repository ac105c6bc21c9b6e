"""Eyes that remember what they saw, so that photos can be draped again and again while a fit is tuned.

Answers lie as pickles in a folder of one's own, named by photo, question and models; a folder from somebody
else must not be given: a pickle runs what it holds.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from flixpose import __version__
from flixpose.errors import FlixposeError
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.ports import GarmentAsk, GarmentReader, PoseEstimator, read_each
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image

T = TypeVar("T")


class RememberedPoses:
    """A PoseEstimator that asks another one only once for each photo."""

    def __init__(self, poses: PoseEstimator, folder: Path) -> None:
        self._poses, self._folder = poses, folder

    @property
    def model(self) -> ModelInfo:
        return self._poses.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self._poses.models

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> tuple[Pose, ...]:
        models = (f"{m.name} {m.version} {m.sha256}" for m in self.models)
        # A pose that was kept before it got a further field is asked for anew.
        question = ("pose", image.sha256, *models, *(field.name for field in fields(Pose)))
        return _remembered(self._folder, question, lambda: self._poses([image])[0])


class RememberedGarments:
    """A GarmentReader that asks another one only once for each photo, kind and view."""

    def __init__(self, garments: GarmentReader, folder: Path) -> None:
        self._garments, self._folder = garments, folder

    @property
    def model(self) -> ModelInfo:
        return self._garments.model

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        model = self.model
        question = ("garment", image.sha256, str(kind), str(view), model.name, model.version, model.sha256)
        return _remembered(self._folder, question, lambda: self._garments(image, kind=kind, view=view))

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        """One by one, so that an answer does not depend on who was asked about beside it."""
        return read_each(self, asks)


def _remembered(folder: Path, question: tuple[str, ...], answer: Callable[[], T]) -> T:
    """What was answered before; else the answer, kept. A failure is not kept."""
    path = folder / f"{question[0]}-{sha256_hex(repr((__version__, *question)).encode())[:24]}.pickle"
    if path.is_file():
        kept: T = pickle.loads(path.read_bytes())
        return kept
    found = answer()
    write_atomic(path, pickle.dumps(found))
    return found
