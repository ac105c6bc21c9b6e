"""Hands in pockets: where the lower clothes begin to lie before a sleeve.

Along a forearm and on to the fingers an arm is seen, bare or in its old sleeve, until it goes into a pocket
or behind a hip: from there on the lower clothes are seen, and no hand was read. A new sleeve ends there, too.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import read_hands
from flixpose.fit.body import Body, Point
from flixpose.fit.chain import length_of, walk
from flixpose.fit.occluders import Occluders
from flixpose.fit.stack import Sheet

Bytes = NDArray[np.uint8]
Points = NDArray[np.float64]

_STEP = 0.02  # shoulder widths between places along an arm
_FROM = 0.1  # of the forearm from the elbow, where looking begins
_TIPS = 1.7  # lengths from the wrist to the body's own points of the knuckles: to the finger tips
_HAND = 0.35  # of the forearm: a hand whose points were not found
_CORE = 0.04  # shoulder widths to either side of the middle line that are looked at
_COVERED, _SEEN = 0.6, 0.5  # shares of those that are lower clothes, and arm
_BESIDE, _BARE = 0.22, 0.2  # shoulder widths to either side; of those, the share that is skin of a bare arm
_MOSTLY = 0.8  # of the places past a pocket's edge that are lower clothes
_FEWEST = 6  # places on either side of it
_BEFORE, _PAST = 0.15, 0.06  # shoulder widths about the edge, between which colour tells where it runs
_ASIDE = 0.3  # shoulder widths to either side
_SOFT = 0.008  # shoulder widths


def into_pockets(sheets: Mapping[str, Sheet], occluders: Occluders, body: Body) -> dict[str, Sheet]:
    """The sheets by name of the part, sleeves without what would lie on the pocket that their hand is in."""
    found = dict(sheets)
    read = read_hands(body)
    for side in ("left", "right"):
        sheet = found.get(f"{side}_sleeve")
        if sheet is None or sheet.box.area == 0 or side in read or not occluders.parted:
            continue
        edge = pocket_edge(body, side, occluders)
        if edge is not None:
            found[f"{side}_sleeve"] = _cut(sheet, *edge, occluders, body.shoulder_width)
    return found


def pocket_edge(body: Body, side: str, occluders: Occluders) -> tuple[Point, Point] | None:
    """Where an arm goes out of sight behind the lower clothes, and its direction there; else None."""
    path = _path(body, side)
    if path is None:
        return None
    places, tangents = walk(path, np.arange(0.0, length_of(path), _STEP * body.shoulder_width))
    normals = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    offsets = np.linspace(-_CORE, _CORE, 5) * body.shoulder_width
    around = places[:, None] + offsets[:, None] * normals[:, None]
    lower = _mean_on(occluders.worn_lower.alpha, around)
    arm = _mean_on(occluders.arms.alpha, around)
    if not _is_bare(places, normals, occluders, body.shoulder_width):
        arm = np.fmax(arm, _mean_on(occluders.worn_upper.alpha, around))
    held = np.flatnonzero(~np.isnan(lower))
    lower, arm = lower[held], arm[held]
    hidden, seen = (lower > _COVERED) & (arm < 1 - _COVERED), arm > _SEEN
    for at in np.flatnonzero(hidden):
        rest, before = hidden[at:], seen[max(0, at - 2 * _FEWEST) : at]
        if len(rest) >= _FEWEST and rest.mean() >= _MOSTLY and before.sum() >= _FEWEST:
            return places[held[at]], tangents[held[at]]
    return None


def _is_bare(places: Points, normals: Points, occluders: Occluders, unit: float) -> bool:
    """Whether skin is seen on or beside a forearm, so that no old sleeve covers it."""
    offsets = np.linspace(-_BESIDE, _BESIDE, 9) * unit
    around = places[:, None] + offsets[:, None] * normals[:, None]
    skin = _mean_on(occluders.arms.alpha, around)
    return int((skin > _BARE).sum()) >= _FEWEST


def _path(body: Body, side: str) -> Points | None:
    """From below the elbow through the wrist to where the finger tips would be."""
    chain = body.limb(side, "elbow", "wrist")
    if len(chain) < 2:
        return None
    elbow, wrist = chain
    fingers = [body.joints.get(f"{side}_{name}") for name in ("index", "pinky", "thumb")]
    points = [point for point in fingers if point is not None]
    hand = _TIPS * (np.mean(points, axis=0) - wrist) if points else _HAND * (wrist - elbow)
    return np.array([elbow + _FROM * (wrist - elbow), wrist, wrist + hand])


def _mean_on(alpha: Bytes, places: Points) -> Points:
    """(K,) a mask's mean over (K, J, 2) places, in [0, 1]; NaN where any lies off the photo."""
    x, y = np.floor(places).astype(int).transpose(2, 0, 1)
    within = ((x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])).all(axis=1)
    means = np.full(len(places), np.nan)
    means[within] = alpha[y[within], x[within]].mean(axis=1) / 255
    return means


def _cut(sheet: Sheet, edge: Point, along: Point, occluders: Occluders, unit: float) -> Sheet:
    """A sleeve's sheet without what lies past the edge: there by colour, further on altogether."""
    origin, size = np.array([sheet.box.x0, sheet.box.y0]), sheet.patch.shape[:2]
    here = np.s_[int(origin[1]) : int(origin[1]) + size[0], int(origin[0]) : int(origin[0]) + size[1]]
    near = _past(edge - origin - _BEFORE * unit * along, along, unit, size)
    free = cv2.bitwise_not(cv2.max(occluders.arms.alpha[here], occluders.worn_upper.alpha[here]))
    gone = cv2.min(near, cv2.min(occluders.worn_lower.alpha[here], free))
    gone = cv2.max(gone, _past(edge - origin + _PAST * unit * along, along, unit, size))
    kept = cv2.merge([cv2.bitwise_not(gone)] * 4)
    return Sheet(np.asarray(cv2.multiply(sheet.patch, kept, scale=1 / 255), np.uint8), sheet.box)


def _past(start: Point, along: Point, unit: float, size: tuple[int, int]) -> Bytes:
    """(h, w) 255 from a place on in a direction, with a soft edge."""
    across, far = np.array([-along[1], along[0]]) * _ASIDE * unit, along * 2 * unit
    corners = np.array([start - across, start + across, start + across + far, start - across + far])
    zone = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(zone, np.round(corners).astype(np.int32), 255)
    return np.asarray(cv2.GaussianBlur(zone, (0, 0), max(0.5, _SOFT * unit)), np.uint8)
