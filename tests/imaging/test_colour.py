import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from flixpose.imaging import colour

RNG = np.random.default_rng(7)
EVERY_VALUE = np.arange(256, dtype=np.uint8)


def test_light_of_known_values():
    assert colour.light_of(0.5) == pytest.approx(0.21404114, abs=1e-7)
    assert colour.light_of([0.0, 0.04, 1.0]) == pytest.approx([0.0, 0.04 / 12.92, 1.0])
    assert colour.value_of(colour.light_of(EVERY_VALUE / 255)) * 255 == pytest.approx(EVERY_VALUE, abs=1e-9)


def test_every_value_survives_the_round_trip():
    assert np.array_equal(colour.linear_to_srgb(colour.srgb_to_linear(EVERY_VALUE)), EVERY_VALUE)


def test_light_is_rounded_to_the_nearest_value_and_clipped():
    light = RNG.random(20_000).astype(np.float32) ** 3
    exact = colour.value_of(light) * 255
    assert np.abs(colour.linear_to_srgb(light) - exact).max() < 0.53
    assert colour.linear_to_srgb(np.array([-1.0, 2.0])).tolist() == [0, 255]


def test_lab_agrees_with_scikit_image():
    pixels = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.abs(colour.srgb_to_lab(pixels) - rgb2lab(pixels)).max() < 0.02


def test_delta_e_2000_agrees_with_scikit_image():
    one, other = (RNG.uniform((0, -90, -90), (100, 90, 90), (5000, 3)) for _ in range(2))
    one[:50, 1:] = 0
    other[25:75, 1:] = 0
    near = one + RNG.normal(0, 1, one.shape)
    for pair in ((one, other), (one, near), (one, one)):
        assert np.abs(colour.delta_e_2000(*pair) - deltaE_ciede2000(*pair)).max() < 1e-9


def test_delta_e_2000_of_published_pairs():
    """Sharma, Wu, Dalal 2005, table 1: pairs 1, 7, 17, 25."""
    one = np.array([[50, 2.6772, -79.7751], [50, 0, 0], [50, 2.5, 0], [60.2574, -34.0099, 36.2677]])
    other = np.array([[50, 0, -82.7485], [50, -1, 2], [73, 25, -18], [60.4626, -34.1751, 39.4387]])
    assert colour.delta_e_2000(one, other) == pytest.approx([2.0425, 2.3669, 27.1492, 1.2644], abs=1e-4)


class TestOver:
    back = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    front = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)

    def test_half_of_black_over_white_is_half_the_light(self):
        white, black = np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4, 3), np.uint8)
        mixed = colour.over(white, black, np.full((4, 4), 128, np.uint8))
        assert np.unique(mixed).tolist() == [round(float(colour.value_of(127 / 255)) * 255)] == [187]

    def test_nothing_and_everything_are_bit_identical(self):
        alpha = np.zeros((20, 30), np.uint8)
        alpha[:, 15:] = 255
        result = colour.over(self.back, self.front, alpha, at=(10, 5))
        expected = self.back.copy()
        expected[5:25, 25:40] = self.front[:, 15:]
        assert np.array_equal(result, expected)

    @pytest.mark.parametrize("at", [(-12, -7), (35, 30), (-30, 0), (0, 40), (100, 100)])
    def test_what_reaches_beyond_is_cut_off(self, at):
        result = colour.over(self.back, self.front, np.full((20, 30), 255, np.uint8), at=at)
        canvas = np.zeros((300, 300, 3), np.uint8)
        canvas[100:140, 100:150] = self.back
        canvas[100 + at[1] : 120 + at[1], 100 + at[0] : 130 + at[0]] = self.front
        assert np.array_equal(result, canvas[100:140, 100:150])

    def test_the_back_is_not_changed(self):
        before = self.back.copy()
        colour.over(self.back, self.front, np.full((20, 30), 90, np.uint8))
        assert np.array_equal(self.back, before)
