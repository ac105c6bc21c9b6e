"""DeepCut's programme against every possible answer."""

import time
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from flixpose.pose.codec.multicut import OutOfTime, Problem, greedy, solve, solve_in_stages


def random_problem(seed: int, *, candidates: int = 5, hypotheses: int = 7) -> Problem:
    rng = np.random.default_rng(seed)
    whose = np.concatenate([np.arange(candidates), rng.integers(0, candidates, hypotheses - candidates)])
    pairwise = rng.normal(0, 1, (hypotheses, hypotheses))
    return Problem.of(whose, rng.normal(0, 1, hypotheses), (pairwise + pairwise.T) / 2)


def partitions(count: int) -> Iterator[list[int]]:
    """Every way to put some things into unnamed groups."""
    if not count:
        yield []
        return
    for rest in partitions(count - 1):
        for group in range(max(rest, default=-1) + 2):
            yield [*rest, group]


def answers(problem: Problem) -> Iterator[np.ndarray]:
    of_each = [[-1, *np.flatnonzero(problem.candidate == c)] for c in np.unique(problem.candidate)]
    for choice in product(*of_each):
        rows = [row for row in choice if row >= 0]
        for groups in partitions(len(rows)):
            people = np.full(len(problem.candidate), -1)
            people[rows] = groups
            yield people


def is_answer(problem: Problem, people: np.ndarray) -> bool:
    taken = problem.candidate[people >= 0]
    return len(taken) == len(set(taken.tolist())) and set(people[people >= 0]) == set(range(people.max() + 1))


@pytest.mark.parametrize("seed", range(12))
def test_the_answer_costs_as_little_as_the_best_of_all(seed):
    problem = random_problem(seed)
    people = solve(problem, seconds=60)
    assert is_answer(problem, people)
    assert problem.cost(people) == pytest.approx(min(map(problem.cost, answers(problem))), abs=1e-9)


def test_transitivity_is_kept_where_it_costs():
    """a–b and b–c attract, a–c repels more than both: one pair must part."""
    pairwise = np.array([[0, -2, 9], [-2, 0, -1], [9, -1, 0]], float)
    people = solve(Problem.of(np.arange(3), np.full(3, -0.5), pairwise), seconds=60)
    assert people[0] == people[1] != people[2] and (people >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_one_stage_is_the_whole_and_more_stages_keep_what_earlier_ones_found(seed):
    problem = random_problem(seed, candidates=6, hypotheses=6)
    everything = np.ones(6, bool)
    whole = solve_in_stages(problem, [everything], seconds=60)
    assert whole.is_optimal
    assert problem.cost(whole.people) == pytest.approx(problem.cost(solve(problem, seconds=60)))
    first = np.arange(6) < 3
    early = solve(problem.some(np.flatnonzero(first)), seconds=60)
    late = solve_in_stages(problem, [first, everything], seconds=60)
    assert is_answer(problem, late.people)
    for a, b in product(np.flatnonzero(early >= 0), repeat=2):
        assert (early[a] == early[b]) == (late.people[a] == late.people[b])
    assert problem.cost(late.people) >= problem.cost(whole.people) - 1e-9


def test_no_time_is_told_and_stages_fall_back_to_the_greedy_answer():
    problem = random_problem(3, candidates=40, hypotheses=40)
    with pytest.raises(OutOfTime, match="candidates"):
        solve(problem, seconds=0)
    grouping = solve_in_stages(problem, [np.ones(40, bool)], seconds=0)
    assert not grouping.is_optimal and is_answer(problem, grouping.people)
    assert np.array_equal(grouping.people, greedy(problem))
    assert problem.cost(grouping.people) < 0


def test_a_hard_problem_ends_in_time():
    problem = random_problem(1, candidates=60, hypotheses=60)
    start = time.monotonic()
    grouping = solve_in_stages(problem, [np.ones(60, bool)], seconds=1)
    assert time.monotonic() - start < 10 and not grouping.is_optimal


def test_the_greedy_answer_joins_clear_people_as_the_best_one():
    people = np.repeat(np.arange(4), 5)
    pairwise = np.where(people[:, None] == people, -2.0, 3.0)
    problem = Problem.of(np.arange(20), np.full(20, -1.0), pairwise)
    assert greedy(problem).tolist() == solve(problem, seconds=60).tolist() == people.tolist()


def test_nothing_is_nobody():
    nothing = Problem.of(np.zeros(0, int), np.zeros(0), np.zeros((0, 0)))
    assert len(solve(nothing)) == 0 and len(greedy(nothing)) == 0
