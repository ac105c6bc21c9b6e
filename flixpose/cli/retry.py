"""`flixpose retry`: what ended without a result, once more."""

import click

from flixpose.cli.status import show
from flixpose.client import Client
from flixpose.settings import load_settings


@click.command()
@click.argument("batch")
@click.option("--keep", multiple=True, metavar="CODE", help="Leave items with this error code as they are.")
def command(batch: str, keep: tuple[str, ...]) -> None:
    """Queue BATCH's failed, dead and cancelled items anew, each with a full number of attempts.

    What people rejected stays as it is, and so do rows that the manifest's check refused.

    \b
    Example:
      flixpose retry 20270301-101500-1a2b3c --keep no_person --keep no_garment
    """
    client = Client(load_settings())
    client.status(batch)  # NotFound for a batch that there is not
    click.echo(f"{client.jobs.retry(batch, keep=keep)} items queued", err=True)
    show(client.status(batch))
