"""Outlines as polylines: (N, 2) points, smooth where a tailor's curve is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


def line(a: ArrayLike, b: ArrayLike, count: int = 24) -> Points:
    """(count, 2) points from `a` to `b`, both included."""
    return bow(a, b, 0.0, count)


def bow(a: ArrayLike, b: ArrayLike, bulge: float, count: int = 40, at: float = 0.5) -> Points:
    """A curve from `a` to `b` that leaves the chord by `bulge` times its length, to the left of a → b as
    seen with y down; `at` is where along the chord it pulls most."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    chord = end - start
    control = start + chord * at + np.array([chord[1], -chord[0]]) * bulge * 2
    t = np.linspace(0.0, 1.0, count)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def smooth(points: ArrayLike, count: int = 20) -> Points:
    """A Catmull-Rom curve through the points, `count` samples between neighbours."""
    p = np.asarray(points, float)
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0.0, 1.0, count, endpoint=False)[:, None]
    a, b, c, d = (padded[k : k + len(p) - 1, None, :] for k in range(4))
    cubic = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return np.vstack([(0.5 * cubic).reshape(-1, 2), p[-1:]])


def joined(*curves: Points) -> Points:
    """Curves end to end."""
    return np.vstack(curves)


def mirrored(points: ArrayLike) -> Points:
    """The other half: x → -x, in reverse order, so that a closed outline keeps its sense."""
    return np.asarray(points, float)[::-1] * (-1.0, 1.0)


def offset(points: Points, distance: float) -> Points:
    """The polyline moved sideways, to the left of its direction as seen with y down."""
    tangent = np.gradient(points, axis=0)
    length = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / length
    return points + normal * distance


def dashes(points: Points, on: float, off: float) -> list[Points]:
    """The polyline cut into stitches of length `on`, `off` apart."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts: Sequence[float] = list(np.arange(0.0, along[-1], on + off))
    pieces = []
    for begin in starts:
        t = np.linspace(begin, min(begin + on, along[-1]), 3)
        pieces.append(np.stack([np.interp(t, along, points[:, k]) for k in (0, 1)], axis=1))
    return pieces
