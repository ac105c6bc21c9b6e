"""`flixpose models export`."""

import json

import pytest
import torch
from safetensors.torch import save_file

from flixpose.adapters.weights import WeightsCache
from flixpose.cli.main import main
from flixpose.pose.nets import rtmpose
from flixpose.pose.nets.weights import INFO
from flixpose.structures.found import ModelInfo

pytest.importorskip("onnx")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLIXPOSE_HOME", str(tmp_path))
    torch.manual_seed(1)
    info = ModelInfo("rtmpose-t", "1", "keypoints", "MIT", "a test", "0")
    folder = WeightsCache(tmp_path).imports
    folder.mkdir(parents=True)
    save_file(
        rtmpose.build("t").state_dict(),
        folder / "rtmpose-t.safetensors",
        {INFO: json.dumps(info.to_json())},
    )
    return tmp_path


def test_imported_weights_become_onnx_with_their_licence(home, capsys):
    onnx = pytest.importorskip("onnx")
    assert run("models", "export", "rtmpose-t", "--to", str(home / "t.onnx"), "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["difference"] <= 1e-4 and row["outputs"] == ["x", "y"]
    properties = {each.key: each.value for each in onnx.load(home / "t.onnx").metadata_props}
    assert properties["licence"] == "MIT" and properties["name"] == "rtmpose-t"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("blazepose",), "TFLite"),
        (("rtmpose-t", "--picture", "64x64"), "64x64"),
        (("rtmpose-t", "--picture", "0x9"), "no size"),
        (("rtmpose-s",), "weights_missing"),
        (("nothing",), "no pose estimator"),
    ],
)
def test_what_cannot_be_exported_is_told(home, capsys, arguments, said):
    assert run("models", "export", *arguments, "--to", str(home / "t.onnx")) != 0
    assert said in capsys.readouterr().err
    assert not (home / "t.onnx").exists()
