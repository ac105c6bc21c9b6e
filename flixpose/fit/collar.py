"""Collars that stand up around the neck: where they begin on the shoulder, and how high they rise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import Point, point
from flixpose.fit.neck_view import neck_frame
from flixpose.fit.outline import reach
from flixpose.fit.trunk import SIDES, Fit, Points
from flixpose.structures.found import Garment

_SHARES = np.linspace(0.1, 0.5, 9)  # of the way from the neck's corner to the shoulder's tip
_STANDS = 0.075  # of that way: so far the outline lies below it where a collar stands
_BESIDE = 0.15  # of that way: so near beside its outline, towards the neck, is the collar's own cloth
_EASE = 0.012  # shoulder widths that a collar stands off the neck
_WIDEST = 0.3  # shoulder widths from the axis; wider is no neck, but hair or a shoulder
_HIGHEST = 0.34  # shoulder widths: the neck's own length


def stands(garment: Garment) -> bool:
    """Whether the outline falls from the neck's corners to the shoulders as beside a collar that stands."""
    wanted = [f"{name}_{side}" for name in ("neck", "shoulder") for side, _ in SIDES]
    if not all(garment.landmarks.has(name) for name in wanted):
        return False
    _, to_right, down, _ = neck_frame(garment)
    falls = [_fall(garment, side, -sign * to_right, down)[1] for side, sign in SIDES]
    return float(np.mean(falls)) >= _STANDS


@dataclass(frozen=True, eq=False)
class _Collar:
    """One side in the product image.

    Attributes:
        top, foot: its top corner, and where it begins on the shoulder.
        share: of the way from the neck's corner to the shoulder's tip at which that is.
        stands: in the same way's length, how far the foot lies below the straight line.
    """

    top: Point
    foot: Point
    share: float
    stands: float


def stand_collar(points: Points, fit: Fit) -> None:
    """Raise the neck's corners of a collar that stands: turtlenecks, bands, shirt collars.

    Its foot takes the place of the first point on the shoulder's line, its top lies as high above as it
    stands itself. Nothing moves where the garment's outline runs straight from the neck to the shoulder.
    """
    wanted = [f"{name}_{side}" for name in ("neck", "shoulder") for side, _ in SIDES]
    if not fit.rig.limb or not all(name in points.names for name in wanted):
        return
    collars = [_side(fit, side, sign) for side, sign in SIDES]
    if float(np.mean([collar.stands for collar in collars])) < _STANDS:
        return
    for (side, sign), collar in zip(SIDES, collars, strict=True):
        line = [f"neck_{side}", *(f"shoulder_line_{side}_{number}" for number in (1, 2, 3))]
        places = np.array([points.of(name)[0] for name in line])
        shares = np.linspace(0.0, 0.75, len(line))
        foot = np.array([np.interp(collar.share, shares, column) for column in places.T])
        row = points.names.index(line[1])
        points.person[row], points.garment[row] = foot, collar.foot
        points.person[points.names.index(line[0])] = _top(fit, collar, foot, sign)


def _side(fit: Fit, side: str, sign: float) -> _Collar:
    top, tip = point(fit.garment, f"neck_{side}"), point(fit.garment, f"shoulder_{side}")
    share, fall = _fall(fit.garment, side, sign * fit.frame.left, fit.frame.down)
    length = max(float(np.linalg.norm(tip - top)), 1.0)
    return _Collar(top, top + share * (tip - top) + fall * length * fit.frame.down, share, fall)


def _fall(garment: Garment, side: str, outward: Point, down: Point) -> tuple[float, float]:
    """(share, fall) where the outline lies furthest below the way from neck to shoulder, of that way.

    Beside a collar its own cloth is near, towards the neck. Where there is none, the neck's corner was found
    within the opening, and what lies below is the front's neckline: no fall.
    """
    top, way = point(garment, f"neck_{side}"), point(garment, f"shoulder_{side}")
    way, length = way - top, max(float(np.linalg.norm(way - top)), 1.0)
    below = [_below(garment, top + share * way, down, 0.6 * length) for share in _SHARES]
    deepest = int(np.argmax(below))
    share, deep = float(_SHARES[deepest]), below[deepest]
    middle = top + share * way + deep / 2 * down
    beside = _cloth_along(garment, middle, -outward, (share + _BESIDE) * length)
    return share, deep / length if beside.any() else 0.0


def _top(fit: Fit, collar: _Collar, foot: Point, sign: float) -> Point:
    """Where a collar's top corner lies on the person image: over its foot, outside the neck."""
    body, offset = fit.body, (collar.top - collar.foot) * fit.frame.scale
    rise = min(float(-offset @ fit.frame.down), _HIGHEST * body.shoulder_width)
    left = body.across_at(0.0)
    place = foot - rise * body.down + float(offset @ fit.frame.left) * left
    across = float((place - body.mid_shoulder) @ left)
    middle = place - across * left
    neck = None
    if fit.outline is not None:
        neck = reach(fit.outline, middle, sign * left, 0.5 * body.shoulder_width)
    if neck is not None and neck < _WIDEST * body.shoulder_width:
        across = sign * max(sign * across, neck + _EASE * body.shoulder_width)
    return middle + across * left


def _below(garment: Garment, place: Point, down: Point, limit: float) -> float:
    """How far the cloth begins below a place, pixels of the product image; 0 where there is cloth."""
    cloth = _cloth_along(garment, place, down, limit)
    return float(np.argmax(cloth)) if cloth.any() else 0.0


def _cloth_along(garment: Garment, place: Point, direction: Point, limit: float) -> NDArray[np.bool_]:
    """(K,) whether there is cloth at each pixel of a way on the product image."""
    steps = np.arange(0.0, limit, 1.0)
    walk = np.floor(place + steps[:, None] * direction).astype(int)
    alpha = garment.mask.alpha
    on_photo = (walk >= 0).all(axis=1) & (walk[:, 0] < alpha.shape[1]) & (walk[:, 1] < alpha.shape[0])
    cloth = np.zeros(len(steps), bool)
    cloth[on_photo] = alpha[walk[on_photo, 1], walk[on_photo, 0]] > 127
    return cloth
