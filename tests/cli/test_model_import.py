import json
from pathlib import Path

import pytest
import torch

from flixpose.cli.main import main
from flixpose.pose.nets import posenet

SAMPLE = Path(__file__).parents[2] / "flixpose" / "samples" / "persons" / "ines.jpg"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def test_an_imported_checkpoint_is_listed_and_used(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path / "home"))
    torch.manual_seed(3)
    torch.save(posenet.build("50").state_dict(), tmp_path / "mobilenet.pth")
    assert run("models", "import", "posenet-50", tmp_path / "mobilenet.pth", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["licence"] == "Apache-2.0" and Path(told["path"]).is_file() and len(told["sha256"]) == 64
    assert run("models", "families", "--json") == 0
    rows = {row["family"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["posenet"]["imported"] == ["50"] and rows["kapao"]["licence"] == "GPL-3.0"
    options = ("--model", "posenet-50", "--skeleton", "coco_17", "--no-details", "--json", "-")
    assert run("pose", SAMPLE, *options) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["file"] == str(SAMPLE)


def test_a_licence_that_is_not_accepted_stops_the_import(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path / "home"))
    assert run("models", "import", "kapao", tmp_path / "kapao.pt") in (1, 2)
    said = capsys.readouterr().err
    assert "GPL-3.0" in said and "--accept-licence" in said
