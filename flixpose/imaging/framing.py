"""Which part of a picture is shown, at which size, and what fills the room beyond its edges.

Nothing here stretches: one factor serves both axes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling, fromarray

from flixpose.imaging.pieces import find_pieces
from flixpose.structures.image import Box, Mask

Pixels = NDArray[np.uint8]

# A subject nearer to the picture's edge than this share of the side is taken as cut off by it.
_TOUCH = 0.006
_SPECK = 0.01
_AIR = 0.04
_STRIP = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """A window on a picture and the size at which it is shown.

    Attributes:
        box: in pixels of the picture; may reach beyond it.
        size: (width, height) of the result in pixels.
    """

    box: Box
    size: tuple[int, int]

    @property
    def scale(self) -> float:
        """Pixels of the result per pixel of the picture."""
        return self.size[0] / self.box.width


def subject_box(mask: Mask) -> Box | None:
    """Around what the mask covers, specks left out; None where it covers nothing."""
    count, _, stats = find_pieces(mask.alpha > 127)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2:
        return None
    kept = stats[1:][areas >= areas.max() * _SPECK]
    x0, y0 = kept[:, cv2.CC_STAT_LEFT].min(), kept[:, cv2.CC_STAT_TOP].min()
    x1 = (kept[:, cv2.CC_STAT_LEFT] + kept[:, cv2.CC_STAT_WIDTH]).max()
    y1 = (kept[:, cv2.CC_STAT_TOP] + kept[:, cv2.CC_STAT_HEIGHT]).max()
    return Box(float(x0), float(y0), float(x1), float(y1))


def choose_box(
    size: tuple[int, int], subject: Box, *, aspect: tuple[float, float] | None, fill: float | None
) -> Box:
    """The window of the wanted aspect that holds the whole subject.

    Without `fill` it is the largest window inside the picture, and grows beyond it only where the subject
    would not fit. With `fill` the subject takes that share of the window's tighter side, and all of it where
    the photo cuts it off at both ends. The room beyond the picture lies where the subject is not cut off.
    """
    width, height = size
    if aspect is None:
        return Box(0.0, 0.0, float(width), float(height))
    ratio = aspect[0] / aspect[1]
    if fill is None:
        subject = _with_air(subject, size)
        w = max(min(width, height * ratio), subject.width, subject.height * ratio)
    else:
        fill_x, fill_y = (1.0 if cut == (True, True) else fill for cut in _cut_off(size, subject))
        w = max(subject.width / fill_x, subject.height / fill_y * ratio)
    h = w / ratio
    cut_x, cut_y = _cut_off(size, subject)
    x0 = _place(width, w, (subject.x0 + subject.x1) / 2, cut_x)
    y0 = _place(height, h, (subject.y0 + subject.y1) / 2, cut_y)
    return Box(x0, y0, x0 + w, y0 + h)


def _with_air(subject: Box, size: tuple[int, int]) -> Box:
    """A head may not hit the frame: as much of the background around it stays as the picture has."""
    air = _AIR * max(subject.width, subject.height)
    x0, y0 = max(subject.x0 - air, 0.0), max(subject.y0 - air, 0.0)
    return Box(x0, y0, min(subject.x1 + air, size[0]), min(subject.y1 + air, size[1]))


def _cut_off(size: tuple[int, int], subject: Box) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Whether the picture's edge cuts the subject off: (left, right), (top, bottom)."""
    touch_x, touch_y = (max(_TOUCH * side, 1.5) for side in size)
    return (
        (subject.x0 <= touch_x, subject.x1 >= size[0] - touch_x),
        (subject.y0 <= touch_y, subject.y1 >= size[1] - touch_y),
    )


def _place(size: float, length: float, centre: float, cut: tuple[bool, bool]) -> float:
    """Where a window begins on one axis: about the subject, inside the picture as far as it can be."""
    if length > size and cut[0] != cut[1]:
        return 0.0 if cut[0] else size - length
    return min(max(centre - length / 2, min(0.0, size - length)), max(0.0, size - length))


def choose_frame(
    box: Box,
    *,
    min_size: tuple[int, int] | None,
    max_size: tuple[int, int] | None,
    max_upscale: float,
) -> Frame:
    """The window at the picture's own scale where that is allowed, else scaled as little as may be."""
    scale = 1.0
    if max_size is not None:
        scale = min(scale, max_size[0] / box.width, max_size[1] / box.height)
    if min_size is not None and scale == 1.0:
        needed = max(min_size[0] / box.width, min_size[1] / box.height)
        scale = min(max(needed, 1.0), max_upscale)
    size = max(round(box.width * scale), 1), max(round(box.height * scale), 1)
    return Frame(_whole(box, size) if scale == 1.0 else box, size)


def _whole(box: Box, size: tuple[int, int]) -> Box:
    """At its own scale a picture is copied, not resampled: the window moves onto whole pixels."""
    x0, y0 = round(box.x0), round(box.y0)
    return Box(float(x0), float(y0), float(x0 + size[0]), float(y0 + size[1]))


def show(
    picture: Pixels, frame: Frame, *, person: Mask | None, beyond: tuple[int, int, int] | None
) -> Pixels:
    """(H, W, 3) the window's content at the frame's size, Lanczos over the area that each pixel covers.

    Args:
        person: kept out of what is drawn beyond the picture's edges.
        beyond: the colour there; None = the picture's own background drawn on.
    """
    pads = _pads(picture, frame.box)
    if any(pads):
        picture = _pad(picture, pads, person, beyond)
    left, top = pads[0], pads[2]
    box = (frame.box.x0 + left, frame.box.y0 + top, frame.box.x1 + left, frame.box.y1 + top)
    if frame.scale == 1.0:
        x0, y0, x1, y1 = (round(v) for v in box)
        return np.ascontiguousarray(picture[y0:y1, x0:x1])
    inside = (max(box[0], 0), max(box[1], 0), min(box[2], picture.shape[1]), min(box[3], picture.shape[0]))
    return np.array(fromarray(picture).resize(frame.size, Resampling.LANCZOS, box=inside))


def _pads(picture: Pixels, box: Box) -> tuple[int, int, int, int]:
    """(left, right, top, bottom) whole pixels that the window reaches beyond the picture."""
    height, width = picture.shape[:2]
    reach = (-box.x0, box.x1 - width, -box.y0, box.y1 - height)
    left, right, top, bottom = (max(int(np.ceil(v - 1e-6)), 0) for v in reach)
    return left, right, top, bottom


def _pad(
    picture: Pixels, pads: tuple[int, int, int, int], person: Mask | None, colour: tuple[int, int, int] | None
) -> Pixels:
    left, right, top, bottom = pads
    if colour is not None:
        padded = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
        return np.asarray(padded, np.uint8)
    hidden = np.zeros(picture.shape[:2], bool) if person is None else person.alpha > 8
    picture, hidden = _extend(picture, hidden, left, right)
    across = picture.swapaxes(0, 1), hidden.swapaxes(0, 1)
    return np.ascontiguousarray(_extend(*across, top, bottom)[0].swapaxes(0, 1))


def _extend(
    picture: Pixels, hidden: NDArray[np.bool_], before: int, after: int
) -> tuple[Pixels, NDArray[np.bool_]]:
    """The picture with columns added left and right, each row going on in the background's colour there."""
    parts, covers = [picture], [hidden]
    if before:
        parts.insert(0, _column(picture[:, :_STRIP], hidden[:, :_STRIP], before))
        covers.insert(0, np.zeros((len(picture), before), bool))
    if after:
        parts.append(_column(picture[:, -_STRIP:], hidden[:, -_STRIP:], after))
        covers.append(np.zeros((len(picture), after), bool))
    return np.concatenate(parts, axis=1), np.concatenate(covers, axis=1)


def _column(strip: Pixels, hidden: NDArray[np.bool_], width: int) -> Pixels:
    """(H, width, 3): the strip's mean colour per row without the subject, smoothed along the edge."""
    seen = (~hidden).sum(1).astype(np.float32)[:, None]
    total = (strip * ~hidden[..., None]).sum(1).astype(np.float32)
    if not seen.any():
        seen, total = np.full_like(seen, strip.shape[1]), strip.sum(1).astype(np.float32)
    total, seen = (
        cv2.GaussianBlur(v, (1, 0), 0, sigmaY=_STRIP, borderType=cv2.BORDER_REPLICATE) for v in (total, seen)
    )
    seen = seen.reshape(-1)
    rows = np.flatnonzero(seen > 1e-3)
    colour = total[rows] / seen[rows, None]
    every = np.stack([np.interp(np.arange(len(strip)), rows, colour[:, c]) for c in range(3)], axis=-1)
    return np.repeat(np.rint(every).astype(np.uint8)[:, None], width, axis=1)
