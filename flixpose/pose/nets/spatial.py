"""Spatial transformers (Jaderberg et al. 2015): a net that chooses what part of a picture to look at.

A transform is (N, 2, 3): places of the seen picture → places of the given one, both from -1 to 1 at the
outer edges, as `grid_sample` without aligned corners has them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.resnet import ResNet

_LEAST_DETERMINANT = 1e-3


class Localiser(nn.Module):
    """(N, 3, H, W) → (N, 2, 3); before anything is learned the whole picture.

    Args:
        depth, width: of its ResNet.
    """

    def __init__(self, depth: int = 18, *, width: int = 64) -> None:
        super().__init__()
        self.backbone = ResNet(depth, width=width)
        self.fc = nn.Linear(self.backbone.channels[-1], 6)
        nn.init.zeros_(self.fc.weight)
        with torch.no_grad():
            self.fc.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.backbone(x)[-1].mean(dim=(2, 3))).unflatten(1, (2, 3))


def sampled(x: Tensor, transform: Tensor) -> Tensor:
    """(N, C, H, W) as seen through a transform; what lies outside is 0."""
    y, across = ((2 * torch.arange(side, device=x.device) + 1) / side - 1 for side in x.shape[2:])
    whole = torch.stack([*torch.meshgrid(across, y, indexing="xy"), x.new_ones(x.shape[2:])], dim=-1)
    grid = (whole.flatten(0, 1) @ transform.transpose(1, 2)).unflatten(1, x.shape[2:])
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def inverse(transform: Tensor) -> Tensor:
    """The way back. One that flattens everything is taken as nearly so."""
    (a, b, x), (c, d, y) = transform.unbind(dim=1)[0].unbind(dim=1), transform.unbind(dim=1)[1].unbind(dim=1)
    determinant = a * d - b * c
    flat = determinant.abs() < _LEAST_DETERMINANT
    determinant = torch.where(flat, _LEAST_DETERMINANT, determinant)
    back = torch.stack([d, -b, b * y - d * x, -c, a, c * x - a * y], dim=1) / determinant[:, None]
    return back.unflatten(1, (2, 3))


def placed(shares: Tensor, transform: Tensor) -> Tensor:
    """(N, K, 2) places of the seen picture, from 0 to 1 at its edges → the same of the given picture."""
    whole = torch.cat([2 * shares - 1, torch.ones_like(shares[..., :1])], dim=-1)
    return (whole @ transform.transpose(1, 2) + 1) / 2
