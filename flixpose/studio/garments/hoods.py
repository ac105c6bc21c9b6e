"""Hoods: lying on the shoulders, laid open like a bowl, raised, fallen together; and their landmarks."""

from dataclasses import dataclass

import numpy as np

from flixpose.studio.curves import bow, joined, line, smooth
from flixpose.studio.garments.cut import Cut
from flixpose.studio.garments.necks import ridge_at
from flixpose.studio.garments.plan import Line, Pair, Part, Plan, flipped, moved, pts

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Hood:
    """How a hood lies: units from the middle to its sides, and its height; laid open like a bowl or not."""

    wide: float
    tall: float
    broad: bool = False


def hood_down(plan: Plan, rng: Rng, cut: Cut, *, back_view: bool) -> Hood:
    """A hood lying on the shoulders, drawn before the front. Neck points: where it meets the shoulders."""
    broad = not back_view and rng.random() < 0.6
    hood = Hood(
        cut.neck * rng.uniform(1.25, 2.1 if broad else 1.7), rng.uniform(4, 12 if broad else 9), broad
    )
    wide = hood.wide
    lobe = smooth(_lobe(rng, hood), 8)
    low = rng.uniform(10, 17) if back_view else cut.front + 1.5
    foot = smooth([(-wide, 2.5), (-wide * 0.8, low * 0.6), (0, low), (wide * 0.8, low * 0.6), (wide, 2.5)], 8)
    shape = joined(lobe, flipped(lobe)[::-1], foot)
    plan.add(Part(shape, name="hood", paint="main", shadow=0.3, bulge=1.3, folds=1.3, axis=90))
    if not back_view:
        _hood_mouth(plan, rng, cut, hood)
    plan.mark_both("neck_*", ridge_at(cut, wide))
    plan.mark("neck_front", (0.0, cut.front), hidden=back_view)
    plan.mark("neck_back", (0.0, cut.back), hidden=back_view or plan.display == "mannequin")
    return hood


def _lobe(rng: Rng, hood: Hood) -> list[Pair]:
    """Half of a lying hood's outline, from the shoulder up: full, or slanting to a narrower top."""
    wide, tall = hood.wide, hood.tall
    if not hood.broad:
        return [
            (wide, 2.5),
            (wide * 1.02, -tall * 0.45),
            (wide * 0.72, -tall * 0.95),
            (0, -tall * rng.uniform(0.8, 1.1)),
        ]
    corner, full = rng.uniform(0.6, 0.85), rng.uniform(0.0, 1.0)
    side = wide * (full * 1.02 + (1 - full) * (0.7 + 0.3 * corner))
    return [
        (wide, 1.0 + 1.5 * full),
        (side, -tall * (0.5 - 0.25 * full)),
        (wide * corner, -tall * 0.95),
        (0, -tall * rng.uniform(0.95, 1.1)),
    ]


def _hood_mouth(plan: Plan, rng: Rng, cut: Cut, hood: Hood) -> None:
    """The inside of a hood that lies on the shoulders."""
    wide, tall = hood.wide, hood.tall
    if hood.broad:
        rim = rng.uniform(0.75, 0.92)
        half = [(wide * 0.74, -tall * 0.3), (wide * 0.52, -tall * (rim - 0.06))]
        top = (0.0, -tall * rim)
    else:
        half, top = [(wide * 0.75, 2), (wide * 0.55, -tall * 0.5)], (0.0, -tall * 0.62)
    mouth = smooth([*half, top, *((-x, y) for x, y in half[::-1])], 8)
    shape = joined(mouth, pts((0, cut.front + 1)))
    tone = rng.uniform(0.5, 0.9)
    paint = "main" if hood.broad and rng.random() < 0.5 else "inside"
    plan.add(Part(shape, name="inside", paint=paint, tone=tone, shadow=0.2, bulge=0.9))
    if hood.broad and rng.random() < 0.6:
        plan.add(Line(mouth * (1.08, 1.08), 0.18, -0.2, dash=(0.6, 0.4), within="hood"))


def hood_up(plan: Plan, rng: Rng, cut: Cut, *, back_view: bool) -> Hood:
    """A raised hood with its opening, or one that fell together and shows none."""
    seen = not back_view and plan.display != "mannequin"
    if seen and rng.random() < 0.5:
        hood = _fallen_hood(plan, rng, cut)
    else:
        hood = Hood(cut.neck * rng.uniform(1.0, 1.4), rng.uniform(22, 31))
        _raised_hood(plan, rng, cut, hood, back_view=back_view)
    plan.mark_both("neck_*", ridge_at(cut, hood.wide))
    plan.mark("neck_front", (0.0, cut.front), hidden=back_view)
    plan.mark("neck_back", (0.0, cut.back), hidden=not seen)
    return hood


def _raised_hood(plan: Plan, rng: Rng, cut: Cut, hood: Hood, *, back_view: bool) -> None:
    wide, tall = hood.wide, hood.tall
    lean = rng.uniform(0.8, 1.15)
    half = smooth(
        [
            (wide, 3),
            (wide * 1.05, -2),
            (wide * 1.35 * lean, -tall * 0.4),
            (wide * 0.9 * lean, -tall * 0.85),
            (0, -tall),
        ],
        8,
    )
    low = max(cut.front, 3.0) + 1.5
    foot = smooth([(-wide, 3), (-wide * 0.8, low * 0.7), (0, low), (wide * 0.8, low * 0.7), (wide, 3)], 6)
    shell = joined(half, flipped(half)[::-1], foot)
    plan.add(Part(shell, name="hood", paint="main", shadow=0.25, bulge=1.3, folds=1.2))
    if back_view:
        plan.add(Line(line((0, -tall), (0, 2)), 0.25, -0.25, within="hood"))
        return
    mouth = smooth(
        [(wide * 0.35, 1.5), (wide * 0.8, -tall * 0.32), (wide * 0.6, -tall * 0.7), (0, -tall * 0.84)], 8
    )
    plan.add(
        Part(
            joined(mouth, flipped(mouth)[::-1]),
            name="inside",
            paint="inside",
            tone=rng.uniform(0.4, 0.8),
            shadow=0.25,
            within="hood",
        )
    )


def _fallen_hood(plan: Plan, rng: Rng, cut: Cut) -> Hood:
    """Laid flat above the neck: a cone of folds whose rim rolls from shoulder to shoulder."""
    hood = Hood(cut.neck * rng.uniform(1.2, 1.8), rng.uniform(15, 27))
    wide, tall, drop = hood.wide, hood.tall, float(ridge_at(cut, hood.wide)[1])
    side = smooth(
        [
            (wide, drop + rng.uniform(-0.5, 1.5)),
            (wide * rng.uniform(1.0, 1.14), drop - 3.0),
            (wide * rng.uniform(0.72, 0.95), -tall * 0.42),
            (wide * rng.uniform(0.35, 0.6), -tall * 0.8),
            (wide * rng.uniform(0.03, 0.14), -tall),
        ],
        8,
    )
    rim = smooth(
        [
            (-wide, drop),
            (-wide * 0.55, cut.back * 0.6),
            (0, cut.back + 0.6),
            (wide * 0.55, cut.back * 0.6),
            (wide, drop),
        ],
        8,
    )
    plan.add(Part(joined(side, flipped(side)[::-1], rim), name="hood", shadow=0.3, bulge=1.2, folds=1.6))
    seam = line((0, -tall), (rng.uniform(-1, 1), cut.back - rng.uniform(3, 9)), 6)
    runs = [bow((x * wide, -tall * 0.15), (x * wide * 0.25, -tall * 0.9), 0.08 * x, 8) for x in (-0.6, 0.55)]
    plan.add(
        Line(seam, 0.3, -0.25, soft=0.1, within="hood"),
        Line(runs, 0.7, -rng.uniform(0.08, 0.25), soft=0.4, within="hood"),
        Line(rim - (0, rng.uniform(1.5, 3.0)), 0.2, -0.2, within="hood"),
    )
    return hood


def hood_front(plan: Plan, rng: Rng, cut: Cut, hood: Hood) -> None:
    """The two edges of a hood that cross at the throat, and its cords; drawn over the front."""
    throat = (-0.8, cut.front + 0.8)
    if hood.broad:
        side, top = moved(ridge_at(cut, hood.wide * 0.98), 0, 0.6), (hood.wide * 0.74, -hood.tall * 0.3)
        bulges = rng.uniform(-0.18, -0.04), rng.uniform(0.0, 0.12)
    else:
        side, top, bulges = pts(cut.neck * 1.15, -1.0), (cut.neck * 0.713, -2.5), (-0.12, 0.12)
    lap = joined(bow(side, throat, bulges[0], 10), bow(throat, top, bulges[1], 10))
    for turn in (flipped, lambda p: p):
        plan.add(Part(turn(lap), paint="main", shadow=0.3, bulge=0.8, folds=0.4))
    for sign in (1, -1):
        if rng.random() < 0.85:
            x, long = sign * rng.uniform(1.2, 3.5), rng.uniform(6, 20)
            cord = smooth(
                [
                    (x, cut.front + 0.5),
                    (x * 1.3 + rng.normal(0, 0.8), cut.front + long * 0.5),
                    (x * 1.2 + rng.normal(0, 1.5), cut.front + long),
                ],
                8,
            )
            plan.add(Line(cord, rng.uniform(0.35, 0.8), paint="cord"))
