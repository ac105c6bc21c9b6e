"""Cutting a garment's mask into torso, sleeves and legs along the lines that its landmarks draw."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import GarmentFrame, Point, pair, point
from flixpose.fit.outline import reach
from flixpose.fit.parting import way_between
from flixpose.fit.remembered import remembered
from flixpose.fit.wedges import gap_between_legs
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask

_CUT = 2
_MOST = 0.55  # of the garment: more is no sleeve and no leg
_ASIDE = 0.25  # of the seam
_PAST_FORK, _TO_SLEEVE = 0.1, (0.2, 0.5, 0.8)  # of the seam; of the way from straight on to along the sleeve
_FROM_CUFF = (0.12, 0.25, 0.4)  # of the way to the seam
_BESIDE_CUFF = 0.08  # of a limb's inner edge: there the background lies beside its cuff
_CRUMB = 0.0005  # of the trunk's area


@dataclass(frozen=True, eq=False)
class LimbLandmarks:
    """One sleeve or leg of a garment, pixels of the product image.

    Attributes:
        part: "left_sleeve", "right_leg" …
        outer, inner: ends of the seam to the torso (shoulder tip and armpit; side and crotch).
        cuff_outer, cuff_inner: corners of the cuff.
        fork: where sleeve and torso part in the photo, if that is far below the armpit; else None.
    """

    part: str
    outer: Point
    inner: Point
    cuff_outer: Point
    cuff_inner: Point
    fork: Point | None = None

    def moved(self, x: float, y: float) -> "LimbLandmarks":
        """The same in a picture whose origin lies elsewhere."""
        by = np.array((x, y))
        ends = {name: getattr(self, name) + by for name in ("outer", "inner", "cuff_outer", "cuff_inner")}
        return replace(self, **ends, fork=None if self.fork is None else self.fork + by)


def leg_seam(garment: Garment, frame: GarmentFrame, sign: float) -> tuple[Point, Point]:
    """(outer, inner) ends of the line that parts a trouser leg from the seat: straight out from the crotch.

    Args:
        sign: +1 for the wearer's left leg, -1 for the right.
    """
    crotch = _fork(garment, frame.down)
    width = reach(garment.mask, crotch - 2 * frame.down, sign * frame.left, garment.box.longer_side)
    if width is None:
        waist = pair(garment, "waist")
        width = 0.5 * float(np.linalg.norm(waist[0] - waist[1]))
    return crotch + sign * width * frame.left, crotch


@remembered
def _fork(garment: Garment, down: Point) -> Point:
    """The crotch, moved up to the top of the gap between the legs where that lies higher."""
    crotch = point(garment, "crotch")
    gap = gap_between_legs(garment)
    if gap is None:
        return crotch
    rows, columns = np.nonzero(gap)
    above = (np.stack([columns, rows], axis=1) + 0.5 - crotch) @ down
    top = int(np.argmin(above))
    if above[top] > 0:
        return crotch
    return np.array([columns[top] + 0.5, rows[top] + 0.5]) - down


@remembered
def split(garment: Garment, limbs: tuple[LimbLandmarks, ...]) -> dict[str, NDArray[np.bool_]]:
    """Part name → (H, W) bool: which pixels of the photo belong to it; "torso" is what remains.

    A limb is the piece that comes off when the mask is cut along its seam. Where it does not come off (a
    sleeve that touches the torso, an armpit marked inside the cloth) the cut goes on from the armpit to the
    cuff's inner corner, or else out between sleeve and side.
    """
    x, y, width, height = cv2.boundingRect(garment.mask.alpha)
    here = np.s_[y : y + height, x : x + width]
    found = _pieces(garment.mask.alpha[here] >= 16, [limb.moved(-x, -y) for limb in limbs])
    regions = {part: np.zeros(garment.mask.alpha.shape, bool) for part in found}
    for part, piece in found.items():
        regions[part][here] = piece
    return regions


def _pieces(inside: NDArray[np.bool_], limbs: list[LimbLandmarks]) -> dict[str, NDArray[np.bool_]]:
    regions: dict[str, NDArray[np.bool_]] = {}
    rest = inside.copy()
    for limb in limbs:
        pieces = (_cut_off(inside, limb, cuts) for cuts in _further_cuts(inside, limb))
        piece = next((piece for piece in pieces if piece is not None), None)
        if piece is not None:
            regions[limb.part] = piece
            rest &= ~piece
    regions["torso"] = _without_crumbs(rest)
    return regions


def _without_crumbs(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a limb's soft edge that no cut took along would be drawn where the trunk's warp goes."""
    _, labels, stats = find_pieces(region, connectivity=4)
    sizes = stats[:, cv2.CC_STAT_AREA]
    return region & (sizes >= _CRUMB * np.count_nonzero(region))[labels]


@remembered
def soft_matte(
    garment: Garment, region: NDArray[np.bool_], seams: tuple[tuple[Point, Point], ...], overlap: float
) -> Mask:
    """The region's share of the garment's soft mask, reaching `overlap` pixels past its seams."""
    allowed = cv2.dilate(region.view(np.uint8), np.ones((3, 3), np.uint8))
    for start, end in seams:
        cv2.line(allowed, _pixel(start), _pixel(end), 1, max(1, round(2 * overlap)))
    return Mask(np.asarray(cv2.copyTo(garment.mask.alpha, allowed), np.uint8))


def _further_cuts(inside: NDArray[np.bool_], limb: LimbLandmarks) -> Iterator[list[tuple[Point, Point]]]:
    """Lines that go on from the seam's inner end, one attempt after the other."""
    along = limb.inner - limb.outer
    if limb.fork is not None:
        seam = limb.fork - limb.outer
        sleeve = limb.cuff_inner - limb.fork
        for turned in _TO_SLEEVE:  # into the gap, which opens between straight on and along the sleeve
            on = (1 - turned) * seam / _length(seam) + turned * sleeve / _length(sleeve)
            yield [(limb.inner, limb.fork), (limb.fork, limb.fork + _PAST_FORK * _length(seam) * on)]
    yield [(limb.inner, limb.inner + 0.05 * along)]
    beside = _BESIDE_CUFF * _length(limb.cuff_inner - limb.inner)
    cuff = (limb.cuff_inner - limb.cuff_outer) / _length(limb.cuff_inner - limb.cuff_outer)
    way = way_between(inside, limb.inner, limb.cuff_inner + beside * cuff)
    if way is not None:
        yield list(pairwise(way))
    beyond = limb.cuff_inner + 0.25 * (limb.cuff_inner - limb.inner)
    yield [(limb.inner, limb.cuff_inner), (limb.cuff_inner, beyond)]
    outward = (limb.cuff_outer + limb.cuff_inner - limb.outer - limb.inner) / 2
    aside = along / _length(along) + outward / _length(outward)
    yield [(limb.inner, limb.inner + _ASIDE * _length(along) * aside / _length(aside))]


def _length(vector: Point) -> float:
    return max(float(np.linalg.norm(vector)), 1e-9)


def _cut_off(
    inside: NDArray[np.bool_], limb: LimbLandmarks, further: list[tuple[Point, Point]]
) -> NDArray[np.bool_] | None:
    canvas = inside.astype(np.uint8)
    past = 0.15 * (limb.inner - limb.outer)
    for start, end in [(limb.outer - past, limb.inner), *further]:
        cv2.line(canvas, _pixel(start), _pixel(end), 0, _CUT)
    _, labels = cv2.connectedComponents(canvas, connectivity=4)
    cuff = (limb.cuff_outer + limb.cuff_inner) / 2
    seam = (limb.outer + limb.inner) / 2
    # A cuff is at times marked past the cloth's end, at the fingers of a mannequin.
    found = (_label_near(labels, cuff + share * (seam - cuff)) for share in _FROM_CUFF)
    mine = next((label for label in found if label), 0)
    if mine == 0:
        return None
    piece = labels == mine
    # The torso's own heart must not have come along.
    if _holds_torso(piece, limb) or np.count_nonzero(piece) > _MOST * np.count_nonzero(inside):
        return None
    grown = cv2.dilate(piece.astype(np.uint8), np.ones((2 * _CUT + 1, 2 * _CUT + 1), np.uint8)).astype(bool)
    return piece | (grown & (canvas == 0) & inside)


def _holds_torso(piece: NDArray[np.bool_], limb: LimbLandmarks) -> bool:
    """Whether the cloth just across the seam belongs to the piece."""
    seam = (limb.outer + limb.inner) / 2
    cuff = (limb.cuff_outer + limb.cuff_inner) / 2
    step = seam - cuff
    across = seam + step / max(float(np.linalg.norm(step)), 1e-9) * 0.25 * float(
        np.linalg.norm(limb.outer - limb.inner)
    )
    column, row = _pixel(across)
    height, width = piece.shape
    return 0 <= row < height and 0 <= column < width and bool(piece[row, column])


def _label_near(labels: NDArray[np.int32], point: Point, radius: int = 6) -> int:
    column, row = _pixel(point)
    height, width = labels.shape
    window = labels[
        max(row - radius, 0) : min(row + radius + 1, height),
        max(column - radius, 0) : min(column + radius + 1, width),
    ]
    found = window[window > 0]
    return int(np.bincount(found).argmax()) if found.size else 0


def _pixel(point: Point) -> tuple[int, int]:
    return int(np.floor(point[0])), int(np.floor(point[1]))
