"""The garment reader with weights: the net tells what and where, the outline gives the edge."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import FlixposeError, NoGarment, WeightsDamaged
from flixpose.garment import kinds
from flixpose.garment.classify import Guess, classify, shapes_for
from flixpose.garment.net_choice import Claim, Map, choose, claims
from flixpose.garment.net_codec import mass_at, second_spot
from flixpose.garment.net_eyes import GarmentEyes, Sight, load_eyes
from flixpose.garment.net_merge import (
    Line,
    Trust,
    Witness,
    final_from,
    group_of,
    odds_of,
    told,
    trust_from,
)
from flixpose.garment.net_outline import edge_of, settled
from flixpose.garment.net_region import CROP, Found, find_region
from flixpose.garment.outline import Outline
from flixpose.garment.people import contact
from flixpose.garment.placing import place_landmarks
from flixpose.garment.shapes import Point, agree, fit_shapes
from flixpose.garment.shared_points import INDEX, KIND_NAMES, as_seen, mirror_name
from flixpose.garment.silhouette import as_outwear, box_of, whole_outline
from flixpose.ports import GarmentAsk
from flixpose.structures.found import Garment, ModelInfo, View
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints

_LEAST_WHOLE = 0.15  # below: no garment, two, or a part of one
_MOST_SURE = 0.98
_LEAST_SCORE = 0.1  # below, what is found is as likely a chair
_UNKNOWN, _KNOWN, _SAME = 0.2, 0.5, 0.02  # scores; of the longer side: two points at one place
_SEVERAL_VIEWS = 0.5  # of the score is left where front and back stand side by side
# Of 106 whole garments in real photos two touch the frame, by at most .028 of their extent; what may be cut:
_TOUCHES, _PERHAPS_CUT = 0.035, 0.5  # share of the region's extent; of the score is left from there on
_LIKE = 0.95  # overlap of both regions from which the outline's corners are heard
_BACKS_DRAWN, _BACKS_SOLD = 0.2, 0.08  # shares of photos that show a back: in training, in shops
_ABSENT = 0.8  # sure enough that a landmark is not there
_HIDDEN_ODDS = 1.5  # taken off: a landmark that the net thinks hidden is a guess
_OUTLINE_SAYS = 0.5  # weight of the outline's word on the kind against the net's
_DOUBT = 0.03  # probability left to the kinds that the outline does not speak for


class NetReader:
    """`GarmentReader` by the garment net and the outline together.

    Args:
        trust: per group of landmarks (`net_merge.group_of`) how far each witness is trusted.
        final: per way in which the witnesses meet, what their odds are worth (`net_merge.told`).
    """

    def __init__(
        self,
        eyes: GarmentEyes,
        info: ModelInfo,
        trust: Mapping[str, Trust],
        final: Mapping[str, Line] | None = None,
    ) -> None:
        self._final = final or {}
        self._eyes = eyes
        self._info = info
        self._trust = trust

    @property
    def model(self) -> ModelInfo:
        return self._info

    def __call__(self, image: Image, *, kind: str | None = None, view: str | None = None) -> Garment:
        """See `flixpose.ports.GarmentReader`. Raises NoGarment, UnknownKind."""
        return self._read(GarmentAsk(image, kind, view), self._eyes.look(image))

    def read_all(self, asks: Sequence[GarmentAsk]) -> list[Garment | FlixposeError]:
        """The same for several photos, which share the net's passes."""
        sights = self._eyes.look_all([ask.image for ask in asks])
        return [self._read_or_fail(ask, sight) for ask, sight in zip(asks, sights, strict=True)]

    def _read_or_fail(self, ask: GarmentAsk, sight: Sight) -> Garment | FlixposeError:
        try:
            return self._read(ask, sight)
        except FlixposeError as failure:
            return failure

    def _read(self, ask: GarmentAsk, sight: Sight) -> Garment:
        """Raises NoGarment, UnknownKind."""
        image, kind = ask.image, ask.kind
        if kind is not None:
            kinds.skeleton(kind)
        if not sight.alone:
            raise NoGarment(f"{image.name}: several garments.", advice=CROP, subject=image.name)
        if sight.whole < _LEAST_WHOLE:
            raise NoGarment(f"{image.name}: no one whole garment is to be seen.", subject=image.name)
        found = find_region(image, sight)
        outline = whole_outline(image, found.seen)
        fits = fit_shapes(outline, shapes_for(kind))
        guess = as_outwear(found.seen, outline, classify(outline, fits, kind))
        chosen, kind_score = (kind, 1.0) if kind else choose_kind(sight, guess)
        points = self._points(sight, found, outline, chosen)
        return self._garment(image, sight, found, (chosen, kind_score), points, ask.view)

    def _points(self, sight: Sight, found: Found, outline: Outline, kind: str) -> dict[str, Point]:
        """Named as seen, pixels of the photo."""
        theirs = outline_points(found, outline, kind)
        edge = edge_of(found.seen)
        side = float(np.ptp(edge, axis=0).max())
        axis = outline.axis / found.seen.shrink
        points = {
            name: (*claim.xy, told(claim.odds, claim.met, self._final))
            for name, claim in believed(sight, theirs, kind, self._trust, axis, side).items()
        }
        points = settled(points, kind, found.seen, edge) if found.agreement > 0 else points
        return points | opposite(points, axis, side)

    def _garment(
        self,
        image: Image,
        sight: Sight,
        found: Found,
        kind: tuple[str, float],
        points: dict[str, Point],
        view: str | None,
    ) -> Garment:
        score = _MOST_SURE * sight.whole * found.seen.plain * (1.0 if sight.views == 1 else _SEVERAL_VIEWS)
        score *= _PERHAPS_CUT if contact(found.seen.region) > _TOUCHES else 1.0
        if score < _LEAST_SCORE:
            raise NoGarment(f"{image.name}: no garment can be told from what is around.", subject=image.name)
        facing, view_score = _view(view, sight.back)
        named = as_seen({name: _doubted(name, point, view_score) for name, point in points.items()}, facing)
        if facing == "back":
            named.pop("neck_front", None)
        return Garment(
            kind=kind[0],
            kind_score=kind[1],
            view=facing,
            view_score=view_score,
            box=box_of(found.mask),
            mask=found.mask,
            landmarks=Keypoints.from_points(kinds.skeleton(kind[0]), named),
            score=score,
            model=self._info,
        )


def load_reader(path: Path, info: ModelInfo, device: str = "cpu") -> NetReader:
    """From a weights file, on a device of torch's. Raises WeightsDamaged."""
    eyes, facts = load_eyes(path, device)
    try:
        trust = trust_from(json.loads(facts["trust"]))
        final = final_from(json.loads(facts.get("final", "{}")))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as failure:
        raise WeightsDamaged(f"{path} tells no calibration.", subject=str(path)) from failure
    return NetReader(eyes, info, trust, final)


def choose_kind(sight: Sight, guess: Guess) -> tuple[str, float]:
    """The likeliest kind by both, and its probability."""
    said = np.full(len(KIND_NAMES), _DOUBT)
    said[KIND_NAMES.index(guess.kind)] = max(guess.score, _DOUBT)
    odds = np.log(sight.kinds + 1e-4) + _OUTLINE_SAYS * np.log(said)
    p = np.exp(odds - odds.max())
    p /= p.sum()
    return KIND_NAMES[int(p.argmax())], float(p.max())


def believed(
    sight: Sight,
    theirs: Mapping[str, Point],
    kind: str,
    trust: Mapping[str, Trust],
    axis: float | None,
    side: float,
) -> dict[str, Claim]:
    """Of every landmark of a kind that anybody sees the place that is believed, named as seen.

    Args:
        theirs: what the outline's corners say. axis, side: the garment's, in pixels of the photo.
    """
    claimed = {}
    for name in kinds.skeleton(kind).names:
        own = trust.get(group_of(name), Trust())
        claimed[name] = claims(by_net(sight, name, theirs), by_outline(theirs, name, own), side, own, name)
    return choose(claimed, axis, side)


def by_net(sight: Sight, name: str, theirs: Mapping[str, Point]) -> Map | None:
    """What the net says of a landmark, in pixels of the photo; None where it is sure that there is none."""
    row = INDEX[name]
    absent, hidden, _ = (float(p) for p in sight.visibility[row])
    if absent > _ABSENT:
        return None
    second, mass = second_spot(sight.maps[row], sight.square.to_square(sight.xy[row]))
    spots = [(_xy(sight.xy[row]), float(sight.mass[row])), (_xy(sight.square.to_photo(second)), mass)]
    if name not in theirs:
        return Map(spots, 0.0, hidden * _HIDDEN_ODDS)
    place = sight.square.to_square(np.array(theirs[name][:2]))
    return Map(spots, mass_at(sight.maps[row], place), hidden * _HIDDEN_ODDS)


def _xy(place: NDArray[np.floating]) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def by_outline(points: Mapping[str, Point], name: str, trust: Trust) -> Witness | None:
    """What the outline's corners say of it."""
    if name not in points:
        return None
    x, y, score = points[name]
    return Witness((x, y), odds_of(score, trust.outline))


def outline_points(found: Found, outline: Outline, kind: str) -> dict[str, Point]:
    """What the outline's corners say, in pixels of the photo; nothing where it is not what the net saw."""
    if found.agreement < _LIKE:
        return {}
    seen = found.seen
    guess = classify(outline, fit_shapes(outline, shapes_for(kind)), kind)
    points = place_landmarks(seen, outline, agree(outline, guess.fit), kind)
    return {name: (x / seen.shrink, y / seen.shrink, score) for name, (x, y, score) in points.items()}


def opposite(points: Mapping[str, Point], axis: float, side: float) -> dict[str, Point]:
    """Of two partners at one place the one that is next to unknown, moved to the other's mirror image.

    Such is the armpit behind which an arm is hidden: it cannot be where the other one is seen.

    Args:
        axis, side: the garment's, in pixels of the photo.
    """
    moved = {}
    for name, (x, y, score) in points.items():
        partner = points.get(mirror_name(name), (x, y, score))
        if score < _UNKNOWN < _KNOWN < partner[2] and np.hypot(x - partner[0], y - partner[1]) < _SAME * side:
            moved[name] = 2 * axis - partner[0], partner[1], score
    return moved


def _doubted(name: str, point: Point, view_score: float) -> Point:
    """Who is unsure of front and back is unsure of left and right."""
    x, y, score = point
    return (x, y, score * view_score) if mirror_name(name) != name else point


def _view(told: str | None, back: float) -> tuple[View, float]:
    for view in get_args(View):
        if told == view:
            return view, 1.0
    back = likelier(back, _BACKS_DRAWN, _BACKS_SOLD)
    return ("back", back) if back > 0.5 else ("front", 1.0 - back)


def likelier(p: float, before: float, now: float) -> float:
    """A probability learnt where something was so common `before`, told where it is so common `now`."""
    ratio = now / before, (1 - now) / (1 - before)
    return p * ratio[0] / (p * ratio[0] + (1 - p) * ratio[1])
