"""`flixpose cancel`: no further work on a batch."""

import click

from flixpose.cli.status import show
from flixpose.client import Client
from flixpose.settings import load_settings


@click.command()
@click.argument("batch")
def command(batch: str) -> None:
    """Cancel BATCH's queued items; running ones end as they will. `flixpose retry` takes it back.

    \b
    Example:
      flixpose cancel 20270301-101500-1a2b3c
    """
    client = Client(load_settings())
    client.status(batch)
    click.echo(f"{client.jobs.cancel(batch)} items cancelled", err=True)
    show(client.status(batch))
