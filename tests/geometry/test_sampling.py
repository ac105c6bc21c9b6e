"""Sampling: exact where nothing is to be done, alias-free, sharp without ringing, no background bled in."""

import cv2
import numpy as np
import pytest
import torch

from flixpose.geometry.field import CELL, Field
from flixpose.geometry.sampling import sample
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.source import prepare_source
from flixpose.geometry.torch_sampling import batch_positions, sample_batch
from flixpose.geometry.warp import map_points
from flixpose.structures.image import Box
from flixpose.structures.warp import Warp
from tests.geometry.helpers import controls, grid_controls, psnr, supersampled, zone_plate


def scaled(scale, shift=(0.0, 0.0)):
    return Warp(np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1.0]]))


def picture(width=300, height=400, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1.5) // 2 + cv2.GaussianBlur(noise, (0, 0), 12) // 2


def canvas(sampled, size):
    out = np.zeros((size[1], size[0], 4), np.uint8)
    box = sampled.box
    out[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = sampled.patch
    return out


def test_identity_gives_the_picture_back_bit_for_bit():
    source = picture()
    drawn = sample(source, Warp(np.eye(3)), (300, 400))
    assert (drawn.patch[..., :3] == source).all() and (drawn.patch[..., 3] == 255).all()
    assert drawn.box == Box(0.0, 0.0, 300.0, 400.0)


def test_the_frame_is_the_houses():
    source = picture()
    drawn = canvas(sample(source, scaled(1.0, (-7.0, 12.0)), (300, 380)), (300, 380))
    assert (drawn[:380, 7:300, :3] == source[12:392, :293]).all()
    assert (drawn[:, :5] == 0).all()


@pytest.mark.parametrize("region", [Box(100, 50, 200, 170), Box(-5, -5, 90.5, 100), Box(500, 0, 600, 10)])
def test_a_region_is_the_same_picture_cut_out(region):
    source, warp, size = picture(), solve_warp(controls(9, 0.03, size=(300, 400), scale=1.0)).warp, (300, 400)
    whole, part = canvas(sample(source, warp, size), size), sample(source, warp, size, region=region)
    x0, y0, x1, y1 = (int(v) for v in (part.box.x0, part.box.y0, part.box.x1, part.box.y1))
    assert part.patch.shape == (y1 - y0, x1 - x0, 4)
    # Another lattice: places differ by some thousandths of a pixel.
    assert np.abs(whole[y0:y1, x0:x1].astype(int) - part.patch).max(initial=0) <= 3


@pytest.mark.parametrize(
    ("scale", "least"), [(1.4, 35), (2.0, 40), (2160 / 700, 40), (4.7, 40), (9.0, 40), (13.0, 38)]
)
def test_a_zone_plate_drawn_smaller_is_free_of_moire(scale, least):
    source = zone_plate(1080)
    size = (int(1080 / scale), int(1080 / scale))
    drawn = canvas(sample(source, scaled(scale), size), size)[..., :3]
    reference = supersampled(source, scaled(scale), size, times=4 if scale < 4 else 12)
    inner = np.s_[2:-2, 2:-2]
    assert psnr(drawn[inner], reference[inner]) >= least
    assert abs(drawn[inner].mean() - source.mean()) < 1.0


@pytest.mark.parametrize(("scale", "least"), [(1.4, 30), (1.7, 31), (2.0, 33), (2160 / 700, 35), (4.7, 44)])
def test_one_subsample_a_pixel_is_free_of_moire_but_for_the_finest_rings(scale, least):
    source = zone_plate(1080)
    size = (int(1080 / scale), int(1080 / scale))
    drawn = canvas(sample(source, scaled(scale), size, fine=False), size)[..., :3].astype(float)
    reference = supersampled(source, scaled(scale), size, times=4 if scale < 4 else 12)
    inner = np.s_[2:-2, 2:-2]
    assert psnr(drawn[inner], reference[inner]) >= least
    # Rings that the canvas can just show keep their contrast.
    rows, columns = np.indices(size[::-1]) + 0.5 - size[0] / 2
    radius = np.hypot(rows, columns) / size[0] * scale
    ring = (radius > 0.25) & (radius < 0.45)
    assert drawn[ring].std() / reference[ring].std() == pytest.approx(1, abs=0.12)


def test_a_warp_that_crushes_a_picture_takes_few_subsamples():
    field = Field(scaled(300.0), (0, 0), 64, 64, tolerance=0.1)
    assert field.counts(np.ones(field.shape, bool)).max() <= 16


def test_a_fine_stripe_through_a_strong_warp_keeps_its_mean_and_shows_no_moire():
    source = np.full((1080, 1080, 3), 30, np.uint8)
    source[:, ::2] = 220  # one pixel on, one off
    size = (350, 350)
    warp = solve_warp(grid_controls(5, 5, 0.02, size=size, scale=1080 / 350)).warp
    drawn = canvas(sample(source, warp, size), size)
    sure = cv2.erode((drawn[..., 3] == 255).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inner, reference = drawn[sure][:, :3], supersampled(source, warp, size)[sure]
    assert abs(inner.mean() - 125) < 1.0 and abs(inner.mean() - reference.mean()) < 0.3
    assert psnr(inner, reference) >= 40
    plain = cv2.remap(source, _map(warp, size), None, cv2.INTER_CUBIC)[sure]
    assert plain.std() > 4 * inner.std()  # what point sampling makes of it


def _map(warp, size):
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    places = map_points(warp, np.column_stack([x.ravel(), y.ravel()])) - 0.5
    return places.reshape(size[1], size[0], 2).astype(np.float32)


def test_a_strong_warp_agrees_with_the_supersampled_reference():
    source, size = picture(1080, 1080, 3), (350, 350)
    warp = solve_warp(grid_controls(5, 5, 0.03, size=size, scale=1080 / 350)).warp
    drawn = canvas(sample(source, warp, size), size)
    sure = cv2.erode((drawn[..., 3] == 255).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert psnr(drawn[sure][:, :3], supersampled(source, warp, size)[sure]) >= 40


def test_it_squeezes_one_direction_only_where_only_one_is_squeezed():
    source = zone_plate(720, finest=0.25)
    warp = Warp(np.diag([4.0, 1.0, 1.0]))
    drawn = sample(source, warp, (180, 720)).patch[..., :3]
    reference = supersampled(source, warp, (180, 720), times=8)
    middle = np.s_[100:-100, 30:-30]
    down = np.abs(np.diff(drawn[middle].astype(float), axis=0)).mean()
    reference_down = np.abs(np.diff(reference[middle], axis=0)).mean()
    assert down > 0.95 * reference_down  # still sharp from top to bottom
    across = cv2.blur(reference, (1, 1))
    assert psnr(drawn[middle], across[middle]) > 30


@pytest.mark.parametrize("angle", [0, 20, 45])
def test_enlarged_edges_ring_by_less_than_two_percent_and_stay_sharp(angle):
    side = 120
    x, y = np.meshgrid(np.arange(side) - 60.0, np.arange(side) - 60.0)
    turned = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    edge = np.where(np.clip(turned + 0.5, 0, 1)[..., None] > 0.5, 205, 50).astype(np.uint8).repeat(3, axis=2)
    drawn = sample(edge, scaled(1 / 5, (20.0, 20.0)), (400, 400)).patch[..., :3]
    assert drawn.max() <= 205 + 0.02 * 155 and drawn.min() >= 50 - 0.02 * 155
    if angle == 0:
        profile = drawn[200, :, 0].astype(float)
        rise = np.interp([50 + 0.1 * 155, 50 + 0.9 * 155], *_monotone(profile))
        assert (rise[1] - rise[0]) / 5 < 0.8  # source pixels from 10 % to 90 %; straight lines take 0.8


def _monotone(profile):
    start, end = np.flatnonzero(profile > 50)[0] - 1, np.flatnonzero(profile >= 205)[0]
    return profile[start : end + 1], np.arange(start, end + 1)


@pytest.mark.parametrize("fine", [True, False])
def test_no_background_colour_bleeds_in(fine):
    source = np.zeros((200, 200, 4), np.uint8)
    source[..., :3] = (0, 255, 0)  # a green background, wholly transparent
    cv2.circle(source, (100, 100), 70, (200, 60, 60, 255), -1, cv2.LINE_AA)
    source[..., 3] = cv2.GaussianBlur(source[..., 3], (5, 5), 1)
    source[source[..., 3] == 0, :3] = (0, 255, 0)
    source[source[..., 3] > 0, :3] = (200, 60, 60)
    for scale in (0.6, 1.0, 1.7, 3.0):
        size = (int(200 / scale), int(200 / scale))
        drawn = sample(source, scaled(scale), size, fine=fine).patch.astype(float)
        alpha = drawn[..., 3:] / 255
        assert (drawn[..., :3] <= drawn[..., 3:]).all()
        expected = np.array([200, 60, 60]) * alpha
        assert np.abs(drawn[..., :3] - expected).max() <= 2.0, scale


def test_filtering_sets_in_without_a_seam():
    # Thirty columns of cells whose scale grows from 0.9 to 2.2: no step in contrast from tile to tile.
    source = zone_plate(1400, finest=0.12)
    x = np.linspace(0, 1000, 9)
    garment = 0.9 * x + 0.65 * x**2 / 1000
    people = [[a, b] for a in x for b in (0, 500, 1000)]
    shop = [[g, b] for g in garment for b in (0, 500, 1000)]
    from tests.geometry.helpers import made

    warp = solve_warp(made(people, shop)).warp
    drawn = canvas(sample(source, warp, (1000, 1000)), (1000, 1000))[..., :3].astype(float)
    reference = cv2.remap(source, _map(warp, (1000, 1000)), None, cv2.INTER_CUBIC).astype(float)
    step = np.abs(drawn - reference)[64:960, 64:960].mean(axis=(0, 2))
    jumps = np.abs(np.diff(step))
    borders = np.arange(CELL, 895, CELL) - 1
    assert jumps[borders].max() <= np.delete(jumps, borders).max() + 0.3


@pytest.mark.parametrize("fine", [True, False])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.2, 1.4, 3.0, 7.0])
def test_both_backends_agree_everywhere_to_one_step(scale, fine):
    size = (220, 260)
    source = np.dstack([picture(240, 280), np.full((280, 240), 255, np.uint8)])
    source = cv2.resize(source, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    middle = (source.shape[1] // 2, source.shape[0] // 2)
    cv2.circle(source, middle, source.shape[1] // 5, (255, 255, 255, 255), -1)
    cv2.circle(source, middle, source.shape[1] // 9, (0, 0, 0, 255), -1)
    source[:, : source.shape[1] // 4, 3] = 0
    top = source[: source.shape[0] // 6, :, 3]
    top[:] = np.random.default_rng(1).integers(0, 256, top.shape)
    warp = solve_warp(controls(9, 0.02, size=size, scale=scale, seed=1)).warp
    one = sample(source, warp, size, fine=fine)
    two = sample(source, warp, size, fine=fine, backend="torch")
    assert one.box == two.box
    assert np.abs(one.patch.astype(int) - two.patch).max() <= 1


@pytest.mark.parametrize("side", [0, 1])
def test_a_pictures_border_is_as_soft_on_every_side(side):
    source = np.full((40, 40, 3), 200, np.uint8)
    drawn = canvas(sample(source, scaled(0.25, (-5.0, -5.0)), (200, 200)), (200, 200))[..., 3]
    line = drawn.take(100, axis=side).astype(int)
    assert np.abs(line - line[::-1]).max() <= 1 and 60 < line[20] < 195


def test_a_batch_reads_where_the_warps_say():
    size = (300, 410)
    warps = [solve_warp(controls(9, 0.02, size=size, scale=s)).warp for s in (0.8, 2.1)]
    places = batch_positions(warps, size).numpy()
    for warp, found in zip(warps, places, strict=True):
        x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
        exact = map_points(warp, np.column_stack([x.ravel(), y.ravel()])).reshape(size[1], size[0], 2)
        assert np.hypot(*(found - exact).transpose(2, 0, 1)).max() <= 0.05
    source = picture(240, 330)
    image = torch.from_numpy(source).permute(2, 0, 1)[None].float()
    served = sample_batch(image, torch.from_numpy(places[:1]), rounded=True)[0].permute(1, 2, 0)
    drawn = canvas(sample(source, warps[0], size), size)
    inner = drawn[..., 3] == 255
    assert (
        np.abs(served.clamp(0, 255).round().numpy() - drawn[..., :3])[inner].max() <= 9
    )  # 1/32 px of an edge


def test_the_torch_backend_is_differentiable_when_asked():
    source = torch.rand(2, 4, 12, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    places = torch.rand(2, 5, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 7 + 1.5
    source.requires_grad_()
    places.requires_grad_()
    wide = (
        torch.full((2, 4, 17, 15), -9.0, dtype=torch.float64),
        torch.full((2, 4, 17, 15), 9.0, dtype=torch.float64),
    )
    assert torch.autograd.gradcheck(lambda s, p: sample_batch(s, p, ranges=wide), (source, places), atol=1e-4)
    held = sample_batch(source, places)
    held.sum().backward()
    assert source.grad is not None and source.grad.abs().sum() > 0


def test_prepared_sources_serve_many_warps():
    source = picture(600, 800)
    ready = prepare_source(source)
    for scale in (0.7, 2.5, 9.0):
        size = (int(600 / scale), int(800 / scale))
        assert (sample(ready, scaled(scale), size).patch == sample(source, scaled(scale), size).patch).all()


def test_a_garment_that_lies_outside_draws_nothing():
    drawn = sample(picture(), scaled(1.0, (5000.0, 0.0)), (300, 300))
    assert drawn.patch.shape == (0, 0, 4) and drawn.box == Box(0.0, 0.0, 0.0, 0.0)
