"""Pictures and masks.

One frame for all coordinates: (x, y) in pixels, float32, the centre of the first pixel at (0.5, 0.5).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Image:
    """A decoded picture, upright (EXIF applied) and in sRGB.

    Attributes:
        pixels: (H, W, 3) uint8, RGB, gamma-encoded sRGB.
        alpha: (H, W) uint8, 255 = opaque; None where the file has no transparency.
        sha256: of the file's bytes (hex); the content address of everything derived from it.
        name: for messages only, never a path to open.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    sha256: str
    name: str

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height


@dataclass(frozen=True, eq=False, slots=True)
class Mask:
    """How much of each pixel belongs to something: (H, W) uint8, 0 = nothing, 255 = wholly."""

    alpha: NDArray[np.uint8]

    @property
    def width(self) -> int:
        return int(self.alpha.shape[1])

    @property
    def height(self) -> int:
        return int(self.alpha.shape[0])

    @classmethod
    def full(cls, width: int, height: int) -> "Mask":
        """Everything."""
        return cls(np.full((height, width), 255, np.uint8))

    @property
    def box(self) -> "Box | None":
        """Around everything that is not 0; None where nothing is."""
        rows, columns = np.flatnonzero(self.alpha.any(axis=1)), np.flatnonzero(self.alpha.any(axis=0))
        if not len(rows):
            return None
        return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))

    @property
    def area(self) -> float:
        """Covered area in pixels, partly covered pixels counted by their share."""
        return float(self.alpha.sum(dtype=np.int64)) / 255.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, `xyxy` in pixels, in the house's frame (a whole W×H photo is 0, 0, W, H)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def longer_side(self) -> float:
        return max(self.width, self.height)

    def to_json(self) -> list[float]:
        return [round(v, 3) for v in (self.x0, self.y0, self.x1, self.y1)]
