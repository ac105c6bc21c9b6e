"""Make scenes with truth: `python -m flixpose.studio.scenes --out DIR --count 72`.

One folder a scene, 0000, 0001 …, each with

    product.png ghost.png   the garment on its mannequin, and without it
    person.png worn.png     a person in a base layer, and wearing the garment: the truth of a drape
    *_parts.png             garment, hair, skin as red, green, blue (soft)
    *_labels.png            8 bits, what each pixel shows: 0 nothing, 1 garment, 2 hair, 3 head, 4 neck,
                            5 trunk, 6 left and 7 right arm, 8 left and 9 right hand, 10 legs, 11 and 12 the
                            base layer's top and bottom, 13 shoes, 14 mannequin, 15 its stand
    *_sewn.png              16 bits: the point of the garment as sewn (its texture coordinate, see
                            flixpose.studio.simulated.passes.read_sewn)
    worn_seen.png           16 bits: where the product photo shows what is here (red, green: shares of its
                            width and height)
    correspondence.npz      product_xy, worn_xy (N, 2) px of cloth points that both pictures show, part (N,)
    cloth.npz               the cloth's points (metres) as sewn, on the mannequin, as worn; its triangles
    scene.json              kind, view (the side that both photos show), open (how it is worn), pose, yaw
                            (degrees), hair, display; body keypoints, and the landmarks of each picture (x, y,
                            COCO visibility; the first pixel's centre is 0.5); left and right are the wearer's

A set's first 48 scenes are seen from the front, outwear is buttoned and cloth may pass through itself. From
scene 48 on one in six is seen from behind, half of the outwear is worn open over the base layer, and cloth
does not pass through itself; fronts have flies and pockets, backs zips, darts, yokes or seams. --backs and
--open set other shares, for every scene of a run.

and over all of them README.txt (this text), annotations.json (COCO: garments and persons with keypoints and
outlines), landmarks.json and garments/ (what `flixpose evaluate garment --data DIR` reads). A folder counts
as done when its scene.json is there, so a broken-off run goes on where it stopped; the same seed and number
give the same scene. Shoulders, waists and the armpits of caps are read off the outlines of product.png and
ghost.png (see flixpose.studio.simulated.tips), and anew in scenes that an earlier version made when it is run
again.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click

from flixpose.cli.main import report_failure
from flixpose.cli.progress import progress
from flixpose.errors import FlixposeError, UsageError
from flixpose.imaging.files import write_atomic
from flixpose.studio.simulated.annotations import write_annotations
from flixpose.studio.simulated.dressing import dress
from flixpose.studio.simulated.scene import USUAL, Mix, Scene, scene
from flixpose.studio.simulated.shoot import shoot
from flixpose.studio.simulated.tips import relabel


def make(
    out: Path,
    number: int,
    *,
    seed: int,
    height: int,
    samples: int,
    cores: int,
    worn: bool = True,
    mix: Mix | None = None,
) -> dict[str, Any]:
    """Simulate and photograph one scene into its folder, unless it is there; returns its truth.

    Args:
        worn: False = the product and ghost photos alone. mix: see `scene`.

    Raises:
        UsageError: the extra `studio` is not installed, or the folder holds another set.
    """
    folder = out / f"{number:04d}"
    told, planned = folder / "scene.json", scene(seed, number, mix)
    if told.exists():
        return _known(told, planned, seed, height)
    folder.mkdir(parents=True, exist_ok=True)
    fallen = dress(planned, worn=worn)
    truth = shoot(planned, fallen, folder, height=height, samples=samples, cores=cores)
    fallen.save(folder / "cloth.npz")
    truth = {"seed": seed, "number": number, **truth}
    write_atomic(told, (json.dumps(truth, indent=1) + "\n").encode())
    return truth


def _mix(backs: float | None, opened: float | None) -> Mix | None:
    """What was asked for; None = nothing."""
    if backs is None and opened is None:
        return None
    return Mix(USUAL.backs if backs is None else backs, USUAL.opened if opened is None else opened)


def _known(told: Path, planned: Scene, seed: int, height: int) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    same = known["seed"] == seed and known["size"]["product"][1] == height
    same &= (known.get("view", "front"), known.get("open", False)) == (planned.view, planned.open)
    if not same:
        raise UsageError(
            f"{told.parent} holds a scene of another set.",
            advice="Choose another folder, or its seed, height and shares.",
            subject=str(told),
        )
    return relabel(told.parent)


_SHARE = click.FloatRange(0, 1)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@click.option("--count", type=click.IntRange(min=1), default=72, show_default=True, help="Scenes.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="Number of the first scene."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--height", type=click.IntRange(64, 2048), default=448, show_default=True, help="Pixels of every picture."
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Light paths per pixel, before denoising.",
)
@click.option(
    "--cores", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads of the renderer."
)
@click.option("--products-only", is_flag=True, help="No persons: product photos for the garment net.")
@click.option("--backs", type=_SHARE, help="Share of scenes seen from behind.  [none; from scene 48 on 1/6]")
@click.option("--open", "opened", type=_SHARE, help="Share of outwear worn open.  [none; from 48 on 1/2]")
def command(
    out: Path,
    count: int,
    first: int,
    seed: int,
    height: int,
    samples: int,
    cores: int,
    products_only: bool,
    backs: float | None,
    opened: float | None,
) -> None:
    """Simulate garments on mannequins and people, with truth for drapes (needs the extra `studio`).

    \b
    Examples:
      python -m flixpose.studio.scenes --out out/scenes
      python -m flixpose.studio.scenes --out out/products --count 500 --seed 2 --products-only
      python -m flixpose.studio.scenes --out out/backs --count 8 --seed 4 --backs 1
    """
    scenes, mix = [], _mix(backs, opened)
    with progress("scenes", count) as advance:
        for done, number in enumerate(range(first, first + count), 1):
            truth = make(
                out,
                number,
                seed=seed,
                height=height,
                samples=samples,
                cores=cores,
                worn=not products_only,
                mix=mix,
            )
            scenes.append(truth)
            advance(done=done, note=f"{truth['kind']}, {truth.get('pose', truth['display'])}")
    write_annotations(out, scenes)
    write_atomic(out / "README.txt", (__doc__ or "").encode())


if __name__ == "__main__":
    try:
        command(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except FlixposeError as failure:
        report_failure(failure, as_json=False)
        sys.exit(1)
    except click.ClickException as failure:
        failure.show()
        sys.exit(2)
