"""Cutting patterns: a garment's proportions as numbers, and its outlines from them.

Units are about a centimetre of cloth; x grows to the wearer's left (the image's right in a front view), y
down, the origin lies between the neck points. Only the wearer's left half is given; the right mirrors it.
"""

from dataclasses import dataclass

import numpy as np

from flixpose.studio.curves import Points, bow, joined, mirrored, smooth

Pair = tuple[float, float]

# Units of background between sleeve and side from which on people see two parts.
_SEEN_GAP = 0.3


@dataclass(frozen=True)
class Sleeve:
    """A sleeve's end: outer and inner corner, how much its lines bow, and the width of the cuff's band."""

    outer: Pair
    inner: Pair
    bow_outer: float = 0.05
    bow_inner: float = -0.03
    band: float = 0.0
    ribbed: bool = False


@dataclass(frozen=True)
class Top:
    """Anything that hangs from the shoulders.

    Attributes:
        neck: half-width of the opening. neck_front, neck_back: y of its lowest front and back centre.
        v_neck: 0 = round, 1 = a straight V. collar: width of the neck's band.
        shoulder, armpit: left tip and fork. waist, hem: side points; waist None = a straight side.
        hem_drop: how much lower the hem is in the centre. hem_band: width of a ribbed band at the hem.
        open_front: half-width of the button band; 0 = closed.
        waist_seam: y of a sewn waist (dresses); 0 = none.
    """

    neck: float
    neck_front: float
    neck_back: float
    shoulder: Pair
    armpit: Pair
    hem: Pair
    sleeve: Sleeve | None = None
    waist: Pair | None = None
    v_neck: float = 0.0
    collar: float = 1.9
    hem_drop: float = 0.8
    hem_band: float = 0.0
    open_front: float = 0.0
    waist_seam: float = 0.0

    def neckline(self, inset: float = 0.0) -> Points:
        """From the left neck point down round the front to the right one; `inset` widens the opening."""
        side, low = self.neck + inset * 0.93, self.neck_front + inset
        if self.v_neck > 0:
            half = bow((side, inset * 0.3), (0.0, low), 0.10 * (1 - self.v_neck), 40)
            return joined(half, mirrored(half))
        t = np.linspace(0.0, np.pi, 81)
        return np.stack([side * np.cos(t), inset * 0.3 + (low - inset * 0.3) * np.sin(t) ** 0.82], axis=1)

    def back_neckline(self, inset: float = 0.0) -> Points:
        """From the right neck point over the back to the left one."""
        t = np.linspace(np.pi, 0.0, 61)
        low = self.neck_back + inset
        return np.stack([(self.neck + inset * 0.5) * np.cos(t), inset * 0.3 + low * np.sin(t) ** 0.8], axis=1)

    def armhole(self) -> Points:
        """From the left shoulder tip down to the armpit."""
        depth = 0.16 if self.sleeve is None else 0.07
        return bow(self.shoulder, self.armpit, -depth, 40, at=0.62)

    def side(self) -> Points:
        """From the left armpit down to the hem's corner."""
        if self.waist is None:
            return bow(self.armpit, self.hem, -0.008)
        rows = [self.armpit, self.waist]
        if self.hem[1] - self.waist[1] > 45:
            rows.append(
                (
                    self.waist[0] + (self.hem[0] - self.waist[0]) * 0.52,
                    self.waist[1] + (self.hem[1] - self.waist[1]) * 0.40,
                )
            )
        return smooth([*rows, self.hem])

    def hemline(self) -> Points:
        """From the left hem corner to the right one."""
        t = np.linspace(1.0, -1.0, 81)
        return np.stack([self.hem[0] * t, self.hem[1] + self.hem_drop * (1 - t**2)], axis=1)

    def torso(self) -> Points:
        """The front's closed outline."""
        ridge = bow((self.neck, 0.0), self.shoulder, 0.015, 30)
        left = joined(ridge, self.armhole(), self.side())
        right = mirrored(left)
        return joined(left, self.hemline(), right, self.neckline()[::-1])

    def sleeve_lines(self, s: Sleeve) -> tuple[Points, Points]:
        """The left sleeve's upper line from shoulder to cuff, and its lower one from cuff to armpit."""
        over = bow(self.shoulder, s.outer, s.bow_outer, 60, at=0.35)
        return over, bow(s.inner, self.armpit, s.bow_inner, 60, at=0.6)

    def sleeve_outline(self) -> Points:
        """The left sleeve's closed outline, running in under the torso."""
        if self.sleeve is None:
            raise ValueError("a sleeveless pattern has no sleeve outline")
        s = self.sleeve
        over, under = self.sleeve_lines(s)
        end = bow(s.outer, s.inner, -0.03, 20)
        root = np.array(
            [(self.armpit[0] - 5, self.armpit[1] - 1), (self.shoulder[0] - 6, self.shoulder[1] + 1)]
        )
        return joined(over, end, under, root)

    def fork(self) -> Pair:
        """Where sleeve and side are seen to part, at or below the left armpit."""
        if self.sleeve is None:
            return self.armpit
        side, under = self.side(), self.sleeve_lines(self.sleeve)[1][::-1]
        y = np.linspace(self.armpit[1], min(side[-1, 1], under[-1, 1]), 400)
        gap = np.interp(y, under[:, 1], under[:, 0]) - np.interp(y, side[:, 1], side[:, 0])
        parted = np.flatnonzero(gap > _SEEN_GAP)
        at = float(y[parted[0]]) if len(parted) else self.armpit[1]
        return float(np.interp(at, side[:, 1], side[:, 0])) + _SEEN_GAP / 2, at

    def landmarks(self) -> dict[str, Pair]:
        """True places by name, in units."""
        found = (
            _both("neck", (self.neck, 0.0)) | _both("shoulder", self.shoulder) | _both("armpit", self.fork())
        )
        found |= {"neck_front": (0.0, self.neck_front), "neck_back": (0.0, self.neck_back)}
        found |= _both("hem", self.hem) | {"hem_center": (0.0, self.hem[1] + self.hem_drop)}
        if self.sleeve is not None:
            for corner in ("outer", "inner"):
                at = getattr(self.sleeve, corner)
                found |= {f"cuff_left_{corner}": at, f"cuff_right_{corner}": (-at[0], at[1])}
        return found | (_both("waist", self.waist) if self.waist is not None else {})


@dataclass(frozen=True)
class Legs:
    """Trousers and shorts: half-widths and heights, from the waist's upper edge at y = 0."""

    waist: float
    hip: Pair
    crotch: float
    outer: Pair
    inner: Pair
    band: float = 3.6

    def side(self) -> Points:
        middle = (
            self.hip[0] * 0.62 + self.outer[0] * 0.38,
            self.hip[1] + (self.outer[1] - self.hip[1]) * 0.45,
        )
        return smooth([(self.waist, 0.0), (self.waist * 1.03, self.band), self.hip, middle, self.outer])

    def inseam(self) -> Points:
        """From the left inner cuff up to the crotch."""
        return bow(self.inner, (0.0, self.crotch), -0.022, 50, at=0.75)

    def outline(self) -> Points:
        left = joined(self.side(), bow(self.outer, self.inner, -0.012, 20), self.inseam())
        top = np.stack(
            [np.linspace(-self.waist, self.waist, 41), 0.7 * np.cos(np.linspace(-1.57, 1.57, 41))], axis=1
        )
        return joined(left, mirrored(left), top)

    def landmarks(self) -> dict[str, Pair]:
        found = _both("waist", (self.waist, 0.0)) | {"crotch": (0.0, self.crotch)}
        for corner in ("outer", "inner"):
            at = getattr(self, corner)
            found |= {f"cuff_left_{corner}": at, f"cuff_right_{corner}": (-at[0], at[1])}
        return found


def _both(name: str, at: Pair) -> dict[str, Pair]:
    return {f"{name}_left": at, f"{name}_right": (-at[0], at[1])}
