"""Object keypoint similarity (COCO) and the suppression of duplicates by it."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

_EPSILON = np.spacing(1)

SeenIn = Literal["both", "candidate"]


def similarity(
    one: Array,
    others: Array,
    area: float,
    areas: Array,
    sigmas: Array,
    *,
    min_score: float | None = None,
    seen_in: SeenIn = "both",
) -> NDArray[np.float64]:
    """(N,) OKS of a pose with others, over the mean of the two areas.

    Args:
        one: (K, 3) x, y, score. others: (N, K, 3). area, areas: in pixels.
        min_score: count only keypoints above it.
        seen_in: in both poses; "candidate" asks the other pose alone, as HRNet's evaluation does by mistake
            (it joins the two conditions with Python's `and`).
    """
    distance = np.square(others[..., :2] - one[:, :2]).sum(axis=-1, dtype=np.float64)
    extent = ((area + areas) / 2 + _EPSILON)[:, None]
    alike = np.exp(-distance / (2 * np.asarray(sigmas)) ** 2 / extent / 2)
    if min_score is None:
        return np.asarray(alike.mean(axis=1))
    counted = others[..., 2] > min_score
    if seen_in == "both":
        counted = counted & (one[:, 2] > min_score)
    return np.asarray((alike * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1))


def suppress(
    poses: Array,
    scores: Array,
    areas: Array,
    sigmas: Array,
    *,
    max_similarity: float,
    min_score: float | None = None,
    seen_in: SeenIn = "both",
) -> list[int]:
    """Rows of the poses that stay, best first: none like a better one. Arguments as of `similarity`."""
    order = np.argsort(scores)[::-1]
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        alike = similarity(
            poses[best],
            poses[order],
            areas[best],
            areas[order],
            sigmas,
            min_score=min_score,
            seen_in=seen_in,
        )
        order = order[alike <= max_similarity]
    return kept


def suppress_softly(
    poses: Array,
    scores: Array,
    areas: Array,
    sigmas: Array,
    *,
    spread: float,
    most: int = 20,
    min_score: float | None = None,
    seen_in: SeenIn = "both",
) -> list[int]:
    """Rows of the poses in the order in which they are taken, at most `most`.

    Each taken pose lowers the scores of those like it by exp(-OKS² / spread) instead of dropping them.
    """
    order = np.argsort(scores)[::-1]
    left = scores[order]
    kept: list[int] = []
    while len(order) and len(kept) < most:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        alike = similarity(
            poses[best],
            poses[order],
            areas[best],
            areas[order],
            sigmas,
            min_score=min_score,
            seen_in=seen_in,
        )
        left = left[1:] * np.exp(-(alike**2) / spread)
        again = np.argsort(left)[::-1]
        order, left = order[again], left[again]
    return kept
