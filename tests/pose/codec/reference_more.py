"""More decoders, one keypoint at a time: heat maps, classifications, regressions, boxes, suppressions."""

import math
from itertools import product

import cv2
import numpy as np

from flixpose.pose.codec import displacement, paf, regression


def highest(maps: np.ndarray) -> list[tuple[int, int, float]]:
    """x, y, height of each (H, W) map."""
    found = []
    for layer in maps:
        best = (0, 0, float(layer[0, 0]))
        for y, row in enumerate(layer.tolist()):
            for x, value in enumerate(row):
                if value > best[2]:
                    best = (x, y, value)
        found.append(best if best[2] > 0 else (0, 0, best[2]))
    return found


def quarter(maps: np.ndarray) -> list[tuple[float, float]]:
    moved = []
    for layer, (x, y, _) in zip(maps, highest(maps), strict=True):
        height, width = layer.shape
        if 1 < x < width - 1 and 1 < y < height - 1:
            moved.append(
                (
                    x + 0.25 * float(np.sign(layer[y, x + 1] - layer[y, x - 1])),
                    y + 0.25 * float(np.sign(layer[y + 1, x] - layer[y - 1, x])),
                )
            )
        else:
            moved.append((float(x), float(y)))
    return moved


def _blurred(layer: np.ndarray, kernel: int) -> np.ndarray:
    reach = kernel // 2
    soft = cv2.GaussianBlur(np.pad(layer.astype(np.float64), reach), (kernel, kernel), 0)
    soft = soft[reach:-reach, reach:-reach]
    return (soft * (float(layer.max()) / (float(soft.max()) or 1.0))).astype(np.float32)


def dark(maps: np.ndarray) -> list[tuple[float, float]]:
    moved = []
    for layer, (x, y, _) in zip(maps, highest(maps), strict=True):
        height, width = layer.shape
        logs = np.log(np.maximum(_blurred(layer, 11), 1e-10)).astype(float)
        if not (1 < x < width - 2 and 1 < y < height - 2):
            moved.append((float(x), float(y)))
            continue
        dx, dy = (logs[y, x + 1] - logs[y, x - 1]) / 2, (logs[y + 1, x] - logs[y - 1, x]) / 2
        xx = (logs[y, x + 2] - 2 * logs[y, x] + logs[y, x - 2]) / 4
        yy = (logs[y + 2, x] - 2 * logs[y, x] + logs[y - 2, x]) / 4
        xy = (logs[y + 1, x + 1] - logs[y - 1, x + 1] - logs[y + 1, x - 1] + logs[y - 1, x - 1]) / 4
        det = xx * yy - xy * xy
        step = ((yy * dx - xy * dy) / det, (xx * dy - xy * dx) / det) if det else (0.0, 0.0)
        moved.append((x - step[0], y - step[1]))
    return moved


def udp(maps: np.ndarray) -> list[tuple[float, float]]:
    moved = []
    for layer, (x, y, _) in zip(maps, highest(maps), strict=True):
        logs = np.pad(np.log(np.clip(_blurred(layer, 11), 1e-3, 50)), 1, mode="edge").astype(float)
        x, y = x + 1, y + 1
        dx, dy = (logs[y, x + 1] - logs[y, x - 1]) / 2, (logs[y + 1, x] - logs[y - 1, x]) / 2
        xx = logs[y, x + 1] - 2 * logs[y, x] + logs[y, x - 1]
        yy = logs[y + 1, x] - 2 * logs[y, x] + logs[y - 1, x]
        xy = logs[y + 1, x + 1] - logs[y, x + 1] - logs[y + 1, x] + 2 * logs[y, x]
        xy = (xy - logs[y, x - 1] - logs[y - 1, x] + logs[y - 1, x - 1]) / 2
        eps = float(np.finfo(np.float32).eps)
        det = (xx + eps) * (yy + eps) - xy * xy
        step_x = ((yy + eps) * dx - xy * dy) / det
        step_y = ((xx + eps) * dy - xy * dx) / det
        moved.append((x - 1 - step_x, y - 1 - step_y))
    return moved


def simcc(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float, float]]:
    """x, y, score of each keypoint of each person."""
    found = []
    for person, part in product(range(len(x)), range(x.shape[1])):
        best = []
        for bins in (x[person, part].tolist(), y[person, part].tolist()):
            row = max(range(len(bins)), key=lambda b: bins[b])
            best.append((row, bins[row]))
        score = min(best[0][1], best[1][1])
        found.append((best[0][0] / 2, best[1][0] / 2, score) if score > 0 else (-0.5, -0.5, score))
    return found


def _maxima(layer: np.ndarray, reach: int = 1) -> list[tuple[float, int, int]]:
    """Value, x, y of the cells that no neighbour is above, highest first."""
    found = []
    for y, x in product(*map(range, layer.shape)):
        window = layer[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        if layer[y, x] > 0 and layer[y, x] >= window.max():
            found.append((float(layer[y, x]), x, y))
    return sorted(found, key=lambda each: -each[0])


def centres(maps, most: int) -> list[tuple[float, list[float], list[tuple[float, float]]]]:
    """Score, box and keypoints of each person; as `codec.centre.Centres` of arrays."""
    points = [_maxima(layer)[:most] for layer in maps.keypoint_heat]
    people = []
    for score, x, y in _maxima(maps.heat[0])[:most]:
        centre = (x + maps.reg[0, y, x], y + maps.reg[1, y, x])
        half = (maps.wh[0, y, x] / 2, maps.wh[1, y, x] / 2)
        box = [centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]]
        bound = 0.3 * max(box[2] - box[0], box[3] - box[1])
        xy = []
        for part, found in enumerate(points):
            start = (x + float(maps.offsets[2 * part, y, x]), y + float(maps.offsets[2 * part + 1, y, x]))
            places = [
                (px + float(maps.keypoint_reg[0, py, px]), py + float(maps.keypoint_reg[1, py, px]))
                for height, px, py in found
                if height > 0.1
            ]
            nearest = min(places, key=lambda place: math.dist(place, start), default=None)
            near = nearest is not None and math.dist(nearest, start) <= bound
            inside = near and box[0] <= nearest[0] <= box[2] and box[1] <= nearest[1] <= box[3]
            xy.append(nearest if inside else start)
        people.append((score, box, xy))
    return people


def dekr(heat: np.ndarray, offsets: np.ndarray, stride: int) -> list[list[tuple[float, float]]]:
    """The keypoints of each person that stays."""
    rule = regression.RULE
    poses, scores = [], []
    large = [_enlarged(layer, stride) for layer in heat[:-1]]
    for value, x, y in _maxima(heat[-1])[: rule.most]:
        if value <= rule.min_centre:
            continue
        pose = [
            (stride * (x - float(offsets[2 * k, y, x])), stride * (y - float(offsets[2 * k + 1, y, x])))
            for k in range(len(heat) - 1)
        ]
        read = []
        for layer, (px, py) in zip(large, pose, strict=True):
            row = min(max(math.floor(py), 0), layer.shape[0] - 1)
            column = min(max(math.floor(px), 0), layer.shape[1] - 1)
            read.append(float(layer[row, column]))
        poses.append(pose)
        scores.append(sum(read) / len(read))
    done: set[int] = set()
    kept = []
    for row, pose in enumerate(poses):
        if row in done:
            continue
        spread = [max(p[a] for p in pose) - min(p[a] for p in pose) for a in (0, 1)]
        reach = rule.near * math.hypot(*spread)
        group = [
            other
            for other, others in enumerate(poses)
            if sum(math.dist(a, b) < reach for a, b in zip(pose, others, strict=True)) > rule.max_twins
        ]
        best = max(group, key=lambda other: scores[other], default=row)
        if best not in done:
            kept.append(poses[best])
            done |= {*group, best}
    return kept


def _enlarged(layer: np.ndarray, stride: int) -> np.ndarray:
    height, width = layer.shape
    y = np.minimum(np.arange(height * stride) / stride, height - 1)
    x = np.minimum(np.arange(width * stride) / stride, width - 1)
    there = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return cv2.remap(layer, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def posenet(maps: displacement.Maps, stride: int, min_score: float) -> list[list[tuple[float, float]]]:
    """(y, x) of each person's keypoints."""
    roots = [(value, part, y, x) for part, layer in enumerate(maps.heat) for value, x, y in _maxima(layer)]
    people: list[list[tuple[float, float]]] = []
    for value, part, y, x in sorted(roots, key=lambda root: -root[0]):
        if value < min_score:
            continue
        spot = (
            y * stride + float(maps.offsets[part, 0, y, x]),
            x * stride + float(maps.offsets[part, 1, y, x]),
        )
        if any(math.dist(spot, person[part]) <= 20 for person in people):
            continue
        pose: list[tuple[float, float] | None] = [None] * len(maps.heat)
        pose[part] = spot
        for edge, (parent, child) in reversed(list(enumerate(displacement.TREE))):
            if pose[child] is not None and pose[parent] is None:
                pose[parent] = _step(maps, pose[child], edge, maps.backward, parent, stride)
        for edge, (parent, child) in enumerate(displacement.TREE):
            if pose[parent] is not None and pose[child] is None:
                pose[child] = _step(maps, pose[parent], edge, maps.forward, child, stride)
        whole = [each for each in pose if each is not None]
        fresh = [
            float(maps.heat[(k, *_cell(spot, maps, stride))]) if k != part else value
            for k, spot in enumerate(whole)
            if not any(math.dist(spot, person[k]) <= 20 for person in people)
        ]
        if sum(fresh) / len(whole) >= 0.5:
            people.append(whole)
        if len(people) == 10:
            break
    return people


def _cell(spot: tuple[float, float], maps: displacement.Maps, stride: int) -> tuple[int, int]:
    height, width = maps.heat.shape[1:]
    return min(max(round(spot[0] / stride), 0), height - 1), min(max(round(spot[1] / stride), 0), width - 1)


def _step(maps, start, edge: int, moves: np.ndarray, target: int, stride: int) -> tuple[float, float]:
    y, x = _cell(start, maps, stride)
    there = (start[0] + float(moves[edge, 0, y, x]), start[1] + float(moves[edge, 1, y, x]))
    y, x = _cell(there, maps, stride)
    return (
        y * stride + float(maps.offsets[target, 0, y, x]),
        x * stride + float(maps.offsets[target, 1, y, x]),
    )


def oks_nms(
    poses: np.ndarray, scores: np.ndarray, areas: np.ndarray, sigmas: np.ndarray, most: float
) -> list[int]:
    left = sorted(range(len(poses)), key=lambda row: -scores[row])
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        rest = []
        for row in left:
            area = (areas[best] + areas[row]) / 2 + np.spacing(1)
            alike = sum(
                math.exp(
                    -(math.dist(poses[best, k, :2], poses[row, k, :2]) ** 2) / (2 * sigmas[k]) ** 2 / area / 2
                )
                for k in range(len(sigmas))
            )
            if alike / len(sigmas) <= most:
                rest.append(row)
        left = rest
    return kept


def boxes(corners: np.ndarray, scores: np.ndarray, most: float) -> list[int]:
    kept: list[int] = []
    for row in sorted(range(len(corners)), key=lambda each: -scores[each]):
        if all(_overlap(corners[row], corners[other]) <= most for other in kept):
            kept.append(row)
    return kept


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def roi(maps: np.ndarray, corners: np.ndarray) -> list[list[tuple[float, float]]]:
    """Bicubic as torch has it (a = -0.75), pixel by pixel: the highest pixel of every keypoint's map."""
    people = []
    for layers, (x0, y0, x1, y1) in zip(maps, corners.tolist(), strict=True):
        width, height = max(math.ceil(x1 - x0), 1), max(math.ceil(y1 - y0), 1)
        rows, columns = _weights(height, maps.shape[2]), _weights(width, maps.shape[3])
        points = []
        for layer in layers:
            large = rows @ layer.astype(np.float64) @ columns.T
            best, place = -math.inf, (0, 0)
            for y in range(height):
                for x in range(width):
                    if large[y, x] > best:
                        best, place = large[y, x], (x, y)
            points.append(
                (x0 + (place[0] + 0.5) * (x1 - x0) / width, y0 + (place[1] + 0.5) * (y1 - y0) / height)
            )
        people.append(points)
    return people


def _weights(count: int, cells: int) -> np.ndarray:
    """(count, cells) Keys' cubic weights of each pixel."""
    table = np.zeros((count, cells))
    for pixel in range(count):
        place = (pixel + 0.5) * cells / count - 0.5
        start = math.floor(place)
        for cell in range(start - 1, start + 3):
            gap = abs(place - cell)
            inner = 1.25 * gap**3 - 2.25 * gap**2 + 1
            outer = -0.75 * (gap**3 - 5 * gap**2 + 8 * gap - 4)
            table[pixel, min(max(cell, 0), cells - 1)] += inner if gap <= 1 else outer
    return table


def group_lightweight(found: paf.Candidates, fields: np.ndarray) -> list[list[int]]:
    """Rows of candidates of each person."""
    people: list[list] = []
    for index, (part_a, part_b, channel) in enumerate(paf.LIMBS):
        pairs = []
        for a, b in product(range(len(found.part)), repeat=2):
            if found.part[a] == part_a and found.part[b] == part_b:
                score = _lightweight_score(found.xy[a], found.xy[b], fields, channel)
                if score is not None:
                    pairs.append((score, a, b))
        taken: set[tuple[str, int]] = set()
        for score, a, b in sorted(pairs, key=lambda pair: -pair[0]):
            if not taken & {("a", a), ("b", b)}:
                taken |= {("a", a), ("b", b)}
                _grow(people, found, part_a, part_b, a, b, score, starts=index < 17)
    return [p[0] for p in people if p[2] >= 3 and p[1] / p[2] >= 0.2]


def _lightweight_score(start: np.ndarray, end: np.ndarray, fields: np.ndarray, channel: int) -> float | None:
    way = (end[0] - start[0], end[1] - start[1])
    length = math.hypot(*way) + 1e-6
    strong = []
    for sample in range(10):
        x, y = round(start[0] + way[0] * sample / 9), round(start[1] + way[1] * sample / 9)
        value = fields[channel, y, x] * way[0] / length + fields[channel + 1, y, x] * way[1] / length
        if value > 0.05:
            strong.append(float(value))
    return sum(strong) / (len(strong) + 1e-6) if len(strong) > 8 and sum(strong) > 0 else None


def _grow(people: list, found, part_a, part_b, a, b, score, *, starts: bool) -> None:
    hosts = [person for person in people if person[0][part_a] == a]
    if not starts:
        for person in people:
            if person[0][part_a] == a and person[0][part_b] < 0:
                person[0][part_b] = b
            elif person[0][part_b] == b and person[0][part_a] < 0:
                person[0][part_a] = a
    elif hosts:
        for person in hosts:
            person[0][part_b] = b
            person[1] += float(found.scores[b]) + score
            person[2] += 1
    else:
        rows = [-1] * 18
        rows[part_a], rows[part_b] = a, b
        people.append([rows, float(found.scores[a]) + float(found.scores[b]) + score, 2])
