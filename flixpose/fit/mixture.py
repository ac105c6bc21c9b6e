"""Mixtures of Gaussians over colours: what cloth, skin, hair and background look like in one photo."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_FEWEST = 12  # colours that make a mixture
_MOST = 3000  # that are looked at
_LEAST_SHARE = 0.03
SPREAD = (3.0, 2.0, 2.0)


@dataclass(frozen=True, eq=False)
class Mixture:
    """K Gaussians.

    Attributes:
        shares: (K,) sum 1. means: (K, 3). whiten: (K, 3, 3) so that |(c - mean) @ whiten|² is Mahalanobis'.
        scale: (K,) log of the share over the root of the covariance's determinant.
    """

    shares: Plane
    means: Plane
    whiten: Plane
    scale: Plane

    def log_density(self, colours: Plane) -> Plane:
        """(...,) of (..., 3) Lab colours: that of the likeliest Gaussian, up to one constant for all."""
        best = np.full(colours.shape[:-1], -np.inf, np.float32)
        for mean, whiten, scale in zip(self.means, self.whiten, self.scale, strict=True):
            off = (colours - mean) @ whiten
            np.maximum(best, scale - 0.5 * np.einsum("...c,...c->...", off, off), out=best)
        return best

    def without(self, other: "Mixture", *, within: float, most: float) -> "Mixture | None":
        """Those Gaussians that hold at least the share `most` or lie off all of the other's.

        Args:
            within: standard deviations of the other's that count as the same.
        """
        kept = (self.shares >= most) | (other.deviations(self.means) > within)
        return self.of(np.flatnonzero(kept)) if kept.any() else None

    def of(self, numbers: NDArray[np.intp]) -> "Mixture":
        """Those Gaussians."""
        return Mixture(self.shares[numbers], self.means[numbers], self.whiten[numbers], self.scale[numbers])

    def shaded(self, factors: tuple[float, ...]) -> "Mixture":
        """This and the same surface where less light falls on it: the same chromaticity, less luminance.

        Where the cube root of CIE Lab holds, a share of the light moves L* + 16, a* and b* alike by its root.
        """
        roots = np.cbrt(np.array((1.0, *factors), np.float32))
        black = np.array((-16.0, 0.0, 0.0), np.float32)
        means = (black + roots[:, None, None] * (self.means - black)).reshape(-1, 3).astype(np.float32)
        times = len(roots)
        whiten, scale = np.tile(self.whiten, (times, 1, 1)), np.tile(self.scale, times)
        shares = np.tile(self.shares, times) / np.float32(times)
        return Mixture(shares, means, whiten, scale)

    def deviations(self, colours: Plane) -> Plane:
        """(...,) how many standard deviations (..., 3) colours lie off the Gaussian nearest to them."""
        squares = [
            np.square((colours - mean) @ whiten).sum(axis=-1)
            for mean, whiten in zip(self.means, self.whiten, strict=True)
        ]
        return np.asarray(np.sqrt(np.min(squares, axis=0)), np.float32)


def fit_mixture(
    colours: Plane,
    *,
    count: int = 5,
    spread: tuple[float, float, float] = SPREAD,
    least: float = _LEAST_SHARE,
) -> Mixture | None:
    """The mixture of (N, 3) Lab colours by k-means; None for too few. The same colours give the same one.

    Args:
        spread: Lab units that any colour may be off. least: share of the colours that makes a Gaussian.
    """
    if len(colours) < _FEWEST:
        return None
    colours = np.ascontiguousarray(colours[:: max(1, len(colours) // _MOST)], np.float32)
    criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 12, 0.5)
    cv2.setRNGSeed(1)
    _, labels, _ = cv2.kmeans(
        colours, min(count, len(colours)), np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    labels = labels.ravel()
    kept = [k for k in range(count) if (labels == k).mean() > least]
    groups = [colours[labels == k] for k in kept]
    shares = np.array([len(group) for group in groups], np.float32)
    return _of_groups(groups, shares / shares.sum(), spread)


def _of_groups(groups: list[Plane], shares: Plane, spread: tuple[float, float, float]) -> Mixture:
    means = np.array([group.mean(axis=0) for group in groups], np.float32)
    floor = np.diag(np.square(spread))
    covariances = [np.cov(group.T, bias=True) + floor for group in groups]
    # The inverse's Cholesky factor whitens.
    whiten = np.array([np.linalg.cholesky(np.linalg.inv(covariance)) for covariance in covariances])
    dets = np.array([np.linalg.slogdet(covariance)[1] for covariance in covariances])
    scale = np.log(shares) - 0.5 * dets
    return Mixture(shares, means, whiten.astype(np.float32), scale.astype(np.float32))
