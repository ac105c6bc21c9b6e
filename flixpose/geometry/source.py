"""A picture to be sampled: its sizes, and the excerpts of it that a tile of the canvas reads.

Bicubic sampling is held to the range of the 16 pixels it is made from, so that no edge rings. What that
takes is prepared for each tile's excerpt, in the processor's cache; where nothing transparent is read, alpha
is left out.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import ImageTooLarge

_LONGEST_SIDE = 32_000  # cv2.remap counts source pixels in 16 bits
_MARGIN = 5.0  # pixels around a place that bicubic may read, blurred, a rounded step of 1/32 pixel included
_EDGE = 3  # pixels beyond a picture's border from where bicubic still reads its own
_BLOCK = 16  # pixels to one entry of the occupancy tables
_LINES = 32  # of them looked at at a time
_SQUARE = np.ones((4, 4), np.uint8)
PARTS = 16  # of a level, in which `Excerpt.once` counts
_CLEAR = (0, 0, 0, 0)


class Occupancy:
    """Where a picture shows anything, and where all of it is opaque: summed tables over blocks of its alpha.

    Args:
        picture: (H, W) uint8 alpha, or (H, W, 3 | 4) pixels.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self.size = picture.shape[1::-1]
        self.shape = (-(-self.size[1] // _BLOCK), -(-self.size[0] // _BLOCK))
        if picture.ndim == 3 and picture.shape[2] == 3:
            held, full = np.ones((2, *self.shape), np.uint8)
        else:
            held, full = np.zeros((2, *self.shape), np.uint8)
            alpha = picture if picture.ndim == 2 else cv2.extractChannel(picture, 3)
            x, y, width, height = cv2.boundingRect(alpha)
            columns = slice(x // _BLOCK, -(-(x + width) // _BLOCK))
            for line in range(y // _BLOCK, -(-(y + height) // _BLOCK), _LINES):
                lines = slice(line, min(line + _LINES, -(-(y + height) // _BLOCK)))
                held[lines, columns], full[lines, columns] = _looked_at(alpha[_pixels(lines, columns)])
        self._held, self._full = cv2.integral(held), cv2.integral(full)

    def touched(self, low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the boxes low…high (2, …), pixels, hold anything that is not transparent."""
        limits, sums = self.shape[::-1], self._held
        x0, y0 = (np.clip(v // _BLOCK, 0, n).astype(int) for v, n in zip(low, limits, strict=True))
        x1, y1 = (np.clip(v // _BLOCK + 1, 0, n).astype(int) for v, n in zip(high, limits, strict=True))
        held = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        return (x1 > x0) & (y1 > y0) & (held > 0)

    def shown(self, x0: int, y0: int, x1: int, y1: int) -> tuple[bool, bool]:
        """Whether a box holds anything that is not transparent, and whether nothing but opaque pixels."""
        left, top = max(x0 // _BLOCK, 0), max(y0 // _BLOCK, 0)
        right, bottom = min(x1 // _BLOCK + 1, self.shape[1]), min(y1 // _BLOCK + 1, self.shape[0])
        if right <= left or bottom <= top:
            return False, False
        held, full = (
            int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])
            for sums in (self._held, self._full)
        )
        within = x0 >= 0 and y0 >= 0 and x1 <= self.size[0] and y1 <= self.size[1]
        return held > 0, within and full == (right - left) * (bottom - top)


def _pixels(lines: slice, columns: slice) -> tuple[slice, slice]:
    """Rows and columns of blocks → of pixels."""
    rows, across = (slice(_BLOCK * some.start, _BLOCK * some.stop) for some in (lines, columns))
    return rows, across


def _looked_at(alpha: NDArray[np.uint8]) -> tuple[Any, Any]:
    """Per block of (h, w): 1 where anything is not transparent, and where all is opaque, else 0."""
    least, most, *_ = cv2.minMaxLoc(alpha)
    if least == 255 or most == 0:
        return int(most > 0), int(least == 255)
    below, right = (-size % _BLOCK for size in alpha.shape)
    if below or right:
        alpha = cv2.copyMakeBorder(alpha, 0, below, 0, right, cv2.BORDER_REPLICATE)
    size = alpha.shape[1] // _BLOCK, alpha.shape[0] // _BLOCK
    # A block's mean with one pixel of 255 is 255 / 256: it rounds to 1.
    some, soft = (
        cv2.resize(cv2.threshold(alpha, limit, 255, way)[1], size, interpolation=cv2.INTER_AREA) > 0
        for limit, way in ((0, cv2.THRESH_BINARY), (254, cv2.THRESH_BINARY_INV))
    )
    return some, ~soft


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """A picture prepared for sampling, once for many warps.

    Attributes:
        levels: the picture as given, (H, W, 3 | 4) uint8, straight alpha; after it premultiplied RGBA, each
            half the size of the one before.
        occupancy: of the picture as given.
        alpha: (H, W) in place of the picture's own; None: its own.
    """

    levels: tuple[NDArray[np.uint8], ...]
    occupancy: Occupancy
    alpha: NDArray[np.uint8] | None = None

    @classmethod
    def matted(cls, picture: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> "Source":
        """A part of an RGBA picture, which is shared and not copied: what `alpha` (H, W) lets be seen."""
        return cls((picture,), Occupancy(alpha), alpha)

    def premultiplied(self, rows: slice = slice(None), columns: slice = slice(None)) -> NDArray[np.uint8]:
        """(h, w, 4): a part of the picture as given, colour multiplied by alpha."""
        cut = self.levels[0][rows, columns]
        return premultiplied(cut, None if self.alpha is None else self.alpha[rows, columns])


@dataclass(frozen=True, eq=False, slots=True)
class Excerpt:
    """All that bicubic reads for some places.

    Attributes:
        picture: (h, w, 3) RGB where nothing transparent is read, else (h, w, 4) premultiplied.
        origin: (2,) where the centre of its first pixel lies in the picture, house's frame.
    """

    picture: NDArray[np.uint8]
    origin: NDArray[np.float32]

    @property
    def opaque(self) -> bool:
        """Whether nothing transparent is read, beyond the picture's border included."""
        return self.picture.shape[2] == 3

    def bicubic(self, places: NDArray[np.float32], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """(h, w, 4) premultiplied samples at (2, h, w) places: pixels of the whole picture, house's frame.

        Each is held to the range of the 16 pixels that it is made from.
        """
        whole, part = self._counted(places)
        dst = None if self.opaque else out
        drawn = cv2.remap(self.picture, whole, part, cv2.INTER_CUBIC, dst=dst, borderMode=cv2.BORDER_CONSTANT)
        rgba = cv2.cvtColor(drawn, cv2.COLOR_RGB2RGBA, dst=out) if self.opaque else drawn
        all_four = cv2.cvtColor(self.picture, cv2.COLOR_RGB2RGBA) if self.opaque else self.picture
        for most, hold in ((cv2.erode, cv2.max), (cv2.dilate, cv2.min)):
            bound = _extreme16(all_four, most)
            near = cv2.remap(bound, whole, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
            hold(rgba, near.view(np.uint8).reshape(rgba.shape), rgba)
        return rgba

    def averaged(
        self, places: Iterable[NDArray[np.float32]], blur: tuple[NDArray[np.float32], NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Planes (h, w) R, G, B and, unless opaque, A: the mean of bicubic samples at several places.

        Args:
            blur: weights along x and y by which the picture is blurred first, that few samples do for many.
        """
        across, down = blur
        # One plane at a time, in floats: OpenCV's bicubic is four times as fast as with bytes.
        planes = [
            cv2.sepFilter2D(plane, cv2.CV_32F, across, down, borderType=cv2.BORDER_CONSTANT)
            for plane in cv2.split(self.picture)
        ]
        totals: list[NDArray[np.float32]] = []
        count = 0
        for xy in places:
            count += 1
            maps = self._counted(xy)
            drawn = [cv2.remap(p, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT) for p in planes]
            totals = [cv2.add(t, d, dst=t) for t, d in zip(totals, drawn, strict=True)] if totals else drawn
        return [cv2.multiply(total, 1 / count, dst=total) for total in totals]

    def once(
        self, places: NDArray[np.float32], blur: tuple[NDArray[np.float32], NDArray[np.float32]]
    ) -> list[NDArray[np.int16]]:
        """As `averaged` at one place a pixel, but in `PARTS` of a level: in 16 bits, at half the cost."""
        across, down = blur
        blurred = cv2.sepFilter2D(
            self.picture, cv2.CV_16S, across, PARTS * down, borderType=cv2.BORDER_CONSTANT
        )
        maps = self._counted(places)
        return [
            cv2.remap(plane, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
            for plane in cv2.split(blurred)
        ]

    def _counted(self, places: NDArray[np.float32]) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
        """Whole pixels and 1/32 of a pixel, as OpenCV counts in the excerpt."""
        x, y = places - self.origin[:, None, None]
        whole, part = cv2.convertMaps(x, y, cv2.CV_16SC2)
        return whole, part


def filled_in(
    planes: Sequence[NDArray[np.float32] | NDArray[np.int16]], out: NDArray[np.uint8], parts: int = 1
) -> None:
    """Planes of `averaged` or `once`, in `parts` of a level → (h, w, 4) bytes, a premultiplied picture again.

    Bicubic may go past the ends of the scale: where alpha does, colour is held down with it.
    """
    if len(planes) == 3:
        alpha = np.full(out.shape[:2], 255, np.uint8)
        cv2.merge([*(cv2.multiply(plane, 1 / parts, dtype=cv2.CV_8U) for plane in planes), alpha], out)
        return
    limit = cv2.max(planes[3], 255.0 * parts)
    cv2.merge([cv2.divide(plane, limit, scale=255, dtype=cv2.CV_8U) for plane in planes], out)


def prepare_source(source: NDArray[np.uint8], levels: int = 1) -> Source:
    """Prepare (H, W, 3 | 4) uint8, straight alpha.

    Args:
        levels: how many sizes to hold ready, each half of the one before; 1 serves down to a quarter.

    Raises:
        ImageTooLarge: a side above 32 000 pixels.
    """
    if max(source.shape[:2]) > _LONGEST_SIDE:
        raise ImageTooLarge(
            f"The picture is {source.shape[1]}×{source.shape[0]}; 32 000 is the longest side."
        )
    return prepared(Source((source,), Occupancy(source)), levels - 1)


def prepared(source: NDArray[np.uint8] | Source, level: int = 0) -> Source:
    """The source, ready to be sampled at that level."""
    if not isinstance(source, Source):
        return prepare_source(source, level + 1)
    levels = list(source.levels)
    while len(levels) <= level:
        larger = source.premultiplied() if len(levels) == 1 else levels[-1]
        width, height = max(larger.shape[1] // 2, 1), max(larger.shape[0] // 2, 1)
        even = np.ascontiguousarray(larger[: height * 2, : width * 2])
        levels.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    return Source(tuple(levels), source.occupancy, source.alpha)


def excerpt(source: Source, level: int, low: NDArray[Any], high: NDArray[Any]) -> Excerpt | None:
    """What bicubic reads of a level at places from `low` to `high`, both (2,); None: nothing at all."""
    picture = source.levels[level]
    x0, y0 = (math.floor(v) for v in low - _MARGIN)
    x1, y1 = (math.ceil(v) for v in high + _MARGIN)
    here = np.s_[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    cut = picture[here]
    anything, opaque = source.occupancy.shown(*(v << level for v in (x0, y0, x1, y1)))
    if not anything or not cut.size:
        return None
    origin = np.array([max(x0, 0) + 0.5, max(y0, 0) + 0.5], np.float32)
    if opaque:
        rgb = cut if cut.shape[2] == 3 else cv2.cvtColor(cut, cv2.COLOR_RGBA2RGB)
        return Excerpt(rgb, origin)
    rgba = cut if level > 0 else source.premultiplied(*here)
    if min(x0, y0) < 0 or x1 > picture.shape[1] or y1 > picture.shape[0]:
        # What lies beyond the border has a range too.
        rgba = cv2.copyMakeBorder(rgba, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=_CLEAR)
        origin -= _EDGE
    return Excerpt(rgba, origin)


def premultiplied(picture: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """(H, W, 3 | 4), straight alpha, its own or another, → (H, W, 4), colour multiplied by it, rounded."""
    if picture.shape[2] == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    if alpha is None:
        return cv2.multiply(picture, _alpha_for_colour(picture), scale=1 / 255)
    found = cv2.multiply(picture, cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGBA), scale=1 / 255)
    return cv2.insertChannel(alpha, found, 3)


def hold_colour(rgba: NDArray[np.uint8]) -> None:
    """In place: colour no greater than alpha (a premultiplied picture's law)."""
    cv2.min(rgba, _alpha_for_colour(rgba), rgba)


def alpha_of(source: NDArray[np.uint8] | Source) -> NDArray[np.uint8]:
    """(H, W) uint8."""
    if isinstance(source, Source) and source.alpha is not None:
        return source.alpha
    picture = source.levels[0] if isinstance(source, Source) else source
    if picture.shape[2] == 4:
        return cv2.extractChannel(picture, 3)
    return np.broadcast_to(np.uint8(255), picture.shape[:2])


def _alpha_for_colour(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4): alpha in the colour channels, 255 in its own."""
    return cv2.cvtColor(cv2.extractChannel(rgba, 3), cv2.COLOR_GRAY2RGBA)


def _extreme16(rgba: NDArray[np.uint8], most: Callable[..., Any]) -> NDArray[np.int32]:
    """Least (erode) or greatest (dilate) of pixels x-1…x+2, y-1…y+2, 0 beyond: (h, w), four bytes."""
    found = most(rgba, _SQUARE, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT, borderValue=_CLEAR)
    return found.view(np.int32)[..., 0]
