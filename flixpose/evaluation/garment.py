"""How well a garment reader does on annotated product photos and on garment masks.

PCK@t: share of the annotated landmarks, not marked occluded, that are found within t of the garment's longer
side; one that is not found counts as wrong. The side is that of the box around the annotated landmarks, a
little shorter than the garment's. NME: mean error of those that are found, in the same unit.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from flixpose.errors import NoGarment
from flixpose.imaging.decode import read_image
from flixpose.ports import GarmentReader
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

_FAR = float("inf")
_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.01)


@dataclass(frozen=True, slots=True)
class Point:
    """One annotated landmark: `error` in longer sides of the garment, infinite where it was not found.

    Attributes:
        score: the reader's own.
        swapped: it lies nearer to its mirror partner's place than to its own.
    """

    file: str
    name: str
    error: float
    score: float
    swapped: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """The table of a reader over annotated photos."""

    photos: int
    found: int
    kinds_right: int
    points: tuple[Point, ...]

    def pck(self, within: float, name: str = "") -> float:
        """Over all landmarks, or over those whose name begins so."""
        errors = [p.error for p in self.points if p.name.startswith(name)]
        return float(np.mean(np.array(errors) < within)) if errors else float("nan")

    @property
    def nme(self) -> float:
        errors = [p.error for p in self.points if p.error < _FAR]
        return float(np.mean(errors)) if errors else float("nan")

    @property
    def kind(self) -> float:
        return self.kinds_right / max(self.photos, 1)

    @property
    def swaps(self) -> int:
        return sum(point.swapped for point in self.points)

    def reliability(self, within: float = 0.02) -> list[tuple[float, float, int, float]]:
        """Per range of scores (from, to): how many landmarks have one, and the share that is right."""
        rows = []
        for low, high in pairwise(_BINS):
            errors = np.array([p.error for p in self.points if low <= p.score < high and p.error < _FAR])
            share = float((errors < within).mean()) if len(errors) else float("nan")
            rows.append((low, min(high, 1.0), len(errors), share))
        return rows

    def lines(self) -> Iterator[str]:
        """The table as text."""
        yield f"photos {self.photos}, garments found {self.found}, kind right {self.kind:.3f}"
        yield (
            f"PCK@.05 {self.pck(0.05):.3f}  PCK@.02 {self.pck(0.02):.3f}  NME {100 * self.nme:.2f} %  "
            f"left-right swaps {self.swaps} of {len(self.points)}"
        )
        for part in ("neck", "shoulder", "armpit", "cuff", "waist", "hem", "crotch"):
            if any(point.name.startswith(part) for point in self.points):
                yield f"  {part:9} {self.pck(0.05, part):.2f} {self.pck(0.02, part):.2f}"
        for low, high, count, share in self.reliability():
            yield f"  score {low:.1f} to {high:.1f}: {count:4} landmarks, {share:.2f} within 2 %"


def evaluate_landmarks(
    reader: GarmentReader,
    photos: Path,
    *,
    tell_kind: bool = False,
    read: Callable[[Path], Image] = read_image,
) -> Figures:
    """Figures over `photos/landmarks.json` (pixels of the photo, null = absent) and `photos/garments`.

    Args:
        tell_kind: give the reader the annotated kind, to judge its landmarks alone.
    """
    entries: list[dict[str, Any]] = json.loads((photos / "landmarks.json").read_text())
    points: list[Point] = []
    found = right = 0
    for entry in entries:
        image = read(photos / "garments" / entry["file"])
        garment = _read(reader, image, entry["kind"] if tell_kind else None)
        found += garment is not None
        right += garment is not None and garment.kind == entry["kind"]
        points.extend(_points(entry, garment))
    return Figures(len(entries), found, right, tuple(points))


def evaluate_masks(
    reader: GarmentReader, pairs: Path, *, read: Callable[[Path], Image] = read_image
) -> dict[str, float]:
    """Per file of `pairs/garment` the IoU with its namesake in `pairs/garment-mask`; 0 = not found."""
    result = {}
    for path in sorted((pairs / "garment").iterdir()):
        truth = cv2.imread(str(pairs / "garment-mask" / path.name), cv2.IMREAD_GRAYSCALE)
        garment = _read(reader, read(path), None)
        result[path.stem] = mask_iou(garment.mask, Mask(np.asarray(truth, np.uint8))) if garment else 0.0
    return result


def mask_iou(one: Mask, other: Mask) -> float:
    """Intersection over union of what is at least half covered."""
    a, b = one.alpha >= 128, other.alpha >= 128
    return float((a & b).sum() / max(int((a | b).sum()), 1))


def _read(reader: GarmentReader, image: Image, kind: str | None) -> Garment | None:
    try:
        return reader(image, kind=kind)
    except NoGarment:
        return None


def _points(entry: dict[str, Any], garment: Garment | None) -> Iterable[Point]:
    truth = {name: np.array(xy) + 0.5 for name, xy in entry["landmarks"].items() if xy is not None}
    side = float(np.ptp(np.stack(list(truth.values())), axis=0).max())
    for name, xy in truth.items():
        if name in entry["occluded"]:
            continue
        if garment is None or not garment.landmarks.has(name):
            yield Point(entry["file"], name, _FAR, 0.0, False)
            continue
        place = garment.landmarks[name]
        error = float(np.hypot(*(place - xy))) / side
        partner = truth.get(_partner(name))
        swapped = partner is not None and float(np.hypot(*(place - partner))) / side < error
        yield Point(entry["file"], name, error, garment.landmarks.score(name), swapped)


def _partner(name: str) -> str:
    words = {"left": "right", "right": "left"}
    return "_".join(words.get(word, word) for word in name.split("_"))
