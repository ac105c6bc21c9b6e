"""`flixpose drape`: a pair, a manifest, and every way to be interrupted."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flixpose import resources
from flixpose.cli.main import main
from flixpose.errors import OutputUnwritable
from flixpose.imaging import files
from tests.cli import local_driver
from tests.pose.conftest import estimator  # noqa: F401  (skips where the weights are missing)
from tests.workers.fakes import LOG_VARIABLE

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The refs of all runs of the stand-in."""
    monkeypatch.setenv(LOG_VARIABLE, str(tmp_path / "runs.log"))
    (tmp_path / "runs.log").touch()
    return tmp_path / "runs.log"


def write_manifest(folder: Path, skus: list[str]) -> Path:
    """One row a SKU; the SKU tells the stand-in what to do."""
    (folder / "ann.jpg").write_bytes(b"ann")
    (folder / "shirt.jpg").write_bytes(b"shirt")
    rows = [f"{sku},shirt.jpg,ann.jpg,{sku}" for sku in skus]
    path = folder / "catalogue.csv"
    path.write_text("\n".join(["sku,product,person,ref", *rows]) + "\n")
    return path


def results(out: Path) -> dict[str, str]:
    with (out / "results.csv").open() as stream:
        return {row["ref"] or f"line {row['line']}": row["state"] for row in csv.DictReader(stream)}


def start(manifest: Path, out: Path, workers: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.cli.local_driver", str(manifest), str(out), str(workers)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_runs(log: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(log.read_text().splitlines()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path, log: Path) -> None:
    manifest, out = write_manifest(tmp_path, [f"slow-{n}" for n in range(10)]), tmp_path / "out"
    for runs in (3, 7):
        process = start(manifest, out, workers=2)
        wait_for_runs(log, runs)
        process.kill()
        process.wait()
    (out / "objects/.partial/.cut-short.part").touch()
    assert local_driver.drape(manifest, out, workers=2) == 0
    runs = Counter(log.read_text().split())
    assert set(results(out).values()) == {"done"} and len(runs) == 10
    assert sum(runs.values()) <= 10 + 2 * 2, "only what was running at a kill is computed again"
    for ref in runs:
        assert (out / ref / "result.jpg").read_bytes().startswith(b"picture of")
        assert json.loads((out / ref / "report.json").read_text())["milliseconds"]
    assert not list(out.rglob("*.part"))
    assert local_driver.drape(manifest, out) == 0
    assert Counter(log.read_text().split()) == runs


def test_no_file_is_begun_in_a_rows_folder(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, out = write_manifest(tmp_path, ["ok-1", "ok-2"]), tmp_path / "out"
    begun: set[Path] = set()
    monkeypatch.setattr(
        files, "_write_through", lambda path, data: begun.add(path.parent) or path.write_bytes(data)
    )
    assert local_driver.drape(manifest, out) == 0
    assert begun == {out / "objects/.partial", out}, "what a kill leaves behind would stay there"


def test_ctrl_c_finishes_what_was_begun(tmp_path: Path, log: Path) -> None:
    manifest, out = write_manifest(tmp_path, [f"slow-{n}" for n in range(8)]), tmp_path / "out"
    process = start(manifest, out)
    wait_for_runs(log, 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    states = Counter(results(out).values())
    assert set(states) == {"done", "queued"} and states["done"] == len(log.read_text().split())
    assert local_driver.drape(manifest, out) == 0
    assert max(Counter(log.read_text().split()).values()) == 1


def test_bad_rows_are_reported_and_stop_nothing(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, out = write_manifest(tmp_path, ["ok-1", "bad-1", "boom-1", "review-1"]), tmp_path / "out"
    with manifest.open("a") as stream:
        stream.write("ok-2,gone.jpg,ann.jpg,lost\nok-3,shirt.jpg,ann.jpg,../up\n")
    assert local_driver.drape(manifest, out, as_json=False) == 3
    said = capsys.readouterr().out
    assert "line 3: no_person" in said and "line 6: missing_input" in said and "line 7: bad_manifest" in said
    assert "Traceback" not in said and "RuntimeError: no idea" in said
    assert "RuntimeError" in (out / "flixpose.log").read_text()
    expected = {"ok-1": "done", "bad-1": "failed", "boom-1": "failed", "review-1": "review"}
    assert results(out) == {**expected, "line 6": "failed", "line 7": "failed"}
    assert not (tmp_path / "up").exists()
    # What was missing is there now, and is taken up; what is done stays.
    (tmp_path / "gone.jpg").write_bytes(b"there")
    assert local_driver.drape(manifest, out) == 3
    assert results(out)["lost"] == "done" and Counter(log.read_text().split())["ok-1"] == 1


def test_a_changed_manifest_goes_on_with_what_is_new(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "out"
    process = start(write_manifest(tmp_path, ["ok-1", "ok-2", *(f"slow-{n}" for n in range(50))]), out)
    wait_for_runs(log, 4)
    process.kill()
    process.wait()
    before = log.read_text().split()
    manifest = write_manifest(tmp_path, ["ok-9", "ok-1", "ok-2"])
    assert local_driver.drape(manifest, out) == 0
    assert log.read_text().split()[len(before) :] == ["ok-9"]
    assert results(out) == {"ok-9": "done", "ok-1": "done", "ok-2": "done"}
    (out / "ok-1" / "result.jpg").unlink()
    assert local_driver.drape(manifest, out) == 0
    assert (out / "ok-1" / "result.jpg").is_file() and len(log.read_text().split()) == len(before) + 1
    (tmp_path / "shirt.jpg").write_bytes(b"a better photo under the same name")
    assert local_driver.drape(manifest, out) == 0
    assert log.read_text().split()[len(before) + 1 :] == ["ok-9", "ok-1", "ok-2"]


def test_a_folder_that_takes_nothing_stops_the_run_and_costs_no_row(tmp_path: Path, log: Path) -> None:
    manifest, out = write_manifest(tmp_path, ["ok-1", "ok-2"]), tmp_path / "out"
    out.mkdir()
    (out / "objects").write_text("in the way")
    with pytest.raises(OutputUnwritable, match="objects"):
        local_driver.drape(manifest, out)
    assert set(results(out).values()) == {"queued"}
    (out / "objects").unlink()
    assert local_driver.drape(manifest, out) == 0


def test_one_process_a_folder(tmp_path: Path, log: Path) -> None:
    manifest, out = write_manifest(tmp_path, [f"slow-{n}" for n in range(20)]), tmp_path / "out"
    process = start(manifest, out)
    try:
        wait_for_runs(log, 1)
        with pytest.raises(Exception, match="Another flixpose works in"):
            local_driver.drape(manifest, out)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["drape", "-o", "x.png"], 2),
        (["drape", "a.jpg", "b.jpg"], 2),
        (["drape", "a.jpg", "b.jpg", "-o", "x.gif"], 2),
        (["drape", "a.jpg", "b.jpg", "-o", "x.jpg", "--preset", "master"], 2),
        (["drape", "a.jpg", "b.jpg", "-o", "x.jpg", "--preset", "ebay"], 1),
        (["drape", "a.jpg", "b.jpg", "-o", "x.jpg"], 1),
        (["drape", "a.jpg", "--manifest", "m.csv", "-o", "out"], 2),
        (["drape", "--manifest", "m.csv", "-o", "out"], 2),
        (["drape", "--manifest", "empty.csv", "-o", "out"], 2),
    ],
)
def test_misuse_is_told_without_a_traceback(
    arguments: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").touch()
    assert run(*arguments) == code
    assert "Error" in (said := capsys.readouterr().err) or "error: " in said
    assert not (tmp_path / "x.jpg").exists()


@pytest.fixture
def sample(estimator: object) -> tuple[Path, Path]:  # noqa: F811
    """(product, person) of the sample catalogue."""
    product = sorted((resources.SAMPLES / "products").glob("tee*.jpg"))
    person = sorted((resources.SAMPLES / "persons").glob("*.jpg"))
    return product[0], person[0]


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tif"])
def test_a_pair_is_draped_in_the_format_of_its_name(
    extension: str, sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, layers = tmp_path / f"out{extension}", tmp_path / "layers"
    report = tmp_path / "deep" / "report.json"
    assert run("drape", *sample, "-o", out, "--report", report, "--layers", layers, "--json") in (0, 3)
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["quality"]["verdict"] in ("pass", "review", "fail")
    with Image.open(out) as picture, Image.open(sample[1]) as person:
        assert picture.format == {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".tif": "TIFF"}[extension]
        assert picture.size == person.size and picture.info.get("icc_profile")
        if extension in (".png", ".tif"):
            before, after = np.asarray(person.convert("RGB")), np.asarray(picture)
            assert (before != after).any() and (before == after).all(axis=2).mean() > 0.3
    names = {"garment.png", "shadow.png", "layers.psd", "warp.json", "overlay.png"}
    names |= {f"{mask}_mask.png" for mask in ("visible", "person", "painted", "old_garment")}
    assert {path.name for path in layers.iterdir()} == names
    told = json.loads(report.read_text())
    assert told["milliseconds"]["pose"] > 0 and told["person"]["keypoints"] and told["garment"]["landmarks"]
    assert [model["licence"] for model in told["models"]]


def test_a_manifest_is_draped_by_the_real_pipeline(sample: tuple[Path, Path], tmp_path: Path) -> None:
    product, person = sample
    manifest = tmp_path / "m.csv"
    rows = [f"A,{product},{person},master,first", f"A,{product},{person},amazon,second"]
    manifest.write_text("\n".join(["sku,product,person,preset,ref", *rows]))
    assert run("drape", "--manifest", manifest, "-o", tmp_path / "out", "--layers", "--workers", "2") in (
        0,
        3,
    )
    with (tmp_path / "out" / "results.csv").open() as stream:
        assert {row["error_code"] for row in csv.DictReader(stream)} <= {"", "quality_failed"}
    with Image.open(tmp_path / "out" / "first" / "result.png") as picture:
        assert picture.size == Image.open(person).size
    with Image.open(tmp_path / "out" / "second" / "result.jpg") as picture:
        assert picture.format == "JPEG"
    assert (tmp_path / "out" / "first" / "warp.json").is_file()
    assert (tmp_path / "out" / "first" / "result.png").stat().st_nlink == 2
