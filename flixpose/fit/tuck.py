"""Whether a top is tucked into the lower clothes that the person wears, and where their waistband runs.

A waistband that is seen well above the place of the garment's own hem says that tops are worn tucked on this
photo: the lower clothes stay before the trunk, as photographed. Where the worn top hangs over them, no
waistband is seen, and the garment hangs over them, too.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.paths import smoothest
from flixpose.fit.remembered import remembered
from flixpose.fit.rig import Tuck
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

Plane = NDArray[np.float32]

# The waistband is looked for on a grid in the body's frame: shoulder widths by torso lengths.
_ACROSS = np.linspace(-0.42, 0.42, 29)
_STEP = 0.02
_DEPTHS = np.arange(0.40, 1.40, _STEP)
_WINDOW = 8  # rows of the grid above and below the waistband that tell it
_STEEPEST = 2  # rows by which it rises or falls from one column to the next
_ROUGHNESS = 0.6
_CLEAR = 0.45  # of the most that colour can tell: less is no waistband
# Then again closely, around the curve that was found.
_FINE_ACROSS = np.linspace(-0.42, 0.42, 169)
_FINE = 0.003  # torso lengths between its rows
_FINE_ROWS = 12  # above and below the curve
_FINE_WINDOW = 6
_FINE_SMOOTH = 5  # columns
# An edge further down is as likely the hem of a close-fitting top over leggings: nothing goes into that.
_HIGHEST, _LOWEST = 0.50, 0.82
_OVER_HEIGHT = 400  # pixels of a photo's height at which areas are compared
_MIDDLE = 0.2  # shoulder widths off the axis at which the lower clothes' upper edge is seen
_MADE_UP = 0.77  # torso lengths: as high as lower clothes are looked for, and a little
_LEAST_TUCK, _MOST_TUCK = 0.06, 0.65  # torso lengths of cloth below the waistband


@dataclass(frozen=True, eq=False)
class Waistband:
    """The upper edge of the lower clothes.

    Attributes:
        depths: (C,) torso lengths at the columns across the body.
    """

    depths: NDArray[np.float64]

    @property
    def depth(self) -> float:
        """Torso lengths, in the middle."""
        return float(np.median(self.depths))

    def tucks(self, hem: float) -> bool:
        """Whether a garment whose hem would lie at this depth goes into the waistband by itself."""
        at_waist = _HIGHEST <= self.depth <= _LOWEST
        return at_waist and _LEAST_TUCK <= hem - self.depth <= _MOST_TUCK


def find_tuck(body: Body, occluders: Occluders, trunk: ControlPoints, how: Tuck) -> Mask | None:
    """The lower clothes that a trunk is tucked into, as a soft mask; None where it hangs over them.

    Args:
        trunk: where the trunk's hem would lie.
    """
    if how == "over" or not {"hem_left", "hem_right"} <= set(trunk.names):
        return None
    waistband = find_waistband(body, occluders)
    if waistband is None:
        return None
    corners = [trunk.person_xy[trunk.names.index(name)] for name in ("hem_left", "hem_right")]
    hem = float(body.depths(np.mean(corners, axis=0)))
    if how == "auto" and not waistband.tucks(hem):
        return None
    return tucked_into(body, occluders, waistband)


@remembered
def find_waistband(body: Body, occluders: Occluders) -> Waistband | None:
    """Where the worn upper clothes end and the lower ones begin; None where colour does not tell."""
    if not occluders.parted:
        return None
    upper, lower = (_on_grid(body, mask) for mask in (occluders.worn_upper, occluders.worn_lower))
    hidden = _on_grid(body, occluders.arms)
    score = _contrast((lower - upper) * (1 - hidden), _WINDOW)
    rows = smoothest(score, _STEEPEST, _ROUGHNESS)
    clearness = float(np.median(score[rows, np.arange(len(_ACROSS))]))
    return Waistband(_DEPTHS[rows] - _STEP / 2) if clearness >= _CLEAR else None


def laid_over_lower(visible: Mask, body: Body, occluders: Occluders) -> float:
    """Share of a garment that lies on the worn lower clothes below a waistband that is seen, in [0, 1].

    Much of it makes one doubt that the garment hangs there: who shows a waistband has tucked a top in, or
    wears a short one. 0 where the lower clothes are not told from the upper ones: their border is made up.
    """
    lower = _below_waistband(body, occluders)
    if lower is None:
        return 0.0
    seen = cv2.resize(visible.alpha, lower.shape[::-1], interpolation=cv2.INTER_AREA) > 127
    return float((seen & lower).sum() / max(int(seen.sum()), 1))


@remembered
def _below_waistband(body: Body, occluders: Occluders) -> NDArray[np.bool_] | None:
    """(h, w) the worn lower clothes, in a small picture; None where no waistband is told or seen."""
    height, width = occluders.worn_lower.alpha.shape
    reduce = max(1.0, height / _OVER_HEIGHT)
    size = max(1, round(width / reduce)), max(1, round(height / reduce))
    lower = cv2.resize(occluders.worn_lower.alpha, size, interpolation=cv2.INTER_AREA) > 127
    y, x = (np.mgrid[: size[1], : size[0]] + 0.5) * reduce
    places = np.stack([x, y], axis=-1)
    off, depth = places - body.mid_shoulder, body.depths(places)
    across = np.abs(off @ np.array([body.down[1], -body.down[0]])) / body.shoulder_width
    middle = depth[lower & (across < _MIDDLE)]
    if not occluders.parted or not middle.size or np.percentile(middle, 3) < _MADE_UP:
        return None
    return np.asarray(lower)


@remembered
def tucked_into(body: Body, occluders: Occluders, waistband: Waistband) -> Mask:
    """(H, W) the lower clothes that lie before a tucked trunk: everything below the waistband's edge."""
    height, width = occluders.worn_lower.alpha.shape
    first, last = float(waistband.depths[0]), float(waistband.depths[-1])
    around = [(1.2, last), (1.2, 3.0), (-1.2, 3.0), (-1.2, first)]
    polygon = np.vstack([_edge(body, occluders, waistband), *(body.place(a, d) for a, d in around)])
    below = np.zeros((height, width), np.uint8)
    cv2.fillPoly(below, [np.round((polygon - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return Mask(below)


def _edge(body: Body, occluders: Occluders, waistband: Waistband) -> NDArray[np.float64]:
    """(F, 2) the waistband's upper edge on the person image, to a pixel or two.

    The grid's curve is looked at again closely, and what is found is smoothed: a sewn edge is smooth, and
    colours alone would leave it ragged.
    """
    depths = np.interp(_FINE_ACROSS, _ACROSS, waistband.depths)
    coarse = np.array([body.place(float(a), float(d)) for a, d in zip(_FINE_ACROSS, depths, strict=True)])
    down = _FINE * body.torso_length * body.down
    places = (coarse + np.arange(-_FINE_ROWS, _FINE_ROWS + 1)[:, None, None] * down).astype(np.float32)
    lower, upper, hidden = (
        _drawn(mask, places) for mask in (occluders.worn_lower, occluders.worn_upper, occluders.arms)
    )
    score = _contrast((lower - upper) * (1 - hidden), _FINE_WINDOW)
    rows = smoothest(score, _STEEPEST, _ROUGHNESS).astype(np.float64)
    kernel = cv2.getGaussianKernel(4 * _FINE_SMOOTH + 1, _FINE_SMOOTH)[:, 0]
    rows = np.convolve(np.pad(rows, 2 * _FINE_SMOOTH, mode="edge"), kernel, mode="valid")
    return np.asarray(coarse + (rows - 0.5 - _FINE_ROWS)[:, None] * down, np.float64)


def _on_grid(body: Body, mask: Mask) -> Plane:
    """(rows, columns) of a mask in the body's frame, in [0, 1]."""
    rows = [
        body.axis_at(float(d)) + _ACROSS[:, None] * body.shoulder_width * body.across_at(float(d))
        for d in _DEPTHS
    ]
    return _drawn(mask, np.array(rows, np.float32))


def _drawn(mask: Mask, places: Plane) -> Plane:
    """(R, C) of a mask at (R, C, 2) places of the person image, in [0, 1]."""
    at = places - np.float32(0.5)
    drawn = cv2.remap(mask.alpha, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    return (drawn / np.float32(255)).astype(np.float32)


def _contrast(lower: Plane, window: int) -> Plane:
    """How much more of the lower clothes' colour lies just below each row than just above it, in [-1, 1]."""
    padded = np.pad(lower, ((window, window), (0, 0)), mode="edge")
    sums = np.vstack([np.zeros((1, lower.shape[1])), np.cumsum(padded, axis=0)])
    rows = np.arange(len(lower)) + window
    below = sums[rows + window] - sums[rows]
    above = sums[rows] - sums[rows - window]
    return ((below - above) / (2 * window)).astype(np.float32)
