"""Where a garment's outline folds back on itself, and a mask tends to be filled up with background."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.remembered import remembered
from flixpose.imaging.colour import srgb_to_lab
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

Polygon = NDArray[np.float64]

_WIDER = 1.25
_ABOVE_CROTCH = 0.25  # of a leg's inner edge: the fork may lie so far above its landmark
_AT_FORK = 0.012  # of a leg's inner edge: half of the wedge's breadth there
_HUES_APART, _COLOURS_APART = 3.0, 20.0  # Lab units; hues at medium lightness
_IN_CLOTH = 0.03  # of the cloth that looks like background: more is its pattern
_LIKE_PAPER = 0.5  # of the way from the cloth to the background


@remembered
def with_legs_apart(garment: Garment, product: Image) -> Garment:
    """The garment with the background between its legs taken out of its mask, also where it lies in shade.

    Cloth that has the background's colour elsewhere, too (white stripes), is let be.
    """
    wedges = _at_crotch(garment)
    if not wedges:
        return garment
    x, y, width, height = cv2.boundingRect(garment.mask.alpha)
    here = np.s_[y : y + height, x : x + width]
    alpha = garment.mask.alpha.copy()
    inside = np.zeros(alpha.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(wedges[0]).astype(np.int32)], 1)
    alpha[here] = _carved(product.pixels[here], alpha[here], inside[here] > 0)
    return replace(garment, mask=Mask(alpha))


def gap_between_legs(garment: Garment) -> NDArray[np.bool_] | None:
    """(H, W) where the background shows between the legs; None where they touch all along."""
    wedges = _at_crotch(garment)
    if not wedges:
        return None
    wedge = np.zeros(garment.mask.alpha.shape, np.uint8)
    cv2.fillPoly(wedge, [np.round(wedges[0]).astype(np.int32)], 1)
    gap = ((wedge > 0) & (garment.mask.alpha < 128)).astype(np.uint8)
    _, labels, stats = find_pieces(gap, connectivity=4)
    if len(stats) < 2:
        return None
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _carved(
    pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], wedge: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """(H, W) alpha without what hangs together with the background in the wedge and looks like it."""
    paper, cloth = alpha == 0, (alpha == 255) & ~wedge
    if min(paper.sum(), cloth.sum(), wedge.sum()) < 20:
        return alpha
    like = _like_paper(pixels, paper, cloth)
    if like is None or like[cloth].mean() > _IN_CLOTH:
        return alpha
    like = cv2.morphologyEx(
        (like & wedge | paper).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)
    )
    count, labels = cv2.connectedComponents(like, connectivity=4)
    outside = np.zeros(count, bool)
    outside[labels[paper]] = True
    outside[0] = False
    gone = outside[labels] & wedge
    # The soft rim of a gap that the mask has already is none of it.
    fresh = cv2.morphologyEx((gone & (alpha == 255)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    near = cv2.dilate(fresh, np.ones((7, 7), np.uint8)) > 0
    soft = cv2.blur(np.where(gone, 0, 255).astype(np.uint8), (3, 3))
    return np.where(wedge & near, np.minimum(alpha, soft), alpha).astype(np.uint8)


def _like_paper(
    pixels: NDArray[np.uint8], paper: NDArray[np.bool_], cloth: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """(H, W) what is nearer to the background's hue than to the cloth's, or by colour where hues are alike.

    Between legs the background lies in their shade: darker, but of the same hue. None: they are alike.
    """
    lab = srgb_to_lab(cv2.blur(pixels, (3, 3)))
    hues = lab[..., 1:] * (50 / np.maximum(lab[..., :1], 10))
    for values, least in ((hues, _HUES_APART), (lab, _COLOURS_APART)):
        own, other = (np.median(values[where], axis=0).astype(np.float32) for where in (cloth, paper))
        apart = float(np.linalg.norm(own - other))
        if apart > least:
            return np.asarray((values - own) @ (other - own) / apart**2 > _LIKE_PAPER)
    return None


def wedges_at_armpits(garment: Garment) -> list[Polygon]:
    """Between a sleeve's inner edge and the side below its armpit, pixels of the product image."""
    wedges = []
    for side in ("left", "right"):
        places = _places(garment, f"armpit_{side}", f"cuff_{side}_inner", f"hem_{side}")
        if places is None:
            continue
        pit, cuff, hem = places
        along, down = cuff - pit, hem - pit
        length = min(float(np.linalg.norm(along)), float(np.linalg.norm(down)))
        below = pit + down / max(float(np.linalg.norm(down)), 1e-9) * length
        wedge = np.array([pit, pit + along, below])
        # A little wider than the landmarks say, and past the cuff, where a mask bridges the gap.
        wedges.append(wedge.mean(axis=0) + _WIDER * (wedge - wedge.mean(axis=0)))
    return wedges


def _at_crotch(garment: Garment) -> list[Polygon]:
    """Between the inner edges of both legs, from above the fork to past the hems."""
    places = _at_legs(garment)
    if not places:
        return []
    crotch, left, right = places
    across = (left - right) / max(float(np.linalg.norm(left - right)), 1e-9)
    down = (left + right) / 2 - crotch
    half = _AT_FORK * float(np.linalg.norm(down)) * across
    top = crotch - _ABOVE_CROTCH * down
    past = (_WIDER - 1) * down
    return [np.array([top + half, left + half + past, right - half + past, top - half])]


def _at_legs(garment: Garment) -> list[Polygon]:
    return _places(garment, "crotch", "cuff_left_inner", "cuff_right_inner") or []


def _places(garment: Garment, *names: str) -> list[Polygon] | None:
    if not all(garment.landmarks.has(name) for name in names):
        return None
    return [garment.landmarks[name].astype(np.float64) for name in names]
