import pytest
import torch

from flixpose.pose.codec import queries


def test_each_keypoint_is_told_by_the_query_that_is_surest_of_it():
    logits = torch.full((1, 4, 3), -9.0)
    logits[0, 2, 0], logits[0, 0, 1], logits[0, 1, 2] = 9, 9, 9
    logits[0, 3, 0] = 1
    places, scores = queries.decode(logits, torch.arange(8.0).view(1, 4, 2))
    assert places[0].tolist() == [[4, 5], [0, 1]] and scores.min() > 0.99


def test_every_seen_keypoint_has_a_query_of_its_own_the_cheapest_way():
    torch.manual_seed(1)
    xy, target = torch.rand(2, 9, 2), torch.rand(2, 4, 2)
    seen = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0]])
    chosen = queries.assigned(torch.zeros(2, 9, 5), xy, target, seen)
    assert (chosen >= 0).equal(seen > 0)
    assert len(set(chosen[0].tolist())) == 4
    exact = queries.assigned(torch.zeros(1, 4, 5), target[:1, [2, 0, 3, 1]], target[:1], seen[:1])
    assert exact[0].tolist() == [1, 3, 0, 2]


def test_learning_by_assignment_finds_the_keypoints():
    torch.manual_seed(1)
    logits, raw = torch.zeros(1, 6, 4, requires_grad=True), torch.randn(1, 6, 2, requires_grad=True)
    target, seen = torch.tensor([[[0.2, 0.3], [0.8, 0.1], [0.5, 0.5]]]), torch.tensor([[1, 1, 0]])
    optimiser = torch.optim.Adam([logits, raw], lr=0.1)
    for _ in range(120):
        loss = queries.loss(logits, raw.sigmoid(), target, seen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    places, scores = queries.decode(logits.detach(), raw.sigmoid().detach())
    assert places[0, :2] == pytest.approx(target[0, :2].numpy(), abs=0.03)
    assert scores[0, :2].min() > 0.9 > 0.1 > scores[0, 2]
