"""Keypoint R-CNN (He et al. 2017): one heat map a keypoint over the box of a person.

The highest pixel of a map that is enlarged to its box, by cubic interpolation as torch has it, without
enlarging it all. Between four cells the surface is bicubic and lies below the highest of its Bézier points;
only where these exceed what is already found are pixels looked at. A map of mere noise is enlarged whole.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Array = NDArray[np.float32]
Rows = NDArray[np.intp]

_SHARP = np.float32(-0.75)  # Keys' parameter
# The four weights' positive and negative sums lie within these; in two dimensions their products do.
_POSITIVE, _NEGATIVE = 1.1875, 0.1875
_ABOVE = _POSITIVE**2 + _NEGATIVE**2
_BELOW = 2 * _POSITIVE * _NEGATIVE
_SLACK = 1e-5  # for rounding
_BEZIER = np.array([[0, 1, 0, 0], [-0.25, 1, 0.25, 0], [0, 0.25, 1, -0.25], [0, 0, 1, 0]], np.float32)
_MOST_GAPS = 200  # of a map on average: with more it is quicker to enlarge it
_TAPS = np.arange(-2, 2)


@dataclass(frozen=True, eq=False, slots=True)
class _Axis:
    """How pixels along one side of N boxes lie between S cells: between cells i - 1 and i lie some pixels.

    Attributes:
        pixel: (N, S + 1, P) those pixels, the last repeated where there are fewer; -1 where there are none.
        weights: (N, S + 1, P, 4) of the four cells around.
    """

    pixel: Rows
    weights: Array

    @classmethod
    def of(cls, counts: Rows, cells: int) -> "_Axis":
        most = int(counts.max())
        steps = np.arange(most)
        places = (steps + np.float32(0.5)) * (np.float32(cells) / counts.astype(np.float32))[:, None]
        places = places - np.float32(0.5)
        gap = np.where(steps < counts[:, None], np.floor(places).astype(np.intp) + 1, cells + 1)
        starts = np.stack([np.searchsorted(row, np.arange(cells + 2)) for row in gap])
        width = max(int(np.diff(starts, axis=1).max()), 1)
        first, after = starts[:, :-1, None], starts[:, 1:, None]
        pixel = np.minimum(first + np.arange(width), after - 1)
        share = np.take_along_axis(places, np.maximum(pixel, 0).reshape(len(counts), -1), axis=1)
        share = (share - np.floor(share)).reshape(pixel.shape)
        return cls(np.where(after > first, pixel, -1), _cubic(share))


def _cubic(share: Array) -> Array:
    """(..., 4) Keys' weights of the cells before, at, after and beyond a place."""
    near = np.stack([share, 1 - share], axis=-1)
    far = near + 1
    inner = ((_SHARP + 2) * near - (_SHARP + 3)) * near**2 + 1
    outer = ((_SHARP * far - 5 * _SHARP) * far + 8 * _SHARP) * far - 4 * _SHARP
    parts = (outer[..., 0], inner[..., 0], inner[..., 1], outer[..., 1])
    return np.stack(parts, axis=-1).astype(np.float32)


def decode(maps: Array, boxes: Array) -> tuple[Array, Array]:
    """The highest place of each map, enlarged to the whole pixels of its box.

    Args:
        maps: (N, K, S, S) logits. boxes: (N, 4) xyxy, pixels.

    Returns:
        (N, K, 2) in the boxes' frame and (N, K) logits.
    """
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], np.float32(1))
    pixels = np.ceil(sizes).astype(int)
    if not maps.size:
        return np.zeros((*maps.shape[:2], 2), np.float32), np.zeros(maps.shape[:2], np.float32)
    x, y, scores = _highest(maps, pixels)
    xy = np.stack([x, y], axis=-1).astype(np.float32) + np.float32(0.5)
    return xy * (sizes / pixels.astype(np.float32))[:, None] + boxes[:, None, :2], scores


def _highest(maps: Array, pixels: NDArray[np.intp]) -> tuple[Rows, Rows, Array]:
    """Column, row and value of the highest pixel of each map."""
    count, parts, cells, _ = maps.shape
    across, down = _Axis.of(pixels[:, 0], cells), _Axis.of(pixels[:, 1], cells)
    layers = maps.reshape(-1, cells, cells)
    flat = layers.reshape(len(layers), -1)
    best = _Best(layers, across, down, parts)
    top = flat.argmax(axis=1)
    around = (np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))  # the four gaps at the highest cell
    which = np.repeat(np.arange(len(layers)), 4)
    y, x = ((each[:, None] + step).ravel() for each, step in zip(divmod(top, cells), around, strict=True))
    best.look(which, y, x)
    least = (best.value + _BELOW * flat.min(axis=1)) / _ABOVE - _SLACK
    gaps = _spread(layers >= least[:, None, None])
    if np.count_nonzero(gaps) > _MOST_GAPS * len(layers):
        return _enlarged(maps, pixels)
    best.look(*best.promising(*np.unravel_index(np.flatnonzero(gaps), gaps.shape)))
    shape = (count, parts)
    return best.column.reshape(shape), best.row.reshape(shape), best.value.reshape(shape)


def _enlarged(maps: Array, pixels: NDArray[np.intp]) -> tuple[Rows, Rows, Array]:
    """The same by looking everywhere."""
    places = np.zeros(maps.shape[:2], np.intp)
    scores = np.zeros(maps.shape[:2], np.float32)
    for row, (width, height) in enumerate(pixels.tolist()):
        layers = torch.from_numpy(maps[row : row + 1])
        large = functional.interpolate(layers, (height, width), mode="bicubic", align_corners=False)
        scores[row], places[row] = (each.numpy() for each in large[0].flatten(1).max(dim=1))
    y, x = np.divmod(places, pixels[:, :1])
    return x, y, scores


def _spread(high: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(M, S + 1, S + 1) of (M, S, S): which gaps have such a cell among the sixteen around."""
    high = np.pad(high, ((0, 0), (2, 2), (2, 2)), mode="edge")
    tall = high[:, :-3] | high[:, 1:-2] | high[:, 2:-1] | high[:, 3:]
    return tall[:, :, :-3] | tall[:, :, 1:-2] | tall[:, :, 2:-1] | tall[:, :, 3:]


class _Best:
    """The highest pixel of each of M maps so far; the first one, row by row, of equals."""

    def __init__(self, layers: Array, across: _Axis, down: _Axis, parts: int) -> None:
        self.layers, self.across, self.down, self.parts = layers, across, down, parts
        count = len(layers)
        self.value = np.full(count, -np.inf, np.float32)
        self.row, self.column = np.zeros(count, np.intp), np.zeros(count, np.intp)

    def promising(self, which: Rows, y: Rows, x: Rows) -> tuple[Rows, Rows, Rows]:
        """Those gaps whose pixels may exceed what is found."""
        half = self._around(which, y, x) @ _BEZIER.T
        points = half.transpose(0, 2, 1) @ _BEZIER.T
        may = points.reshape(len(points), -1).max(axis=1) + _SLACK >= self.value[which]
        return which[may], y[may], x[may]

    def look(self, which: Rows, y: Rows, x: Rows) -> None:
        """At the pixels of gaps (y, x) of maps."""
        box = which // self.parts
        there = (self.down.pixel[box, y, 0] >= 0) & (self.across.pixel[box, x, 0] >= 0)
        which, y, x, box = which[there], y[there], x[there], box[there]
        if not len(which):
            return
        wide = self._around(which, y, x) @ self.across.weights[box, x].transpose(0, 2, 1)
        values = self.down.weights[box, y] @ wide
        inner = values.reshape(len(values), -1).argmax(axis=1)
        row, column = np.divmod(inner, values.shape[2])
        some = np.arange(len(values))
        value = values[some, row, column]
        row, column = self.down.pixel[box, y, row], self.across.pixel[box, x, column]
        order = np.lexsort((column, row, -value, which))
        first = order[np.unique(which[order], return_index=True)[1]]
        better = value[first] > self.value[which[first]]
        chosen = first[better]
        self.value[which[chosen]] = value[chosen]
        self.row[which[chosen]], self.column[which[chosen]] = row[chosen], column[chosen]

    def _around(self, which: Rows, y: Rows, x: Rows) -> Array:
        """(M, 4, 4) cells; the outermost stand for what lies beyond them."""
        side = self.layers.shape[2]
        rows, columns = (np.clip(each[:, None] + _TAPS, 0, side - 1) for each in (y, x))
        start = (which[:, None] * side + rows) * side
        return np.asarray(self.layers.reshape(-1).take(start[:, :, None] + columns[:, None]))
