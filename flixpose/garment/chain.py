"""Place an ordered chain of corners on a path, by dynamic programming.

A chain is told by its corners (where each may lie, how sharply and which way the path turns there) and by the
edges between them (direction, length, straightness). Every value is a penalty in squared deviations, so that
1 means "one standard deviation away"; the sum is small for a garment of the kind.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.outline import HalfPath

_MOST_BEND = np.float32(36.0)
_UNREACHABLE = np.float32(1e9)

Values = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Corner:
    """Where a corner may lie. Ranges are (mean, deviation); u in body half widths, v in body heights.

    Attributes:
        turn: expected turn in degrees over a short reach of the path, convex positive.
        slope: expected direction of the path at the corner (degrees, 0 = outward, 90 = down); None = any.
    """

    name: str
    u: tuple[float, float]
    v: tuple[float, float]
    turn: tuple[float, float]
    slope: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """The path from one corner to the next.

    Attributes:
        direction: of the chord, (mean, deviation) in degrees, 0 = outward, 90 = down, 180 = inward.
        length: (mean, deviation) in body half widths.
        bend: deviation allowed between path and chord (root mean square), in body half widths.
    """

    direction: tuple[float, float]
    length: tuple[float, float]
    bend: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Corners and the edges between them.

    Attributes:
        last: leads from the last corner to the bottom centre.
        first: leads from the top centre to the first corner; None = anything.
    """

    corners: tuple[Corner, ...]
    edges: tuple[Edge, ...]
    last: Edge
    first: Edge | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Placed:
    """Indices of the corners on the path, the penalty of each, and the total."""

    indices: tuple[int, ...]
    penalties: tuple[float, ...]
    total: float


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """A path in the chain's units, with what corners and edges are judged by."""

    uv: NDArray[np.float64]
    turn: NDArray[np.float64]
    slope: NDArray[np.float64]
    chord_direction: NDArray[np.float32]
    chord_length: NDArray[np.float32]
    bend: NDArray[np.float32]


def measure(half: HalfPath, *, top: float, height: float, width: float, reach: float) -> Measured:
    """The path's turns and chords; `reach` is the length in pixels over which a turn is measured."""
    steps = max(2, round(reach / half.step))
    turn, slope = _turns(half.uv, steps)
    uv = np.stack([half.uv[:, 0] / width, (half.uv[:, 1] - top) / height], axis=1)
    direction, length, bend = _chords(half.uv)
    chords = (plane.astype(np.float32) for plane in (direction, length / width, bend / width))
    return Measured(uv, turn, slope, *chords)


def place(path: Measured, chain: Chain, extra: NDArray[np.float64] | None = None) -> Placed:
    """The corners' best places, in order along the path. `extra` (corners, N) adds penalties of its own."""
    corners = np.stack([_corner_penalty(path, corner) for corner in chain.corners]).astype(np.float32)
    if extra is not None:
        corners += extra.astype(np.float32)
    count = corners.shape[1]
    later = np.triu(np.ones((count, count), bool), 1)
    best, back = corners[0].copy(), []
    if chain.first is not None:
        best += _edge_penalty(path, chain.first)[0]
    for corner, edge in zip(corners[1:], chain.edges, strict=True):
        joint = np.where(later, best[:, None] + _edge_penalty(path, edge), _UNREACHABLE)
        back.append(joint.argmin(axis=0))
        best = joint.min(axis=0) + corner
    best = best + _edge_penalty(path, chain.last)[:, -1]
    indices = [int(best.argmin())]
    for pointer in reversed(back):
        indices.append(int(pointer[indices[-1]]))
    indices.reverse()
    penalties = tuple(float(corners[row, index]) for row, index in enumerate(indices))
    return Placed(tuple(indices), penalties, float(best.min()))


def _turns(uv: NDArray[np.float64], steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Signed turn and direction at each sample, in degrees; the path is mirrored at its ends."""
    before = 2 * uv[0] - uv[steps:0:-1]
    after = 2 * uv[-1] - uv[-2 : -steps - 2 : -1]
    long = np.concatenate([before, uv, after])
    centre = np.arange(len(uv)) + steps
    forward = long[centre + steps] - long[centre]
    backward = long[centre] - long[centre - steps]
    cross = backward[:, 0] * forward[:, 1] - backward[:, 1] * forward[:, 0]
    turn = np.degrees(np.arctan2(cross, (backward * forward).sum(axis=1)))
    through = forward + backward
    return turn, np.degrees(np.arctan2(through[:, 1], through[:, 0]))


def _chords(uv: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(N, N) direction (degrees), length and root mean square bend of the path i → j about its chord."""
    delta = uv[None, :] - uv[:, None]
    length = np.hypot(delta[..., 0], delta[..., 1])
    direction = np.degrees(np.arctan2(delta[..., 1], delta[..., 0]))
    unit = delta / np.maximum(length, 1e-9)[..., None]
    normal = np.stack([-unit[..., 1], unit[..., 0]], axis=-1)
    sums = [np.concatenate([[0.0], np.cumsum(m)]) for m in _moments(uv)]
    i, j = np.indices(length.shape)
    lo, hi = np.minimum(i, j), np.maximum(i, j) + 1
    n = hi - lo
    mu, mv, uu, vv, cross = ((s[hi] - s[lo]) / n for s in sums)
    a, b = normal[..., 0], normal[..., 1]
    offset = a * uv[:, None, 0] + b * uv[:, None, 1]
    mean = a * mu + b * mv
    square = a * a * uu + b * b * vv + 2 * a * b * cross - 2 * offset * mean + offset * offset
    return direction, length, np.sqrt(np.maximum(square, 0.0))


def _moments(uv: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    u, v = uv[:, 0], uv[:, 1]
    return u, v, u * u, v * v, u * v


def _squared(value: Values, expected: tuple[float, float], most: float = 16.0) -> Values:
    mean, deviation = expected
    return np.minimum(np.square((value - np.float32(mean)) / np.float32(deviation)), most)


def _angle(value: Values, expected: tuple[float, float], most: float = 16.0) -> Values:
    mean, deviation = expected
    away = value - np.float32(mean)
    away -= 360.0 * np.rint(away / np.float32(360.0))
    return np.minimum(np.square(away / np.float32(deviation)), most)


def _corner_penalty(path: Measured, corner: Corner) -> Values:
    penalty = _squared(path.uv[:, 0], corner.u) + _squared(path.uv[:, 1], corner.v)
    penalty += _squared(path.turn, corner.turn)
    if corner.slope is not None:
        penalty += _angle(path.slope, corner.slope)
    return penalty


def _edge_penalty(path: Measured, edge: Edge) -> Values:
    penalty = _angle(path.chord_direction, edge.direction) + _squared(path.chord_length, edge.length)
    penalty += np.minimum(np.square(path.bend / np.float32(edge.bend)), _MOST_BEND)
    return penalty
