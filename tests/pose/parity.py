"""Numbers from the original programs, under tests/data/parity: how to read them, and how to fill a net.

Weights and inputs follow from the names of the state entries alone, so that a fixture holds outputs only.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

FOLDER = Path(__file__).parent.parent / "data" / "parity"
TOLERANCE = 10  # times the recorded rounding floor


def fixture(name: str) -> dict[str, Any]:
    return json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))


def arrays(name: str) -> Mapping[str, NDArray[Any]]:
    return np.load(FOLDER / f"{name}.npz")


def quantised(stored: NDArray[np.int16], scale: int) -> NDArray[np.float32]:
    return stored.astype(np.float32) / np.float32(scale)


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of a decoder, for parametrising a test."""
    return fixture(f"decode_{name}")["cases"]


def value(name: str, shape: Iterable[int], scale: float, *, is_norm: bool = False) -> NDArray[Any]:
    """One state entry: its name seeds the numbers, its last part and its rank choose their spread."""
    leaf, size = name.rsplit(".", 1)[-1], tuple(shape)
    if leaf == "num_batches_tracked":
        return np.zeros(size, np.int64)
    x = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(size)
    if leaf == "running_var":
        x = 1 + 0.1 * np.abs(x)
    elif is_norm or (leaf.endswith("weight") and len(size) < 2):
        x = 1 + 0.1 * x
    elif leaf.endswith("weight"):
        x = x * (scale * np.sqrt(1 / np.prod(size[1:])))
    else:
        x = 0.1 * x
    return np.asarray(x).astype(np.float32)


def state(numbers: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The original's state under its own names, without the constants that it makes itself."""
    roles = numbers.get("role_overrides", {})
    return {
        name: torch.from_numpy(value(name, shape, numbers["conv_scale"], is_norm=name in roles))
        for name, shape in numbers["state"]
        if name not in numbers["kept_buffers"]
    }


def network_input(shape: Iterable[int], seed: int = 7) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(tuple(shape)).astype(np.float32))


class Gap(NamedTuple):
    """How far one output lies from the original's: the largest difference, and the rounding floor."""

    output: str
    error: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.error / self.floor


def gaps(numbers: Mapping[str, Any], outputs: Mapping[str, torch.Tensor]) -> Iterator[Gap]:
    """Every recorded output against ours, at the recorded positions and whole where it is stored whole."""
    archive = FOLDER / f"{numbers['name']}.npz"
    whole = np.load(archive) if archive.exists() else {}
    for wanted in numbers["outputs"]:
        ours = outputs[wanted["name"]].detach().numpy()
        assert list(ours.shape) == wanted["shape"], wanted["name"]
        positions, values = np.array(wanted["samples"]).T
        error = float(np.abs(ours.reshape(-1)[positions.astype(int)] - values).max())
        if wanted["name"] in whole:
            error = max(error, float(np.abs(ours - whole[wanted["name"]]).max()))
        # A value printed with eight digits, or an output without rounding, is still only so exact.
        floor = max(wanted["max_abs_diff_f32_f64"], wanted["absmax"] * 1e-8)
        yield Gap(wanted["name"], error, floor)
