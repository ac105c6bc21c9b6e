"""`flixpose migrate`: the database's schema."""

import click

from flixpose.adapters.database import Database
from flixpose.settings import load_settings, redact


@click.command()
def command() -> None:
    """Bring the database at FLIXPOSE_DATABASE_URL to the schema of this flixpose.

    Makes the tables in an empty database, and a SQLite file where there is none; does nothing where all is
    up to date. Running it twice, or on several machines at once, does no harm.

    \b
    Example:
      FLIXPOSE_DATABASE_URL=postgresql://flixpose@db/flixpose flixpose migrate
    """
    settings = load_settings()
    database = Database(settings.database_url)
    before, after = database.migrate()
    database.close()
    change = "is up to date" if before == after else f"went from {before or 'nothing'}"
    click.echo(f"{redact(settings.database_url)} {change}: schema {after}.")
