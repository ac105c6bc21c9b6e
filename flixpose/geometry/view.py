"""An upright part of a photo as the picture that a net sees: cut, stretched or shrunk, and padded."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.structures.image import Box

Points = NDArray[np.float64]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """Photo → picture: `xy * scale + shift`, both in the house's frame.

    Attributes:
        scale, shift: (x, y). photo, picture: (width, height).
    """

    scale: tuple[float, float]
    shift: tuple[float, float]
    photo: Size
    picture: Size

    def to_photo(self, xy: NDArray[np.floating]) -> Points:
        """(..., 2) pixels of the picture → pixels of the photo."""
        return (np.asarray(xy, dtype=np.float64) - self.shift) / self.scale

    def to_picture(self, xy: NDArray[np.floating]) -> Points:
        """(..., 2) pixels of the photo → pixels of the picture."""
        return np.asarray(xy, dtype=np.float64) * self.scale + self.shift

    def boxes_to_photo(self, xyxy: NDArray[np.floating]) -> Points:
        """(N, 4) boxes of the picture, cut to the photo."""
        corners = np.clip(self.to_photo(xyxy.reshape(-1, 2, 2)), 0, self.photo)
        return corners.reshape(-1, 4)

    def cut(self, pixels: NDArray[np.uint8], *, fill: int = 0) -> NDArray[np.uint8]:
        """The (height, width, 3) picture of the photo's (H, W, 3) pixels."""
        scale = np.array(self.scale)
        if (scale < 1).any():  # averaged first: bilinear sampling would skip most pixels
            small = np.maximum(np.round(np.array(self.photo) * np.minimum(scale, 1)), 1).astype(int)
            pixels = cv2.resize(pixels, small.tolist(), interpolation=cv2.INTER_AREA)
            scale = scale * self.photo / small
        affine = np.column_stack([np.diag(scale), self.shift + 0.5 * scale - 0.5])
        return np.asarray(
            cv2.warpAffine(pixels, affine, self.picture, borderValue=(fill,) * 3), dtype=np.uint8
        )


def fit(photo: Size, picture: Size, *, centred: bool = True) -> View:
    """The whole photo, its shape kept: in the middle of the picture, or at its upper left."""
    scale = min(picture[0] / photo[0], picture[1] / photo[1])
    spare = (picture[0] - photo[0] * scale, picture[1] - photo[1] * scale)
    shift = (spare[0] / 2, spare[1] / 2) if centred else (0.0, 0.0)
    return View((scale, scale), shift, photo, picture)


def stretch(photo: Size, picture: Size) -> View:
    """The whole photo, filling the picture."""
    return View((picture[0] / photo[0], picture[1] / photo[1]), (0.0, 0.0), photo, picture)


def shrink(photo: Size, *, shorter: int, longer: int, multiple: int) -> View:
    """The whole photo so that its shorter side is `shorter`, its longer one at most `longer`.

    The picture's sides are the next multiples; the photo lies at its upper left.
    """
    scale = min(shorter / min(photo), longer / max(photo))
    width, height = (max(multiple, int(-(-round(side * scale) // multiple)) * multiple) for side in photo)
    return View((scale, scale), (0.0, 0.0), photo, (width, height))


def around(box: Box, photo: Size, picture: Size, *, padding: float = 1.25) -> View:
    """A box and something around it, widened to the picture's shape."""
    wide = max(box.width, box.height * picture[0] / picture[1], 1.0) * padding
    scale = picture[0] / wide
    centre = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    shift = (picture[0] / 2 - centre[0] * scale, picture[1] / 2 - centre[1] * scale)
    return View((scale, scale), shift, photo, picture)
