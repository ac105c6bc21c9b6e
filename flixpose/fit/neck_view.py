"""The surroundings of a garment's neck, and what tells its front from the inside of its back.

The frame here: u across from the wearer's left neck corner (-0.5) to the right one (0.5), v down from the
line between them, both in widths of the neck.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.structures.found import Garment
from flixpose.structures.image import Image

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

SIDE = 120  # working pixels for a neck's width
_ASIDE = 0.62  # of it that is seen to either side of the middle
_ABOVE = 0.12  # ... and above whatever is asked for
_RIM = 0.03  # along the garment's outline, whose edge is the strongest of all and is the back's
_SCALES = ((0.012, 1.0), (0.035, 0.85))  # of the edges that are looked for, and what they count
_FINE, _COARSE = 0.014, 0.03
_OVER_USUAL = 1.8  # times the usual slope: an edge that is whole
_WHOLE = (0.5, 5.0)  # Lab units per pixel: the same, between these
_GRAIN = 0.03  # over which colours are averaged
_COLOURS, _FEW = 4, 0.04  # of the front; and the least share of one
_LAB_WEIGHT = np.array([0.6, 1.0, 1.0], np.float32)  # shading changes lightness first
_UNLIKE, _OVER_NOISE = 3.0, 1.2  # Lab units beyond the front's own spread that are wholly unlike it
HOODED = 0.15  # widths above the line between the corners that cloth of a hood rises at least
_MOST = 3000  # colours that are looked at


@dataclass(frozen=True, eq=False)
class NeckView:
    """A product photo around the neck at working size.

    Attributes:
        lab: (h, w, 3). inside: (h, w) uint8, 1 on the garment.
        top: v of the view's upper edge. middle, right, down, width: the frame, pixels of the photo.
    """

    lab: Plane
    inside: NDArray[np.uint8]
    top: float
    middle: Floats
    right: Floats
    down: Floats
    width: float

    @property
    def aside(self) -> float:
        """How far is seen to either side of the middle, widths."""
        return _ASIDE

    @classmethod
    def of(cls, garment: Garment, product: Image, *, above: float, below: float) -> "NeckView":
        """What is seen from `above` widths over the neck's corners to `below` under them."""
        middle, right, down, width = neck_frame(garment)
        top = -above - _ABOVE
        size = round(2 * _ASIDE * SIDE), round((below - top) * SIDE)
        step = width / SIDE
        start = middle + right * (step / 2 - _ASIDE * width) + down * (step / 2 + top * width)
        lab, inside = sampled(garment, product, np.stack([right * step, down * step, start], 1), size)
        return cls(lab, inside, top, middle, right, down, width)

    def photo(self, u: Floats, v: Floats) -> Floats:
        """(..., 2) pixels of the photo."""
        return np.asarray(
            self.middle + (u[..., None] * self.right + v[..., None] * self.down) * self.width, np.float64
        )

    def own(self, place: Floats) -> tuple[float, float]:
        """(u, v) of a place of the photo."""
        offset = (place - self.middle) / self.width
        return float(offset @ self.right), float(offset @ self.down)

    def pixels(self, u: Floats, v: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of places, the view's own where they lie beyond it."""
        columns = np.clip(((u + _ASIDE) * SIDE).astype(np.intp), 0, self.inside.shape[1] - 1)
        rows = np.clip(((v - self.top) * SIDE).astype(np.intp), 0, self.inside.shape[0] - 1)
        return rows, columns

    @cached_property
    def _well_inside(self) -> NDArray[np.uint8]:
        margin = max(1, round(_RIM * SIDE))
        kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
        return np.asarray(cv2.erode(self.inside, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)

    def slopes(self, scale: float) -> tuple[Plane, float]:
        """(h, w, 3, 2) slope of each channel along u and v, per pixel; and what counts as a whole edge."""
        smooth = cv2.GaussianBlur(self.lab, (0, 0), scale * SIDE)
        along = [cv2.Sobel(smooth, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1))]
        slope = np.stack(along, axis=-1) * self._well_inside[..., None, None]
        usual = np.sqrt(np.square(slope[self._well_inside > 0]).sum(axis=(1, 2)))
        whole = _OVER_USUAL * float(np.median(usual)) if usual.size else _WHOLE[1]
        return slope.astype(np.float32), float(np.clip(whole, *_WHOLE))

    def edges(self) -> "list[tuple[Plane, float, float]]":
        """At each scale that is looked at: slopes, the whole edge, and what it counts."""
        return [(*self.slopes(scale), worth) for scale, worth in _SCALES]

    def fine_and_coarse(self) -> "tuple[tuple[Plane, float], Plane]":
        """For following an edge once it was found."""
        return self.slopes(_FINE), self.slopes(_COARSE)[0]

    @cached_property
    def unlike_front(self) -> Plane:
        """(h, w) in [0, 1] how unlike the front's cloth each place is.

        The front is what lies on the shoulders and far below the neck.
        """
        share = self.inside.astype(np.float32)
        grain = _GRAIN * SIDE
        weight = np.maximum(cv2.GaussianBlur(share, (0, 0), grain), 1e-3)
        smooth = cv2.GaussianBlur(self.lab * share[..., None], (0, 0), grain) / weight[..., None]
        front = cv2.erode(self.inside, np.ones((9, 9), np.uint8)) > 0
        v, u = np.indices(front.shape) / SIDE
        front &= ((np.abs(u - _ASIDE) > 0.5) & (v + self.top > 0.08)) | (v + self.top > 0.85 * self._foot)
        sample = smooth[front][:: max(1, int(front.sum()) // _MOST)].astype(np.float32)
        if len(sample) < 100:
            return np.zeros(front.shape, np.float32)
        off = _away(smooth, _palette(sample))
        noise = float(np.percentile(off[front], 75))
        return np.clip((off - _OVER_NOISE * noise) / max(_UNLIKE, 1.5 * noise), 0, 1).astype(np.float32)

    @property
    def _foot(self) -> float:
        return self.inside.shape[0] / SIDE + self.top


def neck_frame(garment: Garment) -> tuple[Floats, Floats, Floats, float]:
    """(middle, right, down, width): between the neck's corners, from the wearer's left to the right, and
    down across that, towards the garment's middle; pixels of the photo."""
    left, right = (garment.landmarks[f"neck_{side}"].astype(np.float64) for side in ("left", "right"))
    middle, width = (left + right) / 2, float(np.linalg.norm(right - left))
    across = (right - left) / width if width >= 1.0 else np.array([-1.0, 0.0])
    down = np.array([-across[1], across[0]])
    box = garment.box
    heart = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
    return middle, across, down if down @ (heart - middle) > 0 else -down, max(width, 1.0)


def hood_rise(garment: Garment) -> float:
    """How far cloth rises above the line between the neck's corners, near its middle; widths."""
    middle, right, down, width = neck_frame(garment)
    heights = np.arange(0.02, 1.8, 0.02)
    u, v = np.meshgrid(np.linspace(-0.25, 0.25, 11), -heights)
    places = np.floor(middle + (u[..., None] * right + v[..., None] * down) * width).astype(int)
    rows, columns = places[..., 1], places[..., 0]
    alpha = garment.mask.alpha
    on_photo = (rows >= 0) & (rows < alpha.shape[0]) & (columns >= 0) & (columns < alpha.shape[1])
    cloth = on_photo & (alpha[np.where(on_photo, rows, 0), np.where(on_photo, columns, 0)] > 127)
    return float(heights[cloth.any(axis=1)].max(initial=0.0))


def sampled(
    garment: Garment, product: Image, place: Floats, size: tuple[int, int]
) -> tuple[Plane, NDArray[np.uint8]]:
    """(h, w, 3) Lab of the photo, and (h, w) uint8 whether its mask is there, where `place` carries a view.

    Args:
        place: (2, 3) from the view's pixel corners to the photo's pixels. size: (w, h) of the view.
    """
    corners = np.array([[x, y, 1] for x in (0, size[0]) for y in (0, size[1])]) @ place.T
    step = float(np.linalg.norm(place[:, 0]))
    room = 2 * step + 4
    last = np.array(product.size) - 1
    x0, y0 = np.clip(np.floor(corners.min(axis=0) - room), 0, last).astype(int)
    x1, y1 = np.maximum(np.ceil(corners.max(axis=0) + room), (x0 + 1, y0 + 1)).astype(int)
    window = product.pixels[y0:y1, x0:x1], garment.mask.alpha[y0:y1, x0:x1]
    shrink = min(1.0, 1.5 / step)
    height, width = window[1].shape
    small = max(2, round(width * shrink)), max(2, round(height * shrink))
    pixels, alpha = (cv2.resize(plane, small, interpolation=cv2.INTER_AREA) for plane in window)
    scale = np.array([small[0] / max(width, 1), small[1] / max(height, 1)])
    back = place.copy()
    back[:, 2] -= (x0, y0)
    back *= scale[:, None]
    back[:, 2] -= 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.warpAffine(lab, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(alpha, back, size, flags=flags)
    return np.asarray(lab, np.float32), (alpha > 127).astype(np.uint8)


def _palette(sample: Plane) -> Plane:
    """(K, 3) the usual colours of a sample; the same sample gives the same ones."""
    criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 12, 0.5)
    cv2.setRNGSeed(1)
    _, labels, means = cv2.kmeans(sample, _COLOURS, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=_COLOURS) / len(sample)
    return np.asarray(means[shares > _FEW], np.float32)


def _away(lab: Plane, palette: Plane) -> Plane:
    """(h, w) Lab units to the nearest colour of a palette, lightness counting less."""
    off = [np.square((lab - colour) * _LAB_WEIGHT).sum(axis=-1) for colour in palette]
    return np.asarray(np.sqrt(np.min(off, axis=0)), np.float32)
