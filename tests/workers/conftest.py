from tests.workers.service import service  # noqa: F401
