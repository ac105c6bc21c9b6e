"""Armholes on this person: at the creases of the arms, where sleeves are seen to part from the trunk."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import Body
from flixpose.fit.trunk import SIDES, Fit, cloth_edge
from flixpose.structures.warp import ControlPoints

# How far along the seam goes with its lower end.
_TAKEN_ALONG = (("armpit_{}", 1.0), ("armhole_{}_2", 0.6), ("armhole_{}_1", 0.2))
_FURTHEST = 0.14  # shoulder widths
_UNDER = (0.25, 0.55)  # of the way from an armpit to the next place on the side


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


def under_armpits(trunk: ControlPoints, fit: Fit) -> ControlPoints:
    """The trunk's control points with more of them on its sides just below armpits with sleeves.

    There a fork of the cloth is round. On the body its side lies straight below the sleeve: without these
    points a slit would open between the two.
    """
    names, person, cloth = list(trunk.names), [*trunk.person_xy], [*trunk.garment_xy]
    for side, sign in SIDES:
        ends = f"armpit_{side}", f"side_armpit_{side}_1"
        if not all(name in trunk.names for name in ends):
            continue
        first, last = (trunk.names.index(name) for name in ends)
        for number, share in enumerate(_UNDER, 1):
            here, there = (xy[first] + share * (xy[last] - xy[first]) for xy in (person, cloth))
            names.append(f"under_armpit_{side}_{number}")
            person.append(here)
            cloth.append(cloth_edge(fit, there, sign))
    weights = np.concatenate([trunk.weights, np.ones(len(names) - len(trunk.names))])
    return replace(
        trunk, names=tuple(names), person_xy=np.array(person), garment_xy=np.array(cloth), weights=weights
    )
