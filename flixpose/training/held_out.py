"""Accuracy on drawn samples that are never trained on."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from flixpose.garment.net import GarmentNet
from flixpose.garment.net_codec import decode
from flixpose.training.batches import Batch, plain_batch
from flixpose.training.recipe import Recipe
from flixpose.training.samples import HELD_OUT, Samples, draw_many, studio

_BATCH = 32


class HeldOut:
    """The held-out samples of a recipe, drawn when first asked for; `count`: fewer of them."""

    def __init__(self, recipe: Recipe, count: int | None = None) -> None:
        self._count = min(count or recipe.data.held_out, recipe.data.held_out)
        self._side = recipe.stages[-1].drawn or recipe.data.side

    @cached_property
    def samples(self) -> Samples:
        seeds = range(HELD_OUT, HELD_OUT + self._count)
        return draw_many(studio(), seeds, self._side)

    def batches(self, side: int) -> Iterator[Batch]:
        """All of them, undisturbed, at a side of `side` pixels."""
        for start in range(0, len(self.samples), _BATCH):
            rows = range(start, min(start + _BATCH, len(self.samples)))
            yield plain_batch(self.samples, list(rows), side)


@torch.inference_mode()
def test(net: GarmentNet, batches: Iterable[Batch]) -> dict[str, float]:
    """PCK and NME of visible points (in longer sides of the true points' box), kind, view, mask IoU."""
    net.eval()
    errors, kinds, views, overlaps = [], [], [], []
    device = next(net.parameters()).device
    for batch in batches:
        batch = batch.to(device)
        with torch.autocast(device.type, torch.bfloat16):
            answers = net(batch.pictures)
        errors.append(_errors(answers.heat, batch).cpu())
        kinds.append((answers.kind.argmax(dim=1) == batch.kind).cpu())
        views.append(((answers.view > 0) == (batch.back > 0)).cpu())
        overlaps.append(_overlap(answers.mask > 0, batch.masks > 0.5).cpu())
    error = np.concatenate([part.numpy() for part in errors])
    return {
        "pck05": float((error < 0.05).mean()),
        "pck02": float((error < 0.02).mean()),
        "nme": float(error.mean()),
        "kind": float(torch.cat(kinds).float().mean()),
        "view": float(torch.cat(views).float().mean()),
        "iou": float(torch.cat(overlaps).mean()),
    }


def _errors(heat: Tensor, batch: Batch) -> Tensor:
    places, _ = decode(heat)
    distance = (places - batch.xy).norm(dim=-1)
    seen = batch.visibility == 2
    there = batch.visibility > 0
    far = torch.finfo(torch.float32).max
    high = torch.where(there[..., None], batch.xy, -far).amax(dim=1)
    low = torch.where(there[..., None], batch.xy, far).amin(dim=1)
    side = (high - low).amax(dim=-1)
    return (distance / side[:, None])[seen]


def _overlap(one: Tensor, other: Tensor) -> Tensor:
    both, either = (one & other).sum(dim=(1, 2)), (one | other).sum(dim=(1, 2))
    return both / either.clamp(min=1)
