"""Warps, pictures and yardsticks that several tests share."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.warp import map_points
from flixpose.structures.warp import AnyWarp, ControlPoints


def controls(
    count: int, noise: float, *, seed: int = 0, size: tuple[int, int] = (700, 1000), scale: float = 2.0
) -> ControlPoints:
    """Random control points; `noise` is the displacement's standard deviation as a share of the width."""
    rng = np.random.default_rng(seed)
    person_xy = rng.uniform((0, 0), size, (count, 2))
    moved = rng.normal(0, noise * size[0], (count, 2))
    return made(person_xy, scale * (person_xy + moved) + (50, 80))


def grid_controls(
    columns: int, rows: int, noise: float, *, size: tuple[int, int], scale: float = 1.0, seed: int = 0
) -> ControlPoints:
    """Control points on a grid over the whole canvas, displaced smoothly and at random."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    unit = np.column_stack([x.ravel(), y.ravel()])
    wave = 0.5 * np.column_stack([np.sin(5 * unit[:, 1]), np.cos(4 * unit[:, 0])])
    moved = noise * size[0] * (wave + 0.5 * rng.normal(size=unit.shape) * 5 / max(columns, 5))
    return made(unit * size, scale * (unit * size + moved))


def made(person_xy: Any, garment_xy: Any, weights: Any = None) -> ControlPoints:
    person_xy, garment_xy = np.array(person_xy, dtype=float), np.array(garment_xy, dtype=float)
    names = tuple(f"p{row}" for row in range(len(person_xy)))
    weights = np.ones(len(names)) if weights is None else np.array(weights, dtype=float)
    return ControlPoints("torso", names, person_xy, garment_xy, weights)


def zone_plate(side: int, finest: float = 0.5) -> NDArray[np.uint8]:
    """Rings whose frequency grows from 0 in the middle to `finest` cycles a pixel at the edges; RGB."""
    x = np.arange(side) + 0.5 - side / 2
    phase = np.pi * finest / side * 2 * (x[None] ** 2 + x[:, None] ** 2) / 1.0
    grey = np.rint(127.5 + 127.5 * np.cos(phase)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def supersampled(
    source: NDArray[np.uint8], warp: AnyWarp, size: tuple[int, int], times: int = 4
) -> NDArray[np.float32]:
    """The reference: the exact warp at times × times places of every pixel, bicubic, averaged; (h, w, C)."""
    width, height = size
    steps = (np.arange(times) + 0.5) / times
    total = np.zeros((height, width, source.shape[2]), np.float32)
    for b in steps:
        for a in steps:
            x, y = np.meshgrid(np.arange(width) + a, np.arange(height) + b)
            at = map_points(warp, np.column_stack([x.ravel(), y.ravel()])) - 0.5
            at = at.reshape(height, width, 2).astype(np.float32)
            total += cv2.remap(source.astype(np.float32), at, None, cv2.INTER_CUBIC)
    return total / times**2


def psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Of 8-bit pictures, dB."""
    error = float(((a.astype(np.float64) - b.astype(np.float64)) ** 2).mean())
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)
