"""The decoders once more, one keypoint, pair and box at a time: what they must equal and outrun."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from flixpose.pose.codec import embedding, keypoint_objects, paf, parametric_nms


def group_openpose(found: paf.Candidates, fields: np.ndarray) -> list[list[int]]:
    """Rows of candidates of each person."""
    people: list[list] = []
    for index, (part_a, part_b, channel) in enumerate(paf.LIMBS):
        pairs = []
        for a in range(len(found.part)):
            for b in range(len(found.part)):
                if found.part[a] == part_a and found.part[b] == part_b:
                    score = _limb_score(found.xy[a], found.xy[b], fields, channel)
                    if score is not None:
                        pairs.append((score, a, b))
        taken: set[tuple[str, int]] = set()
        for score, a, b in sorted(pairs, key=lambda pair: -pair[0]):
            if ("a", a) in taken or ("b", b) in taken:
                continue
            taken |= {("a", a), ("b", b)}
            _join(people, found, part_a, part_b, a, b, score, may_start=index < 17)
    return [p[0] for p in people if p[2] >= 4 and p[1] / p[2] >= 0.4]


def _limb_score(start: np.ndarray, end: np.ndarray, fields: np.ndarray, channel: int) -> float | None:
    way = [end[0] - start[0], end[1] - start[1]]
    length = max(math.hypot(*way), 0.001)
    values = []
    for sample in range(10):
        x = round(start[0] + way[0] * sample / 9)
        y = round(start[1] + way[1] * sample / 9)
        value = fields[channel, y, x] * way[0] / length + fields[channel + 1, y, x] * way[1] / length
        values.append(float(value))
    score = sum(values) / 10 + min(0.5 * fields.shape[1] / length - 1, 0)
    return score if sum(v > 0.05 for v in values) > 8 and score > 0 else None


def _join(people: list, found, part_a, part_b, a, b, score, *, may_start: bool) -> None:
    hosts = [p for p in people if p[0][part_a] == a or p[0][part_b] == b]
    if len(hosts) == 1 and hosts[0][0][part_b] != b:
        hosts[0][0][part_b] = b
        hosts[0][1] += float(found.scores[b]) + score
        hosts[0][2] += 1
    elif len(hosts) >= 2:
        first, second = hosts[:2]
        if any(x >= 0 and y >= 0 for x, y in zip(first[0], second[0], strict=True)):
            first[0][part_b] = b
            first[1] += float(found.scores[b]) + score
            first[2] += 1
        else:
            first[0] = [max(pair) for pair in zip(first[0], second[0], strict=True)]
            first[1] += second[1] + score
            first[2] += second[2]
            people.remove(second)
    elif not hosts and may_start:
        rows = [-1] * 18
        rows[part_a], rows[part_b] = a, b
        people.append([rows, float(found.scores[a]) + float(found.scores[b]) + score, 2])


def group_tags(heat: np.ndarray, tags: np.ndarray) -> list[np.ndarray]:
    """(K, 3 + T) of each person."""
    people: list[tuple[np.ndarray, list]] = []
    height, width = heat.shape[1:]
    for part in embedding.ORDER:
        found = []
        for y in range(height):
            for x in range(width):
                value = heat[part, y, x]
                window = heat[part, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
                if value > 0.1 and value >= window.max():
                    found.append(np.array([x, y, value, *tags[part, y, x]], np.float32))
        found = sorted(found, key=lambda row: -row[2])[:30]
        if not found:
            continue
        hosts: list[int | None] = [None] * len(found)
        if people:
            costs = np.full((len(found), max(len(found), len(people))), 1e10)
            gaps = np.full(costs.shape, np.inf)
            for row, each in enumerate(found):
                for column, (_, known) in enumerate(people):
                    gaps[row, column] = np.linalg.norm(each[3:] - np.mean(known, axis=0))
                    costs[row, column] = round(gaps[row, column]) * 100 - each[2]
            for row, column in zip(*linear_sum_assignment(costs), strict=True):
                if gaps[row, column] < 1:
                    hosts[row] = int(column)
        for each, host in zip(found, hosts, strict=True):
            if host is None:
                people.append((np.zeros((len(heat), len(each)), np.float32), []))
                host = len(people) - 1
            people[host][0][part] = each
            people[host][1].append(each[3:])
    return [points for points, _ in people]


def kapao(rows: np.ndarray) -> tuple[list[list[tuple[float, float]]], list[list[float]]]:
    """Fused keypoints and scores of each person; the photo is the net's picture."""
    rule = keypoint_objects.RULE
    people, points = [], []
    for row in rows:
        scores = [row[4] * value for value in row[5:23]]
        kind = int(np.argmax(scores))
        box = (row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2)
        entry = (scores[kind], kind, box, [(row[23 + 2 * k], row[24 + 2 * k]) for k in range(17)])
        if kind == 0 and scores[kind] > rule.min_person:
            people.append(entry)
        elif kind > 0 and scores[kind] > rule.min_keypoint:
            points.append(entry)
    people = _greedy(people, rule.max_person_overlap)
    points = _greedy(points, rule.max_keypoint_overlap)
    xy = [list(person[3]) for person in people]
    sure = [[0.0] * 17 for _ in people]
    for score, kind, box, _ in points:
        centre = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        gaps = [
            math.dist(centre, xy[n][kind - 1]) if person[0] > rule.min_host else math.inf
            for n, person in enumerate(people)
        ]
        host = int(np.argmin(gaps))
        if gaps[host] < rule.reach and score > sure[host][kind - 1]:
            xy[host][kind - 1], sure[host][kind - 1] = centre, score
    return xy, sure


def _greedy(entries: list, most: float) -> list:
    kept: list = []
    for entry in sorted(entries, key=lambda e: -e[0]):
        if all(other[1] != entry[1] or _overlap(other[2], entry[2]) <= most for other in kept):
            kept.append(entry)
    return kept


def _overlap(a: tuple, b: tuple) -> float:
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def pose_nms(boxes: np.ndarray, xy: np.ndarray, scores: np.ndarray) -> list[int]:
    """Rows of the poses that stay."""
    rule, left, kept = parametric_nms.COCO, list(range(len(xy))), []
    while left:
        best = max(left, key=lambda row: scores[row].mean())
        kept.append(best)
        reach = min(rule.reach * max(boxes[best][2:] - boxes[best][:2]), rule.most_reach)
        rest = []
        for row in left:
            alike, twins = 0.0, 0
            for part in range(xy.shape[1]):
                gap = math.dist(xy[best, part], xy[row, part])
                if gap <= rule.together:
                    alike += math.tanh(scores[best, part]) * math.tanh(scores[row, part])
                alike += rule.soft_share * math.exp(-gap / rule.spread)
                twins += gap / reach <= 1
            if row != best and alike <= rule.max_similarity and twins < rule.max_twins:
                rest.append(row)
        left = rest
    return kept
