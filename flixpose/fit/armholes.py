"""Armholes at the creases of the arms: where a sleeve is seen to part from the trunk, on this person."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import Body
from flixpose.structures.warp import ControlPoints

# How far along the seam goes with its lower end.
_TAKEN_ALONG = (("armpit_{}", 1.0), ("armhole_{}_2", 0.6), ("armhole_{}_1", 0.2))
_FURTHEST = 0.14  # shoulder widths


def at_creases(trunk: ControlPoints, body: Body, arms: Mapping[str, ArmOutline]) -> ControlPoints:
    """The trunk's control points with each armpit on the inner edge of its arm, where it lay on the arm.

    A seam that ran down the middle of an arm would leave its inner half to neither sleeve nor trunk.

    Args:
        arms: those that sleeves go on, by side.
    """
    person = trunk.person_xy.copy()
    for side, arm in arms.items():
        pit = f"armpit_{side}"
        if pit not in trunk.names:
            continue
        place = trunk.person_xy[trunk.names.index(pit)]
        crease = arm.crease(place, body)
        inward = body.across_at(0.0) * (-1.0 if side == "left" else 1.0)
        aside = 0.0 if crease is None else float((crease - place) @ inward)
        shift = float(np.clip(aside, 0.0, _FURTHEST * body.shoulder_width)) * inward
        for name, share in _TAKEN_ALONG:
            if name.format(side) in trunk.names:
                person[trunk.names.index(name.format(side))] += share * shift
    return replace(trunk, person_xy=person)
