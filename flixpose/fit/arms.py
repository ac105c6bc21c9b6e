"""Where an arm ends on either side, seen in the photo: at the gap, at the clothes beside it, at its shade.

The person's mask fills the gap between arm and trunk, so it has no inner edge to tell. Here the arm is looked
at in cross-sections down its bones. On either side of the bone the edge is the line down the arm along which
the photo changes most, near to where an arm of this body would end, and where what lies within looks like the
arm itself; the line is found at once for the whole arm (dynamic programming), so that it cannot jump.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body, Point
from flixpose.fit.chain import Curve, handedness, length_of, walk
from flixpose.imaging.colour import srgb_to_lab
from flixpose.structures.found import Hand
from flixpose.structures.image import Image, Mask

Plane = NDArray[np.float32]

_SECTIONS = 96
_PAST_WRIST = 1.04  # of the arm's length
_STEPS = 90  # samples on either side of the bone
_FURTHEST = 0.30  # shoulder widths from the bone
# An arm's thickness, in shoulder widths, at shares of its length from the shoulder.
_SHARES, _THICKNESS = (0.0, 0.25, 0.5, 0.75, 1.0), (0.26, 0.24, 0.20, 0.18, 0.135)
_DOUBT = 0.05  # shoulder widths by which half of it may well be off
_BEGINS = (0.10, 0.22)  # shares of the arm between which its inner edge comes out of the armpit
READ_HAND = 0.5  # score of a hand whose own wrist is trusted

_LAB_WEIGHT = np.array([0.5, 1.0, 1.0], np.float32)  # an arm is round: its sides lie in its own shade
_CORE = 0.04  # shoulder widths beside the bone that are the arm itself
_ALONG = 8  # sections above and below that tell its colour
_LEAST_SPREAD = np.array([5.0, 3.0, 3.0], np.float32)
_SHADE = np.float32(0.5)  # how much less strange the darker is
_OWN, _SURE = 3.0, 1.5  # spreads up to which a colour is the arm's; how much further certainty grows
# What an edge costs less, and more. The lengths are in shoulder widths.
_BESIDE, _SHARP, _SHARPEST = 0.03, 0.012, 2.5
_LAB_STEP = 6.0  # Lab units across an edge that count 1
_STRANGE_WITHIN = 12.0
_USUAL = 0.35
_OUTLINE = 0.015
_BEYOND = 0.01
_BEND = 0.09
_LEAST = 0.4  # of the usual: no bone lies nearer to an edge of its arm
_CROSSED = 20.0
# Shoulder widths up to which what the mask holds beyond an edge is the arm's: inside, and outside at _SHARES.
_RIM, _SLEEVE = 0.03, (0.25, 0.25, 0.20, 0.06, 0.03)
_HANGS = 0.7  # cosine of the angle between a hanging upper arm and the trunk
_JUMP = 4  # samples from one section to the next
_ASIDE = (25.0, 50.0)  # degrees: of an upper arm that hangs, at most; of one with its hand on the hip
_UNSEEN, _INWARD = 0.6, 0.04  # score of an elbow that is not seen; shoulder widths that it lies further in


@dataclass(frozen=True, eq=False)
class ArmOutline:
    """One arm as it is seen, from the shoulder joint to a little past the wrist.

    Attributes:
        outer, inner: (K, 2) edges, pixels of the photo; hanging, the inner one is beside the trunk.
        centres, normals: (K, 2) the bone, and unit vectors from it to the outer side.
        begins: the number of the first section that has an inner edge; above it the arm joins the trunk.
    """

    outer: Curve
    inner: Curve
    centres: Curve
    normals: Curve
    begins: int

    def crease(self, near: Point, body: Body) -> Point | None:
        """Where an arm that hangs comes out from behind or before the trunk, at the depth of a place near it.

        None for an arm held out, whose inner edge lies below it.
        """
        edge = self.inner[self.begins :]
        along = self.centres[-1] - self.centres[0] if len(edge) < 2 else edge[len(edge) // 3] - edge[0]
        if float(along @ body.down) < _HANGS * float(np.linalg.norm(along)):
            return None
        depths = np.maximum.accumulate((edge - body.mid_shoulder) @ body.down)
        depth = float((near - body.mid_shoulder) @ body.down)
        return np.array([np.interp(depth, depths, edge[:, axis]) for axis in (0, 1)])

    def hangs(self, body: Body) -> bool:
        """Whether the upper arm goes down beside the trunk."""
        upper = self.centres[len(self.centres) // 2] - self.centres[0]
        return float(upper @ body.down) > _HANGS * float(np.linalg.norm(upper))

    def touched(self, start: Point, outward: Point) -> float | None:
        """How far out a ray first comes to the arm below the armpit, pixels; None where it misses it."""
        crossings = self._crossings(start, outward)
        return float(crossings.min()) if len(crossings) else None

    def left(self, start: Point, outward: Point) -> float | None:
        """How far a ray from within the arm goes until it leaves it, pixels; None from anywhere else."""
        crossings = self._crossings(start, outward)
        return float(crossings.min()) if len(crossings) % 2 else None

    def lefts(self, starts: Curve, outwards: Curve) -> NDArray[np.float64]:
        """(K,) as `left` for (K, 2) rays; NaN in place of None."""
        off = self._outline - starts[:, None]
        x, y = outwards.T[..., None]
        across, along = off[..., 1] * x - off[..., 0] * y, off[..., 0] * x + off[..., 1] * y
        share = across[:, :-1] / np.where(
            across[:, :-1] == across[:, 1:], 1.0, across[:, :-1] - across[:, 1:]
        )
        found = along[:, :-1] + share * (along[:, 1:] - along[:, :-1])
        crossed = ((across[:, 1:] < 0) != (across[:, :-1] < 0)) & (found > 0)
        nearest = np.where(crossed, found, np.inf).min(axis=1)
        return np.where(crossed.sum(axis=1) % 2 == 1, nearest, np.nan)

    def _crossings(self, start: Point, outward: Point) -> NDArray[np.float64]:
        """Where a ray crosses the outline below the armpit, pixels from its start, in no order."""
        turn = np.array([[-outward[1], outward[0]], [outward[0], outward[1]]])
        across, along = ((self._outline - start) @ turn).T
        side = across < 0
        at = np.flatnonzero(side[1:] != side[:-1])
        share = across[at] / (across[at] - across[at + 1])
        found = along[at] + share * (along[at + 1] - along[at])
        return np.asarray(found[found > 0])

    @cached_property
    def _outline(self) -> Curve:
        """The closed outline below the armpit, its first corner again at the end."""
        outer, inner = self.outer[self.begins :], self.inner[self.begins :]
        return np.vstack([outer, inner[::-1], outer[:1]])


def find_arms(person: Image, body: Body, person_mask: Mask | None) -> dict[str, ArmOutline]:
    """ "left", "right" → the arm's outline, of those whose joints were found; none without a mask.

    Arms that are raised lie beside head and hair, not beside the trunk: the mask knows them.
    """
    if person_mask is None:
        return {}
    chains = {side: np.array(arm_chain(body, side)) for side in ("left", "right")}
    return {
        side: _outline(person, person_mask, body, side, chain)
        for side, chain in chains.items()
        if len(chain) >= 2 and _is_lowered(chain, body)
    }


def _is_lowered(chain: Curve, body: Body) -> bool:
    """Whether elbow and wrist lie below the shoulder."""
    return bool(((chain[1:] - chain[0]) @ body.down > 0).all())


def is_behind(body: Body, side: str) -> bool:
    """Whether an arm goes behind the back: its elbow is hidden, and lies further in than the shoulder."""
    chain = body.limb(side, "shoulder", "elbow")
    if len(chain) < 2 or body.scores.get(f"{side}_elbow", 0.0) >= _UNSEEN:
        return False
    outwards = body.across_at(0.0) if side == "left" else -body.across_at(0.0)
    return float((chain[1] - chain[0]) @ outwards) < -_INWARD * body.shoulder_width


def held_aside(body: Body, side: str) -> float:
    """How far an upper arm is held aside: 0 as it hangs, 1 as with the hand on the hip, and above that."""
    chain = body.limb(side, "shoulder", "elbow")
    if len(chain) < 2:
        return 0.0
    upper = chain[1] - chain[0]
    aside = float(upper @ body.across_at(0.0)) * (1.0 if side == "left" else -1.0)
    down = max(float(upper @ body.down), 0.0)
    return float(np.interp(np.degrees(np.arctan2(max(aside, 0.0), down)), _ASIDE, (0.0, 1.0)))


def usual_thickness(shares: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Of a bare arm, in shoulder widths, at shares of its length from the shoulder."""
    return np.asarray(np.interp(shares, _SHARES, _THICKNESS))


def arm_chain(body: Body, side: str) -> list[Point]:
    """Shoulder, elbow and wrist, as far as found; a hand that was read knows its wrist best."""
    chain = body.limb(side, "shoulder", "elbow", "wrist")
    hand = read_hands(body).get(side)
    if hand is None or len(chain) < 3:
        return chain
    return [*chain[:2], hand.keypoints["wrist"].astype(np.float64)]


def read_hands(body: Body) -> dict[str, Hand]:
    """ "left", "right" → the hand at that arm's wrist, of those that were read.

    Where hands lie on one another, the one on top is found at both wrists.
    """
    found: dict[str, Hand] = {}
    for hand in sorted(body.hands, key=lambda hand: hand.score):
        if hand.score >= READ_HAND:
            found[_arm_of(body, hand)] = hand
    return found


def _arm_of(body: Body, hand: Hand) -> str:
    """The side whose wrist lies nearer to the hand's; its own where the body's wrists do not tell."""
    wrists = {side: body.joints.get(f"{side}_wrist") for side in ("left", "right")}
    away = {
        side: float(np.linalg.norm(hand.keypoints["wrist"] - wrist))
        for side, wrist in wrists.items()
        if wrist is not None
    }
    return hand.side if len(away) < 2 or away["left"] == away["right"] else min(away, key=lambda s: away[s])


@dataclass(frozen=True, eq=False)
class _Sections:
    """Cross-sections of an arm: (K, 2 J - 1) samples from the inner side through the bone to the outer.

    Attributes:
        lab: (K, N, 3) weighted. inside: (K, N) the person. strange: (K, N) how unlike the arm, -1.5 to 1.5.
        step: pixels between samples. unit: shoulder width, pixels.
    """

    lab: Plane
    inside: NDArray[np.bool_]
    strange: Plane
    step: float
    unit: float

    def side(self, sign: int) -> "_Sections":
        """One half, from the bone outwards: (K, J)."""
        middle = self.inside.shape[1] // 2
        half = np.s_[:, middle:] if sign > 0 else np.s_[:, middle::-1]
        return _Sections(self.lab[half], self.inside[half], self.strange[half], self.step, self.unit)

    def samples(self, shoulder_widths: float) -> int:
        return max(1, round(shoulder_widths * self.unit / self.step))


def _outline(person: Image, mask: Mask, body: Body, side: str, chain: Curve) -> ArmOutline:
    shares = np.linspace(0.0, _PAST_WRIST, _SECTIONS)
    centres, tangents = walk(chain, shares * length_of(chain))
    normals = handedness(body, side) * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    sections = _look(person, mask, centres, normals, body.shoulder_width)
    thick = usual_thickness(shares) * body.shoulder_width
    outer = _edge(sections.side(1), thick / 2, np.ones(_SECTIONS), np.interp(shares, _SHARES, _SLEEVE))
    begun = np.clip((shares - _BEGINS[0]) / (_BEGINS[1] - _BEGINS[0]), 0.0, 1.0)
    # An arm whose free side is seen near its bone has the more of itself on the other.
    inner = _edge(
        sections.side(-1), np.maximum(thick - outer, _LEAST * thick), begun, np.full(_SECTIONS, _RIM)
    )
    return ArmOutline(
        outer=centres + outer[:, None] * normals,
        inner=centres - inner[:, None] * normals,
        centres=centres,
        normals=normals,
        begins=int(np.argmax(begun > 0.5)),
    )


def _look(person: Image, mask: Mask, centres: Curve, normals: Curve, unit: float) -> _Sections:
    step = _FURTHEST * unit / _STEPS
    offsets = np.arange(-_STEPS, _STEPS + 1) * step
    places = (centres[:, None] + offsets[:, None] * normals[:, None]).astype(np.float32)
    seen = _sampled(person.pixels, places, 0.5 * step)
    lab = cv2.GaussianBlur(srgb_to_lab(seen), (1, 5), 0, sigmaY=1.0) * _LAB_WEIGHT
    inside = _sampled(mask.alpha, places, 0.0) >= 128
    return _Sections(lab, inside, _strangeness(lab, round(_CORE * unit / step)), step, unit)


def _sampled(plane: NDArray[np.uint8], places: Plane, blur: float) -> NDArray[np.uint8]:
    """The plane at (..., 2) places, blurred by so many pixels before; beyond the photo, its edge."""
    size = np.array(plane.shape[1::-1])
    margin = int(np.ceil(3 * blur)) + 2
    x0, y0 = np.clip(np.floor(places.min(axis=(0, 1))).astype(int) - margin, 0, size - 1)
    x1, y1 = np.clip(np.ceil(places.max(axis=(0, 1))).astype(int) + margin, (x0 + 1, y0 + 1), size)
    near = plane[y0:y1, x0:x1]
    near = cv2.GaussianBlur(near, (0, 0), blur) if blur > 0.3 else near
    x, y = places[..., 0] - np.float32(0.5 + x0), places[..., 1] - np.float32(0.5 + y0)
    found = cv2.remap(near, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)


def _strangeness(lab: Plane, core: int) -> Plane:
    """(K, N) in [-1.5, 1.5]: how much less a place looks like the arm than like something else."""
    middle = lab.shape[1] // 2
    own = lab[:, middle - core : middle + core + 1]
    mean, spread = _smooth(own.mean(axis=1)), _smooth(own.std(axis=1))
    off = (lab - mean[:, None]) / np.maximum(spread, _LEAST_SPREAD)[:, None]
    off[..., 0] *= np.where(off[..., 0] < 0, _SHADE, np.float32(1))
    return np.clip(np.linalg.norm(off, axis=-1) - _OWN, -_SURE, _SURE).astype(np.float32)


def _smooth(rows: Plane) -> Plane:
    """(K, C) averaged along the arm."""
    return np.asarray(cv2.blur(rows, (1, 2 * _ALONG + 1), borderType=cv2.BORDER_REPLICATE), np.float32)


def _edge(
    half: _Sections,
    usual: NDArray[np.float64],
    begun: NDArray[np.float64],
    rim: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(K,) how far from the bone the arm ends on one side, pixels.

    Args:
        usual: (K,) where such an arm ends. begun: (K,) in [0, 1]; 0 where there is no edge to be seen.
        rim: (K,) shoulder widths up to which what the mask holds beyond the edge is the arm's own.
    """
    unit = half.unit
    offsets = np.arange(half.inside.shape[1]) * half.step
    within, beyond = _beside(half.strange, half.samples(_BESIDE))
    cost = within - beyond - np.minimum(_sharpness(half) / _LAB_STEP, _SHARPEST)
    cost += _STRANGE_WITHIN * np.cumsum(np.maximum(half.strange, 0.0), axis=1) * half.step / unit
    ends = np.asarray((_mask_ends(half.inside) - 0.5) * half.step)
    past = (offsets - ends[:, None]) / unit
    cost += np.maximum(0.0, past / _BEYOND - 1.0)
    cost -= np.exp(-np.square(past / _OUTLINE)) * (ends < offsets[-2])[:, None]
    cost += _CROSSED * (offsets < _LEAST * usual[:, None])
    likely = _USUAL * np.square((offsets - usual[:, None]) / (_DOUBT * unit))
    found = np.maximum(_cheapest(begun[:, None] * cost + likely) - 0.5, 0.0) * half.step
    # A bright rim of skin is still the person's, and so is a wide old sleeve on the free side.
    return np.where((ends > found) & (ends - found < rim * unit), ends, found)


def _sharpness(half: _Sections) -> Plane:
    """(K, J) by how many Lab units the colour changes across a place."""
    width = half.samples(_SHARP)
    parts = [_beside(np.ascontiguousarray(half.lab[..., c]), width) for c in range(3)]
    squares = np.array([np.square(beyond - within) for within, beyond in parts])
    return np.asarray(np.sqrt(squares.sum(axis=0)), np.float32)


def _beside(plane: Plane, width: int) -> tuple[Plane, Plane]:
    """The means of (K, J) over so many samples before each sample, and from it on."""
    sums = np.pad(np.cumsum(plane, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    here = np.arange(plane.shape[1])
    before, after = np.maximum(here - width, 0), np.minimum(here + width, plane.shape[1])
    within = (sums[:, here] - sums[:, before]) / np.maximum(here - before, 1)
    beyond = (sums[:, after] - sums[:, here]) / np.maximum(after - here, 1)
    return within.astype(np.float32), beyond.astype(np.float32)


def _mask_ends(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(K,) the first sample from which on five lie outside; the last one where the mask goes on."""
    outside = np.pad(~inside, ((0, 0), (0, 4)), mode="edge")
    run = np.asarray(np.lib.stride_tricks.sliding_window_view(outside, 5, axis=1).all(axis=2))
    return np.where(run.any(axis=1), run.argmax(axis=1), inside.shape[1] - 1)


def _cheapest(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """(K,) one sample of each section of (K, J), so that costs and bends together are the least."""
    count, samples = cost.shape
    steps = np.arange(-_JUMP, _JUMP + 1)
    before = np.arange(samples) - steps[:, None]
    allowed = (before >= 0) & (before < samples)
    before = np.clip(before, 0, samples - 1)
    bends = np.where(allowed, _BEND * np.square(steps)[:, None], np.inf)
    total, origin = cost[0].copy(), np.zeros((count, samples), np.int64)
    for row in range(1, count):
        ways = total[before] + bends
        best = ways.argmin(axis=0)
        origin[row] = np.take_along_axis(before, best[None], 0)[0]
        total = np.take_along_axis(ways, best[None], 0)[0] + cost[row]
    line = np.zeros(count, np.int64)
    line[-1] = int(total.argmin())
    for row in range(count - 1, 0, -1):
        line[row - 1] = origin[row, line[row]]
    return line
