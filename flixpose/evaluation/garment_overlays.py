"""Drawings that show at a glance where a garment reader was wrong."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.imaging.overlay import HALO, draw_keypoints, draw_label, draw_mask, draw_polyline, pen_width
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

Picture = NDArray[np.uint8]

_TRUTH, _WRONG, _PLAIN = (255, 0, 200), (255, 40, 40), (0, 200, 120)
_FAR = 0.02  # of the longer side of the box around the true points
_LEAST_SIDE = 900  # small photos are enlarged, so that labels fit
_PAPER = 238


def draw_found(entry: dict[str, Any], image: Image, garment: Garment | None) -> Picture:
    """The photo with the mask's outline, the landmarks found, the true ones as crosses, and a red line
    from each that is farther off than 2 % of the garment's longer side."""
    grow = max(1.0, _LEAST_SIDE / max(image.size))
    canvas = _on_paper(image)
    if garment is not None:
        canvas = draw_keypoints(draw_mask(canvas, garment.mask, opacity=0.12), garment.landmarks)
    canvas = np.asarray(cv2.resize(canvas, None, fx=grow, fy=grow, interpolation=cv2.INTER_LINEAR), np.uint8)
    truth = {name: np.array(xy) + 0.5 for name, xy in entry["landmarks"].items() if xy is not None}
    side = float(np.ptp(np.stack(list(truth.values())), axis=0).max())
    for name, xy in truth.items():
        found = garment.landmarks[name] if garment is not None and garment.landmarks.has(name) else None
        if found is not None and np.hypot(*(found - xy)) > _FAR * side:
            canvas = draw_polyline(canvas, np.stack([found, xy]) * grow, colour=_WRONG)
        _cross(canvas, xy * grow, guessed=name in entry["occluded"])
    return _titled(canvas, entry, garment)


def _on_paper(image: Image) -> Picture:
    if image.alpha is None:
        return image.pixels
    share = image.alpha[..., None].astype(np.float32) / 255
    return np.rint(image.pixels * share + _PAPER * (1 - share)).astype(np.uint8)


def _cross(canvas: Picture, xy: NDArray[np.floating], *, guessed: bool) -> None:
    """A thin cross; a guessed place gets a short one."""
    arm = pen_width(canvas) * (1.5 if guessed else 3.5)
    x, y = (float(v) - 0.5 for v in xy)
    for dx, dy in ((arm, arm), (arm, -arm)):
        a, b = (round(x - dx), round(y - dy)), (round(x + dx), round(y + dy))
        cv2.line(canvas, a, b, HALO, max(2, round(pen_width(canvas) * 0.9)), cv2.LINE_AA)
        cv2.line(canvas, a, b, _TRUTH, max(1, round(pen_width(canvas) * 0.5)), cv2.LINE_AA)


def _titled(canvas: Picture, entry: dict[str, Any], garment: Garment | None) -> Picture:
    said = f"{garment.kind} {garment.kind_score:.2f}, score {garment.score:.2f}" if garment else "no garment"
    right = garment is not None and garment.kind == entry["kind"]
    colour = _PLAIN if right else _WRONG
    draw_label(canvas, said, np.array([4.0, 0.03 * canvas.shape[0]]), colour)
    if not right:
        draw_label(canvas, f"is {entry['kind']}", np.array([4.0, 0.06 * canvas.shape[0]]), colour)
    return canvas
