"""The paints of one scene: the garment's cloth and what else is in the picture."""

from collections.abc import Callable

import numpy as np

from flixpose.studio.garments import cloth
from flixpose.studio.garments.cloth import Paint, Pixels

Rng = np.random.Generator


class Wardrobe(dict[str, Paint]):
    """The scene's paints by name, each made when it is first asked for."""

    def __init__(self, rng: Rng, ground: Pixels) -> None:
        super().__init__()
        self._rng, self._ground = rng, ground
        base = cloth.near(ground, rng, 0.035) if rng.random() < 0.2 else cloth.colour(rng)
        self["main"] = cloth.main_paint(rng, base)

    def __missing__(self, name: str) -> Paint:
        paint = _MAKERS[name](self._rng, self["main"], self._ground)
        self[name] = paint
        return paint


def _inside(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    if rng.random() < 0.12:
        return Paint(cloth.ink(main.colour, rng))
    tile = main.tile if rng.random() < 0.5 else None
    return Paint(main.colour * np.float32(rng.uniform(0.8, 1.05)), tile, main.zoom, offset=(11.0, 7.0))


def _trim(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    base = main.colour
    return cloth.main_paint(rng, cloth.ink(base, rng) if rng.random() < 0.7 else cloth.near(base, rng, 0.1))


def _cord(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    return Paint(cloth.ink(main.colour, rng) if rng.random() < 0.5 else cloth.near(main.colour, rng, 0.05))


def _label(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    return Paint(cloth.colour(rng) if rng.random() < 0.5 else np.full(3, 0.92, np.float32))


def _plastic(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    return Paint(cloth.colour(rng), gloss=1.0)


def _metal(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    return Paint(np.full(3, rng.uniform(0.1, 0.85), np.float32), gloss=1.0)


def _brown(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    tone = np.array([0.5, 0.36, 0.22]) * rng.uniform(0.2, 1.8) + rng.normal(0, 0.02, 3)
    return Paint(np.clip(tone, 0.01, 1).astype(np.float32), gloss=0.5)


def _doll(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    tone = cloth.near(main.colour, rng, 0.06) if rng.random() < 0.1 else _skin(rng)
    return Paint(tone, gloss=float(rng.choice([0.0, 0.4, 1.0, 2.0])), crease=0.0)


def _other(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    return cloth.main_paint(rng, cloth.colour(rng))


def _skin(rng: Rng) -> Pixels:
    pick = rng.random()
    if pick < 0.34:
        tone = np.full(3, rng.uniform(0.82, 1.0)) + rng.normal(0, 0.01, 3)
    elif pick < 0.52:
        tone = np.full(3, rng.uniform(0.03, 0.28))
    elif pick < 0.64:
        tone = np.full(3, rng.uniform(0.28, 0.85)) + rng.normal(0, 0.012, 3)
    else:
        tone = np.array([0.9, 0.72, 0.58]) * rng.uniform(0.35, 1.1) + rng.normal(0, 0.025, 3)
    return np.clip(tone, 0.02, 0.99).astype(np.float32)


def _sheer(rng: Rng, main: Paint, ground: Pixels) -> Paint:
    base = main.colour
    if rng.random() < 0.6:
        below = ground * np.float32(0.6) + base * np.float32(0.4)
        return Paint(base, cloth.lace_tile(rng, base, below), depth=0.6, crease=0.4)
    return Paint(base, alpha=rng.uniform(0.45, 0.8), depth=0.7)


_MAKERS: dict[str, Callable[[Rng, Paint, Pixels], Paint]] = {
    "inside": _inside,
    "trim": _trim,
    "sheer": _sheer,
    "skin": _doll,
    "other": _other,
    "label": _label,
    "button": _plastic,
    "zip": _metal,
    "cord": _cord,
    "wood": _brown,
    "hair": _brown,
}
