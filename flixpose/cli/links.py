"""`flixpose links`: a batch's pictures as short-lived URLs."""

import json
from dataclasses import asdict

import click

from flixpose.adapters.stores import LONGEST_LINK_S
from flixpose.client import Client
from flixpose.settings import load_settings


@click.command()
@click.argument("batch")
@click.option(
    "--seconds",
    type=click.IntRange(1, LONGEST_LINK_S),
    default=900,
    show_default=True,
    help="How long the URLs live.",
)
@click.option("--layers", is_flag=True, help="Also garment, masks, overlay and warp of each item.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(batch: str, seconds: int, layers: bool, as_json: bool) -> None:
    """Print URLs of BATCH's results and reports: ref, file and URL, separated by tabs.

    Whoever has such a URL can fetch that one object until it ends, without an account. Nothing is stored.

    \b
    Example:
      flixpose links 20270301-101500-1a2b3c --seconds 300 | cut -f3
    """
    client = Client(load_settings())
    for link in client.links(batch, seconds=seconds, layers=layers):
        click.echo(json.dumps(asdict(link)) if as_json else f"{link.ref}\t{link.name}\t{link.url}")
