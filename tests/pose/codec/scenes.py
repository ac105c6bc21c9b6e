"""Ten people at 640 pixels, as the nets would tell of them: for measuring the decoders' speed."""

import numpy as np
from numpy.typing import NDArray

from flixpose.pose.codec import paf

SIDE, PEOPLE = 640, 10

# A standing body in units of its height, OpenPose's 18 keypoints.
_BODY = np.array(
    [
        *[(0.0, 0.06), (0.0, 0.18), (-0.1, 0.18), (-0.14, 0.34), (-0.15, 0.48)],
        *[(0.1, 0.18), (0.14, 0.34), (0.15, 0.48), (-0.06, 0.5), (-0.07, 0.74), (-0.07, 0.96)],
        *[(0.06, 0.5), (0.07, 0.74), (0.07, 0.96), (-0.02, 0.04), (0.02, 0.04), (-0.05, 0.05), (0.05, 0.05)],
    ]
)

Maps = NDArray[np.float32]


def bodies(count: int, *, seed: int = 4) -> NDArray[np.float64]:
    """(PEOPLE, count, 2) pixels: people in two rows, a little moved."""
    rng = np.random.default_rng(seed)
    points = np.resize(_BODY, (count, 2))
    corners = np.array([(70 + 120 * (n % 5), 20 + 310 * (n // 5)) for n in range(PEOPLE)], dtype=float)
    jitter = rng.normal(0, 3, (PEOPLE, count, 2))
    return corners[:, None] + points * rng.uniform(220, 290, (PEOPLE, 1, 1)) + jitter


def heat(points: NDArray[np.float64], side: int, *, sigma: float) -> Maps:
    """(K, side, side): the people's keypoints as Gaussians."""
    ticks = np.arange(side)
    cells = points * (side / SIDE)
    x = np.exp(-0.5 * ((ticks - cells[..., 0, None]) / sigma) ** 2)
    y = np.exp(-0.5 * ((ticks - cells[..., 1, None]) / sigma) ** 2)
    heights = np.random.default_rng(6).uniform(0.5, 0.95, points.shape[:2])
    return np.einsum("pk,pkh,pkw->pkhw", heights, y, x).max(axis=0).astype(np.float32)


def fields(points: NDArray[np.float64], side: int) -> Maps:
    """(38, side, side): unit vectors along the people's limbs."""
    maps = np.zeros((38, side, side), np.float32)
    cells = points * (side / SIDE)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for body in cells:
        for a, b, channel in paf.LIMBS:
            way = body[b] - body[a]
            length = float(np.hypot(*way)) + 1e-6
            unit = way / length
            along = (x - body[a][0]) * unit[0] + (y - body[a][1]) * unit[1]
            across = np.abs((x - body[a][0]) * unit[1] - (y - body[a][1]) * unit[0])
            on = (along >= -1) & (along <= length + 1) & (across <= 2.5)
            maps[channel][on], maps[channel + 1][on] = unit
    return maps


def tags(points: NDArray[np.float64], side: int) -> Maps:
    """(K, side, side, 1): each pixel the number of the nearest person."""
    ticks = np.arange(side) * (SIDE / side)
    centres = points.mean(axis=1)
    nearest = np.argmin(
        (ticks[None, :, None] - centres[:, 1, None, None]) ** 2
        + (ticks[None, None, :] - centres[:, 0, None, None]) ** 2,
        axis=0,
    )
    return np.repeat((2.0 * nearest)[None, ..., None], points.shape[1], axis=0).astype(np.float32)


def objects(points: NDArray[np.float64], *, seed: int = 8) -> Maps:
    """(N, 57) rows of KAPAO's net: every person and keypoint several times over."""
    rng = np.random.default_rng(seed)
    rows = []
    for body in points:
        low, high = body.min(axis=0), body.max(axis=0)
        for _ in range(6):
            box = np.concatenate([(low + high) / 2, high - low]) + rng.normal(0, 3, 4)
            rows.append(_row(box, 0, rng.uniform(0.4, 0.95), (body + rng.normal(0, 5, body.shape)).ravel()))
        for keypoint, place in enumerate(body):
            for _ in range(3):
                box = np.concatenate([place + rng.normal(0, 1.5, 2), [32, 32]])
                rows.append(_row(box, keypoint + 1, rng.uniform(0.3, 0.95), rng.uniform(0, SIDE, 34)))
    return np.array(rows, dtype=np.float32)


def _row(box: NDArray[np.float64], kind: int, score: float, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    classes = np.full(18, 0.01)
    classes[kind] = score
    return np.concatenate([box, [0.98], classes, xy])
