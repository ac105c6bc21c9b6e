"""`flixpose plates` with real eyes on sample persons, and a manifest that uses one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flixpose import resources
from flixpose.adapters.database import Database
from flixpose.cli.main import main
from flixpose.client import Client
from flixpose.settings import load_settings
from tests.databases import database, database_url  # noqa: F401
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)

MALIK = resources.SAMPLES / "persons" / "malik.jpg"
TANK = resources.SAMPLES / "products" / "tank.jpg"

Run = Callable[..., str]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    database: Database,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """`flixpose plates …` over an empty database → standard output, or error where `code` is not 0."""
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLIXPOSE_STORE_URL", (tmp_path / "store").as_uri())

    def run(*arguments: str | Path, code: int = 0) -> str:
        with pytest.raises(SystemExit) as end:
            main(["plates", *map(str, arguments)])
        said = capsys.readouterr()
        assert (end.value.code or 0) == code, said.err
        return said.out if code == 0 else said.err

    return run


@pytest.mark.usefixtures("estimator")
def test_a_person_becomes_a_plate_and_a_manifest_uses_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    blank = tmp_path / "blank.png"
    Image.fromarray(np.full((200, 150, 3), 230, np.uint8)).save(blank)
    said = run("add", MALIK, tmp_path / "text.jpg", blank, tmp_path / "gone.jpg", "--by", "ines", code=3)
    assert all(code in said for code in ("unreadable_image", "no_person", "missing_input"))
    assert "plate:malik  draft  model" in run("list")
    x, y = 120.25, 333.5
    told = json.loads(run("correct", "malik", "--set", f"left_wrist={x},{y}", "--by", "noor", "--json"))
    assert told["plates"][0]["state"] == "draft" and told["plates"][0]["points"]["author"] == "noor"
    overlay = tmp_path / "overlay.png"
    shown = run("show", "malik", "--overlay", overlay)
    assert "120.25" in shown and "corrected  noor" in shown
    with Image.open(overlay) as drawn, Image.open(MALIK) as photo:
        assert drawn.size == photo.size
        assert (np.asarray(drawn)[333, 120] != np.asarray(photo.convert("RGB"))[333, 120]).any()
    run("approve", "malik", "--by", "ines")

    manifest = tmp_path / "m.csv"
    manifest.write_text(f"sku,product,person\nA,{TANK},plate:malik\nB,{TANK},plate:nope\n")
    client = Client(load_settings())
    submission = client.submit(manifest, key="spring")
    assert (submission.accepted, [row.code for row in submission.rejected]) == (1, ["unknown_plate"])
    assert client.submit(manifest, key="spring").batch_id == submission.batch_id
    row = next(row for row in client.items(submission.batch_id) if row.job)
    assert row.job is not None and row.job.plate == "malik" and row.job.person_set
    assert "/inputs/" in row.job.person and row.ref == "A-malik"
    client.close()


def test_failures_are_told(run: Run) -> None:
    assert "no plates yet" in run("list")
    for arguments, code in (
        (("show", "nope"), "unknown_plate"),
        (("approve", "nope"), "unknown_plate"),
        (("correct", "nope", "--set", "nose=1,2"), "unknown_plate"),
        (("correct", "nope", "--set", "neck_left=1,2"), "unknown_point"),
    ):
        told = json.loads(run(*arguments, "--json", code=1))["error"]
        assert told["code"] == code and told["advice"]
    assert "one name for several" in run("add", "a.jpg", "b.jpg", "--name", "x", code=2)
