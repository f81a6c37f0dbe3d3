"""Searches whose answer is known: a convex front, and a recommendation that other luck does not move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.front import look_again
from sim.experiment.tuning.problem import FRESH, Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner
from sim.experiment.tuning.search import Plan, search
from sim.statistics.fronts import Reference, hypervolume
from tests.experiment.tuning.problems import TOY, dated, last, written


@dataclass
class Convex:
    """Schaffer's problem in x, the budget of promotion, talent best in the middle: the front is y = (1 - sqrt(x))^2.

    Attributes:
        noise: standard deviation of luck.
        copy: of the luck.
    """

    noise: float = 0.0
    copy: int = 0

    def __call__(self, job: Job) -> dict[str, float]:
        tables = job.scenario.tables
        x, waste = last(tables["promotion"]["budget"]) / 400, (last(tables["talent"]["budget"]) / 800 - 0.5) ** 2
        luck = self.noise * np.random.default_rng([job.seed, self.copy]).normal(size=2)
        return {"mountain_share": -(x**2) - waste + luck[0], "cost": (x - 1.0) ** 2 + waste + luck[1]}


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    text = TOY.partition("[[limits]]")[0] + "[futures]\nseeds = 2\n"
    return read_problem(written(tmp_path_factory.mktemp("problem"), text))


@pytest.mark.slow
def test_the_front_of_a_convex_toy_has_its_hypervolume_within_one_per_cent(problem: Problem) -> None:
    run = Runner(problem, function=dated(Convex()))
    found = search(Evaluator(run, problem.futures(count=1)), Plan(points=100))
    box = Reference(np.array([-1.1, 1.1]), np.array([0.0, 0.0]), np.array([1.0, -1.0]))
    # the area under y = (1 - sqrt x)^2 between 0 and 1 is 1/6; of the box of 1.1 x 1.1, all above the front counts
    exact = (1.1**2 - 1.0 / 6.0) / 1.1**2
    reached = hypervolume(found.values[found.allowed], box)
    assert reached <= exact
    assert reached > 0.99 * exact


def recommended(problem: Problem, copy: int) -> np.ndarray:
    """Levers of the point that a search in a noisy copy recommends, as shares of their ranges."""
    run = Runner(problem, function=dated(Convex(0.02, copy)))
    found = search(Evaluator(run, problem.futures()), Plan(points=80, population=8))
    front = look_again(found, Evaluator(run, problem.futures(FRESH, 6)))
    return problem.point(front.evaluated[front.recommended.point].settings)


@pytest.mark.slow
def test_noisy_copies_recommend_the_same_point(problem: Problem) -> None:
    points = np.array([recommended(problem, copy) for copy in range(4)])
    # by symmetry the least regret is at x = 1/2, with talent in the middle; the discount moves nothing
    np.testing.assert_allclose(points[:, 0], 0.5, atol=0.08)
    np.testing.assert_allclose(points[:, 1], 0.5, atol=0.2)
