"""Sleeves: outlines that hang, bend, spread, gather and flare, and where eyes see them part from the body."""

from dataclasses import dataclass

import numpy as np

from flixpose.garment.turns import SLOW, TURN_DEG, bend
from flixpose.studio.curves import Points, bow, joined, offset, smooth
from flixpose.studio.garments.cut import Cut, ridge, side_curve
from flixpose.studio.garments.plan import Line, Pair, Part, Plan, flipped, pts
from flixpose.studio.garments.telling import VAGUE, parting

Rng = np.random.Generator

_LEAVES = 0.55  # of a sleeve's upper line: what leaves the shoulder before the elbow
_CAP = 12.0  # units: a sleeve so short has no elbow


@dataclass
class Sleeve:
    """The wearer's left sleeve, in units.

    Attributes:
        over: from the shoulder tip to the outer cuff corner. under: from the inner corner to the armpit.
        end: from the outer corner to the inner one. axis: degrees of its lower part from vertical, outward.
        band: width of the cuff. style: how it ends. cap: too short for an elbow.
    """

    over: Points
    under: Points
    end: Points
    axis: float
    upper_axis: float
    band: float
    style: str
    elbow: Pair
    cap: bool = False


@dataclass
class SleeveCut:
    """A sleeve's numbers; both arms share them but for the pose.

    `hug` > 0: it hangs along the body and leaves a slit that is so wide at the cuff.
    """

    length: float
    cuff: float
    swell: float
    style: str
    band: float
    angle: float
    bend: float
    round: float
    hug: float = 0.0


def draw_sleeve_cut(rng: Rng, cut: Cut, *, long: bool, display: str, outwear: bool = False) -> SleeveCut:
    """A sleeve by lot."""
    if not long:
        return _short(rng, cut, display)
    length = float(rng.choice([rng.uniform(47, 54), rng.uniform(55, 76)], p=[0.15, 0.85]))
    cuff = float(
        rng.choice([rng.uniform(4.6, 7.5), rng.uniform(7, 10.5), rng.uniform(11, 20)], p=[0.5, 0.38, 0.12])
    )
    style = str(
        rng.choice(["plain", "band", "ribbed", "gathered", "ruffle"], p=[0.36, 0.2, 0.26, 0.12, 0.06])
    )
    pose = rng.random()
    if pose < 0.76:
        angle = rng.uniform(2, 14) + (3 if outwear else 0)
        bend = rng.uniform(-10, 8)
    elif pose < 0.93:
        angle, bend = rng.uniform(15, 38), rng.uniform(-30, 10)
    else:
        angle, bend = rng.uniform(35, 80), rng.uniform(-45, 15)
    if display == "mannequin" and pose > 0.6:
        angle, bend = rng.uniform(14, 30), rng.uniform(-55, -15)
    swell = rng.uniform(1.2, 1.7) if style == "gathered" else rng.uniform(0.9, 1.15)
    hug = float(rng.uniform(0.7, 4.0)) if pose < 0.3 and display != "mannequin" else 0.0
    return SleeveCut(
        length,
        cuff,
        swell,
        style,
        rng.uniform(2, 7),
        angle,
        bend,
        rng.uniform(0, 0.1),
        hug,
    )


def _short(rng: Rng, cut: Cut, display: str) -> SleeveCut:
    pick, fit = rng.random(), cut.armpit[0] / cut.shoulder[0]
    if pick > 0.93:
        return _cut_on(rng, cut)
    if pick < 0.13:
        length, angle, cuff = rng.uniform(5, 10), rng.uniform(26, 62), rng.uniform(7, 14)
    elif pick < 0.6:
        length, angle, cuff = rng.uniform(12, 23), rng.uniform(16, 56), rng.uniform(9, 16)
    else:
        length, angle, cuff = rng.uniform(22, 41), rng.uniform(6, 34), rng.uniform(7, 17)
    if fit > 1.0:
        cuff *= rng.uniform(1.0, 1.35)
    if display == "flat" and rng.random() < 0.5:
        angle = rng.uniform(38, 82)
    style = str(
        rng.choice(
            ["plain", "band", "ribbed", "gathered", "ruffle", "rolled"], p=[0.5, 0.1, 0.1, 0.12, 0.08, 0.1]
        )
    )
    swell = rng.uniform(1.1, 1.6) if style == "gathered" else 1.0
    return SleeveCut(
        length,
        cuff,
        swell,
        style,
        rng.uniform(1.2, 4),
        angle,
        rng.uniform(-12, 6),
        rng.uniform(0, 0.12),
    )


def _cut_on(rng: Rng, cut: Cut) -> SleeveCut:
    """A cap that is one piece with the trunk: its end runs from the cap's tip straight to the armpit."""
    length, angle = rng.uniform(4, 9), rng.uniform(30, 55)
    tip = np.asarray(cut.shoulder) + length * np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])
    cuff = float(np.linalg.norm(tip - cut.armpit)) * rng.uniform(0.85, 0.98)
    return SleeveCut(length, cuff, 1.0, "plain", 1.0, angle, 0.0, rng.uniform(0.0, 0.1))


def sew(rng: Rng, cut: Cut, sc: SleeveCut) -> Sleeve:
    """The sleeve's outline for one arm; the pose differs a little from arm to arm."""
    if sc.hug > 0:
        return _hugging(rng, cut, sc)
    tip, pit = np.asarray(cut.shoulder), np.asarray(cut.armpit)
    a1 = np.deg2rad(sc.angle + rng.normal(0, 2.0))
    a2 = a1 + np.deg2rad(sc.bend + rng.normal(0, 2.5))
    d1, d2 = (np.array([np.sin(a), np.cos(a)]) for a in (a1, a2))
    inward1, inward2 = (np.array([-np.cos(a), np.sin(a)]) for a in (a1, a2))
    joint = tip + d1 * sc.length * 0.48
    outer = joint + d2 * sc.length * 0.52
    inner = outer + inward2 * sc.cuff + d2 * rng.normal(0.0, 0.6)
    across = outer[0] < _deepest(inner[1], cut) + sc.cuff / 2  # the forearm lies on the body
    if not across:
        inner[0] = max(inner[0], _deepest(inner[1], cut))
    root = float(np.linalg.norm(pit - tip))
    wide = (0.45 * min(root, 20.0) + 0.55 * sc.cuff) * sc.swell
    middle = (inward1 + inward2) / np.linalg.norm(inward1 + inward2)
    puff = max(sc.swell - 1.0, 0.0) * 5.0
    elbow_out = joint - middle * (puff + 0.6)
    elbow_in = elbow_out + middle * (wide + puff)
    over = _over(tip, elbow_out, outer, sc, cut)
    under = smooth([inner, _below(elbow_in, pit, inner), pit], 14)
    if not across:
        under[1:, 0] = np.maximum(under[1:, 0], _deepest(under[1:, 1], cut))
    end = _end(rng, outer, inner, sc)
    return Sleeve(
        over,
        under,
        end,
        float(np.rad2deg(a2)),
        float(np.rad2deg(a1)),
        sc.band,
        sc.style,
        (float(joint[0]), float(joint[1])),
        sc.length < _CAP,
    )


def _deepest(y: np.ndarray, cut: Cut) -> np.ndarray:
    """How far in over the body a sleeve's inner line may reach: x at each y."""
    side = side_curve(cut)
    return np.asarray(np.interp(y, side[:, 1], side[:, 0])) - 4.0


def _hugging(rng: Rng, cut: Cut, sc: SleeveCut) -> Sleeve:
    """A sleeve that hangs straight down beside the body."""
    tip, pit, side = np.asarray(cut.shoulder), np.asarray(cut.armpit), side_curve(cut)
    start, low = pit[1] + rng.uniform(-1, 8), tip[1] + sc.length
    y = np.linspace(start, low, 9)
    t = (y - start) / (low - start)
    level = np.interp(y, side[:, 1], side[:, 0])
    if rng.random() < 0.5:
        level = np.maximum.accumulate(level)
    x = level - 0.1 + (sc.hug + 0.1) * t ** rng.uniform(0.6, 1.5)
    far = x + sc.cuff + max(11.0 - sc.cuff, 0.0) * (1 - t) ** 1.3
    inner, outer = np.array([x[8], low]), np.array([x[8] + sc.cuff, low - rng.uniform(-0.5, 1.5)])
    under = smooth(pts(inner, (x[5], y[5]), (x[2], y[2]), (x[0], y[0]), pit), 10)
    over = smooth(pts(tip, (max(far[1], tip[0] + 0.5), y[1]), (far[5], y[5]), outer), 10)
    joint = (float((x[4] + far[4]) / 2), float(y[4]))
    return Sleeve(over, under, _end(rng, outer, inner, sc), 2.0, 2.0, sc.band, sc.style, joint)


def _below(elbow: np.ndarray, pit: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The under line's middle point: never above the line's own ends in a short sleeve."""
    straight = (pit + inner) / 2
    return straight * 0.5 + elbow * 0.5 if np.linalg.norm(inner - pit) < 14 else elbow


def _over(tip: np.ndarray, elbow: np.ndarray, outer: np.ndarray, sc: SleeveCut, cut: Cut) -> Points:
    goal = elbow if sc.length >= _CAP else outer
    reach = float(np.linalg.norm(goal - tip))
    down, slope = (goal - tip) / reach, np.array([cut.shoulder[0] - cut.neck, cut.shoulder[1]])
    start = down * (1 - cut.soft / 2) + slope / np.linalg.norm(slope) * cut.soft / 2
    cap = tip + start / np.linalg.norm(start) * reach * 0.28
    cap = cap + np.array([1.6, -0.8]) * (sc.round * 14 * (1 - cut.soft) + max(sc.swell - 1, 0) * 4)
    return smooth([tip, cap, elbow, outer] if sc.length >= _CAP else [tip, cap, outer], 10)


def _end(rng: Rng, outer: np.ndarray, inner: np.ndarray, sc: SleeveCut) -> Points:
    if sc.style != "ruffle":
        return bow(outer, inner, float(rng.uniform(-0.07, 0.03)), 10)
    base = bow(outer, inner, -0.05, 41)
    wave = np.sin(np.linspace(0, np.pi * 2 * rng.integers(3, 7), 41)) * np.sin(np.linspace(0, np.pi, 41))
    return base + offset(base, 1.0) * 0 + (base - offset(base, 1.0)) * (0.6 * wave)[:, None]


def outline(s: Sleeve, cut: Cut) -> Points:
    """Closed; it runs in under the trunk."""
    inside = np.array(
        [(cut.armpit[0] - 4.5, cut.armpit[1] - 0.5), (cut.shoulder[0] - 5.0, cut.shoulder[1] + 0.9)]
    )
    return joined(s.over, s.end, s.under, inside)


def overlap(s: Sleeve, cut: Cut) -> float:
    """How far the inner cuff corner reaches in over the body."""
    side = side_curve(cut)
    x, y = s.end[-1]
    return float(np.interp(y, side[:, 1], side[:, 0]) - x) if y < side[-1, 1] else 0.0


def shoulder_turn(s: Sleeve, cut: Cut, *, seam: bool) -> tuple[Pair, bool]:
    """Where the contour turns from the shoulder's slope into the sleeve's: half of the way round.

    Also whether that can be told: one that turns ever so slowly has no tip, one that hardly turns has it
    where a plain `seam` ends, and where such a seam ends far from the turn nobody knows which is meant.
    """
    turn = bend(joined(ridge(cut)[3:], s.over[: len(s.over) if s.cap else int(len(s.over) * _LEAVES)]))
    if turn.degrees < TURN_DEG:
        return cut.shoulder, seam
    reach = VAGUE * extent(s, cut)
    at_seam = float(np.linalg.norm(np.subtract(turn.at, cut.shoulder))) < reach
    return turn.at, turn.slow < SLOW * extent(s, cut) and (at_seam or not seam)


def extent(s: Sleeve, cut: Cut) -> float:
    """The garment's longer side in units, about."""
    return max(cut.hem[1], 2 * float(s.over[:, 0].max()))


def add_sleeve(plan: Plan, s: Sleeve, cut: Cut, side: int, paint: str, trim: str, *, over: bool) -> None:
    """Put the sleeve of one side (+1 = the wearer's left) into the plan."""
    turn = (lambda p: p) if side > 0 else flipped
    axis, name = -s.axis * side, f"sleeve{side}"
    plan.add(Part(turn(outline(s, cut)), name=name, paint=paint, axis=axis, shadow=0.28, bulge=1.1))
    if over:
        plan.add(Line([turn(s.under), turn(s.end)], 0.45, -0.3, soft=0.25))
    _add_elbow(plan, s, side, name)
    _add_cuff(plan, s, side, trim, name, axis)


def _add_elbow(plan: Plan, s: Sleeve, side: int, name: str) -> None:
    if abs(s.axis - s.upper_axis) < 12:
        return
    x, y = s.elbow
    for k in range(3):
        crease = bow((x - 5, y + 2 * k - 2), (x + 1, y + k), 0.12, 8)
        plan.add(Line(crease if side > 0 else flipped(crease), 0.5, -0.12, soft=0.35, within=name))


def _add_cuff(plan: Plan, s: Sleeve, side: int, trim: str, name: str, axis: float) -> None:
    turn = (lambda p: p) if side > 0 else flipped
    back = -np.array([np.sin(np.deg2rad(s.axis)), np.cos(np.deg2rad(s.axis))])
    wide = s.end + (s.end - s.end.mean(axis=0)) * 0.25
    if s.style in ("band", "ribbed", "rolled"):
        band = joined(wide - back * 0.6, (wide + back * s.band)[::-1])
        plan.add(
            Part(
                turn(band),
                paint=trim,
                axis=axis,
                shadow=0.3 if s.style == "rolled" else 0.12,
                folds=0.3,
                bulge=0.7,
                within=name,
                tone=0.97,
            )
        )
        plan.add(Line(turn(wide + back * s.band), 0.2, -0.25, within=name))
    elif s.style == "gathered":
        rows = [s.end[int(k * (len(s.end) - 1))] for k in np.linspace(0.08, 0.92, 7)]
        plan.add(
            Line([turn(np.stack([at, at + back * 5])) for at in rows], 0.35, -0.14, soft=0.25, within=name)
        )
    else:
        plan.add(Line(turn(wide + back * 1.4), 0.15, -0.16, dash=(0.5, 0.3), within=name))


def mark_sleeve(plan: Plan, s: Sleeve, cut: Cut, side: int, trunk: Points, *, over: bool, seam: bool) -> None:
    """The true places of one sleeve's landmarks; `trunk` as it is painted, `seam`: the armhole's is plain."""
    name = "left" if side > 0 else "right"
    flip = np.array([side, 1.0])
    seen = parting(s.end, s.under, trunk, side_curve(cut), extent(s, cut), over=over)
    plan.mark(f"armpit_{name}", seen.fork * flip, hidden=not seen.told)
    tip, told = shoulder_turn(s, cut, seam=seam)
    plan.mark(f"shoulder_{name}", tip * flip, hidden=not told)
    plan.mark(f"cuff_{name}_outer", s.end[0] * flip)
    plan.mark(f"cuff_{name}_inner", seen.inner * flip)
