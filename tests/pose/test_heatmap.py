import numpy as np
import pytest

from flixpose.pose.codec.activation import sigmoid
from flixpose.pose.codec.heatmap import refine


def heatmaps(peak: float) -> np.ndarray:
    """One 64×64 map with two equal cells, (20, 30) and (22, 30), at `peak`, all else at -80."""
    maps = np.full((64, 64, 1), -80, dtype=np.float32)
    maps[30, 20] = maps[30, 22] = peak
    return maps


def test_a_point_moves_to_the_centre_of_mass():
    moved = refine(np.array([[22.9 / 64, 29.2 / 64]], np.float32), heatmaps(8.0), kernel=7)
    assert moved[0] * 64 == pytest.approx([21, 30], abs=1e-3)


@pytest.mark.parametrize(
    ("x", "y", "peak"), [(22.9, 29.2, -1.0), (40.0, 40.0, 8.0), (-3.0, 30.0, 8.0), (70.0, 30.0, 8.0)]
)
def test_a_point_stays_where_its_window_is_faint_or_it_lies_outside(x, y, peak):
    uv = np.array([[x / 64, y / 64]], np.float32)
    assert np.array_equal(refine(uv, heatmaps(peak), kernel=7), uv)


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-300, 0, 300], np.float32)).tolist() == pytest.approx([0, 0.5, 1])
