"""The reader without weights: drawn garments of known corners, and real photos."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.errors import NoGarment, UnknownKind
from flixpose.evaluation.garment import evaluate_landmarks, evaluate_masks, mask_iou
from flixpose.garment.silhouette import SilhouetteReader
from flixpose.structures.image import Mask
from tests.garment import drawings

READER = SilhouetteReader()


@pytest.mark.parametrize("kind", drawings.HALVES)
def test_a_drawn_garment_is_told_and_its_corners_found(kind):
    half = drawings.HALVES[kind]
    garment = READER(drawings.image(drawings.draw(half)))
    assert garment.kind == kind
    assert mask_iou(garment.mask, Mask(drawings.cover(half))) > 0.985
    side = garment.box.longer_side
    for name, xy in drawings.landmarks(half).items():
        if name in garment.landmarks.skeleton.index:
            assert np.hypot(*(garment.landmarks[name] - xy)) < 0.04 * side, name


def test_a_flipped_photo_exchanges_left_and_right():
    pixels = drawings.draw(drawings.TEE)
    pixels[300:360, 330:400] = (200, 40, 40)  # a print on one side only
    straight, flipped = READER(drawings.image(pixels)), READER(drawings.image(pixels[:, ::-1]))
    for left, right in straight.landmarks.skeleton.mirror:
        x, y = flipped.landmarks[right]
        assert straight.landmarks[left] == pytest.approx((drawings.WIDTH - x, y), abs=4), left


def test_white_on_white_is_seen_by_its_faint_edge():
    half = drawings.TEE
    pixels = drawings.draw(half, cloth=(250, 250, 250), ground=(255, 255, 255))
    garment = READER(drawings.image(pixels))
    assert garment.kind == "short_sleeve_top"
    assert mask_iou(garment.mask, Mask(drawings.cover(half))) > 0.98


def test_a_grading_background_is_followed():
    half = drawings.LONG
    grade = (
        np.linspace(0, 45, drawings.HEIGHT)[:, None, None] + np.linspace(0, 20, drawings.WIDTH)[None, :, None]
    )
    cover = drawings.cover(half)[..., None] / 255
    pixels = (245 - grade) * (1 - cover) + np.array([150, 60, 60]) * cover
    garment = READER(drawings.image(np.rint(pixels).astype(np.uint8)))
    assert mask_iou(garment.mask, Mask(drawings.cover(half))) > 0.98


def test_transparency_is_taken_and_a_detached_shadow_dropped():
    half = drawings.TEE
    alpha = drawings.cover(half).copy()
    shadow = cv2.ellipse(np.zeros_like(alpha), (300, 660), (180, 22), 0, 0, 360, 150, -1)
    alpha = np.maximum(alpha, cv2.GaussianBlur(shadow, (0, 0), 8))
    garment = READER(drawings.image(drawings.draw(half, ground=(0, 0, 0)), alpha))
    assert garment.box.y1 < 580 and garment.mask.alpha[640:].max() == 0
    assert mask_iou(garment.mask, Mask(drawings.cover(half))) > 0.99


def test_a_shadow_on_the_floor_is_no_garment():
    half = drawings.TROUSERS
    dark = cv2.ellipse(np.zeros((800, 600), np.float32), (300, 740), (170, 12), 0, 0, 360, 14, -1)
    ground = 240 - cv2.GaussianBlur(dark, (0, 0), 9)[..., None]
    cover = drawings.cover(half)[..., None] / 255
    pixels = ground * (1 - cover) + np.array([70, 90, 150]) * cover
    garment = READER(drawings.image(np.rint(pixels).astype(np.uint8)))
    assert garment.box.y1 == pytest.approx(725, abs=4)


def test_the_gap_beside_a_sleeve_is_open_and_a_print_stays_filled():
    half = drawings.LONG
    pixels = drawings.draw(half)
    pixels[250:330, 270:330] = (240, 240, 238)  # a print in the background's colour
    mask = READER(drawings.image(pixels)).mask.alpha
    assert (mask[250:330, 270:330] == 255).all()
    gap = np.array([(300 + 116, 300), (300 + 178, 596), (300 + 114, 560)], np.float32)
    inside = drawings.paint(np.zeros((800, 600, 3), np.uint8), gap, (255, 255, 255))[..., 0] == 255
    assert mask[cv2.erode(inside.astype(np.uint8), np.ones((7, 7))) > 0].max() == 0


def test_the_edge_is_soft_and_has_no_fringe():
    half = drawings.TEE
    cover = drawings.cover(half)
    mask = READER(drawings.image(drawings.draw(half, cloth=(30, 30, 34)))).mask.alpha
    assert mask[cover == 0].mean() < 0.5
    rim = (cover > 0) & (cover < 255)
    assert 60 < mask[rim].mean() < 190


def test_what_is_told_is_kept():
    garment = READER(drawings.image(drawings.draw(drawings.LONG)), kind="long_sleeve_outwear", view="back")
    assert (garment.kind, garment.view, garment.view_score) == ("long_sleeve_outwear", "back", 1.0)
    left, right = garment.landmarks["shoulder_left"], garment.landmarks["shoulder_right"]
    assert left[0] < right[0], "from behind, the wearer's left is on the image's left"
    assert not garment.landmarks.has("neck_front")
    assert garment.model.sha256 == "" and garment.model.licence == "Apache-2.0"


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownKind):
        READER(drawings.image(drawings.draw(drawings.TEE)), kind="cape")


def _noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)


def _cut() -> np.ndarray:
    return drawings.draw(drawings.TEE)[:450]


@pytest.mark.parametrize(
    "pixels",
    [np.full((400, 300, 3), 255, np.uint8), _noise(), _cut()],
    ids=["blank", "clutter", "cut off at the hem"],
)
def test_no_whole_garment_is_said_so(pixels):
    with pytest.raises(NoGarment) as caught:
        READER(drawings.image(pixels))
    assert "drawing" in caught.value.message


def test_people_are_no_product_photos(shared: Path):
    from flixpose.imaging.decode import read_image

    for path in sorted((shared / "photos" / "persons").iterdir()):
        with pytest.raises(NoGarment):
            READER(read_image(path))


def test_figures_on_real_photos(shared: Path):
    figures = evaluate_landmarks(READER, shared / "photos")
    table = "\n".join(figures.lines())
    assert figures.found >= 25, table
    assert figures.kind >= 0.88, table
    assert figures.pck(0.05) >= 0.90 and figures.pck(0.02) >= 0.77, table
    assert figures.nme <= 0.02 and figures.swaps == 0, table


def test_masks_of_real_photos(shared: Path):
    overlaps = evaluate_masks(READER, shared / "pairs")
    assert np.mean(list(overlaps.values())) >= 0.95, sorted(overlaps.items(), key=lambda pair: pair[1])[:10]
    assert np.median(list(overlaps.values())) >= 0.985
