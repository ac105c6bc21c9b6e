"""Take a visible mannequin away where colour and place tell it from the garment.

A neck stump above the neckline, a pole or stand below the hem, and bare arms and legs in skin colours. White
or black limbs beside a garment cannot be told from sleeves of another colour and stay.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.cutout import Region, disc, main_pieces
from flixpose.garment.outline import find_axis
from flixpose.garment.people import skin

_STUMP, _POLE = 0.36, 0.22  # widest neck stump and pole, share of the body's width
_UNBROKEN = 0.8  # of its rows cross the axis: straps do not
_LEAST_STUMP = 0.06  # height, share of the garment's: collars are lower
_OTHER_COLOUR = 14.0  # L*a*b* from the cloth
_LIMB_COLOUR = 20.0
_STUMP_REACH = 0.22  # how far below the shoulders the stump may be seen, share of the height
_EXPOSED = 0.6  # of a limb's edge that is no cloth
_LIMB = (0.006, 0.15)  # area of a bare limb, share of the region's
_MOST_SKIN = 0.2  # of the body: cloth in a skin colour hides limbs


@dataclass(frozen=True, eq=False, slots=True)
class _Body:
    """Rows and widths of a region about its axis, and the cloth's colour in its middle."""

    axis: float
    top: int
    foot: int
    width: float
    runs: NDArray[np.float64]
    cloth: NDArray[np.float32]
    middle: Region

    @property
    def height(self) -> int:
        return self.foot - self.top


def without_mannequin(region: Region, lab: NDArray[np.float32]) -> Region:
    """The region without what is mannequin; unchanged where there is none or it cannot be told."""
    body = _measure(region, lab)
    if body is None:
        return region
    kept = region & ~_stump(region, lab, body)
    kept &= ~_stand(region, lab, body)
    kept &= ~_limbs(region, lab, body)
    return main_pieces(kept) if (kept != region).any() else region


def _measure(region: Region, lab: NDArray[np.float32]) -> _Body | None:
    rows = np.nonzero(region.any(axis=1))[0]
    if len(rows) < 32:
        return None
    axis, _ = find_axis(region)
    top, foot = int(rows[0]), int(rows[-1]) + 1
    runs = np.array([_run(row, int(axis)) for row in region[top:foot]])
    inside = runs[runs > 0]
    if not len(inside):
        return None
    width = float(np.percentile(inside, 60))
    middle = np.zeros_like(region)
    a, b = top + int(0.35 * (foot - top)), top + int(0.7 * (foot - top))
    half = int(0.4 * width)
    middle[a:b, max(int(axis) - half, 0) : int(axis) + half] = True
    middle &= region
    if not middle.any():
        return None
    return _Body(axis, top, foot, width, runs, np.median(lab[middle], axis=0).astype(np.float32), middle)


def _run(row: NDArray[np.bool_], column: int) -> int:
    """Length of the run of true pixels that holds `column`; 0 where it is false."""
    if not (0 <= column < len(row)) or not row[column]:
        return 0
    gaps = np.nonzero(~row)[0]
    return int(gaps[gaps > column].min(initial=len(row)) - gaps[gaps < column].max(initial=-1) - 1)


def _stump(region: Region, lab: NDArray[np.float32], body: _Body) -> Region:
    """A narrow column of another colour on top, followed by its colour into the neck opening."""
    nothing = np.zeros_like(region)
    wide = np.nonzero(region[body.top : body.foot].sum(axis=1) > _STUMP * body.width)[0]
    high = int(wide[0]) if len(wide) else 0
    if high < _LEAST_STUMP * body.height or (body.runs[:high] > 0).mean() < _UNBROKEN:
        return nothing
    column = np.zeros_like(region)
    column[body.top : body.top + high] = True
    column &= region
    colour = np.median(lab[column], axis=0)
    if np.linalg.norm(colour - body.cloth) < _OTHER_COLOUR:
        return nothing
    nearer = np.linalg.norm(lab - colour, axis=2) < np.linalg.norm(lab - body.cloth, axis=2)
    zone = np.zeros_like(region)
    reach = int(0.5 * _STUMP * body.width * 1.6)
    end = body.top + high + int(_STUMP_REACH * body.height)
    zone[body.top : end, max(int(body.axis) - reach, 0) : int(body.axis) + reach] = True
    return _connected(column | (nearer & zone & region), column)


def _stand(region: Region, lab: NDArray[np.float32], body: _Body) -> Region:
    """All below a thin place of another colour in the lower part."""
    nothing = np.zeros_like(region)
    widths = region[body.top : body.foot].sum(axis=1)
    thin = (widths < _POLE * body.width) & (np.arange(body.height) > 0.5 * body.height)
    rows = np.nonzero(thin)[0]
    if len(rows) < 0.02 * body.height:
        return nothing
    pole = nothing.copy()
    pole[body.top + rows] = True
    pole &= region
    off = abs(float(np.nonzero(pole)[1].mean()) - body.axis)
    if off > _POLE * body.width or np.linalg.norm(np.median(lab[pole], axis=0) - body.cloth) < _OTHER_COLOUR:
        return nothing
    nothing[body.top + int(rows[0]) :] = True
    return nothing & region


def _limbs(region: Region, lab: NDArray[np.float32], body: _Body) -> Region:
    """Pieces of skin beside or below a garment that has no such colour itself."""
    bare = skin(lab) & (np.linalg.norm(lab - body.cloth, axis=2) > _LIMB_COLOUR) & region
    if bare[body.middle].mean() > _MOST_SKIN:
        return np.zeros_like(region)
    opened = cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_OPEN, disc(2))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(opened, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA] / float(region.sum())
    beside = np.abs(centres[:, 0] - body.axis) > 0.5 * body.width
    below = stats[:, cv2.CC_STAT_TOP] > body.top + 0.5 * body.height
    outside = cv2.dilate((~region).astype(np.uint8), disc(3)).astype(bool)
    edge = (opened > 0) & ~cv2.erode(opened, disc(1)).astype(bool)
    exposed = np.bincount(labels[edge & outside], minlength=count) / np.maximum(
        np.bincount(labels[edge], minlength=count), 1
    )
    limb = (area > _LIMB[0]) & (area < _LIMB[1]) & (beside | below) & (exposed > _EXPOSED)
    limb[0] = False
    return cv2.dilate(limb[labels].astype(np.uint8), disc(2)).astype(bool) & (bare | ~region)


def _connected(candidates: Region, seeds: Region) -> Region:
    """The pieces of `candidates` that hold a seed."""
    _, labels = cv2.connectedComponents(candidates.astype(np.uint8), connectivity=4)
    chosen = np.unique(labels[seeds])
    return np.isin(labels, chosen[chosen > 0])
