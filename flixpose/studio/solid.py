"""Solids as signed distance fields: the clay that figures and mannequins are modelled in.

Frame: metres, x to the wearer's left, y to the back (the camera looks along +y), z up. A field is negative
inside. Fields take x, y, z as arrays that broadcast, so that they serve points and open grids alike; away
from the surface they are only roughly distances, which is all that blending and meshing need.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
Field = Callable[[Array, Array, Array], Array]

_FAR = 1.0


@dataclass(frozen=True, eq=False)
class Part:
    """One lump of clay: its field, the box that holds it, and how it joins what was there before.

    Attributes:
        lo, hi: (3,) metres; outside this box, widened by `blend`, the part is not evaluated.
        blend: metres over which the seam is rounded.
    """

    field: Field
    lo: Array
    hi: Array
    blend: float = 0.0
    join: Literal["add", "cut"] = "add"


def moved(point: ArrayLike, x: float, y: float, z: float) -> Array:
    """(3,) the point moved by x, y, z metres."""
    return np.asarray(point, float) + np.array([x, y, z])


def smooth_min(a: Array, b: Array, width: float) -> Array:
    """The smaller of two fields, the corner between them rounded over `width` (a quadratic blend)."""
    if width <= 0:
        return np.minimum(a, b)
    h = np.maximum(width - np.abs(a - b), 0.0) / width
    return np.minimum(a, b) - h * h * (width * 0.25)


def round_cone(
    a: ArrayLike, b: ArrayLike, radius_a: float, radius_b: float, blend: float = 0.0, join: str = "add"
) -> Part:
    """A limb: spheres of `radius_a` at `a` to `radius_b` at `b`, swept along the line between them."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    axis = end - start
    square = max(float(axis @ axis), 1e-12)

    def field(x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        t = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / square, 0.0, 1.0)
        away = np.sqrt((dx - t * axis[0]) ** 2 + (dy - t * axis[1]) ** 2 + (dz - t * axis[2]) ** 2)
        return away - (radius_a + t * (radius_b - radius_a))

    widest = max(radius_a, radius_b)
    return Part(field, np.minimum(start, end) - widest, np.maximum(start, end) + widest, blend, join)  # type: ignore[arg-type]


def limb(a: ArrayLike, b: ArrayLike, radii: Sequence[tuple[float, float]], blend: float = 0.0) -> Part:
    """A bone's flesh: round about the line from `a` to `b`, `radii` = (share of the way, radius) in order."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    axis = end - start
    square = float(axis @ axis)
    profile = curve([share for share, _ in radii], [radius for _, radius in radii])

    def field(x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        t = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / square, 0.0, 1.0)
        away = (dx - t * axis[0]) ** 2 + (dy - t * axis[1]) ** 2 + (dz - t * axis[2]) ** 2
        return np.sqrt(away) - profile(t)

    widest = max(radius for _, radius in radii)
    return Part(field, np.minimum(start, end) - widest, np.maximum(start, end) + widest, blend)


def ellipsoid(
    centre: ArrayLike, radii: ArrayLike, blend: float = 0.0, join: str = "add", axes: Array | None = None
) -> Part:
    """An ellipsoid; `axes` holds its three unit axes as rows (the world's unless given)."""
    c, r = np.asarray(centre, float), np.asarray(radii, float)
    frame = np.eye(3) if axes is None else np.asarray(axes, float)

    def field(x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = x - c[0], y - c[1], z - c[2]
        near = far = np.zeros(())
        for axis, radius in zip(frame, r, strict=True):
            along = dx * axis[0] + dy * axis[1] + dz * axis[2]
            near = near + (along / radius) ** 2
            far = far + (along / radius**2) ** 2
        length = np.sqrt(near)
        return length * (length - 1.0) / np.maximum(np.sqrt(far), 1e-9)

    reach = np.full(3, r.max()) if axes is not None else r
    return Part(field, c - reach, c + reach, blend, join)  # type: ignore[arg-type]


def curve(heights: ArrayLike, values: ArrayLike, samples: int = 400) -> Callable[[Array], Array]:
    """A smooth function of height through a table: linear between rows, then rounded by a moving mean."""
    rows, table = np.asarray(heights, float), np.asarray(values, float)
    dense = np.linspace(rows[0], rows[-1], samples)
    fine = np.interp(dense, rows, table)
    reach = max(1, int(samples * 0.35 / len(rows)))
    kernel = np.hanning(2 * reach + 3)[1:-1]
    kernel /= kernel.sum()
    fine = np.convolve(np.pad(fine, len(kernel) // 2, mode="edge"), kernel, mode="valid")
    return lambda z: np.interp(z, dense, fine)


@dataclass(frozen=True, eq=False)
class Sections:
    """Cross-sections of a lofted solid by height.

    Attributes:
        heights: rows of the table, ascending. half_width, front, back: metres from the axis.
        axis_x, axis_y: where the axis runs. squareness: 2 = ellipse, more = boxier.
    """

    heights: Sequence[float]
    half_width: Sequence[float]
    front: Sequence[float]
    back: Sequence[float]
    axis_y: Sequence[float]
    axis_x: Sequence[float] | None = None
    squareness: float = 2.2


def loft(s: Sections, blend: float = 0.0) -> Part:
    """A solid through superelliptic cross-sections."""
    width, front, back = (curve(s.heights, v) for v in (s.half_width, s.front, s.back))
    axis_y = curve(s.heights, s.axis_y)
    axis_x = curve(s.heights, s.axis_x if s.axis_x is not None else [0.0] * len(s.heights))
    n, low, high = s.squareness, float(s.heights[0]), float(s.heights[-1])

    def field(x: Array, y: Array, z: Array) -> Array:
        dx, dy = x - axis_x(z), y - axis_y(z)
        depth = np.where(dy < 0, front(z), back(z))
        rho = np.sqrt(dx * dx + dy * dy) + 1e-6
        share = (np.abs(dx) / (rho * width(z))) ** n + (np.abs(dy) / (rho * depth)) ** n
        return np.maximum(rho - np.maximum(share, 1e-12) ** (-1.0 / n), np.maximum(low - z, z - high))

    reach = max(max(s.half_width), max(s.front), max(s.back)) + 0.05
    return Part(field, np.array([-reach, -reach, low]), np.array([reach, reach, high]), blend)


@dataclass(frozen=True, eq=False)
class Grid:
    """A field sampled on a lattice: `values[i, j, k]` at `origin + step * (i, j, k)`."""

    values: NDArray[np.float32]
    origin: Array
    step: float

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Open coordinate arrays that broadcast to the lattice."""
        x, y, z = (o + self.step * np.arange(n) for o, n in zip(self.origin, self.values.shape, strict=True))
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def at(self, points: Array) -> Array:
        """(N,) values at (N, 3) points, trilinear; outside the lattice the nearest cell's border."""
        top = np.array(self.values.shape) - 1.001
        place = np.clip((points - self.origin) / self.step, 0, top)
        cell = place.astype(int)
        share = place - cell
        total = np.zeros(len(points))
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(np.array(corner) == 1, share, 1 - share), axis=1)
            i, j, k = (cell + corner).T
            total += weight * self.values[i, j, k]
        return total

    def gradient_at(self, points: Array) -> Array:
        """(N, 3) unit vectors along which the field grows."""
        slopes = [
            self.at(points + self.step * unit) - self.at(points - self.step * unit) for unit in np.eye(3)
        ]
        gradient = np.stack(slopes, axis=1)
        return gradient / np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 1e-9)


def sample(parts: Sequence[Part], lo: ArrayLike, hi: ArrayLike, step: float) -> Grid:
    """The parts joined in order, on a lattice over the box; each part is evaluated only where it matters."""
    origin = np.asarray(lo, float)
    shape = np.ceil((np.asarray(hi, float) - origin) / step).astype(int) + 1
    grid = Grid(np.full(shape, _FAR, dtype=np.float32), origin, step)
    for part in parts:
        _join(grid, part)
    return grid


def _join(grid: Grid, part: Part) -> None:
    margin = 2.5 * part.blend + 3 * grid.step + 0.02
    low = np.floor((part.lo - margin - grid.origin) / grid.step).astype(int)
    high = np.ceil((part.hi + margin - grid.origin) / grid.step).astype(int) + 1
    low, high = np.clip(low, 0, grid.values.shape), np.clip(high, 0, grid.values.shape)
    if np.any(high <= low):
        return
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    x, y, z = grid.axes
    there = grid.values[window]
    new = part.field(x[window[0]], y[:, window[1]], z[:, :, window[2]]).astype(np.float32)
    joined = smooth_min(there, new, part.blend) if part.join == "add" else _cut(there, new, part.blend)
    grid.values[window] = joined


def _cut(there: Array, tool: Array, width: float) -> Array:
    return -smooth_min(-there, tool, width)


def mesh(grid: Grid) -> tuple[Array, NDArray[np.int64]]:
    """(V, 3) vertices in metres and (F, 3) triangles of the zero surface, seen from outside anticlockwise."""
    from skimage.measure import marching_cubes

    vertices, faces, _, _ = marching_cubes(grid.values, 0.0, spacing=(grid.step,) * 3)
    return vertices + grid.origin, np.asarray(faces, np.int64)
