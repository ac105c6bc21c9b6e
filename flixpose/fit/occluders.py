"""What of the person lies in front of a garment: face, hair, forearms and hands. By colour, not by polygon.

Keypoints and the points of hands and face tell where to look; what is there is told by colour, and its edges
lie where the photo's edges are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline, find_arms
from flixpose.fit.bag_strap import find_bag_strap
from flixpose.fit.body import Body
from flixpose.fit.hair import face_outline, find_hair
from flixpose.fit.palettes import AROUND_HAND, READ_HAND, Plane, Scene, fill
from flixpose.fit.unmixed import OwnHair, unmix
from flixpose.fit.worn import find_worn
from flixpose.imaging.filters import guided_filter, ramp
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Image, Mask

_OWN_COLOUR = 0.4  # share of a read hand that is skin's colour, or it wears a glove
_CUFF = 0.25  # of the way from the wrist to the knuckle of the middle finger
_HAND = 0.35  # how far a hand reaches past its points, in lengths of the palm
_INNER = 190  # alpha from which on a place is no edge
_NOOK = 0.15  # shoulder widths: half of what is bridged from neck to shoulder
_SHOULDERS = 0.15  # torso lengths below them
_SURELY = 0.6  # how much nearer to the clothes' colour than to the background's
_ON_TRUNK = 0.1  # shoulder widths that skin goes on beyond an arm's inner edge, where the trunk is bare
_TRUNK = 0.3  # shoulder widths beyond it that are looked at
_HAZE = (0.35, 0.75)  # likenesses to skin between which a place comes to count as skin
_ASLANT = 0.5  # sine of the angle between an arm and the trunk from which on it goes across it
_ROWS = 2  # sections of an arm past the last one beside bare skin: its lower edge is soft
_PAST = 12  # sections of an arm below the first that comes out, where its skin begins to lie in front
_SOFT_EDGE = 0.006  # shoulder widths over which an arm gives way to a bare trunk
_SPECK = 0.05  # shoulder widths: what is smaller is no part of a hand
_SHADED = 6.0  # Lab units by which the skin of fingers may be off, in one another's shade


@dataclass(frozen=True, eq=False)
class Occluders:
    """Soft masks on the person image.

    Attributes:
        head: face, chin and hair: before every part; of loose hair the share that each pixel holds.
        hair: the colours of loose hair without what shows through it; None where none hangs.
        arms: bare forearms and hands: before trunk and legs, not before the sleeves that cover them.
        worn_upper, worn_lower: the clothes that the person wears on the trunk and on the legs, as far as
            colour tells; for the quality figures.
        parted: whether the worn upper and lower clothes differ in colour, so that their border is known.
        hands: those that were read, from the knuckles of the thumb on: before every part, past any cuff.
        strap: of a bag, across the chest: before every part; None where none is sure to be there.
        pits: bare skin of hanging upper arms, from where they come out from beside the trunk: before garments
            without sleeves, whose armholes end behind it; None where none is seen.
        outlines: "left", "right" → how far that arm is seen to reach, bare or in its old sleeve.
    """

    head: Mask
    arms: Mask
    worn_upper: Mask
    worn_lower: Mask
    parted: bool = True
    hands: Mask | None = None
    strap: Mask | None = None
    outlines: Mapping[str, ArmOutline] = field(default_factory=dict)
    hair: OwnHair | None = None
    pits: Mask | None = None

    @property
    def topmost(self) -> NDArray[np.uint8]:
        """(H, W) what lies before every part, sleeves too."""
        front = self.head.alpha
        for mask in (self.hands, self.strap):
            front = front if mask is None else cv2.max(front, mask.alpha)
        return np.asarray(front, np.uint8)


def find_occluders(person: Image, body: Body, person_mask: Mask | None) -> Occluders:
    """Face, hair, forearms and hands on the person image (house's frame; masks of the photo's size)."""
    scene = Scene.of(person, body, person_mask)
    found_hair = find_hair(scene)
    outlines = find_arms(person, body, person_mask)
    is_skin = scene.likeness(scene.arm_skin, _beside_skin(scene))
    worn = find_worn(scene, found_hair, is_skin, outlines)
    arms = _off_bare_trunk(_arms(scene, is_skin), scene, outlines)
    pits = is_skin * scene.inside * _pits(scene, outlines)
    reach = scene.between(-0.3, 1.5) * _with_collar(scene, worn.upper)
    upper = _enlarged(person, worn.upper * reach, scene)
    band = find_bag_strap(scene, np.maximum(found_hair, arms))
    strap = None if band is None else _enlarged(person, band, scene)
    upper = upper if strap is None else Mask(cv2.min(upper.alpha, cv2.bitwise_not(strap.alpha)))
    head = _without_fringe(_enlarged(person, np.maximum(_face(scene), found_hair), scene), upper)
    head, own_hair = _unmixed(head, person, body) if found_hair.any() else (head, None)
    return Occluders(
        head=head,
        arms=(skin := _without_fringe(_enlarged(person, arms, scene), upper)),
        worn_upper=upper,
        worn_lower=_enlarged(person, worn.lower * scene.between(0.7, 3.2) * scene.inside, scene),
        parted=worn.parted,
        hands=_hands(skin, body, person),
        strap=strap,
        outlines=outlines,
        hair=own_hair,
        pits=_enlarged(person, pits, scene) if (pits > 0.5).any() else None,
    )


def _unmixed(head: Mask, person: Image, body: Body) -> tuple[Mask, OwnHair | None]:
    """The head's mask with loose hair as its share in each pixel, and that hair's own colours."""
    face = face_outline(body, 1.0)
    found = None if face is None else unmix(person.pixels, head.alpha, face, body.shoulder_width)
    return (head, None) if found is None else (Mask(found[0]), found[1])


def _with_collar(scene: Scene, is_upper: Plane) -> Plane:
    """The person, with what of a collar its mask leaves out in the nook of neck and shoulder."""
    size = 2 * scene.length(_NOOK * scene.body.shoulder_width) + 1
    whole = cv2.morphologyEx(scene.inside, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    collar = whole * scene.between(-0.3, _SHOULDERS) * (is_upper > _SURELY)
    return np.asarray(np.maximum(scene.inside, collar), np.float32)


def _hands(arms: Mask, body: Body, person: Image) -> Mask | None:
    """The arms' skin on read hands, from a little past the wrist on: a cuff may reach so far."""
    read = [hand for hand in body.hands if hand.score >= READ_HAND]
    if not read:
        return None
    where = np.zeros(arms.alpha.shape, np.uint8)
    for hand in read:
        wrist, knuckle = hand.keypoints["wrist"], hand.keypoints["middle_1"]
        begin = wrist + _CUFF * (knuckle - wrist)
        reach = max(1, round(_HAND * float(np.hypot(*(knuckle - wrist)))))
        shape = np.zeros_like(where)
        points = hand.keypoints.xy - np.float32(0.5)
        hull = cv2.convexHull(np.vstack([points[1:], begin]).round().astype(np.int32))
        cv2.fillConvexPoly(shape, hull, 255)
        cv2.polylines(shape, [hull], True, 255, reach)
        where = np.maximum(where, shape)
    return Mask(np.minimum(arms.alpha, where))


def _without_fringe(front: Mask, worn: Mask) -> Mask:
    """Along the edge, what has the old clothes' colour is theirs: a rim of them would lie on the new ones."""
    own = cv2.multiply(front.alpha, 255 - worn.alpha, scale=1 / 255)
    return Mask(np.where(front.alpha < _INNER, own, front.alpha).astype(np.uint8))


def _beside_skin(scene: Scene) -> list[Plane | None]:
    """The colours that skin of arms and hands is told from."""
    return [scene.clothes, scene.shaded_lower, scene.background]


def _pits(scene: Scene, outlines: Mapping[str, ArmOutline]) -> Plane:
    """From where hanging arms come out from beside the trunk, a little down, and up in a wedge along them.

    Up there an arm is as thick on its inner side as it is further down: skin beyond is the trunk's.
    """
    where = scene.blank()
    for arm in outlines.values():
        first, last = arm.begins // 2, arm.begins + _PAST
        if not arm.begins or last > len(arm.inner) or not arm.hangs(scene.body):
            continue
        rows = np.arange(first, last)
        inward = ((arm.centres - arm.inner) * arm.normals).sum(axis=1)
        thick = np.minimum(inward[rows], np.median(inward[last - _PAST // 2 : last]))[:, None]
        edge = arm.centres[rows] - thick * arm.normals[rows]
        share = np.clip((arm.begins - rows) / (arm.begins - first), 0, 1)[:, None]
        edge += share * (arm.outer[rows] - edge)
        fill(where, np.vstack([arm.outer[rows], edge[::-1]]) * scene.scale)
    return where * np.float32(1 / 255)


def _arms(scene: Scene, is_skin: Plane) -> Plane:
    """Bare skin along arms and hands; a hand that was read is whole, in whatever light its fingers lie."""
    others = _beside_skin(scene)
    arms = is_skin * scene.arms
    for hand in scene.body.hands:
        if hand.score < READ_HAND:
            continue
        shape = scene.hand(hand, 0.0)
        if shape.any() and float((is_skin[shape] > 0.5).mean()) > _OWN_COLOUR:
            arms = np.maximum(arms, is_skin * scene.hand(hand, AROUND_HAND))
            arms[shape] = np.maximum(arms, scene.likeness(scene.arm_skin, others, _SHADED))[shape]
    # What is hardly like skin is none: a haze of the old clothes would lie around the hand.
    clear = ramp(arms, *_HAZE) * scene.inside
    _, labels, stats = find_pieces(clear > 0)
    specks = stats[:, cv2.CC_STAT_AREA] < (_SPECK * scene.unit) ** 2  # rims whose colours mix to skin's
    specks[0] = False
    clear[specks[labels]] = 0
    return np.asarray(clear, np.float32)


def _off_bare_trunk(arms: Plane, scene: Scene, outlines: Mapping[str, ArmOutline]) -> Plane:
    """The arms without the bare midriff beside them: colour does not part skin from skin, their edges do."""
    beyond = scene.blank()
    for arm in outlines.values():
        edge, inward = arm.inner[arm.begins :] * scene.scale, -arm.normals[arm.begins :] * scene.unit
        bare = scene.is_bare(edge + 0.5 * _ON_TRUNK * inward) & scene.is_bare(edge + _ON_TRUNK * inward)
        bare &= (np.abs(arm.normals @ scene.body.down) < _ASLANT)[arm.begins :] & arm.hangs(scene.body)
        bare = np.convolve(bare, np.ones(2 * _ROWS + 1), mode="same") > 0
        for row in np.flatnonzero(bare[1:] & bare[:-1]):
            here = slice(row, row + 2)
            fill(beyond, np.vstack([edge[here], (edge + _TRUNK * inward)[here][::-1]]))
    if not beyond.any():
        return arms
    beyond[scene.hands] = 0
    soft = cv2.GaussianBlur(beyond, (0, 0), max(0.5, _SOFT_EDGE * scene.unit))
    return np.asarray(arms * (1 - soft.astype(np.float32) / 255), np.float32)


def _face(scene: Scene) -> Plane:
    """Everything of the person from the crown down to the chin and the jaw."""
    outline = face_outline(scene.body, scene.scale)
    if outline is None:
        return np.zeros(scene.inside.shape, np.float32)
    face, crown = scene.blank(), scene.blank()
    fill(face, outline.outline)
    # The outline ends at the forehead; the head goes on above the mouth.
    middle = outline.chin + 0.55 * outline.up
    fill(crown, middle + (outline.outline - outline.outline.mean(axis=0)) * 1.25)
    y, x = np.mgrid[: crown.shape[0], : crown.shape[1]].astype(np.float32) + np.float32(0.5)
    crown[outline.above_chin(x, y) < 0.35] = 0
    return (np.maximum(face, crown) / np.float32(255) * scene.inside).astype(np.float32)


def _enlarged(person: Image, plane: Plane, scene: Scene) -> Mask:
    """The plane at the photo's size, its edges on the photo's edges."""
    radius = max(2, round(0.012 * scene.unit))
    refined = guided_filter(scene.pixels, plane, radius=radius, smoothness=1e-4)
    refined = np.clip((np.clip(refined, 0, 1) - 0.1) / 0.8, 0, 1)
    small = (refined * 255 + 0.5).astype(np.uint8)
    return Mask(np.asarray(cv2.resize(small, person.size, interpolation=cv2.INTER_CUBIC), np.uint8))
