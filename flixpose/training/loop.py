"""What every training run shares: one step, the averaged net, checkpoints, and the next batches in a thread.

A run can be stopped anywhere and goes on as if it had not been: chance comes from (seed, step) alone.
"""

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from flixpose.errors import BadSettings, MissingInput

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY = 250  # steps

Net = TypeVar("Net", bound=nn.Module)
Batch = TypeVar("Batch")
Report = Callable[[int, str], None]
Losses = dict[str, Tensor]  # "loss" is what is made smaller, the rest are its parts


@dataclass
class Learner(Generic[Net]):
    """All that a run has learnt. average: the weights that are served."""

    net: Net
    average: Net
    optimiser: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Attributes:
    rate: step → learning rate. clip: of the gradient's length. average: decay of the averaged weights.
    every, test_every: steps between lines of the curve, and between tests.
    """

    rate: Callable[[int], float]
    clip: float
    average: float
    every: int
    test_every: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What is done now and then. Attributes: line: with the losses; test; save."""

    line: Callable[[dict[str, float]], None]
    test: Callable[[], None]
    save: Callable[[], None]


def averaged(net: Net) -> Net:
    """Where the average begins."""
    return copy.deepcopy(net)


def optimiser_of(net: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """No decay on what is not a convolution's or a layer's matrix."""
    learnt = [p for p in net.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learnt if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=1e-3)


def cosine(begin: float, end: float, share: float) -> float:
    """From one rate to the other; share: of the way."""
    return end + (begin - end) * 0.5 * (1 + cos(pi * share))


def learn(learner: Learner[Net], losses: Callable[[Net], Losses], pace: Pace) -> dict[str, float]:
    """One step; returns the losses."""
    for group in learner.optimiser.param_groups:
        group["lr"] = pace.rate(learner.step)
    learner.net.train()
    parts = losses(learner.net)
    learner.optimiser.zero_grad(set_to_none=True)
    parts["loss"].backward()
    torch.nn.utils.clip_grad_norm_(learner.net.parameters(), pace.clip)
    learner.optimiser.step()
    learner.step += 1
    follow(learner.average, learner.net, min(pace.average, learner.step / (learner.step + 10)))
    return {name: float(value.detach()) for name, value in parts.items()}


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the averaged weights and statistics a little towards the net's."""
    theirs = [t for t in net.state_dict().values() if t.is_floating_point()]
    ours = [t for t in average.state_dict().values() if t.is_floating_point()]
    torch._foreach_lerp_(ours, theirs, 1 - decay)


def run(
    learner: Learner[Net],
    batches: Iterable[Batch],
    losses: Callable[[Net, Batch], Losses],
    pace: Pace,
    watch: Watch,
) -> None:
    """A step for each batch."""
    for batch in batches:
        began = time.monotonic()
        parts = learn(learner, lambda net, batch=batch: losses(net, batch), pace)  # type: ignore[misc]
        learner.seconds += time.monotonic() - began
        if learner.step % pace.every == 0:
            watch.line(parts)
        if learner.step % pace.test_every == 0:
            watch.test()
        if learner.step % SAVE_EVERY == 0:
            watch.save()


def ahead(make: Callable[[int], Batch], begin: int, end: int) -> Iterator[Batch]:
    """The batch of every step, the next ones made in a thread while a step runs."""
    with ThreadPoolExecutor(1) as thread:
        coming = [thread.submit(make, step) for step in range(begin, min(begin + 2, end))]
        for step in range(begin, end):
            batch = coming.pop(0).result()
            if step + 2 < end:
                coming.append(thread.submit(make, step + 2))
            yield batch


def save(path: Path, learner: Learner[Net], facts: dict[str, Any]) -> None:
    """Whole or not at all; `facts` (the recipe's text, ...) travel with it."""
    content = facts | {
        "step": learner.step,
        "seconds": learner.seconds,
        "net": learner.net.state_dict(),
        "average": learner.average.state_dict(),
        "optimiser": learner.optimiser.state_dict(),
    }
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def restore(path: Path, learner: Learner[Net]) -> dict[str, Any]:
    """Fill a fresh learner, and return all that was saved.

    Raises MissingInput; BadSettings where the net of the recipe is another one.
    """
    if not path.is_file():
        raise MissingInput(f"there is no checkpoint {path}.", subject=str(path))
    device = next(learner.net.parameters()).device
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    try:
        learner.net.load_state_dict(content["net"])
        learner.average.load_state_dict(content["average"])
        learner.optimiser.load_state_dict(content["optimiser"])
    except (RuntimeError, ValueError) as failure:
        raise BadSettings(f"{path} was trained by another recipe: its net differs.") from failure
    learner.step, learner.seconds = content["step"], content["seconds"]
    return content
