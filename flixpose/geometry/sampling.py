"""Image, warp, output size → picture, at the cost of sampling.

Alias-free: where the garment is drawn smaller, each canvas pixel averages a few subsamples over its own
footprint (anisotropic), of a source that is blurred by what one of them stands for, and reduced where it is
drawn very much smaller. Sharp: where it is drawn larger, bicubic without ringing. Alpha is premultiplied.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.field import CELL, TOLERANCE_SHARE, Field, Run, Tile, runs
from flixpose.geometry.source import PARTS, Source, excerpt, filled_in, hold_colour, prepared
from flixpose.geometry.threads import for_each
from flixpose.structures.image import Box
from flixpose.structures.warp import AnyWarp

Backend = Literal["opencv", "torch"]

_MAX_LEVEL = 6


@dataclass(frozen=True, eq=False, slots=True)
class Sampled:
    """What a warp draws.

    Attributes:
        patch: (h, w, 4) uint8 RGBA, premultiplied (colour ≤ alpha); transparent where nothing is drawn.
        box: the part of the canvas that the patch covers, whole pixels; empty (0, 0, 0, 0) where nothing is.
    """

    patch: NDArray[np.uint8]
    box: Box


def sample(
    source: NDArray[np.uint8] | Source,
    warp: AnyWarp,
    size: tuple[int, int],
    *,
    region: Box | None = None,
    max_error: float = 0.05,
    fine: bool = True,
    backend: Backend = "opencv",
    device: str = "cpu",
) -> Sampled:
    """Draw `source` through `warp` (canvas → source) on a canvas of `size` (width, height).

    Args:
        source: (H, W, 3 | 4) uint8 sRGB, straight alpha; or prepared.
        region: nothing outside it is drawn, canvas pixels; the whole canvas unless given.
        max_error: of a position against the exact float64 warp, source pixels; a quarter of it is left to the
            1/32 pixel steps in which both backends count.
        fine: several subsamples for each pixel that is reduced, however little; else one does up to 2.5
            source pixels, at a third of the cost and a little less true to structure of two or three pixels.
        backend: "opencv" on the CPU, or "torch" on `device`; they agree to 1/255.

    Raises:
        ImageTooLarge: the source's side is above 32 000 pixels.
    """
    x0, y0, x1, y1 = whole(region, size)
    if x1 <= x0 or y1 <= y0:
        return _nothing()
    field = Field(warp, (x0, y0), x1 - x0, y1 - y0, tolerance=TOLERANCE_SHARE * max_error, fine=fine)
    source = prepared(source)
    active = field.active(source.occupancy)
    if not active.any():
        return _nothing()
    left, top, right, bottom = covered(active, field)
    field = field.part(left, top, right - left, bottom - top)
    active = active[top // CELL :, left // CELL :][: field.shape[0], : field.shape[1]]
    field.refine(active)
    level = reduction(field.least_scale(active))
    ready = prepared(source, level)
    draw = _torch_drawer(ready, level, device) if backend == "torch" else opencv_drawer(ready, level)
    patch = (np.empty if active.all() else np.zeros)((field.height, field.width, 4), np.uint8)

    def drawn(run: Run) -> None:
        window = np.s_[run.y : run.y + run.height, run.x : run.x + run.width]
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


def opencv_drawer(source: Source, level: int) -> Drawer:
    """Draws one tile of the given level into an array (height, width, 4)."""

    def draw(tile: Tile, out: NDArray[np.uint8]) -> None:
        part = excerpt(source, level, *tile.bounds)
        if part is None:
            out[:] = 0
            return
        if tile.sharp:
            part.bicubic(tile.positions(), out)
        elif max(tile.run.samples) == 1:
            filled_in(part.once(tile.positions(), tile.blur), out, PARTS)
        else:
            filled_in(part.averaged(tile.subsamples(), tile.blur), out)
        if not part.opaque:
            hold_colour(out)

    return draw


def _torch_drawer(source: Source, level: int, device: str) -> Drawer:
    from flixpose.geometry.torch_sampling import torch_drawer

    return torch_drawer(source, level, device)


def reduction(least: float) -> int:
    """How often the source is halved first: so that even the least reduced part averages 5 × 5 of it."""
    return min(max(int(np.floor(np.log2(max(least, 1e-6) / 5.0))), 0), _MAX_LEVEL)


def whole(region: Box | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The region in whole pixels, within the canvas."""
    width, height = size
    if region is None:
        return 0, 0, width, height
    x0, y0 = max(int(np.floor(region.x0)), 0), max(int(np.floor(region.y0)), 0)
    return x0, y0, min(int(np.ceil(region.x1)), width), min(int(np.ceil(region.y1)), height)


def _nothing() -> Sampled:
    return Sampled(np.zeros((0, 0, 4), np.uint8), Box(0.0, 0.0, 0.0, 0.0))
