"""Which source position every canvas pixel shows, and how much of the canvas a garment covers.

Only what is covered is looked at: the canvas is cut into cells of 32 pixels, those that cannot show anything
of the source are left out, and neighbours are joined into tiles.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.lattice import (
    FAR,
    FINEST,
    MARGIN,
    Lattice,
    coarse_lattice,
    interpolation,
    kinks_of,
    refined,
)
from flixpose.geometry.source import Occupancy
from flixpose.geometry.warp import map_points
from flixpose.structures.warp import AnyWarp

CELL = 32
# Of the error bound: the rest is left to the 1/32 pixel steps in which the samplers count, and to both axes.
TOLERANCE_SHARE = 0.25
_BLOCK_CELLS = (4, 12)  # down and across: what one tile reads and writes stays in the cache
_UNEVEN = 1.2  # cells are joined where they take no more than this share of the samples they need
_TILE_COST = 12.0  # samples of a cell that take as long as all that a tile takes beside its samples
_MOSTLY = 0.02  # refine everything while more than this share of the cells needs it, then single runs
_SPARE = 2.0  # source pixels by which a cell may bulge beyond its nodes, and bicubic's reach

# Filtering sets in where a canvas pixel is wider than this many source pixels, and takes a whole pixel's box
# from the second value on; between them it grows without a seam.
_SHARP, _SOFT = 1.05, 1.3
# Source pixels between two subsamples at most, and how many there are at least where any filter is needed:
# what one stands for is blurred before. Fine: within 0.05 of a box's response to every structure; else 0.1.
_SPACING = {True: (1.0, 2), False: (2.5, 1)}
_MOST_SAMPLES = 16  # each way: a warp that degenerates must not take longer than that
# Weights one and two pixels off that, together with bicubic, come nearest to a box so many pixels broad
# (least squares over all structures and places between pixels).
_BROAD = np.array([1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0])
_NEAR = np.array([0.0417, 0.081, 0.127, 0.173, 0.216, 0.253, 0.283, 0.305, 0.317, 0.315, 0.286])
_NEXT = np.array([0.0, -0.007, -0.014, -0.019, -0.020, -0.018, -0.011, 0.001, 0.017, 0.060, 0.110])
_SCALES = 16  # canvas pixels between the nodes that tell what a cell shows and how much it is reduced


@dataclass(frozen=True, slots=True)
class Run:
    """A tile of the canvas: offset from the field's origin and size in pixels, subsamples along x and y."""

    x: int
    y: int
    width: int
    height: int
    samples: tuple[int, int]

    def offsets(self) -> list[tuple[float, float]]:
        """Where the subsamples lie within a pixel, (a, b) in (-½, ½)."""
        across, down = self.samples
        return [
            ((i + 0.5) / across - 0.5, (j + 0.5) / down - 0.5) for j in range(down) for i in range(across)
        ]


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """The field over one run, at the nodes of a lattice, all (2, rows, columns) float32.

    Attributes:
        centre: source position of a canvas pixel's centre.
        across, down: what a step of one pixel along x and y adds, shortened to 0 where the source is not
            reduced and no filter is needed; None where none of the run needs one. On a coarser lattice.
        correction: (2, height, width) to be added to every pixel's position, for spots too sharp for the
            finest lattice; None where there are none.
    """

    run: Run
    stride: int
    centre: NDArray[np.float32]
    across: NDArray[np.float32] | None = None
    down: NDArray[np.float32] | None = None
    correction: NDArray[np.float32] | None = None

    @property
    def sharp(self) -> bool:
        """Whether the source is not reduced anywhere, and no filter needed."""
        return self.across is None

    @property
    def reach(self) -> float:
        """How far from its pixel's centre a subsample may lie along an axis, source pixels."""
        steps = (step for step in (self.across, self.down) if step is not None)
        return sum(float(np.abs(step).max()) for step in steps) / 2

    @property
    def bounds(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Least and greatest position that a subsample may have, (2,) each."""
        rows, columns = (
            slice(MARGIN, MARGIN + 1 - (-n // self.stride)) for n in (self.run.height, self.run.width)
        )
        bend = sum(np.abs(bent).max(axis=(1, 2)) for bent in _second_differences(self.centre))
        # Along one axis, four-point interpolation leaves the straight line by at most an eighth of that.
        more = self.reach + np.float32(0.16) * bend
        if self.correction is not None:
            more = more + np.abs(self.correction).max(axis=(1, 2))
        nodes = self.centre[:, rows, columns]
        return nodes.min(axis=(1, 2)) - more, nodes.max(axis=(1, 2)) + more

    @property
    def blur(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(5,) weights along x and along y that blur the source by what one subsample stands for."""
        cells = zip((self.across, self.down), self.run.samples, strict=True)
        squares = [np.square(step / count).mean(axis=(1, 2)) for step, count in cells if step is not None]
        x, y = sum(squares, np.zeros(2)).tolist()
        return _box(x), _box(y)

    def positions(self) -> NDArray[np.float32]:
        """(2, height, width) source pixels, house's frame, of each pixel's centre."""
        out = self._drawn(self.centre, self.stride)
        return out if self.correction is None else out + self.correction

    def subsamples(self) -> Iterator[NDArray[np.float32]]:
        """(2, height, width) source pixels, house's frame, of each pixel's subsamples."""
        centre = self.positions()
        if self.across is None or self.down is None or max(self.run.samples) == 1:
            yield centre
            return
        across, down = (self._drawn(step, _SCALES) for step in (self.across, self.down))
        for a, b in self.run.offsets():
            yield centre + np.float32(a) * across + np.float32(b) * down

    def _drawn(self, nodes: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
        """(2, height, width): values at the nodes, carried to every pixel."""
        out = np.empty((2, self.run.height, self.run.width), np.float32)
        down = interpolation(self.run.height, stride)
        # Narrow blocks: most weights of a wide one are 0, and the library stays with one thread.
        block = 8 * stride
        for start in range(0, self.run.width, block):
            across = interpolation(min(block, self.run.width - start), stride)
            column = start // stride
            here = down @ nodes[:, : down.shape[1], column : column + across.shape[1]]
            np.matmul(here, across.T, out=out[:, :, start : start + len(across)])
        return out


class Field:
    """The field of one warp over one area of the canvas.

    Args:
        origin: (x, y) of the area on the canvas, whole pixels. width, height: of the area.
        tolerance: of a position against the exact warp, source pixels.
        fine: several subsamples a pixel wherever the source is reduced; else one as long as it can do.
    """

    def __init__(
        self,
        warp: AnyWarp,
        origin: tuple[int, int],
        width: int,
        height: int,
        *,
        tolerance: float,
        fine: bool = True,
    ) -> None:
        self.warp, self.width, self.height, self.tolerance = warp, width, height, tolerance
        self.fine = fine
        self._kinks = kinks_of(warp)
        self._lattice = coarse_lattice(warp, origin, width, height)
        while self._lattice.stride > _SCALES:
            self._lattice = self._refined(self._lattice)
        self._scales, self._steps = self._lattice, _steps(self._lattice)
        self._short: dict[int, list[NDArray[np.float32]]] = {}
        self.shape = (-(-height // CELL), -(-width // CELL))  # rows and columns of cells

    def part(self, x: int, y: int, width: int, height: int) -> "Field":
        """The field of a part of the area, its offset whole cells."""
        found = copy(self)
        found.width, found.height, found.shape = width, height, (-(-height // CELL), -(-width // CELL))
        here = x, y, CELL * found.shape[1], CELL * found.shape[0]
        found._lattice, found._scales = self._lattice.part(*here), self._scales.part(*here)
        found._steps, found._short = self._steps[:, :, *self._scales.window(*here)], {}
        return found

    def active(self, occupancy: Occupancy) -> NDArray[np.bool_]:
        """The cells that may show something of the source."""
        low, high = (
            self._over_cells(self._lattice, self._lattice.nodes, most) for most in (np.minimum, np.maximum)
        )
        sane = (np.abs(low) < FAR).all(axis=0) & (np.abs(high) < FAR).all(axis=0)
        return sane & occupancy.touched(low - _SPARE, high + _SPARE)

    def refine(self, active: NDArray[np.bool_]) -> None:
        """Refine the whole lattice while more than a few active cells need it."""
        while self._lattice.stride > FINEST:
            needy = self._over_cells(self._lattice, self._lattice.rough, np.logical_or) & active
            if needy.sum() <= _MOSTLY * active.sum():
                return
            self._lattice = self._refined(self._lattice)

    def least_scale(self, active: NDArray[np.bool_]) -> float:
        """The fewest source pixels along one step of one canvas pixel, over the active cells."""
        lengths = np.hypot(*self._steps.swapaxes(0, 1))
        return float(self._over_cells(self._scales, lengths, np.minimum).min(axis=0)[active].min())

    def counts(self, active: NDArray[np.bool_], reduced: int = 1) -> NDArray[Any]:
        """(2, rows, columns): subsamples along x and y that each cell takes, 0 where it is not active.

        Args:
            reduced: source pixels to a pixel of the reduced source that is sampled (1, 2, 4 …).
        """
        lengths = np.hypot(*self._steps.swapaxes(0, 1)) / reduced
        longest = _filtered(self._over_cells(self._scales, lengths, np.maximum), reduced)
        spacing, least = _SPACING[self.fine]
        wanted = np.clip(np.ceil(longest / spacing), least, _MOST_SAMPLES)
        return active * np.where(longest > 0, wanted, 1).astype(int)

    def tile(self, run: Run, reduced: int = 1) -> Tile:
        """The field over a run, refined as far as it needs; in pixels of the reduced source."""
        lattice = self._lattice.part(run.x, run.y, run.width, run.height)
        while (rough := bool(lattice.rough[1:-1, 1:-1].any())) and lattice.stride > FINEST:
            lattice = self._refined(lattice)
        nodes = lattice.nodes.astype(np.float32)
        tile = Tile(run, lattice.stride, nodes / np.float32(reduced) if reduced > 1 else nodes)
        rows, columns = self._scales.window(run.x, run.y, run.width, run.height)
        across, down = (step[:, rows, columns] for step in self._shortened(reduced))
        if across.any() or down.any():
            tile = replace(tile, across=across, down=down)
        return replace(tile, correction=self._correction(tile, lattice, reduced)) if rough else tile

    def _shortened(self, reduced: int) -> list[NDArray[np.float32]]:
        """The steps as tiles have them, made once for all tiles."""
        if reduced not in self._short:
            self._short[reduced] = [_shortened(step, reduced) for step in self._steps]
        return self._short[reduced]

    def _refined(self, lattice: Lattice) -> Lattice:
        return refined(self.warp, lattice, self.tolerance, self._kinks)

    def _correction(self, tile: Tile, lattice: Lattice, reduced: int) -> NDArray[np.float32]:
        """What the tile's positions miss around the nodes that even the finest lattice leaves rough."""
        spread = lattice.rough.repeat(lattice.stride, axis=0).repeat(lattice.stride, axis=1)
        shift = MARGIN * lattice.stride - lattice.stride // 2
        sharp = spread[shift : shift + tile.run.height, shift : shift + tile.run.width]
        rows, columns = np.nonzero(sharp)
        exact = map_points(self.warp, np.column_stack([columns, rows]) + 0.5 + lattice.origin) / reduced
        out = np.zeros((2, tile.run.height, tile.run.width), np.float32)
        out[:, rows, columns] = exact.T - tile.positions()[:, rows, columns]
        return out

    def _over_cells(self, lattice: Lattice, values: NDArray[Any], most: np.ufunc) -> NDArray[Any]:
        """Values at a lattice's nodes (…, rows, columns) → the most over each cell's and those around."""
        step, (rows, columns) = CELL // lattice.stride, self.shape
        along = _windows(values, most, step, columns)
        return _windows(along.swapaxes(-1, -2), most, step, rows).swapaxes(-1, -2)


def runs(
    counts: NDArray[Any], width: int, height: int
) -> Iterator[tuple[tuple[int, int, int, int], NDArray[Any]]]:
    """Active cells joined in blocks: (x, y, width, height) of each tile and its greatest counts (2 K,).

    Args:
        counts: (2 K, rows, columns) subsamples along x and y of K fields; a cell is active where any is not
            0.
        width, height: of the area, where the last cells are cut.
    """
    down, across = _BLOCK_CELLS
    shape = counts.shape[1:]
    for row, column in product(range(0, shape[0], down), range(0, shape[1], across)):
        block = np.s_[row : min(row + down, shape[0]), column : min(column + across, shape[1])]
        for (rows, columns), most in _cheapest(counts, *block)[1]:
            x, y = columns.start * CELL, rows.start * CELL
            yield (x, y, min(columns.stop * CELL, width) - x, min(rows.stop * CELL, height) - y), most


Rectangles = list[tuple[tuple[slice, slice], NDArray[Any]]]


def _cheapest(counts: NDArray[Any], rows: slice, columns: slice) -> tuple[float, Rectangles]:
    """The active cells of a block, all together or as halving gives them, with each rectangle's counts.

    Returns:
        What it costs in samples of a cell, and the rectangles: whatever is the less.
    """
    here = counts[:, rows, columns]
    down, across = (np.flatnonzero(here.sum(axis=(0, axis))) for axis in (2, 1))
    if not len(down):
        return 0.0, []
    rows, columns = _spanned(down, rows), _spanned(across, columns)
    here = counts[:, rows, columns]
    most = here.max(axis=(1, 2))
    work = (here[0::2] * here[1::2]).sum(axis=0)
    cost = _TILE_COST + float(most[0::2] @ most[1::2]) * work.size
    if cost <= _TILE_COST + _UNEVEN * float(work.sum()) or work.size == 1:
        return cost, [((rows, columns), most)]
    wide = work.shape[1] >= work.shape[0]
    cut = columns if wide else rows
    middle = (cut.start + cut.stop) // 2
    halves = [slice(cut.start, middle), slice(middle, cut.stop)]
    found = [_cheapest(counts, *((rows, half) if wide else (half, columns))) for half in halves]
    apart = sum(half for half, _ in found)
    if cost <= apart:
        return cost, [((rows, columns), most)]
    return apart, [one for _, rectangles in found for one in rectangles]


def _spanned(numbers: NDArray[np.intp], part: slice) -> slice:
    """From the first to the last of some numbers, counted from a part's start."""
    return slice(part.start + int(numbers[0]), part.start + int(numbers[-1]) + 1)


def _steps(lattice: Lattice) -> NDArray[Any]:
    """What a step of one canvas pixel along x and along y adds to x and to y of the source position.

    (x | y of the canvas, x | y of the source, rows, columns); central differences.
    """
    padded = np.pad(lattice.nodes, ((0, 0), (1, 1), (1, 1)), mode="reflect", reflect_type="odd")
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    return np.stack([across, down]) / (2 * lattice.stride)


def _second_differences(nodes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of (2, rows, columns), down and across."""
    down, across = nodes[:, 1:] - nodes[:, :-1], nodes[:, :, 1:] - nodes[:, :, :-1]
    return down[:, 1:] - down[:, :-1], across[:, :, 1:] - across[:, :, :-1]


def _filtered(length: NDArray[Any], reduced: int) -> NDArray[Any]:
    """How much of a pixel's step (pixels of the reduced source) is averaged over: nothing, or in the end all.

    A reduced source has been averaged over its own pixels; that much less is left to do.
    """
    share = np.clip((length - _SHARP) / (_SOFT - _SHARP), 0.0, 1.0)
    return share * (length if reduced == 1 else np.sqrt(np.maximum(length**2 - 1.0, 0.0)))


def _shortened(step: NDArray[Any], reduced: int) -> NDArray[np.float32]:
    step = step / reduced
    length = np.maximum(np.hypot(*step), 1e-12)
    return (step * (_filtered(length, reduced) / length)).astype(np.float32)


def _box(square: float) -> NDArray[np.float32]:
    """(5,) weights that stand for a box up to four pixels broad; `square`: of its breadth."""
    if square <= 1:
        near, far = square / 24, 0.0
    else:
        near, far = (float(np.interp(np.sqrt(square), _BROAD, found)) for found in (_NEAR, _NEXT))
    return np.array([far, near, 1 - 2 * (near + far), near, far], np.float32)


def _windows(values: NDArray[Any], most: np.ufunc, step: int, count: int) -> NDArray[Any]:
    """The most over nodes step·k + 1 … step·k + step + 3 (one more than the cell's own on each side)."""
    out = values[..., 1 : 1 + step * count : step].copy()
    for shift in range(2, step + 4):
        most(out, values[..., shift : shift + step * (count - 1) + 1 : step], out=out)
    return out
