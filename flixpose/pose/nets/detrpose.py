"""DETRPose (Janampa and Pattichis 2025): one query per keypoint, distributions refined layer by layer."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.pose.nets.detrpose_encoder import HybridEncoder, Neck
from flixpose.pose.nets.hgnet import B0, B2, B4, B5, HGNet, Shape


@dataclass(frozen=True, slots=True)
class Size:
    """Attributes: depth, inner: layers of the decoder and channels of their wide layer.
    strides: of the levels. samples: places looked at on each. reach: of the bins' spread.
    queries: the most people.
    """

    backbone: Shape
    neck: Neck
    depth: int
    inner: int = 1024
    strides: tuple[int, ...] = (8, 16, 32)
    samples: int = 4
    reach: float = 4.0
    queries: int = 60


SIZES = {
    "n": Size(B0, Neck(128, 512, 21, 2), depth=3, inner=512, strides=(16, 32), samples=6),
    "s": Size(B0, Neck(256, 1024, 64, 1), depth=3),
    "m": Size(B2, Neck(256, 1024, 128, 2), depth=4),
    "l": Size(B4, Neck(256, 1024, 128, 3), depth=6),
    "x": Size(B5, Neck(384, 2048, 192, 3), depth=6, reach=8.0),
}

_HEADS = 8
_BINS = 33
_QUALITIES, _QUALITY_INNER = 4, 256
_BORDER = 0.01
_PICTURE = 640


class Output(NamedTuple):
    """Attributes: logits: (N, queries, 2), the second one a person's; xy: (N, queries, K, 2) in [0, 1]."""

    logits: Tensor
    xy: Tensor


class _Mlp(nn.Module):
    def __init__(self, cin: int, wide: int, cout: int, depth: int) -> None:
        super().__init__()
        widths = [cin, *[wide] * (depth - 1), cout]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x))
        return self.layers[-1](x)


class _Gate(nn.Module):
    """How much of the old and of the new."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(2 * width, 2 * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, old: Tensor, new: Tensor) -> Tensor:
        keep, take = torch.sigmoid(self.gate(torch.cat([old, new], dim=-1))).chunk(2, dim=-1)
        return self.norm(keep * old + take * new)


class _DeformableAttention(nn.Module):
    """Each query looks at a few places around its own, on every level (Zhu et al. 2021)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.levels, self.samples = len(size.strides), size.samples
        count = _HEADS * self.levels * self.samples
        self.sampling_offsets = nn.Linear(size.neck.width, count * 2)
        self.attention_weights = nn.Linear(size.neck.width, count)

    def forward(self, query: Tensor, places: Tensor, levels: list[Tensor]) -> Tensor:
        """(N, Q, width) queries at (N, Q, 2) places in [0, 1], over (N, width, H, W) levels."""
        batch, count, _ = query.shape
        shape = (batch, count, _HEADS, self.levels, self.samples)
        moves = self.sampling_offsets(query).view(*shape, 2)
        weights = self.attention_weights(query).view(batch, count, _HEADS, -1).softmax(dim=-1)
        read = []
        for row, level in enumerate(levels):
            size = query.new_tensor([level.shape[3], level.shape[2]])
            grid = 2 * (places[:, :, None, None] + moves[:, :, :, row] / size) - 1
            values = level.unflatten(1, (_HEADS, -1)).flatten(0, 1)
            read.append(_sampled(values, grid.transpose(1, 2).flatten(0, 1)))
        mixed = torch.cat(read, dim=-1) * weights.transpose(1, 2).flatten(0, 1)[:, None]
        return mixed.sum(dim=-1).unflatten(0, (batch, _HEADS)).flatten(1, 2).transpose(1, 2)

    def begin(self) -> None:
        """Each head looks its own way, each sample a cell farther, all alike."""
        _silent(self.sampling_offsets)
        _silent(self.attention_weights)
        angles = torch.arange(_HEADS) * 2 * math.pi / _HEADS
        way = torch.stack([angles.cos(), angles.sin()], dim=1)
        way = way / way.abs().amax(dim=1, keepdim=True)
        far = torch.arange(1, self.samples + 1.0)
        moves = (way[:, None, None] * far[:, None]).expand(-1, self.levels, -1, -1)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(moves.flatten())


def _sampled(values: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(values, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


class _DecoderLayer(nn.Module):
    """Within each person, across people, then into the picture."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.neck.width
        self.within_attn = nn.MultiheadAttention(width, _HEADS, batch_first=True)
        self.within_norm = nn.LayerNorm(width)
        self.across_attn = nn.MultiheadAttention(width, _HEADS, batch_first=True)
        self.across_norm = nn.LayerNorm(width)
        self.cross_attn = _DeformableAttention(size)
        self.gateway = _Gate(width)
        self.linear1 = nn.Linear(width, size.inner)
        self.linear2 = nn.Linear(size.inner, width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, place: Tensor, xy: Tensor, levels: list[Tensor]) -> Tensor:
        """(N, Q, 1 + K, width) → the same.

        Args:
            x: the first of each person is for the whole. place: (N, Q, K, width) of the others.
            xy: (N, Q, 1 + K, 2) in [0, 1]. levels: (N, width, H, W) each.
        """
        batch, people, parts, _ = x.shape
        x = _placed(x, place).flatten(0, 1)
        x = self.within_norm(x + self.within_attn(x, x, x, need_weights=False)[0])
        x = x.unflatten(0, (batch, people)).transpose(1, 2).flatten(0, 1)
        x = self.across_norm(x + self.across_attn(x, x, x, need_weights=False)[0])
        x = _placed(x.unflatten(0, (batch, parts)).transpose(1, 2), place)
        seen = self.cross_attn(x.flatten(1, 2), xy.flatten(1, 2), levels)
        x = self.gateway(x, seen.unflatten(1, (people, parts)))
        return self.norm2(x + self.linear2(functional.relu(self.linear1(x))))


def _placed(x: Tensor, place: Tensor) -> Tensor:
    return x + functional.pad(place, (0, 0, 1, 0))


class _Quality(nn.Module):
    """A score's correction by what the features show at the keypoints."""

    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.reg_conf = _Mlp(keypoints * (_QUALITIES + 1), _QUALITY_INNER, 1, 2)

    def forward(self, scores: Tensor, xy: Tensor, features: Tensor) -> Tensor:
        best = _sampled(features, 2 * xy - 1).permute(0, 2, 3, 1).topk(_QUALITIES, dim=-1).values
        seen = torch.cat([best, best.mean(dim=-1, keepdim=True)], dim=-1)
        return scores + self.reg_conf(seen.flatten(2))


class _Decoder(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.neck.width
        self.layers = nn.ModuleList(_DecoderLayer(size) for _ in range(size.depth))
        self.half_pose_ref_point_head = _Mlp(width, width, width, 2)
        half = width // 2
        self.register_buffer("dim_t", 10000 ** (2 * (torch.arange(half).float() // 2) / half))

    def place(self, xy: Tensor) -> Tensor:
        """(…, 2) in [0, 1] → (…, width)."""
        angles = xy.flip(-1)[..., None] * 2 * math.pi / self.get_buffer("dim_t")
        waves = torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], dim=-1)
        return self.half_pose_ref_point_head(waves.flatten(-3))


class _Transformer(nn.Module):
    def __init__(self, size: Size, *, keypoints: int) -> None:
        super().__init__()
        width, layers = size.neck.width, range(size.depth)
        self.keypoints, self.strides, self.queries = keypoints, size.strides, size.queries
        self.up = nn.Parameter(torch.tensor([0.5]), requires_grad=False)
        self.reg_scale = nn.Parameter(torch.tensor([size.reach]), requires_grad=False)
        logits, outside = _anchors([(_PICTURE // stride, _PICTURE // stride) for stride in size.strides])
        self.register_buffer("anchors", logits)
        self.register_buffer("valid_mask", outside)
        self.decoder = _Decoder(size)
        self.keypoint_embedding = nn.Embedding(keypoints, width)
        self.instance_embedding = nn.Embedding(1, width)
        self.tgt_embed = nn.Embedding(size.queries, width)
        self.label_enc = nn.Embedding(81, width)
        self.pose_enc = nn.Embedding(keypoints, width)
        self.enc_output = nn.Linear(width, width)
        self.enc_output_norm = nn.LayerNorm(width)
        self.class_embed = nn.ModuleList(nn.Linear(width, 2) for _ in layers)
        self.pose_embed = nn.ModuleList(_Mlp(width, width, 2 * _BINS, 3) for _ in layers)
        self.lqe_embed = nn.ModuleList(_Quality(keypoints) for _ in layers)
        self.pre_pose_embed = _Mlp(width, width, 2, 3)
        self.enc_pose_embed = _Mlp(width, 2 * width, 2 * keypoints, 4)
        self.enc_out_class_embed = nn.Linear(width, 2)

    def forward(self, levels: list[Tensor]) -> Output:
        logits, memory, anchors = self._seen(levels)
        *_, (person, xy) = self._rounds(levels, self._guessed(*self._surest(logits, memory, anchors)))
        return self._told(-1, person, xy, levels)

    def tried(self, levels: list[Tensor]) -> list[Output]:
        """Every cell's guess and every layer's answer; what a layer begins with is not learnt through it."""
        logits, memory, anchors = self._seen(levels)
        rounds = self._rounds(levels, self._guessed(*self._surest(logits, memory, anchors)).detach())
        told = [self._told(row, person, xy, levels) for row, (person, xy) in enumerate(rounds)]
        return [Output(logits, self._guessed(memory, anchors)), *told]

    def _told(self, row: int, person: Tensor, xy: Tensor, levels: list[Tensor]) -> Output:
        return Output(self.lqe_embed[row](self.class_embed[row](person), xy.detach(), levels[0]), xy)

    def _rounds(self, levels: list[Tensor], xy: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """After each layer (N, queries, width) people and (N, queries, K, 2) in [0, 1]."""
        batch = len(xy)
        parts = self.keypoint_embedding.weight + self.tgt_embed.weight[:, None]
        whole = self.instance_embedding.weight.expand(self.queries, 1, -1)
        x = torch.cat([whole, parts], dim=1).expand(batch, -1, -1, -1)
        widths = self._bin_values()
        corners, before = xy.new_zeros(()), xy.new_zeros(())
        start = xy
        for row, layer in enumerate(self.decoder.layers):
            place = self.decoder.place(xy)
            x = layer(x, place, _with_centre(xy), levels)
            person, points = x[:, :, 0], x[:, :, 1:]
            if row == 0:
                start = torch.sigmoid(self.pre_pose_embed(points) + _inverse_sigmoid(xy))
            else:  # the original adds a layer's places to its input in place, and so to what it keeps of it
                before = before + place
            corners = self.pose_embed[row](points + before) + corners
            moves = corners.unflatten(-1, (2, _BINS)).softmax(dim=-1) @ widths
            xy = start + moves / self.reg_scale.abs()
            yield person, xy
            xy, before = xy.detach(), points.detach()

    def _seen(self, levels: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Cells' (N, cells, 2) logits, (N, cells, width) features and (1, cells, 2) places, as logits."""
        memory = torch.cat([level.flatten(2) for level in levels], dim=2).transpose(1, 2)
        anchors, outside = self._anchors_for(levels)
        memory = self.enc_output_norm(self.enc_output(memory.masked_fill(outside, 0.0)))
        return self.enc_out_class_embed(memory), memory, anchors

    def _surest(self, logits: Tensor, memory: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """As many cells' features and places as there are queries."""
        chosen = logits.amax(dim=-1).topk(self.queries, dim=1).indices
        rows = torch.arange(len(memory), device=memory.device)[:, None]
        return memory[rows, chosen], anchors[0, chosen]

    def _guessed(self, memory: Tensor, anchors: Tensor) -> Tensor:
        """(N, cells, K, 2) in [0, 1]."""
        moves = self.enc_pose_embed(memory).unflatten(-1, (self.keypoints, 2))
        return torch.sigmoid(moves + anchors[:, :, None])

    def _anchors_for(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        sizes = [(level.shape[2], level.shape[3]) for level in levels]
        if sizes == [(_PICTURE // stride, _PICTURE // stride) for stride in self.strides]:
            return self.get_buffer("anchors"), self.get_buffer("valid_mask")
        logits, outside = _anchors(sizes)
        return logits.to(levels[0]), outside.to(levels[0].device)

    def _bin_values(self) -> Tensor:
        """(bins,) what each bin stands for: fine around 0, coarse outside."""
        bound = self.up.abs() * self.reg_scale.abs()
        step = (bound + 1) ** (2 / (_BINS - 3))
        powers = step ** torch.arange(1, (_BINS - 1) // 2, device=step.device) - 1
        return torch.cat([-2 * bound, -powers.flip(0), torch.zeros_like(bound), powers, 2 * bound])


def _with_centre(xy: Tensor) -> Tensor:
    return torch.cat([xy.mean(dim=2, keepdim=True), xy], dim=2)


def _inverse_sigmoid(x: Tensor, eps: float = 1e-3) -> Tensor:
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=eps) / (1 - x).clamp(min=eps))


def _anchors(sizes: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """(1, cells, 2) logits of the cells' centres, and (1, cells, 1) which of them lie on the very border."""
    levels = []
    for height, width in sizes:
        y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        levels.append(torch.stack([x / width, y / height], dim=-1).flatten(0, 1))
    shares = torch.cat(levels)[None]
    inside = ((shares > _BORDER) & (shares < 1 - _BORDER)).all(dim=-1, keepdim=True)
    return torch.log(shares / (1 - shares)), ~inside


class DETRPose(nn.Module):
    """(N, 3, H, W), sides a multiple of 32 → Output."""

    def __init__(self, size: Size, *, keypoints: int = 17) -> None:
        super().__init__()
        self.backbone = HGNet(size.backbone, levels=len(size.strides))
        self.encoder = HybridEncoder(self.backbone.channels, size.neck)
        self.transformer = _Transformer(size, keypoints=keypoints)

    def forward(self, x: Tensor) -> Output:
        return self.transformer(self.encoder(self.backbone(x)))

    def tried(self, x: Tensor) -> list[Output]:
        """For training: the first guesses and every layer's answer, the last one is what is read."""
        return self.transformer.tried(self.encoder(self.backbone(x)))

    def begin(self, doubt: float) -> None:
        """First weights to learn from: nobody is anywhere, no keypoint moves, and each head looks its way.

        Args:
            doubt: logit of somebody.
        """
        part: Any = self.transformer
        for layer in (*part.class_embed, part.enc_out_class_embed):
            nn.init.constant_(layer.bias, doubt)
        for mlp in (*part.pose_embed, part.pre_pose_embed, part.enc_pose_embed):
            _silent(mlp.layers[-1])
        for quality in part.lqe_embed:
            _silent(quality.reg_conf.layers[-1])
        for layer in part.decoder.layers:
            layer.cross_attn.begin()


def _silent(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def build(size: str, *, keypoints: int = 17) -> DETRPose:
    return DETRPose(SIZES[size], keypoints=keypoints)
