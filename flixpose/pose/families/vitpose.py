"""ViTPose (Xu et al. 2022), with the numbers of its authors' classic COCO models."""

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import Options, Runner, TopDown
from flixpose.pose.nets import vitpose as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "b"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"vitpose-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    read = reader(COCO_17, decoding=options.decoding or "udp", flip=options.flip)
    return TopDown(runner, finder, COCO_17, read, picture=(192, 256))
