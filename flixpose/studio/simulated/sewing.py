"""Garments sewn around a body: a surface a little outside the clay, cut along hem, neckline and cuffs.

Every garment is sewn on a figure with its arms held out, so that sleeves and trunk are apart; how it hangs is
left to the cloth. Frame and units: flixpose.studio.solid.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.body import SIDES, Arm, Build, Figure, Stance, figure
from flixpose.studio.simulated.landmarks import anchors, between, rims, shoulders
from flixpose.studio.simulated.pattern import LOWER, Pattern, along_arm, cuts
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

_OUT = Arm(reach=(0.78, 0.03, -0.62), elbow=(0.1, -1.0, 0.0))
FITTING = Stance(left=_OUT, right=_OUT, apart=0.19)
_STEP = 0.012
_BAND, _HOLE_EASE = 0.008, 0.011


@dataclass(frozen=True, eq=False)
class Sewn:
    """A garment as sewn.

    Attributes:
        points: (V, 3). faces: (F, 3).
        landmarks: name → index of its point. rims: "hem", "neck", "waist", "cuff_left" … → indices.
        shoulders: side → indices among which the shoulder's tip is.
        gaps: landmark → the two points that it lies between, of what is worn open.
        part: (V,) 0 trunk, 1 left and 2 right sleeve or leg.
    """

    points: Array
    faces: Index
    landmarks: dict[str, int]
    rims: dict[str, Index]
    shoulders: dict[str, Index]
    part: NDArray[np.uint8]
    gaps: dict[str, tuple[int, int]] = field(default_factory=dict)


def sew(pattern: Pattern, build: Build) -> Sewn:
    """The garment around `build` in the fitting stance."""
    body = figure(build, FITTING)
    bottoms = pattern.kind in LOWER
    cloth = _bottoms(pattern, body) if bottoms else _top(pattern, body)
    vertices, faces = mesh(cloth)
    faces = faces.astype(np.int64)
    vertices = _evened(vertices, faces, cloth)
    for cut in cuts(pattern, body):
        vertices, faces = clip(vertices, faces, cut(vertices))
    vertices, faces = _largest(vertices, faces)
    part = _parts(pattern, body, vertices)
    edges = rims(pattern, body, vertices, faces)
    marks = anchors(pattern, body, vertices, edges)
    tips, gaps = shoulders(pattern, body, vertices), between(vertices, edges)
    return Sewn(vertices, faces, marks, edges, tips, part, gaps)


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
    ease = _ease(pattern, heights)

    def row(girth: Array) -> list[float]:
        at_widest = np.interp(widest_at, heights, girth)
        bridge = np.maximum(girth, np.where(heights < widest_at, at_widest, girth))
        wide = girth + (bridge - girth) * pattern.straight + ease + pattern.flare * below
        return [float(value) for value in wide]

    half_width, front, back = (row(girth) for girth in girths)
    return loft(Sections(heights.tolist(), half_width, front, back, axis_y=[0.0] * 16, squareness=2.3))


def _ease(pattern: Pattern, heights: Array) -> Array:
    """Metres between body and cloth: a waistband fits, or it slides down; so does the edge of an armhole."""
    if pattern.kind in LOWER:
        return np.interp(heights, (0.94, 1.0), (pattern.ease, _BAND))
    if pattern.sleeve == 0:
        return np.interp(heights, (1.14, 1.22), (pattern.ease, min(pattern.ease, _HOLE_EASE)))
    return np.full(len(heights), pattern.ease)


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


def _parts(pattern: Pattern, body: Figure, vertices: Array) -> NDArray[np.uint8]:
    part = np.zeros(len(vertices), np.uint8)
    for number, (name, side) in enumerate(SIDES, 1):
        if pattern.sleeve > 0:
            part[along_arm(body, name, vertices) > 0.08] = number
        elif pattern.kind in ("trousers", "shorts"):
            part[(vertices[:, 0] * side > 0) & (vertices[:, 2] < 0.76)] = number
    return part
