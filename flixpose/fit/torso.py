"""Control points for the trunk of a garment: the torso of a top or dress, a skirt, the seat of trousers."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.measure import GarmentFrame, Point, pair, point
from flixpose.fit.outline import reach
from flixpose.fit.regions import leg_seam
from flixpose.fit.rig import Rig
from flixpose.fit.silhouette import trunk_edge
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

# The line of the shoulders, in the body's frame: from the neck's base (across, depth) to the shoulder's tip.
_PAST_EDGE = 0.05  # shoulder widths
_SLOPE = ((0.17, -0.185), (0.56, -0.075))
_TOPLINE_RISE, _TOPLINE_FALL = 0.12, 0.07
# Further out than this the outline falls away into the arm; the cloth falls by so many torso lengths for
# every shoulder width.
_TOPLINE_END = 0.47
_SHOULDER_FALL = 0.45
_BESIDE_ARM = 0.85
_MAX_LIFT = 1.4  # of the half seam
_ROUNDEST = 0.3  # of the chord that the end of a shoulder's line may rise above it
# How far the cloth on the middle line lies before the axis, in shoulder widths, at neck, chest and hem.
_FRONT_DEPTHS = (0.3, 0.45, 0.45)
_TURNED = 6.0  # degrees: less is no turn
_FRONT_SHARES = (0.25, 0.5, 0.75)
_SIDE_SHARES = (0.2, 0.4, 0.6, 0.8)
_SIDES = (("left", 1.0), ("right", -1.0))


@dataclass
class _Points:
    """Control points as they are found."""

    names: list[str] = field(default_factory=list)
    person: list[Point] = field(default_factory=list)
    garment: list[Point] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, name: str, person: Point, garment: Point, weight: float = 1.0) -> None:
        self.names.append(name)
        self.person.append(np.asarray(person, dtype=np.float64))
        self.garment.append(np.asarray(garment, dtype=np.float64))
        self.weights.append(weight)

    def of(self, name: str) -> tuple[Point, Point]:
        row = self.names.index(name)
        return self.person[row], self.garment[row]

    def freeze(self, part: str) -> ControlPoints:
        return ControlPoints(
            part, tuple(self.names), np.array(self.person), np.array(self.garment), np.array(self.weights)
        )


@dataclass(frozen=True, eq=False)
class Fit:
    """Everything that places a trunk: the garment, its frame, the body, the numbers, and two masks.

    Attributes:
        cloth: the trunk's region of the product image.
        person: all of the person, on the person image; None without a mask.
        front: the lowest point of the front neckline in the product image; None where there is none.
        outline: the person without bare arms, face and hair, on the person image; None without a mask.
    """

    garment: Garment
    frame: GarmentFrame
    body: Body
    rig: Rig
    cloth: Mask
    outline: Mask | None
    person: Mask | None = None
    front: Point | None = None

    def own(self, xy: Point) -> tuple[float, float]:
        return self.frame.own(xy, self.body, self.rig.places[self.frame.anchor].depth)


# The trunk's border on the person, down the wearer's left side and up the right, by name.
_BORDER = (
    *(
        "neck",
        "shoulder_line_1",
        "shoulder_line_2",
        "shoulder_line_3",
        "shoulder_line_4",
        "shoulder",
        "armhole_1",
        "armhole_2",
        "armpit",
    ),
    *("side_armpit_1", "side_armpit_2", "side_armpit_3", "side_armpit_4", "waist"),
    *("side_waist_1", "side_waist_2", "side_waist_3", "side_waist_4", "hip", "side", "hem"),
)


def trunk_border(controls: ControlPoints) -> NDArray[np.float64]:
    """(M, 2) polygon through the trunk's outer control points on the person image."""
    left = [_sided(name, "left") for name in _BORDER]
    right = [_sided(name, "right") for name in reversed(_BORDER)]
    low = "crotch" if "crotch" in controls.names else "hem_center"
    ordered = [*left, low, *right, "neck_front"]
    return controls.person_xy[[controls.names.index(name) for name in ordered if name in controls.names]]


def _sided(name: str, side: str) -> str:
    """ "armhole_1" → "armhole_left_1"; "neck" → "neck_left"."""
    stem, _, number = name.rpartition("_")
    return f"{stem}_{side}_{number}" if number.isdigit() else f"{name}_{side}"


def torso_controls(fit: Fit) -> ControlPoints:
    """Where the torso of a top or a dress lies on the body.

    Raises:
        MissingLandmark: a pair that the rig needs was not found.
    """
    points = _Points()
    for name in ("neck", "shoulder"):
        _add_on_shoulder_line(points, fit, name)
    _add_between_neck_and_shoulder(points, fit)
    _add_pair(points, fit, "armpit")
    if fit.rig.limb:
        _lift_shoulder_tips(points, fit)
        _add_beside_tips(points, fit)
    _add_front_of_neck(points, fit)
    corners = ["armpit"]
    if "waist" in fit.rig.places and _has(fit, "waist_left", "waist_right"):
        _add_pair(points, fit, "waist")
        corners.append("waist")
    _add_pair(points, fit, "hem")
    corners.append("hem")
    for upper, lower in pairwise(corners):
        _add_sides(points, fit, upper, lower)
    _add_hem_center(points, fit)
    _add_armholes(points, fit)
    _turn_middle_line(points, fit)
    return points.freeze("torso")


def skirt_controls(fit: Fit) -> ControlPoints:
    """Where a skirt lies on the body. Raises MissingLandmark."""
    points = _Points()
    _add_pair(points, fit, "waist")
    _add_pair(points, fit, "hem")
    _add_sides(points, fit, "waist", "hem")
    _add_hem_center(points, fit)
    return points.freeze("torso")


def seat_controls(fit: Fit) -> ControlPoints:
    """Where trousers lie from the waistband to the crotch; the legs are parts of their own.

    Raises:
        MissingLandmark: waist or crotch was not found.
    """
    points = _Points()
    _add_pair(points, fit, "waist")
    for side, sign in _SIDES:
        outer, crotch = leg_seam(fit.garment, fit.frame, sign)
        _, depth = fit.rig.places["crotch"].blend(*fit.own(crotch))
        if "crotch" not in points.names:
            points.add("crotch", fit.body.place(0.0, depth), crotch)
        across = _beside_body(fit, abs(fit.own(outer)[0]), depth, sign)
        points.add(f"side_{side}", fit.body.place(sign * across, depth), outer)
    waist_left, waist_right = pair(fit.garment, "waist")
    _, waist_depth = fit.rig.places["waist"].blend(*fit.own(waist_left))
    points.add("waist_center", fit.body.place(0.0, waist_depth), (waist_left + waist_right) / 2)
    for side, sign in _SIDES:
        upper, lower = points.of(f"waist_{side}"), points.of(f"side_{side}")
        cloth = _cloth_edge(fit, (upper[1] + lower[1]) / 2, sign)
        across, depth = _in_body_frame(fit.body, (upper[0] + lower[0]) / 2)
        bulge = abs(fit.own(cloth)[0]) - abs(fit.own((upper[1] + lower[1]) / 2)[0])
        across = _beside_body(fit, abs(across) + bulge, depth, sign)
        points.add(f"hip_{side}", fit.body.place(sign * across, depth), cloth)
    return points.freeze("torso")


def _add_pair(points: _Points, fit: Fit, name: str) -> None:
    place = fit.rig.places[name]
    pair(fit.garment, name)
    for side, sign in _SIDES:
        xy = point(fit.garment, f"{name}_{side}")
        own_across, own_depth = fit.own(xy)
        across, depth = place.blend(abs(own_across), own_depth)
        if name in ("waist", "hem"):
            across = _beside_body(fit, across, depth, sign)
        points.add(f"{name}_{side}", fit.body.place(sign * across, depth), xy)


def _add_on_shoulder_line(points: _Points, fit: Fit, name: str) -> None:
    """Neck corners and shoulder tips lie on the upper outline of the body, as the mask shows it."""
    if not _has(fit, f"{name}_left", f"{name}_right"):
        return
    place = fit.rig.places[name]
    for side, sign in _SIDES:
        xy = point(fit.garment, f"{name}_{side}")
        across, _ = place.blend(abs(fit.own(xy)[0]), place.depth)
        depth = _shoulder_line(fit, across, sign)
        points.add(f"{name}_{side}", fit.body.place(sign * across, depth), xy)


def _add_between_neck_and_shoulder(points: _Points, fit: Fit) -> None:
    """Points on the garment's upper edge, so that it follows the slope of the neck into the shoulder."""
    for side, sign in _SIDES:
        if f"neck_{side}" not in points.names or f"shoulder_{side}" not in points.names:
            continue
        neck_person, neck_cloth = points.of(f"neck_{side}")
        tip_person, tip_cloth = points.of(f"shoulder_{side}")
        for number, share in enumerate((0.25, 0.5, 0.75), 1):
            straight = neck_cloth + share * (tip_cloth - neck_cloth)
            across, _ = _in_body_frame(fit.body, neck_person + share * (tip_person - neck_person))
            person = fit.body.place(across, _shoulder_line(fit, abs(across), sign))
            points.add(f"shoulder_line_{side}_{number}", person, _upper_edge(fit, straight))


def _upper_edge(fit: Fit, near: Point) -> Point:
    """The cloth's upper edge straight above a point near it; the point itself where unclear (a hood)."""
    limit = 0.06 * fit.garment.box.longer_side
    inside = near + limit * fit.frame.down
    found = reach(fit.garment.mask, inside, -fit.frame.down, 2 * limit)
    return near if found is None else inside - found * fit.frame.down


def _shoulder_line(fit: Fit, across: float, sign: float) -> float:
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
    seen = start_depth - found / fit.body.torso_length + _SHOULDER_FALL * (across - probe)
    # Higher than usual is a steep shoulder, much higher is hair; lower is a chin cut out of the mask.
    return seen if usual - _TOPLINE_RISE <= seen <= usual + _TOPLINE_FALL else usual


def _is_person(fit: Fit, place: Point) -> bool:
    if fit.person is None:
        return False
    column, row = int(place[0]), int(place[1])
    on_photo = 0 <= column < fit.person.width and 0 <= row < fit.person.height
    return on_photo and bool(fit.person.alpha[row, column] > 127)


def _lift_shoulder_tips(points: _Points, fit: Fit) -> None:
    """A sleeve's seam begins on the body's outline, not inside it, so that no shoulder looks out above it."""
    for side, _ in _SIDES:
        tip, pit = f"shoulder_{side}", f"armpit_{side}"
        if fit.person is None or tip not in points.names or pit not in points.names:
            continue
        middle = (points.of(tip)[0] + points.of(pit)[0]) / 2
        out = points.of(tip)[0] - middle
        length = float(np.linalg.norm(out))
        found = reach(fit.person, middle, out / max(length, 1e-9), _MAX_LIFT * length)
        if found is not None and found > length:
            points.person[points.names.index(tip)] = middle + out * (found / length)


def _add_beside_tips(points: _Points, fit: Fit) -> None:
    """Shoulders are round: a point on the body's outline between the shoulder's line and its tip."""
    for side, _ in _SIDES:
        inner, tip = f"shoulder_line_{side}_3", f"shoulder_{side}"
        if fit.person is None or inner not in points.names:
            continue
        (start, start_cloth), (end, end_cloth) = points.of(inner), points.of(tip)
        chord = end - start
        across = np.array([chord[1], -chord[0]]) / max(float(np.linalg.norm(chord)), 1e-9)
        up = across if across @ fit.body.down < 0 else -across
        depth = _ROUNDEST * float(np.linalg.norm(chord))
        middle = (start + end) / 2
        found = reach(fit.person, middle - depth * up, up, 2 * depth)
        if found is not None and found > depth:
            cloth = _upper_edge(fit, (start_cloth + end_cloth) / 2)
            points.add(f"shoulder_line_{side}_4", middle + (found - depth) * up, cloth)


def _add_front_of_neck(points: _Points, fit: Fit) -> None:
    """The lowest point of the front neckline keeps the garment's own drop below the neck's corners."""
    if fit.front is None:
        return
    xy = fit.front
    left, right = pair(fit.garment, "neck")
    chord = np.linalg.norm(left - right)
    drop = float((xy - (left + right) / 2) @ fit.frame.down) / max(float(chord), 1e-9)
    on_left, on_right = points.of("neck_left")[0], points.of("neck_right")[0]
    width = float(np.linalg.norm(on_left - on_right))
    aside = float((xy - (left + right) / 2) @ fit.frame.left) * fit.frame.scale
    middle = (on_left + on_right) / 2
    below = middle + drop * width * fit.body.down + aside * fit.body.across_at(0.0)
    points.add("neck_front", below, xy)


def _add_sides(points: _Points, fit: Fit, upper: str, lower: str) -> None:
    """Points along the side seams: bent as the garment's own are, and never inside the body."""
    for side, sign in _SIDES:
        top_person, top_cloth = points.of(f"{upper}_{side}")
        end_person, end_cloth = points.of(f"{lower}_{side}")
        for number, share in enumerate(_SIDE_SHARES, 1):
            straight = top_cloth + share * (end_cloth - top_cloth)
            cloth = _cloth_edge(fit, straight, sign)
            bulge = float((cloth - straight) @ fit.frame.left) * sign * fit.frame.scale
            person = top_person + share * (end_person - top_person)
            across, depth = _in_body_frame(fit.body, person)
            across = abs(across) + bulge / fit.body.shoulder_width
            across = _beside_body(fit, across, depth, sign)
            points.add(f"side_{upper}_{side}_{number}", fit.body.place(sign * across, depth), cloth)


def _add_hem_center(points: _Points, fit: Fit) -> None:
    """The middle of the hem keeps its own drop below the hem's corners."""
    if not _has(fit, "hem_center"):
        return
    xy = point(fit.garment, "hem_center")
    left, right = pair(fit.garment, "hem")
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * fit.frame.scale
    middle = (points.of("hem_left")[0] + points.of("hem_right")[0]) / 2
    points.add("hem_center", middle + drop * fit.body.down, xy)


def _turn_middle_line(points: _Points, fit: Fit) -> None:
    """On a body that is turned the middle of the front (the back, seen from behind) comes to one side.

    The outline stays where it is: what lies between is squeezed on the one side and stretched on the other.
    """
    ends = ("neck_front", "hem_center")
    if abs(fit.body.turn) < _TURNED or not all(name in points.names for name in ends):
        return
    (top, top_cloth), (low, low_cloth) = (points.of(name) for name in ends)
    sine = float(np.sin(np.radians(fit.body.turn)))
    aside = sine * fit.body.shoulder_width * fit.body.across_at(0.5)
    at_neck, at_chest, at_hem = _FRONT_DEPTHS
    points.person[points.names.index(ends[0])] = top + at_neck * aside
    points.person[points.names.index(ends[1])] = low + at_hem * aside
    for number, share in enumerate(_FRONT_SHARES, 1):
        person, cloth = top + share * (low - top), top_cloth + share * (low_cloth - top_cloth)
        points.add(f"middle_{number}", person + at_chest * aside, cloth)


def _add_armholes(points: _Points, fit: Fit) -> None:
    """Points between shoulder tip and armpit: a sleeve's seam shares them, a bare armhole keeps its curve."""
    for side, sign in _SIDES:
        if not _has(fit, f"shoulder_{side}", f"armpit_{side}"):
            continue
        tip_person, tip_cloth = points.of(f"shoulder_{side}")
        pit_person, pit_cloth = points.of(f"armpit_{side}")
        for number, share in enumerate((1 / 3, 2 / 3), 1):
            straight = tip_cloth + share * (pit_cloth - tip_cloth)
            cloth = straight if fit.rig.limb else _cloth_edge(fit, straight, sign)
            bulge = float((cloth - straight) @ fit.frame.left) * fit.frame.scale
            person = tip_person + share * (pit_person - tip_person) + bulge * fit.body.across_at(0.0)
            points.add(f"armhole_{side}_{number}", person, cloth)


def _cloth_edge(fit: Fit, near: Point, sign: float) -> Point:
    """Where the cloth ends, straight out from the axis at the height of `near`; `near` itself if unclear."""
    offset = near - fit.frame.origin
    on_axis = fit.frame.origin + float(offset @ fit.frame.down) * fit.frame.down
    expected = abs(float(offset @ fit.frame.left))
    found = reach(fit.cloth, on_axis, sign * fit.frame.left, 1.6 * expected + 8)
    if found is None or not 0.5 * expected < found < 1.4 * expected:
        return near if expected > 1 else on_axis + (found or 0.0) * sign * fit.frame.left
    return on_axis + found * sign * fit.frame.left


def _beside_body(fit: Fit, own: float, depth: float, sign: float) -> float:
    """How far out a side lies: on the body's edge with its ease; what is wider by more than slack hangs free.

    Where an arm hides the edge, most of the say is the arm's own inner edge: the trunk reaches it, or there
    would be a gap in the mask.
    """
    if fit.person is None or not 0.1 < depth < 1.3:
        return own
    edge = trunk_edge(fit.body, fit.person, depth, sign)
    if edge.seen is not None:
        return _cling(own, edge.seen + fit.rig.ease, fit.rig)
    if edge.most is not None:
        return _BESIDE_ARM * _cling(own, edge.most + fit.rig.ease, fit.rig) + (1 - _BESIDE_ARM) * own
    return own


def _cling(own: float, body: float, rig: Rig) -> float:
    """A width that follows the body's, within what the cloth can give."""
    if own < body:
        return min(body, rig.widening * own)
    return max(body, own - rig.slack)


def _in_body_frame(body: Body, xy: Point) -> tuple[float, float]:
    """(across, depth) of a point on the person image, to first order in the difference of the tilts."""
    depth = float((xy - body.mid_shoulder) @ body.down) / body.torso_length
    across = float((xy - body.axis_at(depth)) @ body.across_at(depth)) / body.shoulder_width
    return across, depth


def _has(fit: Fit, *names: str) -> bool:
    return all(fit.garment.landmarks.has(name) for name in names)
