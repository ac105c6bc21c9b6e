"""Reading the audit tables: what was found on a photo, by which model, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, column, select, table

from flixpose.adapters.database import Database
from flixpose.adapters.items import item_rows
from flixpose.adapters.sets import DETAILS
from flixpose.adapters.tables import (
    control_points,
    drapes,
    events,
    figures,
    images,
    keypoint_sets,
    keypoints,
    models,
    reasons,
    timings,
    warps,
)
from flixpose.adapters.transitions import chunks
from flixpose.errors import NotFound
from flixpose.garment.kinds import KINDS
from flixpose.pose.skeletons import SKELETONS
from flixpose.structures.batch import ItemRow
from flixpose.structures.image import Box
from flixpose.structures.keypoints import Keypoints, Skeleton

_PAGE = 200
_TOLD = ("id", "subject", "author", "parent_id", "score", "kind", "view")

item_latest = table(
    "item_latest",
    column("item_id"),
    column("batch_id"),
    column("line"),
    column("drape_id"),
    column("person_set_id"),
    column("garment_set_id"),
)


@dataclass(frozen=True, eq=False, slots=True)
class PointSet:
    """The keypoints of a person or the landmarks of a garment, as one model or one human gave them.

    Attributes:
        author: "model", or the human who placed them.
        model: name, version, weights_sha256, licence; None for a human's.
        image: sha256, width, height (pixels), uri.
        parent_id: the set that a human corrected; None for a model's.
    """

    id: str
    subject: str
    author: str
    model: Mapping[str, str] | None
    image: Mapping[str, Any]
    score: float | None
    kind: str | None
    view: str | None
    box: Box | None
    points: Keypoints
    parent_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in _TOLD}
        found |= {"model": self.model, "image": self.image, "box": self.box.to_json() if self.box else None}
        return {**found, "skeleton": self.points.skeleton.name, "points": self.points.to_json()}


@dataclass(frozen=True, slots=True)
class Audit:
    """An item with everything that its newest drape rests on; empty where there is no drape.

    Attributes:
        drape: columns of `drapes`.
        warps, control_points, figures, reasons, timings: rows of these tables, without the drape's id.
        events: of all attempts, the oldest first.
    """

    item: ItemRow
    drape: Mapping[str, Any]
    sets: tuple[PointSet, ...]
    warps: Sequence[Mapping[str, Any]]
    control_points: Sequence[Mapping[str, Any]]
    figures: Sequence[Mapping[str, Any]]
    reasons: Sequence[Mapping[str, Any]]
    timings: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]

    def set_of(self, subject: str) -> PointSet | None:
        return next((found for found in self.sets if found.subject == subject), None)

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__slots__ if name not in ("item", "sets")}
        return {"item": asdict(self.item), **found, "sets": [points.to_json() for points in self.sets]}


def audit_item(database: Database, item_id: str) -> Audit:
    """Raises NotFound, DatabaseUnavailable."""
    item = next(item_rows(database, None, item_id=item_id), None)
    if item is None:
        raise NotFound(f"There is no item {item_id!r}.", subject=item_id)
    with database.transaction(write=False) as connection:
        newest = select(drapes).where(drapes.c.item_id == item_id).order_by(drapes.c.attempt.desc()).limit(1)
        drape = dict(connection.execute(newest).mappings().first() or {})
        ids = [drape[name] for name in ("person_set_id", "garment_set_id") if drape.get(name)]

        def rows_of(source: Any) -> list[dict[str, Any]]:
            found = select(source).where(source.c.drape_id == drape.get("id")).order_by(*source.primary_key)
            rows = connection.execute(found).mappings()
            return [{name: value for name, value in row.items() if name != "drape_id"} for row in rows]

        history = select(events).where(events.c.item_id == item_id).order_by(events.c.id)
        return Audit(
            item=item,
            drape=drape,
            sets=(*read_sets(connection, ids), *_details(connection, drape.get("person_set_id"))),
            warps=rows_of(warps),
            control_points=rows_of(control_points),
            figures=rows_of(figures),
            reasons=rows_of(reasons),
            timings=rows_of(timings),
            events=[dict(row) for row in connection.execute(history).mappings()],
        )


def _details(connection: Connection, person_set_id: str | None) -> list[PointSet]:
    """The newest sets of hands and face on the photo of a person's set."""
    of_photo = select(keypoint_sets.c.image_sha256).where(keypoint_sets.c.id == person_set_id)
    details = select(keypoint_sets.c.kind, keypoint_sets.c.id).where(
        keypoint_sets.c.image_sha256 == of_photo.scalar_subquery(),
        keypoint_sets.c.skeleton.in_(DETAILS),
    )
    newest = {row.kind: row.id for row in connection.execute(details.order_by(keypoint_sets.c.created_at))}
    return read_sets(connection, [newest[kind] for kind in sorted(newest)]) if newest else []


def point_sets(database: Database, subject: str, *, batch_id: str | None = None) -> Iterator[PointSet]:
    """Those that the newest drapes of a batch (of all, if None) rest on, each once, in the items' order."""
    wanted = item_latest.c[f"{subject}_set_id"]
    asked: list[ColumnElement[bool]] = [wanted.is_not(None)]
    if batch_id is not None:
        asked.append(item_latest.c.batch_id == batch_id)
    order = (item_latest.c.batch_id, item_latest.c.line)
    with database.transaction(write=False) as connection:
        ids = list(dict.fromkeys(connection.scalars(select(wanted).where(*asked).order_by(*order))))
        for page in chunks(ids, _PAGE):
            yield from read_sets(connection, page)


def read_set(connection: Connection, id_: str) -> PointSet:
    """Raises NotFound."""
    return read_sets(connection, [id_])[0]


def read_sets(connection: Connection, ids: Sequence[str]) -> list[PointSet]:
    """In the order of `ids`. Raises NotFound."""
    same_model = and_(
        models.c.name == keypoint_sets.c.model_name,
        models.c.version == keypoint_sets.c.model_version,
        models.c.weights_sha256 == keypoint_sets.c.weights_sha256,
    )
    query = (
        select(keypoint_sets, images.c.width, images.c.height, images.c.uri, models.c.licence)
        .join(images, images.c.sha256 == keypoint_sets.c.image_sha256)
        .outerjoin(models, same_model)
        .where(keypoint_sets.c.id.in_(ids))
    )
    rows = {row.id: row for row in connection.execute(query)}
    points: dict[str, list[Any]] = {id_: [] for id_ in ids}
    listed = select(keypoints).where(keypoints.c.set_id.in_(ids)).order_by(keypoints.c.position)
    for point in connection.execute(listed):
        points[point.set_id].append(point)
    if missing := [id_ for id_ in ids if id_ not in rows]:
        raise NotFound(f"There is no keypoint set {missing[0]!r}.", subject=missing[0])
    return [_point_set(rows[id_], points[id_]) for id_ in ids]


def _point_set(row: Any, points: Sequence[Any]) -> PointSet:
    known = SKELETONS.get(row.skeleton) or KINDS.get(row.skeleton)
    skeleton = known or Skeleton(row.skeleton, tuple(point.name for point in points))
    model = {"name": row.model_name, "version": row.model_version, "weights_sha256": row.weights_sha256}
    return PointSet(
        id=row.id,
        subject=row.subject,
        author=row.author,
        model={**model, "licence": row.licence} if row.model_name else None,
        image={"sha256": row.image_sha256, "width": row.width, "height": row.height, "uri": row.uri},
        score=row.score,
        kind=row.kind,
        view=row.view,
        box=None if row.box_x0 is None else Box(row.box_x0, row.box_y0, row.box_x1, row.box_y1),
        points=Keypoints.from_points(skeleton, {p.name: (p.x, p.y, p.score) for p in points}),
        parent_id=row.parent_id,
    )
