"""The story: two photos in, one draped picture and its report out. Start reading here."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from flixpose import __version__
from flixpose.errors import UnknownPreset
from flixpose.fit.order import layer_of, together
from flixpose.fit.remembered import nothing_written
from flixpose.fit.rig import Rig
from flixpose.fit.rig import Tuck as RigTuck
from flixpose.fit.verdict import Rule
from flixpose.garment.kinds import group
from flixpose.geometry.threads import at_once, drawing, gathered
from flixpose.imaging.decode import Limits, decode_image
from flixpose.imaging.encode import find_source_type
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore, GarmentReader, PoseEstimator
from flixpose.stages.composite import cloth_of, composite
from flixpose.stages.estimate_pose import estimate_pose
from flixpose.stages.inspect_garment import inspect_garment
from flixpose.stages.layers import layer_files
from flixpose.stages.measure import Drawn, measure
from flixpose.stages.plan_targets import plan_targets
from flixpose.stages.render import Preset, Rendered, render
from flixpose.stages.report import report
from flixpose.stages.solve_warps import solve_warps
from flixpose.structures.drape import Drape
from flixpose.structures.found import NOTHING_GIVEN, Garment, Given, ModelInfo, Pose
from flixpose.structures.image import Image, Mask
from flixpose.structures.job import Artifact, Job, Light, Result, Tuck


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


@dataclass(frozen=True)
class Photos:
    """The files of a job's photos, as they were fetched.

    Attributes:
        milliseconds: that fetching took.
        more: of further products.
        images: all of them decoded, where that was done before; else none.
        spent: milliseconds that stages took before, on behalf of this job.
    """

    person: bytes
    product: bytes
    milliseconds: float = 0.0
    more: tuple[bytes, ...] = ()
    images: tuple[Image, ...] = ()
    spent: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Wear:
    """A garment to be worn, and what is told of it; None = found by the reader."""

    product: Image
    kind: str | None = None
    view: str | None = None
    given: Given = NOTHING_GIVEN


@dataclass(frozen=True)
class Look:
    """How garments are to be worn; see `Job`."""

    light: Light = "scene"
    tuck: Tuck = "auto"


def drape(
    person: Image,
    product: Image,
    tools: Tools,
    *,
    kind: str | None = None,
    view: str | None = None,
    light: Light = "scene",
    tuck: Tuck = "auto",
    given: Given = NOTHING_GIVEN,
) -> Drape:
    """Drape the product on the person; touches no disk and no network.

    Args:
        light, tuck: see `Job`.
        given: points of a human's, in place of the models'.

    Raises:
        NoPerson, NoGarment, UnknownKind, ViewMismatch, MissingKeypoint, MissingLandmark, DegenerateWarp.
    """
    return drape_all(person, [Wear(product, kind, view, given)], tools, Look(light, tuck))


def drape_all(person: Image, wears: Sequence[Wear], tools: Tools, look: Look = Look()) -> Drape:
    """Drape all garments, lower before upper before outwear; the first listed is the drape's own.

    Raises: as `drape`.
    """
    clock = _Clock()
    with clock("pose"):
        people = tuple(estimate_pose(person, tools.poses, wears[0].given))
    with clock("garment"):
        garments = [
            inspect_garment(wear.product, tools.garments, wear.kind, wear.view, wear.given.garment)
            for wear in wears
        ]
    order = sorted(range(len(wears)), key=lambda n: layer_of(garments[n].kind))
    done: dict[int, Drape] = {}
    ground = Ground(person, people[0].mask)
    for number in order:
        product = wears[number].product
        with drawing(), nothing_written():
            one = _drape_one(ground, people, product, garments[number], tools, look, clock)
        done[number] = one
        ground = Ground(replace(person, pixels=done[number].picture), done[number].person_mask)
    return together([done[number] for number in order], done[0])


# What was asked for in the rigs' words; None: as the garment's rig has it.
_TUCKS: Mapping[Tuck, RigTuck | None] = {"auto": None, "in": "in", "out": "over"}


def _tuck_for(garment: Garment, look: Look) -> Tuck:
    """What was asked for is asked of tops; trousers, dresses and coats go as their rigs have it."""
    tops = group(garment.kind) == "upper" and not garment.kind.endswith("outwear")
    return look.tuck if tops else "auto"


@dataclass(frozen=True, eq=False)
class Ground:
    """What a garment is laid on: the person image with the garments below, and the person's mask on it."""

    image: Image
    mask: Mask | None


def _drape_one(
    ground: Ground,
    people: tuple[Pose, ...],
    product: Image,
    garment: Garment,
    tools: Tools,
    look: Look,
    clock: "_Clock",
) -> Drape:
    """One garment on the person image and what is worn on it already."""
    pose, person = replace(people[0], mask=ground.mask), ground.image
    tuck = _tuck_for(garment, look)
    with clock("plan"):
        plan, cloth = at_once(
            lambda: plan_targets(person, product, pose, garment, tools.rigs, _TUCKS[tuck]),
            lambda: cloth_of(garment, product),
        )
    with clock("warp"):
        parts = solve_warps(plan.layout)
    with clock("composite"):
        drawn = composite(person, cloth, garment, plan, parts, pose.mask, look.light)
    with clock("measure"):
        seen = Drawn(person, product, pose, garment, plan, parts, drawn, look.light, tuck)
        quality = measure(seen, tools.rules)
    return Drape(
        person=person,
        product=product,
        pose=pose,
        others=people[1:],
        garment=garment,
        parts=parts,
        picture=drawn.picture,
        ground=drawn.ground,
        garment_layer=drawn.layer,
        visible=drawn.visible,
        person_mask=drawn.person_mask,
        changed=drawn.changed,
        painted=drawn.painted,
        old_garment=drawn.old_garment,
        shadow=drawn.shadow,
        light=look.light,
        quality=quality,
        models=_models(tools, pose, garment),
        milliseconds=clock.milliseconds,
        guessed=drawn.guessed,
    )


def run(job: Job, tools: Tools, *, layers: bool = False) -> Result:
    """Fetch both photos, drape, render, upload; the caller records the result.

    The objects' keys derive from content and settings alone: the same job writes the same objects again.

    Raises:
        FlixposeError: its code says what was wrong and whether a retry helps.
    """
    return make(job, fetch(job, tools), tools, layers=layers)


def fetch(job: Job, tools: Tools) -> Photos:
    """The job's two files.

    Raises:
        UnknownPreset, MissingInput, ForbiddenUri, ImageTooLarge, StoreUnavailable.
    """
    _preset(tools, job.preset)
    clock = _Clock()
    with clock("fetch"):
        limit = tools.limits.max_bytes
        person, product, *more = (tools.blobs.read(uri, max_bytes=limit) for uri in job.photos)
    return Photos(person, product, clock.milliseconds["fetch"], tuple(more))


@dataclass(frozen=True, eq=False)
class Draft:
    """A picture that is drawn, and neither encoded nor written.

    Attributes:
        prefix: the folder of its objects.
        milliseconds: per stage, of what came before the drape.
    """

    job: Job
    photos: Photos
    draped: Drape
    prefix: str
    milliseconds: Mapping[str, float]


def make(
    job: Job, photos: Photos, tools: Tools, *, layers: bool = False, given: Given = NOTHING_GIVEN
) -> Result:
    """Drape, render, upload what was fetched.

    Raises:
        FlixposeError: its code says what was wrong and whether a retry helps.
    """
    return write(draw(job, photos, tools, given=given), tools, layers=layers)


def draw(job: Job, photos: Photos, tools: Tools, *, given: Given = NOTHING_GIVEN) -> Draft:
    """Drape what was fetched. Raises as `make`."""
    clock = _Clock(dict(photos.spent))
    with clock("decode"):
        person, *products = photos.images or decode_photos(job, photos, tools)
    told = [(job.kind, job.view, given), *((other.kind, other.view, NOTHING_GIVEN) for other in job.more)]
    wears = [Wear(product, *about) for product, about in zip(products, told, strict=True)]
    draped = drape_all(person, wears, tools, Look(job.light, job.tuck))
    prefix = result_prefix(result_key(job, photos, tools, given))
    return Draft(job, photos, draped, prefix, {"fetch": photos.milliseconds, **clock.milliseconds})


def decode_photos(job: Job, photos: Photos, tools: Tools) -> tuple[Image, ...]:
    """In the order of `Job.photos`. Raises UnreadableImage, ImageTooLarge, ImageTooSmall."""
    files, limits = (photos.person, photos.product, *photos.more), tools.limits
    named = list(zip(files, job.photos, strict=True))
    return tuple(
        gathered(lambda one: decode_image(one[0], name=one[1].rsplit("/", 1)[-1], limits=limits), named)
    )


def write(draft: Draft, tools: Tools, *, layers: bool = False) -> Result:
    """Render and upload what was drawn; in another thread, if one likes. Raises StoreUnavailable."""
    draped, photos = draft.draped, draft.photos
    preset = _preset(tools, draft.job.preset)
    clock = _Clock(dict(draft.milliseconds))
    with clock("render"):
        source_type = find_source_type(photos.person) or find_source_type(photos.product)
        rendered = render_drape(draped, preset, source_type=source_type)
        files = result_files(draped, rendered, layers=layers)
    with clock("upload"):
        artifacts = tuple(_upload(tools.blobs, draft.prefix, name, data) for name, data in files.items())
    told = full_report(draped, rendered, draft.job, clock.milliseconds)
    return Result(draft.job, artifacts, draped.quality, told)


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
    both = milliseconds, draped.milliseconds
    stages = dict.fromkeys([*milliseconds, *draped.milliseconds])
    took = {stage: sum(some.get(stage, 0.0) for some in both) for stage in stages}
    return {
        "job": asdict(job),
        **report(draped),
        "output": _output(rendered),
        "milliseconds": {stage: round(value, 2) for stage, value in took.items()},
    }


def result_key(job: Job, photos: Photos, tools: Tools, given: Given = NOTHING_GIVEN) -> str:
    """One hash (hex) over everything that decides a job's objects, known before anything is computed."""
    decides = (
        sha256_hex(photos.person),
        sha256_hex(photos.product),
        [sha256_hex(photo) for photo in photos.more],
        job.decides(),
        given.to_json(),
        [model.to_json() for model in (*tools.poses.models, tools.garments.model)],
        tools.config_digest,
        __version__,
    )
    return sha256_hex(json.dumps(decides, sort_keys=True).encode())


def result_prefix(key: str) -> str:
    """The folder of the objects of a `result_key`."""
    return f"results/{key[:2]}/{key}"


_MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "psd": "image/vnd.adobe.photoshop",
    "json": "application/json",
}


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


@dataclass
class _Clock:
    """Milliseconds per stage, all its turns together."""

    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        took = (time.perf_counter() - start) * 1000
        self.milliseconds[stage] = self.milliseconds.get(stage, 0.0) + took
