"""The clothes that the person wears on the trunk and on the legs, told apart by colour and by their border.

A colour that both have (the dark squares of a checked top over dark trousers) belongs to the top above the
border and to the trousers below it; close to it, where its own rows are not known so well, colours decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from flixpose.fit.arms import ArmOutline
from flixpose.fit.border import EVERYWHERE, ON_TRUNK, Border, find_border
from flixpose.fit.palettes import Plane, Scene, fill, without

_WAIST = 0.7
_NEAR = 0.05  # torso lengths about the border in which colours decide
_LOWER = 0.2  # torso lengths below it to which a hem may hang beside it
_BELLY = 0.5  # torso lengths from which on the top's further colours are looked for, ...
_HEM, _LEGS = 0.04, 0.45  # ... up to so far above the border; and the lower clothes' below it
_HALF = 0.25  # shoulder widths
_COVERED = 0.5  # likeness to skin along a forearm, less than which a sleeve covers it


@dataclass(frozen=True, eq=False)
class Worn:
    """How much of each working pixel is the top and the lower clothes, (h, w) in [0, 1].

    Attributes:
        parted: whether their border is known.
    """

    upper: Plane
    lower: Plane
    parted: bool


def find_worn(scene: Scene, hair: Plane, is_skin: Plane, outlines: Mapping[str, ArmOutline]) -> Worn:
    """The clothes by colour; outside the person, too, where that has their colour.

    Args:
        hair, is_skin: (h, w) how much of each pixel is that. outlines: of the arms.
    """
    # Beside the person's outline the background may show its colour through.
    beside = [scene.skin, scene.palette_of(hair), scene.background]
    clothes, border = scene.clothes_beside(hair), find_border(scene, hair, is_skin)
    sleeves = _sleeves(scene, is_skin, outlines)
    if border is not None:
        return _by_border(scene, border, clothes, beside, sleeves)
    # A shirt that hangs over the hips is not the trousers; a dress is both.
    apart = without(scene.lower_clothes, scene.clothes)
    upper = scene.likeness(clothes, [*beside, apart])
    own, rival = (scene.lower_clothes, None) if apart is None else (apart, scene.clothes)
    lower = scene.likeness(own, [scene.skin, rival, scene.background])
    if scene.lower_clothes is not None and apart is None:
        # One colour throughout: below the waist it is the trousers', but for a sleeve beside them.
        upper = upper * np.maximum(scene.between(-1.0, _WAIST), sleeves)
        lower = lower * (1 - sleeves)
    return Worn(upper, lower, apart is not None)


def _by_border(
    scene: Scene, border: Border, clothes: Plane | None, beside: list[Plane | None], sleeves: Plane
) -> Worn:
    """Above the border all is the top's, below it the lower clothes', but for sleeves."""
    highest, lowest = float(border.depths.min()), float(border.depths.max())
    clothes = _joined(clothes, scene.clothes_between(_BELLY, highest - _HEM, _HALF))
    below = scene.clothes_between(lowest + _HEM, lowest + _LEGS, _HALF)
    below = scene.lower_clothes if below is None else below
    apart = without(below, clothes)
    if apart is None:
        above = until = np.maximum(border.above(scene, 0.0, EVERYWHERE), sleeves)
    else:  # beside the trunk, too, colours decide: a pocket may begin above a hem
        above = border.above(scene, -_NEAR, ON_TRUNK)
        until = np.maximum(border.above(scene, _NEAR, EVERYWHERE), sleeves)
    top, legs = scene.likeness(clothes, beside), scene.likeness(below, [scene.skin, scene.background])
    by_colour = scene.likeness(clothes, [*beside, apart])
    between = until - above
    upper = above * top + between * by_colour
    lower = (1 - until) * legs + between * scene.likeness(apart, [scene.skin, clothes, scene.background])
    if apart is not None and _all_unlike(clothes, below):
        # A hem may hang lower beside the columns that were looked at: the colours of such a top tell it.
        further = border.above(scene, _LOWER, EVERYWHERE) * (1 - until)
        hem = further * scene.likeness(clothes, [*beside, below])
        upper, lower = upper + hem, lower * (1 - hem)
    return Worn(upper.astype(np.float32), lower.astype(np.float32), True)


def _all_unlike(palette: Plane | None, other: Plane | None) -> bool:
    own = without(palette, other)
    return own is not None and palette is not None and len(own) == len(palette)


def _joined(one: Plane | None, other: Plane | None) -> Plane | None:
    known = [palette for palette in (one, other) if palette is not None]
    return np.vstack(known) if known else None


def _sleeves(scene: Scene, is_skin: Plane, outlines: Mapping[str, ArmOutline]) -> Plane:
    """(h, w) 1 on forearms that sleeves cover."""
    where = scene.blank()
    for arm in outlines.values():
        forearm = slice(len(arm.centres) // 2, None)
        places = np.round(arm.centres[forearm] * scene.scale).astype(int)
        rows, columns = (np.clip(places[:, n], 0, where.shape[1 - n] - 1) for n in (1, 0))
        if float(np.median(is_skin[rows, columns])) < _COVERED:
            fill(where, np.vstack([arm.outer[forearm], arm.inner[forearm][::-1]]) * scene.scale)
    return where * np.float32(1 / 255)
