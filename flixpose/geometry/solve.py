"""Control points → warp: a homography (or the rung below that the points can carry), then a spline, no folds.

Where the spline would fold, or stretch beyond the bounds, the smallest cure is sought in two ways: single
landmarks lose weight, or the whole spline gets stiffer. What moves the landmarks less is taken, and told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.geometry import projective
from flixpose.geometry.distortion import (
    DEFAULT_BOUNDS,
    Distortion,
    StretchBounds,
    hull,
    measure,
    probes,
    worst_excess,
)
from flixpose.geometry.spline import SplineSystem, prepare, solve
from flixpose.geometry.usable import kept, usable
from flixpose.geometry.warp import jacobian, map_points
from flixpose.structures.warp import ControlPoints, Warp

Points = NDArray[Any]  # float64
Model = Literal["similarity", "affine", "homography"]

_STIFFEST = 1e3
_SOFTENING_STIFFNESS = 1e-4  # bends well-placed points by some thousandths of a pixel, lets weights count
_LIGHTEST = 1e-6
_MAX_OFFENDERS = 8
_PATIENCE = 400  # points times offenders: beyond it, softening one by one costs seconds
_HORIZON_MARGIN = 1.8  # the homography's denominator may vary by this factor over the area
_CLEAR = 0.2  # of the excess: what is within the bounds by that at some points is so between them
_HOPELESS = 0.25  # a cure that misses the landmarks by this share of the area's diagonal is none


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to the control points or the spline.

    Attributes:
        kind: "merged" (a point lay on another one's spot), "softened" (a point lost weight to cure a fold),
            "stiffened" (the spline, to cure a fold), "lowered" (a simpler model than the points would carry).
        name: the control point's name; the model's for "lowered"; empty for "stiffened".
        before, after: its weight (merged, softened) or the stiffness (stiffened); 0 for "lowered".
    """

    kind: Literal["merged", "softened", "stiffened", "lowered"]
    name: str
    before: float
    after: float


@dataclass(frozen=True, eq=False, slots=True)
class WarpFit:
    """A solved warp and how it came about.

    Attributes:
        warp: person → garment.
        model: the rung of the ladder below the spline.
        stiffness: the spline's, dimensionless; 0 = it passes through every point of weight > 0.
        weights: (N,) effective weights, in the order of the control points.
        residuals: (N,) person pixels by which each control point is missed; 0 for ignored points.
        distortion: inside `area`, verified.
        area: (M, 2) the polygon in person pixels for which the guarantee holds.
        changes: what was changed to merge duplicates and to cure folds; empty = nothing.
    """

    part: str
    warp: Warp
    model: Model
    stiffness: float
    weights: Points
    residuals: Points
    distortion: Distortion
    area: Points
    changes: tuple[Change, ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """One rung of the ladder, ready to be fitted with any stiffness and weights."""

    controls: ControlPoints
    model: Model
    matrix: Points
    system: SplineSystem
    area: Points
    looked_at: Points
    scale: float
    bounds: StretchBounds

    def fit(self, stiffness: float, weights: Points) -> Warp:
        return Warp(self.matrix, solve(self.system, self.controls.garment_xy, stiffness, weights))

    def distortion(self, warp: Warp) -> Distortion:
        return measure(warp, self.area, self.scale, self.bounds, looked_at=self.looked_at)

    def excess(self, stiffness: float, weights: Points) -> float:
        return self.distortion(self.fit(stiffness, weights)).excess


@dataclass(frozen=True, eq=False, slots=True)
class _Cure:
    stiffness: float
    weights: Points


@dataclass(frozen=True, eq=False, slots=True)
class _Solved:
    problem: _Problem
    cure: _Cure
    warp: Warp
    distortion: Distortion
    lowered: list[Change]


def solve_warp(
    controls: ControlPoints,
    *,
    bounds: StretchBounds = DEFAULT_BOUNDS,
    area: NDArray[np.float64] | None = None,
    stiffness: float = 0.0,
    perspective: bool = True,
) -> WarpFit:
    """The warp person → garment through the control points, free of folds inside `area`.

    Args:
        bounds: local stretch and shear that must not be exceeded inside `area`.
        area: (M, 2) polygon in person pixels, in order; the convex hull of `person_xy` unless given.
        stiffness: to start from, for landmarks that are known to be noisy (1e-3 smooths visibly).
        perspective: whether a homography may lie under the spline; without one no horizon is near.

    Raises:
        DegenerateWarp: `reason` says which degeneracy, the message which points: too few, not finite,
            coincident, collinear on the garment only, mirrored, or folded beyond cure.
    """
    counting, merged = usable(controls)
    changes = [Change("merged", name, weight, 0.0) for name, weight in merged]
    try:
        return _restore(controls, counting, _solve(counting, bounds, area, stiffness, perspective), changes)
    except DegenerateWarp as error:
        raise _named(error, controls.part, counting) from error


def _solve(
    controls: ControlPoints, bounds: StretchBounds, area: Points | None, stiffness: float, perspective: bool
) -> _Solved:
    similarity = projective.fit_similarity(controls.person_xy, controls.garment_xy, controls.weights)
    scale = float(np.hypot(*similarity[:2, 0]))
    _refuse_flat_garment(controls)
    outline = _outline(controls.person_xy, area)
    looked_at = probes(outline, controls.person_xy)
    inner = StretchBounds(bounds.smallest * 1.03, bounds.largest / 1.03, bounds.shear - 1.0)
    plain, lowered = _Cure(stiffness, controls.weights), []
    for model, matrix in _ladder(controls, similarity, perspective):
        flat = projective.apply(matrix, controls.person_xy)
        problem = _Problem(controls, model, matrix, prepare(flat), outline, looked_at, scale, inner)
        if not _carries(problem):
            lowered.append(Change("lowered", model, 0.0, 0.0))
            continue
        warp = problem.fit(stiffness, controls.weights)
        distortion = problem.distortion(warp)
        if distortion.excess <= 0:
            return _Solved(problem, plain, warp, distortion, lowered)
        cure = _cure(problem, plain)
        if cure is not None:
            warp = problem.fit(cure.stiffness, cure.weights)
            return _Solved(problem, cure, warp, problem.distortion(warp), lowered)
        lowered.append(Change("lowered", model, 0.0, 0.0))
    raise DegenerateWarp(
        "The control points fold the garment or stretch it beyond the bounds, beyond cure.", reason="folded"
    )


def _ladder(controls: ControlPoints, similarity: Points, perspective: bool) -> Iterator[tuple[Model, Points]]:
    """The rungs that these points can carry, the highest first."""
    fits: tuple[tuple[Model, Callable[[Points, Points, Points], Points]], ...] = (
        ("homography", projective.fit_homography),
        ("affine", projective.fit_affine),
    )
    for model, fit in fits if perspective else fits[1:]:
        try:
            matrix = fit(controls.person_xy, controls.garment_xy, controls.weights)
        except DegenerateWarp:
            continue
        yield model, matrix
    yield "similarity", similarity


def _carries(problem: _Problem) -> bool:
    """Whether the rung alone is sound over the area: no horizon near, no fold, within the bounds."""
    depth = projective.depths(problem.matrix, problem.area)
    if depth.min() <= 0 or depth.max() > _HORIZON_MARGIN * depth.min():
        return False
    few = replace(problem, looked_at=problem.looked_at[::5])  # it bends nowhere sharply
    plain = Warp(problem.matrix)
    if worst_excess(plain, few.looked_at, few.scale, few.bounds) < -_CLEAR:
        return True
    return few.distortion(plain).excess <= 0


def _cure(problem: _Problem, plain: _Cure) -> _Cure | None:
    """The smaller of the two smallest cures; None where neither helps."""
    cures = [c for c in (_soften(problem, plain), _stiffen(problem, plain)) if c is not None]
    best = min(cures, key=lambda cure: _moved(problem, cure).sum(), default=None)
    diagonal = float(np.hypot(*np.ptp(problem.area, axis=0)))
    if best is None or np.sqrt((_moved(problem, best) ** 2).mean()) > _HOPELESS * diagonal:
        return None
    return best


def _moved(problem: _Problem, cure: _Cure) -> Points:
    return _residuals(problem.fit(cure.stiffness, cure.weights), problem.controls)


def _stiffen(problem: _Problem, plain: _Cure) -> _Cure | None:
    """The smallest stiffness that cures, to some 5 %."""
    if problem.excess(_STIFFEST, plain.weights) > 0:
        return None

    def cures(exponent: float) -> bool:
        return problem.excess(10.0**exponent, plain.weights) <= 0

    low = np.log10(max(plain.stiffness, 1e-7))
    return _Cure(10.0 ** _bisect(cures, bad=low, good=np.log10(_STIFFEST), steps=9), plain.weights)


def _soften(problem: _Problem, plain: _Cure) -> _Cure | None:
    """Offending points lose weight, one after another; at last all of them as little as will do."""
    stiffness = max(plain.stiffness, _SOFTENING_STIFFNESS)
    offenders: list[int] = []
    count = len(problem.controls)
    for _ in range(min(_MAX_OFFENDERS, max(count // 4, 1), max(_PATIENCE // count, 1))):
        light = _lightened(plain.weights, offenders, 1.0)
        warp = problem.fit(stiffness, light)
        suspects = [row for row in _suspects(problem, warp) if row not in offenders]
        if not suspects:
            return None
        trials = {
            row: problem.excess(stiffness, _lightened(plain.weights, [*offenders, row], 1.0))
            for row in suspects
        }
        offender = min(trials, key=lambda row: trials[row])
        offenders.append(offender)
        if trials[offender] <= 0:
            break
    else:
        return None

    def cures(share: float) -> bool:
        return problem.excess(stiffness, _lightened(plain.weights, offenders, share)) <= 0

    share = _bisect(cures, bad=0.0, good=1.0, steps=6)
    return _Cure(stiffness, _lightened(plain.weights, offenders, share))


def _suspects(problem: _Problem, warp: Warp) -> list[int]:
    """The points nearest to the worst spot and those that bend the spline most."""
    worst = np.array(problem.distortion(warp).worst_xy)
    near = np.argsort(np.linalg.norm(problem.controls.person_xy - worst, axis=1))[:4]
    bend = np.zeros(0) if warp.spline is None else np.linalg.norm(warp.spline.weights, axis=1)
    return sorted({*near.tolist(), *np.argsort(-bend)[:2].tolist()})


def _lightened(weights: Points, rows: list[int], share: float) -> Points:
    """Weights with those of `rows` lowered: by share 0 not at all, by share 1 to next to nothing."""
    out = weights.copy()
    out[rows] *= _LIGHTEST**share
    return out


def _bisect(cures: Callable[[float], bool], *, bad: float, good: float, steps: int) -> float:
    """A value near the border between bad and good, on the good side."""
    for _ in range(steps):
        middle = (bad + good) / 2
        if cures(middle):
            good = middle
        else:
            bad = middle
    return good


def _residuals(warp: Warp, controls: ControlPoints) -> Points:
    """(N,) person pixels by which the warp misses its control points."""
    miss = map_points(warp, controls.person_xy) - controls.garment_xy
    matrices = jacobian(warp, controls.person_xy)
    steps = np.linalg.pinv(matrices, rcond=1e-6) @ miss[:, :, None]
    return np.linalg.norm(steps[:, :, 0], axis=1)


def _refuse_flat_garment(controls: ControlPoints) -> None:
    if projective.is_line(controls.garment_xy) and not projective.is_line(controls.person_xy):
        raise DegenerateWarp("The control points are collinear on the garment.", reason="collinear")


def _outline(person_xy: Points, area: Points | None) -> Points:
    """The polygon to guard: as given, else the hull; a line gets a tenth of its length as width."""
    outline = hull(person_xy) if area is None else np.asarray(area, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(outline).all():
        raise DegenerateWarp("The area to guard is not finite.", reason="not_finite")
    if len(outline) >= 3 and not projective.is_line(outline):
        return outline
    centre = person_xy.mean(axis=0)
    _, _, axes = np.linalg.svd(person_xy - centre)
    along = (person_xy - centre) @ axes[0]
    half = np.ptp(along) / 20
    ends = centre + along[[along.argmin(), along.argmax()], None] * axes[0]
    return np.vstack([ends + half * axes[1], ends[::-1] - half * axes[1]])


def _restore(
    controls: ControlPoints,
    counting: ControlPoints,
    solved: _Solved,
    merged: list[Change],
) -> WarpFit:
    """The fit in terms of the caller's points."""
    problem, cure, warp = solved.problem, solved.cure, solved.warp
    rows = {name: row for row, name in enumerate(counting.names)}
    weights = np.array([cure.weights[rows[n]] if n in rows else 0.0 for n in controls.names])
    known = np.isfinite(controls.person_xy).all(axis=1) & (controls.weights > 0)
    residuals = np.zeros(len(controls))
    used = kept(controls, known)
    residuals[known] = _residuals(warp, used)
    softened = [
        Change("softened", name, float(before), float(after))
        for name, before, after in zip(counting.names, counting.weights, cure.weights, strict=True)
        if after < before
    ]
    stiffened = [] if softened or not cure.stiffness else [Change("stiffened", "", 0.0, cure.stiffness)]
    return WarpFit(
        part=controls.part,
        warp=warp,
        model=problem.model,
        stiffness=cure.stiffness,
        weights=weights,
        residuals=residuals,
        distortion=solved.distortion,
        area=problem.area,
        changes=(*merged, *solved.lowered, *softened, *stiffened),
    )


def _named(error: DegenerateWarp, part: str, controls: ControlPoints) -> DegenerateWarp:
    """The error with the part's and the points' names."""
    if error.message.startswith(f"{part}:"):
        return error
    names = ", ".join(controls.names) or "no points"
    return DegenerateWarp(
        f"{part}: {error.message} Points: {names}.", reason=error.reason, subject=",".join(controls.names)
    )
