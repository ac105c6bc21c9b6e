"""Gated attention unit (Hua et al. 2022), as RTMPose and RTMO use it on keypoints."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class ScaleNorm(nn.Module):
    """Vectors over their length, times one learned number."""

    def __init__(self, width: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale, self.eps = width**-0.5, eps
        self.g = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return x / (length * self.scale).clamp(min=self.eps) * self.g


class _Scale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))


class GatedAttention(nn.Module):
    """(N, K, width) → the same.

    Args:
        key: width of queries and keys. inner: width of the gate.
        act: of the projection. place: turns (…, K, key) queries and keys by their place; None leaves them.
    """

    def __init__(
        self,
        width: int,
        *,
        key: int = 128,
        expansion: int = 2,
        act: Callable[[Tensor], Tensor] = functional.silu,
    ) -> None:
        super().__init__()
        self.key, self.inner, self.act = key, expansion * width, act
        self.gamma = nn.Parameter(torch.rand(2, key))
        self.beta = nn.Parameter(torch.rand(2, key))
        self.o = nn.Linear(self.inner, width, bias=False)
        self.uv = nn.Linear(width, 2 * self.inner + key, bias=False)
        self.ln = ScaleNorm(width)
        self.res_scale = _Scale(width)

    def forward(self, x: Tensor, place: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        gate, value, base = self.act(self.uv(self.ln(x))).split([self.inner, self.inner, self.key], dim=-1)
        query, key = (base[..., None, :] * self.gamma + self.beta).unbind(dim=-2)
        if place is not None:
            query, key = place(query), place(key)
        kernel = functional.relu(query @ key.transpose(-1, -2) / math.sqrt(self.key)).square()
        return x * self.res_scale.scale + self.o(gate * (kernel @ value))
