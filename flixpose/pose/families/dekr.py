"""DEKR (Geng et al. 2021), with the numbers of its authors' COCO models, at one scale."""

from collections.abc import Sequence

from torch import Tensor, nn

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import regression
from flixpose.pose.families.parts import IMAGENET, OneStage, Options, Person, Runner
from flixpose.pose.nets import dekr as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "w32"

_SHORTER, _LONGER = 512, 1024
_STRIDE = 4


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"dekr-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options) -> OneStage:
    """With a net that is there already."""
    return OneStage(
        runner,
        COCO_17,
        view=lambda photo: shrink(photo, shorter=_SHORTER, longer=_LONGER, multiple=64),
        read=_read,
        colours=IMAGENET,
    )


def _read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
    out = net(x)
    return [_people(*each) for each in zip(out.heat, out.offsets, views, strict=True)]


def _people(heat: Tensor, offsets: Tensor, view: View) -> list[Person]:
    poses, centres = regression.proposals(heat, offsets, stride=_STRIDE)
    people, scores = regression.suppress(poses, centres, heat[:-1], stride=_STRIDE)
    return [
        Person(view.to_photo(each[:, :2] + 0.5), each[:, 2], float(score))
        for each, score in zip(people, scores, strict=True)
    ]
