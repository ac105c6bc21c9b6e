"""Old clothes under lace: skin is painted there, however much of it shows through."""

import cv2
import numpy as np

from flixpose.fit.remnants import Painted, paint_remnants
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


def test_the_clothes_below_outwear_of_lace_stay() -> None:
    found, openings = painted("long_sleeve_outwear")
    assert not found.mask.alpha[openings].any()
