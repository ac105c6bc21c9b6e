"""A set of scenes told in formats that others read: COCO, and the photos that `evaluate garment` takes."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.kinds import KINDS
from flixpose.imaging.files import write_atomic
from flixpose.studio.simulated.passes import Label, garment_mask, read_labels

Truth = dict[str, Any]

# COCO's order
_PAIRS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
BODY: tuple[str, ...] = ("nose", *(f"{side}_{joint}" for joint in _PAIRS for side in ("left", "right")))
_LIMBS = (
    ("nose", "eye"),
    ("eye", "ear"),
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("shoulder", "hip"),
    ("hip", "knee"),
    ("knee", "ankle"),
)
_PICTURES = ("product", "ghost", "person", "worn")
_SMALLEST_PX = 12
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


def write_annotations(out: Path, scenes: Sequence[Truth]) -> None:
    """Write `annotations.json` (COCO), `landmarks.json` and `garments/` for a finished set."""
    write_atomic(out / "annotations.json", (json.dumps(coco(out, scenes)) + "\n").encode())
    entries = [entry for truth in scenes for entry in _photos(out, truth)]
    write_atomic(out / "landmarks.json", (json.dumps(entries, indent=1) + "\n").encode())


def coco(out: Path, scenes: Sequence[Truth]) -> dict[str, Any]:
    """Every picture with its garment (keypoints by kind, outline) and its person (17 keypoints).

    Coordinates are pixel indices: the first pixel's centre is 0. Visibility: 0 absent, 1 hidden, 2 seen.
    """
    images: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for truth in scenes:
        folder = f"{truth['number']:04d}"
        for picture in _PICTURES:
            if not (out / folder / f"{picture}.png").is_file():
                continue
            width, height = truth["size"]["worn" if picture == "person" else picture]
            entry = {"file_name": f"{folder}/{picture}.png", "width": width, "height": height}
            number = len(images) + 1
            images.append({"id": number, **entry, "scene": truth["number"], "picture": picture})
            for annotation in _things(out / folder, truth, picture):
                found.append({"id": len(found) + 1, "image_id": number, "iscrowd": 0, **annotation})
    return {"images": images, "annotations": found, "categories": _categories()}


def _things(folder: Path, truth: Truth, picture: str) -> Iterator[dict[str, Any]]:
    if picture in truth["landmarks"]:
        names = KINDS[truth["kind"]].names
        region = garment_mask(folder / f"{picture}_parts.png") > 127
        points = _flat(truth["landmarks"][picture], names)
        yield {"category_id": list(KINDS).index(truth["kind"]) + 1, **points, **_region(region)}
    if picture in ("person", "worn"):
        region = read_labels(folder / f"{picture}_labels.png") != Label.NOTHING
        yield {"category_id": len(KINDS) + 1, **_flat(truth["keypoints"], BODY), **_region(region)}


def _flat(marks: dict[str, list[float]], names: Sequence[str]) -> dict[str, Any]:
    flat: list[float] = []
    for name in names:
        x, y, visibility = marks.get(name, (0.5, 0.5, 0))
        seen = visibility > 0
        flat += [round(x - 0.5, 2), round(y - 0.5, 2), int(visibility)] if seen else [0, 0, 0]
    return {"keypoints": flat, "num_keypoints": sum(value > 0 for value in flat[2::3])}


def _region(region: NDArray[np.bool_]) -> dict[str, Any]:
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [c for c in contours if cv2.contourArea(c) >= _SMALLEST_PX]
    return {
        "bbox": list(cv2.boundingRect(region.astype(np.uint8))),
        "area": int(region.sum()),
        "segmentation": [cv2.approxPolyDP(c, 0.5, True).reshape(-1).tolist() for c in large],
    }


def _categories() -> list[dict[str, Any]]:
    kinds = [
        {
            "id": number,
            "name": kind,
            "supercategory": "clothes",
            "keypoints": list(skeleton.names),
            "skeleton": [[skeleton.index[a] + 1, skeleton.index[b] + 1] for a, b in skeleton.edges],
        }
        for number, (kind, skeleton) in enumerate(KINDS.items(), 1)
    ]
    ends = [
        (a if a in BODY else f"{side}_{a}", f"{side}_{b}") for a, b in _LIMBS for side in ("left", "right")
    ]
    limbs = [[BODY.index(a) + 1, BODY.index(b) + 1] for a, b in ends]
    person = {"id": len(kinds) + 1, "name": "person", "supercategory": "person"}
    return [*kinds, {**person, "keypoints": list(BODY), "skeleton": limbs}]


def _photos(out: Path, truth: Truth) -> Iterator[dict[str, Any]]:
    """Copy the two product photos to `garments/`; yields their entries for `landmarks.json`."""
    folder = f"{truth['number']:04d}"
    for picture in ("product", "ghost"):
        name = f"{folder}_{picture}.jpg"
        if not (out / "garments" / name).is_file():
            pixels = cv2.imread(str(out / folder / f"{picture}.png"))
            coded = cv2.imencode(".jpg", np.asarray(pixels), _QUALITY)[1]
            write_atomic(out / "garments" / name, coded.tobytes())
        marks, names = truth["landmarks"][picture], KINDS[truth["kind"]].names
        known = {name: marks[name] for name in names if name in marks}
        width, height = truth["size"][picture]
        yield {
            "file": name,
            "width": width,
            "height": height,
            "kind": truth["kind"],
            "view": truth.get("view", "front"),
            "landmarks": {
                name: [round(known[name][0] - 0.5, 2), round(known[name][1] - 0.5, 2)]
                if name in known
                else None
                for name in names
            },
            "occluded": [name for name, (_, _, visibility) in known.items() if visibility < 2],
        }
