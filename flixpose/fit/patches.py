"""How remnants are shared out: which of them are looked at together, and how much around them.

Broad ones are taken whole, with all that may be carried on into them. Slivers run far and need little around
them: they are taken bit by bit, or most of what is looked at would be nothing of their business.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.patching import MOST_DEPTH, Plane, Window, square

_BLOCK = 8  # pixels: remnants are shared out on a grid of this
_BIT = 32  # blocks that a bit of a sliver spans at most
_CLOSE = 0.06  # shoulder widths around slivers; nearly all are filled from less far

Blocks = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Patch:
    """Remnants that are looked at together.

    Attributes:
        blocks: (r, c) 1 where they lie, in blocks of the photo; they belong to no other patch.
        corner: row and column of the first block.
        shape: of the photo. room: pixels around the blocks that are looked at.
    """

    blocks: Blocks
    corner: tuple[int, int]
    shape: tuple[int, int]
    room: int

    @property
    def window(self) -> Window:
        """The part of the photo that is looked at."""
        (y0, y1), (x0, x1) = (
            (max(0, _BLOCK * first - self.room), min(_BLOCK * (first + count) + self.room, size))
            for first, count, size in zip(self.corner, self.blocks.shape, self.shape, strict=True)
        )
        return np.s_[y0:y1, x0:x1]

    @property
    def own(self) -> Plane:
        """(h, w) of the window: the pixels of the patch's own blocks."""
        rows, columns = self.window
        found = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
        top, left = _BLOCK * self.corner[0] - rows.start, _BLOCK * self.corner[1] - columns.start
        here = found[top:, left:]
        pixels = np.repeat(np.repeat(self.blocks > 0, _BLOCK, axis=0), _BLOCK, axis=1)
        height, width = min(here.shape[0], pixels.shape[0]), min(here.shape[1], pixels.shape[1])
        here[:height, :width] = pixels[:height, :width]
        return found


def share_out(
    shows: NDArray[np.uint8], seen: NDArray[np.uint8], unit: float, thin: float, near: float, apart: float
) -> list[Patch]:
    """Patches that hold all remnants, each in one of them; slivers far from the garment in none.

    Args:
        shows: (H, W) 255 on remnants, else 0. seen: (H, W) how much of each pixel the garment covers.
        unit: a shoulder width in pixels; the lengths that follow are in shoulder widths.
        thin: half of a sliver's breadth. near: the furthest from the garment that slivers count.
        apart: how far slivers lie from a broad remnant whose patch they do not belong to.
    """
    x, y, width, height = cv2.boundingRect(shows)
    if not width:
        return []
    kernel, cores = square(thin * unit), np.zeros_like(shows)
    room = len(kernel)  # at a picture's edge, what is thin would seem to go on
    here = np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]
    cores[here] = cv2.morphologyEx(shows[here], cv2.MORPH_OPEN, kernel)
    around, margin = square(apart * unit / _BLOCK + 1), square(near * unit / _BLOCK + 1)
    part = _whole_blocks(here, shows.shape, _BLOCK * (max(len(around), len(margin)) + 1))
    planes = (shows[part], cores[part], cv2.inRange(seen[part], 128, 255))
    inside = np.s_[
        part[0].start // _BLOCK : -(-part[0].stop // _BLOCK),
        part[1].start // _BLOCK : -(-part[1].stop // _BLOCK),
    ]
    grid = tuple(-(-size // _BLOCK) for size in shows.shape)
    rest, broad = np.zeros(grid, np.uint8), np.zeros(grid, np.uint8)
    remnants, thick, cloth = (blocks_of(plane) for plane in planes)
    broad[inside] = cv2.dilate(thick, around)
    rest[inside] = cv2.min(remnants, cv2.dilate(cloth, margin)) * (1 - broad[inside])
    rows, columns = (numbers // _BIT for numbers in np.indices(rest.shape))
    bits = np.where(rest > 0, rows * (1 + columns.max()) + columns + 1, 0).astype(np.int32)
    far, close = (round(share * unit) + 4 for share in (MOST_DEPTH, _CLOSE))
    _, whole = cv2.connectedComponents(broad)
    found = [(*patch, shows.shape, far) for patch in _each(whole)]
    found += [(*patch, shows.shape, close) for patch in _each(bits)]
    return [Patch(*patch) for patch in found]


def _whole_blocks(here: Window, shape: tuple[int, ...], room: int) -> Window:
    """A window of a photo and some room, in whole blocks."""
    rows, columns = (
        slice(
            max(0, side.start - room) // _BLOCK * _BLOCK, min(size, -(-(side.stop + room) // _BLOCK) * _BLOCK)
        )
        for side, size in zip(here, shape, strict=True)
    )
    return rows, columns


def blocks_of(plane: NDArray[np.uint8]) -> Blocks:
    """(r, c) 1 where a block of (H, W) holds a pixel of 255."""
    below, right = (-size % _BLOCK for size in plane.shape)
    padded = cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_CONSTANT)
    size = padded.shape[1] // _BLOCK, padded.shape[0] // _BLOCK
    # The mean of a block with one such pixel is 4 of 255.
    return np.asarray(cv2.min(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), 1), np.uint8)


def _each(labels: NDArray[np.int32]) -> Iterator[tuple[Blocks, tuple[int, int]]]:
    """The blocks of every number but 0, and where they begin."""
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    order = np.argsort(numbers, kind="stable")
    for one in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1) if len(order) else ():
        top, left = int(rows[one].min()), int(columns[one].min())
        blocks = np.zeros((rows[one].max() - top + 1, columns[one].max() - left + 1), np.uint8)
        blocks[rows[one] - top, columns[one] - left] = 1
        yield blocks, (top, left)
