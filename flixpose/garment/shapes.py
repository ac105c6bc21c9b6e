"""Which shape of upper garment an outline has, and where its corners lie."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flixpose.garment import corners
from flixpose.garment.chain import Chain, Measured, Placed, measure, place
from flixpose.garment.outline import HalfPath, Outline

Point = tuple[float, float, float]  # x, y, score

CHAINS: dict[str, Chain] = {
    "short": corners.SHORT,
    "short_touching": corners.SHORT_TOUCHING,
    "long": corners.LONG,
    "hooded": corners.HOODED,
    "sleeveless": corners.SLEEVELESS,
    "straps": corners.STRAPS,
}

_REACH = 0.05  # of the garment's height, over which a turn of the outline is measured
_PULL = 0.10  # of the body's height: how far a side may differ from the other before it is pulled
_MOST_PULL = 6.0


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """A chain laid on both halves, each alone: `penalty` per corner (about 1 where all is as expected)."""

    shape: str
    chain: Chain
    sides: tuple[Placed, Placed]
    penalty: float


def fit_shapes(outline: Outline, shapes: tuple[str, ...]) -> list[Fit]:
    """The shapes, best first."""
    paths = [_measure(outline, half) for half in outline.halves]
    fits = [_fit(shape, paths) for shape in shapes]
    return sorted(fits, key=lambda fit: fit.penalty)


def agree(outline: Outline, fit: Fit) -> Fit:
    """Each side laid again with a pull towards the other's mirror image."""
    paths = [_measure(outline, half) for half in outline.halves]
    sides = [
        place(path, fit.chain, _pull(path, other, placed))
        for path, other, placed in zip(paths, reversed(paths), reversed(fit.sides), strict=True)
    ]
    return replace(fit, sides=(sides[0], sides[1]))


def corner_points(outline: Outline, fit: Fit) -> dict[str, Point]:
    """Landmark name → (x, y, score) in the region's pixels."""
    points: dict[str, Point] = {}
    for half, placed in zip(outline.halves, fit.sides, strict=True):
        side = "left" if half.sign > 0 else "right"
        for corner, index, penalty in zip(fit.chain.corners, placed.indices, placed.penalties, strict=True):
            x, y = outline.xy(half, index)
            points[landmark_name(corner.name, side)] = (x, y, score_of(penalty, fit.penalty))
    return points


def landmark_name(corner: str, side: str) -> str:
    """Such as "cuff_outer", "left" → "cuff_left_outer"."""
    part, _, end = corner.partition("_")
    return f"{part}_{side}_{end}" if end else f"{part}_{side}"


def score_of(penalty: float, overall: float) -> float:
    """A score that falls with a corner's own penalty and with that of the whole shape."""
    return float(np.clip(0.97 * np.exp(-penalty / 12.0 - max(overall - 2.0, 0.0) / 8.0), 0.02, 0.97))


def _measure(outline: Outline, half: HalfPath) -> Measured:
    return measure(
        half,
        top=outline.top,
        height=outline.height,
        width=outline.width,
        reach=_REACH * outline.height,
    )


def _fit(shape: str, paths: list[Measured]) -> Fit:
    chain = CHAINS[shape]
    one, other = (place(path, chain) for path in paths)
    return Fit(shape, chain, (one, other), (one.total + other.total) / 2 / len(chain.corners))


def _pull(path: Measured, other: Measured, placed: Placed) -> NDArray[np.float64]:
    """(corners, N) penalty for lying far from where the other side has the same corner."""
    targets = other.uv[list(placed.indices)]
    delta = path.uv[None] - targets[:, None]
    delta[..., 0] *= 0.3  # body half widths against body heights
    return np.minimum(np.square(delta).sum(axis=-1) / _PULL**2, _MOST_PULL)
