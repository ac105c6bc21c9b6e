"""Hands and cuffs: a hand lies before every garment it touches, but comes out of its own sleeve."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import READ_HAND
from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.stack import Sheet
from flixpose.structures.found import Hand

_AROUND = 0.7  # lengths of the palm about the wrist in which a hand may be in its sleeve


def before_sleeves(occluders: Occluders, body: Body, sheets: Mapping[str, Sheet]) -> NDArray[np.uint8]:
    """(H, W) what lies before drawn sleeves: head, hair, and hands but where they are in their own sleeve.

    Args:
        sheets: by name of the part, "left_sleeve" …
    """
    if occluders.hands is None:
        return occluders.head.alpha
    hands = occluders.hands.alpha.copy()
    zones = {hand.side: _zone(hand, hands.shape) for hand in body.hands if hand.score >= READ_HAND}
    for side, zone in zones.items():
        sheet = sheets.get(f"{side}_sleeve")
        if sheet is None or sheet.box.area == 0:
            continue
        here = np.s_[int(sheet.box.y0) : int(sheet.box.y1), int(sheet.box.x0) : int(sheet.box.x1)]
        own = zone[here] > 0
        for other in (zones[name] for name in zones if name != side):
            own &= other[here] == 0  # hands that touch: either may lie on the other's sleeve
        free = cv2.bitwise_not(cv2.extractChannel(sheet.patch, 3))
        hands[here] = np.where(own, np.minimum(hands[here], free), hands[here])
    return np.asarray(cv2.max(occluders.head.alpha, hands), np.uint8)


def _zone(hand: Hand, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W) not 0 around a hand's wrist: no cuff goes on to the knuckles."""
    zone = np.zeros(shape, np.uint8)
    wrist = hand.keypoints["wrist"]
    palm = float(np.hypot(*(hand.keypoints["middle_1"] - wrist)))
    centre = (round(float(wrist[0])), round(float(wrist[1])))
    cv2.circle(zone, centre, max(1, round(_AROUND * palm)), 255, -1)
    return zone
