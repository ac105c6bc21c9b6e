"""One heat map a keypoint, of one person: to coordinates (plain, DARK, UDP) and back.

Here coordinates are cells of the map, (0, 0) its first cell's centre; families/ bring them into the photo.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_DARK_FLOOR = 1e-10
_UDP_RANGE = 1e-3, 50.0


def highest(maps: Array) -> tuple[Array, Array]:
    """Where each map is highest, and how high; (0, 0) where it is nowhere above 0.

    Args:
        maps: (..., K, H, W).

    Returns:
        (..., K, 2) cells and (..., K) values.
    """
    width = maps.shape[-1]
    flat = maps.reshape(*maps.shape[:-2], -1)
    best = flat.argmax(axis=-1)
    values = np.take_along_axis(flat, best[..., None], axis=-1)[..., 0]
    cells = np.stack([best % width, best // width], axis=-1).astype(np.float32)
    return np.where(values[..., None] > 0, cells, np.float32(0)), values


def quarter(maps: Array, cells: Array, *, each_axis: bool = False) -> Array:
    """The cells moved a quarter towards the higher neighbour (Newell et al. 2016), map by map.

    Args:
        maps: (K, H, W). cells: (K, 2) from `highest`.
        each_axis: judge x near a border in y too, as mmpose does; HRNet leaves border cells alone.
    """
    x, y, inner_x, inner_y = _inner(maps, cells, outer=1)
    if each_axis:
        inner_x, inner_y = inner_x & (y > 0), inner_y & (x > 0)
    else:
        inner_x = inner_y = inner_x & inner_y
    rows = np.arange(len(maps))
    height, width = maps.shape[1:]
    right, left = np.minimum(x + 1, width - 1), np.maximum(x - 1, 0)
    below, above = np.minimum(y + 1, height - 1), np.maximum(y - 1, 0)
    across = np.sign(maps[rows, y, right] - maps[rows, y, left]) * inner_x
    down = np.sign(maps[rows, below, x] - maps[rows, above, x]) * inner_y
    return cells + np.float32(0.25) * np.stack([across, down], axis=-1).astype(np.float32)


def dark(maps: Array, cells: Array, *, kernel: int = 11) -> Array:
    """One Newton step on the logarithm of the smoothed map (Zhang et al. 2020).

    Second differences span two cells; cells close to a border, or on a flat place, stay where they are.

    Args:
        maps: (K, H, W). cells: (K, 2) from `highest`. kernel: odd width of the Gaussian, in cells.
    """
    x, y, inner_x, inner_y = _inner(maps, cells, outer=2)
    rows = np.flatnonzero(inner_x & inner_y)
    x, y = x[rows], y[rows]
    soft = smoothed(maps, kernel)

    def at(dx: int, dy: int) -> NDArray[np.float64]:
        return np.log(np.maximum(soft[rows, y + dy, x + dx], _DARK_FLOOR)).astype(np.float64)

    slope = 0.5 * np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], axis=-1)
    xx = 0.25 * (at(2, 0) - 2 * at(0, 0) + at(-2, 0))
    yy = 0.25 * (at(0, 2) - 2 * at(0, 0) + at(0, -2))
    xy = 0.25 * (at(1, 1) - at(-1, 1) - at(1, -1) + at(-1, -1))
    determinant = xx * yy - xy * xy
    bent = determinant != 0
    step = np.stack([yy * slope[:, 0] - xy * slope[:, 1], xx * slope[:, 1] - xy * slope[:, 0]], axis=-1)
    refined = cells.copy()
    refined[rows[bent]] -= (step[bent] / determinant[bent, None]).astype(np.float32)
    return refined


def dark_udp(maps: Array, cells: Array, *, kernel: int = 11) -> Array:
    """DARK's step with neighbours one cell away, at the border too (Huang et al. 2020)."""
    soft = smoothed(maps, kernel)
    rows, (x, y) = np.arange(len(maps)), cells.astype(int).T
    height, width = maps.shape[1:]

    def at(dx: int, dy: int) -> NDArray[np.floating]:
        there = soft[rows, np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)]
        return np.asarray(np.log(np.clip(there, *_UDP_RANGE)))

    slope = 0.5 * np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], axis=-1)
    xx = at(1, 0) - 2 * at(0, 0) + at(-1, 0)
    yy = at(0, 1) - 2 * at(0, 0) + at(0, -1)
    xy = 0.5 * (at(1, 1) - at(1, 0) - at(0, 1) + 2 * at(0, 0) - at(-1, 0) - at(0, -1) + at(-1, -1))
    bend = np.stack([xx, xy, xy, yy], axis=-1).reshape(-1, 2, 2) + np.finfo(np.float32).eps * np.eye(2)
    return cells - np.linalg.solve(bend, slope[..., None])[..., 0]


def smoothed(maps: Array, kernel: int) -> Array:
    """Each map under a Gaussian, zero outside, brought back to its old maximum."""
    peaks = maps.max(axis=(1, 2), keepdims=True)
    layers = np.ascontiguousarray(maps.transpose(1, 2, 0), dtype=np.float64)
    soft = cv2.GaussianBlur(layers, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT)
    soft = np.atleast_3d(soft).transpose(2, 0, 1)
    return np.asarray(soft * (peaks / _not_zero(soft.max(axis=(1, 2), keepdims=True))), dtype=maps.dtype)


def _not_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values == 0, 1.0, values)


def encode(cells: Array, visible: NDArray[np.bool_], size: tuple[int, int], *, sigma: float) -> Array:
    """(K, H, W) Gaussians around (K, 2) cells of a (width, height) map, cut off at three sigmas.

    The points lie where they lie, not on the nearest cell: DARK has no bias to undo.
    """
    width, height = size
    dx = np.arange(width) - cells[:, 0, None]
    dy = np.arange(height) - cells[:, 1, None]
    scale = -0.5 / sigma**2
    maps = np.exp(scale * dy[:, :, None] ** 2) * np.exp(scale * dx[:, None, :] ** 2)
    reach = 3 * sigma
    near = (np.abs(dy) <= reach)[:, :, None] & (np.abs(dx) <= reach)[:, None, :]
    return np.asarray(maps * near * visible[:, None, None], dtype=np.float32)


def _inner(
    maps: Array, cells: Array, *, outer: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Whole cells x and y, and which lie in the map's inside along x and along y.

    The originals leave two cells alone at the near end, and `outer` at the far one.
    """
    height, width = maps.shape[1:]
    x, y = np.floor(cells + 0.5).astype(np.int64).T
    return x, y, (x > 1) & (x < width - outer), (y > 1) & (y < height - outer)


def to_photo(
    cells: Array,
    size: tuple[int, int],
    centre: tuple[float, float],
    width: float,
    *,
    ends_meet: bool = False,
) -> NDArray[np.float64]:
    """Cells of a (width, height) map over a crop → pixel indices of the photo, as the originals do.

    Args:
        cells: (..., 2). centre: of the crop. width: of the crop; the map's cells are square.
        ends_meet: the outermost cells' centres, not their edges, lie on the crop's ends (DarkPose).
    """
    counts = np.array(size, dtype=np.float64) - ends_meet
    step = (width - ends_meet) / counts[0]
    return np.asarray((cells - counts / 2) * step + centre)
