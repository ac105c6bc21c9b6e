"""What surrounds a neck: the inner back, bands, collars; and where the landmarks go."""

import numpy as np

from flixpose.studio.curves import Points, bow, joined
from flixpose.studio.garments.cut import Cut, back_curve, neck_curve
from flixpose.studio.garments.plan import Line, Part, Plan, box, flipped, pts

Rng = np.random.Generator


def inner_back(plan: Plan, rng: Rng, cut: Cut, *, band: float, trim: str) -> None:
    """The inside of the back that shows above the front neckline, with its label."""
    inside = joined(back_curve(cut), neck_curve(cut, 0.8))
    plan.add(
        Part(
            inside,
            name="inside",
            paint="inside",
            tone=rng.uniform(0.55, 1.0),
            shadow=0.0,
            bulge=0.6,
            folds=0.5,
        )
    )
    if band > 0.4:
        rib = joined(back_curve(cut), back_curve(cut, band)[::-1])
        plan.add(
            Part(
                rib, paint=trim, tone=rng.uniform(0.75, 0.98), shadow=0.2, bulge=0.3, folds=0, within="inside"
            )
        )
    else:
        plan.add(Line(back_curve(cut, 0.5), 0.25, -0.2, within="inside"))
    if rng.random() < 0.55:
        _label(plan, rng, cut, band)


def _label(plan: Plan, rng: Rng, cut: Cut, band: float) -> None:
    half, top = rng.uniform(1.0, 2.8), cut.back + max(band, 0.4) * 0.9 + rng.uniform(-0.6, 0.6)
    tall = rng.uniform(0.8, 2.6)
    plan.add(
        Part(
            box(-half, top, half, top + tall), paint="label", shadow=0.2, folds=0, bulge=0.2, within="inside"
        )
    )
    plan.add(
        Line(
            pts((-half * 0.6, top + tall * 0.5), (half * 0.6, top + tall * 0.5)), 0.35, -0.5, within="inside"
        )
    )


def neck_band(plan: Plan, rng: Rng, cut: Cut, width: float, trim: str, *, back_view: bool = False) -> None:
    """The rib or binding round the opening; a bare stitched edge where there is none."""
    curve = (
        (lambda inset=0.0: back_curve(cut, inset))
        if back_view
        else (lambda inset=0.0: neck_curve(cut, inset))
    )
    if width > 0.4:
        ring_ = joined(curve(), curve(width)[::-1])
        plan.add(
            Part(
                ring_,
                paint=trim,
                shadow=0.22,
                bulge=0.5,
                folds=0.2,
                within="trunk",
                tone=rng.uniform(0.94, 1.03),
            )
        )
        if rng.random() < 0.6:
            plan.add(Line(curve(width + 0.4), 0.15, -0.15, dash=(0.5, 0.3), within="trunk"))
    else:
        plan.add(Line(curve(0.8), 0.18, -0.2, within="trunk"))
    plan.add(Line(curve(0.15), 0.3, rng.choice([-0.12, 0.05]), soft=0.15, within="trunk"))


def mark_neck(plan: Plan, cut: Cut, *, back_view: bool, mannequin: bool) -> None:
    """Neck landmarks of an opening without a collar."""
    plan.mark_both("neck_*", (cut.neck, 0.0))
    plan.mark("neck_front", (0.0, cut.front), hidden=back_view)
    plan.mark("neck_back", (0.0, cut.back), hidden=mannequin and not back_view)


def stand_collar(plan: Plan, rng: Rng, cut: Cut, trim: str, *, back_view: bool) -> None:
    """A turtleneck, mock neck or band collar: the neck landmarks climb to its top corners."""
    tall = float(rng.choice([rng.uniform(1.5, 4), rng.uniform(4, 9)]))
    top = cut.neck * rng.uniform(0.72, 0.98)
    sag, rise = rng.uniform(0.3, 1.6), rng.uniform(-0.6, 0.4)
    t = np.linspace(1, -1, 17)
    front = np.stack([top * t, -tall + sag * (1 - t**2)], axis=1)
    back = np.stack([top * t, -tall + rise * (1 - t**2)], axis=1)
    if not back_view:
        plan.add(Part(joined(back, front[::-1]), paint="inside", tone=0.7, shadow=0, folds=0, bulge=0.2))
    foot = neck_curve(cut, 0.6) if not back_view else back_curve(cut, 0.8)[::-1]
    base, reach = ridge_at(cut, cut.neck + rng.uniform(1.0, 6.0)), np.linspace(0, 1, 10)[:, None]
    side = (
        (1 - reach) ** 2 * base
        + 2 * reach * (1 - reach) * np.array([cut.neck * 0.98, -0.3])
        + reach**2 * np.array([top, -tall])
    )
    upper = front if not back_view else back
    outline = joined(side, upper, flipped(side)[::-1], foot[::-1])
    plan.add(Part(outline, name="collar", paint=trim, shadow=0.2, bulge=0.9, folds=0.4))
    if tall > 5 and rng.random() < 0.6:
        fold = np.stack([top * 1.05 * t, -tall * rng.uniform(0.2, 0.5) + sag * (1 - t**2)], axis=1)
        plan.add(Line(fold, 0.3, -0.25, soft=0.2, within="collar"))
    plan.mark_both("neck_*", (top, -tall))
    plan.mark("neck_front", (0.0, -tall + sag), hidden=back_view)
    plan.mark("neck_back", (0.0, -tall + rise), hidden=not back_view and sag - rise < 0.25)


def shirt_collar(plan: Plan, rng: Rng, cut: Cut, trim: str) -> None:
    """A folded collar with two leaves that come together at the neckline's lowest point."""
    stand, half, meet = rng.uniform(1.6, 4.0), cut.neck * rng.uniform(0.85, 1.05), cut.front
    if plan.view == "back":
        _collar_back(plan, rng, half, stand, trim)
        return
    inner = pts(
        (-half, -stand),
        (0, -stand * rng.uniform(0.85, 1.25)),
        (half, -stand),
        (half * 0.9, 1.5),
        (0, meet + 0.5),
        (-half * 0.9, 1.5),
    )
    if plan.display != "mannequin":
        _collar_inside(plan, rng, cut, inner)
    point = (half * rng.uniform(0.35, 1.05), meet + rng.uniform(2.0, 6.5))
    leaf = joined(
        bow((half, -stand), (0.2, meet), 0.10, 10),
        pts(point, (half * rng.uniform(1.25, 1.6), rng.uniform(1.0, 3.2))),
        bow((half * 1.3, 0.6), (half, -stand), 0.12, 6),
    )
    for k, turn in enumerate((lambda p: p, flipped)):
        plan.add(
            Part(
                turn(leaf), name=f"leaf{k}", paint=trim, shadow=0.35, bulge=0.6, folds=0.25, axis=25 - 50 * k
            )
        )
        plan.add(Line(turn(leaf[9:13] * 0.96 + (0.1, 0.0)), 0.15, -0.15, within=f"leaf{k}"))
    plan.mark_both("neck_*", (half, -stand))
    plan.mark("neck_front", (0.0, meet))
    plan.mark("neck_back", (0.0, -stand), hidden=plan.display == "mannequin")


def _collar_inside(plan: Plan, rng: Rng, cut: Cut, inner: Points) -> None:
    plan.add(
        Part(
            inner,
            name="inside",
            paint="inside",
            tone=rng.uniform(0.6, 0.95),
            shadow=0.0,
            bulge=0.3,
            folds=0.2,
        )
    )
    if rng.random() < 0.6:
        _label(plan, rng, cut, 0.0)


def _collar_back(plan: Plan, rng: Rng, half: float, stand: float, trim: str) -> None:
    low = rng.uniform(1.5, 4.5)
    top = bow((half, -stand), (-half, -stand), 0.04, 12)
    foot = bow((-half * 1.35, low * 0.7), (half * 1.35, low * 0.7), -0.06, 14)
    plan.add(Part(joined(top, foot), name="collar", paint=trim, shadow=0.35, bulge=0.8, folds=0.2))
    plan.mark_both("neck_*", (half, -stand))
    plan.mark("neck_front", (0.0, 3.0), hidden=True)
    plan.mark("neck_back", (0.0, -stand))


def ridge_at(cut: Cut, x: float) -> Points:
    """The point of the shoulder's slope at x."""
    share = (x - cut.neck) / max(cut.shoulder[0] - cut.neck, 1.0)
    return np.array([x, share * cut.shoulder[1]])
