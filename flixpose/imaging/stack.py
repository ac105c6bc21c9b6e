"""Sheets of cloth on one canvas, mixed in light: what is drawn, what of it is seen, and what lies between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Box

Plane = NDArray[np.float32]
Region = tuple[slice, slice]

_LEAST = np.float32(1e-5)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One drawn part and what lies before it.

    Attributes:
        patch: (h, w, 4) uint8, RGB premultiplied by alpha. box: where it lies on the canvas, whole pixels.
        front: (H, W) uint8 on the whole canvas, 255 = hides the sheet wholly.
    """

    patch: NDArray[np.uint8]
    box: Box
    front: NDArray[np.uint8]


class Stack:
    """Layers in light, premultiplied: `colour`, `seen` under what lies before; `all_colour`, `drawn` without.

    All planes have the region's size.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        shape = (region[0].stop - region[0].start, region[1].stop - region[1].start)
        self.colour = np.zeros((*shape, 3), np.float32)
        self.seen = np.zeros(shape, np.float32)
        self.all_colour = np.zeros((*shape, 3), np.float32)
        self.drawn = np.zeros(shape, np.float32)
        self._empty = True

    def lay(self, sheet: Sheet) -> None:
        """Lay a sheet over what is there."""
        if (placed := self._placed(sheet)) is None:
            return
        here, light, alpha, veil = placed
        unveiled, veiled = light * veil[..., None], alpha * veil
        if self._empty:
            self._empty = False
            self.all_colour[here], self.drawn[here] = light, alpha
            self.colour[here], self.seen[here] = unveiled, veiled
            return
        for plane, new, share in (
            (self.all_colour, light, alpha),
            (self.drawn, alpha, alpha),
            (self.colour, unveiled, veiled),
            (self.seen, veiled, veiled),
        ):
            plane[here] *= (1 - share)[..., None] if plane.ndim == 3 else 1 - share
            plane[here] += new

    def slip_under(self, sheet: Sheet) -> None:
        """Slip a sheet under all that is there."""
        if (placed := self._placed(sheet)) is None:
            return
        here, light, alpha, veil = placed
        self.all_colour[here] += light * (1 - self.drawn[here])[..., None]
        self.drawn[here] += alpha * (1 - self.drawn[here])
        room = veil * (1 - self.seen[here])
        self.colour[here] += light * room[..., None]
        self.seen[here] += alpha * room

    def shine(self, gain: Plane) -> None:
        """Multiply the cloth's light by (h, w, 3), or by one gain for all channels (h, w, 1)."""
        self.colour *= gain
        self.all_colour *= gain

    def layer(self) -> NDArray[np.uint8]:
        """(h, w, 4) straight RGBA of everything drawn, before anything is laid over it."""
        share = np.maximum(self.drawn, _LEAST)
        colour = linear_to_srgb(self.all_colour / share[..., None])
        colour[self.drawn <= _LEAST] = 0
        result = np.empty((*self.drawn.shape, 4), np.uint8)
        result[..., :3], result[..., 3] = colour, np.rint(self.drawn * 255)
        return result

    def over(self, pixels: NDArray[np.uint8], shadow: Plane) -> NDArray[np.uint8]:
        """(h, w, 3): pixels under shadow and garment, mixed in light, only where there is something to mix.

        Args:
            shadow: (h, w) the share of light that is taken away.
        """
        touched = (np.round(self.seen * 255) > 0) | (shadow > 0)
        mixed = np.flatnonzero(touched & (self.seen < np.float32(1) - _LEAST))
        picture = linear_to_srgb(self.colour)
        np.copyto(picture, pixels, where=~touched[..., None])
        rest = (1 - self.seen.ravel()[mixed]) * (1 - shadow.ravel()[mixed])
        light = srgb_to_linear(pixels.reshape(-1, 3)[mixed]) * rest[:, None]
        light += self.colour.reshape(-1, 3)[mixed]
        picture.reshape(-1, 3)[mixed] = linear_to_srgb(light)
        return picture

    def _placed(self, sheet: Sheet) -> tuple[Region, Plane, Plane, Plane] | None:
        """Where the sheet lies in the region, its premultiplied light, its alpha, its unveiled share."""
        box = sheet.box
        if box.area == 0:
            return None
        rows, columns = slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))
        top, left = self.region[0].start, self.region[1].start
        here = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        veil = np.divide(255 - sheet.front[rows, columns], 255, dtype=np.float32)
        return here, _light(sheet.patch), np.divide(sheet.patch[..., 3], 255, dtype=np.float32), veil


def _light(patch: NDArray[np.uint8]) -> Plane:
    """(h, w, 3) light, premultiplied, of sRGB values premultiplied by alpha."""
    alpha = patch[..., 3]
    light = srgb_to_linear(patch[..., :3])
    light[alpha == 0] = 0
    soft = (alpha > 0) & (alpha < 255)
    share = alpha[soft, None].astype(np.float32)
    straight = np.minimum(np.round(patch[soft][:, :3] * (np.float32(255) / share)), 255).astype(np.uint8)
    light[soft] = srgb_to_linear(straight) * (share / 255)
    return light
