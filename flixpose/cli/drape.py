"""`flixpose drape`: one pair, or a whole manifest in one process."""

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
from flixpose.imaging.presets import Format
from flixpose.pipeline import Tools, drape, full_report, render_drape
from flixpose.settings import load_settings
from flixpose.stages.layers import layer_files
from flixpose.stages.render import Preset
from flixpose.structures.drape import Drape
from flixpose.structures.job import Job

_FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff"}
_PRESET_FORMATS: dict[str, Format] = {"png": "png", "jpeg": "jpeg", "webp": "webp", "tiff": "png"}
_BESIDE = ""  # the value of a bare --layers


@click.command()
@click.argument("product", required=False, type=click.Path(path_type=Path))
@click.argument("person", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The picture; with --manifest a folder.",
)
@click.option(
    "--kind", help="The garment's kind, where the reader shall not guess; see `flixpose landmarks -h`."
)
@click.option("--view", type=click.Choice(["front", "back"]), help="Which side of the garment is seen.")
@click.option("--preset", metavar="NAME", help="master, amazon, zalando, myntra or google.")
@click.option(
    "--report", "report_file", type=click.Path(path_type=Path), help="Write the report there as JSON."
)
@click.option(
    "--layers",
    metavar="[DIR]",
    is_flag=False,
    flag_value=_BESIDE,
    help="Write garment, masks, overlay and warp into DIR; with --manifest beside each result.",
)
@click.option(
    "--manifest", type=click.Path(path_type=Path), metavar="FILE", help="CSV or JSON Lines: many pairs."
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Rows at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    product: Path | None,
    person: Path | None,
    out: Path,
    kind: str | None,
    view: str | None,
    preset: str | None,
    report_file: Path | None,
    layers: str | None,
    manifest: Path | None,
    workers: int,
    as_json: bool,
) -> int:
    """Drape PRODUCT on PERSON, or every row of a manifest; no server is needed.

    OUT's extension (.png, .jpg, .webp, .tif) tells the format. A manifest has the columns sku, product,
    person and optionally kind, view, preset, ref; each row writes OUT/<ref>/result and report.json, and
    OUT/results.csv sums up. Started again it goes on where it stopped. Exit codes: 0 all done, 3 some
    failed, 2 usage.

    \b
    Example:
      flixpose drape shirt.jpg anna.jpg -o anna-in-shirt.jpg --report report.json --layers layers
      flixpose drape --manifest catalogue.csv --out out --layers --workers 2
    """
    if manifest is not None:
        if product or kind or view or preset or report_file or layers:
            raise UsageError(
                "With --manifest, everything else about a pair stands in the manifest's columns."
            )
        from flixpose.cli.drape_manifest import drape_manifest

        return drape_manifest(manifest, out, layers=layers is not None, workers=workers, as_json=as_json)
    if product is None or person is None:
        raise UsageError("Name a PRODUCT and a PERSON, or a --manifest.")
    if layers == _BESIDE:
        raise UsageError("For one pair, --layers takes the folder to write into.")
    tools = bootstrap.build(load_settings())
    wanted = _preset(tools, preset, out)
    job = _job(product, person, out, kind=kind, view=view, preset=preset or "master")
    draped, data, text = _drape_pair(product, person, job, tools, wanted)
    files = {out: _tiff(data) if _FORMATS[out.suffix.lower()] == "tiff" else data}
    if report_file is not None:
        files[report_file] = (json.dumps(text, indent=1) + "\n").encode()
    if layers is not None:
        files |= {Path(layers) / name: data for name, data in layer_files(draped).items()}
    for path, data in files.items():
        write_atomic(path, data)
    _print_outcome(draped, out, list(files), as_json)
    return EXIT_SOME_FAILED if draped.quality.verdict == "fail" else 0


def _job(product: Path, person: Path, out: Path, **told: Any) -> Job:
    uris = {"product": product.absolute().as_uri(), "person": person.absolute().as_uri()}
    return Job(product.stem, ref=out.stem, **uris, **told)


def _preset(tools: Tools, name: str | None, out: Path) -> Preset:
    """What to write: the preset as named, or the archive copy in the format of OUT's extension."""
    found = _FORMATS.get(out.suffix.lower())
    if found is None:
        raise UsageError(f"{out}: the extension must be one of {', '.join(_FORMATS)}.", subject=str(out))
    if name is None:
        return dataclasses.replace(tools.presets["master"], format=_PRESET_FORMATS[found])
    if name not in tools.presets:
        raise UnknownPreset(f"There is no preset {name!r}.", subject=name)
    if tools.presets[name].format != found:
        form = tools.presets[name].format
        raise UsageError(
            f"{out}: the preset {name} writes {form}; give OUT that extension.", subject=str(out)
        )
    return tools.presets[name]


def _drape_pair(
    product_file: Path, person_file: Path, job: Job, tools: Tools, preset: Preset
) -> tuple[Drape, bytes, dict[str, Any]]:
    """The drape, the encoded picture, the report."""
    began = time.perf_counter()
    person, product = (read_image(path, limits=tools.limits) for path in (person_file, product_file))
    decoded = time.perf_counter()
    draped = drape(person, product, tools, kind=job.kind, view=job.view)
    drawn = time.perf_counter()
    data = render_drape(draped, preset).data
    spent = {"decode": decoded - began, "render": time.perf_counter() - drawn}
    milliseconds = {stage: seconds * 1000 for stage, seconds in spent.items()}
    return draped, data, full_report(draped, job, milliseconds)


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
