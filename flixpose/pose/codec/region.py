"""Rotated square regions of a photo: photo ↔ the square picture that a network sees.

MediaPipe samples with pixel indices but reads the result as continuous coordinates; the networks are used
with that convention here too, because the agreement with MediaPipe hangs on it. So there are two maps: points
go through `to_photo`, in the house's frame; pixels go through `sampling`, from index to index. A mask sampled
with the second lies exactly on the pixels that made it.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Region:
    """A square in the photo.

    Attributes:
        x, y: centre, pixels of the photo.
        side: pixels.
        angle: radians; how far the square is turned clockwise as seen on the picture (y points down).
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @property
    def axes(self) -> NDArray[np.float64]:
        """(2, 2): columns are the photo's steps for one whole side along the square's x and y."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return np.array([[c, -s], [s, c]]) * self.side

    def to_photo(self, uv: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 2) in the square, 0 to 1 along each side → pixels of the photo."""
        return (np.asarray(uv, dtype=np.float64) - 0.5) @ self.axes.T + (self.x, self.y)

    def sampling(self, size: int) -> NDArray[np.float64]:
        """(2, 3) affine: pixel index in the size×size picture → pixel index in the photo."""
        step = self.axes / size
        origin = np.array([self.x, self.y]) - self.axes @ (0.5, 0.5)
        return np.column_stack([step, origin])

    def sampled_aside(self, size: int) -> NDArray[np.float64]:
        """(2,) pixels from where `to_photo` puts what a size×size picture shows to where it is."""
        return 0.5 - self.axes @ (0.5, 0.5) / size

    def crop(self, pixels: NDArray[np.uint8], size: int, *, border: int) -> NDArray[np.uint8]:
        """The size×size picture of this square, sampled bilinearly; `border` as OpenCV's BORDER_*."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(pixels, self.sampling(size), (size, size), flags=flags, borderMode=border)
        )


def whole(width: int, height: int) -> Region:
    """The smallest square around a photo, for letter-boxing."""
    return Region(width / 2, height / 2, float(max(width, height)))


def from_alignment(centre: NDArray[np.floating], rim: NDArray[np.floating], *, scale: float) -> Region:
    """The square around a body, turned so that the body stands upright in it.

    Args:
        centre: (2,) middle of the hips, pixels of the photo.
        rim: (2,) a point above the head on the circle around the whole body.
        scale: the square's side in diameters of that circle.
    """
    dx, dy = float(rim[0] - centre[0]), float(rim[1] - centre[1])
    angle = math.pi / 2 - math.atan2(-dy, dx)
    return Region(float(centre[0]), float(centre[1]), 2 * math.hypot(dx, dy) * scale, _wrapped(angle))


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi
