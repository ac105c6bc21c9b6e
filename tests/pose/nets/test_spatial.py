"""Spatial transformers: what they show, the way back, and that they learn to centre."""

import pytest
import torch
from torch import nn

from flixpose.pose.nets import poseted, rmpe, spatial


def some_transforms() -> torch.Tensor:
    torch.manual_seed(2)
    return torch.tensor([[1.0, 0, 0], [0, 1, 0]]) + torch.randn(4, 2, 3) * 0.2


def test_the_inverse_takes_places_back():
    there = torch.rand(4, 5, 2)
    seen = spatial.placed(there, some_transforms())
    assert torch.allclose(spatial.placed(seen, spatial.inverse(some_transforms())), there, atol=1e-5)
    flat = torch.zeros(1, 2, 3)
    assert torch.isfinite(spatial.inverse(flat)).all()


def test_a_place_in_the_seen_picture_is_where_its_pixel_came_from():
    x = torch.zeros(1, 1, 32, 48)
    x[0, 0, 10, 30] = 1
    transform = torch.tensor([[[0.5, 0, 0.1], [0, 0.8, -0.2]]])
    seen = spatial.sampled(x, transform)
    y, column = divmod(int(seen[0, 0].argmax()), 48)
    place = torch.tensor([[[(column + 0.5) / 48, (y + 0.5) / 32]]])
    back = spatial.placed(place, transform)[0, 0] * torch.tensor([48.0, 32.0])
    assert back.tolist() == pytest.approx([30.5, 10.5], abs=0.6)


def test_an_untaught_transformer_shows_the_whole_picture_and_symmetry_brings_maps_back():
    x = torch.rand(2, 3, 64, 48)
    assert torch.allclose(
        spatial.Localiser(width=8)(x), torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3)
    )
    net = rmpe.SymmetricPose(50, width=8).eval()
    with torch.inference_mode():
        assert torch.allclose(net(x), net.pose(x), atol=1e-4)


class Bright(nn.Module):
    """Heat maps are the picture's brightness."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(x[:, :1], 4)


def blob(x: float, y: float) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 200).expand(1, 3, -1, -1)


def test_the_parallel_branch_teaches_the_transformer_to_centre():
    """The estimator loses nothing wherever it looks: only the parallel branch pulls."""
    torch.manual_seed(1)
    net = rmpe.SymmetricPose(50, width=8)
    net.pose = Bright()
    x = blob(44, 22)
    target, centred = Bright()(x), Bright()(blob(32, 32))
    bias = net.localiser.fc.bias
    optimiser = torch.optim.Adam([bias], lr=0.02)
    for _ in range(60):
        loss = sum(rmpe.symmetric_loss(net.eval(), Bright(), x, target, centred))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert bias[2].item() == pytest.approx(12 / 32, abs=0.06)
    assert bias[5].item() == pytest.approx(-10 / 32, abs=0.06)


def test_a_held_estimator_teaches_its_input_alone():
    estimator = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    before = [value.clone() for value in estimator.state_dict().values()]
    x = torch.rand(2, 3, 4, 4, requires_grad=True)
    rmpe.held(estimator)(x).square().sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in estimator.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, estimator.state_dict().values(), strict=True))


def test_the_shift_to_the_middle_counts_what_is_seen():
    xy = torch.tensor([[[10.0, 20], [30, 40], [999, 999]], [[1, 1], [2, 2], [3, 3]]])
    seen = torch.tensor([[1, 2, 0], [0, 0, 0]])
    assert rmpe.middle_shift(xy, seen, (192, 256)).tolist() == [[76, 98], [0, 0]]


def test_poseteds_places_are_of_the_picture_that_was_given():
    torch.manual_seed(1)
    net = poseted.PoseTED(50, width=8, channels=32, layers=1, queries=20).eval()
    x = torch.rand(2, 3, 64, 48)
    with torch.inference_mode():
        whole = net(x)
        net.localiser.fc.bias.copy_(torch.tensor([0.5, 0, 0.5, 0, 0.5, -0.5]))
        part = net(x)
    assert whole.logits.shape == (2, 20, 18) and whole.xy.shape == (2, 20, 2)
    assert ((whole.xy >= 0) & (whole.xy <= 1)).all()
    assert (part.xy[..., 0] >= 0.5).all() and (part.xy[..., 1] <= 0.5).all()
    assert not torch.allclose(net.decoder[0].own.in_proj_weight, net.encoder[0].own.in_proj_weight)
