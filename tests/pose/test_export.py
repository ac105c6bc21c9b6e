"""Every net as ONNX gives in onnxruntime what it gives here."""

import importlib
import json

import numpy as np
import pytest
import torch

from flixpose.errors import UsageError
from flixpose.pose import FAMILIES, resolve
from flixpose.pose.export import TOLERANCE, export
from flixpose.structures.found import ModelInfo
from tests.pose.parity import fixture, state

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

INFO = ModelInfo("net", "1", "keypoints", "none", "random weights", "")
# Smallest sizes, and pictures as small as the nets take; the rest see what they are made for.
SMALL = {
    "vitpose-s": (192, 256),
    "rtmpose-t": (192, 256),
    "centernet-r18": (64, 64),
    "openpose-coco18": (32, 32),
    "openpose_hand-hand": (32, 32),
    "openpose_face-face": (32, 32),
    "deepcut-r50": (64, 64),
    "lightweight_openpose-mobilenet": (64, 32),
    "higherhrnet-w32": (64, 64),
    "dekr-w32": (64, 64),
    "keypoint_rcnn-r50_fpn": (64, 64),
    "kapao-s": (128, 64),
    "yolo_pose-n": (64, 96),
    "detrpose-s": (128, 128),
    "rtmo-s": (96, 64),
    "posenet-50": (65, 33),
    "hrnet-w32": (64, 64),
    "simple_baseline-r50": (64, 64),
    "fastpose-r50": (64, 64),
}


def cases() -> list[str]:
    known = {name.partition("-")[0]: name for name in SMALL}
    """All but those whose nets are LiteRT's files already."""
    return [known.get(family, family) for family, told in FAMILIES.items() if not told.is_file]


@pytest.mark.parametrize("name", cases())
def test_every_net_exports_to_the_same_numbers(name, tmp_path):
    family, size = resolve(name)
    torch.manual_seed(3)
    net = importlib.import_module(FAMILIES[family].module).nets.build(size)
    if family == "detrpose":  # untrained, its cells are alike, and rounding chooses among them
        net.load_state_dict(net.state_dict() | state(fixture("detrpose_s_640")))
    written = export(family, net, INFO, tmp_path / "net.onnx", SMALL.get(name, (192, 256)))
    assert written[0].path == tmp_path / "net.onnx"
    assert all(each.difference <= TOLERANCE and each.size > 10_000 for each in written)
    session = onnxruntime.InferenceSession(written[0].path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["licence"] == "none"
    assert [output.name for output in session.get_outputs()] == list(written[0].outputs)


def test_a_size_that_a_net_does_not_take_is_told(tmp_path):
    net = importlib.import_module("flixpose.pose.nets.vitpose").build("s")
    with pytest.raises(UsageError, match="vitpose does not take pictures of 64x64"):
        export("vitpose", net, INFO, tmp_path / "net.onnx", (64, 64))
    assert not list(tmp_path.iterdir())


def test_places_of_rtmo_take_any_number_of_cells(tmp_path):
    net = importlib.import_module("flixpose.pose.nets.rtmo").build("s").eval()
    _, place = export("rtmo", net, INFO, tmp_path / "net.onnx", (64, 64))
    assert place.path.name == "net-place.onnx"
    session = onnxruntime.InferenceSession(place.path, providers=["CPUExecutionProvider"])
    inputs = [torch.randn(7, 256), torch.rand(7, 4) * 60, torch.rand(7, 2) * 60]
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})[0]
    with torch.no_grad():
        wanted = net.place(*inputs).numpy()
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert json.dumps(place.to_json())
