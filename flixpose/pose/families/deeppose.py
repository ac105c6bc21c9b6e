"""DeepPose (Toshev and Szegedy 2014; Li et al. 2021), with the numbers of mmpose's COCO models."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.codec import coordinates
from flixpose.pose.families.parts import Options, Runner, Scores, TopDown
from flixpose.pose.nets import deeppose as nets
from flixpose.pose.skeletons import COCO_17, mirror_rows

SIZES, DEFAULT = nets.SIZES, "r50-rle"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"deeppose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    mirrored = torch.from_numpy(mirror_rows(COCO_17))

    def read(net: nn.Module, x: Tensor) -> tuple[NDArray[np.floating], Scores]:
        picture = (x.shape[3], x.shape[2])
        xy, scores = _read(net, x)
        if options.flip:
            back, back_scores = _read(net, x.flip(3))
            back = torch.stack([1 - 1 / picture[0] - back[..., 0], back[..., 1]], dim=-1)
            xy, scores = (xy + back[:, mirrored]) / 2, (scores + back_scores[:, mirrored]) / 2
        return coordinates.decode(xy.numpy(), picture), scores.numpy()

    return TopDown(runner, finder, COCO_17, read, picture=(192, 256))


def _read(net: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of the picture, and (N, K) how sure: certain where the net does not tell."""
    out = net(x)
    scores = torch.ones(out.xy.shape[:2]) if out.sigma is None else 1 - out.sigma.mean(dim=-1)
    return out.xy, scores
