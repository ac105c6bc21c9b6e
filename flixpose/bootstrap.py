"""The only place that wires: settings in, tools out."""

import hashlib
from pathlib import Path

from flixpose import pose, resources
from flixpose.adapters.memo import RememberedGarments, RememberedPoses
from flixpose.adapters.microbatch import MicroBatchedGarments, MicroBatchedPoses
from flixpose.adapters.stores import open_store
from flixpose.adapters.weights import WeightsCache
from flixpose.fit.rig import load_rigs
from flixpose.fit.verdict import load_rules
from flixpose.imaging.decode import Limits
from flixpose.models import GARMENT_NET
from flixpose.pipeline import Tools
from flixpose.ports import GarmentReader, PoseEstimator
from flixpose.settings import Settings
from flixpose.stages.render import load_presets


def build(settings: Settings, *, store_url: str | None = None, device: str = "cpu") -> Tools:
    """Everything that a drape needs. Nets are loaded when the first photo comes.

    Args:
        store_url: in place of the settings' own.
        device: where torch's nets run.

    Raises:
        BadSettings: a file below configs/ is broken.
    """

    def load_poses() -> PoseEstimator:
        from flixpose.pose.details import with_details

        weights = WeightsCache(settings.home)
        return with_details(MicroBatchedPoses(pose.load(pose.DEFAULT, weights, flip=True)), weights)

    return Tools(
        poses=RememberedPoses(load_poses),
        garments=RememberedGarments(lambda: MicroBatchedGarments(garment_reader(settings, device))),
        rigs=load_rigs(resources.CONFIGS / "rigs"),
        rules=load_rules(resources.CONFIGS / "quality.toml"),
        presets=load_presets(resources.CONFIGS / "presets"),
        blobs=open_store(store_url or settings.store_url, settings),
        limits=Limits(max_megapixels=settings.max_megapixels, max_file_mb=settings.max_file_mb),
        config_digest=digest_of(resources.CONFIGS),
    )


def garment_reader(settings: Settings, device: str = "cpu") -> GarmentReader:
    """Eyes for clothes, on a device of torch's. Raises WeightsDamaged."""
    from flixpose.garment.net_reader import load_reader

    model = GARMENT_NET.info
    return load_reader(WeightsCache(settings.home).path(model.name), model, device)


def digest_of(folder: Path) -> str:
    """One hash over the folder's TOML files, names and contents: other numbers, other results.

    Recipes are left out: how a net was trained is told by the SHA-256 of its weights.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.toml")):
        if path.is_relative_to(folder / "recipes"):
            continue
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()
