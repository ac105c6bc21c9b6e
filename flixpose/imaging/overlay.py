"""Drawing what was found on a picture: keypoints, landmarks, skeletons, boxes, masks, meshes.

Every function takes (H, W, 3) uint8 RGB and returns a new picture. Sizes follow the picture's, so that a
drawing looks the same on a thumbnail and on a print. The wearer's left is orange, the right blue, the rest
white.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.structures.image import Box, Mask
from flixpose.structures.keypoints import Keypoints

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

LEFT: Colour = (255, 140, 0)
RIGHT: Colour = (40, 150, 255)
MIDDLE: Colour = (255, 255, 255)
HALO: Colour = (20, 20, 24)
ACCENT: Colour = (0, 200, 120)

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_LINES_PER_BODY = 120  # and at most this fraction of the body's longer side
_LINES_PER_SIDE = 400  # a line is this fraction of the picture's longer side


def side_colour(name: str) -> Colour:
    """The colour of a named point: "left" or "right" as a word of its name tells the wearer's side."""
    words = name.split("_")
    return LEFT if "left" in words else RIGHT if "right" in words else MIDDLE


def draw_keypoints(
    picture: Picture, found: Keypoints, *, min_score: float = 0.5, labels: bool = False
) -> Picture:
    """The skeleton's edges and points; points below `min_score` are small rings, without edges.

    Works for keypoints of a body and landmarks of a garment. A label that would lie on another is left out.
    """
    canvas = picture.copy()
    pen = min(pen_width(picture), max(1.0, _extent(found) / _LINES_PER_BODY))
    for a, b in found.skeleton.edges:
        if found.has(a, min_score) and found.has(b, min_score):
            colour = side_colour(a) if side_colour(a) == side_colour(b) else MIDDLE
            _line(canvas, np.stack([found[a], found[b]]), colour, pen)
    for name in found.present:
        _point(canvas, found[name], side_colour(name), pen, sure=found.has(name, min_score))
    if labels:
        _label_points(canvas, found, [name for name in found.present if found.has(name, min_score)])
    return canvas


def draw_box(picture: Picture, box: Box, *, label: str = "", colour: Colour = ACCENT) -> Picture:
    canvas = picture.copy()
    corners = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1), (box.x0, box.y0)]
    _line(canvas, np.array(corners), colour, pen_width(picture))
    if label:
        draw_label(canvas, label, np.array([box.x0, box.y0]), colour)
    return canvas


def draw_mask(
    picture: Picture, mask: Mask, *, colour: Colour = ACCENT, opacity: float = 0.35, outline: bool = True
) -> Picture:
    """The masked part tinted, its half-way contour drawn."""
    share = mask.alpha[..., None].astype(np.float32) * (opacity / 255)
    canvas = np.rint(picture * (1 - share) + np.array(colour, dtype=np.float32) * share).astype(np.uint8)
    if outline:
        binary = (mask.alpha >= 128).astype(np.uint8)
        contours, _ = cv2.findContours(binary, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        thickness = max(1, round(pen_width(picture) * 0.6))
        cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_AA)
    return canvas


def draw_mesh(picture: Picture, mesh: NDArray[np.floating], *, colour: Colour = ACCENT) -> Picture:
    """A lattice of (R, C, 2) points as rows and columns of lines; NaN points leave gaps."""
    canvas = picture.copy()
    thin = pen_width(picture) * 0.5
    for strip in (*mesh, *np.swapaxes(mesh, 0, 1)):
        for part in _finite_runs(strip):
            _stroke(canvas, part, colour, thin)
    return canvas


def draw_polyline(
    picture: Picture, xy: NDArray[np.floating], *, closed: bool = False, colour: Colour = ACCENT
) -> Picture:
    """A line through (N, 2) points."""
    canvas = picture.copy()
    _line(canvas, np.concatenate([xy, xy[:1]]) if closed else xy, colour, pen_width(picture))
    return canvas


def draw_label(canvas: Picture, text: str, xy: NDArray[np.floating], colour: Colour) -> None:
    """Text to the right of a point, with a halo; drawn into `canvas`, kept inside it."""
    scale, thickness = _font(canvas)
    x, y, _, height = _label_place(canvas, text, xy)
    for tint, extra in ((HALO, max(2, thickness)), (colour, 0)):
        place, width = (x, y + height), thickness + extra
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, tint, width, cv2.LINE_AA)


def _label_points(canvas: Picture, found: Keypoints, names: list[str]) -> None:
    taken: list[tuple[int, int, int, int]] = []
    for name in names:
        text = name.replace("_", " ")
        place = _label_place(canvas, text, found[name])
        if not any(_overlap(place, other) for other in taken):
            draw_label(canvas, text, found[name], side_colour(name))
            taken.append(place)


def _label_place(canvas: Picture, text: str, xy: NDArray[np.floating]) -> tuple[int, int, int, int]:
    """`xywh` of the text beside a point, inside the picture."""
    pen = pen_width(canvas)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, *_font(canvas))
    x = min(max(float(xy[0]) + 2.5 * pen, 1), canvas.shape[1] - width - 1)
    y = min(max(float(xy[1]) - pen, height + 1), canvas.shape[0] - 2)
    return round(x), round(y) - height, width, height


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _font(canvas: Picture) -> tuple[float, int]:
    """OpenCV's scale and thickness of the text."""
    pen = pen_width(canvas)
    return max(0.35, pen * 0.24), max(1, round(pen * 0.4))


def pen_width(picture: Picture) -> float:
    """Pixels of an ordinary line on a picture of this size."""
    return max(1.0, max(picture.shape[:2]) / _LINES_PER_SIDE)


def _point(canvas: Picture, xy: NDArray[np.floating], colour: Colour, pen: float, *, sure: bool) -> None:
    if sure:
        _disc(canvas, xy, 2.1 * pen, HALO)
        _disc(canvas, xy, 1.5 * pen, colour)
    else:
        _disc(canvas, xy, 1.3 * pen, HALO, thickness=max(2, round(pen)))
        _disc(canvas, xy, 1.3 * pen, colour, thickness=max(1, round(pen * 0.4)))


def _disc(
    canvas: Picture, xy: NDArray[np.floating], radius: float, colour: Colour, thickness: int = -1
) -> None:
    x, y = _fixed(xy)
    cv2.circle(
        canvas, (int(x), int(y)), round(radius * (1 << _SHIFT)), colour, thickness, cv2.LINE_AA, _SHIFT
    )


def _line(canvas: Picture, xy: NDArray[np.floating], colour: Colour, pen: float) -> None:
    """A polyline with a dark halo, so that it shows on any ground."""
    _stroke(canvas, xy, HALO, pen + max(1.0, 0.8 * pen))
    _stroke(canvas, xy, colour, pen)


def _stroke(canvas: Picture, xy: NDArray[np.floating], colour: Colour, width: float) -> None:
    cv2.polylines(canvas, [_fixed(xy)], False, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def _fixed(xy: NDArray[np.floating]) -> NDArray[np.int32]:
    """House's frame → OpenCV's pixel indices with `_SHIFT` fractional bits."""
    return np.rint((np.asarray(xy, dtype=np.float64) - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _extent(found: Keypoints) -> float:
    """Longer side of the box around the points that are there."""
    there = found.xy[np.isfinite(found.xy).all(axis=1)]
    return float(np.ptp(there, axis=0).max()) if len(there) else 0.0


def _finite_runs(xy: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """The stretches of at least two finite points in (N, 2)."""
    good = np.isfinite(xy).all(axis=1)
    cuts = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
    return [run for run in np.split(xy, cuts) if len(run) > 1 and np.isfinite(run).all()]
