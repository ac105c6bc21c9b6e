"""The decoders and their references on the same ten people: what they answer, and how long they take."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from flixpose.geometry.view import fit
from flixpose.pose.codec import embedding, keypoint_objects, paf, parametric_nms
from tests.pose.codec import reference, scenes

_MAP = 320  # cells at 640 pixels


@dataclass(frozen=True, slots=True)
class Race:
    """Attributes: fast, slow: the decoder and its reference. same: whether two answers are one."""

    name: str
    fast: Callable[[], Any]
    slow: Callable[[], Any]
    same: Callable[[Any, Any], bool]


def races() -> list[Race]:
    points, body = scenes.bodies(17), scenes.bodies(18)
    found = paf.distinct_peaks(scenes.heat(body, _MAP, sigma=4))
    fields = scenes.fields(body, _MAP)
    heat, tags = scenes.heat(points, _MAP, sigma=2), scenes.tags(points, _MAP)
    rows = scenes.objects(points)
    boxes, xy, scores = _readings(points)
    return [
        Race(
            "PAF grouping",
            lambda: paf.group_openpose(found, fields).rows.tolist(),
            lambda: reference.group_openpose(found, fields),
            lambda a, b: a == b,
        ),
        Race(
            "AE grouping",
            lambda: embedding.group(heat, tags),
            lambda: reference.group_tags(heat, tags),
            lambda a, b: np.allclose(_sorted(a), _sorted(np.array(b)), atol=1e-5),
        ),
        Race(
            "KAPAO NMS + fusion",
            lambda: _fused(rows),
            lambda: reference.kapao(rows),
            lambda a, b: np.allclose(a[0], b[0], atol=1e-3) and np.allclose(a[1], b[1], atol=1e-6),
        ),
        Race(
            "pose NMS",
            lambda: [person.row for person in parametric_nms.suppress(boxes, xy, scores)],
            lambda: reference.pose_nms(boxes, xy, scores),
            lambda a, b: a == b,
        ),
    ]


def _readings(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Everybody four times over: boxes, keypoints, scores."""
    rng = np.random.default_rng(1)
    xy = np.concatenate([points + rng.normal(0, 2, points.shape) for _ in range(4)]).astype(np.float32)
    scores = rng.uniform(0.3, 1, xy.shape[:2]).astype(np.float32)
    return np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1), xy, scores


def _fused(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    people, points = keypoint_objects.people_and_keypoints(rows)
    return keypoint_objects.fuse(people, points, fit((640, 640), (640, 640)))


def _sorted(people: np.ndarray) -> np.ndarray:
    """Whoever was found first: equal tags may be met in any order."""
    return people[np.lexsort(people.reshape(len(people), -1).T)]


def milliseconds(work: Callable[[], Any], runs: int) -> float:
    """The best of some runs, in CPU time."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1e3
