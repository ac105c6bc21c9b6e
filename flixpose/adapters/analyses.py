"""What the models found on people's photos, kept whole: a photo is looked at once, by whatever process.

The answer is kept with every digit, so that a picture made from it is the same to the last byte; besides, its
keypoints are a keypoint set like any other.
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
from flixpose.ports import BlobStore, PoseEstimator
from flixpose.pose.skeletons import SKELETONS
from flixpose.stages.report import person_json
from flixpose.structures.found import Hand, ModelInfo, Pose
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

People = tuple[Pose, ...]


@dataclass(frozen=True, slots=True)
class KeptPoses:
    """`PoseEstimator` over another one, which is asked only about photos that nobody looked at before."""

    eyes: PoseEstimator
    database: Database
    blobs: BlobStore

    @property
    def model(self) -> ModelInfo:
        return self.eyes.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self.eyes.models

    def __call__(self, images: Sequence[Image]) -> list[People]:
        """Raises DatabaseUnavailable, StoreUnavailable, and what the other one raises."""
        keys = [analysis_key(image.sha256, self.models) for image in images]
        asked = dict(zip(keys, images, strict=True))
        found = remembered(self.database, asked, self._find, self._look)
        return [found[key] for key in keys]

    def _find(self, asked: Mapping[str, Image]) -> dict[str, People]:
        return find_kept(self.database, asked, self._read)

    def _read(self, kept: Any, image: Image) -> People:
        return tuple(_from_json(pose, self._mask(pose["mask"], image)) for pose in kept)

    def _mask(self, kept: dict[str, str] | None, image: Image) -> Mask | None:
        return None if kept is None else kept_mask(self.blobs, kept, image)

    def _look(self, asked: Mapping[str, Image]) -> dict[str, People]:
        found = dict(zip(asked, self.eyes(list(asked.values())), strict=True))
        answers = in_threads(lambda one: self._answered(*one, asked[one[0]]), found.items())
        self.database.run(lambda connection: keep_all(connection, answers))
        return found

    def _answered(self, key: str, people: People, image: Image) -> Answered:
        model = people[0].model if people else self.model
        said = model_set("person", person_json(people[0]), model.to_json(), image.sha256) if people else None
        kept = [_to_json(pose, keep_mask(self.blobs, key, n, pose.mask)) for n, pose in enumerate(people)]
        return Answered(key, image, said, model, kept)


def _to_json(pose: Pose, mask: dict[str, str] | None) -> dict[str, Any]:
    return {
        **_points(pose.keypoints),
        "box": [float(v) for v in (pose.box.x0, pose.box.y0, pose.box.x1, pose.box.y1)],
        "score": float(pose.score),
        "model": pose.model.to_json(),
        "mask": mask,
        "world": None if pose.world is None else [[float(v) for v in place] for place in pose.world],
        "hands": [
            {
                "side": hand.side,
                "score": float(hand.score),
                "side_score": float(hand.side_score),
                **_points(hand.keypoints),
            }
            for hand in pose.hands
        ],
        "face": None if pose.face is None else _points(pose.face),
    }


def _points(points: Keypoints) -> dict[str, Any]:
    return {
        "skeleton": points.skeleton.name,
        "xy": [[_number(v) for v in place] for place in points.xy],
        "scores": [float(v) for v in points.scores],
    }


def _from_json(kept: dict[str, Any], mask: Mask | None) -> Pose:
    """Older ones know of no hands and no face."""
    world, face = kept["world"], kept.get("face")
    return Pose(
        keypoints=_keypoints(kept),
        box=Box(*kept["box"]),
        score=kept["score"],
        model=ModelInfo(**kept["model"]),
        mask=mask,
        world=None if world is None else np.array(world, np.float32),
        hands=tuple(
            Hand(hand["side"], _keypoints(hand), hand["score"], hand["side_score"])
            for hand in kept.get("hands", ())
        ),
        face=None if face is None else _keypoints(face),
    )


def _keypoints(kept: dict[str, Any]) -> Keypoints:
    xy = np.array([[np.nan if v is None else v for v in place] for place in kept["xy"]], np.float32)
    return Keypoints(SKELETONS[kept["skeleton"]], xy, np.array(kept["scores"], np.float32))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
