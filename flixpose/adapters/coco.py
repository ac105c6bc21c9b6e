"""Keypoints in COCO's format, as pycocotools reads it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from flixpose.adapters.audit import PointSet
from flixpose.garment.kinds import KINDS
from flixpose.pose.skeletons import COCO_17, convert
from flixpose.structures.keypoints import Skeleton

_SKELETONS: Mapping[str, Mapping[str, Skeleton]] = {"person": {"person": COCO_17}, "garment": KINDS}
_SURE = 0.5  # from this score on a point counts as seen, below as labelled but hidden


def coco_keypoints(sets: Iterable[PointSet], *, what: str | Sequence[str]) -> dict[str, Any]:
    """One annotation a set. Persons are given with COCO's 17 keypoints, garments with their kind's landmarks.

    COCO's points are pixel indices: (0.5, 0.5) here is (0, 0) there. Boxes are edges in both.

    Args:
        what: "person", "garment" or both; the categories are theirs.
    """
    subjects = [what] if isinstance(what, str) else list(what)
    skeletons = {name: s for subject in subjects for name, s in _SKELETONS[subject].items()}
    categories = {name: _category(n, name, s) for n, (name, s) in enumerate(skeletons.items(), 1)}
    pictures: dict[str, dict[str, Any]] = {}
    annotations: list[dict[str, Any]] = []
    for found in sets:
        picture = pictures.setdefault(found.image["sha256"], _image(found, len(pictures) + 1))
        category = categories["person" if found.subject == "person" else found.points.skeleton.name]
        annotations.append(_annotation(found, len(annotations) + 1, picture["id"], category["id"]))
    return {
        "info": {"description": f"flixpose: {' and '.join(subjects)} keypoints", "version": "1.0"},
        "licenses": [],
        "images": list(pictures.values()),
        "annotations": annotations,
        "categories": list(categories.values()),
    }


def _category(number: int, name: str, skeleton: Skeleton) -> dict[str, Any]:
    edges = [[skeleton.index[a] + 1, skeleton.index[b] + 1] for a, b in skeleton.edges]
    above = "person" if name == "person" else "garment"
    return {
        "id": number,
        "name": name,
        "supercategory": above,
        "keypoints": list(skeleton.names),
        "skeleton": edges,
    }


def _image(found: PointSet, number: int) -> dict[str, Any]:
    image = found.image
    name = image.get("file_name") or PurePosixPath(image["uri"]).name
    size = {"width": image["width"], "height": image["height"]}
    return {"id": number, "file_name": name, **size, "uri": image["uri"], "sha256": image["sha256"]}


def _annotation(found: PointSet, number: int, image_id: int, category_id: int) -> dict[str, Any]:
    points = convert(found.points, COCO_17) if found.subject == "person" else found.points
    flat: list[float | int] = []
    for name in points.skeleton.names:
        if points.has(name):
            x, y = (round(float(value) - 0.5, 3) for value in points[name])
            flat += [x, y, 2 if points.score(name) >= _SURE else 1]
        else:
            flat += [0, 0, 0]
    box = found.box
    edges = (
        [box.x0, box.y0, box.width, box.height]
        if box
        else [0, 0, found.image["width"], found.image["height"]]
    )
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "keypoints": flat,
        "num_keypoints": len(points.present),
        "bbox": [round(float(value), 3) for value in edges],
        "area": round(float(edges[2] * edges[3]), 3),
        "iscrowd": 0,
        "segmentation": [],
        "score": found.score,
        "keypoint_scores": [round(float(score), 4) for score in points.scores],
        "author": found.author,
        "model": found.model,
    }
