"""From shapes to kinds: lengths and openings tell what corners alone do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flixpose.garment import kinds
from flixpose.garment.outline import Outline
from flixpose.garment.shapes import SHAPES, Fit

_DRESS_FROM = 5.2  # chest half widths from shoulders to hem: between long tops and short dresses
_TROUSERS_FROM = 1.75  # waist widths from waist to hem: between shorts and trousers
_PRIOR = {"skirt": 1.5, "cap": 0.8}  # added penalty of shapes that a plain outline imitates too easily
_STRAP_DEPTH = 0.05  # of the height
_WIDE_STRAP = 0.2  # half widths: between a sling's strap and a vest's
_WRONG_FRAME = 1.0
_TEMPER = 1.6  # penalty by which a rival is e times less likely

_STEM = {
    "short": "short_sleeve",
    "short_touching": "short_sleeve",
    "cap": "short_sleeve",
    "long": "long_sleeve",
    "long_loose": "long_sleeve",
    "hooded": "long_sleeve",
    "sleeveless": "vest",
    "straps": "sling",
}


@dataclass(frozen=True, eq=False, slots=True)
class Guess:
    """The best shape for the outline, the kind it speaks for, and how likely that is, in [0, 1]."""

    kind: str
    score: float
    fit: Fit


def classify(outline: Outline, fits: Sequence[Fit], told: str | None = None) -> Guess:
    """The kind that explains the outline best; with `told`, the best shape for that kind."""
    guesses = [(_cost(outline, fit), kind_of(outline, fit), fit) for fit in fits]
    if told is not None:
        _, _, fit = min(guesses, key=lambda guess: guess[0])
        return Guess(told, 1.0, fit)
    cost, kind, fit = min(guesses, key=lambda guess: guess[0])
    rivals = [other for other, of, _ in guesses if of != kind]
    ahead = min(rivals, default=cost + 10.0) - cost
    likely = 1.0 / (1.0 + float(np.exp(-ahead / _TEMPER)))
    return Guess(kind, likely * float(np.exp(-max(cost - 3.0, 0.0) / 8.0)), fit)


def shapes_for(told: str | None) -> tuple[str, ...]:
    """The shapes that may stand for a kind; all of them where none is told."""
    if told is None:
        return tuple(SHAPES)
    if kinds.has_legs(told):
        return ("legs",)
    if told == "skirt":
        return ("skirt",)
    stem = told.removesuffix("_dress").removesuffix("_top").removesuffix("_outwear")
    if stem in ("vest", "sling"):
        return ("sleeveless", "straps", "sleeveless_dress", "straps_dress")
    return tuple(shape for shape in SHAPES if _STEM.get(shape.removesuffix("_dress")) == stem)


def kind_of(outline: Outline, fit: Fit) -> str:
    """The kind that a laid shape speaks for; outwear is told by its opening, not here."""
    if fit.shape == "skirt":
        return "skirt"
    if fit.shape == "legs":
        length = (outline.foot - outline.top) / (2 * outline.top_width)
        return "trousers" if length >= _TROUSERS_FROM else "shorts"
    stem = _STEM[fit.shape.removesuffix("_dress")]
    dress = chests_long(outline, fit) >= _DRESS_FROM
    if stem in ("vest", "sling"):
        stem = "vest" if strap_width(outline, fit) > _WIDE_STRAP else stem
        return f"{stem}_dress" if dress else stem
    return f"{stem}_{'dress' if dress else 'top'}"


def strap_width(outline: Outline, fit: Fit) -> float:
    """Of the strap, a little below its top, in half widths at the armpits."""
    names = [corner.name for corner in fit.chain.corners]
    widths = []
    for half, placed in zip(outline.halves, fit.sides, strict=True):
        neck, shoulder, armpit = (placed.indices[names.index(n)] for n in ("neck", "shoulder", "armpit"))
        u, v = half.uv.T
        below = v > v[neck] + _STRAP_DEPTH * outline.height
        inner, outer = np.nonzero(below[:neck])[0], np.nonzero(below[shoulder:])[0]
        if len(inner) and len(outer):
            widths.append((u[shoulder + outer[0]] - u[inner[-1]]) / max(u[armpit], 1.0))
    return float(np.mean(widths)) if widths else 0.0


def chests_long(outline: Outline, fit: Fit) -> float:
    """From the neck's corners to the hem's, in chest half widths at the armpits."""
    names = [corner.name for corner in fit.chain.corners]
    lengths = []
    for half, placed in zip(outline.halves, fit.sides, strict=True):
        neck, armpit, hem = (half.uv[placed.indices[names.index(n)]] for n in ("neck", "armpit", "hem"))
        lengths.append((hem[1] - neck[1]) / max(armpit[0], 1.0))
    return float(np.mean(lengths))


def _cost(outline: Outline, fit: Fit) -> float:
    """The fit's penalty, with a prior, and more where a dress was measured as a top or a top as a dress."""
    cost = fit.penalty + _PRIOR.get(fit.shape.removesuffix("_dress"), 0.0)
    if fit.shape in ("legs", "skirt"):
        return cost
    is_dress = chests_long(outline, fit) >= _DRESS_FROM
    return cost + _WRONG_FRAME * (is_dress != fit.shape.endswith("_dress"))
