import numpy as np
import pytest

from flixpose.pose.codec.ssd import Detections, anchor_centres, decode, suppress


def test_anchors_are_those_of_the_pose_detector():
    anchors = anchor_centres(224, (8, 16, 32, 32, 32))
    assert anchors.shape == (2254, 2)
    assert anchors[0] == pytest.approx([0.5 / 28, 0.5 / 28]) == anchors[1]
    assert anchors[2] == pytest.approx([1.5 / 28, 0.5 / 28])
    assert anchors[28 * 28 * 2] == pytest.approx([0.5 / 14, 0.5 / 14])
    assert anchors[-6:] == pytest.approx(np.full((6, 2), 6.5 / 7))


def test_decoding_adds_the_anchor_and_orders_by_score():
    anchors = np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.1]], dtype=np.float32)
    raw = np.array([[0, 0, 20, 40, 10, -10], [10, 0, 50, 50, 0, 0], [0, 0, 9, 9, 0, 0]], dtype=np.float32)
    found = decode(raw, np.array([1.0, 300.0, -1.0], dtype=np.float32), anchors, size=100, min_score=0.5)
    assert found.scores == pytest.approx([1.0, 1 / (1 + np.exp(-1))])
    assert found.boxes == pytest.approx(np.array([[0.1, 0.5, 0.6, 1.0], [0.4, 0.3, 0.6, 0.7]]))
    assert found.points[:, 0] == pytest.approx(np.array([[0.25, 0.75], [0.6, 0.4]]))


def test_boxes_turned_inside_out_are_dropped():
    raw = np.array([[0, 0, -20, 40, 0, 0]], dtype=np.float32)
    anchors = np.array([[0.5, 0.5]], dtype=np.float32)
    assert len(decode(raw, np.array([5.0], dtype=np.float32), anchors, size=100, min_score=0.5)) == 0


def test_nothing_found_stays_nothing():
    anchors = np.array([[0.5, 0.5]], dtype=np.float32)
    none = np.array([-5.0], dtype=np.float32)
    found = decode(np.zeros((1, 12), np.float32), none, anchors, size=224, min_score=0.5)
    assert suppress(found, max_overlap=0.3).points.shape == (0, 4, 2)


def test_overlapping_detections_become_their_average_weighted_by_score():
    boxes = np.array([[0, 0, 1, 1], [0.1, 0, 1.1, 1], [3, 3, 4, 4]], dtype=np.float32)
    points = boxes[:, None, :2].copy()
    found = Detections(boxes, points, np.array([0.9, 0.6, 0.7], dtype=np.float32))
    merged = suppress(found, max_overlap=0.3)
    assert merged.scores == pytest.approx([0.9, 0.7])
    assert merged.boxes[0] == pytest.approx([0.04, 0, 1.04, 1])
    assert merged.points[0, 0] == pytest.approx([0.04, 0]) and merged.boxes[1] == pytest.approx([3, 3, 4, 4])
