import cv2
import numpy as np
import pytest
import torch

from flixpose.pose.codec import paf
from tests.pose.parity import arrays, cases, quantised

INPUTS, SMALL = arrays("decode_paf_inputs"), arrays("decode_paf_hzzone_resize")


def maps_of(stored, case: int) -> tuple[np.ndarray, np.ndarray]:
    """(18, H, W) heat and (38, H, W) fields."""
    heat, fields = (quantised(stored[f"case{case:02d}_{kind}"], 1024) for kind in ("heat", "paf"))
    return heat.transpose(2, 0, 1)[:18], fields.transpose(2, 0, 1)


def check(
    found: paf.Candidates, people: paf.People, candidates: list, rows: list, *, exact: bool = True
) -> None:
    wanted = np.array(candidates).reshape(-1, 4)
    assert found.xy.tolist() == wanted[:, :2].tolist()
    assert found.scores == pytest.approx(wanted[:, 2], abs=1e-6 if exact else 1e-4)
    expected = np.array(rows).reshape(-1, 20)
    assert people.rows.tolist() == expected[:, :18].astype(int).tolist()
    assert people.scores == pytest.approx(expected[:, 18], abs=1e-4)
    assert people.counts.tolist() == expected[:, 19].tolist()


@pytest.mark.parametrize("case", cases("paf_hzzone"), ids=lambda case: case["case"])
def test_openposes_grouping_is_the_originals(case):
    heat, fields = maps_of(INPUTS, case["case"])
    found = paf.smooth_peaks(heat)
    check(found, paf.group_openpose(found, fields), case["candidate"], case["subset"])


@pytest.mark.parametrize("case", cases("paf_hzzone_resize"), ids=lambda case: case["case"])
def test_openposes_grouping_on_enlarged_maps_is_the_originals(case):
    heat, fields = (
        np.stack([cv2.resize(layer, (184, 184), interpolation=cv2.INTER_CUBIC) for layer in maps])
        for maps in maps_of(SMALL, case["case"])
    )
    found = paf.smooth_peaks(heat)
    check(found, paf.group_openpose(found, fields), case["candidate"], case["subset"], exact=False)


@pytest.mark.parametrize("case", cases("paf_lightweight"), ids=lambda case: case["case"])
def test_lightweight_openposes_grouping_is_the_originals(case):
    heat, fields = maps_of(INPUTS, case["case"])
    found = paf.distinct_peaks(heat)
    check(found, paf.group_lightweight(found, fields), case["keypoints"], case["pose_entries"])


def test_empty_maps_have_nobody():
    heat, fields = np.zeros((18, 9, 9), np.float32), np.zeros((38, 9, 9), np.float32)
    for found in (paf.smooth_peaks(heat), paf.distinct_peaks(heat)):
        assert paf.group_openpose(found, fields).rows.shape == (0, 18)
        assert paf.group_lightweight(found, fields).rows.shape == (0, 18)


# A standing body: nose, neck, arms, pelvis, legs, eyes, ears, feet.
BODY = np.array(
    [
        *[(70, 20), (70, 40), (50, 42), (40, 60), (35, 78), (90, 42), (100, 60), (105, 78), (70, 85)],
        *[
            (60, 87),
            (58, 110),
            (56, 135),
            (80, 87),
            (82, 110),
            (84, 135),
            (66, 15),
            (74, 15),
            (60, 18),
            (80, 18),
        ],
        *[(92, 142), (98, 138), (80, 144), (48, 142), (42, 138), (60, 144)],
    ],
    float,
)


def test_the_25_keypoints_limbs_have_a_channel_each_and_join_whole_people():
    channels = sorted(channel for _, _, channel in paf.BODY_25.limbs)
    assert channels == list(range(0, 52, 2))
    people = np.stack([BODY, BODY + np.array([160, 5])])
    there = torch.ones(2, 25, dtype=torch.bool)
    fields = paf.encode(torch.from_numpy(people), there, (320, 160), width=1.5, tree=paf.BODY_25)
    found = paf.Candidates(np.repeat(np.arange(25), 2), people.swapaxes(0, 1).reshape(-1, 2), np.ones(50))
    joined = paf.group_openpose(found, fields.numpy(), height=2000, tree=paf.BODY_25)
    assert sorted(joined.rows.tolist()) == [list(range(0, 50, 2)), list(range(1, 50, 2))]
