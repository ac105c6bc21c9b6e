"""`flixpose requeue`: items whose attempts were used up, once more."""

import click

from flixpose.client import Client
from flixpose.errors import UsageError
from flixpose.settings import load_settings


@click.command()
@click.argument("batch", required=False)
@click.option("--dead", is_flag=True, help="Items whose attempts were used up.")
def command(batch: str | None, dead: bool) -> None:
    """Queue the dead items of BATCH (of all batches without one) anew: after an outage, say.

    \b
    Example:
      flixpose requeue --dead
    """
    if not dead:
        raise UsageError("Say which items: --dead.")
    client = Client(load_settings())
    found = [client.status(batch)] if batch else client.jobs.batches()
    for status in found:
        if status.counts["dead"]:
            click.echo(f"{status.id}: {client.jobs.retry(status.id, states=('dead',))} items queued")
