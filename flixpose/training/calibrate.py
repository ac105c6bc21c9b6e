"""Fits how far each witness of a landmark is to be trusted, on drawn photos that training never saw."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.garment.net_merge import Line, group_of, logit

RIGHT_WITHIN = 0.02  # of the garment's longer side
_RIDGE = 2.0  # pseudo-observations that pull a line towards the usual one
_ROUNDS = 30
_USUAL = {"net": (0.0, 1.0), "outline": (0.0, 0.7)}


@dataclass(frozen=True, slots=True)
class Case:
    """What both witnesses said of one visible landmark, and whether they were right within 2 %.

    Attributes:
        net, outline: the net's mass and the outline's score; None where it said nothing.
        apart: distance between the two, in longer sides.
    """

    name: str
    net: float | None
    net_right: bool
    outline: float | None
    outline_right: bool
    apart: float


def fit_trust(cases: Iterable[Case], same: float) -> dict[str, dict[str, list[float]]]:
    """Group → lines and bonus, as `net_merge.trust_from` reads them; `same`: agreement distance."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[group_of(case.name)].append(case)
    return {group: _fit_group(members, same) for group, members in sorted(groups.items())}


def _fit_group(cases: list[Case], same: float) -> dict[str, list[float]]:
    net = fit_line([(c.net, c.net_right) for c in cases if c.net is not None], _USUAL["net"])
    outline = fit_line(
        [(c.outline, c.outline_right) for c in cases if c.outline is not None], _USUAL["outline"]
    )
    return {"net": list(net), "outline": list(outline), "both": [_bonus(cases, net, same)]}


def fit_final(seen: Iterable[tuple[str, float, bool]]) -> dict[str, list[float]]:
    """Way of meeting → line, as `net_merge.final_from` reads it; `seen`: way, log odds, whether right."""
    ways: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for way, odds, right in seen:
        ways[way].append((odds, right))
    return {way: list(fit_odds(members, (0.0, 1.0))) for way, members in sorted(ways.items())}


def fit_line(seen: list[tuple[float, bool]], usual: Line) -> Line:
    """Offset and slope of the log odds of being right over the logit of a value; ridge towards `usual`."""
    return fit_odds([(logit(value), right) for value, right in seen], usual)


def fit_odds(seen: list[tuple[float, bool]], usual: Line) -> Line:
    """The same over log odds."""
    if not seen:
        return usual
    x = np.stack([np.ones(len(seen)), [odds for odds, _ in seen]], axis=1)
    y = np.array([right for _, right in seen], float)
    w = np.array(usual)
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -20, 20)))
        gradient = x.T @ (y - p) - _RIDGE * (w - usual)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(2)
        w = w + np.linalg.solve(curvature, gradient)
    return float(w[0]), float(w[1])


def _bonus(cases: list[Case], net: Line, same: float) -> float:
    """Log odds that agreement adds to the net's own word."""
    agreeing = [c for c in cases if c.net is not None and c.outline is not None and c.apart <= same / 2]
    if len(agreeing) < 10:
        return 1.0
    expected = _mean_odds([net[0] + net[1] * logit(c.net) for c in agreeing if c.net is not None])
    share = (sum(c.net_right for c in agreeing) + 1) / (len(agreeing) + 2)
    return float(np.clip(logit(share) - expected, 0.0, 3.0))


def _mean_odds(odds: list[float]) -> float:
    p: NDArray[np.float64] = 1 / (1 + np.exp(-np.array(odds)))
    return logit(float(p.mean()))
