"""Pieces are those of OpenCV, their boxes and areas too."""

import cv2
import numpy as np
import pytest

from flixpose.imaging.pieces import find_pieces, numbers_met


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("kind", [np.uint8, bool])
def test_pieces_are_opencvs(connectivity, kind):
    rng = np.random.default_rng(0)
    for full in (0.0, 0.1, 0.5, 0.9, 1.0):
        for size in ((1, 1), (1, 9), (9, 1), (23, 40)):
            plane = (rng.random(size) < full).astype(kind)
            count, labels, stats, _ = cv2.connectedComponentsWithStats(
                plane.astype(np.uint8), connectivity=connectivity
            )
            found = find_pieces(plane, connectivity)
            assert found[0] == count
            assert np.array_equal(found[1], labels)
            assert np.array_equal(found[2][1:], stats[1:]) and not found[2][0].any()


def test_values_and_windows_of_larger_planes_are_as_good():
    plane = np.zeros((20, 30), np.uint8)
    plane[3:6, 4:9], plane[10, 12] = 255, 7
    count, labels, stats = find_pieces(plane[1:, 2:])
    assert count == 3 and labels[9, 10] == 2
    assert stats.tolist() == [[0] * 5, [2, 2, 5, 3, 15], [10, 9, 1, 1, 1]]


def test_all_pieces_that_are_met_are_told():
    plane = np.zeros((9, 12), bool)
    plane[1:4, 1:4], plane[1:4, 6:9], plane[6:8, 2:11] = True, True, True
    labels = find_pieces(plane)[1]
    where = np.zeros_like(plane)
    where[2, 2:4] = where[7, 10] = where[7, 3:5] = True
    assert set(numbers_met(labels, where)) == {labels[2, 2], labels[7, 4]}
    assert not len(numbers_met(labels, np.zeros_like(plane)))
