"""Control points along a trunk's upper edge: neck corners, shoulder line, shoulder tips."""

import numpy as np

from flixpose.fit.measure import Point, point
from flixpose.fit.outline import reach
from flixpose.fit.trunk import SIDES, Fit, Points, has, in_body_frame
from flixpose.structures.image import Mask

_PAST_EDGE = 0.05  # shoulder widths
_THICKNESS = 0.006  # shoulder widths: cloth lies on the skin, not beside it
# The line of the shoulders, in the body's frame: from the neck's base (across, depth) to the shoulder's tip.
_SLOPE = ((0.17, -0.185), (0.56, -0.075))
_TOPLINE_RISE, _TOPLINE_FALL = 0.12, 0.07
# Further out than this the outline falls away into the arm; the cloth falls by so many torso lengths for
# every shoulder width.
_TOPLINE_END = 0.47
_SHOULDER_FALL = 0.45
# The steepest that a shoulder rises to the neck from so many shoulder widths further out.
_STEEPEST, _FURTHER = 1.0, 0.06
_MAX_LIFT = 1.4  # of the half seam


def add_on_shoulder_line(points: Points, fit: Fit, name: str) -> None:
    """Neck corners and shoulder tips lie on the upper outline of the body, as the mask shows it."""
    if not has(fit, f"{name}_left", f"{name}_right"):
        return
    place = fit.rig.places[name]
    for side, sign in SIDES:
        xy = point(fit.garment, f"{name}_{side}")
        across, _ = place.blend(abs(fit.own(xy)[0]), place.depth)
        depth = _shoulder_line(fit, across, sign)
        points.add(f"{name}_{side}", fit.body.place(sign * across, depth), xy)


def add_between_neck_and_shoulder(points: Points, fit: Fit) -> None:
    """Points on the garment's upper edge, so that it follows the slope of the neck into the shoulder."""
    for side, sign in SIDES:
        if f"neck_{side}" not in points.names or f"shoulder_{side}" not in points.names:
            continue
        neck_person, neck_cloth = points.of(f"neck_{side}")
        tip_person, tip_cloth = points.of(f"shoulder_{side}")
        for number, share in enumerate((0.25, 0.5, 0.75), 1):
            straight = neck_cloth + share * (tip_cloth - neck_cloth)
            across, _ = in_body_frame(fit.body, neck_person + share * (tip_person - neck_person))
            person = fit.body.place(across, _shoulder_line(fit, abs(across), sign))
            points.add(f"shoulder_line_{side}_{number}", person, _upper_edge(fit, straight))


def lift_shoulder_tips(points: Points, fit: Fit) -> None:
    """A sleeve's seam begins on the body's outline, not inside it, so that no shoulder looks out above it."""
    for side, _ in SIDES:
        tip, pit = f"shoulder_{side}", f"armpit_{side}"
        if fit.person is None or tip not in points.names or pit not in points.names:
            continue
        middle = (points.of(tip)[0] + points.of(pit)[0]) / 2
        out = points.of(tip)[0] - middle
        length = float(np.linalg.norm(out))
        found = reach(fit.person, middle, out / max(length, 1e-9), _MAX_LIFT * length)
        if found is not None and found > length:
            found += _THICKNESS * fit.body.shoulder_width
            points.person[points.names.index(tip)] = middle + out * (found / length)


def lay_on_outline(points: Points, fit: Fit) -> None:
    """The shoulder's line lies on the body's outline, and one point more follows it round to the tip.

    The line was found without bare skin, or from the slope that is usual: where the outline is a little
    higher or lower, the line moves there. Hair rises further, and moves nothing.
    """
    for side, _ in SIDES:
        inner, tip = f"shoulder_line_{side}_3", f"shoulder_{side}"
        if fit.person is None or inner not in points.names:
            continue
        (start, start_cloth), (end, end_cloth) = points.of(inner), points.of(tip)
        cloth = _upper_edge(fit, (start_cloth + end_cloth) / 2)
        points.add(f"shoulder_line_{side}_4", (start + end) / 2, cloth)
        for number in (2, 3, 4):
            row = points.names.index(f"shoulder_line_{side}_{number}")
            points.person[row] = _on_outline(fit, fit.person, points.person[row])


def _on_outline(fit: Fit, person: Mask, place: Point) -> Point:
    """A point moved up or down to just above the person's outline; itself where that is not near."""
    near = _PAST_EDGE * fit.body.shoulder_width
    found = reach(person, place + near * fit.body.down, -fit.body.down, 2 * near)
    if found is None:
        return place
    return place + (near - found - _THICKNESS * fit.body.shoulder_width) * fit.body.down


def _upper_edge(fit: Fit, near: Point) -> Point:
    """The cloth's upper edge straight above a point near it; the point itself where unclear (a hood)."""
    limit = 0.06 * fit.garment.box.longer_side
    inside = near + limit * fit.frame.down
    found = reach(fit.garment.mask, inside, -fit.frame.down, 2 * limit)
    return near if found is None else inside - found * fit.frame.down


def _shoulder_line(fit: Fit, across: float, sign: float) -> float:
    """The depth of the shoulder's upper edge; a ponytail behind the neck is no steeper shoulder."""
    depth, further = (_line_seen(fit, place, sign) for place in (across, across + _FURTHER))
    rise = _STEEPEST * _FURTHER * fit.body.shoulder_width / fit.body.torso_length
    return max(depth, further - rise)


def _line_seen(fit: Fit, across: float, sign: float) -> float:
    (near, neck_depth), (far, tip_depth) = _SLOPE
    usual = neck_depth + (across - near) / (far - near) * (tip_depth - neck_depth)
    if fit.outline is None:
        return usual
    start_depth = 0.05
    probe = min(across, _TOPLINE_END)
    start = fit.body.place(sign * probe, start_depth)
    found = reach(fit.outline, start, -fit.body.down, 0.45 * fit.body.torso_length)
    beyond = (found or 0.0) + _PAST_EDGE * fit.body.shoulder_width
    if found is None or _is_person(fit, start - beyond * fit.body.down):
        return usual  # hair lies on the shoulder: its lower edge is not the body's upper one
    if fit.person is not None:
        found = reach(fit.person, start, -fit.body.down, beyond) or found  # a bare shoulder is no old cloth
    above = (found + _THICKNESS * fit.body.shoulder_width) / fit.body.torso_length
    seen = start_depth - above + _SHOULDER_FALL * (across - probe)
    # Higher than usual is a steep shoulder, much higher is hair; lower is a chin cut out of the mask.
    return seen if usual - _TOPLINE_RISE <= seen <= usual + _TOPLINE_FALL else usual


def _is_person(fit: Fit, place: Point) -> bool:
    if fit.person is None:
        return False
    column, row = int(place[0]), int(place[1])
    on_photo = 0 <= column < fit.person.width and 0 <= row < fit.person.height
    return on_photo and bool(fit.person.alpha[row, column] > 127)
