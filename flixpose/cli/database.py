"""What the verbs over the database share: which one, who acts, and its options."""

import dataclasses
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from flixpose.adapters.database import Database
from flixpose.errors import NotFound
from flixpose.settings import Settings, load_settings

FOLDER = click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of `drape --manifest`, in place of FLIXPOSE_DATABASE_URL.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
BY = click.option("--by", metavar="NAME", default=lambda: _user(), help="Who says so; the user by default.")


def settings_of(folder: Path | None) -> Settings:
    """The settings, or those that look into a folder of `drape --manifest`. Raises NotFound."""
    settings = load_settings()
    if folder is None:
        return settings
    if not (folder / "flixpose.sqlite").is_file():
        raise NotFound(
            f"There is no flixpose.sqlite in {folder}.", advice="Name a folder of drape --manifest."
        )
    path = folder.absolute()
    return dataclasses.replace(
        settings,
        database_url=f"sqlite:///{path / 'flixpose.sqlite'}",
        store_url=(path / "objects").as_uri(),
    )


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database, once it has said that its schema is ours. Raises DatabaseUnavailable."""
    database = Database(settings.database_url)
    try:
        database.check_schema()
        yield database
    finally:
        database.close()


def _user() -> str:
    """The user's name; "" where the machine has none for him, and --by is needed."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
