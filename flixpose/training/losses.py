"""What the garment net is told it did wrong."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from flixpose.garment.net import STRIDE, Answers
from flixpose.garment.net_merge import group_of
from flixpose.garment.shared_points import POINTS
from flixpose.training.batches import Batch
from flixpose.training.recipe import Balance
from flixpose.training.samples import UNKNOWN

_SPREAD = 1.0  # of the target's bump, in cells of the heat map
_OCCLUDED = 0.4  # weight of a point that is only guessed
_SMOOTHING = 0.05


def losses(answers: Answers, batch: Batch, emphasis: Tensor | None = None) -> dict[str, Tensor]:
    """Each loss by its name in `Balance`; a picture without one whole garment teaches mask and wholeness.

    Args:
        emphasis: (points,) what each landmark's heat and place weigh; 1 where nothing is said.
    """
    whole = batch.whole
    visible = torch.where(batch.visibility == 2, 1.0, (batch.visibility == 1) * _OCCLUDED)
    weight = visible * whole[:, None]
    if emphasis is not None:
        weight = weight * emphasis.to(weight.device)
    kind = functional.cross_entropy(answers.kind, batch.kind, reduction="none", label_smoothing=_SMOOTHING)
    view = functional.binary_cross_entropy_with_logits(answers.view, batch.back, reduction="none")
    seen = functional.cross_entropy(
        answers.visibility.transpose(1, 2), batch.visibility, reduction="none", ignore_index=UNKNOWN
    )
    return {
        "heat": _mean(_heat(answers.heat, batch.xy), weight),
        "point": _mean(_distance(answers.heat, batch.xy), weight),
        "mask": _mean(_mask(answers.mask, batch.masks), batch.masked),
        "kind": _mean(kind, whole),
        "view": _mean(view, whole),
        "visibility": _mean(seen.mean(dim=1), whole),
        "whole": functional.binary_cross_entropy_with_logits(answers.whole, whole),
    }


def emphasised(by_group: Mapping[str, float]) -> Tensor:
    """(points,) what each landmark weighs, from the weights of groups."""
    return torch.tensor([by_group.get(group_of(name), 1.0) for name in POINTS])


def total(parts: dict[str, Tensor], balance: Balance) -> Tensor:
    return torch.stack([getattr(balance, name) * value for name, value in parts.items()]).sum()


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)


def _axes(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Centres of the cells in pixels of the picture: x of the columns, y of the rows."""
    rows, columns = heat.shape[-2:]
    x = (torch.arange(columns, device=heat.device, dtype=torch.float32) + 0.5) * STRIDE
    y = (torch.arange(rows, device=heat.device, dtype=torch.float32) + 0.5) * STRIDE
    return x, y


def _heat(heat: Tensor, xy: Tensor) -> Tensor:
    """(B, points) cross-entropy with a bump centred on the point."""
    x, y = _axes(heat)
    spread = _SPREAD * STRIDE
    along_x = torch.softmax(-((x - xy[..., :1]) ** 2) / (2 * spread**2), dim=-1)
    along_y = torch.softmax(-((y - xy[..., 1:]) ** 2) / (2 * spread**2), dim=-1)
    logs = heat.flatten(2).log_softmax(dim=-1).unflatten(2, heat.shape[-2:])
    return -torch.einsum("bpyx,bpy,bpx->bp", logs, along_y, along_x)


def _distance(heat: Tensor, xy: Tensor) -> Tensor:
    """(B, points) distance of the map's mean from the point, in cells, linear beyond one."""
    x, y = _axes(heat)
    p = heat.flatten(2).softmax(dim=-1).unflatten(2, heat.shape[-2:])
    mean = torch.stack([(p.sum(dim=2) * x).sum(dim=-1), (p.sum(dim=3) * y).sum(dim=-1)], dim=-1)
    return functional.smooth_l1_loss(mean / STRIDE, xy / STRIDE, reduction="none").sum(dim=-1)


def _mask(logits: Tensor, masks: Tensor) -> Tensor:
    """(B,) cross-entropy and dice."""
    p = logits.sigmoid()
    overlap = (p * masks).sum(dim=(1, 2)) + 1
    dice = 1 - 2 * overlap / (p.sum(dim=(1, 2)) + masks.sum(dim=(1, 2)) + 2)
    return functional.binary_cross_entropy_with_logits(logits, masks, reduction="none").mean((1, 2)) + dice
