"""What the losses show the nets, where a run's length hides it."""

import torch

from flixpose.pose.codec.matching import overlap
from flixpose.training.pose_data import People
from flixpose.training.pose_losses import anchored


def test_the_second_stage_meets_proposals_that_show_nobody():
    """However sure the first stage is of the places around a person."""
    person = torch.tensor([[30.0, 20.0, 70.0, 120.0]])
    people = People(
        torch.zeros(1, 17, 2), torch.ones(1, 17, dtype=torch.bool), person, torch.tensor([4000.0])
    )
    around = person + torch.linspace(-4, 4, 200)[:, None]
    corners = torch.rand(2000, 2, generator=torch.manual_seed(1)) * 100
    places = torch.cat([around, torch.cat([corners, corners + 20], dim=1)])
    logits = torch.linspace(8, -8, len(places))
    boxes = anchored._candidates(
        logits, torch.zeros(len(places), 4), people, places, torch.zeros(1, 3, 128, 128)
    )
    alike = overlap(person, boxes)[0]
    assert (alike > 0.7).sum() >= 12 and (alike < 0.3).sum() >= 6
