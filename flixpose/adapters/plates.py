"""Plates: persons looked at once, corrected by hand, approved, and used for any number of garments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from flixpose.adapters.audit import PointSet, read_set
from flixpose.adapters.corrections import Moves, check_author, insert_moved
from flixpose.adapters.database import Database, ago, insert_new
from flixpose.adapters.tables import plate_events, plates
from flixpose.errors import Conflict, PlateNotApproved, UnknownPlate, UsageError

PREFIX = "plate:"  # before a plate's name where a manifest names a person image

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

PlateState = Literal["draft", "approved"]


@dataclass(frozen=True, eq=False, slots=True)
class Plate:
    """A person kept for many garments.

    Attributes:
        uri: of the photo.
        points: the keypoints that every drape on it uses.
        history: rows of `plate_events`, the oldest first.
    """

    name: str
    state: PlateState
    uri: str
    points: PointSet
    created_at: datetime
    changed_at: datetime
    history: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("name", "state", "uri", "created_at", "changed_at")}
        return {**told, "points": self.points.to_json(), "history": [dict(event) for event in self.history]}


class Plates:
    """The plates of a database. Every method raises DatabaseUnavailable when it cannot be reached."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._resolved: dict[str, tuple[str, str]] = {}

    def add(self, name: str, uri: str, set_id: str, *, by: str) -> Plate:
        """A new plate, a draft; the plate that there is where it has the same photo.

        Args:
            set_id: what a model found on the photo.

        Raises:
            UsageError: no name for a plate, or for a human. Conflict: the name belongs to another photo.
        """
        name, by = check_name(name), check_author(by)

        def work(connection: Connection) -> None:
            found = read_set(connection, set_id)
            values = {"name": name, "image_sha256": found.image["sha256"], "uri": uri, "set_id": set_id}
            values |= {"state": "draft", "created_at": ago(0), "changed_at": ago(0)}
            if insert_new(connection, plates, values):
                _record(connection, name, by, "added", set_id)
                return
            known = select(plates.c.image_sha256).where(plates.c.name == name)
            if connection.scalar(known) != found.image["sha256"]:
                advice = "Give this one another name with --name."
                raise Conflict(f"The plate {name!r} has another photo.", advice=advice, subject=name)

        self.database.run(work)
        return self.get(name)

    def get(self, name: str) -> Plate:
        """Raises UnknownPlate."""
        with self.database.transaction(write=False) as connection:
            row = _row(connection, name)
            events = select(plate_events).where(plate_events.c.plate == name).order_by(plate_events.c.id)
            history = tuple(dict(event) for event in connection.execute(events).mappings())
            return _plate(connection, row, history)

    def all(self) -> list[Plate]:
        """By name, without their histories."""
        with self.database.transaction(write=False) as connection:
            rows = connection.execute(select(plates).order_by(plates.c.name)).all()
            return [_plate(connection, row) for row in rows]

    def correct(self, name: str, moves: Moves, *, by: str, approve: bool = False) -> Plate:
        """A new set by a human, used from now on; a draft again unless approved at once.

        Raises: UnknownPlate, UnknownPoint, PointOutside, UsageError.
        """
        by = check_author(by)

        def work(connection: Connection) -> None:
            row = _row(connection, name, lock=True)
            moved = insert_moved(connection, read_set(connection, row.set_id), moves, by)
            _set(connection, name, set_id=moved.id, state="approved" if approve else "draft")
            _record(connection, name, by, "corrected", moved.id)
            if approve:
                _record(connection, name, by, "approved", moved.id)

        self.database.run(work)
        return self.get(name)

    def approve(self, name: str, *, by: str) -> Plate:
        """Let manifests use the plate as it is now. Raises UnknownPlate, UsageError."""
        by = check_author(by)

        def work(connection: Connection) -> None:
            row = _row(connection, name, lock=True)
            if row.state != "approved":
                _set(connection, name, state="approved")
                _record(connection, name, by, "approved", row.set_id)

        self.database.run(work)
        return self.get(name)

    def resolve(self, name: str) -> tuple[str, str]:
        """(photo's URI, id of the keypoint set) of an approved plate; each is asked for once.

        Raises: UnknownPlate, PlateNotApproved.
        """
        if name not in self._resolved:
            with self.database.transaction(write=False) as connection:
                row = _row(connection, name)
            if row.state != "approved":
                raise PlateNotApproved(f"The plate {name!r} is a draft.", subject=name)
            self._resolved[name] = row.uri, row.set_id
        return self._resolved[name]


def check_name(name: str) -> str:
    """A name that a file and a manifest can have. Raises UsageError."""
    if not _NAME.fullmatch(name):
        advice = "Use letters, digits, '.', '_' and '-', at most 100, a letter or digit first."
        raise UsageError(f"{name[:100]!r} is no name for a plate.", subject=name, advice=advice)
    return name


def _row(connection: Connection, name: str, *, lock: bool = False) -> Any:
    query = select(plates).where(plates.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownPlate(f"There is no plate {name!r}.", subject=name)
    return row


def _plate(connection: Connection, row: Any, history: tuple[Mapping[str, Any], ...] = ()) -> Plate:
    points = read_set(connection, row.set_id)
    return Plate(row.name, row.state, row.uri, points, row.created_at, row.changed_at, history)


def _set(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(plates).where(plates.c.name == name).values(**values, changed_at=ago(0)))


def _record(connection: Connection, plate: str, actor: str, action: str, set_id: str) -> None:
    values = {"at": ago(0), "plate": plate, "actor": actor, "action": action, "set_id": set_id}
    connection.execute(insert(plate_events).values(values))
