"""What goes over the queue: ids and nothing else out, and nothing else in."""

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.workers.invariants import check_nothing_lost
from tests.workers.service import Service

pytestmark = pytest.mark.services

QUEUE = "flixpose.bulk"


class Bomb:
    """Leaves a trace wherever it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def with_body(message: dict[str, Any], body: bytes, **headers: Any) -> bytes:
    """The same message with another body and other headers."""
    told = {**message, "body": base64.b64encode(body).decode()}
    told["headers"] = {**message["headers"], **headers}
    told["properties"] = {**message["properties"], "delivery_tag": base64.b64encode(body[:9]).decode()}
    return json.dumps(told).encode()


def test_messages_carry_ids_and_whatever_else_comes_is_refused(
    service: Service, redis_url: str, tmp_path: Path
) -> None:
    batch = service.submit(["ok"] * 4)
    trace = tmp_path / "unpickled"
    with redis.Redis.from_url(redis_url) as queue:
        relay = service.relay()
        service.until(lambda: queue.llen(QUEUE) == 1)
        relay.stop()
        (raw,) = queue.lrange(QUEUE, 0, -1)
        message = json.loads(raw)
        arguments, named, _ = json.loads(base64.b64decode(message["body"]))
        assert arguments == [[f"{batch}-{n}" for n in range(2, 6)]] and named == {}
        assert message["content-type"] == "application/json"
        pickled = pickle.dumps(([[Bomb(trace)]], {}, {}))
        strange = json.loads(with_body(message, pickled))
        strange["content-type"] = "application/x-python-serialize"
        for foreign in (
            json.dumps(strange).encode(),
            with_body(message, b"no json at all"),
            with_body(message, b'[[{"ids": 1}], {}, {}]'),
            with_body(message, b"[[[1, 2]], {}, {}]"),
            with_body(message, b'[["a", "b", "c"], {}, {}]'),
            with_body(message, b'[[["x\' OR 1=1 --", "../../etc/passwd"]], {}, {}]'),
            with_body(message, b"[[[]], {}, {}]", task="os.system"),
        ):
            queue.rpush(QUEUE, foreign)  # workers take from this end
        worker = service.worker()
        service.relay()
        assert service.wait(batch).counts["done"] == 4
        service.until(lambda: queue.llen(QUEUE) == 0)
    assert worker.running and not trace.exists()
    assert len(service.started()) == 4
    assert "a message that names no items is dropped" in service.logs()
    check_nothing_lost(service)
