"""The transaction at an item's end: state, event, result and counters, or nothing of it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from flixpose.adapters.records import insert_results
from flixpose.adapters.tables import items
from flixpose.adapters.transitions import count_finished, leave_running
from flixpose.adapters.uploads import end_uploads
from flixpose.errors import FlixposeError, QualityFailed
from flixpose.structures.batch import Claim, ItemState
from flixpose.structures.job import Result, Verdict

STATE_OF_VERDICT: Mapping[Verdict, ItemState] = {"pass": "done", "review": "review", "fail": "failed"}


def finish_all(
    connection: Connection, finished: Sequence[tuple[Claim, Result, Collection[str]]]
) -> list[bool]:
    """Whether each is recorded; items are locked in the order of their ids, their batches last."""
    recorded: dict[str, bool] = {}
    ours: list[tuple[Claim, Result]] = []
    ends: dict[str, Counter[ItemState]] = {}
    noted: set[str] = set()  # items with the very same objects share their note
    for claim, result, uploads in sorted(finished, key=lambda one: one[0].item_id):
        state = STATE_OF_VERDICT[result.quality.verdict]
        if leave_running(connection, claim, state, error=_verdict_error(claim, result)):
            end_uploads(connection, set(uploads) - noted, [artifact.key for artifact in result.artifacts])
            noted |= set(uploads)
            ours.append((claim, result))
            ends.setdefault(claim.batch_id, Counter())[state] += 1
            recorded[claim.token + claim.item_id] = True
        else:
            recorded[claim.token + claim.item_id] = _finished_before(connection, claim, state)
    if ours:
        insert_results(connection, ours)
    for batch_id in sorted(ends):
        count_finished(connection, batch_id, ends[batch_id])
    return [recorded[claim.token + claim.item_id] for claim, _, _ in finished]


def _verdict_error(claim: Claim, result: Result) -> FlixposeError | None:
    """What an item says that failed by its quality."""
    if result.quality.verdict != "fail":
        return None
    reasons = ", ".join(reason.code for reason in result.quality.reasons)
    return QualityFailed(f"{claim.job.ref}: {reasons}.", subject=claim.job.ref)


def _finished_before(connection: Connection, claim: Claim, state: ItemState) -> bool:
    """Whether this very claim ended so: the commit went through and only its answer was lost."""
    ended = select(items.c.id).where(
        items.c.id == claim.item_id, items.c.state == state, items.c.claim_token == claim.token
    )
    return connection.execute(ended).first() is not None
