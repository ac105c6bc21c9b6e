"""Parametric pose NMS (Fang et al. 2017, RMPE): drop the poses that are like a better one, and blend them in.

How alike two poses are is K + mu H: K counts keypoints that lie together, weighted by both scores; H is soft
in their distance. A pose goes where that passes `max_similarity`, or where many keypoints simply coincide.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rule:
    """The constants, as learned for COCO's 17 keypoints.

    Attributes:
        together: pixels within which K counts a keypoint.
        score_scale: of the hyperbolic tangents in K. spread: of H, in pixels.
        soft_share: mu. max_similarity: above it two poses are one.
        reach: as a share of the box's longer side: how far a keypoint may lie from its twin.
        most_reach, most_blend: pixels that bound the reach for counting twins and for blending.
        max_twins: as many coinciding keypoints make two poses one.
        min_score: the best keypoint of a pose worth keeping.
    """

    together: float = 1.0
    score_scale: float = 1.0
    spread: float = 2.65
    soft_share: float = 1.7
    max_similarity: float = 22.48
    reach: float = 0.1
    most_reach: float = 7.0
    most_blend: float = 15.0
    max_twins: int = 5
    min_score: float = 0.3


COCO = Rule()
_FAINT = np.float32(1e-5)  # in place of a score of 0, which would lose its keypoint in every blend
_MARGIN = 1.5


@dataclass(frozen=True, eq=False, slots=True)
class Survivor:
    """One pose that stays.

    Attributes:
        row: which one it was. merged: rows blended into it, its own among them.
        xy: (K, 2), scores: (K,) blended.
    """

    row: int
    merged: list[int]
    xy: Array
    scores: Array


def suppress(
    boxes: Array, xy: Array, scores: Array, *, min_area: float = 0, rule: Rule = COCO
) -> list[Survivor]:
    """The different people, the surest first.

    Args:
        boxes: (N, 4) xyxy. xy: (N, K, 2) pixels. scores: (N, K).
        min_area: of the keypoints' own box, enlarged by half, in pixels.
    """
    scores = np.where(scores == 0, _FAINT, scores)
    reach = np.float32(rule.reach) * (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    people = []
    for row, merged in _groups(xy, scores, reach, rule):
        if scores[row].max() < rule.min_score:
            continue
        blended = _blend(xy[row], xy[merged], scores[merged], min(reach[row], rule.most_blend))
        width, height = np.ptp(blended[0], axis=0)
        if blended[1].max() >= rule.min_score and _MARGIN**2 * width * height >= min_area:
            people.append(Survivor(row, merged.tolist(), *blended))
    return people


def _groups(xy: Array, scores: Array, reach: Array, rule: Rule) -> list[tuple[int, NDArray[np.intp]]]:
    """The best pose and all that are like it, then the best of the rest, and so on."""
    left, means = np.arange(len(xy)), scores.mean(axis=1)
    groups = []
    while len(left):
        best = left[means[left].argmax()]
        same = _is_same(xy[best], scores[best], xy[left], scores[left], reach[best], rule)
        same |= left == best
        groups.append((int(best), left[same]))
        left = left[~same]
    return groups


def _is_same(
    xy: Array, scores: Array, others: Array, other_scores: Array, reach: float, rule: Rule
) -> NDArray[np.bool_]:
    """(N,) whether a pose and each of the others are one person's."""
    distance = np.sqrt(np.square(others - xy).sum(axis=2))
    sure = np.tanh(scores / rule.score_scale) * np.tanh(other_scores / rule.score_scale)
    hard = np.where(distance <= rule.together, sure, 0).sum(axis=1)
    soft = np.exp(-distance / rule.spread).sum(axis=1)
    twins = (distance / min(reach, rule.most_reach) <= 1).sum(axis=1)
    return np.asarray((hard + rule.soft_share * soft > rule.max_similarity) | (twins >= rule.max_twins))


def _blend(xy: Array, others: Array, scores: Array, reach: float) -> tuple[Array, Array]:
    """Each keypoint averaged over the poses that have it near, weighted by score."""
    near = np.sqrt(np.square(others - xy).sum(axis=2)) <= reach
    weights = scores * near
    shares = weights / weights.sum(axis=0)
    return (others * shares[..., None]).sum(axis=0), (weights * shares).sum(axis=0)
