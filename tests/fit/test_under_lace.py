"""Old clothes under lace: skin is painted there, however much of it shows through."""

from dataclasses import replace

import cv2
import numpy as np

from flixpose.fit.remnants import Painted, paint_remnants
from flixpose.fit.under_lace import find_under_lace
from flixpose.structures.image import Mask
from tests.fit.figures import SKIN, WORN
from tests.fit.test_bare_arms import person


def seen_lace() -> tuple[np.ndarray, np.ndarray]:
    """A garment over all of the old clothes, of fine mesh above the chest; and the mesh well inside."""
    photo, _, _, cloth, _, _ = person()
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5))) * 255
    y, x = np.mgrid[: photo.height, : photo.width]
    inward = cv2.distanceTransform(seen, cv2.DIST_L2, 3)
    mesh = (y < 330) & (inward > 4)
    seen[mesh] = np.where((y % 5 < 3) & (x % 5 < 3), 30, 110)[mesh]
    return seen, mesh & (inward > 8) & cloth


def painted(kind: str = "short_sleeve_top") -> tuple[Painted, np.ndarray]:
    photo, body, occluders, _, _, mask = person()
    seen, openings = seen_lace()
    return paint_remnants(photo.pixels, seen, kind, body, occluders, mask), openings


def test_skin_is_painted_under_lace_however_much_of_the_old_clothes_shows() -> None:
    photo = person()[0]
    found, openings = painted()
    red, green, _ = found.picture[openings].astype(int).T
    assert openings.sum() > 0.2 * person()[3].sum()
    assert SKIN[0] - SKIN[1] > 40 and WORN[0] < WORN[1]
    assert (red > green + 20).mean() > 0.99
    assert found.left.area < 0.02 * openings.sum()
    same = found.mask.alpha == 0
    assert (found.picture[same] == photo.pixels[same]).all()


def test_arms_go_on_under_lace_with_their_own_shading() -> None:
    """Drawn darker on their outer side: so they are under the sleeve, too."""
    off = person()[4]
    found, openings = painted()
    rows, columns = np.mgrid[: off.shape[0], : off.shape[1]]
    sleeve = openings & (columns > 380) & (rows > 270) & (rows < 310)
    inner, outer = (found.picture[sleeve & (off * side > 5) & (off * side < 11)].mean() for side in (-1, 1))
    assert inner > outer + 20


def test_background_that_shows_through_lace_stays() -> None:
    photo, body, occluders, _, _, mask = person()
    seen, openings = seen_lace()
    gap = openings.copy()
    gap[:, :318] = gap[:, 322:] = False  # between an arm and the trunk, say
    worn, alpha = occluders.worn_upper.alpha.copy(), mask.alpha.copy()
    worn[gap] = alpha[gap] = 0
    stays, unit = occluders.worn_lower.alpha, body.shoulder_width
    lace = find_under_lace(photo.pixels, seen, worn, stays, occluders, Mask(alpha), unit)
    assert gap.sum() > 100 and lace is not None
    assert lace.hole.sum() > 1000 and not lace.hole[gap[lace.window]].any()


def test_the_clothes_below_outwear_of_lace_stay() -> None:
    found, openings = painted("long_sleeve_outwear")
    assert not found.mask.alpha[openings].any()


def whole_cloth() -> np.ndarray:
    """A garment without lace over all of the old clothes."""
    return cv2.dilate(person()[3].astype(np.uint8), np.ones((5, 5))) * np.uint8(255)


def test_where_hair_ends_softly_on_a_garment_is_no_lace() -> None:
    photo, body, occluders, _, _, mask = person()
    lock = np.zeros(mask.alpha.shape, np.uint8)
    lock[260:360, 290:300] = 255
    lock = cv2.GaussianBlur(lock, (0, 0), 6)
    head = np.asarray(cv2.max(occluders.head.alpha, lock), np.uint8)
    seen = np.asarray(cv2.min(whole_cloth(), 255 - head), np.uint8)
    covered = replace(occluders, head=Mask(head))
    found = paint_remnants(photo.pixels, seen, "vest", body, covered, mask)
    edge = (lock > 10) & (lock < 120)
    assert edge.sum() > 1000 and not found.mask.alpha[edge].any()


def test_soft_edges_of_a_slit_that_is_open_below_are_no_lace() -> None:
    photo, body, occluders, _, _, mask = person()
    seen = whole_cloth()
    foot = int(np.flatnonzero(seen[:, 320])[-1])
    for column, alpha in enumerate((170, 60, 0, 0, 60, 170)):
        seen[foot - 120 :, 300 + column] = np.minimum(seen[foot - 120 :, 300 + column], alpha)
    worn, stays = occluders.worn_upper.alpha, occluders.worn_lower.alpha
    unit = body.shoulder_width
    assert find_under_lace(photo.pixels, seen, worn, stays, occluders, mask, unit) is None
    lace = seen_lace()[0]
    assert find_under_lace(photo.pixels, lace, worn, stays, occluders, mask, unit) is not None
