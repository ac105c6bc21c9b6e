"""Where an estimator's time goes: cutting pictures, the net, and reading its answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from flixpose.ports import PoseEstimator
from flixpose.pose.families.parts import OneStage, Runner, TopDown


@dataclass(slots=True)
class Clock:
    """Seconds so far. whole: of the calls; read: of net and decoding together; net: of its modules."""

    whole: float = 0.0
    read: float = 0.0
    net: float = 0.0

    def per_image(self, count: int) -> dict[str, float]:
        """Milliseconds. Without a net of torch (TFLite families) only the whole is known."""
        scale = 1000 / max(count, 1)
        told = {"ms_whole": self.whole * scale}
        if self.read:
            told["ms_cutting"] = (self.whole - self.read) * scale
            told["ms_net"] = self.net * scale
            told["ms_decoding"] = (self.read - self.net) * scale
        return {name: round(value, 3) for name, value in told.items()}


@dataclass(frozen=True, eq=False)
class _Watched(Runner):
    """A runner that tells the clock."""

    clock: Clock = field(default_factory=Clock)

    def __call__(self, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        try:
            return super().__call__(work)
        finally:
            self.clock.read += time.perf_counter() - began


def watched(estimator: PoseEstimator) -> tuple[PoseEstimator, Clock]:
    """The same estimator with a clock in it; the caller adds the whole calls.

    What runs between a net's modules (RoIAlign, suppression) counts as decoding; a top-down family's finder
    as cutting.
    """
    clock = Clock()
    if not isinstance(estimator, TopDown | OneStage):
        return estimator, clock
    runner = estimator.runner
    _watch_modules(runner.net, clock)
    return replace(estimator, runner=_Watched(runner.net, runner.info, runner.threads, clock)), clock


def _watch_modules(net: nn.Module, clock: Clock) -> None:
    """The time of the outermost module that runs, whichever it is: some nets are called part by part."""
    depth, began = [0], [0.0]

    def before(module: nn.Module, inputs: Any) -> None:
        if depth[0] == 0:
            began[0] = time.perf_counter()
        depth[0] += 1

    def after(module: nn.Module, inputs: Any, output: Any) -> None:
        depth[0] -= 1
        if depth[0] == 0:
            clock.net += time.perf_counter() - began[0]

    for module in net.modules():
        module.register_forward_pre_hook(before)
        module.register_forward_hook(after)
