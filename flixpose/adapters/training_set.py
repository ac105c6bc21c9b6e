"""What people corrected, with the photos, as a folder to train from: `annotations.json` (COCO) and `images/`.

Photos are named by their content, so that an export that was stopped goes on where it was. A garment also
has its view and, where the store keeps it, the mask that the model saw (nobody corrects masks).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, select

from flixpose.adapters.audit import PointSet, read_sets
from flixpose.adapters.coco import coco_keypoints
from flixpose.adapters.database import Database
from flixpose.adapters.kept import kept_mask
from flixpose.adapters.photos import photo_name, photo_names
from flixpose.adapters.sets import MODEL
from flixpose.adapters.tables import analyses, drapes, items, keypoint_sets
from flixpose.adapters.transitions import chunks
from flixpose.adapters.weights import file_sha256
from flixpose.errors import FlixposeError, MissingInput
from flixpose.imaging.decode import read_image
from flixpose.imaging.files import sha256_hex, write_atomic
from flixpose.ports import BlobStore
from flixpose.structures.image import Mask

ANNOTATIONS, IMAGES = "annotations.json", "images"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Exported:
    """What lies in the folder now.

    Attributes:
        fetched, kept: photos written now, and there already.
        failures: (photo's URI, failure) of photos that are not to be had; their sets are left out.
    """

    annotations: int
    fetched: int
    kept: int
    failures: tuple[tuple[str, FlixposeError], ...]


def corrected_sets(
    database: Database, subjects: Sequence[str], *, batch_id: str | None = None
) -> Iterator[PointSet]:
    """The newest words of humans: sets that no human corrected further, the oldest first.

    Args:
        subjects: of "person", "garment".
        batch_id: only sets that the batch's items were or are to be draped with.
    """
    child = keypoint_sets.alias("child")
    corrected = select(child.c.id).where(child.c.parent_id == keypoint_sets.c.id, child.c.author != MODEL)
    asked: list[ColumnElement[bool]] = [
        keypoint_sets.c.author != MODEL,
        keypoint_sets.c.subject.in_(subjects),
        ~corrected.exists(),
    ]
    if batch_id is not None:
        asked.append(keypoint_sets.c.id.in_(_sets_of(batch_id)))
    order = (keypoint_sets.c.created_at, keypoint_sets.c.id)
    with database.transaction(write=False) as connection:
        ids = connection.scalars(select(keypoint_sets.c.id).where(*asked).order_by(*order)).all()
        for page in chunks(ids, _PAGE):
            yield from read_sets(connection, page)


def garment_masks(database: Database, sets: Sequence[PointSet]) -> dict[str, Mapping[str, str]]:
    """Where the store keeps the mask of a garment (key, sha256), by its set's id: the newest of its kind."""
    wanted = [found for found in sets if found.subject == "garment"]
    kept: dict[tuple[str, str], Mapping[str, str]] = {}
    with database.transaction(write=False) as connection:
        for page in chunks(sorted({found.image["sha256"] for found in wanted}), _PAGE):
            told = select(analyses.c.image_sha256, analyses.c.found)
            rows = told.where(analyses.c.image_sha256.in_(page)).order_by(analyses.c.created_at)
            for sha256, found in connection.execute(rows):
                if isinstance(found, dict) and found.get("mask") and "kind" in found:
                    kept[sha256, found["kind"]] = found["mask"]
    keys = {found.id: (found.image["sha256"], found.points.skeleton.name) for found in wanted}
    return {id_: kept[key] for id_, key in keys.items() if key in kept}


def export_corrected(
    sets: Sequence[PointSet],
    blobs: BlobStore,
    out: Path,
    subjects: Sequence[str],
    *,
    max_bytes: int,
    masks: Mapping[str, Mapping[str, str]] | None = None,
    report: Callable[[int, str], None] = lambda done, note: None,
) -> Exported:
    """Write the sets and their photos into the folder; what is there and whole is kept.

    Args:
        masks: as `garment_masks` gives them.

    Raises:
        OutputUnwritable, DatabaseUnavailable.
        StoreUnavailable: the store does not answer; started again, the export goes on.
    """
    names: dict[str, str] = {}
    failures: dict[str, tuple[str, FlixposeError]] = {}
    fetched = 0
    for done, found in enumerate(sets, 1):
        sha256, uri = found.image["sha256"], found.image["uri"]
        if sha256 not in names and sha256 not in failures:
            try:
                names[sha256], new = _photo(sha256, uri, blobs, out / IMAGES, max_bytes)
                fetched += new
            except FlixposeError as failure:
                if failure.retry or failure.code == "output_unwritable":
                    raise
                failures[sha256] = uri, failure
        report(done, uri.rsplit("/", 1)[-1])
    told = [_named(found, names) for found in sets if found.image["sha256"] in names]
    coco = coco_keypoints(told, what=subjects)
    for annotation, found in zip(coco["annotations"], told, strict=True):
        if found.subject == "garment":
            annotation["view"] = found.view
            if kept := (masks or {}).get(found.id):
                annotation["segmentation"] = _segmentation(
                    kept, blobs, out / IMAGES / found.image["file_name"]
                )
    write_atomic(out / ANNOTATIONS, (json.dumps(coco) + "\n").encode())
    return Exported(len(told), fetched, len(names) - fetched, tuple(failures.values()))


def _photo(sha256: str, uri: str, blobs: BlobStore, folder: Path, max_bytes: int) -> tuple[str, bool]:
    """(file name, whether it was fetched now)."""
    for path in (folder / name for name in photo_names(sha256)):
        if path.is_file() and file_sha256(path) == sha256:
            return path.name, False
    if not uri:
        raise MissingInput(f"Nobody knows where the photo {sha256} lies.", subject=sha256)
    data = blobs.read(uri, max_bytes=max_bytes)
    if sha256_hex(data) != sha256:
        raise MissingInput(f"{uri} is no longer the photo that was corrected.", subject=uri)
    name = photo_name(data, uri)
    write_atomic(folder / name, data)
    return name, True


def _segmentation(kept: Mapping[str, str], blobs: BlobStore, photo: Path) -> "dict[str, Any] | list[Any]":
    """COCO's; empty where the mask is gone from the store."""
    try:
        return run_lengths(kept_mask(blobs, kept, read_image(photo)))
    except MissingInput:
        return []


def run_lengths(mask: Mask) -> dict[str, Any]:
    """COCO's uncompressed run lengths, column by column, outside first; inside is more than half covered."""
    inside = (mask.alpha > 127).ravel(order="F")
    changes = np.flatnonzero(np.diff(inside, prepend=False))
    counts = np.diff(changes, prepend=0, append=inside.size)
    return {"size": list(mask.alpha.shape), "counts": counts.tolist()}


def _named(found: PointSet, names: dict[str, str]) -> PointSet:
    return replace(found, image={**found.image, "file_name": names[found.image["sha256"]]})


def _sets_of(batch_id: str) -> "ColumnElement[str]":
    """Ids of the sets that the batch's items were or are to be draped with."""
    parts = [
        select(column).where(items.c.batch_id == batch_id)
        for column in (items.c.person_set_id, items.c.garment_set_id)
    ] + [
        select(column).join(items, items.c.id == drapes.c.item_id).where(items.c.batch_id == batch_id)
        for column in (drapes.c.person_set_id, drapes.c.garment_set_id)
    ]
    return parts[0].union(*parts[1:])  # type: ignore[return-value]
