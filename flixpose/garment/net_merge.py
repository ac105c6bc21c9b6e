"""How far the two witnesses of every landmark are trusted: the net, and the corners of the outline.

The net knows what a neckline or a dropped shoulder looks like; the outline is exact to the pixel where its
corners are plain. `net_choice` says whose place is believed.

A score says how often such a landmark is right within 2 % of the garment's longer side; the numbers that turn
what the witnesses say into scores were fitted on held-out drawn photos and travel with the weights: first
those of each witness, then, over what came out of both, a line for each of the ways in which they meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.shapes import Point

_LEAST, _MOST = 0.02, 0.97

XY = tuple[float, float]
Line = tuple[float, float]
# "both" agree; the "net" or the "outline" alone; the net "apart" from the outline, or the outline "against"
# the net; the "second" spot of the net's map.
Meeting = str


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a landmark's witnesses are to be trusted.

    Attributes:
        net: offset and slope of the net's log odds over the logit of its mass.
        outline: offset and slope of the outline's log odds over the logit of its score.
        both: log odds added where they agree.
    """

    net: Line = (0.0, 1.0)
    outline: Line = (0.0, 0.7)
    both: float = 1.0


@dataclass(frozen=True, slots=True)
class Witness:
    """What one of them says: (x, y) in pixels, and the log odds that it is right within 2 %."""

    xy: XY
    odds: float


def told(odds: float, met: Meeting, final: Mapping[Meeting, Line] | None = None) -> float:
    """The score of a place.

    Args:
        odds: log odds that it is right.
        final: per way of meeting the line from these to those that are told.
    """
    offset, slope = (final or {}).get(met, (0.0, 1.0))
    return _score(offset + slope * odds)


def odds_of(value: float, line: Line) -> float:
    """Log odds on a line over the logit of a probability."""
    offset, slope = line
    return offset + slope * logit(value)


def logit(value: float) -> float:
    value = float(np.clip(value, 1e-3, 1 - 1e-3))
    return float(np.log(value / (1 - value)))


def _probability(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))


def _score(odds: float) -> float:
    return float(np.clip(_probability(odds), _LEAST, _MOST))


def group_of(name: str) -> str:
    """Landmarks of one sort share their trust: the name without its side."""
    return "_".join(word for word in name.split("_") if word not in ("left", "right"))


def snapped(point: Point, outline: NDArray[np.floating], reach: float) -> Point:
    """Moved onto the nearest of the outline's points, (N, 2), where one lies within `reach` pixels."""
    x, y, score = point
    away = np.hypot(outline[:, 0] - x, outline[:, 1] - y)
    nearest = int(away.argmin())
    if away[nearest] > reach:
        return point
    return float(outline[nearest, 0]), float(outline[nearest, 1]), score


def final_from(values: Mapping[str, list[float]]) -> dict[Meeting, Line]:
    """From the weights' metadata: way of meeting → [offset, slope]."""
    return {str(met): (float(line[0]), float(line[1])) for met, line in values.items()}


def trust_from(values: Mapping[str, Mapping[str, list[float]]]) -> dict[str, Trust]:
    """From the weights' metadata: group → {"net": [offset, slope], "outline": [...], "both": [value]}."""
    return {
        group: Trust(
            (entry["net"][0], entry["net"][1]), (entry["outline"][0], entry["outline"][1]), entry["both"][0]
        )
        for group, entry in values.items()
    }
