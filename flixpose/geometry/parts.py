"""Several warps on one canvas: torso and sleeves, each trouser leg, with soft seams.

Each part shows the garment through its own matte (on the product photo, where neighbours overlap by a feather
and add up to 1: see `feathered`). On the canvas:

- The higher depth covers the lower; in the feather both share the pixel as their mattes say. What is missing
  to a whole is filled up as long as half a matte is there: where two warps differ at a seam, no gap is left.
- Where two parts show nearly the same place of the garment (a seam), both are pulled to one common place
  before it is read. The texture is then one, not a mixture of two: no doubling, and stripes stay connected.
- Where they show different places (an arm before the body) they are simply layered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.field import Field, Occupancy, Run, Tile, runs
from flixpose.geometry.sampling import (
    TOLERANCE_SHARE,
    Source,
    bicubic,
    covered,
    for_each,
    held,
    prepare_source,
    reduction,
    whole,
)
from flixpose.geometry.warp import invert_points
from flixpose.structures.image import Box, Mask
from flixpose.structures.warp import AnyWarp, ControlPoints, Warp

_FILLED = 0.5  # of a matte: from here on a pixel is filled up to a whole
_PULL = 0.012  # of the photo's longer side: places nearer than this are one place of a seam


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One part of a garment.

    Attributes:
        warp: person → garment.
        matte: soft, on the product photo; neighbours' mattes overlap and add up to 255 across a seam.
        depth: the higher covers the lower.
    """

    name: str
    warp: AnyWarp
    matte: Mask
    depth: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class SampledParts:
    """What several parts draw together.

    Attributes:
        patch: (h, w, 4) uint8 RGBA, premultiplied (colour ≤ alpha).
        box: the part of the canvas that the patch covers, whole pixels; empty where nothing is drawn.
        alphas: per part (h, w) uint8, its share of the patch's alpha.
    """

    patch: NDArray[np.uint8]
    box: Box
    alphas: dict[str, NDArray[np.uint8]]


def sample_parts(
    source: NDArray[np.uint8] | Source,
    parts: Sequence[Part],
    size: tuple[int, int],
    *,
    region: Box | None = None,
    max_error: float = 0.05,
    pull: float | None = None,
) -> SampledParts:
    """Draw the parts of a garment on a canvas of `size` (width, height), as `sample` does for one.

    Args:
        source: (H, W, 3 | 4) uint8 sRGB of the whole product photo, straight alpha; or prepared.
        region, max_error: as for `sample`.
        pull: source pixels; parts that show places nearer than this to their mean are pulled together. 1.2 %
            of the photo's longer side unless given.
    """
    x0, y0, x1, y1 = whole(region, size)
    names = {part.name: np.zeros((0, 0), np.uint8) for part in parts}
    nothing = SampledParts(np.zeros((0, 0, 4), np.uint8), Box(0.0, 0.0, 0.0, 0.0), names)
    if x1 <= x0 or y1 <= y0 or not parts:
        return nothing
    tolerance = TOLERANCE_SHARE * max_error
    fields = [Field(p.warp, (x0, y0), x1 - x0, y1 - y0, tolerance=tolerance) for p in parts]
    ready = source if isinstance(source, Source) else prepare_source(source)
    alpha = np.ascontiguousarray(ready.levels[0][..., 3])
    active = [f.active(Occupancy(cv2.min(alpha, p.matte.alpha))) for f, p in zip(fields, parts, strict=True)]
    seen = np.logical_or.reduce(active)
    if not seen.any():
        return nothing
    for field, cells in zip(fields, active, strict=True):
        field.refine(cells)
    scales = [f.least_scale(cells) for f, cells in zip(fields, active, strict=True) if cells.any()]
    level = reduction(min(scales))
    if len(ready.levels) <= level:
        ready = prepare_source(ready.levels[0], level + 1, is_premultiplied=True)
    reach = pull if pull is not None else _PULL * max(alpha.shape)
    left, top, right, bottom = covered(seen, fields[0])
    patch = np.zeros((bottom - top, right - left, 4), np.uint8)
    alphas = np.zeros((len(parts), bottom - top, right - left), np.uint8)
    painter = _Painter(ready, level, tuple(parts), tuple(fields), reach)

    def drawn(tile: tuple[tuple[int, int, int, int], NDArray[Any]]) -> None:
        (x, y, width, height), counts = tile
        window = np.s_[y - top : y - top + height, x - left : x - left + width]
        painter.paint((x, y, width, height), counts.reshape(-1, 2), patch[window], alphas[:, *window])

    counts = np.concatenate([f.counts(cells, 2**level) for f, cells in zip(fields, active, strict=True)])
    for_each(drawn, runs(counts, x1 - x0, y1 - y0))
    box = Box(float(left + x0), float(top + y0), float(right + x0), float(bottom + y0))
    return SampledParts(patch, box, {part.name: alphas[k] for k, part in enumerate(parts)})


@dataclass(frozen=True, eq=False, slots=True)
class _Painter:
    source: Source
    level: int
    parts: tuple[Part, ...]
    fields: tuple[Field, ...]
    reach: float

    def paint(
        self,
        place: tuple[int, int, int, int],
        counts: NDArray[Any],
        patch: NDArray[np.uint8],
        alphas: NDArray[np.uint8],
    ) -> None:
        """One tile: `counts` (P, 2) subsamples per part, 0 where a part does not reach it."""
        rows = [row for row, count in enumerate(counts) if count.any()]
        tiles = [
            self.fields[row].tile(Run(*place, tuple(counts[row].tolist())), 2**self.level) for row in rows
        ]
        places = [tile.positions() for tile in tiles]
        mattes = [self._matte(row, xy) for row, xy in zip(rows, places, strict=True)]
        shares = layered(mattes, [self.parts[row].depth for row in rows])
        moves = pulled(places, shares, self.reach / 2**self.level)
        total = np.zeros((*patch.shape[:2], 4), np.float32)
        for row, tile, share, move in zip(rows, tiles, shares, moves, strict=True):
            if share.any():
                drawn = self._colour(tile, move) * share[:, :, None]
                total += drawn
                alphas[row] = cv2.convertScaleAbs(drawn[..., 3])
        patch[:] = held(cv2.convertScaleAbs(total), opaque=False)

    def _matte(self, row: int, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """(h, w) in [0, 1]: the part's matte at (2, h, w) places of the reduced source."""
        scale = np.float32(2**self.level)
        x, y = places[0] * scale - np.float32(0.5), places[1] * scale - np.float32(0.5)
        matte = cv2.remap(self.parts[row].matte.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return matte.astype(np.float32) / np.float32(255)

    def _colour(self, tile: Tile, move: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """(h, w, 4): the source at the tile's places, moved, averaged over the subsamples."""
        levels = (self.source.levels, self.source.lows, self.source.highs)
        picture, low, high = (values[self.level] for values in levels)
        offsets = tile.run.offsets()
        total = np.zeros((tile.run.height, tile.run.width, 4), np.float32)
        for a, b in offsets:
            places = tile.positions(a, b)
            places = places if move is None else places + move
            cv2.accumulate(bicubic(picture, low, high, places), total)
        total /= np.float32(len(offsets))
        return total


def layered(mattes: Sequence[NDArray[Any]], depths: Sequence[int]) -> list[NDArray[np.float32]]:
    """Each part's share (h, w) of every pixel: the higher depth first, together at most 1.

    A part takes what its matte says of what the higher ones leave. From half a matte on, the shares are
    filled up to a whole; below that they fade out.
    """
    room = np.ones_like(mattes[0])
    shares: list[NDArray[np.float32]] = [np.zeros_like(room) for _ in mattes]
    for depth in sorted(set(depths), reverse=True):
        rows = [row for row, d in enumerate(depths) if d == depth]
        wanted = np.sum([mattes[row] for row in rows], axis=0, dtype=np.float32)
        given = np.minimum(1.0, room / np.maximum(wanted, 1e-6))
        for row in rows:
            shares[row] = mattes[row] * given
        room = room - np.minimum(wanted, room)
    held_share = 1.0 - room
    filled = np.minimum(1.0, held_share / _FILLED) / np.maximum(held_share, 1e-6)
    return [(share * filled).astype(np.float32) for share in shares]


def pulled(
    places: Sequence[NDArray[np.float32]], shares: Sequence[NDArray[np.float32]], reach: float
) -> list[NDArray[np.float32] | None]:
    """How far each part's places (2, h, w) move towards their common mean; None where only one is there."""
    if sum(bool(share.any()) for share in shares) < 2:
        return [None] * len(places)
    weight = np.maximum(np.sum(shares, axis=0), np.float32(1e-6))
    mean = np.sum([s * p for s, p in zip(shares, places, strict=True)], axis=0) / weight
    apart = np.max([np.hypot(*(p - mean)) * (s > 0) for s, p in zip(shares, places, strict=True)], axis=0)
    t = np.clip(2.0 - apart / max(reach, 1e-6), 0.0, 1.0)
    strength = (t * t * (3 - 2 * t)).astype(np.float32)
    return [strength * (mean - place) for place in places]


def feathered(labels: NDArray[Any], count: int, feather: float) -> list[Mask]:
    """Mattes of parts 0…count-1 that overlap softly along their seams and add up to 255 everywhere.

    Args:
        labels: (H, W) whole numbers, which part each pixel of the product photo belongs to; also outside the
            garment, where the nearest part's label serves.
        feather: width of the overlap in pixels of the product photo; the seam is its middle.
    """
    size = max(round(feather / 2), 1) * 2 + 1
    soft = np.stack([(labels == k).astype(np.float32) for k in range(count)])
    for k in range(count):
        # Twice a box of half the width: a smooth step of the whole width.
        once = cv2.blur(soft[k], (size // 2 + 1, size // 2 + 1), borderType=cv2.BORDER_REPLICATE)
        soft[k] = cv2.blur(once, (size // 2 + 1, size // 2 + 1), borderType=cv2.BORDER_REPLICATE)
    soft /= np.maximum(soft.sum(axis=0), np.float32(1e-6))
    return [Mask(np.rint(255 * matte).astype(np.uint8)) for matte in soft]


def follow(
    controls: ControlPoints, leader: Warp, seam_garment_xy: NDArray[Any], *, weight: float = 1.0
) -> ControlPoints:
    """The part's control points, with its seam hung on a neighbour that is solved already.

    Places along the seam (K, 2, product pixels) go where `leader` draws them, so the two warps agree all
    along the seam and not only at its ends. Control points of the part that are nearer to it than a third of
    the distance between seam points give way.

    Raises:
        DegenerateWarp: the leader does not reach a place of the seam.
    """
    seam = np.asarray(seam_garment_xy, dtype=np.float64).reshape(-1, 2)
    person_xy = invert_points(leader, seam)
    spacing = np.linalg.norm(np.diff(seam, axis=0), axis=1).min(initial=np.inf)
    apart = np.linalg.norm(controls.garment_xy[:, None] - seam[None], axis=2).min(axis=1, initial=np.inf)
    keep = apart > spacing / 3
    return ControlPoints(
        part=controls.part,
        names=(
            *(name for name, kept in zip(controls.names, keep, strict=True) if kept),
            *(f"seam_{k}" for k in range(len(seam))),
        ),
        person_xy=np.vstack([controls.person_xy[keep], person_xy]),
        garment_xy=np.vstack([controls.garment_xy[keep], seam]),
        weights=np.concatenate([controls.weights[keep], np.full(len(seam), weight)]),
    )
