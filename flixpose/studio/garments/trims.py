"""Pockets, plackets, buttons, zips, belts, bows, ruffles, seams and prints."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.studio.curves import Points, bow, joined, line, smooth
from flixpose.studio.garments.cut import Cut, hem_curve
from flixpose.studio.garments.plan import Line, Part, Plan, Print, box, flipped, moved, pts, ring

Rng = np.random.Generator

_WORDS = (
    "NORD",
    "RIVER",
    "1987",
    "STUDIO",
    "SUNDAY",
    "WAVES",
    "ATLAS",
    "PEAK",
    "CLUB",
    "OCEAN",
    "95",
    "LUNA",
    "BOLD",
)


def buttons(
    plan: Plan, rng: Rng, top: float, low: float, x: float = 0.0, *, count: int | None = None
) -> None:
    """A row of buttons down the front."""
    number = count or int(rng.integers(3, 9))
    size = rng.uniform(0.45, 0.95)
    for y in np.linspace(top, low, number):
        plan.add(Part(ring((x, y), size, count=12), paint="button", shadow=0.4, folds=0, bulge=0.6))


def placket(plan: Plan, rng: Rng, top: float, low: float, half: float, *, within: str = "trunk") -> None:
    """A button band."""
    plan.add(
        Part(
            box(-half, top, half, low),
            paint="main",
            shadow=0.18,
            folds=0.3,
            bulge=0.3,
            within=within,
            tone=1.01,
        )
    )
    for x in (-half + 0.3, half - 0.3):
        plan.add(Line(line((x, top), (x, low), 3), 0.15, -0.12, within=within))


def zip_line(plan: Plan, rng: Rng, top: float, low: float, x: float = 0.0) -> None:
    """A zip with its slider."""
    plan.add(Line(line((x, top), (x, low), 3), rng.uniform(0.5, 1.4), paint="zip", within="trunk"))
    plan.add(Line(line((x, top), (x, low), 3), 0.3, -0.4, dash=(0.4, 0.3), within="trunk"))
    plan.add(Part(box(x - 0.5, top, x + 0.5, top + 2.4), paint="button", shadow=0.3, folds=0, bulge=0.3))


def chest_pocket(plan: Plan, rng: Rng, cut: Cut) -> None:
    """One patch pocket on the wearer's left chest, or one on each side."""
    x, y = rng.uniform(5, 7), rng.uniform(14, 19)
    wide, tall = rng.uniform(6, 9), rng.uniform(7, 10)
    shape = pts(
        (x, y), (x + wide, y), (x + wide, y + tall * 0.85), (x + wide / 2, y + tall), (x, y + tall * 0.85)
    )
    turns = [lambda p: p] if rng.random() < 0.65 else [lambda p: p, flipped]
    flap = rng.random() < 0.35
    for turn in turns:
        plan.add(
            Part(turn(shape), paint="main", shadow=0.14, bulge=0.25, folds=0.3, within="trunk", tone=1.01)
        )
        plan.add(Line(turn(np.vstack([shape, shape[:1]])), 0.15, -0.2, within="trunk"))
        if flap:
            plan.add(
                Part(
                    turn(box(x - 0.3, y - 0.4, x + wide + 0.3, y + 2.6)),
                    paint="main",
                    shadow=0.3,
                    folds=0.1,
                    bulge=0.3,
                    within="trunk",
                )
            )


def hip_pockets(plan: Plan, rng: Rng, cut: Cut) -> None:
    """Slanted openings or patches low on the front."""
    y = cut.hem[1] - rng.uniform(14, 22)
    x = cut.waist[0] * rng.uniform(0.4, 0.6)
    slant = bow((x, y), (x + rng.uniform(3, 6), y + rng.uniform(7, 11)), 0.05, 8)
    for turn in (lambda p: p, flipped):
        if rng.random() < 0.6:
            plan.add(Line(turn(slant), 0.3, -0.35, soft=0.1, within="trunk"))
        else:
            plan.add(
                Part(
                    turn(box(x - 2, y, x + 8, y + 9)),
                    paint="main",
                    shadow=0.2,
                    bulge=0.3,
                    folds=0.3,
                    within="trunk",
                )
            )


def kangaroo(plan: Plan, rng: Rng, cut: Cut) -> None:
    """The pouch of a hoodie."""
    low, top = cut.hem[1] - rng.uniform(3, 7), cut.hem[1] - rng.uniform(18, 24)
    wide, narrow = cut.hem[0] * rng.uniform(0.62, 0.8), cut.hem[0] * rng.uniform(0.4, 0.55)
    half = joined(
        line((narrow, top), (narrow, top + 2), 3),
        bow((narrow, top + 2), (wide, low - 6), -0.12, 10),
        pts((wide, low)),
    )
    shape = joined(half, flipped(half)[::-1])
    plan.add(Part(shape, paint="main", shadow=0.2, bulge=0.3, folds=0.5, within="trunk", tone=1.01))
    plan.add(Line(np.vstack([shape, shape[:1]]), 0.2, -0.25, within="trunk"))


def hem_finish(plan: Plan, rng: Rng, cut: Cut, trim: str, *, ribbed: bool) -> None:
    """A ribbed band, a stitched hem, or a ruffle's shade."""
    hem = hem_curve(cut)
    if ribbed:
        wide = rng.uniform(3, 9)
        plan.add(
            Part(
                joined(moved(hem, 0, 1), hem[::-1] - (0, wide)),
                paint=trim,
                shadow=0.15,
                bulge=0.5,
                folds=0.4,
                within="trunk",
                tone=0.97,
            )
        )
        plan.add(Line(hem - (0, wide), 0.25, -0.3, soft=0.1, within="trunk"))
    elif rng.random() < 0.7:
        plan.add(Line(hem - (0, rng.uniform(0.8, 2.5)), 0.15, -0.16, dash=(0.5, 0.3), within="trunk"))


def belt(plan: Plan, rng: Rng, half: float, y: float, *, tied: bool) -> None:
    """A belt or a tie at the waist, with a buckle or a bow."""
    tall = rng.uniform(0.8, 3.2)
    strip = joined(
        bow((half * 1.02, y - tall / 2), (-half * 1.02, y - tall / 2), 0.015, 12),
        bow((-half * 1.02, y + tall / 2), (half * 1.02, y + tall / 2), -0.015, 12),
    )
    paint = str(rng.choice(["trim", "main", "button"]))
    plan.add(Part(strip, paint=paint, shadow=0.3, bulge=0.5, folds=0.6, within="trunk"))
    x = rng.uniform(-0.4, 0.4) * half if tied else 0.0
    if tied:
        bow_tie(plan, rng, x, y, paint, size=rng.uniform(3, 7))
    elif rng.random() < 0.7 and plan.view == "front":
        plan.add(
            Part(
                box(x - 1.6, y - tall * 0.6, x + 1.6, y + tall * 0.6),
                paint="zip",
                shadow=0.3,
                folds=0,
                bulge=0.4,
            )
        )


def bow_tie(plan: Plan, rng: Rng, x: float, y: float, paint: str, *, size: float) -> None:
    """A bow: two loops and two tails."""
    for sign in (1, -1):
        tail = smooth(
            [
                (x, y),
                (x + sign * size * rng.uniform(0.2, 0.6), y + size),
                (x + sign * size * rng.uniform(0.1, 0.8), y + size * rng.uniform(1.6, 3.0)),
            ],
            8,
        )
        plan.add(Line(tail, rng.uniform(0.6, 1.6), paint=paint, garment=True))
        loop = ring((x + sign * size * 0.5, y + size * 0.12), size * 0.5, size * rng.uniform(0.2, 0.32), 16)
        plan.add(Part(loop, paint=paint, shadow=0.3, bulge=0.9, folds=0.8))
    plan.add(Part(ring((x, y), size * 0.16, size * 0.2, 10), paint=paint, shadow=0.35, folds=0.2))


def ruffle(plan: Plan, rng: Rng, curve: Points, deep: float, *, name: str, within: str = "") -> None:
    """A gathered strip that hangs from a line."""
    count = len(curve)
    wave = np.sin(np.linspace(0, 2 * np.pi * rng.integers(4, 11), count)) * deep * 0.18
    low = curve + np.stack([wave * 0.6, deep + wave], axis=1)
    plan.add(Part(joined(curve, low[::-1]), name=name, shadow=0.35, bulge=0.9, folds=1.4, within=within))
    falls = [np.stack([curve[k], low[k]]) for k in range(2, count - 2, max(2, count // 14))]
    plan.add(
        Line(falls[::2], 0.4, -0.16, soft=0.25, within=name),
        Line(falls[1::2], 0.4, 0.05, soft=0.25, within=name),
    )


def pleats(plan: Plan, rng: Rng, top: Points, low: Points, number: int, *, strength: float = 0.16) -> None:
    """Lines that run from one curve to another, with light beside each."""
    lines = []
    for k in np.linspace(0.04, 0.96, number) + rng.normal(0, 0.008, number):
        i, j = (min(max(int(k * (len(c) - 1)), 0), len(c) - 1) for c in (top, low))
        lines.append(np.stack([top[i], top[i] + (low[j] - top[i]) * rng.uniform(0.75, 1.0)]))
    for group, share in ((lines[::2], 1.2), (lines[1::2], 0.6)):
        plan.add(Line(group, 0.5, -strength * share, soft=0.3, within="trunk"))


def pull_folds(plan: Plan, rng: Rng, cut: Cut) -> None:
    """Creases that run from armpits towards the bust and over the waist."""
    creases = []
    for side in (1.0, -1.0):
        for _ in range(int(rng.integers(0, 4))):
            x, y = cut.armpit[0] - rng.uniform(0, 2), cut.armpit[1] + rng.uniform(-3, 8)
            reach = rng.uniform(5, 13)
            end = (x - reach, y + reach * rng.uniform(-0.5, 0.9))
            creases.append(bow((x, y), end, rng.uniform(-0.1, 0.1), 8) * (side, 1.0))
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 5))):
            y = cut.waist[1] + rng.normal(0, 5)
            x = float(rng.choice([-1, 1])) * cut.waist[0]
            creases.append(bow((x, y), (x * rng.uniform(0, 0.6), y + rng.normal(0, 2)), 0.05, 8))
    dark, light = creases[::2], creases[1::2]
    plan.add(Line(dark, 0.7, -rng.uniform(0.05, 0.15), soft=0.45, within="trunk"))
    plan.add(Line(light, 0.6, float(rng.choice([-0.08, 0.05])), soft=0.45, within="trunk"))


def _patch(art: NDArray[np.uint8], rng: Rng) -> None:
    """A large light or dark shape under the rest, often with sharp corners."""
    ink = (*(int(v) for v in rng.integers(150, 256, 3)), 255) if rng.random() < 0.7 else (20, 20, 30, 255)
    half = rng.uniform(35, 78, 2)
    pick = rng.random()
    if pick < 0.4:
        lo, hi = np.array([80, 80]) - half, np.array([80, 80]) + half
        cv2.rectangle(art, tuple(int(v) for v in lo), tuple(int(v) for v in hi), ink, -1)
    elif pick < 0.65:
        cv2.ellipse(art, (80, 80), (int(half[0]), int(half[1])), 0, 0, 360, ink, -1, 16)
    else:
        turn = rng.uniform(0, 2 * np.pi) + np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
        corners = 80 + 76 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        cv2.fillPoly(art, [corners.astype(np.int32)], ink, 16)


@cache
def _art(number: int) -> NDArray[np.uint8]:
    """An emblem: lettering over or under a simple figure, in one or two inks. RGBA."""
    rng = np.random.default_rng(1000 + number)
    art = np.zeros((160, 160, 4), np.uint8)
    inks = [tuple(int(v) for v in (*rng.integers(0, 256, 3), 255)) for _ in range(3)]
    style = int(rng.integers(5))
    if rng.random() < 0.4:
        _patch(art, rng)
    if style != 0:
        for _ in range(int(rng.integers(1, 9))):
            _figure(art, rng, inks, widest=50 if style < 3 else 25)
    if style != 1:
        for row in range(int(rng.integers(1, 4))):
            word = str(rng.choice(_WORDS))
            size = float(rng.uniform(0.7, 2.0)) * min(1.0, 5 / len(word))
            place, font = (int(rng.integers(2, 20)), 45 + row * 45), int(rng.integers(0, 8))
            cv2.putText(art, word, place, font, size, inks[0], int(rng.integers(2, 7)), 16)
    return art


def _figure(art: NDArray[np.uint8], rng: Rng, inks: list[tuple[int, ...]], *, widest: int) -> None:
    centre = tuple(int(v) for v in rng.integers(35, 125, 2))
    axes = tuple(int(v) for v in rng.integers(5, widest, 2))
    thick = -1 if rng.random() < 0.6 else int(rng.integers(2, 7))
    if rng.random() < 0.5:
        turn, ink = float(rng.uniform(0, 180)), inks[int(rng.integers(3))]
        cv2.ellipse(art, centre, axes, turn, 0, 360, ink, thick, 16)
    else:
        corners = np.array(centre) + rng.integers(-45, 46, (int(rng.integers(3, 6)), 2))
        ink = inks[int(rng.integers(3))]
        cv2.polylines(art, [corners.astype(np.int32)], True, ink, max(thick, 3), 16)


def emblem(plan: Plan, rng: Rng, cut: Cut) -> None:
    """A print on the chest: large in the middle or small on one side."""
    art = _art(int(rng.integers(120)))
    if rng.random() < 0.7:
        width = rng.uniform(0.5, 1.6) * cut.armpit[0]
        centre = (rng.normal(0, 0.8), cut.front + 4 + width * rng.uniform(0.5, 0.9))
    else:
        width = rng.uniform(3, 8)
        centre = (rng.choice([1, 1, 1, -1]) * rng.uniform(5, 10), rng.uniform(16, 24))
    plan.add(Print(art, centre, width, within="trunk", angle=float(rng.normal(0, 2))))


def colour_block(plan: Plan, rng: Rng, cut: Cut) -> None:
    """A yoke, side panel or bottom block in another cloth."""
    low = cut.hem[1] + 10
    pick = rng.random()
    if pick < 0.4:
        y = rng.uniform(10, 24)
        shape = box(-45, -15, 45, y)
    elif pick < 0.75:
        y = cut.hem[1] * rng.uniform(0.45, 0.85)
        shape = box(-60, y, 60, low)
    else:
        shape = box(rng.uniform(0, 10), -15, 60, low)
    plan.add(Part(shape, paint="trim", shadow=0.0, bulge=0.0, folds=0.7, within="trunk"))


def yoke_back(plan: Plan, rng: Rng, cut: Cut) -> None:
    """What backs show: a yoke seam, a centre seam or zip."""
    y = rng.uniform(6, 12)
    if rng.random() < 0.4:
        plan.add(Line(bow((-30, y), (30, y), rng.uniform(-0.03, 0.03), 12), 0.2, -0.22, within="trunk"))
    if rng.random() < 0.3:
        plan.add(Line(line((0, cut.back), (0, cut.hem[1]), 3), 0.25, -0.25, within="trunk"))
