"""Small holes between a sleeve and the trunk are closed with cloth; other holes are the garment's own."""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.seams import seam
from flixpose.fit.stack import Sheet, Stack
from flixpose.structures.image import Box

UNIT = 200.0
ALLOWED = np.ones((160, 200), bool)
TRUNK, SLEEVE = (40, 60, 160), (60, 80, 190)


def sheet(x0: int, x1: int, colour: tuple[int, int, int], holes: NDArray[np.bool_]) -> Sheet:
    """Cloth between two columns of rows 20 to 140, but for holes."""
    alpha = np.full((120, x1 - x0), 255, np.uint8)
    alpha[holes[20:140, x0:x1]] = 0
    patch = np.dstack([np.full(alpha.shape, value, np.uint8) for value in colour] + [alpha])
    return Sheet(patch * (alpha[..., None] > 0), Box(float(x0), 20.0, float(x1), 140.0))


def sewn(holes: NDArray[np.bool_], allowed: NDArray[np.bool_] = ALLOWED) -> tuple[Stack, Sheet | None]:
    trunk, sleeve = sheet(20, 105, TRUNK, holes), sheet(100, 180, SLEEVE, holes)
    stack = Stack(np.s_[5:155, 10:195])
    stack.lay(trunk)
    stack.lay(sleeve)
    return stack, seam(stack, trunk, [sleeve], allowed, UNIT)


def hole(x0: int, x1: int, y0: int = 50, y1: int = 70) -> NDArray[np.bool_]:
    found = np.zeros((160, 200), bool)
    found[y0:y1, x0:x1] = True
    return found


def test_a_hole_between_sleeve_and_trunk_is_closed_with_their_cloth() -> None:
    gone = hole(96, 108)
    stack, found = sewn(gone)
    assert found is not None
    stack.slip_under(found, np.zeros(found.patch.shape[:2], np.uint8))
    here = gone[5:155, 10:195]
    assert (stack.seen[here] > 0.99).all()
    colours = stack.rgb[here].astype(int)
    assert (np.minimum(TRUNK, SLEEVE) - 8 <= colours).all() and (
        colours <= np.maximum(TRUNK, SLEEVE) + 8
    ).all()
    assert (found.patch[..., 3] > 0).sum() == gone.sum()


def test_other_holes_stay() -> None:
    assert sewn(hole(60, 72))[1] is None, "an opening of the trunk"
    assert sewn(hole(90, 112, 30, 60))[1] is None, "a large one"
    assert sewn(hole(96, 108, 50, 141))[1] is None, "a slit that is open below"
    assert sewn(hole(96, 108), ALLOWED & ~hole(100, 104))[1] is None, "the background shows in it"
    assert sewn(hole(96, 108), ALLOWED & ~hole(0, 200, 66, 160))[1] is None, "it goes on where nobody knows"
    stack = Stack(np.s_[5:155, 10:195])
    assert seam(stack, sheet(20, 105, TRUNK, hole(0, 0)), [], ALLOWED, UNIT) is None


def test_the_openings_of_lace_stay() -> None:
    rows, columns = np.indices((160, 200))
    openings = (
        (rows % 6 < 2) & (columns % 6 < 3) & (columns > 112) & (columns < 170) & (rows > 30) & (rows < 130)
    )
    assert sewn(hole(96, 108) | openings)[1] is None
