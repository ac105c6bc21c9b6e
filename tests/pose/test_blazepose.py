"""BlazePose with its real weights on real photos."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from flixpose import pose as poses
from flixpose.adapters.weights import WeightsCache
from flixpose.errors import UsageError, WeightsMissing
from flixpose.imaging.decode import read_image
from flixpose.pose.skeletons import COCO_17, convert, mirror_rows
from flixpose.resources import SAMPLES
from flixpose.settings import load_settings
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints
from flixpose.training.pose_tasks import build, estimator_of

FULL_FIGURE, UPPER_BODY = "levihsu_model_8.png", "magento_mt05-blue_main.jpg"
TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def photo(pixels: np.ndarray) -> Image:
    return Image(np.ascontiguousarray(pixels), None, "", "test")


def torso(keypoints: Keypoints) -> float:
    """From between the shoulders to between the hips, pixels."""
    left, right, left_hip, right_hip = (keypoints[name] for name in TRUNK)
    return float(np.hypot(*(left + right - left_hip - right_hip))) / 2


def distance(a: Keypoints, b: Keypoints, shift: tuple[float, float] = (0, 0)) -> float:
    """Median distance of the points that are sure in `b`, in torsos of `b`."""
    sure = b.scores > 0.5
    return float(np.median(np.hypot(*(a.xy - b.xy - shift)[sure].T))) / torso(b)


def test_keypoints_agree_with_mediapipe(estimator, shared):
    references = json.loads((shared / "photos" / "mediapipe_pose.json").read_text())
    misses: list[float] = []
    for reference in references:
        image = read_image(shared / "photos" / "persons" / reference["file"])
        best = estimator([image])[0][0]
        for point in reference["keypoints"]:
            if point["visibility"] > 0.5:
                x, y = best.keypoints[point["name"]]
                misses.append(100 * np.hypot(x - point["x"], y - point["y"]) / image.height)
    assert len(references) == 10 and len(misses) > 200
    # Demanded are 0.5 % and 2 %; measured 0.0015 % and 0.006 %.
    assert np.median(misses) < 0.01
    assert np.percentile(misses, 95) < 0.05


def test_a_look_at_the_mirror_image_takes_left_from_right(estimator):
    """Once, the net sees people and their mirror images turned by 4 degrees, and points aside, both alike."""
    twice = poses.load(poses.DEFAULT, WeightsCache(load_settings().home), flip=True)
    for reader, turned, aside in ((estimator, (4.0, 12.0), (1.5, 6.0)), (twice, (-2.0, 2.0), (-0.5, 0.5))):
        turns, offsets = [], []
        for name in ("ines.jpg", "malik.jpg", "noor.jpg"):
            straight = read_image(SAMPLES / "persons" / name)
            mirrored = photo(straight.pixels[:, ::-1])
            one, other = (reader([each])[0][0] for each in (straight, mirrored))
            turns.append(shoulders_turn(one) + shoulders_turn(other))
            swapped = other.keypoints.xy[mirror_rows(one.keypoints.skeleton), 0]
            sure = one.keypoints.scores > 0.8
            offsets.append(np.median((one.keypoints.xy[:, 0] + swapped - straight.width)[sure]))
        assert turned[0] < min(turns) and max(turns) < turned[1]
        assert aside[0] < np.mean(offsets) < aside[1]
    assert twice.model.version == f"{estimator.model.version}+flip"
    assert twice.model.sha256 == estimator.model.sha256


def shoulders_turn(pose: Pose) -> float:
    """Degrees."""
    rows = (pose.keypoints.skeleton.index[f"{side}_shoulder"] for side in ("left", "right"))
    span = np.subtract(*(pose.world[row] for row in rows))
    return float(np.degrees(np.arctan2(span[2], span[0])))


def test_every_person_of_the_shared_pairs_is_found(estimator, shared):
    files = sorted((shared / "pairs" / "person").glob("*.jpg"))
    nobody = [file.name for file in files if not estimator([read_image(file)])[0]]
    assert len(files) == 80 and not nobody


def test_the_mask_is_the_person(estimator, shared):
    """Against automatic parse maps, which leave out the neck."""
    from PIL import Image as Pil

    overlaps = []
    for file in sorted((shared / "pairs" / "person").glob("*.jpg"))[:20]:
        found = estimator([read_image(file)])[0][0]
        truth = np.asarray(Pil.open(shared / "pairs" / "parse" / f"{file.stem}.png")) > 0
        mine = found.mask.alpha >= 128
        overlaps.append((mine & truth).sum() / (mine | truth).sum())
    assert np.mean(overlaps) > 0.9


def test_a_pose_is_complete(estimator, person):
    image = person(FULL_FIGURE)
    (found,) = estimator([image])[0]
    assert isinstance(found, Pose) and found.model.licence == "Apache-2.0" and len(found.model.sha256) == 64
    assert found.mask.alpha.shape == (image.height, image.width)
    assert found.mask.area == pytest.approx(0.55 * found.box.area, rel=0.35)
    assert found.world.shape == (33, 3) and np.abs(found.world).max() < 2
    hips = found.world[[found.keypoints.skeleton.index[n] for n in ("left_hip", "right_hip")]]
    assert np.abs(hips.mean(axis=0)).max() < 0.05
    for name in ("left_ankle", "right_ankle", "nose"):
        x, y = found.keypoints[name]
        assert found.box.x0 <= x <= found.box.x1 and found.box.y0 <= y <= found.box.y1
        assert found.mask.alpha[int(y), int(x)] > 128
    assert convert(found.keypoints, COCO_17).has("left_wrist", 0.5)


def test_left_and_right_are_the_wearers(estimator, person):
    image = person(FULL_FIGURE)
    mirrored = photo(image.pixels[:, ::-1])
    straight, flipped = (estimator([each])[0][0].keypoints for each in (image, mirrored))
    assert straight["left_shoulder"][0] > straight["right_shoulder"][0]
    assert flipped["left_shoulder"][0] > flipped["right_shoulder"][0]
    names = straight.skeleton.names
    other = {a: b for pair in straight.skeleton.mirror for a, b in (pair, pair[::-1])}
    back = flipped.xy[[flipped.skeleton.index[other.get(name, name)] for name in names]]
    back = np.stack([image.width - back[:, 0], back[:, 1]], axis=1)
    assert distance(Keypoints(straight.skeleton, back, straight.scores), straight) < 0.05


def test_two_people_are_found_the_more_prominent_first(estimator, person):
    near, far = person(UPPER_BODY), person("boyuanjian_1.jpg")
    canvas = np.full((1580, 1274 + 768, 3), 255, np.uint8)
    canvas[:, :1274], canvas[556:, 1274:] = near.pixels, far.pixels
    first, second = estimator([photo(canvas)])[0]
    assert distance(first.keypoints, estimator([near])[0][0].keypoints) < 0.05
    assert distance(second.keypoints, estimator([far])[0][0].keypoints, (1274, 556)) < 0.05
    assert not (first.mask.alpha[:, 1400:] > 128).any()


def test_somebody_small_in_a_large_picture_is_found(estimator, person):
    image = person("boyuanjian_1.jpg")
    canvas = np.full((6000, 6000, 3), image.pixels[2, 2], np.uint8)
    canvas[2000:3024, 1000:1768] = image.pixels
    (found,) = estimator([photo(canvas)])[0]
    assert distance(found.keypoints, estimator([image])[0][0].keypoints, (1000, 2000)) < 0.1


def test_garments_are_not_people(estimator, shared):
    """Searching other views must not make people out of clothes; MediaPipe itself sees one of the 27."""
    files = sorted((shared / "photos" / "garments").glob("*"))
    people = [file.name for file in files if estimator([read_image(file)])[0]]
    assert len(files) >= 27 and len(people) <= 1


@pytest.mark.parametrize("size", [(64, 64), (31, 400), (300, 40)])
def test_an_empty_picture_shows_nobody(estimator, size):
    grey = np.full((*size, 3), 128, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert estimator([photo(grey), photo(noise)]) == [(), ()]


def test_several_threads_share_one_estimator(estimator, person):
    images = [person(UPPER_BODY), person(FULL_FIGURE)] * 4
    alone = [found[0].keypoints.xy for found in estimator(images[:2])]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: estimator([image])[0][0].keypoints.xy, images))
    for row, xy in enumerate(together):
        assert np.array_equal(xy, alone[row % 2])


def test_loading_names_what_is_missing(tmp_path: Path):
    with pytest.raises(UsageError, match="blazepose"):
        poses.load("nonesuch", WeightsCache(tmp_path))
    with pytest.raises(WeightsMissing, match="pose_detection"):
        poses.load("blazepose", WeightsCache(tmp_path))


def test_it_finds_people_for_families_that_look_at_one_person(estimator, person):
    """Two photos: a top-down net looks into BlazePose's boxes, and its people are where BlazePose's are."""
    torch.manual_seed(1)  # some nets see nobody
    net = build("simple_baseline", {"depth": 10, "width": 8, "up": 16}, (64, 96))
    info = ModelInfo("net", "1", "keypoints", "none", "random weights", "")
    reader = estimator_of("simple_baseline", net.eval(), info, finder=estimator, picture=(64, 96), threads=1)
    images = [person(UPPER_BODY), person(FULL_FIGURE)]
    for found, people in zip(reader(images), estimator(images), strict=True):
        assert [each.box for each in found] == [each.box for each in people] and len(found) == 1
    assert [model.name for model in reader.models][-1] == "net" and len(reader.models) == 3
