"""A coarse soft mask drawn tight on the picture's own edges.

A network's mask is made of cells many pixels wide. Near its outline each pixel is judged again by the colours
of what lies surely inside and surely outside close by (two local normal distributions, the mask as prior);
where the two look alike the mask keeps its word. A guided filter (He et al. 2013, in the fast form of He and
Sun 2015) then carries the result from a small picture to every pixel of the large one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.filters import Plane, box_mean

_BAND = 3.0  # how far, in cells, the mask's outline may be wrong
_WINDOW = 5.0  # how far, in cells, colours are collected
_NOISE = 8.0**2  # variance of a colour channel that says nothing
_LEAST_SUPPORT = 0.01  # share of a window that must be sure before its colours count
_MOST_EVIDENCE = 10.0  # log odds
_GUIDE_RADIUS = 4
_REACH = 4 * _GUIDE_RADIUS + 1  # pixels across around the outline in which the filter acts
_GUIDE_NOISE = 4.0**2
_SETTLED = 5  # pixels across; farther from the outline than half of it the judgement stands
_CONTRAST = 1.15  # a local linear fit falls a little short of 0 and 1
_STRIP = 64  # rows enlarged at once


def tighten(pixels: NDArray[np.uint8], coarse: Plane, *, cell: float) -> NDArray[np.uint8]:
    """The mask at the picture's size, its outline on the picture's edges.

    Args:
        pixels: (H, W, 3) uint8.
        coarse: (h, w) float32 in [0, 1], the mask on the same picture made smaller.
        cell: pixels of `coarse` that one cell of the network's mask covers; some 3 are enough.

    Returns:
        (H, W) uint8.
    """
    small = cv2.resize(pixels, coarse.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    judged = _judge(small, coarse, band=_BAND * cell, window=round(_WINDOW * cell))
    near = cv2.morphologyEx(judged, cv2.MORPH_GRADIENT, np.ones((_REACH, _REACH), np.uint8)) > 0.02
    slope, offset = _settled(judged, *_guided(small, judged, near))
    return _apply(pixels, slope, offset)


def _judge(picture: Plane, prior: Plane, *, band: float, window: int) -> Plane:
    """The mask's probabilities, with the pixels near its outline judged by colour."""
    sure = np.clip(_distance_to_outline(prior) / band, 0, 1) * np.abs(2 * prior - 1)
    inside, inside_support = _likelihood(picture, sure * (prior > 0.5), window)
    outside, outside_support = _likelihood(picture, sure * (prior <= 0.5), window)
    known = np.minimum(inside_support, outside_support) > _LEAST_SUPPORT
    evidence = np.clip(inside - outside, -_MOST_EVIDENCE, _MOST_EVIDENCE) * known * (1 - sure)
    p = np.clip(prior, 0.01, 0.99)
    log_odds = np.log(p / (1 - p)) + evidence
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float32)


def _distance_to_outline(prior: Plane) -> Plane:
    inside = (prior > 0.5).astype(np.uint8)
    to_outside = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    to_inside = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    return np.asarray(to_outside + to_inside, dtype=np.float32)


def _likelihood(picture: Plane, weight: Plane, window: int) -> tuple[Plane, Plane]:
    """Log likelihood of each pixel under the colours of the weighted pixels around it, and their share."""
    support = box_mean(weight, window)
    share = np.maximum(support, 1e-6)[..., None]
    weighted = picture * weight[..., None]
    mean = box_mean(weighted, window) / share
    variance = np.maximum(box_mean(picture * weighted, window) / share - mean * mean, 0) + _NOISE
    off = picture - mean
    fit = -0.5 * ((off * off / variance).sum(axis=-1) + np.log(variance.prod(axis=-1)))
    return fit, support


def _guided(guide: Plane, target: Plane, near: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """The local linear map colour → target where `near`, the target itself elsewhere: slope and offset."""
    mean_guide, mean_target = box_mean(guide, _GUIDE_RADIUS), box_mean(target, _GUIDE_RADIUS)
    products = (guide[..., :, None] * guide[..., None, :]).reshape(*target.shape, 9)
    spread = box_mean(products, _GUIDE_RADIUS)[near].reshape(-1, 3, 3)
    covariance = box_mean(guide * target[..., None], _GUIDE_RADIUS)[near]
    centre, level = mean_guide[near], mean_target[near]
    spread = spread - centre[:, :, None] * centre[:, None, :] + np.eye(3, dtype=np.float32) * _GUIDE_NOISE
    fitted = np.linalg.solve(spread, (covariance - centre * level[:, None])[..., None])[..., 0]
    slope, offset = np.zeros_like(guide), target.copy()
    slope[near], offset[near] = fitted, level - (fitted * centre).sum(axis=-1)
    return box_mean(slope, _GUIDE_RADIUS), box_mean(offset, _GUIDE_RADIUS)


def _settled(judged: Plane, slope: Plane, offset: Plane) -> tuple[Plane, Plane]:
    """The map made constant away from the outline, where a bright patch must not tear a hole."""
    reach = np.ones((_SETTLED, _SETTLED), np.uint8)
    inside, outside = cv2.erode(judged, reach), 1 - cv2.dilate(judged, reach)
    open_part = 1 - inside - outside
    return slope * open_part[..., None], offset * open_part + inside


def _apply(pixels: NDArray[np.uint8], slope: Plane, offset: Plane) -> NDArray[np.uint8]:
    """`slope`·colour + `offset`, both enlarged to the picture; strip by strip, to stay in the cache."""
    contrast = np.float32(255 * _CONTRAST)
    factors = [np.ascontiguousarray(slope[..., channel]) * contrast for channel in range(3)]
    level = (offset - np.float32(0.5)) * contrast + np.float32(127.5)
    alpha = np.empty(pixels.shape[:2], dtype=np.uint8)
    for top in range(0, len(pixels), _STRIP):
        strip = pixels[top : top + _STRIP]
        total = _enlarged(level, pixels.shape, top, len(strip))
        for factor, colour in zip(factors, cv2.split(strip), strict=True):
            part = _enlarged(factor, pixels.shape, top, len(strip))
            total += cv2.multiply(part, colour, dtype=cv2.CV_32F)
        cv2.add(total, 0.0, dst=alpha[top : top + len(strip)], dtype=cv2.CV_8U)
    return alpha


def _enlarged(plane: Plane, shape: tuple[int, ...], top: int, rows: int) -> Plane:
    """Rows `top` and after of the plane resized to `shape`."""
    sx, sy = plane.shape[1] / shape[1], plane.shape[0] / shape[0]
    back = np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, (top + 0.5) * sy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], rows)
    return np.asarray(cv2.warpAffine(plane, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
