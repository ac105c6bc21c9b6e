"""Every family that trains makes its loss smaller on two drawn pictures; one learns four by heart."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from flixpose.errors import BadSettings, MissingInput, UsageError
from flixpose.evaluation.people import Marked, Photo, figures, look, read_coco
from flixpose.imaging.encode import encode_png
from flixpose.imaging.files import write_atomic
from flixpose.pose import FAMILIES
from flixpose.pose.skeletons import COCO_17
from flixpose.resources import CONFIGS
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints
from flixpose.studio.figures import draw, write
from flixpose.training import loop
from flixpose.training.pose import (
    WEIGHTS,
    PoseRecipe,
    fresh,
    read_pose_recipe,
    read_weights,
    reader_of,
    train,
)
from flixpose.training.pose_boxes import proposals_of
from flixpose.training.pose_data import Dice, batch_for
from flixpose.training.pose_tasks import TASKS, task_of

RECIPES = CONFIGS / "recipes" / "pose.toml"
STILL = Dice(share=0.0, flip=0.0)
UNTRAINED = {"openpose_hand", "openpose_face"}  # keypoints that no picture here has


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    torch.set_num_threads(1)
    return read_coco(write(tmp_path_factory.mktemp("drawn"), 6, seed=3))


@pytest.mark.parametrize("family", TASKS)
def test_a_few_steps_make_every_loss_smaller(family: str, photos: list[Photo]):
    recipe = replace(read_pose_recipe(RECIPES, family), dice=STILL)
    learner = fresh(recipe, torch.device("cpu"))
    reader = reader_of(recipe, learner.average.eval())
    assert set(look(reader, photos[:1])) == {photos[0].id}  # nothing is learnt, nobody may be found
    batch = batch_for(reader, photos, count=2, seed=(1,), dice=STILL)
    pace = loop.Pace(lambda step: 4e-4, 5.0, 0.9, 1, 1)
    task = task_of(family)
    told = [
        loop.learn(learner, lambda net: task.loss(net, batch.x, batch.people), pace)["loss"] for _ in range(6)
    ]
    assert np.isfinite(told).all()
    assert min(told[1:]) < told[0], told


def test_every_family_either_trains_or_says_why_not():
    assert set(TASKS) <= set(FAMILIES)
    nets = {family for family, told in FAMILIES.items() if not told.is_file}
    assert nets - set(TASKS) == UNTRAINED
    with pytest.raises(UsageError, match="no training is known for 'blazepose'"):
        task_of("blazepose")


TINY = PoseRecipe(
    family="simple_baseline",
    net={"depth": 10, "width": 16, "up": 32},
    picture=(64, 96),
    steps=320,
    batch=6,
    lr=(5e-3, 1e-4),
    decoding="dark",
    every=40,
    test_every=320,
    average=0.97,
    warmup=5,
    half=False,
    dice=STILL,
)


@pytest.fixture(scope="module")
def run(photos: list[Photo], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    train(TINY, photos[:4], out, unseen=photos[4:])
    return out


def test_a_family_learns_four_pictures_by_heart(run: Path, photos: list[Photo]):
    recipe, net, info = read_weights(run / WEIGHTS)
    assert recipe == TINY and info.name == "simple_baseline" and len(info.sha256) == 64
    assert figures(reader_of(recipe, net, info), photos[:4]).ap >= 0.9
    rows = list(csv.DictReader((run / "curve.csv").open()))
    assert float(rows[-1]["test_ap_seen"]) >= 0.9 and 0 <= float(rows[-1]["test_ap_unseen"]) <= 1
    assert (run / "curve.png").stat().st_size > 1000


def test_a_stopped_run_goes_on_as_if_it_had_not_been(photos: list[Photo], tmp_path: Path):
    short = replace(TINY, steps=6, dice=Dice())
    train(short, photos, tmp_path / "whole")
    train(short, photos, tmp_path / "parts", until=3)
    train(short, photos, tmp_path / "parts", resume=True)
    with pytest.raises(BadSettings, match="another recipe"):
        train(replace(short, seed=2), photos, tmp_path / "parts", resume=True)
    one, other = (torch.load(tmp_path / name / "checkpoint.pt") for name in ("whole", "parts"))
    assert all(torch.equal(one["net"][name], other["net"][name]) for name in one["net"])


@pytest.mark.parametrize(("flip", "shows"), [(0.0, "left_wrist"), (1.0, "right_wrist")])
def test_what_the_net_sees_carries_its_keypoints(tmp_path: Path, flip: float, shows: str):
    """A red dot at the left wrist stays there in every turned and shifted picture; in mirror images it is
    the right one's."""
    pixels = np.full((128, 128, 3), 90, np.uint8)
    pixels[60:63, 80:83] = 255, 0, 0
    write_atomic(tmp_path / "dot.png", encode_png(pixels))
    xy = np.random.default_rng(1).uniform(30, 100, (17, 2))
    xy[COCO_17.index["left_wrist"]] = 81.5, 61.5
    person = Marked(xy, np.full(17, 2), 2000.0, np.array([25.0, 25.0, 105.0, 105.0]))
    reader = reader_of(replace(TINY, picture=(96, 96)), torch.nn.Identity())
    photo, seen = Photo(1, tmp_path / "dot.png", (person,)), 0
    for seed in range(12):
        dice = Dice(share=1.0, turn=20.0, flip=flip)
        batch = batch_for(reader, [photo], count=1, seed=(seed,), dice=dice)
        wrist = batch.people[0].xy[0, COCO_17.index[shows]].numpy()
        if batch.people[0].there[0, COCO_17.index[shows]]:
            red = (batch.x[0, 2 if reader.colours.bgr else 0] - batch.x[0, 1]).numpy()
            y, x = np.unravel_index(red.argmax(), red.shape)
            assert np.hypot(*(wrist - (x + 0.5, y + 0.5))) < 1.5
            seen += 1
    assert seen > 8


def test_drawn_people_are_the_same_for_a_seed_and_differ_between_seeds():
    one, again, other = draw(5), draw(5), draw(6)
    assert (one.pixels == again.pixels).all() and not (one.pixels == other.pixels).all()
    for person in draw(7).people:
        seen = person.xy[person.visibility == 2]
        low, high = person.xyxy[:2] - 1, person.xyxy[2:] + 1
        assert ((seen >= low) & (seen <= high)).all() and person.area > 50


def test_bad_input_is_told(photos: list[Photo], tmp_path: Path):
    with pytest.raises(MissingInput):
        read_coco(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text(json.dumps({"annotations": [{"num_keypoints": 3}]}))
    with pytest.raises(UsageError, match="not in COCO's keypoint format"):
        read_coco(tmp_path / "bad.json")
    (tmp_path / "bad.toml").write_text("[hrnet]\nnet = {}\npicture = [64]\n")
    with pytest.raises(BadSettings, match="no recipe for hrnet"):
        read_pose_recipe(tmp_path / "bad.toml", "hrnet")
    with pytest.raises(UsageError, match="no such numbers"):
        fresh(replace(TINY, net={"depth": 10, "wings": 2}), torch.device("cpu"))


class _Askew:
    """Finds everybody, and draws every box a fifth too wide to the right."""

    model = ModelInfo("askew", "1", "boxes", "none", "made for a test", "")
    models = (model,)

    def __init__(self, photos: list[Photo], known: int) -> None:
        self.left = [photo.people for photo in photos[:known]]

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        return [tuple(map(self._pose, self.left.pop(0) if self.left else ())) for _ in images]

    def _pose(self, person: Marked) -> Pose:
        x0, y0, x1, y1 = person.xyxy
        xy = Keypoints(COCO_17, person.xy.astype(np.float32), np.ones(17, np.float32))
        return Pose(xy, Box(x0, y0, x1 + 0.2 * (x1 - x0), y1), 0.9, self.model)


def test_pictures_are_cut_by_boxes_drawn_as_the_finder_errs(photos: list[Photo]):
    boxes = proposals_of(_Askew(photos, 6), photos)
    reader = reader_of(TINY, torch.nn.Identity())
    told, drawn = (
        batch_for(reader, photos, count=8, seed=(1,), dice=STILL, boxes=some) for some in (None, boxes)
    )
    for a, b in zip(told.people, drawn.people, strict=True):
        assert b.boxes[0, [0, 2]].mean() < a.boxes[0, [0, 2]].mean() - 1  # the person stands to the left
    with pytest.raises(UsageError, match="too few to learn from"):
        proposals_of(_Askew(photos, 1), photos)


def test_a_run_ends_when_it_has_learnt_enough(photos: list[Photo], tmp_path: Path):
    eager = replace(TINY, steps=12, test_every=3, enough=0.0)
    assert train(eager, photos[:2], tmp_path / "out").step == 3
    assert read_weights(tmp_path / "out" / WEIGHTS)[0] == eager


def test_a_run_may_begin_in_smaller_pictures(photos: list[Photo], tmp_path: Path):
    told = TINY.to_json() | {"steps": 12, "picture": (96, 128), "family": "hrnet", "warmup": 1}
    told["net"] = {"width": 8, "stem": 8, "modules": {"2": 1, "3": 1, "4": 1}}
    recipe = PoseRecipe.from_json(told | {"first": {"picture": [32, 64], "steps": 8, "lr": [4e-3, 1e-3]}})
    assert PoseRecipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert [recipe.at(step).picture for step in (7, 8)] == [(32, 64), (96, 128)]
    rates = [recipe.rate(step) for step in range(12)]
    assert rates[0] == 4e-3 and rates[8] == 5e-3 and rates[7] < 1.3e-3 and rates[11] < 1e-3
    train(recipe, photos[:2], tmp_path, until=7)
    assert train(recipe, photos[:2], tmp_path, resume=True).step == 12
    eager = replace(
        recipe, test_every=3, enough=0.0
    )  # 8 steps belong to the beginning, where nothing is enough
    assert train(eager, photos[:2], tmp_path / "eager").step == 9
    with pytest.raises(BadSettings, match="one picture size"):
        train(
            replace(recipe, family="cpn", net={"depth": 14, "width": 8, "wide": 16}), photos, tmp_path / "c"
        )
    with pytest.raises(ValueError, match="fewer than all"):
        PoseRecipe.from_json(recipe.to_json() | {"steps": 8})
