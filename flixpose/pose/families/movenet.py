"""MoveNet (Google 2021) from its .tflite files, with the numbers of their documentation.

Pictures are letterboxed, channels 0 to 255 in RGB; points come as shares of the picture, y first. The
single-pose models see best what fills the picture: a found body is looked at again in a square around it,
as wide as the documentation's own cropping takes it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.view import View, around, fit, shrink
from flixpose.ports import Weights
from flixpose.pose.families.parts import Options, Person, sorted_poses
from flixpose.pose.nets import movenet as nets
from flixpose.pose.nets.litert import LiteRtNet
from flixpose.pose.nets.weights import info_of
from flixpose.pose.skeletons import COCO_17
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image

SIZES, DEFAULT = nets.SIZES, "lightning"

_LONGER, _MULTIPLE = 256, 32  # of the picture that the multi-pose model sees
_SEEN = 0.2
_TRUNK = tuple(f"{side}_{part}" for part in ("shoulder", "hip") for side in ("left", "right"))
_HIPS = ("left_hip", "right_hip")
_TRUNK_REACH, _BODY_REACH = 1.9, 1.2  # half of the square, in reaches from the middle of the hips


def load(weights: Weights, size: str, options: Options, threads: int) -> "MoveNet":
    """Raises WeightsMissing, WeightsDamaged."""
    path = weights.path(f"movenet-{size}")
    net = nets.load(path, threads=threads)
    return MoveNet(net, info_of(path), side=None if size == "multipose" else nets.side_of(path))


class MoveNet:
    """A PoseEstimator. Args: side: of the square picture; None for the model of several people."""

    def __init__(self, net: LiteRtNet, info: ModelInfo, *, side: int | None) -> None:
        self._net, self._info, self._side = net, info, side

    @property
    def model(self) -> ModelInfo:
        return self._info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        return (self._info,)

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        """Per image its people, the most prominent first."""
        return [sorted_poses(self._people(image), COCO_17, self._info, image.size) for image in images]

    def _people(self, image: Image) -> list[Person]:
        if self._side is None:
            view = shrink(image.size, shorter=_LONGER, longer=_LONGER, multiple=_MULTIPLE)
            return several(self._look(image, view), view)
        first = single(self._look(image, view := fit(image.size, self._picture)), view)
        box = closer(first)
        if box is None or box.width >= max(image.size):
            return [first]
        second = single(self._look(image, view := around(box, image.size, self._picture, padding=1)), view)
        return [second if second.score > first.score else first]

    @property
    def _picture(self) -> tuple[int, int]:
        side = self._side or _LONGER
        return side, side

    def _look(self, image: Image, view: View) -> NDArray[np.float32]:
        return np.asarray(self._net(view.cut(image.pixels))[0], np.float32)


def single(out: NDArray[np.float32], view: View) -> Person:
    """The person of a (1, 1, 17, 3) output: y, x, score."""
    return _person(out[0, 0], view)


def several(out: NDArray[np.float32], view: View) -> list[Person]:
    """The people of a (1, 6, 56) output: 17 times y, x, score; then a box, y before x, and its score."""
    people = []
    for row in out[0]:
        corners = row[[52, 51, 54, 53]].astype(float) * np.tile(view.picture, 2)
        person = _person(row[:51].reshape(17, 3), view)
        box = view.boxes_to_photo(corners[None])[0]
        people.append(Person(person.xy, person.scores, float(row[55]), box))
    return people


def _person(points: NDArray[np.float32], view: View) -> Person:
    xy = view.to_photo(points[:, 1::-1].astype(float) * view.picture)
    scores = points[:, 2]
    seen = scores[scores >= _SEEN]
    return Person(xy, scores, float(seen.mean()) if len(seen) else 0.0)


def closer(person: Person) -> Box | None:
    """A square around a body whose trunk is seen; None for any other."""
    index = COCO_17.index
    seen = person.scores >= _SEEN
    shoulders, hips = (any(seen[index[name]] for name in some) for some in (_TRUNK[:2], _HIPS))
    if not (shoulders and hips):
        return None
    x, y = person.xy[[index[name] for name in _HIPS]].mean(axis=0)
    reach = np.abs(person.xy - (x, y)).max(axis=1)
    trunk = reach[[index[name] for name in _TRUNK]].max()
    half = float(max(_TRUNK_REACH * trunk, _BODY_REACH * reach[seen].max()))
    return Box(x - half, y - half, x + half, y + half)
