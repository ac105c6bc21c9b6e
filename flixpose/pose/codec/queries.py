"""A set of queries, each a keypoint or none: every keypoint is told by the query that is surest of it.

In training each keypoint is given to one query, the cheapest way (Carion et al. 2020; Li et al. 2021).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

_NONE_WEIGHT = 0.1  # of queries without a keypoint, of which there are many


def decode(logits: Tensor, xy: Tensor) -> tuple[NDArray[np.floating], NDArray[np.float32]]:
    """(N, K, 2) of the (N, queries, 2) and (N, K) scores, by (N, queries, K + 1) logits."""
    scores, chosen = logits.softmax(dim=-1)[..., :-1].max(dim=1)
    places = xy.gather(1, chosen[..., None].expand(-1, -1, 2))
    return places.numpy(), scores.numpy()


def assigned(logits: Tensor, xy: Tensor, target: Tensor, seen: Tensor, *, far: float = 5.0) -> Tensor:
    """(N, K) the query of each keypoint, the cheapest in all; -1 for keypoints that are not seen.

    Args:
        target: (N, K, 2) as xy. seen: (N, K) > 0. far: cost of a unit's distance in units of probability.
    """
    chosen = torch.full(seen.shape, -1)
    for row in range(len(seen)):
        parts = torch.nonzero(seen[row] > 0)[:, 0]
        sure = logits[row].softmax(dim=-1)[:, parts].T
        distance = (target[row, parts, None] - xy[row]).abs().sum(dim=-1)
        _, queries = linear_sum_assignment((far * distance - sure).detach().cpu().numpy())
        chosen[row, parts.cpu()] = torch.from_numpy(queries)
    return chosen


def loss(logits: Tensor, xy: Tensor, target: Tensor, seen: Tensor, *, far: float = 5.0) -> Tensor:
    """Cross-entropy of what each query is, and keypoints' distances. Arguments as of `assigned`."""
    chosen = assigned(logits, xy, target, seen, far=far)
    row, part = torch.nonzero(chosen >= 0, as_tuple=True)
    query = chosen[row, part]
    kinds = torch.full(logits.shape[:2], logits.shape[2] - 1)
    kinds[row, query] = part
    weight = torch.ones(logits.shape[2], device=logits.device)
    weight[-1] = _NONE_WEIGHT
    told = functional.cross_entropy(logits.transpose(1, 2), kinds.to(logits.device), weight)
    off = (xy[row, query] - target[row, part]).abs().sum() / max(len(row), 1)
    return told + far * off
