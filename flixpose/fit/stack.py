"""Sheets of cloth on one canvas: what is drawn, what of it is seen, and what lies between.

Wherever colours mix they mix in light, pixel by pixel; solid cloth, most of every garment, stays in bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.threads import for_each
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.structures.image import Box

Plane = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]  # pixels of a region, counted row by row
Region = tuple[slice, slice]

_WHOLE = np.float32(1 - 1e-5)
_LEAST = np.float32(1e-5)
_STRIP = 64  # rows lit at once, to stay in the cache
# sRGB's curve but for its toe: value = (light ** (1 / _GAMMA)) * 1.055 - 0.055.
_GAMMA, _OFFSET = 2.4, 0.055 * 255


@dataclass(frozen=True, eq=False)
class Sheet:
    """One drawn part.

    Attributes:
        patch: (h, w, 4) uint8, RGB premultiplied by alpha. box: where it lies on the canvas, whole pixels.
    """

    patch: Bytes
    box: Box


class Stack:
    """Cloth over cloth in one region of the canvas.

    Attributes:
        rgb, drawn: (h, w, 3) straight sRGB and (h, w) alpha of all that is drawn, were nothing before it.
        seen: (h, w) how much of each pixel the cloth covers that is seen, float32.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self.shape = (region[0].stop - region[0].start, region[1].stop - region[1].start)
        self.rgb = np.zeros((*self.shape, 3), np.uint8)
        self.drawn = np.zeros(self.shape, np.uint8)
        self.seen = np.zeros(self.shape, np.float32)
        # Where the cloth that is seen has another colour than all that is drawn, and which.
        self._other = np.zeros(self.shape, bool)
        self._others = np.zeros((*self.shape, 3), np.uint8)

    def lay(self, sheet: Sheet) -> None:
        """Lay a sheet over what is there."""
        if sheet.box.area == 0:
            return
        here, where = self._place(sheet.box)
        alpha, rgb, soft = _straight(sheet.patch)
        over = soft[self.drawn[here].ravel()[soft] > 0]
        at, above, share = where(over), rgb.reshape(-1, 3)[over], _share(alpha.ravel()[over])
        drawn = _mixed(self.rgb.reshape(-1, 3)[at], _share(self.drawn.ravel()[at]), above, share)
        seen = _mixed(self._visible(at), self.seen.ravel()[at], above, share)
        cv2.copyTo(rgb, alpha, self.rgb[here])
        self._other[here][alpha == 255] = False
        self.drawn[here] += cv2.multiply(255 - self.drawn[here], alpha, scale=1 / 255)
        veil = cv2.multiply(alpha, 1 / 255, dtype=cv2.CV_32F)
        self.seen[here] += veil - cv2.multiply(self.seen[here], veil)
        self._put(at, drawn, seen)

    def cover(self, front: Bytes) -> None:
        """Lay something of the person before all that is there: (h, w) uint8 of the region."""
        if self.seen.size:
            cv2.multiply(self.seen, cv2.bitwise_not(front), self.seen, scale=1 / 255, dtype=cv2.CV_32F)

    def slip_under(self, sheet: Sheet, front: Bytes) -> None:
        """Slip a sheet under all that is there; `front`, (h, w) of the sheet, lies between."""
        if sheet.box.area == 0:
            return
        here, where = self._place(sheet.box)
        alpha, rgb, _ = _straight(sheet.patch)
        free = (alpha > 0) & ((self.drawn[here] < 255) | (self.seen[here] < _WHOLE) & (front < 255))
        under = np.flatnonzero(free)
        at, below, share = where(under), rgb.reshape(-1, 3)[under], _share(alpha.ravel()[under])
        above, covered = self.rgb.reshape(-1, 3)[at], _share(self.drawn.ravel()[at])
        drawn = _mixed(below, share, above, covered)
        own, shown = self._visible(at), share * (1 - _share(front.ravel()[under]))
        seen = _mixed(below, shown, own, self.seen.ravel()[at])
        self.drawn.ravel()[at] = np.rint(255 * (covered + share * (1 - covered)))
        self.seen.ravel()[at] += shown * (1 - self.seen.ravel()[at])
        self._put(at, drawn, seen)

    def shine(self, *gains: Plane) -> None:
        """Multiply the cloth's light by all gains, (h', w') or (h', w', 3), each stretched over the region.

        Values are multiplied in place of light, which is the same but for the darkest (at most one level).
        """
        if not self.rgb.size or not gains:
            return
        gain = _joined(gains)
        steps = range(0, self.shape[0], _STRIP)

        def light(top: int) -> None:
            columns = np.flatnonzero(self.drawn[top : top + _STRIP].any(axis=0))
            if not len(columns):
                return
            here = np.s_[top : top + _STRIP, columns[0] : columns[-1] + 1]
            strip, other = self.rgb[here], np.nonzero(self._other[here])
            factor = _enlarged(gain, self.shape, (top, int(columns[0])), strip.shape[:2])
            if len(other[0]):
                self._others[here][other] = _brightened(self._others[here][other], factor[other])
            strip[:] = _brightened(strip, factor)

        for_each(light, list(steps))

    def layer(self) -> Bytes:
        """(h, w, 4) straight RGBA of everything drawn, before anything is laid over it."""
        if not self.drawn.size:
            return np.zeros((*self.shape, 4), np.uint8)
        layer = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2RGBA)
        # What is seen is summed more finely than what is drawn: by one level it may be more.
        seen = cv2.convertScaleAbs(self.seen, alpha=255)
        cv2.insertChannel(cv2.max(self.drawn, seen), layer, 3)
        return layer

    def lay_over(self, pixels: Bytes, shadow: Plane) -> None:
        """Lay shadow and garment over (h, w, 3) pixels, mixed in light, only where there is something to mix.

        Args:
            pixels: are written to. shadow: (h, w) the share of light that is taken away.
        """
        half = max(1, -(-self.shape[0] // 2))
        for_each(lambda top: self._lay_rows(pixels, shadow, slice(top, top + half)), [0, half])

    def _lay_rows(self, pixels: Bytes, shadow: Plane, rows: slice) -> None:
        seen, shade, there = self.seen[rows], shadow[rows], pixels[rows]
        if not seen.size:
            return
        solid = seen >= _WHOLE
        solid &= ~self._other[rows]
        touched = (seen > np.float32(0.5 / 255)) | (shade > 0)
        touched &= ~solid
        row, column = np.divmod(np.flatnonzero(touched), seen.shape[1])
        at = (row + rows.start) * self.shape[1] + column
        share = seen[row, column]
        light = srgb_to_linear(there[row, column]) * ((1 - share) * (1 - shade[row, column]))[:, None]
        light += srgb_to_linear(self._visible(at)) * share[:, None]
        cv2.copyTo(self.rgb[rows], solid.view(np.uint8), there)
        there[row, column] = linear_to_srgb(light)

    def _place(self, box: Box) -> tuple[Region, "_Where"]:
        """Where a box lies in the region, and how its pixels count there."""
        top, left = int(box.y0) - self.region[0].start, int(box.x0) - self.region[1].start
        width = int(box.width)
        here = np.s_[top : top + int(box.height), left : left + width]
        return here, _Where(top, left, width, self.shape[1])

    def _visible(self, at: Places) -> Bytes:
        """(N, 3) the colours of the cloth that is seen."""
        other = self._other.ravel()[at]
        found = self.rgb.reshape(-1, 3)[at]
        found[other] = self._others.reshape(-1, 3)[at[other]]
        return found

    def _put(self, at: Places, drawn: Bytes, seen: Bytes) -> None:
        """(N, 3) colours of all that is drawn, and of what is seen of it."""
        self.rgb.reshape(-1, 3)[at] = drawn
        other = (drawn != seen).any(axis=1)
        self._other.ravel()[at] = other
        self._others.reshape(-1, 3)[at[other]] = seen[other]


@dataclass(frozen=True)
class _Where:
    """Pixels of a box, counted row by row → the same pixels of the region."""

    top: int
    left: int
    width: int
    stride: int

    def __call__(self, pixels: Places) -> Places:
        rows, columns = np.divmod(pixels, self.width)
        return (rows + self.top) * self.stride + columns + self.left


def _share(alpha: Bytes) -> Plane:
    return alpha * np.float32(1 / 255)


def _straight(patch: Bytes) -> tuple[Bytes, Bytes, Places]:
    """Alpha, straight colours, and the pixels that are neither clear nor solid."""
    alpha, rgb = cv2.extractChannel(patch, 3), cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB)
    soft = np.flatnonzero((alpha > 0) & (alpha < 255))
    share = alpha.ravel()[soft, None].astype(np.float32)
    colours = rgb.reshape(-1, 3)[soft]
    rgb.reshape(-1, 3)[soft] = np.minimum(np.round(colours * (np.float32(255) / share)), 255)
    return alpha, rgb, soft


def _mixed(below: Bytes, below_share: Plane, above: Bytes, above_share: Plane) -> Bytes:
    """(N, 3) straight colours of one over the other."""
    rest = below_share * (1 - above_share)
    light = srgb_to_linear(above) * above_share[:, None] + srgb_to_linear(below) * rest[:, None]
    return linear_to_srgb(light / np.maximum(above_share + rest, _LEAST)[:, None])


def _joined(gains: Sequence[Plane]) -> Plane:
    """The product of all, of light, as a gain of values; as large as the largest."""
    size = max((gain.shape[1::-1] for gain in gains), key=lambda size: size[0] * size[1])
    product = np.ones((size[1], size[0], 3), np.float32)
    for gain in gains:
        product *= cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR).reshape(size[1], size[0], -1)
    return np.asarray(cv2.pow(product, 1 / _GAMMA), np.float32)


def _enlarged(plane: Plane, shape: tuple[int, int], corner: tuple[int, int], size: tuple[int, int]) -> Plane:
    """A part of `size` (rows, columns) from `corner` (row, column) of the plane resized to `shape`."""
    top, left = corner
    sx, sy = plane.shape[1] / shape[1], plane.shape[0] / shape[0]
    back = np.array([[sx, 0, (left + 0.5) * sx - 0.5], [0, sy, (top + 0.5) * sy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(plane, back, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _brightened(values: Bytes, gain: Plane) -> Bytes:
    """Values whose light is multiplied; `gain` is of values."""
    raised = cv2.add(values, (_OFFSET,) * 4, dtype=cv2.CV_32F)
    lit = cv2.subtract(cv2.multiply(raised, gain), (_OFFSET,) * 4, dtype=cv2.CV_8U)
    return np.asarray(lit, np.uint8).reshape(values.shape)
