"""Bare skin where an old top shows on chest and shoulders: made from the person's own skin, never mirrored.

Its colours are the smoothest that join all skin around: neck, arms and shoulders. What the light does there
the old top tells, which lay on the same body: its soft shading goes on in the skin. Its grain is the skin's.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.nook import Nooks
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patching import LEAST_EDGE, Plane, Window, around_body, distance, fill_from, square
from flixpose.fit.skin import smooth_skin, usual_skin
from flixpose.structures.image import Mask

Floats = NDArray[np.float32]

_DEPTHS, _ASIDE = (-0.32, 0.5), 0.8  # torso lengths below the shoulders; shoulder widths off the axis
_ZONE = ((-0.64, -0.16), (0.64, -0.16), (0.56, 0.2), (0.46, 0.46), (-0.46, 0.46), (-0.56, 0.2))
_NECK = ((-0.25, -0.32), (0.25, -0.32), (0.4, 0.0), (-0.4, 0.0))  # shoulder widths aside, torso lengths down
_SHOWS = 76  # alpha of old clothes that show
_BEYOND = 0.25  # of it that may hang together with it elsewhere
_LOWER = 0.7  # torso lengths
_LEAST = 0.03  # shoulder widths: half of what is no sliver
_DEEPEST = 0.55  # shoulder widths from skin that is seen, or it is too far to tell
_FAR = 0.15  # shoulder widths from skin that is seen: further it is guesswork
_EDGE = 0.018  # shoulder widths beyond old clothes that their seam is painted, too
_SHADE = 0.055  # shoulder widths beside them in which they throw a shade on the skin
_COLLAR = 0.12  # shoulder widths that collars stand off the neck
_CALM = 0.02  # shoulder widths beside the person whose background is not carried on
_FORM = 0.05  # shoulder widths: folds are finer than this, the body's form is coarser
_FADES = 0.08  # shoulder widths from skin over which its own light gives way to the form's
_MOST_FORM, _SHARE = 0.12, 0.7  # by which the form lightens and darkens; of what it does to cloth
_PLAIN = 30.0  # levels around cloth's usual lightness; beyond is a print
_FINE = 1.2  # pixels: what is finer is grain
_BEHIND = 0.006  # shoulder widths: structure of the background finer than this is mirrored
_SOFT = 0.8  # pixels over which an outline is soft
_COARSEST = 3.0  # levels: more is no skin's grain


@dataclass(frozen=True, eq=False)
class _Chest:
    """A window around shoulders and chest; all planes are (h, w).

    Attributes:
        hole: what is to become skin. core: of that, old clothes that show. known: skin that is seen.
        shade: how much of seen skin is replaced beside the hole.
        away: pixels from skin that is known. away_seen: from skin of the photo; arms may have been painted.
        nook: beside the neck, where old clothes stood off it: background. calm: background that is seen.
    """

    window: Window
    pixels: NDArray[np.uint8]
    hole: Plane
    core: Plane
    known: Plane
    shade: Floats
    away: Floats
    away_seen: Floats
    cloth: Plane
    nook: Plane
    calm: Plane
    unit: float


def bare_chest(
    before: Painted,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
) -> Painted:
    """What shows of an old top on chest and shoulders turned into skin; as before where too little is told.

    Args:
        seen: (H, W) how much of each pixel the garment covers. worn: (H, W) the old clothes.
    """
    window = around_body(body, _ASIDE, _DEPTHS, worn.shape)
    if not (before.left.alpha[window] > _SHOWS).any():
        return before
    chest = _find(before, window, seen[window], worn[window], body, occluders, person_mask)
    if chest is None:
        return before
    pixels = _painted(chest)
    if pixels is None:
        return before
    guesses = chest.core & (chest.away_seen > _FAR * chest.unit)
    return before.changed(window, pixels, chest.hole | chest.nook, chest.nook, guesses)


def left_above(painted: Painted, body: Body) -> int:
    """Pixels of old clothes that show around shoulders and chest."""
    left = painted.left.alpha
    return int(np.count_nonzero(left[around_body(body, _ASIDE, _DEPTHS, left.shape)] > _SHOWS))


def _zone(body: Body, window: Window) -> Plane:
    """Shoulders, chest and the neck's foot."""
    plane = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
    for corners in (_ZONE, _NECK):
        places = np.array([body.place(*place) for place in corners]) - (window[1].start, window[0].start)
        cv2.fillPoly(plane, [np.round(places).astype(np.int32)], 1)
    return plane > 0


def _find(
    before: Painted,
    window: Window,
    seen: NDArray[np.uint8],
    worn: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask,
) -> _Chest | None:
    """What is to become skin there; None where there is nothing but slivers, or too little is seen."""
    unit, person = body.shoulder_width, person_mask.alpha[window]
    nooks = Nooks.of(body, person_mask)
    beside_neck = nooks.put(nooks.zone & ~nooks.body, window)
    head, arms = occluders.head.alpha[window], occluders.arms.alpha[window]
    allowed = _zone(body, window) & (person > 127) & ~beside_neck & (head < 128) & (arms < 128)
    shows = (before.left.alpha[window] > _SHOWS) & allowed
    core = cv2.morphologyEx(shows.view(np.uint8), cv2.MORPH_OPEN, square(_LEAST * unit)) > 0
    if not core.any():
        return None
    core = shows
    if _goes_on(before.left.alpha, window, core, round(_LOWER * body.torso_length)):
        return None
    painted = before.mask.alpha[window] > 0
    gone = painted & (before.left.alpha[window] < 26) & ~before.background[window]
    old = (worn >= 26) & ~gone
    bare = (person > 230) & ~old & (occluders.worn_lower.alpha[window] < 26) & (head < 26)
    pixels = before.picture[window]
    near = cv2.dilate(core.view(np.uint8), square(max(_EDGE * unit, LEAST_EDGE))) > 0
    near |= beside_neck & (cv2.dilate(core.view(np.uint8), square(_COLLAR * unit)) > 0)
    known = usual_skin(pixels, bare & ~near)
    known = cv2.erode(known.view(np.uint8), square(0.5 * _EDGE * unit)) > 0
    away = distance(known)
    if not known.any() or float(away[core].max()) > _DEEPEST * unit:
        return None
    free = (seen < 255) & (head < 128) & (person > 127) & ~beside_neck
    hole = near & free & ((arms < 128) | old)
    reach = distance(core)
    # An outline that skin is painted beyond is none any more: its pixels, soft and lit from behind, go, too.
    within = cv2.erode((person > 127).view(np.uint8), square(LEAST_EDGE)) > 0
    rim = within & (cv2.dilate(hole.view(np.uint8), square(_EDGE * unit)) > 0)
    rim &= (person <= 230) & ~old & (occluders.worn_lower.alpha[window] < 26) & (head < 26)
    shade = np.clip(2 * (1 - reach / (_SHADE * unit)), 0, 1).astype(np.float32)
    shade *= (bare | rim) & free & ~hole
    nook = near & (beside_neck | (person <= 127)) & (seen < 255) & (head < 128) & (arms < 128)
    fringe = ((before.left.alpha[window] > 12) & nook).view(np.uint8)
    nook &= cv2.dilate(fringe, square(_EDGE * unit)) > 0
    calm = cv2.erode((person < 16).view(np.uint8), square(_CALM * unit)) > 0
    known &= shade == 0
    cloth, seen_skin = old & (worn > 200), distance(known & ~painted)
    return _Chest(window, pixels, hole, core, known, shade, away, seen_skin, cloth, nook, calm & ~nook, unit)


def _goes_on(left: NDArray[np.uint8], window: Window, core: Plane, lower: int) -> bool:
    """Whether much of it hangs together with more, a sleeve or a whole shirt: half of that looks wrong.

    Args:
        lower: pixels below the window that are looked at, too.
    """
    rows, columns = window
    shows = left[rows.start : rows.stop + lower, columns] > _SHOWS
    count, labels = cv2.connectedComponents(shows.view(np.uint8))
    inside = np.bincount(labels[: len(core)][core], minlength=count)
    whole = np.bincount(labels.ravel(), minlength=count)[inside > 0]
    return float(whole.sum()) > (1 + _BEYOND) * float(inside.sum())


def _painted(chest: _Chest) -> NDArray[np.uint8] | None:
    """The window's pixels with skin in the hole; None where too little skin is seen."""
    rows, columns = np.nonzero(chest.hole | (chest.shade > 0))
    smooth = smooth_skin(chest.pixels, chest.known, chest.unit, (rows, columns))
    if smooth is None:
        return None
    skin = smooth * _form(chest)[rows, columns, None] + _grain(chest, len(rows))[:, None]
    laid = np.where(chest.hole, 1, chest.shade)[rows, columns, None]
    pixels = chest.pixels.copy()
    mixed = laid * skin + (1 - laid) * pixels[rows, columns]
    pixels[rows, columns] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return _before_background(pixels, chest) if chest.nook.any() else pixels


def _before_background(pixels: NDArray[np.uint8], chest: _Chest) -> NDArray[np.uint8]:
    """With background in the nooks; the skin's outline is as soft there as a photo's."""
    rim = cv2.dilate(chest.nook.view(np.uint8), square(2)) > 0
    behind = pixels.copy()
    wanted = rim & (chest.hole | chest.nook)
    fill_from(behind, wanted, chest.calm, chest.unit, _BEHIND, distance(chest.calm))
    nook, hole = (cv2.GaussianBlur(one.astype(np.float32), (0, 0), _SOFT) for one in (chest.nook, chest.hole))
    share = np.where(chest.nook, 1 - hole, nook)
    where = (share > 0) & (chest.hole | chest.nook)
    weight = share[where, None]
    # Inside the nook there is no skin to mix with but that of its rim.
    skin = pixels.copy()
    near = np.full(share.shape, 3 * _SOFT + 2, np.float32)
    fill_from(skin, chest.nook & where, chest.hole & ~rim, chest.unit, _BEHIND, near)
    pixels[where] = np.rint(weight * behind[where] + (1 - weight) * skin[where]).astype(np.uint8)
    return pixels


def _form(chest: _Chest) -> Floats:
    """How much lighter or darker than usual it is: as the old cloth there, without folds and prints."""
    reduce = max(1.0, chest.unit / 80)
    height, width = chest.cloth.shape
    size = max(1, round(width / reduce)), max(1, round(height / reduce))
    light = cv2.cvtColor(chest.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    cloth = chest.cloth & chest.hole
    usual = float(np.median(light[cloth])) if cloth.any() else 0.0
    plain = (cloth & (np.abs(light - usual) < _PLAIN)).astype(np.float32)
    small = cv2.resize(np.dstack([light * plain, plain]), size, interpolation=cv2.INTER_AREA)
    sigma = max(1.0, _FORM * chest.unit / reduce)
    soft = cv2.GaussianBlur(small, (0, 0), sigma)
    gain = soft[..., 0] / np.maximum(soft[..., 1], 1e-3) / max(usual, 1.0)
    gain = np.where(soft[..., 1] > 0.02, gain, 1.0)
    off = np.clip(_SHARE * (gain - 1), -_MOST_FORM, _MOST_FORM).astype(np.float32)
    ramp = np.clip(chest.away / (_FADES * chest.unit), 0, 1)
    whole = cv2.resize(off, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(1 + whole * ramp, np.float32)


def _grain(chest: _Chest, count: int) -> NDArray[np.float64]:
    """(count,) levels, as strong as the fine structure of the skin that is seen."""
    light = cv2.cvtColor(chest.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = (light - cv2.GaussianBlur(light, (0, 0), _FINE))[chest.known]
    strength = min(float(1.4826 * np.median(np.abs(fine))), _COARSEST) if len(fine) else 0.0
    return np.random.default_rng(count).normal(0, strength, count)
