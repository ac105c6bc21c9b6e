"""Several garments on one person: which goes on first, and what they are together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from flixpose.garment.kinds import group
from flixpose.structures.drape import Drape
from flixpose.structures.image import Mask
from flixpose.structures.job import Quality, Reason, Verdict

_VERDICTS: tuple[Verdict, ...] = ("pass", "review", "fail")


def layer_of(kind: str) -> int:
    """Lower before upper (and dresses) before outwear."""
    if kind.endswith("outwear"):
        return 2
    return 0 if group(kind) == "lower" else 1


def together(laid: Sequence[Drape], own: Drape) -> Drape:
    """The drape of all garments: `own` with the finished picture, and the others beside it.

    Args:
        laid: one drape on the other, in order. own: the one of them that the others are told with.

    Returns:
        `own` itself where it is alone. Its verdict is the worst of all; what a later garment covers is no
        longer visible, and no longer counts as the old clothes that show.
    """
    if len(laid) == 1:
        return own
    first, last = laid[0], laid[-1]
    shown = [_under(drape, laid[number + 1 :]) for number, drape in enumerate(laid)]
    mine = shown[next(number for number, drape in enumerate(laid) if drape is own)]
    everything: dict[str, Any] = {
        name: Mask(np.maximum.reduce([getattr(drape, name).alpha for drape in shown]))
        for name in ("changed", "painted", "old_garment", "shadow")
    }
    return replace(
        mine,
        person=first.person,
        pose=first.pose,
        picture=last.picture,
        ground=last.ground,
        person_mask=last.person_mask,
        quality=_worst(shown, mine),
        beside=tuple(drape for drape in shown if drape is not mine),
        **everything,
    )


def _under(drape: Drape, later: Sequence[Drape]) -> Drape:
    """What of a drape is left to be seen below those that were laid on later."""
    free = np.minimum.reduce([255 - other.visible.alpha for other in later]) if later else None
    if free is None:
        return drape
    seen, old = (Mask(np.minimum(mask.alpha, free)) for mask in (drape.visible, drape.old_garment))
    return replace(drape, visible=seen, old_garment=old)


def _worst(drapes: Sequence[Drape], own: Drape) -> Quality:
    """The figures of the drape's own garment, the worst verdict, and everybody's reasons."""
    reasons: dict[tuple[str, str], Reason] = {}
    for drape in (own, *drapes):
        for reason in drape.quality.reasons:
            reasons.setdefault((reason.code, reason.figure), reason)
    verdict = max((drape.quality.verdict for drape in drapes), key=_VERDICTS.index)
    return Quality(own.quality.figures, verdict, tuple(reasons.values()))
