"""A garment's own frame of reference, and how large it is on a body."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingLandmark
from flixpose.fit.body import TORSO_PER_SHOULDER_WIDTH, Body
from flixpose.fit.rig import Rig
from flixpose.fit.silhouette import trunk_edge
from flixpose.structures.found import Garment
from flixpose.structures.image import Mask

Point = NDArray[np.float64]

_ANCHORS = ("shoulder", "neck", "armpit", "waist")
_NECK = 0.30, -0.14  # across and depth where straps hang that end close to the neck (seen worn)
_TIP = 0.55  # across of the ends of the broadest straps, which hang as deep as the rig has shoulder tips
_WAIST = 0.95  # shoulder widths: a usual waist above the hips
# Depths at which a trunk is looked for, and how far from the axis its sides usually lie, in shoulder widths
# (17 simulated bodies in trousers and skirts).
_SIDES = {0.6: 0.47, 0.65: 0.475, 0.7: 0.48, 0.75: 0.50, 0.8: 0.525, 0.9: 0.57, 1.1: 0.585}
_WAISTS = (0.6, 1.4)  # shoulder widths: the least and the most that a waist measures


@dataclass(frozen=True, eq=False)
class GarmentFrame:
    """Axis and scale of a garment in its photo.

    Attributes:
        origin: (2,) middle of the anchor pair (shoulder tips, else the next pair down that is there).
        down, left: unit vectors along the axis and to the wearer's left.
        anchor: name of the anchor pair, whose place on the body the rig tells.
        scale: pixels of the person image for one pixel of the product image.
        narrowing: see `Rig`.
        depth: torso lengths down this body at which the origin lies.
    """

    origin: Point
    down: Point
    left: Point
    anchor: str
    scale: float
    narrowing: float = 1.0
    depth: float = 0.0

    def own(self, point: Point, body: Body) -> tuple[float, float]:
        """(across, depth) that the garment's own proportions give a point, on this body."""
        offset = np.asarray(point, dtype=np.float64) - self.origin
        across = float(offset @ self.left) * self.scale * self.narrowing / body.frontal_width
        depth = self.depth + float(offset @ self.down) * self.scale / body.torso_length
        return across, depth


def measure_garment(garment: Garment, body: Body, rig: Rig, person_mask: Mask | None = None) -> GarmentFrame:
    """The garment's frame, with the scale that makes it fit this body.

    The scale is the weighted geometric mean of what the rig's measures say (`Rig.scale`): shoulder tips,
    armpits, waist, length.

    Raises:
        MissingLandmark: no pair to anchor it, or nothing at its lower end.
    """
    anchor = next((name for name in _ANCHORS if _has_pair(garment, name) and name in rig.places), None)
    if anchor is None:
        raise MissingLandmark(
            f"None of the pairs {', '.join(_ANCHORS)} was found on the {garment.kind}.", subject=garment.kind
        )
    left, right = pair(garment, anchor)
    origin = (left + right) / 2
    across = left - right
    down = _lower_end(garment) - origin
    down = down / np.linalg.norm(down)
    to_left = across - (across @ down) * down
    to_left = to_left / np.linalg.norm(to_left)
    frame = GarmentFrame(origin, down, to_left, anchor, 1.0, rig.narrowing)
    frame = replace(frame, scale=_scale(garment, body, rig, frame, person_mask))
    return replace(frame, depth=_anchor_depth(body, rig, frame, float(np.linalg.norm(across)) / 2))


def _anchor_depth(body: Body, rig: Rig, frame: GarmentFrame, half: float) -> float:
    """Where the rig has the anchor; straps on a mannequin lie further up the slope towards the neck.

    Args:
        half: of the distance between the anchor pair, pixels of the product image.
    """
    place = rig.places[frame.anchor]
    if frame.anchor != "shoulder" or not rig.straps:
        return place.depth
    across = half * frame.scale / body.frontal_width
    return float(np.interp(across, (_NECK[0], _TIP), (_NECK[1], place.depth)))


def pair(garment: Garment, name: str) -> tuple[Point, Point]:
    """(left, right) landmarks of a pair, float64. Raises MissingLandmark."""
    if not _has_pair(garment, name):
        raise MissingLandmark(
            f"{name}_left or {name}_right was not found on the {garment.kind}.", subject=name
        )
    return point(garment, f"{name}_left"), point(garment, f"{name}_right")


def point(garment: Garment, name: str) -> Point:
    """One landmark, (2,) float64. Raises MissingLandmark."""
    if not garment.landmarks.has(name):
        raise MissingLandmark(f"{name} was not found on the {garment.kind}.", subject=name)
    return garment.landmarks[name].astype(np.float64)


def _has_pair(garment: Garment, name: str) -> bool:
    return garment.landmarks.has(f"{name}_left") and garment.landmarks.has(f"{name}_right")


def _lower_end(garment: Garment) -> Point:
    for name in ("hem", "cuff"):
        sides = [n for n in garment.landmarks.present if n.startswith((f"{name}_left", f"{name}_right"))]
        if name == "cuff" and "crotch" not in garment.landmarks.present:
            continue
        if {n.split("_")[1] for n in sides} == {"left", "right"}:
            return np.mean([garment.landmarks[n] for n in sides], axis=0).astype(np.float64)
    raise MissingLandmark(f"The lower end of the {garment.kind} was not found.", subject="hem")


def _scale(garment: Garment, body: Body, rig: Rig, frame: GarmentFrame, person_mask: Mask | None) -> float:
    told = _by_landmarks(garment, body, rig, frame, person_mask)
    if not told:
        raise MissingLandmark(f"Nothing tells how large the {garment.kind} is.", subject=garment.kind)
    ratios, weights = np.array(list(told.values())).T
    return float(np.exp(np.average(np.log(ratios), weights=weights)))


def _by_landmarks(
    garment: Garment, body: Body, rig: Rig, frame: GarmentFrame, person_mask: Mask | None
) -> dict[str, tuple[float, float]]:
    """Measure → (scale, weight), of those of the rig's that the landmarks tell."""
    told: dict[str, tuple[float, float]] = {}
    for name, weight in rig.scale.items():
        ratio = None
        if name == "length":
            ratio = _length_ratio(garment, body, rig, frame)
        elif name == "crotch" and garment.landmarks.has(name):
            ratio = _rise_ratio(garment, body, rig, frame)
        elif name in rig.places and _has_pair(garment, name):
            left, right = pair(garment, name)
            on_body = 2 * rig.places[name].across * _unit(body, rig)
            if name == "waist" and rig.girth > 0 and (seen := _waist_width(body, person_mask)) is not None:
                on_body = rig.girth * seen
            ratio = on_body / (rig.narrowing * float(np.linalg.norm(left - right)))
        if ratio is not None and ratio > 0 and weight > 0:
            told[name] = (ratio, weight)
    return told


def _rise_ratio(garment: Garment, body: Body, rig: Rig, frame: GarmentFrame) -> float:
    """From the waistband to where the legs part."""
    rise = float((point(garment, "crotch") - frame.origin) @ frame.down)
    on_body = (rig.places["crotch"].depth - rig.places[frame.anchor].depth) * body.torso_length
    return on_body / max(rise, 1e-9)


def _waist_width(body: Body, person_mask: Mask | None) -> float | None:
    """Breadth above the hips as if seen from the front, pixels; None where arms hide it or it cannot be.

    Where the trunk is seen elsewhere, on one side or further up or down, that tells it from the breadths that
    are usual.
    """
    if person_mask is None:
        return None
    seen = [
        edge / usual
        for depth, usual in _SIDES.items()
        for sign in (1.0, -1.0)
        if (edge := trunk_edge(body, person_mask, depth, sign).seen) is not None
    ]
    width = _WAIST * float(np.mean(seen)) if seen else 0.0
    return width * body.frontal_width if _WAISTS[0] < width < _WAISTS[1] else None


def _unit(body: Body, rig: Rig) -> float:
    """A shoulder width of this body, as the shoulders and the torso's length tell it together."""
    by_torso = body.torso_length / TORSO_PER_SHOULDER_WIDTH
    return float(body.frontal_width ** (1 - rig.torso_share) * by_torso**rig.torso_share)


def _length_ratio(garment: Garment, body: Body, rig: Rig, frame: GarmentFrame) -> float:
    length = float(np.linalg.norm(_lower_end(garment) - frame.origin))
    anchor = frame.anchor
    if "crotch" in garment.landmarks.present:
        ankles = [body.joints[n][1] for n in ("left_ankle", "right_ankle") if n in body.joints]
        end = float(np.mean(ankles)) if ankles else float(body.place(0, 3.0)[1])
        on_body = (
            (end - float(body.place(0, rig.places[anchor].depth)[1])) * rig.limb.max_reach
            if rig.limb
            else 0.0
        )
    else:
        on_body = (rig.places["hem"].depth - rig.places[anchor].depth) * body.torso_length
    return on_body / length
