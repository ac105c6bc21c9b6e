"""A whole training run, tiny: it learns, can be stopped anywhere, and says what it did."""

import csv
import hashlib
from pathlib import Path

import pytest
import torch

from flixpose.errors import BadSettings, MissingInput
from flixpose.evaluation.garment_sets import scene_entries
from flixpose.garment.net_reader import load_reader
from flixpose.garment.silhouette import MODEL
from flixpose.training.garment import CHECKPOINT, load_checkpoint, train
from flixpose.training.publish import CARD, WEIGHTS, _halves, publish, read_mean, read_trained
from flixpose.training.recipe import parse_recipe
from tests.training.tiny import RECIPE

TINY = parse_recipe(RECIPE, "tiny")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("run")
    train(TINY, out)
    return out


def test_twenty_steps_learn_and_leave_their_curve(run: Path):
    rows = list(csv.DictReader((run / "curve.csv").open()))
    losses = [float(row["heat"]) for row in rows if row["heat"]]
    assert [int(row["step"]) for row in rows if row["loss"]] == [4, 8, 12, 16, 20]
    assert losses[2] < losses[0], "steps 12 and 4, of one size"
    assert [row["step"] for row in rows if row["test_pck05"]] == ["10", "20"]
    assert (run / "curve.png").stat().st_size > 1000
    assert (run / "recipe.toml").read_text() == RECIPE


def test_a_stopped_run_goes_on_as_if_it_had_not_been(run: Path, tmp_path: Path):
    train(TINY, tmp_path, until=13)
    train(TINY, tmp_path, resume=True)
    one, other = (torch.load(folder / CHECKPOINT, weights_only=True) for folder in (run, tmp_path))
    assert one["step"] == other["step"] == 20
    for part in ("net", "average"):
        assert all(torch.equal(one[part][name], other[part][name]) for name in one[part])
    steps = [[row["step"] for row in csv.DictReader((f / "curve.csv").open())] for f in (run, tmp_path)]
    assert steps[0] == steps[1]


def test_what_cannot_be_resumed_is_said(run: Path, tmp_path: Path):
    with pytest.raises(MissingInput):
        train(TINY, tmp_path, resume=True)
    wider = parse_recipe(RECIPE.replace("features = 16", "features = 24"), "wider")
    with pytest.raises(BadSettings, match="another recipe"):
        load_checkpoint(run / CHECKPOINT, wider, torch.device("cpu"))


def test_a_run_begins_from_weights_and_its_card_says_so(run: Path, tmp_path: Path):
    publish(run, tmp_path, photos=2)
    weights = tmp_path / WEIGHTS
    train(TINY, tmp_path / "further", start=weights, until=4)
    train(TINY, tmp_path / "further", resume=True, until=8)
    anew, further = (
        float(next(csv.DictReader((folder / "curve.csv").open()))["heat"])
        for folder in (run, tmp_path / "further")
    )
    assert further < anew - 0.05, "after four steps: 5.48 instead of 5.59"
    publish(tmp_path / "further", tmp_path / "out", photos=2)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert f"Begun from the weights `{digest[:12]}`" in (tmp_path / "out" / CARD).read_text()
    wider = parse_recipe(RECIPE.replace("features = 16", "features = 24"), "wider")
    with pytest.raises(BadSettings, match="another net"):
        train(wider, tmp_path / "wider", start=weights)
    with pytest.raises(MissingInput, match="no weights"):
        train(TINY, tmp_path / "none", start=tmp_path / "none.safetensors")


def test_a_checkpoint_becomes_weights_with_a_card(run: Path, scenes: Path, tmp_path: Path):
    figures = publish(run, tmp_path, photos=3, scenes=scenes)
    assert set(figures) == {"pck05", "pck02", "nme", "kind", "view", "iou"}
    assert load_reader(tmp_path / WEIGHTS, MODEL).model is MODEL
    text = (tmp_path / CARD).read_text()
    assert "Apache-2.0" in text and "seed 7, 20 steps" in text and RECIPE.strip() in text
    assert "simulated product photos that were not calibrated on" in text


def test_a_scene_calibrates_or_checks_and_never_does_both(scenes: Path):
    photos = list(scene_entries(scenes))
    ours, others = ({entry["file"].partition(",")[0] for entry, _ in half} for half in _halves(photos))
    assert len(ours) == 2 and len(others) == 1 and not ours & others
    assert sum(map(len, _halves(photos))) == len(photos) == 6


def test_the_mean_of_two_checkpoints_can_be_published(run: Path, tmp_path: Path):
    early = tmp_path / "early"
    train(TINY, early, until=8)
    first, last, mean = read_trained(early), read_trained(run), read_mean([run, early])
    name = (
        "stem.conv.weight"
        if "stem.conv.weight" in mean.net.state_dict()
        else next(iter(mean.net.state_dict()))
    )
    half = (first.net.state_dict()[name] + last.net.state_dict()[name]) / 2
    assert torch.allclose(mean.net.state_dict()[name], half)
    assert (mean.step, mean.means) == (20, (8, 20))
    publish([run, early], tmp_path, photos=2, side=64)
    assert "the plain mean of those of steps 8, 20" in (tmp_path / CARD).read_text()


def test_a_stage_has_its_own_average_and_balance(tmp_path: Path):
    own = RECIPE + "average = 0.5\nbalance = { kind = 0.0, mask = 0.0 }\n"
    train(parse_recipe(own, "own"), tmp_path / "own", until=14)
    train(TINY, tmp_path / "plain", until=14)
    one, other = (torch.load(tmp_path / f / CHECKPOINT, weights_only=True) for f in ("own", "plain"))
    name = "stem.conv.weight"
    assert not torch.equal(one["net"][name], other["net"][name])
    gap = {
        f: float((c["net"][name] - c["average"][name]).norm()) for f, c in (("own", one), ("plain", other))
    }
    assert gap["own"] < gap["plain"]
