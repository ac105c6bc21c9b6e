"""How well people's keypoints are found: COCO's AP and AR by OKS, CrowdPose's split of them, PCK.

Coordinates are COCO's pixel indices here; the reader of a COCO file hands them over as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)
_MOST = 20  # people of one picture that count
_EPSILON = np.spacing(1)
_EVERYTHING = 1e10
_AREAS = {"all": (0.0, _EVERYTHING), "medium": (32.0**2, 96.0**2), "large": (96.0**2, _EVERYTHING)}
_CROWDING = {"easy": (0.0, 0.1), "medium": (0.1, 0.8), "hard": (0.8, 1.0)}


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """One annotated person.

    Attributes:
        xy: (K, 2). visibility: (K,), 0 where there is no such keypoint. area: in pixels. xywh: (4,) box.
        ignored: neither missing nor wrong when found (crowds, people without keypoints).
    """

    xy: Array
    visibility: NDArray[np.int64]
    area: float
    xywh: Array
    ignored: bool = False
    is_crowd: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """One person found: xy: (K, 2)."""

    xy: Array
    score: float

    @property
    def area(self) -> float:
        """Of the box around the keypoints."""
        return float(np.ptp(self.xy, axis=0).prod())


@dataclass(frozen=True, eq=False, slots=True)
class _Matches:
    """One picture: scores: (D,); matched, ignored: (T, D); wanted: how many people there are to be found."""

    scores: Array
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    wanted: int


@dataclass(frozen=True, slots=True)
class Summary:
    """COCO's ten numbers; -1 where there is nobody of that size."""

    ap: float
    ap_50: float
    ap_75: float
    ap_medium: float
    ap_large: float
    ar: float
    ar_50: float
    ar_75: float
    ar_medium: float
    ar_large: float


Pictures = Mapping[int, Sequence[Truth]]
Answers = Mapping[int, Sequence[Found]]


def coco(truth: Pictures, found: Answers, sigmas: Array) -> Summary:
    """AP and AR over pictures by their ids; the same numbers as pycocotools'."""
    tables = {size: _table(truth, found, sigmas, limits) for size, limits in _AREAS.items()}
    values = []
    for row in (0, 1):  # precision, recall
        whole = tables["all"][row]
        values += [_mean(whole), _mean(whole[:1]), _mean(whole[5:6])]
        values += [_mean(tables["medium"][row]), _mean(tables["large"][row])]
    return Summary(*values)


def crowdpose(
    truth: Pictures, found: Answers, sigmas: Array, crowding: Mapping[int, float]
) -> dict[str, float]:
    """AP over the pictures that are easy, medium and hard by CrowdPose's crowd index."""
    split = {}
    for name, (low, high) in _CROWDING.items():
        rows = [row for row, index in crowding.items() if low <= index <= high]
        some = {row: truth[row] for row in rows if row in truth}
        split[name] = coco(some, {row: found.get(row, ()) for row in some}, sigmas).ap
    return split


def pck(truth: Array, found: Array, visible: NDArray[np.bool_], norms: Array, *, share: float) -> float:
    """The share of visible keypoints found within `share` of each person's norm.

    Args:
        truth, found: (N, K, 2). visible: (N, K). norms: (N,), such as the head's or torso's length.
    """
    near = np.linalg.norm(truth - found, axis=2) <= share * norms[:, None]
    return float(near[visible].mean()) if visible.any() else float("nan")


def similarity(truth: Truth, found: Sequence[Found], sigmas: Array) -> Array:
    """(D,) OKS. Where no keypoint is marked, the distance from the widened box stands in."""
    xy = np.stack([each.xy for each in found])
    seen = truth.visibility > 0
    if seen.any():
        gaps = xy - truth.xy
    else:
        low, size = truth.xywh[:2] - truth.xywh[2:], truth.xywh[2:]
        gaps = np.maximum(0, low - xy) + np.maximum(0, xy - (low + 3 * size))
        seen = np.ones(len(seen), dtype=bool)
    spread = (2 * np.asarray(sigmas)) ** 2
    alike = np.exp(-np.square(gaps).sum(axis=2) / spread / (truth.area + _EPSILON) / 2)
    return np.asarray(alike[:, seen].sum(axis=1) / seen.sum())


def _table(
    truth: Pictures, found: Answers, sigmas: Array, limits: tuple[float, float]
) -> tuple[Array, Array]:
    """(T, R) precision at each recall and (T,) highest recall; -1 where nobody is to be found."""
    pictures = [
        _matches(truth.get(row, ()), found.get(row, ()), sigmas, limits)
        for row in sorted(set(truth) | set(found))
    ]
    precision, recall = np.full((len(_THRESHOLDS), len(_RECALLS)), -1.0), np.full(len(_THRESHOLDS), -1.0)
    wanted = sum(picture.wanted for picture in pictures)
    if not wanted:
        return precision, recall
    scores = np.concatenate([picture.scores for picture in pictures])
    order = np.argsort(-scores, kind="mergesort")
    matched = np.concatenate([picture.matched for picture in pictures], axis=1)[:, order]
    counted = ~np.concatenate([picture.ignored for picture in pictures], axis=1)[:, order]
    right = np.cumsum(matched & counted, axis=1, dtype=float)
    wrong = np.cumsum(~matched & counted, axis=1, dtype=float)
    for row in range(len(_THRESHOLDS)):
        precision[row], recall[row] = _curve(right[row], wrong[row], wanted)
    return precision, recall


def _curve(right: Array, wrong: Array, wanted: int) -> tuple[Array, float]:
    reached = right / wanted
    share = right / (wrong + right + _EPSILON)
    share = np.maximum.accumulate(share[::-1])[::-1]
    at = np.searchsorted(reached, _RECALLS, side="left")
    values = np.zeros(len(_RECALLS))
    values[at < len(share)] = share[at[at < len(share)]]
    return values, float(reached[-1]) if len(reached) else 0.0


def _matches(
    truth: Sequence[Truth], found: Sequence[Found], sigmas: Array, limits: tuple[float, float]
) -> _Matches:
    """Each person found, the surest first, takes the most alike person who is left."""
    some = sorted(found, key=lambda each: -each.score)[:_MOST]
    ignored = np.array([t.ignored or not limits[0] <= t.area <= limits[1] for t in truth], dtype=bool)
    order = np.argsort(ignored, kind="mergesort")
    people, skipped = [truth[row] for row in order], ignored[order]
    shape = (len(_THRESHOLDS), len(some))
    matched, out = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if people and some:
        alike = np.stack([similarity(person, some, sigmas) for person in people], axis=1)
        crowds = np.array([person.is_crowd for person in people])
        for row, threshold in enumerate(_THRESHOLDS):
            taken = np.zeros(len(people), dtype=bool)
            for column in range(len(some)):
                best = _best(alike[column], taken & ~crowds, skipped, min(threshold, 1 - 1e-10))
                if best is not None:
                    taken[best] = True
                    matched[row, column], out[row, column] = True, skipped[best]
    outside = np.array([not limits[0] <= each.area <= limits[1] for each in some], dtype=bool)
    scores = np.array([each.score for each in some])
    return _Matches(scores, matched, out | (~matched & outside), int((~skipped).sum()))


def _best(alike: Array, taken: NDArray[np.bool_], skipped: NDArray[np.bool_], least: float) -> int | None:
    """The most alike of those that count; only without one, of those that do not. The last of equals."""
    for group in (~skipped, skipped):
        rows = np.flatnonzero(group & ~taken & (alike >= least))
        if len(rows):
            return int(rows[np.flatnonzero(alike[rows] == alike[rows].max())[-1]])
    return None


def _mean(values: Array) -> float:
    there = values[values > -1]
    return float(there.mean()) if len(there) else -1.0


def truths(annotations: Iterable[Mapping[str, object]]) -> dict[int, list[Truth]]:
    """COCO's person annotations by picture."""
    pictures: dict[int, list[Truth]] = {}
    for each in annotations:
        points = np.array(each["keypoints"], dtype=np.float64).reshape(-1, 3)
        is_crowd = bool(each.get("iscrowd", 0))
        person = Truth(
            points[:, :2],
            points[:, 2].astype(np.int64),
            float(each["area"]),  # type: ignore[arg-type]
            np.array(each["bbox"], dtype=np.float64),
            ignored=is_crowd or each["num_keypoints"] == 0,
            is_crowd=is_crowd,
        )
        pictures.setdefault(int(each["image_id"]), []).append(person)  # type: ignore[call-overload]
    return pictures


def answers(results: Iterable[Mapping[str, object]]) -> dict[int, list[Found]]:
    """COCO's keypoint results by picture."""
    pictures: dict[int, list[Found]] = {}
    for each in results:
        points = np.array(each["keypoints"], dtype=np.float64).reshape(-1, 3)
        found = Found(points[:, :2], float(each["score"]))  # type: ignore[arg-type]
        pictures.setdefault(int(each["image_id"]), []).append(found)  # type: ignore[call-overload]
    return pictures
