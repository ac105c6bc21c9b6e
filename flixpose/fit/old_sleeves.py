"""Old sleeves beside a garment that has none, or shorter ones: the bare arm is painted in their place.

A whole sleeve goes or none of it: half a sleeve is worse than either. It goes where the arm below it is seen,
so that the arm's own breadth and shade can be carried on up to the shoulder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.bare_arms import BareArm
from flixpose.fit.body import Body
from flixpose.fit.nook import chest
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patching import Plane, Window, distance, fill_from, square
from flixpose.fit.remembered import remembered
from flixpose.fit.skin import smooth_skin, usual_skin
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_SLEEVELESS = ("vest", "sling")  # kinds whose trunk arms hang before
_SHOWS = 76  # alpha of old clothes that show
_ROOM = 0.5  # shoulder widths around the covered arm that are looked at
_OWN = 0.85  # of a piece of old cloth that lies beside the arm, or it is no sleeve alone
_CAP = 0.25  # shoulder widths above the shoulder's joint that a sleeve's cloth reaches
_EDGE = 0.014  # shoulder widths beyond the sleeve that its seam is painted, too
_SHADE = 0.08  # shoulder widths beside it in which its inside shows, and its shade lies on the arm
_DEEP = 1.8  # how much of the shade's reach is replaced wholly: next to the cloth it is deep
_ARMPIT = 0.35  # of the upper arm from the shoulder: between it and the trunk is skin
_GAP = 0.3  # of the arm's breadth between it and the trunk that are no gap yet
_BEFORE = 0.35  # of the upper arm, over which it comes out from behind a trunk to lie before it
_PAST = 4  # stations below the sleeve's end, where the bare arm's own mask begins softly
_SOFT = 0.012  # shoulder widths over which a shoulder's outline is smoothed
_CALM = 0.025  # shoulder widths beside the person whose background is not carried on
_GRAIN = 0.006  # shoulder widths: structure of the background finer than this is mirrored


@dataclass(frozen=True, eq=False)
class OldSleeve:
    """One old sleeve that shows.

    Attributes:
        window: of the photo. hole: (h, w) the sleeve, its seam and the shade of its end.
        cover: (h, w) in [0, 1] how much of the hole's pixels is skin; the rest is background.
        shade: (h, w) in [0, 1] how much of the bare arm's own colour is replaced.
        before: (h, w) in [0, 1] how much of the arm lies before the trunk.
    """

    arm: BareArm
    window: Window
    hole: Plane
    cover: NDArray[np.float32]
    shade: NDArray[np.float32]
    before: NDArray[np.float32]


def find_old_sleeve(
    arm: BareArm,
    left: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
    *,
    before_trunk: bool,
    off_shoulders: bool = False,
) -> OldSleeve | None:
    """The old sleeve on an arm, if it shows as a piece of its own.

    Args:
        left: (H, W) old clothes that show. seen: (H, W) how much of each pixel the garment covers.
        before_trunk: whether the arm may lie before the garment.
        off_shoulders: whether the shoulders are bared, too: then a sleeve may hang together with the rest.
    """
    window = _window(arm, left.shape)
    shows = left[window] > _SHOWS
    if not shows.any():
        return None
    beside = _around(arm, left.shape)
    sleeve = _pieces(shows, beside.sleeve)
    if sleeve is None and not off_shoulders:
        return None
    if sleeve is None:
        sleeve = _on_arm(shows & beside.sleeve, beside.inside)
    sleeve &= ~beside.below  # the soft rim of a hand runs on from it
    bare, person = occluders.arms.alpha[window] >= 128, person_mask.alpha[window]
    free = occluders.head.alpha[window] < 128
    away = distance(sleeve) / arm.unit
    before = beside.before * (free & (seen[window] > 0) & before_trunk)
    free &= (seen[window] < 255) | (before > 0)
    shade = np.clip(_DEEP * (1 - away / _SHADE), 0, 1) * (free & bare & (beside.inside > 0))
    rim = cv2.dilate((person > 12).astype(np.uint8), square(_EDGE * arm.unit)) > 0
    end = (away < _SHADE) & (beside.sleeve | beside.past) & rim & (occluders.worn_lower.alpha[window] < 128)
    hole = free & (~bare | (beside.inside == 0)) & ((away < _EDGE) | end | (before > 0)) | (shade > 0)
    held = beside.held | chest(body, window)  # no background is there
    cover = np.where(held, 1, beside.inside) * _smooth_outline(person, arm.unit)
    return OldSleeve(arm, window, hole, cover.astype(np.float32), shade.astype(np.float32), before)


def _pieces(shows: Plane, beside: Plane) -> Plane | None:
    """Of what shows the pieces that lie beside the arm; None where others reach into there."""
    count, labels, stats = find_pieces(shows)
    inside = np.bincount(labels.ravel(), beside.ravel(), count)
    own = inside > _OWN * stats[:, cv2.CC_STAT_AREA]
    own[0] = False
    sleeve = own[labels]
    others = int((beside & shows & ~sleeve).sum())
    return sleeve if sleeve.any() and others <= (1 - _OWN) * int(sleeve.sum()) else None


def _on_arm(shows: Plane, inside: NDArray[np.float32]) -> Plane:
    """Of what shows the piece that covers most of the arm, not the chest beyond a strap."""
    count, labels, _ = find_pieces(shows)
    if count < 2:
        return shows
    covered = np.bincount(labels.ravel(), inside.ravel(), count)
    return np.asarray(labels == 1 + int(np.argmax(covered[1:])), bool)


def _smooth_outline(person: NDArray[np.uint8], unit: float) -> NDArray[np.float32]:
    """(h, w) in [0, 1] the person, without the fuzz of a soft mask."""
    sigma = max(1.0, _SOFT * unit)
    smooth = cv2.GaussianBlur(person.astype(np.float32) / 255, (0, 0), sigma)
    return np.clip((smooth - 0.5) * sigma * 2 + 0.5, 0, 1).astype(np.float32)


def _window(arm: BareArm, shape: tuple[int, ...]) -> Window:
    places, room = arm.stations[arm.covered], _ROOM * arm.unit
    (x0, y0), (x1, y1) = places.min(axis=0) - room, places.max(axis=0) + room
    return np.s_[max(0, int(y0)) : min(shape[0], int(y1)), max(0, int(x0)) : min(shape[1], int(x1))]


@remembered
def _around(arm: BareArm, shape: tuple[int, ...]) -> "_Around":
    """Of a photo of this shape: found once for all garments."""
    return _Around(arm, _window(arm, shape))


class _Around:
    """How the pixels of a window lie beside an arm; all (h, w).

    Attributes:
        inside: how much of each is the arm. sleeve: what may be its sleeve. held: of that shoulder and
            armpit, which are skin, too. past: beside the arm just below the sleeve. below: further down.
        before: how much of the arm lies before a trunk: towards the sleeve's end more and more of it.
    """

    def __init__(self, arm: BareArm, window: Window) -> None:
        shape = window[0].stop - window[0].start, window[1].stop - window[1].start
        rows, columns = np.indices(shape).reshape(2, -1)
        at = arm.beside(rows + window[0].start, columns + window[1].start)
        first, down = int(np.argmin(arm.covered)), at.nearest / arm.elbow
        cap = at.beyond & (at.nearest == 0)
        inside = np.where(at.beyond, 0.0, at.inside)
        # With the edge's own pixels: where skin goes on beyond it, none of them is in part background.
        inward = (at.outwards < 0.5) & (at.inside < 1) & ~at.beyond
        covered = at.nearest < first
        within = np.linalg.norm(
            np.stack([columns + window[1].start, rows + window[0].start], axis=1) + 0.5 - arm.stations[0],
            axis=1,
        )
        cap &= within < _CAP * arm.unit
        self.inside = inside.reshape(shape)
        self.sleeve = (covered & at.near & (~at.beyond | cap)).reshape(shape)
        beside = (down < _ARMPIT) | covered & (at.outwards > -_GAP)
        self.held = (cap | (inward & beside)).reshape(shape)
        self.past = (~covered & ~at.beyond & at.near).reshape(shape)
        self.below = (at.nearest >= first + _PAST).reshape(shape)
        above = (first - at.place) / (_BEFORE * arm.elbow)
        width = np.maximum(arm.high[at.nearest] - arm.low[at.nearest], 1.0)
        laid = (
            np.clip(0.5 + (at.outwards - above) * width, 0, 1)
            * inside
            * (at.nearest < first + _PAST)
            * (above < 1)
        )
        self.before = laid.reshape(shape).astype(np.float32)


def paint_old_sleeve(
    picture: NDArray[np.uint8],
    sleeve: OldSleeve,
    occluders: Occluders,
    worn: NDArray[np.uint8],
    person_mask: Mask,
) -> NDArray[np.uint8] | None:
    """The window's pixels with the arm bare; None where no background is seen beside it.

    Args:
        picture: (H, W, 3) sRGB. worn: (H, W) the old clothes.
    """
    here, arm, hole = sleeve.window, sleeve.arm, sleeve.hole
    pixels, person = picture[here].copy(), person_mask.alpha[here]
    calm = (cv2.erode((person < 16).astype(np.uint8), square(_CALM * arm.unit)) > 0) & ~hole
    known = (person > 230) & (worn[here] < 26) & ~hole
    known &= (occluders.head.alpha[here] < 26) & (occluders.worn_lower.alpha[here] < 26)
    skin = _skin(picture[here], sleeve, usual_skin(picture[here], known))
    if skin is None or not calm.any():
        return None
    behind = hole & (sleeve.shade == 0)
    fill_from(pixels, behind, calm, arm.unit, _GRAIN)
    cover = np.where(sleeve.shade > 0, sleeve.shade, sleeve.cover)[hole][:, None]
    pixels[hole] = np.clip(np.rint(cover * skin[hole] + (1 - cover) * pixels[hole]), 0, 255)
    return pixels


def _skin(pixels: NDArray[np.uint8], sleeve: OldSleeve, known: Plane) -> NDArray[np.float32] | None:
    """(h, w, 3) the arm's colours where it is, and around it what joins it to the skin that is seen."""
    rows, columns = np.nonzero(sleeve.hole)
    at = sleeve.arm.beside(rows + sleeve.window[0].start, columns + sleeve.window[1].start)
    grain = np.random.default_rng(len(rows)).normal(0, sleeve.arm.grain, len(rows))
    skin, known = pixels.astype(np.float32), known.copy()
    skin[rows, columns] = sleeve.arm.skin(at.share) + grain[:, None]
    arm = (at.inside > 0) & ~at.beyond
    known[rows, columns] = arm
    smooth = smooth_skin(skin, known, sleeve.arm.unit)
    if smooth is not None:
        skin[rows[~arm], columns[~arm]] = smooth[rows[~arm], columns[~arm]]
        return skin
    return None


def sleeveless(kind: str) -> bool:
    """Whether arms hang before the trunk of such a garment."""
    return kind.startswith(_SLEEVELESS)


def bare_old_sleeves(
    before: Painted,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    kind: str,
    arms: Sequence[BareArm],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
    *,
    off_shoulders: bool = False,
) -> Painted:
    """Whole old sleeves that show gone from bare arms; `off_shoulders`: see `find_old_sleeve`."""
    bare = sleeveless(kind)
    for arm in arms:
        left = before.left.alpha
        sleeve = find_old_sleeve(
            arm, left, seen, body, occluders, person_mask, before_trunk=bare, off_shoulders=off_shoulders
        )
        if sleeve is None:
            continue
        pixels = paint_old_sleeve(before.picture, sleeve, occluders, worn, person_mask)
        if pixels is not None:
            before = before.changed(sleeve.window, pixels, sleeve.hole)
            bared = before.arms.copy()
            bared[sleeve.window] = np.maximum(bared[sleeve.window], np.rint(255 * sleeve.before))
            before = replace(before, arms=bared)
    return before
