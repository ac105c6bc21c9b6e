"""Old backgrounds taken out of edges."""

import cv2
import numpy as np

from flixpose.imaging.edges import carve, decontaminate

PAPER, CLOTH = (245, 245, 240), (30, 40, 110)


def photo(blur: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A dark disc on paper through a soft lens, and a mask that reaches a little too far out."""
    mask = np.zeros((400, 400), np.uint8)
    cv2.circle(mask, (200, 200), 150, 255, -1, cv2.LINE_AA)
    share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur)[..., None]
    pixels = np.rint(np.array(CLOTH) * share + np.array(PAPER) * (1 - share)).astype(np.uint8)
    return pixels, cv2.dilate(mask, np.ones((3, 3), np.uint8))


def test_the_rim_takes_the_cloths_colour() -> None:
    pixels, alpha = photo()
    rim = (alpha > 0) & (cv2.erode(alpha, np.ones((7, 7), np.uint8)) == 0)
    before = np.abs(pixels[rim].astype(int) - CLOTH).mean()
    after = np.abs(decontaminate(pixels, alpha)[rim].astype(int) - CLOTH).mean()
    assert before > 40 and after < 8


def test_inside_and_outside_stay() -> None:
    pixels, alpha = photo()
    cleaned = decontaminate(pixels, alpha)
    inside = cv2.erode(alpha, np.ones((21, 21), np.uint8)) == 255
    assert (cleaned[inside] == pixels[inside]).all() and (cleaned[alpha == 0] == pixels[alpha == 0]).all()


def test_thin_cloth_far_from_the_outline_keeps_its_colours() -> None:
    pixels, alpha = photo()
    alpha[150:250, 150:250] = 120
    pixels[150:250, 150:250] = np.random.default_rng(4).integers(0, 256, (100, 100, 3))
    assert (decontaminate(pixels, alpha)[150:250, 150:250] == pixels[150:250, 150:250]).all()


def test_a_stripe_along_the_edge_is_no_background() -> None:
    """Colours that do not lean towards the paper are the cloth's own."""
    pixels, alpha = photo(blur=0.6)
    ring = cv2.erode(alpha, np.ones((3, 3), np.uint8)) - cv2.erode(alpha, np.ones((9, 9), np.uint8)) > 0
    pixels[ring] = (140, 0, 20)
    cleaned = decontaminate(pixels, alpha)
    solid = ring & (alpha == 255) & (cv2.erode(alpha, np.ones((7, 7), np.uint8)) > 0)
    assert np.abs(cleaned[solid].astype(int) - (140, 0, 20)).mean() < 25


def test_an_empty_mask_changes_nothing() -> None:
    pixels, alpha = photo()
    assert (decontaminate(pixels, np.zeros_like(alpha)) == pixels).all()


def test_a_crumb_of_a_mask_keeps_no_paper() -> None:
    """A soft speck without any solid cloth of its own takes the colour of the cloth around."""
    pixels, alpha = photo()
    cv2.line(alpha, (352, 200), (378, 200), 90, 1)
    cleaned = decontaminate(pixels, alpha)
    speck = (alpha == 90) & (np.arange(400)[None] > 356)
    assert speck.sum() > 15 and np.abs(cleaned[speck].astype(int) - CLOTH).max() < 30


def wedge_photo(cloth: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two limbs on paper whose mask fills the upper half of the wedge between them."""
    wedge = np.array([[200.0, 100.0], [120.0, 300.0], [280.0, 300.0]])
    pixels = np.full((400, 400, 3), PAPER, np.uint8)
    limbs = np.zeros((400, 400), np.uint8)
    limbs[60:320, 60:340] = 255
    cv2.fillPoly(limbs, [wedge.astype(np.int32)], 0)
    pixels[limbs > 0] = cloth
    mask = limbs.copy()
    mask[60:260, 60:340] = 255
    return pixels, mask, wedge


def test_background_in_a_wedge_is_carved_out() -> None:
    pixels, mask, wedge = wedge_photo(CLOTH)
    carved = carve(pixels, mask, [wedge * 1.1 - wedge.mean(axis=0) * 0.1])
    assert (carved[(pixels == PAPER).all(axis=2)] == 0).mean() > 0.98
    assert (carved[(pixels == CLOTH).all(axis=2)] == 255).mean() > 0.98
    assert (carved <= mask).all()


def test_cloth_like_its_background_is_never_carved() -> None:
    pixels, mask, wedge = wedge_photo((250, 250, 248))
    assert (carve(pixels, mask, [wedge]) == mask).all()


def test_what_is_shut_in_by_cloth_in_a_wedge_is_a_print_of_papers_colour() -> None:
    pixels, mask, wedge = wedge_photo(CLOTH)
    wide = wedge * 1.4 - wedge.mean(axis=0) * 0.4
    inside = np.zeros_like(mask)
    cv2.fillPoly(inside, [np.round(wide).astype(np.int32)], 1)
    pixels[146:156, 164:171] = PAPER
    assert inside[146:156, 164:171].all(), "beside the gap, in the wedge that is looked at"
    carved = carve(pixels, mask, [wide])
    assert (carved[146:156, 164:171] == 255).all() and not carved[200:250, 195:205].any()
