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
_BLOCK = 1 << 17  # kernel entries at a time: 1 MB of float64, stays in the second-level cache


@dataclass(frozen=True, eq=False, slots=True)
class SplineSystem:
    """What a fit needs of its centres alone, prepared once for many values and stiffnesses.

    Attributes:
        centres: (N, 2) centred and scaled. shift, scale: as in `Spline`.
        kernel: (N, N) φ between the centres.
        plane: (N, 3) [1, u_x, u_y]; inverse: (3, N) its pseudo-inverse, which leaves a direction without
            spread (collinear centres) as it is.
        free: (N, N - rank) basis of the weights that bend but do not shift, scale or shear.
    """

    centres: Points
    shift: Points
    scale: float
    kernel: Points
    plane: Points
    inverse: Points
    free: Points


def prepare(xy: Points) -> SplineSystem:
    """The system of the centres xy (N, 2), in pixels, all distinct."""
    xy = np.asarray(xy, dtype=np.float64)
    shift = xy.mean(axis=0)
    scale = float(np.abs(xy - shift).max()) or 1.0
    centres = (xy - shift) / scale
    plane = np.column_stack([np.ones(len(xy)), centres])
    left, strengths, right = np.linalg.svd(plane, full_matrices=True)
    rank = int((strengths > 1e-7 * strengths[0]).sum())
    inverse = right[:rank].T @ (left[:, :rank] / strengths[:rank]).T
    return SplineSystem(centres, shift, scale, _kernel(centres, centres), plane, inverse, left[:, rank:])


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
    kernel = system.kernel + np.diag(softness)
    try:
        bend = np.linalg.solve(system.free.T @ kernel @ system.free, system.free.T @ rest)
    except np.linalg.LinAlgError as error:
        raise DegenerateWarp("Two control points lie on the same spot.", reason="coincident") from error
    spline_weights = system.free @ bend
    affine = system.inverse @ (rest - kernel @ spline_weights)
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
    squares = u @ (-2.0 * centres.T)
    squares += (u * u).sum(axis=1)[:, None]
    squares += (centres * centres).sum(axis=1)
    return np.maximum(squares, _TINY, out=squares)


def _kernel(u: Points, centres: Points) -> Points:
    """φ(r) = r² log r between u (M, 2) and centres (N, 2) → (M, N)."""
    squares = _squared_distances(u, centres)
    logs = np.log(squares)
    logs *= squares
    logs *= 0.5
    return logs
