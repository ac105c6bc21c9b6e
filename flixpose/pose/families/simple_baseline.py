"""Simple baseline (Xiao et al. 2018), with the numbers of its authors' COCO models."""

from flixpose.ports import PoseEstimator, Weights
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import IMAGENET, Colours, Options, Runner, TopDown
from flixpose.pose.nets import simple_baseline as nets
from flixpose.pose.skeletons import COCO_17

SIZES, DEFAULT = nets.SIZES, "r50"

# The authors' models were trained on blue first, with the means and spreads of red first all the same.
_COLOURS = Colours(IMAGENET.mean, IMAGENET.std, bgr=True)


def load(weights: Weights, finder: PoseEstimator, size: str, options: Options, threads: int) -> TopDown:
    """Raises WeightsMissing, WeightsDamaged."""
    runner = Runner.load(f"simple_baseline-{size}", lambda: nets.build(size), weights, threads)
    return estimator(runner, finder, options)


def estimator(runner: Runner, finder: PoseEstimator, options: Options) -> TopDown:
    """With a net that is there already."""
    read = reader(COCO_17, decoding=options.decoding or "plain", flip=options.flip)
    return TopDown(runner, finder, COCO_17, read, picture=(192, 256), colours=_COLOURS)
