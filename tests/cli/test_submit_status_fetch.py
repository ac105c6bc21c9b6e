"""The three verbs of the served path, over real servers and a real worker with a quick pipeline."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from PIL import Image

from flixpose.cli.main import main
from flixpose.settings import redact
from tests.workers.service import Service, s3_service  # noqa: F401

pytestmark = pytest.mark.services


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return int(end.value.code or 0)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    Image.new("RGB", (70, 80), "navy").save(tmp_path / "shirt.png")
    manifest = tmp_path / "catalogue.csv"
    rows = ["ok,shirt.png,shirt.png,one", "review,shirt.png,shirt.png,two", "ok,shirt.png,gone.png,three"]
    manifest.write_text("\n".join(["sku,product,person,ref", *rows]))
    return manifest


def test_submit_wait_status_and_fetch(
    s3_service: Service,  # noqa: F811
    catalogue: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    s3_service.relay()
    s3_service.worker()
    assert run("submit", str(catalogue), "--key", "k", "--wait", "--json") == 3
    submitted = json.loads(capsys.readouterr().out)
    assert submitted["created"] and submitted["accepted"] == 2
    assert [(row["line"], row["code"]) for row in submitted["rejected"]] == [(4, "missing_input")]
    batch = submitted["batch"]

    assert run("submit", str(catalogue), "--key", "k") == 3
    told = capsys.readouterr()
    assert told.out.strip() == batch  # for `BATCH=$(flixpose submit …)`
    assert "submitted before" in told.err and "Line 4" in told.err

    assert run("status", batch, "--watch", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status == submitted["status"] and status["state"] == "finished"
    assert {state: n for state, n in status["counts"].items() if n} == {"done": 1, "review": 1, "failed": 1}

    out = tmp_path / "my out"
    assert run("fetch", batch, "--out", str(out), "--layers", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"batch": batch, "fetched": 6, "kept": 0, "failures": []}
    assert sorted(path.name for path in (out / "one").iterdir()) == [
        "overlay.png",
        "report.json",
        "result.jpg",
    ]
    assert run("fetch", batch, "--out", str(out)) == 0
    assert capsys.readouterr().out.startswith("0 files fetched, 4 were there")

    assert run("links", batch, "--seconds", "60") == 0
    links = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(ref, name) for ref, name, _ in links if name != "report.json"] == [
        ("one", "result.jpg"),
        ("two", "result.jpg"),
    ]
    for ref, name, url in links:
        asked = parse_qs(urlsplit(url).query)
        assert asked["X-Amz-Expires"] == ["60"] and asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        with urlopen(url, timeout=10) as answer:
            assert answer.read() == (out / ref / name).read_bytes()
        assert asked["X-Amz-Signature"][0] not in redact(url)
    assert run("links", batch, "--seconds", "7200") == 2
    assert "7200" in capsys.readouterr().err


def test_another_manifest_under_the_same_key_is_a_conflict(
    s3_service: Service,  # noqa: F811
    catalogue: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("submit", str(catalogue), "--key", "k") == 3
    catalogue.write_text(catalogue.read_text() + "\nok,shirt.png,shirt.png,four\n")
    capsys.readouterr()
    assert run("submit", str(catalogue), "--key", "k", "--json") == 1
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["error"]["code"] == "conflict"


@pytest.mark.parametrize("arguments", [["status", "nope"], ["fetch", "nope", "--out", "out"]])
def test_an_unknown_batch_is_named(
    s3_service: Service,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    assert run(*arguments) == 1
    assert "not_found" in capsys.readouterr().err


def test_a_manifest_that_is_not_there_is_a_usage_error(
    s3_service: Service,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("submit", "nowhere.csv") == 2
    assert "bad_manifest" in capsys.readouterr().err
