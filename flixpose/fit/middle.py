"""The ends of a trunk's middle line: the neckline's front and the hem's middle."""

import numpy as np

from flixpose.fit.measure import pair, point
from flixpose.fit.trunk import Fit, Points, has


def add_front_of_neck(points: Points, fit: Fit) -> None:
    """The lowest point of the front neckline keeps the garment's own drop below the neck's corners.

    On a mannequin the drop is what it is; on a flat garment, whose neck is spread, it goes with its width.
    """
    if fit.front is None:
        return
    xy = fit.front
    left, right = pair(fit.garment, "neck")
    on_left, on_right = points.of("neck_left")[0], points.of("neck_right")[0]
    chord, width = float(np.linalg.norm(left - right)), float(np.linalg.norm(on_left - on_right))
    scale = fit.frame.scale if fit.rig.keeps_shape else width / max(chord, 1e-9)
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * scale
    aside = float((xy - (left + right) / 2) @ fit.frame.left) * fit.frame.scale
    middle = (on_left + on_right) / 2
    points.add("neck_front", middle + drop * fit.body.down + aside * fit.body.across_at(0.0), xy)


def add_hem_center(points: Points, fit: Fit) -> None:
    """The middle of the hem keeps its own drop below the hem's corners and its share of the way between.

    The hem of an open coat has no middle: wherever it was read, cloth there stays where it was between them.
    """
    if not has(fit, "hem_center"):
        return
    xy = point(fit.garment, "hem_center")
    left, right = pair(fit.garment, "hem")
    drop = float((xy - (left + right) / 2) @ fit.frame.down) * fit.frame.scale
    share = float((xy - left) @ (right - left)) / max(float((right - left) @ (right - left)), 1e-9)
    on_left, on_right = points.of("hem_left")[0], points.of("hem_right")[0]
    points.add("hem_center", on_left + share * (on_right - on_left) + drop * fit.body.down, xy)
