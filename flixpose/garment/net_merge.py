"""One answer from two witnesses of every landmark: the net, and the corners of the outline.

The net knows what a neckline or a dropped shoulder looks like; the outline is exact to the pixel where its
corners are plain. Where both say the same within a small distance each confirms the other and the answer lies
between them; where they differ the surer one is believed.

A score says how often such a landmark is right within 2 % of the garment's longer side; the numbers that turn
what the witnesses say into scores were fitted on held-out drawn photos and travel with the weights: first
those of each witness, then, over what came out of both, a line for each of the four ways in which they meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.shapes import Point

SAME = 0.02  # of the garment's longer side: nearer than this both witnesses mean the same place
_LEAST, _MOST = 0.02, 0.97

XY = NDArray[np.floating]
Line = tuple[float, float]
Meeting = str  # "both" agree, they are "apart", or there is the "net" or the "outline" alone


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

    xy: tuple[float, float]
    odds: float


def merge(
    net: Witness | None,
    outline: Witness | None,
    side: float,
    both: float,
    final: Mapping[Meeting, Line] | None = None,
) -> Point | None:
    """The landmark's place and score; None where nobody has seen it.

    Args:
        side: the garment's, in pixels.
        both: log odds that agreement adds.
        final: per way of meeting the line from the log odds so far to those that are told.
    """
    joined = join(net, outline, side, both)
    if joined is None:
        return None
    met, xy, odds = joined
    offset, slope = (final or {}).get(met, (0.0, 1.0))
    return *xy, _score(offset + slope * odds)


def join(
    net: Witness | None, outline: Witness | None, side: float, both: float
) -> tuple[Meeting, tuple[float, float], float] | None:
    """How the witnesses meet, the place, and the log odds that it is right."""
    if net is None or outline is None:
        only = net or outline
        return None if only is None else ("net" if net else "outline", only.xy, only.odds)
    apart = float(np.hypot(net.xy[0] - outline.xy[0], net.xy[1] - outline.xy[1])) / side
    if apart > SAME:
        surer = max(net, outline, key=lambda witness: witness.odds)
        return "apart", surer.xy, surer.odds - both
    p, q = _probability(net.odds), _probability(outline.odds)
    share = p / (p + q)
    x, y = (share * a + (1 - share) * b for a, b in zip(net.xy, outline.xy, strict=True))
    return "both", (x, y), max(net.odds, outline.odds) + both * (1 - apart / SAME)


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


def snapped(point: Point, outline: XY, reach: float) -> Point:
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
