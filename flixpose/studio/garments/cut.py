"""Numbers of garments that hang from the shoulders, drawn by lot in the proportions of shop photos."""

from dataclasses import dataclass

import numpy as np

from flixpose.studio.curves import Points, bow, joined, smooth
from flixpose.studio.garments.plan import Pair, flipped, pts

Rng = np.random.Generator

_SAME_WIDTH = 0.12  # units of half-width: a third of a pixel of a small photo
_FLAT = 0.06  # of its length: an eye halves what is about as narrow, so a waist may be that flat


@dataclass
class Cut:
    """The trunk of a top, dress or coat; the wearer's left half, in units.

    Attributes:
        neck: half-width of the opening. front, back: y of its lowest points. style: shape of the neckline.
        shoulder, armpit: tips. waist, hip: points of the side. hem: its corner. drop: hem's centre below it.
        sleeved: a sleeve joins from shoulder to armpit. long: a dress.
        power, ripple, ripples: shape and waves of the hem. bend: how square a round neckline is.
        soft: 1 = the shoulder runs into the sleeve without a corner. lean: sleeve's degrees from vertical.
        stand: how much the neck's edge stands up from the shoulder's slope.
    """

    neck: float
    front: float
    back: float
    style: str
    shoulder: Pair
    armpit: Pair
    waist: Pair
    hip: Pair
    hem: Pair
    drop: float = 0.6
    sleeved: bool = True
    long: bool = False
    power: float = 2.0
    ripple: float = 0.0
    ripples: float = 5.0
    bend: float = 2.4
    soft: float = 0.0
    lean: float = 30.0
    stand: float = 0.0


def draw_cut(rng: Rng, *, sleeved: bool, long: bool, outwear: bool, display: str) -> Cut:
    """A trunk by lot."""
    width = 20.0
    flat = display == "flat"
    fit = rng.normal(1.02, 0.10) if flat or outwear else rng.normal(0.86, 0.10)
    chest = width * float(np.clip(fit, 0.64, 1.25))
    depth = rng.uniform(19, 29) + (3 if outwear else 0)
    style, neck, front = neckline(rng, outwear=outwear)
    waist_y = depth + rng.uniform(14, 22)
    slim = 0.0 if rng.random() < 0.4 else rng.uniform(0.02, 0.24)
    waist = chest * (1 - slim)
    hip_y = waist_y + rng.uniform(14, 20)
    hip = max(waist * rng.uniform(1.0, 1.25), chest * rng.uniform(0.9, 1.05))
    hem = _hem(rng, long=long, outwear=outwear, waist=(waist, waist_y), hip=(hip, hip_y), chest=chest)
    back = min(rng.uniform(-0.2, 3.2), max(front - 1.0, 0.3))
    drop = float(
        rng.choice([rng.uniform(0, 1.2), rng.uniform(1.2, 7), rng.uniform(-3, 0)], p=[0.72, 0.2, 0.08])
    )
    slope = rng.uniform(0.22, 0.75) * (width - min(neck, 16.0)) + rng.uniform(0, 1.0)
    return Cut(
        neck,
        front,
        back,
        style,
        (width, slope),
        (chest, depth),
        (waist, waist_y),
        (hip, hip_y),
        hem,
        drop,
        sleeved,
        long,
        bend=rng.uniform(2.2, 4.5) if style == "scoop" else rng.uniform(1.6, 3.2),
    )


def _hem(rng: Rng, *, long: bool, outwear: bool, waist: Pair, hip: Pair, chest: float) -> Pair:
    if long:
        y = float(
            rng.choice(
                [rng.uniform(78, 100), rng.uniform(95, 125), rng.uniform(120, 155)], p=[0.45, 0.35, 0.2]
            )
        )
        flare = float(
            rng.choice(
                [rng.uniform(0.8, 1.1), rng.uniform(1.1, 1.7), rng.uniform(1.6, 2.4)], p=[0.35, 0.45, 0.2]
            )
        )
        return hip[0] * flare, y
    if outwear:
        y = float(
            rng.choice([rng.uniform(52, 66), rng.uniform(62, 76), rng.uniform(76, 115)], p=[0.35, 0.4, 0.25])
        )
    else:
        y = float(
            rng.choice([rng.uniform(40, 54), rng.uniform(56, 70), rng.uniform(68, 80)], p=[0.14, 0.62, 0.24])
        )
    reach = np.interp(y, (waist[1] - 10, waist[1], hip[1], 120), (chest, waist[0], hip[0], hip[0] * 1.1))
    return float(reach * np.clip(rng.normal(1.0, 0.07), 0.82, 1.25)), y


def neckline(rng: Rng, *, outwear: bool) -> tuple[str, float, float]:
    """Style, half-width and depth of a neck opening."""
    names = ["crew", "scoop", "v", "boat", "square", "notch", "sweetheart", "keyhole"]
    style = str(rng.choice(names, p=[0.38, 0.16, 0.2, 0.07, 0.06, 0.06, 0.03, 0.04]))
    if outwear:
        style = str(rng.choice(["crew", "v"], p=[0.4, 0.6]))
    spread = {
        "crew": (6.0, 9.5),
        "keyhole": (6, 10),
        "scoop": (8, 13.5),
        "v": (6, 12),
        "boat": (9.5, 15),
        "square": (9, 14.5),
        "notch": (6, 10),
        "sweetheart": (9, 14),
    }[style]
    neck = rng.uniform(*spread)
    deep = {
        "crew": (2.5, 8),
        "keyhole": (2, 6),
        "scoop": (6, 16),
        "v": (12, 32) if outwear else (8, 22),
        "boat": (0.8, 4.5),
        "square": (5, 15),
        "notch": (7, 15),
        "sweetheart": (8, 15),
    }[style]
    front = rng.uniform(*deep)
    return style, float(neck), float(front)


def neck_curve(cut: Cut, inset: float = 0.0) -> Points:
    """From the left neck point down round the front to the right one; `inset` widens the opening."""
    half = _half_neck(
        cut.style, cut.neck + inset * 0.95, cut.front + inset, inset * cut.shoulder[1] / 20, cut.bend
    )
    return joined(half, flipped(half)[::-1])


def _half_neck(style: str, side: float, low: float, top: float, bend: float) -> Points:
    if style == "v":
        return bow((side, top), (0.0, low), 0.06, 16)
    if style == "notch":
        return joined(
            bow((side, top), (side * 0.22, low * 0.5), -0.16, 14), pts((side * 0.08, low * 0.8), (0.0, low))
        )
    if style == "square":
        return smooth(
            [(side, top), (side * 0.95, low * 0.6), (side * 0.86, low * 0.94), (side * 0.7, low), (0, low)], 6
        )
    if style == "sweetheart":
        return smooth(
            [
                (side, top),
                (side * 0.93, low * 0.55),
                (side * 0.6, low * 0.72),
                (side * 0.2, low * 0.85),
                (0, low),
            ],
            6,
        )
    t = np.linspace(1.0, 0.0, 20)
    return np.stack([side * t, top + (low - top) * (1 - t**bend)], axis=1)


def back_curve(cut: Cut, inset: float = 0.0) -> Points:
    """From the right neck point over the back to the left one."""
    t = np.linspace(np.pi, 0.0, 25)
    return np.stack(
        [(cut.neck + inset * 0.5) * np.cos(t), inset * 0.3 + (cut.back + inset * 0.7) * np.sin(t) ** 0.8],
        axis=1,
    )


def side_curve(cut: Cut) -> Points:
    """From the left armpit down to the hem's corner."""
    rows = [cut.armpit]
    if cut.hem[1] > cut.waist[1] + 4:
        rows.append(cut.waist)
    if cut.hem[1] > cut.hip[1] + 12:
        share = (cut.hip[1] - cut.waist[1]) / (cut.hem[1] - cut.waist[1])
        straight = cut.waist[0] + (cut.hem[0] - cut.waist[0]) * share
        rows.append((max(cut.hip[0] if cut.hem[0] < cut.hip[0] * 1.2 else straight, straight), cut.hip[1]))
    return smooth([*rows, cut.hem], 14)


def hem_curve(cut: Cut) -> Points:
    """From the left hem corner to the right one."""
    t = np.linspace(1.0, -1.0, 49)
    y = cut.hem[1] + cut.drop * (1 - np.abs(t) ** cut.power)
    y = y + cut.ripple * (
        np.sin(t * cut.ripples * np.pi + cut.hem[1])
        - np.sin(cut.ripples * np.pi * np.sign(t) + cut.hem[1]) * np.abs(t)
    )
    return np.stack([cut.hem[0] * t, y], axis=1)


def ridge(cut: Cut) -> Points:
    """From the left neck point to the shoulder tip."""
    tip, low = np.asarray(cut.shoulder), np.array([cut.neck + 0.9 * cut.stand, cut.stand])
    chord = tip - low
    length = float(np.hypot(*chord))
    sleeve = np.array([np.sin(np.deg2rad(cut.lean)), np.cos(np.deg2rad(cut.lean))])
    control = tip - (chord / length * (1 - cut.soft / 2) + sleeve * cut.soft / 2) * length * 0.5
    t = np.linspace(0.0, 1.0, 14)[:, None]
    curve = (1 - t) ** 2 * low + 2 * t * (1 - t) * control + t**2 * tip
    return joined(np.array([(cut.neck, 0.0)]), curve) if cut.stand > 0 else curve


def armhole(cut: Cut, deep: float = 0.10) -> Points:
    """From the left shoulder tip down to the armpit."""
    return bow(cut.shoulder, cut.armpit, -deep, 18, at=0.6)


def trunk(cut: Cut, *, back_view: bool = False, deep: float = 0.10) -> Points:
    """The closed outline of the front panel (or of the back one)."""
    left = joined(ridge(cut), armhole(cut, deep), side_curve(cut))
    top = back_curve(cut) if back_view else neck_curve(cut)[::-1]
    return joined(left, hem_curve(cut), flipped(left)[::-1], top)


def narrowest(cut: Cut) -> tuple[Pair, bool]:
    """Where a long garment is narrowest between the armpit and the hip, and whether that can be told.

    The side of a straight garment has no such place: its waist is a guess.
    """
    side = _by_height(side_curve(cut))
    inside = side[(side[:, 1] > cut.armpit[1] + 5) & (side[:, 1] < cut.hip[1] - 2)]
    if len(inside) == 0:
        return cut.waist, False
    at = inside[np.argmin(inside[:, 0])]
    edge = at[1] < cut.armpit[1] + 7 or at[1] > cut.hip[1] - 4
    if edge:
        return (float(np.interp(cut.waist[1], side[:, 1], side[:, 0])), cut.waist[1]), False
    as_narrow = inside[inside[:, 0] < at[0] + _SAME_WIDTH]
    middle = as_narrow[len(as_narrow) // 2]
    return (float(middle[0]), float(middle[1])), bool(np.ptp(as_narrow[:, 1]) < _FLAT * cut.hem[1])


def _by_height(side: Points) -> Points:
    """The side curve at every quarter of a unit."""
    y = np.arange(side[0, 1], side[-1, 1], 0.25)
    return np.stack([np.interp(y, side[:, 1], side[:, 0]), y], axis=1)
