"""What a garment is cut to: its measures, and where it is cut away from the surface around a body.

Frame and units: flixpose.studio.solid.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flixpose.studio.body import SIDES, Figure
from flixpose.studio.solid import Array

Cut = Callable[[Array], Array]

LOWER = ("trousers", "shorts", "skirt")
_ARM_REACH = 0.105
# metres where the fronts begin to part, and by what share of it the gap grows down to the hem
_NECK_FOOT, _WIDER = 1.40, 0.6


@dataclass(frozen=True)
class Pattern:
    """A garment in metres on the figure of 1.72 m.

    Attributes:
        kind: one of the 13.
        top, bottom: heights of the upper edge (bottoms) and of the hem.
        ease: between body and cloth at the chest or hips. flare: added to the half width at the hem.
        straight: 0 = follows the waist, 1 = falls straight from the chest.
        sleeve: share of the arm that is covered, 0 = none. sleeve_ease: at the upper arm. cuff: radius there.
        neck_width, neck_drop, neck_back: half width and depths of the neck opening.
        neck_shape: 2 = round, towards 1 = a V, more = square.
        strap: half width of the sleeveless shoulder from the middle line outwards.
        leg_ease: of trousers at the knee and below.
        gap: half the width that is left out between the fronts of outwear worn open, at the neck; 0 = closed.
    """

    kind: str
    bottom: float
    top: float = 2.0
    ease: float = 0.022
    flare: float = 0.0
    straight: float = 0.6
    sleeve: float = 0.0
    sleeve_ease: float = 0.018
    cuff: float = 0.05
    neck_width: float = 0.088
    neck_drop: float = 0.085
    neck_back: float = 0.022
    neck_shape: float = 2.0
    strap: float = 0.15
    leg_ease: float = 0.03
    gap: float = 0.0


def cuts(pattern: Pattern, body: Figure) -> list[Cut]:
    """Functions of (V, 3) points, positive where cloth is cut away."""
    made: list[Cut] = [lambda v: pattern.bottom - v[:, 2]]
    if pattern.kind in LOWER:
        return [*made, lambda v: v[:, 2] - pattern.top]
    made.append(lambda v: opening(pattern, v))
    if pattern.gap > 0:
        made.append(lambda v: _between_fronts(pattern, v))
    for name, side in SIDES:
        if pattern.sleeve > 0:
            made.append(lambda v, n=name: along_arm(body, n, v) - pattern.sleeve)  # type: ignore[misc]
        else:
            made.append(lambda v, n=name, s=side: _armhole(pattern, body, n, s, v))  # type: ignore[misc]
    return made


def along_arm(body: Figure, name: str, points: Array) -> Array:
    """(N,) share of the arm's length at which points beside it lie; far below 0 on the trunk."""
    shoulder, wrist = body.joints[f"{name}_shoulder"], body.joints[f"{name}_wrist"]
    axis = wrist - shoulder
    share = (points - shoulder) @ axis / (axis @ axis)
    aside = np.linalg.norm(points - shoulder - share[:, None] * axis, axis=1)
    return np.where((points[:, 0] * np.sign(shoulder[0]) > 0.1) & (aside < _ARM_REACH), share, -1.0)


def opening(pattern: Pattern, points: Array) -> Array:
    """Positive inside the neck opening: an ellipse's lower half, deeper in front, everything above it."""
    x, y, z = points.T
    behind = 1 / (1 + np.exp(-(y - 0.005) / 0.008))
    drop = pattern.neck_drop * (1 - behind) + pattern.neck_back * behind
    below = np.minimum(z - 1.446, 0.0) / drop
    # the shape is the front's; the back of a neck is always round
    power = pattern.neck_shape * (1 - behind) + 2.0 * behind
    reach = (np.abs(x / pattern.neck_width) ** power + np.abs(below) ** power) ** (1 / power)
    ellipse = (1.0 - reach) * np.minimum(pattern.neck_width, drop)
    return np.where(z > 1.38 - drop, ellipse, -1.0)


def _between_fronts(pattern: Pattern, points: Array) -> Array:
    """Positive between the fronts of what is worn open, from the neck down and a little wider at the hem."""
    x, y, z = points.T
    down = np.clip((_NECK_FOOT - z) / (_NECK_FOOT - pattern.bottom), 0.0, 1.0)
    return np.where(y < 0, pattern.gap * (1 + _WIDER * down) - np.abs(x), -1.0)


def _armhole(pattern: Pattern, body: Figure, name: str, side: float, points: Array) -> Array:
    """Positive outside a sleeveless trunk: beyond the strap above, below the arm a rounded hole."""
    x, z = points[:, 0] * side, points[:, 2]
    foot = 1.262
    share = np.clip((z - foot) / (1.43 - foot), 0.0, 1.0)
    # at its foot the hole runs out beyond the side, or a corner of cloth would stand off there
    edge = pattern.strap + 0.12 * (1 - share) ** 3
    return np.where(z > foot, x - edge, -1.0)
