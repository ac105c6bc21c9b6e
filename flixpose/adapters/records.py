"""A finished drape's report as rows of the audit tables.

Only the words of `report.json` are read here, so that a report found in the store can be recorded too.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert

from flixpose import __version__
from flixpose.adapters import tables
from flixpose.adapters.database import ago
from flixpose.adapters.sets import (
    detail_sets,
    insert_images,
    insert_models,
    insert_sets,
    model_set,
)
from flixpose.structures.batch import Claim
from flixpose.structures.job import Job, Result

Row = dict[str, Any]


def insert_results(connection: Connection, finished: Sequence[tuple[Claim, Result]]) -> None:
    """Everything that the results say, under their claims' items and attempts, in the caller's transaction.

    Many take as few statements as one.
    What others may insert at the same time comes first, table by table and sorted in each, so that
    transactions that meet wait for each other and do not deadlock.
    """
    images: dict[str, Row] = {}
    models: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    sets: dict[str, tuple[Row, list[Row]]] = {}
    rests: list[dict[str, str]] = []
    for claim, result in finished:
        images |= {row["sha256"]: row for row in _image_rows(claim, result)}
        models |= {_model_key(model): model for model in result.report["models"]}
        new, named = _sets(claim.job, result.report)
        sets |= {found[0]["id"]: found for found in new}
        rests.append(named)
    insert_images(connection, [images[sha256] for sha256 in sorted(images)])
    insert_models(connection, models.values())
    insert_sets(connection, sets.values())
    drapes = _insert_drapes(connection, finished, rests)
    rows: dict[str, list[Row]] = {}
    for drape_id, (_, result) in zip(drapes, finished, strict=True):
        for table, some in _drape_rows(result).items():
            rows.setdefault(table, []).extend({**row, "drape_id": drape_id} for row in some)
    for table, some in rows.items():
        if some:
            connection.execute(insert(tables.metadata.tables[table]), some)


def _insert_drapes(
    connection: Connection, finished: Sequence[tuple[Claim, Result]], rests: Sequence[dict[str, str]]
) -> Sequence[int]:
    """Ids of the drapes, in the order of `finished`."""
    rows = [
        {
            "item_id": claim.item_id,
            "attempt": claim.attempt,
            "person_set_id": sets["person"],
            "garment_set_id": sets["garment"],
            "verdict": result.quality.verdict,
            "software": __version__,
            "worker": claim.worker,
            "reused": result.reused,
        }
        for (claim, result), sets in zip(finished, rests, strict=True)
    ]
    adding = insert(tables.drapes).values(created_at=ago(0))
    return connection.scalars(adding.returning(tables.drapes.c.id, sort_by_parameter_order=True), rows).all()


def _sets(job: Job, report: Mapping[str, Any]) -> tuple[list[tuple[Row, list[Row]]], dict[str, str]]:
    """The models' sets that the drape rests on; and subject → id of its set, a given one or a model's.

    Hands and faces are sets of the photo, which nothing but the photo names.
    """
    eyes, reader, *_ = report["models"]
    inputs = report["inputs"]
    found = {
        "person": model_set("person", report["person"], eyes, inputs["person"]["sha256"]),
        "garment": model_set("garment", report["garment"], reader, inputs["product"]["sha256"]),
    }
    given = {"person": job.person_set, "garment": job.garment_set}
    new = [found[subject] for subject, id_ in given.items() if id_ is None]
    new += detail_sets(report["person"], report["models"], inputs["person"]["sha256"])
    return new, {subject: id_ or found[subject][0]["id"] for subject, id_ in given.items()}


def _image_rows(claim: Claim, result: Result) -> list[Row]:
    uris = {"person": claim.job.person, "product": claim.job.product}
    return [_image_row(image, uris[name]) for name, image in result.report["inputs"].items()]


def _model_key(model: Mapping[str, Any]) -> tuple[str, str, str]:
    return model["name"], model["version"], model["sha256"]


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
