"""Trousers on legs: as long and wide as they are worn, whatever the person wore before."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.errors import MissingKeypoint
from flixpose.fit.body import Body, measure_body
from flixpose.fit.layout import Layout, plan_layout
from flixpose.fit.legs import find_legs, nearer_leg
from flixpose.fit.measure import measure_garment
from flixpose.fit.occluders import Occluders
from flixpose.fit.regions import leg_seam
from flixpose.fit.remnants import paint_remnants
from flixpose.fit.rig import load_rigs
from flixpose.fit.waist import end_of_top
from flixpose.fit.wedges import with_legs_apart
from flixpose.garment.kinds import KINDS
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import BELOW, MODEL, PAPER, SIZE, fill, make_pose, paint_person

RIGS = load_rigs(resources.CONFIGS / "rigs")
NOTHING = Mask(np.zeros(SIZE[::-1], np.uint8))
BLANK = Occluders(NOTHING, NOTHING, NOTHING, NOTHING)
TAN, WHITE, SHADED = (205, 175, 130), (252, 252, 252), (185, 185, 186)
# A pair of chinos as they lie flat: half of the girth of the waist is 42 cm of 106 in length.
CORNERS = {
    "waist_left": (252, 20),
    "cuff_left_outer": (264, 550),
    "cuff_left_inner": (182, 552),
    "crotch": (150, 152),
    "cuff_right_inner": (118, 552),
    "cuff_right_outer": (36, 550),
    "waist_right": (48, 20),
}


def chinos(*, filled: int = 0) -> tuple[Image, Garment]:
    """The photo and what is found on it; `filled`: so many rows of the gap are in the mask, half in shade."""
    outline = np.array(list(CORNERS.values()), float)
    cloth = fill((600, 300), outline)
    pixels = np.full((600, 300, 3), WHITE, np.uint8)
    pixels[152 : 152 + filled // 2, 140:160] = SHADED
    pixels[cloth > 127] = TAN
    mask = cloth.copy()
    mask[152 : 152 + filled, 100:200] = 255
    found = dict(CORNERS, crotch=(150, 152 + 0.6 * filled))
    points = {name: (float(x), float(y), 0.9) for name, (x, y) in found.items()}
    landmarks = Keypoints.from_points(KINDS["trousers"], points)
    garment = Garment("trousers", 1.0, "front", 1.0, Box(36, 20, 264, 552), Mask(mask), landmarks, 0.9, MODEL)
    return Image(pixels, None, f"chinos{filled}", "chinos.png"), garment


def lay(mask: NDArray[np.uint8] | None, body: Body, occluders: Occluders = BLANK) -> Layout:
    product, garment = chinos()
    person = None if mask is None else Mask(mask)
    return plan_layout(garment, product, body, RIGS["trousers"], person, occluders)


def end_of(layout: Layout, part: str) -> NDArray[np.float64]:
    controls = next(p.controls for p in layout.parts if p.controls.part == part)
    rows = len(controls) // 3
    return np.asarray(controls.person_xy[[rows - 1, 2 * rows - 1]].mean(axis=0))


def figure() -> tuple[Body, NDArray[np.uint8]]:
    """A body and its mask without arms."""
    _, pose, labels = paint_person("raised")
    return measure_body(pose), np.where(labels > 0, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("side", ["left", "right"])
def test_full_length_trousers_that_lie_flat_reach_the_ankle(side: str) -> None:
    body, mask = figure()
    ankle, knee = body.joints[f"{side}_ankle"], body.joints[f"{side}_knee"]
    assert np.linalg.norm(end_of(lay(mask, body), f"{side}_leg") - ankle) < 0.2 * np.linalg.norm(ankle - knee)


def test_old_wide_trousers_do_not_widen_the_new_ones() -> None:
    body, mask = figure()
    wide = mask.copy()
    hip, knee = (body.joints[f"left_{joint}"] for joint in ("hip", "knee"))
    cv2.rectangle(wide, (int(hip[0]), int(hip[1])), (int(hip[0]) + 75, int(knee[1]) - 20), 255, -1)
    slim, steered = (
        next(p.controls.person_xy for p in lay(m, body).parts if p.controls.part == "left_leg")
        for m in (mask, wide)
    )
    assert np.abs(slim - steered).max() < 0.09 * body.shoulder_width


def test_legs_are_found_where_the_mask_shows_them() -> None:
    body, mask = figure()
    slim, stout = (
        find_legs(body, Mask(cv2.dilate(mask, np.ones((1, wide), np.uint8))))["left"] for wide in (1, 11)
    )
    knee = int(np.argmin(np.linalg.norm(slim.centres - body.joints["left_knee"], axis=1)))
    drawn = 0.17 * body.shoulder_width
    assert slim.outer[knee] == pytest.approx(drawn, rel=0.1)
    assert slim.inner[knee] == pytest.approx(drawn, rel=0.1)
    assert stout.outer[knee] - slim.outer[knee] == pytest.approx(5, abs=1.5)
    assert stout.inner[knee] - slim.inner[knee] == pytest.approx(5, abs=1.5)


def test_cloth_between_the_legs_ends_in_the_middle() -> None:
    """Wide legs on feet that stand together would hang over one another."""
    body, mask = figure()
    inward = {"left": -0.1 * body.shoulder_width, "right": 0.1 * body.shoulder_width}
    for side, joint in ((side, joint) for side in inward for joint in ("knee", "ankle")):
        body.joints[f"{side}_{joint}"] = body.joints[f"{side}_{joint}"] + (inward[side], 0.0)
    product, garment = chinos()
    xy, index = garment.landmarks.xy.copy(), garment.landmarks.skeleton.index
    for side, out in (("left", 1), ("right", -1)):
        xy[index[f"cuff_{side}_inner"]] += (-24 * out, 0)
        xy[index[f"cuff_{side}_outer"]] += (24 * out, 0)
    order = [index[name] for name in CORNERS]
    mask_of = fill((600, 300), xy[order].astype(float))
    wide = replace(garment, mask=Mask(mask_of), landmarks=replace(garment.landmarks, xy=xy))
    found = plan_layout(wide, product, body, RIGS["trousers"], Mask(mask), BLANK)
    parts = {p.controls.part: p.controls for p in found.parts}
    rows = len(parts["left_leg"]) // 3
    left, right = (parts[f"{side}_leg"].person_xy[rows : 2 * rows, 0] for side in ("left", "right"))
    assert (left - right > -0.06 * body.shoulder_width).all()


def test_the_leg_whose_foot_stands_lower_lies_before_the_other() -> None:
    body, mask = figure()
    assert nearer_leg(body) is None
    body.joints["right_ankle"] = body.joints["right_ankle"] + (20.0, 40.0)
    assert nearer_leg(body) == "right"
    depths = {p.controls.part: p.depth for p in lay(mask, body).parts}
    assert depths["right_leg"] > depths["left_leg"] > depths["torso"]


def test_without_knees_the_message_names_what_is_missing() -> None:
    body = measure_body(make_pose(without=("left_knee", "left_ankle")))
    with pytest.raises(MissingKeypoint, match="left_knee"):
        lay(None, body)


@pytest.mark.parametrize("filled", [60, 110])
def test_the_background_between_the_legs_leaves_the_mask_also_in_shade(filled: int) -> None:
    product, garment = chinos(filled=filled)
    apart = with_legs_apart(garment, product).mask.alpha
    cloth = chinos()[1].mask.alpha
    gap = cv2.erode(((cloth == 0) & (garment.mask.alpha == 255)).astype(np.uint8), np.ones((3, 3))) > 0
    gap[:, :130] = gap[:, 170:] = False
    assert apart[gap].mean() < 5
    assert apart[cloth == 255].mean() > 254
    frame = measure_garment(garment, figure()[0], RIGS["trousers"])
    assert leg_seam(replace(garment, mask=Mask(apart)), frame, 1.0)[1][1] == pytest.approx(
        152, abs=28
    )  # landmark: 188, 218


def test_stripes_in_the_backgrounds_colour_stay() -> None:
    product, garment = chinos(filled=60)
    pixels = product.pixels.copy()
    pixels[::8][:, :] = pixels[1::8][: len(pixels[::8])] = WHITE
    striped = Image(pixels, None, "stripes", product.name)
    assert np.array_equal(with_legs_apart(garment, striped).mask.alpha, garment.mask.alpha)


def test_a_waistband_goes_up_to_the_end_of_the_top_but_not_to_a_bare_midriffs() -> None:
    body, mask = figure()
    depth = lambda xy: float((xy - body.mid_shoulder) @ body.down) / body.torso_length  # noqa: E731

    def waist(end: float) -> float:
        top = NOTHING.alpha.copy()
        rows = slice(int(body.mid_shoulder[1]), int(body.place(0.0, end)[1]))
        top[rows] = mask[rows]
        occluders = replace(BLANK, worn_upper=Mask(top))
        assert end_of_top(body, occluders) == pytest.approx([end] * 3, abs=0.03)
        trunk = lay(mask, body, occluders).parts[0].controls
        return depth(trunk.person_xy[trunk.names.index("waist_center")])

    own = waist(0.9)
    assert waist(own - 0.1) == pytest.approx(own - 0.11, abs=0.03)
    assert waist(own - 0.3) == pytest.approx(own, abs=1e-6)


def test_between_the_legs_old_trousers_give_way_to_the_background() -> None:
    """A narrow gap is no opening of lace, and the hands' skin nearby does not lie in it."""
    image, pose, labels = paint_person()
    body = measure_body(pose)
    pixels, inside = image.pixels.copy(), (labels > 0).astype(np.uint8) * 255
    crotch, knees = body.place(0.0, 1.3), (body.joints["left_knee"] + body.joints["right_knee"]) / 2
    gap = np.zeros(labels.shape, bool)
    gap[int(crotch[1]) + 20 : int(knees[1]) - 60, int(crotch[0]) - 2 : int(crotch[0]) + 2] = True
    lower = labels == 4
    lower[int(crotch[1]) : int(knees[1]) - 60, int(crotch[0]) - 40 : int(crotch[0]) + 40] = True
    pixels[lower] = BELOW
    worn = np.where(lower, 255, 0).astype(np.uint8)
    skin = np.where(labels == 1, 255, 0).astype(np.uint8)
    occluders = replace(BLANK, worn_lower=Mask(worn), arms=Mask(skin))
    seen = np.where(lower & ~gap, 255, 0).astype(np.uint8)
    done = paint_remnants(pixels, seen, "trousers", body, occluders, Mask(cv2.max(inside, worn)))
    assert np.abs(done.picture[gap].astype(int) - PAPER).max(axis=1).mean() < 15
