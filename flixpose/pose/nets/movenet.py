"""MoveNet (Google 2021) is known by its .tflite files alone; this is what they must look like."""

from pathlib import Path
from typing import Never

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from flixpose.errors import UsageError, WeightsDamaged
from flixpose.pose.nets import tflite
from flixpose.pose.nets.litert import LiteRtNet

SIZES = ("lightning", "thunder", "multipose")

_ENTRY = "tflite"  # of the safetensors that an imported model lies in, as bytes
_ONE, _SEVERAL = (1, 1, 17, 3), (1, 6, 56)
_SIDES = {192: "lightning", 256: "thunder"}
_LEAST_SIDE, _MOST_SIDE, _ANY_SIDE = 64, 1024, 256
_NUMBERS = ("uint8", "int32", "float32")


def state_of(data: bytes, size: str | None) -> tuple[str, dict[str, Tensor]]:
    """The size that a model file is (or was said to be), and the state to keep it as.

    Raises:
        tflite.BadModel: it is no MoveNet, or not of that size.
    """
    described = tflite.describe(data)
    if len(described.inputs) != 1 or len(described.outputs) != 1:
        raise tflite.BadModel("it has not one input and one output, as MoveNet has")
    given, told = described.inputs[0], described.outputs[0]
    if len(given.shape) != 4 or given.shape[3] != 3 or given.dtype not in _NUMBERS:
        raise tflite.BadModel(f"its input is {given.shape} of {given.dtype}, no picture")
    if told.shape not in (_ONE, _SEVERAL) or told.dtype != "float32":
        raise tflite.BadModel(
            f"its output is {told.shape} of {told.dtype}; MoveNet's is {_ONE} or {_SEVERAL}"
        )
    found = "multipose" if told.shape == _SEVERAL else _single(given.shape, size)
    if size is not None and size != found:
        raise tflite.BadModel(f"it is {found}, not {size}")
    return found, {_ENTRY: torch.frombuffer(bytearray(data), dtype=torch.uint8)}


def _single(shape: tuple[int, ...], size: str | None) -> str:
    side = shape[1]
    if shape[2] != side or not _LEAST_SIDE <= side <= _MOST_SIDE:
        raise tflite.BadModel(f"it sees pictures of {shape[2]} × {side}")
    if side in _SIDES:
        return _SIDES[side]
    if size in _SIDES.values():
        return str(size)
    raise tflite.BadModel(f"it sees pictures of {side} × {side}: name its size, lightning or thunder")


def picture_of(data: bytes) -> tuple[int, int]:
    """(width, height) of the pictures that a model sees; where it takes any, of one that it takes."""
    _, height, width, _ = tflite.describe(data).inputs[0].shape
    return (width if width > 0 else _ANY_SIDE), (height if height > 0 else _ANY_SIDE)


def side_of(path: Path) -> int:
    """Of the pictures that an imported single-pose model sees. Raises WeightsDamaged."""
    return picture_of(_content(path))[0]


def load(path: Path, *, threads: int) -> LiteRtNet:
    """An imported model as a function. Raises WeightsDamaged."""
    content = _content(path)
    try:
        return LiteRtNet(content, threads=threads)
    except (ValueError, RuntimeError) as failure:
        raise WeightsDamaged(f"{path.name} cannot be run: {failure}.", subject=path.name) from failure


def _content(path: Path) -> bytes:
    try:
        content = np.asarray(load_file(path)[_ENTRY]).tobytes()
        tflite.describe(content)
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as failure:
        raise WeightsDamaged(f"{path.name} holds no model: {failure}.", subject=path.name) from failure
    return content


def build(size: str) -> Never:
    """There is no net of our own. Raises UsageError."""
    raise UsageError(f"movenet-{size} is a LiteRT model: it is imported and run, and cannot be built here.")
