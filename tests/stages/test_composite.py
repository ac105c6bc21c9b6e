"""What is drawn, and above all what is not touched."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flixpose.fit.layout import bare_zone
from flixpose.fit.painted import Painted
from flixpose.fit.stack import Sheet
from flixpose.geometry.sampling import sample
from flixpose.pipeline import drape
from flixpose.stages.composite import _before_cloth, _front, cloth_of, composite, remaining
from flixpose.stages.solve_warps import solve_warps
from flixpose.structures.image import Box, Mask
from tests.fit.figures import ARMS, BELOW, CLOTH, INSIDE
from tests.stages.scene import PLACE, UNIT, Scene, scene, tools_for

# Arms beside, before and away from the trunk; with and without sleeves.
CASES = [
    ("short_sleeve_top", "spread"),
    ("long_sleeve_top", "crossed"),
    ("vest", "akimbo"),
    ("trousers", "hanging"),
]


def grown(plane: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(plane.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)) > 0


@pytest.mark.parametrize(("kind", "arms"), CASES)
def test_outside_what_changed_every_bit_is_the_persons(kind: str, arms: str) -> None:
    seen = scene(kind, arms)
    draped, person = seen.drape, seen.person.pixels
    changed = draped.changed.alpha > 0
    assert set(np.unique(draped.changed.alpha)) == {0, 255}
    assert (draped.picture[~changed] == person[~changed]).all()
    assert 0.03 < changed.mean() < 0.3
    assert changed[draped.visible.alpha > 0].all()
    # The shadow stays close: nothing else changes further away than a sixth of the shoulders' width.
    near = grown(draped.garment_layer[..., 3] > 0, 17)
    assert not (changed & ~near & (draped.painted.alpha == 0)).any()
    told = (draped.visible.alpha > 0) | (draped.shadow.alpha > 0) | (draped.painted.alpha > 0)
    assert (told == changed).mean() > 0.999, (
        "what changed is garment, shadow or painted, and the layers say so"
    )


@pytest.mark.parametrize(("kind", "arms"), CASES)
def test_a_flat_colour_stays_that_colour(kind: str, arms: str) -> None:
    draped = scene(kind, arms, light="exact").drape
    solid = draped.visible.alpha == 255
    assert solid.sum() > 8_000
    off = np.abs(draped.picture[solid].astype(int) - CLOTH).max(axis=1)
    assert off.max() <= 2 and (off == 0).mean() > 0.97  # the one: where two soft edges lie over one another


@pytest.mark.parametrize(("kind", "arms"), CASES)
def test_soft_edges_hold_no_paper(kind: str, arms: str) -> None:
    """The product photo's white never shines through: what is mixed is cloth and person, darkened at most."""
    seen = scene(kind, arms, light="exact")
    soft = (seen.drape.visible.alpha > 0) & (seen.drape.visible.alpha < 255) & (seen.drape.painted.alpha == 0)
    brightest = np.maximum(seen.person.pixels[soft], np.array(CLOTH, np.uint8)).astype(int)
    assert soft.sum() > 200
    assert (seen.drape.picture[soft].astype(int) <= brightest + 2).all()
    touched = seen.drape.garment_layer[..., 3] > 24
    assert np.abs(seen.drape.garment_layer[touched][:, :3].astype(int) - CLOTH).max() <= 12


def test_shadow_only_darkens_the_person() -> None:
    seen = scene("short_sleeve_top")
    unpainted = seen.drape.painted.alpha == 0
    shadow = (seen.drape.changed.alpha > 0) & (seen.drape.visible.alpha == 0) & unpainted
    assert shadow.sum() > 100
    assert (seen.drape.picture[shadow] <= seen.person.pixels[shadow]).all()
    assert not shadow[seen.labels == 0].any(), "the paper takes no shadow"
    assert seen.drape.picture[shadow].mean() > 0.75 * seen.person.pixels[shadow].mean()


@pytest.mark.parametrize("kind", ["sling", "vest", "short_sleeve_dress"])
def test_bare_arms_and_the_face_stay_in_front(kind: str) -> None:
    seen = scene(kind, "crossed")
    plan = seen.plan
    arms = np.minimum(plan.occluders.arms.alpha, bare_zone(plan, seen.person.size).alpha)
    sleeves = np.zeros(arms.shape, bool)
    for part, warp in zip(plan.layout.parts[1:], seen.drape.parts[1:], strict=True):
        drawn = sample(np.dstack([seen.product.pixels, part.matte.alpha]), warp.warp, seen.person.size)
        box = drawn.box
        sleeves[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] |= drawn.patch[..., 3] > 0
    # Drawn by itself a sleeve's hard edge may come out a pixel off.
    sleeves = cv2.dilate(sleeves.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    # The seam of an old sleeve is painted over, and the shade that it throws on the arm; nothing beyond.
    seam = seen.drape.painted.alpha > 0
    assert not (seam & (arms == 255) & ~grown(seen.labels == 3, 8)).any()
    for front in ((arms == 255) & ~sleeves & ~seam, plan.occluders.head.alpha == 255):
        assert front.sum() > 800
        assert (seen.drape.picture[front] == seen.person.pixels[front]).all()
        assert (seen.drape.visible.alpha[front] == 0).all()
    under = (arms == 255) & (seen.drape.garment_layer[..., 3] == 255) & ~sleeves
    assert under.sum() > 500, "the layer itself goes on under the arms"


def test_the_neck_comes_out_of_the_opening() -> None:
    seen = scene("short_sleeve_top", flat=False, light="exact")
    draped = seen.drape
    x, y = 213, 154 - 12
    assert (seen.labels[y - 6 : y, x - 7 : x + 7] == 1).all(), "skin of the neck"
    assert (draped.visible.alpha[y - 6 : y, x - 7 : x + 7] == 0).all()
    inner = (np.abs(draped.picture.astype(int) - INSIDE).max(axis=2) <= 2) & (draped.visible.alpha == 255)
    assert inner.sum() > 20, "the inner collar shows beside the neck"
    assert not (inner & (seen.labels > 0)).any(), "and never before the person"
    # Front and inner collar meet without a gap: no pixel of the layer is thin between them.
    around = grown(inner, 2) & ~grown(draped.garment_layer[..., 3] == 0, 3)
    assert (draped.garment_layer[..., 3][around] >= 250).all()


@pytest.mark.parametrize("arms", ARMS)
def test_nothing_is_drawn_away_from_the_garment(arms: str) -> None:
    """No speck beside the garment: what is drawn hangs together."""
    layer = scene("long_sleeve_top", arms).drape.garment_layer[..., 3]
    _, _, stats, _ = cv2.connectedComponentsWithStats((layer > 8).astype(np.uint8))
    assert len(stats) == 2


@pytest.mark.parametrize("at", [(26.0, 154.0), (405.0, 560.0)])
def test_a_garment_partly_outside_the_frame_is_cut_off(at: tuple[float, float]) -> None:
    whole, cut = scene("vest"), scene("vest", at=at)
    assert cut.drape.picture.shape == cut.person.pixels.shape
    assert 0 < cut.drape.visible.area < whole.drape.visible.area
    assert cut.drape.quality["out_of_frame"] > whole.drape.quality["out_of_frame"] == 0.0
    unchanged = cut.drape.changed.alpha == 0
    assert (cut.drape.picture[unchanged] == cut.person.pixels[unchanged]).all()


def test_a_garment_wholly_outside_the_frame_leaves_the_picture_and_fails() -> None:
    seen: Scene = scene("vest", at=(1500.0, 154.0))
    assert (seen.drape.picture == seen.person.pixels).all() and not seen.drape.changed.alpha.any()
    assert seen.drape.quality.verdict == "fail"
    assert "unchanged_picture" in {reason.code for reason in seen.drape.quality.reasons}


def test_without_a_person_mask_the_garment_is_still_drawn() -> None:
    seen = scene("vest")
    bare = replace(seen.pose, mask=None)
    draped = drape(seen.person, seen.product, tools_for((bare,), seen.garment))
    assert draped.visible.area > 0.8 * seen.drape.visible.area
    assert draped.person_mask.alpha.min() == 255
    same = draped.changed.alpha == 0
    assert (draped.picture[same] == seen.person.pixels[same]).all()


def test_beside_painted_background_the_person_ends_softly() -> None:
    """What lies behind the neck would begin with stairs there."""
    person = Mask.full(40, 40)
    blank = np.zeros((40, 40), np.uint8)
    gone = np.indices((40, 40)).sum(axis=0) < 40
    painted = Painted(np.zeros((40, 40, 3), np.uint8), person, gone, Mask(blank), blank)
    left = remaining(person, painted)
    assert left is not None
    rows = [left.alpha[n, 40 - n - 3 : 40 - n + 3] for n in range(8, 32)]
    assert all((np.diff(row.astype(int)) >= 0).all() and ((row > 20) & (row < 235)).sum() > 1 for row in rows)
    assert (left.alpha[:5, :5] == 0).all() and (left.alpha[-5:, -5:] == 255).all()


def test_what_the_trunk_is_tucked_into_throws_no_shadow_on_sleeves_that_lie_before_it() -> None:
    """The lower parts of long sleeves beside trousers would be grey, from the waist on."""
    seen = scene("long_sleeve_top", "hanging")
    below = np.zeros(seen.labels.shape, np.uint8)
    below[round(PLACE[1] + 0.9 * UNIT) :] = 255
    cloth, parts = cloth_of(seen.garment, seen.product), solve_warps(seen.plan.layout)
    plans = (replace(seen.plan, tuck=tuck) for tuck in (Mask(below), None))
    tucked, loose = (
        composite(seen.person, cloth, seen.garment, plan, parts, seen.pose.mask) for plan in plans
    )
    low = (tucked.visible.alpha == 255) & (below > 0)
    low = cv2.erode(low.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert low.sum() > 500, "sleeves lie before what the trunk is tucked into"
    darker = loose.picture[low].astype(int).mean() - tucked.picture[low].astype(int).mean()
    assert darker < 2.0, darker


def test_a_sleeve_ends_at_the_pocket_that_its_hand_is_in() -> None:
    seen = scene("long_sleeve_top", "hanging")
    pixels = seen.person.pixels.copy()
    column, top = (np.array(PLACE) + UNIT * np.array((0.55, 1.25))).round().astype(int)
    pixels[top : top + 60, column : column + 35] = BELOW
    draped = drape(replace(seen.person, pixels=pixels), seen.product, tools_for((seen.pose,), seen.garment))
    shown = draped.visible.alpha[:, column : column + 35]
    assert (shown[top - 20 : top - 10] == 255).mean() > 0.5
    assert shown[top + 12 :].max() == 0
    assert (seen.drape.visible.alpha[top + 12 :, column : column + 35] == 255).any(), "or nothing was cut"


def test_the_outline_of_painted_skin_keeps_no_background_before_the_inside_of_a_neck() -> None:
    """An old collar was painted over with skin; before the new one's inside its soft outline is skin alone,
    and where that inside ends the outline is soft as before."""
    skin, paper = np.array([150.0, 90, 70]), np.array([250.0, 250, 250])
    person = np.clip((40 - np.arange(80)) * 85 + 128, 0, 255).astype(np.uint8) * np.ones((60, 1), np.uint8)
    share = person[..., None] / 255
    picture = np.rint(share * skin + (1 - share) * paper).astype(np.uint8)
    patch = np.zeros((60, 80, 4), np.uint8)
    patch[:30, :, 3] = 255
    patch[30, :, 3] = 40
    everywhere, blank = np.full((60, 80), 255, np.uint8), np.zeros((60, 80), np.uint8)
    painted = Painted(picture, Mask(everywhere), blank > 0, Mask(blank), blank)
    found = _before_cloth(painted, Sheet(patch, Box(0, 0, 80, 60)), person, everywhere).picture
    soft = (person > 0) & (person < 255)
    assert np.abs(found[:30][soft[:30]] - skin).max() < 6
    off = np.abs(found[30:].astype(int) - picture[30:])
    assert off[1:].max() == 0 and 0 < off[0].max() < 40


def test_the_strap_of_a_bag_stays_before_the_garment() -> None:
    seen = scene("long_sleeve_top", "spread")
    start, end = (np.array(PLACE) + UNIT * np.array(spot) for spot in ((0.3, -0.02), (-0.42, 1.3)))
    band = np.zeros(seen.labels.shape, np.uint8)
    cv2.line(band, start.round().astype(int).tolist(), end.round().astype(int).tolist(), 1, 7)
    pixels = seen.person.pixels.copy()
    pixels[band > 0] = (96, 40, 120)
    draped = drape(replace(seen.person, pixels=pixels), seen.product, tools_for((seen.pose,), seen.garment))
    inner = cv2.erode(band, np.ones((3, 3), np.uint8)) > 0
    inner &= seen.drape.visible.alpha == 255
    assert inner.sum() > 300
    assert (draped.picture[inner] == pixels[inner]).all(axis=1).mean() > 0.95
    beside = (cv2.dilate(band, np.ones((9, 9), np.uint8)) == 0) & (seen.drape.visible.alpha == 255)
    assert (draped.visible.alpha[beside] == 255).mean() > 0.99


def test_bare_upper_arms_lie_before_what_has_no_sleeves() -> None:
    for kind, covered in (("vest", 255), ("short_sleeve_top", 0)):
        plan = scene(kind, "hanging").plan
        pits = np.zeros_like(plan.occluders.head.alpha)
        pits[200:210, 280:290] = 255
        own = replace(plan, occluders=replace(plan.occluders, pits=Mask(pits)))
        size = pits.shape[1], pits.shape[0]
        assert _front(own, size)[205, 285] == max(covered, _front(plan, size)[205, 285])
