"""Straps over the shoulders: they stay as narrow as they are, somewhere between neck and shoulder's tip."""

import numpy as np

from flixpose.fit.trunk import SIDES, Fit, Points

_NARROW, _WIDE = 0.1, 0.2  # shoulder widths: a strap, and what reaches from the neck to the shoulder's tip
_OUTWARD = 0.35  # of the room between neck and shoulder's tip, how much lies within a strap


def keep_straps(points: Points, fit: Fit) -> None:
    """Move neck corners and shoulder tips that are two edges of one strap as close as they are.

    Rigs put them where a neckline and a shoulder seam go; a strap would be torn to that breadth.
    """
    for side, _ in SIDES:
        names = f"neck_{side}", f"shoulder_{side}"
        if not all(name in points.names for name in names):
            continue
        (inner, inner_cloth), (outer, outer_cloth) = (points.of(name) for name in names)
        own = float(np.linalg.norm(outer_cloth - inner_cloth)) * fit.frame.scale
        placed = float(np.linalg.norm(outer - inner))
        is_strap = float(np.interp(own / fit.body.shoulder_width, (_NARROW, _WIDE), (1.0, 0.0)))
        spare = is_strap * max(placed - own, 0.0)
        if spare == 0.0:
            continue
        along = (outer - inner) / placed
        rows = [points.names.index(name) for name in names]
        points.person[rows[0]] = inner + _OUTWARD * spare * along
        points.person[rows[1]] = outer - (1 - _OUTWARD) * spare * along
