"""What the models found on people's photos, kept whole: a photo is looked at once, by whatever process.

The answer is kept with every digit, so that a picture made from it is the same to the last byte; besides, its
keypoints are a keypoint set like any other. Masks are objects in the store, `analyses/<key>/mask-<n>.png`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from sqlalchemy import Connection, select

from flixpose import __version__
from flixpose.adapters.database import Database, ago, upsert
from flixpose.adapters.locks import locked
from flixpose.adapters.sets import insert_images, insert_models, insert_sets, model_set
from flixpose.adapters.tables import analyses
from flixpose.errors import MissingInput
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore, PoseEstimator
from flixpose.pose.skeletons import SKELETONS
from flixpose.stages.report import person_json
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

_WAIT_S = 60.0  # for another process that looks at the same photo


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

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Raises DatabaseUnavailable, StoreUnavailable, and what the other one raises."""
        return [self._people(image) for image in images]

    def _people(self, image: Image) -> tuple[Pose, ...]:
        key = analysis_key(image.sha256, self.models)
        known = self._find(key, image)
        if known is not None:
            return known
        with locked(self.database, "analysis", key, wait_s=_WAIT_S):
            known = self._find(key, image)
            return self._look(key, image) if known is None else known

    def _look(self, key: str, image: Image) -> tuple[Pose, ...]:
        (people,) = self.eyes([image])
        found = [_to_json(pose, self._keep_mask(key, n, pose.mask)) for n, pose in enumerate(people)]
        self.database.run(lambda connection: _insert(connection, key, image, people, found))
        return people

    def _find(self, key: str, image: Image) -> tuple[Pose, ...] | None:
        """None where nothing is known, or a mask is gone or damaged."""
        with self.database.transaction(write=False) as connection:
            found = connection.scalar(select(analyses.c.found).where(analyses.c.key == key))
        if found is None:
            return None
        try:
            return tuple(_from_json(pose, self._mask(pose["mask"], image)) for pose in found)
        except (KeyError, MissingInput):
            return None

    def _keep_mask(self, key: str, number: int, mask: Mask | None) -> dict[str, str] | None:
        if mask is None:
            return None
        name, data = f"analyses/{key[:2]}/{key}/mask-{number}.png", encode_png(mask.alpha)
        sha256 = sha256_hex(data)
        self.blobs.put(name, data, media_type="image/png", sha256=sha256)
        return {"key": name, "sha256": sha256}

    def _mask(self, kept: dict[str, str] | None, image: Image) -> Mask | None:
        if kept is None:
            return None
        data = self.blobs.get(kept["key"])
        alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if sha256_hex(data) != kept["sha256"] or alpha is None or alpha.shape != image.pixels.shape[:2]:
            raise MissingInput(f"{kept['key']} is not the mask that was put there.", subject=kept["key"])
        return Mask(alpha)


def analysis_key(image_sha256: str, models: Sequence[ModelInfo]) -> str:
    """One hash (hex) over everything that decides the answer."""
    decides = image_sha256, [model.to_json() for model in models], __version__
    return sha256_hex(json.dumps(decides, sort_keys=True).encode())


def _insert(
    connection: Connection, key: str, image: Image, people: Sequence[Pose], found: list[dict[str, Any]]
) -> None:
    photo = {"sha256": image.sha256, "width": image.width, "height": image.height, "uri": ""}
    insert_images(connection, [photo])
    set_id = None
    if people:
        model = people[0].model.to_json()
        insert_models(connection, [model])
        row, points = model_set("person", person_json(people[0]), model, image.sha256)
        insert_sets(connection, [(row, points)])
        set_id = row["id"]
    values = {"key": key, "image_sha256": image.sha256, "set_id": set_id, "found": found}
    values |= {"software": __version__, "created_at": ago(0)}
    upsert(connection, analyses, values, ("found", "set_id"))


def _to_json(pose: Pose, mask: dict[str, str] | None) -> dict[str, Any]:
    points = pose.keypoints
    return {
        "skeleton": points.skeleton.name,
        "xy": [[_number(v) for v in place] for place in points.xy],
        "scores": [float(v) for v in points.scores],
        "box": [float(v) for v in (pose.box.x0, pose.box.y0, pose.box.x1, pose.box.y1)],
        "score": float(pose.score),
        "model": pose.model.to_json(),
        "mask": mask,
        "world": None if pose.world is None else [[float(v) for v in place] for place in pose.world],
    }


def _from_json(kept: dict[str, Any], mask: Mask | None) -> Pose:
    xy = np.array([[np.nan if v is None else v for v in place] for place in kept["xy"]], np.float32)
    world = kept["world"]
    return Pose(
        keypoints=Keypoints(SKELETONS[kept["skeleton"]], xy, np.array(kept["scores"], np.float32)),
        box=Box(*kept["box"]),
        score=kept["score"],
        model=ModelInfo(**kept["model"]),
        mask=mask,
        world=None if world is None else np.array(world, np.float32),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
