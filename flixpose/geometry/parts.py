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

from flixpose.geometry.field import TOLERANCE_SHARE, Field, Run, Tile, runs
from flixpose.geometry.sampling import covered, reduction, whole
from flixpose.geometry.source import Occupancy, Source, alpha_of, excerpt, filled_in, hold_colour, prepared
from flixpose.geometry.threads import for_each
from flixpose.geometry.warp import invert_points
from flixpose.structures.image import Box, Mask
from flixpose.structures.warp import AnyWarp, ControlPoints, Warp

Place = tuple[int, int, int, int]

# Of a whole: from the second value on a pixel is filled up to it, below the first it stays empty. A part that
# is alone ends in the middle of its feather, so that no spur of it stands out beyond the seam.
_EMPTY, _FILLED = 0.36, 0.48
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
    if x1 <= x0 or y1 <= y0 or not parts:
        return _nothing(parts)
    alpha = alpha_of(source)
    fields, active = _placed(alpha, parts, (x0, y0, x1, y1), TOLERANCE_SHARE * max_error)
    seen = np.logical_or.reduce(active)
    if not seen.any():
        return _nothing(parts)
    level = reduction(
        min(f.least_scale(cells) for f, cells in zip(fields, active, strict=True) if cells.any())
    )
    left, top, right, bottom = covered(seen, fields[0])
    patch = np.zeros((bottom - top, right - left, 4), np.uint8)
    alphas = np.zeros((len(parts), bottom - top, right - left), np.uint8)
    reach = pull if pull is not None else _PULL * max(alpha.shape)
    painter = _Painter(prepared(source, level), alpha, level, tuple(parts), tuple(fields), reach)

    def painted(tile: tuple[Place, NDArray[Any]]) -> None:
        (x, y, width, height), counts = tile
        window = np.s_[y - top : y - top + height, x - left : x - left + width]
        painter.paint(tile[0], counts.reshape(-1, 2), patch[window], alphas[:, *window])

    counts = np.concatenate([f.counts(cells, 2**level) for f, cells in zip(fields, active, strict=True)])
    for_each(painted, list(runs(counts, x1 - x0, y1 - y0)))
    box = Box(float(left + x0), float(top + y0), float(right + x0), float(bottom + y0))
    return SampledParts(patch, box, {part.name: alphas[k] for k, part in enumerate(parts)})


def _placed(
    alpha: NDArray[np.uint8], parts: Sequence[Part], area: Place, tolerance: float
) -> tuple[list[Field], list[NDArray[np.bool_]]]:
    """Each part's field over the area x0, y0, x1, y1 and its active cells."""
    x0, y0, x1, y1 = area
    fields = [Field(part.warp, (x0, y0), x1 - x0, y1 - y0, tolerance=tolerance) for part in parts]
    active = []
    for field, part in zip(fields, parts, strict=True):
        active.append(field.active(Occupancy(cv2.min(alpha, part.matte.alpha))))
        field.refine(active[-1])
    return fields, active


def _nothing(parts: Sequence[Part]) -> SampledParts:
    alphas = {part.name: np.zeros((0, 0), np.uint8) for part in parts}
    return SampledParts(np.zeros((0, 0, 4), np.uint8), Box(0.0, 0.0, 0.0, 0.0), alphas)


@dataclass(frozen=True, eq=False, slots=True)
class _Painter:
    source: Source
    alpha: NDArray[np.uint8]
    level: int
    parts: tuple[Part, ...]
    fields: tuple[Field, ...]
    reach: float

    def paint(
        self, place: Place, counts: NDArray[Any], patch: NDArray[np.uint8], alphas: NDArray[np.uint8]
    ) -> None:
        """One tile: `counts` (P, 2) subsamples per part, 0 where a part does not reach it."""
        rows = [row for row, count in enumerate(counts) if count.any()]
        tiles = [
            self.fields[row].tile(Run(*place, tuple(counts[row].tolist())), 2**self.level) for row in rows
        ]
        places = [tile.positions() for tile in tiles]
        mattes = [self._look(self.parts[row].matte.alpha, xy) for row, xy in zip(rows, places, strict=True)]
        depths = [self.parts[row].depth for row in rows]
        cloth = [self._look(self.alpha, xy) for xy in places]
        shares = layered(mattes, cloth, depths)
        moves = pulled(places, shares, cloth, self.reach / 2**self.level)
        if any(move is not None for move in moves):
            moved = [xy if move is None else xy + move for xy, move in zip(places, moves, strict=True)]
            shares = layered(mattes, [self._look(self.alpha, xy) for xy in moved], depths)
        drawn = {
            row: self._colour(tile, move) * share[:, :, None]
            for row, tile, share, move in zip(rows, tiles, shares, moves, strict=True)
            if share.any()
        }
        if not drawn:
            return
        total = np.sum(list(drawn.values()), axis=0)
        # At outlines the cloth in the middle of a pixel and the cloth drawn differ: never more than whole.
        limit = np.float32(255) / np.maximum(total[..., 3], np.float32(255))
        cv2.convertScaleAbs(total * limit[:, :, None], patch)
        hold_colour(patch)
        for row, colour in drawn.items():
            alphas[row] = cv2.convertScaleAbs(colour[..., 3] * limit)

    def _look(self, grey: NDArray[np.uint8], places: NDArray[np.float32]) -> NDArray[np.float32]:
        """(h, w) in [0, 1]: a mask of the whole photo at (2, h, w) places of the reduced source."""
        scale, half = np.float32(2**self.level), np.float32(0.5)
        x, y = places[0] * scale - half, places[1] * scale - half
        found = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return found.astype(np.float32) / np.float32(255)

    def _colour(self, tile: Tile, move: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """(h, w, 4): the source at the tile's places, moved, averaged over the subsamples."""
        low, high = tile.bounds
        shift: Any = np.float32(0)
        if move is not None:
            shift = move
            low, high = low + move.min(axis=(1, 2)), high + move.max(axis=(1, 2))
        out = np.zeros((tile.run.height, tile.run.width, 4), np.uint8)
        part = excerpt(self.source, self.level, low, high)
        if part is None:
            return out.astype(np.float32)
        if tile.sharp:
            return part.bicubic(tile.positions() + shift).astype(np.float32)
        filled_in(part.averaged((places + shift for places in tile.subsamples()), tile.blur), out)
        return out.astype(np.float32)


def layered(
    mattes: Sequence[NDArray[Any]], cloth: Sequence[NDArray[Any]], depths: Sequence[int]
) -> list[NDArray[np.float32]]:
    """Each part's share (h, w) of every pixel, to be multiplied with its premultiplied colour.

    The higher depths come first; a part takes what its matte says, as far as the cloth of the higher ones
    leaves room. From half a whole on the shares are filled up to one, below that the garment ends.

    Args:
        mattes, cloth: per part (h, w) in [0, 1]: its matte, and the garment's alpha at the place shown.
    """
    room = np.ones_like(mattes[0])
    shares: list[NDArray[np.float32]] = [room] * len(mattes)
    for depth in sorted(set(depths), reverse=True):
        rows = [row for row, own in enumerate(depths) if own == depth]
        wanted = np.sum([mattes[row] * cloth[row] for row in rows], axis=0, dtype=np.float32)
        given = np.minimum(1.0, room / np.maximum(wanted, 1e-6))
        for row in rows:
            shares[row] = mattes[row] * given
        room = room - np.minimum(room, wanted)
    drawn = np.sum([s * c for s, c in zip(shares, cloth, strict=True)], axis=0, dtype=np.float32)
    # As a share of the most that any part could show: a garment's own soft outline is not to be filled up.
    most = np.max([c * (s > 0) for s, c in zip(shares, cloth, strict=True)], axis=0)
    held_share = drawn / np.maximum(most, 1e-6)
    filled = np.clip((held_share - _EMPTY) / (_FILLED - _EMPTY), 0.0, 1.0) / np.maximum(held_share, 1e-6)
    filled[most <= 0] = 1.0
    return [(share * filled).astype(np.float32) for share in shares]


def pulled(
    places: Sequence[NDArray[np.float32]],
    shares: Sequence[NDArray[np.float32]],
    cloth: Sequence[NDArray[np.float32]],
    reach: float,
) -> list[NDArray[np.float32] | None]:
    """How far each part's places (2, h, w) move towards their common mean; None where only one is there."""
    if sum(bool(share.any()) for share in shares) < 2:
        return [None] * len(places)
    weights = [share * (c + np.float32(1e-3)) for share, c in zip(shares, cloth, strict=True)]
    mean = np.sum([w * p for w, p in zip(weights, places, strict=True)], axis=0)
    mean /= np.maximum(np.sum(weights, axis=0), np.float32(1e-9))
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
