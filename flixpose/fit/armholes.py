"""Armholes on this person: at the creases of the arms, where sleeves are seen to part from the trunk."""

from collections.abc import Container, Mapping
from dataclasses import replace

import numpy as np

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import Body, Point
from flixpose.fit.chain import handedness
from flixpose.fit.trunk import SIDES, Fit, cloth_edge, has
from flixpose.structures.warp import ControlPoints

# How far along the seam goes with its lower end.
_TAKEN_ALONG = (("armpit_{}", 1.0), ("armhole_{}_2", 0.6), ("armhole_{}_1", 0.2))
_FURTHEST = 0.14  # shoulder widths
_COVER = 0.01  # shoulder widths that a cap lies outside the arm
_LAID = 0.25  # of the way that caps from a mannequin are laid down
_LONGEST_CAP = 0.7  # of the upper arm
_BARE = 0.11  # half the thickness of an upper arm that was not looked at, shoulder widths
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
    for side, sign in SIDES:
        ends = f"armpit_{side}", f"side_armpit_{side}_1"
        if not all(name in trunk.names for name in ends):
            continue
        first, last = (trunk.names.index(name) for name in ends)
        person, cloth = (
            [xy[first] + share * (xy[last] - xy[first]) for share in _UNDER]
            for xy in (trunk.person_xy, trunk.garment_xy)
        )
        names = [f"under_armpit_{side}_{number}" for number in range(1, len(_UNDER) + 1)]
        trunk = _with(trunk, names, person, [cloth_edge(fit, place, sign) for place in cloth])
    return trunk


def lay_caps(trunk: ControlPoints, fit: Fit, sleeved: Container[str]) -> ControlPoints:
    """The trunk's control points with caps, that go with it, laid down on the upper arms.

    A cap that was photographed on a mannequin stands off the arm as it does there, but for a part of the way.

    Args:
        sleeved: sides with a sleeve of their own.
    """
    for side, sign in SIDES:
        cuff, tip = f"cuff_{side}_outer", f"shoulder_{side}"
        if side in sleeved or not has(fit, cuff, tip) or tip not in trunk.names:
            continue
        start, end = (fit.garment.landmarks[name].astype(np.float64) for name in (tip, cuff))
        from_tip = trunk.person_xy[trunk.names.index(tip)]
        length = float(np.linalg.norm(end - start)) * fit.frame.scale
        laid = [_down_arm(fit, side, from_tip, share * length) for share in (0.5, 1.0)]
        places = [place for place in laid if place is not None]
        if len(places) == len(laid):
            cloth = [cloth_edge(fit, (start + end) / 2, sign), end]
            if fit.rig.keeps_shape:
                own = [from_tip + _on_body(fit, place - start) for place in cloth]
                places = [(1 - _LAID) * free + _LAID * down for free, down in zip(own, places, strict=True)]
            trunk = _with(trunk, [f"cap_{side}_1", f"cap_{side}_2"], places, cloth)
    return trunk


def _on_body(fit: Fit, way: Point) -> Point:
    """A way on the product image as it is on the person's, at the shoulders."""
    across, down = float(way @ fit.frame.left), float(way @ fit.frame.down)
    return fit.frame.scale * (across * fit.body.across_at(0.0) + down * fit.body.down)


def _down_arm(fit: Fit, side: str, tip: Point, length: float) -> Point | None:
    """The place on the outside of an arm so far from the shoulder's tip; None without joints."""
    unit, arm = fit.body.shoulder_width, fit.arms.get(side)
    chain = fit.body.limb(side, "shoulder", "elbow")
    if len(chain) < 2:
        return None
    length = min(length, _LONGEST_CAP * float(np.linalg.norm(chain[1] - chain[0])))
    if arm is not None:
        edge, normals = arm.outer, arm.normals
    else:
        shares = np.linspace(0.0, 1.0, 50)[:, None]
        down = (chain[1] - chain[0]) / max(float(np.linalg.norm(chain[1] - chain[0])), 1e-9)
        across = handedness(fit.body, side) * np.array([-down[1], down[0]])
        normals = np.repeat(across[None], len(shares), axis=0)
        edge = chain[0] + shares * (chain[1] - chain[0]) + _BARE * unit * across
    past = np.flatnonzero(np.linalg.norm(edge - tip, axis=1) >= length)
    past = past[past > np.argmin(np.linalg.norm(edge - tip, axis=1))]
    return np.asarray(edge[past[0]] + _COVER * unit * normals[past[0]]) if len(past) else None


def _with(trunk: ControlPoints, names: list[str], person: list[Point], cloth: list[Point]) -> ControlPoints:
    """The control points and more of them."""
    return replace(
        trunk,
        names=(*trunk.names, *names),
        person_xy=np.vstack([trunk.person_xy, *person]),
        garment_xy=np.vstack([trunk.garment_xy, *cloth]),
        weights=np.concatenate([trunk.weights, np.ones(len(names))]),
    )


def cap_end(trunk: ControlPoints, side: str) -> tuple[Point, Point] | None:
    """(middle, unit direction down the arm) of a cap's hem on the person; None where there is no cap."""
    ends = f"cap_{side}_2", f"armpit_{side}"
    if not all(name in trunk.names for name in ends):
        return None
    outer, inner = (trunk.person_xy[trunk.names.index(name)] for name in ends)
    along = (outer - inner) / max(float(np.linalg.norm(outer - inner)), 1e-9)
    down = np.array([-along[1], along[0]])
    tip = trunk.person_xy[trunk.names.index(f"shoulder_{side}")]
    return (outer + inner) / 2, down if float((inner - tip) @ down) > 0 else -down
