"""`flixpose drape PRODUCT PERSON`: one pair, without a store or a database."""

import dataclasses
import io
import json
import time
from pathlib import Path
from typing import Any

import click
from PIL import Image as Pil

from flixpose import bootstrap
from flixpose.cli.main import EXIT_SOME_FAILED
from flixpose.errors import UnknownPreset, UsageError
from flixpose.imaging.decode import read_image
from flixpose.imaging.files import write_atomic
from flixpose.imaging.presets import Format, Preset
from flixpose.pipeline import Look, Tools, Wear, drape_all, full_report, render_drape
from flixpose.settings import load_settings
from flixpose.stages.layers import layer_files
from flixpose.structures.drape import Drape
from flixpose.structures.job import FurtherProduct, Job, Light, Tuck

_FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff"}
_PRESET_FORMATS: dict[str, Format] = {"png": "png", "jpeg": "jpeg", "webp": "webp", "tiff": "png"}


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """What to drape on whom, and what to write; None = not asked for, or found by the reader."""

    product: Path
    person: Path
    out: Path
    kind: str | None = None
    view: str | None = None
    light: Light | None = None
    tuck: Tuck | None = None
    more: tuple[Path, ...] = ()
    preset: str | None = None
    report_file: Path | None = None
    layers: Path | None = None

    @property
    def job(self) -> Job:
        return Job(
            sku=self.product.stem,
            product=self.product.absolute().as_uri(),
            person=self.person.absolute().as_uri(),
            ref=self.out.stem,
            kind=self.kind,
            view=self.view,
            preset=self.preset or "master",
            light=self.light or "scene",
            tuck=self.tuck or "auto",
            more=tuple(FurtherProduct(path.absolute().as_uri()) for path in self.more),
        )


def drape_pair(pair: Pair, *, as_json: bool) -> int:
    """Drape, write, print; returns the exit code."""
    tools = bootstrap.build(load_settings())
    preset = _preset(tools, pair)
    draped, data, text = _drape(pair, tools, preset)
    files = {pair.out: _tiff(data) if _format(pair.out) == "tiff" else data}
    if pair.report_file is not None:
        files[pair.report_file] = (json.dumps(text, indent=1) + "\n").encode()
    if pair.layers is not None:
        files |= {pair.layers / name: layer for name, layer in layer_files(draped).items()}
    for path, content in files.items():
        write_atomic(path, content)
    _print_outcome(draped, pair.out, list(files), as_json)
    return EXIT_SOME_FAILED if draped.quality.verdict == "fail" else 0


def _format(out: Path) -> str:
    found = _FORMATS.get(out.suffix.lower())
    if found is None:
        raise UsageError(f"{out}: the extension must be one of {', '.join(_FORMATS)}.", subject=str(out))
    return found


def _preset(tools: Tools, pair: Pair) -> Preset:
    """What to write: the preset as named, or the archive copy in the format of OUT's extension."""
    wanted = _format(pair.out)
    if pair.preset is None:
        return dataclasses.replace(tools.presets["master"], format=_PRESET_FORMATS[wanted])
    if pair.preset not in tools.presets:
        raise UnknownPreset(f"There is no preset {pair.preset!r}.", subject=pair.preset)
    preset = tools.presets[pair.preset]
    if preset.format != wanted:
        message = f"{pair.out}: the preset {preset.name} writes {preset.format}; give OUT that extension."
        raise UsageError(message, subject=str(pair.out))
    return preset


def _drape(pair: Pair, tools: Tools, preset: Preset) -> tuple[Drape, bytes, dict[str, Any]]:
    """The drape, the encoded picture, the report."""
    began = time.perf_counter()
    paths = (pair.person, pair.product, *pair.more)
    person, product, *more = (read_image(path, limits=tools.limits) for path in paths)
    decoded = time.perf_counter()
    wears = [Wear(product, pair.kind, pair.view), *map(Wear, more)]
    draped = drape_all(person, wears, tools, Look(pair.job.light, pair.job.tuck))
    drawn = time.perf_counter()
    rendered = render_drape(draped, preset)
    spent = {"decode": decoded - began, "render": time.perf_counter() - drawn}
    milliseconds = {stage: seconds * 1000 for stage, seconds in spent.items()}
    return draped, rendered.data, full_report(draped, rendered, pair.job, milliseconds)


def _tiff(png: bytes) -> bytes:
    """The same pixels and profile as TIFF."""
    target = io.BytesIO()
    with Pil.open(io.BytesIO(png)) as picture:
        profile = picture.info.get("icc_profile")
        picture.save(target, "TIFF", compression="tiff_adobe_deflate", icc_profile=profile)
    return target.getvalue()


def _print_outcome(draped: Drape, out: Path, files: list[Path], as_json: bool) -> None:
    quality = draped.quality
    if as_json:
        outcome: dict[str, Any] = {"out": str(out), "files": [str(path) for path in files]}
        outcome |= {"kind": draped.garment.kind, "view": draped.garment.view, "quality": quality.to_json()}
        click.echo(json.dumps(outcome, indent=1))
        return
    reasons = "".join(
        f"\n  {r.code}: {r.figure} is {r.value:.3g}, limit {r.threshold:.3g}" for r in quality.reasons
    )
    click.echo(f"{out}: {quality.verdict} ({draped.garment.kind}){reasons}")
