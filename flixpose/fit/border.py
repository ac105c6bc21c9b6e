"""Where the worn top ends and the lower clothes begin, told by all of their colours together.

A colour of a checked top may be the trousers' own: no single place tells then whose it is. What is worn above
the border and below it differs in how much there is of each colour, and that changes in one row.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.palettes import Flags, Plane, Scene, fill
from flixpose.fit.paths import smoothest

# Clothes are looked at on a grid in the body's frame: shoulder widths by torso lengths.
_ACROSS = np.linspace(-0.36, 0.36, 25)
_STEP = 0.02
_DEPTHS = np.arange(0.20, 1.90, _STEP)
_HIGHEST, _LOWEST = 0.5, 1.45  # a border higher up is none of a top, one further down a dress's
_ABOVE, _BELOW = 30, 25  # rows that are looked at above and below a border
_FEWEST = 6  # rows of them with clothes to be seen, ...
# A border shows at once, shade comes little by little: rows that are looked at beside a border so many rows
# off, but for those next to it.
_AT_ONCE, _BESIDE, _GAP = (6, 6), np.arange(-2, 3), 1
_SEEN = 0.3  # ... in so many of a row's columns
_COLOURS = 6
_LAB_WEIGHT = np.array([0.6, 1.0, 1.0], np.float32)  # shading changes lightness first
# Bits by which a colour tells its side of the border, far and near. On 98 photos every border told so
# well was the hem or the waistband; the shade of a plain dress tells up to 0.3.
_LEAST_TOLD, _LEAST_AT_ONCE = 0.45, 0.4
# A checked top over trousers of one of its colours tells less. Of one side, the least share in colours that
# are Lab units off all that the other side has: 0.27 of a black top with thin stripes over black trousers, at
# most 0.05 of plain dresses. A print that ends is not seen all across.
_LEAST_LOST, _THERE = 0.2, 0.03
_SHADE, _PATTERN = (3.0, 6.0), (8.0, 18.0)  # Lab units between which colours come to be unlike others
_ALL, _THIRDS = slice(None), (slice(0, 8), slice(8, 17), slice(17, 25))
_AROUND = 8  # rows about the border in which it rises and falls
_WINDOW = 6  # rows to either side that tell where it is in a column
_CLEAR = 0.35  # of the clearest place's score, from which on others have a say: the border goes on level
_RARE = 0.02  # share of a colour that is as good as none
_STEEPEST, _ROUGHNESS = 2, 0.6
_FREE = 0.3  # of hair and arms that leave a place's clothes to be seen
_TOP = -1.0  # torso lengths to which what lies above it reaches
EVERYWHERE, ON_TRUNK = 1.6, 0.45  # shoulder widths to either side


@dataclass(frozen=True, eq=False)
class Border:
    """The line between the clothes.

    Attributes:
        depths: (C,) torso lengths at columns across the body; it goes on level beside them.
    """

    depths: NDArray[np.float64]

    def above(self, scene: Scene, lower: float, aside: float) -> Plane:
        """(h, w) 1 above a line so many torso lengths below the border, to so many shoulder widths aside."""
        ends = [(-aside, self.depths[0]), *zip(_ACROSS, self.depths, strict=True), (aside, self.depths[-1])]
        line = [scene.body.place(float(a), float(d) + lower) for a, d in ends]
        corners = [scene.body.place(aside, _TOP), scene.body.place(-aside, _TOP)]
        where = scene.blank()
        fill(where, np.array([*line, *corners]) * scene.scale)
        return where * np.float32(1 / 255)


def find_border(scene: Scene, hair: Plane, is_skin: Plane) -> Border | None:
    """The border of the clothes on the trunk; None where colours do not tell, or a dress goes on.

    Args:
        hair, is_skin: (h, w) how much of each pixel is that.
    """
    places = _places(scene.body, scene.scale)
    clothes = _clothes(scene, hair, is_skin, places)
    kinds = _Kinds.of(_drawn(scene.lab, places) * _LAB_WEIGHT, clothes)
    if kinds is None:
        return None
    rows = np.flatnonzero((_DEPTHS >= _HIGHEST) & (_DEPTHS <= _LOWEST))
    row = _by_shares(kinds, rows)
    row = _by_lost_colours(kinds, rows) if row is None else row
    return None if row is None else _in_columns(kinds, row)


def _places(body: Body, scale: float) -> Plane:
    """(R, C, 2) working pixels' indices of the grid."""
    rows = [
        body.axis_at(float(d)) + _ACROSS[:, None] * body.shoulder_width * body.across_at(float(d))
        for d in _DEPTHS
    ]
    return (np.array(rows) * scale - 0.5).astype(np.float32)


def _drawn(plane: Plane, places: Plane) -> Plane:
    """(R, C, ...) of a plane at the nearest pixels; 0 beyond it."""
    return np.asarray(cv2.remap(plane, places[..., 0], places[..., 1], cv2.INTER_NEAREST), np.float32)


def _clothes(scene: Scene, hair: Plane, is_skin: Plane, places: Plane) -> Flags:
    """(R, C) where clothes of the trunk or the legs are seen, and neither skin, arms nor hair."""
    bare = _drawn(np.maximum(hair, scene.arms), places) < _FREE
    return bare & (_drawn(is_skin, places) < 0.5) & (_drawn(scene.inside, places) > 0.6)


@dataclass(frozen=True, eq=False)
class _Kinds:
    """The usual colours of the clothes on the grid.

    Attributes:
        at: (R, C) which of them is nearest, -1 where there are no clothes.
        off: (K, K) weighted Lab units between them.
    """

    at: NDArray[np.int64]
    off: NDArray[np.float64]

    @classmethod
    def of(cls, lab: Plane, clothes: Flags) -> "_Kinds | None":
        """None for too few places."""
        colours = np.ascontiguousarray(lab[clothes])
        if len(colours) < 10 * _COLOURS:
            return None
        criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 12, 0.5)
        cv2.setRNGSeed(1)
        _, nearest, means = cv2.kmeans(colours, _COLOURS, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)
        at = np.full(clothes.shape, -1, np.int64)
        at[clothes] = nearest.ravel()
        return cls(at, np.linalg.norm(means[:, None] - means[None], axis=2))

    def sides(
        self,
        row: int,
        room: tuple[int, int] = (_ABOVE, _BELOW),
        fewest: int = _FEWEST,
        gap: int = 0,
        columns: slice = _ALL,
    ) -> NDArray[np.float64]:
        """(2, K) shares of the colours above and below a border before a row; 0 for too few rows.

        Args:
            room: rows that are looked at. fewest: of them with clothes. gap: rows next to it left out.
        """
        parts = slice(max(0, row - gap - room[0]), row - gap), slice(row + gap, row + gap + room[1])
        known = []
        for part in parts:
            here = self.at[part, columns]
            count = np.stack([(here == kind).sum(axis=1) for kind in range(len(self.off))], axis=1)
            seen = count[count.sum(axis=1) >= _SEEN * here.shape[1]]
            if len(seen) < fewest:
                return np.zeros((2, len(self.off)))
            known.append((seen / seen.sum(axis=1, keepdims=True)).mean(axis=0))
        return np.stack(known)

    def at_once(self, row: int, columns: slice = _ALL) -> list[NDArray[np.float64]]:
        """The sides close to a border, which may be some rows off."""
        return [
            self.sides(near, _AT_ONCE, _AT_ONCE[0] // 3, _GAP, columns) for near in (row + _BESIDE).tolist()
        ]


def _by_shares(kinds: _Kinds, rows: NDArray[np.intp]) -> int | None:
    """The row that parts the colours best; None where that tells too little, or little by little."""
    told = [_told(kinds.sides(row)) for row in rows]
    row = int(rows[np.argmax(told)])
    at_once = max(_lost(sides, kinds, _SHADE) for sides in kinds.at_once(row))
    return row if max(told) >= _LEAST_TOLD and at_once >= _LEAST_AT_ONCE else None


def _by_lost_colours(kinds: _Kinds, rows: NDArray[np.intp]) -> int | None:
    """The row from which on colours of a pattern are seen no more, all across the body, or others begin."""
    lost = [_lost(kinds.sides(row), kinds, _PATTERN) for row in rows]
    row = int(rows[np.argmax(lost)])
    least = min(max(_lost(sides, kinds, _PATTERN) for sides in kinds.at_once(row, part)) for part in _THIRDS)
    return row if max(lost) >= _LEAST_LOST and least >= _LEAST_LOST else None


def _lost(sides: NDArray[np.float64], kinds: _Kinds, unlike: tuple[float, float]) -> float:
    """The larger share of one side whose colours are unlike all of the other side's.

    Args:
        unlike: Lab units between which colours come to be.
    """
    shares = [0.0]
    for own, other in (sides, sides[::-1]):
        there = other >= _THERE
        if there.any():
            shares.append(float(own @ np.interp(kinds.off[:, there].min(axis=1), unlike, (0.0, 1.0))))
    return max(shares)


def _told(sides: NDArray[np.float64]) -> float:
    """Bits that a place's colour tells of the side of the border on which it lies (Jensen and Shannon's)."""
    ratio = np.maximum(sides, 1e-12) / np.maximum(sides.mean(axis=0), 1e-12)
    return float((sides * np.log2(ratio)).sum() / 2)


def _in_columns(kinds: _Kinds, row: int) -> Border:
    """The border's rise and fall across the body, around the row that was found for all columns."""
    above, below = kinds.sides(row)
    likely = np.log2((above + _RARE) / (below + _RARE))
    upper = np.where(kinds.at >= 0, likely[kinds.at], 0.0)
    rows = np.arange(row - _AROUND, row + _AROUND + 1)
    over, under = _beside(upper, rows)
    # Where an arm lies before one side, the other tells nothing of where it ends.
    both = np.minimum(*_beside((kinds.at >= 0).astype(np.float64), rows))
    score = (over - under) * both
    score = np.maximum(score - _CLEAR * score.max(), 0.0).astype(np.float32)
    found = rows[smoothest(score, _STEEPEST, _ROUGHNESS)]
    return Border(_DEPTHS[found] - _STEP / 2)


def _beside(values: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """(2, N, C) means of the rows just above the border before each row, and just below it."""
    sums = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return np.stack([sums[rows] - sums[rows - _WINDOW], sums[rows + _WINDOW] - sums[rows]]) / _WINDOW
