"""Armpits that hanging sleeves hide: the fork of a garment's outline then lies far below them."""

from dataclasses import replace

import numpy as np

from flixpose.fit.body import Body
from flixpose.fit.measure import GarmentFrame, Point, point
from flixpose.fit.rig import Rig
from flixpose.structures.found import Garment

_BELOW = 0.08  # torso lengths deeper than any armpit is worn


def with_armpits(
    garment: Garment, frame: GarmentFrame, body: Body, rig: Rig
) -> tuple[Garment, dict[str, Point]]:
    """The garment with such armpits moved up to where they are worn, and their forks by side.

    In a photo where the sleeves hang down beside the body, or lie on it, sleeve and body part only near the
    hem. Taken for an armpit, that fork would be drawn up to the wearer's and stretch what lies below it.

    Args:
        frame: the garment's frame, measured with the forks.
    """
    place = rig.places.get("armpit")
    if place is None or rig.limb is None:
        return garment, {}
    landmarks, forks = garment.landmarks, {}
    xy = landmarks.xy.copy()
    for side in ("left", "right"):
        name = f"armpit_{side}"
        if not landmarks.has(name):
            continue
        fork = point(garment, name)
        depth = frame.own(fork, body)[1]
        if depth > place.max_depth + _BELOW:
            up = (depth - place.max_depth) * body.torso_length / frame.scale
            xy[landmarks.skeleton.index[name]] = (fork - up * frame.down).astype(np.float32)
            forks[side] = fork
    return replace(garment, landmarks=replace(landmarks, xy=xy)), forks
