"""Targets read back: the people that were drawn are the people that are found."""

import time

import numpy as np
import pytest
import torch

from flixpose.pose.codec import body_parts, multicut
from flixpose.pose.families.deepcut import part_stages
from flixpose.pose.nets import deepcut
from tests.pose.codec import scenes

STRIDE = 8
CELLS = (scenes.SIDE // STRIDE, scenes.SIDE // STRIDE)


def maps_of(people: np.ndarray) -> body_parts.Maps:
    wanted = body_parts.encode(people, CELLS)
    return body_parts.Maps(wanted.scores * 6 - 4, wanted.moves, wanted.steps)


def drawn(count: int) -> np.ndarray:
    """(count, 17, 3) in cells."""
    points = scenes.bodies(18)[:count, [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]] / STRIDE
    return np.concatenate([points, np.ones((*points.shape[:2], 1))], axis=2)


@pytest.fixture(scope="module")
def net() -> deepcut.DeepCut:
    return deepcut.build("r50")


def grouped(net: deepcut.DeepCut, people: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    found = body_parts.candidates(maps_of(people), 0, min_score=0.2, most=20)
    problem = body_parts.problem(found, net.pair_weight.detach().numpy(), net.pair_bias.detach().numpy())
    grouping = multicut.solve_in_stages(problem, body_parts.stages(found, part_stages()), seconds=60)
    assert grouping.is_optimal
    return body_parts.people(found, grouping, 17)


def test_who_was_drawn_is_found(net):
    people = drawn(10)
    bodies = grouped(net, people)
    assert len(bodies) == 10
    for xy, _ in bodies:
        nearest = people[np.hypot(*(people[:, 5, :2] - xy[5]).T).argmin()]
        assert np.hypot(*(xy - nearest[:, :2]).T).max() < 1.5  # eyes lie within one cell of each other


def test_what_is_hidden_is_neither_asked_nor_found(net):
    people = drawn(1)
    people[0, 9, 2] = 0
    ((_, scores),) = grouped(net, people)
    assert scores[9] == 0 and (np.delete(scores, 9) > 0).all()
    wanted = body_parts.encode(people, CELLS)
    rest = body_parts.others(17)
    assert wanted.scores[0, 9].sum() == 0
    assert wanted.steps_weight[0, 0, list(rest[0]).index(9)].sum() == 0


def test_the_net_sees_at_stride_eight_and_learns(net):
    out = net(torch.rand(1, 3, 64, 96))
    assert out.scores.shape == (1, 17, 8, 12)
    assert out.moves.shape == (1, 17, 2, 8, 12) and out.steps.shape == (1, 17, 16, 2, 8, 12)
    people = np.concatenate([np.random.default_rng(1).uniform(1, 7, (1, 17, 2)), np.ones((1, 17, 1))], axis=2)
    wanted = body_parts.encode(people, (12, 8))
    perfect = body_parts.Maps(wanted.scores * 40 - 20, wanted.moves, wanted.steps)
    assert all(told < 1e-6 for told in body_parts.losses(perfect, wanted))
    assert all(told > 1e-6 for told in body_parts.losses(out, wanted))


def test_ten_people_are_joined_within_the_time_that_is_given(net):
    people = drawn(10)
    found = body_parts.candidates(maps_of(people), 0, min_score=0.2, most=20)
    problem = body_parts.problem(found, net.pair_weight.detach().numpy(), net.pair_bias.detach().numpy())
    start = time.monotonic()
    multicut.solve_in_stages(problem, body_parts.stages(found, part_stages()), seconds=2)
    assert time.monotonic() - start < 6
