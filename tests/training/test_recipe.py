"""Recipes: what they promise about steps, shards and learning rates, and how they fail."""

from pathlib import Path

import pytest
import torch

from flixpose import resources
from flixpose.errors import BadSettings, MissingInput
from flixpose.models import GARMENT_NET
from flixpose.training.garment import learning_rate, started
from flixpose.training.recipe import parse_recipe, read_recipe
from tests.training.tiny import RECIPE


def test_the_shipped_recipe_reads_and_begins_small():
    recipe = read_recipe(resources.CONFIGS / "recipes" / "garment.toml")
    assert recipe.stages[0].side < recipe.stages[-1].side <= 320
    assert learning_rate(recipe, 0) < learning_rate(recipe, 1000)
    assert learning_rate(recipe, recipe.steps - 1) < 1e-4


def test_a_step_lies_in_its_stage_and_asks_for_new_shards_by_reuse():
    recipe = parse_recipe(RECIPE, "tiny")
    assert [recipe.stage_at(step)[::2] for step in (0, 11, 12, 19)] == [(0, 0), (0, 11), (1, 0), (1, 7)]
    assert recipe.drawn_before(12) == 12 * 4 // 2 and recipe.drawn_before(20) == 24 + 8 * 4
    newest = [recipe.newest_shard(step) for step in range(recipe.steps)]
    assert newest[0] == recipe.data.window - 1 and newest == sorted(newest)


def test_shards_are_drawn_as_large_as_the_stage_that_asks_for_them_first():
    recipe = parse_recipe(RECIPE + "drawn = 128\n", "tiny")
    first_large = recipe.data.window - 1 + 24 // 8
    assert [recipe.drawn_side(shard) for shard in (0, 1, first_large - 1)] == [96, 96, 96]
    assert [recipe.drawn_side(shard) for shard in (first_large, first_large + 99)] == [128, 128]


@pytest.mark.parametrize(
    "wrong", ["", "name = 1", RECIPE.replace("side = 64", "side = 50"), RECIPE.replace("seed", "sead")]
)
def test_a_broken_recipe_is_named(wrong: str):
    with pytest.raises(BadSettings, match="somewhere"):
        parse_recipe(wrong, "somewhere.toml")


def test_a_missing_recipe_is_named(tmp_path: Path):
    with pytest.raises(MissingInput, match=r"none\.toml"):
        read_recipe(tmp_path / "none.toml")


def test_a_stage_may_change_the_balance_and_the_average():
    recipe = parse_recipe(RECIPE + "average = 0.9\nbalance = { kind = 2.5 }\n", "own")
    assert (recipe.average_at(11), recipe.average_at(12)) == (0.999, 0.9)
    assert (recipe.balance_at(11).kind, recipe.balance_at(12).kind) == (0.5, 2.5)
    assert recipe.balance_at(12).heat == recipe.balance.heat
    assert list(recipe.stretches(5, 14)) == [range(5, 12), range(12, 14)]
    with pytest.raises(BadSettings, match="kinds"):
        parse_recipe(RECIPE + "balance = { kinds = 2.5 }\n", "own")


def test_a_stage_may_weigh_landmarks_and_knows_their_names():
    recipe = parse_recipe(RECIPE + "emphasis = { armpit = 2.5 }\n", "own")
    assert (recipe.emphasis_at(11), recipe.emphasis_at(12)) == ({}, {"armpit": 2.5})
    with pytest.raises(BadSettings, match="armpits"):
        parse_recipe(RECIPE + "emphasis = { armpits = 2.5 }\n", "own")


@pytest.mark.parametrize("name", ["garment-further", "garment-longer", "garment-again"])
def test_recipes_that_go_on_begin_from_weights_of_the_shipped_shape(name):
    recipe = read_recipe(resources.CONFIGS / "recipes" / f"{name}.toml")
    state = started(
        resources.PACKAGE / "garment/weights/garment-net.safetensors", recipe, torch.device("cpu")
    )
    assert state.start == GARMENT_NET.info.sha256 and state.step == 0
    assert learning_rate(recipe, recipe.steps - 1) < 1e-5


def test_the_short_recipe_learns_gently():
    recipe = read_recipe(resources.CONFIGS / "recipes" / "garment-further.toml")
    assert learning_rate(recipe, recipe.steps // 4) <= 1e-4
