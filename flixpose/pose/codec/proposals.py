"""Boxes as a detector would draw them around people whose box is known (Fang et al. 2017, section 3.4).

How far a detector's box lies beside the true one depends on the pose. Poses are sorted into a few kinds; each
kind has its own mixture of Gaussians of the four sides' offsets, from which boxes for training are drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST_SIDE = 1.0  # pixels
_LEAST_SPREAD = 1e-3  # of an offset, as a share of the box's side
_ROUNDS = 50


@dataclass(frozen=True, eq=False, slots=True)
class Proposals:
    """Attributes:
    kinds: (A, K, 2) poses in shares of their box, one of each kind.
    weights: (A, M), means: (A, M, 4), covariances: (A, M, 4, 4) of the offsets of x0, y0, x1, y1, in shares
        of the box's width and height.
    """

    kinds: Array
    weights: Array
    means: Array
    covariances: Array

    @classmethod
    def fit(
        cls, poses: Array, truth: Array, found: Array, *, kinds: int = 8, mixtures: int = 3, seed: int = 0
    ) -> "Proposals":
        """From people whose true box and detected one are known.

        Args:
            poses: (N, K, 2 or more) pixels; NaN where a keypoint is not known. truth, found: (N, 4) xyxy.
        """
        rng = np.random.default_rng(seed)
        shares = _shares(poses[..., :2], truth)
        centres, label = _sorted_poses(shares, min(kinds, len(poses)), rng)
        offsets = (found - truth) / np.tile(_sides(truth), 2)
        parts = []
        for kind in range(len(centres)):
            mine = offsets[label == kind]
            parts.append(_mixture(mine if len(mine) > mixtures else offsets, mixtures, rng))
        return cls(centres, *(np.stack(each) for each in zip(*parts, strict=True)))

    def draw(self, pose: Array, box: Array, rng: np.random.Generator, *, count: int = 1) -> Array:
        """(count, 4) xyxy boxes that a detector might draw around a (K, 2) pose with that (4,) true box."""
        kind = int(_distances(_shares(pose[None, :, :2], box[None]), self.kinds)[0].argmin())
        chosen = rng.choice(len(self.weights[kind]), size=count, p=self.weights[kind])
        offsets = np.stack(
            [rng.multivariate_normal(self.means[kind, m], self.covariances[kind, m]) for m in chosen]
        )
        boxes = box + offsets * np.tile(_sides(box[None]), 2)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + _LEAST_SIDE)
        return boxes


def _sides(boxes: Array) -> Array:
    return np.maximum(boxes[:, 2:] - boxes[:, :2], _LEAST_SIDE)


def _shares(poses: Array, boxes: Array) -> Array:
    return (poses - boxes[:, None, :2]) / _sides(boxes)[:, None]


def _distances(poses: Array, kinds: Array) -> Array:
    """(N, A) mean distances over the keypoints that are known of both; far where there are none."""
    far = np.linalg.norm(poses[:, None] - kinds, axis=-1)
    known = np.isfinite(far)
    total = np.where(known, far, 0).sum(axis=-1)
    return np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.inf)


def _sorted_poses(shares: Array, count: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    """k-means over what is known of each pose."""
    centres = shares[rng.choice(len(shares), count, replace=False)]
    label = np.full(len(shares), -1)
    for _ in range(_ROUNDS):
        before, label = label, _distances(shares, centres).argmin(axis=1)
        if np.array_equal(before, label):
            break
        centres = np.stack([_middle(shares[label == k], centres[k]) for k in range(count)])
    return centres, label


def _middle(poses: Array, otherwise: Array) -> Array:
    """(K, 2) the mean of what is known; `otherwise` where nothing is."""
    known = np.isfinite(poses)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, poses, 0).sum(axis=0) / np.maximum(count, 1), otherwise)


def _mixture(offsets: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Weights, means and covariances of a mixture of Gaussians, by expectation and maximisation."""
    means = offsets[rng.choice(len(offsets), count, replace=len(offsets) < count)]
    floor = _LEAST_SPREAD**2 * np.eye(offsets.shape[1])
    whole = np.cov(offsets.T) if len(offsets) > 1 else np.zeros_like(floor)
    covariances = np.repeat((whole + floor)[None], count, axis=0)
    weights = np.full(count, 1 / count)
    for _ in range(_ROUNDS):
        shares = _responsibilities(offsets, weights, means, covariances)
        total = shares.sum(axis=0) + np.finfo(float).eps
        weights = total / total.sum()
        means = shares.T @ offsets / total[:, None]
        off = offsets[:, None] - means
        covariances = np.einsum("nm,nmi,nmj->mij", shares, off, off) / total[:, None, None] + floor
    return weights, means, covariances


def _responsibilities(offsets: Array, weights: Array, means: Array, covariances: Array) -> Array:
    """(N, M) whose each offset is."""
    off = offsets[:, None] - means
    squares = np.einsum("nmi,mij,nmj->nm", off, np.linalg.inv(covariances), off)
    logs = np.log(weights) - squares / 2 - np.linalg.slogdet(covariances)[1] / 2
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
