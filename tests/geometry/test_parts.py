"""Several warps on one canvas: no gap, no doubled texture, stripes connected, each part its own depth."""

import cv2
import numpy as np
import pytest

from flixpose.geometry.parts import Part, feathered, follow, sample_parts
from flixpose.geometry.sampling import sample
from flixpose.geometry.solve import solve_warp
from flixpose.geometry.warp import compose, map_points
from flixpose.structures.image import Box, Mask
from flixpose.structures.warp import Warp
from tests.geometry.helpers import made

# A half T: torso left of the seam, a short sleeve right of it down to y = CUFF, stripes across both.
SIDE, SEAM, CUFF = 800, 400.0, 360.0
SIZE = (500, 420)


def striped():
    rows = np.arange(SIDE)
    wave = np.rint(127.5 + 100 * np.cos(2 * np.pi * rows / 40)).astype(np.uint8)
    source = np.zeros((SIDE, SIDE, 4), np.uint8)
    source[..., :3] = wave[:, None, None]
    source[100:700, 60:400, 3] = 255
    source[100:360, 400:740, 3] = 255
    return source


def torso_and_sleeve(degrees=25.0, hang=True):
    """The torso upright at half size; the sleeve turned down about the upper end of the seam."""
    torso = made([[30, y / 2] for y in (100, 400, 700)] + [[200, y / 2] for y in (100, 400, 700)],
                 [[60, y] for y in (100, 400, 700)] + [[400, y] for y in (100, 400, 700)])  # fmt: skip
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    garment = np.array([[570, 100], [570, CUFF], [740, 100], [740, CUFF]], dtype=float)
    person = (garment / 2 - (200, 90)) @ turn.T + (200, 90)
    body = solve_warp(torso)
    seam = np.column_stack([np.full(6, SEAM), np.linspace(100, CUFF, 6)])
    sleeve = made(person, garment)
    return body.warp, solve_warp(follow(sleeve, body.warp, seam) if hang else sleeve).warp


def mattes(feather=40):
    labels = np.zeros((SIDE, SIDE), int)
    labels[:, int(SEAM) :] = 1
    return feathered(labels, 2, feather)


def drawn(degrees, hang=True, depths=(0, 1), **more):
    body, sleeve = torso_and_sleeve(degrees, hang)
    parts = [Part(n, w, m, d) for n, w, m, d in zip("ts", (body, sleeve), mattes(), depths, strict=True)]
    sampled = sample_parts(striped(), parts, SIZE, **more)
    out = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    box = sampled.box
    out[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = sampled.patch
    return out, sampled, body, sleeve


def test_mattes_overlap_and_add_up():
    pair = mattes(40)
    total = pair[0].alpha.astype(int) + pair[1].alpha
    assert abs(total - 255).max() <= 1
    soft = (pair[0].alpha[300] > 2) & (pair[0].alpha[300] < 253)
    assert 25 <= soft.sum() <= 60 and abs(int(pair[0].alpha[300, 399]) - 128) < 10


def test_a_part_alone_is_what_sample_draws():
    body, _ = torso_and_sleeve()
    full = Mask(np.full((SIDE, SIDE), 255, np.uint8))
    one, other = sample_parts(striped(), [Part("t", body, full)], SIZE), sample(striped(), body, SIZE)
    assert one.box == other.box and np.abs(one.patch.astype(int) - other.patch).max() <= 1
    assert (one.alphas["t"] == one.patch[..., 3]).all()


@pytest.mark.parametrize("degrees", [0.0, 10.0, 25.0])
def test_the_seam_shows_no_gap(degrees):
    out, _, body, _ = drawn(degrees)
    seam = np.linspace(120, 340, 60)
    on_person = np.array([[200.0, y / 2] for y in seam])
    assert np.abs(map_points(body, on_person)[:, 0] - SEAM).max() < 1
    for x in range(188, 213):
        column = out[np.clip((on_person[:, 1]).astype(int), 0, SIZE[1] - 1), x, 3]
        assert column.min() == 255, (x, column.min())


@pytest.mark.parametrize("degrees", [0.0, 10.0, 25.0])
def test_stripes_stay_connected_and_single_across_the_seam(degrees):
    out, _, _, _ = drawn(degrees)
    band = out[60:160, 186:215, 0].astype(float)
    # Contrast: a doubled texture would be grey somewhere along the stripe.
    contrast = np.ptp(band, axis=0)
    assert contrast.min() > 0.85 * contrast.max()
    # Connection: from column to column a stripe's place moves by little, without a jump at the seam.
    spectrum = np.fft.rfft(band - band.mean(axis=0), axis=0)
    main = int(np.abs(spectrum).sum(axis=1)[1:].argmax()) + 1
    phase = np.unwrap(np.angle(spectrum[main]))
    steps = np.abs(np.diff(phase)) * 20 / (2 * np.pi)  # canvas pixels of a stripe 20 px wide
    assert steps.max() < 1.0


def test_a_seam_that_does_not_fit_is_closed_all_the_same():
    body, sleeve = torso_and_sleeve(0.0)
    apart = compose(Warp(np.array([[1, 0, -5.0], [0, 1, -1.0], [0, 0, 1.0]])), sleeve)  # 5 px to the right
    parts = [Part("t", body, mattes()[0]), Part("s", apart, mattes()[1], 1)]
    sampled = sample_parts(striped(), parts, SIZE)
    top, left = int(sampled.box.y0), int(sampled.box.x0)
    assert sampled.patch[60 - top : 170 - top, 150 - left : 250 - left, 3].min() == 255


def test_the_higher_depth_covers_the_lower():
    # The sleeve folded back over the torso: turned by 180 degrees about the seam.
    body = Warp(np.diag([2.0, 2.0, 1.0]))
    sleeve = Warp(np.array([[2.0, 0, 300], [0, 2.0, 0], [0, 0, 1]]))
    source = striped()
    source[..., :3] = np.where(np.arange(SIDE)[None, :, None] < SEAM, (200, 0, 0), (0, 0, 200))
    for depths, colour in (((0, 1), 2), ((1, 0), 0)):
        parts = [Part(n, w, m, d) for n, w, m, d in zip("ts", (body, sleeve), mattes(), depths, strict=True)]
        sampled = sample_parts(source, parts, SIZE)
        x, y = int(130 - sampled.box.x0), int(100 - sampled.box.y0)
        pixel = sampled.patch[y, x]
        assert pixel[3] == 255 and pixel[colour] == 200 and pixel[2 - colour] == 0


def test_colour_never_exceeds_alpha_and_shares_add_up():
    out, sampled, _, _ = drawn(25.0)
    assert (out[..., :3] <= out[..., 3:]).all()
    total = sum(alpha.astype(int) for alpha in sampled.alphas.values())
    assert np.abs(total - sampled.patch[..., 3]).max() <= 2


def test_the_sleeve_hangs_on_the_torso_along_the_whole_seam():
    body, sleeve = torso_and_sleeve(25.0)
    along = np.column_stack([np.full(50, 200.0), np.linspace(50, 180, 50)])
    assert np.linalg.norm(map_points(body, along) - map_points(sleeve, along), axis=1).max() < 1.0
    _, loose = torso_and_sleeve(25.0, hang=False)
    assert np.linalg.norm(map_points(body, along) - map_points(loose, along), axis=1).max() > 10


def test_a_region_and_no_parts():
    assert sample_parts(striped(), [], SIZE).patch.size == 0
    out, _, body, sleeve = drawn(10.0)
    parts = [Part(n, w, m, d) for n, w, m, d in zip("ts", (body, sleeve), mattes(), (0, 1), strict=True)]
    cut = sample_parts(striped(), parts, SIZE, region=Box(150, 100, 260, 220))
    assert cut.box == Box(150.0, 100.0, 260.0, 220.0)
    assert np.abs(cut.patch.astype(int) - out[100:220, 150:260]).max() <= 4


def test_the_garments_own_soft_outline_is_not_filled_up():
    source = striped()
    source[..., 3] = cv2.GaussianBlur(source[..., 3], (0, 0), 3)
    body, _ = torso_and_sleeve()
    part = sample_parts(source, [Part("t", body, mattes()[0])], SIZE)
    whole = sample(source, body, SIZE)
    column = int(100 - part.box.x0)
    rows = slice(0, min(len(part.patch), len(whole.patch)))
    assert np.abs(part.patch[rows, column, 3].astype(int) - whole.patch[rows, column, 3]).max() <= 2
