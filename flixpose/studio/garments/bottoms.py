"""Plans of trousers, shorts and skirts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flixpose.studio.curves import Points, bow, joined, line, smooth
from flixpose.studio.garments import backs, trims
from flixpose.studio.garments.plan import Line, Part, Plan, box, flipped, moved, pts, ring
from flixpose.studio.garments.telling import PLAIN_GAP, SEEN_GAP, VAGUE

Rng = np.random.Generator


@dataclass
class LegCut:
    """Numbers of trousers and shorts; the wearer's left half, in units.

    Attributes:
        waist: half-width. hip: half-width at `rise` * 0.75. rise: y of the crotch.
        length: y of the cuffs. cuff: width of a leg's end. spread: x of a cuff's middle, per side.
        knee: width at the knee. style: jeans, chinos, joggers, leggings, wide.
        overlap: how far the thighs lie over one another.
    """

    waist: float
    hip: float
    rise: float
    length: float
    cuff: float
    knee: float
    spread: tuple[float, float]
    style: str
    overlap: float = 0.0


def legs_plan(rng: Rng, kind: str, view: str, display: str) -> Plan:
    """Trousers or shorts."""
    plan = Plan(kind, view, display)
    c = _legs_cut(rng, short=kind == "shorts")
    if display == "mannequin":
        _half_figure(plan, rng, c.waist, c.rise, c.length, legs=True)
    rise = rng.uniform(-0.3, 2.2)
    if view == "front" and rng.random() < 0.75:
        _waist_inside(plan, rng, c.waist, rise)
    left, right = _leg(c, 0), _leg(c, 1)
    sag = rng.uniform(-0.8, 1.2)
    first = float(rng.choice([1, -1]))
    for flip in (first, -first):
        out, inner = left if flip > 0 else right
        half = joined(_top(c.waist, sag)[6:] - (0.25, 0), out, inner, pts((-0.25, c.rise)))
        plan.add(Part(half * (flip, 1.0), name="trunk", axis=-2.5 * flip, shadow=0.2))
    _leg_details(plan, rng, c, left, right)
    fork, told = _crotch(left[1], right[1], c)
    plan.mark_both("waist_*", (c.waist, 0.0))
    plan.mark("crotch", fork, hidden=not told)
    for name, flip, leg in (("left", 1.0, left), ("right", -1.0, right)):
        plan.mark(f"cuff_{name}_outer", leg[0][-1] * np.array([flip, 1]))
        plan.mark(f"cuff_{name}_inner", leg[1][0] * np.array([flip, 1]))
    return plan


def _legs_cut(rng: Rng, *, short: bool) -> LegCut:
    waist = rng.uniform(15.5, 20)
    hip = waist * rng.uniform(1.05, 1.4)
    rise = rng.uniform(21, 34)
    style = str(
        rng.choice(["jeans", "chinos", "joggers", "leggings", "wide"], p=[0.35, 0.25, 0.15, 0.1, 0.15])
    )
    if short:
        length = rise + float(rng.choice([rng.uniform(2.5, 10), rng.uniform(9, 26)], p=[0.4, 0.6]))
        cuff = hip * rng.uniform(0.8, 1.12)
        feet = _spread(rng, hip * rng.uniform(0.52, 0.74), 0.8)
        return LegCut(waist, hip, rise, length, cuff, cuff, feet, style)
    length = rise + float(rng.choice([rng.uniform(48, 62), rng.uniform(60, 84)], p=[0.3, 0.7]))
    cuff = {
        "jeans": rng.uniform(7.5, 13),
        "chinos": rng.uniform(8, 14),
        "joggers": rng.uniform(6, 11),
        "leggings": rng.uniform(5, 8),
        "wide": rng.uniform(15, 30),
    }[style]
    overlap = float(rng.uniform(0.2, 1.6)) if rng.random() < 0.35 else 0.0
    knee = max(cuff * rng.uniform(0.85, 1.1), 9.5) if style != "wide" else cuff * rng.uniform(0.7, 0.95)
    spread = float(rng.choice([rng.uniform(0.35, 0.62), rng.uniform(0.6, 1.1)], p=[0.6, 0.4])) * hip
    feet = _spread(rng, max(spread, cuff * rng.uniform(0.42, 0.6)), 1.0)
    return LegCut(waist, hip, rise, length, cuff, knee, feet, style, overlap)


def _spread(rng: Rng, x: float, jitter: float) -> tuple[float, float]:
    """Where the two legs end: about `x` from the middle."""
    return x + rng.normal(0, jitter), x + rng.normal(0, jitter)


def _top(waist: float, sag: float) -> Points:
    """From the right waist corner to the left one."""
    t = np.linspace(-1, 1, 13)
    return np.stack([waist * t, sag * (1 - t**2)], axis=1)


def _leg(c: LegCut, side: int) -> tuple[Points, Points]:
    """The wearer's left leg as if it were the only one: its outer line down, its inner line up."""
    x = c.spread[side]
    outer, inner = np.array([x + c.cuff / 2, c.length]), np.array([x - c.cuff / 2, c.length + 0.15])
    knee_y = c.rise + (c.length - c.rise) * 0.45
    knee_x = (c.hip * 0.55 + x) / 2
    rows = [(c.waist, 0.0), (c.hip * 0.97, c.rise * 0.5), (c.hip, c.rise * 0.82)]
    if c.length - c.rise > 30:
        rows.append((max(knee_x + c.knee / 2, c.hip * 0.5), knee_y))
    down = smooth([*rows, tuple(outer)], 10)
    back = [tuple(inner)]
    if c.length - c.rise > 30:
        back.append((max(knee_x - c.knee / 2, 0.15), knee_y))
        if c.overlap > 0:
            back.append((-c.overlap, c.rise + (knee_y - c.rise) * 0.35))
    back.append((0.0, c.rise))
    return down, smooth(back, 12)


def _crotch(left: Points, right: Points, c: LegCut) -> tuple[tuple[float, float], bool]:
    """The first background to be seen between the legs, and whether it soon is more than a hair's breadth."""
    y = np.linspace(c.rise, c.length, 400)
    a = np.interp(y, left[::-1, 1], left[::-1, 0])
    b = -np.interp(y, right[::-1, 1], right[::-1, 0])
    extent = max(c.length, 2 * c.hip)
    seen, plain = (np.flatnonzero(a - b > gap * extent) for gap in (SEEN_GAP, PLAIN_GAP))
    at = int(seen[0]) if len(seen) else len(y) - 1
    opens = int(plain[0]) if len(plain) else len(y) - 1
    return (float((a[at] + b[at]) / 2), float(y[at])), bool(y[opens] - y[at] < VAGUE * extent)


def _waist_inside(plan: Plan, rng: Rng, waist: float, rise: float) -> None:
    back = _top(waist * 0.99, -rise)
    plan.add(
        Part(
            joined(back, pts((waist * 0.97, 4), (-waist * 0.97, 4))),
            name="inside",
            paint="inside",
            tone=rng.uniform(0.55, 0.9),
            shadow=0,
            folds=0.3,
        )
    )


def _leg_details(plan: Plan, rng: Rng, c: LegCut, left: tuple, right: tuple) -> None:
    band = rng.uniform(2.2, 5)
    elastic = c.style in ("joggers", "leggings") or rng.random() < 0.2
    _waist_band(plan, rng, c.waist, band, elastic=elastic)
    plan.add(Line(pts((0, band), (0, c.rise)), 0.3, -0.28, soft=0.12, within="trunk"))
    for _ in range(int(rng.integers(1, 5))):
        for turn in (lambda p: p, flipped):
            crease = bow(
                (rng.uniform(0.3, 2), c.rise - rng.uniform(0, 5)),
                (rng.uniform(5, 13), c.rise + rng.uniform(-3, 6)),
                0.08,
                8,
            )
            plan.add(Line(turn(crease), 0.5, -rng.uniform(0.04, 0.16), soft=0.4, within="trunk"))
    if plan.view == "front" and not elastic:
        _fly(plan, rng, c, band)
    _pockets(plan, rng, c, band, back=plan.view == "back")
    if plan.view == "back":
        backs.legs_back(plan, backs.behind(rng), c.hip, c.waist, band, elastic=elastic)
    for leg, turn in ((left, lambda p: p), (right, flipped)):
        _leg_end(plan, rng, c, leg, turn)
    _knees(plan, rng, c)


def _waist_band(plan: Plan, rng: Rng, waist: float, band: float, *, elastic: bool) -> None:
    front = _fronts(plan)
    strip = joined(_top(waist * 1.1, -1.5), moved(_top(waist * 1.1, 0.8), 0, band)[::-1])
    paint = str(rng.choice(["main", "trim", "button"], p=[0.76, 0.12, 0.12]))
    plan.add(
        Part(strip, name="band", paint=paint, shadow=0.15, bulge=0.4, folds=0.3, within="trunk", tone=0.99)
    )
    plan.add(Line(moved(_top(waist * 1.1, 0.8), 0, band), 0.25, -0.3, within="trunk"))
    if elastic:
        rows = np.linspace(-waist, waist, int(rng.integers(12, 26)))
        gathers = [pts((x, 0), (x, band + rng.uniform(0, 3))) for x in rows]
        plan.add(Line(gathers, 0.3, -0.15, soft=0.15, within="trunk"))
        if rng.random() < 0.6:
            for sign in (1, -1):
                end = (sign * rng.uniform(1, 4), band + rng.uniform(5, 14))
                front.add(Line(bow((sign * 0.8, band * 0.5), end, 0.08 * sign, 8), 0.5, paint="cord"))
    else:
        for x in (0.45, 0.85):
            for turn in (lambda p: p, flipped):
                plan.add(
                    Part(
                        turn(box(waist * x - 0.45, 0.2, waist * x + 0.45, band + 0.8)),
                        shadow=0.3,
                        folds=0,
                        bulge=0.3,
                        within="trunk",
                    )
                )
        front.add(
            Part(
                ring((0.6, band * 0.55), 0.8, count=12),
                paint=str(rng.choice(["button", "zip"])),
                shadow=0.4,
                folds=0,
                within="trunk",
            )
        )


def _fronts(plan: Plan) -> Plan:
    """Where that goes which only fronts have: into a plan that nobody paints if this is a back."""
    return plan if plan.view == "front" else Plan(plan.kind)


def _fly(plan: Plan, rng: Rng, c: LegCut, band: float) -> None:
    fly = joined(
        line((2.8, band), (2.7, c.rise * 0.52), 4), bow((2.7, c.rise * 0.52), (0.1, c.rise * 0.75), -0.2, 8)
    )
    plan.add(Line(fly * (float(rng.choice([1, -1])), 1.0), 0.18, -0.25, dash=(0.5, 0.3), within="trunk"))


def _pockets(plan: Plan, rng: Rng, c: LegCut, band: float, *, back: bool) -> None:
    if rng.random() < 0.15:
        return
    if back:
        x, y = c.hip * rng.uniform(0.25, 0.35), band + rng.uniform(4, 7)
        patch = pts((x, y), (x + 9, y), (x + 8.6, y + 8), (x + 4.5, y + 10), (x + 0.4, y + 8))
        for turn in (lambda p: p, flipped):
            plan.add(Part(turn(patch), shadow=0.16, folds=0.3, bulge=0.25, within="trunk"))
        return
    reach = rng.uniform(6, 14)
    pocket = bow((c.waist * rng.uniform(0.55, 0.8), band), (c.hip, band + reach), -rng.uniform(-0.05, 0.2), 8)
    for turn in (lambda p: p, flipped):
        plan.add(Line(turn(pocket), 0.3, -0.35, soft=0.1, within="trunk"))
    if rng.random() < 0.15:
        y = c.rise + rng.uniform(2, 8)
        for turn in (lambda p: p, flipped):
            plan.add(
                Part(
                    turn(box(c.hip * 0.62, y, c.hip * 1.0, y + 11)),
                    shadow=0.25,
                    folds=0.4,
                    bulge=0.4,
                    within="trunk",
                )
            )


def _leg_end(
    plan: Plan, rng: Rng, c: LegCut, leg: tuple[Points, Points], flip: Callable[[Points], Points]
) -> None:
    a, b = leg[0][-1], leg[1][0]
    out = (a - b) * 0.15
    if c.style == "joggers" and c.length > 60:
        tall = 5.0
        band = np.stack([a + out + (0, 1), b - out + (0, 1), b - out - (0, tall), a + out - (0, tall)])
        plan.add(Part(flip(band), paint="trim", shadow=0.15, folds=0.4, bulge=0.6, within="trunk"))
    else:
        up = np.array([0.0, 1.0 if c.style != "chinos" else 4.0])
        plan.add(Line(flip(np.stack([a + out - up, b - out - up])), 0.2, -0.25, within="trunk"))


def _knees(plan: Plan, rng: Rng, c: LegCut) -> None:
    if c.length < c.rise + 30:
        return
    crease = c.style == "chinos" and rng.random() < 0.5
    for side, turn in ((0, lambda p: p), (1, flipped)):
        x = c.spread[side]
        if crease:
            plan.add(
                Line(turn(line((c.hip * 0.5, c.rise), (x, c.length), 4)), 0.3, 0.06, soft=0.2, within="trunk")
            )
        for level in (0.45, 0.9):
            for _ in range(int(rng.integers(0, 4))):
                y = c.rise + (c.length - c.rise) * level + rng.normal(0, 4)
                m = c.hip * 0.55 * (1 - level) + x * level
                row = bow((m - c.cuff * 0.5, y), (m + c.cuff * 0.4, y + rng.normal(0, 2)), 0.1, 8)
                plan.add(Line(turn(row), 0.5, -rng.uniform(0.05, 0.15), soft=0.4, within="trunk"))


def skirt_plan(rng: Rng, kind: str, view: str, display: str) -> Plan:
    """A skirt."""
    plan = Plan(kind, view, display)
    waist = rng.uniform(13.5, 19)
    length = float(
        rng.choice([rng.uniform(32, 46), rng.uniform(46, 70), rng.uniform(70, 105)], p=[0.4, 0.35, 0.25])
    )
    flare = float(
        rng.choice(
            [rng.uniform(0.75, 1.05), rng.uniform(1.05, 1.6), rng.uniform(1.5, 2.7)], p=[0.3, 0.45, 0.25]
        )
    )
    hip = waist * rng.uniform(1.18, 1.45)
    hem = hip * flare
    if flare > 1.5:
        hip = waist + (hem - waist) * min(1.0, 18 / length) * rng.uniform(0.7, 1.1)
    if display == "mannequin":
        _half_figure(plan, rng, waist, 30.0, length, legs=True)
    if view == "front" and rng.random() < 0.75:
        _waist_inside(plan, rng, waist, rng.uniform(0, 2.0))
    side = smooth([(waist, 0.0), (hip, min(18.0, length * 0.4)), (hem, length)], 16)
    t = np.linspace(1, -1, 49)
    count, tall = rng.uniform(2, 9), rng.uniform(0, 1.6) * (flare > 1.1)
    drop = float(
        rng.choice([rng.uniform(0, 1.5), rng.uniform(1.5, 6), rng.uniform(-2, 0)], p=[0.6, 0.3, 0.1])
    )
    wave = tall * (np.sin(t * count * np.pi + 0.5) - np.sin(count * np.pi * np.sign(t) + 0.5) * np.abs(t))
    low = np.stack([hem * t, length + drop * (1 - t**2) + wave], axis=1)
    sag = rng.uniform(-0.6, 1.0)
    plan.add(Part(joined(_top(waist, sag), side, low, flipped(side)[::-1]), name="trunk", shadow=0.15))
    _skirt_details(plan, rng, waist, length, low, sag)
    plan.mark_both("waist_*", (waist, 0.0))
    plan.mark_both("hem_*", (hem, length))
    plan.mark("hem_center", low[24])
    return plan


def _skirt_details(plan: Plan, rng: Rng, waist: float, length: float, low: Points, sag: float) -> None:
    front = _fronts(plan)
    band = rng.uniform(1.5, 5)
    elastic = rng.random() < 0.35
    if rng.random() < 0.85:
        _waist_band(plan, rng, waist, band, elastic=elastic)
    pick = rng.random()
    top = moved(_top(waist, sag)[::-1], 0, band)
    if pick < 0.45:
        trims.pleats(plan, rng, top, low, int(rng.integers(4, 24)), strength=rng.uniform(0.06, 0.22))
    elif pick < 0.57:
        trims.buttons(front, rng, band + 2, length - 4)
        front.add(Line(line((1.5, band), (1.5, length), 3), 0.2, -0.2, within="trunk"))
    elif pick < 0.69:
        for share in ((0.55,), (0.36, 0.7))[int(rng.integers(2))]:
            tier = np.stack([np.linspace(60, -60, 40), np.full(40, length * share)], axis=1)
            plan.add(Line(tier, 0.5, -0.25, soft=0.2, within="trunk"))
            trims.pleats(plan, rng, tier, moved(tier, 0, 8), 30, strength=0.12)
    elif pick < 0.8:
        x = rng.uniform(-0.7, 0.7) * waist
        edge = bow((x, band), (x * 1.2 + rng.normal(0, 3), length + 4), 0.05, 10)
        front.add(Line(edge, 0.6, -0.35, soft=0.2, within="trunk"))
    if rng.random() < 0.12 and length > 38:
        x, tall = rng.uniform(-0.5, 0.5) * waist, rng.uniform(8, 25)
        plan.add(Part(pts((x, length - tall), (x + 1.5, length + 8), (x - 1.5, length + 8)), hole=True))
    if rng.random() < 0.2:
        for turn in (lambda p: p, flipped):
            front.add(
                Line(
                    turn(bow((waist * 0.6, band), (waist * 1.15, band + 10), -0.1, 8)),
                    0.3,
                    -0.3,
                    within="trunk",
                )
            )
    if plan.view == "back":
        backs.skirt_back(plan, backs.behind(rng), waist, band, length)


def _half_figure(plan: Plan, rng: Rng, waist: float, rise: float, length: float, *, legs: bool) -> None:
    """A mannequin's lower half, and above the waist a bare or dressed belly."""

    def skin(outline: Points, paint: str = "skin") -> Part:
        return Part(
            outline, paint=paint, garment=False, shadow=0.1, bulge=1.3, folds=0.7 if paint != "skin" else 0
        )

    tall = rng.uniform(4, 45)
    paint = "other" if tall > 10 and rng.random() < 0.6 else "skin"
    ribs = waist * rng.uniform(0.95, 1.15)
    half = smooth([(waist * 0.97, 3), (waist * 0.95, -3), (ribs, -tall)], 6)
    plan.add(skin(joined(half, flipped(half)[::-1]), paint))
    foot = max(length + rng.uniform(2, 10), rng.uniform(88, 108))
    for turn in (lambda p: p, flipped):
        side = smooth(
            [(waist * 0.9, 2), (waist * 1.1, rise * 0.7), (waist * 0.9, rise + 30), (waist * 0.62 + 2, foot)],
            6,
        )
        inner = smooth([(waist * 0.62 - 2.5, foot), (waist * 0.25, rise + 30), (0.2, rise + 3), (-2, 2)], 6)
        plan.add(skin(turn(ring((waist * 0.62, foot + 2), 3.3, 5.5))))
        plan.add(skin(turn(joined(side, inner))))
