"""The training run of the garment net, on photos drawn as it goes."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from flixpose.errors import BadSettings, MissingInput
from flixpose.garment.net import GarmentNet
from flixpose.garment.net_eyes import load_net
from flixpose.imaging.files import sha256_hex
from flixpose.training import loop
from flixpose.training.batches import Batch, Photos, mixed_batch
from flixpose.training.curves import Curve
from flixpose.training.held_out import HeldOut, test
from flixpose.training.loop import CHECKPOINT, Report
from flixpose.training.losses import emphasised, losses, total
from flixpose.training.recipe import Balance, Recipe
from flixpose.training.samples import Pool, drawing

__all__ = ["CHECKPOINT", "Report", "State", "learning_rate", "load_checkpoint", "train"]


class Mixed(NamedTuple):
    """What is mixed into drawn photos from a step on: so many photos, as a share of the pictures.

    digest: of their annotations. simulated: the simulated studio's; else real ones.
    """

    step: int
    digest: str = ""
    photos: int = 0
    share: float = 0.0
    simulated: bool = False


@dataclass
class State(loop.Learner[GarmentNet]):
    """All that a run has learnt: enough to go on from `step` as if it had never stopped.

    Attributes:
        studios: (step, digest) wherever the studio's code was found changed.
        mixed: wherever photos that are not drawn began or ceased to be mixed in.
        start: SHA-256 of the weights that it began from; empty: from none.
    """

    studios: list[tuple[int, str]] = field(default_factory=list)
    mixed: list[Mixed] = field(default_factory=list)
    start: str = ""

    def note_photos(self, photos: Photos | None) -> None:
        now = Mixed(self.step)
        if photos:
            now = Mixed(self.step, photos.digest, len(photos.samples), photos.share, photos.simulated)
        before = self.mixed[-1] if self.mixed else Mixed(0)
        if now[1:] != before[1:]:
            self.mixed.append(now)


def fresh_state(recipe: Recipe, device: torch.device) -> State:
    torch.manual_seed(recipe.seed)
    net = GarmentNet(recipe.net).to(device)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return State(net, loop.averaged(net), loop.optimiser_of(net, recipe.optimiser.weight_decay))


def started(weights: Path, recipe: Recipe, device: torch.device) -> State:
    """A run that begins from weights as they are served. Raises MissingInput, WeightsDamaged, BadSettings."""
    if not weights.is_file():
        raise MissingInput(f"there are no weights {weights}.", subject=str(weights))
    known, _ = load_net(weights)
    if known.shape != recipe.net:
        raise BadSettings(
            f"{weights} holds another net than the recipe's.",
            advice=f"Give the recipe the net of the weights: {known.shape}.",
            subject=str(weights),
        )
    state = fresh_state(recipe, device)
    for net in (state.net, state.average):
        net.load_state_dict(known.state_dict())
    state.start = sha256_hex(weights.read_bytes())
    return state


def learning_rate(recipe: Recipe, step: int) -> float:
    """By the stage's cosine, and a straight line over the first steps of the run."""
    _, stage, inside = recipe.stage_at(step)
    return loop.cosine(*stage.lr, inside / stage.steps) * min(
        1.0, (step + 1) / max(recipe.optimiser.warmup, 1)
    )


def _losses(net: GarmentNet, batch: Batch, balance: Balance, emphasis: Tensor) -> loop.Losses:
    device = next(net.parameters()).device
    batch = batch.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        answers = net(batch.pictures)
    parts = losses(answers, batch, emphasis)
    return {"loss": total(parts, balance)} | parts


def save_checkpoint(path: Path, state: State, recipe: Recipe) -> None:
    """Whole or not at all; the recipe's text travels with it."""
    facts = {"recipe": recipe.text, "studios": state.studios, "start": state.start}
    loop.save(path, state, facts | {"photos": [tuple(entry) for entry in state.mixed]})


def load_checkpoint(path: Path, recipe: Recipe, device: torch.device) -> State:
    """Raises MissingInput; BadSettings where the net of the recipe is another one."""
    state = fresh_state(recipe, device)
    content = loop.restore(path, state)
    state.studios = [tuple(entry) for entry in content["studios"]]
    state.mixed = [Mixed(*entry) for entry in content.get("photos", [])]
    state.start = content.get("start", "")
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
    start: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
    until: int | None = None,
    photos: Photos | None = None,
    report: Report = lambda step, note: None,
) -> State:
    """Run a recipe; `out` gets checkpoint.pt, curve.csv, curve.png and, while it runs, the drawn shards.

    Args:
        resume: go on from the checkpoint in `out`, whatever that began from.
        start: weights to begin from, of the recipe's net; None: from none.
        until: stop before this step, as an interruption would.
        photos: mixed into the drawn ones; the checkpoint says so from then on.
        report: called with the step and a note.

    Raises: MissingInput, WeightsDamaged, BadSettings, DrawingFailed.
    """
    where = torch.device(device)
    if resume:
        state = load_checkpoint(out / CHECKPOINT, recipe, where)
    else:
        state = started(start, recipe, where) if start else fresh_state(recipe, where)
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.toml").write_text(recipe.text)
    if not state.studios or state.studios[-1][1] != studio_digest():
        state.studios.append((state.step, studio_digest()))
    state.note_photos(photos)
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
        _run(state, recipe, pool, photos, curve, out, min(until or recipe.steps, recipe.steps), report)
    save_checkpoint(out / CHECKPOINT, state, recipe)
    curve.picture()
    return state


def _run(
    state: State,
    recipe: Recipe,
    pool: Pool,
    photos: Photos | None,
    curve: Curve,
    out: Path,
    until: int,
    report: Report,
) -> None:
    held_out = HeldOut(recipe)

    def make(step: int) -> Batch:
        _, stage, _ = recipe.stage_at(step)
        window = pool.at(recipe.newest_shard(step))
        seed = (recipe.seed, step)
        return mixed_batch(window, count=stage.batch, side=stage.side, seed=seed, photos=photos)

    def line(parts: dict[str, float]) -> None:
        _, stage, _ = recipe.stage_at(state.step - 1)
        curve.add(state.step, state.seconds, learning_rate(recipe, state.step - 1), parts)
        report(state.step, f"loss {parts['loss']:.3f} side {stage.side}")

    def look() -> None:
        _, stage, _ = recipe.stage_at(state.step - 1)
        figures = test(state.average, held_out.batches(stage.side))
        curve.add_test(state.step, state.seconds, figures)
        report(state.step, " ".join(f"{name} {value:.3f}" for name, value in figures.items()))
        curve.picture()

    watch = loop.Watch(line, look, lambda: save_checkpoint(out / CHECKPOINT, state, recipe))
    for steps in recipe.stretches(state.step, until):
        balance, emphasis = recipe.balance_at(steps.start), emphasised(recipe.emphasis_at(steps.start))
        loop.run(
            state,
            loop.ahead(make, steps.start, steps.stop),
            partial(_losses, balance=balance, emphasis=emphasis),
            _pace(recipe, steps.start),
            watch,
        )


def _pace(recipe: Recipe, step: int) -> loop.Pace:
    """Of the stage that a step is in."""
    return loop.Pace(
        lambda step: learning_rate(recipe, step),
        recipe.optimiser.clip,
        recipe.average_at(step),
        recipe.every,
        recipe.test_every,
    )
