"""Which shape of garment an outline has, and where its corners lie."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flixpose.garment import corners
from flixpose.garment.chain import Chain, Measured, Placed, measure, place
from flixpose.garment.outline import HalfPath, Outline

Point = tuple[float, float, float]  # x, y, score


@dataclass(frozen=True, slots=True)
class Shape:
    """A chain and the frame it is told in: "body", "hem", "dress" or "lower"."""

    chain: Chain
    frame: str


SHAPES: dict[str, Shape] = {
    "short": Shape(corners.SHORT, "body"),
    "short_touching": Shape(corners.SHORT_TOUCHING, "body"),
    "long": Shape(corners.LONG, "body"),
    "long_loose": Shape(corners.LONG, "hem"),
    "hooded": Shape(corners.HOODED, "body"),
    "sleeveless": Shape(corners.SLEEVELESS, "body"),
    "straps": Shape(corners.STRAPS, "body"),
    "cap": Shape(corners.CAP, "body"),
    "short_dress": Shape(corners.SHORT_DRESS, "dress"),
    "short_touching_dress": Shape(corners.SHORT_TOUCHING_DRESS, "dress"),
    "long_dress": Shape(corners.LONG_DRESS, "dress"),
    "sleeveless_dress": Shape(corners.SLEEVELESS_DRESS, "dress"),
    "cap_dress": Shape(corners.CAP_DRESS, "dress"),
    "straps_dress": Shape(corners.STRAPS_DRESS, "dress"),
    "legs": Shape(corners.LEGS, "lower"),
    "skirt": Shape(corners.SKIRT, "lower"),
}

_REACH = 0.05  # of the frame's height, over which a turn of the outline is measured
_CHESTS = 3.6  # chest half widths from the shoulders to the hem of an ordinary top
_PULL = 0.10  # of the body's height: how far a side may differ from the other before it is pulled
_MOST_PULL = 6.0


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """A chain laid on both halves: `penalty` per corner (about 1 where all is as expected)."""

    shape: str
    chain: Chain
    sides: tuple[Placed, Placed]
    penalty: float


def fit_shapes(outline: Outline, shapes: tuple[str, ...]) -> list[Fit]:
    """The shapes, best first; each side is laid alone."""
    paths = {frame: _paths(outline, frame) for frame in {SHAPES[shape].frame for shape in shapes}}
    fits = [_fit(shape, paths[SHAPES[shape].frame]) for shape in shapes]
    return sorted(fits, key=lambda fit: fit.penalty)


def agree(outline: Outline, fit: Fit) -> Fit:
    """Each side laid again with a pull towards the other's mirror image."""
    paths = _paths(outline, SHAPES[fit.shape].frame)
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


def _paths(outline: Outline, frame: str) -> list[Measured]:
    return [_measure(outline, half, frame) for half in outline.halves]


def _measure(outline: Outline, half: HalfPath, frame: str) -> Measured:
    height, width = {
        "body": (outline.height, outline.width),
        "hem": (outline.height, outline.hem_width),
        "dress": (_CHESTS * outline.upper_width, outline.upper_width),
        "lower": (outline.foot - outline.top, outline.top_width),
    }[frame]
    top = outline.top if frame == "lower" else outline.crown
    return measure(half, top=top, height=height, width=width, reach=_REACH * height)


def _fit(shape: str, paths: list[Measured]) -> Fit:
    chain = SHAPES[shape].chain
    one, other = (place(path, chain) for path in paths)
    return Fit(shape, chain, (one, other), (one.total + other.total) / 2 / len(chain.corners))


def _pull(path: Measured, other: Measured, placed: Placed) -> NDArray[np.float64]:
    """(corners, N) penalty for lying far from where the other side has the same corner."""
    targets = other.uv[list(placed.indices)]
    delta = path.uv[None] - targets[:, None]
    delta[..., 0] *= 0.3  # body half widths against body heights
    return np.minimum(np.square(delta).sum(axis=-1) / _PULL**2, _MOST_PULL)
