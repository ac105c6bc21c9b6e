"""The views, and every query of docs/audit.md, on both databases."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from flixpose.adapters import tables
from flixpose.adapters.jobs import JobStore
from flixpose.errors import StoreUnavailable
from tests.adapters.samples import jobs, result

DOCUMENT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture
def filled(store: JobStore) -> JobStore:
    """One passed at the second attempt, one to be reviewed, one still queued."""
    store.create_batch(jobs(3), key=None, manifest_sha256="aa" * 32, chunk_size=1)
    ids = [message.item_ids[0] for message in store.unpublished()]
    (first,) = store.claim(ids[:1], "w1")
    store.fail(first, StoreUnavailable("no answer"))
    (first,) = store.claim(ids[:1], "w2")
    store.finish(first, result(first.job))
    (second,) = store.claim(ids[1:2], "w2")
    store.finish(second, result(second.job, "review"))
    return store


def query(store: JobStore, sql: str) -> list[dict[str, Any]]:
    with store.database.transaction(write=False) as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def test_item_latest_has_every_item_once(filled: JobStore) -> None:
    found = query(
        filled, "SELECT line, state, attempt, verdict, worker, person_score FROM item_latest ORDER BY line"
    )
    assert [tuple(row.values()) for row in found] == [
        (2, "done", 2, "pass", "w2", 0.9),
        (3, "review", 1, "review", "w2", 0.9),
        (4, "queued", 0, None, None, None),
    ]


def test_low_confidence_names_the_points(filled: JobStore) -> None:
    found = query(filled, "SELECT ref, subject, name, score FROM low_confidence ORDER BY ref")
    assert [tuple(row.values()) for row in found] == [
        ("SKU0-ann", "person", "left_wrist", 0.3),
        ("SKU1-ann", "person", "left_wrist", 0.3),
    ]


def test_review_queue_tells_why(filled: JobStore) -> None:
    assert query(filled, "SELECT ref, reasons FROM review_queue") == [
        {"ref": "SKU1-ann", "reasons": "folded"}
    ]


def test_every_query_of_the_document_runs(filled: JobStore) -> None:
    queries = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(queries) >= 9
    answers = [query(filled, sql) for sql in queries]
    assert sum(bool(answer) for answer in answers) >= 6, "most have an answer here"


def test_the_document_names_every_table() -> None:
    named = set(re.findall(r"`(\w+)`", DOCUMENT))
    assert set(tables.metadata.tables) <= named
