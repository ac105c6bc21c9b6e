"""The face of a body: a mesh of 468 landmarks from MediaPipe's face net, with its outline from ear to chin.

The first square comes from the body's own points of the face, the second from the mesh that the net reads in
the first. Their numbers are those of MediaPipe's published graphs (Apache-2.0): the holistic face tracking's
(eyes level, the points' box times 3) and those of `face_landmarks_to_roi` (outer corners of the eyes level,
times 1.5).

See also Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs".
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.models import MODELS
from flixpose.ports import Weights
from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.region import Region
from flixpose.pose.nets.litert import LiteRtNet
from flixpose.pose.skeletons import FACE_468
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints

LANDMARKER = "face_landmark"

_SIZE = 192
_MIN_SCORE = 0.5
_MIN_SEEN = 0.5  # score of the body's points of the face that are looked at
_BODY_SCALE, _MESH_SCALE = 3.0, 1.5
_LEAST_FACE = 6.0  # pixels; the box of the body's points

_EYES, _MOUTH = ("right_eye", "left_eye"), ("mouth_left", "mouth_right")
_OUTER_CORNERS = [33, 263]  # of the right and of the left eye, rows of the mesh


class FaceReader:
    """Reads the faces of bodies that another estimator found. Safe to call from several threads.

    Raises:
        WeightsMissing, WeightsDamaged: from `weights`.
    """

    def __init__(self, weights: Weights, *, threads: int = 2) -> None:
        self._landmarker = LiteRtNet(weights.path(LANDMARKER), threads=threads)

    @property
    def model(self) -> ModelInfo:
        return MODELS[LANDMARKER].info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (self.model,)

    def __call__(self, image: Image, body: Keypoints) -> Keypoints | None:
        """The mesh, all points scored with the net's belief in the face; None where no face is seen."""
        region = region_from_body(body)
        if region is None:
            return None
        xy, score = self._read(image.pixels, region)
        if score < _MIN_SCORE:
            return None
        again, second = self._read(image.pixels, region_from_mesh(xy))
        xy, score = (again, second) if second >= _MIN_SCORE else (xy, score)
        return Keypoints(FACE_468, xy, np.full(len(FACE_468), score, np.float32))

    def _read(self, pixels: NDArray[np.uint8], region: Region) -> tuple[NDArray[np.float32], float]:
        """(468, 2) pixels of the photo, and the belief that there is a face in the square."""
        picture = region.crop(pixels, _SIZE, border=cv2.BORDER_REPLICATE)
        raw, flag = self._landmarker(picture.astype(np.float32) * np.float32(1 / 255))
        uv = raw.reshape(len(FACE_468), 3)[:, :2] / np.float32(_SIZE)
        return region.to_photo(uv).astype(np.float32), float(sigmoid(flag.ravel())[0])


def region_from_body(body: Keypoints) -> Region | None:
    """The square around a face whose eyes are level in it; None where eyes or nose are not seen."""
    if not all(body.has(name, _MIN_SEEN) for name in (*_EYES, "nose")):
        return None
    names = [name for name in body.present if _of_face(name)]
    xy = np.array([body[name] for name in names], np.float64)
    if not set(_MOUTH) <= set(names):  # a skeleton without a mouth has it below the nose
        eyes = (body[_EYES[0]] + body[_EYES[1]]).astype(np.float64) / 2
        xy = np.vstack([xy, eyes + 1.8 * (body["nose"] - eyes)])
    if np.ptp(xy, axis=0).max() < _LEAST_FACE:
        return None
    return _around(xy, body[_EYES[0]], body[_EYES[1]], _BODY_SCALE)


def region_from_mesh(xy: NDArray[np.floating]) -> Region:
    """The square around (468, 2) landmarks."""
    right, left = xy[_OUTER_CORNERS]
    return _around(xy.astype(np.float64), right, left, _MESH_SCALE)


def _of_face(name: str) -> bool:
    return name == "nose" or any(part in name.split("_") for part in ("eye", "ear", "mouth"))


def _around(
    xy: NDArray[np.float64], right: NDArray[np.floating], left: NDArray[np.floating], scale: float
) -> Region:
    """The square around points, turned so that `right` (the wearer's) lies on the level of `left` in it."""
    angle = math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
    low, high = xy.min(axis=0), xy.max(axis=0)
    x, y = ((low + high) / 2).tolist()
    return Region(x, y, float((high - low).max()) * scale, angle)
