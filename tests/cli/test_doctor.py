"""`flixpose doctor` finds what is there and what is not, and keeps secrets."""

import json
from pathlib import Path

import pytest

from flixpose.adapters.database import Database
from flixpose.cli.main import main


def diagnosis(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str]], str]:
    with pytest.raises(SystemExit) as end:
        main(["doctor", "--json"])
    text = capsys.readouterr().out
    found = json.loads(text)
    assert found["ok"] == (not end.value.code)
    return int(end.value.code or 0), {row["name"]: row for row in found["findings"]}, text


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of this test alone; no weights."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "FLIXPOSE_HOME": tmp_path / "home",
        "FLIXPOSE_DATABASE_URL": f"sqlite:///{tmp_path}/audit.sqlite",
        "FLIXPOSE_STORE_URL": (tmp_path / "store").as_uri(),
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("FLIXPOSE_BROKER_URL", raising=False)
    return tmp_path


def test_missing_weights_are_needed_and_a_missing_queue_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    status, found, _ = diagnosis(capsys)
    assert status == 1
    assert found["weights"]["state"] == "missing" and "models pull" in found["weights"]["remedy"]
    assert found["queue"]["state"] == found["database"]["state"] == "note"
    assert found["store"]["state"] == "ok"


def test_a_probe_of_the_store_leaves_nothing(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    diagnosis(capsys)
    assert [path for path in (home / "store").rglob("*") if path.is_file()] == []


def test_a_database_of_another_schema_is_missing_its_migration(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    Database(f"sqlite:///{home}/audit.sqlite").engine.connect().close()
    _, found, _ = diagnosis(capsys)
    assert found["database"]["state"] == "missing" and "flixpose migrate" in found["database"]["remedy"]
    Database(f"sqlite:///{home}/audit.sqlite").migrate()
    assert diagnosis(capsys)[1]["database"]["state"] == "ok"


def test_passwords_are_not_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIXPOSE_BROKER_URL", "redis://:hunter2@127.0.0.1:1/0")
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/x")
    status, found, text = diagnosis(capsys)
    assert status == 1 and found["queue"]["state"] == found["database"]["state"] == "missing"
    assert "hunter2" not in text and "***" in text


def test_bad_settings_are_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLIXPOSE_STORE_URL", "ftp://somewhere")
    status, found, _ = diagnosis(capsys)
    assert status == 1 and "FLIXPOSE_STORE_URL" in found["settings"]["detail"]


@pytest.mark.services
def test_real_servers_are_found(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    redis_url: str,
    postgres_url: str,
    s3_env: dict[str, str],
) -> None:
    monkeypatch.setenv("FLIXPOSE_BROKER_URL", redis_url)
    monkeypatch.setenv("FLIXPOSE_DATABASE_URL", postgres_url)
    Database(postgres_url).migrate()
    _, found, _ = diagnosis(capsys)
    assert [found[name]["state"] for name in ("database", "store", "queue")] == ["ok"] * 3
    assert found["workers"]["state"] == "note"
