"""Drawing the garment on the person: parts by depth, under what lies in front, in the scene's light.

Pixels that neither the garment, nor its shadow, nor the painting-over of old clothes touches are copied, not
computed: they stay bit-identical.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.cuffs import before_sleeves
from flixpose.fit.gaps import with_gaps
from flixpose.fit.keyhole import without_keyhole
from flixpose.fit.layout import Plan, bare_zone, is_sleeveless
from flixpose.fit.light import (
    Plane,
    Scene,
    light_gain,
    read_light,
    shade_in_nooks,
    shadow_on_cloth,
    shadow_reach,
    thrown_shadow,
)
from flixpose.fit.loops import without_loops
from flixpose.fit.pockets import into_pockets
from flixpose.fit.remembered import remembered
from flixpose.fit.remnants import Painted, paint_remnants
from flixpose.fit.slits import beside_background
from flixpose.fit.stack import Region, Sheet, Stack
from flixpose.fit.straps import over_shoulders
from flixpose.fit.under_hair import skin_under_hair
from flixpose.fit.unmixed import hair_over_cloth
from flixpose.fit.wedges import wedges_at_armpits, with_legs_apart
from flixpose.garment.kinds import group
from flixpose.geometry.sampling import sample
from flixpose.geometry.source import Source
from flixpose.geometry.threads import at_once, gathered
from flixpose.imaging.edges import carve, decontaminate
from flixpose.imaging.lace import thin_out
from flixpose.structures.drape import Composite, Light, PartWarp
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask

_BESIDE = 11  # pixels across: skin's soft outline is no wider
_RIM = 7  # pixels across, of a strap's soft edge
_SOFT = 0.8  # pixels over which the person ends beside painted background
_MAX_ERROR = 0.4  # source pixels by which cloth may be off at most: a quarter of a pixel of the picture
_SPILL, _SPILL_OF_HALF = 0.16, 0.03  # shoulder widths that a part may reach beyond its planned border


def composite(
    person: Image,
    cloth: NDArray[np.uint8],
    garment: Garment,
    plan: Plan,
    warps: tuple[PartWarp, ...],
    person_mask: Mask | None,
    light: Light = "scene",
) -> Composite:
    """Draw all parts on the person image.

    Args:
        cloth: of `cloth_of`.
        warps: of `plan.layout.parts`, in their order.
        light: "scene": the garment takes the person image's exposure and soft shading; "exact": it keeps its
            own colours.
    """
    if person_mask is not None:
        person_mask = with_gaps(person.pixels, person_mask, plan.body, plan.occluders)
    sheets, behind = _sheets(cloth, plan, warps, person.size)
    sheets = into_pockets(sheets, plan.occluders, plan.body)
    if person_mask is not None and group(garment.kind) != "lower" and is_sleeveless(plan.layout):
        sheets["torso"] = over_shoulders(sheets["torso"], plan.body, person_mask)
        behind = behind and over_shoulders(behind, plan.body, person_mask)
    boxes = [sheet.box for sheet in (*sheets.values(), *([behind] if behind else []))]
    stack = Stack(_around(boxes, shadow_reach(plan.body.shoulder_width), person.size))
    front, top = at_once(
        lambda: _front(plan, person.size), lambda: before_sleeves(plan.occluders, plan.body, sheets)
    )
    _lay(stack, sheets, front, top)
    paint = _painter(person, stack, behind, garment, plan, person_mask)
    # Light is read where cloth lies, and what is painted lies beside it: neither needs the other.
    painted, (scene, nooks) = at_once(
        paint,
        lambda: (_light(person, stack, plan, person_mask), _nooks(sheets, stack.region, plan.body)),
    )
    stack.cover(painted.arms[stack.region])
    person_left = remaining(person_mask, painted)
    before = None
    if behind is not None and behind.box.area and person_left is not None:
        here = _pixels(behind.box)
        before = cv2.max(plan.occluders.head.alpha[here], person_left.alpha[here])
        stack.slip_under(behind, before)

    def ground() -> Painted:
        found = painted
        if behind is not None and before is not None:
            found = _before_cloth(found, behind, before, plan.occluders.worn_upper.alpha[_pixels(behind.box)])
        seen = _on_canvas(_bytes(stack.seen), stack.region, person.size)
        found = skin_under_hair(found, person.pixels, seen, garment.kind, plan.occluders, person_mask)
        return hair_over_cloth(found, plan.occluders.hair, stack)

    shadow, painted = at_once(lambda: _lit(stack, scene, plan, front, person_left, light, nooks), ground)
    return _finished(painted, stack, shadow, person_left or Mask.full(*person.size), person.size)


def cloth_of(garment: Garment, product: Image) -> NDArray[np.uint8]:
    """(H, W, 4) the garment alone, straight RGBA, with its openings open; whoever wears it."""
    apart = with_legs_apart(garment, product)
    open_mask = without_loops(apart, product, without_keyhole(apart, product))
    return cut_out(product.pixels, open_mask, wedges_at_armpits(garment))


@remembered
def cut_out(pixels: NDArray[np.uint8], mask: Mask, wedges: list[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """(H, W, 4) the garment alone, straight RGBA: cut out once for many persons."""
    alpha = carve(pixels, mask.alpha, wedges)
    threads, thin = thin_out(pixels, alpha)
    return cv2.merge([*cv2.split(decontaminate(threads, alpha)), thin])


def _front(plan: Plan, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W) what lies before the trunk, but not before sleeves: bare arms, and what it is tucked into."""
    arms = cv2.min(plan.occluders.arms.alpha, bare_zone(plan, size).alpha)
    if plan.occluders.pits is not None and is_sleeveless(plan.layout):
        arms = cv2.max(arms, plan.occluders.pits.alpha)
    return arms if plan.tuck is None else cv2.max(arms, plan.tuck.alpha)


def _lay(stack: Stack, sheets: dict[str, Sheet], front: NDArray[np.uint8], top: NDArray[np.uint8]) -> None:
    """From the lowest upwards: trunk and legs, bare arms, sleeves, hair, face and hands.

    Sleeves that come before the trunk in the sheets lie behind it.
    """
    names = list(sheets)
    sleeves = [name for name in names[names.index("torso") :] if name.endswith("sleeve")]
    for name in names:
        if name not in sleeves:
            stack.lay(sheets[name])
    stack.cover(front[stack.region])
    for name in sleeves:
        stack.lay(sheets[name])
    stack.cover(top[stack.region])


def _sheets(
    cloth: NDArray[np.uint8], plan: Plan, warps: tuple[PartWarp, ...], size: tuple[int, int]
) -> tuple[dict[str, Sheet], Sheet | None]:
    """The parts by name from the lowest to the highest, and what lies behind the neck."""
    unit = plan.body.shoulder_width
    parts = sorted(zip(plan.layout.parts, warps, strict=True), key=lambda pair: pair[0].depth)
    margins = [(_SPILL_OF_HALF if part.half else _SPILL) * unit for part, _ in parts]
    wanted = [
        (part.matte, warp, _reach(part.border, margin))
        for (part, warp), margin in zip(parts, margins, strict=True)
    ]
    if plan.layout.behind is not None:
        wanted.append((plan.layout.behind, warps[0], _reach(plan.layout.parts[0].border, unit)))
    alpha = cv2.extractChannel(cloth, 3)

    def draw(part: tuple[Mask, PartWarp, Box]) -> Sheet:
        matte, warp, reach = part
        source = Source.matted(cloth, cv2.min(alpha, matte.alpha))
        seen = sample(source, warp.warp, size, region=reach, max_error=_MAX_ERROR, fine=False)
        return Sheet(seen.patch, seen.box)

    drawn = gathered(draw, wanted)
    sheets = {
        warp.name: _without_scraps(sheet, part.border, margin)
        for (part, warp), sheet, margin in zip(parts, drawn, margins, strict=False)
    }
    return sheets, drawn[len(parts)] if plan.layout.behind is not None else None


def _reach(border: NDArray[np.float64], margin: float) -> Box:
    """The box that holds a planned border and a margin around it; nothing is drawn beyond."""
    (x0, y0), (x1, y1) = border.min(axis=0) - margin, border.max(axis=0) + margin
    return Box(float(x0), float(y0), float(x1), float(y1))


def _without_scraps(drawn: Sheet, border: NDArray[np.float64], margin: float) -> Sheet:
    """A part without what it drew further than `margin` pixels outside its planned border.

    That is a scrap of the mask that the warp carried off.
    """
    within = np.zeros(drawn.patch.shape[:2], np.uint8)
    points = [np.round(border - (drawn.box.x0, drawn.box.y0)).astype(np.int32)]
    cv2.fillPoly(within, points, 255)
    cv2.polylines(within, points, True, 255, max(1, round(2 * margin)))
    return Sheet(cv2.copyTo(drawn.patch, within), drawn.box) if within.size else drawn


def _pixels(box: Box) -> Region:
    """Rows and columns of a box of whole pixels."""
    return np.s_[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]


def _around(boxes: list[Box], margin: float, size: tuple[int, int]) -> Region:
    """Rows and columns of the canvas that hold all boxes and a margin; empty where every box is."""
    boxes = [box for box in boxes if box.area > 0]
    if not boxes:
        return np.s_[0:0, 0:0]
    x0, y0 = min(box.x0 for box in boxes) - margin, min(box.y0 for box in boxes) - margin
    x1, y1 = max(box.x1 for box in boxes) + margin, max(box.y1 for box in boxes) + margin
    return np.s_[max(0, int(y0)) : min(size[1], int(y1) + 1), max(0, int(x0)) : min(size[0], int(x1) + 1)]


def _painter(
    person: Image, stack: Stack, behind: Sheet | None, garment: Garment, plan: Plan, person_mask: Mask | None
) -> Callable[[], Painted]:
    """Paints the person image with small remnants of the old clothes gone from beside the garment.

    Slits are looked for now, on all threads.
    """
    seen = _on_canvas(_bytes(stack.seen), stack.region, person.size)
    if behind is not None and person_mask is not None and behind.box.area:
        # What shows behind the neck hides old clothes there, too.
        here = _pixels(behind.box)
        shown = cv2.min(cv2.extractChannel(behind.patch, 3), cv2.bitwise_not(person_mask.alpha[here]))
        seen[here] = cv2.max(seen[here], shown)
    if plan.occluders.strap is not None:
        # A bag's strap is no remnant, nor is its soft edge.
        around = cv2.dilate(plan.occluders.strap.alpha, np.ones((_RIM, _RIM), np.uint8))
        seen[around > 0] = 255
    slits = (
        beside_background(seen, garment.kind, plan.body, plan.occluders, person_mask) if person_mask else None
    )
    return partial(
        paint_remnants, person.pixels, seen, garment.kind, plan.body, plan.occluders, person_mask, slits
    )


def _before_cloth(
    painted: Painted, behind: Sheet, front: NDArray[np.uint8], worn: NDArray[np.uint8]
) -> Painted:
    """The neck's soft outline in its own colour: what it held of the background is no longer behind it."""
    here = _pixels(behind.box)
    soft = (cv2.extractChannel(behind.patch, 3) > 0) & (front > 0) & (front < 255)
    bare = (worn < 26) | (painted.mask.alpha[here] > 0)
    soft &= bare
    if not soft.any():
        return painted
    painted = painted.own()
    picture, mask = painted.picture[here], painted.mask.alpha[here]
    skin = np.where(bare, front, np.minimum(front, 254))
    soft &= cv2.dilate((skin == 255).astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)) > 0
    share = cv2.extractChannel(behind.patch, 3)[soft][:, None] * np.float32(1 / 255)
    clean = decontaminate(picture, skin)[soft]
    picture[soft] = np.rint(share * clean + (1 - share) * picture[soft])  # where the cloth ends, softly
    mask[soft] = 255
    return painted


def remaining(person_mask: Mask | None, painted: Painted) -> Mask | None:
    """The person without what was painted with background."""
    if person_mask is None or not painted.background.any():
        return person_mask
    alpha, (x, y, width, height) = (
        person_mask.alpha.copy(),
        cv2.boundingRect(painted.background.view(np.uint8)),
    )
    here = np.s_[max(0, y - 2) : y + height + 2, max(0, x - 2) : x + width + 2]
    gone = painted.background[here] * np.uint8(255)
    alpha[here] = cv2.multiply(alpha[here], 255 - cv2.GaussianBlur(gone, (0, 0), _SOFT), scale=1 / 255)
    return Mask(alpha)


def _light(person: Image, stack: Stack, plan: Plan, person_mask: Mask | None) -> tuple[Scene, Plane] | None:
    """The scene's light and its gain of the cloth's; None where nothing is drawn, or nobody is seen."""
    if person_mask is None or not stack.seen.size:
        return None
    scene = read_light(person.pixels, plan.body, plan.occluders, person_mask, stack.region, stack.seen)
    return scene, light_gain(scene, stack.rgb, stack.seen)


def _lit(
    stack: Stack,
    found: tuple[Scene, Plane] | None,
    plan: Plan,
    front: NDArray[np.uint8],
    person_mask: Mask | None,
    light: Light,
    nooks: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Light the stack as the scene is lit; the shadow that it throws."""
    if found is None or person_mask is None:
        return np.zeros_like(stack.seen)
    scene, gain = found
    unit = plan.body.shoulder_width
    before = cv2.max(front[stack.region], plan.occluders.head.alpha[stack.region])
    if plan.occluders.strap is not None:
        before = cv2.max(before, plan.occluders.strap.alpha[stack.region])

    def shine() -> None:
        if light == "scene":
            # What a sleeve covers lies below it, and throws no shadow on it.
            above = cv2.min(before, cv2.bitwise_not(_bytes(stack.seen)))
            stack.shine(gain, shadow_on_cloth(above, unit, scene.aside))

    mask = person_mask.alpha[stack.region]
    _, shadow = at_once(shine, lambda: thrown_shadow(stack.seen, before, mask, unit, scene.aside, nooks))
    return shadow


def _nooks(sheets: dict[str, Sheet], region: Region, body: Body) -> NDArray[np.float32] | None:
    """The shade between sleeves and trunk."""
    sleeves = [sheet for name, sheet in sheets.items() if name.endswith("sleeve")]
    return shade_in_nooks([sheets["torso"]], sleeves, region, body) if sleeves else None


def _finished(
    painted: Painted, stack: Stack, shadow: NDArray[np.float32], person_mask: Mask, size: tuple[int, int]
) -> Composite:
    picture, layer = at_once(
        lambda: _laid_over(painted.picture, stack, shadow),
        lambda: _on_canvas(stack.layer(), stack.region, size),
    )
    seen, shade = _bytes(stack.seen), _bytes(shadow)
    changed = painted.mask.alpha.copy()
    changed[stack.region][(seen > 0) | (shadow > 0)] = 255
    return Composite(
        picture,
        ground=painted.picture,
        layer=layer,
        visible=Mask(_on_canvas(seen, stack.region, size)),
        changed=Mask(changed),
        painted=painted.mask,
        old_garment=painted.left,
        shadow=Mask(_on_canvas(shade, stack.region, size)),
        person_mask=person_mask,
        guessed=painted.guessed,
    )


def _laid_over(ground: NDArray[np.uint8], stack: Stack, shadow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) the ground under shadow and cloth."""
    picture = ground.copy()
    stack.lay_over(picture[stack.region], shadow)
    return picture


def _bytes(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[0, 1] → 0..255."""
    return cv2.convertScaleAbs(plane, alpha=255) if plane.size else np.zeros(plane.shape, np.uint8)


def _on_canvas(patch: NDArray[Any], region: Region, size: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.zeros((size[1], size[0], *patch.shape[2:]), np.uint8)
    canvas[region] = patch
    return canvas
