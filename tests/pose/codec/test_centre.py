import numpy as np
import pytest
import torch

from flixpose.pose.codec.centre import Centres, decode
from tests.pose.parity import cases


@pytest.mark.parametrize("case", cases("centernet_multi_pose"), ids=lambda case: case["case"])
def test_decoding_is_centernets(case):
    rng = np.random.default_rng(case["seed"])

    def draw(channels):
        return rng.random((1, channels, 24, 24)).astype(np.float32)[0]

    heat, wh = draw(1), draw(2) * np.float32(16) + np.float32(2)
    offsets, reg, root = (draw(34) - np.float32(0.5)) * np.float32(12), draw(2), draw(17)
    given = {"reg": reg, "keypoint_heat": root * root * root, "keypoint_reg": draw(2)}
    names = {"reg": "reg", "keypoint_heat": "hm_hp", "keypoint_reg": "hp_offset"}
    used = {name: torch.from_numpy(a) for name, a in given.items() if names[name] in case["used"]}
    maps = Centres(*map(torch.from_numpy, (heat, wh, offsets)), **used)
    people = decode(maps, most=20)
    expected = np.array(case["expected"])
    assert people.boxes == pytest.approx(expected[:, :4], abs=1e-4)
    assert people.scores == pytest.approx(expected[:, 4], rel=1e-6)
    assert people.xy.reshape(20, 34) == pytest.approx(expected[:, 5:39], abs=1e-4)
