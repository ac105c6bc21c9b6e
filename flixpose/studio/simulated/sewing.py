"""Garments sewn around a body: a surface a little outside the clay, cut along hem, neckline and cuffs.

Every garment is sewn on a figure with its arms held out, so that sleeves and trunk are apart; how it hangs is
left to the cloth. Frame and units: flixpose.studio.solid.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.body import SIDES, Arm, Build, Figure, Stance, figure
from flixpose.studio.solid import (
    Array,
    Grid,
    Part,
    Sections,
    limb,
    loft,
    mesh,
    round_cone,
    sample,
    smooth_min,
)

Index = NDArray[np.int64]
Cut = Callable[[Array], Array]

_OUT = Arm(reach=(0.78, 0.03, -0.62), elbow=(0.1, -1.0, 0.0))
FITTING = Stance(left=_OUT, right=_OUT, apart=0.19)
_STEP = 0.012
_ARM_REACH = 0.105


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
        strap: half width of the sleeveless shoulder from the middle line outwards.
        leg_ease: of trousers at the knee and below.
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
    strap: float = 0.15
    leg_ease: float = 0.03


@dataclass(frozen=True, eq=False)
class Sewn:
    """A garment as sewn.

    Attributes:
        points: (V, 3). faces: (F, 3).
        landmarks: name → index of its point.
        part: (V,) 0 trunk, 1 left and 2 right sleeve or leg.
    """

    points: Array
    faces: Index
    landmarks: dict[str, int]
    part: NDArray[np.uint8]


def sew(pattern: Pattern, build: Build) -> Sewn:
    """The garment around `build` in the fitting stance."""
    body = figure(build, FITTING)
    bottoms = pattern.kind in ("trousers", "shorts", "skirt")
    cloth = _bottoms(pattern, body) if bottoms else _top(pattern, body)
    vertices, faces = mesh(cloth)
    faces = faces.astype(np.int64)
    vertices = _evened(vertices, faces, cloth)
    for cut in _cuts(pattern, body):
        vertices, faces = clip(vertices, faces, cut(vertices))
    vertices, faces = _largest(vertices, faces)
    part = _parts(pattern, body, vertices)
    return Sewn(vertices, faces, _landmarks(pattern, body, vertices, faces), part)


def _girths(body: Figure, heights: Array) -> tuple[Array, Array, Array]:
    """Half widths, fronts and backs of the trunk, (N,) metres at (N,) heights."""
    lo, hi = (-0.32, -0.25, float(heights.min()) - 0.01), (0.32, 0.25, float(heights.max()) + 0.02)
    grid = sample(body.torso, lo, hi, 0.008)
    x, y, z = (axis.ravel() for axis in grid.axes)
    inside = grid.values < 0
    wide = np.where(inside.any(axis=1), np.abs(x)[:, None], 0.0).max(axis=0)
    deep = inside.any(axis=0)
    front = np.where(deep, -y[:, None], 0.0).max(axis=0)
    back = np.where(deep, y[:, None], 0.0).max(axis=0)
    wide, front, back = (np.interp(heights, z, row) for row in (wide, front, back))
    return wide, front, back


def _hull(pattern: Pattern, body: Figure, low: float, high: float, widest_at: float) -> Part:
    """The garment's trunk as a loft from `low` to `high`, over the body's girths and never inside them."""
    heights = np.linspace(low, high, 16)
    girths = _girths(body, np.clip(heights, 0.86, 1.36))
    below = np.clip((widest_at - heights) / max(widest_at - low, 1e-6), 0.0, 1.0)

    def row(girth: Array) -> list[float]:
        at_widest = np.interp(widest_at, heights, girth)
        bridge = np.maximum(girth, np.where(heights < widest_at, at_widest, girth))
        wide = girth + (bridge - girth) * pattern.straight + pattern.ease + pattern.flare * below
        return [float(value) for value in wide]

    half_width, front, back = (row(girth) for girth in girths)
    return loft(Sections(heights.tolist(), half_width, front, back, axis_y=[0.0] * 16, squareness=2.3))


def _top(pattern: Pattern, body: Figure) -> Grid:
    low = pattern.bottom - 0.03
    lo, hi = (-0.62, -0.32, low), (0.62, 0.32, 1.52)
    upper = sample(body.torso, lo, hi, _STEP).values - 0.009
    hull = sample([_hull(pattern, body, low - 0.02, 1.37, 1.26)], lo, hi, _STEP)
    cloth = smooth_min(upper, hull.values, 0.035)
    if pattern.sleeve > 0:
        for name, side in SIDES:
            sleeve = sample([_sleeve(pattern, body, name, side)], lo, hi, _STEP).values
            cloth = smooth_min(cloth, sleeve, 0.05)
    return Grid(cloth.astype(np.float32), hull.origin, _STEP)


def _sleeve(pattern: Pattern, body: Figure, name: str, side: float) -> Part:
    shoulder, wrist = body.joints[f"{name}_shoulder"], body.joints[f"{name}_wrist"]
    end = shoulder + (wrist - shoulder) * min(pattern.sleeve + 0.06, 1.08)
    upper = 0.05 + pattern.sleeve_ease
    start = shoulder - np.array([side * 0.02, 0.0, 0.008])
    return limb(start, end, [(0.0, upper), (0.35, upper), (1.0, pattern.cuff)])


def _bottoms(pattern: Pattern, body: Figure) -> Grid:
    low = pattern.bottom - 0.03
    lo, hi = (-0.55, -0.42, low), (0.55, 0.42, pattern.top + 0.05)
    if pattern.kind == "skirt":
        hull = _hull(pattern, body, low - 0.02, pattern.top + 0.08, 0.90)
        return sample([hull], lo, hi, _STEP)
    grid = sample(body.torso + body.legs, lo, hi, _STEP)
    x, _, z = grid.axes
    cloth: Array = grid.values - np.interp(z, (0.8, 1.0), (pattern.ease, 0.008))
    for name, side in SIDES:
        hip, ankle = body.joints[f"{name}_hip"], body.joints[f"{name}_ankle"]
        knee = body.joints[f"{name}_knee"]
        end = ankle + np.array([0.0, 0.0, -0.05])
        thigh = round_cone(hip - (0, 0, 0.09), knee, 0.082, 0.055 + pattern.leg_ease)
        shin = round_cone(knee, end, 0.055 + pattern.leg_ease, 0.042 + pattern.leg_ease)
        legs = sample([thigh, shin], lo, hi, _STEP).values
        cloth = smooth_min(cloth, np.where(x * side > -0.004, legs, 1.0), 0.02)
    return Grid(np.asarray(cloth, np.float32), grid.origin, _STEP)


def _evened(vertices: Array, faces: Index, cloth: Grid) -> Array:
    """The same surface with its points spread evenly: pulled to their neighbours' mean, then back onto it."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    counts = np.bincount(edges[:, 0], minlength=len(vertices))[:, None]
    for _ in range(4):
        total = np.stack(
            [np.bincount(edges[:, 0], vertices[edges[:, 1], k], len(vertices)) for k in range(3)], axis=1
        )
        vertices = vertices + 0.6 * (total / counts - vertices)
        vertices = vertices - cloth.gradient_at(vertices) * cloth.at(vertices)[:, None]
    return vertices


def clip(vertices: Array, faces: Index, value: Array) -> tuple[Array, Index]:
    """The part of a mesh where `value` (V,) is negative, cut cleanly along its zero line."""
    # a corner that lies on the line makes slivers: move it to one side
    value = np.where(np.abs(value) < 1e-4, -1e-4, value)
    inside = value[faces] < 0
    count = inside.sum(axis=1)
    made: dict[tuple[int, int], int] = {}
    extra: list[Array] = []

    def crossing(a: int, b: int) -> int:
        key = (a, b) if a < b else (b, a)
        if key not in made:
            t = value[a] / (value[a] - value[b])
            made[key] = len(vertices) + len(extra)
            extra.append(vertices[a] + t * (vertices[b] - vertices[a]))
        return made[key]

    kept = [faces[count == 3]]
    pieces: list[tuple[int, int, int]] = []
    for face, sides in zip(
        faces[(count == 1) | (count == 2)], inside[(count == 1) | (count == 2)], strict=True
    ):
        alone = int(np.flatnonzero(sides == (sides.sum() == 1))[0])
        a, b, c = (int(face[(alone + k) % 3]) for k in range(3))
        ab, ac = crossing(a, b), crossing(a, c)
        if sides.sum() == 1:
            pieces.append((a, ab, ac))
        else:
            pieces += [(ab, b, c), (ab, c, ac)]
    if pieces:
        kept.append(np.array(pieces, dtype=np.int64))
    everything = np.concatenate([vertices, np.array(extra)]) if extra else vertices
    return _compact(everything, np.concatenate(kept))


def _compact(vertices: Array, faces: Index) -> tuple[Array, Index]:
    used, inverse = np.unique(faces, return_inverse=True)
    return vertices[used], inverse.reshape(faces.shape).astype(np.int64)


def _largest(vertices: Array, faces: Index) -> tuple[Array, Index]:
    """The largest connected piece, without scraps."""
    label = np.arange(len(vertices))
    while True:
        low = label[faces].min(axis=1)
        new = label.copy()
        for corner in range(3):
            np.minimum.at(new, faces[:, corner], low)
        new = new[new]
        if np.array_equal(new, label):
            break
        label = new
    biggest = np.bincount(label[faces[:, 0]]).argmax()
    return _compact(vertices, faces[label[faces[:, 0]] == biggest])


def _cuts(pattern: Pattern, body: Figure) -> list[Cut]:
    """Functions of (V, 3) points, positive where cloth is cut away."""
    cuts: list[Cut] = [lambda v: pattern.bottom - v[:, 2]]
    if pattern.kind in ("trousers", "shorts", "skirt"):
        return [*cuts, lambda v: v[:, 2] - pattern.top]
    cuts.append(lambda v: _opening(pattern, v))
    for name, side in SIDES:
        if pattern.sleeve > 0:
            cuts.append(lambda v, n=name: _along(body, n, v) - pattern.sleeve)  # type: ignore[misc]
        else:
            cuts.append(lambda v, n=name, s=side: _armhole(pattern, body, n, s, v))  # type: ignore[misc]
    return cuts


def _along(body: Figure, name: str, points: Array) -> Array:
    """(N,) share of the arm's length at which points beside it lie; far below 0 on the trunk."""
    shoulder, wrist = body.joints[f"{name}_shoulder"], body.joints[f"{name}_wrist"]
    axis = wrist - shoulder
    share = (points - shoulder) @ axis / (axis @ axis)
    aside = np.linalg.norm(points - shoulder - share[:, None] * axis, axis=1)
    return np.where((points[:, 0] * np.sign(shoulder[0]) > 0.1) & (aside < _ARM_REACH), share, -1.0)


def _opening(pattern: Pattern, points: Array) -> Array:
    """Positive inside the neck opening: an ellipse's lower half, deeper in front, everything above it."""
    x, y, z = points.T
    behind = 1 / (1 + np.exp(-(y - 0.005) / 0.008))
    drop = pattern.neck_drop * (1 - behind) + pattern.neck_back * behind
    below = np.minimum(z - 1.446, 0.0) / drop
    ellipse = (1.0 - np.sqrt((x / pattern.neck_width) ** 2 + below**2)) * np.minimum(pattern.neck_width, drop)
    return np.where(z > 1.38 - drop, ellipse, -1.0)


def _armhole(pattern: Pattern, body: Figure, name: str, side: float, points: Array) -> Array:
    """Positive outside a sleeveless trunk: beyond the strap above, below the arm a rounded hole."""
    x, z = points[:, 0] * side, points[:, 2]
    foot = 1.262
    share = np.clip((z - foot) / (1.43 - foot), 0.0, 1.0)
    edge = pattern.strap + 0.075 * (1 - share) ** 2.5
    return np.where(z > foot, x - edge, -1.0)


def _parts(pattern: Pattern, body: Figure, vertices: Array) -> NDArray[np.uint8]:
    part = np.zeros(len(vertices), np.uint8)
    for number, (name, side) in enumerate(SIDES, 1):
        if pattern.sleeve > 0:
            part[_along(body, name, vertices) > 0.08] = number
        elif pattern.kind in ("trousers", "shorts"):
            part[(vertices[:, 0] * side > 0) & (vertices[:, 2] < 0.76)] = number
    return part


def _landmarks(pattern: Pattern, body: Figure, vertices: Array, faces: Index) -> dict[str, int]:
    rim = _rim(faces)
    if pattern.kind in ("trousers", "shorts", "skirt"):
        return _bottom_landmarks(pattern, vertices, rim)
    return _top_landmarks(pattern, body, vertices, rim)


def _rim(faces: Index) -> Index:
    """Points on the mesh's open edges."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, count = np.unique(sides, axis=0, return_counts=True)
    return np.unique(edges[count == 1])


def _best(candidates: Index, points: Array, direction: Array) -> int:
    return int(candidates[np.argmax(points[candidates] @ direction)])


def _top_landmarks(pattern: Pattern, body: Figure, v: Array, rim: Index) -> dict[str, int]:
    low = rim[v[rim, 2] < pattern.bottom + 0.004]
    found = _hem(v, low)
    neck = rim[(_opening(pattern, v[rim]) > -0.003) & (np.abs(v[rim, 0]) < pattern.neck_width + 0.01)]
    middle = neck[np.abs(v[neck, 0]) < 0.015]
    front, back = middle[v[middle, 1] < 0], middle[v[middle, 1] > 0]
    found |= {"neck_front": _best(front, v, np.array([0, 0, -1.0]))}
    found |= {"neck_back": _best(back, v, np.array([0, 0, 1.0]))}
    for name, side in SIDES:
        out = np.array([side, 0.0, 0.0])
        found[f"neck_{name}"] = _best(neck, v, out)
        shoulder = body.joints[f"{name}_shoulder"]
        if pattern.sleeve > 0:
            tip = np.array([shoulder[0] + side * 0.022, shoulder[1], 1.6])
            pit = np.array([shoulder[0] + side * 0.03, shoulder[1], 1.15])
            found[f"shoulder_{name}"] = _from(v, tip, np.array([0, 0, -1.0]))
            found[f"armpit_{name}"] = _from(v, pit, np.array([0, 0, 1.0]))
            cuff = rim[_along(body, name, v[rim]) > pattern.sleeve - 0.02]
            arm = body.joints[f"{name}_wrist"] - shoulder
            outer = np.array([-arm[2] * side, 0.0, arm[0] * side])
            found[f"cuff_{name}_outer"] = _best(cuff, v, outer)
            found[f"cuff_{name}_inner"] = _best(cuff, v, -outer)
        else:
            hole = rim[(v[rim, 0] * side > pattern.strap - 0.01) & (v[rim, 2] > 1.2)]
            found[f"shoulder_{name}"] = _best(hole, v, np.array([0, 0, 1.0]))
            found[f"armpit_{name}"] = _best(hole, v, np.array([side * 0.3, 0.0, -1.0]))
    return found


def _from(v: Array, start: Array, direction: Array) -> int:
    """The point that a ray from `start` meets first, nearly."""
    away = v - start
    along = away @ direction
    aside = np.linalg.norm(away - along[:, None] * direction, axis=1)
    near = np.flatnonzero((aside < 0.02) & (along > 0))
    return int(near[np.argmin(along[near])]) if len(near) else int(np.argmin(aside))


def _hem(v: Array, low: Index) -> dict[str, int]:
    front = low[(np.abs(v[low, 0]) < 0.02) & (v[low, 1] < 0)]
    return {
        "hem_left": _best(low, v, np.array([1.0, 0, 0])),
        "hem_right": _best(low, v, np.array([-1.0, 0, 0])),
        "hem_center": int(front[np.argmin(np.abs(v[front, 0]))]),
    }


def _bottom_landmarks(pattern: Pattern, v: Array, rim: Index) -> dict[str, int]:
    high, low = rim[v[rim, 2] > pattern.top - 0.004], rim[v[rim, 2] < pattern.bottom + 0.004]
    found = {}
    for name, side in SIDES:
        out = np.array([side, 0.0, 0.0])
        found[f"waist_{name}"] = _best(high, v, out)
        if pattern.kind != "skirt":
            leg = low[v[low, 0] * side > 0]
            found[f"cuff_{name}_outer"], found[f"cuff_{name}_inner"] = _best(leg, v, out), _best(leg, v, -out)
    if pattern.kind == "skirt":
        return found | _hem(v, low)
    found["crotch"] = _from(v, np.array([0.0, 0.0, 0.5]), np.array([0.0, 0.0, 1.0]))
    return found
