import numpy as np
import pytest

from flixpose.pose.codec import peaks
from tests.pose.parity import arrays, cases, quantised

INPUTS = arrays("decode_dark_udp_inputs")


def maps_of(case: int) -> np.ndarray:
    return quantised(INPUTS[f"case{case:02d}"], 8192)


@pytest.mark.parametrize("case", cases("hrnet_final_preds"), ids=lambda case: case["case"])
def test_plain_decoding_is_hrnets(case):
    maps = np.random.default_rng(case["seed"]).random((1, 17, 16, 12)).astype(np.float32)[0]
    if case["first_three_minus_2"]:
        maps[:3] -= 2
    cells, values = peaks.highest(maps)
    assert cells.tolist() == case["expected"]["argmax"]
    assert values == pytest.approx(case["expected"]["maxvals"], rel=1e-6)
    if case["post_process"]:
        cells = peaks.quarter(maps, cells)
    xy = peaks.to_photo(cells, (12, 16), case["center"], case["scale"][0] * 200)
    assert xy == pytest.approx(np.array(case["expected"]["preds"]), abs=1e-3)


@pytest.mark.parametrize("case", cases("dark"), ids=lambda case: case["case"])
def test_dark_is_darkposes(case):
    maps = maps_of(case["case"])
    cells, values = peaks.highest(maps)
    cells = peaks.dark(maps, cells)
    expected = case["expected"]
    assert values == pytest.approx(expected["maxvals"], rel=1e-6)
    assert cells == pytest.approx(np.array(expected["heatmap_coords"]), abs=1e-4)
    xy = peaks.to_photo(cells, (24, 32), case["center"], case["scale"][0] * 200, ends_meet=True)
    assert xy == pytest.approx(np.array(expected["preds"]), abs=2e-3)


@pytest.mark.parametrize("case", cases("udp"), ids=lambda case: case["case"])
def test_the_three_rules_are_mmposes(case):
    maps, expected = maps_of(case["case"]), case["expected"]
    cells, values = peaks.highest(maps)
    ours = {
        "udp": peaks.dark_udp(maps, cells) / (23, 31) * (96, 128),
        "msra_dark": peaks.dark(maps, cells) * 4,
        "msra_quarter": peaks.quarter(maps, cells, each_axis=True) * 4,
    }
    for rule, xy in ours.items():
        assert values == pytest.approx(expected[rule]["scores"], rel=1e-6)
        assert xy == pytest.approx(np.array(expected[rule]["keypoints"]), rel=1e-4, abs=1e-3), rule


@pytest.mark.parametrize("rule", [peaks.dark, peaks.dark_udp])
def test_encoding_and_decoding_undo_each_other(rule):
    rng = np.random.default_rng(3)
    cells = rng.uniform(6, 40, (17, 2)).astype(np.float32)
    maps = peaks.encode(cells, np.ones(17, bool), (48, 64), sigma=2.0)
    found, values = peaks.highest(maps)
    assert np.abs(rule(maps, found) - cells).max() < 0.02
    assert np.abs(found - cells).max() > 0.4 and values.min() > 0.9


def test_an_unseen_keypoint_leaves_its_map_empty():
    maps = peaks.encode(np.full((2, 2), 9, np.float32), np.array([True, False]), (24, 32), sigma=2.0)
    assert maps[0].max() == 1 and not maps[1].any()
    assert peaks.highest(maps)[0][1].tolist() == [0, 0]
