"""The nooks between neck and shoulders: where a body ends that old clothes cover there.

Cloth lies on the shoulders and on the neck's foot: beneath it is skin, up to the outline. Only what stands
off the body there, a collar, has background behind it. The background in such a nook bulges towards the body
and a collar juts into it: what lies in the convex hull of the background is no body.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.body import Body
from flixpose.fit.patching import Plane, Window, square
from flixpose.structures.image import Mask

_ACROSS = 0.06, 0.42  # shoulder widths off the axis: from the neck to where shoulders begin to round off
_DEPTHS = -0.3, 0.12  # torso lengths below the shoulders
_BAND = 0.008  # shoulder widths to either side of the outline in which old clothes leave their colours
_BESIDE = 0.03  # shoulder widths beside old clothes in which they do
_CHEST = (-0.33, 0.0), (0.33, 0.0), (0.3, 0.45), (-0.3, 0.45)  # shoulder widths aside, torso lengths down
_SPECK = 2  # pixels


@dataclass(frozen=True, eq=False)
class Nooks:
    """Both nooks of a photo.

    Attributes:
        rows, columns: of the photo that they span.
        zone: (h, w) where they are. body: of that, the person's body. band: along the person's outline.
    """

    rows: slice
    columns: slice
    zone: Plane
    body: Plane
    band: Plane

    @classmethod
    def of(cls, body: Body, person_mask: Mask) -> "Nooks":
        """Those of a person; they span nothing where they lie off the photo."""
        corners = [
            np.array([body.place(sign * across, depth) for across, depth in _corners()]) for sign in (1, -1)
        ]
        rows, columns = _around(np.vstack(corners), person_mask)
        inside = person_mask.alpha[rows, columns] > 127
        zone, shape = np.zeros(inside.shape, bool), np.zeros(inside.shape, bool)
        if not inside.size:
            return cls(rows, columns, zone, shape, zone)
        for polygon in corners:
            here = _filled(polygon - (columns.start, rows.start), inside.shape)
            zone |= here
            shape |= here & inside & ~_hull(here & ~inside)
        return cls(rows, columns, zone, shape, zone & _along(inside, _BAND * body.shoulder_width))

    def put(self, plane: Plane, window: Window) -> Plane:
        """(h, w) a plane of the nooks as a window of the photo has it."""
        found = np.zeros(tuple(side.stop - side.start for side in window), bool)
        spans = [
            (max(own.start, side.start), min(own.stop, side.stop))
            for own, side in zip((self.rows, self.columns), window, strict=True)
        ]
        if all(first < last for first, last in spans):
            (y0, y1), (x0, x1) = spans
            there = np.s_[
                y0 - window[0].start : y1 - window[0].start, x0 - window[1].start : x1 - window[1].start
            ]
            here = np.s_[y0 - self.rows.start : y1 - self.rows.start]
            found[there] = plane[here, x0 - self.columns.start : x1 - self.columns.start]
        return found


def beside_edge(edge: Plane, shows: Plane, unit: float) -> Plane:
    """(h, w) the outline, `edge`, next to what shows of the old clothes."""
    if not edge.any():
        return edge
    return (cv2.dilate(shows.view(np.uint8), square(_BESIDE * unit)) > 0) & edge


def chest(body: Body, window: Window) -> Plane:
    """(h, w) of a window: between the shoulders and below, where no background is and no sleeve."""
    where = np.zeros(tuple(side.stop - side.start for side in window), np.uint8)
    corners = np.array([body.place(*place) for place in _CHEST]) - (window[1].start, window[0].start)
    cv2.fillConvexPoly(where, np.round(corners).astype(np.int32), 1)
    return where > 0


def _corners() -> list[tuple[float, float]]:
    (near, far), (top, foot) = _ACROSS, _DEPTHS
    return [(near, top), (far, top), (far, foot), (near, foot)]


def _around(places: NDArray[np.float64], mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the photo that hold all places, as far as they lie on it."""
    size = mask.alpha.shape[1::-1]
    (x0, y0), (x1, y1) = (
        np.clip(edge, 0, size).astype(int).tolist()
        for edge in (np.floor(places.min(axis=0)), np.ceil(places.max(axis=0)))
    )
    return slice(y0, y1), slice(x0, x1)


def _filled(polygon: NDArray[np.float64], shape: tuple[int, ...]) -> Plane:
    plane = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(plane, np.round(polygon).astype(np.int32), 1)
    return plane > 0


def _hull(plane: Plane) -> Plane:
    """The convex hull of the largest piece of a plane."""
    firm = cv2.morphologyEx(plane.astype(np.uint8), cv2.MORPH_OPEN, square(_SPECK))
    contours, _ = cv2.findContours(firm, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = np.zeros(plane.shape, np.uint8)
    if contours:
        largest = max(contours, key=cv2.contourArea)
        cv2.fillConvexPoly(found, cv2.convexHull(largest), 1)
    return found > 0


def _along(inside: Plane, reach: float) -> Plane:
    plane, kernel = inside.astype(np.uint8), square(reach)
    return np.asarray(cv2.dilate(plane, kernel) > cv2.erode(plane, kernel))
