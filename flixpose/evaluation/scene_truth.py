"""A garment reader that knows a simulated scene's truth: it tells what a drape loses by reading.

Its answers are no results; they look at the truth.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from flixpose.errors import FlixposeError, MissingInput
from flixpose.garment import kinds
from flixpose.garment.between import outline_points
from flixpose.ports import GarmentAsk, read_each
from flixpose.structures.found import Garment, ModelInfo
from flixpose.structures.image import Image, Mask
from flixpose.structures.keypoints import Keypoints

_INFO = ModelInfo("truth of the scene", "1", "garment", "Apache-2.0", "flixpose.studio.scenes", "")
# scores of landmarks that the product photo shows, and of those that it hides
_SEEN, _HIDDEN = 1.0, 0.5


class TrueGarment:
    """A GarmentReader of one scene's product photo."""

    def __init__(self, scene: Path) -> None:
        self._scene = scene

    @property
    def model(self) -> ModelInfo:
        return _INFO

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """The garment as it was photographed, whatever `image` shows. Raises MissingInput."""
        path = self._scene / "product_parts.png"
        parts = cv2.imread(str(path))
        if parts is None:
            raise MissingInput(f"{path} is missing or no picture.", subject=str(path))
        told = json.loads((self._scene / "scene.json").read_text(encoding="utf-8"))
        facing = told.get("view", "front")
        skeleton = kinds.KINDS[told["kind"]]
        marks = {
            name: (x, y, _SEEN if visibility > 1 else _HIDDEN)
            for name, (x, y, visibility) in told["landmarks"]["product"].items()
            if name in skeleton.index
        }
        if facing == "back":
            # the readers do not guess where it is, either
            marks.pop("neck_front", None)
        mask = Mask(np.ascontiguousarray(parts[..., 2], np.uint8))
        box = mask.box
        if box is None:
            raise MissingInput(f"{path} shows no garment.", subject=str(path))
        return Garment(
            kind=told["kind"],
            kind_score=1.0,
            view=facing,
            view_score=1.0,
            box=box,
            mask=mask,
            landmarks=outline_points(mask.alpha, Keypoints.from_points(skeleton, marks)),
            score=1.0,
            model=self.model,
        )

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        return read_each(self, asks)
