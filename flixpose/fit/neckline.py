"""The neck opening of a garment: its front edge, and what lies behind it (inner back collar, hood)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.collar import stands
from flixpose.fit.measure import GarmentFrame, pair, point
from flixpose.fit.neck_edge import drawn_to_edge, edge_strength, parting
from flixpose.fit.neck_label import find_label
from flixpose.fit.neck_view import HOODED, Floats, NeckView, hood_rise, neck_frame
from flixpose.fit.remembered import remembered
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

_SAMPLES = 41
_ACROSS = np.linspace(-1.0, 1.0, _SAMPLES)
# Exponents of the family of curves 1 - |t|^p: 1 is a V, 2 a round neck, larger ones a square neck.
_EXPONENTS = (0.85, 1.0, 1.25, 1.6, 2.0, 2.6, 3.5, 5.0)
_USUAL = (0.5, 0.8), (2.0, 1.4)  # depths in widths, and the exponents that are usual there
_POINTED = 0.85
# Sides of a curve: 1 as it is; more makes them steep, to a shield or a horseshoe.
_BOWED = ((1.0, 1.7), (1.4, 1.7), (2.0, 1.7))
_BOWED_FROM, _BOWING = 0.2, 0.5  # widths that such are deep, and what they lose
_SHAPES = np.array([*((power, 1.0) for power in _EXPONENTS), *_BOWED])
_LEANS = (-0.06, 0.0, 0.06)  # widths by which the lowest point lies off the middle
_UNTIL = 0.3  # widths: shallower curves lean less

# What a curve's merits count, in logarithms of odds.
_EDGE, _PARTING = 7.0, 2.5
_LEANING, _SHAPE = 0.5, 0.4
_DEPTHS = np.geomspace(0.07, 1.3, 28)
_SEEN = 0.03, 3.0  # widths: landmarks further off are none of a neck's
_SINKS = (0.9, 0.95, 1.0, 1.05, 1.1, 1.17, 1.25)
# The landmark is mostly right; where it is not, a label or the back's band was taken for the edge, which
# lies above it.
_HIGHER, _LOWER = (0.02, 0.06), (0.03, 0.08)  # widths, and shares of its depth, that it may be off
_BELOW_ARMPITS = 0.25  # of the distance between the armpits: no neckline is deeper, but prints are
_COMMON, _SPREAD = 0.38, 0.5  # depth of a neckline that was not found, and the deviation of its logarithm
_MISLED = 0.4  # of a landmark's score where a label lies under it
_HIGH = 0.3  # widths: the front edge of a collar that closes around the neck
_OVER_LABEL = 2.0  # what a front edge loses that runs over a label
_MISSED, _TOO_LOW, _NEVER = 0.25, 0.3, 0.004

# Hoods: cloth rises above the neck's corners, and the edge ends on the hood.
_HOOD_EXPONENTS, _HOOD_LEANS, _HOOD_LEANING = (0.85, 1.0, 1.25, 1.6, 2.0, 2.6), (-0.08, 0.0, 0.08), 0.3
_HOOD_HALVES, _USUAL_HALF, _HALF_SPREAD = np.arange(0.2, 0.45, 0.03), 0.31, 0.05
_HOOD_HEIGHTS, _USUAL_HEIGHT, _HEIGHT_SPREAD = np.linspace(0.0, 0.32, 7), 0.12, 0.1
_HOOD_SINKS = np.arange(-0.08, 0.1, 0.03)
_HOOD_PARTING, _HOOD_SPREAD = 1.0, 0.05

_PLAIN = 0.83, 0.6  # edge and parting of a front edge that nobody can miss
_WHOLLY = 0.65, 1.62  # or a weaker edge, and the sum of both
_UNSURE = 0.35  # score of a landmark below which such an edge is looked for
_HINTED, _LOOKED_AT = 0.3, 24  # edge of a curve that is near one, and how many are drawn to theirs
_BOAT = 0.25  # widths: a front so shallow has a back, little as is seen of it
_SOFT = 0.04  # widths above the lowest point that may be the front's own edge
_LEAST_INSIDE = 0.25  # of the opening that is cloth; less is the soft edge of a top without a back collar


@remembered
def front_neckline(garment: Garment, product: Image) -> NDArray[np.float64] | None:
    """The front edge of the neck opening as (41, 2) points of the product image, wearer's left to right.

    It runs from neck corner to neck corner, down to `neck_front` or where the photo shows it; a hood's runs
    between its two front edges. Of a family of curves the one is taken that follows an edge all along and
    parts cloth like the front's from other cloth, and then it is drawn onto that edge. None where the
    landmarks do not tell (trousers).
    """
    if not all(garment.landmarks.has(name) for name in ("neck_left", "neck_right", "neck_front")):
        return None
    rise = hood_rise(garment)
    if rise > HOODED:
        return _hood_edge(garment, product, rise)
    return _collar_edge(garment, product)


def _collar_edge(garment: Garment, product: Image) -> NDArray[np.float64]:
    """From neck corner to neck corner, of everything that has no hood."""
    middle, _, down, width = neck_frame(garment)
    seen = float(np.clip((point(garment, "neck_front") - middle) @ down / width, *_SEEN))
    deepest = max(1.15, 1.3 * seen)
    view = NeckView.of(garment, product, above=0.0, below=deepest + 0.15)
    score_of_depth = garment.landmarks.score("neck_front")
    # So high in a collar that stands no label is seen: what stands out there is its own fold.
    label = None if seen < _HIGH and stands(garment) else find_label(view, seen)
    if label is not None:
        score_of_depth *= _MISLED if label.holds(*view.own(point(garment, "neck_front"))) else 1.0
        view = label.painted_over(view)
    depths = np.unique([*_DEPTHS, *(seen * sink for sink in _SINKS)])
    depth, shape, lean = _grid(
        depths[depths < max(min(deepest, _deepest(garment)), 1.3 * seen)],
        np.arange(len(_SHAPES), dtype=np.float64),
        _LEANS,
    )
    power, bow = _SHAPES[shape.astype(int)].T
    u, v = _curves(0.5, 0.0, depth, power, lean, bow)
    edge, parts = edge_strength(view, u, v), np.maximum(parting(view, u, v), 0.0)
    score = _EDGE * edge + _PARTING * parts + _log_prior(depth, seen, score_of_depth)
    if label is not None:
        score -= _OVER_LABEL * label.above_foot(u, v)
    usual = np.interp(depth, *_USUAL)
    score -= _SHAPE * np.abs(np.log2(power / usual)) + _LEANING * np.abs(lean) / max(_LEANS)
    score -= np.where(bow > 1, np.where(depth > _BOWED_FROM, _BOWING, np.inf), 0)
    if not _has_back(view, seen):
        # Unless the back's own edge was taken for the front's, which then is plain to see below.
        plain = (edge > _PLAIN[0]) & (parts > _PLAIN[1]) & (depth > seen + _SOFT)
        if not plain.any():
            outline = np.array([[seen], [_POINTED], [0.0]])
            return view.photo(*(plane[0] for plane in _curves(0.5, 0.0, *outline)))
        score[~plain] = -np.inf
    best = int(score.argmax())
    if score_of_depth < _UNSURE and not _is_plain(edge[best], parts[best]):
        # The back's band or a label was taken for the front's edge, which may be plain to see below.
        likely = np.flatnonzero((parts > _PLAIN[1]) & (edge > _HINTED) & (depth > seen + _SOFT))
        likely = likely[np.argsort(score[likely])[-_LOOKED_AT:]]
        plainest = _plainest(view, [drawn_to_edge(view, u[row], v[row]) for row in likely])
        if plainest is not None:
            return view.photo(*plainest)
    return view.photo(*drawn_to_edge(view, u[best], v[best]))


def _plainest(view: NeckView, curves: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats] | None:
    """Of curves that were drawn to edges the one that is plainest to see; None where none is."""
    if not curves:
        return None
    u, v = (np.stack(planes) for planes in zip(*curves, strict=True))
    edge, parts = edge_strength(view, u, v), parting(view, u, v)
    best = int(np.argmax(_EDGE * edge + _PARTING * parts))
    return curves[best] if _is_plain(edge[best], parts[best]) else None


def _is_plain(edge: float, parts: float) -> bool:
    """Whether nobody can miss an edge: a strong one, or one that parts wholly unlike cloth all along."""
    strong, wholly = edge > _PLAIN[0], edge > _WHOLLY[0] and edge + parts > _WHOLLY[1]
    return parts > _PLAIN[1] and (strong or wholly)


def _deepest(garment: Garment) -> float:
    """Neck widths from the neck's corners down to where no front edge lies, as far as the armpits tell."""
    middle, _, down, width = neck_frame(garment)
    if not all(garment.landmarks.has(name) for name in ("armpit_left", "armpit_right")):
        return np.inf
    ends = pair(garment, "armpit")
    depth = (np.mean(ends, axis=0) - middle) @ down + _BELOW_ARMPITS * float(
        np.linalg.norm(ends[0] - ends[1])
    )
    return max(float(depth) / width, 0.5)


def _has_back(view: NeckView, seen: float) -> bool:
    """Whether cloth is seen above the front's lowest point; else the outline itself is the front edge."""
    u, v = np.meshgrid(np.linspace(-0.12, 0.12, 9), np.arange(0.0, seen - _SOFT, 0.02))
    return seen < _BOAT or float(view.inside[view.pixels(u, v)].mean()) >= _LEAST_INSIDE


def lowest(curve: NDArray[np.float64], frame: GarmentFrame) -> NDArray[np.float64]:
    """(2,) the lowest point of a neckline: where its `neck_front` is."""
    return curve[int(np.argmax(curve @ frame.down))]


def behind_neckline(garment: Garment, curve: NDArray[np.float64], frame: GarmentFrame) -> Mask:
    """The cloth above the front edge of the neck opening: what lies behind the wearer's neck.

    Collar leaves and straps outside the two neck corners stay with the front; so does of a hood what lies
    outside its front edges and below the slant from their ends outwards: it lies on the shoulders, before the
    neck's foot. Nothing where no back is seen above the edge: it is the garment's own outline.
    """
    reach = float(np.linalg.norm(curve[0] - curve[-1]))
    up = -frame.down * (4.0 * reach + garment.box.height)
    rim = [curve[-1], curve[-1] + up, curve[0] + up, curve[0]]
    if float(np.linalg.norm(curve[0] - pair(garment, "neck")[0])) > 1.0:
        far = 4.0 * garment.box.width
        right, left = (far * (sign * frame.left - frame.down) for sign in (-1.0, 1.0))
        rim = [curve[-1], curve[-1] + right, curve[-1] + right + up, curve[0] + left + up, curve[0] + left]
    polygon = np.vstack([curve, *rim])
    under_chord = garment.mask.alpha[filled(curve, garment) > 127]
    if under_chord.size and float(under_chord.mean()) < 255 * _LEAST_INSIDE:
        return Mask(np.zeros_like(garment.mask.alpha))
    return Mask(filled(polygon, garment))


def filled(polygon: Floats, garment: Garment) -> NDArray[np.uint8]:
    """(H, W) 255 inside a polygon of the product photo, its edge soft."""
    plane = np.zeros(garment.mask.alpha.shape, np.uint8)
    shift = 4
    corners = np.round((polygon - 0.5) * 2**shift)
    cv2.fillPoly(plane, [np.clip(corners, -(2**28), 2**28).astype(np.int32)], 255, cv2.LINE_AA, shift)
    return plane


def _hood_edge(garment: Garment, product: Image, rise: float) -> NDArray[np.float64]:
    """Of a hood the two front edges that rise beside the neck, from where they cross."""
    middle, _, down, width = neck_frame(garment)
    seen = float(np.clip((point(garment, "neck_front") - middle) @ down / width, -0.5, _SEEN[1]))
    view = NeckView.of(garment, product, above=rise, below=max(seen, 0.0) + 0.6)
    heights = _HOOD_HEIGHTS[max(rise - 0.05, 0.01) > _HOOD_HEIGHTS]
    depth, power, lean, half, height = _grid(
        seen + _HOOD_SINKS, _HOOD_EXPONENTS, _HOOD_LEANS, _HOOD_HALVES, heights
    )
    u, v = _curves(half, height, depth, power, lean)
    length = np.hypot(np.diff(u), np.diff(v)).sum(axis=1)
    score = _EDGE * edge_strength(view, u, v) + _HOOD_PARTING * parting(view, u, v) + 0.8 * length
    score -= np.square((half - _USUAL_HALF) / _HALF_SPREAD) / 2
    score -= np.square((height - _USUAL_HEIGHT) / _HEIGHT_SPREAD) / 2
    score -= np.square((depth - seen) / _HOOD_SPREAD) / 2 + _SHAPE * np.abs(np.log2(power / 1.25))
    score -= _HOOD_LEANING * (lean != 0)
    best = int(score.argmax())
    return view.photo(*drawn_to_edge(view, u[best], v[best]))


def _grid(*axes: "Floats | tuple[float, ...]") -> list[Floats]:
    """All combinations, one flat array an axis."""
    return [plane.ravel() for plane in np.meshgrid(*axes, indexing="ij")]


def _curves(
    half: "Floats | float",
    height: "Floats | float",
    depth: Floats,
    power: Floats,
    lean: Floats,
    bow: "Floats | float" = 1.0,
) -> tuple[Floats, Floats]:
    """(C, 41) u and v of curves that begin `half` widths off the middle and `height` above the corners."""
    bow = np.broadcast_to(bow, depth.shape)[:, None]
    sag = (1 - np.abs(_ACROSS) ** power[:, None]) ** (1 / bow)
    half, height = (np.broadcast_to(value, depth.shape)[:, None] for value in (half, height))
    u = half * _ACROSS + (lean * np.minimum(depth / _UNTIL, 1))[:, None] * sag
    return u, sag * (depth[:, None] + height) - height


def _log_prior(depth: Floats, seen: float, score: float) -> Floats:
    """How likely a neckline is so deep where its landmark was seen at `seen` with such a score."""
    off = depth - seen
    near = np.exp(-0.5 * np.square(off / np.where(off > 0, *(a + b * seen for a, b in (_LOWER, _HIGHER)))))
    common = _MISSED * np.exp(-0.5 * np.square(np.log(depth / _COMMON) / _SPREAD))
    common = np.where(off > 0, common, _TOO_LOW * common)
    return np.asarray(np.log(score * near + (1 - 0.85 * score) * common + _NEVER), np.float64)
