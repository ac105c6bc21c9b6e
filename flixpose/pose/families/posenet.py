"""PoseNet (Papandreou et al. 2018) on MobileNet, several people."""

from collections.abc import Sequence

from torch import Tensor, nn

from flixpose.geometry.view import Size, View, stretch
from flixpose.ports import Weights
from flixpose.pose.codec.displacement import Maps, decode
from flixpose.pose.families.parts import Colours, OneStage, Options, Person, Runner
from flixpose.pose.nets import posenet as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "101"

_LONGER, _STRIDE = 513, 16
_COLOURS = Colours((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
_MIN_POSE_SCORE = 0.1


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"posenet-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(runner, COCO_17, view=_view, read=_read, colours=_COLOURS)


def _view(photo: Size) -> View:
    """The photo's shape nearly kept: sides one more than a multiple of the stride."""
    scale = _LONGER / max(photo)
    width, height = (max(round(side * scale / _STRIDE), 1) * _STRIDE + 1 for side in photo)
    return stretch(photo, (width, height))


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    out = net(x)
    people = []
    for row, view in enumerate(views):
        maps = Maps.from_channels(*(part[row].numpy() for part in out))
        yx, scores, pose_scores = decode(maps, stride=_STRIDE, min_pose_score=_MIN_POSE_SCORE)
        xy = view.to_photo(yx[..., ::-1] + 0.5)
        people.append(
            [
                Person(*each)
                for each in zip(xy, scores.astype("float32"), map(float, pose_scores), strict=True)
            ]
        )
    return people
