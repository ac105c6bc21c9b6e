"""Control points on a trunk's middle line: the neckline's front, the hem's middle, what lies between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import Point, pair, point
from flixpose.fit.trunk import SIDES, Fit, Points, has

# How far the cloth on the middle line lies before the axis, in shoulder widths: at its ends, and between.
_AT_ENDS = {"neck_front": 0.45, "hem_center": 0.4, "waist_center": 0.4, "crotch": 0.2}
_AT_TRUNK = 0.4
_TURNED = 2.0  # degrees: less is no turn
_ROWS = (0.25, 0.5, 0.75)  # of the way from the upper end to the lower
_BETWEEN = 0.6  # of the way from the middle to a side
_CHEST = 0.5  # of the way down, from where on it is round: further up a print would be torn
_DOWN_THE_SIDE = (
    *("shoulder_{}", "armhole_{}_1", "armhole_{}_2", "armpit_{}"),
    *(f"side_armpit_{{}}_{number}" for number in range(1, 5)),
    *("waist_{}", "hip_{}", "side_{}"),
    *(f"side_waist_{{}}_{number}" for number in range(1, 5)),
    "hem_{}",
)


def add_front_of_neck(points: Points, fit: Fit) -> None:
    """The lowest point of the front neckline keeps the garment's own drop below the neck's corners.

    On a mannequin the drop is what it is; on a flat garment, whose neck is spread, it goes with its width.
    """
    if fit.front is None:
        return
    xy = fit.front
    left, right = pair(fit.garment, "neck")
    on_left, on_right = points.of("neck_left")[0], points.of("neck_right")[0]
    chord, width = float(np.linalg.norm(left - right)), float(np.linalg.norm(on_left - on_right))
    scale = fit.frame.scale if fit.rig.keeps_shape else width / max(chord, 1e-9)
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * scale
    aside = float((xy - (left + right) / 2) @ fit.frame.left) * fit.frame.scale
    middle = (on_left + on_right) / 2
    points.add("neck_front", middle + drop * fit.body.down + aside * fit.body.across_at(0.0), xy)


def add_hem_center(points: Points, fit: Fit) -> None:
    """The middle of the hem keeps its own drop below the hem's corners and its share of the way between.

    The hem of an open coat has no middle: wherever it was read, cloth there stays where it was between them.
    """
    if not has(fit, "hem_center"):
        return
    xy = point(fit.garment, "hem_center")
    left, right = pair(fit.garment, "hem")
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * fit.frame.scale
    share = float((xy - left) @ (right - left)) / max(float((right - left) @ (right - left)), 1e-9)
    on_left, on_right = points.of("hem_left")[0], points.of("hem_right")[0]
    points.add("hem_center", on_left + share * (on_right - on_left) + drop * fit.body.down, xy)


def bulge_to_camera(points: Points, fit: Fit) -> None:
    """On a body that is turned the middle of the front (the back, seen from behind) comes to one side.

    The outline stays where it is: what lies between is squeezed on the one side and stretched on the other.
    A chest is round: cloth halfway to the sides moves as far as the middle (63 simulated scenes).
    """
    if abs(fit.body.turn) < _TURNED:
        return
    (top, top_cloth), (low, low_cloth) = _upper_end(points), _lower_end(points)
    sine = float(np.sin(np.radians(fit.body.turn)))
    aside = sine * fit.body.shoulder_width * fit.body.across_at(0.5)
    # Hips are flatter than a chest: below the waist the middle alone moves.
    edges = {side: _side(points, fit, side) for side, _ in SIDES} if "neck" in fit.rig.places else {}
    for name, depth in _AT_ENDS.items():
        if name in points.names:
            points.person[points.names.index(name)] = points.of(name)[0] + depth * aside
    for number, share in enumerate(_ROWS, 1):
        person, cloth = top + share * (low - top), top_cloth + share * (low_cloth - top_cloth)
        points.add(f"middle_{number}", person + _AT_TRUNK * aside, cloth)
        if share < _CHEST:
            continue
        for side, edge in edges.items():
            end_person, end_cloth = edge.at(cloth, fit)
            halfway = person + _BETWEEN * (end_person - person) + _AT_TRUNK * aside
            points.add(f"between_{side}_{number}", halfway, cloth + _BETWEEN * (end_cloth - cloth))


@dataclass(frozen=True, eq=False)
class _Side:
    """A trunk's side from the shoulder down: (K, 2) on the person, on the garment, and (K,) how far down."""

    person: NDArray[np.float64]
    cloth: NDArray[np.float64]
    down: NDArray[np.float64]

    def at(self, cloth: Point, fit: Fit) -> tuple[Point, Point]:
        """The place of the side, on the person and on the garment, that is as far down as some cloth."""
        down = float((cloth - fit.frame.origin) @ fit.frame.down)
        person, own = (
            np.array([np.interp(down, self.down, line[:, axis]) for axis in (0, 1)])
            for line in (self.person, self.cloth)
        )
        return person, own


def _side(points: Points, fit: Fit, side: str) -> _Side:
    names = (name.format(side) for name in _DOWN_THE_SIDE)
    found = [points.of(name) for name in names if name in points.names]
    person, cloth = (np.array(line) for line in zip(*found, strict=True))
    down = np.maximum.accumulate((cloth - fit.frame.origin) @ fit.frame.down)
    return _Side(person, cloth, down)


def _upper_end(points: Points) -> tuple[Point, Point]:
    """Of the middle line on the person, before it is moved, and on the garment."""
    for name in ("neck_front", "waist_center"):
        if name in points.names:
            return points.of(name)
    return _middle_of(
        points, next(n for n in ("neck", "shoulder", "armpit", "waist") if f"{n}_left" in points.names)
    )


def _lower_end(points: Points) -> tuple[Point, Point]:
    for name in ("crotch", "hem_center"):
        if name in points.names:
            return points.of(name)
    return _middle_of(points, "hem")


def _middle_of(points: Points, pair: str) -> tuple[Point, Point]:
    (left, left_cloth), (right, right_cloth) = points.of(f"{pair}_left"), points.of(f"{pair}_right")
    return (left + right) / 2, (left_cloth + right_cloth) / 2
