"""A canvas for drawn product photos: parts of cloth laid over one another, each shaded as a bulging surface.

The canvas is drawn larger than the photo and reduced at the end. Colours are sRGB floats in 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.curves import Points, dashes

Pixels = NDArray[np.float32]
Colour = tuple[float, float, float]

_SHIFT = 4
_LIGHT = np.array([-0.42, -0.55, 0.72]) / np.linalg.norm([-0.42, -0.55, 0.72])


@dataclass(frozen=True, eq=False)
class Placement:
    """Where garment units lie on the canvas; a slow waviness keeps outlines from being ruled lines.

    Attributes:
        scale: canvas pixels per unit. origin: (2,) canvas pixels of the unit (0, 0). phase: (4,) radians.
    """

    scale: float
    origin: NDArray[np.float64]
    phase: NDArray[np.float64]

    def pixels(self, points: Points) -> Points:
        """(N, 2) canvas pixels of (N, 2) units."""
        p = np.asarray(points, float)
        wave = np.stack(self._wave(p[:, 0], p[:, 1]), axis=1)
        return (p + wave) * self.scale + self.origin

    def units(self, width: int, height: int) -> tuple[Pixels, Pixels]:
        """(x, y) in units of every pixel's centre."""
        x = (np.arange(width) + 0.5 - self.origin[0])[None, :] / self.scale
        y = (np.arange(height) + 0.5 - self.origin[1])[:, None] / self.scale
        wave_x, wave_y = self._wave(x, y)
        return (x - wave_x).astype(np.float32), (y - wave_y).astype(np.float32)

    def _wave(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        a, b, c, d = self.phase
        return (
            0.17 * (np.sin(y * 0.13 + a) + 0.6 * np.sin(y * 0.31 + x * 0.05 + b)),
            0.17 * (np.sin(x * 0.11 + c) + 0.5 * np.sin(x * 0.27 + y * 0.04 + d)),
        )


class Canvas:
    """Where a photo is drawn.

    Attributes:
        rgb: (H, W, 3) float32. mask: (H, W) float32, the garment's coverage in 0..1.
        place: garment units ↔ canvas pixels. scale: canvas pixels per unit.
        x, y: (H, W) every pixel in garment units. columns, rows: (H, W) every pixel's indices.
    """

    def __init__(self, width: int, height: int, placement: Placement, background: Pixels) -> None:
        self.width, self.height = width, height
        self.place, self.scale = placement.pixels, placement.scale
        self.rgb = background
        self.mask: Pixels = np.zeros((height, width), np.float32)
        columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self.columns, self.rows = columns, rows
        self.x, self.y = placement.units(width, height)

    def region(self, outline: Points) -> Pixels:
        """(H, W) 0..1: inside a closed outline in garment units."""
        drawn = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(drawn, [self._fixed(outline)], 255, cv2.LINE_AA, _SHIFT)
        return drawn.astype(np.float32) / 255.0

    def strokes(self, lines: Sequence[Points], width: float) -> Pixels:
        """(H, W) 0..1: lines `width` units thick."""
        drawn = np.zeros((self.height, self.width), np.uint8)
        thick = max(1, round(width * self.scale))
        cv2.polylines(drawn, [self._fixed(p) for p in lines], False, 255, thick, cv2.LINE_AA, _SHIFT)
        return drawn.astype(np.float32) / 255.0

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return np.round((self.place(points) - 0.5) * (1 << _SHIFT)).astype(np.int32)

    def blur(self, picture: Pixels, reach: float) -> Pixels:
        """Gaussian blur with a standard deviation of `reach` units (on a smaller copy where it is wide)."""
        sigma = reach * self.scale
        if sigma < 6:
            return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3))
        shrink = 4
        small = cv2.resize(picture, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
        return cv2.resize(small, (self.width, self.height), interpolation=cv2.INTER_LINEAR)

    def lay(self, region: Pixels, colour: Pixels, *, shadow: float = 0.35, garment: bool = True) -> None:
        """Put a part on top; it throws a soft contact shadow on what it covers."""
        if shadow > 0:
            dark = self.blur(region, 0.9) * 0.6 + self.blur(region, 0.35) * 0.4
            below = self.mask if garment else np.ones_like(self.mask)
            self.rgb *= (1.0 - shadow * dark * (1 - region) * below)[..., None]
        self.rgb += (colour - self.rgb) * region[..., None]
        if garment:
            self.mask = np.maximum(self.mask, region)

    def cast_shadow(self, region: Pixels) -> None:
        """The shadow that a garment throws on the paper behind it."""
        moved = np.roll(region, (int(1.6 * self.scale), int(0.9 * self.scale)), axis=(0, 1))
        self.darken(0.05 * self.blur(moved, 2.2) + 0.03 * self.blur(region, 0.5))

    def darken(self, amount: Pixels) -> None:
        """Multiply by 1 - amount."""
        self.rgb *= (1.0 - amount)[..., None]

    def paint(self, amount: Pixels, colour: Colour) -> None:
        """Mix in a colour."""
        self.rgb += (np.asarray(colour, np.float32) - self.rgb) * amount[..., None]

    def seam(self, points: Points, *, depth: float = 0.35, within: Pixels | None = None) -> None:
        """A sewn line: a fine groove with a light lip."""
        inside = 1.0 if within is None else within
        groove = self.blur(self.strokes([points], 0.16), 0.10)
        lip = self.blur(self.strokes([points + 0.22], 0.16), 0.12)
        self.darken(depth * groove * inside)
        self.paint(0.10 * depth / 0.35 * lip * inside, (1.0, 1.0, 1.0))

    def stitches(self, points: Points, *, depth: float = 0.28, within: Pixels | None = None) -> None:
        """A line of stitches."""
        inside = 1.0 if within is None else within
        self.darken(depth * self.strokes(dashes(points, 0.45, 0.28), 0.11) * inside)

    def finish(self, factor: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """(h, w, 3) sRGB picture and (h, w) mask, `factor` times smaller."""
        size = (self.width // factor, self.height // factor)
        rgb = cv2.resize(np.clip(self.rgb, 0, 1), size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA)
        return np.round(rgb * 255).astype(np.uint8), np.round(mask * 255).astype(np.uint8)


def bulge(canvas: Canvas, region: Pixels, reach: float) -> Pixels:
    """Height in units of a small part that curves away at its outline over about `reach` units."""
    inside = canvas.blur(region, reach * 0.5)
    return (reach * 0.8 * np.sqrt(np.clip(inside, 0, 1))).astype(np.float32)


def barrel(along: Pixels, across: Pixels, edges: tuple[Points, Points], depth: float = 0.55) -> Pixels:
    """Height in units of a tube seen from the side: round across, straight along.

    Args:
        along, across: (H, W) units along the tube and across it.
        edges: its two sides as (N, 2) points (along, across); before and beyond them it goes on straight.
        depth: height of the ridge relative to half the tube's width.
    """
    sides = []
    for edge in edges:
        order = np.argsort(edge[:, 0])
        at = np.linspace(edge[:, 0].min(), edge[:, 0].max(), 120)
        values = np.interp(at, edge[order, 0], edge[order, 1])
        kernel = np.hanning(11)[1:-1] / np.hanning(11)[1:-1].sum()
        values = np.convolve(np.pad(values, 4, mode="edge"), kernel, mode="valid")
        sides.append(np.interp(along, at, values))
    half = np.maximum(np.abs(sides[0] - sides[1]) / 2, 0.5)
    u = np.clip(np.abs(across - (sides[0] + sides[1]) / 2) / (half * 1.03), 0, 0.995)
    return (half * depth * np.sqrt(1 - u**2.6)).astype(np.float32)


def wrinkles(canvas: Canvas, rng: np.random.Generator, angle: float, across: float, along: float) -> Pixels:
    """Noise in -1..1 that runs at `angle` degrees from vertical, `across` and `along` units in size."""
    turn, shrink = np.deg2rad(angle), 4
    columns, rows = canvas.columns[::shrink, ::shrink], canvas.rows[::shrink, ::shrink]
    u = (columns * np.cos(turn) + rows * np.sin(turn)) / (across * canvas.scale)
    v = (-columns * np.sin(turn) + rows * np.cos(turn)) / (along * canvas.scale)
    u, v = (u - u.min() + 2).astype(np.float32), (v - v.min() + 2).astype(np.float32)
    table = rng.uniform(-1, 1, (int(v.max()) + 4, int(u.max()) + 4)).astype(np.float32)
    small = cv2.remap(table, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    small = cv2.GaussianBlur(small, (0, 0), max(1.5, 0.07 * across * canvas.scale / shrink))
    return cv2.resize(small, (canvas.width, canvas.height), interpolation=cv2.INTER_CUBIC)


def shade(canvas: Canvas, height: Pixels, *, relief: float = 1.0, gloss: float = 0.0) -> Pixels:
    """(H, W) brightness around 1 of a surface `height` units high, lit from the upper left."""
    height = height.astype(np.float32)
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8 * canvas.scale * relief
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8 * canvas.scale * relief
    size = np.sqrt(slope_x**2 + slope_y**2 + 1)
    facing = (-slope_x * _LIGHT[0] - slope_y * _LIGHT[1] + _LIGHT[2]) / size
    value = 0.52 + 0.62 * np.clip(facing, 0, 1) - 0.10 * (1 - 1 / size)
    if gloss > 0:
        value = value + gloss * np.clip(facing, 0, 1) ** 18
    return value.astype(np.float32)
