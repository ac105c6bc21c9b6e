"""From a laid shape to the landmarks of its kind, in the pixels of the working region."""

import numpy as np
from numpy.typing import NDArray

from flixpose.garment import kinds
from flixpose.garment.neckline import find_front_neckline
from flixpose.garment.outline import Outline
from flixpose.garment.seeing import Seen
from flixpose.garment.shapes import Fit, Point, corner_points, score_of

_FORKED = ("short", "long", "hooded")  # shapes whose armpit is a fork
_HIGHEST_CLIMB = 0.08  # of the longer side
_ASIDE = 4  # pixels from the middle of a thin gap to the cloth
_SHINES = 0.6
_ON_AXIS = 0.92  # score of a point where the axis of symmetry crosses the outline


def place_landmarks(seen: Seen, outline: Outline, fit: Fit, kind: str) -> dict[str, Point]:
    """Landmark name → (x, y, score) for every landmark of `kind` that the outline shows."""
    points = corner_points(outline, fit)
    if fit.shape.startswith(_FORKED):
        for name in ("armpit_left", "armpit_right"):
            points[name] = climb(seen.distance, points[name])
    if kinds.has_legs(kind):
        points["crotch"] = climb(seen.distance, _crotch(seen.region, outline))
    else:
        points["hem_center"] = (outline.axis, outline.bottom, _ON_AXIS)
    if kinds.group(kind) != "lower":
        points |= _neck(seen, outline, fit, points)
        _fill_cuffs(points)
    if kinds.is_dress(kind):
        points |= _waist(outline, fit)
    wanted = kinds.skeleton(kind).index
    return {name: point for name, point in points.items() if name in wanted}


def climb(distance: NDArray[np.float32], point: Point) -> Point:
    """The point moved up a gap that is too thin for the outline, as far as the background shines through.

    Row by row the palest pixel near the last one, while it is paler than both sides of the gap.
    """
    x, y, score = point
    row, column = int(y), int(x)
    top = max(row - round(_HIGHEST_CLIMB * max(distance.shape)), 1)
    column = _palest(distance[min(row, len(distance) - 1)], column)
    reached = row
    for above in range(row - 1, top, -1):
        following = _palest(distance[above], column)
        sides = (
            distance[above, max(following - _ASIDE, 0)],
            distance[above, min(following + _ASIDE, distance.shape[1] - 1)],
        )
        if distance[above, following] > _SHINES * min(sides):
            break
        reached, column = above, following
    return (column + 0.5, float(reached), score) if reached < row else point


def _palest(row: NDArray[np.float32], column: int) -> int:
    begin = max(column - 2, 0)
    return begin + int(row[begin : column + 3].argmin())


def _fill_cuffs(points: dict[str, Point]) -> None:
    """Where the sleeve's end lies against the body its inner corner is the fork."""
    for side in ("left", "right"):
        if f"cuff_{side}_outer" in points and f"cuff_{side}_inner" not in points:
            points[f"cuff_{side}_inner"] = points[f"armpit_{side}"]


def _neck(seen: Seen, outline: Outline, fit: Fit, points: dict[str, Point]) -> dict[str, Point]:
    left, right = points["neck_left"], points["neck_right"]
    across = (left[1] + right[1]) / 2
    hooded = fit.shape == "hooded"
    back_y = across if hooded else outline.top
    back = (outline.axis, back_y, 0.5 if hooded else _ON_AXIS)
    if fit.shape.startswith("straps"):
        return {"neck_front": (outline.axis, outline.top, 0.75)}
    found = find_front_neckline(
        seen.lab, seen.region, (right[:2], left[:2]), back[:2], outline.bottom - back_y
    )
    return {"neck_back": back, "neck_front": (found.x, found.y, 0.2 + 0.4 * min(found.clarity, 1.0))}


def _crotch(region: NDArray[np.bool_], outline: Outline) -> Point:
    """The top of the gap between the legs: the highest background under the waist near the axis."""
    reach = 0.4 * outline.top_width
    begin = max(int(outline.axis - reach), 0)
    columns = region[:, begin : int(outline.axis + reach) + 1]
    start = int(outline.top + 0.12 * (outline.foot - outline.top))
    first = np.where(columns[start:].all(axis=0), len(columns), start + columns[start:].argmin(axis=0))
    best = int(first.argmin())
    if first[best] >= outline.foot - 2:
        guess = outline.top + 0.4 * (outline.foot - outline.top)
        return outline.axis, guess, 0.1
    level = np.nonzero(first == first[best])[0]
    return begin + float(level.mean()) + 0.5, float(first[best]), 0.85


def _waist(outline: Outline, fit: Fit) -> dict[str, Point]:
    """The narrowest place between armpit and hip."""
    names = [corner.name for corner in fit.chain.corners]
    points: dict[str, Point] = {}
    for half, placed in zip(outline.halves, fit.sides, strict=True):
        armpit, hem = (placed.indices[names.index(name)] for name in ("armpit", "hem"))
        v = half.uv[:, 1]
        inside = np.arange(armpit, hem)
        share = (v[inside] - v[armpit]) / max(v[hem] - v[armpit], 1.0)
        inside = inside[(share > 0.08) & (share < 0.5)]
        if len(inside) == 0:
            continue
        index = int(inside[half.uv[inside, 0].argmin()])
        side = "left" if half.sign > 0 else "right"
        points[f"waist_{side}"] = (*outline.xy(half, index), 0.6 * score_of(1.0, fit.penalty))
    return points
