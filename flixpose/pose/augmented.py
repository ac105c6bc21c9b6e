"""Any estimator's second looks: at the mirror image, and closer or from farther away; what agrees is joined.

Top-down heat maps and SimCC, and KAPAO, have looks of their own that join what the net says, not the poses;
this is for everybody else, and for the sizes that top-down families have not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flixpose.errors import UsageError
from flixpose.geometry.view import Size, View
from flixpose.ports import PoseEstimator
from flixpose.pose.families.parts import OneStage, TopDown
from flixpose.pose.oks import similarity, suppress
from flixpose.pose.people import prominence
from flixpose.pose.skeletons import mirror_rows, sigmas
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

_SAME = 0.5  # similarity from which two poses are of one person
_MULTIPLE = 128  # sides that every net takes

Boxes = Sequence[Sequence[Box]]
Look = Callable[[Sequence[Image]], list[tuple[Pose, ...]]]


@dataclass(frozen=True, eq=False)
class Augmented:
    """A PoseEstimator that looks several times.

    Args:
        flip: at the mirror image too. scales: of the picture that the net sees; 1.0 is the family's own.

    Raises:
        UsageError: the estimator has no sizes to choose from.
    """

    base: PoseEstimator
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if self.scales != (1.0,) and not isinstance(self.base, TopDown | OneStage):
            raise UsageError(f"{self.base.model.name} sees its picture in one size only.", subject="scales")

    @property
    def model(self) -> ModelInfo:
        return self.base.model

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return self.base.models

    @cached_property
    def _readers(self) -> list[PoseEstimator]:
        return [_at(self.base, scale) for scale in self.scales]

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first."""
        looks: list[list[tuple[Pose, ...]]] = []
        for reader in self._readers:
            looks.append(reader(images))
            if self.flip:
                looks.append(_back(reader([mirrored(image) for image in images]), images))
        return _joined(looks, images)

    def in_boxes(self, images: Sequence[Image], boxes: Boxes) -> list[tuple[Pose, ...]]:
        """The same where boxes are told (top-down families). Raises UsageError for the others."""
        looks: list[list[tuple[Pose, ...]]] = []
        for reader in self._readers:
            if not isinstance(reader, TopDown):
                raise UsageError(f"{self.model.name} finds people by itself.", subject="boxes")
            looks.append(reader.in_boxes(images, boxes))
            if self.flip:
                turned = [
                    [_flipped(box, image.width) for box in some]
                    for some, image in zip(boxes, images, strict=True)
                ]
                looks.append(_back(reader.in_boxes([mirrored(image) for image in images], turned), images))
        return _joined(looks, images)


def _at(base: PoseEstimator, scale: float) -> PoseEstimator:
    """The estimator with a net that sees everything larger by that factor."""
    if scale == 1.0:
        return base
    if isinstance(base, TopDown):
        return replace(base, padding=base.padding / scale)
    if isinstance(base, OneStage):
        view = base.view
        return replace(base, view=lambda photo: enlarged(view(photo), scale))
    return base


def enlarged(view: View, scale: float) -> View:
    """The picture larger by a factor, its sides what every net takes; PoseNet's stay one more than that."""
    odd = view.picture[0] % 2
    width, height = (
        int(-(-round((side - odd) * scale) // _MULTIPLE)) * _MULTIPLE + odd for side in view.picture
    )
    scales = (view.scale[0] * scale, view.scale[1] * scale)
    return View(scales, (view.shift[0] * scale, view.shift[1] * scale), view.photo, (width, height))


def mirrored(image: Image) -> Image:
    return replace(image, pixels=np.ascontiguousarray(image.pixels[:, ::-1]), alpha=None)


def _flipped(box: Box, width: int) -> Box:
    return Box(width - box.x1, box.y0, width - box.x0, box.y1)


def _back(found: list[tuple[Pose, ...]], images: Sequence[Image]) -> list[tuple[Pose, ...]]:
    return [
        tuple(unmirrored(pose, image.size) for pose in poses)
        for poses, image in zip(found, images, strict=True)
    ]


def unmirrored(pose: Pose, size: Size) -> Pose:
    """A pose found in the mirror image, in the image itself: left is right again."""
    order = mirror_rows(pose.keypoints.skeleton)
    xy = pose.keypoints.xy[order].copy()
    xy[:, 0] = size[0] - xy[:, 0]
    keypoints = Keypoints(pose.keypoints.skeleton, xy, pose.keypoints.scores[order])
    return replace(pose, keypoints=keypoints, box=_flipped(pose.box, size[0]), mask=None, world=None)


def _joined(looks: list[list[tuple[Pose, ...]]], images: Sequence[Image]) -> list[tuple[Pose, ...]]:
    return [
        joined([pose for look in looks for pose in look[row]], len(looks), image.size)
        for row, image in enumerate(images)
    ]


def joined(poses: list[Pose], looks: int, size: Size) -> tuple[Pose, ...]:
    """Poses of several looks, each person once: the mean, weighted by score.

    Who is seen in few of the looks is worth less; a person's mask is that of the first look.
    """
    left = sorted(poses, key=lambda pose: -pose.score)
    people: list[Pose] = []
    while left:
        alike = likeness(left[0], left)
        same = [pose for pose, value in zip(left, alike, strict=True) if value >= _SAME or pose is left[0]]
        people.append(_mean(same, looks))
        left = [pose for pose, value in zip(left[1:], alike[1:], strict=True) if value < _SAME]
    return tuple(sorted(people, key=lambda pose: -prominence(pose, size)))


def _mean(poses: list[Pose], looks: int) -> Pose:
    scores = np.stack([pose.keypoints.scores for pose in poses]) * [[max(p.score, 1e-3)] for p in poses]
    xy = np.stack([np.nan_to_num(pose.keypoints.xy) for pose in poses])
    weight = scores.sum(axis=0)
    mean = (xy * scores[..., None]).sum(axis=0) / np.maximum(weight, 1e-9)[:, None]
    mean[weight <= 0] = np.nan
    told = np.stack([pose.keypoints.scores for pose in poses]).mean(axis=0)
    boxes = np.array([[p.box.x0, p.box.y0, p.box.x1, p.box.y1] for p in poses]).mean(axis=0)
    return replace(
        poses[0],
        keypoints=Keypoints(poses[0].keypoints.skeleton, mean.astype(np.float32), told.astype(np.float32)),
        box=Box(*(float(v) for v in boxes)),
        score=min(sum(pose.score for pose in poses) / looks, 1.0),
    )


def distinct(poses: Sequence[Pose], *, max_similarity: float) -> tuple[Pose, ...]:
    """Those that are not like a surer one, by object keypoint similarity, in their order."""
    if not poses:
        return ()
    rows = suppress(
        np.stack([_rows(pose) for pose in poses]),
        np.array([pose.score for pose in poses]),
        np.array([pose.box.area for pose in poses]),
        sigmas(poses[0].keypoints.skeleton),
        max_similarity=max_similarity,
    )
    return tuple(poses[row] for row in sorted(rows))


def likeness(one: Pose, others: Sequence[Pose]) -> NDArray[np.float64]:
    """(N,) similarity of poses of one skeleton, over their boxes' areas."""
    areas = np.array([pose.box.area for pose in others])
    spread = sigmas(one.keypoints.skeleton)
    return similarity(
        _rows(one), np.stack([_rows(pose) for pose in others]), one.box.area, areas, spread, min_score=0.0
    )


def _rows(pose: Pose) -> NDArray[np.floating]:
    """(K, 3) x, y, score; what is not there lies in the middle of the box."""
    middle = ((pose.box.x0 + pose.box.x1) / 2, (pose.box.y0 + pose.box.y1) / 2)
    xy = np.where(np.isfinite(pose.keypoints.xy), pose.keypoints.xy, middle)
    return np.column_stack([xy, pose.keypoints.scores])
