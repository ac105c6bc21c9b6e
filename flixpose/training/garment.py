"""The training loop of the garment net: resumable anywhere, since chance comes from (seed, step) alone."""

import copy
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path
from typing import Any

import torch

from flixpose.errors import BadSettings, MissingInput
from flixpose.garment.net import GarmentNet
from flixpose.training.batches import Batch, mixed_batch
from flixpose.training.curves import Curve
from flixpose.training.held_out import HeldOut, test
from flixpose.training.losses import losses, total
from flixpose.training.recipe import Recipe
from flixpose.training.samples import Pool, drawing

CHECKPOINT = "checkpoint.pt"
_SAVE_EVERY = 250  # steps
Report = Callable[[int, str], None]


@dataclass
class State:
    """All that a run has learnt: enough to go on from `step` as if it had never stopped.

    Attributes:
        studios: (step, digest) wherever the studio's code was found changed.
    """

    net: GarmentNet
    average: GarmentNet
    optimiser: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    studios: list[tuple[int, str]] = field(default_factory=list)


def fresh_state(recipe: Recipe, device: torch.device) -> State:
    torch.manual_seed(recipe.seed)
    net = GarmentNet(recipe.net).to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return State(net, copy.deepcopy(net), _optimiser(net, recipe))


def _optimiser(net: GarmentNet, recipe: Recipe) -> torch.optim.AdamW:
    """No decay on what is not a convolution's or a layer's matrix."""
    matrices = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.optimiser.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=1e-3)


def learning_rate(recipe: Recipe, step: int) -> float:
    """By the stage's cosine, and a straight line over the first steps of the run."""
    _, stage, inside = recipe.stage_at(step)
    begin, end = stage.lr
    rate = end + (begin - end) * 0.5 * (1 + cos(pi * inside / stage.steps))
    return rate * min(1.0, (step + 1) / max(recipe.optimiser.warmup, 1))


def train_step(state: State, batch: Batch, recipe: Recipe) -> dict[str, float]:
    """One step; returns the losses."""
    device = next(state.net.parameters()).device
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(recipe, state.step)
    state.net.train()
    with torch.autocast(device.type, torch.bfloat16):
        answers = state.net(batch.pictures)
    parts = losses(answers, batch)
    loss = total(parts, recipe.balance)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), recipe.optimiser.clip)
    state.optimiser.step()
    state.step += 1
    _follow(state.average, state.net, min(recipe.optimiser.average, state.step / (state.step + 10)))
    return {"loss": float(loss.detach())} | {name: float(value.detach()) for name, value in parts.items()}


@torch.no_grad()
def _follow(average: GarmentNet, net: GarmentNet, decay: float) -> None:
    """Move the averaged weights and statistics a little towards the net's."""
    theirs = [t for t in net.state_dict().values() if t.is_floating_point()]
    ours = [t for t in average.state_dict().values() if t.is_floating_point()]
    torch._foreach_lerp_(ours, theirs, 1 - decay)


def save_checkpoint(path: Path, state: State, recipe: Recipe) -> None:
    """Whole or not at all; the recipe's text travels with it."""
    content = {
        "recipe": recipe.text,
        "step": state.step,
        "seconds": state.seconds,
        "studios": state.studios,
        "net": state.net.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path, recipe: Recipe, device: torch.device) -> State:
    """Raises MissingInput; BadSettings where the net of the recipe is another one."""
    if not path.is_file():
        raise MissingInput(f"there is no checkpoint {path}.", subject=str(path))
    content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    state = fresh_state(recipe, device)
    try:
        state.net.load_state_dict(content["net"])
        state.average.load_state_dict(content["average"])
        state.optimiser.load_state_dict(content["optimiser"])
    except (RuntimeError, ValueError) as failure:
        raise BadSettings(f"{path} was trained by another recipe: its net differs.") from failure
    state.step, state.seconds = content["step"], content["seconds"]
    state.studios = [tuple(entry) for entry in content["studios"]]
    return state


def studio_digest() -> str:
    """Of the drawn studio's source: which pictures a seed gives."""
    import flixpose.studio.garments as studio

    here = Path(studio.__file__ or "").parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def train(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    workers: int = 1,
    until: int | None = None,
    report: Report = lambda step, note: None,
) -> State:
    """Run a recipe; `out` gets checkpoint.pt, curve.csv, curve.png and, while it runs, the drawn shards.

    Args:
        resume: go on from the checkpoint in `out`.
        until: stop before this step, as an interruption would.
        report: called with the step and a note.

    Raises: MissingInput, BadSettings, DrawingFailed.
    """
    where = torch.device(device)
    state = load_checkpoint(out / CHECKPOINT, recipe, where) if resume else fresh_state(recipe, where)
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.toml").write_text(recipe.text)
    if not state.studios or state.studios[-1][1] != studio_digest():
        state.studios.append((state.step, studio_digest()))
    curve = Curve(out, keep_before=state.step)
    data = recipe.data
    first = recipe.newest_shard(state.step) - data.window + 1
    with drawing(
        out / "shards",
        run=recipe.seed,
        size=data.shard,
        side=recipe.drawn_side,
        window=data.window,
        first=first,
        workers=workers,
    ) as pool:
        _run(state, recipe, pool, curve, out, min(until or recipe.steps, recipe.steps), report)
    save_checkpoint(out / CHECKPOINT, state, recipe)
    curve.picture()
    return state


def _run(
    state: State, recipe: Recipe, pool: Pool, curve: Curve, out: Path, until: int, report: Report
) -> None:
    device = next(state.net.parameters()).device
    held_out = HeldOut(recipe)
    for batch in _batches(recipe, pool, state.step, until):
        began = time.monotonic()
        parts = train_step(state, batch.to(device), recipe)
        state.seconds += time.monotonic() - began
        if state.step % recipe.every == 0:
            _, stage, _ = recipe.stage_at(state.step - 1)
            curve.add(state.step, state.seconds, learning_rate(recipe, state.step - 1), parts)
            report(state.step, f"loss {parts['loss']:.3f} side {stage.side}")
        if state.step % recipe.test_every == 0:
            _, stage, _ = recipe.stage_at(state.step - 1)
            figures = test(state.average, held_out.batches(stage.side))
            curve.add_test(state.step, state.seconds, figures)
            report(state.step, " ".join(f"{name} {value:.3f}" for name, value in figures.items()))
            curve.picture()
        if state.step % _SAVE_EVERY == 0:
            save_checkpoint(out / CHECKPOINT, state, recipe)


def _batches(recipe: Recipe, pool: Pool, begin: int, end: int) -> Iterator[Batch]:
    """The batch of every step, the next ones made in a thread while a step runs."""

    def make(step: int) -> Batch:
        _, stage, _ = recipe.stage_at(step)
        window = pool.at(recipe.newest_shard(step))
        return mixed_batch(window, count=stage.batch, side=stage.side, seed=(recipe.seed, step))

    with ThreadPoolExecutor(1) as thread:
        coming = [thread.submit(make, step) for step in range(begin, min(begin + 2, end))]
        for step in range(begin, end):
            batch = coming.pop(0).result()
            if step + 2 < end:
                coming.append(thread.submit(make, step + 2))
            yield batch
