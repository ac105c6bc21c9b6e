"""Similarity, affine map and homography from weighted control points: one ladder of 3×3 matrices.

Each fit raises DegenerateWarp with a `reason` where the points cannot carry it; none returns inf or NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp

Points = NDArray[Any]  # float64
Matrix = NDArray[Any]  # float64

# Below this ratio of the narrow to the wide spread, points are taken as a line: measured on landmarks with
# 1 % noise, an affine map fitted below it is mostly noise across the line.
_LINE = 0.02


def apply(matrix: Matrix, xy: Points) -> Points:
    """The map of xy (N, 2) → (N, 2). Points on the horizon go far away, never to inf or NaN."""
    rows = xy @ matrix[:, :2].T + matrix[:, 2]
    return rows[:, :2] / _away_from_zero(rows[:, 2:])


def derivative(matrix: Matrix, xy: Points) -> Points:
    """∂ value_i / ∂ x_j at xy (N, 2) → (N, 2, 2)."""
    rows = xy @ matrix[:, :2].T + matrix[:, 2]
    depth = _away_from_zero(rows[:, 2:])
    value = rows[:, :2] / depth
    return (matrix[None, :2, :2] - value[:, :, None] * matrix[None, 2:, :2]) / depth[:, :, None]


def depths(matrix: Matrix, xy: Points) -> Points:
    """The homography's denominators at xy (N, 2) → (N,); positive on this side of the horizon."""
    return xy @ matrix[2, :2] + matrix[2, 2]


def fit_similarity(source: Points, target: Points, weights: Points) -> Matrix:
    """Rotation, one scale and a shift from ≥ 2 points (N, 2) → (N, 2), least squares (Umeyama 1991).

    Raises:
        DegenerateWarp: too few, coincident (on either side), mirrored.
    """
    _refuse_too_few(source, 2)
    a, b, share = _centred(source, target, weights)
    _refuse_coincident(a, "on the person")
    _refuse_coincident(b, "on the garment")
    covariance = (b * share[:, None]).T @ a
    if _is_mirrored(a, b, covariance):
        raise _mirrored()
    cosine, sine = covariance.trace(), covariance[1, 0] - covariance[0, 1]
    turn = np.array([[cosine, -sine], [sine, cosine]]) / (share[:, None] * a * a).sum()
    if np.hypot(cosine, sine) < 1e-9 * np.sqrt((a * a).sum() * (b * b).sum()):
        raise DegenerateWarp("The control points agree on no direction.", reason="contradictory")
    return _affine_matrix(turn, source, target, share)


def fit_affine(source: Points, target: Points, weights: Points) -> Matrix:
    """Any affine map that keeps the orientation, from ≥ 3 points not on a line, least squares.

    Raises:
        DegenerateWarp: too few, coincident, collinear (on either side), mirrored.
    """
    _refuse_too_few(source, 3)
    a, b, share = _centred(source, target, weights)
    _refuse_line(a, "on the person")
    _refuse_line(b, "on the garment")
    linear = np.linalg.solve((share[:, None] * a).T @ a, (share[:, None] * a).T @ b).T
    if np.linalg.det(linear) <= 0:
        raise _mirrored()
    return _affine_matrix(linear, source, target, share)


def fit_homography(source: Points, target: Points, weights: Points) -> Matrix:
    """A homography from ≥ 4 points, weighted least squares by conditioned DLT in float64.

    Raises:
        DegenerateWarp: too few, coincident, collinear (all, or three of four), a quadrilateral that is
            convex on one side only, mirrored, or the horizon passes between the points.
    """
    _refuse_too_few(source, 4)
    a, b, _ = _centred(source, target, weights)
    _refuse_line(a, "on the person")
    _refuse_line(b, "on the garment")
    if len(source) == 4:
        _refuse_bad_quad(a, b)
    matrix = _dlt(a, b, weights)
    depth = depths(matrix, a)
    if not (depth > 0).all() and not (depth < 0).all():
        raise DegenerateWarp("The horizon passes between the control points.", reason="horizon")
    if (np.linalg.det(derivative(matrix, a)) <= 0).any():
        raise _mirrored()
    return _uncentred(matrix, a, b, source, target)


def _dlt(a: Points, b: Points, weights: Points) -> Matrix:
    """Direct linear transform of conditioned points (Hartley 1997), Kornia's without its overhead."""
    (first, to), (second, back) = _conditioned(a, weights), _conditioned(b, weights)
    (x, y), (u, v) = first.T, second.T
    rows = np.zeros((2, len(a), 9))
    rows[0, :, 3:6] = -np.column_stack([x, y, np.ones_like(x)])
    rows[1, :, :3] = -rows[0, :, 3:6]
    rows[0, :, 6:] = -v[:, None] * rows[0, :, 3:6]
    rows[1, :, 6:] = -u[:, None] * rows[1, :, :3]
    rows *= np.sqrt(weights / weights.max())[:, None]
    system = rows.reshape(-1, 9)
    if not np.isfinite(system).all():
        raise DegenerateWarp("The control points give no finite homography.", reason="collinear")
    matrix = np.linalg.svd(system.T @ system, hermitian=True)[2][-1].reshape(3, 3)
    return np.asarray(np.linalg.inv(back) @ matrix @ to)


def _conditioned(places: Points, weights: Points) -> tuple[Points, Matrix]:
    """Places about their weighted middle, √2 from it in the mean; and the matrix that takes them there."""
    share = weights / weights.sum()
    middle = share @ places
    off = places - middle
    scale = np.sqrt(2) / max(float(share @ np.linalg.norm(off, axis=1)), 1e-12)
    return scale * off, np.array(
        [[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1.0]]
    )


def _uncentred(matrix: Matrix, a: Points, b: Points, source: Points, target: Points) -> Matrix:
    """`matrix` (a → b) as a map of the points before centring, last entry 1."""
    to, back = np.eye(3), np.eye(3)
    to[:2, 2] = (a - source)[0]
    back[:2, 2] = (target - b)[0]
    whole = back @ matrix @ to
    if abs(whole[2, 2]) < 1e-9 * np.abs(depths(matrix, a)).max():
        raise DegenerateWarp("The horizon passes through the picture's corner.", reason="horizon")
    return whole / whole[2, 2]


def _away_from_zero(depth: Points) -> Points:
    return np.where(np.abs(depth) < 1e-12, 1e-12, depth)


def _centred(source: Points, target: Points, weights: Points) -> tuple[Points, Points, Points]:
    share = weights / weights.sum()
    return source - share @ source, target - share @ target, share


def _affine_matrix(linear: Matrix, source: Points, target: Points, share: Points) -> Matrix:
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = share @ target - linear @ (share @ source)
    return matrix


def spreads(centred: Points) -> Points:
    """The wide and the narrow spread (2,) of centred points (N, 2), in pixels."""
    return np.linalg.svd(centred / np.sqrt(len(centred)), compute_uv=False)


def is_line(xy: Points) -> bool:
    """Whether xy (N, 2) lie on a line or a spot, as far as a fit is concerned."""
    wide, narrow = spreads(xy - xy.mean(axis=0))
    return bool(narrow < _LINE * max(wide, 1e-12))


def _is_mirrored(a: Points, b: Points, covariance: Matrix) -> bool:
    return not is_line(a) and not is_line(b) and np.linalg.det(covariance) < 0


def _mirrored() -> DegenerateWarp:
    return DegenerateWarp("The control points are mirrored: left and right are exchanged.", reason="mirrored")


def _refuse_too_few(source: Points, least: int) -> None:
    if len(source) < least:
        raise DegenerateWarp(f"{len(source)} control points where {least} are needed.", reason="too_few")


def _refuse_coincident(centred: Points, where: str) -> None:
    if np.abs(centred).max() < 1e-6:
        raise DegenerateWarp(f"The control points coincide {where}.", reason="coincident")


def _refuse_line(centred: Points, where: str) -> None:
    _refuse_coincident(centred, where)
    if is_line(centred):
        raise DegenerateWarp(f"The control points are collinear {where}.", reason="collinear")


def _refuse_bad_quad(a: Points, b: Points) -> None:
    """Four points carry a homography only if no three are collinear and both orders turn alike."""
    turns_a, turns_b = _turns(a), _turns(b)
    if min(np.abs(turns_a).min(), np.abs(turns_b).min()) < _LINE:
        raise DegenerateWarp("Three of the four control points are collinear.", reason="collinear")
    if (np.sign(turns_a) == -np.sign(turns_b)).all():
        raise _mirrored()
    if (np.sign(turns_a) != np.sign(turns_b)).any():
        raise DegenerateWarp("The four control points are convex on one side only.", reason="non_convex")


def _turns(quad: Points) -> Points:
    """(4,) sines of the turns of the four triangles among the four points."""
    triples = quad[[[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]]
    first, second = triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0]
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / np.maximum(lengths, 1e-12)
