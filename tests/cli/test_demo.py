"""`flixpose demo` as a user runs it: a process of its own that leaves a page, an audit, and no processes."""

import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import psutil
import pytest
from PIL import Image

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.adapters.stores import open_store
from flixpose.imaging.files import sha256_hex
from flixpose.settings import load_settings
from tests.workers.fakes import RUNNER

pytestmark = pytest.mark.services

_ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """Every `src` and `href` of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three products (good, unusable, slow) and one person, in a folder with a space in its name."""
    folder = tmp_path / "my photos"
    for n, path in enumerate(("garments/ok.jpg", "garments/bad.png", "garments/slow.jpg", "models/anna.jpg")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (300, 400), (60 * n, 120, 160)).save(folder / path)
    return folder


def start_demo(folder: Path, out: Path) -> "subprocess.Popen[str]":
    command = [str(Path(sys.executable).with_name("flixpose")), "demo", "--out", str(out)]
    command += ["--products", str(folder / "garments"), "--persons", str(folder / "models")]
    environment = {**os.environ, "FLIXPOSE_RUNNER": RUNNER, "PYTHONPATH": str(_ROOT)}
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_the_demo_leaves_pictures_a_page_and_a_database_to_audit(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "my out" / "demo"
    for _ in range(2):  # the second run works
        demo = start_demo(photos, out)
        told, heard = demo.communicate(timeout=120)
        assert demo.returncode == 3, heard  # one product is unusable
        assert "3 items" in told and "2 done, 1 failed" in told
    assert (out / "slow-on-anna" / "result.jpg").is_file()
    assert len((out / "results.csv").read_text().splitlines()) == 4
    assert {path.name for path in (out / "logs").iterdir()} >= {"worker.log", "relay.log", "postgres.log"}

    links = Links(out / "index.html").found
    assert links and all((out / unquote(link)).is_file() for link in links)
    text = (out / "index.html").read_text()
    assert "no_person" in text and "nobody found" in text and "head and shoulders" in text

    [config] = [line.split("audit     ")[1] for line in told.splitlines() if "audit  " in line]
    assert config.startswith("FLIXPOSE_CONFIG=") and config.endswith("flixpose audit list")
    settings = load_settings({"FLIXPOSE_CONFIG": str(out / "flixpose.toml"), "HOME": str(tmp_path)})
    rows = {row.sku: row for row in JobStore(Database(settings.database_url)).items(None)}
    assert {sku: row.state for sku, row in rows.items()} == {"ok": "done", "bad": "failed", "slow": "done"}
    store = open_store(settings.store_url, settings)
    for artifact in rows["ok"].artifacts:
        assert sha256_hex(store.get(artifact.key)) == artifact.sha256
    job = rows["ok"].job
    assert job and store.read(job.person, max_bytes=10**6) == (photos / "models" / "anna.jpg").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_leaves_no_process(photos: Path, tmp_path: Path, number: signal.Signals) -> None:
    demo = start_demo(photos, tmp_path / "out")
    log = tmp_path / "out" / "logs" / "worker.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and "received" in log.read_text()):
        assert demo.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) > 8
    demo.send_signal(number)
    _, heard = demo.communicate(timeout=60)
    assert demo.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], heard
    assert "Traceback" not in heard
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_a_folder_without_photos_is_a_usage_error(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (photos / "models").rename(tmp_path / "elsewhere")
    (tmp_path / "models").rename(photos / "models")
    demo = start_demo(photos, tmp_path / "out")
    _, heard = demo.communicate(timeout=60)
    assert demo.returncode == 2 and "holds no photo" in heard
