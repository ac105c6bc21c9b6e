"""Control points and the warps solved from them. Warps run backward: person → garment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class ControlPoints:
    """Where points of the garment shall lie on the person, for one part of the garment.

    Attributes:
        part: "torso", "left_sleeve", "right_sleeve", "left_upper_sleeve" (of a halved one), "left_leg" …
        names: N names, for reports and messages.
        person_xy: (N, 2) float64 pixels of the person image (the target places).
        garment_xy: (N, 2) float64 pixels of the product image.
        weights: (N,) float64 ≥ 0; 1 = an ordinary point, 0 = ignored.
    """

    part: str
    names: tuple[str, ...]
    person_xy: NDArray[np.float64]
    garment_xy: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False, slots=True)
class Spline:
    """A thin-plate spline R² → R² in centred and scaled coordinates.

    With u = (x - shift) / scale the value at x is
    `[1, u] @ affine + Σ_i weights[i] · φ(|u - centres[i]|)`, φ(r) = r² log r (0 at 0).

    Attributes:
        centres: (N, 2) float64, already centred and scaled.
        weights: (N, 2) float64.
        affine: (3, 2) float64; rows 1, u_x, u_y; values in pixels.
        shift: (2,) float64 pixels. scale: pixels.

    The arrays are kept row by row: the last digits of sums over them depend on how they lie in memory, and a
    spline that was written and read again shall map points to the same bits.
    """

    centres: NDArray[np.float64]
    weights: NDArray[np.float64]
    affine: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float

    def __post_init__(self) -> None:
        for name in ("centres", "weights", "affine", "shift"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name)))


@dataclass(frozen=True, eq=False, slots=True)
class Warp:
    """Person → garment: `garment_xy = spline(homography(person_xy))`.

    Attributes:
        homography: (3, 3) float64, last entry 1; maps person pixels to garment pixels.
        spline: the correction in garment pixels after the homography; None = the homography alone.
    """

    homography: NDArray[np.float64]
    spline: Spline | None = None


@dataclass(frozen=True, eq=False, slots=True)
class WarpChain:
    """Warps one after another, the first applied first: what no single Warp can hold exactly."""

    warps: tuple[Warp, ...]


AnyWarp = Warp | WarpChain
