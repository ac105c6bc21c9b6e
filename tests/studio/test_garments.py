"""The drawn studio's garments by seed."""

from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from flixpose.garment.kinds import KINDS
from flixpose.studio.garments import DISPLAYS, Sample, cut, draw_sample, dummy, sample, sleeves
from flixpose.studio.garments.cut import Cut
from flixpose.studio.garments.plan import Plan

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


def test_a_waist_is_seen_where_a_side_is_narrowest_and_guessed_where_it_is_straight() -> None:
    waisted = cut.Cut(8, 5, 1, "crew", (20, 4), (19, 24), (14, 42), (20, 58), (24, 100), long=True)
    straight = cut.Cut(8, 5, 1, "crew", (20, 4), (19, 24), (19, 42), (19, 58), (19, 100), long=True)
    (x, y), told = cut.narrowest(waisted)
    assert told and 13 < x < 15 and y == pytest.approx(42, abs=3)
    assert not cut.narrowest(straight)[1]


def test_a_waist_lies_in_the_middle_of_where_a_dress_is_about_as_narrow() -> None:
    dress = cut.Cut(8, 5, 1, "crew", (20, 4), (19, 24), (15, 38), (16, 60), (24, 100), long=True)
    heights = np.arange(30.0, 58.0, 0.25)
    half = np.interp(heights, *cut.side_curve(dress).T[::-1])
    as_narrow = heights[half < half.min() + 0.12]
    (_, y), _ = cut.narrowest(dress)
    assert y == pytest.approx((as_narrow[0] + as_narrow[-1]) / 2, abs=0.3)
    assert y > heights[half.argmin()] + 0.5, "not where it is narrowest by a hair"


def _cuts() -> Iterator[tuple[np.random.Generator, Cut]]:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        yield rng, cut.draw_cut(rng, sleeved=True, long=False, outwear=False, display="mannequin")


def test_a_mannequins_shoulders_stay_under_the_cloth() -> None:
    for rng, shape in _cuts():
        plan = Plan("long_sleeve_top", "front", "mannequin")
        dummy.behind(plan, rng, shape)
        x, y = plan.steps[-1].outline.T
        cloth = cut.ridge(shape)
        beside = (x > shape.neck + 1) & (x < shape.shoulder[0]) & (y < shape.armpit[1])
        assert (y[beside] > np.interp(x[beside], *cloth.T) - 0.3).all()


def test_a_cuff_has_no_spike() -> None:
    """Its inner corner lies no farther in than the sleeve's inner line just above it."""
    for rng, shape in _cuts():
        numbers = sleeves.draw_sleeve_cut(rng, shape, long=True, display="mannequin")
        sleeve = sleeves.sew(rng, shape, numbers)
        corner = sleeve.under[0]
        near = sleeve.under[np.linalg.norm(sleeve.under - corner, axis=1) > 3][0]
        along, down = near - corner, sleeve.end[0] - corner
        turn = np.dot(along, down) / (np.linalg.norm(along) * np.linalg.norm(down))
        assert np.degrees(np.arccos(turn)) > 45


def test_what_is_lost_in_the_dark_is_a_guess() -> None:
    picture = np.full((256, 256, 3), 20, np.uint8)
    picture[:, 128:] = 24
    picture[100:, 128:] = 60
    contrast = sample._contrast(picture)
    assert not sample._shown(contrast, 128, 40) and sample._shown(contrast, 128, 200)
    assert not sample._shown(contrast, 128, 290), "outside the picture"


def test_most_landmarks_are_seen(samples: list[Sample]) -> None:
    seen = [
        v == 2
        for s in samples
        for n, (_, _, v) in s.landmarks.items()
        if n not in ("neck_back", "neck_front")
    ]
    assert np.mean(seen) > 0.9


def test_the_photo_may_have_any_size() -> None:
    s = draw_sample(5, (300, 200))
    assert s.image.shape == (200, 300, 3)
    assert s.mask.shape == (200, 300)
