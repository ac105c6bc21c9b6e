"""The arm inside an old sleeve: how wide it goes on where it was covered, and what its skin looks like there.

Below the sleeve the arm is seen: its edges, and how it is shaded from one side to the other. Under the sleeve
it goes on with that outline, a little wider towards the shoulder, and with that shading; nothing but fine
grain is added.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.remembered import remembered
from flixpose.geometry.threads import product
from flixpose.structures.image import Mask

Floats = NDArray[np.float64]

_STEP = 0.02  # shoulder widths from one station along the bones to the next
_AROUND = 0.22  # shoulder widths to either side of a bone in which its arm is
_NARROWEST, _WIDEST = 0.08, 0.30  # shoulder widths of an arm
_FEWEST = 4  # stations that are bare, or nothing is known
_FOREARM = (
    8  # stations between a sleeve's end and the wrist: fewer are a hand that no forearm's look is told by
)
_SEEN = 12  # stations next to a sleeve whose outline is carried on
_SHADOW = 3  # stations below a sleeve that lie in its shade
_BELOW = 6  # stations below a sleeve's end on the arm to which its other side may hang
_FULL = 75.0  # per cent of those that are narrower than the arm is taken to be
_WHOLE = 0.85  # of its breadth: where the arm is wholly bare
_GROWTH = 0.2  # by which an upper arm is wider at the shoulder than at the elbow
_SMOOTH_EDGE = 2.0  # stations
_JOINS = 6.0  # stations above what is seen over which the carried outline comes to it
_SKIN_SPREAD = 30.0  # 8-bit Lab units around an arm's usual colour of what is the same skin
_LAB_WEIGHT = np.array((0.4, 1.5, 1.5), np.float32)  # shading changes lightness first
_LIES_ON = 0.8  # of the covered arm from the shoulder, over which a sleeve comes off it
_BINS = 32  # across an arm
_RIM = 0.9  # of half its width; beyond, its colours are mixed with what lies behind
_REACH = 0.35  # shoulder widths beside a bone in which old cloth is that arm's sleeve
_SMOOTH = 1.5  # bins
_GRAIN = 1.2  # pixels: what is finer is grain
_COARSEST = 4.0  # sRGB levels: more is no skin's grain


@dataclass(frozen=True, eq=False)
class BareArm:
    """An arm from the shoulder to the last station that was looked at, pixels of the photo.

    Attributes:
        stations: (N, 2) along the bones. across: (N, 2) unit vectors to one side.
        low, high: (N,) its edges along `across`.
        covered: (N,) whether the old sleeve covers it.
        outer: 1 where `high` is the outer edge, -1 where `low` is. elbow: stations of the upper arm.
        profile: (_BINS, 3) sRGB from `low` to `high`. grain: how much single pixels differ, sRGB levels.
    """

    stations: Floats
    across: Floats
    low: Floats
    high: Floats
    covered: NDArray[np.bool_]
    outer: int
    elbow: float
    profile: Floats
    grain: float
    unit: float

    def look(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """(P,) twice, of pixels: how much of each is the arm, -1 where it is beside no covered part; and the
        place across it, 0 to 1."""
        at = self.beside(rows, columns)
        first = int(np.argmin(self.covered))
        sleeve = self.covered[at.nearest] | ((at.nearest < first + _BELOW) & (at.inside < 0.5))
        part = np.where((sleeve | (at.nearest < first + _SHADOW)) & at.near & ~at.beyond, at.inside, -1.0)
        return part, at.share

    def surroundings(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns of a photo that hold every pixel that `look` may find beside the covered part."""
        near = self.stations[: int(np.argmin(self.covered)) + max(_BELOW, _SHADOW)]
        (x0, y0), (x1, y1) = near.min(axis=0) - _REACH * self.unit, near.max(axis=0) + _REACH * self.unit
        height, width = shape[:2]
        (top, foot), (left, right) = (
            (min(max(int(low), 0), size), min(max(int(high) + 1, 0), size))
            for low, high, size in ((y0, y1, height), (x0, x1, width))
        )
        return slice(top, foot), slice(left, right)

    def beside(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> "Beside":
        """Where pixels lie beside the arm."""
        xy = np.stack([columns, rows], axis=1) + 0.5
        step = max(float(np.linalg.norm(np.diff(self.stations, axis=0), axis=1).mean()), 1e-6)
        nearest = nearest_station(self.stations, xy)
        off = xy - self.stations[nearest]
        side = (off * self.across[nearest]).sum(axis=1)
        along = (off * self.across[nearest][:, ::-1] * (1, -1)).sum(axis=1)
        numbers = np.arange(len(self.stations))
        place = nearest + np.clip(along / step, -0.5, 0.5)
        low, high = np.interp(place, numbers, self.low), np.interp(place, numbers, self.high)
        outward, inner, outer = (side, low, high) if self.outer > 0 else (-side, -high, -low)
        return Beside(
            nearest=nearest,
            inside=np.clip(np.minimum(side - low, high - side) + 0.5, 0.0, 1.0),
            share=np.clip((side - low) / np.maximum(high - low, 1e-6), 0, 1),
            outwards=(outward - inner) / np.maximum(outer - inner, 1e-6),
            near=np.linalg.norm(off, axis=1) < _REACH * self.unit,
            # Above the shoulder joint and past the last station there is no arm of this kind; around the
            # outside of an elbow there is, however far the stations fan out.
            beyond=(np.abs(along) > 1.5 * step) & ((nearest == 0) | (nearest == len(numbers) - 1)),
            place=place,
        )

    def weight(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """(P,) how much of the painted skin is laid on: less and less over the shade below the sleeve."""
        first = int(np.argmin(self.covered))
        xy = np.stack([columns, rows], axis=1) + 0.5
        before = self.stations[min(first + _SHADOW, len(self.stations) - 1)]
        step = before - self.stations[max(first - 1, 0)]
        along = (before - xy) @ step / max(float(step @ step), 1e-9)
        return np.clip(along, 0.0, 1.0)

    def skin(self, share: Floats) -> Floats:
        """(P, 3) the colour at a place across the arm."""
        place = np.clip((share - 0.5) / _RIM + 0.5, 0, 1) * (_BINS - 1)
        return np.stack([np.interp(place, np.arange(_BINS), self.profile[:, k]) for k in range(3)], axis=1)


@dataclass(frozen=True, eq=False)
class Beside:
    """Where pixels, (P,), lie beside an arm.

    Attributes:
        nearest: numbers of the nearest stations. inside: how much of each is the arm.
        share: from one edge to the other, 0 to 1. outwards: from the inner edge, 0, to the outer one, 1, and
            beyond both. near: it may be the arm's sleeve. beyond: above the shoulder or past the last one.
        place: of the nearest point of the bones, in stations.
    """

    nearest: NDArray[np.intp]
    inside: Floats
    share: Floats
    outwards: Floats
    near: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    place: Floats


def paint_skin(
    pixels: NDArray[np.uint8],
    arm: BareArm,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    photo: tuple[int, int],
) -> None:
    """Paint the arm into pixels, over what they hold where it covers them in part.

    Args:
        pixels: (h, w, 3) of a window. photo: row and column of the window's first pixel in the photo.
        rows, columns: (P,) in the window.
    """
    part, share = arm.look(rows + photo[0], columns + photo[1])
    part = (np.maximum(part, 0) * arm.weight(rows + photo[0], columns + photo[1]))[:, None]
    grain = np.random.default_rng(len(rows)).normal(0, arm.grain, len(rows))
    painted = part * (arm.skin(share) + grain[:, None]) + (1 - part) * pixels[rows, columns]
    pixels[rows, columns] = np.clip(np.rint(painted), 0, 255).astype(np.uint8)


@remembered
def find_bare_arms(
    person: NDArray[np.uint8], body: Body, occluders: Occluders, person_mask: Mask
) -> list[BareArm]:
    """Those that go on under an old sleeve that ends on them."""
    skin, worn = occluders.arms, occluders.worn_upper
    found = [find_bare_arm(body, side, person, skin, worn, person_mask) for side in ("left", "right")]
    return [arm for arm in found if arm is not None]


def find_bare_arm(
    body: Body, side: str, pixels: NDArray[np.uint8], skin: Mask, worn: Mask, person: Mask
) -> BareArm | None:
    """The arm of one side where a sleeve ends on it; None where no part of it is bare, or all of it.

    Args:
        pixels: (H, W, 3) sRGB. skin: bare forearms and hands. worn: the old clothes. person: all of it.
    """
    chain = body.limb(side, "shoulder", "elbow", "wrist")
    if len(chain) < 2:
        return None
    unit = body.shoulder_width
    stations, across = walk_stations(np.array(chain), _STEP * unit)
    bare, low, high = _edges(
        stations, across, _up_to_sleeve(pixels, stations, skin, worn, person, unit), unit
    )
    if bare.sum() < _FEWEST:
        return None
    seen = np.flatnonzero(bare)[_SHADOW : _SHADOW + _SEEN]
    if len(seen) < _FEWEST - _SHADOW:
        return None
    # Where a slanting hem cuts off a part of it, the arm looks narrower than it is.
    ends = np.percentile(low[seen], 100 - _FULL), np.percentile(high[seen], _FULL)
    full = bare & (high - low > _WHOLE * (ends[1] - ends[0]))
    first = int(np.argmax(full))
    covered = np.arange(len(stations)) < first
    if not covered.any() or len(stations) - first < _FOREARM or _on(worn, stations[:first]).mean() < 0.1:
        return None
    elbow = float(np.linalg.norm(chain[1] - chain[0])) / (_STEP * unit)
    hidden = min(first + _SHADOW, len(stations))
    wider = 1 + _GROWTH * np.clip((hidden - np.arange(hidden)) / max(elbow, 1.0), 0, 1)
    outer = 1 if float((stations[0] - body.mid_shoulder) @ across[0]) > 0 else -1
    low[:hidden], high[:hidden] = (
        _joined(float(end), line[hidden : hidden + _SHADOW], hidden)
        for end, line in zip(ends, (low, high), strict=True)
    )
    edge = high if outer > 0 else low
    edge[:hidden] *= wider
    profile, grain = _profile(pixels, stations, across, low, high, seen)
    edge[:hidden] = _towards_shoulder(edge[:hidden], outer, stations, across, person, unit)
    return BareArm(stations, across, low, high, covered, outer, elbow, profile, grain, unit)


def _joined(usual: float, seen: Floats, count: int) -> Floats:
    """(count,) the usual edge, towards its end that of the stations that are seen after it."""
    begins = float(np.median(seen)) if len(seen) else usual
    return np.asarray(usual + (begins - usual) * np.exp((np.arange(count) - count) / _JOINS), np.float64)


def _towards_shoulder(
    edge: Floats, outer: int, stations: Floats, across: Floats, person: Mask, unit: float
) -> Floats:
    """The outer edge under a sleeve: at the shoulder cloth lies on the skin, further down it stands off."""
    count = len(edge)
    steps = np.arange(0.0, _AROUND * unit + 0.5)
    places = stations[:count, None] + outer * steps[None, :, None] * across[:count, None]
    beyond = _on(person, places.reshape(-1, 2)).reshape(count, -1) < 0.5
    old = np.where(beyond.any(axis=1), steps[np.argmax(beyond, axis=1)], outer * edge)
    share = np.clip(1 - np.arange(count) / max(_LIES_ON * count, 1.0), 0, 1)
    reached = np.minimum(outer * edge + share * (old - outer * edge), np.maximum(old, _NARROWEST * unit / 2))
    smooth = cv2.GaussianBlur(reached[:, None], (1, 0), _SMOOTH_EDGE, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(outer * smooth[:, 0], np.float64)


def _up_to_sleeve(
    pixels: NDArray[np.uint8], stations: Floats, skin: Mask, worn: Mask, person: Mask, unit: float
) -> Mask:
    """The bare arm with what of its colour lies between it and the sleeve."""
    (x0, y0), (x1, y1) = stations.min(axis=0) - _AROUND * unit, stations.max(axis=0) + _AROUND * unit
    here = np.s_[max(0, int(y0)) : max(0, int(y1)), max(0, int(x0)) : max(0, int(x1))]
    known = skin.alpha[here] > 230
    if not known.any():
        return skin
    lab = cv2.cvtColor(pixels[here], cv2.COLOR_RGB2LAB).astype(np.float32)
    off = (lab - np.median(lab[known], axis=0)) * _LAB_WEIGHT
    like = ((off * off).sum(axis=2) < _SKIN_SPREAD**2) & (worn.alpha[here] < 64) & (person.alpha[here] > 127)
    whole = skin.alpha.copy()
    whole[here][like] = 255
    return Mask(whole)


def walk_stations(chain: Floats, step: float) -> tuple[Floats, Floats]:
    """Even places down the bones, and the way across, turning smoothly at the elbow."""
    bones = np.diff(chain, axis=0)
    lengths = np.linalg.norm(bones, axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.arange(0.0, along[-1], step)
    stations = np.stack([np.interp(places, along, chain[:, k]) for k in range(2)], axis=1)
    which = np.clip(np.searchsorted(along, places, side="right") - 1, 0, len(bones) - 1)
    down = (bones / np.maximum(lengths, 1e-9)[:, None])[which]
    down = cv2.blur(down, (1, 7), borderType=cv2.BORDER_REPLICATE)
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    return stations, np.stack([-down[:, 1], down[:, 0]], axis=1)


def _edges(
    stations: Floats, across: Floats, skin: Mask, unit: float
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """(N,) three times: whether an arm's width of skin is at each station, and from where to where."""
    steps = np.arange(-_AROUND * unit, _AROUND * unit + 0.5)
    places = stations[:, None] + steps[None, :, None] * across[:, None]
    is_skin = _on(skin, places.reshape(-1, 2)).reshape(len(stations), -1) > 0.5
    bare = np.zeros(len(stations), bool)
    low, high = np.zeros(len(stations)), np.zeros(len(stations))
    for n, line in enumerate(is_skin):
        changes = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
        if not len(changes):
            continue
        begins, ends = changes[::2], changes[1::2]
        widest = int(np.argmax(ends - begins))
        begin, end = begins[widest], ends[widest]
        # What runs on out of sight is no arm alone.
        bare[n] = _NARROWEST * unit < end - begin < _WIDEST * unit and begin > 0 and end < len(steps)
        low[n], high[n] = steps[begin] - 0.5, steps[min(end, len(steps) - 1)] - 0.5
    return bare, low, high


def _on(mask: Mask, places: Floats) -> Floats:
    """(P,) a mask at places, in [0, 1]; 0 beyond the photo."""
    alpha = mask.alpha
    x, y = np.floor(places).astype(int).T
    within = (x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])
    found = np.zeros(len(places))
    found[within] = alpha[y[within], x[within]] / 255
    return found


def _profile(
    pixels: NDArray[np.uint8],
    stations: Floats,
    across: Floats,
    low: Floats,
    high: Floats,
    seen: NDArray[np.intp],
) -> tuple[Floats, float]:
    """Mean colours across the arm over the stations that are seen, and the spread of the grain."""
    shares = 0.5 + 0.5 * np.linspace(-_RIM, _RIM, _BINS)
    offsets = low[seen, None] + shares * (high - low)[seen, None]
    places = stations[seen, None] + offsets[..., None] * across[seen, None]
    limits = np.array(pixels.shape[1::-1]) - 1
    x, y = np.clip(np.floor(places), 0, limits).astype(int).transpose(2, 0, 1)
    usual = _of_skin(np.median(pixels[y, x].astype(np.float64), axis=0))
    x0, y0, x1, y1 = x.min(), y.min(), x.max() + 1, y.max() + 1
    patch = pixels[y0:y1, x0:x1].astype(np.float32)
    fine = (patch - cv2.GaussianBlur(patch, (0, 0), _GRAIN)).mean(axis=2)[y - y0, x - x0]
    return _blurred(usual), min(float(1.4826 * np.median(np.abs(fine))), _COARSEST)


def _of_skin(colours: Floats) -> Floats:
    """Colours across an arm; those that are no skin's, a shirt's at its edge, as their neighbours."""
    lab = cv2.cvtColor(np.rint(colours)[None].astype(np.uint8), cv2.COLOR_RGB2LAB)[0].astype(np.float32)
    off = (lab - np.median(lab, axis=0)) * _LAB_WEIGHT
    own = np.flatnonzero((off * off).sum(axis=1) < _SKIN_SPREAD**2)
    places = np.arange(len(colours))
    return np.stack([np.interp(places, own, colours[own, k]) for k in range(3)], axis=1)


def _blurred(colours: Floats) -> Floats:
    return np.asarray(
        cv2.GaussianBlur(colours[:, None], (1, 15), _SMOOTH, borderType=cv2.BORDER_REPLICATE)[:, 0],
        np.float64,
    )


def nearest_station(stations: Floats, xy: NDArray[np.floating]) -> NDArray[np.intp]:
    """(P,) the number of the station nearest to each place."""
    found = np.zeros(len(xy), np.intp)
    middle = stations.mean(axis=0)
    towards = (stations - middle).T
    half = 0.5 * np.square(towards).sum(axis=0)
    step = 2000  # the products stay in the cache
    for begin in range(0, len(xy), step):
        part = xy[begin : begin + step] - middle
        found[begin : begin + step] = (product(part, towards) - half).argmax(axis=1)
    return found
