"""Arms under old sleeves: their outline and their shading go on where the sleeve was."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from flixpose.fit.bare_arms import BareArm, find_bare_arm
from flixpose.fit.body import Body, measure_body
from flixpose.fit.occluders import Occluders, find_occluders
from flixpose.fit.remnants import Painted, paint_remnants
from flixpose.structures.image import Image, Mask
from tests.fit.figures import PAPER, SKIN, WORN, paint_person

NEW_HEM, OLD_HEM = 296, 328  # rows where the new and the old sleeve end
HALF = 12.75  # half an arm's width


@cache
def person() -> tuple[Image, Body, Occluders, np.ndarray, np.ndarray, Mask]:
    """Arms darker on their outer side, in wide straight sleeves: also offsets from the left arm's bone."""
    image, pose, labels = paint_person("hanging")
    body = measure_body(pose)
    shoulder, elbow = body.joints["left_shoulder"], body.joints["left_elbow"]
    y, x = np.mgrid[: image.height, : image.width] + 0.5
    along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
    off = (x - shoulder[0]) * along[1] - (y - shoulder[1]) * along[0]
    pixels = image.pixels.astype(np.float64)
    arm = (labels == 1) & (x > 380) & (y > 260)
    pixels[arm] *= (1 - 0.3 * np.clip(off / HALF, -1, 1))[arm][:, None]
    sleeve = np.zeros(labels.shape, np.uint8)
    for side in ("left", "right"):
        ends = [tuple(body.joints[f"{side}_{n}"].round().astype(int).tolist()) for n in ("shoulder", "elbow")]
        cv2.line(sleeve, ends[0], ends[1], 1, 42)
    where = (sleeve > 0) & (y < OLD_HEM) & (y > 235)
    pixels[where] = np.array(WORN) + np.random.default_rng(5).normal(0, 2, (int(where.sum()), 3))
    photo = replace(image, pixels=np.clip(pixels, 0, 255).astype(np.uint8))
    assert pose.mask is not None
    mask = Mask(np.where(where, 255, pose.mask.alpha).astype(np.uint8))
    cloth = where | (labels == 3)
    return photo, body, find_occluders(photo, body, mask), cloth, off, mask


def painted() -> tuple[Painted, np.ndarray, np.ndarray]:
    """The new sleeve ends above the old one; also where the old one showed, and offsets from the bone."""
    photo, body, occluders, cloth, off, mask = person()
    rows, columns = np.mgrid[: photo.height, : photo.width]
    seen = cv2.dilate(cloth.astype(np.uint8), np.ones((5, 5))) * 255
    beside = np.abs(columns - 320) > 56
    seen[(rows > NEW_HEM) & beside] = 0
    strip = cloth & (seen == 0) & (columns > 380) & (rows < OLD_HEM)
    return paint_remnants(photo.pixels, seen, "short_sleeve_top", body, occluders, mask), strip, off


def test_under_a_sleeve_the_arm_goes_on_with_its_outline() -> None:
    photo, body, occluders, _, _, mask = person()
    arm = find_bare_arm(body, "left", photo.pixels, occluders.arms, occluders.worn_upper, mask)
    assert arm is not None and 20 < arm.covered.sum() < 50
    end = int(arm.covered.sum()) - 1
    assert abs(arm.high[end] - HALF) < 2.5 and abs(arm.low[end] + HALF) < 2.5
    assert arm.outer == -1 and arm.low[0] < arm.low[end] - 1, "wider towards the shoulder"


def test_an_old_sleeve_becomes_an_arm_and_what_lies_behind_it() -> None:
    found, strip, off = painted()
    assert strip.sum() > 800 and (found.mask.alpha[strip] == 255).mean() > 0.97
    beyond, inside = strip & (np.abs(off) > HALF + 3), strip & (np.abs(off) < HALF - 3)
    assert np.abs(found.picture[beyond].astype(int) - PAPER).mean() < 8
    shade = 1 - 0.3 * off[inside] / HALF
    assert np.abs(found.picture[inside] - np.clip(np.array(SKIN) * shade[:, None], 0, 255)).mean() < 14


def test_behind_a_sleeve_a_narrow_gap_lends_the_background_where_there_is_no_other() -> None:
    photo, body, occluders, cloth, off, mask = person()
    rows, columns = np.mgrid[: photo.height, : photo.width]
    beyond = (off < -HALF - 1) & (off > -HALF - 6)  # beside the trunk
    gap = beyond & (rows > OLD_HEM) & (rows < 420) & (columns > 320) & (mask.alpha == 0)
    alpha = np.where(gap, 0, np.maximum(mask.alpha, 20)).astype(np.uint8)  # of the rest nobody is sure
    below = (rows > OLD_HEM - 12) & (off > -HALF - 6) & (np.abs(columns - 320) > 56)
    seen = np.where(cloth & ~below, 255, 0).astype(np.uint8)
    found = paint_remnants(photo.pixels, seen, "short_sleeve_top", body, occluders, Mask(alpha))
    strip = cloth & (seen == 0) & (rows > OLD_HEM - 10) & (rows < OLD_HEM) & (off < -HALF - 2)
    strip &= columns > 380
    assert strip.sum() > 30
    assert np.abs(found.picture[strip].astype(int) - PAPER).mean() < 12


def test_the_painted_arm_has_no_streaks_and_no_seam() -> None:
    found, strip, off = painted()
    rows = np.nonzero(strip)[0]
    lit = [found.picture[row][np.abs(off[row]) < 8].mean() for row in range(rows.min() + 3, OLD_HEM + 30)]
    assert np.ptp(lit) < 14, "nothing of the sleeve, nor of its hem, is left across the arm"
    residual = found.picture[strip & (np.abs(off) < 8)].astype(float).mean(axis=1)
    place = off[strip & (np.abs(off) < 8)]
    smooth = np.polyval(np.polyfit(place, residual, 3), place)
    assert np.std(residual - smooth) < 5


def test_what_is_neither_the_arm_nor_its_sleeve_stays() -> None:
    found, _, _ = painted()
    photo, _, occluders, _, _, _ = person()
    same = found.mask.alpha == 0
    assert (found.picture[same] == photo.pixels[same]).all() and same.mean() > 0.95
    low = (occluders.arms.alpha > 200) & (np.arange(photo.height)[:, None] > OLD_HEM + 14)
    assert (found.picture[low] == photo.pixels[low]).all()


def test_no_arm_is_known_where_none_is_bare_or_no_sleeve_is_on_it() -> None:
    photo, body, occluders, _, _, mask = person()
    nothing = Mask(np.zeros_like(occluders.arms.alpha))
    assert find_bare_arm(body, "left", photo.pixels, nothing, occluders.worn_upper, mask) is None
    assert find_bare_arm(body, "left", photo.pixels, occluders.arms, nothing, mask) is None


def test_an_arm_that_is_wholly_bare_at_its_last_station_alone_gives_no_traceback() -> None:
    photo, body, occluders, _, _, mask = person()
    usual = find_bare_arm(body, "left", photo.pixels, occluders.arms, occluders.worn_upper, mask)
    assert usual is not None
    skin = np.zeros_like(occluders.arms.alpha)
    for station, across, half in zip(
        usual.stations[-6:], usual.across[-6:], (8, 8, 8, 8, 8, 16), strict=True
    ):
        ends = [tuple((station + side * half * across).round().astype(int).tolist()) for side in (-1, 1)]
        cv2.line(skin, ends[0], ends[1], 255, 3)
    dark, everything = photo.pixels // 4, Mask(np.full_like(skin, 255))
    arm = find_bare_arm(body, "left", dark, Mask(skin), everything, mask)
    assert arm is None or len(arm.low) == len(arm.stations)


def arm_below(row: int, grain: float = 0.0, tapering: float = 0.0) -> BareArm | None:
    """The left arm where the sleeve goes on down to a row; how coarse its skin is, how it narrows below."""
    photo, body, _, _, off, mask = person()
    rows, columns = np.indices(off.shape)
    arm = (np.abs(off) < HALF - tapering * (rows - OLD_HEM)) & (columns > 380)
    skin = np.where(arm & (rows > row), 255, 0).astype(np.uint8)
    worn = np.where((np.abs(off) < 25) & (columns > 380) & (rows <= row), 255, 0).astype(np.uint8)
    noise = np.random.default_rng(2).normal(0, grain, photo.pixels.shape)
    pixels = np.clip(photo.pixels + noise, 0, 255).astype(np.uint8)
    pixels[(columns > 380) & ~arm & (rows > row)] = PAPER
    return find_bare_arm(body, "left", pixels, Mask(skin), Mask(worn), mask)


def test_a_hand_alone_tells_nothing_of_the_arm_above_it() -> None:
    wrist = float(person()[1].joints["left_wrist"][1])
    assert arm_below(round(wrist) - 16) is None
    assert arm_below(round(wrist) - 50) is not None


def test_painted_skin_is_no_coarser_than_skin() -> None:
    arm = arm_below(OLD_HEM, grain=25.0)
    assert arm is not None and arm.grain <= 4.0


def test_the_carried_outline_comes_to_the_one_that_is_seen() -> None:
    """An arm that narrows below the sleeve would have a step where the painting ends."""
    arm = arm_below(OLD_HEM, tapering=0.06)
    assert arm is not None
    first = int(np.argmin(arm.covered))
    width = arm.high - arm.low
    assert np.abs(np.diff(width[first - 6 : first + 8])).max() < 1.5, width[first - 6 : first + 8]


def test_around_the_outside_of_an_elbow_there_is_an_arm_however_far_its_stations_fan_out() -> None:
    """Above the shoulder and past the last station there is none."""
    bend = np.deg2rad(np.concatenate([np.zeros(20), np.linspace(0, 100, 6), np.full(20, 100)]))
    down = np.stack([np.sin(bend), np.cos(bend)], axis=1)
    stations = 300 + np.cumsum(down * 3.0, axis=0)
    across = np.stack([-down[:, 1], down[:, 0]], axis=1)
    width = np.full(len(stations), 15.0)
    covered = np.arange(len(stations)) < 40
    arm = BareArm(stations, across, -width, width, covered, 1, 20.0, np.zeros((32, 3)), 0.0, 150.0)
    rows, columns = np.indices((500, 500)).reshape(2, -1)
    found = arm.beside(rows, columns)
    from_elbow = np.hypot(columns + 0.5 - stations[22, 0], rows + 0.5 - stations[22, 1])
    outside = (from_elbow < 13) & (found.nearest > 3) & (found.nearest < 40)
    assert outside.sum() > 300 and not found.beyond[outside].any() and (found.inside[outside] == 1).all()
    above = (stations[0] - 8 * down[0])[None]
    x, y = above[0].astype(int)
    assert arm.beside(np.array([y]), np.array([x])).beyond[0]
