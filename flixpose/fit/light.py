"""The light of the person image: how it shades a garment laid into it, and the shadow that this throws.

Nothing here knows the garment's cloth: shading is read from the person's own clothes and skin where the
garment comes to lie, each relative to its own usual brightness, so that neither a dark shirt nor dark skin
counts as shade.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.remembered import remembered
from flixpose.fit.stack import Region, Sheet
from flixpose.imaging.colour import delta_e_2000, linear_to_srgb, srgb_to_lab, srgb_to_linear
from flixpose.imaging.filters import ramp
from flixpose.structures.image import Mask

Plane = NDArray[np.float32]

_WORK_UNIT = 64.0  # pixels of a shoulder width at which shading is measured
_SOFTNESS = 0.075  # shoulder widths over which shading is smoothed
_FLAT = 0.10  # shares of known surface below which shading fades to none
_SAME_COLOUR = 9.0  # Lab units of a and b: more is a print, not shade
_DARKEST = 0.012  # light; blacker cloth tells nothing of the light
_MOST_SHADE = 0.24  # natural log of the gain
_MOST_EXPOSURE = 0.07
_GREY = 8.0  # chroma of a highlight that may count as white
_MOST_CHANGE = 2.0  # mean ΔE2000 that the scene's light may add

# Shadows: share of light taken, softness and drop, in shoulder widths: close to the edge, and wider.
_SHADOWS = ((0.30, 0.009, 0.006), (0.26, 0.034, 0.030))
_ASIDE = 0.8  # of the drop, where the light comes fully from one side
# Where sleeves and trunk meet, what lies between them is in their shade: from such a share of cloth around it
# on, and wholly; share of its light that it then loses; shoulder widths that count as around it.
_HEMMED_IN, _DEEP, _NEAR = (0.5, 0.75), 0.95, 0.035
_WRISTS = (0.65, 0.85)  # torso lengths below the shoulders, where cuffs begin to come near the hem
_LACE = 0.12  # share of a part that is neither clear nor solid
_BOTH = 0.12  # share of the surroundings that is the smaller part's, where they meet
_COVERED = 1 - 0.5 / 255  # by cloth: no shadow is seen there
_ON_CLOTH = 0.22  # light that a forearm takes from the cloth it lies on
_BLUR = 1.2  # pixels: shadows are drawn on planes on which they are no softer than this
_FULLY_ASIDE = 0.30  # log of brightness lost across a shoulder width under light from one side


@dataclass(frozen=True, eq=False)
class Scene:
    """The light in a person image.

    Attributes:
        gain: (3,) exposure and white of the scene relative to a scene whose highlights are white.
        shade: (h, w) natural log of the soft shading, at working size over the region.
        aside: where the light comes from, -1 (the image's left) to 1 (its right), 0 from the front or above.
    """

    gain: NDArray[np.float32]
    shade: Plane
    aside: float


def read_light(
    person: NDArray[np.uint8],
    body: Body,
    occluders: Occluders,
    person_mask: Mask | None,
    region: Region,
    seen: Plane | None = None,
) -> Scene:
    """The light in the part of the person image where a garment comes to lie.

    Args:
        seen: (h, w) of the region, what the garment covers: surfaces beside it (jeans that fade towards the
            pockets) tell nothing of its light. None: everything counts.
    """
    height, width = region[0].stop - region[0].start, region[1].stop - region[1].start
    scale = min(1.0, _WORK_UNIT / body.shoulder_width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    step = max(1, int(0.5 / scale))  # shading is soft: some of the pixels tell it

    def small(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        some = plane[region][step // 2 :: step, step // 2 :: step]
        return np.asarray(cv2.resize(some, size, interpolation=cv2.INTER_AREA), np.uint8)

    colours = small(person)
    lab, luminance = srgb_to_lab(colours), srgb_to_linear(colours) @ np.array((0.2126, 0.7152, 0.0722), "f4")
    inside = small(person_mask.alpha) > 200 if person_mask is not None else np.ones(lab.shape[:2], bool)
    head = small(occluders.head.alpha) < 40
    inside &= True if seen is None else cv2.resize(seen, size, interpolation=cv2.INTER_AREA) > 0.5
    log, known = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], bool)
    for mask in (occluders.worn_upper, occluders.worn_lower, occluders.arms):
        own = _one_colour(lab, luminance, (small(mask.alpha) > 215) & inside & head)
        if own.sum() > 0.004 * own.size:
            log[own] = np.log(luminance[own] / np.median(luminance[own]))
            known |= own
    gain = _exposure(person)
    unit = body.shoulder_width * scale
    return Scene(gain, _smoothed(log, known, unit), _aside(log, known, unit))


def light_gain(scene: Scene, rgb: NDArray[np.uint8], seen: Plane) -> Plane:
    """Factors of the cloth's light, as strong as its colour allows: (h', w', 3) over the region, small.

    Args:
        rgb, seen: the cloth's straight colours (h, w, 3), and how much of each pixel is seen (h, w).
    """
    rows, columns = (
        ((np.arange(small) + 0.5) * (large / small)).astype(int)
        for small, large in zip(scene.shade.shape, seen.shape, strict=True)
    )
    spots = np.ix_(rows, columns)
    there = seen[spots] > 0.5
    log = scene.shade[..., None] + np.log(scene.gain)
    if there.any():
        log = log * _strength(srgb_to_linear(rgb[spots][there]), log[there])
    return np.asarray(np.exp(log), np.float32)


def thrown_shadow(
    seen: Plane,
    before: NDArray[np.uint8],
    person_mask: NDArray[np.uint8],
    unit: float,
    aside: float,
    nooks: Plane | None = None,
) -> Plane:
    """(h, w) the share of light that the garment's edge takes from the skin and clothes beside and below it.

    Args:
        before: what lies before the garment and takes none. person_mask: the background takes none.
        unit: the shoulder width in pixels. nooks: of `shade_in_nooks`.
    """
    lost = [np.float32(part) * _cast(seen, soft * unit, drop * unit, aside) for part, soft, drop in _SHADOWS]
    close, wide = (cv2.resize(1 - plane, seen.shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in lost)
    shadow = cv2.multiply(close, wide, dst=close)
    if nooks is not None:
        deep = cv2.resize(1 - nooks, seen.shape[::-1], dst=wide, interpolation=cv2.INTER_LINEAR)
        cv2.multiply(shadow, deep, dst=shadow)
    np.subtract(1, shadow, out=shadow)
    takes = cv2.multiply(person_mask, cv2.bitwise_not(before), dst=wide, scale=1 / 255**2, dtype=cv2.CV_32F)
    cv2.multiply(shadow, takes, dst=shadow)
    shadow[seen > _COVERED] = 0
    return np.asarray(cv2.threshold(shadow, 1 / 255, 0, cv2.THRESH_TOZERO)[1], np.float32)


def shade_in_nooks(
    trunk: Sequence[Sheet], sleeves: Sequence[Sheet], region: Region, body: Body
) -> Plane | None:
    """(h', w') over the region: the share of light that is lost where sleeves and trunk meet around a hole.

    However bright skin or old clothes are that show there, no light falls on them; but at the wrists, beside
    lace and through it. None: nothing meets.
    """
    reduce = max(1.0, _NEAR * body.shoulder_width / _BLUR)
    size = tuple(max(1, round((part.stop - part.start) / reduce)) for part in region[::-1])
    solid = ([sheet for sheet in sheets if _is_solid(sheet)] for sheets in (trunk, sleeves))
    one, other = (_small(sheets, region, reduce, size) for sheets in solid)
    both = cv2.min(one, other)
    if not both.any():
        return None
    around = 1 - (1 - one) * (1 - other)
    y, x = (np.indices(both.shape) + 0.5) * reduce
    depths = body.depths(np.stack([x + region[1].start, y + region[0].start], axis=-1))
    hemmed = ramp(around, *_HEMMED_IN) * ramp(both, 0, _BOTH) * (1 - ramp(depths, *_WRISTS))
    return np.asarray(_DEEP * hemmed, np.float32)


def _is_solid(sheet: Sheet) -> bool:
    """Whether cloth is seen through at its edges alone."""
    alpha = cv2.extractChannel(sheet.patch, 3) if sheet.patch.size else np.zeros((1, 1), np.uint8)
    soft = np.count_nonzero((alpha > 25) & (alpha < 230))
    return bool(soft < _LACE * np.count_nonzero(alpha))


def _small(sheets: Sequence[Sheet], region: Region, reduce: float, size: tuple[int, ...]) -> Plane:
    """(h', w') how much of the surroundings of each place over the region sheets cover."""
    drawn = np.zeros(size[::-1], np.uint8)
    for sheet in sheets:
        if sheet.box.area:
            corner = np.array([sheet.box.x0 - region[1].start, sheet.box.y0 - region[0].start])
            x, y = (corner + 0.5) / reduce - 0.5  # of the first pixel's centre, by index
            matrix = np.array([[1 / reduce, 0, x], [0, 1 / reduce, y]], np.float32)
            cv2.max(drawn, cv2.warpAffine(cv2.extractChannel(sheet.patch, 3), matrix, size), drawn)
    return cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), _BLUR)


def shadow_on_cloth(before: NDArray[np.uint8], unit: float, aside: float) -> Plane:
    """Factor of the cloth's light beside arms and hair that lie on it, (h', w') over the region."""
    spread = _cast(cv2.multiply(before, 1 / 255, dtype=cv2.CV_32F), 0.022 * unit, 0.014 * unit, aside)
    return 1 - np.float32(_ON_CLOTH) * spread


def shadow_reach(unit: float) -> float:
    """Pixels beyond the garment's edge that its shadow may reach."""
    return max(abs(drop) + 3.2 * softness for _, softness, drop in _SHADOWS) * unit + 3


def _cast(plane: Plane, softness: float, drop: float, aside: float) -> Plane:
    """The plane moved away from the light and blurred; smaller than it was, as it is soft."""
    reduce = max(1.0, softness / _BLUR)
    size = max(1, round(plane.shape[1] / reduce)), max(1, round(plane.shape[0] / reduce))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    shift = np.array([[1, 0, -_ASIDE * aside * drop / reduce], [0, 1, drop / reduce]], np.float32)
    moved = cv2.warpAffine(small, shift, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), max(0.6, softness) / reduce), np.float32)


def _one_colour(lab: Plane, luminance: Plane, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of a surface that has its usual hue and is not too dark to tell."""
    if where.sum() < 12:
        return np.zeros_like(where)
    usual = np.median(lab[where], axis=0)
    off = np.hypot(lab[..., 1] - usual[1], lab[..., 2] - usual[2])
    near = np.abs(lab[..., 0] - usual[0]) < 18
    return where & near & (off < _SAME_COLOUR) & (luminance > _DARKEST)


def _smoothed(log: Plane, known: NDArray[np.bool_], unit: float) -> Plane:
    """The log of the shading as soft as light is, bounded; where nothing is known it fades to none."""
    sigma = max(1.0, _SOFTNESS * unit)
    held = np.clip(log, -0.5, 0.4) * known
    near = [cv2.GaussianBlur(plane, (0, 0), sigma) for plane in (held, known.astype(np.float32))]
    wide = [cv2.GaussianBlur(plane, (0, 0), 3 * sigma) for plane in (held, known.astype(np.float32))]
    shade = (near[0] + 0.08 * wide[0]) / (near[1] + 0.08 * wide[1] + 0.08 * _FLAT)
    return np.asarray(_MOST_SHADE * np.tanh(shade / _MOST_SHADE), np.float32)


def _aside(log: Plane, known: NDArray[np.bool_], unit: float) -> float:
    """Which side is brighter, by a robust slope of the log brightness across all that is known."""
    rows, columns = np.nonzero(known)
    if len(rows) < 50:
        return 0.0
    x = (columns - columns.mean()) / unit
    y = (rows - rows.mean()) / unit
    design = np.stack([np.ones_like(x), x, y], axis=1)
    value = np.clip(log[rows, columns], -0.5, 0.5)
    slope = np.linalg.lstsq(design, value, rcond=None)[0][1]
    return float(np.clip(slope / _FULLY_ASIDE, -1.0, 1.0))


@remembered
def _exposure(person: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(3,) how bright, and of what tint, the scene's whitest highlights are; 1 where none is near white."""
    step = max(1, min(person.shape[:2]) // 160)
    rows, columns = (size // step for size in person.shape[:2])
    whole = person[: rows * step, : columns * step]
    colours = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    dimmest = colours.min(axis=1)
    white = np.median(srgb_to_linear(colours[dimmest >= np.percentile(dimmest, 98)]), axis=0)
    if float(np.hypot(*srgb_to_lab(linear_to_srgb(white[None]))[0, 1:])) > _GREY:
        return np.ones(3, np.float32)
    return np.exp(np.clip(0.35 * np.log(np.maximum(white, 1e-3) / 0.9), -_MOST_EXPOSURE, _MOST_EXPOSURE / 3))


def _strength(cloth: Plane, log: Plane) -> float:
    """How much of the light's effect keeps the mean colour difference within bounds, in [0, 1]."""
    step = max(1, len(cloth) // 4000)
    cloth, log = cloth[::step], log[::step]
    before = srgb_to_lab(linear_to_srgb(cloth))
    share = 1.0
    for _ in range(3):
        change = float(delta_e_2000(before, srgb_to_lab(linear_to_srgb(cloth * np.exp(share * log)))).mean())
        if change <= _MOST_CHANGE:
            break
        share *= 0.98 * _MOST_CHANGE / change
    return share
