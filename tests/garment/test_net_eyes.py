"""The net's eyes: what half the digits change."""

import numpy as np

from flixpose.evaluation.garment_sets import drawn_entries
from flixpose.garment.net_eyes import GarmentEyes, load_net
from flixpose.models import GARMENT_NET
from flixpose.resources import PACKAGE

_UNSEEN = range(2_007_000_000, 2_007_000_004)


def test_half_the_digits_move_no_landmark():
    net, facts = load_net(PACKAGE / GARMENT_NET.member)
    images = [image for _, image in drawn_entries(_UNSEEN)]
    side = int(facts["side"])
    full, half = (GarmentEyes(net, side=side, half=half).look_all(images) for half in (False, True))
    for exact, near in zip(full, half, strict=True):
        seen = (exact.visibility[:, 2] > 0.5) & (exact.mass > 0.5)
        apart = np.linalg.norm(exact.xy - near.xy, axis=1)[seen] / (exact.square.scale * exact.square.side)
        assert seen.any() and 0 < apart.max() < 0.01 and np.median(apart) < 0.001
        assert np.abs(exact.kinds - near.kinds).max() < 0.05
        areas = [np.count_nonzero(sight.region > 0.5) * sight.square.scale**2 for sight in (exact, near)]
        assert abs(areas[1] / areas[0] - 1) < 0.01
