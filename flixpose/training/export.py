"""From a checkpoint to the weights that are served: the averaged net in half precision."""

import json
from pathlib import Path

import torch
from safetensors.torch import save

from flixpose.garment.net import GarmentNet
from flixpose.imaging.files import write_atomic


def export(net: GarmentNet, path: Path, *, facts: dict[str, str]) -> None:
    """Write safetensors; the shape and `facts` (recipe, step, ...) travel in its metadata."""
    halves = {
        name: value.to(torch.float16) if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }
    metadata = {"shape": json.dumps(net.shape.to_json()), **facts}
    write_atomic(path, save({name: value.contiguous() for name, value in halves.items()}, metadata))
