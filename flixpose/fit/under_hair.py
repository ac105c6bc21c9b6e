"""Skin behind loose hair, where an old top was seen through it that a new one leaves open.

Between strands a photo shows what was behind them. Where that was an old top which is painted over beside
them, it is skin now: what is painted there, or seen, goes on behind the hair.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.crumbs import old_clothes
from flixpose.fit.occluders import Occluders
from flixpose.fit.painted import Painted
from flixpose.fit.patching import distance
from flixpose.imaging.colour import linear_to_srgb, srgb_to_linear
from flixpose.imaging.fill import hang_membrane
from flixpose.structures.image import Mask

Plane = NDArray[np.float32]

_CLEAR = 13  # alpha of hair up to which none is there
_SOLID = 250  # ... and from which on there is nothing else
_ALIKE = 0.15  # of light between an old top and hair that cannot be told apart
_FEW = 25  # pixels of skin, or its colour is not known
_REACH = 24  # pixels around that lend colours, at least


def skin_under_hair(
    painted: Painted,
    person: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    kind: str,
    occluders: Occluders,
    person_mask: Mask | None,
) -> Painted:
    """Loose hair over skin where the old top was behind it and nothing new is.

    Args:
        person: (H, W, 3) sRGB, with the old clothes. seen: (H, W) how much of each pixel the
            garment covers. kind: of the garment.
    """
    hair = occluders.hair
    if hair is None or person_mask is None:
        return painted
    here = hair.window
    worn, clear = old_clothes(occluders, kind)[here] > 127, hair.share <= _CLEAR
    gone = worn & clear & (painted.left.alpha[here] < 64)
    loose = hair.changed & ~clear & (seen[here] == 0) & ~painted.background[here]
    loose &= distance(gone) < distance(clear & ~gone)
    skin = clear & (seen[here] == 0) & (person_mask.alpha[here] > 230) & ~painted.background[here]
    skin &= (~worn | gone) & (occluders.worn_lower.alpha[here] < 26)
    if not loose.any() or np.count_nonzero(skin) < _FEW:
        return painted
    painted = painted.own()
    picture = painted.picture[here]
    x, y, width, height = cv2.boundingRect(loose.view(np.uint8))
    room = max(_REACH, width, height)
    around = np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]
    photo, light = (srgb_to_linear(pixels[around]) for pixels in (person[here], picture))
    strands, before, behind = (
        hang_membrane(colours, plane[around])[loose[around]]
        for colours, plane in ((photo, hair.share >= _SOLID), (photo, worn & clear), (light, skin))
    )
    share = _share(photo[loose[around]], before, strands, hair.share[loose] * np.float32(1 / 255))
    picture[loose] = linear_to_srgb(share * strands + (1 - share) * behind)
    painted.mask.alpha[here][loose] = 255
    return painted


def _share(light: Plane, before: Plane, strands: Plane, told: Plane) -> Plane:
    """(N, 1) how much hair lies before the old top, by their light (N, 3); as told where they are alike."""
    way = strands - before
    length = np.square(way).sum(axis=1)
    found = ((light - before) * way).sum(axis=1) / np.maximum(length, 1e-6)
    return np.asarray(np.where(length > _ALIKE**2, np.clip(found, 0, 1), told)[:, None], np.float32)
