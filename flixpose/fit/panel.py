"""Control points inside a trunk: its rows stay straight, as woven, and its middle turns with the body.

From the outline alone a spline would bend what is printed wherever an armpit or a hem lies higher on the body
than on the garment, and squeeze it wherever the body is narrower. Worn cloth takes that up in folds under the
arms: over the middle two thirds of 52 simulated garments rows sagged by 0.02 % of the garment's height
(+- 0.1), and by up to 1.9 % when draped by the outline alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import Point
from flixpose.fit.trunk import SIDES, Fit, Points
from flixpose.geometry.usable import kept
from flixpose.structures.warp import ControlPoints

_ROWS = (0.12, 0.3, 0.5, 0.7, 0.87)  # of the way from the upper end of the middle line to the lower
_COLUMNS = (0.4, 0.75)  # of the way from the middle to a side
_BY_SIDES = 0.5  # how far the sides tell a row's height, in place of the middle line
# Half the breadth and half the depth of a trunk in its cloth, in shoulder widths: an ellipse, deeper than
# the body alone (`fit.body`).
_BREADTH, _DEPTH = 0.5, 0.42
_LEAST_ROOM = 0.4  # of its own part of the way to the side that is left to the cloth beyond a column
# How far the ends of the middle line lie before the axis, in shoulder widths.
_AT_ENDS = {"neck_front": 0.45, "hem_center": 0.4, "waist_center": 0.4, "crotch": 0.2}
_TURNED = 2.0  # degrees: less is no turn
_PANEL = "panel_"
_DOWN_THE_SIDE = (
    *("shoulder_{}", "armhole_{}_1", "armhole_{}_2", "armpit_{}"),
    *(f"side_armpit_{{}}_{number}" for number in range(1, 5)),
    "waist_{}",
    *(f"side_waist_{{}}_{number}" for number in range(1, 5)),
    "hem_{}",
)


def lay_panel(points: Points, fit: Fit) -> None:
    """Points on the middle line and beside it: each row at one height, all as broad as the narrowest.

    On a turned body all come to one side, as on an elliptic cylinder. The outline stays where it is: what
    lies between is squeezed on the one side and stretched on the other. Of skirts and trousers, which are
    flatter, the middle line's ends alone come.
    """
    turn = fit.body.turn if abs(fit.body.turn) >= _TURNED else 0.0
    rows = _rows(points, fit) if "neck" in fit.rig.places else []
    _turn_ends(points, fit, turn)
    scale = min((row.scale for row in rows), default=0.0)
    for number, row in enumerate(rows, 1):
        _add_row(points, fit, row, number, scale, turn)


def without_panel(controls: ControlPoints) -> ControlPoints:
    """A trunk's control points without those beside its middle line."""
    return kept(controls, np.array([not name.startswith(_PANEL) for name in controls.names]))


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of cloth.

    Attributes:
        person, cloth: its place on the person's middle line, and on the garment's.
        across: unit vector along it on the person. ends: per side its place there, on person and garment.
    """

    person: Point
    cloth: Point
    across: Point
    ends: dict[str, tuple[Point, Point]]

    @property
    def scale(self) -> float:
        """How long the whole row is on the person, of its length on the garment."""
        (left, left_cloth), (right, right_cloth) = self.ends["left"], self.ends["right"]
        long = max(float(np.linalg.norm(left_cloth - right_cloth)), 1e-9)
        return abs(float((left - right) @ self.across)) / long


def _rows(points: Points, fit: Fit) -> list[_Row]:
    (top, top_cloth), (low, low_cloth) = _upper_end(points), _lower_end(points)
    edges = {side: _side(points, fit, side) for side, _ in SIDES}
    rows = []
    for share in _ROWS:
        person, cloth = top + share * (low - top), top_cloth + share * (low_cloth - top_cloth)
        ends = {side: edge.at(cloth, fit) for side, edge in edges.items()}
        rows.append(_Row(person, cloth, fit.body.across_at(float(fit.body.depths(person))), ends))
    return rows


def _turn_ends(points: Points, fit: Fit, turn: float) -> None:
    aside = float(np.sin(np.radians(turn))) * fit.body.frontal_width * fit.body.across_at(0.5)
    for name, depth in _AT_ENDS.items():
        if name in points.names:
            points.person[points.names.index(name)] = points.of(name)[0] + depth * aside


def _add_row(points: Points, fit: Fit, row: _Row, number: int, scale: float, turn: float) -> None:
    """The points of one row, but for columns too near to the side to leave room for what lies beyond.

    Args:
        scale: pixels of the person per pixel of the garment, along every row.
    """
    body = fit.body
    raised = float(np.mean([(person - row.person) @ body.down for person, _ in row.ends.values()]))
    middle = row.person + _BY_SIDES * raised * body.down
    facing, aside = _BREADTH * np.cos(np.radians(turn)), _DEPTH * np.sin(np.radians(turn))
    narrowed, shift = facing / np.hypot(facing, aside), aside * body.frontal_width
    points.add(f"middle_{number}", middle + shift * row.across, row.cloth)
    for side, (person, cloth) in row.ends.items():
        reach = float((person - row.person) @ row.across)
        outward = np.copysign(1.0, reach)
        for column, share in enumerate(_COLUMNS, 1):
            own = share * narrowed * scale * float(np.linalg.norm(cloth - row.cloth))
            out = own + outward * shift * np.sqrt(1 - share**2)
            if out <= abs(reach) * (1 - _LEAST_ROOM * (1 - share)):
                place = middle + outward * out * row.across
                points.add(
                    f"{_PANEL}{side}_{number}_{column}", place, row.cloth + share * (cloth - row.cloth)
                )


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
    if "neck_front" in points.names:
        return points.of("neck_front")
    return _middle_of(
        points, next(name for name in ("neck", "shoulder", "armpit") if f"{name}_left" in points.names)
    )


def _lower_end(points: Points) -> tuple[Point, Point]:
    return points.of("hem_center") if "hem_center" in points.names else _middle_of(points, "hem")


def _middle_of(points: Points, pair: str) -> tuple[Point, Point]:
    (left, left_cloth), (right, right_cloth) = points.of(f"{pair}_left"), points.of(f"{pair}_right")
    return (left + right) / 2, (left_cloth + right_cloth) / 2
