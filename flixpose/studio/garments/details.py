"""What is sewn on a trunk: plackets, pockets, frills, wraps, prints, waists, pleats, tiers, hems."""

import numpy as np

from flixpose.studio.curves import Points, bow, joined
from flixpose.studio.garments import backs, trims
from flixpose.studio.garments.cut import Cut, armhole, hem_curve, narrowest, neck_curve
from flixpose.studio.garments.plan import Line, Part, Plan, box, moved, pts

Rng = np.random.Generator


def details(plan: Plan, rng: Rng, cut: Cut, *, coat: bool, trim: str, wrap: bool) -> None:
    """All of them, for a top, dress or coat."""
    back = plan.view == "back"
    trims.pull_folds(plan, rng, cut)
    if cut.long:
        _skirt_part(plan, rng, cut)
    if back:
        trims.yoke_back(plan, rng, cut)
        backs.upper_back(plan, backs.behind(rng), cut, coat=coat)
    elif wrap:
        _wrap(plan, rng, cut)
    elif not coat:
        _front_details(plan, rng, cut)
    elif rng.random() < 0.7:
        trims.hip_pockets(plan, rng, cut)
    if rng.random() < (0.35 if not back else 0.1) and not coat:
        trims.emblem(plan, rng, cut)
    if rng.random() < 0.07:
        trims.colour_block(plan, rng, cut)
    trims.hem_finish(
        plan, rng, cut, trim, ribbed=not cut.long and cut.drop < 2 and rng.random() < (0.4 if coat else 0.22)
    )


def _front_details(plan: Plan, rng: Rng, cut: Cut) -> None:
    pick = rng.random()
    low = cut.hem[1] + min(cut.drop, 0)
    if pick < 0.14:
        half = rng.uniform(1.0, 2.2)
        trims.placket(plan, rng, cut.front, low + 8, half)
        trims.buttons(plan, rng, cut.front + 2, low - 5)
    elif pick < 0.22:
        end = cut.front + rng.uniform(8, 16)
        trims.placket(plan, rng, cut.front, end, rng.uniform(0.9, 1.8))
        trims.buttons(plan, rng, cut.front + 1.5, end - 2, count=int(rng.integers(2, 5)))
    elif pick < 0.29:
        trims.chest_pocket(plan, rng, cut)
    elif pick < 0.51:
        _softness(plan, rng, cut, pick)


def _softness(plan: Plan, rng: Rng, cut: Cut, pick: float) -> None:
    """A frill, pleats, a bow, a cowl or a sheer yoke."""
    if pick < 0.34:
        trims.ruffle(plan, rng, neck_curve(cut, 0.5), rng.uniform(3, 8), name="frill", within="trunk")
    elif pick < 0.38:
        low = hem_curve(cut) - (0, cut.hem[1] * rng.uniform(0.3, 0.7))
        trims.pleats(plan, rng, neck_curve(cut, 0.5), low, int(rng.integers(5, 14)), strength=0.1)
    elif pick < 0.42:
        y, paint = cut.front + rng.uniform(0, 3), str(rng.choice(["main", "trim"]))
        trims.bow_tie(plan, rng, 0.0, y, paint, size=rng.uniform(3, 6))
    elif pick < 0.46:
        _cowl(plan, rng, cut)
    else:
        y = cut.armpit[1] + rng.uniform(-8, 2)
        plan.add(Part(box(-40, -12, 40, y), paint="sheer", shadow=0, bulge=0.2, within="trunk"))


def _cowl(plan: Plan, rng: Rng, cut: Cut) -> None:
    """Soft arcs that hang below the neckline."""
    rows = [moved(neck_curve(cut, 2.0 * k) * (1.0, 1 + 0.06 * k), 0, 0.6 * k) for k in range(1, 5)]
    plan.add(
        Line(rows[::2], 0.8, -0.18, soft=0.4, within="trunk"),
        Line(rows[1::2], 0.8, 0.06, soft=0.5, within="trunk"),
    )


def _wrap(plan: Plan, rng: Rng, cut: Cut) -> None:
    """One front crosses the other: its edge goes on from the neckline to the far side's waist."""
    side = float(rng.choice([-1, 1]))
    low = np.array([0.0, cut.front])
    end = np.array([-cut.waist[0] * 0.98 * side, cut.waist[1] + rng.uniform(-6, 4)])
    seam = bow(moved(low, 0.5 * side, -0.8), end, -0.05 * side, 16)
    plan.add(Line(seam, 0.6, -0.4, soft=0.2, within="trunk"))
    plan.add(Line(moved(seam, 0, -0.8), 0.4, 0.08, soft=0.2, within="trunk"))
    folds = [
        bow(seam[k], (cut.waist[0] * rng.uniform(0.2, 1.0) * side, seam[k, 1] + rng.uniform(-9, 3)), 0.06, 8)
        for k in (6, 9, 12, 14)
    ]
    plan.add(Line(folds, 0.6, -0.12, soft=0.4, within="trunk"))
    if rng.random() < 0.6:
        trims.bow_tie(plan, rng, end[0] * rng.uniform(0.5, 0.95), end[1], "main", size=rng.uniform(3, 7))


def shoulder_frill(plan: Plan, rng: Rng, cut: Cut, deep: float) -> None:
    """Ruffles along the armholes of a sleeveless garment; they hide where the strap ends."""
    edge = armhole(cut, deep)[: int(rng.integers(9, 18))]
    t = np.linspace(0, 1, len(edge))
    wide = rng.uniform(3, 8) * np.sin(np.pi * (0.22 + 0.78 * t)) ** 0.7 + 0.5 * np.sin(
        t * rng.uniform(14, 30)
    )
    fall = rng.uniform(-0.1, 0.6)
    rim = edge + np.stack([wide, wide * fall], axis=1)
    shape: Points = joined(edge - (2.0, 0.0), rim[::-1])
    for side in (1.0, -1.0):
        plan.add(Part(shape * (side, 1.0), name="frill", shadow=0.3, bulge=0.8, folds=1.3, axis=-50 * side))
        falls = [np.stack([edge[k], rim[k]]) * (side, 1.0) for k in range(1, len(edge), 2)]
        plan.add(Line(falls, 0.4, -0.15, soft=0.25, within="frill"))
    plan.mark_both("shoulder_*", rim[0], hidden=True)


def _skirt_part(plan: Plan, rng: Rng, cut: Cut) -> None:
    """A dress below its waist: seam, pleats, tiers, slit, belt."""
    (x, y), _ = narrowest(cut)
    seam = bow((x, y), (-x, y), rng.uniform(-0.03, 0.04), 20)
    pick = rng.random()
    plan.waisted = bool(pick < 0.62)
    if pick < 0.5:
        plan.add(Line(seam, 0.4, -0.25, soft=0.15, within="trunk"))
        trims.pleats(
            plan, rng, seam, hem_curve(cut), int(rng.integers(4, 18)), strength=rng.uniform(0.06, 0.2)
        )
    elif pick < 0.62:
        trims.belt(plan, rng, x, y, tied=bool(rng.random() < 0.5))
        trims.pleats(plan, rng, seam, hem_curve(cut), int(rng.integers(3, 12)), strength=0.1)
    elif pick < 0.74:
        for share in ((0.5,), (0.35, 0.68))[int(rng.integers(2))]:
            level = y + (cut.hem[1] - y) * share
            plan.add(Line(pts((-60, level), (60, level)), 0.5, -0.22, soft=0.2, within="trunk"))
            tier = np.stack([np.linspace(50, -50, 30), np.full(30, level)], axis=1)
            trims.pleats(plan, rng, tier, moved(tier, 0, 9), 26, strength=0.1)
    if rng.random() < 0.08 and plan.view == "front":
        slit = rng.uniform(0.25, 0.65) * cut.hem[0] * rng.choice([-1, 1])
        top = cut.hem[1] - rng.uniform(12, 40)
        plan.add(
            Part(pts((slit, top), (slit + 1.4, cut.hem[1] + 8), (slit - 0.4, cut.hem[1] + 8)), hole=True)
        )
