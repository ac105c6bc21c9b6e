"""How well a garment reader does on annotated product photos and on garment masks.

PCK@t: share of the annotated landmarks, not marked occluded, that are found within t of the garment's longer
side; one that is not found counts as wrong. The side is that of the box around the annotated landmarks, a
little shorter than the garment's. NME: mean error of those that are found, in the same unit.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import NoGarment
from flixpose.imaging.decode import read_image
from flixpose.ports import GarmentReader
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

_FAR = float("inf")
Entry = dict[str, Any]
Show = Callable[[Entry, Image, Garment | None], None]
_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.01)


@dataclass(frozen=True, slots=True)
class Point:
    """One annotated landmark: `error` in longer sides of the garment, infinite where it was not found.

    Attributes:
        score: the reader's own.
        swapped: it lies nearer to its mirror partner's place than to its own.
        kind: the photo's true kind.
    """

    file: str
    name: str
    error: float
    score: float
    swapped: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One annotated photo: its true kind and view, and what the reader said; None where it found nothing.

    Attributes:
        iou: of the garment's mask with the true one, where that is known.
    """

    file: str
    kind: str
    view: str
    found_kind: str | None
    found_view: str | None
    iou: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The table of a reader over annotated photos."""

    seen: tuple[Seen, ...]
    points: tuple[Point, ...]

    @property
    def photos(self) -> int:
        return len(self.seen)

    @property
    def found(self) -> int:
        return sum(photo.found_kind is not None for photo in self.seen)

    @property
    def view(self) -> float:
        """Share of the photos whose view is right."""
        return sum(photo.found_view == photo.view for photo in self.seen) / max(self.photos, 1)

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
        return sum(photo.found_kind == photo.kind for photo in self.seen) / max(self.photos, 1)

    @property
    def iou(self) -> float:
        """Mean mask IoU of the photos whose true mask is known; nan where none is."""
        known = [photo.iou for photo in self.seen if photo.iou is not None]
        return float(np.mean(known)) if known else float("nan")

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
        yield f"photos {self.photos}, found {self.found}, kind right {self.kind:.3f}, view {self.view:.3f}"
        yield (
            f"PCK@.05 {self.pck(0.05):.3f}  PCK@.02 {self.pck(0.02):.3f}  NME {100 * self.nme:.2f} %  "
            f"left-right swaps {self.swaps} of {len(self.points)}"
        )
        if self.iou == self.iou:
            yield f"mask IoU {self.iou:.4f}"
        yield from _table("landmark", self.points, lambda point: _without_side(point.name))
        yield from _table("kind", self.points, lambda point: point.kind)
        for low, high, count, share in self.reliability():
            yield f"  score {low:.1f} to {high:.1f}: {count:4} landmarks, {share:.2f} within 2 %"
        for photo in self.seen:
            if photo.found_kind != photo.kind:
                yield f"  {photo.file}: {photo.kind} taken for {photo.found_kind or 'no garment'}"

    def to_json(self) -> dict[str, Any]:
        """The figures, the table and every landmark as plain values; an infinite error is null."""
        return {
            "photos": self.photos,
            "found": self.found,
            "kind": self.kind,
            "view": self.view,
            "pck05": self.pck(0.05),
            "pck02": self.pck(0.02),
            "nme": self.nme,
            "swaps": self.swaps,
            "iou": self.iou if self.iou == self.iou else None,
            "reliability": self.reliability(),
            "seen": [asdict(photo) for photo in self.seen],
            "points": [asdict(p) | {"error": p.error if p.error < _FAR else None} for p in self.points],
        }


def _table(title: str, points: Sequence[Point], group: Callable[[Point], str]) -> Iterator[str]:
    groups = sorted({group(point) for point in points})
    width = max(map(len, groups), default=0)
    yield f"  {title:{width}}     n  .05  .02  NME"
    for name in groups:
        errors = np.array([point.error for point in points if group(point) == name])
        near = errors[errors < _FAR]
        mean = f"{100 * near.mean():.2f}" if len(near) else "-"
        yield f"  {name:{width}} {len(errors):5} {_share(errors, 0.05)} {_share(errors, 0.02)} {mean}"


def _share(errors: NDArray[np.float64], within: float) -> str:
    return f"{float((errors < within).mean()):.2f}"


def _without_side(name: str) -> str:
    return "_".join(word for word in name.split("_") if word not in ("left", "right"))


def evaluate_landmarks(
    reader: GarmentReader,
    photos: Path,
    *,
    told: bool = False,
    read: Callable[[Path], Image] = read_image,
    show: Show = lambda entry, image, garment: None,
) -> Figures:
    """Figures over `photos/landmarks.json` (pixels of the photo, null = absent) and `photos/garments`.

    Args:
        told: give the reader the annotated kind and view, as a manifest may, to judge its landmarks alone.
        show: called with every entry, its photo and what was found in it.
    """
    entries: list[Entry] = json.loads((photos / "landmarks.json").read_text())
    photos_of = ((entry, read(photos / "garments" / entry["file"])) for entry in entries)
    return evaluate_entries(reader, photos_of, told=told, show=show)


def evaluate_entries(
    reader: GarmentReader,
    entries: Iterable[tuple[Entry, Image]],
    *,
    told: bool = False,
    show: Show = lambda entry, image, garment: None,
) -> Figures:
    """Figures over annotated photos from anywhere.

    Args:
        entries: each with `file`, `kind`, `view`, `landmarks` (name → pixel indices, or None), `occluded`
            and, where it is known, the true `mask`; and its photo.
    """
    points: list[Point] = []
    seen: list[Seen] = []
    for entry, image in entries:
        garment = _read(reader, image, entry if told else None)
        kind, view = (garment.kind, garment.view) if garment else (None, None)
        seen.append(Seen(entry["file"], entry["kind"], entry["view"], kind, view, _iou(entry, garment)))
        points.extend(_points(entry, garment))
        show(entry, image, garment)
    return Figures(tuple(seen), tuple(points))


def _iou(entry: Entry, garment: Garment | None) -> float | None:
    if entry.get("mask") is None:
        return None
    return mask_iou(garment.mask, entry["mask"]) if garment else 0.0


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


def _read(reader: GarmentReader, image: Image, told: Entry | None) -> Garment | None:
    try:
        return reader(image, kind=told["kind"], view=told["view"]) if told else reader(image)
    except NoGarment:
        return None


def _points(entry: Entry, garment: Garment | None) -> Iterable[Point]:
    truth = {name: np.array(xy) + 0.5 for name, xy in entry["landmarks"].items() if xy is not None}
    side = float(np.ptp(np.stack(list(truth.values())), axis=0).max())
    for name, xy in truth.items():
        if name in entry["occluded"]:
            continue
        if garment is None or not garment.landmarks.has(name):
            yield Point(entry["file"], name, _FAR, 0.0, False, entry["kind"])
            continue
        place = garment.landmarks[name]
        error = float(np.hypot(*(place - xy))) / side
        partner = truth.get(_partner(name))
        swapped = partner is not None and float(np.hypot(*(place - partner))) / side < error
        yield Point(entry["file"], name, error, garment.landmarks.score(name), swapped, entry["kind"])


def _partner(name: str) -> str:
    words = {"left": "right", "right": "left"}
    return "_".join(words.get(word, word) for word in name.split("_"))
