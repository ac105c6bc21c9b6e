"""Image, warp, output size → picture, at the cost of sampling.

Alias-free: where the garment is drawn smaller, each canvas pixel averages subsamples over its own footprint
(anisotropic), read from a reduced source where it is drawn very much smaller. Sharp: where it is drawn
larger, bicubic, held to the range of the 16 pixels it is made from, so that no edge rings. Alpha is
premultiplied.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import ImageTooLarge
from flixpose.geometry.field import CELL, Field, Occupancy, Run, Tile, runs
from flixpose.structures.image import Box
from flixpose.structures.warp import AnyWarp

Backend = Literal["opencv", "torch"]

_LONGEST_SIDE = 32_000  # cv2.remap counts source pixels in 16 bits
_MAX_LEVEL = 6
# Of the error bound: the rest is left to the 1/32 pixel steps in which the samplers count, and to both axes.
_ALPHA_ONLY = np.array([0, 0, 0, 255], np.uint8)
TOLERANCE_SHARE = 0.25


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """A picture prepared for sampling, once for many warps.

    Attributes:
        levels: premultiplied RGBA uint8 (H, W, 4), each half the size of the one before.
        lows, highs: per level, the least and the greatest of the 16 pixels that bicubic reads.
        opaque: every pixel is.
    """

    levels: tuple[NDArray[np.uint8], ...]
    lows: tuple[NDArray[np.uint8], ...]
    highs: tuple[NDArray[np.uint8], ...]
    opaque: bool


@dataclass(frozen=True, eq=False, slots=True)
class Sampled:
    """What a warp draws.

    Attributes:
        patch: (h, w, 4) uint8 RGBA, premultiplied (colour ≤ alpha); transparent where nothing is drawn.
        box: the part of the canvas that the patch covers, whole pixels; empty (0, 0, 0, 0) where nothing is.
    """

    patch: NDArray[np.uint8]
    box: Box


def prepare_source(source: NDArray[np.uint8], levels: int = 1, *, is_premultiplied: bool = False) -> Source:
    """Prepare (H, W, 3 | 4) uint8, straight alpha unless `is_premultiplied`.

    Args:
        levels: how many sizes to hold ready, each half of the one before; 1 serves down to a quarter.

    Raises:
        ImageTooLarge: a side above 32 000 pixels.
    """
    if max(source.shape[:2]) > _LONGEST_SIDE:
        raise ImageTooLarge(
            f"The picture is {source.shape[1]}×{source.shape[0]}; 32 000 is the longest side."
        )
    opaque = source.shape[2] == 3 or bool(source[..., 3].min() == 255)
    picture = cv2.cvtColor(source, cv2.COLOR_RGB2RGBA) if source.shape[2] == 3 else source
    pyramid = [picture if opaque or is_premultiplied else premultiplied(picture)]
    for _ in range(levels - 1):
        height, width = pyramid[-1].shape[:2]
        size = (max(width // 2, 1), max(height // 2, 1))
        even = np.ascontiguousarray(pyramid[-1][: size[1] * 2, : size[0] * 2])
        pyramid.append(cv2.resize(even, size, interpolation=cv2.INTER_AREA))
    with ThreadPoolExecutor(2) as pool:
        both = [
            [pool.submit(_extreme16, level, most) for level in pyramid] for most in (cv2.erode, cv2.dilate)
        ]
        lows, highs = (tuple(future.result() for future in futures) for futures in both)
    return Source(tuple(pyramid), lows, highs, opaque)


def premultiplied(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight (H, W, 4) → colour multiplied by alpha, rounded."""
    alpha = cv2.cvtColor(np.ascontiguousarray(rgba[..., 3]), cv2.COLOR_GRAY2RGBA)
    alpha[..., 3] = 255
    return cv2.multiply(rgba, alpha, scale=1 / 255)


def sample(
    source: NDArray[np.uint8] | Source,
    warp: AnyWarp,
    size: tuple[int, int],
    *,
    region: Box | None = None,
    max_error: float = 0.05,
    backend: Backend = "opencv",
    device: str = "cpu",
) -> Sampled:
    """Draw `source` through `warp` (canvas → source) on a canvas of `size` (width, height).

    Args:
        source: (H, W, 3 | 4) uint8 sRGB, straight alpha; or prepared.
        region: nothing outside it is drawn, canvas pixels; the whole canvas unless given.
        max_error: of a position against the exact float64 warp, source pixels; a quarter of it is left to the
            1/32 pixel steps in which both backends count.
        backend: "opencv" on the CPU, or "torch" on `device`; they agree to 1/255, 2/255 at edges.

    Raises:
        ImageTooLarge: the source's side is above 32 000 pixels.
    """
    x0, y0, x1, y1 = whole(region, size)
    if x1 <= x0 or y1 <= y0:
        return _nothing()
    field = Field(warp, (x0, y0), x1 - x0, y1 - y0, tolerance=TOLERANCE_SHARE * max_error)
    active = field.active(Occupancy(alpha_of(source)))
    if not active.any():
        return _nothing()
    field.refine(active)
    level = reduction(field.least_scale(active))
    ready = prepared(source, level)
    draw = _torch_drawer(ready, level, device) if backend == "torch" else opencv_drawer(ready, level)
    left, top, right, bottom = covered(active, field)
    patch = np.zeros((bottom - top, right - left, 4), np.uint8)

    def drawn(run: Run) -> None:
        window = np.s_[run.y - top : run.y - top + run.height, run.x - left : run.x - left + run.width]
        draw(field.tile(run, 2**level), patch[window])

    tiles = runs(field.counts(active, 2**level), field.width, field.height)
    for_each(drawn, (Run(*place, tuple(samples.tolist())) for place, samples in tiles))
    return Sampled(patch, Box(float(left + x0), float(top + y0), float(right + x0), float(bottom + y0)))


def covered(active: NDArray[np.bool_], field: Field) -> tuple[int, int, int, int]:
    """The active cells' bounding box x0, y0, x1, y1, pixels from the field's origin."""
    rows, columns = np.flatnonzero(active.any(axis=1)), np.flatnonzero(active.any(axis=0))
    right, bottom = int(columns[-1] + 1) * CELL, int(rows[-1] + 1) * CELL
    return int(columns[0]) * CELL, int(rows[0]) * CELL, min(right, field.width), min(bottom, field.height)


Drawer = Callable[[Tile, NDArray[np.uint8]], None]


def for_each(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    """All tiles, on as many threads as OpenCV may use: a single one is too small for OpenCV's own."""
    with ThreadPoolExecutor(max(cv2.getNumThreads(), 1)) as pool:
        list(pool.map(work, items))


def opencv_drawer(source: Source, level: int) -> Drawer:
    """Draws one tile of the given level into an array (height, width, 4)."""
    picture, low, high = source.levels[level], source.lows[level], source.highs[level]

    def draw(tile: Tile, out: NDArray[np.uint8]) -> None:
        offsets = tile.run.offsets()
        if len(offsets) == 1:
            bicubic(picture, low, high, tile.positions(shift=-0.5), out)
        else:
            total = np.zeros(out.shape, np.float32)
            for a, b in offsets:
                cv2.accumulate(bicubic(picture, low, high, tile.positions(a, b, shift=-0.5)), total)
            cv2.convertScaleAbs(total, out, alpha=1 / len(offsets))
        if not (source.opaque and _within(tile, picture)):
            hold_colour(out)

    return draw


def _within(tile: Tile, picture: NDArray[np.uint8]) -> bool:
    """Whether all that the tile reads lies inside the picture, with room for bicubic and its filter."""
    low, high = tile.centre.min(axis=(1, 2)), tile.centre.max(axis=(1, 2))
    room = 2.0 + max(tile.run.samples)
    return bool(
        (low > room).all() and high[0] < picture.shape[1] - room and high[1] < picture.shape[0] - room
    )


def bicubic(
    picture: Any, low: Any, high: Any, indices: NDArray[np.float32], out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Bicubic samples at pixel indices (2, h, w; positions - ½), held to the range of their 16 pixels."""
    whole, part = cv2.convertMaps(indices[0], indices[1], cv2.CV_16SC2)
    out = cv2.remap(picture, whole, part, cv2.INTER_CUBIC, dst=out, borderMode=cv2.BORDER_CONSTANT)
    for bound, hold in ((low, cv2.max), (high, cv2.min)):
        near = cv2.remap(bound, whole, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        hold(out, near.view(np.uint8).reshape(out.shape), out)
    return out


def hold_colour(rgba: NDArray[np.uint8]) -> None:
    """In place: colour no greater than alpha (a premultiplied picture's law)."""
    alpha = cv2.cvtColor(cv2.extractChannel(rgba, 3), cv2.COLOR_GRAY2RGBA)
    cv2.min(rgba, alpha | _ALPHA_ONLY, rgba)


def _extreme16(picture: NDArray[np.uint8], most: Callable[..., Any]) -> NDArray[Any]:
    """Least (erode) or greatest (dilate) of pixels x-1…x+2, y-1…y+2, 0 beyond; RGBA as one int32."""
    square, clear = np.ones((4, 4), np.uint8), (0, 0, 0, 0)
    found = most(picture, square, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT, borderValue=clear)
    return np.ascontiguousarray(found).view(np.int32)[..., 0]


def _torch_drawer(source: Source, level: int, device: str) -> Drawer:
    from flixpose.geometry.torch_sampling import torch_drawer

    return torch_drawer(source, level, device)


def prepared(source: NDArray[np.uint8] | Source, level: int) -> Source:
    """The source, ready to be sampled at that level."""
    if not isinstance(source, Source):
        return prepare_source(source, level + 1)
    if len(source.levels) > level:
        return source
    return prepare_source(source.levels[0], level + 1, is_premultiplied=True)


def reduction(least: float) -> int:
    """How often the source is halved first: so that even the least reduced part averages 5 × 5 of it."""
    return min(max(int(np.floor(np.log2(max(least, 1e-6) / 5.0))), 0), _MAX_LEVEL)


def alpha_of(source: NDArray[np.uint8] | Source) -> NDArray[np.uint8]:
    """(H, W) uint8."""
    source = source.levels[0] if isinstance(source, Source) else source
    if source.shape[2] == 4:
        return np.ascontiguousarray(source[..., 3])
    return np.full(source.shape[:2], 255, np.uint8)


def whole(region: Box | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The region in whole pixels, within the canvas."""
    width, height = size
    if region is None:
        return 0, 0, width, height
    x0, y0 = max(int(np.floor(region.x0)), 0), max(int(np.floor(region.y0)), 0)
    return x0, y0, min(int(np.ceil(region.x1)), width), min(int(np.ceil(region.y1)), height)


def _nothing() -> Sampled:
    return Sampled(np.zeros((0, 0, 4), np.uint8), Box(0.0, 0.0, 0.0, 0.0))
