"""The report of a drape as plain values: what goes into `report.json` and into the database."""

from typing import Any

from flixpose.pose.skeletons import FACE_36, convert
from flixpose.structures.drape import Drape, PartWarp
from flixpose.structures.found import Garment, Hand, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

REPORT_VERSION = 1


def report(drape: Drape) -> dict[str, Any]:
    """Everything that is known about a drape; the same inputs and settings give the same report.

    All coordinates are pixels of the photo that they belong to, (x, y), the centre of the first pixel at
    (0.5, 0.5). A part's homography maps the person image to the product image, before the spline; the whole
    warp is in `warp.json`.
    """
    return {
        "version": REPORT_VERSION,
        "inputs": {"person": _input(drape.person), "product": _input(drape.product)},
        "models": [model.to_json() for model in drape.models],
        "person": person_json(drape.pose),
        "others": [{"score": round(p.score, 4), "box": p.box.to_json()} for p in drape.others],
        "garment": garment_json(drape.garment),
        "parts": [_part(part) for part in drape.parts],
        "quality": drape.quality.to_json(),
        "light": drape.light,
        "beside": [_beside(other) for other in drape.beside],
    }


def _beside(drape: Drape) -> dict[str, Any]:
    """Another garment on the same person."""
    return {
        "product": _input(drape.product),
        "garment": garment_json(drape.garment),
        "parts": [_part(part) for part in drape.parts],
        "quality": drape.quality.to_json(),
    }


def person_json(pose: Pose) -> dict[str, Any]:
    """What was found of a person."""
    return {
        "score": round(pose.score, 4),
        "box": pose.box.to_json(),
        "skeleton": pose.keypoints.skeleton.name,
        "author": pose.author,
        "keypoints": pose.keypoints.to_json(),
        "hands": [_hand_json(hand) for hand in pose.hands],
        "face": None if pose.face is None else _face_json(pose.face),
    }


def _hand_json(hand: Hand) -> dict[str, Any]:
    """`side_score`: that it looks like a hand of its side, in [0, 1]."""
    told = {"kind": f"{hand.side}_hand", "side_score": round(hand.side_score, 4)}
    return told | _points_json(hand.keypoints, hand.score)


def _face_json(mesh: Keypoints) -> dict[str, Any]:
    """The mesh's outline."""
    return {"kind": "face"} | _points_json(convert(mesh, FACE_36), float(mesh.scores.max()))


def _points_json(points: Keypoints, score: float) -> dict[str, Any]:
    (x0, y0), (x1, y1) = points.xy.min(axis=0).tolist(), points.xy.max(axis=0).tolist()
    return {
        "score": round(score, 4),
        "box": Box(x0, y0, x1, y1).to_json(),
        "skeleton": points.skeleton.name,
        "keypoints": points.to_json(),
    }


def garment_json(garment: Garment) -> dict[str, Any]:
    """What was found of a garment."""
    return {
        "kind": garment.kind,
        "kind_score": round(garment.kind_score, 4),
        "view": garment.view,
        "view_score": round(garment.view_score, 4),
        "score": round(garment.score, 4),
        "box": garment.box.to_json(),
        "author": garment.author,
        "landmarks": garment.landmarks.to_json(),
    }


def _input(image: Image) -> dict[str, Any]:
    return {"width": image.width, "height": image.height, "sha256": image.sha256}


def _part(part: PartWarp) -> dict[str, Any]:
    controls = part.controls
    rows = zip(
        controls.names,
        controls.person_xy,
        controls.garment_xy,
        controls.weights,
        part.residual_px,
        strict=True,
    )
    return {
        "name": part.name,
        "model": part.model,
        "homography": part.warp.homography.tolist(),
        "stiffness": part.stiffness,
        "fold_ratio": part.fold_ratio,
        "stretch": [round(value, 4) for value in part.stretch],
        "changes": list(part.notes),
        "control_points": [
            {
                "name": name,
                "person": [round(float(v), 3) for v in person],
                "garment": [round(float(v), 3) for v in garment],
                "weight": float(weight),
                "residual_px": round(float(residual), 3),
            }
            for name, person, garment, weight, residual in rows
        ],
    }
