"""The story: two photos in, one draped picture and its report out. Start reading here."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from flixpose import __version__
from flixpose.errors import UnknownPreset
from flixpose.fit.rig import Rig
from flixpose.fit.verdict import Rule
from flixpose.imaging.decode import Limits, decode_image
from flixpose.imaging.encode import find_source_type
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore, GarmentReader, PoseEstimator
from flixpose.stages.composite import composite
from flixpose.stages.estimate_pose import estimate_pose
from flixpose.stages.inspect_garment import inspect_garment
from flixpose.stages.layers import layer_files
from flixpose.stages.measure import Drawn, measure
from flixpose.stages.plan_targets import plan_targets
from flixpose.stages.render import Preset, Rendered, render
from flixpose.stages.report import report
from flixpose.stages.solve_warps import solve_warps
from flixpose.structures.drape import Drape
from flixpose.structures.found import Garment, ModelInfo, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Artifact, Job, Result


@dataclass(frozen=True)
class Tools:
    """Everything that a drape needs; made once by `bootstrap.build`."""

    poses: PoseEstimator
    garments: GarmentReader
    rigs: Mapping[str, Rig]
    rules: tuple[Rule, ...]
    presets: Mapping[str, Preset]
    blobs: BlobStore
    limits: Limits
    config_digest: str


def drape(
    person: Image, product: Image, tools: Tools, *, kind: str | None = None, view: str | None = None
) -> Drape:
    """Drape the product on the person; touches no disk and no network.

    Raises:
        NoPerson, NoGarment, UnknownKind, ViewMismatch, MissingKeypoint, MissingLandmark, DegenerateWarp.
    """
    clock = _Clock()
    with clock("pose"):
        pose, *others = estimate_pose(person, tools.poses)
    with clock("garment"):
        garment = inspect_garment(product, tools.garments, kind, view)
    with clock("plan"):
        plan = plan_targets(person, product, pose, garment, tools.rigs)
    with clock("warp"):
        parts = solve_warps(plan.layout)
    with clock("composite"):
        drawn = composite(person, product, garment.mask, plan, parts, pose.mask)
    with clock("measure"):
        seen = Drawn(
            person,
            product,
            pose,
            garment,
            plan,
            parts,
            drawn.picture,
            drawn.layer,
            drawn.visible,
            drawn.changed,
        )
        quality = measure(seen, tools.rules)
    return Drape(
        person=person,
        product=product,
        pose=pose,
        others=tuple(others),
        garment=garment,
        parts=parts,
        picture=drawn.picture,
        garment_layer=drawn.layer,
        visible=drawn.visible,
        person_mask=pose.mask or Mask.full(person.width, person.height),
        changed=drawn.changed,
        quality=quality,
        models=_models(tools, pose, garment),
        milliseconds=clock.milliseconds,
    )


def run(job: Job, tools: Tools, *, layers: bool = False) -> Result:
    """Fetch both photos, drape, render, upload; the caller records the result.

    The objects' keys derive from content and settings alone: the same job writes the same objects again.

    Raises:
        FlixposeError: its code says what was wrong and whether a retry helps.
    """
    preset = _preset(tools, job.preset)
    clock = _Clock()
    with clock("fetch"):
        photos = [
            tools.blobs.read(uri, max_bytes=tools.limits.max_bytes) for uri in (job.person, job.product)
        ]
    with clock("decode"):
        person = decode_image(photos[0], name=_file_name(job.person), limits=tools.limits)
        product = decode_image(photos[1], name=_file_name(job.product), limits=tools.limits)
    draped = drape(person, product, tools, kind=job.kind, view=job.view)
    with clock("render"):
        source_type = find_source_type(photos[0]) or find_source_type(photos[1])
        rendered = render_drape(draped, preset, source_type=source_type)
        files = result_files(draped, rendered, layers=layers)
    with clock("upload"):
        prefix = result_prefix(draped, job, tools)
        artifacts = tuple(_upload(tools.blobs, prefix, name, data) for name, data in files.items())
    return Result(job, artifacts, draped.quality, full_report(draped, rendered, job, clock.milliseconds))


def render_drape(draped: Drape, preset: Preset, *, source_type: str | None = None) -> Rendered:
    """The picture as the preset wants it; person and garment together are its subject.

    Args:
        source_type: IPTC DigitalSourceType that an input declares, which is kept.
    """
    subject = Mask(np.maximum(draped.person_mask.alpha, draped.visible.alpha))
    box = draped.visible.box
    return render(draped.picture, preset, garment_box=box, person_mask=subject, source_type=source_type)


def result_files(draped: Drape, rendered: Rendered, *, layers: bool) -> dict[str, bytes]:
    """File name → bytes of everything that a drape writes; the report comes last.

    The report that is stored tells nothing that differs from run to run.
    """
    stored = {**report(draped), "output": _output(rendered)}
    return {
        f"result.{rendered.extension}": rendered.data,
        **(layer_files(draped) if layers else {}),
        "report.json": json.dumps(stored, indent=1).encode(),
    }


def full_report(
    draped: Drape, rendered: Rendered, job: Job, milliseconds: Mapping[str, float]
) -> dict[str, Any]:
    """The report with what differs from run to run: who asked for it, and the time that each stage took."""
    took = {**milliseconds, **draped.milliseconds}
    return {
        "job": asdict(job),
        **report(draped),
        "output": _output(rendered),
        "milliseconds": {stage: round(value, 2) for stage, value in took.items()},
    }


def result_prefix(draped: Drape, job: Job, tools: Tools) -> str:
    """The folder of a job's objects: named by everything that decides what they hold."""
    decides = (
        draped.person.sha256,
        draped.product.sha256,
        job.kind,
        job.view,
        job.preset,
        draped.pose.model.sha256,
        draped.garment.model.name,
        draped.garment.model.version,
        draped.garment.model.sha256,
        tools.config_digest,
        __version__,
    )
    digest = sha256_hex(json.dumps(decides).encode())
    return f"results/{digest[:2]}/{digest}"


_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "json": "application/json"}


def _upload(blobs: BlobStore, prefix: str, name: str, data: bytes) -> Artifact:
    key, sha256 = f"{prefix}/{name}", sha256_hex(data)
    media_type = _MEDIA_TYPES[name.rsplit(".", 1)[-1]]
    blobs.put(key, data, media_type=media_type, sha256=sha256)
    return Artifact(name, key, media_type, sha256, len(data))


def _output(rendered: Rendered) -> dict[str, Any]:
    """How the file came from the draped picture, and what the preset wanted but could not get."""
    return {
        "width": rendered.width,
        "height": rendered.height,
        "media_type": rendered.media_type,
        "frame": rendered.frame.to_json(),
        "scale": round(rendered.scale, 6),
        "shortfalls": list(rendered.shortfalls),
    }


def _models(tools: Tools, pose: Pose, garment: Garment) -> tuple[ModelInfo, ...]:
    others = tuple(model for model in tools.poses.models if model != pose.model)
    return (pose.model, garment.model, *others)


def _preset(tools: Tools, name: str) -> Preset:
    if name not in tools.presets:
        raise UnknownPreset(
            f"{name!r} is no preset; there are {', '.join(sorted(tools.presets))}.", subject=name
        )
    return tools.presets[name]


def _file_name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


@dataclass
class _Clock:
    """Milliseconds per stage."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.milliseconds[stage] = (time.perf_counter() - start) * 1000
