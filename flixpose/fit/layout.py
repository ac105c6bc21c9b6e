"""The plan of a drape: which parts a garment has, where each goes, and what lies before what."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import MissingKeypoint
from flixpose.fit.armholes import at_creases, cap_end, lay_caps, under_armpits
from flixpose.fit.arms import ArmOutline, arm_chain, is_behind
from flixpose.fit.body import Body
from flixpose.fit.elbows import BentSleeve, elbow_halves, folds, is_bent, is_folded
from flixpose.fit.forks import with_armpits
from flixpose.fit.held_up import held_up_halves
from flixpose.fit.legs import find_legs, leg_controls, nearer_leg
from flixpose.fit.limbs import sleeve_controls
from flixpose.fit.mannequin import shows_mannequin
from flixpose.fit.measure import GarmentFrame, Point, measure_garment, point
from flixpose.fit.neckline import behind_neckline, filled, front_neckline, lowest
from flixpose.fit.occluders import Occluders
from flixpose.fit.open_front import inside_between_fronts
from flixpose.fit.regions import LimbLandmarks, leg_seam, soft_matte, split
from flixpose.fit.rig import Limb, Rig
from flixpose.fit.strips import cuff_direction, cuff_middle, garment_strip, strip_border
from flixpose.fit.tips import with_tips
from flixpose.fit.torso import seat_controls, skirt_controls, torso_controls
from flixpose.fit.trunk import Fit, trunk_border
from flixpose.fit.waist import end_of_top
from flixpose.fit.wedges import with_legs_apart
from flixpose.garment.kinds import group
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask
from flixpose.structures.warp import ControlPoints

# Seams overlap by this share of the garment box's longer side, so that no gap opens between parts.
_OVERLAP = 0.012
_ARM = ("shoulder", "elbow", "wrist")
_ARM_ZONE = 0.5
_BEHIND = -2  # depth of a sleeve behind the trunk; its lower half lies before the upper one
_CAP, _UNDERSIDE = 0.6, 0.06  # of the seam
_ALIKE = 2.0  # times as long an underside: one whose partner is a cap is one too


@dataclass(frozen=True, eq=False)
class PartPlan:
    """One part of the garment.

    Attributes:
        matte: its share of the product image.
        border: (M, 2) polygon on the person image in which its warp must not fold.
        depth: higher lies in front; the trunk's is 0, below are sleeves of arms behind the back.
        seam: (K, 2) places of the product image that the trunk's warp draws and the part's must draw alike;
            empty for the trunk itself.
        half: whether it is the upper or the lower half of a sleeve that is bent too far for one part.
    """

    controls: ControlPoints
    matte: Mask
    border: NDArray[np.float64]
    depth: int
    seam: NDArray[np.float64]
    half: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """All parts of one garment on one body.

    Attributes:
        parts: the trunk first, then sleeves or legs.
        behind: cloth behind the wearer (inner collar, hood, the inside of what hangs open), placed by the
            trunk's warp, or None.
    """

    parts: tuple[PartPlan, ...]
    behind: Mask | None


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that is decided before a pixel is drawn.

    Attributes:
        tuck: the lower clothes that lie before a tucked trunk; None: it hangs over them.
    """

    body: Body
    layout: Layout
    occluders: Occluders
    tuck: Mask | None = None


def bare_zone(plan: Plan, size: tuple[int, int]) -> Mask:
    """Where on a person image of this size arms may lie before the trunk: past the ends of the sleeves."""
    ends = _ends_of_sleeves(plan.layout)
    if not ends:
        return Mask.full(*size)
    half = _ARM_ZONE * plan.body.shoulder_width / 2
    zones = []
    for side in ("left", "right"):
        chain = plan.body.limb(side, *_ARM)
        chain = _past(chain, ends[side][0]) if side in ends else chain
        fingers = plan.body.joints.get(f"{side}_index")
        if chain and fingers is not None:
            chain = [*chain, chain[-1] + 1.6 * (fingers - chain[-1])]
        zones.append(_around(chain, half, size))
        if side in ends:
            _cut_before(zones[-1], *ends[side], 2 * half)
    return Mask(cv2.blur(cv2.max(*zones), (5, 5)))


def is_sleeveless(layout: Layout) -> bool:
    """Whether it has neither sleeves nor caps in their place."""
    return not _ends_of_sleeves(layout)


def _ends_of_sleeves(layout: Layout) -> dict[str, tuple[Point, Point]]:
    """ "left", "right" → middle and direction of the end of the sleeve, or of the cap in its place."""
    found = {}
    for side in ("left", "right"):
        controls = next((p.controls for p in layout.parts if p.controls.part == f"{side}_sleeve"), None)
        end = cap_end(layout.parts[0].controls, side)
        if controls is not None:
            found[side] = cuff_middle(controls), cuff_direction(controls)
        elif end is not None:
            found[side] = end
    return found


def _around(chain: list[Point], half: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W) 255 within so many pixels of a chain of joints, but not before its first."""
    zone = np.zeros((size[1], size[0]), np.uint8)
    for a, b in pairwise(chain):
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9) * half
        across = np.array([-along[1], along[0]])
        corners = np.round([a + across, b + across, b - across, a - across]).astype(np.int32)
        cv2.fillConvexPoly(zone, corners, 255)
    for joint in chain[1:]:
        cv2.circle(zone, np.round(joint).astype(int).tolist(), round(half), 255, -1)
    return zone


def _cut_before(zone: NDArray[np.uint8], start: Point, down: Point, far: float) -> None:
    """Clear what lies behind the end of a sleeve: the roundings of the joints past it reach back there."""
    across = np.array([-down[1], down[0]])
    back = start - far * down
    corners = [start + far * across, start - far * across, back - far * across, back + far * across]
    cv2.fillConvexPoly(zone, np.round(corners).astype(np.int32), 0)


def _past(chain: list[Point], end: Point) -> list[Point]:
    """The rest of a chain of joints from the place nearest to `end` on."""
    best, rest = np.inf, chain
    for number, (a, b) in enumerate(pairwise(chain)):
        bone = b - a
        share = float(np.clip((end - a) @ bone / max(float(bone @ bone), 1e-9), 0.0, 1.0))
        distance = float(np.linalg.norm(a + share * bone - end))
        if distance < best:
            best, rest = distance, [a + share * bone, *chain[number + 1 :]]
    return rest


def plan_layout(
    garment: Garment, product: Image, body: Body, rig: Rig, person_mask: Mask | None, occluders: Occluders
) -> Layout:
    """Where every part of the garment goes on the body.

    Args:
        person_mask: the person on the person image, where known: cloth is not laid inside the outline.
        occluders: arms and hair that are seen are not the trunk's outline.

    Raises:
        MissingLandmark: the garment lacks a landmark that the rig needs.
        MissingKeypoint: the body lacks a joint that the rig needs.
    """
    worn = rig.worn if rig.worn is not None and shows_mannequin(product, garment) else None
    rig = worn or rig
    garment = with_legs_apart(garment, product)
    if worn is not None and rig.limb and "shoulder" in rig.places:
        garment = with_tips(garment)
    frame = measure_garment(garment, body, rig, person_mask)
    forks: dict[str, Point] = {}
    if worn is None:  # a mannequin's sleeves hang as they are worn
        garment, forks = with_armpits(garment, frame, body, rig)
    limbs = _limbs(garment, frame, forks) if rig.limb else ()
    regions = split(garment, limbs)
    overlap = _OVERLAP * garment.box.longer_side
    seams = tuple((limb.outer, limb.inner) for limb in limbs if limb.part in regions)
    trunk_matte = soft_matte(garment, regions["torso"], seams, overlap)
    neckline = front_neckline(garment, product)
    front = None if neckline is None else lowest(neckline, frame)
    outline = _trunk_outline(person_mask, occluders)
    legs = find_legs(body, outline) if garment.landmarks.has("crotch") else {}
    top = end_of_top(body, occluders) if group(garment.kind) == "lower" else None
    arms_seen = occluders.outlines
    fit = Fit(garment, frame, body, rig, trunk_matte, outline, person_mask, front, arms_seen, legs, top)
    sleeved = {limb.part.removesuffix("_sleeve") for limb in limbs if limb.part in regions}
    arms = {side: arm for side, arm in occluders.outlines.items() if side in sleeved}
    trunk = at_creases(_trunk_controls(fit), body, arms)
    trunk = lay_caps(under_armpits(trunk, fit) if sleeved else trunk, fit, sleeved)
    behind = None
    if neckline is not None:
        opening = behind_neckline(garment, neckline, frame)
        inside = inside_between_fronts(garment, product)
        if inside is not None:
            opening = Mask(np.maximum(opening.alpha, filled(inside, garment)))
        # It goes on under the front: two edges that fade into one another would let the background through.
        trunk_matte, behind = _parted(trunk_matte, opening, max(1, round(overlap)))
    parts = [PartPlan(trunk, trunk_matte, trunk_border(trunk), 0, np.zeros((0, 2)))]
    for limb in limbs:
        if limb.part in regions and rig.limb:
            matte = soft_matte(garment, regions[limb.part], ((limb.outer, limb.inner),), overlap)
            arm = arms.get(limb.part.removesuffix("_sleeve"))
            if limb.part.endswith("leg"):
                parts.append(_leg_plan(limb, matte, fit, rig.limb, trunk))
            else:
                parts += _sleeve_plans(limb, matte, fit, rig.limb, trunk, arm)
    return Layout(tuple(parts), behind)


def _parted(trunk: Mask, opening: Mask, overlap: int) -> tuple[Mask, Mask]:
    """The trunk's matte without an opening, and what of it lies there and so many pixels around."""
    front, behind = trunk.alpha.copy(), np.zeros_like(trunk.alpha)
    x, y, width, height = cv2.boundingRect(opening.alpha)
    if width:
        here = np.s_[max(0, y - overlap) : y + height + overlap, max(0, x - overlap) : x + width + overlap]
        around = cv2.dilate(opening.alpha[here], np.ones((3, 3), np.uint8), iterations=overlap)
        behind[here] = cv2.min(trunk.alpha[here], around)
        front[here] = cv2.min(front[here], cv2.bitwise_not(opening.alpha[here]))
    return Mask(front), Mask(behind)


def _trunk_outline(person_mask: Mask | None, occluders: Occluders) -> Mask | None:
    if person_mask is None:
        return None
    front = np.maximum(occluders.arms.alpha, occluders.head.alpha)
    return Mask(np.minimum(person_mask.alpha, 255 - front))


def _trunk_controls(fit: Fit) -> ControlPoints:
    names = fit.garment.landmarks
    if names.has("crotch"):
        return seat_controls(fit)
    return torso_controls(fit) if "neck" in fit.rig.places else skirt_controls(fit)


def _sleeve_plans(
    limb: LimbLandmarks, matte: Mask, fit: Fit, numbers: Limb, trunk: ControlPoints, arm: ArmOutline | None
) -> list[PartPlan]:
    """A sleeve as one part, or as two where the elbow is bent too far for one."""
    side = limb.part.split("_")[0]
    chain = arm_chain(fit.body, side)
    if len(chain) < 2:
        raise _nowhere(limb.part, f"{side}_{_ARM[len(chain)]}")
    ends = _seam_ends(trunk, f"shoulder_{side}", f"armpit_{side}")
    strip, scale = garment_strip(limb, matte), fit.frame.scale
    controls = sleeve_controls(limb, strip, chain, ends, fit.body, numbers, scale, fit.person, arm)
    border, seam = strip_border(controls), _seam_places(limb, fit)
    depth = _BEHIND if is_behind(fit.body, side) else 1
    one = PartPlan(controls, matte, border, depth, seam)
    if not is_bent(chain):
        return [one]
    sleeve = BentSleeve(limb.part, strip, matte, chain, ends, fit.body, numbers, scale, fit.person)
    inwards = sleeve.bends_in and sleeve.reaches_forearm
    if not (inwards or is_folded(chain) or folds(controls, border, seam, trunk)):
        return [one]
    halves = elbow_halves(sleeve) if inwards else held_up_halves(sleeve)
    return [
        PartPlan(controls, share, strip_border(controls), depth + n, seam[: 0 if n else None], half=True)
        for n, (controls, share) in enumerate(halves)
    ]


def _leg_plan(limb: LimbLandmarks, matte: Mask, fit: Fit, numbers: Limb, trunk: ControlPoints) -> PartPlan:
    side = limb.part.split("_")[0]
    if side not in fit.legs:
        raise _nowhere(limb.part, f"{side}_knee")
    ends = _seam_ends(trunk, f"side_{side}", "crotch")
    frame, strip = fit.frame, garment_strip(limb, matte)
    controls = leg_controls(
        limb, strip, fit.legs[side], ends, fit.body, numbers, frame.scale, frame.narrowing
    )
    depth = 2 if nearer_leg(fit.body) == side else 1
    return PartPlan(controls, matte, strip_border(controls), depth, _seam_places(limb, fit))


def _nowhere(part: str, missing: str) -> MissingKeypoint:
    return MissingKeypoint(f"{missing} was not found: the {part} has nowhere to go.", subject=missing)


def _seam_ends(trunk: ControlPoints, outer: str, inner: str) -> tuple[Point, Point]:
    return trunk.person_xy[trunk.names.index(outer)], trunk.person_xy[trunk.names.index(inner)]


def _seam_places(limb: LimbLandmarks, fit: Fit) -> NDArray[np.float64]:
    """Places along a limb's seam, and as far inside the trunk as the two overlap."""
    along = limb.inner - limb.outer
    inside = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    cuff = (limb.cuff_outer + limb.cuff_inner) / 2
    inside = -inside if inside @ (cuff - limb.outer) > 0 else inside
    overlap = _OVERLAP * fit.garment.box.longer_side
    on_seam = limb.outer + np.linspace(0.0, 1.0, 5)[:, None] * along
    within = limb.outer + np.array([0.02, 0.5, 0.98])[:, None] * along + 2 * overlap * inside
    return np.vstack([on_seam, within])


def _limbs(garment: Garment, frame: GarmentFrame, forks: dict[str, Point]) -> tuple[LimbLandmarks, ...]:
    """The sleeves or legs whose landmarks are all there."""
    found = []
    legs = garment.landmarks.has("crotch")
    for side, sign in (("left", 1.0), ("right", -1.0)):
        cuffs = (f"cuff_{side}_outer", f"cuff_{side}_inner")
        tip, pit = f"shoulder_{side}", f"armpit_{side}"
        if not all(garment.landmarks.has(name) for name in (*cuffs, *(() if legs else (tip, pit)))):
            continue
        if legs:
            outer, inner = leg_seam(garment, frame, sign)
        else:
            outer, inner = point(garment, tip), point(garment, pit)
        part = f"{side}_{'leg' if legs else 'sleeve'}"
        fork = None if legs else forks.get(side)
        ends = point(garment, cuffs[0]), point(garment, cuffs[1])
        found.append(LimbLandmarks(part, outer, inner, *ends, fork))
    least = _UNDERSIDE * (_ALIKE if any(_is_cap(limb, _UNDERSIDE) for limb in found) else 1.0)
    return tuple(limb for limb in found if legs or not _is_cap(limb, least))


def _is_cap(limb: LimbLandmarks, least: float) -> bool:
    """A sleeve that ends on the shoulder's curve or in the armpit follows no arm: it goes with the trunk.

    Args:
        least: underside of a sleeve, of its seam.
    """
    edge, under = (
        float(np.linalg.norm(end - start))
        for start, end in ((limb.outer, limb.cuff_outer), (limb.inner, limb.cuff_inner))
    )
    seam = float(np.linalg.norm(limb.outer - limb.inner))
    return edge < _CAP * seam or under < least * seam
