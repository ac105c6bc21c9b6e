"""Sleeves on arms: strips that follow shoulder, elbow and wrist."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.arms import ArmOutline, usual_thickness
from flixpose.fit.body import Body
from flixpose.fit.chain import handedness, length_of, walk
from flixpose.fit.measure import Point
from flixpose.fit.outline import reach, reaches
from flixpose.fit.regions import LimbLandmarks
from flixpose.fit.rig import Limb
from flixpose.fit.strips import COVER, SHARES, Edge, Strip, half_widths, rows_to_controls
from flixpose.fit.taut import bridged
from flixpose.structures.image import Mask
from flixpose.structures.warp import ControlPoints

_DENSE = 96
# In shoulder widths: so far inside the trunk cloth goes on; an outline further off is not the limb's own.
_INSIDE = 0.012
_LIMB_LIMIT = 0.30
_SHOULDER_LIMIT = 0.45  # on the outside: a raised arm's shoulder bulges far above the middle of the seam
_HOLLOW, _UPPER = 0.02, 0.5  # shoulder widths of a hollow that cloth bridges; how far down the limb
_MOST_OF_ARM = 0.62  # of its thickness that lies on one side of its joints
_UPPER_ARM = 0.524  # of an arm from shoulder to wrist
_STEP_IN = 0.1  # of the seam: its outer end lies on the outline
_SURE_FOREARM = 0.95  # a wrist that is read within the hand makes no upper arm look short
_BESIDE_SEAM = 0.5  # of the limb: up to there the inner edge keeps beside the torso


def sleeve_controls(
    limb: LimbLandmarks,
    strip: Strip,
    chain: list[Point],
    seam_on_person: tuple[Point, Point],
    body: Body,
    numbers: Limb,
    scale: float,
    person_mask: Mask | None,
    arm: ArmOutline | None = None,
) -> ControlPoints:
    """Control points that lay a strip along a chain of joints (shoulder, elbow, wrist).

    The cuff lies square to the limb, as far along it as the sleeve's middle line is long: where the elbow
    bends the outer edge's way gets longer and the inner one's shorter, and the middle's stays.

    Args:
        chain: the joints that were found, from the torso outward; at least two.
        seam_on_person: (outer, inner) ends of the seam where the torso's warp puts them; it begins there.
        scale: pixels of the person image for one of the product image.
        person_mask: cloth covers the limb's outline where the mask shows it.
        arm: the arm as it is seen, where it was looked for: the mask does not show its inner edge.
    """
    outer_start, inner_start = seam_on_person
    path = np.vstack([begin_of_arm(outer_start, inner_start, person_mask), *chain[1:]])
    whole = length_of(chain)
    distances = np.linspace(0.0, 1.3 * numbers.max_reach * whole, _DENSE)
    centres, tangents = walk(path, distances)
    handed = handedness(body, limb.part.split("_")[0])
    normals = handed * np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
    arm_shown = _Shown.of(chain, path)
    own = _half_widths_on_limb(
        strip, arm_shown.cloth_at(distances), distances, normals, whole, body, numbers, scale
    )
    unit = body.frontal_width
    seen, slack = _Seen(person_mask, arm, unit), numbers.slack * unit
    inward = _along_outline(own[1], centres, -normals, seen, _LIMB_LIMIT, own[1] - slack, _INSIDE)
    least = own[0] - slack
    if arm is not None and numbers.hang > 0 and arm.hangs(body):
        least = _standing_off(strip, distances, whole, unit, numbers, scale)
        least += _bare_reach(arm, centres, normals, distances / whole, unit)
    outward = _along_outline(own[0], centres, normals, seen, _SHOULDER_LIMIT, least, COVER)
    outward = bridged(outward, min(strip.along[-1] * scale, _UPPER * whole), distances, _HOLLOW * unit)
    inner_side = centres - inward[:, None] * normals
    if arm is None:
        inner_side = _beside_seam(inner_start, inner_side, normals, distances / whole)
    outer_edge = Edge.starting(outer_start, centres + outward[:, None] * normals, tangents, distances)
    outer_edge = outer_edge.rounded(centres[0], person_mask, unit)
    inner_edge = Edge.starting(inner_start, inner_side, tangents, distances)
    end = arm_shown.bounded(float(strip.along[-1]) * scale, numbers)
    shares, end = arm_shown.at(SHARES * end) / arm_shown.at(end), float(arm_shown.at(end))
    outer = outer_edge.rows(end, shares)
    inner = inner_edge.rows(max(end, inner_edge.least_reach(whole)), shares)
    return rows_to_controls(limb.part, strip, outer, inner)


@dataclass(frozen=True)
class _Shown:
    """An arm from a sleeve's seam on: how long its two bones are, and how long they are seen, pixels.

    A bone that points towards the camera is seen short, and so is what lies on it: the sleeve's elbow is at
    the arm's.
    """

    long: tuple[float, float]
    seen: tuple[float, float]
    begun: float

    @classmethod
    def of(cls, chain: list[Point], path: NDArray[np.float64]) -> "_Shown":
        """From the joints, and from the way from the seam's middle over the elbow to the wrist."""
        seen = np.linalg.norm(np.diff(path, axis=0), axis=1)
        if len(chain) < 3:
            return cls((float(seen[0]), 1.0), (float(seen[0]), 1.0), length_of(chain) - float(seen[0]))
        upper, fore = np.linalg.norm(np.diff(np.array(chain), axis=0), axis=1)
        whole = max(float(upper) / _UPPER_ARM, _SURE_FOREARM * float(fore) / (1 - _UPPER_ARM))
        long = float(seen[0]) * _UPPER_ARM * whole / float(upper), (1 - _UPPER_ARM) * whole
        return cls(long, (float(seen[0]), float(seen[1])), whole - sum(long))

    def at(self, cloth: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """How far from the seam cloth is seen that lies so far from it along the arm."""
        (upper, fore), (seen, beyond) = self.long, self.seen
        past = np.maximum(np.asarray(cloth) - upper, 0.0)
        return np.asarray(np.minimum(cloth, upper) * seen / upper + past * beyond / fore)

    def cloth_at(self, seen_at: NDArray[np.float64]) -> NDArray[np.float64]:
        (upper, fore), (seen, beyond) = self.long, self.seen
        return np.asarray(
            np.minimum(seen_at, seen) * upper / seen + np.maximum(seen_at - seen, 0.0) * fore / beyond
        )

    def bounded(self, own: float, numbers: Limb) -> float:
        """A sleeve's own length along the arm, within the rig's bounds."""
        whole = sum(self.long) + self.begun
        return float(
            np.clip(own, numbers.min_reach * whole - self.begun, numbers.max_reach * whole - self.begun)
        )


def begin_of_arm(outer: Point, inner: Point, person: Mask | None) -> Point:
    """The middle of the seam, or of as much of it as lies on the person.

    Wide sleeves are joined far down the trunk: on a raised arm the middle of their seam lies below the arm.
    """
    seam = inner - outer
    length = float(np.linalg.norm(seam))
    if person is None or length < 1.0:
        return outer + seam / 2
    inside = outer + _STEP_IN * seam
    on_person = reach(person, inside, seam / length, length)
    share = 1.0 if not on_person else min(_STEP_IN + on_person / length, 1.0)
    return outer + seam * (share / 2 if share < 0.5 else 0.5)


@dataclass(frozen=True, eq=False)
class _Seen:
    """Where a limb ends in the photo: by the arm's own outline, or else by the person's mask."""

    mask: Mask | None
    arm: ArmOutline | None
    unit: float

    def reaches(
        self, starts: NDArray[np.float64], outwards: NDArray[np.float64], limit: float
    ) -> NDArray[np.float64]:
        """(K,) pixels from (K, 2) places on the limb; NaN where neither tells."""
        found = np.full(len(starts), np.nan) if self.arm is None else self.arm.lefts(starts, outwards)
        found[~(found < limit)] = np.nan
        unseen = np.isnan(found)
        if self.mask is not None and unseen.any():
            found[unseen] = reaches(self.mask, starts[unseen], outwards[unseen], limit)
        return found


def _along_outline(
    own: NDArray[np.float64],
    centres: NDArray[np.float64],
    normals: NDArray[np.float64],
    seen: _Seen,
    furthest: float,
    least: NDArray[np.float64],
    cover: float,
) -> NDArray[np.float64]:
    """Half widths on one side that follow the limb's outline where it is seen, smoothed along it.

    Args:
        own: (K,) pixels, where the outline is not seen.
        furthest, cover: shoulder widths from the limb that are looked at; by which cloth lies outside of it.
        least: (K,) pixels from the limb's middle that the cloth reaches at least.
    """
    if seen.mask is None:
        return own
    found = seen.reaches(centres, normals, furthest * seen.unit)
    if seen.arm is not None:
        found = _held(found)
    wanted = np.where(np.isnan(found), own, np.maximum(found + cover * seen.unit, least))
    return np.convolve(np.pad(wanted, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")


def _held(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Past where an arm's outline is seen (a hand that turns aside at the wrist) it goes on as it was."""
    last = np.maximum.accumulate(np.where(np.isnan(found), -1, np.arange(len(found))))
    return np.where(last < 0, np.nan, found[np.maximum(last, 0)])


def _bare_reach(
    arm: ArmOutline,
    centres: NDArray[np.float64],
    normals: NDArray[np.float64],
    shares: NDArray[np.float64],
    unit: float,
) -> NDArray[np.float64]:
    """(K,) pixels from the middle to the free side of the arm itself, without its old sleeve."""
    seen = arm.lefts(centres, normals)
    usual = _MOST_OF_ARM * usual_thickness(shares) * unit
    return np.fmin(seen, usual)


def _standing_off(
    strip: Strip,
    distances: NDArray[np.float64],
    whole: float,
    unit: float,
    numbers: Limb,
    scale: float,
) -> NDArray[np.float64]:
    """How far a wide sleeve stands off the outside of an arm that hangs: straight from shoulder to cuff.

    How far at the cuff was measured where such sleeves are worn; most of what a sleeve is wider than the arm
    goes around it.
    """
    end = strip.along[-1] * scale
    wider = 2 * float(half_widths(strip)[-1]) * scale - float(usual_thickness(end / whole)) * unit
    at_cuff = numbers.stand * unit + numbers.hang * max(wider, 0.0)
    return at_cuff * np.clip(distances / max(end, 1e-9), 0.0, 1.0)


def _beside_seam(
    start: Point, side: NDArray[np.float64], normals: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The inner edge kept from running inside the armpit, where the torso's side begins."""
    inside = np.maximum(0.0, ((start - side) * normals).sum(axis=1))
    fade = np.clip(1.0 - shares / _BESIDE_SEAM, 0.0, 1.0)
    return side + (inside * fade)[:, None] * normals


def _half_widths_on_limb(
    strip: Strip,
    cloth: NDArray[np.float64],
    distances: NDArray[np.float64],
    normals: NDArray[np.float64],
    whole: float,
    body: Body,
    numbers: Limb,
    scale: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(outward, inward) from the limb's axis, at distances from the seam, pixels of the person image.

    Cloth is at least as wide as the limb. Wide sleeves hang outward, the more the further from the shoulder:
    on the inside a sleeve is caught between arm and torso (`Limb.inward`). Where the outside faces upwards,
    on an arm held out, cloth falls to the other side.
    """
    shares = cloth / max(strip.along[-1] * scale, 1e-9)
    own = np.interp(shares, strip.along / strip.along[-1], half_widths(strip) * scale)
    limb = np.interp(distances / whole, [0.0, 1.0], numbers.half_width) * body.frontal_width
    loose = np.clip(own, limb, numbers.max_half_width * body.frontal_width) - limb
    free = np.clip(distances / (numbers.free_from * whole), 0.0, 1.0)
    caught = np.minimum(np.maximum(own, limb), numbers.inward * limb)
    fallen = np.clip(-normals[:, 1], 0.0, 1.0)
    inward = (1 - fallen) * caught + fallen * (limb + 2 * loose * free)
    return 2 * limb + 2 * loose * free - inward, inward
