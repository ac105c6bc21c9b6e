"""`pipeline.run` with a memory: points that humans gave are used, and no picture is made twice.

What decides a picture is known as soon as its two photos are fetched. If it was made before, by whatever
worker and for whatever batch, and every object is still whole, then its objects, report and verdict are used
again. Two workers that come to the same picture at once wait for each other.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select

from flixpose import __version__, pipeline
from flixpose.adapters.analyses import KeptPoses
from flixpose.adapters.corrections import load_given
from flixpose.adapters.database import Database, ago, upsert
from flixpose.adapters.locks import locked
from flixpose.adapters.memo import RememberedPoses
from flixpose.adapters.reuse import quality_from_json
from flixpose.adapters.sets import insert_images
from flixpose.adapters.tables import results
from flixpose.errors import MissingInput
from flixpose.imaging.files import sha256_hex
from flixpose.pipeline import Tools, result_key, result_prefix
from flixpose.structures.job import Artifact, Job, Result

_WAIT_S = 90.0  # for another worker that makes the same picture


def _nowhere(prefix: str) -> None:
    pass


def _at_once() -> None:
    pass


@dataclass(frozen=True)
class Draper:
    """Makes results from jobs; safe to share between threads.

    Attributes:
        layers: whether the layers are made too.
        note: called with the folder of objects that are used again, before they are looked at.
        flush: called to wait until the store has everything that was put.
    """

    tools: Tools
    database: Database
    layers: bool = False
    note: Callable[[str], None] = _nowhere
    flush: Callable[[], None] = _at_once

    def __call__(self, job: Job) -> Result:
        """The job's result, made now or before.

        Raises:
            FlixposeError: its code says what was wrong and whether a retry helps.
        """
        given = load_given(self.database, job)
        photos = pipeline.fetch(job, self.tools)
        key = result_key(job, photos, self.tools, given)
        name = key if self.layers else sha256_hex(f"{key} without layers".encode())
        known = self._find(name, key, job)
        if known is not None:
            return known
        with locked(self.database, "result", key, wait_s=_WAIT_S):
            known = self._find(name, key, job)
            if known is not None:
                return known
            result = pipeline.make(job, photos, self.tools, layers=self.layers, given=given)
            self.flush()
            self._keep(name, result)
            return result

    def _find(self, name: str, key: str, job: Job) -> Result | None:
        """The result made before, under this job's name; None where there is none, or it is not whole."""
        with self.database.transaction(write=False) as connection:
            kept = connection.scalar(select(results.c.artifacts).where(results.c.key == name))
        if kept is None:
            return None
        self.note(result_prefix(key))
        artifacts = tuple(Artifact(**artifact) for artifact in kept)
        if not all(self.tools.blobs.holds(a.key, sha256=a.sha256, size=a.size) for a in artifacts):
            return None
        try:
            report = next(self.tools.blobs.get(a.key) for a in artifacts if a.name == "report.json")
        except MissingInput:  # taken away just now
            return None
        return _reused(job, artifacts, json.loads(report))

    def _keep(self, name: str, result: Result) -> None:
        inputs, job = result.report["inputs"], result.job
        uris = {"person": job.person, "product": job.product}
        values = {
            "key": name,
            **{f"{subject}_sha256": inputs[subject]["sha256"] for subject in uris},
            "artifacts": [asdict(artifact) for artifact in result.artifacts],
            "software": __version__,
            "created_at": ago(0),
        }
        photos = [
            {**{name: inputs[subject][name] for name in ("sha256", "width", "height")}, "uri": uri}
            for subject, uri in uris.items()
        ]

        def work(connection: Any) -> None:
            insert_images(connection, photos)
            upsert(connection, results, values, ("artifacts",))

        self.database.run(work)


def with_memory(tools: Tools, database: Database) -> Tools:
    """The same tools, whose eyes for people look at no photo that any process looked at before."""
    return replace(tools, poses=RememberedPoses(lambda: KeptPoses(tools.poses, database, tools.blobs)))


def _reused(job: Job, artifacts: tuple[Artifact, ...], report: Mapping[str, Any]) -> Result:
    told = {"job": asdict(job), **report, "milliseconds": {}}
    return Result(job, artifacts, quality_from_json(report["quality"]), told, reused=True)
