"""From a checkpoint to what is shipped: calibrated weights and their model card."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flixpose.errors import BadSettings, MissingInput, NoGarment
from flixpose.garment.kinds import skeleton
from flixpose.garment.net import GarmentNet
from flixpose.garment.net_eyes import GarmentEyes
from flixpose.garment.net_merge import SAME
from flixpose.garment.net_reader import outline_points
from flixpose.garment.net_region import find_region
from flixpose.garment.shapes import Point
from flixpose.garment.shared_points import INDEX, as_seen
from flixpose.garment.silhouette import whole_outline
from flixpose.imaging.files import write_atomic
from flixpose.structures.image import Image
from flixpose.training.calibrate import RIGHT_WITHIN, Case, fit_trust
from flixpose.training.export import export
from flixpose.training.garment import CHECKPOINT, Report
from flixpose.training.recipe import Recipe, parse_recipe
from flixpose.training.samples import HELD_OUT, Sample, studio

WEIGHTS, CARD = "garment-net.safetensors", "garment-net.md"
_CALIBRATION = HELD_OUT + 1_000_000  # seeds of their own
_SIZE = (480, 640)


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A checkpoint as it is published: the averaged net, its recipe, and how it came to be."""

    net: GarmentNet
    recipe: Recipe
    step: int
    seconds: float
    studios: tuple[tuple[int, str], ...]


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
    return Trained(net, recipe, content["step"], content["seconds"], studios)


def publish(
    run: Path,
    out: Path,
    *,
    photos: int = 240,
    note: str = "",
    report: Report = lambda done, note: None,
) -> dict[str, float]:
    """Calibrate on drawn photos and write weights and model card into `out`; returns the held-out figures.

    Args:
        note: what else a reader of the card should know of the run.

    Raises: MissingInput, BadSettings.
    """
    trained = read_trained(run)
    cases: list[Case] = []
    eyes = GarmentEyes(trained.net)
    for done in range(photos):
        cases.extend(_cases(eyes, studio()(_CALIBRATION + done, _SIZE)))
        report(done + 1, "")
    trust = fit_trust(cases, SAME)
    figures = last_test(run / "curve.csv")
    facts = {
        "name": "garment-net",
        "step": str(trained.step),
        "recipe": trained.recipe.text,
        "trust": json.dumps(trust),
        "licence": "Apache-2.0",
    }
    out.mkdir(parents=True, exist_ok=True)
    export(trained.net, out / WEIGHTS, facts=facts)
    write_atomic(out / CARD, card(trained, figures, (out / WEIGHTS).read_bytes(), note).encode())
    return figures


def _cases(eyes: GarmentEyes, sample: Sample) -> Iterator[Case]:
    """What both witnesses say of a drawn photo; nothing where the garment is not found."""
    image = Image(sample.image, None, "", "drawn")
    sight = eyes.look(image)
    try:
        found = find_region(image, sight)
        theirs = outline_points(found, whole_outline(image, found.seen), sample.kind)
    except NoGarment:
        theirs = {}
    truth = as_seen(sample.landmarks, sample.view)
    places = np.array([(x, y) for x, y, _ in truth.values()])
    side = float(np.ptp(places, axis=0).max())
    for name, (x, y, visibility) in truth.items():
        if visibility == 2 and name in skeleton(sample.kind).index:
            row = INDEX[name]
            yield _case(name, sight.xy[row], float(sight.mass[row]), theirs.get(name), np.array([x, y]), side)


def _case(
    name: str,
    net: NDArray[np.float32],
    mass: float,
    outline: Point | None,
    truth: NDArray[np.float64],
    side: float,
) -> Case:
    net_right = float(np.hypot(*(net - truth))) < RIGHT_WITHIN * side
    if outline is None:
        return Case(name, mass, net_right, None, False, np.inf)
    place = np.array(outline[:2])
    right = float(np.hypot(*(place - truth))) < RIGHT_WITHIN * side
    apart = float(np.hypot(*(place - net))) / side
    return Case(name, mass, net_right, outline[2], right, apart)


def last_test(curve: Path) -> dict[str, float]:
    """The last line of the accuracy curve; empty where there is none."""
    if not curve.is_file():
        return {}
    with curve.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("test_pck02")]
    if not rows:
        return {}
    return {name[5:]: float(value) for name, value in rows[-1].items() if name.startswith("test_")}


def card(trained: Trained, figures: dict[str, float], weights: bytes, note: str) -> str:
    """The model card, in Markdown."""
    net = sum(value.numel() for value in trained.net.parameters())
    history = "; ".join(f"from step {step} studio {digest}" for step, digest in trained.studios)
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in figures.items())
    return _CARD.format(
        parameters=net,
        size=len(weights),
        sha256=hashlib.sha256(weights).hexdigest(),
        seed=trained.recipe.seed,
        step=trained.step,
        minutes=trained.seconds / 60,
        history=history,
        figures=rows,
        note=f"\n- {note}" if note else "",
        recipe=trained.recipe.text.strip(),
    )


_CARD = """# garment-net

Landmarks, mask, kind and view of one garment in a product photo.

- Licence: Apache-2.0, weights and training code alike.
- Weights: {parameters:,} parameters in half precision, {size:,} bytes, SHA-256 `{sha256}`.
- Data: product photos drawn by `flixpose.studio.garments` alone (mask, landmarks and kind are known by
  construction). No photograph was trained on, and no weights of others were started from.
- Made with `flixpose train garment` and `flixpose train publish`: seed {seed}, {step} steps,
  {minutes:.0f} minutes. Drawn by: {history}.{note}
- Scores are calibrated on drawn photos of seeds that training never saw.
- Meant for: one whole garment, photographed from the front or the back: flat, on a hanger, on a mannequin
  or as a ghost. Not meant for: garments worn by people, several in one photo, details.

## Held-out drawn photos (visible landmarks; share of the garment's longer side)

| figure | value |
|---|---|
{figures}

Figures on real photos: `flixpose evaluate garment`, and the README.

## Recipe

```toml
{recipe}
```
"""
