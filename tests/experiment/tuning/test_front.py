"""What a search recommends rests on fresh luck, is told with it, and runs again from its scenario file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.experiment.tuning.evaluation import Evaluated, Evaluator
from sim.experiment.tuning.front import Front, best_points, look_again
from sim.experiment.tuning.goals import Goal, Limit
from sim.experiment.tuning.outcomes import outcomes
from sim.experiment.tuning.problem import FRESH, Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner, in_year, run_job
from sim.experiment.tuning.search import Plan, Search, SearchError, search
from sim.report.tuning import ends, front_frame, names, save_search, scenarios, search_frame, sentences, signed
from tests.experiment.tuning.problems import TOY, dated, formula, last, written


def world(job: Job) -> dict[str, float]:
    """The formula, and something for every other outcome."""
    rest = np.random.default_rng(job.seed).random(len(outcomes()))
    return dict(zip(outcomes(), (1.0 + rest).tolist(), strict=True)) | formula(job)


WORLD = dated(world)


def both(problem: Problem, function=WORLD, plan: Plan | None = None) -> tuple[Search, Front]:
    run = Runner(problem, function=function)
    found = search(Evaluator(run, problem.futures()), plan or Plan(points=60))
    return found, look_again(found, Evaluator(run, problem.futures(FRESH, 6)))


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return read_problem(written(tmp_path_factory.mktemp("problem")))


@pytest.fixture(scope="module")
def found(problem: Problem) -> tuple[Search, Front]:
    return both(problem)


def test_what_is_told_comes_from_fresh_luck(found: tuple[Search, Front], problem: Problem) -> None:
    _, front = found
    assert front.values.shape == (len(front.evaluated), 2, 6)
    for each in front.evaluated:
        fresh = [world(Job(problem.plan(each.settings), FRESH + seed, (2030,)))["mountain_share"] for seed in range(6)]
        np.testing.assert_allclose(each.outcomes["mountain_share"], fresh)


def test_the_front_is_told_from_the_best_of_its_first_goal_on(found: tuple[Search, Front]) -> None:
    _, front = found
    label = names(front)
    assert label[0] == "now"
    shares = [front.means[point, 0] for point in label if point]
    assert shares == sorted(shares, reverse=True)
    assert [label[point] for point in label if point][:3] == ["A", "B", "C"]


def test_a_point_that_wastes_is_beaten_by_one_that_does_not(found: tuple[Search, Front]) -> None:
    search_, front = found
    discount = front.levers[front.members, 2]
    searched = np.array([each.settings["land.discount@GT+PN"] for each in search_.evaluated])
    assert np.abs(discount - 0.3).mean() < np.abs(searched - 0.3).mean()


def test_points_that_are_better_than_now_dominate_it(found: tuple[Search, Front]) -> None:
    _, front = found
    assert front.better
    for each in front.better:
        assert each.dominates
        assert (each.gains >= -front.tolerance - 0.02).all()
    moves = [each.distance for each in front.better]
    assert moves == sorted(moves)


def test_the_best_points_are_spread_and_hold_the_best_of_each_goal(found: tuple[Search, Front]) -> None:
    search_, _ = found
    few = best_points(search_, 4)
    allowed = np.flatnonzero(search_.allowed)
    assert len(set(few)) == 4
    assert allowed[search_.values[allowed, 0].argmax()] in few
    assert search_.values[few, 1].min() == search_.values[allowed, 1].min()


def test_limits_that_nothing_keeps_are_told_with_the_closest(problem: Problem) -> None:
    tight = replace(problem, limits=(replace(problem.limits[0], most=-3.0),))
    with pytest.raises(SearchError, match=r"none of 20 points keeps all limits; the closest breaks promotion"):
        both(tight, plan=Plan(points=20))


def test_limits_in_different_units_compare_by_parts_of_their_bounds(problem: Problem) -> None:
    debt = Goal(outcomes()["debt"], -1)
    limits = (replace(problem.limits[0], most=500.0), Limit(debt, most=0.1))
    two = replace(problem, goals=(debt,), limits=limits)

    def point(talent: float, debt: float) -> Evaluated:
        return Evaluated(
            {"promotion.budget": 400.0, "talent.budget": talent}, two.futures(), {"debt": np.full(2, debt)}
        )

    points = (point(100.0, 0.3), point(200.0, 0.1))  # breaks the second by twice its bound, the first by a fifth
    assert points[0].margins(two) == pytest.approx((0.0, 2.0))
    assert points[1].margins(two) == pytest.approx((0.2, 0.0))
    assert point(50.0, 0.04).margins(two) == pytest.approx((-0.1, -0.6))
    with pytest.raises(SearchError, match=r"the closest breaks promotion.budget \+ talent.budget <= 500 by 100$"):
        best_points(Search(two, Plan(points=2), np.zeros((2, 3)), points))


def test_a_problem_in_which_every_run_fails_says_why(problem: Problem) -> None:
    def fails(_job: Job) -> dict[str, float]:
        raise ValueError("no such world")

    with pytest.raises(SearchError, match=r"every point failed, the first because of: as projected, seed 1: ValueErr"):
        both(problem, dated(fails), Plan(points=13))


def test_a_lever_at_its_end_in_the_whole_front_is_told(found: tuple[Search, Front]) -> None:
    _, front = found
    assert list(ends(front)) == []
    high = [replace(each, settings={**each.settings, "talent.budget": 799.0}) for each in front.evaluated[1:]]
    assert list(ends(replace(front, evaluated=(front.evaluated[0], *high)))) == [("talent.budget", "upper")]


def test_a_current_policy_that_breaks_a_limit_is_compared_with_but_is_no_choice(problem: Problem) -> None:
    now = formula(Job(problem.plan(problem.present()), 1, (2030,)))["mountain_share"]
    wants = Limit(Goal(outcomes()["mountain_share"], 1), least=now + 0.05)
    search_, front = both(replace(problem, limits=(*problem.limits, wants)))
    assert front.broken_now
    assert not front.members[0]
    assert front.members.any()
    assert front.recommended.point > 0
    assert (front.means[1:, 0] >= now + 0.05).all()
    words = list(sentences(search_, front))
    assert any("the current policy breaks mountain_share >= " in text for text in words)
    assert not any("one more" in text for text in words)


def test_nothing_that_breaks_a_limit_is_on_the_front_however_good_it_is(found: tuple[Search, Front]) -> None:
    _, front = found
    cheapest = min(front.chosen, key=lambda point: front.means[point, 1])
    others = [each for at, each in enumerate(front.evaluated) if at != cheapest]
    best_now = replace(front, evaluated=(front.evaluated[cheapest], *others))
    assert best_now.members[0]
    tight = replace(front.problem, limits=(Limit(Goal(outcomes()["debt"], -1), most=-1.0),))
    refused = replace(best_now, problem=tight)
    assert refused.broken_now
    assert not refused.members[0]
    assert refused.members[1:].any()
    assert refused.recommended.point > 0


def test_a_limit_that_only_the_luck_of_the_search_kept_ends_it(problem: Problem) -> None:
    def lucky(job: Job) -> dict[str, float]:
        return formula(job) | {"debt": float(job.seed >= FRESH)}

    with pytest.raises(SearchError, match=r"none of the .* keeps all limits with fresh luck, nor does the current pol"):
        both(replace(problem, limits=(Limit(Goal(outcomes()["debt"], -1), most=0.5),)), dated(lucky), Plan(points=13))


def test_a_front_of_the_current_policy_alone_is_told_and_written(problem: Problem, tmp_path: Path) -> None:
    now = tuple(problem.present().values())

    def best_now(job: Job) -> dict[str, float]:
        tables = job.scenario.tables
        here = (last(tables["promotion"]["budget"]), last(tables["talent"]["budget"]), last(tables["land"]["discount"]))
        away = float(np.abs(np.subtract(here, now)).sum())
        return world(job) | {"mountain_share": -away, "cost": away}

    search_, front = both(problem, dated(best_now), Plan(points=13))
    assert front.chosen == (0,)
    assert list(ends(front)) == []
    assert any("0 points are not beaten" in text for text in sentences(search_, front))
    assert {path.name for path in save_search(search_, front, tmp_path)} == {
        "points.csv", "front.csv", "front_goals.png", "front_levers.png"
    }  # fmt: skip


def test_of_limits_in_different_units_the_one_broken_most_counts() -> None:
    debt, share = Limit(Goal(outcomes()["debt"], -1), most=20_000.0), Limit(Goal(outcomes()["gap"], -1), least=0.2)
    assert debt.excess(20_200.0) / debt.scale == pytest.approx(0.01)
    assert share.excess(0.1) / share.scale == pytest.approx(0.5)
    assert Limit(Goal(outcomes()["debt"], -1), most=0.0).scale == 1.0


def test_files_hold_every_point_and_the_scenarios_run_as_they_are_told(
    found: tuple[Search, Front], tmp_path: Path
) -> None:
    search_, front = found
    files = save_search(search_, front, tmp_path)
    assert all(file.stat().st_size > 500 for file in files)
    assert len(search_frame(search_)) == 60
    frame = front_frame(front).set_index("point")
    plans = scenarios(front)
    assert len(plans) == front.members[1:].sum()
    for name, plan in plans.items():
        read = sim.load(tmp_path / f"{name}.toml")
        assert read.hash == plan.hash
        values = [world(Job(read, FRESH + seed, (2030,)))["cost"] for seed in range(6)]
        assert np.mean(values) == pytest.approx(frame.loc[name[-1].upper(), "cost, M yuan"], rel=1e-12)
    assert any("recommended" in text for text in sentences(search_, front))


@pytest.mark.slow
def test_an_exported_scenario_gives_the_figures_of_its_point_bit_for_bit(tmp_path: Path) -> None:
    problem = read_problem(written(tmp_path, TOY.replace("year = 2030", 'year = 2021\nsince = "2020-01"')))
    found, front = both(problem, run_job, Plan(points=4, population=4))
    save_search(found, front, tmp_path)
    for name in scenarios(front):
        point = next(at for at, label in names(front).items() if label == name[-1].upper())
        told = run_job(Job(sim.load(tmp_path / f"{name}.toml"), FRESH, (2021,)))
        for outcome, values in front.evaluated[point].outcomes.items():
            assert told[in_year(outcome, 2021)] == values[0] or np.isnan(values[0]), outcome


def test_differences_have_three_digits_that_count() -> None:
    assert [signed(each) for each in (-10_731.0, 1840.2, 999.4, 0.03511, 0.0)] == [
        "-10,700",
        "+1,840",
        "+999",
        "+0.0351",
        "+0",
    ]
