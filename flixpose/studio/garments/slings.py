"""Garments on thin straps, and strapless ones."""

import numpy as np

from flixpose.studio.curves import Points, bow, joined, smooth
from flixpose.studio.garments import backs, dummy, trims
from flixpose.studio.garments.cut import Cut, hem_curve, narrowest, side_curve
from flixpose.studio.garments.plan import Line, Pair, Part, Plan, flipped, moved, pts
from flixpose.studio.garments.telling import kinked

Rng = np.random.Generator


def sling_plan(rng: Rng, plan: Plan) -> Plan:
    """A camisole, a bustier, a slip dress."""
    long_ = plan.kind.endswith("_dress")
    strapless = rng.random() < (0.18 if long_ else 0.1)
    cut, foot = _cut(rng, long_=long_, strapless=strapless)
    top = _top_edge(rng, cut, foot, strapless=strapless)
    back, own = plan.view == "back", backs.behind(rng)
    if back:
        foot = foot[0], foot[1] if strapless else cut.armpit[1] - own.uniform(0.3, 3.0)
        top = backs.sling_edge(own, cut.armpit, foot, strapless=strapless)
    front_low = float(top[len(top) // 2, 1])
    strap_top: Pair = (float(np.clip(foot[0] * rng.uniform(0.88, 1.38), 5, 21)), 0.0)
    if plan.display == "mannequin":
        strap_top = min(strap_top[0], 17.0), 0.0
        natural = (rng.uniform(12, 15), rng.uniform(0.5, 3.5))
        dummy.behind(plan, rng, cut, (natural,) if strapless else (strap_top,))
        dummy.neck(plan, rng, cut, bare=True)
        if back:
            backs.bare_back(plan, own, front_low)
    thick = rng.uniform(0.45, 1.9)
    if not back and plan.display != "mannequin":
        _back_panel(plan, rng, cut, foot, front_low)
    if not strapless and plan.display != "mannequin":
        _straps(
            plan,
            rng,
            (foot[0] * rng.uniform(0.75, 1.1), cut.armpit[1] - rng.uniform(0, 3)),
            strap_top,
            thick,
            "inside",
        )
    left = joined(pts(top[-1] * (-1, 1)), side_curve(cut))
    body = joined(left, hem_curve(cut), flipped(left)[::-1], top[::-1])
    plan.add(Part(body, name="trunk", shadow=0.15))
    if not strapless:
        _straps(plan, rng, foot, strap_top, thick, "main")
    _finish(plan, rng, cut, top, foot)
    if back:
        backs.sling_back(plan, own, cut, front_low)
    _marks(plan, cut, top, strap_top, front_low, strapless=strapless)
    return plan


def _cut(rng: Rng, *, long_: bool, strapless: bool) -> tuple[Cut, Pair]:
    chest = rng.uniform(17.5, 21.5)
    pit = rng.uniform(21, 33)
    waist_y = pit + rng.uniform(12, 20)
    waist = chest * rng.uniform(0.74, 1.12)
    hip = (max(waist, chest * 0.95) * rng.uniform(1.0, 1.2), waist_y + rng.uniform(14, 20))
    if long_:
        hem = (
            hip[0] * float(rng.choice([rng.uniform(0.8, 1.1), rng.uniform(1.1, 2.4)])),
            pit + float(rng.choice([rng.uniform(52, 75), rng.uniform(72, 125)])),
        )
    else:
        y = pit + float(rng.choice([rng.uniform(14, 30), rng.uniform(34, 62)], p=[0.2, 0.8]))
        hem = (chest * rng.uniform(0.9, 1.3), y)
        waist = float(np.interp(waist_y, (pit, y), (chest, hem[0]))) if rng.random() < 0.5 else waist
    foot = (chest * rng.uniform(0.52, 0.9), pit - (0.0 if strapless else rng.uniform(3, 14)))
    cut = Cut(
        foot[0],
        pit - 3,
        0,
        "v",
        foot,
        (chest, pit),
        (waist, waist_y),
        hip,
        hem,
        float(rng.choice([rng.uniform(0, 1), rng.uniform(1, 5)], p=[0.7, 0.3])),
        False,
        long_,
        2.0,
        rng.uniform(0, 1.5) if hem[0] > chest * 1.2 else 0.0,
        float(rng.uniform(2, 6)),
    )
    return cut, foot


def _top_edge(rng: Rng, cut: Cut, foot: Pair, *, strapless: bool) -> Points:
    """From the left armpit over the strap's foot and the centre to the right armpit."""
    chest, pit = cut.armpit
    if strapless:
        low = pit - 1.0 + rng.uniform(-3, 2)
        half = smooth(
            [
                (chest, pit),
                (chest * 0.9, pit - rng.uniform(1.0, 2.5)),
                (chest * 0.5, low - rng.uniform(0, 2)),
                (0, low),
            ],
            6,
        )
        return joined(half, flipped(half)[::-1])
    low = foot[1] + rng.uniform(0.2, 9)
    centre = bow(foot, (0, low), float(rng.choice([0.0, rng.uniform(-0.12, 0.12)])), 10)
    half = joined(bow((chest, pit), foot, rng.uniform(-0.02, 0.16), 10), centre)
    return joined(half, flipped(half)[::-1])


def _back_panel(plan: Plan, rng: Rng, cut: Cut, foot: Pair, front_low: float) -> None:
    chest, pit = cut.armpit
    y = pit - rng.uniform(-3, 4)
    edge = bow((chest * 0.98, pit), (-chest * 0.98, pit), (pit - y) / chest * 0.5, 14)
    side = side_curve(cut)
    low = 0.95 * float(np.interp(pit + 8, side[:, 1], side[:, 0]))
    panel = joined(edge, pts((-low, pit + 8), (low, pit + 8)))
    plan.add(Part(panel, paint="inside", tone=rng.uniform(0.6, 0.9), shadow=0, folds=0.5))


def _straps(plan: Plan, rng: Rng, foot: Pair, top: Pair, thick: float, paint: str) -> None:
    for turn in (lambda p: p, flipped):
        strap = bow((foot[0], foot[1] + 0.5), (top[0], top[1] + thick * 0.4), rng.uniform(-0.05, 0.05), 10)
        if paint == "main":
            plan.add(Line(moved(turn(strap), 0.3, 0.2), thick * 1.3, -0.12, soft=0.4))
        plan.add(Line(turn(strap), thick, paint=paint, garment=True))


def _finish(plan: Plan, rng: Rng, cut: Cut, top: Points, foot: Pair) -> None:
    pick = rng.random()
    inner = top[np.abs(top[:, 0]) <= foot[0]]
    if pick < 0.16 and len(inner) > 4:
        trims.ruffle(plan, rng, inner, rng.uniform(2, 7), name="frill")
    elif pick < 0.32 and len(inner) > 4:
        lace = joined(inner, moved(inner, 0, rng.uniform(2, 6))[::-1])
        plan.add(Part(lace, paint="sheer", shadow=0.1, folds=0.2, within="trunk"))
    elif pick < 0.5:
        plan.add(
            Part(
                joined(top, moved(top, 0, rng.uniform(0.7, 1.8))[::-1]),
                paint="trim",
                shadow=0.1,
                folds=0.1,
                within="trunk",
            )
        )
    else:
        plan.add(Line(moved(top, 0, 0.7), 0.2, -0.2, within="trunk"))
    trims.pull_folds(plan, rng, cut)
    if plan.view == "front" and rng.random() < 0.15:
        trims.buttons(plan, rng, float(top[len(top) // 2, 1]) + 2, cut.hem[1] - 6)
    if rng.random() < 0.12:
        (x, y), _ = narrowest(cut)
        plan.waisted = True
        trims.belt(plan, rng, x, y, tied=bool(rng.random() < 0.6))
    if cut.long and rng.random() < 0.6:
        (x, y), _ = narrowest(cut)
        plan.waisted = True
        seam = bow((x, y), (-x, y), 0.02, 20)
        plan.add(Line(seam, 0.4, -0.22, soft=0.15, within="trunk"))
        trims.pleats(plan, rng, seam, hem_curve(cut), int(rng.integers(4, 16)), strength=0.13)
    if rng.random() < 0.5:
        trims.hem_finish(plan, rng, cut, "main", ribbed=False)


def _marks(plan: Plan, cut: Cut, top: Points, strap: Pair, low: float, *, strapless: bool) -> None:
    back = plan.view == "back"
    chest, pit = cut.armpit
    if strapless:
        corner = top[np.argmin(np.abs(top[:, 0] - chest * 0.9))]
        plan.mark_both("neck_*", corner)
    else:
        plan.mark_both("neck_*", strap)
    plan.mark("neck_front", (0.0, low), hidden=back)
    plan.mark("neck_back", (0.0, pit if not back else low), hidden=not back)
    plan.mark_both("armpit_*", (chest, pit), hidden=not kinked(top[:10][::-1], side_curve(cut)))
    plan.mark_both("hem_*", cut.hem)
    plan.mark("hem_center", hem_curve(cut)[24])
    if cut.long:
        waist, told = narrowest(cut)
        plan.mark_both("waist_*", waist, hidden=not (told or plan.waisted))
