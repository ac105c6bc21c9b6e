"""A picture to be sampled: its sizes, and the excerpts of it that a tile of the canvas reads.

Bicubic sampling is held to the range of the 16 pixels it is made from, so that no edge rings. What that
takes is prepared for each tile's excerpt, in the processor's cache; where nothing transparent is read, alpha
is left out.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import ImageTooLarge

_LONGEST_SIDE = 32_000  # cv2.remap counts source pixels in 16 bits
_MARGIN = 3.0  # pixels around a place that bicubic may read, a rounded step of 1/32 pixel included
_EDGE = 2  # pixels beyond a picture's border from where bicubic still reads its own
_SQUARE = np.ones((4, 4), np.uint8)
_CLEAR = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """A picture prepared for sampling, once for many warps.

    Attributes:
        levels: the picture as given, (H, W, 3 | 4) uint8, straight alpha; after it premultiplied RGBA, each
            half the size of the one before.
    """

    levels: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Excerpt:
    """All that bicubic reads for some places.

    Attributes:
        picture: (h, w, 3) RGB where nothing transparent is read, else (h, w, 4) premultiplied.
        ranges: (h, w) eight bytes each: the least and the greatest RGBA of the 16 pixels that bicubic reads.
        origin: (2,) x and y of its first pixel in the picture.
    """

    picture: NDArray[np.uint8]
    ranges: NDArray[np.float64]
    origin: NDArray[np.float32]

    @property
    def opaque(self) -> bool:
        """Whether nothing transparent is read, beyond the picture's border included."""
        return self.picture.shape[2] == 3

    def bicubic(self, places: NDArray[np.float32], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """(h, w, 4) premultiplied samples at (2, h, w) places: pixels of the whole picture, house's frame."""
        x, y = places - (self.origin + np.float32(0.5))[:, None, None]
        whole, part = cv2.convertMaps(x, y, cv2.CV_16SC2)
        dst = None if self.opaque else out
        drawn = cv2.remap(self.picture, whole, part, cv2.INTER_CUBIC, dst=dst, borderMode=cv2.BORDER_CONSTANT)
        rgba = cv2.cvtColor(drawn, cv2.COLOR_RGB2RGBA, dst=out) if self.opaque else drawn
        found = cv2.remap(self.ranges, whole, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        least, greatest = cv2.split(found.view(np.int32).reshape(*found.shape, 2))
        cv2.max(rgba, least.view(np.uint8).reshape(rgba.shape), rgba)
        return cv2.min(rgba, greatest.view(np.uint8).reshape(rgba.shape), rgba)


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
    pyramid = [source]
    for level in range(1, levels):
        larger = premultiplied(source) if level == 1 else pyramid[-1]
        width, height = max(larger.shape[1] // 2, 1), max(larger.shape[0] // 2, 1)
        even = np.ascontiguousarray(larger[: height * 2, : width * 2])
        pyramid.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    return Source(tuple(pyramid))


def prepared(source: NDArray[np.uint8] | Source, level: int) -> Source:
    """The source, ready to be sampled at that level."""
    if not isinstance(source, Source):
        return prepare_source(source, level + 1)
    return source if len(source.levels) > level else prepare_source(source.levels[0], level + 1)


def excerpt(source: Source, level: int, places: NDArray[np.float32], reach: float) -> Excerpt | None:
    """What bicubic reads of a level at (2, h, w) places and `reach` around them; None: nothing at all."""
    picture = source.levels[level]
    limits = np.array(picture.shape[1::-1])
    low = np.floor(places.min(axis=(1, 2)) - (reach + _MARGIN))
    high = np.ceil(places.max(axis=(1, 2)) + (reach + _MARGIN))
    if (high <= 0).any() or (low >= limits).any():
        return None
    (x0, y0), (x1, y1) = np.maximum(low, 0).astype(int), np.minimum(high, limits).astype(int)
    cut = picture[y0:y1, x0:x1]
    least, greatest = _alphas(cut)
    if greatest == 0:
        return None
    origin = np.array([x0, y0], np.float32)
    within = bool((low >= 0).all() and (high <= limits).all())
    rgba = cut if level > 0 or (least == 255 and cut.shape[2] == 4) else premultiplied(cut)
    if least == 255 and within:
        rgb = cut if cut.shape[2] == 3 else cv2.cvtColor(cut, cv2.COLOR_RGBA2RGB)
        return Excerpt(rgb, _ranges16(rgba), origin)
    if not within:  # what lies beyond the border has a range too
        rgba = cv2.copyMakeBorder(rgba, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=_CLEAR)
        origin -= _EDGE
    return Excerpt(rgba, _ranges16(rgba), origin)


def premultiplied(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3 | 4) with straight alpha → (H, W, 4), colour multiplied by alpha, rounded."""
    if picture.shape[2] == 3:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    return cv2.multiply(picture, _alpha_for_colour(picture), scale=1 / 255)


def hold_colour(rgba: NDArray[np.uint8]) -> None:
    """In place: colour no greater than alpha (a premultiplied picture's law)."""
    cv2.min(rgba, _alpha_for_colour(rgba), rgba)


def alpha_of(source: NDArray[np.uint8] | Source) -> NDArray[np.uint8]:
    """(H, W) uint8."""
    picture = source.levels[0] if isinstance(source, Source) else source
    if picture.shape[2] == 4:
        return cv2.extractChannel(picture, 3)
    return np.broadcast_to(np.uint8(255), picture.shape[:2])


def _alpha_for_colour(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4): alpha in the colour channels, 255 in its own."""
    return cv2.cvtColor(cv2.extractChannel(rgba, 3), cv2.COLOR_GRAY2RGBA)


def _alphas(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """The least and the greatest alpha."""
    if picture.shape[2] == 3:
        return 255, 255
    alpha = cv2.extractChannel(picture, 3)
    return int(alpha.min()), int(alpha.max())


def _ranges16(rgba: NDArray[np.uint8]) -> NDArray[Any]:
    """(h, w), eight bytes: least and greatest of pixels x-1…x+2, y-1…y+2, 0 beyond; one look-up for both."""
    both = [
        most(rgba, _SQUARE, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT, borderValue=_CLEAR)
        for most in (cv2.erode, cv2.dilate)
    ]
    return cv2.merge([found.view(np.int32) for found in both]).view(np.float64)[..., 0]
