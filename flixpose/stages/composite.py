"""Drawing the garment on the person: parts by depth, under what lies in front, in the scene's light.

Pixels that neither the garment, nor its shadow, nor the painting-over of old clothes touches are copied, not
computed: they stay bit-identical.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.layout import Plan, bare_zone
from flixpose.fit.light import light_gain, read_light, shadow_on_cloth, shadow_reach, thrown_shadow
from flixpose.fit.remnants import Painted, paint_remnants
from flixpose.geometry.sampling import Sampled, sample
from flixpose.imaging.edges import carve, decontaminate
from flixpose.imaging.stack import Region, Sheet, Stack
from flixpose.structures.drape import Composite, Light, PartWarp
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask

_WEDGE = 1.25
_SPILL = 0.16  # shoulder widths that a part may reach beyond its planned border


def composite(
    person: Image,
    product: Image,
    garment: Garment,
    plan: Plan,
    warps: tuple[PartWarp, ...],
    person_mask: Mask | None,
    light: Light = "scene",
) -> Composite:
    """Draw all parts on the person image.

    Args:
        warps: of `plan.layout.parts`, in their order.
        light: "scene": the garment takes the person image's exposure and soft shading; "exact": it keeps its
            own colours.
    """
    alpha = carve(product.pixels, garment.mask.alpha, _armpit_wedges(garment))
    cloth = cv2.merge([*cv2.split(decontaminate(product.pixels, alpha)), alpha])
    sheets, behind = _sheets(cloth, plan, warps, person.size)
    unit = plan.body.shoulder_width
    boxes = [sheet.box for sheet in sheets] + ([behind.box] if behind else [])
    stack = Stack(_around(boxes, shadow_reach(unit), person.size))
    for sheet in sheets:
        stack.lay(sheet)
    painted = _painted(person, stack, behind, garment, plan, person_mask)
    remaining = _remaining(person_mask, painted)
    if behind is not None and remaining is not None:
        front = np.maximum(plan.occluders.head.alpha, remaining.alpha)
        stack.slip_under(Sheet(behind.patch, behind.box, front))
    shadow = _lit(person, stack, plan, remaining, light)
    return _finished(painted, stack, shadow, remaining or Mask.full(*person.size), person.size)


def _armpit_wedges(garment: Garment) -> list[NDArray[np.float64]]:
    """Between a sleeve's inner edge and the side below its armpit, pixels of the product image."""
    wedges = []
    for side in ("left", "right"):
        names = (f"armpit_{side}", f"cuff_{side}_inner", f"hem_{side}")
        if not all(garment.landmarks.has(name) for name in names):
            continue
        pit, cuff, hem = (garment.landmarks[name].astype(np.float64) for name in names)
        along, down = cuff - pit, hem - pit
        length = min(float(np.linalg.norm(along)), float(np.linalg.norm(down)))
        below = pit + down / max(float(np.linalg.norm(down)), 1e-9) * length
        wedge = np.array([pit, pit + along, below])
        # A little wider than the landmarks say, and past the cuff, where a mask bridges the gap.
        wedges.append(wedge.mean(axis=0) + _WEDGE * (wedge - wedge.mean(axis=0)))
    return wedges


@dataclass(frozen=True, eq=False)
class _Fronts:
    """What lies before trunk and legs, and before sleeves; (H, W) uint8."""

    trunk: NDArray[np.uint8]
    sleeves: NDArray[np.uint8]


def _fronts(plan: Plan, size: tuple[int, int]) -> _Fronts:
    head = plan.occluders.head.alpha
    arms = np.minimum(plan.occluders.arms.alpha, bare_zone(plan, size).alpha)
    trunk = np.maximum(head, arms)
    if plan.tuck is not None:
        trunk = np.maximum(trunk, plan.tuck.alpha)
    return _Fronts(trunk, head)


def _sheets(
    cloth: NDArray[np.uint8], plan: Plan, warps: tuple[PartWarp, ...], size: tuple[int, int]
) -> tuple[list[Sheet], Sampled | None]:
    """The parts from the lowest to the highest, and what lies behind the neck."""
    fronts = _fronts(plan, size)
    margin = _SPILL * plan.body.shoulder_width
    sheets = []
    for part, warp in sorted(zip(plan.layout.parts, warps, strict=True), key=lambda pair: pair[0].depth):
        reach = _reach(part.border, margin)
        drawn = _without_scraps(_draw(cloth, part.matte, warp, size, reach), part.border, margin)
        front = fronts.sleeves if warp.name.endswith("sleeve") else fronts.trunk
        sheets.append(Sheet(drawn.patch, drawn.box, front))
    behind = plan.layout.behind
    if behind is None:
        return sheets, None
    trunk = _reach(plan.layout.parts[0].border, plan.body.shoulder_width)
    return sheets, _draw(cloth, behind, warps[0], size, trunk)


def _reach(border: NDArray[np.float64], margin: float) -> Box:
    """The box that holds a planned border and a margin around it; nothing is drawn beyond."""
    (x0, y0), (x1, y1) = border.min(axis=0) - margin, border.max(axis=0) + margin
    return Box(float(x0), float(y0), float(x1), float(y1))


def _draw(
    cloth: NDArray[np.uint8], matte: Mask, warp: PartWarp, size: tuple[int, int], reach: Box
) -> Sampled:
    *colours, alpha = cv2.split(cloth)
    return sample(cv2.merge([*colours, cv2.min(alpha, matte.alpha)]), warp.warp, size, region=reach)


def _without_scraps(drawn: Sampled, border: NDArray[np.float64], margin: float) -> Sampled:
    """A part without what it drew further than `margin` pixels outside its planned border.

    That is a scrap of the mask that the warp carried off.
    """
    within = np.zeros(drawn.patch.shape[:2], np.uint8)
    points = [np.round(border - (drawn.box.x0, drawn.box.y0)).astype(np.int32)]
    cv2.fillPoly(within, points, 1)
    cv2.polylines(within, points, True, 1, max(1, round(2 * margin)))
    return Sampled(drawn.patch * within[..., None], drawn.box)


def _around(boxes: list[Box], margin: float, size: tuple[int, int]) -> Region:
    """Rows and columns of the canvas that hold all boxes and a margin; empty where every box is."""
    boxes = [box for box in boxes if box.area > 0]
    if not boxes:
        return np.s_[0:0, 0:0]
    x0, y0 = min(box.x0 for box in boxes) - margin, min(box.y0 for box in boxes) - margin
    x1, y1 = max(box.x1 for box in boxes) + margin, max(box.y1 for box in boxes) + margin
    return np.s_[max(0, int(y0)) : min(size[1], int(y1) + 1), max(0, int(x0)) : min(size[0], int(x1) + 1)]


def _painted(
    person: Image,
    stack: Stack,
    behind: Sampled | None,
    garment: Garment,
    plan: Plan,
    person_mask: Mask | None,
) -> Painted:
    """The person image with small remnants of the old clothes gone from beside the garment."""
    seen = _on_canvas(np.round(stack.seen * 255), stack.region, person.size)
    if behind is not None and person_mask is not None and behind.box.area:
        # What shows behind the neck hides old clothes there, too.
        box = behind.box
        here = np.s_[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
        seen[here] = np.maximum(seen[here], np.minimum(behind.patch[..., 3], 255 - person_mask.alpha[here]))
    return paint_remnants(person.pixels, seen, garment.kind, plan.body, plan.occluders, person_mask)


def _remaining(person_mask: Mask | None, painted: Painted) -> Mask | None:
    """The person without what was painted with background."""
    if person_mask is None or not painted.background.any():
        return person_mask
    return Mask(np.where(painted.background, 0, person_mask.alpha).astype(np.uint8))


def _lit(
    person: Image, stack: Stack, plan: Plan, person_mask: Mask | None, light: Light
) -> NDArray[np.float32]:
    """Light the stack as the scene is lit; the shadow that it throws."""
    if person_mask is None or not stack.seen.size:
        return np.zeros_like(stack.seen)
    unit = plan.body.shoulder_width
    scene = read_light(person.pixels, plan.body, plan.occluders, person_mask, stack.region)
    front = _fronts(plan, person.size).trunk[stack.region]
    if light == "scene":
        stack.shine(light_gain(scene, stack.colour, stack.seen))
        stack.shine(shadow_on_cloth(front, unit, scene.aside))
    return thrown_shadow(stack.seen, front, person_mask.alpha[stack.region], unit, scene.aside)


def _finished(
    painted: Painted, stack: Stack, shadow: NDArray[np.float32], person_mask: Mask, size: tuple[int, int]
) -> Composite:
    picture = painted.picture.copy()
    picture[stack.region] = stack.over(painted.picture[stack.region], shadow)
    seen = np.round(stack.seen * 255).astype(np.uint8)
    changed = _on_canvas(np.where((seen > 0) | (shadow > 0), 255, 0), stack.region, size)
    return Composite(
        picture,
        ground=painted.picture,
        layer=_on_canvas(stack.layer(), stack.region, size),
        visible=Mask(_on_canvas(seen, stack.region, size)),
        changed=Mask(np.maximum(changed, painted.mask.alpha)),
        painted=painted.mask,
        old_garment=painted.left,
        shadow=Mask(_on_canvas(np.round(shadow * 255), stack.region, size)),
        person_mask=person_mask,
    )


def _on_canvas(patch: NDArray[Any], region: Region, size: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.zeros((size[1], size[0], *patch.shape[2:]), np.uint8)
    canvas[region] = patch
    return canvas
