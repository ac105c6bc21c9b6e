"""Alembic's entry: the connection is handed in by `flixpose.adapters.database`, never read from a file."""

from alembic import context

from flixpose.adapters.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `flixpose migrate`; the alembic command alone knows no database.")

context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
