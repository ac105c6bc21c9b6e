"""Outwear that hangs open: the inside of its back, seen between the two fronts, lies behind whoever wears it.

Its two edges run from the neck to the hem, and what is between them differs from the fronts on both sides in
the same way, all along: a placket is narrower, a print is shorter, a stripe is found elsewhere, too. Where
any of that is in doubt the garment is left whole.

The frame here: u across, 1 = half the trunk's width to the wearer's left, v down from the neck's middle (0)
to the hem's (1).
"""

from dataclasses import dataclass
from itertools import product as combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import point
from flixpose.fit.neck_view import sampled
from flixpose.fit.remembered import remembered
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

_MAY_OPEN = ("outwear", "sleeve_top")
_NEEDED = ("neck_left", "neck_right", "hem_left", "hem_right", "hem_center")
_ROWS, _COLUMNS, _WIDE = 100, 121, 1.1  # of the view, which reaches so many half widths aside
_TOP, _FOOT = -0.12, 1.12  # v of its ends
_FROM, _UNTIL = 0.16, 0.93  # v between which the edges are looked for
_NEAR, _FAR = 2, 9  # columns beside an edge whose colours are compared
_CLOSE = 1, 3  # ... and those where most of the step must have happened: shading is no edge
_SHARP = 0.55
_TOPS, _FEET = np.linspace(0.06, 0.56, 15), np.linspace(0.06, 0.74, 20)
_KEPT = 30  # candidates for each edge
_LEAST_STEP = 5.0  # Lab units between inside and fronts, in the mean
_ALIKE = 0.6  # cosine between the two steps
_ALL_ALONG = 0.8  # of the rows must step the same way, by so much of the mean step:
_ROW_STEP = 0.35
_EVEN = 0.6  # of the step that the inside's own colours may deviate
_ELSEWHERE = 0.2  # of the fronts may have the inside's colour
_LEAST_GAP, _MOST_GAP = 0.36, 1.3  # between the edges, half widths; less is a placket
_DARKER, _OTHER = 1.5, 14.0  # Lab units of lightness: it is in the shade; or of quite another colour
_OFF_MIDDLE = 0.25  # half widths that the middle between the edges may lie aside
_SNAP, _SMOOTH, _SOFT = (
    4,
    5,
    5,
)  # columns by which an edge is moved; rows of a median, and of a soft upper edge
_OUTWARD = 0.5  # columns by which the edges are moved apart: no seam of the inside stays
# Of what lies between so much must be left by the cut-out; at its upper end it often leaves it out.
_LEAST_CLOTH = 0.5


@dataclass(frozen=True, eq=False)
class _View:
    """The trunk at working size: (R, C, 3) Lab, (R, C) whether cloth; (2, 3) to the photo's pixels."""

    lab: Plane
    inside: NDArray[np.uint8]
    place: Floats

    def photo(self, columns: Floats, rows: Floats) -> Floats:
        """(N, 2) pixels of the photo."""
        return np.asarray(np.column_stack([columns, rows, np.ones_like(rows)]) @ self.place.T, np.float64)


@remembered
def inside_between_fronts(garment: Garment, photo: Image) -> NDArray[np.float64] | None:
    """(N, 2) polygon, in pixels of the photo, of the inside of the back that open fronts let be seen.

    None for what cannot open or is seen from behind, what is closed, and where nothing is for sure. An open
    jacket over its own lining is easily read as a top: tops are looked at, too.
    """
    if not garment.kind.endswith(_MAY_OPEN) or garment.view != "front":
        return None
    if not all(garment.landmarks.has(name) for name in _NEEDED):
        return None
    view = _looked_at(garment, photo)
    smooth = cv2.GaussianBlur(view.lab, (0, 0), 1.0).astype(np.float64)
    # what lies beside each column, to either side: means over a few columns
    sums = np.concatenate([np.zeros((_ROWS, 1, 3)), smooth.cumsum(axis=1)], axis=1)
    step, close = (_beside(sums, reach, 1) - _beside(sums, reach, -1) for reach in ((_NEAR, _FAR), _CLOSE))
    edges = [_candidates(step, close, side) for side in (-1, 1)]
    best = _best_pair(view, smooth, *edges)
    if best is None:
        return None
    return _polygon(view, smooth, *best)


def _looked_at(garment: Garment, photo: Image) -> _View:
    neck = (point(garment, "neck_left") + point(garment, "neck_right")) / 2
    down = point(garment, "hem_center") - neck
    across = point(garment, "hem_left") - point(garment, "hem_right")
    across = across - down * (across @ down) / max(float(down @ down), 1.0)
    step_x = across / 2 * _WIDE / ((_COLUMNS - 1) / 2)
    step_y = down * (_FOOT - _TOP) / _ROWS
    start = neck - step_x * (_COLUMNS - 1) / 2 + down * _TOP
    place = np.stack([step_x, step_y, start], axis=1)
    lab, inside = sampled(garment, photo, place, (_COLUMNS, _ROWS))
    return _View(lab, inside, place)


def _beside(sums: Floats, reach: tuple[int, int], side: int) -> Floats:
    """(R, C, 3) the mean colour of columns at so many columns to one side of each."""
    columns = np.arange(_COLUMNS)
    ends = columns + np.array(reach)[:, None] * side
    low, high = np.clip(np.sort(ends, axis=0) + (0 if side > 0 else 1), 0, _COLUMNS)
    high = np.maximum(high, low + 1)
    low, high = np.minimum(low, _COLUMNS - 1), np.minimum(high, _COLUMNS)
    return np.asarray((sums[:, high] - sums[:, low]) / np.maximum(high - low, 1)[:, None])


def _rows() -> NDArray[np.int64]:
    first, last = ((v - _TOP) / (_FOOT - _TOP) * _ROWS for v in (_FROM, _UNTIL))
    return np.arange(round(first), round(last))


def _candidates(step: Floats, close: Floats, side: int) -> tuple[NDArray[np.int64], Floats]:
    """(K, R) columns of straight edges on one side, and (K, R, 3) how colours step there into the inside."""
    rows = _rows()
    top, foot = (np.array(axis) for axis in zip(*combinations(_TOPS, _FEET), strict=True))
    share = np.linspace(0, 1, len(rows))
    u = top[:, None] + (foot - top)[:, None] * share
    columns = np.rint((side * u / _WIDE + 1) / 2 * (_COLUMNS - 1)).astype(np.int64)
    steps = -side * step[rows, columns]
    mean = steps.mean(axis=1)
    size = np.linalg.norm(mean, axis=1)
    agree = np.einsum("kri,ki->kr", steps, mean / np.maximum(size, 1e-6)[:, None])
    at_once = -side * np.einsum("kri,ki->k", close[rows, columns], mean) / len(rows)
    score = (agree > _ROW_STEP * size[:, None]).mean(axis=1) * size
    lit = (mean[:, 0] > -_DARKER) & (size < _OTHER)
    score[(at_once < _SHARP * size**2) | lit] = 0.0
    kept = np.argsort(-score)[:_KEPT]
    kept = kept[score[kept] > 0]
    return columns[kept], steps[kept]


def _best_pair(
    view: _View,
    smooth: Floats,
    lefts: tuple[NDArray[np.int64], Floats],
    rights: tuple[NDArray[np.int64], Floats],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats] | None:
    """The likeliest edges and the step into the inside; None where no two fit together."""
    found, best = None, 0.0
    for (a, into_a), (b, into_b) in combinations(zip(*lefts, strict=True), zip(*rights, strict=True)):
        unit = (_COLUMNS - 1) / 2 / _WIDE
        gap, middle = (b - a).mean() / unit, ((a + b).mean() - _COLUMNS + 1) / 2 / unit
        if not _LEAST_GAP <= gap <= _MOST_GAP or (b - a).min() < _FAR or abs(middle) > _OFF_MIDDLE:
            continue
        score = _fits(into_a, into_b)
        if score > best and _is_one_inside(
            view, smooth, a, b, (into_a.mean(axis=0) + into_b.mean(axis=0)) / 2
        ):
            best, found = score, (a, b, (into_a.mean(axis=0) + into_b.mean(axis=0)) / 2)
    return found


def _fits(into_a: Floats, into_b: Floats) -> float:
    """How surely both edges step the same way all along; 0 = they do not."""
    means = into_a.mean(axis=0), into_b.mean(axis=0)
    sizes = [float(np.linalg.norm(mean)) for mean in means]
    if min(sizes) < _LEAST_STEP or means[0] @ means[1] < _ALIKE * sizes[0] * sizes[1]:
        return 0.0
    along = [
        float((steps @ mean / size > _ROW_STEP * size).mean())
        for steps, mean, size in zip((into_a, into_b), means, sizes, strict=True)
    ]
    return min(along) * min(sizes) if min(along) >= _ALL_ALONG else 0.0


def _is_one_inside(
    view: _View, smooth: Floats, a: NDArray[np.int64], b: NDArray[np.int64], step: Floats
) -> bool:
    """Whether what lies between is cloth of one colour, and another than the fronts'."""
    rows = _rows()
    share = np.linspace(0.15, 0.85, 9)
    columns = np.rint(a[:, None] + (b - a)[:, None] * share).astype(int)
    if float(view.inside[rows[:, None], columns].mean()) < _LEAST_CLOTH:
        return False
    colours = smooth[rows[:, None], columns]
    usual, size = np.median(colours, axis=(0, 1)), float(np.linalg.norm(step))
    off = np.linalg.norm(colours - usual, axis=-1)
    every = np.arange(_COLUMNS)
    aside = (every < a[:, None] - _NEAR) | (every > b[:, None] + _NEAR)
    fronts = smooth[rows][aside & (view.inside[rows] > 0)]
    same = np.linalg.norm(fronts - usual, axis=-1) < size / 2
    return float(np.percentile(off, 80)) <= _EVEN * size and float(same.mean()) <= _ELSEWHERE


def _polygon(view: _View, smooth: Floats, a: NDArray[np.int64], b: NDArray[np.int64], step: Floats) -> Floats:
    """Both edges, from the inside's upper end to below the hem; each row's where its colour ends."""
    between = np.rint(a[:, None] + (b - a)[:, None] * np.linspace(0.15, 0.85, 9)).astype(int)
    usual = np.median(smooth[_rows()[:, None], between], axis=(0, 1))
    alike = np.linalg.norm(smooth - usual, axis=-1) < float(np.linalg.norm(step)) / 2
    # above a collar's leaves and the neck's own edge all is told by the neckline
    middle = int((a[0] + b[0]) / 2)
    first = _rows()[0] - _end(alike[_rows()[0] :: -1, middle], 0, 1)
    # ... unless nothing but the soft edge of the inside itself is left above
    is_edge = not view.inside[max(first - _SOFT, 0) : first + 1, middle].all()
    rows = np.arange(max(first - _SOFT * is_edge, 0), _ROWS)
    lines = [np.polyval(np.polyfit(_rows(), columns, 1), rows) for columns in (a, b)]
    middles = np.clip(np.rint((lines[0] + lines[1]) / 2), 0, _COLUMNS - 1).astype(int)
    # at the neck the opening may be wider
    room = np.where(rows < _rows()[0], _COLUMNS, _SNAP)
    sides = []
    for line, side in zip(lines, (-1, 1), strict=True):
        ends = np.array([_end(alike[row], at, side) for row, at in zip(rows, middles, strict=True)], float)
        ends = np.where(alike[rows, middles], ends, line)
        ends = np.clip(ends, line - room * (side < 0) - _SNAP, line + room * (side > 0) + _SNAP)
        edge = _median(ends) + side * _OUTWARD
        sides.append(view.photo(edge, rows.astype(np.float64)))
    return np.vstack([sides[0], sides[1][::-1]])


def _end(alike: NDArray[np.bool_], middle: int, side: int) -> int:
    """The last column like the middle's in a row, to one side."""
    run = alike[middle:] if side > 0 else alike[middle::-1]
    other = np.flatnonzero(~run)
    return middle + side * ((int(other[0]) if len(other) else len(run)) - 1)


def _median(ends: Floats) -> Floats:
    """Over a few rows."""
    wide = np.pad(ends, _SMOOTH // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(wide, _SMOOTH), axis=-1))
