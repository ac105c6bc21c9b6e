"""Caffe models: the named blobs of a serialised NetParameter, read field by field."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

# Field numbers: of a net's layers, today's and the first format's, and in them of a layer's name and blobs.
_LAYERS = {100: (1, 7), 2: (4, 6)}
_DATA, _SHAPE, _DIMENSION = 5, 7, 1
_OLD_SHAPE = (1, 2, 3, 4)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read(data: bytes) -> dict[str, Tensor]:
    """Weights and biases as "layer.weight", "layer.bias". Raises ValueError for what is no such file."""
    state: dict[str, Tensor] = {}
    for number, value in _fields(memoryview(data)):
        if number in _LAYERS and isinstance(value, memoryview):
            name_field, blob_field = _LAYERS[number]
            fields = list(_fields(value))
            name = next(
                (bytes(v).decode() for n, v in fields if n == name_field and not isinstance(v, int)), ""
            )
            blobs = [_blob(v) for n, v in fields if n == blob_field and isinstance(v, memoryview)]
            for leaf, blob in zip(("weight", "bias"), blobs, strict=False):
                state[f"{name}.{leaf}"] = blob.flatten() if leaf == "bias" else blob
    if not state:
        raise ValueError("there are no layers with weights in it")
    return state


def _blob(data: memoryview) -> Tensor:
    shape: list[int] = []
    old = dict.fromkeys(_OLD_SHAPE, 0)
    values = np.zeros(0, np.float32)
    for number, value in _fields(data):
        if number == _DATA and isinstance(value, memoryview):
            values = np.frombuffer(value, dtype="<f4")
        elif number == _SHAPE and isinstance(value, memoryview):
            shape = [n for field, v in _fields(value) if field == _DIMENSION for n in _integers(v)]
        elif number in old and isinstance(value, int):
            old[number] = value
    shape = shape or list(old.values())
    if np.prod(shape, dtype=object) != len(values):
        raise ValueError(f"a blob of {shape} holds {len(values)} numbers")
    return torch.from_numpy(values.reshape(shape).copy())


def _integers(value: int | memoryview) -> list[int]:
    """One number, or a packed row of them."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError("it is no protobuf message")
        if at + size > len(data):
            raise ValueError("it is cut off")
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
