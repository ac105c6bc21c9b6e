"""A garment reader without weights: the outline against a plain background, its corners, its proportions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from flixpose.errors import FlixposeError, NoGarment
from flixpose.garment import kinds
from flixpose.garment.classify import Guess, classify, shapes_for
from flixpose.garment.opening import opening
from flixpose.garment.outline import Outline, trace
from flixpose.garment.people import cut_off, worn
from flixpose.garment.placing import place_landmarks
from flixpose.garment.seeing import Seen, full_mask, see
from flixpose.garment.shapes import Point, agree, fit_shapes
from flixpose.ports import GarmentAsk, read_each
from flixpose.structures.found import Garment, ModelInfo, View
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

MODEL = ModelInfo(
    name="silhouette",
    version="1",
    task="garment",
    licence="Apache-2.0",
    origin="flixpose: background model and outline, no weights",
    sha256="",
)

_LEAST_OVERLAP = 0.55  # with its own mirror image: less is no single garment seen from the front
_MOST_PENALTY = 11.0  # per corner: no garment looks like this
_USUAL_PENALTY = 2.0
_OPEN = 0.85  # share of the way to the hem along which an opening must show


class SilhouetteReader:
    """`GarmentReader` by outline: no weights, nothing to download, every rule can be read.

    Good on one garment before a plain or transparent background; it says NoGarment where there is none.
    """

    @property
    def model(self) -> ModelInfo:
        return MODEL

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """See `flixpose.ports.GarmentReader`. Raises NoGarment, UnknownKind."""
        if kind is not None:
            kinds.skeleton(kind)
        seen = see(image)
        outline = whole_outline(image, seen)
        guess = classify(outline, fit_shapes(outline, shapes_for(kind)), kind)
        if guess.fit.penalty > _MOST_PENALTY and kind is None:
            raise NoGarment(f"{image.name}: the outline is not that of a garment.", subject=image.name)
        if kind is None:
            guess = as_outwear(seen, outline, guess)
        fit = agree(outline, guess.fit)
        points = place_landmarks(seen, outline, fit, guess.kind)
        return _garment(image, seen, guess, points, view)

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        """The same for several photos, one by one: there is no net whose passes they could share."""
        return read_each(self, asks)


def whole_outline(image: Image, seen: Seen) -> Outline:
    """The outline of what was seen. Raises NoGarment where it is not that of one whole garment alone."""
    outline = trace(seen.region)
    if outline is None or outline.symmetry < _LEAST_OVERLAP:
        raise NoGarment(f"{image.name}: no whole garment seen from the front.", subject=image.name)
    if cut_off(seen.region):
        raise NoGarment(f"{image.name}: the frame cuts the garment off.", subject=image.name)
    if worn(seen.region, seen.lab, outline):
        raise NoGarment(f"{image.name}: a person wears it.", subject=image.name)
    return outline


def as_outwear(seen: Seen, outline: Outline, guess: Guess) -> Guess:
    """A long-sleeved top that opens down to the hem is outwear (short-sleeved outwear must be told)."""
    if guess.kind != "long_sleeve_top":
        return guess
    share = opening(seen.lab, seen.region, outline)
    if share < _OPEN:
        return guess
    return replace(guess, kind="long_sleeve_outwear", score=guess.score * share)


def _garment(image: Image, seen: Seen, guess: Guess, points: dict[str, Point], view: str | None) -> Garment:
    scaled = {name: (x / seen.shrink, y / seen.shrink, score) for name, (x, y, score) in points.items()}
    mask = full_mask(image, seen)
    found, view_score = _view(view)
    if found == "back":
        scaled = _seen_from_behind(scaled, guess.kind)
    sure = float(np.exp(-max(guess.fit.penalty - _USUAL_PENALTY, 0.0) / 6.0))
    return Garment(
        kind=guess.kind,
        kind_score=guess.score,
        view=found,
        view_score=view_score,
        box=box_of(mask),
        mask=mask,
        landmarks=Keypoints.from_points(kinds.skeleton(guess.kind), scaled),
        score=0.97 * sure * seen.plain,
        model=MODEL,
    )


def _seen_from_behind(points: dict[str, Point], kind: str) -> dict[str, Point]:
    """Points named as on a front, named for the wearer's back; the front neckline is not to be seen there."""
    other = {a: b for pair in kinds.skeleton(kind).mirror for a, b in (pair, pair[::-1])}
    return {other.get(name, name): point for name, point in points.items() if name != "neck_front"}


def _view(told: str | None) -> tuple[View, float]:
    """What is told, else the front: nearly every first product photo shows it."""
    for view in get_args(View):
        if told == view:
            return view, 1.0
    return "front", 0.6


def box_of(mask: Mask) -> Box:
    """Around everything that is at least half garment."""
    solid = mask.alpha >= 128
    rows, columns = np.nonzero(solid.any(axis=1))[0], np.nonzero(solid.any(axis=0))[0]
    return Box(float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1)
