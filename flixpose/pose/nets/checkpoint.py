"""Published checkpoints → named tensors, without running anything that lies in them.

Formats: safetensors; torch's zip files, of a state or of a whole module; Caffe models. A pickle is read by a
machine that knows tensors and plain containers. Objects of other classes become empty shells, which can hold
attributes and nothing else; calling anything is refused.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from flixpose.errors import UsageError
from flixpose.pose.nets import caffe

State = dict[str, Tensor]

_MOST_BYTES = 8 << 30
_MOST_PICKLE = 64 << 20
_MOST_DEPTH = 64

# Storage classes by name: what one number is.
_STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class BadCheckpoint(UsageError):
    code = "bad_checkpoint"
    remedy = "Use the file as published; if it is, it cannot be read safely."


def read(path: Path) -> State:
    """The tensors of a checkpoint under their names. Raises BadCheckpoint, MissingInput is the caller's."""
    try:
        if path.suffix == ".caffemodel":
            return caffe.read(path.read_bytes())
        if path.suffix == ".safetensors":
            return load_file(path)
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        return _plain(torch.load(path, map_location="cpu", weights_only=True))
    except BadCheckpoint:
        raise
    except (
        *(OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, RuntimeError),
        *(RecursionError, MemoryError, OverflowError),
        *(pickle.UnpicklingError, zipfile.BadZipFile, safetensors.SafetensorError, UnicodeDecodeError),
    ) as failure:
        raise _bad(path, f"it cannot be read: {_first_line(failure)}") from failure


def _bad(path: Path, why: str) -> BadCheckpoint:
    return BadCheckpoint(f"{path.name}: {why}.", subject=path.name)


def _first_line(failure: Exception) -> str:
    return next(
        (line.strip(" .") for line in str(failure).splitlines() if line.strip()), type(failure).__name__
    )


def _read_zip(path: Path) -> State:
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
        if len(pickles) != 1:
            raise _bad(path, "it is no torch checkpoint")
        root = pickles[0].removesuffix("data.pkl")
        if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
            raise _bad(path, f"it unpacks to more than {_MOST_BYTES >> 30} GB")
        if archive.getinfo(pickles[0]).file_size > _MOST_PICKLE:
            raise _bad(path, "its list of tensors is too long")
        with archive.open(pickles[0]) as file:
            return _plain(_Unpickler(file, archive, root).load())


class _ShellType(type):
    """The class of shells: they are made by the pickle machine alone, and never called."""

    def __call__(cls, *_args: Any, **_options: Any) -> NoReturn:
        raise BadCheckpoint(f"the checkpoint wants to call {cls.__qualname__}, which is refused.")


class _Shell(metaclass=_ShellType):
    """An object of an unknown class: its attributes, no code."""

    def __new__(cls, *_args: Any) -> "_Shell":
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, Mapping):
            object.__setattr__(self, "_held", dict(state))


def _rebuilt_tensor(
    storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: Any
) -> Tensor:
    """A tensor over a storage; one that reaches beyond it is a bomb or damage."""
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride) or any(n < 0 for n in (offset, *size, *stride)):
        raise BadCheckpoint("the checkpoint holds a tensor of impossible shape.")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) and (last >= storage.numel() or math.prod(size) > storage.numel()):
        raise BadCheckpoint(f"the checkpoint holds a tensor of {size} over {storage.numel()} numbers.")
    return torch.as_strided(storage, size, stride, offset)


def _rebuilt_parameter(data: Tensor, *_rest: Any) -> Tensor:
    return data


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuilt_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuilt_parameter,
    ("torch", "Size"): tuple,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
}


class _Unpickler(pickle.Unpickler):
    """Knows tensors and plain containers; everything else becomes a shell."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(file)
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        return _ShellType(name.rsplit(".", 1)[-1], (_Shell,), {"__qualname__": f"{module}.{name}"})

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _device, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise BadCheckpoint("the checkpoint refers to something that is no storage.")
        if key not in self._storages:
            member = self._archive.getinfo(f"{self._root}data/{key}")
            if member.file_size < count * dtype.itemsize:
                raise BadCheckpoint(f"the checkpoint's storage {key} is cut off.")
            data = bytearray(self._archive.read(member))
            self._storages[key] = (
                torch.frombuffer(data, dtype=dtype, count=count) if count else torch.empty(0)
            )
        return self._storages[key]


def _plain(content: Any) -> State:
    """The state in what a checkpoint holds: itself, under a usual key, or a whole module's."""
    for key in ("ema", "state_dict", "model", "net", "model_state_dict"):
        if isinstance(content, Mapping) and content.get(key) is not None and not _is_state(content):
            return _plain(content[key])
    if isinstance(content, _Shell):
        return dict(_module_state(content, "", 0))
    if not isinstance(content, Mapping) or not _is_state(content):
        raise BadCheckpoint("the checkpoint holds no named tensors.")
    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}


def _is_state(content: Mapping[Any, Any]) -> bool:
    return any(isinstance(value, Tensor) for value in content.values())


def _module_state(shell: _Shell, prefix: str, depth: int) -> list[tuple[str, Tensor]]:
    """Parameters and buffers of a pickled module, by attribute."""
    held = getattr(shell, "_held", {})
    if depth > _MOST_DEPTH:
        raise BadCheckpoint("the checkpoint's modules lie too deep in one another.")
    entries = [
        (prefix + name, tensor)
        for kind in ("_parameters", "_buffers")
        for name, tensor in (held.get(kind) or {}).items()
        if isinstance(tensor, Tensor)
    ]
    for name, child in (held.get("_modules") or {}).items():
        if isinstance(child, _Shell):
            entries += _module_state(child, f"{prefix}{name}.", depth + 1)
    return entries
