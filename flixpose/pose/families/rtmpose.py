"""RTMPose (Jiang et al. 2023), with the numbers of its authors' COCO models."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.codec import simcc
from flixpose.pose.families.parts import Options, Runner, Scores, TopDown
from flixpose.pose.nets import rtmpose as nets
from flixpose.pose.skeletons import COCO_17, mirror_rows

SIZES, DEFAULT = nets.SIZES, "m"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"rtmpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    mirrored = torch.from_numpy(mirror_rows(COCO_17))

    def read(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
        out = net(x)
        if options.flip:
            back = net(x.flip(3))
            across = (out.x + back.x.flip(2)[:, mirrored]) / 2
            out = nets.Output(across, (out.y + back.y[:, mirrored]) / 2)
        xy, scores = simcc.decode(out.x.numpy(), out.y.numpy())
        return xy + 0.5, scores

    return TopDown(runner, finder, COCO_17, read, picture=(192, 256))
