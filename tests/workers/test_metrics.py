"""Metrics, logs and Celery's own tools see the service as it is."""

import importlib.util
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from flixpose.embedded.process import free_port
from tests.workers.service import _QUICK, Service

pytestmark = pytest.mark.services


def numbers(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_worker_and_relay_tell_prometheus_and_answer_celery(service: Service) -> None:
    ports = free_port(), free_port()
    batch = service.submit(["ok", "review", "bad", "boom", "ok"], chunk_size=2)
    service.relay((*_QUICK, "--metrics-port", str(ports[0])))
    service.worker(2, "--metrics-port", str(ports[1]))
    service.wait(batch)
    service.until(lambda: numbers(ports[0]).get('flixpose_items{state="dead"}') == 1)
    service.until(lambda: numbers(ports[1]).get('flixpose_attempts_total{state="dead"}') == 1)
    relay, worker = numbers(ports[0]), numbers(ports[1])
    assert relay['flixpose_items{state="done"}'] == 2 and relay['flixpose_items{state="queued"}'] == 0
    assert relay['flixpose_queue_items{lane="bulk"}'] == 0 and relay["flixpose_queue_age_seconds"] == 0
    assert relay["flixpose_published_total"] >= 5
    assert worker['flixpose_attempts_total{state="done"}'] == 2
    assert worker['flixpose_attempts_total{state="queued"}'] == worker["flixpose_retries_total"] == 2
    assert worker['flixpose_failures_total{code="internal"}'] == 3
    assert worker['flixpose_failures_total{code="no_person"}'] == 1
    assert worker['flixpose_stage_seconds_count{stage="pose"}'] == 3
    _ask_celery(service)


def _ask_celery(service: Service) -> None:
    """`inspect`, as the health check asks; and Flower, where it is installed, lists the worker."""
    environment = {**dict(service.variables), "PATH": "/usr/bin:/bin", "HOME": str(service.folder)}
    inspect = [sys.executable, "-m", "celery", "-A", "workers.app", "inspect", "--timeout", "10"]
    asked = subprocess.run(
        [*inspect, "active_queues"], env=environment, capture_output=True, text=True, cwd=service.root
    )
    assert asked.returncode == 0 and "flixpose.rush" in asked.stdout, asked.stderr
    if importlib.util.find_spec("flower") is None:
        return
    port = free_port()
    command = ["-A", "workers.app", "flower", "--address=127.0.0.1", f"--port={port}"]
    flower = service._start("flower", ["celery", *command], {"FLOWER_UNAUTHENTICATED_API": "true"})
    service.until(
        lambda: flower.running and "flixpose@" in _page(f"http://127.0.0.1:{port}/api/workers?refresh=1")
    )


def _page(url: str) -> str:
    try:
        with urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        time.sleep(0.5)
        return ""
