"""Hands and cuffs: a hand lies before every garment it touches, but comes out of its own sleeve."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import read_hands
from flixpose.fit.body import Body
from flixpose.fit.elbows import is_folded
from flixpose.fit.occluders import Occluders
from flixpose.fit.stack import Sheet
from flixpose.structures.found import Hand

_OTHER = {"left": "right", "right": "left"}
_TIPS = 1.7  # lengths from the wrist to the body's own points of the knuckles: to the finger tips
_FLESH = 0.12  # shoulder widths around them that are the hand, too
_BELOW_ELBOW, _FOREARM = 0.1, 0.34  # of a forearm; shoulder widths across it that are it, or its surroundings
_AROUND = 0.7  # lengths of the palm about the wrist in which a hand may be in its sleeve


def before_sleeves(occluders: Occluders, body: Body, sheets: Mapping[str, Sheet]) -> NDArray[np.uint8]:
    """(H, W) what lies before drawn sleeves: head, hair, a bag's strap, hands but in their own sleeve.

    Args:
        sheets: by name of the part, "left_sleeve" …
    """
    blank = np.zeros_like(occluders.head.alpha)
    hands = blank if occluders.hands is None else occluders.hands.alpha.copy()
    read = read_hands(body)
    zones = {side: _zone(hand, hands.shape) for side, hand in read.items()}
    for side in ("left", "right"):
        if side not in read and f"{_OTHER[side]}_sleeve" in sheets:
            guessed, zones[side] = _unread(body, side, hands.shape)
            hands = cv2.max(hands, cv2.min(occluders.arms.alpha, guessed))
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
    for side in ("left", "right"):
        if f"{side}_sleeve" in sheets and f"{side}_upper_sleeve" not in sheets:
            hands = cv2.max(hands, cv2.min(occluders.arms.alpha, _folded(body, side, hands.shape)))
    above = hands if occluders.strap is None else cv2.max(hands, occluders.strap.alpha)
    return np.asarray(cv2.max(occluders.head.alpha, above), np.uint8)


def _folded(body: Body, side: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W) around a forearm that lies before its own upper arm: it comes out of no sleeve above it."""
    where = np.zeros(shape, np.uint8)
    chain = body.limb(side, "shoulder", "elbow", "wrist")
    if is_folded(chain):
        ends = (chain[1] + _BELOW_ELBOW * (chain[2] - chain[1]), chain[2])
        start, end = (tuple(np.round(place).astype(int).tolist()) for place in ends)
        cv2.line(where, start, end, 255, max(1, round(_FOREARM * body.shoulder_width)))
    return where


def _unread(body: Body, side: str, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(H, W) where a hand that was not read may be, by the body's own points, and around its wrist."""
    where, zone = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    points = [body.joints.get(f"{side}_{name}") for name in ("wrist", "index", "pinky", "thumb")]
    wrist, *fingers = (np.array(point) for point in points if point is not None)
    if len(fingers) < 3:
        return where, zone
    tips = wrist + _TIPS * (np.array(fingers) - wrist)
    hull = cv2.convexHull(np.vstack([wrist, tips]).round().astype(np.int32))
    cv2.fillConvexPoly(where, hull, 255)
    cv2.polylines(where, [hull], True, 255, max(1, round(_FLESH * body.shoulder_width)))
    radius = max(1, round(_AROUND * float(np.linalg.norm(np.array(fingers) - wrist, axis=1).max())))
    cv2.circle(zone, (round(float(wrist[0])), round(float(wrist[1]))), radius, 255, -1)
    return where, zone


def _zone(hand: Hand, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W) not 0 around a hand's wrist: no cuff goes on to the knuckles."""
    zone = np.zeros(shape, np.uint8)
    wrist = hand.keypoints["wrist"]
    palm = float(np.hypot(*(hand.keypoints["middle_1"] - wrist)))
    centre = (round(float(wrist[0])), round(float(wrist[1])))
    cv2.circle(zone, centre, max(1, round(_AROUND * palm)), 255, -1)
    return zone
