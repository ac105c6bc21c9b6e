"""Thin-plate splines R² → R²: fit, value, derivative. Float64, centred and scaled coordinates.

A true thin-plate spline: its centres are the points that the map is evaluated from (Duchon 1977; Bookstein
1989). Equal to scipy's `RBFInterpolator(kernel="thin_plate_spline", degree=1, smoothing=stiffness · scale²)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.geometry.threads import for_each, solve_dense
from flixpose.structures.warp import Spline

Points = NDArray[Any]  # float64

_TINY = 1e-300  # stands for r² = 0, where φ and the derivative's radial part vanish
# Kernel entries at a time: they stay in the second-level cache, and the products are too small for the linear
# algebra library's own threads.
_BLOCK = 1 << 15
_MANY = 16  # blocks that are worth a second thread


@dataclass(frozen=True, eq=False, slots=True)
class SplineSystem:
    """What a fit needs of its centres alone, prepared once for many values and stiffnesses.

    Attributes:
        centres: (N, 2) centred and scaled. shift, scale: as in `Spline`.
        kernel: (N, N) φ between the centres.
        plane: (N, rank) orthonormal basis of [1, u_x, u_y] over the centres; rank < 3 where they are
            collinear.
        back: (3, rank) from that basis to [1, u_x, u_y]; a direction without spread keeps the identity.
    """

    centres: Points
    shift: Points
    scale: float
    kernel: Points
    plane: Points
    back: Points


def prepare(xy: Points) -> SplineSystem:
    """The system of the centres xy (N, 2), in pixels, all distinct."""
    xy = np.asarray(xy, dtype=np.float64)
    shift = xy.mean(axis=0)
    scale = float(np.abs(xy - shift).max()) or 1.0
    centres = (xy - shift) / scale
    whole = np.column_stack([np.ones(len(xy)), centres])
    basis, strengths, right = np.linalg.svd(whole, full_matrices=False)
    rank = int((strengths > 1e-7 * strengths[0]).sum())
    back = right[:rank].T / strengths[:rank]
    return SplineSystem(centres, shift, scale, _kernel(centres), basis[:, :rank], back)


def solve(
    system: SplineSystem, values: Points, stiffness: float = 0.0, weights: Points | None = None
) -> Spline:
    """The spline through (stiffness 0) or near `values` (N, 2), in pixels.

    It minimises Σ weights[i] |f(x_i) - values[i]|² + stiffness · bending energy, in scaled coordinates, so
    that a stiffness means the same at every picture size. Where the centres are collinear, the direction
    across them keeps the identity.

    Raises:
        DegenerateWarp: coincident centres with different values.
    """
    identity = system.shift + system.scale * system.centres
    rest = np.asarray(values, dtype=np.float64) - identity
    softness = np.full(len(rest), stiffness) if weights is None else stiffness / np.maximum(weights, 1e-12)
    count, rank = system.plane.shape
    matrix = np.zeros((count + rank, count + rank))
    matrix[:count, :count] = system.kernel + np.diag(softness)
    matrix[:count, count:], matrix[count:, :count] = system.plane, system.plane.T
    solved = solve_dense(matrix, np.vstack([rest, np.zeros((rank, 2))]))
    if solved is None:
        raise DegenerateWarp("Two control points lie on the same spot.", reason="coincident")
    spline_weights, affine = solved[:count], system.back @ solved[count:]
    affine += np.vstack([system.shift, system.scale * np.eye(2)])
    if not np.isfinite(affine).all():
        raise DegenerateWarp("The control points give no finite spline.", reason="coincident")
    return Spline(system.centres, spline_weights, affine, system.shift, system.scale)


def fit_spline(xy: Points, values: Points, stiffness: float = 0.0, weights: Points | None = None) -> Spline:
    """`solve(prepare(xy), values, …)`: for one fit."""
    return solve(prepare(xy), values, stiffness, weights)


def spline_points(spline: Spline, xy: Points) -> Points:
    """Where the spline takes xy (M, 2) → (M, 2), pixels."""
    u = (xy - spline.shift) / spline.scale
    out = spline.affine[0] + u @ spline.affine[1:]
    weights = spline.weights / 2  # φ = ½ r² log r²

    def add(rows: slice, squares: Points, logs: Points) -> None:
        logs *= squares
        out[rows] += logs @ weights

    _over_blocks(u, spline.centres, add)
    return out


def spline_jacobian(spline: Spline, xy: Points) -> Points:
    """Its derivative at xy (M, 2) → (M, 2, 2); [m, i, j] = ∂ value_i / ∂ x_j, pixels per pixel."""
    u = (xy - spline.shift) / spline.scale
    out = np.empty((len(u), 2, 2))
    out[:] = spline.affine[1:].T
    centred = spline.weights[:, :, None] * spline.centres[:, None, :]
    columns = np.concatenate([spline.weights, centred.reshape(-1, 4)], axis=1)

    def add(rows: slice, _: Points, logs: Points) -> None:
        # ∇φ = (u - c)(log r² + 1), summed as u·Σ w(…) - Σ w c (…)
        logs += 1.0
        sums = logs @ columns
        out[rows] += sums[:, :2, None] * u[rows][:, None, :] - sums[:, 2:].reshape(-1, 2, 2)

    _over_blocks(u, spline.centres, add)
    out /= spline.scale
    return out


def _kernel(centres: Points) -> Points:
    """φ(r) = r² log r between the centres (N, 2) → (N, N)."""
    out = np.empty((len(centres), len(centres)))

    def put(rows: slice, squares: Points, logs: Points) -> None:
        logs *= 0.5
        np.multiply(squares, logs, out=out[rows])

    _over_blocks(centres, centres, put)
    return out


def _over_blocks(u: Points, centres: Points, use: Callable[[slice, Points, Points], None]) -> None:
    """use(rows, r², log r²) for all rows of u (M, 2), block by block; both (rows, N), to be overwritten."""
    # |u|² + |c|² - 2 u·c as one product: a pass over memory instead of five; the error stays at 1e-15.
    left, right = np.ones((len(u), 4)), np.ones((4, len(centres)))
    left[:, 0], left[:, 2:] = u[:, 0] * u[:, 0] + u[:, 1] * u[:, 1], -2.0 * u
    right[1], right[2:] = centres[:, 0] * centres[:, 0] + centres[:, 1] * centres[:, 1], centres.T
    step = max(_BLOCK // max(len(centres), 1), 16)

    def run(starts: range) -> None:
        buffers = np.empty((2, step, len(centres)))  # the same memory for all blocks: new pages cost more
        for start in starts:
            rows = slice(start, min(start + step, len(u)))
            squares, logs = buffers[:, : rows.stop - start]
            np.matmul(left[rows], right, out=squares)
            np.abs(squares, out=squares)
            squares += _TINY
            np.log(squares, out=logs)
            use(rows, squares, logs)

    starts = range(0, len(u), step)
    if len(starts) < _MANY:
        run(starts)
    else:
        for_each(run, [starts[0::2], starts[1::2]])
