"""A family's net as ONNX: one file for the net, one more for each part that choosing boxes lies before.

What is written is checked at once: onnxruntime must give the net's own numbers. Decoding stays with the
reader of the file; the codecs are NumPy. Needs the extra `onnx`.
"""

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from flixpose.errors import FlixposeError, OutputUnwritable, UsageError
from flixpose.geometry.view import Size
from flixpose.structures.found import ModelInfo

TOLERANCE = 1e-4  # of the largest value, or of 1
_OPSET = 17
_ROWS = 3  # boxes or cells that a second part is tried with
_TOP_DOWN: Size = (192, 256)

# (width, height) of the picture a net is exported for; the top-down ones see 192 × 256.
PICTURES: dict[str, Size] = {
    "openpose": (656, 368),
    "openpose_hand": (368, 368),
    "openpose_face": (368, 368),
    "deepcut": (512, 512),
    "lightweight_openpose": (456, 256),
    "higherhrnet": (512, 512),
    "dekr": (512, 512),
    "centernet": (512, 512),
    "keypoint_rcnn": (800, 800),
    "kapao": (1280, 1280),
    "yolo_pose": (640, 640),
    "detrpose": (640, 640),
    "rtmo": (640, 640),
    "posenet": (513, 513),
}


class ExportDiffers(FlixposeError):
    code = "export_differs"
    remedy = "Export at another --picture size; if it recurs, report the family and the size."


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One graph.

    Attributes:
        suffix: of the file's name; empty for the net itself.
        inputs: examples by name. any_rows: their first axis may have any length.
    """

    suffix: str
    net: nn.Module
    inputs: dict[str, Tensor]
    any_rows: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """Attributes: path, bytes, outputs: names; difference: the largest, as a share of the largest value."""

    path: Path
    size: int
    outputs: tuple[str, ...]
    difference: float

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "bytes": self.size,
            "outputs": list(self.outputs),
            "difference": self.difference,
        }


def picture_of(family: str) -> Size:
    """(width, height) that the family is exported for unless told otherwise."""
    return PICTURES.get(family, _TOP_DOWN)


def export(family: str, net: nn.Module, info: ModelInfo, path: Path, picture: Size) -> list[Exported]:
    """Write `path` and its neighbours, each compared with the net on other numbers than it was traced with.

    Args:
        net: of that family, with its weights. picture: (width, height).

    Raises:
        UsageError: the extra is not installed, or the net does not take pictures of that size.
        ExportDiffers: onnxruntime gives other numbers. OutputUnwritable.
    """
    _require_extra()
    net = net.eval()
    try:
        with torch.no_grad():
            parts = parts_of(family, net, picture)
            return [_written(part, info, _named(path, part.suffix)) for part in parts]
    except RuntimeError as failure:
        raise UsageError(
            f"{family} does not take pictures of {picture[0]}x{picture[1]}: {failure}.", subject=family
        ) from failure
    except OSError as failure:
        raise OutputUnwritable(f"cannot write {path}: {failure}.", subject=str(path)) from failure


def parts_of(family: str, net: nn.Module, picture: Size) -> list[Part]:
    """The graphs of a net; most have one."""
    x = {"picture": torch.rand(1, 3, picture[1], picture[0])}
    if family in ("kapao", "yolo_pose"):
        return [Part("", _Decoded(net), x)]
    if family == "rtmo":
        return [Part("", net, x), _rtmo_places(net, picture)]
    if family == "keypoint_rcnn":
        return [Part("", _Trunk(net), x), *_rcnn_heads(net)]
    return [Part("", net, x)]


class _Decoded(nn.Module):
    """YOLO's and KAPAO's rows in pixels."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        out = self.net(x)
        return {"rows": out.decoded if hasattr(out, "decoded") else self.net.decoded(out)}


class _Place(nn.Module):
    """RTMO's keypoints of chosen cells."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor, boxes: Tensor, centres: Tensor) -> dict[str, Tensor]:
        return {"xy": self.net.place(features, boxes, centres)}


class _Trunk(nn.Module):
    """Keypoint R-CNN up to its proposals."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> dict[str, Any]:
        pyramid = self.net.pyramid(x)
        proposals = self.net.proposals(pyramid)
        return {"pyramid": pyramid, "objectness": proposals.objectness, "deltas": proposals.deltas}


class _BoxHead(nn.Module):
    def __init__(self, heads: Any) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, pooled: Tensor) -> dict[str, Tensor]:
        logits, deltas = self.heads.box_predictor(self.heads.box_head(pooled))
        return {"logits": logits, "deltas": deltas}


class _KeypointHead(nn.Module):
    def __init__(self, heads: Any) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, pooled: Tensor) -> dict[str, Tensor]:
        return {"maps": self.heads.keypoint_predictor(self.heads.keypoint_head(pooled))}


def _rtmo_places(net: Any, picture: Size) -> Part:
    channels = net.head.dcc.pose_to_kpts[0].in_features
    size = torch.tensor([*picture, *picture]).float()
    boxes = torch.rand(_ROWS, 4) * size / 2
    inputs = {"features": torch.randn(_ROWS, channels), "boxes": boxes, "centres": boxes[:, :2] + 3}
    return Part("place", _Place(net), inputs, any_rows=True)


def _rcnn_heads(net: Any) -> list[Part]:
    channels = net.roi_heads.keypoint_head[0].in_channels
    return [
        Part(name, head, {"pooled": torch.randn(_ROWS, channels, bins, bins)}, any_rows=True)
        for name, head, bins in (
            ("boxes", _BoxHead(net.roi_heads), 7),
            ("keypoints", _KeypointHead(net.roi_heads), 14),
        )
    ]


class _Flat(nn.Module):
    """Whatever a net gives, as a tuple of tensors."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor for _, tensor in _leaves(self.net(*inputs)))


def _leaves(out: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of nested tuples, lists and dictionaries, without what is None."""
    if isinstance(out, Tensor):
        yield name or "out", out
    if out is None or isinstance(out, Tensor):
        return
    if hasattr(out, "_asdict"):
        out = out._asdict()
    pairs = out.items() if isinstance(out, dict) else enumerate(out)
    for key, value in pairs:
        yield from _leaves(value, f"{name}_{key}" if name else str(key))


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.stem}-{suffix}{path.suffix}") if suffix else path


def _written(part: Part, info: ModelInfo, path: Path) -> Exported:
    names = tuple(name for name, _ in _leaves(part.net(*part.inputs.values())))
    names = tuple(f"out_{name}" if name in part.inputs or name.isdigit() else name for name in names)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    axes = {name: {0: "rows"} for name in (*part.inputs, *names)} if part.any_rows else None
    with _traceable():
        torch.onnx.export(
            _Flat(part.net).eval(),
            tuple(part.inputs.values()),
            str(partial),
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(part.inputs),
            output_names=list(names),
            dynamic_axes=axes,
        )
    _signed(partial, info)
    difference = _difference(part, partial)
    if not difference <= TOLERANCE:
        partial.unlink()
        raise ExportDiffers(f"{path.name} differs from the net by {difference:.1e}.", subject=path.name)
    partial.replace(path)
    return Exported(path, path.stat().st_size, names, difference)


def _signed(path: Path, info: ModelInfo) -> None:
    """Name, licence, origin and digest of the weights travel with them."""
    onnx = importlib.import_module("onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model)
    onnx.helper.set_model_props(model, {key: str(value) for key, value in info.to_json().items()})
    onnx.save(model, path)


def _difference(part: Part, path: Path) -> float:
    """Of the largest value, or of 1, on other numbers than the graph was traced with."""
    runtime = importlib.import_module("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    others = {name: tensor.flip(-1) for name, tensor in part.inputs.items()}
    if part.any_rows:
        others = {name: torch.cat([tensor, tensor[:1]]) for name, tensor in others.items()}
    wanted = [tensor.numpy() for _, tensor in _leaves(part.net(*others.values()))]
    found = session.run(None, {name: tensor.numpy() for name, tensor in others.items()})
    return max(
        float(np.abs(a - b).max() / max(1.0, np.abs(a).max())) for a, b in zip(wanted, found, strict=True)
    )


@contextlib.contextmanager
def _traceable() -> Iterator[None]:
    """Attention step by step: its fused form has no ONNX. Shapes read while tracing are meant to be fixed."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _require_extra() -> None:
    for name in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(name) is None:
            raise UsageError(
                f"exporting needs the package {name}.", advice="pip install 'flixpose[onnx]'.", subject=name
            )
