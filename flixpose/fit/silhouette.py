"""How wide the body is beside the trunk, told from the person mask, the arms left out by their joints."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import Body, Point
from flixpose.fit.outline import reach
from flixpose.structures.image import Mask

# Half the thickness of an arm, in shoulder widths, at shoulder, elbow, wrist and finger tips.
_ARM_RADII = (0.115, 0.095, 0.07, 0.085)
_FURTHEST = 1.2  # shoulder widths: how far out the outline is looked for
_CROSSING = 0.30  # shoulder widths: an arm nearer to the axis than this lies before the trunk
_GAP = 0.02  # shoulder widths between trunk and arm that count as a gap


@dataclass(frozen=True, slots=True)
class Edge:
    """The trunk's edge on one side at one depth, in shoulder widths from the axis.

    Attributes:
        seen: where the mask shows it; None where an arm joins it or lies before it.
        most: where an arm that hangs beside it begins: the trunk's visible edge is no further out; None
            where no arm is there.
    """

    seen: float | None
    most: float | None


def trunk_edge(body: Body, mask: Mask, depth: float, sign: float, outlined: ArmOutline | None = None) -> Edge:
    """The trunk's edge at a depth.

    Args:
        mask: the person on the person image.
        sign: +1 for the wearer's left, -1 for the right.
        outlined: the arm of that side where it was looked for; its joints tell the rest.
    """
    start, outward = body.axis_at(depth), sign * body.across_at(depth)
    found = reach(mask, start, outward, _FURTHEST * body.shoulder_width)
    seen = None if found is None else found / body.shoulder_width
    side = "left" if sign > 0 else "right"
    touched = None if outlined is None else outlined.touched(start, outward)
    if touched is not None:
        arm: float | None = touched / body.shoulder_width
    else:
        arm = _first_touch(_arm(body, side), start, outward, body.shoulder_width)
    if arm is not None and arm < _CROSSING:
        return Edge(None, None)
    if arm is None or (seen is not None and seen < arm + _GAP):
        return Edge(seen, arm)
    return Edge(None, arm)


def _arm(body: Body, side: str) -> list[tuple[Point, float]]:
    """(place, radius in pixels) down an arm to the finger tips."""
    chain = body.limb(side, "shoulder", "elbow", "wrist")
    fingers = body.joints.get(f"{side}_index")
    if len(chain) == 3 and fingers is not None:
        chain = [*chain, chain[-1] + 1.4 * (fingers - chain[-1])]
    return [(joint, radius * body.shoulder_width) for joint, radius in zip(chain, _ARM_RADII, strict=False)]


def _first_touch(
    arm: list[tuple[Point, float]], start: Point, outward: NDArray[np.float64], unit: float
) -> float | None:
    """How far out, in units, a ray first comes into an arm; None where it misses it."""
    steps = np.arange(0.0, _FURTHEST * unit, 0.01 * unit)
    places = start + steps[:, None] * outward
    touched = np.zeros(len(steps), dtype=bool)
    for (a, radius_a), (b, radius_b) in pairwise(arm):
        bone = b - a
        share = np.clip((places - a) @ bone / max(float(bone @ bone), 1e-9), 0.0, 1.0)
        away = np.linalg.norm(places - (a + share[:, None] * bone), axis=1)
        touched |= away < radius_a + share * (radius_b - radius_a)
    return float(steps[int(np.argmax(touched))] / unit) if touched.any() else None
