"""Control points for the trunk of a garment: the torso of a top or dress, a skirt, the seat of trousers."""

from itertools import pairwise

from flixpose.fit.arms import held_aside
from flixpose.fit.collar import stand_collar
from flixpose.fit.hood import lay_hood
from flixpose.fit.measure import pair, point
from flixpose.fit.middle import add_front_of_neck, add_hem_center
from flixpose.fit.panel import lay_panel
from flixpose.fit.regions import leg_seam
from flixpose.fit.shoulders import (
    add_between_neck_and_shoulder,
    add_on_shoulder_line,
    lay_on_outline,
    lift_shoulder_tips,
)
from flixpose.fit.straps import keep_straps
from flixpose.fit.trunk import (
    SIDES,
    Fit,
    Points,
    beside_body,
    cling,
    cloth_edge,
    has,
    hung_aside,
    in_body_frame,
)
from flixpose.fit.waist import raised
from flixpose.structures.warp import ControlPoints

_HIPS = 0.95  # torso lengths; below them the thighs tell where the body's sides are
_SIDE_SHARES = (0.2, 0.4, 0.6, 0.8)
# Torso lengths by which an arm held aside takes up its side of a garment with sleeves (17 simulated arms with
# the hand on the hip: 0.028 +- 0.017). Without sleeves real photos do not show it.
_LIFTED = 0.03


def torso_controls(fit: Fit) -> ControlPoints:
    """Where the torso of a top or a dress lies on the body.

    Raises:
        MissingLandmark: a pair that the rig needs was not found.
    """
    points = Points()
    for name in ("neck", "shoulder"):
        add_on_shoulder_line(points, fit, name)
    keep_straps(points, fit)
    add_between_neck_and_shoulder(points, fit)
    stand_collar(points, fit)
    _add_pair(points, fit, "armpit")
    if fit.rig.limb:
        lift_shoulder_tips(points, fit)
        lay_on_outline(points, fit)
    add_front_of_neck(points, fit)
    lay_hood(points, fit)
    corners = ["armpit"]
    if "waist" in fit.rig.places and has(fit, "waist_left", "waist_right"):
        _add_pair(points, fit, "waist")
        corners.append("waist")
    _add_pair(points, fit, "hem")
    corners.append("hem")
    for upper, lower in pairwise(corners):
        _add_sides(points, fit, upper, lower)
    add_hem_center(points, fit)
    _add_armholes(points, fit)
    lay_panel(points, fit)
    return points.freeze("torso")


def skirt_controls(fit: Fit) -> ControlPoints:
    """Where a skirt lies on the body. Raises MissingLandmark."""
    points = Points()
    _add_pair(points, fit, "waist")
    _add_pair(points, fit, "hem")
    _add_sides(points, fit, "waist", "hem")
    add_hem_center(points, fit)
    lay_panel(points, fit)
    return points.freeze("torso")


def seat_controls(fit: Fit) -> ControlPoints:
    """Where trousers lie from the waistband to the crotch; the legs are parts of their own.

    Raises:
        MissingLandmark: waist or crotch was not found.
    """
    points = Points()
    _add_pair(points, fit, "waist")
    for side, sign in SIDES:
        outer, crotch = leg_seam(fit.garment, fit.frame, sign)
        _, depth = fit.rig.places["crotch"].blend(*fit.own(crotch))
        if "crotch" not in points.names:
            points.add("crotch", fit.body.place(0.0, depth), crotch)
        across = _beside_hip(fit, abs(fit.own(outer)[0]), depth, sign)
        points.add(f"side_{side}", fit.body.place(sign * across, depth), outer)
    waist_left, waist_right = pair(fit.garment, "waist")
    _, waist_depth = fit.rig.places["waist"].blend(*fit.own(waist_left))
    if fit.top is not None:
        waist_depth = raised(waist_depth, float(fit.top[1]))
    points.add("waist_center", fit.body.place(0.0, waist_depth), (waist_left + waist_right) / 2)
    for side, sign in SIDES:
        upper, lower = points.of(f"waist_{side}"), points.of(f"side_{side}")
        cloth = cloth_edge(fit, (upper[1] + lower[1]) / 2, sign)
        across, depth = in_body_frame(fit.body, (upper[0] + lower[0]) / 2)
        bulge = abs(fit.own(cloth)[0]) - abs(fit.own((upper[1] + lower[1]) / 2)[0])
        across = _beside_hip(fit, abs(across) + bulge, depth, sign)
        points.add(f"hip_{side}", fit.body.place(sign * across, depth), cloth)
    lay_panel(points, fit)
    return points.freeze("torso")


def _beside_hip(fit: Fit, own: float, depth: float, sign: float) -> float:
    """As `beside_body`, but old trousers that stand off the leg, and hands beside it, are not the body."""
    leg = fit.legs.get("left" if sign > 0 else "right")
    if leg is None:
        return beside_body(fit, own, depth, sign)
    thigh = abs(in_body_frame(fit.body, leg.side_at(fit.body.place(0.0, depth)))[0]) + fit.rig.ease
    if depth > _HIPS:
        return cling(own, thigh, fit.rig)
    return min(beside_body(fit, own, depth, sign), max(own, thigh))


def _add_pair(points: Points, fit: Fit, name: str) -> None:
    place = fit.rig.places[name]
    pair(fit.garment, name)
    for side, sign in SIDES:
        xy = point(fit.garment, f"{name}_{side}")
        own_across, own_depth = fit.own(xy)
        across, depth = place.blend(abs(own_across), own_depth)
        if name == "waist" and fit.top is not None:
            depth = raised(depth, float(fit.top[2 if sign > 0 else 0]))
        if fit.rig.limb and "shoulder" in fit.rig.places:
            depth -= _LIFTED * held_aside(fit.body, side)
        if name in ("waist", "hem"):
            across = beside_body(fit, across + sign * hung_aside(fit, depth), depth, sign)
        points.add(f"{name}_{side}", fit.body.place(sign * across, depth), xy)


def _add_sides(points: Points, fit: Fit, upper: str, lower: str) -> None:
    """Points along the side seams: bent as the garment's own are, and never inside the body."""
    for side, sign in SIDES:
        top_person, top_cloth = points.of(f"{upper}_{side}")
        end_person, end_cloth = points.of(f"{lower}_{side}")
        for number, share in enumerate(_SIDE_SHARES, 1):
            straight = top_cloth + share * (end_cloth - top_cloth)
            cloth = cloth_edge(fit, straight, sign)
            bulge = float((cloth - straight) @ fit.frame.left) * sign * fit.frame.scale * fit.frame.narrowing
            person = top_person + share * (end_person - top_person)
            across, depth = in_body_frame(fit.body, person)
            across = abs(across) + bulge / fit.body.shoulder_width
            across = beside_body(fit, across, depth, sign)
            points.add(f"side_{upper}_{side}_{number}", fit.body.place(sign * across, depth), cloth)


def _add_armholes(points: Points, fit: Fit) -> None:
    """Points between shoulder tip and armpit: a sleeve's seam shares them, a bare armhole keeps its curve."""
    for side, sign in SIDES:
        if not has(fit, f"shoulder_{side}", f"armpit_{side}"):
            continue
        tip_person, tip_cloth = points.of(f"shoulder_{side}")
        pit_person, pit_cloth = points.of(f"armpit_{side}")
        for number, share in enumerate((1 / 3, 2 / 3), 1):
            straight = tip_cloth + share * (pit_cloth - tip_cloth)
            cloth = straight if fit.rig.limb else cloth_edge(fit, straight, sign)
            bulge = float((cloth - straight) @ fit.frame.left) * fit.frame.scale
            person = tip_person + share * (pit_person - tip_person) + bulge * fit.body.across_at(0.0)
            points.add(f"armhole_{side}_{number}", person, cloth)
