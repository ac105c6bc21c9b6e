"""Weights in a file → in a net: safetensors, read without running anything."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file
from torch import nn

from flixpose.errors import WeightsDamaged
from flixpose.structures.found import ModelInfo

INFO = "model"  # the metadata's key: a JSON object with ModelInfo's fields


def filled(build: Callable[[], nn.Module], path: Path) -> tuple[nn.Module, ModelInfo]:
    """The net with a file's weights, ready to use, and what the file says about itself.

    Raises:
        WeightsDamaged: it cannot be read, or does not hold this net.
    """
    info = info_of(path)
    try:
        state = load_file(path)
    except (OSError, ValueError, safetensors.SafetensorError) as failure:
        raise WeightsDamaged(f"{path.name} cannot be read: {failure}.", subject=path.name) from failure
    with torch.device("meta"):
        net = build()
    if fault := mismatch(net, state):
        raise WeightsDamaged(f"{path.name} does not hold this net: {fault}.", subject=path.name)
    net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False), info


def info_of(path: Path) -> ModelInfo:
    """What a file says about itself. Raises WeightsDamaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return ModelInfo(**json.loads((file.metadata() or {})[INFO]))
    except (OSError, KeyError, TypeError, ValueError, safetensors.SafetensorError) as failure:
        raise WeightsDamaged(f"{path.name} cannot be read: {failure}.", subject=path.name) from failure


def mismatch(net: nn.Module, state: dict[str, torch.Tensor]) -> str:
    """The first thing in which a state differs from what a net wants; empty where nothing does."""
    wanted = net.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            return f"it lacks {name}"
        if state[name].shape != tensor.shape:
            return f"{name} is {tuple(state[name].shape)}, not {tuple(tensor.shape)}"
    extra = sorted(set(state) - set(wanted))
    return f"it has {extra[0]}, which the net has not" if extra else ""


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch on that many CPU threads meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
