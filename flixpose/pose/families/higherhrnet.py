"""HigherHRNet (Cheng et al. 2020): heat maps at two sizes meet, tags tell people apart."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from flixpose.geometry.view import View, shrink
from flixpose.ports import Weights
from flixpose.pose.codec import embedding
from flixpose.pose.families.parts import IMAGENET, OneStage, Options, Person, Runner
from flixpose.pose.nets import higherhrnet as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "w32"

_SHORTER, _LONGER = 512, 1024
_STRIDE = 2


def load(weights: Weights, size: str, options: Options, threads: int) -> OneStage:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"higherhrnet-{size}", lambda: nets.build(size), weights, threads)
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
    size = out.half.shape[2:]
    count = out.half.shape[1]
    quarter = functional.interpolate(out.quarter, size, mode="bilinear", align_corners=False)
    heat = (quarter[:, :count] + out.half) / 2
    tags = quarter[:, count:, :, :, None]
    return [_people(*each) for each in zip(heat.numpy(), tags.numpy(), views, strict=True)]


def _people(heat: np.ndarray, tags: np.ndarray, view: View) -> list[Person]:
    found = embedding.group(heat, tags)
    scores = found[..., 2].mean(axis=1)
    whole = embedding.complete(embedding.adjust(found, heat), heat, tags)
    return [
        Person(view.to_photo(each[:, :2] * _STRIDE), each[:, 2], float(score))
        for each, score in zip(whole, scores, strict=True)
    ]
