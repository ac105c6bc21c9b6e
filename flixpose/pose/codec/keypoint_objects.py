"""KAPAO (McNally et al. 2022): people with rough keypoints, and keypoints as small objects of their own.

Both come from one net; fusion (algorithm 1 of the paper) puts a keypoint object in the place of the nearest
person's rough keypoint. A row of the net's output is cx, cy, w, h, objectness, 1 + K class scores (person,
then each keypoint), and 2K coordinates of a person's keypoints, in pixels of the net's picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.view import View
from flixpose.pose.codec import boxes as box

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rule:
    """Attributes:
    min_person, max_person_overlap; min_keypoint, max_keypoint_overlap: of the two suppressions.
    min_host: the least score of a person that takes keypoint objects in.
    reach: pixels of the photo between a keypoint object and the rough keypoint that it replaces.
    """

    min_person: float = 0.001
    max_person_overlap: float = 0.65
    min_keypoint: float = 0.2
    max_keypoint_overlap: float = 0.25
    min_host: float = 0.3
    reach: float = 50.0


RULE = Rule()


@dataclass(frozen=True, eq=False, slots=True)
class Objects:
    """Objects of one kind.

    Attributes: boxes: (N, 4) xyxy, scores: (N,), classes: (N,), xy: (N, K, 2); in the net's picture.
    """

    boxes: Array
    scores: Array
    classes: NDArray[np.intp]
    xy: Array


def people_and_keypoints(rows: Array, *, rule: Rule = RULE) -> tuple[Objects, Objects]:
    """The different people and the different keypoint objects among (N, 5 + 1 + K + 2K) rows, best first."""
    count = (rows.shape[1] - 6) // 3
    scores = rows[:, 5 : 6 + count] * rows[:, 4:5]
    kinds = scores.argmax(axis=1)
    best = np.take_along_axis(scores, kinds[:, None], axis=1)[:, 0]
    people = _different(rows, best, kinds, kinds == 0, rule.min_person, rule.max_person_overlap)
    points = _different(rows, best, kinds, kinds > 0, rule.min_keypoint, rule.max_keypoint_overlap)
    return people, points


def _different(
    rows: Array,
    scores: Array,
    kinds: NDArray[np.intp],
    wanted: NDArray[np.bool_],
    least: float,
    max_overlap: float,
) -> Objects:
    some = np.flatnonzero(wanted & (scores > least) & (rows[:, 4] > least))
    corners = box.cxcywh_to_xyxy(rows[some, :4])
    kept = box.suppress(corners, scores[some], max_overlap=max_overlap, classes=kinds[some])
    some = some[kept]
    count = (rows.shape[1] - 6) // 3
    xy = rows[some, -2 * count :].reshape(len(some), count, 2)
    return Objects(corners[kept], scores[some], kinds[some], xy)


def fuse(
    people: Objects, points: Objects, view: View, *, rule: Rule = RULE, clip_like_boxes: bool = False
) -> tuple[NDArray[np.float64], Array]:
    """Each keypoint object, the surest first, in the place of the nearest person's keypoint.

    Args:
        clip_like_boxes: cut keypoint objects, and the first two keypoints of a person, to the photo first.
            The original does so (its rescaling takes them for boxes), which moves keypoints at the border.

    Returns:
        (N, K, 2) pixels of the photo, and (N, K) scores, 0 where the rough keypoint stayed.
    """
    xy = view.to_photo(people.xy)
    corners = view.to_photo(points.boxes.reshape(-1, 2, 2))
    if clip_like_boxes:
        xy[:, :2] = np.clip(xy[:, :2], 0, view.photo)
        corners = np.clip(corners, 0, view.photo)
    scores = np.zeros(xy.shape[:2], dtype=np.float32)
    hosts = np.flatnonzero(people.scores > rule.min_host)
    if len(hosts):
        for turn in _turns(points.classes):
            _take_in(
                xy,
                scores,
                hosts,
                points.classes[turn] - 1,
                corners[turn].mean(axis=1),
                points.scores[turn],
                rule,
            )
    return xy, scores


def _turns(classes: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Rows of the best object of each class, then of the second best, …: classes do not touch each other."""
    order = np.argsort(classes, kind="stable")
    first = np.searchsorted(classes[order], classes[order])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - first
    return [np.flatnonzero(rank == turn) for turn in range(rank.max(initial=-1) + 1)]


def _take_in(
    xy: NDArray[np.float64],
    scores: Array,
    hosts: NDArray[np.intp],
    rows: NDArray[np.intp],
    centres: NDArray[np.float64],
    sure: Array,
    rule: Rule,
) -> None:
    """One object of each of some classes; `xy` and `scores` change in place."""
    distance = np.square(xy[hosts][:, rows] - centres).sum(axis=2)
    nearest = distance.argmin(axis=0)
    host = hosts[nearest]
    near = distance[nearest, np.arange(len(rows))] < rule.reach**2
    better = near & (sure > scores[host, rows])
    xy[host[better], rows[better]] = centres[better]
    scores[host[better], rows[better]] = sure[better]
