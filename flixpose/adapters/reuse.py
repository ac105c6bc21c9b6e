"""Results that are there already: the same job on the same photos, done in an earlier batch of this store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flixpose.adapters.items import item_rows
from flixpose.adapters.jobs import JobStore
from flixpose.errors import FlixposeError, StoreUnavailable
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore
from flixpose.structures.job import Artifact, Figure, Job, Quality, Reason, Result


def find_result(
    job: Job, batch_ids: Sequence[str], store: JobStore, blobs: BlobStore, *, max_bytes: int
) -> Result | None:
    """The newest result of the very same job, if both photos are unchanged and every object is still whole.

    Args:
        batch_ids: batches draped with the same settings, the newest last.
        max_bytes: the largest photo that may be read.
    """
    if job.more or job.person_set or job.garment_set:  # corrected since, or of more photos
        return None
    for batch_id in reversed(batch_ids):
        for row in item_rows(store.database, batch_id, ref=job.ref):
            if row.job == job and row.artifacts:
                try:
                    return _result(job, row.artifacts, blobs, max_bytes)
                except FlixposeError:
                    return None  # a photo or an object is gone or different: a job like any other
    return None


def _result(job: Job, artifacts: tuple[Artifact, ...], blobs: BlobStore, max_bytes: int) -> Result | None:
    contents = {artifact.name: _whole(artifact, blobs) for artifact in artifacts}
    report = json.loads(contents["report.json"])
    for name, uri in (("person", job.person), ("product", job.product)):
        if sha256_hex(blobs.read(uri, max_bytes=max_bytes)) != report["inputs"][name]["sha256"]:
            return None
    return Result(
        job,
        artifacts,
        quality_from_json(report["quality"]),
        {"job": asdict(job), **report, "milliseconds": {}},
    )


def _whole(artifact: Artifact, blobs: BlobStore) -> bytes:
    data = blobs.get(artifact.key)
    if sha256_hex(data) != artifact.sha256:
        raise StoreUnavailable(f"{artifact.key} holds other bytes than were recorded.", subject=artifact.key)
    return data


def quality_from_json(found: Mapping[str, Any]) -> Quality:
    """`Quality.to_json` read back."""
    figures = tuple(Figure(name, said["value"], said["unit"]) for name, said in found["figures"].items())
    reasons = tuple(Reason(**reason) for reason in found["reasons"])
    return Quality(figures, found["verdict"], reasons)
