"""Jobs and results in the words of the pipeline, without pictures."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flixpose.structures.job import Artifact, Figure, Job, Quality, Reason, Result, Verdict

MODELS = [
    {
        "name": name,
        "version": "1",
        "task": task,
        "licence": "Apache-2.0",
        "origin": "test",
        "sha256": sha256,
    }
    for name, task, sha256 in (("eyes", "pose", "ab" * 32), ("reader", "garment", ""))
]


def jobs(count: int, *, person: str = "file:///photos/ann.jpg") -> list[tuple[int, Job]]:
    """(line, job); a header is line 1."""
    return [(n + 2, Job(f"SKU{n}", f"file:///photos/{n}.jpg", person, f"SKU{n}-ann")) for n in range(count)]


def result(job: Job, verdict: Verdict = "pass") -> Result:
    reasons = () if verdict == "pass" else (Reason("folded", "fold_ratio", 0.2, 0.0),)
    quality = Quality((Figure("fold_ratio", 0.0, ""), Figure("residual", 1.5, "px")), verdict, reasons)
    artifact = Artifact("result.png", f"results/ab/{job.ref}/result.png", "image/png", "cd" * 32, 1234)
    return Result(job, (artifact,), quality, report(job, quality))


def photo_sha256(uri: str) -> str:
    """Of the file, where there is one; else of its name."""
    path = Path(unquote(uri.removeprefix("file://")))
    return hashlib.sha256(path.read_bytes() if path.is_file() else uri.encode()).hexdigest()


def report(job: Job, quality: Quality) -> dict[str, Any]:
    return {
        "inputs": {
            "person": {"name": "ann.jpg", "sha256": photo_sha256(job.person), "width": 300, "height": 400},
            "product": {
                "name": "product.jpg",
                "sha256": photo_sha256(job.product),
                "width": 200,
                "height": 250,
            },
        },
        "models": MODELS,
        "person": {
            "skeleton": "coco_17",
            "score": 0.9,
            "box": [10.0, 20.0, 210.0, 380.0],
            "keypoints": [
                {"name": "nose", "x": 100.5, "y": 50.25, "score": 0.9},
                {"name": "left_wrist", "x": 150.0, "y": 200.0, "score": 0.3},
            ],
        },
        "garment": {
            "score": 0.8,
            "kind": "short_sleeve_top",
            "kind_score": 0.7,
            "view": "front",
            "view_score": 0.6,
            "box": [0.0, 0.0, 200.0, 250.0],
            "landmarks": [{"name": "neck_left", "x": 90.0, "y": 10.0, "score": 0.8}],
        },
        "parts": [
            {
                "name": "torso",
                "model": "homography",
                "stiffness": 0.0,
                "fold_ratio": 0.0,
                "stretch": [0.9, 1.1],
                "changes": [],
                "homography": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                "control_points": [
                    {
                        "name": "neck_left",
                        "person": [95, 60],
                        "garment": [90, 10],
                        "weight": 1.0,
                        "residual_px": 0.1,
                    }
                ],
            }
        ],
        "quality": quality.to_json(),
        "milliseconds": {"pose": 12.0, "warp": 3.0},
    }
