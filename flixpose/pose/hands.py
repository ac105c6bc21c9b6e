"""The hands of a body: 21 keypoints each, from MediaPipe's palm detector and hand landmark net.

Where a hand is follows from the body's wrist, index and little finger; where these mislead, from the palm
detector, which looks around the wrist. The numbers of crops and turns are those of MediaPipe's published
graphs (Apache-2.0): `HandDetectionsFromPoseToRectsCalculator` and the holistic hand tracking (square twice as
wide as wrist to middle finger is long, times 2.7, a tenth of it up), `palm_detection_detection_to_roi` (wrist
to middle knuckle upright, times 2.6, half a palm up), `hand_landmark_landmarks_to_roi` (twelve of the points,
times 2, a tenth up). See also Zhang et al. 2020, "MediaPipe Hands: On-device Real-time Hand Tracking".
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.models import MODELS
from flixpose.ports import Weights
from flixpose.pose.codec import ssd
from flixpose.pose.codec.region import Region
from flixpose.pose.nets.litert import LiteRtNet
from flixpose.pose.skeletons import HAND_21
from flixpose.structures.found import Hand, ModelInfo, Side
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints

DETECTOR, LANDMARKER = "palm_detection_full", "hand_landmark_full"

Point = NDArray[np.floating]

_LANDMARKER_SIZE = 224
_MIN_SCORE = 0.5
_MIN_WRIST = 0.3  # score of a wrist that is looked at
_LEAST_HAND = 6.0  # pixels from wrist to middle knuckle; less shows nothing

_BODY_SCALE, _BODY_SHIFT = 2.7, -0.1
_POINTS_SCALE, _POINTS_SHIFT = 2.0, -0.1
_PALM_SCALE, _PALM_SHIFT = 2.6, -0.5

_DETECTOR_SIZE = 192
_STRIDES = (8, 16, 16, 16)
_MIN_PALM, _MAX_OVERLAP = 0.5, 0.3
_PALM_WRIST, _PALM_MIDDLE = 0, 2
_SEARCH = 2.6  # sides of the searched square, in lengths from elbow to wrist
_KNUCKLE_PER_FOREARM = 0.36  # from the wrist to the middle knuckle

# A second reading is worth its time where the first one's own square lies elsewhere.
_MOST_MOVED, _MOST_SCALED, _MOST_TURNED = 0.12, 1.25, math.radians(25)

# A hand hangs on its own wrist: further off it is another one, or none.
_FARTHEST_WRIST = 0.5  # of the forearm

_BOX_NAMES = ("wrist", *(f"thumb_{n}" for n in (1, 2, 3)))
_BOX_NAMES += tuple(f"{finger}_{n}" for finger in ("index", "middle", "ring", "pinky") for n in (1, 2))
_BOX_ROWS = [HAND_21.index[name] for name in _BOX_NAMES]


@dataclass(frozen=True, eq=False, slots=True)
class _Reading:
    """The landmark net's answer for one square. `right`: its belief that it is a right hand."""

    region: Region
    xy: NDArray[np.float32]
    score: float
    right: float

    @property
    def next_region(self) -> Region:
        return region_from_points(self.xy)


class HandReader:
    """Reads the hands of bodies that another estimator found. Safe to call from several threads.

    Raises:
        WeightsMissing, WeightsDamaged: from `weights`.
    """

    def __init__(self, weights: Weights, *, threads: int = 2) -> None:
        self._detector = LiteRtNet(weights.path(DETECTOR), threads=threads)
        self._landmarker = LiteRtNet(weights.path(LANDMARKER), threads=threads)
        self._anchors = ssd.anchor_centres(_DETECTOR_SIZE, _STRIDES)

    @property
    def model(self) -> ModelInfo:
        return MODELS[LANDMARKER].info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return MODELS[DETECTOR].info, self.model

    def __call__(self, image: Image, body: Keypoints) -> tuple[Hand, ...]:
        """The hands that are seen, the left one first; none for an arm whose wrist is not seen."""
        sides: tuple[Side, ...] = ("left", "right")
        found = [self._hand(image.pixels, body, side) for side in sides]
        return tuple(hand for hand in found if hand is not None)

    def _hand(self, pixels: NDArray[np.uint8], body: Keypoints, side: Side) -> Hand | None:
        region = region_from_body(body, side)
        if region is None or not _inside(region, pixels):
            return None
        reading = self._steadied(pixels, self._read(pixels, region))
        if reading is None or not _on_its_wrist(reading, body, side):
            reading = self._searched(pixels, body, side)
        if reading is None:
            return None
        scores = np.full(len(HAND_21), reading.score, np.float32)
        of_side = reading.right if side == "right" else 1 - reading.right
        return Hand(side, Keypoints(HAND_21, reading.xy, scores), reading.score, of_side)

    def _steadied(self, pixels: NDArray[np.uint8], first: _Reading) -> _Reading | None:
        """The reading, or a second one from the place that it gives; None where there is no hand."""
        if first.score < _MIN_SCORE:
            return None
        if _close(first.region, first.next_region):
            return first
        second = self._read(pixels, first.next_region)
        return second if second.score >= first.score else first

    def _searched(self, pixels: NDArray[np.uint8], body: Keypoints, side: Side) -> _Reading | None:
        """What the palm detector sees around the wrist."""
        view = search_region(body, side)
        if view is None:
            return None
        readings = (self._read(pixels, region) for region in self._detect(pixels, view)[:2])
        steadied = (self._steadied(pixels, reading) for reading in readings)
        return next((one for one in steadied if one is not None and _on_its_wrist(one, body, side)), None)

    def _detect(self, pixels: NDArray[np.uint8], view: Region) -> list[Region]:
        """Squares around the hands that the detector sees in one view, the best first."""
        picture = view.crop(pixels, _DETECTOR_SIZE, border=cv2.BORDER_CONSTANT)
        boxes, scores = self._detector(picture.astype(np.float32) * np.float32(1 / 255))
        found = ssd.decode(boxes[0], scores[0, :, 0], self._anchors, size=_DETECTOR_SIZE, min_score=_MIN_PALM)
        found = ssd.suppress(found, max_overlap=_MAX_OVERLAP)
        palms = zip(found.boxes, found.points, strict=True)
        return [region_from_palm(box, points, view) for box, points in palms]

    def _read(self, pixels: NDArray[np.uint8], region: Region) -> _Reading:
        picture = region.crop(pixels, _LANDMARKER_SIZE, border=cv2.BORDER_REPLICATE)
        raw, score, right, _ = self._landmarker(picture.astype(np.float32) * np.float32(1 / 255))
        uv = raw.reshape(len(HAND_21), 3)[:, :2] / np.float32(_LANDMARKER_SIZE)
        xy = region.to_photo(uv).astype(np.float32)
        return _Reading(region, xy, float(score[0, 0]), float(right[0, 0]))


def region_from_body(body: Keypoints, side: Side) -> Region | None:
    """The upright square around a hand; None where the wrist is not seen or is too small to show one.

    The middle finger is taken two thirds of the way from the little finger to the index finger; a skeleton
    without fingers has it on the forearm's line.
    """
    wrist, middle = _wrist_and_middle(body, side)
    if wrist is None or middle is None:
        return None
    length = math.hypot(*(middle - wrist))
    if length < _LEAST_HAND:
        return None
    return _shifted(middle, 2 * length * _BODY_SCALE, _upright(wrist, middle), 2 * length * _BODY_SHIFT)


def region_from_points(xy: NDArray[np.floating]) -> Region:
    """The upright square around (21, 2) keypoints of a hand."""
    index, middle, ring = (xy[HAND_21.index[f"{finger}_2"]] for finger in ("index", "middle", "ring"))
    angle = _upright(xy[0], ((index + ring) / 2 + middle) / 2)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    level = xy[_BOX_ROWS] @ turn  # as the square sees them
    low, high = level.min(axis=0), level.max(axis=0)
    width, height = (high - low).tolist()
    centre = turn @ ((low + high) / 2)
    return _shifted(centre, max(width, height) * _POINTS_SCALE, angle, height * _POINTS_SHIFT)


def region_from_palm(box: NDArray[np.float32], points: NDArray[np.float32], view: Region) -> Region:
    """The upright square around the hand of a detected palm.

    Args:
        box: (4,) xyxy. points: (7, 2). Both as fractions of `view`.
    """
    wrist, middle = view.to_photo(points[[_PALM_WRIST, _PALM_MIDDLE]])
    centre = view.to_photo((box[:2] + box[2:]) / 2)
    width, height = ((box[2:] - box[:2]) * view.side).tolist()
    return _shifted(centre, max(width, height) * _PALM_SCALE, _upright(wrist, middle), height * _PALM_SHIFT)


def search_region(body: Keypoints, side: Side) -> Region | None:
    """The square in which the palm detector looks; None where the forearm is not seen."""
    if not (body.has(f"{side}_wrist", _MIN_WRIST) and body.has(f"{side}_elbow")):
        return None
    wrist, elbow = body[f"{side}_wrist"], body[f"{side}_elbow"]
    forearm = float(np.hypot(*(wrist - elbow)))
    middle = wrist + _KNUCKLE_PER_FOREARM * (wrist - elbow)
    return Region(float(middle[0]), float(middle[1]), max(_SEARCH * forearm, 1.0)) if forearm else None


def _wrist_and_middle(body: Keypoints, side: Side) -> tuple[Point | None, Point | None]:
    if not body.has(f"{side}_wrist", _MIN_WRIST):
        return None, None
    wrist = body[f"{side}_wrist"].astype(np.float64)
    if body.has(f"{side}_index") and body.has(f"{side}_pinky"):
        return wrist, (2 * body[f"{side}_index"] + body[f"{side}_pinky"]).astype(np.float64) / 3
    if body.has(f"{side}_elbow"):
        return wrist, wrist + _KNUCKLE_PER_FOREARM * (wrist - body[f"{side}_elbow"])
    return wrist, None


def _upright(low: Point, high: Point) -> float:
    """How far a square is turned so that `high` lies above `low` in it; radians in [-pi, pi)."""
    angle = math.atan2(float(high[0] - low[0]), float(low[1] - high[1]))
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _shifted(centre: Point, side: float, angle: float, down: float) -> Region:
    """A square whose centre is moved `down` along its own vertical."""
    x, y = float(centre[0]) - down * math.sin(angle), float(centre[1]) + down * math.cos(angle)
    return Region(x, y, side, angle)


def _inside(region: Region, pixels: NDArray[np.uint8]) -> bool:
    """Whether the square's centre lies on the photo."""
    height, width = pixels.shape[:2]
    return 0 <= region.x < width and 0 <= region.y < height


def _close(one: Region, other: Region) -> bool:
    moved = math.hypot(one.x - other.x, one.y - other.y) / max(one.side, 1e-9)
    scaled = max(one.side, other.side) / max(min(one.side, other.side), 1e-9)
    turned = abs((one.angle - other.angle + math.pi) % (2 * math.pi) - math.pi)
    return moved <= _MOST_MOVED and scaled <= _MOST_SCALED and turned <= _MOST_TURNED


def _on_its_wrist(reading: _Reading, body: Keypoints, side: Side) -> bool:
    wrist = body[f"{side}_wrist"]
    off = float(np.hypot(*(reading.xy[0] - wrist)))
    forearm = float(np.hypot(*(wrist - body[f"{side}_elbow"]))) if body.has(f"{side}_elbow") else 0.0
    return off <= _FARTHEST_WRIST * max(forearm, reading.region.side / 2)
