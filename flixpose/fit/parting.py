"""Where a sleeve parts from the trunk that it touches: through the gaps between, by the least of cloth."""

import heapq

import cv2
import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
Inside = NDArray[np.bool_]

_SIDE = 160  # pixels of the longer side of the small picture in which the way is looked for
_GAP = 0.02  # what a pixel of background costs, of one of cloth
_ROOM = 0.3  # of the way's length, to either side of it
_MOST_CLOTH = 0.6  # of the way's length: more is a guess
_DIAGONAL = 1.4142  # pixels


def way_between(inside: Inside, start: Point, end: Point) -> list[Point] | None:
    """The way from an armpit to the background beside a cuff that cuts the least cloth; None: far too much.

    Args:
        inside: (H, W) the garment. start, end: (2,) pixels of it.
    """
    length = float(np.linalg.norm(end - start))
    low = np.maximum(np.minimum(start, end) - _ROOM * length, 0.0)
    high = np.minimum(np.maximum(start, end) + _ROOM * length, inside.shape[::-1])
    x0, y0, x1, y1 = *np.floor(low).astype(int), *np.ceil(high).astype(int)
    here = inside[y0:y1, x0:x1].astype(np.uint8)
    if min(here.shape) < 3:
        return None
    scale = min(1.0, _SIDE / max(here.shape))
    size = max(2, round(here.shape[1] * scale)), max(2, round(here.shape[0] * scale))
    small = cv2.resize(here * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 127
    shrink = np.array(size) / np.array(here.shape[::-1])
    first, last = (_node((xy - (x0, y0)) * shrink, small.shape) for xy in (start, end))
    if small[last]:
        return None
    path = _cheapest(np.where(small, 1.0, _GAP), first, last)
    if sum(small[node] for node in path) > _MOST_CLOTH * length * scale:
        return None
    places = [(np.array(node[::-1]) + 0.5) / shrink + (x0, y0) for node in path[2:]]
    return [start, *places]


def _node(xy: Point, shape: tuple[int, ...]) -> tuple[int, int]:
    return int(np.clip(xy[1], 0, shape[0] - 1)), int(np.clip(xy[0], 0, shape[1] - 1))


def _cheapest(
    cost: NDArray[np.float64], first: tuple[int, int], last: tuple[int, int]
) -> list[tuple[int, int]]:
    """Dijkstra's way through a grid, from `first` to `last`.

    Nodes are counted row by row, with a border that nothing leads into; of ways that cost the same, that
    through the first of them counts.
    """
    width = cost.shape[1] + 2
    entry = np.pad(cost, 1, constant_values=np.inf).ravel()
    # Lists: they give a number ten times as fast as arrays do.
    ways = [
        ((-width, width, -1, 1), entry.tolist()),
        ((-width - 1, -width + 1, width - 1, width + 1), (entry * _DIAGONAL).tolist()),
    ]
    start, goal = ((row + 1) * width + column + 1 for row, column in (first, last))
    best, origin = [np.inf] * len(entry), [start] * len(entry)
    best[start] = 0.0
    queue = [(0.0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if node == goal:
            break
        if so_far > best[node]:
            continue
        for steps, costs in ways:
            for step in steps:
                there = node + step
                total = so_far + costs[there]
                if total < best[there]:
                    best[there], origin[there] = total, node
                    heapq.heappush(queue, (total, there))
    path = [goal]
    while path[-1] != start:
        path.append(origin[path[-1]])
    return [(node // width - 1, node % width - 1) for node in reversed(path)]
