"""Which of the places that are claimed for a landmark is believed.

A place may be claimed by the fullest spot of the net's map, by the map's second spot, and by a corner of the
outline. What speaks for a place is how much of the map lies on it, the outline's word, and, where a garment
has the landmark on both sides, that its left and its right mirror each other about the garment's axis. Where
a sleeve hangs beside the body, say, the net often takes the gap's lower end for the armpit; its second spot,
the outline and the other side then all speak for the upper one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from flixpose.garment.net_merge import XY, Meeting, Trust, Witness, group_of, odds_of
from flixpose.garment.shared_points import mirror_name

SAME = 0.03  # of the garment's longer side: nearer than this two claims mean the same place
_DOUBLES = 0.7  # log of how much the outline's word adds to what the net's map has at a corner
_LEAST_MASS = 0.02  # what any place of the map is worth: no net is surer than that
_LOPSIDED = 0.04  # of the longer side: so far from its mirror image a side often lies
_MIDDLE = ("neck_front", "neck_back", "hem_center")  # the outline guesses them, it has no corner there


@dataclass(frozen=True, slots=True)
class Claim:
    """A place that a landmark may have.

    Attributes:
        met: who claims it, and against whom.
        xy: pixels of the photo.
        odds: log odds that it is right within 2 %.
        weight: log of what speaks for it, to be compared with the landmark's other claims alone.
    """

    met: Meeting
    xy: XY
    odds: float
    weight: float


@dataclass(frozen=True, slots=True)
class Map:
    """What the net's map says of one landmark.

    Attributes:
        spots: its fullest place first, each with its mass; pixels of the photo.
        at_outline: the mass where the outline says that the landmark is.
        doubt: log odds that are taken off because the landmark may be hidden.
    """

    spots: Sequence[tuple[XY, float]]
    at_outline: float = 0.0
    doubt: float = 0.0


def claims(seen: Map | None, outline: Witness | None, side: float, trust: Trust, name: str) -> list[Claim]:
    """The places that are claimed for a landmark.

    Args:
        seen: None where the net is sure that there is no such landmark.
        side: the garment's longer, in pixels.
    """
    if seen is None:
        return [] if outline is None else [Claim("outline", outline.xy, outline.odds, 0.0)]
    word = 0.0 if group_of(name) in _MIDDLE else _DOUBLES
    found = [_at_spot(rank, seen, outline, side, trust, word) for rank in range(len(seen.spots))]
    if outline is not None and all(_apart(outline.xy, xy, side) > SAME for xy, _ in seen.spots):
        found.append(Claim("against", outline.xy, outline.odds - trust.both, _log(seen.at_outline) + word))
    return found


def _at_spot(rank: int, seen: Map, outline: Witness | None, side: float, trust: Trust, word: float) -> Claim:
    xy, mass = seen.spots[rank]
    odds = odds_of(mass, trust.net) - seen.doubt
    apart = np.inf if outline is None else _apart(xy, outline.xy, side)
    if outline is None or apart > SAME:
        against = "net" if outline is None else "apart"
        return Claim("second" if rank else against, xy, odds - trust.both * (outline is not None), _log(mass))
    odds = max(odds, outline.odds) + trust.both * (1 - apart / SAME)
    return Claim("second" if rank else "both", xy, odds, _log(mass) + word)


def choose(claimed: Mapping[str, Sequence[Claim]], axis: float | None, side: float) -> dict[str, Claim]:
    """Of every landmark the claim that is believed; those that nobody claims are left out.

    Args:
        axis: x of the garment's axis of symmetry, pixels; None: it has none.
    """
    chosen = {}
    for name, own in claimed.items():
        other = claimed.get(mirror_name(name), ()) if mirror_name(name) != name else ()
        if not own:
            continue
        if axis is None or not other:
            chosen[name] = max(own, key=lambda claim: claim.weight)
        else:
            best = max(product(own, other), key=lambda pair: _together(pair[0], pair[1], axis, side))
            chosen[name] = best[0]
    return chosen


def _together(one: Claim, other: Claim, axis: float, side: float) -> float:
    """What speaks for two places as left and right of one landmark."""
    lopsided = _apart(one.xy, (2 * axis - other.xy[0], other.xy[1]), side)
    return one.weight + other.weight - float(np.log1p((lopsided / _LOPSIDED) ** 2))


def _apart(one: XY, other: XY, side: float) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1])) / side


def _log(mass: float) -> float:
    return float(np.log(mass + _LEAST_MASS))
