"""A finished drape's report as rows of the audit tables.

Only the words of `report.json` are read here, so that a report found in the store can be recorded too.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert

from flixpose import __version__
from flixpose.adapters import tables
from flixpose.adapters.database import ago, insert_new
from flixpose.structures.batch import Claim
from flixpose.structures.job import Result

Row = dict[str, Any]


def insert_result(connection: Connection, claim: Claim, result: Result) -> None:
    """Everything that `result` says, under the claim's item and attempt, in the caller's transaction."""
    report = result.report
    uris = {"person": claim.job.person, "product": claim.job.product}
    images = [_image_row(image, uris[name]) for name, image in report["inputs"].items()]
    _insert_shared(connection, tables.images, images)
    _insert_shared(connection, tables.models, [_model_row(model) for model in report["models"]])
    sets = {subject: _set_row(subject, report) for subject in ("person", "garment")}
    _insert_sets(connection, sets, report)
    drape_id = connection.execute(
        insert(tables.drapes)
        .values(
            item_id=claim.item_id,
            attempt=claim.attempt,
            person_set_id=sets["person"]["id"],
            garment_set_id=sets["garment"]["id"],
            verdict=result.quality.verdict,
            software=__version__,
            worker=claim.worker,
            created_at=ago(0),
        )
        .returning(tables.drapes.c.id)
    ).scalar_one()
    for table, rows in _drape_rows(result).items():
        _insert_all(connection, tables.metadata.tables[table], rows, drape_id=drape_id)


def set_id(content: Mapping[str, Any], points: Iterable[Mapping[str, Any]]) -> str:
    """A name drawn from the content: what a model says twice in the same words is stored once."""
    words = json.dumps([dict(content), [dict(point) for point in points]], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _insert_sets(connection: Connection, sets: Mapping[str, Row], report: Mapping[str, Any]) -> None:
    # In the order of their ids, as all shared rows: two workers that meet wait for each other, never both.
    for subject, row in sorted(sets.items(), key=lambda pair: pair[1]["id"]):
        if insert_new(connection, tables.keypoint_sets, {**row, "created_at": ago(0)}):
            _insert_all(connection, tables.keypoints, _point_rows(_points(subject, report)), set_id=row["id"])


def _insert_shared(connection: Connection, table: Table, rows: list[Row]) -> None:
    for row in sorted(rows, key=str):
        if "first_seen_at" in table.c:
            row = {**row, "first_seen_at": ago(0)}
        insert_new(connection, table, row)


def _insert_all(connection: Connection, table: Table, rows: list[Row], **common: Any) -> None:
    if rows:
        connection.execute(insert(table), [{**row, **common} for row in rows])


def _image_row(image: Mapping[str, Any], uri: str) -> Row:
    return {**{name: image[name] for name in ("sha256", "width", "height")}, "uri": uri}


def _model_row(model: Mapping[str, Any]) -> Row:
    row = {name: model[name] for name in ("name", "version", "task", "licence", "origin")}
    return {**row, "weights_sha256": model["sha256"]}


def _points(subject: str, report: Mapping[str, Any]) -> list[Row]:
    return list(report[subject]["keypoints" if subject == "person" else "landmarks"])


def _set_row(subject: str, report: Mapping[str, Any]) -> Row:
    found = report[subject]
    eyes, reader, *_ = report["models"]
    model = eyes if subject == "person" else reader
    row = {
        "image_sha256": report["inputs"]["person" if subject == "person" else "product"]["sha256"],
        "subject": subject,
        "author": "model",
        "model_name": model["name"],
        "model_version": model["version"],
        "weights_sha256": model["sha256"],
        "skeleton": found["skeleton"] if subject == "person" else found["kind"],
        "score": found["score"],
        **dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), found["box"], strict=True)),
        **{name: found.get(name) for name in ("kind", "kind_score", "view", "view_score")},
    }
    return {**row, "id": set_id(row, _points(subject, report))}


def _point_rows(points: list[Row]) -> list[Row]:
    return [
        {"position": n, "name": p["name"], "x": p["x"], "y": p["y"], "score": p["score"]}
        for n, p in enumerate(points)
    ]


def _drape_rows(result: Result) -> dict[str, list[Row]]:
    """Table name → its rows, all of one drape."""
    parts, quality = result.report["parts"], result.quality
    return {
        "warps": [_warp_row(part) for part in parts],
        "control_points": [row for part in parts for row in _control_rows(part)],
        "figures": [{"name": f.name, "value": _finite(f.value), "unit": f.unit} for f in quality.figures],
        "reasons": [
            {"code": r.code, "figure": r.figure, "value": _finite(r.value), "threshold": _finite(r.threshold)}
            for r in quality.reasons
        ],
        "timings": [
            {"stage": stage, "milliseconds": value} for stage, value in result.report["milliseconds"].items()
        ],
        "artifacts": [
            {slot: getattr(artifact, slot) for slot in ("name", "key", "media_type", "sha256", "size")}
            for artifact in result.artifacts
        ],
    }


def _warp_row(part: Mapping[str, Any]) -> Row:
    return {
        "part": part["name"],
        "model": part["model"],
        "homography": part["homography"],
        "stiffness": _finite(part["stiffness"]),
        "fold_ratio": _finite(part["fold_ratio"]),
        "stretch_min": _finite(part["stretch"][0]),
        "stretch_max": _finite(part["stretch"][1]),
        "changes": list(part["changes"]),
    }


def _control_rows(part: Mapping[str, Any]) -> list[Row]:
    return [
        {
            "part": part["name"],
            "position": n,
            "name": point["name"],
            "person_x": point["person"][0],
            "person_y": point["person"][1],
            "garment_x": point["garment"][0],
            "garment_y": point["garment"][1],
            "weight": point["weight"],
            "residual_px": _finite(point["residual_px"]),
        }
        for n, point in enumerate(part["control_points"])
    ]


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
