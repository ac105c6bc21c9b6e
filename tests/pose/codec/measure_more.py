"""The other decoders and their references on the same ten people; the nets' maps at 640 pixels."""

from types import SimpleNamespace

import numpy as np
import torch

from flixpose.pose import oks
from flixpose.pose.codec import boxes, centre, displacement, paf, peaks, regression, roi_heatmap, simcc
from flixpose.pose.skeletons import COCO_17, sigmas
from tests.pose.codec import reference_more as reference
from tests.pose.codec import scenes
from tests.pose.codec.measure import Race

_ROWS = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]  # COCO's in OpenPose's order
_STRIDE, _COARSE = 4, 16


def bodies() -> np.ndarray:
    """(10, 17, 2) pixels."""
    return scenes.bodies(18)[:, _ROWS]


def more_races() -> list[Race]:
    return [*_one_by_one(), *_at_once(), *_suppressions()]


def _near(a, b, gap: float = 1e-3) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(np.allclose(a, b, atol=gap))


def _person_maps() -> np.ndarray:
    """(170, 64, 48): every keypoint of every person in a crop of its own."""
    rng = np.random.default_rng(2)
    cells = rng.uniform(3, 44, (170, 2)).astype(np.float32)
    maps = peaks.encode(cells, np.ones(170, bool), (48, 64), sigma=2.0)
    return np.maximum(maps + rng.uniform(0, 0.05, maps.shape).astype(np.float32), 0)


def _one_by_one() -> list[Race]:
    maps = _person_maps()
    rng = np.random.default_rng(4)
    x, y = (rng.random((10, 17, bins)).astype(np.float32) for bins in (384, 512))
    rows = [
        ("quarter step", peaks.quarter, reference.quarter),
        ("DARK", peaks.dark, reference.dark),
        ("UDP", peaks.dark_udp, reference.udp),
    ]
    races = [
        Race(
            f"heat maps, {name}",
            lambda fast=fast: fast(maps, peaks.highest(maps)[0]),
            lambda slow=slow: slow(maps),
            _near,
        )
        for name, fast, slow in rows
    ]
    corners = _corners(bodies())
    logits = _box_logits()
    return [
        *races,
        Race(
            "SimCC",
            lambda: np.concatenate([(d := simcc.decode(x, y))[0], d[1][..., None]], axis=2).reshape(-1, 3),
            lambda: reference.simcc(x, y),
            _near,
        ),
        Race(
            "boxes' heat maps",
            lambda: roi_heatmap.decode(logits, corners)[0],
            lambda: reference.roi(logits, corners),
            lambda a, b: _near(a, b, 0.01),
        ),
    ]


def _box_logits() -> np.ndarray:
    """(10, 17, 56, 56): a bump somewhere, in noise."""
    rng = np.random.default_rng(5)
    cells = rng.uniform(4, 52, (170, 2)).astype(np.float32)
    maps = 12 * peaks.encode(cells, np.ones(170, bool), (56, 56), sigma=2.0) - 4
    return (maps + rng.normal(0, 0.5, maps.shape)).reshape(10, 17, 56, 56).astype(np.float32)


def _corners(people: np.ndarray) -> np.ndarray:
    low, high = people.min(axis=1) - 8, people.max(axis=1) + 8
    return np.concatenate([low, high], axis=1).astype(np.float32)


def _at_once() -> list[Race]:
    body = scenes.bodies(18)
    found = paf.distinct_peaks(scenes.heat(body, 320, sigma=4))
    fields = scenes.fields(body, 320)
    maps = _centre_maps()
    tensors = centre.Centres(**{name: torch.from_numpy(layer) for name, layer in vars(maps).items()})
    heat, offsets = _dekr_maps()
    displaced = _displaced()
    return [
        Race(
            "PAF grouping, lightweight",
            lambda: paf.group_lightweight(found, fields).rows.tolist(),
            lambda: reference.group_lightweight(found, fields),
            lambda a, b: a == b,
        ),
        Race(
            "centres",
            lambda: centre.decode(tensors, most=20),
            lambda: reference.centres(maps, 20),
            lambda a, b: _near(a.xy, [person[2] for person in b], 0.01),
        ),
        Race(
            "centres' offsets",
            lambda: _dekr(torch.from_numpy(heat), torch.from_numpy(offsets)),
            lambda: reference.dekr(heat, offsets, _STRIDE),
            lambda a, b: _near(a, b, 0.01),
        ),
        Race(
            "displacements",
            lambda: displacement.decode(displaced, stride=_COARSE)[0],
            lambda: reference.posenet(displaced, _COARSE, 0.5),
            lambda a, b: _near(a, b, 0.01),
        ),
    ]


def _centre_maps() -> SimpleNamespace:
    rng = np.random.default_rng(3)
    people = bodies() / _STRIDE
    side = scenes.SIDE // _STRIDE
    corners = _corners(bodies()) / _STRIDE
    middle = (corners[:, :2] + corners[:, 2:]) / 2
    heat = scenes.heat(middle[:, None] * _STRIDE, side, sigma=2) + rng.uniform(0, 0.02, (1, side, side))
    offsets, wh = np.zeros((34, side, side)), np.zeros((2, side, side))
    for body, corner, (x, y) in zip(people, corners, np.round(middle).astype(int), strict=True):
        around = np.s_[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
        offsets[(slice(None), *around)] = (body - (x, y)).reshape(-1)[:, None, None]
        wh[(slice(None), *around)] = (corner[2:] - corner[:2])[:, None, None]
    points = scenes.heat(bodies(), side, sigma=1.5) + rng.uniform(0, 0.02, (17, side, side))
    maps = {"heat": heat, "wh": wh, "offsets": offsets, "keypoint_heat": points}
    maps |= {"reg": rng.random((2, side, side)), "keypoint_reg": rng.random((2, side, side))}
    return SimpleNamespace(**{name: layer.astype(np.float32) for name, layer in maps.items()})


def _dekr(heat: torch.Tensor, offsets: torch.Tensor) -> np.ndarray:
    poses, centres = regression.proposals(heat, offsets, stride=_STRIDE)
    return regression.suppress(poses, centres, heat[:-1], stride=_STRIDE)[0][..., :2]


def _dekr_maps() -> tuple[np.ndarray, np.ndarray]:
    maps = _centre_maps()
    side = maps.heat.shape[-1]
    heat = np.concatenate([maps.keypoint_heat, maps.heat])
    moves = -maps.offsets + np.random.default_rng(7).normal(0, 0.2, (34, side, side))
    return heat.astype(np.float32), moves.astype(np.float32)


def _displaced() -> displacement.Maps:
    people = bodies()
    side = scenes.SIDE // _COARSE + 1
    ticks = np.arange(side) * _COARSE
    shape = (side, side)
    heat = scenes.heat(people, side, sigma=0.8) + np.random.default_rng(8).uniform(0, 0.01, (17, *shape))
    gap = people[:, :, None, None] - np.stack(np.meshgrid(ticks, ticks), axis=-1)
    whose = np.square(gap).sum(axis=-1).argmin(axis=0)
    rows, columns = np.indices(shape)
    moved = np.zeros((17, 2, *shape))
    for part in range(17):
        moved[part] = gap[whose[part], part, rows, columns][..., ::-1].transpose(2, 0, 1)
    ways = [
        np.stack(
            [(people[whose[a], b] - people[whose[a], a])[..., ::-1].transpose(2, 0, 1) for a, b in steps]
        )
        for steps in (displacement.TREE, [(b, a) for a, b in displacement.TREE])
    ]
    return displacement.Maps(*(layer.astype(np.float32) for layer in (heat, moved, *ways)))


def _suppressions() -> list[Race]:
    rng = np.random.default_rng(1)
    poses = np.concatenate([bodies() + rng.normal(0, 2, (10, 17, 2)) for _ in range(4)])
    scores, spread = rng.random(40), sigmas(COCO_17)
    corners = _corners(poses)
    areas = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    told = np.concatenate([poses, np.ones((40, 17, 1))], axis=2)
    return [
        Race(
            "OKS NMS",
            lambda: oks.suppress(told, scores, areas, spread, max_similarity=0.7),
            lambda: reference.oks_nms(told, scores, areas, spread, 0.7),
            lambda a, b: a == b,
        ),
        Race(
            "box NMS",
            lambda: boxes.suppress(corners, scores.astype(np.float32), max_overlap=0.65).tolist(),
            lambda: reference.boxes(corners, scores, 0.65),
            lambda a, b: a == b,
        ),
    ]
