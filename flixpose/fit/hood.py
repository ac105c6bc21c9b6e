"""Hoods photographed as they stand over an empty neck: on a wearer they lie down, a soft collar around it."""

import numpy as np

from flixpose.fit.neck_view import HOODED, hood_rise, neck_frame
from flixpose.fit.outline import reach
from flixpose.fit.trunk import SIDES, Fit, Points

# All in widths of the neck, above the line between its corners.
_STANDS = 0.55  # hoods that rise higher stand, lower ones lie already
_HEIGHT = 0.38  # of a hood that lies
_LEVELS = (0.15, 0.35, 0.6, 0.9)  # of the way up the standing hood, at which its outline is taken
_HALF, _ROUND = 0.52, 0.75  # half its breadth at its foot, and how much of that square is lost at its top
_WIDEST = 0.9  # an outline further from the middle is none of a hood's


def lay_hood(points: Points, fit: Fit) -> None:
    """Lay a standing hood down: its outline becomes a flat arch from neck corner to neck corner.

    Near the corners nothing is shortened; towards its peak, which ends up behind the wearer's head, more and
    more. A hood that lies already keeps its shape. Nothing happens to garments without a hood.
    """
    if fit.garment.view != "front" or not {"neck_left", "neck_right"} <= set(points.names):
        return
    rise = hood_rise(fit.garment)
    if rise < HOODED:
        return
    middle, right, down, width = neck_frame(fit.garment)
    on_left, on_right = (points.of(f"neck_{side}")[0] for side, _ in SIDES)
    unit, across = float(np.linalg.norm(on_left - on_right)), fit.body.across_at(0.0)
    foot = (on_left + on_right) / 2
    for number, level in enumerate(_LEVELS, 1):
        axis = middle - level * rise * width * down
        height, half = _lying(level) if rise > _STANDS else (level * rise, None)
        on_axis = foot - height * unit * fit.body.down
        for side, sign in SIDES:
            found = reach(fit.garment.mask, axis, -sign * right, _WIDEST * width)
            if found is not None:
                aside = found / width if half is None else half
                points.add(
                    f"hood_{side}_{number}",
                    on_axis + sign * aside * unit * across,
                    axis - sign * found * right,
                )
        points.add(f"hood_middle_{number}", on_axis, axis)


def _lying(level: float) -> tuple[float, float]:
    """Height and half breadth of a hood that lies, so far up the one that stands."""
    share = 1 - (1 - level) ** 2
    return _HEIGHT * share, _HALF * float(np.sqrt(1 - _ROUND * share**2))
