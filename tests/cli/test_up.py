"""`flixpose up`: the stack serves, stops cleanly, and goes on with its data."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from PIL import Image

from flixpose.client import Client
from flixpose.settings import load_settings
from tests.workers.fakes import RUNNER

pytestmark = pytest.mark.services
_ROOT = Path(__file__).resolve().parents[2]


class Up:
    """A running `flixpose up`, with this process's environment led to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        command = [sys.executable, "-m", "flixpose.cli.main", "up", "--data", str(folder / "data")]
        code = f"import sys; from flixpose.cli.main import main; main({command[3:]!r})"
        environment = {**os.environ, "FLIXPOSE_RUNNER": RUNNER, "PYTHONPATH": str(_ROOT)}
        log = (folder / "up.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
        self.lines = [self._line() for _ in range(7)]
        for line in self.lines:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            monkeypatch.setenv(name, value.strip("'"))

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self) -> None:
        family = psutil.Process(self.process.pid).children(recursive=True)
        assert len(family) >= 10  # servers, worker, relay, each on its leash
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(90) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive


def wait_for_metric(url: str, line: str) -> None:
    """The item is recorded a moment before it is counted."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urlopen(url) as answer:
            if line in answer.read().decode():
                return
        time.sleep(0.1)
    raise AssertionError(f"{line} did not appear")


def test_it_serves_stops_and_goes_on_with_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("shirt.png", "anna.png"):
        Image.new("RGB", (80, 90), (len(name) * 9, 90, 200)).save(tmp_path / name)
    manifest = tmp_path / "catalogue.csv"
    manifest.write_text("sku,product,person\nok-1,shirt.png,anna.png\n")

    first = Up(tmp_path, monkeypatch)
    client = Client(load_settings())
    batch = client.submit(manifest).batch_id
    assert client.wait(batch).counts["done"] == 1
    port = (tmp_path / "up.log").read_text().split("metrics: http://127.0.0.1:")[1].split("/")[0]
    wait_for_metric(f"http://127.0.0.1:{port}/metrics", 'flixpose_attempts_total{state="done"} 1.0')
    client.close()
    first.stop()

    second = Up(tmp_path, monkeypatch)
    assert second.lines == first.lines
    client = Client(load_settings())
    assert client.fetch(batch, tmp_path / "out").files.fetched == 2
    again = client.submit(manifest).batch_id
    assert client.wait(again).counts["done"] == 1
    client.close()
    second.stop()
    assert (tmp_path / "data" / "up.json").stat().st_mode & 0o077 == 0
