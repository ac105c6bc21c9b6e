"""Thin rims of the person that show between a garment and the background: skin of a shoulder, an old sleeve.

The garment's edge lies a few pixels within the body's there. Whatever such a rim shows, nobody expects it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.structures.image import Mask

_THIN = 0.014  # shoulder widths: half of a sliver's breadth
_HAND = 0.22  # shoulder widths around wrists and fingers: what is thin there is a finger
_OUTLINE = 25  # alpha: as far out as the person's colours are mixed with the background's
_COVERED = 230  # alpha
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
    person = cv2.dilate(person_mask.alpha[here], kernel) > _OUTLINE
    bare = person & (seen[here] < _COVERED)
    # Not at the edge of what is broad: an arm comes out of its sleeve with corners.
    wide = np.ones((3 * radius + 1, 3 * radius + 1), np.uint8)
    broad = cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_OPEN, wide)
    thin = bare & (cv2.dilate(broad, kernel) == 0) & ~_kept(body, occluders, here, bare.shape)
    beside = cv2.dilate((seen[here] > 127).astype(np.uint8), kernel) > 0
    outside = cv2.dilate((~person).astype(np.uint8), kernel) > 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8))
    long = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= _SHORTEST * (2 * radius + 1)
    for neighbour in (beside, outside):
        long &= np.bincount(labels[neighbour], minlength=count) > 0
    long[0] = False
    found[here] = np.where(long[labels], 255, 0)
    return found


def _kept(
    body: Body, occluders: Occluders, here: tuple[slice, slice], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
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
    return before > 25
