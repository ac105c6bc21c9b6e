"""How much a warp distorts: folds, local stretch and shear over an area, looked for where they hide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.warp import jacobian
from flixpose.structures.warp import AnyWarp, Warp

Points = NDArray[Any]  # float64


@dataclass(frozen=True, slots=True)
class StretchBounds:
    """What is still cloth.

    Attributes:
        smallest, largest: bounds of the local stretch in any direction, relative to the part's overall scale
            (1 = as the part as a whole). A stretch of 2 draws the garment's texture at half its size.
        shear: largest change of a right angle, in degrees.
    """

    smallest: float = 0.2
    largest: float = 5.0
    shear: float = 75.0


DEFAULT_BOUNDS = StretchBounds()


@dataclass(frozen=True, slots=True)
class Distortion:
    """What was found in an area.

    Attributes:
        folds: share of the looked-at points whose orientation is reversed.
        smallest, largest: local stretch in any direction, relative to `scale`.
        shear: largest change of a right angle, in degrees.
        scale: garment pixels per person pixel of the part as a whole.
        worst_xy: person pixels where the bounds are nearest to being broken (or most broken).
        excess: 0 or less = within the bounds; the natural logarithm of the factor by which they are broken.
    """

    folds: float
    smallest: float
    largest: float
    shear: float
    scale: float
    worst_xy: tuple[float, float]
    excess: float


def measure(
    warp: AnyWarp, outline: Points, scale: float, bounds: StretchBounds = DEFAULT_BOUNDS, *, looked_at: Points
) -> Distortion:
    """The distortion of `warp` (person → garment) inside a polygon: at given points, then around the worst.

    Args:
        outline: (N, 2) polygon in person pixels.
        scale: garment pixels per person pixel that count as stretch 1.
        looked_at: (M, 2) person pixels, the polygon's `probes`.
    """
    excess, values = _excess(warp, looked_at, scale, bounds)
    found = [(looked_at, excess, values), *_zoom(warp, looked_at, excess, outline, scale, bounds)]
    xy, excess, values = (np.concatenate(columns) for columns in zip(*found, strict=True))
    worst = int(excess.argmax())
    return Distortion(
        folds=float((values[:, 2] <= 0).mean()),
        smallest=float(values[:, 0].min()),
        largest=float(values[:, 1].max()),
        shear=float(_shear(values).max()),
        scale=scale,
        worst_xy=(float(xy[worst, 0]), float(xy[worst, 1])),
        excess=float(excess[worst]),
    )


def worst_excess(warp: AnyWarp, xy: Points, scale: float, bounds: StretchBounds) -> float:
    """As `Distortion.excess`, at points (M, 2) alone."""
    return float(_excess(warp, xy, scale, bounds)[0].max())


def inside(outline: Points, xy: Points) -> NDArray[np.bool_]:
    """Whether xy (M, 2) lie inside the polygon (N, 2), even-odd."""
    start, end = outline, np.roll(outline, -1, axis=0)
    x, y = xy[:, :1], xy[:, 1:]
    straddles = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    crossing = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return (straddles & (x < crossing)).sum(axis=1) % 2 == 1


def hull(xy: Points) -> Points:
    """The convex hull (M, 2) of xy (N, 2) in order; fewer than 3 points where they are collinear."""
    points = sorted(set(map(tuple, np.asarray(xy, dtype=np.float64).tolist())))
    chains: list[list[tuple[float, float]]] = []
    for ordered in (points, points[::-1]):
        chain: list[tuple[float, float]] = []
        for point in ordered:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1] or points, dtype=np.float64).reshape(-1, 2)


def probes(outline: Points, around: Points) -> Points:
    """Where to look in a polygon (N, 2): some 1600 lattice points, the outline, and rings around points.

    Args:
        around: (M, 2) the control points: there a spline's derivative bends most sharply.
    """
    low, high = outline.min(axis=0), outline.max(axis=0)
    step = max(float(np.sqrt(np.prod(np.maximum(high - low, 1e-6)) / 1600.0)), 1e-3)
    x, y = (np.arange(a + step / 2, max(b, a + step), step)[:400] for a, b in zip(low, high, strict=True))
    lattice = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    share = np.linspace(0.0, 1.0, max(200 // len(outline), 4), endpoint=False)[:, None, None]
    edges = (outline + share * (np.roll(outline, -1, axis=0) - outline)).reshape(-1, 2)
    near = np.vstack([lattice, around, _rings(around, step)])
    return np.vstack([near[inside(outline, near)], edges])


def _rings(around: Points, step: float) -> Points:
    turns = 6 if len(around) <= 60 else 4
    angles = np.arange(turns) * (2 * np.pi / turns) + 0.3
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    radii = np.array([0.6, 0.2, 0.05])[:, None, None] * step
    return (around[:, None, None] + radii * circle).reshape(-1, 2)


def _zoom(
    warp: AnyWarp, xy: Points, excess: Points, outline: Points, scale: float, bounds: StretchBounds
) -> Iterator[tuple[Points, Points, Points]]:
    """Points around the eight worst, on three ever finer patches, with their excess and values."""
    step = float(np.ptp(outline, axis=0).max()) / 40.0
    patch = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), axis=-1).reshape(-1, 2)
    centres = xy[np.argsort(excess)[-8:]]
    for _ in range(3):
        near = (centres[:, None] + patch * step).reshape(-1, 2)
        within = inside(outline, near)
        if not within.any():
            return
        near_excess, values = _excess(warp, near, scale, bounds)
        yield near[within], near_excess[within], values[within]
        worst = np.where(within, near_excess, -np.inf).reshape(-1, len(patch)).argmax(axis=1)
        centres = near.reshape(-1, len(patch), 2)[np.arange(len(centres)), worst]
        step /= 3.0


def _excess(warp: AnyWarp, xy: Points, scale: float, bounds: StretchBounds) -> tuple[Points, Points]:
    """(N,) how far the bounds are broken, and (N, 3) smallest stretch, largest stretch, determinant."""
    matrices = jacobian(warp, xy) / scale
    values = np.column_stack(stretches(matrices))
    small, large, det = values.T
    signed = np.where(det > 0, small, -small)
    ratio = np.tan(np.radians((90.0 - bounds.shear) / 2))
    broken = np.maximum(np.log(np.maximum(large, 1e-9) / bounds.largest), _log_below(signed, bounds.smallest))
    broken = np.maximum(broken, _log_below(signed / np.maximum(large, 1e-9), ratio))
    if isinstance(warp, Warp):
        depth = xy @ warp.homography[2, :2] + warp.homography[2, 2]
        broken = np.where(depth > 0, broken, 50.0)
    return broken, values


def _log_below(value: Points, bound: float) -> Points:
    """log(bound / value), carried on linearly below a hundredth of the bound: folds have a size too."""
    share = value / bound
    return np.where(share > 0.01, -np.log(np.maximum(share, 0.01)), -np.log(0.01) + (0.01 - share) * 10.0)


def stretches(matrices: Points) -> tuple[Points, Points, Points]:
    """Smallest and largest singular value and determinant of (N, 2, 2)."""
    a, b, c, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1]
    along, across = np.hypot(a + d, c - b), np.hypot(a - d, b + c)
    return np.abs(along - across) / 2, (along + across) / 2, a * d - b * c


def _shear(values: Points) -> Points:
    ratio = values[:, 0] / np.maximum(values[:, 1], 1e-12)
    return np.where(values[:, 2] > 0, 90.0 - 2 * np.degrees(np.arctan(ratio)), 180.0)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
