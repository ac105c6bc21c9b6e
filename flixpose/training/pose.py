"""The training run of any keypoint family: COCO's annotations in, weights and a curve out."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import nn

from flixpose.errors import BadSettings, MissingInput, UsageError, WeightsDamaged
from flixpose.evaluation.people import Photo, figures
from flixpose.geometry.view import Size
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.pose.codec.proposals import Proposals
from flixpose.pose.families.parts import Decoding, OneStage, Options, TopDown
from flixpose.pose.nets.weights import INFO, filled
from flixpose.structures.found import ModelInfo
from flixpose.training import loop
from flixpose.training.curves import Curve
from flixpose.training.loop import CHECKPOINT, Report
from flixpose.training.pose_data import Dice, PoseBatch, batch_for
from flixpose.training.pose_tasks import begin_small, build, estimator_of, task_of

WEIGHTS = "weights.safetensors"
RECIPE = "recipe"  # the metadata's key
_TESTED = 40  # photos of each kind at a test
_FIGURES = ("ap_seen", "ap_unseen")


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run's first steps, in smaller pictures: what is learnt there comes cheaper, and serves larger ones.

    Attributes: picture, lr: as the recipe's, until `steps` are done.
    """

    picture: Size
    steps: int
    lr: tuple[float, float]


@dataclass(frozen=True, slots=True)
class PoseRecipe:
    """Everything that decides a run but its photos.

    Attributes:
        net: {"size": "w32"} for a published size, else the numbers of a smaller net.
        picture: (width, height) that the net sees. decoding: of heat maps, where the family has a choice.
        half: compute in bf16 while learning; about 1.7 times faster.
        lr: learning rate at the first and at the last step. average: decay of the served weights.
        first: where it begins in smaller pictures; the rate falls once there, and once after.
        still: the step from which norms keep their statistics. Those of a small batch are noise, which keeps
            keypoints from being learnt exactly.
        enough: AP on the photos trained on, as far as they are tested, at which the run ends before its time;
            not in the smaller pictures of its beginning.
    """

    family: str
    net: dict[str, Any]
    picture: Size
    steps: int
    batch: int = 16
    lr: tuple[float, float] = (2e-3, 1e-5)
    seed: int = 1
    weight_decay: float = 0.01
    clip: float = 5.0
    average: float = 0.99
    warmup: int = 40
    every: int = 50
    test_every: int = 400
    half: bool = True
    decoding: Decoding | None = None
    enough: float | None = None
    first: Beginning | None = None
    still: int | None = None
    dice: Dice = field(default_factory=Dice)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PoseRecipe":
        """Raises TypeError, ValueError, KeyError."""
        dice = Dice(**values.get("dice", {}))
        pairs = {"picture": _pair(values["picture"], int)}
        if "lr" in values:
            pairs["lr"] = _pair(values["lr"], float)
        if told := values.get("first"):
            pairs["first"] = Beginning(
                _pair(told["picture"], int), int(told["steps"]), _pair(told["lr"], float)
            )
        recipe = cls(**{**values, **pairs, "dice": dice})
        if min(recipe.steps, recipe.batch, *recipe.picture) < 1:
            raise ValueError("steps, batch and picture must be positive")
        if recipe.first and not 0 < recipe.first.steps < recipe.steps:
            raise ValueError("the first steps must be fewer than all")
        return recipe

    def rate(self, step: int) -> float:
        """A cosine, and a straight line over the first steps; both anew after a beginning."""
        lr, begin, end = self.lr, 0, self.steps
        if self.first is not None:
            begin = self.first.steps
            if step < begin:
                lr, begin, end = self.first.lr, 0, self.first.steps
        share, warm = (step - begin) / (end - begin), (step - begin + 1) / max(self.warmup, 1)
        return loop.cosine(*lr, share) * min(1.0, warm)

    def at(self, step: int) -> "PoseRecipe":
        """With the picture of a step."""
        return replace(self, picture=self.first.picture) if self.first and self.is_first(step) else self

    def is_first(self, step: int) -> bool:
        """Whether a step belongs to the beginning in smaller pictures."""
        return self.first is not None and step < self.first.steps


def _pair(values: Any, kind: type) -> Any:
    first, second = values
    return kind(first), kind(second)


def read_pose_recipe(path: Path, family: str) -> PoseRecipe:
    """A family's table in a file, over its [defaults]. Raises MissingInput, BadSettings, UsageError."""
    task_of(family)
    if not path.is_file():
        raise MissingInput(f"there is no recipe {path}.", subject=str(path))
    try:
        tables = tomllib.loads(path.read_text())
        return PoseRecipe.from_json({"family": family} | tables.get("defaults", {}) | tables[family])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as failure:
        raise BadSettings(f"{path} has no recipe for {family}: {failure}.", subject=str(path)) from failure


def fresh(recipe: PoseRecipe, device: torch.device) -> loop.Learner[nn.Module]:
    torch.manual_seed(recipe.seed)
    net = build(recipe.family, recipe.net, recipe.picture)
    begin_small(recipe.family, net)
    for name, module in task_of(recipe.family).beside().items():
        net.add_module(name, module)
    net = net.to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return loop.Learner(net, loop.averaged(net), loop.optimiser_of(net, recipe.weight_decay))


def reader_of(
    recipe: PoseRecipe,
    net: nn.Module,
    info: ModelInfo | None = None,
    *,
    options: Options | None = None,
    threads: int = 1,
) -> TopDown | OneStage:
    """How the recipe's net is used; the net is not copied."""
    info = info or ModelInfo(recipe.family, "0", "keypoints of people", "untold", "in training", "")
    options = options or Options(decoding=recipe.decoding)
    return estimator_of(recipe.family, net, info, picture=recipe.picture, options=options, threads=threads)


def train(
    recipe: PoseRecipe,
    photos: Sequence[Photo],
    out: Path,
    *,
    unseen: Sequence[Photo] = (),
    resume: bool = False,
    device: str = "cpu",
    until: int | None = None,
    boxes: Proposals | None = None,
    report: Report = lambda step, note: None,
) -> loop.Learner[nn.Module]:
    """Run a recipe; `out` gets checkpoint.pt, curve.csv, curve.png and weights.safetensors.

    Args:
        unseen: photos that are only tested on. until: stop before this step, as an interruption would.
        boxes: how a finder draws them, for top-down families to learn from.

    Raises: MissingInput, BadSettings, UsageError.
    """
    learner = fresh(recipe, torch.device(device))
    facts = {RECIPE: json.dumps(recipe.to_json())}
    if resume and _recipe_in(loop.restore(out / CHECKPOINT, learner).get(RECIPE)) != recipe:
        raise BadSettings(
            f"{out / CHECKPOINT} was trained by another recipe.",
            advice="Train into another folder, or without --resume.",
            subject=str(out / CHECKPOINT),
        )
    out.mkdir(parents=True, exist_ok=True)
    end = min(until or recipe.steps, recipe.steps)
    _run(recipe, learner, photos, unseen, out, end, boxes, report)
    loop.save(out / CHECKPOINT, learner, facts)
    save_weights(out / WEIGHTS, recipe, learner.average)
    return learner


def _recipe_in(text: Any) -> PoseRecipe | None:
    try:
        return PoseRecipe.from_json(json.loads(text))
    except (KeyError, TypeError, ValueError):
        return None


def _run(
    recipe: PoseRecipe,
    learner: loop.Learner[nn.Module],
    photos: Sequence[Photo],
    unseen: Sequence[Photo],
    out: Path,
    end: int,
    boxes: Proposals | None,
    report: Report,
) -> None:
    task = task_of(recipe.family)
    if recipe.first and task.wants_picture:
        raise BadSettings(f"a {recipe.family} is built for one picture size: it cannot begin in a smaller.")
    device = next(learner.net.parameters()).device
    curve = Curve(out, keep_before=learner.step, losses=("loss",), figures=_FIGURES)
    seen_best = -1.0

    def make(step: int) -> PoseBatch:
        seed, now = (recipe.seed, step), reader_of(recipe.at(step), learner.average)
        return batch_for(now, photos, count=recipe.batch, seed=seed, dice=recipe.dice, boxes=boxes)

    def losses(net: nn.Module, batch: PoseBatch) -> loop.Losses:
        batch = batch.to(device)
        if recipe.still is not None and learner.step >= recipe.still:
            still(net)
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.half):
            return task.loss(net, batch.x, batch.people)

    def line(parts: dict[str, float]) -> None:
        curve.add(learner.step, learner.seconds, recipe.rate(learner.step - 1), parts)
        report(learner.step, f"loss {parts['loss']:.4f}")

    def test() -> None:
        nonlocal seen_best
        now = reader_of(recipe.at(learner.step), learner.average)
        aps = [held_out_ap(now, some[:_TESTED]) for some in (photos, unseen)]
        curve.add_test(learner.step, learner.seconds, dict(zip(_FIGURES, aps, strict=True)))
        report(learner.step, f"AP {aps[0]:.3f} seen, {aps[1]:.3f} unseen")
        if not recipe.is_first(learner.step):
            seen_best = max(seen_best, aps[0])

    def coming() -> Iterator[PoseBatch]:
        for batch in loop.ahead(make, learner.step, end):
            if recipe.enough is not None and seen_best >= recipe.enough:
                return
            yield batch

    pace = loop.Pace(recipe.rate, recipe.clip, recipe.average, recipe.every, recipe.test_every)
    facts = {RECIPE: json.dumps(recipe.to_json())}
    watch = loop.Watch(line, test, lambda: loop.save(out / CHECKPOINT, learner, facts))
    loop.run(learner, coming(), losses, pace, watch)
    curve.picture()


def still(net: nn.Module) -> None:
    """Norms go by the statistics that they have, and learn the rest."""
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def held_out_ap(reader: TopDown | OneStage, photos: Sequence[Photo]) -> float:
    """AP of the net as it is now, on the CPU; 0 without photos."""
    if not photos:
        return 0.0
    net = reader.runner.net
    device, was = next(net.parameters()).device, net.training
    try:
        net.eval().to("cpu")
        return figures(reader, photos).ap
    finally:
        net.to(device).train(was)


def save_weights(path: Path, recipe: PoseRecipe, net: nn.Module) -> ModelInfo:
    """What is served, without what only learnt beside it; the recipe travels in the metadata."""
    beside = tuple(f"{name}." for name in task_of(recipe.family).beside())
    state = {
        name: value.detach().cpu().contiguous()
        for name, value in net.state_dict().items()
        if not name.startswith(beside or "\0")
    }
    digest = sha256_hex(to_safetensors(state))
    info = ModelInfo(
        name=recipe.family,
        version=digest[:12],
        task="keypoints of people",
        licence="that of the photos trained on",
        origin=f"flixpose train pose --family {recipe.family}",
        sha256=digest,
    )
    metadata = {INFO: json.dumps(info.to_json()), RECIPE: json.dumps(recipe.to_json())}
    write_atomic(path, to_safetensors(state, metadata))
    return info


def read_weights(path: Path) -> tuple[PoseRecipe, nn.Module, ModelInfo]:
    """What `save_weights` wrote. Raises MissingInput, WeightsDamaged, UsageError where it did not."""
    if not path.is_file():
        raise MissingInput(f"there is no file {path}.", subject=str(path))
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(RECIPE)
    except (OSError, SafetensorError) as failure:
        raise WeightsDamaged(f"{path.name} cannot be read: {failure}.", subject=path.name) from failure
    if text is None:
        raise UsageError(f"{path.name} was not written by `flixpose train pose`.", subject=path.name)
    try:
        recipe = PoseRecipe.from_json(json.loads(text))
    except (KeyError, TypeError, ValueError) as failure:
        raise WeightsDamaged(f"{path.name} has a recipe that cannot be read.", subject=path.name) from failure
    net, info = filled(lambda: build(recipe.family, recipe.net, recipe.picture), path)
    return recipe, net, info


def shortened(recipe: PoseRecipe, steps: int | None) -> PoseRecipe:
    """With another number of steps, where one is told; too few for a beginning have none."""
    if not steps:
        return recipe
    first = recipe.first if recipe.first and recipe.first.steps < steps else None
    return replace(recipe, steps=steps, first=first)
