"""Which candidates are body parts, and of whom: DeepCut's integer linear programme (Pishchulin et al. 2016).

A candidate is a place; a hypothesis calls it one part of the body. x is 1 for the hypotheses that hold, at
most one of each candidate; z is 1 for two hypotheses of one person; that two candidates share a person is
y, the sum of their z. Of all x and y, y transitive, those with the least cost are sought. z <= x and y = sum
z say what the paper says with z >= x + x' + y - 2, and bound the relaxation more closely. Transitivity is
added where a solution breaks it. Candidates that nothing draws together share no person, so that each group
of the others is a programme of its own: all of this is exact.

DeeperCut's incremental variant (Insafutdinov et al. 2016) takes some parts after the others: what earlier
stages found stays.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from flixpose.errors import FlixposeError

Costs = NDArray[np.float64]
Rows = NDArray[np.intp]

_SECONDS = 2.0
_TIME_LIMIT = 1  # of HiGHS' states, as scipy numbers them
_HALF = 0.5


class OutOfTime(FlixposeError):
    """The solver did not prove an answer in time."""

    code = "solver_out_of_time"
    remedy = "Give it more seconds or fewer candidates, or take the greedy answer."


@dataclass(frozen=True, eq=False, slots=True)
class Problem:
    """Attributes:
    candidate: (H,) whose hypothesis each one is.
    unary: (H,) the cost of taking it.
    pairwise: (H, H) symmetric: the cost of two hypotheses being of one person.
    person: (H,) the person that is known from before, whose hypothesis is taken; -1 for none.
    """

    candidate: Rows
    unary: Costs
    pairwise: Costs
    person: Rows

    @classmethod
    def of(cls, candidate: Rows, unary: Costs, pairwise: Costs) -> "Problem":
        """Nothing is known from before."""
        return cls(candidate, unary, pairwise, np.full(len(candidate), -1))

    def some(self, rows: Rows) -> "Problem":
        return Problem(
            self.candidate[rows], self.unary[rows], self.pairwise[np.ix_(rows, rows)], self.person[rows]
        )

    def cost(self, people: Rows) -> float:
        """Of an answer as `solve` gives it."""
        same = np.triu((people[:, None] == people) & (people >= 0), 1)
        return float(self.unary[people >= 0].sum() + self.pairwise[same].sum())


@dataclass(frozen=True, eq=False, slots=True)
class Grouping:
    """Attributes: people: (H,) as of `solve`. is_optimal: no stage ran out of time."""

    people: Rows
    is_optimal: bool


def solve(problem: Problem, *, seconds: float = _SECONDS) -> Rows:
    """(H,) whose each hypothesis is, people numbered from 0; -1 for what is not taken. The cost is least.

    Raises:
        OutOfTime: it was not found, or not proved, in that many seconds.
    """
    end = time.monotonic() + seconds
    people = np.full(len(problem.candidate), -1)
    for rows in _groups(problem):
        found = _solve_group(problem.some(rows), end)
        people[rows] = np.where(found >= 0, found + people.max(initial=-1) + 1, -1)
    return people


def solve_in_stages(
    problem: Problem, stages: Sequence[NDArray[np.bool_]], *, seconds: float = _SECONDS
) -> Grouping:
    """Some hypotheses after the others; those of a stage that runs out of time are joined greedily.

    Args:
        stages: (H,) each: which hypotheses come into play.
        seconds: for all stages together.
    """
    end = time.monotonic() + seconds
    people = np.full(len(problem.candidate), -1)
    optimal = True
    for stage in stages:
        known = np.flatnonzero(people >= 0)
        new = np.flatnonzero(stage & ~np.isin(problem.candidate, problem.candidate[known]))
        merged, members = _merged(problem, people, new)
        try:
            found = solve(merged, seconds=end - time.monotonic())
        except OutOfTime:
            found, optimal = greedy(merged), False
        for rows, person in zip(members, found, strict=True):
            people[rows] = person
    return Grouping(people, optimal)


def greedy(problem: Problem) -> Rows:
    """(H,) a good answer, fast: each candidate's best hypothesis, then whoever belongs together most."""
    rows = np.array(_best_hypotheses(problem), dtype=np.intp)
    known = problem.person[rows] >= 0
    links = problem.pairwise[np.ix_(rows, rows)].copy()
    links[np.ix_(known, known)] = np.inf
    np.fill_diagonal(links, np.inf)
    costs, cluster = problem.unary[rows].copy(), np.arange(len(rows))
    while len(rows):
        a, b = np.unravel_index(links.argmin(), links.shape)
        if links[a, b] >= 0:
            break
        costs[a] += costs[b] + links[a, b]
        links[a] += links[b]
        links[:, a] = links[a]
        links[b], links[:, b], links[a, a] = np.inf, np.inf, np.inf
        cluster[cluster == b] = a
    worth = (costs[cluster] < 0) | np.isin(cluster, cluster[known])
    people = np.full(len(problem.candidate), -1)
    _, people[rows[worth]] = np.unique(cluster[worth], return_inverse=True)
    return people


def _best_hypotheses(problem: Problem) -> list[int]:
    """One of each candidate that is likelier a part than not, or known."""
    cost = np.where(problem.person >= 0, -np.inf, problem.unary)
    best: dict[int, int] = {}
    for row in np.argsort(cost, kind="stable"):
        if cost[row] < 0:
            best.setdefault(int(problem.candidate[row]), int(row))
    return list(best.values())


def _groups(problem: Problem) -> list[Rows]:
    """Rows of the hypotheses that attraction joins, directly or by way of others."""
    known = problem.person >= 0
    drawn = problem.pairwise < 0
    drawn[np.ix_(known, known)] = False
    drawn |= problem.candidate[:, None] == problem.candidate
    _, label = connected_components(csr_array(drawn), directed=False)
    return [np.flatnonzero(label == each) for each in range(label.max(initial=-1) + 1)]


def _merged(problem: Problem, people: Rows, new: Rows) -> tuple[Problem, list[Rows]]:
    """The people found so far as one hypothesis each, and new ones; and the rows that each stands for."""
    members = [np.flatnonzero(people == person) for person in range(people.max(initial=-1) + 1)]
    count = len(members)
    members += [np.array([row]) for row in new]
    sums = np.zeros((len(members), len(people)))
    for row, rows in enumerate(members):
        sums[row, rows] = 1
    candidate = np.concatenate([np.arange(count), count + problem.candidate[new]])
    unary = np.concatenate([np.zeros(count), problem.unary[new]])
    person = np.concatenate([np.arange(count), np.full(len(new), -1)])
    return Problem(candidate, unary, sums @ problem.pairwise @ sums.T, person), members


def _solve_group(problem: Problem, end: float) -> Rows:
    """As `solve`."""
    programme = _Programme(problem)
    while True:
        x, y = programme.answer(end - time.monotonic())
        broken = _broken(y)
        if not broken:
            return _labelled(problem, programme, x, y)
        programme.forbid(broken)


class _Programme:
    """The columns: x of the hypotheses, then z of pairs of hypotheses of two candidates."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        _, self.candidate = np.unique(problem.candidate, return_inverse=True)
        count = len(self.candidate)
        rows, columns = np.triu_indices(count, 1)
        differ = self.candidate[rows] != self.candidate[columns]
        self.a, self.b = rows[differ], columns[differ]
        self.count = int(self.candidate.max()) + 1
        known = problem.person >= 0
        low = np.concatenate([known.astype(float), np.zeros(len(self.a))])
        high = np.concatenate([np.ones(count), (~(known[self.a] & known[self.b])).astype(float)])
        self.bounds = Bounds(low, high)
        self.cost = np.concatenate([problem.unary, problem.pairwise[self.a, self.b]])
        self.rows, self.limits = self._basic()

    def _basic(self) -> tuple[csr_array, NDArray[np.float64]]:
        """One hypothesis of each candidate; one that does not hold shares no person with another's."""
        count, width = len(self.candidate), len(self.cost)
        once = coo_array((np.ones(count), (self.candidate, np.arange(count))), (self.count, width))
        # One row for each hypothesis and other candidate: all its z with that candidate's, less its own x.
        ends = np.concatenate([self.a, self.b])
        others = self.candidate[np.concatenate([self.b, self.a])]
        keys, row = np.unique(ends * self.count + others, return_inverse=True)
        z = np.tile(count + np.arange(len(self.a)), 2)
        values = np.concatenate([np.ones(len(z)), -np.ones(len(keys))])
        places = (np.concatenate([row, np.arange(len(keys))]), np.concatenate([z, keys // self.count]))
        held = coo_array((values, places), (len(keys), width))
        limits = np.concatenate([np.ones(self.count), np.zeros(len(keys))])
        return csr_array(vstack([once, held])), limits

    def answer(self, seconds: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(H,) x and (candidates, candidates) y. Raises OutOfTime."""
        if seconds <= 0:
            raise _out_of_time(self.count)
        found = milp(
            self.cost,
            integrality=np.ones(len(self.cost)),
            bounds=self.bounds,
            constraints=LinearConstraint(self.rows, ub=self.limits),
            options={"time_limit": seconds},
        )
        if found.status == _TIME_LIMIT or found.x is None:
            raise _out_of_time(self.count)
        taken = found.x > _HALF
        y = np.zeros((self.count, self.count), bool)
        joined = taken[len(self.candidate) :]
        y[self.candidate[self.a[joined]], self.candidate[self.b[joined]]] = True
        return taken[: len(self.candidate)], y | y.T

    def forbid(self, triples: list[tuple[int, int, int]]) -> None:
        """For (d, e, f): d with e and e with f is d with f."""
        start = len(self.candidate)
        pairs: dict[tuple[int, int], list[int]] = {}
        for column, ends in enumerate(zip(self.candidate[self.a], self.candidate[self.b], strict=True)):
            pairs.setdefault((int(min(ends)), int(max(ends))), []).append(start + column)
        rows, columns, values = [], [], []
        for row, (d, e, f) in enumerate(triples):
            for ends, value in (((d, e), 1.0), ((e, f), 1.0), ((d, f), -1.0)):
                for column in pairs[min(ends), max(ends)]:
                    rows.append(row)
                    columns.append(column)
                    values.append(value)
        more = coo_array((values, (rows, columns)), (len(triples), len(self.cost)))
        self.rows = csr_array(vstack([self.rows, more]))
        self.limits = np.concatenate([self.limits, np.ones(len(triples))])


def _out_of_time(count: int) -> OutOfTime:
    return OutOfTime(f"no proved grouping of {count} candidates in time.")


def _broken(y: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(d, e, f) where d is with e and e with f, but not d with f."""
    return [
        (int(d), int(e), int(f))
        for e in range(len(y))
        for d, f in combinations(np.flatnonzero(y[e]), 2)
        if not y[d, f]
    ]


def _labelled(problem: Problem, programme: _Programme, x: NDArray[np.bool_], y: NDArray[np.bool_]) -> Rows:
    _, cluster = connected_components(csr_array(y), directed=False)
    people = np.where(x, cluster[programme.candidate], -1)
    _, numbers = np.unique(people[x], return_inverse=True)
    people[x] = numbers
    return np.asarray(people)
