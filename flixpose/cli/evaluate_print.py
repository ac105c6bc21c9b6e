"""`flixpose evaluate print`: how far a print was bent from the product photo to the worn garment."""

import json
from pathlib import Path

import click

from flixpose.evaluation.bend import bend_of, drawn
from flixpose.imaging.decode import read_image
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.argument("product", type=click.Path(path_type=Path))
@click.option(
    "--detector",
    type=click.Choice(["sift", "harris"]),
    default="sift",
    show_default=True,
    help="Keypoints of the print; harris wants both garments upright.",
)
@click.option("--overlay", type=click.Path(path_type=Path), metavar="FILE", help="Draw the points as JPEG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def command(result: Path, product: Path, detector: str, overlay: Path | None, as_json: bool) -> None:
    """Find the print of the PRODUCT photo on the RESULT again, and tell how far it was bent.

    What a shift, a turn and a change of size explain is no bend. Lengths are pixels of the result; the per
    cent are of the print's diagonal. A picture with transparency is looked at where it is opaque only: give
    the garment's own layer where the person's clothes or the background have prints as well.

    \b
    Example:
      flixpose evaluate print out/look.jpg shirt.jpg --overlay out/bend.jpg
    """
    worn = read_image(result)
    bend = bend_of(read_image(product), worn, detector="harris" if detector == "harris" else "sift")
    if overlay is not None:
        write_atomic(overlay, encode_jpeg(drawn(bend, worn)))
    told = bend.to_json()
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    click.echo(f"{told['points']} points; scale {told['scale']}, turned by {told['degrees']}°")
    click.echo(
        f"bent by {told['median_px']} px (median), {told['p95_px']} px (95 of 100 points, "
        f"{told['p95_percent']} % of the print), {told['worst_px']} px (worst)"
    )
