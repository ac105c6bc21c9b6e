from tests.databases import database, database_url, store  # noqa: F401
