"""Recipes: everything that decides a training run, as TOML; the text is saved with every checkpoint."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flixpose.errors import BadSettings, MissingInput
from flixpose.garment.net import Shape
from flixpose.garment.net_merge import group_of
from flixpose.garment.shared_points import POINTS


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a run.

    Attributes:
        steps: optimiser steps. batch: samples a step. side: of the net's square input, in pixels.
        lr: learning rate at its first and last step; a cosine leads from one to the other.
        reuse: how often a drawn sample is seen on average.
        drawn: side of the photos that are drawn for it, in pixels; 0 = as `Data` says.
        average: decay of the averaged weights in it; 0 = as `Optimiser` says.
        balance: weights of losses that are others in it than `Balance` says, by name.
        emphasis: weights of landmarks that are others in it than 1, by group (`net_merge.group_of`).
    """

    steps: int
    batch: int
    side: int
    lr: tuple[float, float]
    reuse: float
    drawn: int = 0
    average: float = 0.0
    balance: dict[str, float] = field(default_factory=dict)
    emphasis: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Data:
    """What is drawn.

    Attributes:
        side: of the drawn square photos, in pixels, where a stage does not say otherwise.
        shard: samples a file. window: files from which a batch is mixed.
        held_out: samples for the accuracy curve, from seeds that training never draws.
    """

    side: int = 256
    shard: int = 512
    window: int = 8
    held_out: int = 512


@dataclass(frozen=True, slots=True)
class Optimiser:
    """AdamW's numbers, and the decay of the averaged weights that are served."""

    weight_decay: float = 0.02
    clip: float = 2.0
    average: float = 0.999
    warmup: int = 200


@dataclass(frozen=True, slots=True)
class Balance:
    """Weights of the losses."""

    heat: float = 1.0
    point: float = 0.1
    mask: float = 2.0
    kind: float = 0.5
    view: float = 0.3
    visibility: float = 0.3
    whole: float = 0.3


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run, and the text that it was read from."""

    name: str
    seed: int
    net: Shape
    data: Data
    optimiser: Optimiser
    balance: Balance
    stages: tuple[Stage, ...]
    every: int  # steps between lines of the curve
    test_every: int  # steps between tests on held-out samples
    text: str

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def largest_drawn(self) -> int:
        """The side of the largest drawn photos, in pixels."""
        return max(stage.drawn or self.data.side for stage in self.stages)

    def stage_at(self, step: int) -> tuple[int, Stage, int]:
        """Number of the stage that holds a step, the stage, and the step within it."""
        inside = step
        for number, stage in enumerate(self.stages):
            if inside < stage.steps:
                return number, stage, inside
            inside -= stage.steps
        last = len(self.stages) - 1
        return last, self.stages[last], self.stages[last].steps

    def stretches(self, begin: int, end: int) -> Iterator[range]:
        """The steps from `begin` to before `end`, cut where stages end."""
        first = 0
        for stage in self.stages:
            steps = range(max(first, begin), min(first + stage.steps, end))
            first += stage.steps
            if steps:
                yield steps

    def balance_at(self, step: int) -> Balance:
        """The weights of the losses in a step."""
        return replace(self.balance, **self.stage_at(step)[1].balance)

    def emphasis_at(self, step: int) -> dict[str, float]:
        """The weights of landmarks in a step, by group, where they are not 1."""
        return self.stage_at(step)[1].emphasis

    def average_at(self, step: int) -> float:
        """The decay of the averaged weights in a step."""
        return self.stage_at(step)[1].average or self.optimiser.average

    def drawn_before(self, step: int) -> int:
        """How many new samples the steps before this one have asked for."""
        fresh, left = 0.0, step
        for stage in self.stages:
            fresh += min(stage.steps, left) * stage.batch / stage.reuse
            left -= min(stage.steps, left)
        return int(fresh)

    def newest_shard(self, step: int) -> int:
        """The last shard that a step's batch may draw from."""
        return self.data.window - 1 + self.drawn_before(step) // self.data.shard

    def drawn_side(self, shard: int) -> int:
        """The side of a shard's photos: of the stage that asks for it first."""
        asked = max(shard - self.data.window + 1, 0) * self.data.shard
        for stage in self.stages:
            asked -= int(stage.steps * stage.batch / stage.reuse)
            if asked < 0:
                break
        return stage.drawn or self.data.side


def read_recipe(path: Path) -> Recipe:
    """Raises MissingInput, BadSettings."""
    if not path.is_file():
        raise MissingInput(f"there is no recipe {path}.", subject=str(path))
    return parse_recipe(path.read_text(), str(path))


def parse_recipe(text: str, source: str) -> Recipe:
    """From TOML text; `source` names it in messages. Raises BadSettings."""
    try:
        return _build(tomllib.loads(text), text)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as failure:
        raise BadSettings(f"{source} is no recipe: {failure}.", subject=source) from failure


def _build(values: dict[str, Any], text: str) -> Recipe:
    stages = tuple(Stage(**{**stage, "lr": tuple(stage["lr"])}) for stage in values["stages"])
    if not stages or any(stage.side % 32 or stage.steps < 1 or stage.batch < 2 for stage in stages):
        raise ValueError("each stage needs steps, a batch of at least 2 and a side in multiples of 32")
    balance = Balance(**values.get("balance", {}))
    for stage in stages:
        replace(balance, **stage.balance)  # names that there are
        if strange := set(stage.emphasis) - {group_of(name) for name in POINTS}:
            raise ValueError(f"no landmarks are called {', '.join(sorted(strange))}")
    return Recipe(
        name=values["name"],
        seed=values["seed"],
        net=Shape.from_json(values["net"]),
        data=Data(**values.get("data", {})),
        optimiser=Optimiser(**values.get("optimiser", {})),
        balance=balance,
        stages=stages,
        every=values.get("every", 50),
        test_every=values.get("test_every", 1000),
        text=text,
    )
