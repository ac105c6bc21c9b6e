"""BlazePose (Bazarevsky et al. 2020) from MediaPipe's model files: people, 33 keypoints, a mask each.

Detector → rotated square around the body → landmark net, with the numbers of MediaPipe's own graph in its
static image mode, so that the keypoints agree with MediaPipe's. Where MediaPipe would stop empty-handed the
photo is looked at again in other cuts, and where it would stop at the best person the others follow.

A second look at the mirror image, if wanted, takes what is left and right of the nets' own out of what they
say: alone they see who faces the camera turned by 4 degrees. Points then lie where the pixels are that show
them; MediaPipe's lie half a pixel of the net's picture further right and down (see `codec.region`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.models import MODELS
from flixpose.ports import Weights
from flixpose.pose.codec import ssd
from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.heatmap import refine
from flixpose.pose.codec.person_mask import mask_on_photo
from flixpose.pose.codec.region import Region, from_alignment, whole
from flixpose.pose.nets.litert import LiteRtNet
from flixpose.pose.people import prominence, same_person, spread_between
from flixpose.pose.search import other_views
from flixpose.pose.skeletons import BLAZEPOSE_33, mirror_rows
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints

DETECTOR, LANDMARKER = "pose_detection", "pose_landmark_full"

_DETECTOR_SIZE = 224
_STRIDES = (8, 16, 32, 32, 32)
_MIN_DETECTION = 0.5
_MAX_OVERLAP = 0.3
_CENTRE, _RIM = 0, 1  # the detector's points: middle of the hips; on the circle around the body
_REGION_SCALE = 1.25

_LANDMARKER_SIZE = 256
_NET_POINTS, _NET_VALUES = 39, 5  # 33 keypoints and 6 auxiliary ones: x, y, z, visibility, presence
_AUX_CENTRE, _AUX_RIM = 33, 34
_MIRROR = mirror_rows(BLAZEPOSE_33)
_KERNEL = 9
_MIN_PRESENCE = 0.5

_MAX_PEOPLE = 12

# What must hold for a person found by searching; on 50 photos cut at the chin or the shoulders or set into an
# empty picture these keep what is right, and drop what is not and nearly all that garments look like.
_MIN_SEARCHED_PRESENCE = 0.8
_MIN_SEARCHED_SHOULDERS = 0.9
_MOST_DRIFT = 0.025  # of the body's size
_MOST_TILT = math.pi / 3


@dataclass(frozen=True, eq=False, slots=True)
class _Look:
    """The landmark net's answer for one square picture.

    Attributes:
        uv: (39, 2) 0 to 1 along each side. scores: (39,) visibility times presence.
        presence: that there is a body. mask_logits: (256, 256). world: (33, 3) metres, upright as it is.
    """

    uv: NDArray[np.float32]
    scores: NDArray[np.float32]
    presence: np.float32
    mask_logits: NDArray[np.float32]
    world: NDArray[np.float32]

    @property
    def unmirrored(self) -> "_Look":
        """What was seen in a picture's mirror image, in the picture: left is right again."""
        everyone = np.r_[_MIRROR, len(_MIRROR) : _NET_POINTS]
        return _Look(
            uv=np.stack([1 - self.uv[:, 0], self.uv[:, 1]], axis=1)[everyone],
            scores=self.scores[everyone],
            presence=self.presence,
            mask_logits=self.mask_logits[:, ::-1],
            world=(self.world * np.array([-1, 1, 1], np.float32))[_MIRROR],
        )

    def mean(self, other: "_Look") -> "_Look":
        names = [field.name for field in fields(_Look)]
        return _Look(*((getattr(self, name) + getattr(other, name)) / np.float32(2) for name in names))


@dataclass(frozen=True, eq=False, slots=True)
class _Body:
    """The landmark net's answer for one region of a photo.

    Attributes:
        xy: (39, 2) pixels of the photo. scores: (39,) visibility times presence.
        presence: that there is a body in the region.
        mask_logits: (256, 256). world: (33, 3) metres, upright as the photo.
    """

    region: Region
    xy: NDArray[np.float32]
    scores: NDArray[np.float32]
    presence: float
    mask_logits: NDArray[np.float32]
    world: NDArray[np.float32]

    @property
    def next_region(self) -> Region:
        """Where the net itself would look for this body."""
        return from_alignment(self.xy[_AUX_CENTRE], self.xy[_AUX_RIM], scale=_REGION_SCALE)

    @property
    def shoulder_score(self) -> float:
        """The lesser of the two."""
        rows = [BLAZEPOSE_33.index["left_shoulder"], BLAZEPOSE_33.index["right_shoulder"]]
        return float(self.scores[rows].min())


class BlazePose:
    """A PoseEstimator. Safe to call from several threads, which then take turns at the nets.

    Args:
        weights: where the two model files are. threads: CPU threads of one net call.
        flip: look at the mirror image too; both answers' mean counts, and in the house's frame.

    Raises:
        WeightsMissing, WeightsDamaged: from `weights`.
    """

    def __init__(self, weights: Weights, *, threads: int = 2, flip: bool = False) -> None:
        self._flip = flip
        self._detector = LiteRtNet(weights.path(DETECTOR), threads=threads)
        self._landmarker = LiteRtNet(weights.path(LANDMARKER), threads=threads)
        self._anchors = ssd.anchor_centres(_DETECTOR_SIZE, _STRIDES)

    @property
    def model(self) -> ModelInfo:
        info = MODELS[LANDMARKER].info
        return replace(info, version=f"{info.version}+flip") if self._flip else info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """Every model that takes part, for reports."""
        return MODELS[DETECTOR].info, self.model

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first; an empty tuple where there is nobody."""
        return [self._people(image) for image in images]

    def _people(self, image: Image) -> tuple[Pose, ...]:
        bodies = self._bodies(image.pixels, self._detect(image.pixels, whole(*image.size)))
        if not bodies:
            bodies = self._searched(image.pixels)
        poses = [self._pose(body, image) for body in bodies]
        return tuple(sorted(poses, key=lambda pose: -prominence(pose, image.size)))

    def _searched(self, pixels: NDArray[np.uint8]) -> list[_Body]:
        """The people of the first other views that show any for sure."""
        for views in other_views(pixels.shape[1], pixels.shape[0]):
            regions = [region for view in views for region in self._detect(pixels, view)]
            if bodies := _different(self._steadied(pixels, region) for region in regions):
                return bodies[:_MAX_PEOPLE]
        return []

    def _detect(self, pixels: NDArray[np.uint8], view: Region) -> list[Region]:
        """Regions of the people that the detector sees in one square view of the photo, best first."""
        picture = view.crop(pixels, _DETECTOR_SIZE, border=cv2.BORDER_CONSTANT)
        boxes, scores = self._detector(picture.astype(np.float32) * np.float32(2 / 255) - np.float32(1))
        found = ssd.decode(
            boxes[0], scores[0, :, 0], self._anchors, size=_DETECTOR_SIZE, min_score=_MIN_DETECTION
        )
        points = view.to_photo(ssd.suppress(found, max_overlap=_MAX_OVERLAP).points)
        return [from_alignment(p[_CENTRE], p[_RIM], scale=_REGION_SCALE) for p in points[:_MAX_PEOPLE]]

    def _bodies(self, pixels: NDArray[np.uint8], regions: Iterable[Region]) -> list[_Body]:
        """The different bodies that the landmark net confirms, in the order of the regions."""
        read = (self._read(pixels, region) for region in regions)
        return _different(body for body in read if body.presence >= _MIN_PRESENCE)

    def _steadied(self, pixels: NDArray[np.uint8], region: Region) -> _Body | None:
        """A second reading, from the place that the first one gives; None unless both agree.

        What is no body (a garment, a lamp) rarely stays where it was: without this test one garment photo
        in six shows "people" in some view.
        """
        first = self._read(pixels, region)
        if first.presence < _MIN_PRESENCE or abs(region.angle) > _MOST_TILT:
            return None
        second = self._read(pixels, first.next_region)
        sure = min(first.shoulder_score, second.shoulder_score) >= _MIN_SEARCHED_SHOULDERS
        steady = spread_between(first.xy, second.xy) <= _MOST_DRIFT
        return second if sure and steady and second.presence >= _MIN_SEARCHED_PRESENCE else None

    def _read(self, pixels: NDArray[np.uint8], region: Region) -> _Body:
        """One region, looked at as often as is wanted."""
        picture = region.crop(pixels, _LANDMARKER_SIZE, border=cv2.BORDER_REPLICATE)
        look, moved = self._look(picture), np.zeros(2)
        if self._flip:
            look = look.mean(self._look(np.ascontiguousarray(picture[:, ::-1])).unmirrored)
            moved = region.sampled_aside(_LANDMARKER_SIZE)
        metres = look.world.copy()
        metres[:, :2] = metres[:, :2] @ (region.axes.T / region.side)
        return _Body(
            region=region,
            xy=(region.to_photo(look.uv) + moved).astype(np.float32),
            scores=look.scores,
            presence=float(look.presence),
            mask_logits=look.mask_logits,
            world=metres.astype(np.float32),
        )

    def _look(self, picture: NDArray[np.uint8]) -> _Look:
        """One pass of the landmark net."""
        raw, presence, mask, heatmaps, world = self._landmarker(
            picture.astype(np.float32) * np.float32(1 / 255)
        )
        points = raw.reshape(_NET_POINTS, _NET_VALUES)
        return _Look(
            uv=refine(points[:, :2] / np.float32(_LANDMARKER_SIZE), heatmaps[0], kernel=_KERNEL),
            scores=sigmoid(points[:, 3]) * sigmoid(points[:, 4]),
            presence=presence[0, 0],
            mask_logits=mask[0, :, :, 0],
            world=world.reshape(_NET_POINTS, 3)[: len(BLAZEPOSE_33)],
        )

    def _pose(self, body: _Body, image: Image) -> Pose:
        count = len(BLAZEPOSE_33)
        keypoints = Keypoints(BLAZEPOSE_33, body.xy[:count], body.scores[:count])
        alpha = mask_on_photo(body.mask_logits, body.region, image.pixels)
        return Pose(
            keypoints=keypoints,
            box=_box(alpha, keypoints, image),
            score=min(body.presence, 1.0),
            model=self.model,
            mask=Mask(alpha),
            world=body.world,
        )


def _different(bodies: Iterable[_Body | None]) -> list[_Body]:
    """Those that are there, each once."""
    kept: list[_Body] = []
    for body in bodies:
        if body is not None and not any(same_person(body.xy, other.xy) for other in kept):
            kept.append(body)
    return kept


def _box(alpha: NDArray[np.uint8], keypoints: Keypoints, image: Image) -> Box:
    """Around the mask and the keypoints that are seen, inside the photo."""
    seen = keypoints.xy[keypoints.scores >= 0.5]
    x, y, w, h = cv2.boundingRect((alpha >= 128).astype(np.uint8))
    corners = np.array([(x, y), (x + w, y + h)], dtype=np.float32) if w else seen[:0]
    spread = np.concatenate([seen, corners]) if len(seen) + len(corners) else keypoints.xy
    spread = np.clip(spread, 0, image.size)
    (x0, y0), (x1, y1) = spread.min(axis=0), spread.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))
