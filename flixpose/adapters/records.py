"""A finished drape's report as rows of the audit tables.

Only the words of `report.json` are read here, so that a report found in the store can be recorded too.
"""

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert

from flixpose import __version__
from flixpose.adapters import tables
from flixpose.adapters.database import ago
from flixpose.adapters.sets import insert_images, insert_models, insert_sets, model_set
from flixpose.structures.batch import Claim
from flixpose.structures.job import Job, Result

Row = dict[str, Any]


def insert_result(connection: Connection, claim: Claim, result: Result) -> None:
    """Everything that `result` says, under the claim's item and attempt, in the caller's transaction."""
    report = result.report
    uris = {"person": claim.job.person, "product": claim.job.product}
    insert_images(connection, [_image_row(image, uris[name]) for name, image in report["inputs"].items()])
    insert_models(connection, report["models"])
    sets = _insert_sets(connection, claim.job, report)
    drape_id = connection.execute(
        insert(tables.drapes)
        .values(
            item_id=claim.item_id,
            attempt=claim.attempt,
            person_set_id=sets["person"],
            garment_set_id=sets["garment"],
            verdict=result.quality.verdict,
            software=__version__,
            worker=claim.worker,
            reused=result.reused,
            created_at=ago(0),
        )
        .returning(tables.drapes.c.id)
    ).scalar_one()
    for table, rows in _drape_rows(result).items():
        _insert_all(connection, tables.metadata.tables[table], rows, drape_id=drape_id)


def _insert_sets(connection: Connection, job: Job, report: Mapping[str, Any]) -> dict[str, str]:
    """Subject → id of the set that the drape rests on: the given one, else the model's, now stored."""
    eyes, reader, *_ = report["models"]
    inputs = report["inputs"]
    found = {
        "person": model_set("person", report["person"], eyes, inputs["person"]["sha256"]),
        "garment": model_set("garment", report["garment"], reader, inputs["product"]["sha256"]),
    }
    given = {"person": job.person_set, "garment": job.garment_set}
    insert_sets(connection, [found[subject] for subject, id_ in given.items() if id_ is None])
    return {subject: id_ or found[subject][0]["id"] for subject, id_ in given.items()}


def _insert_all(connection: Connection, table: Table, rows: list[Row], **common: Any) -> None:
    if rows:
        connection.execute(insert(table), [{**row, **common} for row in rows])


def _image_row(image: Mapping[str, Any], uri: str) -> Row:
    return {**{name: image[name] for name in ("sha256", "width", "height")}, "uri": uri}


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
