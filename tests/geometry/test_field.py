"""The field is within 0.05 px of the exact float64 warp everywhere, and only what is covered is looked at."""

import cv2
import numpy as np
import pytest

from flixpose.geometry.field import CELL, TOLERANCE_SHARE, Field, Run, runs
from flixpose.geometry.lattice import coarse_lattice, interpolation, kinks_of, refined
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.source import Occupancy
from flixpose.geometry.warp import compose, map_points
from flixpose.structures.warp import Warp
from tests.geometry.helpers import controls, grid_controls


def worst_error(warp, size, *, quantised=True):
    """Largest distance (source pixels) between the places that the sampler reads and the exact ones."""
    field = Field(warp, (0, 0), *size, tolerance=TOLERANCE_SHARE * 0.05)
    active = np.ones(field.shape, dtype=bool)
    field.refine(active)
    worst = 0.0
    for (x, y, width, height), counts in runs(field.counts(active), *size):
        places = field.tile(Run(x, y, width, height, tuple(counts))).positions()
        if quantised:
            whole, part = cv2.convertMaps(places[0] - 0.5, places[1] - 0.5, cv2.CV_16SC2)
            places = np.stack([whole[..., 0] + (part % 32) / 32 + 0.5, whole[..., 1] + part // 32 / 32 + 0.5])
        at = np.stack(np.meshgrid(x + np.arange(width) + 0.5, y + np.arange(height) + 0.5), axis=-1)
        exact = map_points(warp, at.reshape(-1, 2)).reshape(height, width, 2).transpose(2, 0, 1)
        worst = max(worst, float(np.hypot(*(places - exact)).max()))
    return worst


@pytest.mark.parametrize("count", [4, 25, 80])
@pytest.mark.parametrize("noise", [0.005, 0.05])
def test_within_a_twentieth_of_a_pixel_with_hostile_points(count, noise):
    size = (300, 410)
    warp = solve_warp(controls(count, noise, size=size, scale=2.1)).warp
    assert worst_error(warp, size) <= 0.05


def test_within_a_twentieth_of_a_pixel_on_a_large_picture():
    size = (1200, 1800)
    assert worst_error(solve_warp(grid_controls(5, 5, 0.03, size=size)).warp, size) <= 0.05


def test_a_chain_is_as_exact():
    size = (300, 400)
    warp = solve_warp(controls(12, 0.03, size=size, scale=1.0)).warp
    assert worst_error(compose(warp, warp), size) <= 0.05


def test_refined_keeps_the_coarser_nodes_and_interpolation_keeps_cubics():
    warp = solve_warp(controls(14, 0.03, size=(256, 256))).warp
    coarse = coarse_lattice(warp, (0, 0), 256, 256)
    fine = refined(warp, coarse, 0.02, kinks_of(warp))
    assert (fine.nodes[:, ::2, ::2] == coarse.nodes[:, 1:-1, 1:-1]).all()
    node = (np.arange(64 // 8 + 5) - 2) * 8.0
    pixel = np.arange(64) + 0.5
    for power in range(4):
        made = interpolation(64, 8).astype(np.float64) @ (node / 64) ** power
        assert np.abs(made - (pixel / 64) ** power).max() < 1e-5


def test_nothing_is_looked_at_where_nothing_is_covered():
    alpha = np.zeros((600, 600), np.uint8)
    alpha[280:320, 280:320] = 255
    field = Field(Warp(np.eye(3)), (0, 0), 1280, 1280, tolerance=0.02)
    active = field.active(Occupancy(alpha))
    rows, _ = np.nonzero(active)
    assert (rows * CELL).min() >= 128 and ((rows + 1) * CELL).max() <= 448
    assert active[280 // CELL : 320 // CELL + 1, 280 // CELL : 320 // CELL + 1].all()
    assert active.sum() <= 16


def test_behind_the_horizon_nothing_is_drawn():
    warp = Warp(np.array([[1, 0, 0], [0, 1, 0], [-1 / 300, 0, 1]]))  # the horizon is at x = 300
    field = Field(warp, (0, 0), 640, 640, tolerance=0.02)
    active = field.active(Occupancy(np.full((600, 600), 255, np.uint8)))
    assert active[:, : 192 // CELL].any() and not active[:, 320 // CELL :].any()


def test_runs_cover_the_active_cells_once():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 3, (2, 7, 11)) * (rng.random((7, 11)) > 0.4)
    seen = np.zeros((7 * CELL - 20, 11 * CELL - 9), int)
    for (x, y, width, height), own in runs(counts, seen.shape[1], seen.shape[0]):
        seen[y : y + height, x : x + width] += 1
        cells = counts[:, y // CELL : -(-(y + height) // CELL), x // CELL : -(-(x + width) // CELL)]
        assert (cells.max(axis=(1, 2)) == own).all()
        sides = [cells[:, 0], cells[:, -1], cells[:, :, 0], cells[:, :, -1]]
        assert all(side.any() for side in sides), "an idle side is cut off"
    expected = np.kron(counts.any(axis=0), np.ones((CELL, CELL), int))[: seen.shape[0], : seen.shape[1]]
    assert (seen[expected > 0] == 1).all() and seen.max() == 1


def test_few_idle_cells_are_drawn_and_many_are_not():
    counts = np.ones((2, 4, 12), int)
    counts[:, 1, 5] = 0  # one hole is cheaper drawn than gone around
    assert len(list(runs(counts, 12 * CELL, 4 * CELL))) == 1
    counts = np.zeros((2, 4, 12), int)
    counts[:, 0, 0] = counts[:, 3, 11] = 3
    tiles = [place[2:] for place, _ in runs(counts, 12 * CELL, 4 * CELL)]
    assert tiles == [(CELL, CELL), (CELL, CELL)]


def test_a_tile_tells_what_it_reads_at_most():
    warp = solve_warp(controls(25, 0.05, size=(400, 400), scale=2.1)).warp
    field = Field(warp, (0, 0), 400, 400, tolerance=0.0125)
    for x, y, width, height in ((0, 0, 320, 192), (64, 128, 128, 64), (320, 384, 80, 16)):
        tile = field.tile(Run(x, y, width, height, (3, 2)))
        low, high = tile.bounds
        for places in tile.subsamples():
            assert (places.min(axis=(1, 2)) >= low).all() and (places.max(axis=(1, 2)) <= high).all()
        inner, slack = tile.positions(), tile.reach + 4 * tile.stride
        assert (inner.min(axis=(1, 2)) - low < slack).all() and (high - inner.max(axis=(1, 2)) < slack).all()
