"""Drawing the garment on the person: parts by depth, under what lies in front, with its contact shadow.

Pixels that neither the garment nor its shadow touches are copied, not computed: they stay bit-identical.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.layout import Plan, bare_zone
from flixpose.fit.occluders import Occluders
from flixpose.geometry.sampling import sample
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.drape import PartWarp
from flixpose.structures.image import Image, Mask

Plane = NDArray[np.float32]

# The contact shadow: how dark in light, how soft and how far below the edge, in shoulder widths.
_SHADOW = 0.30
_SHADOW_SOFTNESS = 0.022
_SHADOW_DROP = 0.020


@dataclass(frozen=True, eq=False)
class Composite:
    """Attributes: see `Drape`'s of the same names; `layer` is straight RGBA."""

    picture: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    visible: Mask
    changed: Mask


def composite(
    person: Image, product: Image, plan: Plan, warps: tuple[PartWarp, ...], person_mask: Mask | None
) -> Composite:
    """Draw all parts on the person image.

    Args:
        warps: of `plan.layout.parts`, in their order.
    """
    layout, occluders = plan.layout, plan.occluders
    stack = _Stack(person.size)
    trunk = warps[0]
    if layout.behind is not None and person_mask is not None:
        patch = _draw(product, layout.behind, trunk, person.size)
        stack.lay(patch, _open(occluders.head, None) * _outside(person_mask))
    order = sorted(zip(layout.parts, warps, strict=True), key=lambda pair: pair[0].depth)
    arms = Mask(np.minimum(occluders.arms.alpha, bare_zone(plan, person.size).alpha))
    for part, warp in order:
        veil = _open(occluders.head, None if warp.name.endswith("sleeve") else arms)
        stack.lay(_draw(product, part.matte, warp, person.size), veil)
    shadow = _contact_shadow(stack.seen, occluders, person_mask, plan.body.shoulder_width)
    picture = _blend(person.pixels, stack.colour, stack.seen, shadow)
    visible = np.round(stack.seen * 255).astype(np.uint8)
    changed = np.where((visible > 0) | (shadow > 0), 255, 0).astype(np.uint8)
    return Composite(picture, stack.layer(), Mask(visible), Mask(changed))


class _Stack:
    """Layers in light, premultiplied: `colour` and `seen` under the veils, `all_colour` and `drawn` without."""

    def __init__(self, size: tuple[int, int]) -> None:
        shape = (size[1], size[0])
        self.colour = np.zeros((*shape, 3), np.float32)
        self.seen = np.zeros(shape, np.float32)
        self.all_colour = np.zeros((*shape, 3), np.float32)
        self.drawn = np.zeros(shape, np.float32)

    def lay(self, drawn: tuple[NDArray[np.uint8], tuple[int, int, int, int]], veil: Plane) -> None:
        """Lay a patch over what is there; `veil` is 1 where nothing lies before it."""
        patch, (x0, y0, x1, y1) = drawn
        if x1 <= x0 or y1 <= y0:
            return
        here = np.s_[y0:y1, x0:x1]
        alpha = patch[..., 3].astype(np.float32) / 255
        light = _light_of_premultiplied(patch)
        veil = veil[here]
        self.all_colour[here] = light + self.all_colour[here] * (1 - alpha)[..., None]
        self.drawn[here] = alpha + self.drawn[here] * (1 - alpha)
        alpha = alpha * veil
        self.colour[here] = light * veil[..., None] + self.colour[here] * (1 - alpha)[..., None]
        self.seen[here] = alpha + self.seen[here] * (1 - alpha)

    def layer(self) -> NDArray[np.uint8]:
        """(H, W, 4) straight RGBA of everything drawn, before anything is laid over it."""
        share = np.maximum(self.drawn, 1e-6)[..., None]
        colour = linear_to_srgb(np.where(share > 1e-5, self.all_colour / share, 0))
        return np.dstack([colour, np.round(self.drawn * 255).astype(np.uint8)])


def _draw(
    product: Image, matte: Mask, warp: PartWarp, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    sampled = sample(np.dstack([product.pixels, matte.alpha]), warp.warp, size)
    box = sampled.box
    return sampled.patch, (int(box.x0), int(box.y0), int(box.x1), int(box.y1))


def _light_of_premultiplied(patch: NDArray[np.uint8]) -> Plane:
    """(h, w, 3) light, premultiplied, of sRGB values premultiplied by alpha."""
    alpha = patch[..., 3:].astype(np.float32)
    straight = np.where(alpha > 0, patch[..., :3] * (255 / np.maximum(alpha, 1)), 0)
    light = srgb_to_linear(np.clip(np.round(straight), 0, 255).astype(np.uint8))
    return light * (alpha / 255)


def _open(head: Mask, arms: Mask | None) -> Plane:
    """1 where neither head nor arms lie in front."""
    front = head.alpha if arms is None else np.maximum(head.alpha, arms.alpha)
    return 1 - front.astype(np.float32) / 255


def _outside(person_mask: Mask) -> Plane:
    return 1 - person_mask.alpha.astype(np.float32) / 255


def _contact_shadow(seen: Plane, occluders: Occluders, person_mask: Mask | None, width: float) -> Plane:
    """(H, W) in [0, 1]: how much light the garment's edge takes from the skin and clothes just below it."""
    if person_mask is None:
        return np.zeros_like(seen)
    softness, drop = max(0.6, _SHADOW_SOFTNESS * width), _SHADOW_DROP * width
    moved = cv2.warpAffine(seen, np.float32([[1, 0, 0], [0, 1, drop]]), seen.shape[::-1])
    spread = cv2.GaussianBlur(moved, (0, 0), softness)
    before = np.maximum(occluders.head.alpha, occluders.arms.alpha).astype(np.float32) / 255
    shadow = _SHADOW * spread * (1 - seen) * (1 - before) * (person_mask.alpha.astype(np.float32) / 255)
    return np.where(shadow > 1 / 255, shadow, 0).astype(np.float32)


def _blend(person: NDArray[np.uint8], colour: Plane, seen: Plane, shadow: Plane) -> NDArray[np.uint8]:
    """The person under shadow and garment, mixed in light, only where there is something to mix."""
    picture = person.copy()
    touched = (np.round(seen * 255) > 0) | (shadow > 0)
    under = srgb_to_linear(person[touched]) * (1 - shadow[touched])[:, None]
    mixed = colour[touched] + under * (1 - seen[touched])[:, None]
    picture[touched] = linear_to_srgb(mixed)
    return picture
