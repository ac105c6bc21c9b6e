"""A batch of jobs on its way through the service: states, claims, counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flixpose.structures.job import Artifact, Job

ItemState = Literal["queued", "running", "done", "review", "failed", "dead", "cancelled"]
BatchState = Literal["running", "finished"]
Lane = Literal["rush", "bulk"]

LANES: tuple[Lane, ...] = ("rush", "bulk")  # queues of their own; workers take from the first that has work

# The one transition table. An item enters as queued, or as failed where its manifest row was rejected. Out of
# the final states only humans lead: they try again, correct (queued), approve (done) and reject (failed).
TRANSITIONS: Mapping[ItemState, frozenset[ItemState]] = {
    "queued": frozenset({"running", "cancelled"}),
    "running": frozenset({"done", "review", "failed", "dead", "queued"}),
    "done": frozenset({"queued", "failed"}),
    "review": frozenset({"queued", "done", "failed"}),
    "failed": frozenset({"queued", "done"}),
    "dead": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
}
STATES: tuple[ItemState, ...] = tuple(TRANSITIONS)
FINAL_STATES: tuple[ItemState, ...] = ("done", "review", "failed", "dead", "cancelled")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A manifest row that cannot become a job.

    Attributes:
        line: 1-based line in the manifest's file, as an editor counts.
        code: an error code of `flixpose.errors`.
        message: names the line and the remedy.
        ref, sku: where the row has usable ones.
    """

    line: int
    code: str
    message: str
    ref: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class BatchRef:
    """A batch that is in the database; `created` is False where it had been there before."""

    id: str
    created: bool


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """What the relay owes the queue: one message with these items' ids."""

    id: int
    item_ids: tuple[str, ...]
    lane: Lane = "bulk"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is queued; `attempt` counts those that began."""

    item_id: str
    attempt: int
    job: Job


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one attempt at one item.

    Attributes:
        attempt: 1 for the first.
        token: tells this claim from any other, past or future; whoever holds another one has lost the item.
    """

    item_id: str
    batch_id: str
    attempt: int
    job: Job
    worker: str
    token: str


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is; `counts` has every state, and sums to `total`."""

    id: str
    state: BatchState
    total: int
    counts: Mapping[ItemState, int]
    created_at: datetime
    finished_at: datetime | None
    key: str | None = None

    @property
    def finished(self) -> int:
        """Items that are in a final state."""
        return sum(self.counts[state] for state in FINAL_STATES)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with its latest drape.

    Attributes:
        line: of the manifest.
        job: None for a rejected row.
        verdict, reasons, artifacts: of the latest drape; None and empty where there is none.
        reasons: codes.
        seconds: from the last claim to the end; None while it is not finished.
    """

    id: str
    batch_id: str
    line: int
    ref: str | None
    sku: str | None
    job: Job | None
    state: ItemState
    attempt: int
    verdict: str | None
    reasons: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    error_code: str | None
    error_message: str | None
    seconds: float | None
    error_advice: str | None = None
