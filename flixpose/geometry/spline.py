"""Thin-plate splines R² → R²: fit, value, derivative. Float64, centred and scaled coordinates.

A true thin-plate spline: its centres are the points that the map is evaluated from (Duchon 1977; Bookstein
1989). Equal to scipy's `RBFInterpolator(kernel="thin_plate_spline", degree=1, smoothing=stiffness · scale²)`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.structures.warp import Spline

Points = NDArray[Any]  # float64

_TINY = 1e-300  # stands for r² = 0, where φ and the derivative's radial part vanish
# Kernel entries at a time: they stay in the second-level cache, and the products are too small for the linear
# algebra library's own threads, which spin against each other where several workers share a machine.
_BLOCK = 1 << 15


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
    return SplineSystem(centres, shift, scale, _kernel(centres, centres), basis[:, :rank], back)


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
    try:
        solved = np.linalg.solve(matrix, np.vstack([rest, np.zeros((rank, 2))]))
    except np.linalg.LinAlgError as error:
        raise DegenerateWarp("Two control points lie on the same spot.", reason="coincident") from error
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
    for rows in _blocks(len(u), len(spline.centres)):
        out[rows] += _kernel(u[rows], spline.centres) @ spline.weights
    return out


def spline_jacobian(spline: Spline, xy: Points) -> Points:
    """Its derivative at xy (M, 2) → (M, 2, 2); [m, i, j] = ∂ value_i / ∂ x_j, pixels per pixel."""
    u = (xy - spline.shift) / spline.scale
    out = np.empty((len(u), 2, 2))
    out[:] = spline.affine[1:].T
    centred = spline.weights[:, :, None] * spline.centres[:, None, :]
    columns = np.concatenate([spline.weights, centred.reshape(-1, 4)], axis=1)
    for rows in _blocks(len(u), len(spline.centres)):
        # ∇φ = (u - c)(log r² + 1), summed as u·Σ w(…) - Σ w c (…)
        radial = np.log(_squared_distances(u[rows], spline.centres))
        radial += 1.0
        sums = radial @ columns
        out[rows] += sums[:, :2, None] * u[rows][:, None, :] - sums[:, 2:].reshape(-1, 2, 2)
    return out / spline.scale


def _blocks(rows: int, centres: int) -> list[slice]:
    step = max(_BLOCK // max(centres, 1), 16)
    return [slice(start, start + step) for start in range(0, rows, step)]


def _squared_distances(u: Points, centres: Points) -> Points:
    # |u|² + |c|² - 2 u·c as one product: a pass over memory instead of five; the error stays at 1e-15.
    ones = np.ones((len(u), 1))
    left = np.hstack([(u * u).sum(axis=1, keepdims=True), ones, -2.0 * u])
    right = np.vstack([np.ones(len(centres)), (centres * centres).sum(axis=1), centres.T])
    squares = left @ right
    return np.maximum(squares, _TINY, out=squares)


def _kernel(u: Points, centres: Points) -> Points:
    """φ(r) = r² log r between u (M, 2) and centres (N, 2) → (M, N)."""
    squares = _squared_distances(u, centres)
    logs = np.log(squares)
    logs *= squares
    logs *= 0.5
    return logs
