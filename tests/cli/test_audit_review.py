"""`flixpose audit correct | approve | reject` over a database that the service filled."""

import json
from pathlib import Path

import pytest

from flixpose.adapters.jobs import JobStore
from flixpose.structures.batch import Claim
from tests.adapters.samples import result
from tests.cli import local_driver
from tests.cli.test_audit import Run, batch, run  # noqa: F401
from tests.cli.test_drape import write_manifest
from tests.databases import database, database_url, store  # noqa: F401
from tests.workers.fakes import LOG_VARIABLE

# The items of `batch`: 2 passed, 3 is to be reviewed, 4 failed without a drape.


def claim(store: JobStore, item_id: str) -> Claim:  # noqa: F811
    (mine,) = store.claim([item_id], "w2")
    return mine


def test_points_are_corrected_and_the_item_is_queued(batch: str, run: Run, store: JobStore) -> None:  # noqa: F811
    item = f"{batch}-3"
    said = run("correct", item, "--set", "left_wrist=151.5, 201", "--set", "neck_left=91,11", "--by", "ines")
    assert item in said and "queued" in said
    found = json.loads(run("correct", item, "--drop", "nose", "--by", "noor", "--json"))
    assert found["state"] == "queued"
    (person,) = found["sets"]
    assert person["author"] == "noor" and [p["name"] for p in person["points"]] == ["left_wrist"]
    job = claim(store, item).job
    assert job.person_set == person["id"] and job.garment_set
    history = run("show", item)
    assert "review -> queued  ines  corrected left_wrist 151.5,201; neck_left 91,11" in history


def test_the_shown_item_tells_who_placed_its_points(batch: str, run: Run, store: JobStore) -> None:  # noqa: F811
    item = f"{batch}-3"
    run("correct", item, "--set", "left_wrist=151.5,201", "--by", "ines")
    mine = claim(store, item)
    store.finish(mine, result(mine.job))
    shown = json.loads(run("show", item, "--json"))
    (person,) = [found for found in shown["sets"] if found["subject"] == "person"]
    assert person["author"] == "ines" and person["parent_id"] and person["model"] is None
    assert "ines, correcting" in run("show", item)


def test_pictures_are_approved_and_rejected(batch: str, run: Run) -> None:  # noqa: F811
    assert "review -> done" in run("approve", f"{batch}-3", "--by", "ines")
    told = json.loads(run("reject", f"{batch}-2", "--reason", "crooked hem", "--by", "noor", "--json"))
    assert told == {"item": f"{batch}-2", "from": "done", "state": "failed"}
    assert "rejected: look-2: crooked hem" in run("show", f"{batch}-2")
    assert json.loads(run("list", "--state", "review", "--json"))["items"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--set", "left_wrst=1,2"], "unknown_point", "left_wrist"),
        (["--set", "left_wrist=1,2", "--on", "product"], "unknown_point", "left_wrist"),
        (["--set", "left_wrist=301,2"], "point_outside", "300×400"),
        (["--set", "left_wrist=1"], "usage", "left_wrist=1"),
        (["--set", "left_wrist=1,nan"], "usage", "nan"),
        (["--set", "left_wrist=1,2", "--drop", "left_wrist"], "usage", "twice"),
        ([], "usage", "nothing is to be corrected"),
        (["--set", "left_wrist=1,2", "--by", "model"], "usage", "model"),
    ],
)
def test_what_cannot_be_is_told(
    batch: str,  # noqa: F811
    run: Run,  # noqa: F811
    store: JobStore,  # noqa: F811
    arguments: list[str],
    code: str,
    said: str,
) -> None:
    exit_code = 2 if code == "usage" else 1
    told = json.loads(run("correct", f"{batch}-3", *arguments, "--json", code=exit_code))["error"]
    assert told["code"] == code and said in told["message"] and told["advice"]
    assert store.item(f"{batch}-3").state == "review"


def test_unknown_and_running_items_are_told(batch: str, run: Run, store: JobStore) -> None:  # noqa: F811
    move = ("--set", "left_wrist=1,2")
    assert "no item 'nope'" in run("correct", "nope", *move, code=1)
    run("correct", f"{batch}-3", *move)
    claim(store, f"{batch}-3")
    assert "wrong_state" in run("correct", f"{batch}-3", *move, code=1)
    assert "wrong_state" in run("approve", f"{batch}-4", code=1)
    assert "no item 'nope'" in run("reject", "nope", "--reason", "x", code=1)


def test_a_folder_of_a_local_run_is_corrected_too(run: Run, tmp_path: Path) -> None:  # noqa: F811
    told = run("approve", "nope", "--in", tmp_path / "absent", code=1)
    assert "There is no flixpose.sqlite" in told


def test_what_is_corrected_in_a_folder_is_draped_by_the_next_start(
    run: Run,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = tmp_path / "runs.log"
    monkeypatch.setenv(LOG_VARIABLE, str(runs))
    manifest, out = write_manifest(tmp_path, ["ok-1", "review-2"]), tmp_path / "out"
    assert local_driver.drape(manifest, out) == 0
    run("list", "--in", out)  # takes what was printed up to here
    (waiting,) = json.loads(run("list", "--state", "review", "--in", out, "--json"))["items"]
    run("correct", waiting["id"], "--set", "nose=99,50", "--by", "ines", "--in", out)
    assert local_driver.drape(manifest, out) == 0
    assert runs.read_text().split() == ["ok-1", "review-2", "review-2"]
    run("list", "--in", out)  # takes what was printed up to here
    shown = json.loads(run("show", waiting["id"], "--in", out, "--json"))
    assert {found["subject"]: found["author"] for found in shown["sets"]} == {
        "person": "ines",
        "garment": "model",
    }
    run("reject", waiting["id"], "--reason", "no", "--by", "ines", "--in", out)
    local_driver.drape(manifest, out)
    assert len(runs.read_text().split()) == 3, "what a human refused is not tried again"
