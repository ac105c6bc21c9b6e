"""HRNet (Sun et al. 2019), with the numbers of its authors' COCO models."""

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import Options, Runner, TopDown
from flixpose.pose.nets import hrnet as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "w32"


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"hrnet-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    read = reader(COCO_17, decoding=options.decoding or "plain", flip=options.flip)
    return TopDown(runner, finder, COCO_17, read, picture=(192, 256))
