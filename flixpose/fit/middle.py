"""Control points on a trunk's middle line: the neckline's front, the hem's middle, what lies between."""

import numpy as np

from flixpose.fit.measure import pair, point
from flixpose.fit.trunk import Fit, Points, has

# How far the cloth on the middle line lies before the axis, in shoulder widths, at neck, chest and hem.
_FRONT_DEPTHS = (0.3, 0.45, 0.45)
_TURNED = 6.0  # degrees: less is no turn
_FRONT_SHARES = (0.25, 0.5, 0.75)


def add_front_of_neck(points: Points, fit: Fit) -> None:
    """The lowest point of the front neckline keeps the garment's own drop below the neck's corners."""
    if fit.front is None:
        return
    xy = fit.front
    left, right = pair(fit.garment, "neck")
    chord = np.linalg.norm(left - right)
    drop = float((xy - (left + right) / 2) @ fit.frame.down) / max(float(chord), 1e-9)
    on_left, on_right = points.of("neck_left")[0], points.of("neck_right")[0]
    width = float(np.linalg.norm(on_left - on_right))
    aside = float((xy - (left + right) / 2) @ fit.frame.left) * fit.frame.scale
    middle = (on_left + on_right) / 2
    below = middle + drop * width * fit.body.down + aside * fit.body.across_at(0.0)
    points.add("neck_front", below, xy)


def add_hem_center(points: Points, fit: Fit) -> None:
    """The middle of the hem keeps its own drop below the hem's corners."""
    if not has(fit, "hem_center"):
        return
    xy = point(fit.garment, "hem_center")
    left, right = pair(fit.garment, "hem")
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * fit.frame.scale
    middle = (points.of("hem_left")[0] + points.of("hem_right")[0]) / 2
    points.add("hem_center", middle + drop * fit.body.down, xy)


def turn_middle_line(points: Points, fit: Fit) -> None:
    """On a body that is turned the middle of the front (the back, seen from behind) comes to one side.

    The outline stays where it is: what lies between is squeezed on the one side and stretched on the other.
    """
    ends = ("neck_front", "hem_center")
    if abs(fit.body.turn) < _TURNED or not all(name in points.names for name in ends):
        return
    (top, top_cloth), (low, low_cloth) = (points.of(name) for name in ends)
    sine = float(np.sin(np.radians(fit.body.turn)))
    aside = sine * fit.body.shoulder_width * fit.body.across_at(0.5)
    at_neck, at_chest, at_hem = _FRONT_DEPTHS
    points.person[points.names.index(ends[0])] = top + at_neck * aside
    points.person[points.names.index(ends[1])] = low + at_hem * aside
    for number, share in enumerate(_FRONT_SHARES, 1):
        person, cloth = top + share * (low - top), top_cloth + share * (low_cloth - top_cloth)
        points.add(f"middle_{number}", person + at_chest * aside, cloth)
