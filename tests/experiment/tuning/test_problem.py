"""Points of a problem become scenarios; futures are the same for all points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sim
from sim.experiment.tuning.problem import FRESH
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, drawn_table
from sim.parameters import Month, counties
from tests.experiment.tuning.problems import TOY, written

MIX = """
[[levers]]
path = "promotion.mix_leader"
[[levers]]
path = "promotion.mix_chain"
"""


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory):
    return read_problem(written(tmp_path_factory.mktemp("problem")))


def test_levers_move_from_their_month_on_and_only_in_their_counties(problem) -> None:
    plan = problem.plan({"promotion.budget": 300.0, "talent.budget": 10.0, "land.discount@GT+PN": 0.4})
    budget, usual = plan.lever("promotion.budget"), problem.scenario.lever("promotion.budget")
    split = Month("2019-12") - plan.start
    np.testing.assert_array_equal(budget[:split], usual[:split])
    assert set(budget[split:]) == {300.0}
    discount = plan.lever("land.discount")
    inside = np.array([county in ("GT", "PN") for county in counties()])
    assert (discount[split:, inside] == 0.4).all()
    np.testing.assert_array_equal(discount[:, ~inside], problem.scenario.lever("land.discount")[:, ~inside])
    np.testing.assert_array_equal(discount[:split], problem.scenario.lever("land.discount")[:split])


def test_the_current_policy_is_a_point_that_changes_nothing(problem) -> None:
    settings = problem.settings(problem.point(problem.present()))
    plan = problem.plan(settings)
    for lever in problem.levers:
        np.testing.assert_allclose(plan.lever(lever.path), problem.scenario.lever(lever.path), rtol=1e-12)


def test_points_and_settings_are_each_others_inverse(problem) -> None:
    point = np.array([0.2, 0.7, 1.0])
    np.testing.assert_allclose(problem.point(problem.settings(point)), point, rtol=1e-12)


@pytest.mark.parametrize("point", [(0.0, 0.0), (0.3, 0.4), (0.9, 0.8), (1.0, 1.0)])
def test_shares_of_a_whole_always_sum_to_one(point: tuple[float, float], tmp_path: Path) -> None:
    text = TOY.replace("\n[[goals]]", f"{MIX}\n[[goals]]", 1)
    problem = read_problem(written(tmp_path, text))
    settings = problem.settings([0.5, 0.5, 0.5, *point])
    plan = problem.plan(settings)
    mix = np.array([plan.lever(f"promotion.mix_{name}")[-1] for name in ("leader", "chain", "cluster", "bump")])
    assert mix.sum() == pytest.approx(1.0)
    assert mix[:2] == pytest.approx([settings["promotion.mix_leader"], settings["promotion.mix_chain"]])
    if sum(point) <= 1.0:
        assert mix[:2] == pytest.approx(list(point))
        assert mix[2] / mix[3] == pytest.approx(0.25 / 0.1)  # those that do not move keep their proportion
    else:
        assert mix[2:] == pytest.approx([0.0, 0.0])


def test_a_lever_may_move_twice(tmp_path: Path) -> None:
    text = TOY.replace('path = "talent.budget"\nhigh = 800', 'path = "promotion.budget"\nsince = "2025-01"')
    problem = read_problem(
        written(tmp_path, text.replace('"promotion.budget", "talent.budget"', '"promotion.budget from 2025-01"'))
    )
    names = [lever.name for lever in problem.levers]
    assert names[:2] == ["promotion.budget from 2019-12", "promotion.budget from 2025-01"]
    plan = problem.plan({names[0]: 100.0, names[1]: 500.0, names[2]: 0.1})
    course = plan.lever("promotion.budget")
    at = {month: course[Month(month) - plan.start] for month in ("2019-11", "2019-12", "2024-12", "2025-01")}
    assert at == {"2019-11": 200.0, "2019-12": 100.0, "2024-12": 100.0, "2025-01": 500.0}


def test_futures_are_cases_by_seeds_with_equal_draws(tmp_path: Path) -> None:
    extra = """vary = { "demand.legacy_trend" = [-0.1, 0.0], "io.va_cell" = [0.3, 0.4] }
[[futures.cases]]
name = "as it is"
[[futures.cases]]
name = "dearer"
changes = { "prices.tariff" = 0.2 }
"""
    problem = read_problem(written(tmp_path, TOY + extra))
    futures = problem.futures()
    assert [(each.case.name, each.seed) for each in futures] == [
        ("as it is", 1), ("as it is", 2), ("dearer", 1), ("dearer", 2)
    ]  # fmt: skip
    assert futures[0].drawn == futures[2].drawn != futures[1].drawn
    assert {name for name, _ in futures[0].drawn} == {"demand.legacy_trend", "io.va_cell"}
    draws = np.array([[value for _, value in each.drawn] for each in problem.futures(1, 64)[:64]])
    assert (draws >= [-0.1, 0.3]).all()
    assert (draws <= [0.0, 0.4]).all()
    np.testing.assert_allclose(draws.mean(axis=0), [-0.05, 0.35], atol=0.003)
    assert problem.futures(1, 64)[:2] == futures[:2]  # a longer sample begins with the shorter
    plan = problem.in_future(problem.scenario, futures[3])
    assert plan.lever("prices.tariff")[-1] == 0.2
    assert plan.tables["io"]["va_cell"] == dict(futures[3].drawn)["io.va_cell"]
    assert {each.seed for each in problem.futures(FRESH)} == {FRESH, FRESH + 1}


def test_a_draw_of_the_posterior_keeps_what_the_problem_sets(problem) -> None:
    draw = {"talent.budget": 5.0}
    assert problem.plan(problem.present() | draw).lever("talent.budget")[-1] == 5.0


def test_only_what_decides_a_result_is_in_the_digest(tmp_path: Path) -> None:
    first = read_problem(written(tmp_path, TOY)).digest
    assert read_problem(written(tmp_path, TOY.replace("A toy", "Another"), "other")).digest == first
    for old, new in (("seeds = 2", "seeds = 3"), ("high = 400", "high = 401"), ("year = 2030", "year = 2031"),
                     ("most = 900", "most = 901"), ('"mountain_share"', '"gap"')):  # fmt: skip
        assert read_problem(written(tmp_path, TOY.replace(old, new))).digest != first


def test_baseline_is_what_the_problem_starts_from(problem) -> None:
    assert problem.scenario.tables["promotion"] == sim.load("baseline").tables["promotion"]


def test_each_seed_has_its_own_table_where_asked(tmp_path: Path) -> None:
    problem = read_problem(written(tmp_path, TOY.replace("seeds = 2", "seeds = 2\ntables = true")))
    assert [each.table for each in problem.futures()] == [1, 2]
    assert problem.digest != read_problem(written(tmp_path, TOY)).digest
    first, again, other, none = (drawn_table(Job(problem.scenario, 1, (2030,), number)) for number in (1, 1, 2, 0))
    assert none is None
    assert first is not None
    np.testing.assert_array_equal(first.intermediate, again.intermediate)
    assert np.abs(first.intermediate - other.intermediate).max() > 1.0
