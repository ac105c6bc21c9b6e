"""What tells a garment's front from its back: flies, pockets, zips, darts, yokes, drawn on the cloth.

Without them a skirt, trousers or a top on straps look the same from both sides, as no real ones do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.studio.simulated.pattern import LOWER, Pattern
from flixpose.studio.solid import Array

_SEAM = 0.0022
_NAPE = 1.446  # height that necks are cut down from


@dataclass(frozen=True)
class Stroke:
    """A band or a patch of the cloth as sewn (metres; see `Pattern` for heights).

    Attributes:
        back: which side it lies on. x, z: where its middle line begins at the top, on both sides of the
            garment's middle alike. low_x, low_z: where it ends. half: half its width. tone: its brightness,
            of the cloth's.
    """

    back: bool
    x: float
    z: float
    low_x: float
    low_z: float
    half: float = _SEAM
    tone: float = 0.55

    @property
    def slope(self) -> float:
        """By how much the line runs outwards on a metre's way down."""
        return (self.low_x - self.x) / (self.z - self.low_z)

    def covers(self, sewn: Array) -> NDArray[np.bool_]:
        """(N,) of (N, 3) points of the garment as sewn."""
        x, y, z = sewn.T
        across = np.abs(x) - self.x - self.slope * (self.z - z)
        along = (z < self.z) & (z > self.low_z)
        return np.asarray((np.abs(across) < self.half) & along & ((y > 0) == self.back))


def signs(pattern: Pattern, seed: int) -> tuple[Stroke, ...]:
    """Of a garment; some fronts show none, all backs but those of knitted tops show one."""
    rng = np.random.default_rng([seed, 2])
    if pattern.kind == "skirt":
        return _skirt(pattern, rng)
    if pattern.kind in LOWER:
        return _legs(pattern, rng)
    long = float(rng.uniform(0.16, 0.42))
    zipped = rng.random() < (0.6 if pattern.kind.endswith("dress") or "sling" in pattern.kind else 0.1)
    top = _NAPE - pattern.neck_back
    if zipped:
        return _zip(top, top - long)
    level = float(rng.uniform(1.30, 1.36))
    yoke = Stroke(True, 0.0, level + _SEAM, 0.0, level - _SEAM, half=0.3)
    seam = Stroke(True, 0.0, top, 0.0, pattern.bottom)
    if "outwear" in pattern.kind or "sling" in pattern.kind or rng.random() < 0.4:
        return (yoke, seam) if rng.random() < 0.4 and "sling" not in pattern.kind else (seam,)
    return ()


def _zip(top: float, low: float) -> tuple[Stroke, ...]:
    pull = Stroke(True, 0.0, top - 0.004, 0.0, top - 0.022, half=0.004, tone=0.25)
    return Stroke(True, 0.0, top, 0.0, low, half=0.003, tone=0.45), pull


def _skirt(pattern: Pattern, rng: np.random.Generator) -> tuple[Stroke, ...]:
    top = pattern.top
    darts = (Stroke(True, 0.065, top - 0.03, 0.075, top - 0.12),)
    slit = Stroke(True, 0.0, pattern.bottom + float(rng.uniform(0.07, 0.18)), 0.0, pattern.bottom - 0.02)
    pick = rng.random()
    shown: tuple[Stroke, ...] = _zip(top, top - float(rng.uniform(0.12, 0.2))) if pick < 0.7 else ()
    if pick > 0.45:
        shown += darts
    return (*shown, slit) if rng.random() < 0.35 else shown


def _legs(pattern: Pattern, rng: np.random.Generator) -> tuple[Stroke, ...]:
    """The middle seams, a fly or a drawstring, slanted pockets; patch pockets and a yoke or darts behind."""
    top = pattern.top
    fork = top - 0.26
    made = [Stroke(back, 0.0, top, 0.0, fork) for back in (False, True)]
    if rng.random() < 0.7:
        made.append(Stroke(False, 0.0, top - 0.012, 0.0, top - 0.028, half=0.008, tone=0.25))
    deep = float(rng.uniform(0.1, 0.16))
    made.append(Stroke(False, float(rng.uniform(0.08, 0.1)), top - 0.035, 0.15, top - 0.035 - deep))
    if rng.random() < 0.6:
        middle, upper = float(rng.uniform(0.075, 0.09)), top - float(rng.uniform(0.09, 0.12))
        made.append(Stroke(True, middle, upper, middle, upper - 0.13, half=0.052, tone=0.8))
        made.append(Stroke(True, middle, upper, middle, upper - 0.008, half=0.052))
    else:
        made.append(Stroke(True, 0.07, top - 0.03, 0.075, top - 0.11))
    return tuple(made)
