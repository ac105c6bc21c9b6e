"""The neck opening of a garment: its front edge, and what lies behind it (inner back collar, hood)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.measure import GarmentFrame, pair, point
from flixpose.structures.found import Garment
from flixpose.structures.image import Image, Mask

# Exponents of the family of curves 1 - |t|^p: 1 is a V, 2 a round neck, larger ones a square neck.
_EXPONENTS = (0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.5)
_USUAL = 2.0
_SAMPLES = 41
# Slopes above this many times the usual count as this.
_SATURATED = 4.0
# By how much a shape must be better for every octave that its exponent is off the usual one.
_DOUBT = 0.25
# How deep the neckline may lie, in depths of the landmark, and what it must be better by for each octave. A
# label lies above the true edge and draws readers up to it; too deep costs a strip of cloth, too shallow
# shows the label.
_SINKS = (0.9, 1.0, 1.08, 1.17, 1.3)
_USUAL_SINK = 1.06
_SINK_DOUBT = 1.2
_MARGIN = 0.03  # of the neck's width
_WORK_WIDTH = 240.0  # the neck's width at which edges are looked for


def front_neckline(garment: Garment, product: Image) -> NDArray[np.float64] | None:
    """The front edge of the neck opening as (41, 2) points of the product image, wearer's left to right.

    The curve runs from corner to corner, down to `neck_front` or near it; of its family the one is taken that
    follows the strongest edge in the photo. None where the landmarks do not tell (a strapless top, trousers).
    """
    if not all(garment.landmarks.has(name) for name in ("neck_left", "neck_right", "neck_front")):
        return None
    left, right = pair(garment, "neck")
    front = point(garment, "neck_front")
    edges = _Edges.around_neck(garment, product, left, right, front)
    best, winner = -np.inf, None
    for sink in _SINKS:
        for power in _EXPONENTS:
            curve = _curve(left, right, front, power, sink)
            doubt = _DOUBT * abs(np.log2(power / _USUAL)) + _SINK_DOUBT * abs(np.log2(sink / _USUAL_SINK))
            score = edges.along(curve) - doubt
            if score > best:
                best, winner = score, curve
    return winner


def lowest(curve: NDArray[np.float64], frame: GarmentFrame) -> NDArray[np.float64]:
    """(2,) the lowest point of a neckline: where its `neck_front` is."""
    return curve[int(np.argmax(curve @ frame.down))]


def behind_neckline(garment: Garment, curve: NDArray[np.float64], frame: GarmentFrame) -> Mask:
    """The cloth above the front edge of the neck opening: what lies behind the wearer's neck.

    Collar leaves and straps outside the two neck corners stay with the front.
    """
    reach = float(np.linalg.norm(curve[0] - curve[-1]))
    up = -frame.down * (4.0 * reach + garment.box.height)
    polygon = np.vstack([curve, curve[-1] + up, curve[0] + up])
    opening = np.zeros(garment.mask.alpha.shape, np.uint8)
    shift = 4
    cv2.fillPoly(opening, [np.round((polygon - 0.5) * 2**shift).astype(np.int32)], 255, cv2.LINE_AA, shift)
    return Mask(opening)


def _curve(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    front: NDArray[np.float64],
    power: float,
    depth: float,
) -> NDArray[np.float64]:
    """Corner to corner: on either side the chord's share, sunk by 1 - |t|^p; through `front` at depth 1."""
    shares = np.linspace(0.0, 1.0, _SAMPLES)
    chord = right - left
    apex = float(np.clip((front - left) @ chord / max(float(chord @ chord), 1e-9), 0.2, 0.8))
    sink = depth * (front - (left + apex * chord))
    relative = np.where(shares < apex, (apex - shares) / apex, (shares - apex) / (1 - apex))
    return left + shares[:, None] * chord + (1 - relative**power)[:, None] * sink


@dataclass(frozen=True, eq=False)
class _Edges:
    """The photo's edges around a neck, at a working size.

    Attributes:
        slope: (h, w, 2) of the lightness relative to what is usual around, so that black on black counts; 0
            near the garment's outline, whose edge is the strongest of all and is the back's.
        origin: (x, y) of the window in the product image. scale: working pixels for one of the photo.
    """

    slope: NDArray[np.float32]
    origin: NDArray[np.float64]
    scale: float

    @classmethod
    def around_neck(
        cls,
        garment: Garment,
        product: Image,
        left: NDArray[np.float64],
        right: NDArray[np.float64],
        front: NDArray[np.float64],
    ) -> "_Edges":
        width = float(np.linalg.norm(left - right))
        deepest = front + (max(_SINKS) - 1) * (front - (left + right) / 2)
        points = np.array([left, right, front, deepest])
        x0, y0 = np.maximum(np.floor(points.min(axis=0) - 0.25 * width), 0).astype(int)
        x1, y1 = np.ceil(points.max(axis=0) + 0.25 * width).astype(int)
        scale = min(1.0, _WORK_WIDTH / max(width, 1.0))
        window = np.s_[y0:y1, x0:x1]
        lightness = cv2.cvtColor(product.pixels[window], cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
        inside = (garment.mask.alpha[window] >= 128).astype(np.uint8)
        if scale < 1:
            size = (max(8, round(inside.shape[1] * scale)), max(8, round(inside.shape[0] * scale)))
            lightness = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)
            inside = cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST)
        slope = _relative_slope(lightness, width * scale) * _well_inside(inside, width * scale)[..., None]
        return cls(slope, np.array([x0, y0], np.float64), scale)

    def along(self, curve: NDArray[np.float64]) -> float:
        """Mean strength of the edge that runs along the curve, each sample saturated: a long faint seam
        outweighs one glaring label."""
        middle = ((curve[1:] + curve[:-1]) / 2 - self.origin) * self.scale
        tangents = np.diff(curve, axis=0)
        normals = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        columns = np.clip(middle[:, 0].astype(int), 0, self.slope.shape[1] - 1)
        rows = np.clip(middle[:, 1].astype(int), 0, self.slope.shape[0] - 1)
        across = np.abs((self.slope[rows, columns] * normals).sum(axis=1))[4:-4]
        return float(np.minimum(across, _SATURATED).mean())


def _relative_slope(lightness: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(lightness, (0, 0), max(0.8, 0.01 * width))
    slope = np.dstack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)])
    usual = cv2.GaussianBlur(np.linalg.norm(slope, axis=2), (0, 0), 0.1 * width)
    return (slope / (usual + 1.0)[..., None]).astype(np.float32)


def _well_inside(inside: NDArray[np.uint8], width: float) -> NDArray[np.bool_]:
    margin = max(1, round(_MARGIN * width))
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    return cv2.erode(inside, kernel, borderType=cv2.BORDER_REPLICATE) > 0
