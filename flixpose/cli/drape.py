"""`flixpose drape`: one pair, or a whole manifest in one process."""

from pathlib import Path
from typing import Any

import click

from flixpose.errors import UsageError

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
@click.option(
    "--light",
    type=click.Choice(["scene", "exact"]),
    help="scene: lit as the person image is (the default); exact: the garment keeps its own colours.",
)
@click.option(
    "--tuck",
    type=click.Choice(["auto", "in", "out"]),
    help="Whether a top goes into the lower clothes; auto (the default): as they are worn on the photo.",
)
@click.option(
    "--with",
    "more",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PRODUCT",
    help="A further garment on the same person; may be given several times.",
)
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
    manifest: Path | None, out: Path, layers: str | None, workers: int, as_json: bool, **pair: Any
) -> int:
    """Drape PRODUCT on PERSON, or every row of a manifest; no server is needed.

    OUT's extension (.png, .jpg, .webp, .tif) tells the format. A manifest has the columns sku, product,
    person and optionally kind, view, preset, light, tuck, ref; product may list several garments, with |
    between them. Each row writes OUT/<ref>/result and report.json, and OUT/results.csv sums up.
    Started again it goes on where it stopped. Exit codes: 0 all done, 3 some
    failed, 2 usage.

    \b
    Example:
      flixpose drape shirt.jpg anna.jpg -o anna-in-shirt.jpg --report report.json --layers layers
      flixpose drape chinos.jpg anna.jpg --with shirt.jpg --tuck in -o anna-dressed.png
      flixpose drape --manifest catalogue.csv --out out --layers --workers 2
    """
    if manifest is not None:
        if layers or any(value not in (None, ()) for value in pair.values()):
            raise UsageError("With --manifest, all about a pair stands in the manifest's columns.")
        from flixpose.cli.drape_manifest import drape_manifest

        return drape_manifest(manifest, out, layers=layers is not None, workers=workers, as_json=as_json)
    if pair["product"] is None or pair["person"] is None:
        raise UsageError("Name a PRODUCT and a PERSON, or a --manifest.")
    if layers == _BESIDE:
        raise UsageError("For one pair, --layers takes the folder to write into.")
    from flixpose.cli.drape_pair import Pair, drape_pair

    return drape_pair(Pair(out=out, layers=Path(layers) if layers else None, **pair), as_json=as_json)
