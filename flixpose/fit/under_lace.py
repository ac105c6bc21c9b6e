"""Old clothes under lace and mesh: skin is painted there, however much of it shows.

Through thin cloth nobody sees folds or edges, but everybody sees the old garment's colour. So what the
threads leave open is painted whole: arms as they go on under their old sleeves, and between them and the
neck the smoothest skin that joins both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.bare_arms import BareArm, paint_skin
from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patching import LEAST_EDGE, Plane, Window, square
from flixpose.fit.skin import smooth_skin, usual_skin
from flixpose.imaging.pieces import find_pieces, numbers_met
from flixpose.structures.image import Mask

_MESH = 0.02  # shoulder widths: half of the widest opening in lace
_EDGE = 0.012  # shoulder widths: the garment's own soft edge, and that of the old clothes
_SHADE = 0.07  # shoulder widths beyond an old sleeve in which its shade lies on the arm
_THREADS = 25  # alpha from which on a place has a thread
_OPEN = 250  # alpha up to which something shows through
_CLEAR = 12  # alpha of what has no thread
_NOBODY = 15  # alpha of the person: beside it lace lets the background through
_LONG = 0.08  # shoulder widths: twice the widest opening in lace
_LEAST = 0.002  # of the garment; less is the soft edge of a seam
_EDGES = 1.0  # times the side of a square as large: in small pictures soft edges are more than that
_AROUND = 0.6  # shoulder widths from the lace to the skin that tells what lies below
_FINE = 160.0  # pixels of a shoulder width, at least, at which that skin is looked at


def within_outline(seen: NDArray[np.uint8], unit: float) -> Plane:
    """(h, w) well inside the garment's outline, through the openings of lace.

    Args:
        seen: (h, w) how much of each pixel the garment covers. unit: a shoulder width in pixels.
    """
    return _inside(_whole(seen, unit), unit)


def _inside(whole: NDArray[np.uint8], unit: float) -> Plane:
    return cv2.erode(whole, square(max(_EDGE * unit, LEAST_EDGE))) > 0


def _whole(seen: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """(h, w) 1 within the garment's outline, lace filled up."""
    threads = (seen > _THREADS).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(threads, cv2.MORPH_CLOSE, square(_MESH * unit)), np.uint8)


@dataclass(frozen=True, eq=False)
class UnderLace:
    """The window that holds lace over old clothes.

    Attributes:
        window: of the photo. hole: (h, w) old clothes that show through.
        shade: (h, w) bare arms that show through, in the shade of the old sleeves' ends.
        skin: bare skin that tells what lies below, in every `step`-th row and column of the window.
    """

    window: Window
    hole: Plane
    shade: Plane
    skin: Plane
    step: int


def find_under_lace(
    person: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    stays: NDArray[np.uint8],
    occluders: Occluders,
    person_mask: Mask,
    unit: float,
) -> UnderLace | None:
    """Where old clothes show through a garment; None where they do not.

    Args:
        person: (H, W, 3) sRGB. seen: (H, W) how much of each pixel the garment covers.
        worn, stays: (H, W) the old clothes, and those that stay on.
    """
    x, y, width, height = cv2.boundingRect(_showing(seen, worn))
    if not width:
        return None
    room = round(_AROUND * unit)
    here = np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]
    # What hair and arms cover softly is no opening.
    front = cv2.max(occluders.head.alpha[here], occluders.arms.alpha[here])
    closed = cv2.add(seen[here], front)
    whole = _whole(seen[here], unit)
    through = _inside(whole, unit) & (closed < _OPEN) & (occluders.head.alpha[here] < 128)
    through &= (person_mask.alpha[here] > _NOBODY) | (worn[here] > 25)
    cloth = cv2.countNonZero(cv2.inRange(seen[here], 128, 255))
    least = max(_LEAST * cloth, _EDGES * cloth**0.5)
    if np.count_nonzero(through) < least:
        return None
    old = cv2.dilate(cv2.inRange(worn[here], 26, 255), square(_EDGE * unit)) > 0
    arms = occluders.arms.alpha[here] >= 128
    hole = through & old & ~arms
    if np.count_nonzero(hole) < least:
        return None
    slits = _slits(seen[here], whole, unit)
    through, hole = through & ~slits, hole & ~slits
    if np.count_nonzero(hole) < least:
        return None
    shade = through & arms
    if shade.any():
        shade &= cv2.dilate(old.view(np.uint8), square(_SHADE * unit)) > 0
    step = max(1, int(unit / _FINE))
    inside, old_cloth, stay, head = (
        _some(plane[here], step) for plane in (person_mask.alpha, worn, stays, occluders.head.alpha)
    )
    bare = (inside > 230) & (old_cloth < 26) & (stay < 26) & (head < 26)
    firm = usual_skin(_some(person[here], step), bare) & (_some((hole | shade).view(np.uint8), step) == 0)
    skin = cv2.erode(firm.view(np.uint8), square(_EDGE * unit / step)) > 0
    return UnderLace(here, hole, shade, skin, step)


def _slits(seen: NDArray[np.uint8], whole: NDArray[np.uint8], unit: float) -> Plane:
    """(h, w) what has no thread and is no lace: it is long, or open to what lies beside the garment.

    That is between a sleeve and the trunk, say.

    Args:
        whole: of `_whole`.
    """
    clear = seen < _CLEAR
    _, labels, stats = find_pieces(clear, connectivity=4)
    slits = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) > max(_LONG * unit, 2 * LEAST_EDGE)
    slits[numbers_met(labels, clear & (whole == 0))] = True
    slits[0] = False
    return cv2.dilate(slits[labels].view(np.uint8), square(LEAST_EDGE)) > 0


def _some(plane: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Every `step`-th row and column."""
    size = -(-plane.shape[1] // step), -(-plane.shape[0] // step)
    below, right = size[1] * step - plane.shape[0], size[0] * step - plane.shape[1]
    whole = cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE) if below or right else plane
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _showing(seen: NDArray[np.uint8], worn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) where threads and old clothes share a pixel, solid edges too."""
    thin = cv2.inRange(seen, _THREADS + 1, _OPEN - 1)
    return np.asarray(cv2.min(thin, cv2.threshold(worn, 127, 255, cv2.THRESH_BINARY)[1]), np.uint8)


def _places(plane: Plane) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a plane's pixels."""
    rows, columns = np.divmod(np.flatnonzero(plane), plane.shape[1])
    return rows, columns


def paint_under_lace(
    person: NDArray[np.uint8], lace: UnderLace, arms: Sequence[BareArm], unit: float
) -> NDArray[np.uint8] | None:
    """The window's pixels with skin in the hole; None where no skin is seen near.

    Args:
        person: (H, W, 3) sRGB. arms: those that go on under an old sleeve.
    """
    pixels, known, step = person[lace.window].copy(), lace.skin.copy(), lace.step
    origin = lace.window[0].start, lace.window[1].start
    rows, columns = _places(lace.hole | lace.shade)
    parts = [arm.look(rows + origin[0], columns + origin[1])[0] for arm in arms]
    for arm, part in zip(arms, parts, strict=True):
        mine = part > 0.5
        paint_skin(pixels, arm, rows[mine], columns[mine], origin)
        mine &= (rows % step == 0) & (columns % step == 0)
        known[rows[mine] // step, columns[mine] // step] = True
    down, across = _places(lace.hole)
    places = (down - (step - 1) / 2) / step, (across - (step - 1) / 2) / step
    smooth = smooth_skin(_some(pixels, step), known, unit / step, places)
    if smooth is None:
        return None
    pixels[down, across] = np.clip(np.rint(smooth), 0, 255)
    for arm, part in zip(arms, parts, strict=True):
        mine = part > 0
        paint_skin(pixels, arm, rows[mine], columns[mine], origin)
    return pixels


def skin_under_lace(
    before: Painted,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
    arms: Sequence[BareArm],
    *,
    lower: bool,
    rims: NDArray[np.uint8],
) -> Painted:
    """What shows through lace painted with skin; `rims`, (H, W), are no openings of lace."""
    unit, stays = body.shoulder_width, (occluders.worn_upper if lower else occluders.worn_lower).alpha
    worn = cv2.min(worn, cv2.bitwise_not(rims))
    lace = find_under_lace(before.picture, seen, worn, stays, occluders, person_mask, unit)
    if lace is None:
        return before
    pixels = paint_under_lace(before.picture, lace, arms, unit)
    if pixels is None:
        return before
    x, y, width, height = cv2.boundingRect((lace.hole | lace.shade).view(np.uint8))
    there = np.s_[y : y + height, x : x + width]
    top, left = lace.window[0].start + y, lace.window[1].start + x
    window = np.s_[top : top + height, left : left + width]
    return before.changed(window, pixels[there], lace.hole[there])
