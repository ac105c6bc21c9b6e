"""How far a print was bent: its points in the product photo, found again on the worn garment.

Keypoints of the print are SIFT's (Lowe 2004), or Harris' corners (1988) with SIFT's description, by OpenCV.
What a shift, a turn and a change of size explain is no bend; what is left of each point's way is.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.errors import FlixposeError
from flixpose.structures.image import Image

Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Detector = Literal["sift", "harris"]
_Known = tuple[Points, NDArray[np.float32]]  # (N, 2) pixels, (N, 128) what it looks like there

_MOST_POINTS = 4000
_RATIO = 0.8  # of the best to the second best description
_LEAST_MATCHES = 8
_REACH = 0.06  # of the print's diagonal: how far beside a flat print a point may lie
_NEIGHBOURS, _LEAST_AGREEMENT = 8, 0.015  # a point goes where those beside it go, to so much of the diagonal
_CORNER_QUALITY, _CORNER_APART, _CORNER_SIZE = 0.01, 3.0, 12.0
_CORNER_BLOCK, _CORNER_K = 5, 0.04
_CORNER_SCALES = (0.25, 0.35, 0.5, 0.71, 1.0, 1.41)  # corners have no size of their own: some are tried
_LONGEST = 2048  # pixels of a side that points are looked for in


class NoPrint(FlixposeError):
    code = "no_print"
    remedy = "Use a garment with a print that is seen in both pictures."


@dataclass(frozen=True, eq=False, slots=True)
class Bend:
    """A print in two pictures.

    Attributes:
        product_xy, worn_xy: (N, 2) pixels of the two pictures, the same points of the print.
        flat_xy: (N, 2) pixels of the worn picture: where they would lie if the print were only moved, turned
            and resized.
    """

    product_xy: Points
    worn_xy: Points
    flat_xy: Points
    scale: float
    degrees: float

    @property
    def px(self) -> NDArray[np.float64]:
        """(N,) how far each point was bent away, in pixels of the worn picture."""
        return np.asarray(np.hypot(*(self.worn_xy - self.flat_xy).T))

    @property
    def diagonal(self) -> float:
        """Of the points found on the worn garment."""
        return float(np.hypot(*np.ptp(self.worn_xy, axis=0)))

    def to_json(self) -> dict[str, Any]:
        px = self.px
        return {
            "points": len(px),
            "scale": round(self.scale, 4),
            "degrees": round(self.degrees, 2),
            "median_px": round(float(np.median(px)), 3),
            "p95_px": round(float(np.percentile(px, 95)), 3),
            "worst_px": round(float(px.max()), 3),
            "p95_percent": round(100 * float(np.percentile(px, 95)) / self.diagonal, 3),
        }


def bend_of(product: Image, worn: Image, *, detector: Detector = "sift") -> Bend:
    """How far the product's print was bent on the worn garment.

    Args:
        product, worn: where a picture has an alpha channel, only what it shows counts.

    Raises:
        NoPrint: too few points of the product are found again.
    """
    two = _known_points(worn, detector, 1.0)
    found = [
        _matched(_known_points(product, detector, scale), two)
        for scale in (_CORNER_SCALES if detector == "harris" else (1.0,))
    ]
    product_xy, worn_xy = max(found, key=lambda points: len(points[0]))
    if len(product_xy) < _LEAST_MATCHES:
        why = f"{len(product_xy)} points of {product.name} are found in {worn.name}."
        raise NoPrint(why, subject=worn.name)
    return bend_between(product_xy, worn_xy)


def _matched(one: _Known, two: _Known) -> tuple[Points, Points]:
    product_xy, worn_xy = _same_points(*one, *two)
    rows = _plausible(product_xy, worn_xy)
    return product_xy[rows], worn_xy[rows]


def bend_between(product_xy: Points, worn_xy: Points) -> Bend:
    """Of (N, 2) points that are known in both pictures; the flat print is the best in the least squares."""
    a, b = product_xy.mean(axis=0), worn_xy.mean(axis=0)
    ways = (product_xy - a) @ np.array([1, 1j])
    gone = (worn_xy - b) @ np.array([1, 1j])
    turn = np.vdot(ways, gone) / max(np.vdot(ways, ways).real, np.finfo(float).tiny)
    flat = ways * turn
    flat_xy = np.stack([flat.real, flat.imag], axis=1) + b
    return Bend(product_xy, worn_xy, flat_xy, float(abs(turn)), float(np.degrees(np.angle(turn))))


def _known_points(image: Image, detector: Detector, scale: float) -> _Known:
    """(N, 2) pixels of the picture, and (N, 128) what it looks like there at that scale."""
    scale = min(scale, _LONGEST / max(image.size))
    size = [max(round(side * scale), 1) for side in image.size]
    grey = cv2.resize(_grey(image), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    mask = None if image.alpha is None else cv2.resize(image.alpha, size, interpolation=cv2.INTER_NEAREST)
    sift = cv2.SIFT.create(nfeatures=_MOST_POINTS)
    if detector == "sift":
        found, described = sift.detectAndCompute(grey, mask)
    else:
        found, described = sift.compute(grey, _corners(grey, mask))
    if described is None or not len(found):
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    xy = np.array([point.pt for point in found], float) + 0.5
    return xy * image.size / size, _rooted(described)


def _grey(image: Image) -> Pixels:
    return np.asarray(cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _corners(grey: Pixels, mask: Pixels | None) -> list[cv2.KeyPoint]:
    """Harris' corners, to a fraction of a pixel, all of one size and upright."""
    corners = cv2.goodFeaturesToTrack(
        grey,
        _MOST_POINTS,
        _CORNER_QUALITY,
        _CORNER_APART,
        mask=mask,
        blockSize=_CORNER_BLOCK,
        useHarrisDetector=True,
        k=_CORNER_K,
    )
    if corners is None:
        return []
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 20, 0.03)
    exact = cv2.cornerSubPix(grey, corners, (3, 3), (-1, -1), rule)
    return [cv2.KeyPoint(float(x), float(y), _CORNER_SIZE, 0.0) for x, y in exact[:, 0]]


def _rooted(described: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compared by the square roots of its shares (Arandjelović and Zisserman 2012)."""
    shares = described / np.maximum(np.abs(described).sum(axis=1, keepdims=True), 1e-7)
    return np.sqrt(shares).astype(np.float32)


def _same_points(
    xy: Points, described: NDArray[np.float32], other_xy: Points, others: NDArray[np.float32]
) -> tuple[Points, Points]:
    """Points that look most alike, each the other's best and far better than the second."""
    if len(described) < 2 or len(others) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    alike = described @ others.T
    best, back = alike.argmax(axis=1), alike.argmax(axis=0)
    rows = np.arange(len(best))
    two = -np.partition(-alike, 1, axis=1)[:, :2]
    far = np.sqrt(np.maximum(2 - 2 * two, 0))
    sure = (back[best] == rows) & (far[:, 0] < _RATIO * far[:, 1])
    return xy[sure], other_xy[best[sure]]


def _plausible(product_xy: Points, worn_xy: Points) -> NDArray[np.intp]:
    """Rows that lie near one flat print seen from somewhere, and go where their neighbours go."""
    if len(product_xy) < _LEAST_MATCHES:
        return np.zeros(0, np.intp)
    diagonal = _spread(worn_xy)
    cv2.setRNGSeed(0)
    flat, near = cv2.findHomography(product_xy, worn_xy, cv2.RANSAC, _REACH * diagonal)
    if flat is None:
        return np.zeros(0, np.intp)
    rows = np.flatnonzero(near.ravel())
    if len(rows) < _LEAST_MATCHES:
        return rows
    expected = cv2.perspectiveTransform(product_xy[rows][None], flat)[0]
    off = worn_xy[rows] - expected
    apart = np.hypot(*(expected[:, None] - expected).transpose(2, 0, 1))
    beside = np.argsort(apart, axis=1)[:, 1 : _NEIGHBOURS + 1]
    agreed = np.median(off[beside], axis=1)
    usual = np.median(np.hypot(*(off[beside] - agreed[:, None]).transpose(2, 0, 1)), axis=1)
    limit = np.maximum(3 * usual, _LEAST_AGREEMENT * _spread(worn_xy[rows]))
    return rows[np.hypot(*(off - agreed).T) <= limit]


def _spread(xy: Points) -> float:
    """Of the middle nine tenths."""
    low, high = np.percentile(xy, [5, 95], axis=0)
    return max(float(np.hypot(*(high - low))), 1.0)


def drawn(bend: Bend, worn: Image) -> Pixels:
    """The worn picture, its print's points, and lines from where they would lie flat."""
    canvas = worn.pixels.copy()
    thick = max(round(max(worn.size) / 1000), 1)
    for flat, there in zip(bend.flat_xy - 0.5, bend.worn_xy - 0.5, strict=True):
        start, end = (np.round(xy * 16).astype(int).tolist() for xy in (flat, there))
        cv2.line(canvas, start, end, (255, 0, 255), thick, cv2.LINE_AA, shift=4)
        cv2.circle(canvas, end, 24 * thick, (0, 180, 0), -1, cv2.LINE_AA, shift=4)
    return canvas
