"""Plans of everything that hangs from the shoulders: tops, vests, slings, dresses, outwear."""

from dataclasses import replace

import cv2
import numpy as np

from flixpose.studio.curves import Points, bow, joined, smooth
from flixpose.studio.garments import details, dummy, hoods, necks, outwear, sleeves, slings, trims
from flixpose.studio.garments.cut import (
    Cut,
    armhole,
    draw_cut,
    hem_curve,
    narrowest,
    side_curve,
    trunk,
)
from flixpose.studio.garments.plan import Line, Part, Plan, flipped, pts
from flixpose.studio.garments.telling import kinked

Rng = np.random.Generator
_CAP, _SHORT = 16.0, 24.0  # units: lengths below which a sleeve is a cap, and is short
_PLAIN_SEAM = 0.15  # a seam that darkens the cloth by so much is seen
Arm = tuple[sleeves.Sleeve, int, bool]  # side: +1 = the wearer's left; whether it lies on the front


def upper_plan(rng: Rng, kind: str, view: str, display: str) -> Plan:
    """A garment of one of the ten kinds that hang from the shoulders."""
    plan = Plan(kind, view, display)
    if kind.startswith("sling"):
        return slings.sling_plan(rng, plan)
    sleeved, long_ = "_sleeve_" in kind, kind.endswith("_dress")
    coat = kind.endswith("outwear")
    cut = draw_cut(rng, sleeved=sleeved, long=long_, outwear=coat, display=display)
    cut = _vary(rng, cut, display, coat=coat)
    if not sleeved:
        cut = _bare_arms(rng, cut)
    return _assemble(rng, plan, cut, coat=coat)


def _vary(rng: Rng, cut: Cut, display: str, *, coat: bool) -> Cut:
    """Odd hems, off-shoulder necks, bodysuits; on mannequins more of the chest."""
    pick = rng.random()
    if cut.long and cut.hem[0] > cut.hip[0] * 1.25:
        cut = replace(cut, ripple=rng.uniform(0, 1.6), ripples=float(rng.uniform(2, 7)))
    if not cut.long and not coat and pick < 0.04:
        cut = replace(
            cut, hem=(cut.hip[0] * 0.95, cut.hip[1]), drop=rng.uniform(10, 20), power=rng.uniform(0.5, 1.1)
        )
    elif not cut.long and not coat and pick < 0.12:
        flare = cut.waist[0] * rng.uniform(1.15, 1.6)
        cut = replace(
            cut,
            hem=(flare, cut.waist[1] + rng.uniform(10, 22)),
            ripple=rng.uniform(0, 1.2),
            ripples=rng.uniform(3, 7),
        )
    if display == "mannequin" and not coat and rng.random() < 0.35:
        deep = rng.uniform(5, 18)
        cut = replace(cut, style="scoop", neck=rng.uniform(7.5, 13), front=deep, bend=rng.uniform(1.8, 3.5))
    if cut.sleeved and not coat and rng.random() < 0.07:
        cut = replace(
            cut,
            style=str(rng.choice(["boat", "square", "sweetheart"])),
            neck=rng.uniform(13, 17.5),
            front=rng.uniform(1.5, 8),
            back=rng.uniform(0, 2),
            shoulder=(20.0, rng.uniform(2.5, 6)),
        )
    return cut


def _bare_arms(rng: Rng, cut: Cut) -> Cut:
    """Where a sleeveless garment's strap ends: wide, narrow, cap-like or a halter's."""
    pick = rng.random()
    chest = float(np.clip(rng.normal(19.0, 1.8), 15, 23))
    factor = chest / cut.armpit[0]
    strap = (
        float(rng.choice([rng.uniform(3, 6), rng.uniform(5, 11)])) if pick < 0.85 else rng.uniform(2.8, 4.2)
    )
    neck = min(cut.neck * rng.uniform(1.0, 1.35), 15.5)
    if pick > 0.93:
        neck = rng.uniform(3.5, 7)
    tip = min(neck + strap, chest * 1.15)
    if pick < 0.25:
        tip = chest * rng.uniform(0.9, 1.08)
        neck = tip - rng.uniform(1.5, 7)
        cut = replace(cut, style=str(rng.choice(["boat", "crew", "scoop"])), front=rng.uniform(1, 8))
    return replace(
        cut,
        neck=neck,
        shoulder=(tip, rng.uniform(0.0, 1.0) + rng.uniform(0.1, 0.4) * (tip - neck)),
        armpit=(chest, rng.uniform(19, 29)),
        waist=(cut.waist[0] * factor, cut.waist[1]),
        hip=(cut.hip[0] * factor, cut.hip[1]),
        hem=(cut.hem[0] * factor * rng.uniform(0.95, 1.12), cut.hem[1] * 1.02),
        front=max(cut.front, 2.0) * rng.uniform(1.0, 1.25),
    )


def _assemble(rng: Rng, plan: Plan, cut: Cut, *, coat: bool) -> Plan:
    back, doll = plan.view == "back", plan.display == "mannequin"
    trim = "trim" if rng.random() < 0.3 else "main"
    deep = rng.uniform(0.06, 0.14) if cut.sleeved else rng.uniform(0.12, 0.30)
    dropped = cut.sleeved and rng.random() < 0.22
    deep = -rng.uniform(0.06, 0.2) if dropped else deep
    if not cut.sleeved and cut.shoulder[0] > 0.88 * cut.armpit[0]:
        deep = rng.uniform(0.0, 0.07)
    wrap = not coat and not back and rng.random() < 0.06
    if wrap:
        cut = replace(cut, style="v", front=rng.uniform(9, 24), neck=rng.uniform(6, 11))
    cut, sleeve = _join(rng, plan, cut)
    if sleeve is not None and sleeve.length < _CAP:
        deep = abs(deep)  # a dropped shoulder would swallow it
    if doll:
        dummy.behind(plan, rng, cut)
    collar = "none" if wrap else _collar(rng, coat=coat, cut=cut)
    cut = _fit_neck(rng, cut, collar)
    necks.mark_neck(plan, cut, back_view=back, mannequin=doll)
    hood = None
    if collar == "hood_up":
        hood = hoods.hood_up(plan, rng, cut, back_view=back)
    if collar == "hood_down" and not back:
        hood = hoods.hood_down(plan, rng, cut, back_view=False)
    band = float(rng.choice([0.0, rng.uniform(0.8, 2), rng.uniform(1.8, 3.5)], p=[0.35, 0.35, 0.3]))
    _back_panel(plan, rng, cut, band, trim, collar)
    if doll:
        dummy.neck(plan, rng, cut)
    arms = _arms(rng, cut, sleeve)
    paints = "sheer" if arms and rng.random() < 0.06 else ("trim" if rng.random() < 0.08 else "main"), trim
    deep = deep if paints[0] == "main" else abs(deep)
    seam = _front(plan, rng, cut, arms, paints, deep)
    if coat and not back:
        outwear.fronts(plan, rng, cut, collar)
    details.details(plan, rng, cut, coat=coat, trim=trim, wrap=wrap)
    _before(plan, cut, arms, paints)
    _neck_finish(plan, rng, cut, collar, band, trim)
    if hood is not None and not back:
        _hood_finish(plan, rng, cut, hood)
    _marks(plan, cut, arms, deep, seam=seam)
    if not arms and rng.random() < 0.16:
        details.shoulder_frill(plan, rng, cut, deep)
    return plan


def _collar(rng: Rng, *, coat: bool, cut: Cut) -> str:
    if not cut.sleeved and rng.random() < 0.85:
        return "none"
    if cut.neck > 11.5:
        return "none"
    if coat:
        names, shares = (
            ["none", "shirt", "stand", "hood_down", "hood_up", "lapel"],
            [0.22, 0.2, 0.12, 0.16, 0.1, 0.2],
        )
    else:
        names, shares = ["none", "shirt", "stand", "hood_down", "hood_up"], [0.51, 0.15, 0.14, 0.13, 0.07]
    return str(rng.choice(names, p=shares))


def _fit_neck(rng: Rng, cut: Cut, collar: str) -> Cut:
    """The opening that a collar is sewn to."""
    if collar == "shirt":
        deep = float(rng.choice([rng.uniform(0.6, 4), rng.uniform(4, 15)], p=[0.65, 0.35]))
        return replace(
            cut,
            stand=0.0,
            neck=rng.uniform(5.5, 8.5),
            front=deep,
            style="v" if deep > 5 else "crew",
            back=0.0,
        )
    if collar.startswith("hood"):
        front = rng.uniform(2, 11)
        back = front - rng.uniform(3, 8)
        return replace(cut, stand=0.0, neck=rng.uniform(5.5, 9.5), front=front, style="crew", back=back)
    if collar == "stand":
        return replace(
            cut, stand=0.0, neck=rng.uniform(5.5, 9.5), front=rng.uniform(2, 8), style="crew", back=0.3
        )
    return cut


def _back_panel(plan: Plan, rng: Rng, cut: Cut, band: float, trim: str, collar: str) -> None:
    """The back's inside: below the hem where the back is longer, and above the front neckline."""
    if plan.view == "back":
        return
    if rng.random() < 0.22:
        longer = replace(
            cut,
            hem=(cut.hem[0] * rng.uniform(0.94, 1.02), cut.hem[1] + rng.uniform(0, 2)),
            drop=cut.drop + rng.uniform(0.5, 6),
        )
        plan.add(Part(trunk(longer), paint="inside", tone=rng.uniform(0.6, 0.9), shadow=0, folds=0.7))
    if collar != "shirt":
        necks.inner_back(plan, rng, cut, band=band, trim=trim)


def _join(rng: Rng, plan: Plan, cut: Cut) -> tuple[Cut, sleeves.SleeveCut | None]:
    """How shoulder and sleeve meet: in a corner or in a curve."""
    cut = replace(cut, stand=float(rng.choice([0.0, rng.uniform(0.2, 1.6)])))
    if not cut.sleeved:
        return replace(cut, soft=rng.uniform(-0.2, 0.2)), None
    made = sleeves.draw_sleeve_cut(
        rng, cut, long="long_sleeve" in plan.kind, display=plan.display, outwear="outwear" in plan.kind
    )
    soft = float(rng.choice([rng.uniform(0, 0.35), rng.uniform(0.35, 1.0)], p=[0.4, 0.6]))
    return replace(cut, soft=soft, lean=made.angle), made


def _arms(rng: Rng, cut: Cut, made: sleeves.SleeveCut | None) -> list[Arm]:
    if made is None:
        return []
    wanted = bool(rng.random() < 0.4)
    arms: list[Arm] = []
    shape = trunk(cut).astype(np.float32)
    for side in (1, -1):
        sleeve = sleeves.sew(rng, cut, made)
        deep = sleeves.overlap(sleeve, cut)
        if deep > 4.0:
            sleeve = sleeves.sew(rng, cut, replace(made, cuff=max(4.0, made.cuff - deep + 2.5)))
        x, y = sleeve.end[0]
        covered = cv2.pointPolygonTest(shape, (float(x), float(y)), True) > -1.5
        inner = sleeve.end[-1]
        tucked = (
            made.length < _SHORT
            and cv2.pointPolygonTest(shape, (float(inner[0]), float(inner[1])), False) >= 0
        )
        arms.append((sleeve, side, covered or (wanted and not tucked)))
    return arms


def _front(plan: Plan, rng: Rng, cut: Cut, arms: list[Arm], paints: tuple[str, str], deep: float) -> bool:
    """Sleeves that lie behind, and the front; `paints` are the sleeves' and the trim's.

    Returns whether a plain seam shows where the sleeves begin.
    """
    for s, side, over in arms:
        dummy.arm(plan, rng, s, side)
        if not over:
            sleeves.add_sleeve(plan, s, cut, side, *paints, over=False)
    shape = trunk(cut, back_view=plan.view == "back", deep=deep)
    plan.add(Part(shape, name="trunk", shadow=0.22 if arms else 0.1))
    plain = _armholes(plan, rng, cut, deep, paints[1], bool(arms))
    return plain or paints[0] == "trim"


def _before(plan: Plan, cut: Cut, arms: list[Arm], paints: tuple[str, str]) -> None:
    """Sleeves that lie on the front."""
    for s, side, over in arms:
        if over:
            sleeves.add_sleeve(plan, s, cut, side, *paints, over=True)


def _armholes(plan: Plan, rng: Rng, cut: Cut, deep: float, trim: str, sleeved: bool) -> bool:
    """Seams or rims of the armholes; returns whether plain seams lead to both shoulder tips."""
    edge, faintest = armhole(cut, deep), 1.0
    raglan = sleeved and rng.random() < 0.12
    for turn in (lambda p: p, flipped):
        if raglan:
            seam = bow((cut.neck * 0.97, cut.front * 0.25), cut.armpit, -0.06, 14)
            plan.add(Line(turn(seam), 0.2, -0.22, within="trunk"))
        elif sleeved:
            dark = float(rng.uniform(0.05, 0.3))
            faintest = min(faintest, dark)
            plan.add(Line(turn(edge), 0.25, -dark, soft=0.12))
        else:
            wide = rng.uniform(0.5, 2.2)
            rim = joined(edge, (edge - (wide, 0))[::-1])
            plan.add(Part(turn(rim), paint=trim, shadow=0.12, bulge=0.4, folds=0.1, within="trunk"))
    return sleeved and not raglan and faintest > _PLAIN_SEAM


def _marks(plan: Plan, cut: Cut, arms: list[Arm], deep: float, *, seam: bool) -> None:
    body = trunk(cut, back_view=plan.view == "back", deep=deep)
    plan.mark_both("hem_*", cut.hem)
    plan.mark("hem_center", hem_curve(cut)[24])
    if cut.long:
        waist, told = narrowest(cut)
        plan.mark_both("waist_*", waist, hidden=not (told or plan.waisted))
    if not arms:
        plan.mark_both("shoulder_*", cut.shoulder)
        plan.mark_both("armpit_*", cut.armpit, hidden=not kinked(armhole(cut, deep), side_curve(cut)))
    for s, side, over in arms:
        sleeves.mark_sleeve(plan, s, cut, side, body, over=over, seam=seam)
    for s, side, over in arms:
        if over:
            hide_under(
                plan,
                sleeves.outline(s, cut) * np.array([side, 1.0]),
                ("hem_left", "hem_right", "hem_center", "waist_left", "waist_right"),
            )
        else:
            name = "left" if side > 0 else "right"
            hide_under(plan, trunk(cut), (f"cuff_{name}_outer", f"cuff_{name}_inner"))


def hide_under(plan: Plan, outline: Points, names: tuple[str, ...], margin: float = 0.6) -> None:
    """Mark as hidden what lies well inside an outline that is painted later."""
    shape = outline.astype(np.float32)
    for name in names:
        if name in plan.marks and cv2.pointPolygonTest(shape, plan.marks[name], True) > margin:
            plan.hidden.add(name)


def _neck_finish(plan: Plan, rng: Rng, cut: Cut, collar: str, band: float, trim: str) -> None:
    back = plan.view == "back"
    if collar == "none":
        necks.neck_band(plan, rng, cut, band, trim, back_view=back)
        if cut.style == "keyhole" and not back:
            y = cut.front + max(band, 0.3)
            plan.add(
                Part(
                    smooth([(0.2, y), (1.3, y + rng.uniform(4, 8)), (-1.3, y + 5), (-0.2, y)], 6),
                    paint="inside",
                    tone=0.7,
                    shadow=0.2,
                    folds=0,
                )
            )
    elif collar == "shirt":
        necks.shirt_collar(plan, rng, cut, trim)
        if not back:
            low = cut.hem[1] if rng.random() < 0.6 else cut.front + rng.uniform(9, 16)
            _shirt_front(plan, rng, cut, low)
    elif collar == "stand":
        necks.stand_collar(plan, rng, cut, trim, back_view=back)
    elif collar == "hood_down" and back:
        hoods.hood_down(plan, rng, cut, back_view=True)


def _hood_finish(plan: Plan, rng: Rng, cut: Cut, hood: hoods.Hood) -> None:
    hoods.hood_front(plan, rng, cut, hood)
    if rng.random() < 0.6 and not cut.long:
        trims.kangaroo(plan, rng, cut)


def _shirt_front(plan: Plan, rng: Rng, cut: Cut, low: float) -> None:
    top = plan.marks["neck_front"][1]
    half = rng.uniform(0.8, 1.9)
    plan.add(
        Line(pts((half, top + 2), (half, low)), 0.2, -0.2, within="trunk"),
        Line(pts((-half, top + 2), (-half, low)), 0.15, -0.1, within="trunk"),
    )
    trims.buttons(plan, rng, top + 1.5, low - 3)
