"""Photos with annotated people, and what an estimator finds in them: COCO's figures, and how long it took."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingInput, UsageError
from flixpose.evaluation.pose import Found, Summary, Truth, coco, pck, similarity
from flixpose.imaging.decode import read_image
from flixpose.ports import PoseEstimator
from flixpose.pose.families.parts import TopDown
from flixpose.pose.skeletons import COCO_17, convert, sigmas
from flixpose.structures.found import Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Skeleton

Array = NDArray[np.float64]

_CACHED = 1024  # photos
_TOGETHER = 8  # photos of one call


@dataclass(frozen=True, eq=False, slots=True)
class Marked:
    """One annotated person: xy: (K, 2) house's frame, visibility: (K,), area in pixels, xyxy: (4,)."""

    xy: Array
    visibility: NDArray[np.int64]
    area: float
    xyxy: Array


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A picture on disk and its people. id: COCO's. crowding: CrowdPose's index, where it is told."""

    id: int
    path: Path
    people: tuple[Marked, ...]
    crowding: float | None = None

    @property
    def image(self) -> Image:
        """Raises UnreadableImage, MissingInput."""
        return _read(self.path)


@lru_cache(maxsize=_CACHED)
def _read(path: Path) -> Image:
    return read_image(path)


def read_coco(annotations: Path, images: Path | None = None, skeleton: Skeleton = COCO_17) -> list[Photo]:
    """The photos of COCO's keypoint annotations that show somebody with keypoints; other things are skipped.

    Args:
        images: their folder; "images" beside the file unless given.

    Raises: MissingInput, UsageError.
    """
    if not annotations.is_file():
        raise MissingInput(f"there is no file {annotations}.", subject=str(annotations))
    folder = images or annotations.parent / "images"
    try:
        data = json.loads(annotations.read_text())
        people: dict[int, list[Marked]] = {}
        others = {each["id"] for each in data.get("categories", ()) if not _is_person(each)}
        for each in data["annotations"]:
            if each.get("category_id") in others:
                continue
            if not each.get("iscrowd") and each["num_keypoints"]:
                people.setdefault(int(each["image_id"]), []).append(_marked(each, len(skeleton)))
        photos = [
            Photo(
                int(each["id"]), folder / each["file_name"], tuple(people[each["id"]]), each.get("crowdIndex")
            )
            for each in data["images"]
            if each["id"] in people
        ]
    except (KeyError, TypeError, ValueError) as failure:
        raise UsageError(
            f"{annotations.name} is not in COCO's keypoint format: {failure}.", subject=annotations.name
        ) from failure
    if not photos:
        raise UsageError(f"{annotations.name} has nobody with keypoints.", subject=annotations.name)
    if lacking := next((photo.path for photo in photos if not photo.path.is_file()), None):
        raise MissingInput(f"there is no picture {lacking}.", subject=str(lacking))
    return photos


def _is_person(category: dict[str, Any]) -> bool:
    """A category that says nothing of itself is taken for people."""
    said = {category.get("name", "person"), category.get("supercategory")}
    return "person" in said


def _marked(annotation: dict[str, Any], count: int) -> Marked:
    points = np.array(annotation["keypoints"], dtype=np.float64).reshape(count, 3)
    x, y, w, h = (float(v) for v in annotation["bbox"])
    return Marked(
        points[:, :2] + 0.5,
        points[:, 2].astype(np.int64),
        float(annotation["area"]),
        np.array([x, y, x + w, y + h]),
    )


def truth_of(photos: Sequence[Photo]) -> dict[int, list[Truth]]:
    """As COCO's figures want it: pixel indices."""
    return {photo.id: [_truth(person) for person in photo.people] for photo in photos}


def _truth(person: Marked) -> Truth:
    x0, y0, x1, y1 = person.xyxy
    xywh = np.array([x0, y0, x1 - x0, y1 - y0])
    return Truth(person.xy - 0.5, person.visibility, person.area, xywh)


def found_in(poses: Sequence[Pose], skeleton: Skeleton = COCO_17) -> list[Found]:
    """A skeleton's keypoints of poses; one that was not found lies in the middle of those that were."""
    return [Found(_filled(pose, skeleton), pose.score) for pose in poses]


def _filled(pose: Pose, skeleton: Skeleton) -> Array:
    xy = convert(pose.keypoints, skeleton).xy.astype(np.float64) - 0.5
    there = np.asarray(np.isfinite(xy).all(axis=1))
    return np.where(there[:, None], xy, xy[there].mean(axis=0) if there.any() else 0.0)


def told_boxes(estimator: PoseEstimator) -> bool:
    """Whether it is top-down and has no finder: it must be told where people are."""
    reader = getattr(estimator, "base", estimator)
    return isinstance(reader, TopDown) and not reader.finder.models


def look(estimator: PoseEstimator, photos: Sequence[Photo]) -> dict[int, tuple[Pose, ...]]:
    """The people that an estimator finds, by photo; true boxes stand in for a lacking finder."""
    found: dict[int, tuple[Pose, ...]] = {}
    for start in range(0, len(photos), _TOGETHER):
        some = photos[start : start + _TOGETHER]
        images = [photo.image for photo in some]
        if told_boxes(estimator):
            boxes = [[Box(*(float(v) for v in person.xyxy)) for person in photo.people] for photo in some]
            poses = estimator.in_boxes(images, boxes)  # type: ignore[attr-defined]
        else:
            poses = estimator(images)
        found |= {photo.id: each for photo, each in zip(some, poses, strict=True)}
    return found


def figures(estimator: PoseEstimator, photos: Sequence[Photo]) -> Summary:
    """COCO's AP and AR over photos."""
    found = {row: found_in(poses) for row, poses in look(estimator, photos).items()}
    return coco(truth_of(photos), found, sigmas(COCO_17))


def results_of(found: Mapping[int, Sequence[Found]]) -> list[dict[str, Any]]:
    """As COCO's results file has them."""
    return [
        {
            "image_id": row,
            "category_id": 1,
            "keypoints": np.column_stack([each.xy.round(2), np.ones(len(each.xy))]).ravel().tolist(),
            "score": round(each.score, 5),
        }
        for row, some in found.items()
        for each in some
    ]


def near_share(
    photos: Sequence[Photo], found: Mapping[int, Sequence[Found]], spread: Array, *, share: float
) -> float:
    """PCK: visible keypoints within a share of their person's longer side; nobody found is all wrong.

    Each person is compared with the most alike one found.
    """
    truths, answers, seen, norms = [], [], [], []
    for photo in photos:
        for person, truth in zip(photo.people, truth_of([photo])[photo.id], strict=True):
            some = found.get(photo.id, ())
            best = int(np.argmax(similarity(truth, some, spread))) if some else -1
            truths.append(truth.xy)
            answers.append(some[best].xy if some else np.full_like(truth.xy, np.inf))
            seen.append(person.visibility > 0)
            norms.append(float((person.xyxy[2:] - person.xyxy[:2]).max()))
    return pck(np.stack(truths), np.stack(answers), np.stack(seen), np.array(norms), share=share)
