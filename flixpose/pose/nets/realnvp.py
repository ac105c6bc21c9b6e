"""RealNVP (Dinh et al. 2017): an invertible map that makes a density out of the normal one."""

import math

import torch
from torch import Tensor, nn

_FIRST_GAIN = 0.01  # begin as the normal density


def _mlp(size: int, wide: int, *, bounded: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Linear(size, wide), nn.LeakyReLU(), nn.Linear(wide, wide), nn.LeakyReLU()]
    layers.append(nn.Linear(wide, size))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight, gain=_FIRST_GAIN)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers, nn.Tanh()) if bounded else nn.Sequential(*layers)


class RealNvp(nn.Module):
    """A density of points: affine couplings that turn by turn hold one half of the coordinates fixed.

    Args:
        size: coordinates of a point. couplings: how many. wide: units of the hidden layers.
    """

    masks: Tensor

    def __init__(self, *, size: int = 2, couplings: int = 6, wide: int = 64) -> None:
        super().__init__()
        rows = [[float((row + column) % 2) for column in range(size)] for row in range(couplings)]
        self.register_buffer("masks", torch.tensor(rows))
        self.scales = nn.ModuleList(_mlp(size, wide, bounded=True) for _ in range(couplings))
        self.shifts = nn.ModuleList(_mlp(size, wide, bounded=False) for _ in range(couplings))

    def straightened(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(..., size) points → what is normally distributed, and (...,) the change's log determinant."""
        change = x.new_zeros(x.shape[:-1])
        for row in reversed(range(len(self.masks))):
            scale, shift = self._coupling(row, x)
            x = torch.where(self.masks[row] > 0, x, (x - shift) * torch.exp(-scale))
            change = change - scale.sum(dim=-1)
        return x, change

    def bent(self, z: Tensor) -> Tensor:
        """The inverse of `straightened`: (..., size) normal points → points of this density."""
        for row in range(len(self.masks)):
            scale, shift = self._coupling(row, z)
            z = torch.where(self.masks[row] > 0, z, z * torch.exp(scale) + shift)
        return z

    def log_density(self, x: Tensor) -> Tensor:
        """(...,) of (..., size)."""
        z, change = self.straightened(x)
        return change - z.square().sum(dim=-1) / 2 - z.shape[-1] / 2 * math.log(2 * math.pi)

    def forward(self, x: Tensor) -> Tensor:
        return self.log_density(x)

    def _coupling(self, row: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of the coordinates that move, by those that stay; 0 for these."""
        mask = self.masks[row]
        seen = x * mask
        return self.scales[row](seen) * (1 - mask), self.shifts[row](seen) * (1 - mask)
