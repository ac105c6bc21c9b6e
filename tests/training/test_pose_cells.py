"""What RTMO and DETRPose learn from: that every weight does, the right cells, and from a start that can."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from flixpose.evaluation.people import Photo, read_coco
from flixpose.pose.codec.matching import Owners
from flixpose.pose.nets import hgnet
from flixpose.studio.figures import write
from flixpose.training import loop
from flixpose.training.pose import PoseRecipe, fresh, reader_of, train
from flixpose.training.pose_data import Dice, PoseBatch, batch_for
from flixpose.training.pose_tasks import build, task_of

STILL = Dice(share=0.0, flip=0.0)
RTMO = {"deepen": 0.33, "widen": 0.25, "pose": 96, "hidden": 64}
DETRPOSE = {"width": 64, "depth": 2, "queries": 10, "backbone": 0.25}
UNREAD = {"transformer.label_enc.weight", "transformer.pose_enc.weight"}  # of the original's noisy queries


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    torch.set_num_threads(1)
    return read_coco(write(tmp_path_factory.mktemp("drawn"), 2, seed=3))


def run_of(family: str, net: dict[str, float], photos: list[Photo]) -> tuple[loop.Learner, PoseBatch]:
    recipe = PoseRecipe(family, net, (96, 96), steps=1, half=False, dice=STILL)
    learner = fresh(recipe, torch.device("cpu"))
    batch = batch_for(reader_of(recipe, learner.average), photos, count=4, seed=(1,), dice=STILL)
    return learner, batch


def learnt(family: str, net: dict[str, float], photos: list[Photo], steps: int) -> list[dict[str, float]]:
    learner, batch = run_of(family, net, photos)
    pace = loop.Pace(lambda step: 1.5e-3, 5.0, 0.9, 1, 1)
    loss = task_of(family).loss
    return [loop.learn(learner, lambda net: loss(net, batch.x, batch.people), pace) for _ in range(steps)]


@pytest.mark.parametrize(("family", "net"), [("rtmo", RTMO), ("detrpose", DETRPOSE)])
def test_keypoints_are_learnt_within_a_few_steps(family: str, net: dict[str, float], photos: list[Photo]):
    told = learnt(family, net, photos, 40)
    assert told[-1]["pose"] < 0.75 * told[0]["pose"]


def test_every_weight_of_detrpose_learns(photos: list[Photo]):
    learner, batch = run_of("detrpose", DETRPOSE, photos)
    net = learner.net.train()
    task_of("detrpose").loss(net, batch.x, batch.people)["loss"].backward()
    assert {name for name, p in net.named_parameters() if p.requires_grad and p.grad is None} == UNREAD


def test_what_detrpose_tries_last_is_what_it_answers():
    net = build("detrpose", DETRPOSE, (96, 96)).eval()
    with torch.no_grad():
        x = torch.rand(2, 3, 96, 96)
        guess, *layers = net.tried(x)
        answer = net(x)
    assert guess.xy.shape == (2, 12 * 12 + 6 * 6 + 3 * 3, 17, 2) and len(layers) == 2
    assert torch.equal(layers[-1].xy, answer.xy) and torch.equal(layers[-1].logits, answer.logits)


def test_thawed_norms_say_the_same_and_learn():
    net = hgnet.HGNet(hgnet.narrowed(hgnet.B0, 0.25)).eval()
    for norm in (m for m in net.modules() if isinstance(m, hgnet.FrozenNorm)):
        norm.get_buffer("running_var").uniform_(0.5, 2)
        norm.get_buffer("weight").uniform_(0.5, 2)
    x = torch.rand(1, 3, 64, 64)
    before = net(x)
    hgnet.thaw(net)
    net.eval()
    assert not any(isinstance(m, hgnet.FrozenNorm) for m in net.modules())
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(before, net(x), strict=True))
    assert sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) > 20


def places(count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of cells: their features, boxes and centres, and keypoints within."""
    torch.manual_seed(1)
    boxes = torch.tensor([[40.0, 50.0, 30.0, 60.0]]).expand(count, -1)
    return torch.randn(count, 96), boxes, torch.full((count, 2), 45.0), 30 + 30 * torch.rand(count, 17, 2)


def test_rtmo_begins_without_an_opinion_where_keypoints_are(photos: list[Photo]):
    net = run_of("rtmo", RTMO, photos)[0].net
    features, boxes, centres, _ = places(8)
    with torch.no_grad():
        axes = net.head.dcc.shares(features, boxes, centres)  # type: ignore[union-attr]
    assert all((shares.amax(dim=2) < 5 / shares.shape[2]).all() for shares, _ in axes)


def test_a_spread_that_is_learnt_below_nothing_is_none():
    net = build("rtmo", RTMO, (96, 96))
    with torch.no_grad():
        net.head.dcc.sigma_fc[2].scale.fill_(-0.1)  # type: ignore[union-attr, index, operator]
    features, boxes, centres, xy = places(8)
    _, unlikely = net.tried(features, boxes, centres, xy)  # type: ignore[operator]
    assert unlikely.isfinite().all()


def test_the_surest_cells_of_each_person_answer():
    owner = Owners(torch.tensor([0, -1, 0, 1, 0, 1]), torch.tensor([0.2, 0.0, 0.9, 0.1, 0.5, 0.3]))
    assert owner.surest(1).tolist() == [2, 5]
    assert owner.surest(2).tolist() == [2, 4, 5, 3]


def test_norms_keep_their_statistics_from_the_step_that_is_told(photos: list[Photo], tmp_path: Path):
    net = {"depth": 10, "width": 8, "up": 8}
    recipe = PoseRecipe("simple_baseline", net, (32, 32), steps=4, batch=2, half=False, still=2, dice=STILL)
    learner = train(recipe, photos, tmp_path)
    counted = {int(v) for name, v in learner.net.state_dict().items() if name.endswith("batches_tracked")}
    assert counted == {2}


def test_detrpose_begins_with_points_at_cells_and_heads_that_look_around():
    net = build("detrpose", DETRPOSE, (96, 96)).eval()
    with torch.no_grad():
        guess, *layers = net.tried(torch.rand(1, 3, 96, 96))  # type: ignore[operator]
        ways = net.transformer.decoder.layers[0].cross_attn.sampling_offsets.bias  # type: ignore[union-attr]
    finest = (torch.arange(12) + 0.5) / 12
    assert torch.allclose(guess.xy[0, :12, 3], torch.stack([finest, finest[:1].expand(12)], dim=1), atol=1e-5)
    assert all((layer.xy - layer.xy[:, :, :1]).abs().max() < 1e-5 for layer in layers)
    assert ways.view(8, -1, 2).mean(dim=1).round(decimals=3).unique(dim=0).shape[0] == 8
    assert (layers[-1].logits.sigmoid() < 0.05).all()
