"""The Celery application. Importing this reads nothing: the settings are read when Celery first needs them.

Each choice below answers a trap of Celery on Redis:

- `acks_late` + `reject_on_worker_lost`: a message outlives the process that works on it. It cannot loop for
  ever, because items are claimed in the database and every claim counts as an attempt.
- `visibility_timeout` is longer than a chunk can take, so that Redis does not deliver it again meanwhile;
  should it do so, the claims make the second delivery a no-op.
- `worker_disable_prefetch`: Celery's prefetch counts drift on Redis when acknowledging late.
- `spawn`: CUDA and the threads of the nets do not survive a fork.
- JSON only, and no result backend: the record is the database.
- SIGTERM stays Celery's warm shutdown and is not remapped to SIGQUIT: the soft shutdown of 5.7 sleeps its
  whole timeout even when the work is done sooner. Instead the pool's processes are told (see
  `workers.stopping`) to put the rest of their chunk back after the item in hand, and a timer bounds the
  whole.
"""

from typing import Any

from celery import Celery
from kombu import Queue

from flixpose.settings import Settings, load_settings
from flixpose.structures.batch import LANES, Lane

# In the order in which workers take from them.
QUEUES: dict[Lane, str] = {lane: f"flixpose.{lane}" for lane in LANES}
SUBMIT_QUEUE = "flixpose.submit"

_HARD_LIMIT_MARGIN_S = 60
_VISIBILITY_S = 6 * 3600

app = Celery("flixpose", include=["workers.tasks"])


@app.on_after_configure.connect
def _configure(sender: Celery, source: Any, **_: Any) -> None:
    source.update(configuration(load_settings()))


def chunk_limit_s(items: int, item_limit_s: float) -> int:
    """The hard time limit of a message with so many items; `workers.guard` sees to each item before that."""
    return round(items * item_limit_s) + _HARD_LIMIT_MARGIN_S


def configuration(settings: Settings) -> dict[str, Any]:
    """Celery's configuration."""
    chunk_limit = chunk_limit_s(settings.chunk_size, settings.item_limit_s)
    return {
        "broker_url": settings.broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,  # a Redis that refuses (disk or memory full) is waited for, too
        "broker_transport_options": {
            "visibility_timeout": max(_VISIBILITY_S, 2 * chunk_limit),
            "queue_order_strategy": "priority",  # the rush lane is empty before anything else is taken
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        "task_routes": {"flixpose.submit": {"queue": SUBMIT_QUEUE}},
        "task_default_queue": QUEUES["bulk"],
        "task_queues": [Queue(name) for name in (QUEUES["rush"], SUBMIT_QUEUE, QUEUES["bulk"])],
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_pool_start_method": "spawn",
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_lost_wait": 1.0,  # results do not come through Celery: nothing to wait for
        "worker_proc_alive_timeout": 120.0,  # a spawned process loads its models before it says that it is up
        "task_time_limit": chunk_limit,
        "enable_utc": True,
    }
