"""`flixpose train pose` and `flixpose evaluate pose`: from drawn people to figures and milliseconds."""

import json
from pathlib import Path

import pytest

from flixpose.cli.main import main


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert run("train", "figures", "--out", out / "figures", "--count", 3, "--unseen", 2) == 0
    data = ("--data", out / "figures/seen/annotations.json")
    unseen = ("--unseen", out / "figures/unseen/annotations.json")
    both = ("--family", "simple_baseline", "--family", "yolo_pose")
    limits = ("--steps", 2, "--threads", 1, "--device", "cpu")
    assert run("train", "pose", *both, *data, *unseen, *limits, "--out", out) == 0
    return out


def test_several_families_are_compared_in_a_table(trained: Path, capsys):
    table = (trained / "table.md").read_text()
    assert "`simple_baseline`" in table and "`yolo_pose`" in table
    rows = (trained / "table.csv").read_text().splitlines()
    assert len(rows) == 3 and rows[0].startswith("family,parameters")
    assert (trained / "yolo_pose" / "weights.safetensors").is_file()


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("simple_baseline", ("--flip",)),
        ("simple_baseline", ("--flip", "--scale", "1", "--scale", "1.2")),
        ("yolo_pose", ("--oks-nms", "0.9")),
        ("yolo_pose", ("--flip", "--scale", "1", "--scale", "1.5")),
    ],
)
def test_a_trained_family_is_measured(trained: Path, capsys, tmp_path, family, more):
    weights = trained / family / "weights.safetensors"
    data = trained / "figures/seen/annotations.json"
    told = ("--family", family, "--weights", weights, "--data", data, "--limit", 2, "--threads", 1)
    assert run("evaluate", "pose", *told, *more, "--json", "--write", tmp_path / "found.json") == 0
    numbers = json.loads(capsys.readouterr().out)
    assert 0 <= numbers["ap"] <= 1 and 0 <= numbers["pck_0.2"] <= 1
    parts = numbers["ms_cutting"] + numbers["ms_net"] + numbers["ms_decoding"]
    assert parts == pytest.approx(numbers["ms_whole"], abs=0.01) and numbers["ms_net"] > 0
    assert run("evaluate", "pose", "--truth", data, "--results", tmp_path / "found.json", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["ap"] <= 1  # all three pictures, of which two were looked at


def test_a_trained_detector_finds_people_for_others(trained: Path, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path / "home"))
    data = trained / "figures/seen/annotations.json"
    weights = {name: trained / name / "weights.safetensors" for name in ("simple_baseline", "yolo_pose")}
    told = ("--family", "simple_baseline", "--weights", weights["simple_baseline"], "--data", data)
    assert run("evaluate", "pose", *told, "--limit", 1, "--boxes", weights["yolo_pose"], "--json") == 0
    assert 0 <= json.loads(capsys.readouterr().out)["ap"] <= 1
    assert run("evaluate", "pose", *told, "--boxes", weights["simple_baseline"]) == 2
    assert "does not find people" in capsys.readouterr().err
    assert run("evaluate", "pose", *told, "--boxes", "nobody") == 2
    assert "finds no people" in capsys.readouterr().err
    limits = ("--steps", 1, "--threads", 1, "--device", "cpu", "--out", tmp_path)
    assert (
        run("train", "pose", "--family", "hrnet", "--data", data, "--finder", weights["yolo_pose"], *limits)
        == 2
    )
    assert "too few to learn from" in capsys.readouterr().err


def test_a_trained_family_becomes_onnx(trained: Path, capsys, tmp_path):
    pytest.importorskip("onnx")
    weights = trained / "yolo_pose" / "weights.safetensors"
    told = ("models", "export", "yolo_pose", "--weights", weights, "--to", tmp_path / "y.onnx", "--json")
    assert run(*told) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["difference"] <= 1e-4 and row["outputs"] == ["rows"]
    assert run("models", "export", "rtmo", "--weights", weights, "--to", tmp_path / "r.onnx") != 0
    assert "holds a yolo_pose, not a rtmo" in capsys.readouterr().err


def test_what_cannot_be_measured_is_told(trained: Path, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path))
    data = trained / "figures/seen/annotations.json"
    weights = trained / "yolo_pose" / "weights.safetensors"
    for more, said in (
        ((), "either --results or --family"),
        (("--family", "hrnet"), "weights_missing"),
        (("--family", "rtmo", "--weights", weights), "holds a yolo_pose, not a rtmo"),
        (("--family", "rtmo", "--weights", data), "weights_damaged"),
        (("--family", "nobody"), "no pose estimator"),
    ):
        assert run("evaluate", "pose", "--data", data, *more) != 0
        assert said in capsys.readouterr().err
