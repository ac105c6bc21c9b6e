"""From a checkpoint to what is shipped: calibrated weights and their model card."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from flixpose.errors import BadSettings, MissingInput, NoGarment
from flixpose.evaluation.garment import Entry, Figures, evaluate_entries
from flixpose.evaluation.garment_sets import CHECKED, drawn_entries, scene_entries
from flixpose.garment.kinds import skeleton
from flixpose.garment.net import GarmentNet
from flixpose.garment.net_choice import SAME
from flixpose.garment.net_eyes import GarmentEyes, Sight
from flixpose.garment.net_merge import Trust, trust_from
from flixpose.garment.net_reader import believed, load_reader, outline_points
from flixpose.garment.net_region import find_region
from flixpose.garment.shapes import Point
from flixpose.garment.shared_points import INDEX, as_seen
from flixpose.garment.silhouette import whole_outline
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Image
from flixpose.training.calibrate import RIGHT_WITHIN, Case, fit_final, fit_trust
from flixpose.training.export import export
from flixpose.training.garment import CHECKPOINT, Mixed, Report
from flixpose.training.held_out import HeldOut, test
from flixpose.training.recipe import Recipe, parse_recipe
from flixpose.training.samples import HELD_OUT

WEIGHTS, CARD = "garment-net.safetensors", "garment-net.md"
_CALIBRATION = HELD_OUT + 1_000_000  # seeds of their own

_Photo = tuple[Entry, Image]


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A checkpoint as it is published: the averaged net, its recipe, and how it came to be.

    Attributes:
        means: the steps of the checkpoints whose weights were averaged; empty where there is one alone.
        start: SHA-256 of the weights that the run began from; empty: from none.
    """

    net: GarmentNet
    recipe: Recipe
    step: int
    seconds: float
    studios: tuple[tuple[int, str], ...]
    mixed: tuple[Mixed, ...] = ()
    means: tuple[int, ...] = ()
    start: str = ""


def read_trained(folder: Path) -> Trained:
    """From a run's folder. Raises MissingInput, BadSettings."""
    path = folder / CHECKPOINT
    if not path.is_file():
        raise MissingInput(f"there is no checkpoint {path}.", subject=str(path))
    content = torch.load(path, map_location="cpu", weights_only=True)
    recipe = parse_recipe(content["recipe"], str(path))
    net = GarmentNet(recipe.net)
    try:
        net.load_state_dict(content["average"])
    except RuntimeError as failure:
        raise BadSettings(f"{path} holds another net than its recipe.", subject=str(path)) from failure
    studios = tuple((step, digest) for step, digest in content["studios"])
    mixed = tuple(Mixed(*entry) for entry in content.get("photos", ()))
    start = content.get("start", "")
    return Trained(net, recipe, content["step"], content["seconds"], studios, mixed, start=start)


def read_mean(folders: Sequence[Path]) -> Trained:
    """The plain mean of the weights of several runs that began as one; all else is the furthest one's.

    Nets that were trained on from one place lie in one valley: their mean is often better than each, and
    costs no time. Raises MissingInput, BadSettings: their nets differ.
    """
    runs = sorted((read_trained(folder) for folder in folders), key=lambda run: run.step)
    if len(runs) == 1:
        return runs[0]
    last = runs[-1]
    if any(run.recipe.net != last.recipe.net for run in runs):
        raise BadSettings(f"the nets of {', '.join(map(str, folders))} differ.", subject=str(folders[0]))
    states = [run.net.state_dict() for run in runs]
    last.net.load_state_dict({name: _mean([state[name] for state in states]) for name in states[0]})
    return replace(last, means=tuple(run.step for run in runs))


def _mean(values: Sequence[Tensor]) -> Tensor:
    """Of one weight; of counts the last."""
    return torch.stack(list(values)).mean(dim=0) if values[0].is_floating_point() else values[-1]


def publish(
    runs: Path | Sequence[Path],
    out: Path,
    *,
    photos: int = 240,
    scenes: Path | None = None,
    side: int | None = None,
    note: str = "",
    report: Report = lambda done, note: None,
) -> dict[str, float]:
    """Calibrate on drawn photos and write weights and model card into `out`; returns the held-out figures.

    Args:
        runs: folder of a training run, or of several whose weights are averaged (`read_mean`).
        side: of the squares that the net will read, in pixels; default: the last stage's.
        scenes: a folder of simulated scenes; every second one is calibrated on, too, the others are checked.
        note: what else a reader of the card should know of the run.

    Raises: MissingInput, BadSettings.
    """
    folders = [runs] if isinstance(runs, Path) else list(runs)
    trained = read_mean(folders)
    side = side or trained.recipe.stages[-1].side
    eyes = GarmentEyes(trained.net, side=side)
    entries = drawn_entries(range(_CALIBRATION, _CALIBRATION + photos))
    halves = _halves(list(scene_entries(scenes)) if scenes else [])
    readings = []
    for done, (entry, image) in enumerate(chain(entries, halves[0])):
        readings.append(_read(eyes, entry, image))
        report(done + 1, "")
    trust = fit_trust((case for reading in readings for case in _cases(reading)), SAME)
    final = fit_final(told for reading in readings for told in _told(reading, trust_from(trust)))
    facts = {
        "name": "garment-net",
        "step": str(trained.step),
        "side": str(side),
        "recipe": trained.recipe.text,
        "trust": json.dumps(trust),
        "final": json.dumps(final),
        "licence": "Apache-2.0",
    }
    out.mkdir(parents=True, exist_ok=True)
    export(trained.net, out / WEIGHTS, facts=facts)
    figures = held_out_figures(trained, folders, side, 2 * photos)
    checked = drawn_entries(range(CHECKED, CHECKED + photos // 2))
    drawn, acted = _figures(out / WEIGHTS, checked), _figures(out / WEIGHTS, halves[1])
    text = card(trained, figures, drawn, acted, (out / WEIGHTS).read_bytes(), note)
    write_atomic(out / CARD, text.encode())
    return figures


def _halves(photos: Sequence[_Photo]) -> tuple[list[_Photo], list[_Photo]]:
    """Every second scene's, and the others': no scene is in both."""
    scenes = [entry["file"].partition(",")[0] for entry, _ in photos]
    ours = set(sorted(set(scenes))[::2])
    halves: tuple[list[_Photo], list[_Photo]] = [], []
    for scene, photo in zip(scenes, photos, strict=True):
        halves[scene not in ours].append(photo)
    return halves


@dataclass(frozen=True, eq=False, slots=True)
class _Reading:
    """What both witnesses say of a photo, and its visible landmarks, named as seen, in pixels.

    Attributes:
        axis: x of the garment's axis of symmetry; None where its outline is not seen.
    """

    kind: str
    sight: Sight
    theirs: dict[str, Point]
    axis: float | None
    truth: dict[str, NDArray[np.float64]]
    side: float


def _read(eyes: GarmentEyes, entry: Entry, image: Image) -> _Reading:
    sight = eyes.look(image)
    try:
        found = find_region(image, sight)
        outline = whole_outline(image, found.seen)
        theirs, axis = outline_points(found, outline, entry["kind"]), outline.axis / found.seen.shrink
    except NoGarment:
        theirs, axis = {}, None
    visible = [name for name in skeleton(entry["kind"]).names if name not in entry["occluded"]]
    places = {name: np.array(xy) + 0.5 for name, xy in entry["landmarks"].items() if xy is not None}
    side = float(np.ptp(np.stack(list(places.values())), axis=0).max())
    truth = as_seen({name: places[name] for name in visible if name in places}, entry["view"])
    return _Reading(entry["kind"], sight, theirs, axis, truth, side)


def _cases(reading: _Reading) -> Iterator[Case]:
    """What each witness says by itself."""
    sight = reading.sight
    for name, place in reading.truth.items():
        net, mass = sight.xy[INDEX[name]], float(sight.mass[INDEX[name]])
        right, corner = _right(net, place, reading.side), reading.theirs.get(name)
        if corner is None:
            yield Case(name, mass, right, None, False, np.inf)
            continue
        apart = float(np.hypot(*(np.array(corner[:2]) - net))) / reading.side
        yield Case(name, mass, right, corner[2], _right(corner[:2], place, reading.side), apart)


def _told(reading: _Reading, trust: Mapping[str, Trust]) -> Iterator[tuple[str, float, bool]]:
    """How the witnesses meet at each landmark, the log odds that come of it, and whether it is right."""
    places = believed(reading.sight, reading.theirs, reading.kind, trust, reading.axis, reading.side)
    for name, place in reading.truth.items():
        if name in places:
            claim = places[name]
            yield claim.met, claim.odds, _right(claim.xy, place, reading.side)


def _right(xy: ArrayLike, truth: NDArray[np.float64], side: float) -> bool:
    return float(np.hypot(*(np.asarray(xy) - truth))) < RIGHT_WITHIN * side


def _figures(weights: Path, entries: Iterable[_Photo]) -> Figures:
    """The whole reader on photos that neither training nor calibration saw."""
    reader = load_reader(weights, ModelInfo("garment-net", "", "garment", "Apache-2.0", "", ""))
    return evaluate_entries(reader, entries)


def held_out_figures(trained: Trained, folders: Sequence[Path], side: int, photos: int) -> dict[str, float]:
    """Of the bare net: the curve's last where one run is published as it was trained, else tested now."""
    if len(folders) == 1 and side == trained.recipe.stages[-1].side:
        return last_test(folders[0] / "curve.csv")
    return test(trained.net, HeldOut(trained.recipe, photos).batches(side))


def last_test(curve: Path) -> dict[str, float]:
    """The last line of the accuracy curve; empty where there is none."""
    if not curve.is_file():
        return {}
    with curve.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("test_pck02")]
    if not rows:
        return {}
    return {name[5:]: float(value) for name, value in rows[-1].items() if name.startswith("test_")}


def card(
    trained: Trained, figures: dict[str, float], drawn: Figures, acted: Figures, weights: bytes, note: str
) -> str:
    """The model card, in Markdown; `figures` are the bare net's, `drawn` and `acted` the whole reader's."""
    net = sum(value.numel() for value in trained.net.parameters())
    history = "; ".join(f"from step {step} studio {digest}" for step, digest in trained.studios)
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in figures.items())
    return _CARD.format(
        parameters=net,
        size=len(weights),
        sha256=sha256_hex(weights),
        seed=trained.recipe.seed,
        step=trained.step,
        minutes=trained.seconds / 60,
        data=_data(trained),
        history=history,
        start=_BEGUN_FROM.format(trained.start[:12]) if trained.start else _FROM_NOTHING,
        figures=rows,
        photos=drawn.photos,
        drawn=next(islice(drawn.lines(), 1, None)),
        reliability=_reliability(drawn),
        simulated=_simulated(acted),
        note=_means(trained) + (f"\n- {note}" if note else ""),
        recipe=trained.recipe.text.strip(),
    )


def _reliability(figures: Figures) -> str:
    return "\n".join(
        f"| {low:.1f} to {high:.1f} | {points} | {share:.2f} |"
        for low, high, points, share in figures.reliability()
    )


def _simulated(figures: Figures) -> str:
    """The part of the card on simulated mannequins; empty where none were looked at."""
    if not figures.photos:
        return ""
    told = next(islice(figures.lines(), 1, None))
    return _SIMULATED.format(photos=figures.photos, told=told, reliability=_reliability(figures))


def _means(trained: Trained) -> str:
    if not trained.means:
        return ""
    return f"\n- The weights are the plain mean of those of steps {', '.join(map(str, trained.means))}."


def _data(trained: Trained) -> str:
    """How the sentence about drawn photos goes on."""
    if not trained.mixed:
        return "alone (mask, landmarks and kind are known by\n  construction). No photograph was trained on."
    told = "; ".join(_mixed(entry) for entry in trained.mixed)
    if all(entry.simulated for entry in trained.mixed if entry.photos):
        return f"and product photos\n  of simulated scenes ({told}). No photograph was trained on."
    return (
        f"and real photos with landmarks that people\n  gave ({told}). What the rights in these photos allow"
        " is not said by the licence above."
    )


def _mixed(entry: Mixed) -> str:
    if not entry.photos:
        return f"from step {entry.step} none"
    source = "simulated photos" if entry.simulated else "photos"
    return (
        f"from step {entry.step} {entry.photos} {source}, {entry.share:.0%} of the pictures, annotations"
        f" `{entry.digest[:12]}`"
    )


_SIMULATED = """
The same on {photos} simulated product photos that were not calibrated on: {told}.

| score | landmarks | right within 2 % |
|---|---|---|
{reliability}
"""

_FROM_NOTHING = "No weights of others were started from."
_BEGUN_FROM = "Begun from the weights `{}`; what those were trained on their own card tells."

_CARD = """# garment-net

Landmarks, mask, kind and view of one garment in a product photo.

- Licence: Apache-2.0, weights and training code alike.
- Weights: {parameters:,} parameters in half precision, {size:,} bytes, SHA-256 `{sha256}`.
- Data: product photos drawn by `flixpose.studio.garments` {data}
  {start}
- Made with `flixpose train garment` and `flixpose train publish`: seed {seed}, {step} steps,
  {minutes:.0f} minutes. Drawn by: {history}.{note}
- Scores are calibrated on drawn photos of seeds that training never saw.
- Meant for: one whole garment, photographed from the front or the back: flat, on a hanger, on a mannequin
  or as a ghost. Not meant for: garments worn by people, several in one photo, details.

## Held-out drawn photos (visible landmarks; share of the garment's longer side)

| figure | value |
|---|---|
{figures}

The whole reader, with outline and full-size mask, on {photos} more of 480 × 640: {drawn}.
What its scores are worth there:

| score | landmarks | right within 2 % |
|---|---|---|
{reliability}
{simulated}
Figures on real photos: `flixpose evaluate garment`, and the README.

## Recipe

```toml
{recipe}
```
"""
