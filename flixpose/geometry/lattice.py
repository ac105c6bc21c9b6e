"""A warp's field on a lattice that refines itself until it is exact enough.

Exact float64 values are computed on a coarse lattice. Halving its stride, new nodes are predicted by
four-point interpolation and computed exactly only where that is in doubt: where the coarser prediction
missed, and around control points that bend the spline sharply (there its second derivative is unbounded). So
300 points cost little more than 25.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry import projective
from flixpose.geometry.warp import beyond_horizon, map_points
from flixpose.structures.warp import AnyWarp, Warp

COARSEST = 64
FINEST = 2
MARGIN = 2  # nodes beyond the area on each side; four-point interpolation turns 2 into 2
FAR = 30_000.0  # source pixels; places beyond it (near a horizon) are as good as outside every photo

# What four-point interpolation misses of r² log r next to its centre, in units of stride² (measured: 0.07).
_KINK = 0.08
_AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """Source positions at nodes `origin + stride · (column - 2, row - 2)`, canvas pixels.

    Attributes:
        nodes: (2, rows, columns) float64 source pixels x and y, house's frame.
        rough: (rows, columns) nodes around which interpolation may miss by more than the tolerance.
    """

    nodes: NDArray[Any]
    rough: NDArray[np.bool_]
    origin: tuple[int, int]
    stride: int

    def window(self, x: int, y: int, width: int, height: int) -> tuple[slice, slice]:
        """Rows and columns of the nodes over a part (offset a multiple of the stride), margin included."""
        column, row = x // self.stride, y // self.stride
        columns, rows = -(-width // self.stride), -(-height // self.stride)
        return slice(row, row + rows + 2 * MARGIN + 1), slice(column, column + columns + 2 * MARGIN + 1)

    def part(self, x: int, y: int, width: int, height: int) -> "Lattice":
        """The lattice of a part of the area."""
        rows, columns = self.window(x, y, width, height)
        origin = (self.origin[0] + x, self.origin[1] + y)
        return Lattice(self.nodes[:, rows, columns], self.rough[rows, columns], origin, self.stride)


def coarse_lattice(warp: AnyWarp, origin: tuple[int, int], width: int, height: int) -> Lattice:
    """The coarsest lattice over the canvas area (origin, width, height), all nodes exact and in doubt."""
    columns, rows = (-(-size // COARSEST) + 2 * MARGIN + 1 for size in (width, height))
    lattice = Lattice(np.empty((2, rows, columns)), np.ones((rows, columns), bool), origin, COARSEST)
    return _with_exact(warp, lattice, np.ones((rows, columns), bool))


@dataclass(frozen=True, eq=False, slots=True)
class Kinks:
    """Where a warp bends most sharply: at its control points.

    Attributes:
        xy: (N, 2) canvas pixels. bend: (N,) the spline's greatest weight. widest: (N,) how far, in its scaled
            coordinates, a step of one canvas pixel leads at most.
    """

    xy: NDArray[Any]
    bend: NDArray[Any]
    widest: NDArray[Any]


def kinks_of(warp: AnyWarp) -> Kinks | None:
    """None of a chain, whose kinks are moved about: trust no prediction there."""
    if not isinstance(warp, Warp):
        return None
    spline = warp.spline
    if spline is None:
        return Kinks(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    places = spline.shift + spline.scale * spline.centres
    xy = projective.apply(np.linalg.inv(warp.homography), places)
    widest = np.abs(projective.derivative(warp.homography, xy)).sum(axis=2).max(axis=1)
    return Kinks(xy, np.abs(spline.weights).max(axis=1), widest / spline.scale)


def refined(warp: AnyWarp, lattice: Lattice, tolerance: float, kinks: Kinks | None) -> Lattice:
    """The lattice of half the stride, its nodes wrong by at most some `tolerance` source pixels.

    Args:
        kinks: of the warp.
    """
    predicted = _halve(_halve(lattice.nodes).swapaxes(1, 2)).swapaxes(1, 2)
    doubtful = lattice.rough.repeat(2, axis=0).repeat(2, axis=1)[MARGIN:, MARGIN:]
    doubtful = _grown(doubtful[: predicted.shape[1], : predicted.shape[2]])
    doubtful[::2, ::2] = False  # these are the coarser lattice's own nodes
    finer = Lattice(predicted, doubtful, lattice.origin, lattice.stride // 2)
    exact = _with_exact(warp, finer, doubtful)
    # That was missed at twice the stride: this lattice misses a quarter of it, or less. At the last stride,
    # all that is in doubt is computed exactly.
    slack = 1.0 if finer.stride <= FINEST else 2.0
    rough = np.abs(exact.nodes - predicted).max(axis=0) > slack * tolerance
    rough |= _near_kinks(kinks, finer, tolerance)
    return Lattice(exact.nodes, _grown(rough), lattice.origin, finer.stride)


@lru_cache(maxsize=256)
def interpolation(count: int, stride: int) -> NDArray[np.float32]:
    """(count, nodes) weights of four-point interpolation from nodes to the centres of `count` pixels."""
    position = (np.arange(count) + 0.5) / stride
    cell = np.floor(position).astype(int)
    t = position - cell
    weights = np.zeros((count, -(-count // stride) + 2 * MARGIN + 1), np.float32)
    rows = np.arange(count)
    weights[rows, cell + MARGIN - 1] = -t * (t - 1) * (t - 2) / 6
    weights[rows, cell + MARGIN] = (t + 1) * (t - 1) * (t - 2) / 2
    weights[rows, cell + MARGIN + 1] = -(t + 1) * t * (t - 2) / 2
    weights[rows, cell + MARGIN + 2] = (t + 1) * t * (t - 1) / 6
    return weights


def _with_exact(warp: AnyWarp, lattice: Lattice, where: NDArray[Any]) -> Lattice:
    rows, columns = np.nonzero(where)
    if not len(rows):
        return lattice
    steps = np.column_stack([columns, rows]) - MARGIN
    xy = np.asarray(lattice.origin, dtype=np.float64) + lattice.stride * steps
    places = np.clip(map_points(warp, xy), -FAR, FAR)
    places[beyond_horizon(warp, xy)] = -FAR
    nodes = lattice.nodes.copy()
    nodes[:, rows, columns] = places.T
    return Lattice(nodes, lattice.rough, lattice.origin, lattice.stride)


def _near_kinks(kinks: Kinks | None, lattice: Lattice, tolerance: float) -> NDArray[np.bool_]:
    """Nodes next to control points that bend too sharply to be interpolated across at half this stride."""
    out: NDArray[Any] = np.zeros(lattice.rough.shape, dtype=bool)
    if kinks is None:
        return ~out
    reach = lattice.stride / 2 * kinks.widest
    sharp = kinks.xy[kinks.bend * reach**2 * _KINK > tolerance]
    nearest = np.rint((sharp - lattice.origin) / lattice.stride).astype(int) + MARGIN
    column, row = nearest[:, 0], nearest[:, 1]
    known = (column >= 0) & (column < out.shape[1]) & (row >= 0) & (row < out.shape[0])
    out[row[known], column[known]] = True
    return out


def _halve(nodes: NDArray[Any]) -> NDArray[Any]:
    """Nodes and the midpoints between them along axis 1; the outermost cells serve the interpolation only."""
    out = np.empty((nodes.shape[0], 2 * nodes.shape[1] - 5, nodes.shape[2]))
    middle = nodes[:, 1:-2] + nodes[:, 2:-1]
    middle *= 9.0
    middle -= nodes[:, :-3]
    middle -= nodes[:, 3:]
    middle /= 16.0
    # Kept: a margin of two finer nodes = the coarser lattice from its second node on.
    out[:, 0::2], out[:, 1::2] = nodes[:, 1:-1], middle
    return out


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and its eight neighbours."""
    return np.asarray(cv2.dilate(mask.view(np.uint8), _AROUND).view(bool))
