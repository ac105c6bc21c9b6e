"""Between a photo and the net's square: cropping in, and reading heat maps out with sub-pixel places.

The net's own frame ends here: what leaves is in pixels of the photo.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flixpose.garment.net import STRIDE
from flixpose.structures.image import Box

_WINDOW = 2  # cells on either side of the peak whose mean is the place
_NEAR = 1.5  # cells: the mass that lies this near the place speaks for it
_HALVED = 3.0  # pixels of the photo for one of the square, from which on it is halved before
_OF_ITS_OWN = 4  # cells: what lies nearer to a spot belongs to it

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Square:
    """A square cut out of a photo and scaled to `side` pixels: xy_photo = xy_square · scale + corner."""

    x0: float
    y0: float
    scale: float
    side: int

    def to_photo(self, xy: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, 2) pixels of the square → pixels of the photo."""
        return (xy * self.scale + np.array([self.x0, self.y0])).astype(np.float32)

    def to_square(self, xy: NDArray[np.floating]) -> NDArray[np.float32]:
        """The way back."""
        return ((xy - np.array([self.x0, self.y0])) / self.scale).astype(np.float32)


def square_around(box: Box, side: int, fill: float) -> Square:
    """The square in which the box's longer side takes `fill` of the side."""
    extent = max(round(box.longer_side / fill), 8)
    x0 = round((box.x0 + box.x1 - extent) / 2)
    y0 = round((box.y0 + box.y1 - extent) / 2)
    return Square(float(x0), float(y0), extent / side, side)


def cut(pixels: NDArray[np.uint8], square: Square) -> NDArray[np.uint8]:
    """(H, W, 3) → (side, side, 3); beyond the photo its edge continues.

    Large photos are halved first: means of 2 × 2 pixels cost next to nothing, and both together a third.
    """
    halved = square.scale >= _HALVED
    extent = 2 * round(square.scale * square.side / 2) if halved else round(square.scale * square.side)
    x0, y0 = int(square.x0), int(square.y0)
    x1, y1 = x0 + extent, y0 + extent
    height, width = pixels.shape[:2]
    inner = pixels[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    room = max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0)
    whole = cv2.copyMakeBorder(inner, *room, cv2.BORDER_REPLICATE)
    if halved:
        whole = cv2.resize(whole, (extent // 2, extent // 2), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_AREA if square.scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(whole, (square.side, square.side), interpolation=way), np.uint8)


def paste_back(plane: Plane, square: Square, size: tuple[int, int]) -> Plane:
    """A plane over the square, of any resolution, onto a photo of `size` (width, height); 0 outside it."""
    cell = square.scale * square.side / plane.shape[1]
    shift = [(square.x0 + 0.5 * cell) - 0.5, (square.y0 + 0.5 * cell) - 0.5]
    forward = np.array([[cell, 0, shift[0]], [0, cell, shift[1]]])
    return np.asarray(cv2.warpAffine(plane, forward, size, flags=cv2.INTER_LINEAR), np.float32)


def to_tensor(pictures: list[NDArray[np.uint8]]) -> Tensor:
    """(B, 3, S, S) float32 in [0, 1], channels last in memory."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def decode(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Heat-map logits (B, points, h, w) → places (B, points, 2) in pixels of the square, mass (B, points).

    The place is the mean of the probability around the fullest spot; the mass is what lies within
    `_NEAR` cells of it: how sure the map is of that spot.
    """
    p = heat.flatten(2).softmax(dim=-1).view(heat.shape)
    full = functional.avg_pool2d(p, 3, stride=1, padding=1, divisor_override=9)
    peak = full.flatten(2).argmax(dim=-1)
    rows, columns = heat.shape[-2:]
    y = torch.arange(rows, device=heat.device, dtype=torch.float32)
    x = torch.arange(columns, device=heat.device, dtype=torch.float32)
    near_y = ((y - (peak // columns)[..., None]).abs() <= _WINDOW).float()
    near_x = ((x - (peak % columns)[..., None]).abs() <= _WINDOW).float()
    local = p * near_y[..., :, None] * near_x[..., None, :]
    share = local.sum(dim=(2, 3)).clamp(min=1e-12)
    place_x = (local.sum(dim=2) * x).sum(dim=-1) / share
    place_y = (local.sum(dim=3) * y).sum(dim=-1) / share
    away = (y - place_y[..., None])[..., :, None] ** 2 + (x - place_x[..., None])[..., None, :] ** 2
    mass = (p * (away <= _NEAR**2)).sum(dim=(2, 3))
    return (torch.stack([place_x, place_y], dim=-1) + 0.5) * STRIDE, mass


def mass_at(plane: Plane, place: NDArray[np.floating]) -> float:
    """The mass of a map (h, w) of probabilities that lies near a place, in pixels of the square."""
    x, y = place / STRIDE - 0.5
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    return float(plane[(rows - y) ** 2 + (columns - x) ** 2 <= _NEAR**2].sum())


def second_spot(plane: Plane, first: NDArray[np.floating]) -> tuple[NDArray[np.float32], float]:
    """Place and mass of the fullest spot of a map (h, w) that is not the one around `first`."""
    x, y = first / STRIDE - 0.5
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    rest = np.where((rows - y) ** 2 + (columns - x) ** 2 <= _OF_ITS_OWN**2, 0, plane)
    full = cv2.blur(rest, (3, 3), borderType=cv2.BORDER_CONSTANT)
    row, column = divmod(int(full.argmax()), plane.shape[1])
    local = rest * ((abs(rows - row) <= _WINDOW) & (abs(columns - column) <= _WINDOW))
    share = max(float(local.sum()), 1e-12)
    cell = np.array([(local * columns).sum(), (local * rows).sum()]) / share
    place = ((cell + 0.5) * STRIDE).astype(np.float32)
    return place, mass_at(rest, place)
