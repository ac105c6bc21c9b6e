"""Cloth: colours, and tiles of stripes, checks, knits, flowers, spots, lace, as seen in shops.

A tile repeats in both directions; one of its pixels covers about one pixel of the photo.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Tile = NDArray[np.float32]
Rng = np.random.Generator

_SIDE = 96


@dataclass(eq=False)
class Paint:
    """What a part is made of.

    Attributes:
        colour: (3,) sRGB. tile: (S, S, 3) pattern, repeated; None = plain. zoom: tile pixels per photo pixel.
        gloss: shine. depth, crease: how strongly edges and folds show. alpha: < 1 = sheer.
    """

    colour: Pixels
    tile: Tile | None = None
    zoom: float = 1.0
    gloss: float = 0.0
    depth: float = 1.0
    crease: float = 1.0
    alpha: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)

    def mean(self) -> float:
        return float(self.colour.mean())

    def sample(self, window: tuple[slice, slice], axis: float, grain: float = 1.0) -> Pixels:
        """(3, h, w) or (3, 1, 1): the cloth in the window, its grain `axis` degrees from vertical.

        `grain` tells how much smaller the pattern is than at the size that tiles are made for.
        """
        if self.tile is None:
            return self.colour[:, None, None]
        y0, x0 = window[0].start, window[1].start
        h, w = window[0].stop - y0, window[1].stop - x0
        turn = np.deg2rad(axis)
        zoom = self.zoom * grain
        c, s = zoom * np.cos(turn), zoom * np.sin(turn)
        side = self.tile.shape[0]
        shift = (x0 * c + y0 * s + self.offset[0]) % side, (-x0 * s + y0 * c + self.offset[1]) % side
        matrix = np.array([[c, s, shift[0]], [-s, c, shift[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return planes(cv2.warpAffine(self.tile, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_WRAP))


def planes(picture: NDArray[Any]) -> Pixels:
    """(H, W, C) → (C, H, W) float32."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)


def colour(rng: Rng) -> Pixels:
    """A garment's colour: blacks, whites, greys, navy and the rest in shops' shares."""
    pick = rng.random()
    if pick < 0.17:
        base = np.full(3, rng.uniform(0.02, 0.14)) + rng.normal(0, 0.012, 3)
    elif pick < 0.35:
        base = np.full(3, rng.uniform(0.86, 0.99)) + rng.normal(0, 0.012, 3)
    elif pick < 0.47:
        base = np.full(3, rng.uniform(0.2, 0.8)) + rng.normal(0, 0.015, 3)
    elif pick < 0.57:
        base = np.array([0.08, 0.11, 0.22]) * rng.uniform(0.6, 1.6) + rng.normal(0, 0.02, 3)
    else:
        base = _hue(rng.random(), rng.uniform(0.1, 0.95), rng.uniform(0.3, 1.0))
    return np.clip(base, 0.01, 0.995).astype(np.float32)


def _hue(hue: float, saturation: float, value: float) -> NDArray[np.float64]:
    spread = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return np.asarray(value * (1 - saturation + saturation * spread))


def near(base: Pixels, rng: Rng, spread: float = 0.03) -> Pixels:
    """A colour hardly different from `base`."""
    return np.clip(base + rng.normal(0, spread) + rng.normal(0, spread * 0.3, 3), 0.01, 0.995).astype(
        np.float32
    )


def ink(base: Pixels, rng: Rng) -> Pixels:
    """A second colour that shows on the first."""
    other = colour(rng)
    if np.abs(other - base).max() < 0.18:
        other = 1 - other if abs(float(base.mean()) - 0.5) > 0.12 else np.full(3, rng.choice([0.08, 0.95]))
    return other.astype(np.float32)


def main_paint(rng: Rng, base: Pixels) -> Paint:
    """A garment's cloth."""
    kind = str(rng.choice(_NAMES, p=_SHARES))
    tile = None if kind == "plain" else _TILES[kind](rng, base)
    dark = float(base.mean()) < 0.2
    return Paint(
        base,
        tile,
        zoom=rng.uniform(0.7, 1.4),
        gloss=float(rng.choice([0.0, 0.15, 0.6, 1.2], p=[0.5, 0.25, 0.15, 0.1])) + (0.25 if dark else 0.0),
        depth=rng.uniform(0.1, 0.9),
        crease=float(rng.choice([0.35, 0.8, 1.4, 2.4], p=[0.25, 0.4, 0.25, 0.1])) * (1.6 if dark else 1.0),
        offset=(rng.uniform(0, _SIDE), rng.uniform(0, _SIDE)),
    )


def _filled(base: Pixels) -> Tile:
    return np.ones((_SIDE, _SIDE, 1), np.float32) * np.asarray(base, np.float32)


def _mix(tile: Tile, amount: Any, other: Pixels) -> Tile:
    return (tile + (other - tile) * np.asarray(amount, np.float32)[..., None]).astype(np.float32)


def _stripes(rng: Rng, base: Pixels) -> Tile:
    count = int(rng.choice([3, 4, 5, 6, 8, 10, 12, 16]))
    phase = np.arange(_SIDE) / _SIDE * count % 1.0
    share = rng.uniform(0.15, 0.6)
    tile = _mix(_filled(base), np.broadcast_to((phase < share)[:, None], (_SIDE, _SIDE)), ink(base, rng))
    if rng.random() < 0.25:
        second = (np.arange(_SIDE) / _SIDE * count / 2 % 1.0) < share / 2
        tile = _mix(tile, np.broadcast_to(second[:, None], (_SIDE, _SIDE)), ink(base, rng))
    return tile if rng.random() < 0.75 else tile.transpose(1, 0, 2).copy()


def _checks(rng: Rng, base: Pixels) -> Tile:
    count = int(rng.choice([2, 3, 4, 6, 8, 12]))
    tile, other = _filled(base), ink(base, rng)
    band = (np.arange(_SIDE) / _SIDE * count % 1.0) < rng.uniform(0.25, 0.55)
    amount = 0.5 * band[:, None] + 0.5 * band[None, :]
    tile = _mix(tile, amount * rng.uniform(0.5, 1.0), other)
    if rng.random() < 0.5:
        thin = ((np.arange(_SIDE) / _SIDE * count + 0.7) % 1.0) < 0.08
        tile = _mix(tile, np.maximum(thin[:, None], thin[None, :]) * 0.7, ink(base, rng))
    return tile


def _dots(rng: Rng, base: Pixels) -> Tile:
    count = int(rng.choice([2, 3, 4, 6, 8]))
    pitch = _SIDE / count
    radius = pitch * rng.uniform(0.12, 0.36)
    y, x = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)
    row = np.floor(y / pitch)
    x = x + (row % 2) * pitch / 2 * (count % 2 == 0)
    gap = np.hypot(x % pitch - pitch / 2, y % pitch - pitch / 2)
    return _mix(_filled(base), np.clip(radius - gap + 0.5, 0, 1), ink(base, rng))


def _motifs(rng: Rng, base: Pixels) -> Tile:
    """Scattered blobs, leaves, petals or stars in a few inks."""
    tile = (_filled(base) * 255).astype(np.uint8)
    inks = [ink(base, rng) * 255 for _ in range(int(rng.integers(1, 5)))]
    size = rng.uniform(3, 15)
    shape = int(rng.integers(4))
    for _ in range(int(min(90, rng.uniform(0.15, 0.7) * _SIDE**2 / size**2))):
        at, turn = rng.uniform(0, _SIDE, 2), rng.uniform(0, 360)
        own = inks[int(rng.integers(len(inks)))]
        for dx in (-_SIDE, 0, _SIDE):
            for dy in (-_SIDE, 0, _SIDE):
                where = at + np.array([dx, dy])
                if (np.abs(where - _SIDE / 2) < _SIDE / 2 + size).all():
                    _motif(tile, where, size, turn, own, shape)
    return tile.astype(np.float32) / 255.0


def _motif(
    tile: NDArray[np.uint8], at: NDArray[np.float64], size: float, turn: float, own: Any, shape: int
) -> None:
    ink_, centre = tuple(float(c) for c in own), tuple(int(v) for v in at)
    if shape == 0:
        cv2.ellipse(
            tile, centre, (max(1, int(size * 0.5)), max(1, int(size * 0.2))), turn, 0, 360, ink_, -1, 16
        )
    elif shape == 1:
        for k in range(5):
            a = np.deg2rad(turn + 72 * k)
            petal = (int(at[0] + 0.3 * size * np.cos(a)), int(at[1] + 0.3 * size * np.sin(a)))
            cv2.circle(tile, petal, max(1, int(size * 0.2)), ink_, -1, 16)
    elif shape == 2:
        angles = np.deg2rad(turn + np.arange(10) * 36)
        radius = size * np.where(np.arange(10) % 2, 0.22, 0.5)
        star = np.stack([at[0] + radius * np.cos(angles), at[1] + radius * np.sin(angles)], axis=1)
        cv2.fillPoly(tile, [np.round(star).astype(np.int32)], ink_, 16)
    else:
        cv2.ellipse(
            tile,
            centre,
            (max(1, int(size * 0.4)), max(1, int(size * 0.33))),
            turn,
            30,
            330,
            ink_,
            max(1, int(size * 0.2)),
            16,
        )


def _noise(rng: Rng, across: float, along: float) -> Pixels:
    noise = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32)
    noise = cv2.GaussianBlur(np.tile(noise, (2, 2)), (0, 0), sigmaX=across, sigmaY=along)
    noise = noise[_SIDE // 2 : _SIDE // 2 + _SIDE, _SIDE // 2 : _SIDE // 2 + _SIDE]
    return noise / noise.std()


def _heather(rng: Rng, base: Pixels) -> Tile:
    mottle = _noise(rng, rng.uniform(0.5, 3), rng.uniform(0.4, 0.9))
    return np.clip(_filled(base) * (1 + rng.uniform(0.04, 0.16) * mottle[..., None]), 0, 1)


def _blotches(rng: Rng, base: Pixels) -> Tile:
    """Camouflage, tie-dye, marble, leopard."""
    tile, scale = _filled(base), rng.uniform(2.0, 9)
    for _ in range(int(rng.integers(1, 4))):
        field = _noise(rng, scale, scale)
        amount = np.clip((field - rng.uniform(0, 0.9)) * rng.choice([1.0, 8.0]), 0, 1)
        if rng.random() < 0.3:
            amount = amount * np.clip((1.4 - field) * 6, 0, 1)
        tile = _mix(tile, amount, ink(base, rng))
    return tile


def _knit(rng: Rng, base: Pixels) -> Tile:
    """Ribs or cables."""
    x = np.arange(_SIDE)
    count = int(rng.choice([8, 12, 16, 24, 32]))
    wave = np.sin(2 * np.pi * x / _SIDE * count)[None, :]
    if rng.random() < 0.4:
        wave = wave * (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * x / _SIDE * max(2, count // 2))))[:, None]
    light = 1 + rng.uniform(0.03, 0.11) * wave
    return np.clip(_filled(base) * np.broadcast_to(light, (_SIDE, _SIDE))[..., None], 0, 1).astype(np.float32)


def _denim(rng: Rng, base: Pixels) -> Tile:
    blue = np.array([0.25, 0.35, 0.5]) * rng.uniform(0.35, 1.6) + rng.normal(0, 0.03, 3)
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    twill = 1 + 0.05 * np.sin((x + y) * 2 * np.pi * 24 / _SIDE)
    tile = np.clip(blue, 0.03, 0.9) * (twill * (1 + 0.06 * _noise(rng, 0.7, 1.6)))[..., None]
    return np.clip(tile, 0, 1).astype(np.float32)


def lace_tile(rng: Rng, base: Pixels, below: Pixels) -> Tile:
    """Cloth with holes through which `below` shows."""
    field = np.abs(_noise(rng, rng.uniform(1.2, 3.0), rng.uniform(1.2, 3.0)))
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    net = 0.25 + 0.2 * (((x + y) % 4 == 0) | ((x - y) % 4 == 0))
    amount = np.clip(np.maximum(net, (field > rng.uniform(0.5, 0.9)) * 0.95), 0, 1)
    return _mix(_filled(below), amount, base)


def _letters(rng: Rng, base: Pixels) -> Tile:
    tile = (_filled(base) * 255).astype(np.uint8)
    shade = tuple(float(c) * 255 for c in ink(base, rng))
    rows = int(rng.integers(3, 7))
    for row in range(rows):
        word = "".join(rng.choice(list("ABCEGHKLMNORSTUW"), 7))
        place = (int(rng.integers(-10, 4)), int((row + 0.75) * _SIDE / rows))
        cv2.putText(tile, word, place, int(rng.integers(0, 5)), 1.6 / rows, shade, 1, 16)
    return tile.astype(np.float32) / 255.0


_TILES: dict[str, Callable[[Rng, Pixels], Tile]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "motifs": _motifs,
    "heather": _heather,
    "blotches": _blotches,
    "knit": _knit,
    "denim": _denim,
    "letters": _letters,
}
_NAMES = ["plain", *_TILES]
_SHARES = [0.42, 0.10, 0.06, 0.05, 0.13, 0.08, 0.06, 0.07, 0.02, 0.01]
