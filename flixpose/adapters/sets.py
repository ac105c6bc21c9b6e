"""Keypoint sets as rows: what a model found, what a human made of it. Nothing is ever overwritten."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from flixpose.adapters import tables
from flixpose.adapters.database import ago, insert_new

Row = dict[str, Any]

MODEL = "model"  # the author of what no human touched


def insert_images(connection: Connection, images: Iterable[Row]) -> None:
    """Photos by content: sha256, width, height, uri (where it was seen first; "" where that is not known)."""
    rows = [{**image, "first_seen_at": ago(0)} for image in images]
    insert_shared(connection, tables.images, rows)
    for row in rows:
        nameless = (tables.images.c.sha256 == row["sha256"]) & (tables.images.c.uri == "")
        if row["uri"]:
            connection.execute(update(tables.images).where(nameless).values(uri=row["uri"]))


def insert_models(connection: Connection, models: Iterable[Mapping[str, Any]]) -> None:
    """Models in the words of a report."""
    names = ("name", "version", "task", "licence", "origin")
    rows = [{name: model[name] for name in names} | {"weights_sha256": model["sha256"]} for model in models]
    insert_shared(connection, tables.models, rows)


def insert_shared(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Rows that others may insert at the same time; in one order, so that two that meet do not deadlock."""
    for row in sorted(rows, key=lambda row: [str(row[column.name]) for column in table.primary_key]):
        insert_new(connection, table, row)


def model_set(
    subject: str, found: Mapping[str, Any], model: Mapping[str, Any], image_sha256: str
) -> tuple[Row, list[Row]]:
    """A model's answer in the words of a report, as a row of `keypoint_sets` and its rows of `keypoints`."""
    points = list(found["keypoints" if subject == "person" else "landmarks"])
    row = {
        "image_sha256": image_sha256,
        "subject": subject,
        "author": MODEL,
        "model_name": model["name"],
        "model_version": model["version"],
        "weights_sha256": model["sha256"],
        "skeleton": found["skeleton"] if subject == "person" else found["kind"],
        "score": found["score"],
        **dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), found["box"], strict=True)),
        **{name: found.get(name) for name in ("kind", "kind_score", "view", "view_score")},
    }
    return {**row, "id": set_id(row, points)}, points


# Who reads what beside the body's keypoints; such a set's kind is left_hand, right_hand or face.
_READERS = {"hand_21": "hand_landmark_full", "face_36": "face_landmark"}
DETAILS = tuple(_READERS)


def detail_sets(
    person: Mapping[str, Any], models: Iterable[Mapping[str, Any]], image_sha256: str
) -> list[tuple[Row, list[Row]]]:
    """The hands and the face of a person in the words of a report, each a set of its own.

    Args:
        models: those that took part.
    """
    by_name = {model["name"]: model for model in models}
    found = [*person.get("hands", ()), *filter(None, [person.get("face")])]
    return [model_set("person", one, by_name[_READERS[one["skeleton"]]], image_sha256) for one in found]


def insert_sets(connection: Connection, sets: Iterable[tuple[Row, list[Row]]]) -> None:
    """Sets that are not there yet, with their points; in the order of their ids, as all shared rows."""
    for row, points in sorted(sets, key=lambda pair: str(pair[0]["id"])):
        if insert_new(connection, tables.keypoint_sets, {**row, "created_at": ago(0)}) and points:
            connection.execute(insert(tables.keypoints), _point_rows(row["id"], points))


def set_id(content: Mapping[str, Any], points: Iterable[Mapping[str, Any]]) -> str:
    """A name drawn from the content: what is said twice in the same words is stored once."""
    words = json.dumps([dict(content), [dict(point) for point in points]], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _point_rows(id_: str, points: Sequence[Row]) -> list[Row]:
    return [
        {"set_id": id_, "position": n, **{name: point[name] for name in ("name", "x", "y", "score")}}
        for n, point in enumerate(points)
    ]
