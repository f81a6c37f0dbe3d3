"""Policies over futures: the same for all, regrets by hand, conditions of failure that were planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.robustness import (
    FIRST_SEED,
    Robustness,
    RobustnessError,
    over_futures,
    same_run,
    thresholds,
)
from sim.experiment.tuning.runs import Job, Runner
from sim.statistics.discovery import prim_boxes, words
from sim.statistics.robustness import satisficing
from tests.experiment.tuning.problems import TOY, dated, last, written

TEXT = (
    TOY.replace('outcome = "cost"', 'outcome = "cost"\n\n[[limits]]\noutcome = "mountain_share"\nleast = 0.4')
    + 'vary = { "demand.legacy_trend" = [-0.1, 0.0], "io.va_cell" = [0.3, 0.4] }\n'
)


def planted(job: Job) -> dict[str, float]:
    """The share is below 0.4 without promotion where the trend is below -0.06; with it never."""
    tables = job.scenario.tables
    promotion = last(tables["promotion"]["budget"]) / 400
    bad = tables["demand"]["legacy_trend"] < -0.06
    return {"mountain_share": 0.3 + promotion if bad else 0.6, "cost": promotion}


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return read_problem(written(tmp_path_factory.mktemp("problem"), TEXT))


@pytest.fixture(scope="module")
def found(problem: Problem) -> Robustness:
    policies = {
        "none": problem.plan(problem.present() | {"promotion.budget": 0.0}),
        "some": problem.plan(problem.present() | {"promotion.budget": 200.0}),
    }
    evaluate = Evaluator(Runner(problem, function=dated(planted)), problem.futures(FIRST_SEED, 128))
    return over_futures(problem, policies, evaluate)


def test_thresholds_are_those_of_limits_and_of_goals_that_have_one(problem: Problem, tmp_path: Path) -> None:
    assert [each.name for each in thresholds(problem)] == ["mountain_share at least 0.4"]
    text = TOY.replace('outcome = "cost"', 'outcome = "cost"\nover = "share_at_most"\nthreshold = 5')
    asked = read_problem(written(tmp_path, text))
    assert asked.goals[1].better == 1  # more futures that cost little
    assert [each.name for each in thresholds(asked)] == ["cost at most 5"]
    seldom = 'outcome = "cost"\nover = "share_at_least"\nthreshold = 5\nbetter = "less"'
    assert thresholds(read_problem(written(tmp_path, TOY.replace('outcome = "cost"', seldom))))[0].sign == -1.0
    rare = TOY + '[[limits]]\noutcome = "debt"\nover = "share_at_least"\nthreshold = 9\nmost = 0.1\n'
    assert [each.name for each in thresholds(read_problem(written(tmp_path, rare)))] == ["debt at most 9"]


def test_a_share_of_futures_is_missed_and_regretted_on_the_side_that_is_wanted(tmp_path: Path) -> None:
    text = TOY.replace('outcome = "cost"', 'outcome = "cost"\nover = "share_at_most"\nthreshold = 0.3')
    problem = read_problem(written(tmp_path, text))
    policies = {f"{money:g}": problem.plan(problem.present() | {"promotion.budget": money}) for money in (0.0, 200.0)}
    evaluate = Evaluator(Runner(problem, function=dated(planted)), problem.futures(FIRST_SEED, 4))
    found = over_futures(problem, policies, evaluate)
    assert [found.failed(at).all() for at in (0, 1)] == [False, True]
    np.testing.assert_allclose(found.regret(problem.goals[1]).mean, [0.0, 0.5])
    np.testing.assert_allclose(found.worst(problem.goals[1]), [0.0, 0.5])


def test_a_threshold_of_a_case_is_asked_there_and_seeds_are_counted_once(tmp_path: Path) -> None:
    cases = "".join(
        f'[[futures.cases]]\nname = "{name}"\nchanges = {{ "demand.legacy_trend" = {trend} }}\n'
        for name, trend in (("good", 0.0), ("bad", -0.1))
    )
    limit = '[[limits]]\noutcome = "mountain_share"\nleast = 0.4\ncase = "{case}"\n'
    shares = {}
    for case in ("good", "bad"):
        problem = read_problem(written(tmp_path, TOY + cases + limit.format(case=case)))
        evaluate = Evaluator(Runner(problem, function=dated(planted)), problem.futures(FIRST_SEED, 4))
        none = problem.plan(problem.present() | {"promotion.budget": 0.0})
        found = over_futures(problem, {"none": none}, evaluate)
        assert found.reached is not None
        shares[case] = float(found.reached.share[0])
        alone = satisficing(np.zeros((1, 1, 4)), np.ones(1), np.zeros(1))
        assert case == "bad" or found.reached.low[0] == pytest.approx(alone.low[0])  # of 4 seeds, not of 8 futures
    assert shares == {"good": 1.0, "bad": 0.5}


def test_all_policies_meet_the_same_futures(found: Robustness) -> None:
    assert len(found.futures) == 128
    assert found.conditions.shape == (128, 2)
    assert found.outcomes["cost"].shape == (2, 128)
    assert (found.outcomes["cost"][1] == 0.5).all()


def test_regret_and_share_of_futures_are_those_by_hand(found: Robustness, problem: Problem) -> None:
    bad = found.conditions["demand.legacy_trend"].to_numpy() < -0.06
    share, cost = problem.goals
    np.testing.assert_allclose(found.regret(share).mean, [0.5 * bad.mean(), 0.0])
    np.testing.assert_allclose(found.regret(cost).largest, [0.0, 0.5])
    assert found.reached is not None
    np.testing.assert_allclose(found.reached.share, [1.0 - bad.mean(), 1.0])
    np.testing.assert_array_equal(found.failed(0), bad)
    assert not found.failed(1).any()
    np.testing.assert_allclose(found.worst(share), [0.3, 0.6])


@pytest.mark.slow
def test_the_condition_of_failure_is_found_in_words(found: Robustness) -> None:
    boxes = prim_boxes(found.conditions, found.failed(0))
    assert [limit.factor for limit in boxes[0].limits] == ["demand.legacy_trend"]
    assert boxes[0].limits[0].high == pytest.approx(-0.06, abs=0.004)
    assert boxes[0].coverage > 0.8
    assert boxes[0].density > 0.9
    assert "demand.legacy trend is at most -0.0" in words(boxes[0])


def test_a_future_in_which_a_policy_fails_counts_for_none(problem: Problem) -> None:
    def fails(job: Job) -> dict[str, float]:
        if job.seed == FIRST_SEED + 3 and last(job.scenario.tables["promotion"]["budget"]) > 0:
            raise ValueError("the books do not balance")
        return planted(job)

    policies = {"none": problem.plan(problem.present() | {"promotion.budget": 0.0}), "now": problem.scenario}
    found = over_futures(
        problem, policies, Evaluator(Runner(problem, function=dated(fails)), problem.futures(FIRST_SEED, 8))
    )
    assert (len(found.futures), found.left_out) == (7, 1)
    assert "seed 200004: ValueError" in found.faults[0]
    with pytest.raises(RobustnessError, match="fewer than two futures have all their runs; the first: as projected"):
        over_futures(
            problem, policies, Evaluator(Runner(problem, function=dated(fails)), problem.futures(FIRST_SEED + 3, 2))
        )


def test_policies_that_differ_in_more_than_policy_are_told(problem: Problem) -> None:
    other = problem.scenario.replace({"demand.legacy_trend": -0.05, "promotion.budget": 3.0}, name="other")
    assert same_run(problem, [problem.scenario, other]) == ["other: demand.legacy_trend"]
