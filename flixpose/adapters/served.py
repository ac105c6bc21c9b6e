"""`pipeline.run` with a memory: points that humans gave are used, and no picture is made twice.

What decides a picture is known as soon as its two photos are fetched. If it was made before, by whatever
worker and for whatever batch, and every object is still whole, then its objects, report and verdict are used
again. Two workers that come to the same picture at once wait for each other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from sqlalchemy import select

from flixpose import __version__, pipeline
from flixpose.adapters.ahead import Ahead, Coming
from flixpose.adapters.analyses import KeptPoses
from flixpose.adapters.corrections import load_given
from flixpose.adapters.database import Database, ago, upsert
from flixpose.adapters.kept import in_threads
from flixpose.adapters.kept_garments import KeptGarments
from flixpose.adapters.locks import locked
from flixpose.adapters.memo import RememberedGarments, RememberedPoses
from flixpose.adapters.reuse import quality_from_json
from flixpose.adapters.sets import insert_images
from flixpose.adapters.tables import results
from flixpose.errors import DatabaseUnavailable, FlixposeError, MissingInput
from flixpose.imaging.files import sha256_hex
from flixpose.pipeline import Tools, result_key, result_prefix
from flixpose.structures.job import Artifact, Job, Result

_WAIT_S = 90.0  # for another worker that makes the same picture


def _nowhere(prefix: str) -> None:
    pass


def _at_once() -> None:
    pass


class Draper:
    """Makes results from jobs. Safe to share between threads, but for `ahead`.

    Args:
        layers: whether the layers are made too.
        note: called with the folder of objects that are used again, before they are looked at.
        flush: called to wait until the store has everything that was put.
    """

    window = 8  # jobs that are looked at together

    def __init__(
        self,
        tools: Tools,
        database: Database,
        *,
        layers: bool = False,
        note: Callable[[str], None] = _nowhere,
        flush: Callable[[], None] = _at_once,
    ) -> None:
        self.tools = tools
        self.database = database
        self.layers = layers
        self._note = note
        self._flush = flush
        self._ahead = Ahead(tools)

    def __call__(self, job: Job) -> Result:
        """The job's result, made now or before.

        Raises:
            FlixposeError: its code says what was wrong and whether a retry helps.
        """
        return self.draw(job)()

    def ahead(self, jobs: Sequence[Job]) -> None:
        """Look at the photos of the jobs that are drawn next, all together; nothing is told of failures.

        Raises: DatabaseUnavailable.
        """
        self._ahead.look([one for one in in_threads(self._coming, jobs) if one is not None])

    def draw(self, job: Job) -> Callable[[], Result]:
        """Draw the picture; what is given back writes it and gives the result, in whatever thread.

        It must be called: until then other workers wait for this picture.

        Raises:
            FlixposeError: as its second half may, too.
        """
        given = load_given(self.database, job)
        photos = pipeline.fetch(job, self.tools)
        key = result_key(job, photos, self.tools, given)
        name = self._name(key)
        known = self._find(name, key, job)
        if known is not None:
            return partial(_same, known)
        with ExitStack() as alone:
            alone.enter_context(locked(self.database, "result", key, wait_s=_WAIT_S))
            known = self._find(name, key, job)
            if known is not None:
                return partial(_same, known)
            draft = pipeline.draw(job, self._ahead.with_images(job, photos), self.tools, given=given)
            return partial(self._write, name, draft, alone.pop_all())

    def _write(self, name: str, draft: pipeline.Draft, alone: ExitStack) -> Result:
        with alone:
            result = pipeline.write(draft, self.tools, layers=self.layers)
            self._flush()
            self._keep(name, result)
            return result

    def _coming(self, job: Job) -> Coming | None:
        """None where there is nothing to look at: its picture was made before, or a photo cannot be had."""
        try:
            given = load_given(self.database, job)
            photos = pipeline.fetch(job, self.tools)
            name = self._name(result_key(job, photos, self.tools, given))
            return None if self._kept(name) else Coming(job, photos, given)
        except DatabaseUnavailable:
            raise
        except FlixposeError:
            return None

    def _name(self, key: str) -> str:
        return key if self.layers else sha256_hex(f"{key} without layers".encode())

    def _kept(self, name: str) -> list[dict[str, Any]] | None:
        """The objects of the result of this name."""
        with self.database.transaction(write=False) as connection:
            return connection.scalar(select(results.c.artifacts).where(results.c.key == name))

    def _find(self, name: str, key: str, job: Job) -> Result | None:
        """The result made before, under this job's name; None where there is none, or it is not whole."""
        kept = self._kept(name)
        if kept is None:
            return None
        self._note(result_prefix(key))
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
    """The same tools, whose eyes look at no photo that any process looked at before."""
    return replace(
        tools,
        poses=RememberedPoses(lambda: KeptPoses(tools.poses, database, tools.blobs)),
        garments=RememberedGarments(lambda: KeptGarments(tools.garments, database, tools.blobs)),
    )


def _same(result: Result) -> Result:
    return result


def _reused(job: Job, artifacts: tuple[Artifact, ...], report: Mapping[str, Any]) -> Result:
    told = {"job": asdict(job), **report, "milliseconds": {}}
    return Result(job, artifacts, quality_from_json(report["quality"]), told, reused=True)
