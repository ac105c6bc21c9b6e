"""A warp as one value: points there and back, derivative, composition, JSON. All float64, exact.

Warps run backward, person → garment; pixels in the house's frame.
"""

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import DegenerateWarp
from flixpose.geometry import projective
from flixpose.geometry.spline import spline_jacobian, spline_points
from flixpose.structures.warp import AnyWarp, Spline, Warp, WarpChain

Points = NDArray[Any]  # float64

_INVERSE_STEPS = 60
_INVERSE_TOLERANCE = 1e-6  # garment pixels


def map_points(warp: AnyWarp, xy: NDArray[Any]) -> Points:
    """Person xy (N, 2) → garment xy (N, 2)."""
    out = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    for part in _parts(warp):
        out = projective.apply(part.homography, out)
        out = out if part.spline is None else spline_points(part.spline, out)
    return out


def jacobian(warp: AnyWarp, xy: NDArray[Any]) -> Points:
    """The derivative at person xy (N, 2) → (N, 2, 2); [n, i, j] = ∂ garment_i / ∂ person_j."""
    here = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    parts, chained = _parts(warp), []
    for row, part in enumerate(parts):
        chained.append(projective.derivative(part.homography, here))
        here = projective.apply(part.homography, here)
        if part.spline is not None:
            chained.append(spline_jacobian(part.spline, here))
            here = spline_points(part.spline, here) if row + 1 < len(parts) else here
    return reduce(lambda first, then: then @ first, chained)


def beyond_horizon(warp: AnyWarp, xy: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,) person points on or behind a homography's horizon: there `map_points` says nothing of use."""
    here = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    out = np.zeros(len(here), dtype=bool)
    parts = _parts(warp)
    for row, part in enumerate(parts):
        out |= projective.depths(part.homography, here) < 1e-6
        here = map_points(part, here) if row + 1 < len(parts) else here
    return out


def invert_points(warp: AnyWarp, xy: NDArray[Any]) -> Points:
    """Garment xy (N, 2) → the person xy (N, 2) that the warp takes there, to 1e-6 garment pixels.

    Damped Newton steps on the exact derivative; where the plain start fails, from the spline's own centres.

    Raises:
        DegenerateWarp: "not_invertible", naming the rows of the points that no place was found for.
    """
    here = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    for part in reversed(_parts(warp)):
        here = here if part.spline is None else _invert_spline(part.spline, here)
        here = projective.apply(np.linalg.inv(part.homography), here)
    return here


def compose(first: AnyWarp, second: AnyWarp) -> AnyWarp:
    """The warp x → second(first(x)); one Warp where that is exact, else a chain."""
    chain: list[Warp] = []
    for warp in (*_parts(first), *_parts(second)):
        joined = _join(chain[-1], warp) if chain else None
        chain = [*chain[:-1], joined] if joined else [*chain, warp]
    return chain[0] if len(chain) == 1 else WarpChain(tuple(chain))


def warp_to_json(warp: AnyWarp) -> dict[str, Any]:
    """Plain values that `warp_from_json` reads back without loss."""
    if isinstance(warp, WarpChain):
        return {"chain": [warp_to_json(part) for part in warp.warps]}
    spline = None
    if warp.spline is not None:
        names = ("centres", "weights", "affine", "shift")
        spline = {name: getattr(warp.spline, name).tolist() for name in names}
        spline["scale"] = warp.spline.scale
    return {"homography": warp.homography.tolist(), "spline": spline}


def warp_from_json(data: dict[str, Any]) -> AnyWarp:
    """The inverse of `warp_to_json`.

    Raises:
        DegenerateWarp: a value is missing, of the wrong shape, or not finite.
    """
    try:
        if "chain" in data:
            return WarpChain(tuple(_single_from_json(part) for part in data["chain"]))
        return _single_from_json(data)
    except (KeyError, TypeError, ValueError) as error:
        raise DegenerateWarp(f"This is no warp: {error}.", reason="not_finite") from error


def _single_from_json(data: dict[str, Any]) -> Warp:
    homography, spline = _array(data["homography"], (3, 3)), data.get("spline")
    if spline is None:
        return Warp(homography)
    rows = len(spline["centres"])
    return Warp(
        homography,
        Spline(
            centres=_array(spline["centres"], (rows, 2)),
            weights=_array(spline["weights"], (rows, 2)),
            affine=_array(spline["affine"], (3, 2)),
            shift=_array(spline["shift"], (2,)),
            scale=float(_array(spline["scale"], ())),
        ),
    )


def _array(value: Any, shape: tuple[int, ...]) -> Points:
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"expected finite numbers of shape {shape}, got shape {array.shape}")
    return array


def _parts(warp: AnyWarp) -> tuple[Warp, ...]:
    return warp.warps if isinstance(warp, WarpChain) else (warp,)


def _join(first: Warp, second: Warp) -> Warp | None:
    """One Warp equal to both, where the family holds it."""
    matrix = second.homography
    if first.spline is None:
        whole = matrix @ first.homography
        return Warp(whole / whole[2, 2], second.spline) if abs(whole[2, 2]) > 1e-12 else None
    if second.spline is not None or np.abs(matrix[2, :2]).max() > 0:
        return None
    linear, spline = matrix[:2, :2].T, first.spline
    affine = spline.affine @ linear
    affine[0] += matrix[:2, 2]
    moved = Spline(spline.centres, spline.weights @ linear, affine, spline.shift, spline.scale)
    return Warp(first.homography, moved)


def _invert_spline(spline: Spline, values: Points) -> Points:
    found, good = _newton(spline, values, _affine_inverse(spline, values))
    if good.all():
        return found
    places = spline.shift + spline.scale * spline.centres
    reached = spline_points(spline, places)
    for rank in range(min(4, len(places))):
        rows = np.flatnonzero(~good)
        distance = np.linalg.norm(values[rows, None] - reached[None], axis=2)
        start = places[np.argsort(distance, axis=1)[:, rank]]
        found[rows], good[rows] = _newton(spline, values[rows], start)
    if not good.all():
        rows = np.flatnonzero(~good)
        raise DegenerateWarp(
            f"{len(rows)} points lie where the warp cannot be inverted, the first at "
            f"({values[rows[0], 0]:.1f}, {values[rows[0], 1]:.1f}) on the garment.",
            reason="not_invertible",
            subject=",".join(map(str, rows[:20])),
        )
    return found


def _affine_inverse(spline: Spline, values: Points) -> Points:
    try:
        u = np.linalg.solve(spline.affine[1:].T, (values - spline.affine[0]).T).T
    except np.linalg.LinAlgError:
        return values.copy()
    return spline.shift + spline.scale * u


def _newton(spline: Spline, values: Points, start: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Places whose images are `values`, and where that succeeded."""
    here = start.copy()
    miss = spline_points(spline, here) - values
    size = np.linalg.norm(miss, axis=1)
    for _ in range(_INVERSE_STEPS):
        rows = np.flatnonzero(size > _INVERSE_TOLERANCE)
        if not len(rows):
            break
        step = _solve_2x2(spline_jacobian(spline, here[rows]), miss[rows])
        moved = np.zeros(len(rows), dtype=bool)
        for damping in (1.0, 0.5, 0.25, 0.1, 0.02):
            left = np.flatnonzero(~moved)
            trial = here[rows[left]] - damping * step[left]
            trial_miss = spline_points(spline, trial) - values[rows[left]]
            trial_size = np.linalg.norm(trial_miss, axis=1)
            better = trial_size < size[rows[left]]
            taken = rows[left[better]]
            here[taken], miss[taken], size[taken] = trial[better], trial_miss[better], trial_size[better]
            moved[left[better]] = True
            if moved.all():
                break
        if not moved.any():
            break
    return here, size <= 1e-3


def _solve_2x2(matrices: Points, right: Points) -> Points:
    a, b, c, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1]
    det = a * d - b * c
    det = np.where(np.abs(det) < 1e-12, np.copysign(1e-12, det), det)
    x, y = right[:, 0], right[:, 1]
    return np.column_stack([d * x - b * y, a * y - c * x]) / det[:, None]
