"""The second sampler: torch's `grid_sample` on any device, in batches, differentiable when asked.

float32 throughout, no autocast. Served, it counts positions in the same 1/32 pixel steps as OpenCV, so that
the two agree; differentiable, it does not round.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from flixpose.geometry.field import Tile

if TYPE_CHECKING:
    from flixpose.geometry.sampling import Drawer, Source

_STEPS = 32  # per pixel, as cv2.remap counts


def sample_batch(
    pictures: torch.Tensor, positions: torch.Tensor, *, rounded: bool = False, hold: bool = True
) -> torch.Tensor:
    """Bicubic samples of a batch.

    Args:
        pictures: (B, C, H, W) float32, premultiplied; transparent (0) beyond the border.
        positions: (B, h, w, 2) float32 source pixels, house's frame.
        rounded: count positions in 1/32 pixel, as OpenCV does; no gradient reaches `positions` then.
        hold: keep each sample within the range of the 16 pixels it is made from (no ringing).

    Returns:
        (B, C, h, w) float32; differentiable in `pictures` and, unless rounded, in `positions`.
    """
    if rounded:
        positions = torch.round((positions - 0.5) * _STEPS) / _STEPS + 0.5
    height, width = pictures.shape[2:]
    size = torch.tensor([width, height], dtype=torch.float32, device=pictures.device)
    grid = 2 * positions / size - 1
    out = functional.grid_sample(pictures, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    if not hold:
        return out
    low, high = _range16(pictures.detach(), positions.detach())
    return torch.minimum(torch.maximum(out, low), high)


def _range16(pictures: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Least and greatest of the 16 pixels around each position, 0 beyond the border."""
    padded = functional.pad(pictures, (4, 4, 4, 4))
    high = functional.max_pool2d(padded, 4, stride=1)
    low = -functional.max_pool2d(-padded, 4, stride=1)
    rows, columns = high.shape[2:]
    corner = torch.floor(positions - 0.5).long() + 3  # the pool starts one pixel before the whole part
    x, y = corner[..., 0].clamp(0, columns - 1), corner[..., 1].clamp(0, rows - 1)
    index = (y * columns + x).flatten(1)[:, None].expand(-1, pictures.shape[1], -1)
    shape = (*pictures.shape[:2], *positions.shape[1:3])
    return tuple(v.flatten(2).gather(2, index).view(shape) for v in (low, high))  # type: ignore[return-value]


def torch_drawer(source: "Source", level: int, device: str) -> "Drawer":
    """Draws one tile of the given level into an array (height, width, 4), as `opencv_drawer` does."""
    picture = torch.from_numpy(source.levels[level]).to(device).permute(2, 0, 1)[None].float().contiguous()

    def draw(tile: Tile, out: NDArray[np.uint8]) -> None:
        with torch.no_grad():
            out[:] = _average(picture, tile).clamp(0, 255).round().byte()[0].permute(1, 2, 0).cpu().numpy()

    return draw


def _average(picture: torch.Tensor, tile: Tile) -> torch.Tensor:
    """(1, 4, h, w): the mean of the tile's subsamples, colour no greater than alpha."""
    offsets = tile.run.offsets()
    total: Any = 0.0
    for a, b in offsets:
        positions = torch.from_numpy(tile.positions(a, b)).to(picture.device).permute(1, 2, 0)[None]
        total = total + sample_batch(picture, positions, rounded=True)
    mean = total / len(offsets)
    return torch.minimum(mean, mean[:, 3:].expand_as(mean))
