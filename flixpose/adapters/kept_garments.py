"""What the reader found on product photos, kept whole: one photo for many people is read once.

Who shares a batch with a photo changes the last digits of what a net says of it. Whatever is kept first is
the answer from then on, so that a picture made again is the same to the last byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flixpose.adapters.database import Database
from flixpose.adapters.kept import (
    Answered,
    analysis_key,
    find_kept,
    in_threads,
    keep_all,
    keep_mask,
    kept_mask,
    remembered,
)
from flixpose.adapters.sets import model_set
from flixpose.errors import FlixposeError
from flixpose.garment import kinds
from flixpose.ports import BlobStore, GarmentAsk, GarmentReader
from flixpose.stages.report import garment_json
from flixpose.structures.found import Garment, ModelInfo
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

Answer = Garment | FlixposeError


@dataclass(frozen=True, slots=True)
class KeptGarments:
    """`GarmentReader` over another one, asked only about photos that nobody read before."""

    reader: GarmentReader
    database: Database
    blobs: BlobStore

    @property
    def model(self) -> ModelInfo:
        return self.reader.model

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """Raises DatabaseUnavailable, StoreUnavailable, and what the other one raises."""
        (found,) = self.read_all([GarmentAsk(image, kind, view)])
        if isinstance(found, FlixposeError):
            raise found
        return found

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Answer]:
        """Failures are not kept. Raises DatabaseUnavailable, StoreUnavailable."""
        keys = [analysis_key(ask.image.sha256, [self.model], (ask.kind, ask.view)) for ask in asks]
        asked = dict(zip(keys, asks, strict=True))
        found = remembered(self.database, asked, self._find, self._look)
        return [found[key] for key in keys]

    def _find(self, asked: Mapping[str, GarmentAsk]) -> dict[str, Answer]:
        return dict(find_kept(self.database, asked, self._read))

    def _read(self, kept: Any, ask: GarmentAsk) -> Garment:
        skeleton = kinds.skeleton(kept["kind"])
        xy = np.array([[np.nan if v is None else v for v in place] for place in kept["xy"]], np.float32)
        return Garment(
            kind=kept["kind"],
            kind_score=kept["kind_score"],
            view=kept["view"],
            view_score=kept["view_score"],
            box=Box(*kept["box"]),
            mask=kept_mask(self.blobs, kept["mask"], ask.image),
            landmarks=Keypoints(skeleton, xy, np.array(kept["scores"], np.float32)),
            score=kept["score"],
            model=ModelInfo(**kept["model"]),
        )

    def _look(self, asked: Mapping[str, GarmentAsk]) -> dict[str, Answer]:
        found = dict(zip(asked, self.reader.read_all(list(asked.values())), strict=True))
        good = [(key, answer) for key, answer in found.items() if isinstance(answer, Garment)]
        answers = in_threads(lambda one: self._answered(*one, asked[one[0]].image), good)
        if answers:
            self.database.run(lambda connection: keep_all(connection, answers))
        return found

    def _answered(self, key: str, garment: Garment, image: Image) -> Answered:
        said = model_set("garment", garment_json(garment), garment.model.to_json(), image.sha256)
        return Answered(key, image, said, garment.model, self._to_json(key, garment))

    def _to_json(self, key: str, garment: Garment) -> dict[str, Any]:
        box, points = garment.box, garment.landmarks
        return {
            "kind": garment.kind,
            "kind_score": float(garment.kind_score),
            "view": garment.view,
            "view_score": float(garment.view_score),
            "box": [float(v) for v in (box.x0, box.y0, box.x1, box.y1)],
            "xy": [[float(v) if np.isfinite(v) else None for v in place] for place in points.xy],
            "scores": [float(v) for v in points.scores],
            "score": float(garment.score),
            "model": garment.model.to_json(),
            "mask": keep_mask(self.blobs, key, 0, garment.mask),
        }
