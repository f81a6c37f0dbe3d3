"""A study of levers and parameters: the factors that matter are found, chance is told apart, runs are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner
from sim.experiment.tuning.sensitivity import (
    SEED,
    Laboratory,
    StudyError,
    factors,
    matter,
    measured,
    runs_needed,
    sensitivity,
)
from sim.report.sensitivity import save_sensitivity
from sim.statistics.sensitivity import pawn, seeds, sobol_design
from tests.experiment.tuning.problems import TOY, last, written

TEXT = TOY.replace("seeds = 2", 'seeds = 5\nvary = { "demand.legacy_trend" = [-0.1, 0.0] }')


def linear(job: Job) -> dict[str, float]:
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


def place(
    problem: Problem, folder: Path | None = None, function: Callable[[Job], dict[str, float]] = linear
) -> Laboratory:
    return Laboratory(Runner(problem, folder, years=(2025, 2030), function=function))


def test_factors_are_levers_and_then_uncertain_parameters(problem: Problem) -> None:
    names = [factor.name for factor in factors(problem)]
    assert names == ["promotion.budget", "talent.budget", "land.discount@GT+PN", "demand.legacy_trend"]
    assert [factor.kind for factor in factors(problem)] == ["lever"] * 3 + ["parameter"]


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
    # PAWN looks at the two independent samples alone: the others are near copies of their points
    design = sobol_design(3, 64, SEED)[: 2 * 64]
    luck = [np.random.default_rng(int(seed)).normal() for seed in seeds(design[:, -1])]
    alone = pawn(design[:, :-1], 3.0 * design[:, 0] + design[:, 2] + 0.5 * np.array(luck), seed=SEED)
    np.testing.assert_allclose(found.distances["mountain_share 2030"].median, alone.median)


def test_a_study_that_was_interrupted_makes_no_run_twice(problem: Problem, tmp_path: Path) -> None:
    first = sensitivity(place(problem, tmp_path / "kept"), trajectories=3, rows=0)
    calls = list[Job]()
    again = sensitivity(
        place(problem, tmp_path / "kept", lambda job: calls.append(job) or linear(job)), trajectories=3, rows=0
    )
    assert calls == []
    np.testing.assert_array_equal(again.screening["cost 2030"].mu_star, first.screening["cost 2030"].mu_star)


def test_runs_that_fail_are_left_out_and_most_of_them_end_it(problem: Problem) -> None:
    def some(job: Job) -> dict[str, float]:
        if last(job.scenario.tables["talent"]["budget"]) > limit:
            raise ValueError("the books do not balance")
        return linear(job)

    limit = 700.0
    found = sensitivity(place(problem, function=some), trajectories=8, rows=0)
    assert 2 <= found.screening["cost 2030"].trajectories < 8
    assert "ValueError: the books do not balance" in found.faults
    limit = -1.0
    with pytest.raises(StudyError, match="most runs failed, the first because of: ValueError"):
        sensitivity(place(problem, function=some), trajectories=4, rows=0)


CASES = """
[[futures.cases]]
name = "as it is"
[[futures.cases]]
name = "it leaves"
changes = { "events.shocks" = [{ type = "leader_exit", target = "CATL", start = "2026-01" }] }
"""


def test_which_case_comes_true_is_a_factor_and_a_change_of_it_counts_whole(tmp_path: Path) -> None:
    def world(job: Job) -> dict[str, float]:
        loss = 7.0 if job.scenario.tables["events"]["shocks"] else 0.0
        return {name: value - loss for name, value in linear(job).items()}

    problem = read_problem(written(tmp_path, TEXT + CASES))
    assert factors(problem)[-1].kind == "case"
    found = sensitivity(place(problem, function=world), trajectories=3, rows=8)
    screening = found.screening["mountain_share 2030"]
    np.testing.assert_allclose(screening.mu[[0, 3, 4]], [3.0, 1.0, -7.0], atol=1e-9)
    parts = found.indices["mountain_share 2030"]
    assert parts.total[found.chosen.index(4)] > 0.8  # 49 / 4 of 49 / 4 + 9 / 12 + 1 / 12 + 1 / 4


def test_of_several_cases_each_pair_is_compared(tmp_path: Path) -> None:
    def world(job: Job) -> dict[str, float]:
        trend = job.scenario.tables["demand"]["legacy_trend"]
        return {f"{name} {year}": trend for year in job.years for name in ("mountain_share", "cost")}

    values = (0.0, -0.02, 0.0, -0.02)
    cases = "".join(
        f'[[futures.cases]]\nname = "{at}"\nchanges = {{ "demand.legacy_trend" = {value} }}\n'
        for at, value in enumerate(values)
    )
    found = sensitivity(Laboratory(Runner(read_problem(written(tmp_path, TOY + cases)), function=world)), 12, 0)
    between = [abs(one - other) for at, one in enumerate(values) for other in values[at + 1 :]]
    assert found.screening["cost 2030"].mu_star[-1] == pytest.approx(np.mean(between))


def test_parameters_that_are_not_looked_at_stay_as_the_scenario_has_them(tmp_path: Path) -> None:
    seen: set[float] = set()

    def world(job: Job) -> dict[str, float]:
        tables = job.scenario.tables
        cost = last(tables["talent"]["budget"]) + 1e-9 * job.seed
        if job.seed > 5:  # the second step: seeds of the screening are 1 to 5
            seen.add(tables["demand"]["legacy_trend"])
        return {f"{name} {year}": cost for year in job.years for name in ("mountain_share", "cost")}

    problem = read_problem(written(tmp_path, TEXT))
    found = sensitivity(place(problem, function=world), trajectories=4, rows=4)
    assert found.chosen == (1,)
    assert seen == {max(problem.scenario.tables["demand"]["legacy_trend"], -0.1)}


def test_an_outcome_of_a_place_has_its_panel(tmp_path: Path) -> None:
    def world(job: Job) -> dict[str, float]:
        return {f"jobs.mountain {year}": last(job.scenario.tables["talent"]["budget"]) for year in job.years}

    text = TOY.replace('outcome = "mountain_share"', 'outcome = "jobs.mountain"').replace(
        '[[goals]]\noutcome = "cost"\n', ""
    )
    found = sensitivity(Laboratory(Runner(read_problem(written(tmp_path, text)), function=world)), 2, 0)
    files = save_sensitivity(found, tmp_path)
    assert {path.name for path in files} == {"screening.csv", "tornado.png"}


def test_each_seed_has_its_table_where_the_problem_asks_for_it(tmp_path: Path) -> None:
    tables: dict[int, set[int]] = {}

    def world(job: Job) -> dict[str, float]:
        tables.setdefault(job.seed, set()).add(job.table)
        return linear(job)

    problem = read_problem(written(tmp_path, TEXT + "tables = true\n"))
    sensitivity(place(problem, function=world), trajectories=2, rows=2)
    assert len(tables) > 5
    assert all(found == {seed} for seed, found in tables.items())
