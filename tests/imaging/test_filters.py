import numpy as np
import pytest

from flixpose.imaging.filters import box_mean, feather, guided_filter

RNG = np.random.default_rng(3)


def test_box_mean_is_the_mean_of_the_window():
    plane = RNG.random((30, 40)).astype(np.float32)
    assert box_mean(plane, 2)[10, 12] == pytest.approx(plane[8:13, 10:15].mean(), abs=1e-6)
    assert np.allclose(box_mean(np.full((9, 9, 3), 0.4), 3), 0.4)


@pytest.mark.parametrize("channels", [1, 3])
def test_guided_filter_is_the_local_fit_solved_directly(channels):
    """Against a general solver of the same equations, window by window."""
    guide = RNG.random((14, 15, channels)).astype(np.float32)
    plane = RNG.random((14, 15)).astype(np.float32)
    radius, smoothness = 2, 0.01
    slopes, offsets = {}, {}
    for y in range(2, 12):
        for x in range(2, 13):
            window = guide[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, channels).astype(np.float64)
            target = plane[y - 2 : y + 3, x - 2 : x + 3].reshape(-1).astype(np.float64)
            centred = window - window.mean(0)
            spread = centred.T @ centred / len(window) + smoothness * np.eye(channels)
            slopes[y, x] = np.linalg.solve(spread, centred.T @ (target - target.mean()) / len(window))
            offsets[y, x] = target.mean() - window.mean(0) @ slopes[y, x]
    around = [(y, x) for y in range(5, 10) for x in range(5, 10)]
    expected = np.mean([slopes[k] for k in around], 0) @ guide[7, 7] + np.mean([offsets[k] for k in around])
    got = guided_filter(
        guide if channels == 3 else guide[..., 0], plane, radius=radius, smoothness=smoothness
    )
    assert got[7, 7] == pytest.approx(expected, abs=2e-4)


def test_a_rough_mask_snaps_to_the_colour_edge():
    """Two colours of equal brightness: only a colour guide sees the edge."""
    guide = np.zeros((60, 60, 3), np.uint8)
    guide[:, :30], guide[:, 30:] = (200, 60, 60), (60, 200, 60)
    rough = np.zeros((60, 60), np.float32)
    rough[:, :31] = 1
    refined = guided_filter(guide, rough, radius=8, smoothness=1e-4)
    assert refined[30, 29] > 0.95
    assert refined[30, 30] < 0.25
    grey = np.full((60, 60), 128, np.uint8)
    assert guided_filter(grey, rough, radius=8, smoothness=1e-4)[30, 30] > 0.4


def test_feather_keeps_the_edge_in_its_place():
    hard = np.zeros((21, 40), np.uint8)
    hard[:, 20:] = 255
    soft = feather(hard, 4)
    assert soft[10, 19] + soft[10, 20] == pytest.approx(255, abs=2)
    assert soft[10, 13] <= 2 and soft[10, 26] >= 253
    assert (np.diff(soft[10].astype(int)) >= 0).all()
    assert np.array_equal(feather(hard, 0), hard)
