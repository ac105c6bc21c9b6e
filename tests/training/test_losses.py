"""What the garment net is told it did wrong."""

import torch

from flixpose.garment.net import GarmentNet, Shape
from flixpose.garment.shared_points import INDEX, POINTS
from flixpose.training.batches import plain_batch
from flixpose.training.losses import emphasised, losses
from flixpose.training.samples import draw_many, studio


def test_an_emphasised_landmark_counts_for_more():
    torch.manual_seed(0)
    batch = plain_batch(draw_many(studio(), range(4), 96), [0, 1, 2, 3], 64)
    answers = GarmentNet(Shape((8, 8, 12, 16, 16), (1, 1, 1, 1), 16))(batch.pictures)
    armpits = torch.zeros(len(POINTS), dtype=torch.bool)
    armpits[[INDEX["armpit_left"], INDEX["armpit_right"]]] = True

    def pull(weight: float) -> tuple[float, float]:
        heat = losses(answers, batch, emphasised({"armpit": weight}))["heat"]
        (gradient,) = torch.autograd.grad(heat, answers.heat, retain_graph=True)
        strength = gradient.abs().sum(dim=(0, 2, 3))
        return float(strength[armpits].sum()), float(strength[~armpits].sum())

    (none, _), (plain, others), (strong, fewer) = pull(0.0), pull(1.0), pull(3.0)
    assert none == 0 and strong / fewer > 2.9 * plain / others
