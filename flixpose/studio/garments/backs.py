"""What garments show behind: zips, darts, yokes, vents, loops, straight edges below straps.

All of it is drawn from a lot of its own (`behind`), so that fronts stay as they are, whatever backs learn.
"""

from collections.abc import Callable

import numpy as np

from flixpose.studio.curves import Points, bow, joined, line
from flixpose.studio.garments.cut import Cut
from flixpose.studio.garments.plan import Line, Pair, Part, Plan, box, flipped, pts, ring

Rng = np.random.Generator


def behind(rng: Rng) -> Rng:
    """A lot that takes nothing from `rng`'s own."""
    return rng.spawn(1)[0]


def zip_down(plan: Plan, rng: Rng, top: float, low: float) -> None:
    """A concealed zip in the middle seam, with its pull."""
    plan.add(
        Line(line((0, top), (0, low), 3), 0.3, -rng.uniform(0.2, 0.4), soft=0.1, within="trunk"),
        Line(line((0.35, top), (0.35, low), 3), 0.25, 0.06, soft=0.1, within="trunk"),
    )
    pull = box(-0.35, top + 0.2, 0.35, top + rng.uniform(1.2, 2.6))
    paint = str(rng.choice(["zip", "main"]))
    plan.add(Part(pull, paint=paint, shadow=0.35, folds=0, bulge=0.3, within="trunk"))


def darts(plan: Plan, rng: Rng, x: float, top: float, long: float) -> None:
    """A pair of darts, or two, that close towards the hip."""
    shares = (0.45,) if rng.random() < 0.6 else (0.32, 0.6)
    for share in shares:
        dart = line((x * share, top), (x * (share + 0.05), top + long * rng.uniform(0.8, 1.1)), 3)
        for turn in _both():
            plan.add(Line(turn(dart), 0.3, -rng.uniform(0.15, 0.35), soft=0.15, within="trunk"))


def vent(plan: Plan, rng: Rng, hem: float, tall: float) -> None:
    """A slit in the middle of the hem whose sides lap."""
    edge = line((rng.uniform(-0.3, 0.3), hem - tall), (rng.uniform(0, 1.4), hem + 8), 3)
    plan.add(Line(edge, 0.5, -rng.uniform(0.3, 0.5), soft=0.12, within="trunk"))
    plan.add(Line(pts(edge[0], edge[0] + (-2.5, 1.2)), 0.2, -0.2, within="trunk"))


def skirt_back(plan: Plan, rng: Rng, waist: float, band: float, length: float) -> None:
    """A skirt's: no skirt shows nothing at all."""
    pick = rng.random()
    if pick < 0.6:
        low = band + min(rng.uniform(12, 20), length * 0.5)
        zip_down(plan, rng, rng.uniform(0.2, band), low)
        if rng.random() < 0.5:
            plan.add(Line(line((0, low), (0, length + 6), 3), 0.25, -0.2, soft=0.1, within="trunk"))
    if pick > 0.45:
        darts(plan, rng, waist, band, rng.uniform(7, 12))
    if rng.random() < 0.3:
        vent(plan, rng, length, min(rng.uniform(8, 20), length * 0.35))


def legs_back(plan: Plan, rng: Rng, hip: float, waist: float, band: float, *, elastic: bool) -> None:
    """The yoke of jeans or darts, the middle loop, a patch on the waistband."""
    if rng.random() < 0.5:
        low = band + rng.uniform(5, 9)
        yoke = joined(bow((hip * 1.05, band + rng.uniform(1.5, 4)), (0, low), 0.03, 10))
        for turn in _both():
            plan.add(Line(turn(yoke), 0.3, -0.3, soft=0.1, within="trunk"))
    elif not elastic:
        darts(plan, rng, waist, band, rng.uniform(5, 8))
    if not elastic:
        loop = box(-0.45, 0.2, 0.45, band + 0.8)
        plan.add(Part(loop, shadow=0.3, folds=0, bulge=0.3, within="trunk"))
    if rng.random() < 0.3:
        x = waist * rng.uniform(-0.75, -0.45)
        patch = box(x, band * 0.2, x + rng.uniform(3, 5), band * rng.uniform(0.85, 1.3))
        plan.add(Part(patch, paint="wood", shadow=0.2, folds=0, bulge=0.2, within="trunk"))


def upper_back(plan: Plan, rng: Rng, cut: Cut, *, coat: bool) -> None:
    """Of a top, a dress or a coat: a zip, an opening at the nape, a loop, a vent."""
    low = cut.hem[1]
    if coat:
        if rng.random() < 0.3:
            vent(plan, rng, low, min(rng.uniform(9, 20), low * 0.3))
        return
    pick, zipped = rng.random(), 0.5 if cut.long else 0.1
    if pick < zipped:
        zip_down(plan, rng, cut.back + 0.3, cut.back + rng.uniform(14, 46) * (1.0 if cut.long else 0.6))
    elif pick < zipped + 0.14:
        _nape(plan, rng, cut.back)
    elif pick < zipped + 0.26:
        y = rng.uniform(6, 12)
        plan.add(Line(bow((-0.8, y), (0.8, y), 0.9, 8), 0.4, -0.35, within="trunk"))


def _nape(plan: Plan, rng: Rng, top: float) -> None:
    """A drop-shaped opening under a button."""
    tall = rng.uniform(3, 9)
    drop = ring((0, top + 1.2 + tall / 2), rng.uniform(0.5, 1.4), tall / 2, 18)
    paint = "skin" if plan.display == "mannequin" else "inside"
    plan.add(Part(drop, paint=paint, tone=0.75, shadow=0.15, folds=0, within="trunk"))
    plan.add(Part(ring((0, top + 1.0), 0.6, count=12), paint="button", shadow=0.4, folds=0, bulge=0.5))


def sling_edge(rng: Rng, chest: Pair, foot: Pair, *, strapless: bool) -> Points:
    """A sling's upper edge behind, from the left armpit to the right one: straight, or a wide scoop."""
    if strapless:
        low = chest[1] + rng.uniform(-2.0, 0.5)
        half = bow(chest, (0.0, low), rng.uniform(-0.02, 0.03), 20)
        return joined(half, flipped(half)[::-1])
    deep = rng.uniform(0.0, 1.2) if rng.random() < 0.75 else rng.uniform(2.5, 9)
    t = np.linspace(0, np.pi / 2, 12)
    middle = np.stack([foot[0] * np.cos(t), foot[1] + deep * np.sin(t)], axis=1)
    half = joined(bow(chest, foot, rng.uniform(-0.02, 0.06), 10), middle)
    return joined(half, flipped(half)[::-1])


def sling_back(plan: Plan, rng: Rng, cut: Cut, top: float) -> None:
    """A sling's: a zip, or gathered rows."""
    pick = rng.random()
    if pick < 0.5:
        zip_down(plan, rng, top + 0.3, min(top + rng.uniform(14, 34), cut.hem[1] - 4))
    elif pick < 0.75:
        x, rows = cut.armpit[0] * 0.95, np.arange(top + 1.2, top + rng.uniform(5, 14), 1.3)
        waves = [bow((-x, y), (x, y), rng.uniform(-0.01, 0.01), 10) for y in rows]
        plan.add(Line(waves, 0.4, -rng.uniform(0.08, 0.2), soft=0.2, within="trunk"))


def bare_back(plan: Plan, rng: Rng, low: float) -> None:
    """The groove of a mannequin's spine and its shoulder blades, above a garment on straps."""
    plan.add(Line(line((0, 1.0), (0, low + 3), 4), 1.2, -rng.uniform(0.05, 0.14), soft=0.7))
    blade = bow((5.0, 7.0), (6.5, 15.0), -rng.uniform(0.12, 0.25), 8)
    for turn in _both():
        plan.add(Line(turn(blade), 1.0, -rng.uniform(0.04, 0.1), soft=0.7))


def _both() -> tuple[Callable[[Points], Points], Callable[[Points], Points]]:
    return (lambda p: p), flipped
