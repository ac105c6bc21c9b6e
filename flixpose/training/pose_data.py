"""From COCO's keypoint annotations to what a net sees and should answer, each step by its own dice."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flixpose.evaluation.people import Marked, Photo
from flixpose.geometry.view import View, around
from flixpose.pose.codec.proposals import Proposals
from flixpose.pose.families.parts import OneStage, TopDown
from flixpose.pose.skeletons import COCO_17, mirror_rows
from flixpose.structures.image import Box
from flixpose.structures.keypoints import Skeleton

Array = NDArray[np.float64]
Rng = np.random.Generator

_MIDDLES = {"neck": ("left_shoulder", "right_shoulder"), "thorax": ("left_shoulder", "right_shoulder")}
_LEAST_LEFT = 0.2  # of a person's box inside the picture, else it is nobody to be found


@dataclass(frozen=True, slots=True)
class Dice:
    """How pictures are varied.

    Attributes:
        share: of pictures that are varied at all. scale: up to this factor smaller or larger.
        turn: degrees, one sigma. shift: share of the picture's side, the farthest. flip: share mirrored.
    """

    share: float = 0.7
    scale: float = 1.2
    turn: float = 8.0
    shift: float = 0.06
    flip: float = 0.5


@dataclass(frozen=True, eq=False, slots=True)
class People:
    """The people of one picture that a net sees, in its pixels, house's frame.

    Attributes:
        xy: (P, K, 2). there: (P, K) bool, marked and inside. boxes: (P, 4) xyxy. area: (P,).
    """

    xy: Tensor
    there: Tensor
    boxes: Tensor
    area: Tensor

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, eq=False, slots=True)
class PoseBatch:
    """x: (N, 3, H, W) in the net's colours; people: of each picture."""

    x: Tensor
    people: list[People] = field(default_factory=list)

    def to(self, device: torch.device) -> "PoseBatch":
        moved = [
            People(*(getattr(p, name).to(device) for name in ("xy", "there", "boxes", "area")))
            for p in self.people
        ]
        return PoseBatch(self.x.to(device), moved)


def batch_for(
    estimator: TopDown | OneStage,
    photos: Sequence[Photo],
    *,
    count: int,
    seed: tuple[int, ...],
    dice: Dice,
    boxes: Proposals | None = None,
) -> PoseBatch:
    """`count` pictures as the estimator's net sees them; the same seed gives the same batch.

    Args:
        boxes: how a finder draws them around people, for top-down families; the true ones unless given.
    """
    rng = np.random.default_rng(seed)
    seen = [_one(estimator, photos[int(rng.integers(len(photos)))], rng, dice, boxes) for _ in range(count)]
    x = estimator.colours.tensor(pixels for pixels, _ in seen)
    return PoseBatch(x.contiguous(memory_format=torch.channels_last), [people for _, people in seen])


def _one(
    estimator: TopDown | OneStage, photo: Photo, rng: Rng, dice: Dice, boxes: Proposals | None
) -> tuple[NDArray[np.uint8], People]:
    image, people = photo.image, photo.people
    if isinstance(estimator, TopDown):
        people = (people[int(rng.integers(len(people)))],)
        box = _box(people[0], rng, boxes)
        view = around(box, image.size, estimator.picture, padding=estimator.padding)
        fill = 0
    else:
        view, fill = estimator.view(image.size), estimator.fill
    mirror = bool(rng.random() < dice.flip)
    affine = _affine(view, mirror, rng, dice)
    pixels = _cut(image.pixels, affine, view.picture, fill)
    return pixels, _people(people, affine, view.picture, mirror, estimator.skeleton)


def _box(person: Marked, rng: Rng, boxes: Proposals | None) -> Box:
    if boxes is None:
        return Box(*person.xyxy)
    return Box(*boxes.draw(known(person), person.xyxy, rng)[0])


def known(person: Marked) -> Array:
    """(K, 2) pixels; NaN where a keypoint is not marked."""
    return np.where(person.visibility[:, None] > 0, person.xy, np.nan)


def _affine(view: View, mirror: bool, rng: Rng, dice: Dice) -> Array:
    """(2, 3) photo → picture, house's frame: the view, then the dice, then the mirror."""
    middle = np.array(view.picture) / 2
    linear, shift = np.diag(view.scale).astype(float), np.array(view.shift, float)
    if rng.random() < dice.share:
        factor = dice.scale ** rng.uniform(-1, 1)
        angle = np.deg2rad(np.clip(rng.normal(0, dice.turn), -2 * dice.turn, 2 * dice.turn))
        turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ linear
        shift = turn @ (shift - middle) + middle
        shift = shift + rng.uniform(-dice.shift, dice.shift, 2) * view.picture
    if mirror:
        linear = np.diag([-1.0, 1.0]) @ linear
        shift = np.array([view.picture[0] - shift[0], shift[1]])
    return np.column_stack([linear, shift])


def _cut(pixels: NDArray[np.uint8], affine: Array, size: tuple[int, int], fill: int) -> NDArray[np.uint8]:
    half = np.full(2, 0.5)
    shrink = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if shrink < 0.75:  # softened by as much as it shrinks, so that nothing aliases
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.4 / shrink), np.uint8)
    indices = np.column_stack([affine[:, :2], affine[:, :2] @ half + affine[:, 2] - half])
    return np.asarray(cv2.warpAffine(pixels, indices, size, borderValue=(fill,) * 3), np.uint8)


def _people(
    people: Sequence[Marked], affine: Array, size: tuple[int, int], mirror: bool, skeleton: Skeleton
) -> People:
    order = mirror_rows(COCO_17) if mirror else np.arange(len(COCO_17))
    xy = np.stack([p.xy for p in people])[:, order] @ affine[:, :2].T + affine[:, 2]
    there = np.stack([p.visibility for p in people])[:, order] > 0
    there &= ((xy >= 0) & (xy < size)).all(axis=2)
    boxes = np.stack([_boxed(p.xyxy, affine) for p in people])
    cut = np.clip(boxes, 0, [*size, *size])
    left = (cut[:, 2:] - cut[:, :2]).prod(axis=1) / np.maximum(
        (boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6
    )
    area = np.array([p.area for p in people]) * abs(np.linalg.det(affine[:, :2]))
    kept = (left >= _LEAST_LEFT) & there.any(axis=1)
    xy, there = _named(xy[kept], there[kept], skeleton)
    return People(
        torch.from_numpy(xy).float(),
        torch.from_numpy(there),
        torch.from_numpy(cut[kept]).float(),
        torch.from_numpy(area[kept]).float(),
    )


def _boxed(xyxy: Array, affine: Array) -> Array:
    corners = xyxy[[[0, 1], [2, 1], [0, 3], [2, 3]]] @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def _named(xy: Array, there: NDArray[np.bool_], skeleton: Skeleton) -> tuple[Array, NDArray[np.bool_]]:
    """COCO's 17 in another skeleton; necks between the shoulders."""
    if skeleton is COCO_17:
        return xy, there
    pairs = [_MIDDLES.get(name, (name, name)) for name in skeleton.names]
    known = [all(end in COCO_17.index for end in pair) for pair in pairs]
    a, b = (
        [COCO_17.index[pair[end]] if ok else 0 for pair, ok in zip(pairs, known, strict=True)]
        for end in (0, 1)
    )
    return (xy[:, a] + xy[:, b]) / 2, there[:, a] & there[:, b] & np.array(known)
