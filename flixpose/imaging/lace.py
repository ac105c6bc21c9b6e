"""Lace and mesh: how much of each pixel is thread, where the ground shows through between the threads.

A cut-out's mask takes lace for whole cloth, and what lay behind it in the photo would go along to the next
person. It is told by its texture, and only where all of this holds: colours lie on the straight line between
the garment's own plain cloth and an even paper; both ends of it are met within a few pixels; the texture is
fine, strong, and runs in no direction in particular; and it reaches the garment's outline. Prints, stripes,
checks, melange and lettering lack one or another of these and stay whole, and so does lace that is no darker
or lighter than its ground.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.filters import Plane, box_mean

Bytes = NDArray[np.uint8]
Where = NDArray[np.bool_]

_WINDOW = 0.012  # of the cut-out's longer side: half of the window in which texture is judged
_EVEN = 7.0  # of 255: how far even paper may differ from its usual colour
_PLAIN, _ACROSS = 20, 7  # of 255: how far plain cloth differs within so many pixels across
_BIN = 32  # values: plain cloth is of one colour within these
_LEAST_PLAIN = 0.12  # of the cut-out: so much must be plain cloth of the threads' colour
_CONTRAST = 110.0  # of 441: cloth nearer to its paper tells nothing
_WORK_SIDE = 960  # pixels: lace is told on a cut-out no larger than this
_SMALLEST = 480  # pixels along the cut-out's longer side: in less, threads and prints look alike

# Of a window of lace: the share of ground, its least deviation, how much of that lies within three pixels,
# how far colours lie off the line (of the contrast), how far edges agree on one direction or on two that
# cross, and how many pixels are thread (at most _THREAD of ground) and ground (at least _GROUND).
_SHARES = (0.12, 0.75)
_ROUGH, _FINE, _OFF_LINE = 0.15, 0.20, 0.06
_ONE_WAY, _CROSSED = 0.45, 0.33
_THREAD, _GROUND = 0.15, 0.40
_LEAST_THREAD, _LEAST_GROUND = 0.2, 0.1

# A piece of lace is grown from such windows over what lies on the line and is no plain cloth.
_GROWTH = 5  # windows
_LEAST_AREA = 0.004  # of the cut-out
_SURE = 0.12  # of a piece: windows that show it
_LEAST_DARK = 0.3  # of a piece: pixels that are thread
_REACH = 0.4  # of the root of its area: how much of the outline a piece takes up
_DEEPEST = 0.35  # of paper: ground in deeper shade than that is not told from cloth


@dataclass(frozen=True, eq=False)
class _Line:
    """From the cloth's colour to the paper's; (3,) each."""

    cloth: NDArray[np.float32]
    towards: NDArray[np.float32]

    @property
    def contrast(self) -> float:
        return float(np.linalg.norm(self.towards))

    def share(self, pixels: Bytes) -> Plane:
        """How far along the line each pixel lies: 0 cloth, 1 paper."""
        weights = self.towards / self.contrast**2
        along = cv2.transform(pixels.astype(np.float32), weights[None])
        return np.asarray(along - float(self.cloth @ weights), np.float32)

    def off(self, pixels: Bytes) -> Plane:
        """(h, w) squared distance of each colour from the line, in units of the contrast."""
        away = pixels.astype(np.float32) - self.cloth
        squared = cv2.transform(away * away, np.full((1, 3), 1 / self.contrast**2, np.float32))
        return np.maximum(squared - np.square(self.share(pixels)), 0)


def thin_out(pixels: Bytes, alpha: Bytes) -> tuple[Bytes, Bytes]:
    """A cut-out with its lace made as thin as it is.

    Args:
        pixels: (H, W, 3) sRGB. alpha: (H, W) of the cut-out.

    Returns:
        Pixels and alpha; the very same arrays where no lace is found. In lace, colours are the threads'.
    """
    x, y, width, height = cv2.boundingRect(alpha)
    if max(width, height) < _SMALLEST:
        return pixels, alpha
    here = np.s_[y : y + height, x : x + width]
    reduce = max(1.0, max(width, height) / _WORK_SIDE)
    size = round(width / reduce), round(height / reduce)
    small, inside = (cv2.resize(p[here], size, interpolation=cv2.INTER_AREA) for p in (pixels, alpha))
    line = _line(small, inside, _paper(pixels, alpha))
    if line is None:
        return pixels, alpha
    lace = _pieces(line, small, inside, max(4, round(_WINDOW * max(size))))
    if not lace.any():
        return pixels, alpha
    lace = cv2.resize(lace.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    share = line.share(pixels[here])
    thread = _thread(share, lace, max(4, round(_WINDOW * max(width, height))))
    # The thread's own colour: what of its shade and tint is not the ground's.
    own = pixels[here] - np.maximum(share - _THREAD, 0)[..., None] * line.towards
    pixels, alpha = pixels.copy(), alpha.copy()
    pixels[here][lace] = np.clip(np.rint(own[lace]), 0, 255)
    alpha[here] = np.rint(alpha[here] * thread)
    return pixels, alpha


def _paper(pixels: Bytes, alpha: Bytes) -> NDArray[np.float32] | None:
    """(3,) the background's colour; None where it is not even."""
    outside = pixels[::4, ::4][alpha[::4, ::4] == 0].astype(np.float32)
    if len(outside) < 100:
        return None
    paper = np.median(outside, axis=0)
    return paper if np.median(np.abs(outside - paper).max(axis=1)) <= _EVEN else None


def _line(pixels: Bytes, alpha: Bytes, paper: NDArray[np.float32] | None) -> _Line | None:
    """From the commonest plain cloth to paper; None where one is missing, or both look alike."""
    inside = alpha == 255
    enough = max(20.0, _LEAST_PLAIN / 4 * np.count_nonzero(inside))
    around = np.ones((_ACROSS, _ACROSS), np.uint8)
    plain = cv2.inRange(cv2.morphologyEx(pixels, cv2.MORPH_GRADIENT, around), (0,) * 3, (_PLAIN,) * 3) > 0
    colours = pixels[::2, ::2][(plain & inside)[::2, ::2]]
    if paper is None or len(colours) < enough:
        return None
    bins = colours // _BIN @ np.array((1, 8, 64))
    common = colours[bins == np.bincount(bins).argmax()]
    cloth = np.median(common, axis=0).astype(np.float32)
    line = _Line(cloth, paper - cloth)
    return line if len(common) >= enough and line.contrast > _CONTRAST else None


def _pieces(line: _Line, pixels: Bytes, alpha: Bytes, radius: int) -> Where:
    """(h, w) all pieces of lace."""
    share = np.clip(line.share(pixels), -0.2, 1.2)
    inside = alpha > 0
    windows = _Windows(np.asarray(alpha > 250, np.float32), radius)
    sure = windows.rough(share)
    least = _LEAST_AREA * windows.solid.sum()
    if not windows.area(sure) > _SURE * least:
        return np.zeros_like(inside)
    off = line.off(pixels)
    seeds = windows.spread(sure & windows.lacy(share, off))
    if not np.count_nonzero(seeds) > _SURE * least:
        return np.zeros_like(inside)
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    near = cv2.dilate(seeds, window, iterations=_GROWTH) > 0
    loose = (box_mean(share, radius // 2) > 0.06) & (box_mean(off, radius // 2) < _OFF_LINE**2)
    count, labels = cv2.connectedComponents((near & loose & inside).astype(np.uint8))
    rim = cv2.morphologyEx(np.pad(inside.astype(np.uint8), 1), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    areas, known, thread, reach = (
        np.bincount(labels.ravel(), plane.ravel(), count)
        for plane in (np.ones_like(share), seeds, share < _THREAD, (rim[1:-1, 1:-1] > 0) & inside)
    )
    kept = (areas > least) & (known > _SURE * areas) & (thread > _LEAST_DARK * areas)
    kept &= reach > _REACH * np.sqrt(areas)
    kept[0] = False
    return np.asarray(kept[labels])


class _Windows:
    """Windows of about 2 radius + 1 pixels each way, a third of that apart, over what is solid, (h, w)."""

    def __init__(self, solid: Plane, radius: int) -> None:
        self.solid = solid
        self.grid = tuple(max(1, round(1.5 * side / radius)) for side in solid.shape[::-1])
        self._room = box_mean(cv2.resize(solid, self.grid, interpolation=cv2.INTER_AREA), 1)

    def mean(self, plane: NDArray) -> Plane:
        """Per window, of what is solid; less where too little is."""
        held = cv2.resize(cv2.multiply(plane, self.solid), self.grid, interpolation=cv2.INTER_AREA)
        return np.asarray(box_mean(held, 1) / np.maximum(self._room, 0.3), np.float32)

    def area(self, windows: Where) -> float:
        """Pixels that they stand for."""
        return float(np.count_nonzero(windows)) * self.solid.size / windows.size

    def spread(self, windows: Where) -> Bytes:
        """(h, w) 1 where the window around is one of them, and the pixel solid."""
        size = self.solid.shape[::-1]
        found = cv2.resize(windows.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(found * (self.solid > 0), np.uint8)

    def rough(self, share: Plane) -> Where:
        """Where thread and ground lie close together in the window, whatever their pattern."""
        middle = self.mean(share)
        variance = self.mean(share * share) - middle * middle
        found = (variance > _ROUGH**2) & (middle > _SHARES[0]) & (middle < _SHARES[1])
        threads = share - box_mean(share, 1)
        found &= self.mean(threads * threads) > _FINE * variance
        found &= self.mean(_told(share < _THREAD)) > _LEAST_THREAD
        found &= self.mean(_told(share > _GROUND)) > _LEAST_GROUND
        return np.asarray(found & (self._room > 0.3))

    def lacy(self, share: Plane, off: Plane) -> Where:
        """Where a rough pattern is lace's: of two colours, and in no direction."""
        found = self.mean(off) < _OFF_LINE**2
        across, down = (cv2.Sobel(share, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
        energy = np.maximum(self.mean(across * across + down * down), 1e-6)
        # Edges turned to twice and to four times their angle: what is left of their sum agrees.
        twice = np.stack([across * across - down * down, 2 * across * down])
        length = np.maximum(np.hypot(across, down), 1e-6)
        four = np.stack([twice[0] ** 2 - twice[1] ** 2, 2 * twice[0] * twice[1]]) / length**2
        for turned, most in ((twice, _ONE_WAY), (four, _CROSSED)):
            found &= np.hypot(*(self.mean(plane) for plane in turned)) < most * energy
        return np.asarray(found)


def _told(where: Where) -> Plane:
    return where.astype(np.float32)


def _thread(share: Plane, lace: Where, radius: int) -> Plane:
    """(h, w) in [0, 1], how much of each pixel is thread; 1 beside the lace.

    The ground lies in the shade of the garment: how bright it is, is read from the brightest close by.
    """
    window = np.ones((radius + 1, radius + 1), np.uint8)
    soft = cv2.GaussianBlur(np.where(lace, share, 0).astype(np.float32), (3, 3), 0.6)
    ground = box_mean(cv2.dilate(soft, window), radius // 2)
    ground = np.clip(ground, _DEEPEST, 1.0)
    thread = 1 - (share - _THREAD) / np.maximum(ground - _THREAD, 0.1)
    return np.asarray(np.where(lace, np.clip(thread, 0, 1), 1), np.float32)
