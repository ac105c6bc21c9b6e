"""How well draped garments lie where the same garments are worn: pairs of photos, and scenes with truth.

A pair is a garment and a person who wears that very garment; its truth is a map of labels on the person
image. It is read after the drape, never by it. Beside the IoU stand what a garment-blind box with the same
things in front of it would score, and switches that take away one cause of loss each by looking at the
truth: they tell where IoU is lost, and are no results.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from flixpose.errors import FlixposeError, MissingInput
from flixpose.fit.body import measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.tuck import find_tuck
from flixpose.geometry.warp import jacobian, map_points
from flixpose.imaging.decode import read_image
from flixpose.pipeline import Tools, drape
from flixpose.structures.drape import Drape, PartWarp
from flixpose.structures.found import Pose
from flixpose.structures.image import Mask

Plane = NDArray[np.bool_]

# From this IoU on a drape may be called good.
GOOD_IOU = 0.8

# The labels of the parse maps.
_WORN = 5
_IN_FRONT = (1, 2, 3, 4, 13, 14, 15)  # hat, hair, glove, glasses, face, arms
_FACE = 13
_LOWER = (8, 9, 12, 16, 17)  # socks, trousers, skirt, legs
# Of the worn garment's area: a truth that leaves more of the person without a label is not whole. In 8 of the
# 9 such pairs of 80 it labels the garment wrongly, too.
_TORN = 0.06
_RIM = 7  # pixels across: labels do not end where masks do


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of one pair; `frontal`: standing frontally with free arms."""

    name: str
    garment: Path
    person: Path
    parse: Path
    frontal: bool


@dataclass(frozen=True, slots=True)
class Overlap:
    """IoUs of one drape with the worn garment.

    Attributes:
        iou: of what is seen of the draped garment.
        box: of a plain box on the trunk, with the same hair, face, arms and hands in front of it.
        tucked_box: of the same box, tucked in where the garment is: the strictest control.
        bare_box: of the same box with nothing in front.
        hidden: share of the drawn garment that what lies in front takes away.
        wrongly_hidden: share of the worn garment that was drawn and is hidden.
        oracles: IoU with one more of the truth's labels taken away at each step (see `oracle_steps`).
        lost: what is missing or too much, by where it is, as shares of the union.
        gaps: what of the person the truth leaves without a label (see `gaps_of`).
    """

    iou: float
    box: float
    tucked_box: float
    bare_box: float
    hidden: float
    wrongly_hidden: float
    oracles: dict[str, float] = field(default_factory=dict)
    lost: dict[str, float] = field(default_factory=dict)
    gaps: float = 0.0


@dataclass(frozen=True, slots=True)
class PairRow:
    """What came of one pair: overlap and verdict, or the code of the error that stopped it (an IoU of 0)."""

    name: str
    frontal: bool
    kind: str | None
    overlap: Overlap | None
    error: str | None = None
    verdict: str | None = None

    @property
    def iou(self) -> float:
        return self.overlap.iou if self.overlap else 0.0

    @property
    def good(self) -> bool:
        """Whether the drape covers what the worn garment covers."""
        return self.iou >= GOOD_IOU

    @property
    def whole(self) -> bool:
        """Whether the truth is whole, and can judge a drape."""
        return self.overlap is None or self.overlap.gaps < _TORN

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read_pairs(folder: Path) -> list[Pair]:
    """The rows of `folder/pairs.csv`. Raises MissingInput."""
    table = folder / "pairs.csv"
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            return [_pair(folder, row) for row in csv.DictReader(lines)]
    except (OSError, KeyError) as problem:
        raise MissingInput(f"{table}: {problem}.", subject=str(table)) from problem


def _pair(folder: Path, row: dict[str, str]) -> Pair:
    return Pair(
        row["id"],
        folder / row["garment"],
        folder / row["person"],
        folder / row["parse"],
        row["frontal"] == "1",
    )


def drape_pair(pair: Pair, tools: Tools) -> tuple[PairRow, Drape | None]:
    """Drape a pair and measure it; an error that drapes may end in is a row, too. Raises MissingInput."""
    product, person = read_image(pair.garment), read_image(pair.person)
    labels = read_labels(pair.parse)
    try:
        draped = drape(person, product, tools)
    except FlixposeError as failure:
        return PairRow(pair.name, pair.frontal, None, None, failure.code), None
    overlap = measure_overlap(draped, labels)
    verdict = draped.quality.verdict
    return PairRow(pair.name, pair.frontal, draped.garment.kind, overlap, verdict=verdict), draped


def read_labels(path: Path) -> NDArray[np.uint8]:
    """(H, W) labels of a parse map. Raises MissingInput."""
    try:
        with Pil.open(path) as parse:
            return np.asarray(parse, np.uint8)
    except OSError as problem:
        raise MissingInput(f"{path}: {problem}.", subject=str(path)) from problem


def worn_region(labels: NDArray[np.uint8]) -> Plane:
    """Where the garment is worn."""
    return np.asarray(labels == _WORN)


def measure_overlap(draped: Drape, labels: NDArray[np.uint8]) -> Overlap:
    """How well a drape's visible garment agrees with the worn one on a map of labels of the person image."""
    worn = worn_region(labels)
    seen, drawn = draped.visible.alpha > 127, draped.garment_layer[..., 3] > 127
    body = measure_body(draped.pose)
    occluders = find_occluders(draped.person, body, draped.pose.mask)
    front, box = in_front(occluders), plain_box(draped.pose, worn.shape)
    tuck = find_tuck(body, occluders, draped.parts[0].controls, "auto")
    lower = np.zeros_like(worn) if tuck is None else tuck.alpha > 127
    return Overlap(
        iou=iou(seen, worn),
        box=iou(box & ~front, worn),
        tucked_box=iou(box & ~front & ~lower, worn),
        bare_box=iou(box, worn),
        hidden=_share(drawn & (front | lower) & ~seen, drawn),
        wrongly_hidden=_share(worn & drawn & (front | lower) & ~seen, worn),
        oracles=oracle_steps(seen | (drawn & (front | lower)), labels, draped.person_mask.alpha > 127),
        lost=_losses(draped, seen, drawn, labels),
        gaps=gaps_of(labels, (draped.pose.mask or draped.person_mask).alpha > 127),
    )


def in_front(occluders: Occluders) -> Plane:
    """(H, W) face, hair, arms and hands as flixpose itself sees them."""
    return np.maximum(occluders.head.alpha, occluders.arms.alpha) > 127


def oracle_steps(drawn: Plane, labels: NDArray[np.uint8], person: Plane) -> dict[str, float]:
    """IoU of what is drawn when the truth takes away hair and arms, then lower clothes, then neck."""
    worn = worn_region(labels)
    steps = {
        "hair_and_arms": np.isin(labels, _IN_FRONT),
        "lower_clothes": np.isin(labels, _LOWER),
        "neck": neck_of(labels, person),
    }
    scores = {}
    for name, gone in steps.items():
        drawn = drawn & ~gone
        scores[name] = iou(drawn, worn)
    return scores


def neck_of(labels: NDArray[np.uint8], person: Plane) -> Plane:
    """The neck, which has no label: what of the person is unlabelled and touches the face."""
    _, pieces = cv2.connectedComponents(((labels == 0) & person).astype(np.uint8))
    face = cv2.dilate((labels == _FACE).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    touching = np.unique(pieces[face])
    return np.asarray(np.isin(pieces, touching[touching > 0]))


def gaps_of(labels: NDArray[np.uint8], person: Plane) -> float:
    """How much of the person has no label and is no neck, of the worn garment's area; rims do not count."""
    inside = cv2.erode(person.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8)) > 0
    return _share((labels == 0) & inside & ~neck_of(labels, inside), worn_region(labels))


def _losses(draped: Drape, seen: Plane, drawn: Plane, labels: NDArray[np.uint8]) -> dict[str, float]:
    worn = worn_region(labels)
    union = seen | worn
    missing, extra = worn & ~seen, seen & ~worn
    depth = _depths(draped.pose, worn.shape)
    neck = neck_of(labels, draped.person_mask.alpha > 127)
    beside = extra & ~np.isin(labels, (*_IN_FRONT, *_LOWER)) & ~neck
    zones = {"top": depth < 0.12, "middle": (depth >= 0.12) & (depth <= 0.8), "low": depth > 0.8}
    parts = {
        "missing_hidden": missing & drawn,
        **{f"missing_{name}": missing & ~drawn & zone for name, zone in zones.items()},
        "on_hair_and_face": extra & np.isin(labels, (1, 2, 3, 4, 13)),
        "on_arms": extra & np.isin(labels, (14, 15)),
        "on_lower_clothes": extra & np.isin(labels, _LOWER),
        "on_neck": extra & neck,
        **{f"beside_{name}": beside & zone for name, zone in zones.items()},
    }
    return {name: _share(part, union) for name, part in parts.items()}


def _depths(pose: Pose, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(H, W) torso lengths below the middle of the shoulders."""
    body = measure_body(pose)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    down = body.down
    along = (x - body.mid_shoulder[0]) * down[0] + (y - body.mid_shoulder[1]) * down[1]
    return np.asarray(along / body.torso_length)


def iou(one: Plane, other: Plane) -> float:
    """Intersection over union of two masks of one shape; 1 where both are empty."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0


def _share(part: Plane, whole: Plane) -> float:
    return int(part.sum()) / max(int(whole.sum()), 1)


def plain_box(pose: Pose, shape: tuple[int, ...]) -> Plane:
    """±0.62 shoulder widths about the torso's axis, from -0.1 to 1.0 of its length: garment-blind."""
    points = pose.keypoints
    left, right = points["left_shoulder"], points["right_shoulder"]
    top = (left + right) / 2
    axis = (points["left_hip"] + points["right_hip"]) / 2 - top
    length, half = float(np.hypot(*axis)), 0.62 * float(np.hypot(*(left - right)))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    along = ((x - top[0]) * axis[0] + (y - top[1]) * axis[1]) / length**2
    across = ((y - top[1]) * axis[0] - (x - top[0]) * axis[1]) / length
    return np.asarray((along >= -0.1) & (along <= 1.0) & (np.abs(across) <= half))


# --- tables


class Judged(Protocol):
    """A drape whose truth is known, and the verdict that was given without it."""

    @property
    def verdict(self) -> str | None: ...
    @property
    def good(self) -> bool: ...


def calibration(rows: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    """Verdict → (drapes, good ones among them)."""
    verdicts = sorted({row.verdict for row in rows if row.verdict})
    of = {verdict: [row for row in rows if row.verdict == verdict] for verdict in verdicts}
    return {verdict: (len(some), sum(row.good for row in some)) for verdict, some in of.items()}


def summary(rows: Sequence[PairRow]) -> dict[str, dict[str, float]]:
    """Means by group: frontal, other, those of both with a whole truth, and each kind.

    A pair that failed counts as an IoU of 0.
    """
    groups = {"frontal": [row for row in rows if row.frontal], "other": [r for r in rows if not r.frontal]}
    groups |= {f"{name}, truth whole": [r for r in some if r.whole] for name, some in groups.items()}
    for kind in sorted({row.kind for row in rows if row.kind}):
        groups[kind] = [row for row in rows if row.kind == kind]
    return {name: _means(group) for name, group in groups.items() if group}


def _means(rows: Sequence[PairRow]) -> dict[str, float]:
    told = [row.overlap for row in rows if row.overlap]
    means = {"count": float(len(rows)), "failed": float(len(rows) - len(told))}
    means["iou"] = float(np.mean([row.iou for row in rows]))
    for name in ("box", "tucked_box", "bare_box", "hidden", "wrongly_hidden"):
        means[name] = float(np.mean([getattr(one, name) for one in told])) if told else 0.0
    for name, value in _mean_of_dicts([one.oracles for one in told]):
        means[f"with_true_{name}"] = value
    for name, value in _mean_of_dicts([one.lost for one in told]):
        means[f"lost_{name}"] = value
    means["margin"] = means["iou"] - means["box"]
    return means


def _mean_of_dicts(dicts: Sequence[dict[str, float]]) -> Iterator[tuple[str, float]]:
    for name in dicts[0] if dicts else ():
        yield name, float(np.mean([one[name] for one in dicts]))


# --- dense truth


@dataclass(frozen=True, slots=True)
class EndPointError:
    """How far from their true places the garment's points are drawn, in per cent of the garment's height.

    Attributes:
        compared: share of the truth's places that lie on a part of the garment; the others tell nothing.
    """

    median: float
    mean: float
    p95: float
    compared: float


def correspondence_error(
    parts: Sequence[PartWarp],
    mattes: Sequence[Mask],
    product_xy: NDArray[np.float64],
    person_xy: NDArray[np.float64],
) -> EndPointError:
    """End-point error of the warps against dense truth, on the person image.

    Each place is drawn by the part whose matte holds it in the product photo. Warps run from the person to
    the garment: the miss in the product photo at the true place is carried over by the warp's derivative.

    Args:
        mattes: of the parts, in their order, on the product photo.
        product_xy, person_xy: (N, 2) pixels of places that correspond and are seen in both photos. Their
            vertical extent on the person is the garment's height.

    Raises:
        MissingInput: no place lies on any part.
    """
    owner = _owners(mattes, product_xy)
    height = float(np.ptp(person_xy[:, 1])) if len(person_xy) else 0.0
    if height <= 0 or not (owner >= 0).any():
        raise MissingInput("The scene's truth has no place that the garment draws.", subject="truth")
    misses = np.full(len(owner), np.nan)
    for number, part in enumerate(parts):
        mine = owner == number
        if mine.any():
            off = product_xy[mine] - map_points(part.warp, person_xy[mine])
            back = np.linalg.pinv(jacobian(part.warp, person_xy[mine]))
            misses[mine] = np.linalg.norm(np.einsum("nij,nj->ni", back, off), axis=1)
    told = 100 * misses[owner >= 0] / height
    return EndPointError(
        float(np.median(told)),
        float(np.mean(told)),
        float(np.percentile(told, 95)),
        float((owner >= 0).mean()),
    )


def _owners(mattes: Sequence[Mask], product_xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) number of the part that draws each place, the last of those that share a seam; -1: none."""
    owner = np.full(len(product_xy), -1)
    for number, matte in enumerate(mattes):
        columns, rows = np.floor(product_xy).astype(int).T
        on_photo = (columns >= 0) & (columns < matte.width) & (rows >= 0) & (rows < matte.height)
        held = np.zeros(len(owner), dtype=bool)
        held[on_photo] = matte.alpha[rows[on_photo], columns[on_photo]] > 127
        owner[held] = number
    return owner
