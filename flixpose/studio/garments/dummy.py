"""What wears the garment: torsos with a neck stump, full figures with heads and limbs, stands."""

from collections.abc import Sequence

import numpy as np

from flixpose.studio.curves import Points, bow, joined, smooth
from flixpose.studio.garments.cut import Cut, ridge
from flixpose.studio.garments.plan import Pair, Part, Plan, box, flipped, moved, pts, ring
from flixpose.studio.garments.sleeves import Sleeve

Rng = np.random.Generator


def behind(plan: Plan, rng: Rng, cut: Cut, rests: Sequence[Pair] = ()) -> None:
    """Legs, trousers, a stand, the chest and bare arms: all that the garment is laid over.

    Args:
        rests: where a sleeveless garment lies on the left shoulder, from the neck outwards, in units.
    """
    full = rng.random() < 0.45
    low = cut.hem[1]
    hip = min(cut.hip[0] * 0.95, 19.0)
    if full:
        _legs(plan, rng, hip, max(cut.hip[1] - 4, 44.0), dressed=low < 85 and rng.random() < 0.6)
    else:
        _stump(plan, rng, hip, cut, low)
    if cut.sleeved:
        top = _clothed_shoulder(cut)
    else:
        top = _bare_shoulder(rng, cut, rests or ((cut.neck, 0.0), cut.shoulder))
    chest = min(cut.armpit[0] * 0.94, 18.0)
    half = smooth(
        [
            *top,
            (chest, cut.armpit[1] + 1),
            (min(cut.waist[0] * 0.9, 15), cut.waist[1]),
            (min(hip, 16.5), cut.waist[1] + 12),
        ],
        6,
    )
    plan.add(_skin(joined(half, flipped(half)[::-1])))
    if not cut.sleeved:
        _bare_arms(plan, rng, top[-1], full=full)


def _clothed_shoulder(cut: Cut) -> list[Pair]:
    """From the neck along the shoulder, just under the cloth that lies on it."""
    tip = min(cut.shoulder[0] * 0.92, cut.armpit[0] * 0.98, 18.5)
    line = ridge(cut)
    cloth = np.interp((tip * 0.75, tip), line[:, 0], line[:, 1])
    return [
        (3.8, -7.0),
        (4.2, -1.5),
        (tip * 0.75, max(1.8, float(cloth[0]) + 1.3)),
        (tip, max(6.5, float(cloth[1]) + 1.5)),
    ]


def _bare_shoulder(rng: Rng, cut: Cut, rests: Sequence[Pair]) -> list[Pair]:
    """From the neck along the shoulder, just under what rests on it, to the outside of the upper arm."""
    (x0, y0), (x, y) = rests[0], rests[-1]
    wide = float(np.clip(max(cut.armpit[0] + rng.uniform(0.5, 5), x + rng.uniform(1, 4)), 17, 26))
    fall = y + rng.uniform(0.2, 0.4) * (wide - x)
    ridge = [(float(px), float(py) + 0.5) for px, py in rests if px > 5.5]
    if x0 > 9:
        ridge.insert(0, (0.5 * (x0 + 4.3), 0.3 * y0 - rng.uniform(0.2, 0.9)))
    if wide - x > 9:
        ridge.append((x + 0.55 * (wide - x), y + 0.45 * (fall - y) + 0.6))
    return [(3.8, -7.0), (4.3, -2.2), *ridge, (wide - 1.8, fall + 1.4), (wide, fall + 5.5)]


def _skin(outline: Points, tone: float = 1.0, axis: float = 0.0) -> Part:
    return Part(outline, paint="skin", garment=False, shadow=0.15, tone=tone, axis=axis, solid=True)


def _bare_arms(plan: Plan, rng: Rng, outside: Pair, *, full: bool) -> None:
    """From the outside of the shoulder; busts and some torsos have none."""
    if not full and rng.random() < 0.3:
        return
    wide, end = rng.uniform(0.8, 1.25), _arm_end(rng)
    spread = rng.uniform(3, 40) if rng.random() < 0.5 else rng.uniform(3, 16)
    x, y = outside
    for turn in (lambda p: p, flipped):
        a, b = spread + rng.normal(0, 2), rng.uniform(-22, 14)
        widths = (4.6 * wide, 3.6 * wide, 2.4 * wide)
        root = (x - 4.5 * wide * float(np.cos(np.deg2rad(a))), y + 1.0)
        plan.add(_skin(turn(_limb(root, a, b, 24.0, 22.0, widths, end))))


def _arm_end(rng: Rng) -> str:
    return str(rng.choice(["hand", "stump", "taper"]))


def _limb(
    root: tuple[float, float],
    a: float,
    b: float,
    upper: float,
    lower: float,
    widths: tuple[float, float, float],
    end: str = "hand",
) -> Points:
    """A limb bent at its middle: angles in degrees from vertical, outward; it ends in a hand or without."""
    d1, d2 = (np.array([np.sin(np.deg2rad(v)), np.cos(np.deg2rad(v))]) for v in (a, a + b))
    p0 = np.asarray(root)
    p1, p2 = p0 + d1 * upper, p0 + d1 * upper + d2 * lower
    n1, n2 = np.array([d1[1], -d1[0]]), np.array([d2[1], -d2[0]])
    reach, knuckles = {"hand": (8.0, 1.3), "stump": (3.6, 0.95), "taper": (9.0, 0.75)}[end]
    tip = p2 + d2 * reach
    side = smooth(
        [
            p0 + n1 * widths[0],
            p1 + n1 * widths[1],
            p2 + n2 * widths[2],
            p2 + d2 * 3 + n2 * widths[2] * knuckles,
            tip,
        ],
        6,
    )
    other = smooth(
        [
            tip,
            p2 + d2 * 3 - n2 * widths[2] * knuckles,
            p2 - n2 * widths[2],
            p1 - n1 * widths[1],
            p0 - n1 * widths[0],
        ],
        6,
    )
    return joined(side, other)


def arm(plan: Plan, rng: Rng, s: Sleeve, side: int) -> None:
    """A hand, or an arm that goes on from a short sleeve; only on mannequins."""
    if plan.display != "mannequin" or rng.random() < 0.25:
        return
    middle = s.end.mean(axis=0)
    back = np.array([np.sin(np.deg2rad(s.axis)), np.cos(np.deg2rad(s.axis))])
    wide = min(float(np.linalg.norm(s.end[0] - s.end[-1])) * 0.36, 4.0)
    long_ = "long_sleeve" in plan.kind
    bend = rng.uniform(-20, 8)
    shape = _limb(
        tuple(middle - back * 4),
        s.axis,
        bend,
        6.0 if long_ else 12.0,
        3.0 if long_ else 22.0,
        (wide, wide * 0.85, min(wide * 0.7, 2.8)),
        _arm_end(rng),
    )
    plan.add(_skin(shape if side > 0 else flipped(shape)))


def neck(plan: Plan, rng: Rng, cut: Cut, *, bare: bool = False) -> None:
    """Neck, and on full figures a head, painted over the inside of the back; `bare`: no back is seen."""
    wide = min(cut.neck * 0.9, rng.uniform(4.2, 6.6))
    tall = rng.uniform(3, 11)
    pick = rng.random()
    dome = [(0.0, -tall - rng.uniform(0.3, 1.6)), (wide * 0.6, -tall - 0.3)] if pick > 0.6 else []
    base = smooth(
        [
            *dome,
            (wide * 0.93, -tall + (0.6 if dome else 0.0)),
            (wide * 0.95, -2.5),
            (min(wide * 1.5, cut.neck * 1.1), 0.6),
            (min(cut.neck * 0.98, wide * 1.7) if bare else cut.neck * 0.98, 2.0),
        ],
        6,
    )
    below = pts((cut.neck * 0.95, max(cut.front, 3) + 3), (0, max(cut.front, 3) + 6))
    if bare:
        below = pts((wide, 6.0), (0.0, 8.0))
    elif plan.view == "back":
        below = pts((cut.neck, 3.0), (0, 4.0))
    plan.add(_skin(joined(base, below, flipped(joined(base, below))[::-1])))
    if pick < 0.22:
        _head(plan, rng, tall)
    elif pick < 0.6:
        plan.add(
            Part(
                ring((0, -tall), wide * 0.93, wide * 0.2),
                paint=str(rng.choice(["skin", "wood"])),
                garment=False,
                shadow=0,
                folds=0,
                tone=0.8,
                bulge=0.5,
            )
        )
        if rng.random() < 0.4:
            plan.add(
                Part(
                    joined(ring((0, -tall - 2.5), 1.3, 2.6)), paint="wood", garment=False, shadow=0.2, folds=0
                )
            )


def _head(plan: Plan, rng: Rng, tall: float) -> None:
    y = -tall - 7
    plan.add(
        _skin(
            smooth(
                [
                    (0, y - 12),
                    (7, y - 8),
                    (7.6, y),
                    (5.6, y + 7),
                    (0, y + 11),
                    (-5.6, y + 7),
                    (-7.6, y),
                    (-7, y - 8),
                    (0, y - 12),
                ],
                5,
            )
        )
    )
    if rng.random() < 0.35:
        hair = smooth(
            [
                (-8.4, y + rng.uniform(-1, 14)),
                (-8.6, y - 5),
                (0, y - 13.5),
                (8.6, y - 5),
                (8.4, y + rng.uniform(-1, 14)),
                (6.5, y - 4),
                (0, y - 8),
                (-6.5, y - 4),
            ],
            5,
        )
        plan.add(Part(hair, paint="hair", garment=False, shadow=0.2, folds=1.2))


def _legs(plan: Plan, rng: Rng, hip: float, top: float, *, dressed: bool) -> None:
    """Bare or dressed legs from the hip down."""
    paint = "other" if dressed else "skin"
    wide = rng.uniform(4.5, 9.0) if dressed else rng.uniform(3.0, 4.2)
    pose = rng.normal(0, 2, 2)
    foot = 128.0
    for k, turn in enumerate((lambda p: p, flipped)):
        side = smooth(
            [
                (hip * 0.95, top - 12),
                (hip, top + 2),
                (hip * 0.86 + pose[k], top + 36),
                (8 + wide * 0.5 + pose[k], foot),
            ],
            6,
        )
        inner = smooth(
            [
                (8 - wide * 0.7 + pose[k], foot),
                (4 + pose[k] * 0.5, top + 38),
                (0.2, top + 14),
                (-2, top - 12),
            ],
            6,
        )
        plan.add(_skin(turn(ring((8.5 + pose[k], foot + 3), 3.4, 6.0))))
        plan.add(
            Part(
                turn(joined(side, inner)),
                paint=paint,
                garment=False,
                shadow=0.1,
                bulge=1.2,
                folds=0.9 if dressed else 0,
            )
        )


def _stump(plan: Plan, rng: Rng, hip: float, cut: Cut, low: float) -> None:
    """A torso's lower end and, sometimes, its pole and foot."""
    end = max(cut.hip[1] + rng.uniform(-4, 8), 40.0)
    if rng.random() < 0.7:
        half = rng.uniform(0.7, 1.6)
        floor = max(low, end) + rng.uniform(15, 60)
        plan.add(Part(box(-half, end - 5, half, floor), paint="wood", garment=False, shadow=0, folds=0))
        plan.add(Part(_foot(rng, floor), paint="wood", garment=False, shadow=0.1, folds=0))
    shape = smooth(
        [
            (min(cut.waist[0] * 0.9, 15), cut.waist[1] - 4),
            (hip, end - 8),
            (hip * 0.8, end),
            (0, end + rng.uniform(0, 3)),
        ],
        6,
    )
    plan.add(_skin(joined(shape, flipped(shape)[::-1])))


def _foot(rng: Rng, floor: float) -> Points:
    if rng.random() < 0.5:
        return ring((0, floor), rng.uniform(9, 16), 2.4)
    wide = rng.uniform(10, 16)
    return joined(
        bow((0, floor - 7), (wide, floor + 4), 0.12, 8),
        bow((wide - 1.5, floor + 4.5), (0, floor - 4), -0.1, 8),
        bow((0, floor - 4), (-wide + 1.5, floor + 4.5), -0.1, 8),
        bow((-wide, floor + 4), (0, floor - 7), 0.12, 8),
    )


def hanger(plan: Plan, rng: Rng, reach: float, slope: float) -> None:
    """Arms and a hook behind the garment; drawn first."""
    arms = joined(bow((0, -2.2), (reach, slope), 0.03, 10), bow((reach, slope + 2.0), (0, 0.6), -0.03, 10))
    hook = smooth([(0, -2), (0, -7), (2.6, -9.5), (1.5, -13), (-1.8, -12.2), (-2.4, -10.4)], 5)
    paint = str(rng.choice(["wood", "zip", "button"]))
    for turn in (lambda p: p, flipped):
        plan.steps.insert(0, Part(turn(arms), paint=paint, garment=False, shadow=0.1, folds=0, bulge=1.0))
    wire = joined(moved(hook, 0.3, 0), moved(hook[::-1], -0.3, 0))
    plan.steps.insert(0, Part(wire, paint="zip", garment=False, shadow=0, folds=0, bulge=0.3))
