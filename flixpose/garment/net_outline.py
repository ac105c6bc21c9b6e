"""Landmarks that the net sees, settled on the outline, which is exact where it tells their place."""

import cv2
import numpy as np

from flixpose.garment import kinds
from flixpose.garment.gaps import top_of_gap
from flixpose.garment.net_merge import group_of, snapped
from flixpose.garment.seeing import Seen
from flixpose.garment.shapes import Point
from flixpose.garment.turns import Points, outline_ring, shoulder_tip

_SNAP = 0.012  # of the garment's longer side
_ON_OUTLINE = ("neck", "shoulder", "armpit", "cuff_outer", "cuff_inner", "waist", "hem")
_SAME_SHOULDER = 0.06  # of that side: a turn farther away is an elbow, or a fold
_FURTHEST = 0.016  # of that side: a shoulder is moved no farther
_JOINED = 0.02  # of that side: a sleeve's end so near to the armpit lies against the body


def edge_of(seen: Seen) -> Points:
    """(N, 2) the outline of the region in pixels of the photo, closely spaced."""
    contours, _ = cv2.findContours(seen.region.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return (np.concatenate(contours)[:, 0].astype(np.float64) + 0.5) / seen.shrink


def settled(points: dict[str, Point], kind: str, seen: Seen, edge: Points) -> dict[str, Point]:
    """Landmarks of a kind, pixels of the photo, where the outline says that they lie.

    Args:
        edge: (N, 2) the outline in pixels of the photo.
    """
    near = {name: on_outline(name, point, kind, seen, edge) for name, point in points.items()}
    return near | _shoulders(near, seen) | _joined_cuffs(near, edge)


def on_outline(name: str, point: Point, kind: str, seen: Seen, edge: Points) -> Point:
    """A landmark that lies on the outline moved there, where it is near.

    Args:
        edge: (N, 2) the outline in pixels of the photo.
    """
    side = _longer(edge)
    if group_of(name) == "armpit" and kinds.has_sleeves(kind):
        return _up_the_gap(point, seen, side)  # of a fork the outline's nearest point is a side, not the top
    return snapped(point, edge, _SNAP * side) if group_of(name) in _ON_OUTLINE else point


def _up_the_gap(point: Point, seen: Seen, side: float) -> Point:
    x, y, score = point
    up = top_of_gap(seen.region, (x * seen.shrink, y * seen.shrink), side * seen.shrink)
    return up[0] / seen.shrink, up[1] / seen.shrink, score


def _shoulders(points: dict[str, Point], seen: Seen) -> dict[str, Point]:
    """Shoulders of sleeves about half-way between where the net sees them and where the outline turns.

    A round shoulder has no corner to snap to: the net errs along the outline, the turn errs where a fold or a
    hood bends it, and they err apart.
    """
    ring = outline_ring(seen.region)
    if ring is None:
        return {}
    found: dict[str, Point] = {}
    for side in ("left", "right"):
        shoulder, *others = (
            f"shoulder_{side}",
            f"neck_{side}",
            f"cuff_{side}_outer",
            f"armpit_{side}",
        )
        if {shoulder, *others} <= set(points):
            found |= {shoulder: _half_way(points[shoulder], [points[name] for name in others], ring, seen)}
    return found


def _half_way(shoulder: Point, others: list[Point], ring: Points, seen: Seen) -> Point:
    neck, cuff, armpit = (np.array(point[:2]) * seen.shrink for point in others)
    tip = shoulder_tip(ring, neck, cuff, armpit)
    if tip is None or not tip.plain:
        return shoulder
    x, y, score = shoulder
    off, side = np.array(tip.at) / seen.shrink - (x, y), _longer(ring) / seen.shrink
    gap = float(np.hypot(*off))
    if gap > _SAME_SHOULDER * side:
        return shoulder
    move = off * min(0.5, _FURTHEST * side / max(gap, 1e-9))
    return x + float(move[0]), y + float(move[1]), score


def _joined_cuffs(points: dict[str, Point], edge: Points) -> dict[str, Point]:
    """Inner cuffs that lie at the armpit half-way to it: the corner there is one and the same."""
    found: dict[str, Point] = {}
    for side in ("left", "right"):
        cuff, armpit = f"cuff_{side}_inner", f"armpit_{side}"
        if {cuff, armpit} <= set(points):
            (x, y, score), (u, v, _) = points[cuff], points[armpit]
            if np.hypot(x - u, y - v) < _JOINED * _longer(edge):
                found[cuff] = ((x + u) / 2, (y + v) / 2, score)
    return found


def _longer(line: Points) -> float:
    return float(np.ptp(line, axis=0).max())
