"""The strap of a bag across the chest: a straight band of one breadth and colour, from shoulder to other hip.

It is looked for on the trunk laid flat, along lines from all over the shoulders to all over the waist. A
band counts only if nearly everywhere along it both edges are sharp, what lies beside it is mostly the same
cloth on either side, and neither changes on the way. Where that is not so nothing is found: a strip of old
cloth on the new one would be worse than a strap that is missing.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.palettes import Plane, Scene

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]
Places = NDArray[np.integer[Any]]

_PER_UNIT = 100  # pixels of the flat trunk for a shoulder width
_ASIDE, _TOP, _LOW = 0.7, -0.12, 0.9  # shoulder widths off the axis; torso lengths below the shoulders
_TORSO = 1.45  # shoulder widths
_STARTS, _ENDS = (0.10, 0.46), (0.10, 0.62)  # shoulder widths off the axis, on one side and the other
_FROM, _TO = 0.04, 0.80  # depths between which a strap is looked at
_UP, _DOWN = -0.12, 0.95  # depths to which a strap that was found goes on
_BENDS = (-0.05, -0.025, 0.0, 0.025, 0.05)  # shoulder widths by which the chest bends it
_STEP = 0.0125  # shoulder widths between lines
_STATIONS, _OFFSETS, _FINE = 36, 12, 0.0125  # along a line; to either side, so many shoulder widths apart
_HALVES = (0.0175, 0.03, 0.045)  # half the breadth of straps, shoulder widths
_FLANK = (0.0125, 0.05)  # shoulder widths beside the edges
_RARELY, _CLOSER = 5, 150  # every so many stations tell at first; so many lines are looked at closely
_LEAST_SEEN = 0.6  # of the stations that hair and hands leave free
_CONTRAST = 14.0  # Lab units between strap and cloth
_EVERYWHERE, _MOSTLY = 0.94, 0.75  # of the stations seen: a neckline or a hem may cross the strap
_SAME = 0.45  # of the contrast that a strap's or the cloth's own colours may differ by
_MOST = 70.0  # per cent of the stations
_CHEST, _OTHERS = (
    ((-0.35, 0.08), (0.35, 0.75)),
    0.2,
)  # a part of the trunk; of it, what may look like the strap
_LIKE = 0.5
_SOFT = 0.012  # shoulder widths


@dataclass(frozen=True, eq=False)
class BagStrap:
    """(K, 2) middle line in shoulder widths across and torso lengths down; half its breadth, shoulder widths.

    Attributes:
        band, cloth: (3,) Lab, of it and of what lies beside it.
    """

    line: NDArray[np.float64]
    half: float
    band: Floats
    cloth: Floats
    contrast: float


def find_bag_strap(scene: Scene, before: Plane) -> Plane | None:
    """(h, w) in [0, 1], at working size; None where none is sure to be there.

    Args:
        before: (h, w) hair and hands, which may lie over it.
    """
    found = look_for_strap(scene, before)
    if found is None:
        return None
    line = np.vstack([_onwards(found.line[1::-1], _UP), found.line, _onwards(found.line[-2:], _DOWN)])
    places = np.array([scene.body.place(float(a), float(d)) for a, d in line]) * scene.scale
    band = np.zeros(scene.inside.shape, np.uint8)
    thick = max(1, round(2 * (found.half + _SOFT) * scene.unit))
    cv2.polylines(band, [np.round(places * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    own, other = (np.linalg.norm(scene.lab - colour, axis=2) for colour in (found.band, found.cloth))
    like = np.clip((other - own) / (_LIKE * found.contrast), 0, 1)
    return np.asarray(like * band / 255 * scene.inside, np.float32)


def _onwards(ends: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    """(2,) where a line through two places comes to a depth."""
    step = ends[1] - ends[0]
    return np.asarray(ends[1] + step * (depth - ends[1, 1]) / step[1])


def look_for_strap(scene: Scene, before: Plane) -> BagStrap | None:
    """As `find_bag_strap`, measured."""
    lab, free = _flat_trunk(scene, before)
    best: BagStrap | None = None
    for side in (1.0, -1.0):
        x, y = _places(side)
        for half in _HALVES:
            likely = _likely(lab, x, y, half)
            if not len(likely):
                continue
            ok = free[y[likely, :, _OFFSETS], x[likely, :, _OFFSETS]]
            likely, ok = (plane[ok.mean(axis=1) >= _LEAST_SEEN] for plane in (likely, ok))
            found = _best(lab[y[likely], x[likely]], ok, half) if len(likely) else None
            if found is not None and (best is None or found[1] > best.contrast):
                number, contrast, band, cloth = found
                best = BagStrap(_lines(side)[likely[number]], half, band, cloth, contrast)
    return best if best is not None and _is_alone(best, lab, free) else None


def _is_alone(found: BagStrap, lab: Floats, free: Flags) -> bool:
    """Whether hardly anything else on the trunk has the strap's colour: it is no stripe among others."""
    width, height = _size()
    beside = np.zeros((height, width), np.uint8)
    (x0, y0), (x1, y1) = (((a + _ASIDE) * _PER_UNIT, (d - _TOP) * _TORSO * _PER_UNIT) for a, d in _CHEST)
    cv2.rectangle(beside, (round(x0), round(y0)), (round(x1), round(y1)), 1, -1)
    xy = np.stack([found.line[:, 0] + _ASIDE, (found.line[:, 1] - _TOP) * _TORSO], axis=1) * _PER_UNIT
    thick = round(2 * (found.half + _FLANK[1]) * _PER_UNIT)
    cv2.polylines(beside, [np.round(xy).astype(np.int32)], False, 0, thick)
    colours = lab[(beside > 0) & free]
    near, far = (np.linalg.norm(colours - colour, axis=1) for colour in (found.band, found.cloth))
    return len(colours) > 0 and float((near < far).mean()) < _OTHERS


def _likely(lab: Floats, x: Places, y: Places, half: float) -> Places:
    """Numbers of the lines worth a closer look: few places along them tell."""
    beside = round((half + sum(_FLANK) / 2) / _FINE)
    at = np.s_[:, ::_RARELY, [_OFFSETS, _OFFSETS - beside, _OFFSETS + beside]]
    band, left, right = np.moveaxis(lab[y[at], x[at]], 2, 0)
    contrast = np.minimum(np.linalg.norm(band - left, axis=2), np.linalg.norm(band - right, axis=2))
    sharp = ((contrast > _CONTRAST) & (np.linalg.norm(left - right, axis=2) < contrast)).mean(axis=1)
    likely = np.flatnonzero(sharp >= _LEAST_SEEN)
    return likely[np.argsort(-(sharp[likely] + contrast[likely].mean(axis=1) / 1000), kind="stable")][
        :_CLOSER
    ]


def _best(seen: Floats, ok: Flags, half: float) -> tuple[int, float, Floats, Floats] | None:
    """Number of the best line of (N, K, J, 3), its contrast, and the colours of band and cloth."""
    off = np.arange(-_OFFSETS, _OFFSETS + 1) * _FINE
    inner = np.abs(off) <= half - 0.5 * _FINE
    low, high = half + _FLANK[0], half + _FLANK[1]
    band = seen[:, :, inner].mean(axis=2)
    left, right = (seen[:, :, (s * off > low) & (s * off <= high)].mean(axis=2) for s in (-1, 1))
    cloth = (left + right) / 2
    contrast = np.minimum(np.linalg.norm(band - left, axis=2), np.linalg.norm(band - right, axis=2))
    apart = np.linalg.norm(left - right, axis=2)
    weight = ok / ok.sum(axis=1, keepdims=True)
    usual = (contrast * weight).sum(axis=1)
    clear, alike = contrast > _CONTRAST, apart < _SAME * contrast
    even = (_spread(band, ok) < _SAME * usual) & (_spread(cloth, ok) < _SAME * usual)
    good = ((clear * weight).sum(axis=1) >= _EVERYWHERE) & even
    good &= (clear & alike & (weight > 0)).sum(axis=1) >= _MOSTLY * ok.sum(axis=1)
    if not good.any():
        return None
    number = int(np.argmax(np.where(good, usual, 0.0)))
    means = [(plane[number] * weight[number][:, None]).sum(axis=0) for plane in (band, cloth)]
    return number, float(usual[number]), means[0].astype(np.float32), means[1].astype(np.float32)


def _spread(colours: Floats, ok: Flags) -> Floats:
    """(N,) Lab units off their median that most of the (N, K, 3) stations keep within."""
    held = np.where(ok[..., None], colours, np.nan)
    away = np.linalg.norm(held - np.nanmedian(held, axis=1, keepdims=True), axis=2)
    return np.asarray(np.nanpercentile(away, _MOST, axis=1), np.float32)


def _flat_trunk(scene: Scene, before: Plane) -> tuple[Floats, Flags]:
    """The trunk in the body's frame: Lab, and whether it is seen."""
    body, size = scene.body, _size()
    corners = [(-_ASIDE, _TOP), (_ASIDE, _TOP), (-_ASIDE, _LOW)]
    places = np.array([body.place(a, d) for a, d in corners], np.float32) * np.float32(scene.scale)
    flat = np.array([(0, 0), (size[0], 0), (0, size[1])], np.float32)
    matrix = cv2.getAffineTransform(flat, places)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    lab = cv2.warpAffine(scene.lab, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(scene.inside * (1 - before), matrix, size, flags=how)
    return np.asarray(lab, np.float32), np.asarray(seen > 0.5)


def _size() -> tuple[int, int]:
    return round(2 * _ASIDE * _PER_UNIT), round((_LOW - _TOP) * _TORSO * _PER_UNIT)


@cache
def _lines(side: float) -> NDArray[np.float64]:
    """(N, K, 2) across and depth of all lines that go down from one side to the other."""
    along = np.linspace(0.0, 1.0, _STATIONS)
    depth = _FROM + along * (_TO - _FROM)
    found = [
        np.stack([side * (start - along * (start + end) + bend * np.sin(np.pi * along)), depth], axis=1)
        for start in np.arange(*_STARTS, _STEP)
        for end in np.arange(*_ENDS, 2 * _STEP)
        for bend in _BENDS
    ]
    return np.array(found)


@cache
def _places(side: float) -> tuple[Places, Places]:
    """(N, K, J) columns and rows of the flat trunk across each line."""
    lines = _lines(side)
    xy = np.stack([lines[..., 0] + _ASIDE, (lines[..., 1] - _TOP) * _TORSO], axis=2)
    along = np.gradient(xy, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True)
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    offsets = np.arange(-_OFFSETS, _OFFSETS + 1) * _FINE
    at = (xy[:, :, None] + offsets[:, None] * across[:, :, None]) * _PER_UNIT
    width, height = _size()
    x, y = np.clip(at[..., 0], 0, width - 1), np.clip(at[..., 1], 0, height - 1)
    return x.astype(np.int16), y.astype(np.int16)
