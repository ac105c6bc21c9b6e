"""The edge of a cut-out: its own colour instead of the old background's, and how much of that is left.

A photo's edge pixels are mixtures. Before a new background the old one's share shows as a rim, so it is taken
out: first from the soft edge, then from the pixels just inside that still lean towards the old background.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.filters import Plane
from flixpose.imaging.pieces import numbers_met

_SOFT = 3  # pixels: how wide a cut-out's soft edge may be; what is softer further inside is thin cloth
_DEEP = 0.0035  # of the cut-out's longer side: how far inside the outline the old background may reach
_INNER = 2.5  # how many depths further in the cloth's own colour is looked for
_LEAN = 0.06  # share of old background below which a pixel is the cloth's own
_MOST = 0.85
_TOLD_APART = 60.0  # of 255: cloth nearer to its background is never carved
_LEAST_CONTRAST = 24.0  # of 255: cloth nearer to its background than this has no visible rim


def decontaminate(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with the old background's colour taken out along the cut-out's outline.

    Args:
        pixels: (H, W, 3) sRGB. alpha: (H, W) of the cut-out, 255 = solid.

    Returns:
        (H, W, 3) new; unchanged further inside than the rim, and outside the cut-out.
    """
    result = pixels.copy()
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return result
    depth = max(1.5, _DEEP * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    room = int(4 * depth) + 4
    box = np.s_[max(0, rows[0] - room) : rows[-1] + room, max(0, columns[0] - room) : columns[-1] + room]
    inside = (alpha[box] > 0).astype(np.uint8)
    inward = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    rim = (inward > 0) & (inward <= depth + _SOFT)
    result[box][rim] = _cleaned(pixels[box], alpha[box], inward, rim, depth)
    return result


def _cleaned(
    pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], inward: Plane, rim: NDArray[np.bool_], depth: float
) -> NDArray[np.uint8]:
    """(N, 3) the rim's pixels without what they hold of the background."""
    start = depth + _SOFT
    own = (inward > start) & (inward <= start + _INNER * depth + 2) & (alpha == 255)
    cloth, sure = _mean_near(pixels, own, rim, round(2 * depth) + _SOFT)
    paper, beside = _mean_near(pixels, alpha == 0, rim, round(2 * depth) + _SOFT)
    here = pixels[rim].astype(np.float32)
    towards = paper - cloth
    contrast = (towards * towards).sum(axis=1)
    share = ((here - cloth) * towards).sum(axis=1) / np.maximum(contrast, 1.0)
    share = np.clip(share, 0, _MOST)
    told = sure & beside & (contrast > _LEAST_CONTRAST**2) & (share > _LEAN)
    cleaned = np.where(told[:, None], here - share[:, None] * towards, here)
    # A soft edge holds too little of the cloth to tell its own colour from it.
    thin = (alpha[rim] < 250) & (inward[rim] <= _SOFT) & sure
    cleaned[thin] = cloth[thin]
    return np.clip(np.rint(cleaned), 0, 255).astype(np.uint8)


def _mean_near(
    pixels: NDArray[np.uint8], where: NDArray[np.bool_], wanted: NDArray[np.bool_], radius: int
) -> tuple[Plane, NDArray[np.bool_]]:
    """(N, 3) mean colour of the pixels `where`, near each wanted pixel; (N,) whether there are any."""
    share, spots = where.astype(np.uint8), np.flatnonzero(wanted)
    held = cv2.copyTo(pixels, share)
    found = np.zeros((len(spots), 3), np.float32)
    sure = np.zeros(len(found), bool)
    for reach in (radius, 3 * radius, 9 * radius):
        if sure.all():
            break
        side = (2 * reach + 1, 2 * reach + 1)
        count, total = (
            cv2.boxFilter(plane, cv2.CV_32F, side, normalize=False, borderType=cv2.BORDER_CONSTANT)
            for plane in (share, held)
        )
        count, total = count.ravel()[spots], total.reshape(-1, 3)[spots]
        fresh = ~sure & (count > 2)
        found[fresh] = total[fresh] / count[fresh, None]
        sure |= fresh
    return found, sure


def carve(
    pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], wedges: Sequence[NDArray[np.float64]]
) -> NDArray[np.uint8]:
    """The cut-out with the background gone that was taken in where its outline folds back on itself.

    In a wedge between two limbs a mask tends to be filled up. There, what has the background's colour and
    hangs together with it is the background; cloth of nearly the same colour is let be.

    Args:
        wedges: (K, 2) polygons in pixels within which background may be taken in.

    Returns:
        (H, W) uint8, nowhere more than `alpha`.
    """
    result = alpha.copy()
    for wedge in wedges:
        (x0, y0), (x1, y1) = np.floor(wedge.min(axis=0)).astype(int), np.ceil(wedge.max(axis=0)).astype(int)
        room = max(6, round(0.5 * max(x1 - x0, y1 - y0)))
        box = np.s_[max(0, y0 - room) : y1 + room, max(0, x0 - room) : x1 + room]
        inside = np.zeros(alpha[box].shape, np.uint8)
        if not inside.size:
            continue
        corner = np.array([box[1].start, box[0].start])
        cv2.fillPoly(inside, [np.round(wedge - corner).astype(np.int32)], 1)
        result[box] = np.minimum(result[box], _carved(pixels[box], alpha[box], inside > 0))
    return result


def _carved(
    pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], wedge: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    paper_here, cloth_here = alpha == 0, (alpha == 255) & ~wedge
    if min(np.count_nonzero(where) for where in (paper_here, cloth_here, wedge)) < 20:
        return alpha
    paper, cloth = (_typical(pixels, where) for where in (paper_here, cloth_here))
    towards = paper - cloth
    contrast = float(towards @ towards)
    if contrast < _TOLD_APART**2:
        return alpha
    spots = np.flatnonzero(wedge)
    away = pixels.reshape(-1, 3)[spots] - cloth
    along = away @ (towards / contrast)
    off_squared = np.einsum("nc,nc->n", away, away) - along * along * contrast
    like_paper = np.zeros(wedge.shape, bool)
    like_paper.ravel()[spots] = (along > 0.55) & (off_squared < 0.25**2 * contrast)
    count, labels = cv2.connectedComponents((like_paper | paper_here).view(np.uint8), connectivity=4)
    outside = np.zeros(count, bool)
    outside[numbers_met(labels, paper_here)] = True
    gone = np.zeros(wedge.shape, np.uint8)
    gone.ravel()[spots] = like_paper.ravel()[spots] & outside[labels.ravel()[spots]]
    # The wedge's own soft edge: as much of the cloth as there is.
    near = cv2.dilate(gone, np.ones((5, 5), np.uint8)).ravel()[spots] > 0
    kept = np.clip((0.9 - along[near].astype(np.float32)) / 0.75, 0, 1)
    carved, spots = alpha.copy(), spots[near]
    carved.ravel()[spots] = np.minimum(alpha.ravel()[spots], np.rint(255 * kept))
    return carved


def _typical(pixels: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(3,) median colour there, of some thousands of pixels where there are more."""
    there = np.flatnonzero(where)
    some = there[:: max(1, len(there) // 8192)]
    return np.asarray(np.median(pixels.reshape(-1, 3)[some], axis=0), np.float32)
