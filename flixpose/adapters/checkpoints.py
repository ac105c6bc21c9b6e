"""Published checkpoints → weights of our own: checked name by name, their licence written down."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from flixpose.adapters.weights import file_sha256
from flixpose.errors import MissingInput, OutputUnwritable, UsageError
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.pose import FAMILIES, resolve
from flixpose.pose.nets import checkpoint, tflite
from flixpose.pose.nets.weights import INFO, mismatch
from flixpose.structures.found import ModelInfo

# Licences of the weights that each family's authors publish. Code is our own in every case.
OWN = "your own"  # nobody publishes weights of these nets: whoever imports some has trained them
PERMISSIVE = ("Apache-2.0", "MIT", "BSD-3-Clause", OWN)
_TRIAL_S = 60

_UNPUBLISHED = {("alphapose", "sstn")}  # sizes of which nobody publishes weights

LICENCES = {
    "simple_baseline": "MIT",
    "hrnet": "MIT",
    "cpn": "GPL-3.0",
    "vitpose": "Apache-2.0",
    "rtmpose": "Apache-2.0",
    "deeppose": "Apache-2.0",
    "fastpose": "AlphaPose-non-commercial",
    "alphapose": "AlphaPose-non-commercial",
    "poseted": OWN,
    "openpose": "OpenPose-non-commercial",
    "openpose_hand": "OpenPose-non-commercial",
    "openpose_face": "OpenPose-non-commercial",
    "lightweight_openpose": "Apache-2.0",
    "deepcut": OWN,
    "higherhrnet": "MIT",
    "dekr": "MIT",
    "centernet": "MIT",
    "keypoint_rcnn": "BSD-3-Clause",
    "kapao": "GPL-3.0",
    "yolo_pose": "AGPL-3.0",
    "detrpose": "Apache-2.0",
    "rtmo": "Apache-2.0",
    "posenet": "Apache-2.0",
    "movenet": "Apache-2.0",
}


class LicenceRefused(UsageError):
    code = "licence_refused"
    remedy = "Read the licence; if you may use the weights under it, add --accept-licence with its name."


def import_checkpoint(
    name: str, file: Path, folder: Path, *, accepted: str | None = None
) -> tuple[Path, ModelInfo]:
    """Read a published checkpoint and write it under `folder` for `flixpose.pose.load(name)`.

    Args:
        name: a family, or a family and a size such as "kapao-m".
        accepted: the licence's name, for weights that may not be used for everything.

    Raises:
        UsageError: no such family, or its files come with flixpose.
        LicenceRefused, MissingInput, BadCheckpoint, OutputUnwritable.
    """
    family, size = resolve(name)
    if family not in LICENCES:
        raise UsageError(f"{family} needs no import: `flixpose models pull` fetches its files.", subject=name)
    licence = OWN if (family, size.partition("-")[0]) in _UNPUBLISHED else LICENCES[family]
    if licence not in PERMISSIVE and accepted != licence:
        raise LicenceRefused(f"the published weights of {family} are under {licence}.", subject=family)
    if not file.is_file():
        raise MissingInput(f"there is no file {file}.", subject=str(file))
    if FAMILIES[family].is_file:
        size, state = _kept_as_it_is(family, name.partition("-")[2] or None, file)
    else:
        state = _fitted(family, size, file)
    info = ModelInfo(
        name=f"{family}-{size}",
        version=file_sha256(file)[:12],
        task="keypoints of people",
        licence=licence,
        origin=f"{file.name} (sha256 {file_sha256(file)})",
        sha256=_digest(state),
    )
    path = folder / f"{info.name}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, save(state, metadata={INFO: json.dumps(info.to_json())}))
    except OSError as failure:
        raise OutputUnwritable(f"cannot write {path}: {failure}.", subject=str(path)) from failure
    return path, info


def _digest(state: dict[str, Tensor]) -> str:
    """Of the tensors alone, so that the same weights have the same name wherever they came from."""
    return sha256_hex(save(state))


def _kept_as_it_is(family: str, size: str | None, file: Path) -> tuple[str, dict[str, Tensor]]:
    """The size and state of a LiteRT model, which tells its size by itself."""
    nets = importlib.import_module(FAMILIES[family].module).nets
    try:
        found: tuple[str, dict[str, Tensor]] = nets.state_of(file.read_bytes(), size)
    except tflite.BadModel as failure:
        raise checkpoint.BadCheckpoint(f"{file.name}: {failure}.", subject=file.name) from failure
    _try(file, nets.picture_of(file.read_bytes()))
    return found


def _try(file: Path, picture: tuple[int, int]) -> None:
    """Run a model once, in a process that it may bring down. Args: picture: (width, height)."""
    width, height = picture
    command = [sys.executable, "-m", "flixpose.pose.nets.litert_trial", str(file), str(height), str(width)]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=_TRIAL_S, check=False)
    except subprocess.TimeoutExpired as failure:
        raise checkpoint.BadCheckpoint(
            f"{file.name} does not end in {_TRIAL_S} s.", subject=file.name
        ) from failure
    if trial.returncode:
        how = "refuses it" if trial.returncode > 0 else "crashes on it"
        raise checkpoint.BadCheckpoint(f"{file.name} cannot be run: LiteRT {how}.", subject=file.name)


def _fitted(family: str, size: str, file: Path) -> dict[str, Tensor]:
    with torch.device("meta"):
        net: nn.Module = importlib.import_module(FAMILIES[family].module).nets.build(size)
    wanted = net.state_dict()
    found = renamed(checkpoint.read(file), list(wanted))
    for name, tensor in wanted.items():
        if name not in found and name.endswith("num_batches_tracked"):
            found[name] = torch.zeros(tensor.shape, dtype=tensor.dtype)
    state = {
        name: found[name].to(tensor.dtype).contiguous() for name, tensor in wanted.items() if name in found
    }
    if fault := mismatch(net, state):
        raise checkpoint.BadCheckpoint(f"{file.name} is not {family}-{size}: {fault}.", subject=file.name)
    if not all(torch.isfinite(tensor).all() for tensor in state.values() if tensor.is_floating_point()):
        raise checkpoint.BadCheckpoint(f"{file.name} holds numbers that are not finite.", subject=file.name)
    return state


def renamed(state: dict[str, Tensor], wanted: list[str]) -> dict[str, Tensor]:
    """The state under the wanted names: as they are, without a prefix, or with ours before them."""
    for prefix in ("", "module.", "model.", "backbone.", "net."):
        stripped = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
        if len(set(stripped) & set(wanted)) * 2 > len(wanted):
            return stripped
    tails: dict[str, list[str]] = {}
    for name in wanted:
        tails.setdefault(name.split(".", 1)[-1], []).append(name)
    return {
        tails[name][0] if len(tails.get(name, ())) == 1 else name: tensor for name, tensor in state.items()
    }
