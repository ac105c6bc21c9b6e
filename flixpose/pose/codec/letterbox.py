"""The whole photo, shrunk into the net's picture with its shape kept and the rest padded."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Photo → the net's picture; both in the house's frame.

    Attributes:
        scale: pixels of the picture per pixel of the photo. pad: x, y of the photo's corner in the picture.
        photo, picture: (width, height).
    """

    scale: float
    pad: tuple[float, float]
    photo: tuple[int, int]
    picture: tuple[int, int]

    def to_photo(self, xy: NDArray[np.floating]) -> Points:
        """(..., 2) pixels of the picture → pixels of the photo."""
        return (np.asarray(xy, dtype=np.float64) - self.pad) / self.scale

    def boxes_to_photo(self, xyxy: NDArray[np.floating]) -> Points:
        """(N, 4) boxes, cut to the photo."""
        corners = np.clip(self.to_photo(xyxy.reshape(-1, 2, 2)), 0, self.photo)
        return corners.reshape(-1, 4)

    def crop(self, pixels: NDArray[np.uint8], *, fill: int) -> NDArray[np.uint8]:
        """The net's picture of (H, W, 3) pixels."""
        scale = np.full(2, self.scale)
        if self.scale < 1:  # average what falls into one pixel first: bilinear sampling skips photo pixels
            small = tuple(max(1, round(side * self.scale)) for side in self.photo)
            pixels = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
            scale = self.scale * np.array(self.photo) / small
        shift = np.array(self.pad) + 0.5 * scale - 0.5
        affine = np.column_stack([np.diag(scale), shift])
        return np.asarray(
            cv2.warpAffine(pixels, affine, self.picture, borderValue=(fill,) * 3), dtype=np.uint8
        )


def fit(photo: tuple[int, int], picture: tuple[int, int], *, centred: bool = True) -> Letterbox:
    """The largest fitting one: in the middle, or at the upper left."""
    scale = min(picture[0] / photo[0], picture[1] / photo[1])
    if not centred:
        return Letterbox(scale, (0.0, 0.0), photo, picture)
    pad = ((picture[0] - photo[0] * scale) / 2, (picture[1] - photo[1] * scale) / 2)
    return Letterbox(scale, pad, photo, picture)
