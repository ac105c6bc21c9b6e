"""Published checkpoints of every shape are taken over; hostile ones are refused without running."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from flixpose.adapters.checkpoints import LicenceRefused, import_checkpoint
from flixpose.adapters.weights import WeightsCache
from flixpose.errors import MissingInput, UsageError, WeightsDamaged, WeightsMissing
from flixpose.pose import load
from flixpose.pose.nets import checkpoint, openpose, posenet
from flixpose.pose.nets.checkpoint import BadCheckpoint


@pytest.fixture(scope="module")
def net() -> nn.Module:
    torch.manual_seed(1)
    return posenet.build("50")


def cache_of(folder: Path) -> WeightsCache:
    return WeightsCache(folder)


@pytest.mark.parametrize("shape", ["state", "nested", "parallel", "module"])
def test_a_checkpoint_is_taken_over_whatever_its_shape(tmp_path, net, shape):
    state = net.state_dict()
    content = {
        "state": state,
        "nested": {"epoch": 3, "state_dict": state},
        "parallel": {f"module.{name}": tensor for name, tensor in state.items()},
        "module": {"model": net, "epoch": 3},
    }[shape]
    file = tmp_path / "published.pth"
    torch.save(content, file)
    cache = cache_of(tmp_path)
    path, info = import_checkpoint("posenet-50", file, cache.imports)
    assert info.licence == "Apache-2.0" and "published.pth" in info.origin
    estimator = load("posenet-50", cache)
    assert estimator.model == info
    ours = estimator.runner.net.state_dict()
    assert path.is_file() and all(torch.equal(ours[name], tensor) for name, tensor in state.items())


class _Bomb:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def as_zip(payload: bytes, file: Path, data: bytes = b"") -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/data/0", data)
    return file


def test_a_pickle_that_runs_code_does_not_run_it(tmp_path):
    trace = tmp_path / "it-ran"
    payload = pickle.dumps({"state_dict": _Bomb(trace)}, protocol=2)
    for file in (as_zip(payload, tmp_path / "a.pth"), tmp_path / "b.pth"):
        if not file.exists():
            file.write_bytes(payload)
        with pytest.raises(BadCheckpoint):
            checkpoint.read(file)
        assert not trace.exists()


class _Claim:
    """A tensor of one storage number that claims a million."""

    def __init__(self, size, stride) -> None:
        self.size, self.stride = size, stride


def tensor_pickle(size: tuple[int, ...], stride: tuple[int, ...], count: int) -> bytes:
    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", torch.FloatStorage, "0", "cpu", count) if obj == "STORAGE" else None

        def reducer_override(self, obj):
            if isinstance(obj, _Claim):
                args = ("STORAGE", 0, obj.size, obj.stride, False, {})
                return torch._utils._rebuild_tensor_v2, args
            return NotImplemented

    out = io.BytesIO()
    Pickler(out, 2).dump({"w": _Claim(size, stride)})
    return out.getvalue()


@pytest.mark.parametrize(
    ("size", "stride", "count"),
    [
        ((1 << 40,), (0,), 1),
        ((1 << 20, 1 << 20), (1, 1), 1),
        ((4,), (1,), 1 << 40),
        ((-1,), (1,), 1),
        ((2,), (1,), 1),
    ],
)
def test_a_tensor_that_claims_more_than_there_is_is_refused(tmp_path, size, stride, count):
    file = as_zip(tensor_pickle(size, stride, count), tmp_path / "bomb.pth", struct.pack("<f", 1.0))
    with pytest.raises(BadCheckpoint):
        checkpoint.read(file)


def test_a_truncated_file_is_refused(tmp_path, net):
    torch.save(net.state_dict(), tmp_path / "whole.pth")
    data = (tmp_path / "whole.pth").read_bytes()
    for name, keep in (
        ("a.pth", len(data) // 2),
        ("b.pth", 10),
        ("c.safetensors", 100),
        ("d.caffemodel", 50),
    ):
        (tmp_path / name).write_bytes(data[:keep])
        with pytest.raises(BadCheckpoint):
            checkpoint.read(tmp_path / name)


def test_another_nets_checkpoint_is_refused_by_the_first_name_that_differs(tmp_path, net):
    torch.save(net.state_dict(), tmp_path / "small.pth")
    with pytest.raises(BadCheckpoint, match=r"small\.pth is not posenet-101: features\.conv0"):
        import_checkpoint("posenet", tmp_path / "small.pth", tmp_path)


def test_numbers_that_are_none_are_refused(tmp_path, net):
    state = {name: torch.full_like(tensor, np.nan) for name, tensor in net.state_dict().items()}
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(BadCheckpoint, match="not finite"):
        import_checkpoint("posenet-50", tmp_path / "nan.pth", tmp_path)


def test_copyleft_weights_want_their_licence_accepted_by_name(tmp_path):
    with pytest.raises(LicenceRefused, match=r"GPL-3\.0"):
        import_checkpoint("kapao", tmp_path / "none.pt", tmp_path)
    with pytest.raises(LicenceRefused):
        import_checkpoint("yolo_pose", tmp_path / "none.pt", tmp_path, accepted="GPL-3.0")
    with pytest.raises(MissingInput):
        import_checkpoint("kapao", tmp_path / "none.pt", tmp_path, accepted="GPL-3.0")


def test_what_was_not_imported_is_missing_and_unknown_sizes_are_usage_errors(tmp_path):
    with pytest.raises(WeightsMissing, match="models import"):
        load("posenet", cache_of(tmp_path))
    for name in ("posenet-9", "nonesuch", "blazepose-9"):
        with pytest.raises(UsageError):
            load(name, cache_of(tmp_path))


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("posenet", {"flip": True}),
        ("kapao", {"decoding": "udp"}),
        ("rtmpose", {"decoding": "udp"}),
        ("hrnet", {"scales": (0.8, 1.0)}),
    ],
)
def test_an_option_without_effect_is_a_usage_error(tmp_path, name, option):
    with pytest.raises(UsageError, match="has no option"):
        load(name, cache_of(tmp_path), **option)


def test_a_damaged_import_is_told(tmp_path):
    cache = cache_of(tmp_path)
    cache.imports.mkdir(parents=True)
    (cache.imports / "posenet-101.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsDamaged):
        load("posenet", cache)


def field(number: int, data: bytes) -> bytes:
    size, out = len(data), b""
    while True:
        size, low = size >> 7, size & 127
        out += bytes([low | (128 if size else 0)])
        if not size:
            break
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    return head + out + data


def test_a_caffe_model_is_read_by_its_layers(tmp_path):
    torch.manual_seed(2)
    with torch.device("meta"):
        hand = openpose.build("hand")
    wanted = {name: torch.randn(t.shape) for name, t in list(hand.state_dict().items())[:4]}
    layers = b""
    for prefix in dict.fromkeys(name.rpartition(".")[0] for name in wanted):
        blobs = b""
        for leaf in ("weight", "bias"):
            tensor = wanted[f"{prefix}.{leaf}"]
            shape = field(1, bytes([n if n < 128 else 0 for n in tensor.shape]))
            blobs += field(7, field(7, shape) + field(5, tensor.numpy().tobytes()))
        layers += field(100, field(1, prefix.partition(".")[2].encode()) + blobs)
    (tmp_path / "hand.caffemodel").write_bytes(layers)
    state = checkpoint.read(tmp_path / "hand.caffemodel")
    for name, tensor in wanted.items():
        assert torch.equal(state[name.partition(".")[2]], tensor)


def test_weights_that_nobody_publishes_are_ones_own(tmp_path):
    for name in ("deepcut", "poseted-r101", "alphapose-sstn-r50"):
        with pytest.raises(MissingInput):
            import_checkpoint(name, tmp_path / "none.pt", tmp_path)
    with pytest.raises(LicenceRefused, match="AlphaPose"):
        import_checkpoint("alphapose", tmp_path / "none.pt", tmp_path)
