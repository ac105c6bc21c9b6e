"""Landmarks on the garment as sewn, and where its picture shows them.

As sewn, a landmark is a point of the cloth. What people mark by eye is a place of the picture: the corner of
a hem, the fork where sleeve and side are seen to part, the narrowest place. `marks` finds those where they
are matters of the outline, and keeps the point of the cloth where not.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.body import SIDES, Figure
from flixpose.studio.simulated.pattern import LOWER, Pattern, along_arm, opening
from flixpose.studio.simulated.refine import rim
from flixpose.studio.solid import Array

Index = NDArray[np.int64]
Marks = dict[str, list[float]]  # landmark → x, y in pixels, visibility 0, 1 or 2

_HEM_BEHIND = "hem_center_behind"
# pixels of background between two parts from which on people see them part
_SEEN_GAP = 2
_NO_CLOTH = 255
_WHOLE = 0.7
# shares of the arm's length: a sleeve begins, and ends to belong to the shoulder
_SLEEVE_FROM, _ROOT = 0.08, 0.32
# necks' widths from armpit to cuff up to which a sleeve is short
_SHORT = 1.3
# necks' widths by which an armpit lies below the shoulder at the least
_BELOW_SHOULDER = 0.4
# gaps from the middle line within which the edges of open fronts lie as sewn
_FRONTS = 1.8
_NEAR = 3


def rims(pattern: Pattern, body: Figure, v: Array, faces: Index) -> dict[str, Index]:
    """The open edges by name: hem or leg ends, neck, waist, cuffs and armholes."""
    edge = rim(faces)
    x, z = v[edge, 0], v[edge, 2]
    low = edge[z < pattern.bottom + 0.004]
    if pattern.kind in LOWER:
        found = {"waist": edge[z > pattern.top - 0.004]}
        if pattern.kind == "skirt":
            return found | {"hem": low}
        return found | {f"cuff_{name}": low[v[low, 0] * side > 0] for name, side in SIDES}
    around = (opening(pattern, v[edge]) > -0.003) & (np.abs(x) < pattern.neck_width + 0.01)
    found = {"hem": low, "neck": edge[around]}
    if pattern.gap > 0:
        inner = (
            (v[edge, 1] < 0) & (np.abs(x) < _FRONTS * pattern.gap) & ~around & (z >= pattern.bottom + 0.004)
        )
        found["front"] = edge[inner]
    for name, side in SIDES:
        if pattern.sleeve > 0:
            found[f"cuff_{name}"] = edge[along_arm(body, name, v[edge]) > pattern.sleeve - 0.02]
        else:
            found[f"armhole_{name}"] = edge[(x * side > pattern.strap - 0.01) & (z > 1.2)]
    return found


def shoulders(pattern: Pattern, body: Figure, v: Array) -> dict[str, Index]:
    """Per side the points over the shoulder and the sleeve's root, seen from above: its tip is among them."""
    found: dict[str, Index] = {}
    if pattern.kind in LOWER or pattern.sleeve <= 0:
        return found
    for name, side in SIDES:
        shoulder, wrist = body.joints[f"{name}_shoulder"], body.joints[f"{name}_wrist"]
        arm = wrist - shoulder
        away = v - shoulder
        share = away @ arm / (arm @ arm)
        above = away @ np.array([-arm[2] * side, 0.0, arm[0] * side]) > 0
        near = (share > -0.2) & (share < min(_ROOT, pattern.sleeve)) & (v[:, 0] * side > pattern.neck_width)
        found[name] = np.flatnonzero(near & above)
    return found


def anchors(pattern: Pattern, body: Figure, v: Array, edges: dict[str, Index]) -> dict[str, int]:
    """Landmark → index of its point as sewn; "hem_center_behind" is what a back view calls "hem_center"."""
    if pattern.kind in LOWER:
        return _lower_anchors(v, edges)
    found = _hem(v, edges["hem"])
    neck = edges["neck"]
    aside = np.abs(v[neck, 0])
    front = neck[(aside < max(0.015, _FRONTS * pattern.gap)) & (v[neck, 1] < 0)]
    back = neck[(aside < 0.015) & (v[neck, 1] > 0)]
    found |= {"neck_front": _best(front, v, (0, 0, -1)), "neck_back": _most_central(back, v)}
    for name, side in SIDES:
        found[f"neck_{name}"] = _best(neck, v, (side, 0, 0))
        found |= _sleeve(body, v, edges, name, side) if pattern.sleeve > 0 else _hole(v, edges, name, side)
    return found


def _sleeve(body: Figure, v: Array, edges: dict[str, Index], name: str, side: float) -> dict[str, int]:
    shoulder = body.joints[f"{name}_shoulder"]
    tip = np.array([shoulder[0] + side * 0.022, shoulder[1], 1.6])
    arm = body.joints[f"{name}_wrist"] - shoulder
    outer = np.array([-arm[2] * side, 0.0, arm[0] * side])
    cuff = edges[f"cuff_{name}"]
    root = np.flatnonzero(np.abs(along_arm(body, name, v) - _SLEEVE_FROM) < 0.03)
    return {
        f"shoulder_{name}": _from(v, tip, np.array([0, 0, -1.0])),
        f"armpit_{name}": _best(root, v, (0, 0, -1)),
        f"cuff_{name}_outer": _best(cuff, v, outer),
        f"cuff_{name}_inner": _best(cuff, v, -outer),
    }


def _hole(v: Array, edges: dict[str, Index], name: str, side: float) -> dict[str, int]:
    hole = edges[f"armhole_{name}"]
    return {
        f"shoulder_{name}": _best(hole, v, (0, 0, 1)),
        f"armpit_{name}": _best(hole, v, (side * 0.3, 0, -1)),
    }


def _lower_anchors(v: Array, edges: dict[str, Index]) -> dict[str, int]:
    found = {f"waist_{name}": _best(edges["waist"], v, (side, 0, 0)) for name, side in SIDES}
    if "hem" in edges:
        return found | _hem(v, edges["hem"])
    for name, side in SIDES:
        leg = edges[f"cuff_{name}"]
        found[f"cuff_{name}_outer"] = _best(leg, v, (side, 0, 0))
        found[f"cuff_{name}_inner"] = _best(leg, v, (-side, 0, 0))
    return found | {"crotch": _from(v, np.array([0.0, 0.0, 0.5]), np.array([0.0, 0.0, 1.0]))}


def _best(candidates: Index, points: Array, direction: tuple[float, float, float] | Array) -> int:
    return int(candidates[np.argmax(points[candidates] @ np.asarray(direction, float))])


def _most_central(candidates: Index, points: Array) -> int:
    return int(candidates[np.argmin(np.abs(points[candidates, 0]))])


def _from(v: Array, start: Array, direction: Array) -> int:
    """The point that a ray from `start` meets first, nearly."""
    away = v - start
    along = away @ direction
    aside = np.linalg.norm(away - along[:, None] * direction, axis=1)
    near = np.flatnonzero((aside < 0.02) & (along > 0))
    return int(near[np.argmin(along[near])]) if len(near) else int(np.argmin(aside))


def _hem(v: Array, low: Index) -> dict[str, int]:
    front, back = low[v[low, 1] < 0], low[v[low, 1] > 0]
    return {
        "hem_left": _best(low, v, (1, 0, 0)),
        "hem_right": _best(low, v, (-1, 0, 0)),
        "hem_center": _most_central(front, v),
        _HEM_BEHIND: _most_central(back, v),
    }


def between(v: Array, edges: dict[str, Index]) -> dict[str, tuple[int, int]]:
    """Landmark → the two points of cloth that it lies between, of what is worn open."""
    if "front" not in edges:
        return {}
    fronts = [edges["front"][v[edges["front"], 0] * side > 0] for _, side in SIDES]
    return {
        "neck_front": (_best(fronts[0], v, (0, 0, 1)), _best(fronts[1], v, (0, 0, 1))),
        "hem_center": (_best(fronts[0], v, (0, 0, -1)), _best(fronts[1], v, (0, 0, -1))),
    }


@dataclass(frozen=True, eq=False)
class Seen:
    """A garment in a picture.

    Attributes:
        places: (V, 2) px of its points. visible: (V,) whether the picture shows them.
        parts: (H, W) 255 where no cloth is seen, else which part of the garment is (see Sewn).
    """

    places: Array
    visible: NDArray[np.bool_]
    beside: NDArray[np.bool_]
    parts: NDArray[np.uint8]


def marks(
    seen: Seen,
    anchored: dict[str, int],
    edges: dict[str, Index],
    tips: dict[str, Index],
    *,
    long: bool,
    back: bool = False,
    gaps: dict[str, tuple[int, int]] | None = None,
) -> dict[str, list[float]]:
    """Landmark → x, y, COCO visibility (1 hidden, 2 seen); left and right are always the wearer's.

    Args:
        tips: where each shoulder's tip may be (see `shoulders`).
        long: the garment is a dress, whose narrowest place is marked too.
        back: the picture shows the garment from behind. gaps: see `between`.
    """
    if back:
        # in a mirror the wearer's left is on the right again, as from the front
        wide = seen.parts.shape[1]
        chosen = anchored | ({"hem_center": anchored[_HEM_BEHIND]} if _HEM_BEHIND in anchored else {})
        found = marks(mirrored(seen), chosen, edges, tips, long=long)
        return {name: [round(wide - x, 2), y, shown] for name, (x, y, shown) in found.items()}
    chosen = {name: at for name, at in anchored.items() if name != _HEM_BEHIND}
    for name, side in SIDES:
        if "hem" in edges:
            chosen[f"hem_{name}"] = _farthest(seen.places, edges["hem"], (side, 0.35))
        if "waist" in edges:
            chosen[f"waist_{name}"] = _farthest(seen.places, edges["waist"], (side, -0.2))
        if name in tips:
            chosen[f"shoulder_{name}"] = _tip(seen.places, tips[name], anchored[f"neck_{name}"], side)
        if f"cuff_{name}" in edges:
            chosen |= _cuff(seen.places, edges[f"cuff_{name}"], anchored, name)
    found = {mark: _told(seen.places[i], seen.beside[i]) for mark, i in chosen.items()}
    for mark, (a, b) in (gaps or {}).items():
        found[mark] = _told((seen.places[a] + seen.places[b]) / 2, False)
    found |= _forks(seen, found)
    return found | (_narrowest(seen, found) if long else {})


def mirrored(seen: Seen) -> Seen:
    """The picture's mirror image."""
    places = seen.places * (-1, 1) + (seen.parts.shape[1], 0)
    return replace(seen, places=places, parts=seen.parts[:, ::-1])


def _told(place: Array, seen: bool) -> list[float]:
    return [round(float(place[0]), 2), round(float(place[1]), 2), 2.0 if seen else 1.0]


def _farthest(places: Array, candidates: Index, direction: tuple[float, float]) -> int:
    return int(candidates[np.argmax(places[candidates] @ np.array(direction))])


def _tip(places: Array, candidates: Index, neck: int, side: float) -> int:
    """The outline's corner where the shoulder turns into the sleeve: farthest from the chord under it."""
    from_neck = places[candidates] - places[neck]
    chord = from_neck[np.argmax(np.linalg.norm(from_neck, axis=1))]
    # y runs down: to the right of the picture, above the chord is clockwise of it
    above = (from_neck[:, 0] * chord[1] - from_neck[:, 1] * chord[0]) * side
    return int(candidates[np.argmax(above)])


def _cuff(places: Array, edge: Index, anchored: dict[str, int], name: str) -> dict[str, int]:
    """The cuff's two corners: its points farthest apart, told apart by the points as sewn."""
    at = places[edge] - places[edge].mean(axis=0)
    _, _, axes = np.linalg.svd(at, full_matrices=False)
    across = at @ axes[0]
    ends = int(edge[across.argmin()]), int(edge[across.argmax()])
    outer = places[anchored[f"cuff_{name}_outer"]] - places[anchored[f"cuff_{name}_inner"]]
    if (places[ends[0]] - places[ends[1]]) @ outer < 0:
        ends = ends[::-1]
    return {f"cuff_{name}_outer": ends[0], f"cuff_{name}_inner": ends[1]}


def _forks(seen: Seen, found: dict[str, list[float]]) -> dict[str, list[float]]:
    """Armpits and crotch where the picture's own outline forks."""
    forks: dict[str, list[float]] = {}
    if "crotch" in found:
        # above the upper half of the way down lie hands, not legs
        waist = max(found["waist_left"][1], found["waist_right"][1])
        top = waist + 0.5 * (found["crotch"][1] - waist)
        low = max(found["cuff_left_inner"][1], found["cuff_right_inner"][1])
        return _fork(seen.parts, (0, 2), (0, 1), top, low, "crotch")
    for name, side in SIDES:
        if f"cuff_{name}_inner" in found:
            pit, inner = f"armpit_{name}", found[f"cuff_{name}_inner"]
            wide = np.hypot(*(np.array(found["neck_left"][:2]) - found["neck_right"][:2]))
            y, low = found[f"shoulder_{name}"][1] + _BELOW_SHOULDER * wide, max(inner[1], found[pit][1])
            first, last = ((0,), (1,)) if side > 0 else ((2,), (0,))
            forks |= _fork(seen.parts, first, last, y, low, pit)
            # a short sleeve that never parts from the side forks at its end
            if pit not in forks and np.hypot(*(np.subtract(inner, found[pit])[:2])) < _SHORT * wide:
                forks[pit] = inner
    return forks


def _fork(
    parts: NDArray[np.uint8],
    before: tuple[int, ...],
    after: tuple[int, ...],
    top: float,
    low: float,
    name: str,
) -> dict[str, list[float]]:
    """The first row from `top` down in which parts `before` (left) and `after` (right) have air between."""
    for y in range(max(0, int(top)), min(len(parts), int(low) + _NEAR)):
        row = parts[y]
        cloth = np.flatnonzero(row != _NO_CLOTH)
        left, right = cloth[:-1], cloth[1:]
        forks = (right - left > _SEEN_GAP) & np.isin(row[left], before) & np.isin(row[right], after)
        if forks.any():
            at = int(np.argmax(forks))
            return {name: [(float(left[at]) + 1 + float(right[at])) / 2, y + 0.5, 2.0]}
    return {}


def _narrowest(seen: Seen, found: dict[str, list[float]]) -> dict[str, list[float]]:
    """Waist points at the narrowest row of the trunk between armpits and hips."""
    top = max(found["armpit_left"][1], found["armpit_right"][1])
    low = found["hem_center"][1]
    rows = np.arange(int(top + 0.12 * (low - top)), int(top + 0.45 * (low - top)))
    trunk = seen.parts[rows] == 0
    if not trunk.any(axis=1).all():
        return {}
    first = trunk.argmax(axis=1)
    last = trunk.shape[1] - trunk[:, ::-1].argmax(axis=1)
    width = last - first
    # where an arm lies before the trunk, only a piece of it is seen
    whole = width > _WHOLE * np.median(width)
    at = int(np.argmin(np.where(whole, width, width.max() + 1)))
    y = float(rows[at]) + 0.5
    return {"waist_right": [float(first[at]), y, 2.0], "waist_left": [float(last[at]), y, 2.0]}
