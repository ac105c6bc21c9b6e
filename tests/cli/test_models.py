import json

import pytest

from flixpose.cli.main import main
from flixpose.models import MODELS
from flixpose.pose import FAMILIES


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_list_tells_what_is_used_and_whether_it_is_here(capsys, empty_home):
    assert run("models", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    files, families = rows[: len(MODELS)], {row["name"]: row for row in rows[len(MODELS) :]}
    assert [row["name"] for row in files] == list(MODELS)
    assert set(FAMILIES) <= set(families)
    assert families["kapao"]["licence"] == "GPL-3.0" and families["kapao"]["state"] == "no weights"
    for row in files:
        assert row["licence"] == "Apache-2.0" and row["size"] > 0
        assert row["task"] and row["origin"] and row["sha256"]
        ships = MODELS[row["name"]].wheel is None
        assert row["state"] == ("ready" if ships else "missing")
        assert row["path"].startswith(str(empty_home)) is not ships
    assert run("models", "list") == 0
    table = capsys.readouterr().out
    assert all(name in table and model.info.sha256 in table for name, model in MODELS.items())
    assert all(f"\n{family} " in table for family in families)


def test_verify_fails_where_weights_are_missing_and_says_what_to_do(capsys):
    assert run("models", "verify") == 1
    said = capsys.readouterr().err
    assert "weights_missing" in said and "flixpose models pull" in said


def test_verify_fails_where_weights_are_damaged(capsys, empty_home):
    model = MODELS["pose_detection"]
    (empty_home / "weights").mkdir(parents=True)
    (empty_home / "weights" / model.file_name).write_bytes(b"not a model")
    assert run("models", "verify", "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)[0]["state"] == "damaged"
    assert json.loads(printed.err)["error"]["code"] == "weights_damaged"


def test_pull_from_what_is_no_wheel_fails_in_one_line(capsys, tmp_path):
    (tmp_path / "x.whl").write_bytes(b"no wheel")
    assert run("models", "pull", "--from", str(tmp_path / "x.whl")) == 1
    assert "weights_damaged" in capsys.readouterr().err
    assert run("models", "pull", "--from", str(tmp_path / "absent.whl")) == 1
    assert "weights_missing" in capsys.readouterr().err


def test_an_unknown_model_is_a_usage_error(capsys):
    assert run("models", "pull", "no_such_net") == 2
    assert "pose_landmark_full" in capsys.readouterr().err
