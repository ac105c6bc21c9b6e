"""Fronts of coats, jackets and cardigans: buttoned, zipped, half open, hanging open, with lapels."""

import numpy as np

from flixpose.studio.curves import Points, bow, joined, line
from flixpose.studio.garments import trims
from flixpose.studio.garments.cut import Cut, hem_curve, neck_curve
from flixpose.studio.garments.plan import Line, Part, Plan, flipped, pts

Rng = np.random.Generator


def fronts(plan: Plan, rng: Rng, cut: Cut, collar: str) -> None:
    """How the front closes; may move the lowest point of the neckline."""
    low = float(hem_curve(cut)[24, 1])
    if rng.random() < 0.14:
        _quilt(plan, rng, cut)
    if collar == "lapel":
        _lapels(plan, rng, cut, low)
        return
    pick = rng.random()
    if pick < 0.2:
        _opening(plan, rng, cut, low, wide=rng.uniform(0.12, 0.55))
        return
    if pick < 0.55:
        trims.zip_line(plan, rng, cut.front, low)
    else:
        half = rng.uniform(0.9, 2.6)
        trims.placket(plan, rng, cut.front, low, half)
        trims.buttons(plan, rng, cut.front + 2.0, low - 4)
    if cut.style == "v" and collar == "none" and rng.random() < 0.7:
        _band(plan, rng, cut, low)


def _band(plan: Plan, rng: Rng, cut: Cut, low: float) -> None:
    """A cardigan's knitted band round the neck and down the front."""
    wide = rng.uniform(1.6, 3.6)
    ring_ = joined(neck_curve(cut), neck_curve(cut, wide)[::-1])
    paint = "trim" if rng.random() < 0.5 else "main"
    half = wide * 0.62
    plan.add(Part(ring_, paint=paint, shadow=0.25, bulge=0.6, folds=0.2, within="trunk"))
    plan.add(
        Part(
            pts((-half, cut.front), (half, cut.front), (half, low), (-half, low)),
            paint=paint,
            shadow=0.25,
            bulge=0.5,
            folds=0.2,
            within="trunk",
        )
    )
    trims.buttons(plan, rng, cut.front + 1.2, low - 3)


def _opening(plan: Plan, rng: Rng, cut: Cut, low: float, *, wide: float) -> None:
    """The two fronts hang apart: the lining or what is worn below shows between them."""
    top_half = cut.neck * rng.uniform(0.55, 0.98)
    reach = max(top_half, cut.hem[0] * wide)
    right = reach * rng.uniform(0.5, 1.1)
    edge = bow((top_half, cut.front * 0.25), (reach, low + 3), rng.uniform(-0.03, 0.05), 14)
    other = flipped(bow((top_half, cut.front * 0.25), (right, low + 3), rng.uniform(-0.03, 0.05), 14))
    shape = joined(edge, other[::-1])
    shirt = plan.display == "mannequin" or rng.random() < 0.3
    gap = Part(shape, name="gap", paint="inside", shadow=0.0, folds=0.8, bulge=0.8, within="trunk")
    if shirt:
        gap.paint, gap.garment, gap.bulge = "other", False, 0.3
    else:
        gap.tone = rng.uniform(0.5, 0.95)
    plan.add(gap)
    for curve in (edge, other):
        plan.add(Line(curve, 0.9, -0.35, soft=0.5, within="gap"), Line(curve, 0.25, -0.2, within="trunk"))
    plan.mark("neck_front", (0.0, cut.front), hidden=True)
    if shirt:
        plan.covered.update({"hem_center", "neck_back"})


def _lapels(plan: Plan, rng: Rng, cut: Cut, low: float) -> None:
    """A blazer or coat: the collar folds into lapels that meet at the first button."""
    meet = rng.uniform(16, 40)
    half = cut.neck * rng.uniform(0.75, 1.0)
    below = float(rng.choice([0.0, rng.uniform(0, 6)]))
    shape = joined(bow((half, 0.0), (0.0, meet), 0.02, 10), bow((0.0, meet), (-half, 0.0), 0.02, 10))
    inner = plan.display == "mannequin" or rng.random() < 0.35
    gap = Part(
        shape, name="gap", paint="other" if inner else "inside", garment=not inner, shadow=0, folds=0.6
    )
    gap.tone = rng.uniform(0.6, 1.0)
    plan.add(gap)
    _lapel_leaves(plan, rng, half, meet)
    _close(plan, rng, meet, low, below, cut)
    plan.mark_both("neck_*", (half, -0.8))
    plan.mark("neck_front", (0.0, meet))
    plan.mark("neck_back", (0.0, cut.back), hidden=inner)
    if not inner:
        back = joined(bow((half, -1.0), (-half, -1.0), 0.03, 10), bow((-half, 3.0), (half, 3.0), -0.06, 10))
        plan.steps.insert(_before_trunk(plan), Part(back, paint="main", tone=0.8, shadow=0.1, folds=0.2))
        plan.mark("neck_back", (0.0, -1.2))


def _lapel_leaves(plan: Plan, rng: Rng, half: float, meet: float) -> None:
    wide, notch = rng.uniform(5, 9.5), rng.uniform(7, 13)
    lapel = joined(
        bow((half, -0.6), (0.0, meet), 0.02, 10),
        bow((0.0, meet), (half * 0.7 + wide, notch), 0.06, 8),
        pts((half * 0.55 + wide * 0.55, notch - 1.2), (half + 3.5, notch - 4)),
    )
    collar = pts(
        (half, -1.5),
        (half * 0.8, 4),
        (half * 0.6 + wide * 0.5, notch - 1.0),
        (half + wide * 0.75, notch - 3.2),
        (half + 3.0, 0.4),
    )
    for turn in (flipped, lambda p: p):
        plan.add(Part(turn(lapel), paint="main", shadow=0.4, bulge=0.5, folds=0.2, tone=1.02))
        plan.add(Part(turn(collar), paint="main", shadow=0.35, bulge=0.5, folds=0.2))


def _before_trunk(plan: Plan) -> int:
    return next(i for i, step in enumerate(plan.steps) if isinstance(step, Part) and step.name == "trunk")


def _close(plan: Plan, rng: Rng, meet: float, low: float, x: float, cut: Cut) -> None:
    flare = rng.uniform(0, 4)
    edge: Points = joined(
        line((x * 0.2, meet), (x * 0.4 + 0.5, low - 6), 4),
        bow((x * 0.4 + 0.5, low - 6), (flare, low + 1), -0.1, 6),
    )
    plan.add(Line(edge, 0.35, -0.35, soft=0.1, within="trunk"))
    number = int(rng.integers(1, 5))
    rows = (x, -x) if x > 2 else (0.0,)
    for column in rows:
        trims.buttons(plan, rng, meet + 2, max(meet + 4, low - 16), column, count=number)
    if rng.random() < 0.2:
        trims.belt(plan, rng, cut.waist[0], cut.waist[1], tied=bool(rng.random() < 0.5))


def _quilt(plan: Plan, rng: Rng, cut: Cut) -> None:
    """A padded jacket's rows."""
    step = rng.uniform(4, 9)
    for y in np.arange(step, cut.hem[1] + cut.drop, step):
        row = pts((-60, y), (0, y + 0.8), (60, y))
        for where in ("trunk", "sleeve1", "sleeve-1"):
            plan.add(
                Line(row, 0.7, -0.3, soft=0.35, within=where),
                Line(row - (0, step * 0.45), 1.6, 0.07, soft=1.0, within=where),
            )
