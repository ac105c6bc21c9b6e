"""Thin rims of the person that show between a garment and the background: skin of a shoulder, an old sleeve.

The garment's edge lies a few pixels within the body's there. Whatever such a rim shows, nobody expects it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Mask

_THIN = 0.014  # shoulder widths: half of a sliver's breadth
_HAND = 0.22  # shoulder widths around wrists and fingers: what is thin there is a finger
_OUTLINE = 25  # alpha: as far out as the person's colours are mixed with the background's
_COVERED = 230  # alpha
_CLEAR, _LACE = 12, 0.45  # alpha that covers something; share of what is not solid from which on it is lace
_SHORTEST = 3  # breadths; what is shorter is a corner


def slivers(
    seen: NDArray[np.uint8], body: Body, occluders: Occluders, person_mask: Mask
) -> NDArray[np.uint8]:
    """(H, W) 255 on thin rims of the person between the garment and the background, 0 elsewhere.

    Args:
        seen: (H, W) how much of each pixel the garment covers.
    """
    found = np.zeros_like(seen)
    radius = max(1, round(_THIN * body.shoulder_width))
    x, y, width, height = cv2.boundingRect(cv2.threshold(seen, 127, 255, cv2.THRESH_BINARY)[1])
    room = 4 * radius
    here = np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]
    if not width:
        return found
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    person = cv2.threshold(cv2.dilate(person_mask.alpha[here], kernel), _OUTLINE, 255, cv2.THRESH_BINARY)[1]
    bare = cv2.min(person, cv2.threshold(seen[here], _COVERED - 1, 255, cv2.THRESH_BINARY_INV)[1])
    # Not at the edge of what is broad: an arm comes out of its sleeve with corners.
    wide = np.ones((3 * radius + 1, 3 * radius + 1), np.uint8)
    broad = cv2.dilate(cv2.morphologyEx(bare, cv2.MORPH_OPEN, wide), kernel)
    thin = cv2.bitwise_and(bare, cv2.bitwise_not(cv2.max(broad, _kept(body, occluders, here, bare.shape))))
    thin = _unveiled(seen[here], thin, 2 * radius)
    at = np.flatnonzero(thin > 0)
    if not len(at):
        return found
    beside = cv2.dilate(cv2.threshold(seen[here], 127, 255, cv2.THRESH_BINARY)[1], kernel)
    outside = cv2.dilate(cv2.bitwise_not(person), kernel)
    count, labels, stats = find_pieces(thin)
    long = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= _SHORTEST * (2 * radius + 1)
    numbers = labels.ravel()[at]
    for neighbour in (beside, outside):
        long &= np.bincount(numbers[neighbour.ravel()[at] > 0], minlength=count) > 0
    long[0] = False
    rims = np.zeros(thin.size, np.uint8)
    rims[at[long[numbers]]] = 255
    found[here] = rims.reshape(thin.shape)
    return found


def _unveiled(seen: NDArray[np.uint8], thin: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """(h, w) rims but those under lace or mesh: there what is not solid around is not clear, either."""
    veil = cv2.inRange(seen, _CLEAR, _COVERED - 1)
    if cv2.countNonZero(cv2.bitwise_and(veil, thin)) < _LACE * cv2.countNonZero(thin):
        return thin
    side = (2 * reach + 1, 2 * reach + 1)
    veiled, loose = (cv2.blur(plane, side) for plane in (veil, cv2.inRange(seen, 0, _COVERED - 1)))
    under = cv2.compare(veiled, cv2.multiply(loose, _LACE), cv2.CMP_GT)
    return np.asarray(cv2.bitwise_and(thin, cv2.bitwise_not(under)), np.uint8)


def _kept(
    body: Body, occluders: Occluders, here: tuple[slice, slice], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """What lies in front of a garment: head, hair, bare arms, and hands, read or not."""
    before = np.zeros(shape, np.uint8)
    radius, origin = round(_HAND * body.shoulder_width), np.array([here[1].start, here[0].start])
    for side in ("left", "right"):
        for name in ("wrist", "index", "pinky", "thumb"):
            if (joint := body.joints.get(f"{side}_{name}")) is not None:
                x, y = np.round(joint - origin).astype(int).tolist()
                cv2.circle(before, (x, y), radius, 255, -1)
    for mask in (occluders.head, occluders.hands, occluders.arms):
        if mask is not None:
            cv2.max(before, mask.alpha[here], before)
    return np.asarray(cv2.threshold(before, 25, 255, cv2.THRESH_BINARY)[1], np.uint8)
