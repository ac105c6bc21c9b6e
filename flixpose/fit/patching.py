"""Filling holes of a photo from given surroundings, and the windows and small kernels that go with it.

Lengths come in shoulder widths; `unit` is one in pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.imaging.fill import fill, mirrored

Plane = NDArray[np.bool_]
Window = tuple[slice, slice]

_SPARE = 16.0  # pixels by which a source may be further off than it seemed
LEAST_EDGE = 2.0  # pixels over which edges are soft, however small a picture is
MOST_DEPTH = 0.25  # shoulder widths from its surroundings that a hole is filled


def copy_mirrored(pixels: NDArray[np.uint8], hole: Plane, source: Plane, away: NDArray[np.float32]) -> None:
    """Slivers take their mirror image beyond the rim as it is.

    Args:
        away: (h, w) pixels to the source, roughly.
    """
    if not hole.any():
        return
    if (here := around(hole, 2 * _furthest(hole, away) + _SPARE)) is not None and source[here].any():
        mirror, _ = mirrored(hole[here], source[here])
        rows, columns = np.divmod(np.flatnonzero(hole[here]), hole[here].shape[1])
        pixels[here][rows, columns] = pixels[here][mirror[:, 0], mirror[:, 1]]


def fill_from(
    pixels: NDArray[np.uint8],
    hole: Plane,
    source: Plane,
    unit: float,
    grain: float,
    away: NDArray[np.float32] | None = None,
    room: float = MOST_DEPTH,
) -> None:
    """Fill a hole smoothly from a source and mirror structure finer than `grain` shoulder widths into it.

    Args:
        away: (h, w) pixels to the source, roughly: no more around the hole is looked at than that needs.
        room: shoulder widths around the hole that are looked at, at most.
    """
    reach = 1.1 * room * unit
    if away is not None:
        reach = min(reach, 2 * _furthest(hole, away) + 3 * grain * unit + _SPARE)
    if (here := around(hole, reach)) is not None:
        pixels[here] = fill(pixels[here], hole[here], source[here], grain=max(1.0, grain * unit))


def _furthest(hole: Plane, away: NDArray[np.float32]) -> float:
    """The most, of what is finite, that any pixel of the hole is away from its source."""
    found = away.ravel()[np.flatnonzero(hole)]
    return float(found[np.isfinite(found)].max(initial=0.0))


def around(hole: Plane, reach: float) -> Window | None:
    """A window: the hole and so many pixels around it; None where there is no hole."""
    x, y, width, height = cv2.boundingRect(hole.view(np.uint8))
    if not width:
        return None
    room = round(reach)
    return np.s_[max(0, y - room) : y + height + room, max(0, x - room) : x + width + room]


def around_body(body: Body, aside: float, depths: tuple[float, float], shape: tuple[int, ...]) -> Window:
    """A window of an (H, W) plane: so many shoulder widths to either side, between two torso lengths down."""
    corners = np.array([body.place(across, depth) for across in (-aside, aside) for depth in depths])
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    (x0, x1), (y0, y1) = np.clip((x0, x1), 0, shape[1]), np.clip((y0, y1), 0, shape[0])
    return np.s_[int(y0) : int(y1), int(x0) : int(x1)]


def distance(plane: Plane) -> NDArray[np.float32]:
    """Pixels to the nearest of the plane; infinite where it is empty."""
    if not plane.any():
        return np.full(plane.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~plane).view(np.uint8), cv2.DIST_L2, 3), np.float32)


def distances(planes: Plane) -> NDArray[np.float32]:
    """`distance` of each of (K, h, w)."""
    found, beside = np.full(planes.shape, np.inf, np.float32), (~planes).view(np.uint8)
    for plane, away, off in zip(planes, found, beside, strict=True):
        if plane.any():
            cv2.distanceTransform(off, cv2.DIST_L2, 3, dst=away)
    return found


def square(radius: float) -> NDArray[np.uint8]:
    """A kernel of that radius; squares are many times faster than discs."""
    size = 2 * max(1, round(radius)) + 1
    return np.ones((size, size), np.uint8)


def forbid(away: NDArray[np.float32], where: Plane) -> None:
    """Nothing is near there: (…, h, w) distances."""
    if where.any():
        np.copyto(away, np.float32(np.inf), where=where)


def grown(plane: Plane, radius: float) -> Plane:
    """The plane and a square's radius around it, pixels."""
    return np.asarray(cv2.dilate(plane.view(np.uint8), square(radius)) > 0)
