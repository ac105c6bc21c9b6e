"""Photos of garments whose landmarks people gave, from COCO's format into a training run.

`flixpose audit export --format coco` writes them: a category a kind, its landmarks as keypoints, beside
COCO's own the view ("front" where it is not told). A landmark without a place is unknown and carries no
loss. Neither does a mask that there is not, or that the landmarks contradict: it is a model's, and whoever
moved a hem did not paint it anew.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingInput, UsageError
from flixpose.garment.kinds import KINDS
from flixpose.imaging.decode import read_image
from flixpose.studio.garments.sample import Sample
from flixpose.studio.simulated.samples import placed
from flixpose.training.batches import Photos
from flixpose.training.samples import UNKNOWN, draw_many

Place = tuple[float, float, int]

_FILL = 0.8  # longer side of the garment, share of the square that it is cut out into
_INSIDE = ("neck_front", "neck_back")  # where the other half of the neck is seen, no edge of the mask
_NEAR = 0.03  # of the garment's longer side: how far a seen landmark lies from its mask's edge at most


@dataclass(frozen=True, eq=False, slots=True)
class Garment:
    """One annotated garment.

    Attributes:
        landmarks: name → (x, y, visibility) of all landmarks of the kind, pixels of the photo, house's frame.
        box: (4,) xyxy in pixels; holds all landmarks that have a place.
        runs: COCO's uncompressed run lengths of the mask, or None.
    """

    path: Path
    kind: str
    view: str
    landmarks: dict[str, Place]
    box: NDArray[np.float64]
    runs: dict[str, Any] | None


def read_garments(annotations: Path, images: Path | None = None) -> list[Garment]:
    """The garments with landmarks among COCO's annotations; people and other things are skipped.

    Args:
        images: their folder; "images" beside the file unless given.

    Raises: MissingInput, UsageError.
    """
    if not annotations.is_file():
        raise MissingInput(f"there is no file {annotations}.", subject=str(annotations))
    folder = images or annotations.parent / "images"
    try:
        data = json.loads(annotations.read_text(encoding="utf-8"))
        kinds = {each["id"]: each for each in data["categories"] if each["name"] in KINDS}
        files = {each["id"]: folder / each["file_name"] for each in data["images"]}
        found = [
            _garment(each, kinds[each["category_id"]], files[each["image_id"]])
            for each in data["annotations"]
            if each["category_id"] in kinds and not each.get("iscrowd") and any(each["keypoints"][2::3])
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as failure:
        raise UsageError(
            f"{annotations.name} is not in COCO's keypoint format: {failure}.", subject=annotations.name
        ) from failure
    if not found:
        raise UsageError(f"{annotations.name} has no garment with landmarks.", subject=annotations.name)
    if lacking := next((garment.path for garment in found if not garment.path.is_file()), None):
        raise MissingInput(f"there is no picture {lacking}.", subject=str(lacking))
    return found


def _garment(annotation: dict[str, Any], category: dict[str, Any], path: Path) -> Garment:
    kind, names = category["name"], category["keypoints"]
    if strange := set(names) - set(KINDS[kind].names):
        raise ValueError(f"{kind} has no landmark {min(strange)}")
    points = np.array(annotation["keypoints"], np.float64).reshape(len(names), 3)
    view = annotation.get("view") or "front"
    if view not in ("front", "back") or not np.isfinite(points).all():
        raise ValueError(f"annotation {annotation.get('id')} has no such view or place")
    marks: dict[str, Place] = dict.fromkeys(KINDS[kind].names, (0.0, 0.0, UNKNOWN))
    for name, (x, y, seen) in zip(names, points, strict=True):
        if seen > 0:
            marks[name] = float(x) + 0.5, float(y) + 0.5, 2 if seen > 1 else 1
    x, y, width, height = (float(value) for value in annotation["bbox"])
    places = np.array([place[:2] for place in marks.values() if place[2] > 0])
    corners = np.vstack([places, [[x, y], [x + width, y + height]]])
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    runs = annotation.get("segmentation")
    told = isinstance(runs, dict) and isinstance(runs.get("counts"), list)
    return Garment(path, kind, view, marks, box, runs if told else None)


def read_sample(garment: Garment) -> tuple[Sample, bool]:
    """The whole photo, and whether its mask is the garment's; else it is the garment's box.

    Raises: MissingInput, UnreadableImage, UsageError.
    """
    pixels = read_image(garment.path).pixels
    mask = None if garment.runs is None else _mask(garment, pixels.shape[:2])
    masked = mask is not None and _agrees(mask, garment.landmarks)
    if mask is None or not masked:
        mask = np.zeros(pixels.shape[:2], np.uint8)
        x0, y0 = np.floor(np.maximum(garment.box[:2], 0)).astype(int)
        x1, y1 = np.ceil(garment.box[2:]).astype(int)
        mask[y0:y1, x0:x1] = 255
    return Sample(pixels, mask, garment.kind, garment.view, "photo", garment.landmarks), masked


def _mask(garment: Garment, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    runs: dict[str, Any] = garment.runs or {}
    try:
        counts = np.array(runs["counts"], np.int64)
        if tuple(runs["size"]) != shape or counts.sum() != shape[0] * shape[1]:
            raise ValueError("another size than the photo")
        inside = np.repeat(np.arange(len(counts)) % 2, counts)
    except (KeyError, TypeError, ValueError) as failure:
        message = f"The mask of {garment.path.name} cannot be read: {failure}."
        raise UsageError(message, subject=str(garment.path)) from failure
    return np.ascontiguousarray(inside.reshape(shape, order="F") * 255, np.uint8)


def _agrees(mask: NDArray[np.uint8], landmarks: dict[str, Place]) -> bool:
    """Whether every seen landmark of the outline lies on the mask's edge."""
    padded = cv2.copyMakeBorder((mask > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    _, _, width, height = cv2.boundingRect(padded)
    contours, _ = cv2.findContours(padded, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return False
    edge = np.concatenate(contours)[:, 0] - 0.5  # indices, less the border, at the pixels' centres
    seen = [place[:2] for name, place in landmarks.items() if place[2] == 2 and name not in _INSIDE]
    far = [np.hypot(*(edge - place).T).min() for place in seen]
    return max(far, default=0.0) <= _NEAR * max(width, height)


def _cut(sample: Sample, garment: Garment, size: tuple[int, int]) -> Sample:
    low, high = garment.box[:2], garment.box[2:]
    scale = _FILL * min(np.array(size) / np.maximum(high - low, 1.0))
    shift = np.array(size) / 2 - scale * (low + high) / 2
    return placed(sample, np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]), size)


def read_photos(annotations: Path, images: Path | None = None, *, side: int, share: float) -> Photos:
    """All garments of a file, each cut out into a square of `side` pixels and kept in memory.

    Raises: MissingInput, UnreadableImage, UsageError.
    """
    garments = read_garments(annotations, images)
    masked: list[bool] = []

    def draw(seed: int, size: tuple[int, int]) -> Sample:
        sample, known = read_sample(garments[seed])
        masked.append(known)
        return _cut(sample, garments[seed], size)

    samples = draw_many(draw, range(len(garments)), side)
    digest = hashlib.sha256(annotations.read_bytes()).hexdigest()
    return Photos(samples, np.array(masked), share, digest)
