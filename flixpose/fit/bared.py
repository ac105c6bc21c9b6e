"""Arms, shoulders and chest that an old top covered and a new one does not: they become skin together."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.bare_arms import BareArm
from flixpose.fit.bare_chest import bare_chest, left_above
from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.old_sleeves import bare_old_sleeves, sleeveless
from flixpose.fit.painted import Painted
from flixpose.structures.image import Mask

_HARDLY = 0.1  # of what showed around the shoulders


def bare_upper_body(
    before: Painted,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    kind: str,
    arms: Sequence[BareArm],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
) -> Painted:
    """Old sleeves, shoulders and chest become skin; where they hang together, all of them or none."""
    shown = left_above(before, body)
    if not shown:
        return before
    for off_shoulders in (True, False) if sleeveless(kind) else (False,):
        found = bare_old_sleeves(
            before.kept(), seen, worn, kind, arms, body, occluders, person_mask, off_shoulders=off_shoulders
        )
        found = bare_chest(found, seen, worn, body, occluders, person_mask)
        if left_above(found, body) < _HARDLY * shown:
            break
    return replace(found, owned=before.owned) if found.picture is before.picture else found
