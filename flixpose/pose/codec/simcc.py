"""SimCC (Li et al. 2022): a keypoint as two classifications, of its column and of its row."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def decode(x: Array, y: Array, *, split: float = 2.0) -> tuple[Array, Array]:
    """Where both are highest.

    Args:
        x, y: (..., K, columns × split), (..., K, rows × split).

    Returns:
        (..., K, 2) in pixels of the net's picture, (-1, -1) / split where a keypoint is nowhere, and (..., K)
        scores: the lesser of the two heights, not bounded to 1.
    """
    scores = np.minimum(x.max(axis=-1), y.max(axis=-1))
    bins = np.stack([x.argmax(axis=-1), y.argmax(axis=-1)], axis=-1).astype(np.float32)
    xy = np.where(scores[..., None] > 0, bins, np.float32(-1)) / np.float32(split)
    return xy.astype(np.float32), scores


def encode(
    xy: Array, size: tuple[int, int], *, split: float = 2.0, sigma: tuple[float, float]
) -> tuple[Array, Array]:
    """(K, bins) each: Gaussians over the bins around (K, 2) pixels of a (width, height) picture, sum 1."""
    return tuple(  # type: ignore[return-value]
        _bump(xy[:, axis] * split, round(size[axis] * split), sigma[axis]) for axis in (0, 1)
    )


def _bump(at: Array, count: int, sigma: float) -> Array:
    values = np.exp(-0.5 * ((np.arange(count) - at[:, None]) / sigma) ** 2)
    return np.asarray(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)
