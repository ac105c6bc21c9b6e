"""The drawn studio's garments by seed."""

from collections import Counter

import cv2
import numpy as np
import pytest

from flixpose.garment.kinds import KINDS
from flixpose.studio.garments import DISPLAYS, Sample, draw_sample

_COUNT = 160


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [draw_sample(seed, (192, 256)) for seed in range(_COUNT)]


def test_a_seed_gives_the_same_bytes_again_and_another_one_does_not(samples: list[Sample]) -> None:
    again = draw_sample(3, (192, 256))
    assert np.array_equal(again.image, samples[3].image)
    assert np.array_equal(again.mask, samples[3].mask)
    assert again.landmarks == samples[3].landmarks
    assert not np.array_equal(again.image, samples[4].image)


def test_every_kind_view_and_display_comes(samples: list[Sample]) -> None:
    assert set(Counter(s.kind for s in samples)) == set(KINDS)
    assert {s.view for s in samples} == {"front", "back"}
    assert {s.display for s in samples} == set(DISPLAYS)


def test_landmarks_are_the_kinds_own_and_complete(samples: list[Sample]) -> None:
    for s in samples:
        names = set(KINDS[s.kind].names)
        absent = {"shoulder_left", "shoulder_right"} if s.kind.startswith("sling") else set()
        assert set(s.landmarks) == names - absent
        assert {v for _, _, v in s.landmarks.values()} <= {1, 2}


def test_what_is_seen_lies_on_the_garment(samples: list[Sample]) -> None:
    far = []
    for s in samples:
        outside = cv2.distanceTransform((s.mask <= 127).astype(np.uint8), cv2.DIST_L2, 5)
        for name, (x, y, seen) in s.landmarks.items():
            if seen == 2 and outside[min(max(int(y), 0), 255), min(max(int(x), 0), 191)] > 4.0:
                far.append((name, s.kind))
    assert len(far) < 0.01 * 14 * _COUNT, Counter(far).most_common(8)


def test_left_is_the_wearers(samples: list[Sample]) -> None:
    for s in samples:
        sign = 1 if s.view == "front" else -1
        for name in ("hem", "waist", "neck", "shoulder"):
            if f"{name}_left" in s.landmarks:
                assert sign * (s.landmarks[f"{name}_left"][0] - s.landmarks[f"{name}_right"][0]) > 0


def test_the_photo_may_have_any_size() -> None:
    s = draw_sample(5, (300, 200))
    assert s.image.shape == (200, 300, 3)
    assert s.mask.shape == (200, 300)
