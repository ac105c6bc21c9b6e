"""How well a curve lies on the front edge of a neck opening, and drawing it onto that edge.

Curves are (C, M) or (M,) places in the frame of `NeckView`.
"""

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.neck_view import Floats, NeckView, Plane

_ENDS = 3  # segments at either end where an edge may be the outline's
_WEAKEST = 0.6  # weight of the weakest third: a label or a print meets only a part of the curve
_DARK_FRONT = 0.7  # the front is nearly always lighter than the inside, which lies in its shade
_CLEARLY = 0.3
_BEYOND, _BEFORE = (0.05, 0.10, 0.15), (0.05, 0.09)  # widths from the curve where cloth is compared
_SIDES = 5  # segments at either end that tell nothing of what lies beside them

_STEPS, _STEP = 10, 0.006  # to either side, in widths, that the curve is drawn to an edge;
_SHALLOW, _MOST = 0.6, 2.0  # wider for deeper necklines than this, up to so many times
_STIFF, _FASTEST = 0.15, 3  # what a change from one place to the next costs, and the largest, in steps
_FAR = 2.0  # what the furthest way costs
_IMPOSSIBLE = 1e6


def edge_strength(view: NeckView, u: Floats, v: Floats) -> Floats:
    """(C,) in [0, 1]: how much of each curve lies on an edge whose sides differ alike all along it."""
    (middle_u, middle_v), (across_u, across_v), length = _segments(u, v)
    rows, columns = view.pixels(middle_u, middle_v)
    best = np.zeros(len(u))
    for slope, whole, worth in view.edges():
        here = slope[rows, columns]
        step = here[..., 0] * across_u[..., None] + here[..., 1] * across_v[..., None]
        step /= np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), whole)
        step, weight = step[:, _ENDS:-_ENDS], length[:, _ENDS:-_ENDS, None]
        thirds = [_mean(*pair) for pair in zip(_thirds(step), _thirds(weight), strict=True)]
        all_along = np.linalg.norm(_mean(step, weight), axis=-1)
        weakest = np.min([np.linalg.norm(third, axis=-1) for third in thirds], axis=0)
        value = (1 - _WEAKEST) * all_along + _WEAKEST * weakest
        darker = _mean(step, weight)[:, 0] < -_CLEARLY * value
        best = np.maximum(best, worth * np.where(darker, _DARK_FRONT * value, value))
    return best


def parting(view: NeckView, u: Floats, v: Floats) -> Floats:
    """(C,) in [-1, 1]: how much less like the front's cloth it is before each curve than beyond it."""
    (middle_u, middle_v), (across_u, across_v), _ = _segments(u, v)

    def at(off: float) -> tuple[Plane, NDArray[np.uint8]]:
        place = view.pixels(middle_u + off * across_u, middle_v + off * across_v)
        return view.unlike_front[place], view.inside[place]

    before = [at(-off) for off in _BEFORE]
    cloth = np.maximum(np.sum([inside for _, inside in before], axis=0), 1)
    unlike = np.sum([off * inside for off, inside in before], axis=0) / cloth
    beyond = np.mean([off * inside for off, inside in map(at, _BEYOND)], axis=0)
    gain = (unlike - beyond)[:, _SIDES:-_SIDES]
    weakest = np.min([part.mean(axis=1) for part in _thirds(gain)], axis=0)
    return np.asarray(0.5 * gain.mean(axis=1) + 0.5 * weakest, np.float64)


def drawn_to_edge(view: NeckView, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """One curve, moved across itself onto the edge that it follows; its ends stay.

    The cheapest way through all places (dynamic programming): edges of the curve's own kind pull, changes of
    direction and distance cost.
    """
    (slope, whole), coarse = view.fine_and_coarse()
    along_u, along_v = np.gradient(u), np.gradient(v)
    length = np.maximum(np.hypot(along_u, along_v), 1e-9)
    across_u, across_v = -along_v / length, along_u / length
    step = _STEP * float(np.clip(np.ptp(v) / _SHALLOW, 1.0, _MOST))
    off = step * np.arange(-_STEPS, _STEPS + 1)
    place = view.pixels(u[:, None] + across_u[:, None] * off, v[:, None] + across_v[:, None] * off)

    def across(slopes: Plane) -> Plane:
        here = slopes[place]
        step = here[..., 0] * across_u[:, None, None] + here[..., 1] * across_v[:, None, None]
        return np.asarray(step, np.float32)

    own = _smooth(across(coarse).mean(axis=1), 4)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-6)
    pull = (across(slope) * own[:, None]).sum(axis=-1)
    pull = np.clip(pull / np.maximum(pull.max(axis=1, keepdims=True), whole), -0.5, 1)
    cost = _FAR * np.square(off / off[-1]) - pull
    cost[[0, -1]] = np.where(off == 0, 0, _IMPOSSIBLE)
    moved = off[_cheapest(cost)]
    moved[1:-1] = _smooth(moved[:, None], 2)[1:-1, 0]
    return u + across_u * moved, v + across_v * moved


def _cheapest(cost: Floats) -> NDArray[np.intp]:
    """(M,) one column a row, for the least sum of costs and of changes from row to row."""
    columns = np.arange(cost.shape[1])
    change = np.abs(columns[:, None] - columns)
    price = np.where(change > _FASTEST, _IMPOSSIBLE, _STIFF * np.square(change))
    total, came = cost[0], []
    for row in cost[1:]:
        ways = total[:, None] + price
        came.append(ways.argmin(axis=0))
        total = ways.min(axis=0) + row
    path = [int(total.argmin())]
    for origin in reversed(came):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def _segments(u: Floats, v: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
    """Middles, unit normals (downwards where the curve runs to the wearer's right), and lengths."""
    along_u, along_v = np.diff(u), np.diff(v)
    length = np.maximum(np.hypot(along_u, along_v), 1e-9)
    middle = (u[:, 1:] + u[:, :-1]) / 2, (v[:, 1:] + v[:, :-1]) / 2
    return middle, (-along_v / length, along_u / length), length


def _thirds(values: Floats) -> list[Floats]:
    return np.array_split(values, 3, axis=1)


def _mean(values: Floats, weights: Floats) -> Floats:
    return np.asarray((values * weights).sum(axis=1) / weights.sum(axis=1), np.float64)


def _smooth(values: Plane, radius: int) -> Plane:
    """Means along the first axis."""
    padded = np.pad(values, ((radius, radius), (0, 0)), mode="edge")
    sums = np.cumsum(np.vstack([np.zeros_like(padded[:1]), padded]), axis=0)
    return np.asarray((sums[2 * radius + 1 :] - sums[: -2 * radius - 1]) / (2 * radius + 1), np.float32)
