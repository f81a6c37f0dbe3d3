"""A study of levers and parameters: the factors that matter are found, chance is told apart, runs are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.experiment.tuning import sensitivity as study
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.sensitivity import (
    Laboratory,
    StudyError,
    YearsJob,
    factors,
    matter,
    measured,
    runs_needed,
    sensitivity,
)
from tests.experiment.tuning.problems import TOY, last, written

TEXT = TOY.replace("seeds = 2", 'seeds = 5\nvary = { "demand.legacy_trend" = [-0.1, 0.0] }')


def linear(job: YearsJob) -> dict[str, float]:
    """Promotion moves the share three times as much as the parameter does, luck a little; the discount nothing."""
    tables = job.scenario.tables
    promotion = last(tables["promotion"]["budget"]) / 400
    trend = tables["demand"]["legacy_trend"] * 10
    luck = np.random.default_rng(job.seed).normal()
    share = 3.0 * promotion + trend + 0.5 * luck
    cost = last(tables["talent"]["budget"]) / 800
    return {
        f"{name} {year}": value for year in job.years for name, value in (("mountain_share", share), ("cost", cost))
    }


@pytest.fixture
def problem(tmp_path: Path) -> Problem:
    return read_problem(written(tmp_path, TEXT))


def place(problem: Problem, folder: Path | None = None) -> Laboratory:
    return Laboratory(problem, (2025, 2030), folder)


@pytest.fixture(autouse=True)
def _formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "run_years", linear)


def test_factors_are_levers_and_then_uncertain_parameters(problem: Problem) -> None:
    names = [factor.name for factor in factors(problem)]
    assert names == ["promotion.budget", "talent.budget", "land.discount@GT+PN", "demand.legacy_trend"]
    assert [factor.lever for factor in factors(problem)] == [True, True, True, False]


def test_goals_are_looked_at_in_each_group_where_they_exist_there(tmp_path: Path) -> None:
    found = measured(read_problem(written(tmp_path, TOY.replace('"mountain_share"', '"jobs"'))))
    assert found == ("jobs", "jobs.core", "jobs.coast", "jobs.mountain", "cost")


def test_the_screening_tells_what_matters_and_what_does_not(problem: Problem) -> None:
    found = sensitivity(place(problem), rows=0)
    share, cost = found.screening["mountain_share 2030"], found.screening["cost 2025"]
    np.testing.assert_allclose(share.mu_star, [3.0, 0.0, 0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(cost.mu_star, [0.0, 1.0, 0.0, 0.0], atol=1e-9)
    assert matter(found.screening, problem.seeds) == (0, 1, 3)
    assert runs_needed(problem, 10, 0) == 10 * 5 * 5 >= found.runs  # trajectories may meet


@pytest.mark.slow
def test_parts_of_the_variance_are_those_of_the_formula(problem: Problem) -> None:
    found = sensitivity(place(problem), trajectories=4, rows=64)
    assert found.chosen == (0, 1, 3)  # the discount does nothing and is left out
    parts = found.indices["mountain_share 2030"]
    variances = np.array([9.0 / 12, 0.0, 1.0 / 12, 0.25])  # uniform factors, normal luck
    expected = variances / variances.sum()
    room = parts.first_high - parts.first_low  # twice the interval, so that it holds for other seeds too
    assert (np.abs(parts.first - expected[:3]) < room).all()
    assert room[0] < 0.2
    assert parts.chance == pytest.approx(expected[3], abs=parts.chance_high - parts.chance_low)
    assert found.distances["mountain_share 2030"].distinguishable[0]
    assert not found.distances["cost 2030"].distinguishable[0]
    assert runs_needed(problem, 4, 64, 3) >= found.runs


def test_a_study_that_was_interrupted_makes_no_run_twice(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sensitivity(place(problem, tmp_path / "kept"), trajectories=3, rows=0)
    calls = []
    monkeypatch.setattr(study, "run_years", lambda job: calls.append(job) or linear(job))
    again = sensitivity(place(problem, tmp_path / "kept"), trajectories=3, rows=0)
    assert calls == []
    np.testing.assert_array_equal(again.screening["cost 2030"].mu_star, first.screening["cost 2030"].mu_star)


def test_runs_that_fail_are_left_out_and_most_of_them_end_it(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    def some(job: YearsJob) -> dict[str, float]:
        if last(job.scenario.tables["talent"]["budget"]) > limit:
            raise ValueError("the books do not balance")
        return linear(job)

    limit = 700.0
    monkeypatch.setattr(study, "run_years", some)
    found = sensitivity(place(problem), trajectories=8, rows=0)
    assert 2 <= found.screening["cost 2030"].trajectories < 8
    assert "ValueError: the books do not balance" in found.faults
    limit = -1.0
    with pytest.raises(StudyError, match="most runs failed, the first because of: ValueError"):
        sensitivity(place(problem), trajectories=4, rows=0)
