"""Logs as JSON: one object a line on standard error, with the ids of batch, item and attempt."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from flixpose.settings import redact
from flixpose.structures.batch import Claim

_FIELDS = ("batch", "item", "attempt", "ref", "state", "code", "milliseconds", "items")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; passwords in URLs are left out."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {
            "time": moment,
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": redact(record.getMessage()),
        }
        entry |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = redact("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(entry, ensure_ascii=False, default=str)


def setup(level: int = logging.INFO) -> None:
    """Every log of this process goes through `JsonFormatter` to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for chatty in ("botocore", "boto3", "urllib3", "s3transfer", "PIL", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def of(claim: Claim, **more: Any) -> dict[str, Any]:
    """`extra` of a log line about this claim."""
    return {
        "batch": claim.batch_id,
        "item": claim.item_id,
        "attempt": claim.attempt,
        "ref": claim.job.ref,
    } | more
