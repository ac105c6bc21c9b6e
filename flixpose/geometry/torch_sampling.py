"""The second sampler: torch's `grid_sample` on any device, in batches, differentiable when asked.

float32 throughout, no autocast. Served, it counts positions in the same 1/32 pixel steps as OpenCV, so that
the two agree; differentiable, it does not round.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from flixpose.geometry.field import TOLERANCE_SHARE, Tile
from flixpose.geometry.lattice import FINEST, coarse_lattice, interpolation, kinks_of, refined
from flixpose.geometry.source import Source
from flixpose.structures.warp import AnyWarp

if TYPE_CHECKING:
    from flixpose.geometry.sampling import Drawer

_STEPS = 32  # per pixel, as cv2.remap counts
_EDGE = 4


def sample_batch(
    pictures: torch.Tensor,
    positions: torch.Tensor,
    *,
    rounded: bool = False,
    ranges: tuple[torch.Tensor, torch.Tensor] | None = None,
    held: bool = True,
) -> torch.Tensor:
    """Bicubic samples of a batch.

    Args:
        pictures: (B, C, H, W) float32, premultiplied; transparent (0) beyond the border.
        positions: (B, h, w, 2) float32 source pixels, house's frame.
        rounded: count positions in 1/32 pixel, as OpenCV does; no gradient reaches `positions` then.
        ranges: `ranges16(pictures)`, to compute them once for many calls.
        held: to the range of the 16 pixels that each is made from.

    Returns:
        (B, C, h, w) float32; differentiable in `pictures` and, unless rounded, in `positions`.
    """
    if rounded:
        positions = torch.round((positions - 0.5) * _STEPS) / _STEPS + 0.5
    height, width = pictures.shape[2:]
    size = torch.tensor([width, height], dtype=torch.float32, device=pictures.device)
    grid = 2 * positions / size - 1
    out = functional.grid_sample(pictures, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    if not held:
        return out
    lows, highs = ranges or ranges16(pictures.detach())
    corner = torch.floor(positions.detach() - 0.5).long() + _EDGE - 1
    x, y = (corner[..., k].clamp(0, lows.shape[3 - k] - 1) for k in (0, 1))
    index = (y * lows.shape[3] + x).flatten(1)[:, None].expand(-1, out.shape[1], -1)
    low, high = (values.flatten(2).gather(2, index).view(out.shape) for values in (lows, highs))
    return torch.minimum(torch.maximum(out, low), high)


def batch_positions(
    warps: Sequence[AnyWarp], size: tuple[int, int], *, max_error: float = 0.05, device: str = "cpu"
) -> torch.Tensor:
    """Where the pixels of canvases of `size` (width, height) read: (B, h, w, 2) float32, for `sample_batch`.

    The lattices are refined on the host, within `max_error` source pixels but for spots that bend too sharply
    for one of two pixels; they are interpolated on the device.
    """
    out = torch.empty((len(warps), size[1], size[0], 2), device=device)
    for row, warp in enumerate(warps):
        lattice, kinks = coarse_lattice(warp, (0, 0), *size), kinks_of(warp)
        while lattice.stride > FINEST and lattice.rough.any():
            lattice = refined(warp, lattice, TOLERANCE_SHARE * max_error, kinks)
        across, down = (torch.from_numpy(interpolation(n, lattice.stride)).to(device) for n in size)
        nodes = torch.from_numpy(lattice.part(0, 0, *size).nodes.astype(np.float32)).to(device)
        out[row] = (down @ nodes @ across.T).permute(1, 2, 0)
    return out


def ranges16(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Least and greatest of every 4 × 4 pixels of (B, C, H, W) and of a transparent edge around it.

    That is what bicubic reads: held to it, it cannot ring.
    """
    padded = functional.pad(pictures, (_EDGE,) * 4)
    return -functional.max_pool2d(-padded, 4, stride=1), functional.max_pool2d(padded, 4, stride=1)


def torch_drawer(source: Source, level: int, device: str) -> "Drawer":
    """Draws one tile of the given level into an array (height, width, 4), as `opencv_drawer` does."""
    rgba = source.levels[level] if level else source.premultiplied()
    picture = torch.from_numpy(rgba).to(device).permute(2, 0, 1)[None].float().contiguous()
    ranges = ranges16(picture)

    def draw(tile: Tile, out: NDArray[np.uint8]) -> None:
        with torch.no_grad():
            out[:] = (
                _average(picture, ranges, tile).clamp(0, 255).round().byte()[0].permute(1, 2, 0).cpu().numpy()
            )

    return draw


def _average(picture: torch.Tensor, ranges: tuple[torch.Tensor, torch.Tensor], tile: Tile) -> torch.Tensor:
    """(1, 4, h, w): the mean of the tile's subsamples, colour no greater than alpha."""
    if tile.sharp:
        mean = sample_batch(picture, _places(tile.positions(), picture), rounded=True, ranges=ranges)
    else:
        soft, corner = _blurred(picture, tile)
        total: Any = 0.0
        for xy in tile.subsamples():
            total = total + sample_batch(soft, _places(xy - corner, picture), rounded=True, held=False)
        mean = total / len(tile.run.offsets())
        mean = mean * (255 / mean[:, 3:].clamp(min=255))
    return torch.minimum(mean, mean[:, 3:].expand_as(mean))


def _places(xy: NDArray[np.float32], picture: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(xy).to(picture.device).permute(1, 2, 0)[None]


def _blurred(picture: torch.Tensor, tile: Tile) -> tuple[torch.Tensor, NDArray[np.float32]]:
    """What a tile reads, blurred as `Excerpt.averaged` does, and (2, 1, 1) its corner in the picture."""
    low, high = tile.bounds
    x0, y0 = (max(int(v - _EDGE), 0) for v in low)
    x1, y1 = (max(int(v + _EDGE) + 1, start + 1) for v, start in zip(high, (x0, y0), strict=True))
    part = functional.pad(picture[:, :, y0:y1, x0:x1], (_EDGE,) * 4)
    across, down = tile.blur
    kernel = torch.from_numpy(np.outer(down, across)).to(picture.device).expand(picture.shape[1], 1, 5, 5)
    corner = np.array([x0 - _EDGE, y0 - _EDGE], np.float32)[:, None, None]
    return functional.conv2d(part, kernel, padding=2, groups=picture.shape[1]), corner
