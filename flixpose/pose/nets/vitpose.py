"""ViTPose (Xu et al. 2022): a plain vision transformer and two transposed convolutions."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.blocks import deconvolutions

_PATCH = 16


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    depth: int
    heads: int


SIZES = {"s": Size(384, 12, 12), "b": Size(768, 12, 12), "l": Size(1024, 24, 16), "h": Size(1280, 32, 16)}


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, count, width = x.shape
        qkv = self.qkv(x).reshape(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        return self.proj(mixed.transpose(1, 2).reshape(batch, count, width))


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _PatchEmbed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, _PATCH, _PATCH, padding=2)


class VisionTransformer(nn.Module):
    """(N, 3, H, W) → (N, width, H/16, W/16). The first place embedding is the class token's: all share it."""

    def __init__(self, size: Size, picture: tuple[int, int]) -> None:
        super().__init__()
        count = (picture[0] // _PATCH) * (picture[1] // _PATCH)
        self.patch_embed = _PatchEmbed(size.width)
        self.pos_embed = nn.Parameter(torch.zeros(1, count + 1, size.width))
        self.blocks = nn.Sequential(*(_Block(size.width, size.heads) for _ in range(size.depth)))
        self.last_norm = nn.LayerNorm(size.width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch_embed.proj(x)
        grid = x.shape[2:]
        x = x.flatten(2).transpose(1, 2) + self.pos_embed[:, 1:] + self.pos_embed[:, :1]
        return self.last_norm(self.blocks(x)).transpose(1, 2).unflatten(2, grid)


class _Head(nn.Module):
    def __init__(self, width: int, keypoints: int) -> None:
        super().__init__()
        self.deconv_layers = deconvolutions([width, 256, 256])
        self.final_layer = nn.Conv2d(256, keypoints, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.final_layer(self.deconv_layers(x))


class ViTPose(nn.Module):
    """(N, 3, H, W) → (N, keypoints, H/4, W/4) heat maps.

    Args:
        picture: (height, width) that it is made for.
    """

    def __init__(self, size: Size, *, picture: tuple[int, int] = (256, 192), keypoints: int = 17) -> None:
        super().__init__()
        self.backbone = VisionTransformer(size, picture)
        self.keypoint_head = _Head(size.width, keypoints)

    def forward(self, x: Tensor) -> Tensor:
        return self.keypoint_head(self.backbone(x))


def build(size: str, *, keypoints: int = 17) -> ViTPose:
    return ViTPose(SIZES[size], keypoints=keypoints)
