"""What the families share: nets as functions of pictures, and the two ways from photos to people.

A family is a net, a codec and their numbers; its module has `SIZES`, `DEFAULT`, and `load`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.errors import UsageError
from flixpose.geometry.view import Size, View, around
from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.nets.weights import filled, threads
from flixpose.pose.people import prominence
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints, Skeleton

Points = NDArray[np.float64]
Scores = NDArray[np.float32]

_BATCH = 16
_PIXELS = 2**18  # of one call's pictures: larger ones leave the processor's cache and cost more than alone
_MIN_SCORE = 0.05  # of a person worth telling
_SEEN = 0.2


Decoding = Literal["plain", "dark", "udp"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a family is used.

    Attributes:
        flip: look at the mirror image too, and take the mean (top-down heat maps and SimCC).
        decoding: of heat maps; the family's own where it is None.
        scales: look at the picture in these sizes too (KAPAO).
    """

    flip: bool = False
    decoding: Decoding | None = None
    scales: tuple[float, ...] = (1.0,)


def options_of(*, flip: bool, decoding: str | None, scales: tuple[float, ...] = (1.0,)) -> Options:
    """Raises UsageError for a decoding that there is not."""
    for known in get_args(Decoding):
        if decoding == known:
            return Options(flip, known, scales)
    if decoding is None:
        return Options(flip, scales=scales)
    raise UsageError(
        f"no decoding is called {decoding!r}; there are {', '.join(get_args(Decoding))}.", subject=decoding
    )


def _batches(items: Sequence[Any], most: int = _BATCH) -> Iterator[Sequence[Any]]:
    return (items[row : row + most] for row in range(0, len(items), most))


@dataclass(frozen=True, slots=True)
class Colours:
    """How a net wants its colours: (channel - mean) / std, channels 0 to 255, in RGB unless `bgr`."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)
    bgr: bool = False

    def tensor(self, pictures: Iterable[NDArray[np.uint8]]) -> Tensor:
        """(N, 3, H, W) of N pictures of one size."""
        stacked = np.stack([picture[..., ::-1] if self.bgr else picture for picture in pictures])
        mean, std = (torch.tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (torch.from_numpy(stacked).permute(0, 3, 1, 2).float() - mean) / std


IMAGENET = Colours((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
UNIT = Colours()


@dataclass(frozen=True, eq=False)
class Runner:
    """A net as a function: nothing is recorded, on so many CPU threads."""

    net: nn.Module
    info: ModelInfo
    threads: int = 2

    @classmethod
    def load(cls, name: str, build: Callable[[], nn.Module], weights: Weights, count: int) -> "Runner":
        return cls(*filled(build, weights.path(name)), threads=count)

    def __call__(self, work: Callable[[], Any]) -> Any:
        with torch.inference_mode(), threads(self.threads):
            return work()


@dataclass(frozen=True, eq=False, slots=True)
class Person:
    """One person found. Attributes: xy: (K, 2) pixels of the photo; scores: (K,); box: xyxy."""

    xy: Points
    scores: Scores
    score: float
    box: Points | None = None


def pose_of(person: Person, skeleton: Skeleton, info: ModelInfo, size: Size) -> Pose:
    """Points off the photo stay where they are; scores are brought to [0, 1], 0 being absent."""
    scores = np.clip(person.scores, 0, 1).astype(np.float32)
    xy = np.where(scores[:, None] > 0, person.xy, np.nan).astype(np.float32)
    box = person.box if person.box is not None else _extent(xy, size)
    x0, y0, x1, y1 = (float(v) for v in box)
    return Pose(
        Keypoints(skeleton, xy, scores), Box(x0, y0, x1, y1), float(np.clip(person.score, 0, 1)), info
    )


def _mean_of_seen(scores: Scores) -> float:
    """How sure the keypoints are that are seen at all, as COCO's top-down evaluations weigh people."""
    seen = scores[scores > _SEEN]
    return float(np.clip(seen, 0, 1).mean()) if len(seen) else 0.0


def _extent(xy: NDArray[np.float32], size: Size) -> Points:
    there = xy[np.isfinite(xy).all(axis=1)]
    if not len(there):
        return np.zeros(4)
    return np.clip(np.concatenate([there.min(axis=0), there.max(axis=0)]), 0, [*size, *size]).astype(float)


def sorted_poses(
    people: Iterable[Person], skeleton: Skeleton, info: ModelInfo, size: Size
) -> tuple[Pose, ...]:
    """The most prominent first."""
    poses = [pose_of(person, skeleton, info, size) for person in people if person.score >= _MIN_SCORE]
    return tuple(sorted(poses, key=lambda pose: -prominence(pose, size)))


@dataclass(frozen=True, eq=False)
class TopDown:
    """A PoseEstimator that looks at each person by itself; another one finds the people.

    Attributes:
        read: (net, (N, 3, H, W)) → (N, K, 2) pixels of the net's picture, house's frame, and (N, K) scores.
        picture: (width, height). padding: of the boxes, as a factor.
        distinct: of one photo's people, those that stay; asked only of people that `finder` found.
    """

    runner: Runner
    finder: PoseEstimator
    skeleton: Skeleton
    read: Callable[[nn.Module, Tensor], tuple[NDArray[np.floating], Scores]]
    picture: Size
    colours: Colours = IMAGENET
    padding: float = 1.25
    distinct: Callable[[list[Person]], list[Person]] | None = None

    @property
    def model(self) -> ModelInfo:
        return self.runner.info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (*self.finder.models, self.model)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first."""
        found = self.finder(images)
        boxes = [[pose.box for pose in poses] for poses in found]
        people = self._people(images, boxes, [[pose.score for pose in poses] for poses in found])
        return self._poses(images, map(self.distinct, people) if self.distinct else people)

    def in_boxes(
        self,
        images: Sequence[Image],
        boxes: Sequence[Sequence[Box]],
        scores: Sequence[Sequence[float]] | None = None,
    ) -> list[tuple[Pose, ...]]:
        """Per image the people in its boxes, the most prominent first; boxes without scores are sure."""
        return self._poses(images, self._people(images, boxes, scores))

    def _people(
        self,
        images: Sequence[Image],
        boxes: Sequence[Sequence[Box]],
        scores: Sequence[Sequence[float]] | None,
    ) -> list[list[Person]]:
        places = [
            (row, around(box, image.size, self.picture, padding=self.padding), box)
            for row, image in enumerate(images)
            for box in boxes[row]
        ]
        sure = [score for each in scores for score in each] if scores is not None else [1.0] * len(places)
        people: list[list[Person]] = [[] for _ in images]
        for (row, view, box), score, (xy, points) in zip(
            places, sure, self._read(images, places), strict=True
        ):
            corners = np.array([box.x0, box.y0, box.x1, box.y1])
            people[row].append(Person(view.to_photo(xy), points, score * _mean_of_seen(points), corners))
        return people

    def _poses(self, images: Sequence[Image], people: Iterable[list[Person]]) -> list[tuple[Pose, ...]]:
        return [
            sorted_poses(each, self.skeleton, self.model, image.size)
            for each, image in zip(people, images, strict=True)
        ]

    def _read(
        self, images: Sequence[Image], places: Sequence[tuple[int, View, Box]]
    ) -> Iterator[tuple[NDArray[np.floating], Scores]]:
        for some in _batches(places):
            x = self.colours.tensor(view.cut(images[row].pixels) for row, view, _ in some)
            xy, scores = self.runner(partial(self.read, self.runner.net, x))
            yield from zip(xy, scores, strict=True)


@dataclass(frozen=True, eq=False)
class OneStage:
    """A PoseEstimator that sees all people at once.

    Attributes:
        view: the photo's (width, height) → how the net sees it.
        read: (net, (N, 3, H, W), views) → per picture its people, in pixels of the photo.
        fill: brightness of what lies beyond the photo.
    """

    runner: Runner
    skeleton: Skeleton
    view: Callable[[Size], View]
    read: Callable[[nn.Module, Tensor, Sequence[View]], list[list[Person]]]
    colours: Colours = UNIT
    fill: int = 0

    @property
    def model(self) -> ModelInfo:
        return self.runner.info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (self.model,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first. Pictures of one size share the net's calls."""
        views = [self.view(image.size) for image in images]
        poses: dict[int, tuple[Pose, ...]] = {}
        for size in dict.fromkeys(view.picture for view in views):
            rows = [row for row, view in enumerate(views) if view.picture == size]
            most = min(max(_PIXELS // (size[0] * size[1]), 1), _BATCH)
            for some in _batches(rows, most):
                poses |= self._people(images, views, some)
        return [poses[row] for row in range(len(images))]

    def _people(
        self, images: Sequence[Image], views: Sequence[View], rows: Sequence[int]
    ) -> dict[int, tuple[Pose, ...]]:
        x = self.colours.tensor(views[row].cut(images[row].pixels, fill=self.fill) for row in rows)
        found = self.runner(partial(self.read, self.runner.net, x, [views[row] for row in rows]))
        return {
            row: sorted_poses(people, self.skeleton, self.model, images[row].size)
            for row, people in zip(rows, found, strict=True)
        }
