"""Eyes for people."""

from collections.abc import Callable

from flixpose.errors import UsageError
from flixpose.ports import PoseEstimator, Weights


def _blazepose(weights: Weights, threads: int) -> PoseEstimator:
    from flixpose.pose.families.blazepose import BlazePose

    return BlazePose(weights, threads=threads)


FAMILIES: dict[str, Callable[[Weights, int], PoseEstimator]] = {
    "blazepose": _blazepose,
}

DEFAULT = "blazepose"


def load(name: str, weights: Weights, *, threads: int = 2) -> PoseEstimator:
    """The estimator of that name, ready to use.

    Args:
        threads: CPU threads of one net call.

    Raises:
        UsageError: no estimator has that name.
        WeightsMissing, WeightsDamaged: its model files are not there, or not what was published.
    """
    if name not in FAMILIES:
        raise UsageError(
            f"no pose estimator is called {name!r}; there are {', '.join(FAMILIES)}.", subject=name
        )
    return FAMILIES[name](weights, threads)
