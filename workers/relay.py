"""The relay: what the database owes the queue is published here; what got lost on the way is owed again.

    python -m workers.relay [--alive-file FILE]

A process of its own, so that it neither dies nor waits with a worker. One is enough; several do no harm, for
a message that is published twice is claimed once. A message counts as published only after Redis has
answered.

Every few seconds it also sweeps: an item that runs for too long lost its worker; and when the queue is empty
while published items wait unclaimed, Redis lost them (restarted empty), so they are published again. A queue
that is merely long is left alone.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
from kombu.exceptions import KombuError, OperationalError
from prometheus_client import start_http_server

from flixpose.adapters.jobs import JobStore
from flixpose.adapters.stores import open_store
from flixpose.adapters.uploads import sweep_uploads
from flixpose.adapters.watch import queue_state
from flixpose.adapters.webhooks import Policy, call_due
from flixpose.errors import BrokerUnavailable, FlixposeError
from flixpose.ports import BlobStore
from flixpose.settings import load_settings, redact
from flixpose.structures.batch import LANES, Lane, OutboxMessage
from workers import logs
from workers.app import QUEUES, app, chunk_limit_s
from workers.metrics import QueueGauges
from workers.tasks import drape_chunk, job_store

_BATCH = 100
_PAUSE_AFTER_FAILURE_S = 2.0

log = logging.getLogger("flixpose.relay")


@dataclass(frozen=True)
class Timing:
    """Seconds.

    Attributes:
        poll: between two looks at the outbox when there was nothing.
        sweep: between two sweeps.
        stale: an item that runs for longer lost its worker.
        unclaimed: an item waits for so long with an empty queue: its message is lost.
        webhooks: between two looks at what is owed to webhooks.
    """

    poll: float = 0.25
    sweep: float = 10.0
    stale: float = 180.0
    unclaimed: float = 30.0
    webhooks: float = 1.0


class Relay:
    """One pass at a time; `run` loops."""

    def __init__(self, store: JobStore, blobs: BlobStore, timing: Timing, item_limit_s: float) -> None:
        self.gauges = QueueGauges()
        self.store = store
        self.item_limit_s = item_limit_s
        self.blobs = blobs
        self.timing = timing
        self._next_sweep = 0.0

    def step(self) -> int:
        """Publish what is owed, sweep when it is time; how many messages were published.

        Raises:
            DatabaseUnavailable, BrokerUnavailable.
        """
        if time.monotonic() >= self._next_sweep:
            self.sweep()
            self._next_sweep = time.monotonic() + self.timing.sweep
        return self.publish()

    def publish(self) -> int:
        owed = self.store.unpublished(limit=_BATCH)
        for message in owed:
            if message.item_ids:
                publish(message, self.item_limit_s)
            self.store.mark_published([message.id])
            self.gauges.published.inc()
        if owed:
            log.info("published", extra={"items": sum(len(message.item_ids) for message in owed)})
        return len(owed)

    def sweep(self) -> None:
        self.gauges.show(queue_state(self.store.database))
        stale = self.store.requeue_stale(self.timing.stale)
        empty = [lane for lane in LANES if queue_length(lane) == 0]
        lost = sum(self.store.requeue_unclaimed(self.timing.unclaimed, lane) for lane in empty)
        if stale or lost:
            log.warning("swept: %d stale, %d lost messages", stale, lost)
        self.gauges.swept.labels("stale").inc(stale)
        self.gauges.swept.labels("lost").inc(lost)
        # Twice as long: no attempt that still writes can be older than one that counts as lost.
        old = 2 * self.timing.stale
        if orphans := sweep_uploads(self.store.database, self.blobs, old) + self.blobs.clear_partial(old):
            log.warning("swept: %d objects that were never recorded", orphans)
            self.gauges.swept.labels("orphan").inc(orphans)

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Until `stop`; a database or broker that does not answer is waited for."""
        while not stop.is_set():
            try:
                published = self.step()
                pause = 0.0 if published else self.timing.poll
            except FlixposeError as failure:
                log.error("%s: %s", failure.code, failure.message, extra={"code": failure.code})
                pause = _PAUSE_AFTER_FAILURE_S
            alive()
            stop.wait(pause)

    def tell(self, policy: Policy, stop: threading.Event) -> None:
        """Call webhooks until `stop`; in a thread of its own, lest a slow receiver delay the rest."""
        while not stop.wait(self.timing.webhooks):
            try:
                for outcome in call_due(self.store.database, policy):
                    self.gauges.webhooks.labels(outcome).inc()
                    log.info("webhook %s", outcome)
            except FlixposeError as failure:
                log.error("%s: %s", failure.code, failure.message, extra={"code": failure.code})


def publish(message: OutboxMessage, item_limit_s: float) -> None:
    """Put one message on the queue; returns after Redis has said that it has it. Raises BrokerUnavailable."""
    try:
        drape_chunk.apply_async(
            (list(message.item_ids),),
            queue=QUEUES[message.lane],
            retry=False,
            time_limit=chunk_limit_s(len(message.item_ids), item_limit_s),
        )
    except (OperationalError, KombuError, OSError) as failure:
        raise _unavailable(failure) from failure


def queue_length(lane: Lane) -> int:
    """Messages that wait in the lane's queue. Raises BrokerUnavailable."""
    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
            channel = connection.default_channel
            return int(channel.client.llen(QUEUES[lane]))
    except (OperationalError, KombuError, OSError) as failure:
        raise _unavailable(failure) from failure


def _unavailable(failure: Exception) -> BrokerUnavailable:
    return BrokerUnavailable(f"The queue does not answer ({redact(str(failure))}).")


@click.command()
@click.option(
    "--alive-file", type=click.Path(path_type=Path), help="Touched at every pass, for health checks."
)
@click.option("--stale-after", type=float, help="Seconds; an item's time limit and half of it by default.")
@click.option("--unclaimed-after", type=float, default=Timing.unclaimed, help="Seconds.")
@click.option("--sweep-every", type=float, default=Timing.sweep, help="Seconds.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Serve Prometheus metrics there.")
@click.option("--metrics-address", default="127.0.0.1", show_default=True)
def main(
    alive_file: Path | None,
    stale_after: float | None,
    unclaimed_after: float,
    sweep_every: float,
    metrics_port: int | None,
    metrics_address: str,
) -> None:
    """Publish what the database owes the queue, until SIGTERM or Ctrl-C."""
    logs.setup()
    settings = load_settings()
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    stale = stale_after or settings.item_limit_s * 1.5
    timing = Timing(sweep=sweep_every, stale=stale, unclaimed=unclaimed_after)
    blobs = open_store(settings.store_url, settings)
    relay = Relay(job_store(settings), blobs, timing, settings.item_limit_s)
    if metrics_port is not None:
        start_http_server(metrics_port, metrics_address, relay.gauges.registry)
    threading.Thread(target=relay.tell, args=(Policy.of(settings), stop), daemon=True).start()
    relay.run(stop, alive_file.touch if alive_file else lambda: None)


if __name__ == "__main__":
    main()
