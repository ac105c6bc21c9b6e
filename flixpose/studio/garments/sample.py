"""One drawn product photo with its truth, by seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.kinds import KINDS
from flixpose.studio.garments import bottoms, camera, cloth, dummy, uppers
from flixpose.studio.garments.backdrop import backdrop
from flixpose.studio.garments.cloth import Paint, Pixels
from flixpose.studio.garments.plan import Plan, swap_sides
from flixpose.studio.garments.sheet import Sheet

Rng = np.random.Generator

DISPLAYS = ("ghost", "flat", "mannequin", "hanger")

_SHARES = dict.fromkeys(KINDS, 0.68 / 11) | {"short_sleeve_top": 0.18, "long_sleeve_top": 0.14}


@dataclass(frozen=True, eq=False)
class Sample:
    """A drawn photo.

    Attributes:
        image: (H, W, 3) uint8 sRGB. mask: (H, W) uint8, the garment alone.
        kind: one of the 13. view: "front" or "back". display: "ghost", "flat", "mannequin" or "hanger".
        landmarks: name → (x, y, visibility), pixels, house's frame; 2 = seen, 1 = hidden; landmarks
            that the garment lacks are not there.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    kind: str
    view: str
    display: str
    landmarks: dict[str, tuple[float, float, int]]


def draw_sample(seed: int, size: tuple[int, int] = (192, 256)) -> Sample:
    """The photo of a seed, `size` = (width, height). The same seed and size give the same bytes."""
    rng = np.random.default_rng(seed)
    width, height = size
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    view = "back" if rng.random() < 0.2 else "front"
    display = str(rng.choice(DISPLAYS, p=[0.52, 0.2, 0.2, 0.08]))
    plan = _plan(rng, kind, view, display)
    paper, ground = backdrop(rng, width, height)
    place = camera.frame(rng, plan, width, height)
    sheet = Sheet(paper, place, _paints(rng, ground), rng)
    sheet.creases = float(rng.choice([0.3, 0.8, 1.4]))
    sheet.side = float(rng.uniform(-1.0, 1.0))
    sheet.draw(plan)
    camera.throw_shadow(rng, sheet)
    image = camera.develop(rng, sheet.rgb)
    mask = np.clip(sheet.cover * 255 + 0.5, 0, 255).astype(np.uint8)
    return Sample(image, mask, kind, view, display, _landmarks(plan, sheet, width, height))


def _plan(rng: Rng, kind: str, view: str, display: str) -> Plan:
    if kind in ("trousers", "shorts"):
        return bottoms.legs_plan(rng, kind, view, display)
    if kind == "skirt":
        return bottoms.skirt_plan(rng, kind, view, display)
    plan = uppers.upper_plan(rng, kind, view, display)
    if display == "hanger":
        dummy.hanger(plan, rng, 17.5, 5.0)
    return plan


def _paints(rng: Rng, ground: Pixels) -> dict[str, Paint]:
    base = cloth.near(ground, rng, 0.035) if rng.random() < 0.2 else cloth.colour(rng)
    main = cloth.main_paint(rng, base)
    inside = Paint(
        base * np.float32(rng.uniform(0.75, 1.0)),
        main.tile if rng.random() < 0.5 else None,
        main.zoom,
        offset=(11.0, 7.0),
    )
    if rng.random() < 0.12:
        inside = Paint(cloth.ink(base, rng))
    trim = cloth.main_paint(rng, cloth.ink(base, rng) if rng.random() < 0.7 else cloth.near(base, rng, 0.1))
    skin = Paint(_skin(rng), gloss=float(rng.choice([0.0, 0.8, 2.0])), depth=1.2, crease=0.0)
    sheer = _sheer(rng, base, ground)
    return {
        "main": main,
        "inside": inside,
        "trim": trim,
        "sheer": sheer,
        "skin": skin,
        "other": cloth.main_paint(rng, cloth.colour(rng)),
        "label": Paint(cloth.colour(rng) if rng.random() < 0.5 else np.full(3, 0.92, np.float32)),
        "button": Paint(cloth.colour(rng), gloss=1.0),
        "zip": Paint(np.full(3, rng.uniform(0.1, 0.85), np.float32), gloss=1.0),
        "cord": Paint(cloth.ink(base, rng) if rng.random() < 0.5 else cloth.near(base, rng, 0.05)),
        "wood": Paint(
            (np.array([0.55, 0.4, 0.25]) * rng.uniform(0.3, 1.6)).clip(0, 1).astype(np.float32), gloss=0.5
        ),
        "hair": Paint(
            (np.array([0.3, 0.2, 0.12]) * rng.uniform(0.2, 2.2)).clip(0, 1).astype(np.float32), gloss=0.5
        ),
    }


def _skin(rng: Rng) -> Pixels:
    pick = rng.random()
    if pick < 0.4:
        tone = np.full(3, rng.uniform(0.82, 0.98)) + rng.normal(0, 0.01, 3)
    elif pick < 0.55:
        tone = np.full(3, rng.uniform(0.03, 0.2))
    elif pick < 0.65:
        tone = np.full(3, rng.uniform(0.3, 0.75))
    else:
        tone = np.array([0.9, 0.72, 0.58]) * rng.uniform(0.35, 1.08) + rng.normal(0, 0.02, 3)
    return np.clip(tone, 0.02, 0.99).astype(np.float32)


def _sheer(rng: Rng, base: Pixels, ground: Pixels) -> Paint:
    if rng.random() < 0.6:
        below = ground * np.float32(0.6) + base * np.float32(0.4)
        return Paint(base, cloth.lace_tile(rng, base, below), depth=0.6, crease=0.4)
    return Paint(base, alpha=rng.uniform(0.45, 0.8), depth=0.7)


def _landmarks(plan: Plan, sheet: Sheet, width: int, height: int) -> dict[str, tuple[float, float, int]]:
    known = set(KINDS[plan.kind].names)
    names = [n for n in plan.marks if n in known]
    places = sheet.place.pixels(np.array([plan.marks[n] for n in names]))
    found = {}
    for name, (x, y) in zip(names, places, strict=True):
        inside = -1.0 <= x <= width + 1.0 and -1.0 <= y <= height + 1.0
        seen = 2 if name not in plan.hidden and inside else 1
        found[swap_sides(name) if plan.view == "back" else name] = (float(x), float(y), seen)
    return found
