"""What of drawn people lies in front of a garment, against the labels that they were drawn from."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline
from flixpose.fit.body import measure_body
from flixpose.fit.occluders import Occluders, _pits, find_occluders
from flixpose.fit.palettes import Scene
from flixpose.pose.skeletons import HAND_21
from flixpose.structures.found import Hand, View
from flixpose.structures.image import Mask
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import ARMS, SIZE, body_points, moved, paint_person
from tests.fit.figures import HAIR as HAIR_COLOUR

SKIN, HAIR, SHIRT = 1, 2, 3


@cache
def seen(arms: str, *, view: View = "front", long_hair: bool = False) -> tuple[Occluders, NDArray[np.uint8]]:
    image, pose, labels = paint_person(arms, view=view, long_hair=long_hair)
    return find_occluders(image, measure_body(pose), pose.mask), labels


def share(mask: Mask, where: NDArray[np.bool_]) -> float:
    """How much of a region the mask covers."""
    return float(mask.alpha[where].mean() / 255)


def window(low: tuple[float, float], high: tuple[float, float]) -> NDArray[np.bool_]:
    """A rectangle in shoulder widths from the middle of the shoulders."""
    corners = np.array([moved({"": spot})[""] for spot in (low, high)]).round().astype(int)
    (x0, y0), (x1, y1) = corners
    plane = np.zeros(SIZE[::-1], bool)
    plane[y0:y1, x0:x1] = True
    return plane


TRUNK = window((-0.4, 0.1), (0.4, 1.4))


def test_forearms_across_the_trunk_are_found_and_the_shirt_is_not() -> None:
    occluders, labels = seen("crossed")
    skin, shirt = TRUNK & (labels == SKIN), TRUNK & (labels == SHIRT)
    assert skin.sum() > 4000
    assert share(occluders.arms, skin) > 0.9
    assert share(occluders.arms, shirt) < 0.03
    # The edge lies on the edge: a pixel or three to either side of it all is clear.
    near = cv2.erode(skin.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert occluders.arms.alpha[near].min() > 200


def test_hands_on_the_hips_are_found() -> None:
    occluders, labels = seen("akimbo")
    hands = window((-0.5, 1.0), (0.5, 1.45)) & (labels == SKIN)
    assert hands.sum() > 300 and share(occluders.arms, hands) > 0.85


@pytest.mark.parametrize("arms", ["hanging", "spread", "raised"])
def test_nothing_lies_before_a_trunk_that_is_free(arms: str) -> None:
    occluders, labels = seen(arms)
    shirt = TRUNK & (labels == SHIRT)
    assert share(occluders.arms, shirt) < 0.01
    assert share(occluders.head, shirt) < 0.01


@pytest.mark.parametrize("arms", ARMS)
def test_arms_are_bare_skin_alone(arms: str) -> None:
    occluders, labels = seen(arms)
    assert occluders.arms.alpha[labels == 0].mean() < 2.0
    forearms = np.zeros(SIZE[::-1], np.uint8)
    points = moved(body_points(arms))
    for side in ("left", "right"):
        ends = [tuple(round(v) for v in points[f"{side}_{name}"]) for name in ("elbow", "wrist")]
        cv2.line(forearms, ends[0], ends[1], 1, 9)
    bare = (forearms > 0) & (labels == SKIN)
    assert bare.sum() > 200 and share(occluders.arms, bare) > 0.85


def test_face_and_hair_lie_before_everything() -> None:
    occluders, labels = seen("hanging")
    face = window((-0.16, -0.75), (0.16, -0.35)) & (labels == SKIN)
    hair = labels == HAIR
    assert share(occluders.head, face) > 0.95
    assert share(occluders.head, hair) > 0.85
    # Neck and chest are the neckline's business.
    assert share(occluders.head, window((-0.1, -0.1), (0.1, 0.0))) < 0.1


def test_long_hair_is_followed_down_to_the_chest() -> None:
    occluders, labels = seen("hanging", long_hair=True)
    locks = window((-0.4, 0.05), (0.4, 0.3)) & (labels == HAIR)
    beside = window((-0.12, 0.05), (0.12, 0.3)) & (labels == SHIRT)
    assert locks.sum() > 500
    assert share(occluders.head, locks) > 0.85
    assert share(occluders.head, beside) < 0.05
    short, labels = seen("hanging")
    assert share(short.head, window((-0.4, 0.05), (0.4, 0.3))) < 0.01


def test_the_worn_clothes_are_told_from_skin_and_trousers() -> None:
    occluders, labels = seen("crossed")
    shirt, legs = labels == SHIRT, labels == 4
    assert share(occluders.worn_upper, shirt) > 0.85
    assert share(occluders.worn_upper, legs) < 0.05 and share(occluders.worn_upper, labels == SKIN) < 0.1
    upper_legs = legs & window((-0.6, 1.55), (0.6, 3.0))
    assert share(occluders.worn_lower, upper_legs) > 0.85
    assert share(occluders.worn_lower, shirt) < 0.05


def test_a_dress_is_worn_on_trunk_and_legs() -> None:
    image, pose, labels = paint_person("spread")
    pixels = image.pixels.copy()
    pixels[labels == 4] = image.pixels[labels == SHIRT][0]
    occluders = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    above_waist = (labels == SHIRT) & window((-0.6, -0.05), (0.6, 0.95))
    assert share(occluders.worn_upper, above_waist) > 0.85
    assert share(occluders.worn_lower, (labels == 4) & window((-0.6, 1.55), (0.6, 3.0))) > 0.85


def test_a_mask_that_is_missing_is_no_failure() -> None:
    image, pose, labels = paint_person("crossed")
    occluders = find_occluders(image, measure_body(pose), None)
    assert occluders.arms.alpha.shape == labels.shape
    assert share(occluders.arms, TRUNK & (labels == SKIN)) > 0.8


def test_the_same_photo_gives_the_same_masks() -> None:
    image, pose, _ = paint_person("akimbo")
    one, other = (find_occluders(image, measure_body(pose), pose.mask) for _ in range(2))
    for name in ("head", "arms", "worn_upper", "worn_lower"):
        assert (getattr(one, name).alpha == getattr(other, name).alpha).all()


def test_locks_that_grow_lighter_are_followed() -> None:
    image, pose, labels = paint_person("hanging", long_hair=True)
    body, pixels = measure_body(pose), image.pixels.astype(np.float64)
    top, end = (body.place(0.0, depth)[1] for depth in (-0.25, 0.2))
    share_of_light = np.clip((np.arange(pixels.shape[0]) - top) / (end - top), 0, 1)[:, None, None]
    faded = pixels + share_of_light * (np.array((126, 92, 66)) - np.array(HAIR_COLOUR))
    pixels[labels == 2] = faded[labels == 2]
    occluders = find_occluders(replace(image, pixels=pixels.astype(np.uint8)), body, pose.mask)
    ends = (labels == 2) & (np.arange(pixels.shape[0])[:, None] > body.place(0.0, 0.06)[1])
    assert ends.sum() > 300
    assert share(occluders.head, ends) > 0.8
    assert share(occluders.head, (labels == SHIRT) & window((-0.15, 0.1), (0.15, 0.4))) < 0.05


def hand_at(wrist: tuple[float, float], score: float = 0.9) -> Hand:
    """A flat hand that points to the image's right, half a shoulder width long."""
    points = {"wrist": wrist}
    for row, finger in enumerate(("thumb", "index", "middle", "ring", "pinky")):
        for joint in range(1, 5):
            points[f"{finger}_{joint}"] = wrist[0] + 0.08 + 0.1 * joint, wrist[1] + 0.06 * (row - 2)
    placed = {name: (*xy, score) for name, xy in moved(points).items()}
    return Hand("left", Keypoints.from_points(HAND_21, placed), score, 0.9)


def painted(pixels: NDArray[np.uint8], hand: Hand, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Draw the hand into a photo; where it is."""
    shape = np.zeros(pixels.shape[:2], np.uint8)
    places = hand.keypoints.xy.round().astype(np.int32)
    for finger in range(5):
        cv2.polylines(shape, [places[[0, *range(4 * finger + 1, 4 * finger + 5)]]], False, 1, 9)
    pixels[shape > 0] = colour
    return cv2.erode(shape, np.ones((3, 3), np.uint8)) > 0


SKIN_COLOUR, SHADED, GLOVE = (224, 180, 152), (186, 142, 112), (40, 40, 160)


@pytest.mark.parametrize(("colour", "covered"), [(SKIN_COLOUR, True), (SHADED, True), (GLOVE, False)])
def test_a_hand_that_was_read_lies_in_front_wherever_it_is(
    colour: tuple[int, int, int], covered: bool
) -> None:
    image, pose, labels = paint_person("hanging")
    pixels, hand = image.pixels.copy(), hand_at((-0.3, 0.55))
    where = painted(pixels, hand, colour)
    photo = replace(image, pixels=pixels)
    read = find_occluders(photo, measure_body(replace(pose, hands=(hand,))), pose.mask)
    unread = find_occluders(photo, measure_body(pose), pose.mask)
    assert where.sum() > 500 and share(unread.arms, where) < 0.1
    assert share(read.arms, where) > 0.9 if covered else share(read.arms, where) < 0.1
    # Before sleeves, too, but not at the wrist, where a cuff may end.
    assert unread.hands is None and read.hands is not None
    fingers = where & (np.arange(labels.shape[1]) > hand.keypoints["middle_1"][0])
    assert (share(read.hands, fingers) > 0.9) == covered
    x, y = hand.keypoints["wrist"].astype(int)
    assert read.topmost[y - 2 : y + 3, x - 6 : x - 1].max() < 30
    beside = TRUNK & (labels == SHIRT) & ~(cv2.dilate(where.astype(np.uint8), np.ones((25, 25))) > 0)
    assert share(read.arms, beside) < 0.02


@pytest.mark.parametrize("colour", [(214, 186, 132), (150, 62, 34), (236, 224, 198)])
def test_fair_red_and_platinum_hair_is_no_skin(colour: tuple[int, int, int]) -> None:
    image, pose, labels = paint_person("hanging", long_hair=True)
    pixels = image.pixels.copy()
    noise = np.random.default_rng(2).integers(-8, 9, (int((labels == HAIR).sum()), 3))
    pixels[labels == HAIR] = np.clip(np.array(colour) + noise, 0, 255)
    occluders = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    locks = window((-0.4, 0.05), (0.4, 0.3)) & (labels == HAIR)
    neck = window((-0.1, -0.2), (0.1, -0.08)) & (labels == SKIN)
    assert share(occluders.head, locks) > 0.8
    assert share(occluders.head, neck) < 0.2
    assert share(occluders.head, window((-0.15, 0.1), (0.15, 0.4))) < 0.05


def test_a_bald_head_and_a_shirt_of_the_hairs_colour_grow_no_hair() -> None:
    image, pose, labels = paint_person("hanging")
    bald, alike = image.pixels.copy(), image.pixels.copy()
    bald[labels == HAIR] = SKIN_COLOUR
    alike[labels == SHIRT] = HAIR_COLOUR
    for pixels in (bald, alike):
        occluders = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
        assert share(occluders.head, TRUNK & (labels == SHIRT)) < 0.02
        assert share(occluders.head, window((-0.1, -0.1), (0.1, 0.0))) < 0.1


def test_what_lies_in_front_brings_no_rim_of_the_old_clothes() -> None:
    occluders, labels = seen("crossed")
    shirt = cv2.erode((labels == SHIRT).astype(np.uint8), np.ones((3, 3))) > 0
    assert share(occluders.arms, TRUNK & shirt) < 0.01


def strands(where: NDArray[np.bool_], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """(N, 3) colours of hair: light and dark locks side by side."""
    columns = np.nonzero(where)[1]
    share = 1 + 0.35 * np.sin(columns * 1.3) + np.random.default_rng(3).normal(0, 0.05, len(columns))
    return np.clip(np.array(colour) * share[:, None], 0, 255).astype(np.uint8)


def test_skin_in_the_shade_of_hair_is_skin_though_it_has_hairs_colour() -> None:
    image, pose, labels = paint_person("hanging", long_hair=True)
    pixels, hair, brown = image.pixels.copy(), labels == HAIR, (140, 111, 93)
    pixels[hair] = strands(hair, brown)
    beside = window((-0.26, -0.3), (-0.13, -0.02)) | window((0.13, -0.3), (0.26, -0.02))
    neck = (beside | window((-0.13, -0.16), (0.13, -0.02))) & ~hair & (labels > 0)
    pixels[neck] = brown
    photo = replace(image, pixels=cv2.GaussianBlur(pixels, (0, 0), 0.8))
    occluders = find_occluders(photo, measure_body(pose), pose.mask)
    inside = cv2.erode(neck.astype(np.uint8), np.ones((9, 9))) > 0
    assert inside.sum() > 300
    assert share(occluders.head, inside) < 0.15
    assert share(occluders.head, hair & window((-0.4, 0.05), (0.4, 0.3))) > 0.8


def test_an_arm_is_found_whole_though_its_joints_lie_off_its_middle() -> None:
    image, pose, labels = paint_person("hanging")
    pixels, body = image.pixels.copy(), measure_body(pose)
    wide = np.zeros(labels.shape, np.uint8)
    places = [body.joints[f"left_{name}"] + (12.0, 0.0) for name in ("elbow", "wrist")]
    ends = [tuple(place.round().astype(int).tolist()) for place in places]
    cv2.line(wide, ends[0], ends[1], 1, 34)
    arm = (wide > 0) & (np.abs(np.arange(labels.shape[0]) - (ends[0][1] + ends[1][1]) / 2) < 40)[:, None]
    pixels[arm] = SKIN_COLOUR
    mask = Mask(np.where(arm, 255, pose.mask.alpha).astype(np.uint8)) if pose.mask else None
    occluders = find_occluders(replace(image, pixels=pixels), body, mask)
    assert arm.sum() > 2000 and share(occluders.arms, arm) > 0.95


def test_an_arm_before_a_bare_trunk_keeps_its_usual_width() -> None:
    image, pose, labels = paint_person("hanging")
    pixels = image.pixels.copy()
    midriff = window((-0.6, 0.75), (0.6, 1.2)) & (labels == SHIRT)
    pixels[midriff] = SKIN_COLOUR
    occluders = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    assert share(occluders.arms, midriff & window((-0.3, 0.75), (0.3, 1.2))) < 0.02


def test_a_collar_that_the_persons_mask_leaves_out_is_cloth() -> None:
    """In the nook of neck and shoulder masks often end early; the background there is none."""
    image, pose, labels = paint_person("hanging")
    body = measure_body(pose)
    assert pose.mask is not None
    y, x = np.mgrid[: image.height, : image.width]
    nook = (labels == 3) & (x > 340) & (x < 362) & (y < body.place(0.0, 0.06)[1])
    bitten = Mask(np.where(nook, 0, pose.mask.alpha).astype(np.uint8))
    assert nook.sum() > 60
    worn = find_occluders(image, body, bitten).worn_upper.alpha
    assert worn[nook].mean() > 170
    assert worn[labels == 0].mean() < 3, "nothing of the background"


def test_a_bare_midriff_beside_a_hanging_arm_is_no_arm() -> None:
    """Skin beside skin: a shadow parts them. What counted as arm ended in a straight line at the waist."""
    image, pose, labels = paint_person("hanging")
    rows, columns = np.indices(labels.shape)
    trunk = (np.abs(columns - 320) < 100) & (rows > 310) & (rows < 420) & (labels != SKIN)
    pixels = image.pixels.copy()
    pixels[trunk] = pixels[int(pose.keypoints["left_elbow"][1]), int(pose.keypoints["left_elbow"][0])]
    bare = trunk | (labels == SKIN)
    line = bare & (cv2.dilate((labels == SKIN).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & trunk
    pixels[line] = (150, 110, 85)
    mask = Mask(np.where(trunk, 255, pose.mask.alpha).astype(np.uint8)) if pose.mask else None
    body = measure_body(pose)
    for joint in ("left_elbow", "left_wrist"):
        body.joints[joint] = body.joints[joint] - (11.0, 0.0)
    arms = find_occluders(replace(image, pixels=pixels), body, mask).arms
    belly = trunk & (rows > 330) & (rows < 415) & ~(cv2.dilate(line.astype(np.uint8), np.ones((7, 7))) > 0)
    assert (labels == SKIN)[330:415].any() and arms.alpha[belly].max() < 100, arms.alpha[belly].max()
    own = (labels == SKIN) & (rows > 330) & (rows < 480) & (columns > 320)
    assert share(arms, own) > 0.85


@pytest.mark.parametrize(
    ("skin", "trousers", "shade", "off"),
    [
        (SKIN_COLOUR, (205, 196, 186), (148, 117, 101), 0.0),
        ((124, 74, 58), (142, 26, 34), (102, 32, 36), 0.06),
    ],
    ids=["beige", "red"],
)
def test_no_haze_of_trousers_lies_around_a_hand_on_them(
    skin: tuple[int, int, int], trousers: tuple[int, int, int], shade: tuple[int, int, int], off: float
) -> None:
    """In the hand's shade they look more like skin than like the same trousers in full light.

    Where the hand is read a little beside its place, the shade is among the samples of its colours.
    """
    image, pose, labels = paint_person("hanging")
    pixels, hand, read = image.pixels.copy(), hand_at((-0.55, 2.15)), hand_at((-0.55, 2.15 - off))
    noise = np.random.default_rng(3).integers(-2, 3, pixels.shape)
    pixels[labels == SKIN] = (np.array(skin) + noise)[labels == SKIN]
    legs = labels == 4
    pixels[legs] = (np.array(trousers) + noise)[legs]
    shape = painted(np.zeros_like(pixels), hand, skin).astype(np.uint8)
    dark = legs & (cv2.dilate(shape, np.ones((21, 21), np.uint8)) > 0)
    pixels[dark] = (np.array(shade) + noise)[dark]
    where = painted(pixels, hand, skin) & legs
    arms = find_occluders(
        replace(image, pixels=pixels), measure_body(replace(pose, hands=(read,))), pose.mask
    ).arms
    ring = dark & ~(cv2.dilate(shape, np.ones((5, 5), np.uint8)) > 0)
    assert where.sum() > 500 and ring.sum() > 500
    assert share(arms, where) > 0.8 and share(arms, ring) < 0.02, (share(arms, where), share(arms, ring))


def test_a_speck_of_skins_colour_beside_a_hand_is_no_part_of_it() -> None:
    """Such as the rim of red cloth before a white ground, where their colours mix."""
    image, pose, labels = paint_person("akimbo")
    pixels, body = image.pixels.copy(), measure_body(pose)
    rows, columns = np.nonzero(cv2.erode((labels == SHIRT).astype(np.uint8), np.ones((25, 25), np.uint8)))
    wrist = body.joints["left_wrist"]
    nearest = int(np.argmin(np.hypot(columns - wrist[0], rows - wrist[1])))
    x, y = int(columns[nearest]), int(rows[nearest])
    speck = np.zeros(labels.shape, bool)
    speck[y - 6 : y + 6, x - 1 : x + 2] = True
    pixels[speck] = SKIN_COLOUR
    arms = find_occluders(replace(image, pixels=pixels), body, pose.mask).arms
    assert share(arms, speck) < 0.02, share(arms, speck)


def test_bare_upper_arms_lie_before_armholes_and_clothed_ones_do_not() -> None:
    """Cloth that reaches out onto an arm ended in a notch where the arm's mask began."""
    image, pose, labels = paint_person("hanging")
    columns = np.indices(labels.shape)[1]
    sleeves = (labels == SHIRT) & (np.abs(columns - 320) > 80)
    pixels = np.where(sleeves[..., None], np.uint8(SKIN_COLOUR), image.pixels).astype(np.uint8)
    found = find_occluders(replace(image, pixels=pixels), measure_body(pose), pose.mask)
    rows = np.indices(labels.shape)[0]
    arm = sleeves & (rows > 258) & (rows < 268)
    assert found.pits is not None and share(found.arms, arm) < 0.05 and share(found.pits, arm) > 0.8
    trunk = (labels == SHIRT) & (np.abs(columns - 320) < 72)
    assert found.pits.alpha[trunk].max() < 30 and found.pits.alpha[rows < 238].max() < 30
    assert find_occluders(image, measure_body(pose), pose.mask).pits is None


def test_skin_of_the_trunk_beside_an_arm_is_not_laid_before_armholes() -> None:
    """Where an arm joins the trunk its inner edge is a guess; further down one sees how thick it is."""
    image, pose, labels = paint_person("hanging")
    rows, columns = np.indices(labels.shape)
    bare = (labels == SHIRT) & (np.abs(columns - 320) > 50) & (rows < 300)
    pixels = np.where(bare[..., None], np.uint8(SKIN_COLOUR), image.pixels).astype(np.uint8)
    body = measure_body(pose)
    person = replace(image, pixels=pixels)
    plain = find_occluders(person, body, pose.mask)
    arms = {side: replace(arm, inner=_shifted(arm, 14.0)) for side, arm in plain.outlines.items()}
    where = _pits(Scene.of(person, body, pose.mask), arms)
    usual = _pits(Scene.of(person, body, pose.mask), plain.outlines)
    assert usual.sum() > 100 and where.sum() < 1.1 * usual.sum()


def _shifted(arm: ArmOutline, pixels: float) -> NDArray[np.float64]:
    """An inner edge that lies so far into the trunk where the arm joins it."""
    share = np.clip((arm.begins + 5 - np.arange(len(arm.inner))) / 5, 0, 1)[:, None]
    return np.asarray(arm.inner - pixels * share * arm.normals)
