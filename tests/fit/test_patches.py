"""Remnants shared out: every one in one patch, broad ones whole, slivers bit by bit with little around."""

import numpy as np

from flixpose.fit.patches import share_out
from flixpose.fit.patching import distance, distances

_UNIT = 200.0
_LENGTHS = {"thin": 0.014, "near": 0.024, "apart": 0.038}


def planes() -> tuple[np.ndarray, np.ndarray]:
    """A garment with a long sliver down its left side, a broad remnant below it and a sliver far from it."""
    shows, seen = np.zeros((2, 803, 605), np.uint8)
    seen[100:600, 200:400] = 255
    shows[100:600, 196:200] = 255
    shows[600:640, 260:340] = 255
    shows[100:400, 560:564] = 255
    return shows, seen


def test_every_remnant_beside_the_garment_is_in_one_patch() -> None:
    shows, seen = planes()
    times = np.zeros(shows.shape, int)
    for patch in share_out(shows, seen, _UNIT, **_LENGTHS):
        times[patch.window] += patch.own
    assert (times[:, :500][shows[:, :500] > 0] == 1).all() and times.max() == 1
    assert not times[:, 540:].any(), "a sliver far from the garment is not its business"


def test_a_broad_remnant_is_looked_at_whole_and_a_sliver_closely() -> None:
    shows, seen = planes()
    patches = share_out(shows, seen, _UNIT, **_LENGTHS)
    broad = [patch for patch in patches if patch.own[shows[patch.window] > 0].sum() >= 40 * 80]
    assert len(broad) == 1 and broad[0].own[shows[broad[0].window] > 0].sum() == 40 * 80
    slivers = [patch for patch in patches if patch is not broad[0]]
    assert len(slivers) > 2 and max(patch.own.shape[1] for patch in slivers) < 60
    assert sum(patch.own.size for patch in slivers) < 0.15 * shows.size


def test_nothing_is_shared_out_of_nothing() -> None:
    _, seen = planes()
    assert share_out(np.zeros_like(seen), seen, _UNIT, **_LENGTHS) == []


def test_distances_are_those_of_each_plane() -> None:
    planes = np.random.default_rng(0).random((3, 30, 40)) < 0.02
    planes[1] = False
    found = distances(planes)
    assert np.isinf(found[1]).all()
    assert all(np.array_equal(away, distance(plane)) for away, plane in zip(found, planes, strict=True))
