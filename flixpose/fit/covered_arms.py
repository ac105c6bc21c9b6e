"""A hanging arm that an old top hides further down, below bare skin: how its outline goes on there.

Loose tops hang over elbows and forearms, and over arms that go behind the back. Above such a stretch the arm
is seen, and often the hand below it: between them its edges run straight on. Where nothing is seen below, the
outer edge goes on as it went: an arm that goes behind the back is soon behind the new garment, too.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import arm_chain, usual_thickness
from flixpose.fit.bare_arms import walk_stations
from flixpose.fit.body import Body
from flixpose.fit.occluders import Occluders
from flixpose.fit.remembered import remembered
from flixpose.imaging.pieces import runs
from flixpose.structures.image import Mask

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_STEP = 0.02  # shoulder widths from one station along the bones to the next
_AROUND = 0.22  # shoulder widths to either side of a bone in which its arm is
_LEAST = 0.03  # shoulder widths of skin that are an arm's
_BESIDE = 0.07  # shoulder widths beyond an edge in which old cloth may hide more of the arm
_UNSEEN = 1.15  # of the usual thickness, where no section is wholly seen: better than a gap beside it
_RANGE = 0.75, 1.15  # of the usual thickness
_FEWEST = 4  # sections that are seen, or nothing is known
_TELLS = 14  # sections above what is hidden whose outer edge tells how it goes on
_SMOOTH = 2.0  # sections
_HAND = 0.25  # shoulder widths past the wrist that a top may hide of a hand
_FAR = 0.35  # shoulder widths beside an arm in which old cloth hid background
_HANGS = 0.7  # cosine of the angle between a bone and the trunk
_MOST = 0.5  # of it: less does not tell an inner edge
_OVER = 0.2  # of a section's middle that old cloth hides, or it is not hidden
_CLOTH = 0.3  # of a stretch that is not wholly seen: less old cloth hides nothing
_FULL = 75.0  # per cent of the sections that are thinner than the arm is taken to be
_WHOLE = 0.8  # of its usual thickness: as much is the whole of an arm, whatever lies beside it


@dataclass(frozen=True, eq=False)
class CoveredArm:
    """A stretch of an arm that an old top hides.

    Attributes:
        outline: (N, 2) of the arm. beyond: (N, 2) of what lies on its outer side: background.
    """

    outline: Floats
    beyond: Floats


@remembered
def find_covered_arms(body: Body, occluders: Occluders) -> dict[str, list[CoveredArm]]:
    """ "left", "right" → stretches of that hanging arm under an old top, below bare skin, if any."""
    found = {side: _stretches(body, side, occluders) for side in ("left", "right")}
    return {side: stretches for side, stretches in found.items() if stretches}


def _stretches(body: Body, side: str, occluders: Occluders) -> list[CoveredArm]:
    chain = arm_chain(body, side)
    if len(chain) < 3:
        return []
    unit, forearm = body.shoulder_width, chain[2] - chain[1]
    hand = chain[2] + _HAND * unit * forearm / max(float(np.linalg.norm(forearm)), 1e-9)
    stations, across = walk_stations(np.array([*chain[:2], hand]), _STEP * unit)
    outward = across * np.sign(float((stations[0] - body.mid_shoulder) @ across[0]))
    sections = _look(stations, outward, occluders, unit)
    part = ~sections.whole & (_down(stations, body) > _HANGS)
    part &= np.cumsum(sections.ends) >= _FEWEST  # below bare skin
    found = []
    for first, last in _runs_of(part):
        if last - first > 1 and sections.hidden[first:last].mean() > _CLOTH:
            here = slice(max(first - 1, 0), last + 1)
            inner, outer = (edge[here, None] for edge in sections.carried_on(first, last))
            lines = [stations[here] + off * outward[here] for off in (inner, outer, outer + _FAR * unit)]
            found.append(CoveredArm(*(np.vstack([a, b[::-1]]) for a, b in pairwise(lines))))
    return found


def _down(stations: Floats, body: Body) -> Floats:
    """(N,) cosines of the angles between the bones and the trunk."""
    along = np.gradient(stations, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.asarray(along @ body.down, np.float64)


@dataclass(frozen=True, eq=False)
class _Sections:
    """Cross-sections of an arm, of (N,) stations; lengths in pixels from the bone, outwards.

    Attributes:
        inner, outer: where its skin begins and ends, as far as it is seen. seen: whether it is.
        begins, ends: whether its inner, its outer edge is seen.
        whole: whether nothing hides a part of it. hidden: whether old cloth does.
        thick: how thick the arm is.
    """

    inner: Floats
    outer: Floats
    seen: Flags
    begins: Flags
    ends: Flags
    whole: Flags
    hidden: Flags
    thick: Floats

    def carried_on(self, first: int, last: int) -> tuple[Floats, Floats]:
        """(N,) twice, the inner and the outer edge, on over what is hidden from `first` to `last`."""
        numbers = np.arange(len(self.thick))
        outer = self._outer(numbers)
        inner = outer - self.thick
        before = np.flatnonzero(self.begins & (numbers < first))[-1:]
        after = np.flatnonzero(self.begins & (numbers >= last))[:1]
        known = np.concatenate([before, after])
        if len(known):  # as thick as it is, bent to the edges that are seen
            inner = inner + np.interp(numbers, known, (self.inner - inner)[known])
        return np.minimum(inner, outer), outer

    def _outer(self, numbers: NDArray[np.intp]) -> Floats:
        """(N,) the outer edge: as it is seen, straight from there to there, and on as it went."""
        known = np.flatnonzero(self.ends)
        found = np.interp(numbers, known, self.outer[known])
        tells = known[known > known[-1] - _TELLS]
        slope = float(np.polyfit(tells, self.outer[tells], 1)[0]) if len(tells) >= _FEWEST else 0.0
        found += min(slope, 0.0) * np.maximum(numbers - known[-1], 0)
        smooth = cv2.GaussianBlur(found[:, None], (1, 0), _SMOOTH, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(smooth[:, 0], np.float64)


def _look(stations: Floats, outward: Floats, occluders: Occluders, unit: float) -> _Sections:
    steps = np.arange(-_AROUND * unit, _AROUND * unit + 0.5)
    places = stations[:, None] + steps[None, :, None] * outward[:, None]
    worn = _on(occluders.worn_upper, places)
    begins, ends = np.array([_widest(line) for line in _on(occluders.arms, places) & ~worn]).T
    breadth, usual = ends - begins, usual_thickness(np.linspace(0.0, 1.0, len(stations))) * unit
    seen = breadth > max(2.0, _LEAST * unit)
    full, most = seen & (breadth > _WHOLE * usual), seen & (breadth > _MOST * usual)
    reach = max(2, round(_BESIDE * unit))
    free_in, free_out = ~_touches(worn, begins, -reach), ~_touches(worn, ends - 1, reach)
    whole = full | (seen & free_in & free_out)
    own = breadth[whole] / usual[whole]
    thick = usual * np.clip(np.percentile(own, _FULL) if len(own) >= _FEWEST else _UNSEEN, *_RANGE)
    middle = np.abs(steps)[None] < thick[:, None] / 2
    return _Sections(
        inner=steps[begins] - 0.5,
        outer=steps[np.maximum(ends - 1, 0)] + 0.5,
        seen=seen,
        begins=full | (most & free_in),
        ends=full | (seen & free_out),
        whole=whole,
        hidden=~whole & ((worn & middle).sum(axis=1) > _OVER * middle.sum(axis=1)),
        thick=np.asarray(thick, np.float64),
    )


def _on(mask: Mask, places: Floats) -> Flags:
    """(N, K) whether a mask holds places; nothing beyond the photo."""
    alpha = mask.alpha
    x, y = np.floor(places).astype(int).transpose(2, 0, 1)
    within = (x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])
    found = np.zeros(x.shape, bool)
    found[within] = alpha[y[within], x[within]] > 127
    return found


def _widest(line: Flags) -> tuple[int, int]:
    """Where the longest run begins and ends; both 0 where there is none."""
    return max(_runs_of(line), key=lambda run: run[1] - run[0], default=(0, 0))


def _runs_of(line: Flags) -> list[tuple[int, int]]:
    """First and one past the last of all runs."""
    _, first, end = runs(line[None])
    return list(zip(first.tolist(), end.tolist(), strict=True))


def _touches(worn: Flags, at: NDArray[np.intp], reach: int) -> Flags:
    """(N,) whether so many samples beyond a place there is old cloth."""
    steps = np.arange(1, abs(reach) + 1) * (1 if reach > 0 else -1)
    columns = np.clip(at[:, None] + steps, 0, worn.shape[1] - 1)
    return np.asarray(worn[np.arange(len(at))[:, None], columns].any(axis=1))
