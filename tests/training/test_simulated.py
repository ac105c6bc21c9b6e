"""Product photos of simulated scenes among drawn ones."""

from pathlib import Path

import numpy as np
import pytest
import torch

from flixpose.errors import MissingInput
from flixpose.garment.shared_points import INDEX
from flixpose.training.garment import train
from flixpose.training.publish import _data, read_trained
from flixpose.training.recipe import parse_recipe
from flixpose.training.simulated import read_scenes
from tests.training.tiny import RECIPE


def test_both_photos_of_a_scene_are_cut_out_with_their_landmarks(scenes: Path):
    photos = read_scenes(scenes, side=96, share=0.5)
    assert len(photos.samples) == 2 * len(list(scenes.glob("*/scene.json"))) and photos.masked.all()
    for mask, points in zip(photos.samples.masks, photos.samples.points, strict=True):
        rows, columns = np.nonzero(mask > 127)
        assert 0.7 < max(np.ptp(rows), np.ptp(columns)) / 96 < 0.86
        there = points[points[:, 2] > 0]
        assert (there[:, 0] > columns.min() - 6).all() and (there[:, 0] < columns.max() + 7).all()
    hems = photos.samples.points[:, [INDEX["hem_left"], INDEX["hem_right"]]]
    told = hems[(hems[..., 2] > 0).all(axis=1)]
    assert len(told) and (told[:, 0, 0] > told[:, 1, 0]).all(), "the wearer's left is the picture's right"


def test_the_card_tells_of_them_and_of_no_photograph(scenes: Path, tmp_path: Path):
    torch.set_num_threads(1)
    photos = read_scenes(scenes, side=96, share=0.5)
    train(parse_recipe(RECIPE, "tiny"), tmp_path, until=2, photos=photos)
    text = _data(read_trained(tmp_path))
    assert f"{len(photos.samples)} simulated photos, 50%" in text and "No photograph was trained on" in text


def test_a_folder_without_scenes_is_named(tmp_path: Path):
    with pytest.raises(MissingInput, match="holds no scene"):
        read_scenes(tmp_path, side=96, share=0.5)
