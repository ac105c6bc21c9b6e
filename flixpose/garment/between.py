"""Points between the landmarks: evenly spaced along the outline, so that a warp has enough to hold."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.garment.kinds import OUTLINED, Stretch, stretches
from flixpose.structures.keypoints import Keypoints

Line = NDArray[np.float64]
Found = dict[str, tuple[float, float, float]]

_NEAR = 0.05  # of the mask's longer side: a landmark further from the outline is not on it
_LONGEST = 2.2  # of the chord: a longer way round is no edge
_OFF_OUTLINE = 0.5  # score of points that no silhouette shows


def outline_points(mask: NDArray[np.uint8], landmarks: Keypoints) -> Keypoints:
    """The core landmarks and, between those that were found, the points of `kinds.OUTLINED`.

    Along the silhouette where both ends lie on it, else along the straight line; front necklines, which
    no silhouette shows, along a parabola. A point's score is the lesser of its stretch's ends', and half of
    that off the silhouette.

    Args:
        mask: (H, W) the garment. landmarks: core landmarks of a kind, pixels of the mask's photo.
    """
    kind = landmarks.skeleton.name
    found: Found = {
        name: (float(landmarks[name][0]), float(landmarks[name][1]), landmarks.score(name))
        for name in landmarks.present
    }
    outline = _outline(mask)
    for stretch in stretches(kind):
        if stretch.start in found and stretch.end in found:
            found |= _points_on(stretch, found, outline)
    return Keypoints.from_points(OUTLINED[kind], found)


def _points_on(stretch: Stretch, found: Found, outline: Line) -> Found:
    start, end = (np.array(found[name][:2]) for name in stretch[:2])
    score = min(found[stretch.start][2], found[stretch.end][2])
    way = None if stretch.name.startswith("neckline") else _along(outline, start, end)
    if way is None:
        score *= _OFF_OUTLINE
        way = _arc(stretch, found) if stretch.name.startswith("neckline") else np.stack([start, end])
    places = _evenly(way, stretch.points)
    return {f"{stretch.name}_{k}": (float(x), float(y), score) for k, (x, y) in enumerate(places, 1)}


def _outline(mask: NDArray[np.uint8]) -> Line:
    """(N, 2) the largest outer contour, house's frame."""
    contours, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.empty((0, 2))
    return max(contours, key=cv2.contourArea)[:, 0].astype(np.float64) + 0.5


def _along(outline: Line, start: Line, end: Line) -> Line | None:
    """The shorter way round the outline from the one to the other; None where they do not lie on it."""
    if len(outline) < 3:
        return None
    gaps = [np.hypot(*(outline - point).T) for point in (start, end)]
    first, last = (int(np.argmin(gap)) for gap in gaps)
    if max(gaps[0][first], gaps[1][last]) > _NEAR * np.ptp(outline, axis=0).max() or first == last:
        return None
    ways = [_slice(outline, first, last), _slice(outline, last, first)[::-1]]
    way = min(ways, key=_length)
    return way if _length(way) <= _LONGEST * float(np.hypot(*(end - start))) else None


def _slice(outline: Line, first: int, last: int) -> Line:
    if first <= last:
        return outline[first : last + 1]
    return np.concatenate([outline[first:], outline[: last + 1]])


def _arc(stretch: Stretch, found: Found) -> Line:
    """A parabola from the neck's corner down to its lowest point, level there."""
    start, low = (np.array(found[name][:2]) for name in stretch[:2])
    other = "neck_right" if stretch.start == "neck_left" else "neck_left"
    across = start - np.array(found[other][:2]) if other in found else 2 * (start - low) * (1.0, 0.0)
    t = np.linspace(0.0, 1.0, 17)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * (low + across / 4) + t**2 * low


def _evenly(way: Line, count: int) -> Line:
    """(count, 2) inner points that cut the way into equal parts."""
    reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    at = reached[-1] * np.arange(1, count + 1) / (count + 1)
    return np.stack([np.interp(at, reached, way[:, k]) for k in (0, 1)], axis=1)


def _length(way: Line) -> float:
    return float(np.hypot(*np.diff(way, axis=0).T).sum())
