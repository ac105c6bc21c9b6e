"""The garment's region from two witnesses.

The photo's background is exact to the pixel; the net knows a garment from a stand, a shadow or a room.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import NoGarment
from flixpose.garment.background import rgb_to_lab
from flixpose.garment.cutout import WORKING_SIDE, Region, disc, main_pieces
from flixpose.garment.net_codec import Square, paste_back
from flixpose.garment.net_eyes import Sight, on_paper
from flixpose.garment.outline import trace
from flixpose.garment.people import alive, broad_skin, cut_off, skin, worn
from flixpose.garment.seeing import Seen, full_mask, see
from flixpose.imaging.silhouette import tighten
from flixpose.structures.image import Image, Mask

_LIKELY, _POSSIBLE = 0.5, 0.25
_DENIED = 0.03  # likelihood of cloth below which the net is sure that there is none
_AGREE = 0.75  # overlap of the two from which the background's is believed in detail
_FAR = 0.02  # of the longer side: what lies further outside the net's region is no garment
_FAR_OFF = 0.08  # as far the net may misjudge a garment that the frame cuts
_ALIKE = 14.0  # L*a*b*
_CLUTTERED = 0.6  # of the score is left where the background is not plain
_AROUND = 0.04
_FAR_AROUND = 0.12  # of the longer side: so far limbs are looked at
_THICK = 0.015  # of the longer side: what is thinner than twice that, a pole, is no limb
_LIMBS_TELL = 30.0  # a thirtieth of the cloth's area is proof
_TELLS = 4.0  # a quarter of skin around it is proof
_PALE = 10.0  # L*a*b*: nearer to the background than this, shading takes a garment through its tone
_SURE = 0.9
_BITE, _ROUND = 0.03, 0.006  # of the longer side
_OCCUPIED = 6.0  # L*a*b* from the empty background
_FACE = 0.25  # share of the top fifth of a worn garment's region, head included
_NARROW = 0.62  # of the widest row: a head is, a yoke is not
_LEAST_AREA = 0.01
_OTHER = 0.4  # of the garment's area: a garment of its own
CROP = "Crop the photo to the one garment, and the one view of it, that is meant."
_THIN, _LEAST_STAND = 2, 0.003  # pixels; share of the photo: less is no mannequin but a shadow or a tag
_BESIDE = 0.02  # of the longer side
_OTHER_FRONT, _LEVEL, _OPEN = 0.4, 0.8, 0.8  # of the larger half: area, height beside it, width between them
_CELL = 5.0  # pixels of the working photo that one cell of the net's mask covers, about
_CLEAR = 60.0  # distance that stands for "surely not background" where there is no plain one

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What was seen at working size, the soft mask at the photo's, and how far the two witnesses agree.

    Attributes:
        agreement: overlap of both regions in [0, 1]; 0 where the background tells nothing.
    """

    seen: Seen
    mask: Mask
    agreement: float


def find_region(image: Image, sight: Sight) -> Found:
    """Raises NoGarment: neither background nor net shows one, a person wears it, or the frame cuts it."""
    shrink = min(1.0, WORKING_SIDE / max(image.size))
    size = round(image.width * shrink), round(image.height * shrink)
    likely = on_working(sight, shrink, size)
    _refuse_cut(image, likely > _LIKELY)
    try:
        seen = see(image)
    except NoGarment:
        return _by_net(image, likely, shrink)
    _refuse_cut(image, seen.region & _near(likely > _POSSIBLE, _FAR_OFF) & _of_its_colour(seen, likely))
    _refuse_people(image, seen)
    if sight.views == 1:
        _refuse_several(image, seen, likely > _LIKELY)
    clothed = 1 - _limbs(seen, likely)
    agreement = _overlap(seen.region, likely > _LIKELY)
    if agreement < _AGREE:
        found = _by_net(image, likely, shrink)
        return replace(found, seen=replace(found.seen, plain=found.seen.plain * clothed))
    cloth = _near(likely > _POSSIBLE, _FAR) | _not_denied(seen.region, likely)
    region = _with_both_fronts(_filled_in(seen, likely) & cloth, likely)
    occupied = seen.distance > _OCCUPIED if seen.background else np.zeros_like(region)
    region = _off_the_stand(image, region, occupied & ~cloth, likely)
    seen = replace(seen, region=region, plain=seen.plain * clothed * (1 - _bare(region, occupied, seen.lab)))
    return Found(_closed(seen), full_mask(image, seen), agreement)


def _refuse_cut(image: Image, region: Region) -> None:
    if cut_off(region):
        raise NoGarment(f"{image.name}: the frame cuts the garment off.", subject=image.name)


def _of_its_colour(seen: Seen, likely: Plane) -> Region:
    """What looks like the middling colour of the garment: not the legs of the mannequin that wears it."""
    cloth = seen.lab[likely > _LIKELY]
    if not len(cloth):
        return np.zeros_like(seen.region)
    return np.linalg.norm(seen.lab - np.median(cloth, axis=0), axis=2) < _ALIKE


def _refuse_people(image: Image, seen: Seen) -> None:
    """The net takes head and limbs away from a worn garment, so people are looked for before it speaks."""
    outline = trace(seen.region)
    if (outline is not None and worn(seen.region, seen.lab, outline)) or _has_head(seen.region, seen.lab):
        raise NoGarment(f"{image.name}: a person wears it.", subject=image.name)


def _refuse_several(image: Image, seen: Seen, cloth: Region) -> None:
    """What stands beside the garment, apart from it and almost as large, is another one to a shop."""
    if seen.background is None or not cloth.any():
        return
    columns = np.flatnonzero(cloth.any(axis=0))
    occupied = cv2.morphologyEx((seen.distance > _OCCUPIED).astype(np.uint8), cv2.MORPH_OPEN, disc(_THIN))
    _, pieces = cv2.connectedComponents(occupied)
    pieces[np.isin(pieces, np.unique(pieces[cloth]))] = 0  # such as the arms of the mannequin that wears it
    pieces[:, columns[0] : columns[-1] + 1] = 0
    if np.bincount(pieces.ravel())[1:].max(initial=0) > _OTHER * cloth.sum():
        raise NoGarment(f"{image.name}: several things stand side by side.", advice=CROP, subject=image.name)


def on_working(sight: Sight, shrink: float, size: tuple[int, int]) -> Plane:
    """The net's region over the photo made smaller by `shrink`."""
    square = sight.square
    small = Square(square.x0 * shrink, square.y0 * shrink, square.scale * shrink, square.side)
    return paste_back(sight.region, small, size)


def _by_net(image: Image, likely: Plane, shrink: float) -> Found:
    """The net's region alone, drawn tight on the photo's own edges."""
    pixels = on_paper(image)
    small = np.asarray(cv2.resize(pixels, likely.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    tight = tighten(small, likely, cell=_CELL)
    region = _with_both_fronts(tight > 127, likely)
    if region.mean() < _LEAST_AREA:
        raise NoGarment(f"{image.name}: nothing in it looks like a garment.", subject=image.name)
    distance = np.where(region, np.float32(_CLEAR), np.float32(0.0))
    lab = rgb_to_lab(small)
    if _has_head(region, lab):
        raise NoGarment(f"{image.name}: a person wears it.", subject=image.name)
    bare = _bare(region, np.ones_like(region), lab)
    seen = Seen(region, lab, distance, shrink, None, _CLUTTERED * (1 - bare))
    mask = tighten(pixels, likely, cell=_CELL)
    near = cv2.resize(
        cv2.dilate(region.astype(np.uint8), disc(3)), image.size, interpolation=cv2.INTER_NEAREST
    )
    return Found(_closed(seen), Mask(np.where(near > 0, mask, 0).astype(np.uint8)), 0.0)


def _filled_in(seen: Seen, likely: Plane) -> Region:
    """The background's region; on a pale garment also the bites where a fold has the background's tone.

    There the net is heard where it is sure, near what the background tells, and the outline is rounded off.
    """
    if np.median(seen.distance[seen.region]) > _PALE:
        return seen.region
    bite = (likely > _SURE) & _near(seen.region, _BITE) & _near(likely < _SURE, _BITE)
    rough = (seen.region | bite).astype(np.float32)
    return cv2.GaussianBlur(rough, (0, 0), _ROUND * max(rough.shape)) > 0.5


def _not_denied(region: Region, likely: Plane) -> Region:
    """The pieces beyond what the net takes for cloth that it is not sure about either: another hem, a tail.

    Of a mannequin's limbs and stand it is sure.
    """
    beyond = region & ~_near(likely > _POSSIBLE, _FAR)
    count, pieces = cv2.connectedComponents(beyond.astype(np.uint8))
    unsure = [piece for piece in range(1, count) if np.median(likely[pieces == piece]) > _DENIED]
    return np.isin(pieces, unsure)


def _off_the_stand(image: Image, region: Region, stand: Region, likely: Plane) -> Region:
    """The region less what of it is a mannequin's: beside one, only the net knows where the cloth ends.

    Args:
        stand: what is neither background nor cloth.
    """
    stand = np.asarray(cv2.erode(stand.astype(np.uint8), disc(_THIN))).astype(bool)
    if stand.mean() < _LEAST_STAND:
        return region
    beside = _near(stand, _FAR + _BESIDE)
    pixels = cv2.resize(on_paper(image), region.shape[::-1], interpolation=cv2.INTER_AREA)
    cloth = tighten(np.asarray(pixels, np.uint8), likely, cell=_CELL) > 127
    return _with_both_fronts(region & (cloth | ~beside), likely)


def _with_both_fronts(region: Region, likely: Plane) -> Region:
    """The main pieces; of what hangs open on a mannequin, whose neck parts it in two, both halves."""
    main = main_pieces(region)
    other = main_pieces(region & ~main)
    if not _are_fronts(main, other) or float(likely[other].mean()) < _LIKELY:
        return main
    return main | other


def _are_fronts(main: Region, other: Region) -> bool:
    """Whether two pieces are the halves of one garment: about as large, level with one another, and near."""
    if other.sum() < _OTHER_FRONT * main.sum():
        return False
    (x0, y0, w0, h0), (x1, y1, w1, h1) = (cv2.boundingRect(half.astype(np.uint8)) for half in (main, other))
    level = min(y0 + h0, y1 + h1) - max(y0, y1) > _LEVEL * max(h0, h1)
    return level and 0 <= max(x0, x1) - min(x0 + w0, x1 + w1) < _OPEN * max(w0, w1)


def _closed(seen: Seen) -> Seen:
    """What hangs open in two halves as if it were closed, so that it has one outline."""
    main = main_pieces(seen.region)
    other = seen.region & ~main
    if not _are_fronts(main, other):
        return seen
    first, last = seen.region.argmax(axis=1), seen.region.shape[1] - seen.region[:, ::-1].argmax(axis=1)
    columns = np.arange(seen.region.shape[1])
    both = np.asarray(main.any(axis=1) & other.any(axis=1))[:, None]
    return replace(seen, region=seen.region | both & (columns >= first[:, None]) & (columns < last[:, None]))


def _bare(region: Region, occupied: Region, lab: Plane) -> float:
    """How sure it is, in [0, 1], that living skin surrounds the garment: a person's, no mannequin's."""
    ring = _near(region, _AROUND) & ~region
    bare = occupied & skin(lab)
    share = min(1.0, _TELLS * float((ring & bare).sum()) / float(max(ring.sum(), 1)))
    return share * alive(lab, bare & ~region & _near(region, _FAR_AROUND))


def _limbs(seen: Seen, likely: Plane) -> float:
    """How sure it is, in [0, 1], that a face, arms or legs are beside the cloth; 0 without a plain ground."""
    cloth = max(int((likely > _LIKELY).sum()), 1)
    if seen.background is None:
        return 0.0
    beside = (seen.distance > _OCCUPIED) & skin(seen.lab) & ~_near(likely > _POSSIBLE, _FAR)
    thick = disc(max(2, round(_THICK * max(beside.shape))))
    beside = cv2.morphologyEx(beside.astype(np.uint8), cv2.MORPH_OPEN, thick).astype(bool)
    return min(1.0, _LIMBS_TELL * float(beside.sum()) / cloth) * alive(seen.lab, beside)


def _has_head(region: Region, lab: Plane) -> bool:
    """Whether the region's top is narrow and shows skin, and its middle is of another colour."""
    rows = np.flatnonzero(region.any(axis=1))
    at = np.linspace(rows[0], rows[-1] + 1, 11).astype(int)  # tenths of the height
    bare = broad_skin(region, lab)
    top, middle = (
        float(bare[a:b].sum()) / float(max(region[a:b].sum(), 1)) for a, b in (at[:3:2], at[4:7:2])
    )
    widths = region.sum(axis=1)
    narrow = bool(np.median(widths[at[0] : at[2]]) < _NARROW * widths.max())
    return narrow and top > _FACE and middle < top / 2 and alive(lab, bare) > 0.5


def _near(region: Region, reach: float) -> Region:
    radius = max(1, round(reach * max(region.shape)))
    return np.asarray(cv2.dilate(region.astype(np.uint8), disc(radius))).astype(bool)


def _overlap(one: Region, other: Region) -> float:
    return float((one & other).sum() / max(int((one | other).sum()), 1))
