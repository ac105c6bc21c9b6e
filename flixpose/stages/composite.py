"""Drawing the garment on the person: parts by depth, under what lies in front, with its contact shadow.

Pixels that neither the garment nor its shadow touches are copied, not computed: they stay bit-identical.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.layout import Plan, bare_zone
from flixpose.fit.occluders import Occluders
from flixpose.geometry.sampling import Sampled, sample
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.imaging.filters import spread_colour
from flixpose.structures.drape import PartWarp
from flixpose.structures.image import Box, Image, Mask

Plane = NDArray[np.float32]
Region = tuple[slice, slice]

# The contact shadow: how dark in light, how soft and how far below the edge, in shoulder widths.
_SHADOW = 0.30
_SHADOW_SOFTNESS = 0.022
_SHADOW_DROP = 0.020
_SPILL = 0.16  # shoulder widths that a part may reach beyond its planned border


@dataclass(frozen=True, eq=False)
class Composite:
    """Attributes: see `Drape`'s of the same names; `layer` is straight RGBA."""

    picture: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    visible: Mask
    changed: Mask


def composite(
    person: Image,
    product: Image,
    garment_mask: Mask,
    plan: Plan,
    warps: tuple[PartWarp, ...],
    person_mask: Mask | None,
) -> Composite:
    """Draw all parts on the person image.

    Args:
        warps: of `plan.layout.parts`, in their order.
    """
    layout, occluders = plan.layout, plan.occluders
    cloth = spread_colour(product.pixels, garment_mask.alpha)
    arms = Mask(np.minimum(occluders.arms.alpha, bare_zone(plan, person.size).alpha))
    sheets: list[_Sheet] = []
    if layout.behind is not None and person_mask is not None:
        front = np.maximum(occluders.head.alpha, person_mask.alpha)
        sheets.append(_Sheet(_draw(cloth, layout.behind, warps[0], person.size), front))
    for part, warp in sorted(zip(layout.parts, warps, strict=True), key=lambda pair: pair[0].depth):
        covers_arm = warp.name.endswith("sleeve")
        front = occluders.head.alpha if covers_arm else np.maximum(occluders.head.alpha, arms.alpha)
        drawn = _draw(cloth, part.matte, warp, person.size)
        margin = _SPILL * plan.body.shoulder_width
        sheets.append(_Sheet(_without_scraps(drawn, part.border, margin, person.size), front))
    shade = (_SHADOW_DROP + 3 * _SHADOW_SOFTNESS) * plan.body.shoulder_width + 2
    region = _around([sheet.drawn.box for sheet in sheets], shade, person.size)
    stack = _Stack(region)
    for sheet in sheets:
        stack.lay(sheet)
    shadow = _contact_shadow(stack.seen, occluders, person_mask, plan.body.shoulder_width, region)
    picture = person.pixels.copy()
    picture[region] = _blend(person.pixels[region], stack.colour, stack.seen, shadow)
    seen = np.round(stack.seen * 255).astype(np.uint8)
    return Composite(
        picture,
        layer=_on_canvas(stack.layer(), region, person.size),
        visible=Mask(_on_canvas(seen, region, person.size)),
        changed=Mask(_on_canvas(np.where((seen > 0) | (shadow > 0), 255, 0), region, person.size)),
    )


@dataclass(frozen=True, eq=False)
class _Sheet:
    """One part as drawn on the canvas, and what lies before it: (H, W) uint8, 255 = hides it wholly."""

    drawn: Sampled
    front: NDArray[np.uint8]


class _Stack:
    """Layers in light, premultiplied: `colour`, `seen` under the veils; `all_colour`, `drawn` without."""

    def __init__(self, region: Region) -> None:
        self.origin = (region[1].start, region[0].start)
        shape = (region[0].stop - region[0].start, region[1].stop - region[1].start)
        self.colour = np.zeros((*shape, 3), np.float32)
        self.seen = np.zeros(shape, np.float32)
        self.all_colour = np.zeros((*shape, 3), np.float32)
        self.drawn = np.zeros(shape, np.float32)

    def lay(self, sheet: _Sheet) -> None:
        """Lay a part over what is there."""
        box, patch = sheet.drawn.box, sheet.drawn.patch
        if box.area == 0:
            return
        x0, y0, x1, y1 = int(box.x0), int(box.y0), int(box.x1), int(box.y1)
        here = np.s_[y0 - self.origin[1] : y1 - self.origin[1], x0 - self.origin[0] : x1 - self.origin[0]]
        alpha = patch[..., 3] / np.float32(255)
        light = _light_of_premultiplied(patch)
        veil = 1 - sheet.front[y0:y1, x0:x1] / np.float32(255)
        self.all_colour[here] = light + self.all_colour[here] * (1 - alpha)[..., None]
        self.drawn[here] = alpha + self.drawn[here] * (1 - alpha)
        alpha = alpha * veil
        self.colour[here] = light * veil[..., None] + self.colour[here] * (1 - alpha)[..., None]
        self.seen[here] = alpha + self.seen[here] * (1 - alpha)

    def layer(self) -> NDArray[np.uint8]:
        """(h, w, 4) straight RGBA of everything drawn, before anything is laid over it."""
        share = np.maximum(self.drawn, np.float32(1e-6))[..., None]
        colour = linear_to_srgb(np.where(share > 1e-5, self.all_colour / share, 0))
        return np.dstack([colour, np.round(self.drawn * 255).astype(np.uint8)])


def _without_scraps(
    drawn: Sampled, border: NDArray[np.float64], margin: float, size: tuple[int, int]
) -> Sampled:
    """A part without what it drew further than `margin` pixels outside its planned border.

    That is a scrap of the mask that the warp carried off.
    """
    within = np.zeros((size[1], size[0]), np.uint8)
    points = [np.round(border).astype(np.int32)]
    cv2.fillPoly(within, points, 1)
    cv2.polylines(within, points, True, 1, max(1, round(2 * margin)))
    box = drawn.box
    here = np.s_[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    return Sampled(drawn.patch * within[here][..., None], box)


def _around(boxes: list[Box], margin: float, size: tuple[int, int]) -> Region:
    """Rows and columns of the canvas that hold all boxes and a margin; empty where every box is."""
    boxes = [box for box in boxes if box.area > 0]
    if not boxes:
        return np.s_[0:0, 0:0]
    x0, y0 = min(box.x0 for box in boxes) - margin, min(box.y0 for box in boxes) - margin
    x1, y1 = max(box.x1 for box in boxes) + margin, max(box.y1 for box in boxes) + margin
    return np.s_[max(0, int(y0)) : min(size[1], int(y1) + 1), max(0, int(x0)) : min(size[0], int(x1) + 1)]


def _on_canvas(patch: NDArray[Any], region: Region, size: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.zeros((size[1], size[0], *patch.shape[2:]), np.uint8)
    canvas[region] = patch
    return canvas


def _draw(cloth: NDArray[np.uint8], matte: Mask, warp: PartWarp, size: tuple[int, int]) -> Sampled:
    return sample(np.dstack([cloth, matte.alpha]), warp.warp, size)


def _light_of_premultiplied(patch: NDArray[np.uint8]) -> Plane:
    """(h, w, 3) light, premultiplied, of sRGB values premultiplied by alpha."""
    alpha = patch[..., 3:].astype(np.float32)
    straight = patch[..., :3] * (np.float32(255) / np.maximum(alpha, 1))
    light = srgb_to_linear(np.minimum(np.round(straight), 255).astype(np.uint8))
    return (light * (alpha / 255)).astype(np.float32)


def _contact_shadow(
    seen: Plane, occluders: Occluders, person_mask: Mask | None, width: float, region: Region
) -> Plane:
    """How much light, in [0, 1], the garment's edge takes from the skin and clothes just below it."""
    if person_mask is None or not seen.size:
        return np.zeros_like(seen)
    softness, drop = max(0.6, _SHADOW_SOFTNESS * width), _SHADOW_DROP * width
    moved = cv2.warpAffine(seen, np.array([[1, 0, 0], [0, 1, drop]], np.float32), seen.shape[::-1])
    spread = cv2.GaussianBlur(moved, (0, 0), softness)
    before = np.maximum(occluders.head.alpha[region], occluders.arms.alpha[region]) / np.float32(255)
    shadow = _SHADOW * spread * (1 - seen) * (1 - before) * (person_mask.alpha[region] / np.float32(255))
    return np.where(shadow > 1 / 255, shadow, 0).astype(np.float32)


def _blend(person: NDArray[np.uint8], colour: Plane, seen: Plane, shadow: Plane) -> NDArray[np.uint8]:
    """The person under shadow and garment, mixed in light, only where there is something to mix."""
    picture = person.copy()
    touched = (np.round(seen * 255) > 0) | (shadow > 0)
    under = srgb_to_linear(person[touched]) * (1 - shadow[touched])[:, None]
    mixed = colour[touched] + under * (1 - seen[touched])[:, None]
    picture[touched] = linear_to_srgb(mixed)
    return picture
