"""DeepCut and DeeperCut (Pishchulin et al., Insafutdinov et al. 2016): parts joined by a linear programme.

Heads and shoulders first, then arms, then the rest, as DeeperCut has it. A picture that needs more time than
it is given is finished greedily.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import body_parts, multicut
from flixpose.pose.families.parts import IMAGENET, OneStage, Options, Person, Runner
from flixpose.pose.nets import deepcut as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "r50"

_SHORTER, _LONGER = 400, 800
_STRIDE = 8
_MIN_SCORE, _MOST = 0.2, 20  # of a candidate; candidates of a part
_MIN_PARTS = 3  # of a person
_SECONDS = 2.0  # for a picture
_FIRST = ("nose", "eye", "ear", "shoulder")
_SECOND = ("elbow", "wrist")


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"deepcut-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, options)


def estimator(runner: Runner, options: Options, *, seconds: float = _SECONDS) -> OneStage:
    """With a net that is there already. Args: seconds: for joining the parts of one picture."""

    def read(net: nn.Module, x: Tensor, views: Sequence[View]) -> list[list[Person]]:
        if not isinstance(net, nets.DeepCut):
            raise TypeError(type(net))
        maps = net(x)
        weight, bias = net.pair_weight.detach().numpy(), net.pair_bias.detach().numpy()
        return [_people(maps, row, weight, bias, view, seconds) for row, view in enumerate(views)]

    return OneStage(
        runner,
        COCO_17,
        view=lambda photo: shrink(photo, shorter=_SHORTER, longer=_LONGER, multiple=32),
        read=read,
        colours=IMAGENET,
    )


def part_stages() -> list[list[int]]:
    """Rows of the keypoints that come into play at each stage."""
    kinds = [name.rpartition("_")[2] for name in COCO_17.names]
    rest = tuple(kind for kind in kinds if kind not in _FIRST + _SECOND)
    return [[row for row, kind in enumerate(kinds) if kind in some] for some in (_FIRST, _SECOND, rest)]


def _people(
    maps: body_parts.Maps, row: int, weight: np.ndarray, bias: np.ndarray, view: View, seconds: float
) -> list[Person]:
    found = body_parts.candidates(maps, row, min_score=_MIN_SCORE, most=_MOST)
    if not len(found.part):
        return []
    problem = body_parts.problem(found, weight, bias)
    grouping = multicut.solve_in_stages(problem, body_parts.stages(found, part_stages()), seconds=seconds)
    return [
        Person(view.to_photo(xy * _STRIDE), scores, float(scores[scores > 0].mean()))
        for xy, scores in body_parts.people(found, grouping, len(COCO_17))
        if (scores > 0).sum() >= _MIN_PARTS
    ]
