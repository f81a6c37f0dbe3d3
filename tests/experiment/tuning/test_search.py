"""The search: goes on where it stopped, keeps to its problem, makes each run once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sim.experiment.tuning.asking import ASKED, Asked
from sim.experiment.tuning.evaluation import Evaluator
from sim.experiment.tuning.problem import Problem
from sim.experiment.tuning.problem_file import read_problem
from sim.experiment.tuning.runs import Job, Runner
from sim.experiment.tuning.search import METHODS, Plan, Search, SearchError, one_at_a_time, search
from tests.experiment.tuning.problems import TOY, dated, formula, written

SMALL = Plan(points=40, population=12)


@dataclass
class Counting:
    """The formula; counts its runs and can be interrupted."""

    runs: int = 0
    stop: int = 0

    def __call__(self, job: Job) -> dict[str, float]:
        self.runs += 1
        if self.runs == self.stop:
            raise KeyboardInterrupt
        return formula(job)


def searched(problem: Problem, plan: Plan, folder: Path | None, function: Callable[[Job], dict[str, float]]) -> Search:
    run = Runner(problem, folder, function=dated(function))
    return search(Evaluator(run, problem.futures()), plan, journal=folder)


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return read_problem(written(tmp_path_factory.mktemp("problem")))


@pytest.fixture(scope="module")
def found(problem: Problem) -> Search:
    return searched(problem, SMALL, None, Counting())


def test_a_search_that_was_interrupted_ends_as_one_that_was_not(
    problem: Problem, found: Search, tmp_path: Path
) -> None:
    runs, stops = 0, 0
    for stop in (9, 40, 6):  # within the first generation, within a later one, at once again
        count = Counting(stop=stop)
        with pytest.raises(KeyboardInterrupt):
            searched(problem, SMALL, tmp_path, count)
        runs, stops = runs + count.runs - 1, stops + 1
    count = Counting()
    again = searched(problem, SMALL, tmp_path, count)
    np.testing.assert_array_equal(again.points, found.points)
    np.testing.assert_array_equal(again.values, found.values)
    assert stops == 3
    assert runs + count.runs == 2 * len({tuple(point) for point in found.points})  # no run was made twice


@pytest.mark.parametrize("method", ASKED)
def test_a_search_that_lost_any_of_its_runs_ends_the_same(method: Asked, problem: Problem, tmp_path: Path) -> None:
    plan = Plan(points=20, population=5, method=method)
    whole = searched(problem, plan, tmp_path, Counting())
    lines = (tmp_path / "runs.jsonl").read_text().splitlines(keepends=True)
    for kept in (0, 3, 17, 30):
        (tmp_path / "runs.jsonl").write_text("".join(lines[:kept]) + lines[kept][:20])
        count = Counting()
        np.testing.assert_array_equal(searched(problem, plan, tmp_path, count).points, whole.points)
        assert count.runs == len(lines) - kept


def test_a_longer_search_begins_with_the_shorter(problem: Problem, found: Search) -> None:
    longer = searched(problem, Plan(points=52, population=12), None, Counting())
    np.testing.assert_array_equal(longer.points[:36], found.points[:36])


def test_the_first_point_is_the_current_policy(problem: Problem, found: Search) -> None:
    assert found.evaluated[0].settings == pytest.approx(problem.present())


def test_points_that_break_a_limit_are_not_allowed(found: Search) -> None:
    budgets = np.array([each.settings["promotion.budget"] + each.settings["talent.budget"] for each in found.evaluated])
    np.testing.assert_array_equal(found.allowed, budgets <= 900.0)
    assert not found.allowed.all()
    assert found.allowed[SMALL.population :].mean() > found.allowed[: SMALL.population].mean()


def test_the_search_finds_the_discount_that_is_best_for_both_goals(problem: Problem) -> None:
    found = searched(problem, Plan(points=60), None, Counting())
    late = [each.settings["land.discount@GT+PN"] for each in found.evaluated[-20:]]
    early = [each.settings["land.discount@GT+PN"] for each in found.evaluated[1:12]]
    assert np.mean(np.abs(np.array(late) - 0.3)) < 0.5 * np.mean(np.abs(np.array(early) - 0.3))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_makes_as_many_points_as_asked(method, problem: Problem) -> None:
    found = searched(problem, Plan(points=30, population=10, method=method), None, Counting())
    assert found.points.shape == (30, 3)
    assert ((found.points >= 0) & (found.points <= 1)).all()


def test_one_at_a_time_leaves_the_others_as_they_are(problem: Problem) -> None:
    points = one_at_a_time(problem, Plan(points=31))
    moved = points != problem.point(problem.present())
    assert (moved.sum(axis=1) <= 1).all()
    assert {0.0, 1.0} <= set(points[:, 1].tolist())


def test_a_run_that_fails_makes_its_point_lose(problem: Problem) -> None:
    def fails(job: Job) -> dict[str, float]:
        if job.seed == 2 and formula(job)["debt"] > 0.5:
            raise ValueError("the books do not balance")
        return formula(job)

    found = searched(problem, SMALL, None, fails)
    high = np.array([each.settings["talent.budget"] > 400.0 for each in found.evaluated])
    assert high.any()
    assert not found.allowed[high].any()
    assert high[12:].mean() < 0.5 * high[1:12].mean()  # the search leaves them alone
    assert "as projected, seed 2: ValueError: the books do not balance" in found.evaluated[int(high.argmax())].faults


@pytest.mark.parametrize(
    ("text", "plan", "said"),
    [
        (TOY.replace("high = 400", "high = 300"), SMALL, "holds another problem: give another --out"),
        (TOY, Plan(points=40, population=14), "holds another way of searching"),
        (TOY, Plan(points=40, population=12, seed=2), "holds another way of searching"),
    ],
)
def test_a_folder_of_something_else_is_refused(
    text: str, plan: Plan, said: str, problem: Problem, tmp_path: Path
) -> None:
    searched(problem, Plan(points=12, population=12), tmp_path, Counting())
    with pytest.raises(SearchError, match=said):
        searched(read_problem(written(tmp_path, text, "other")), plan, tmp_path, Counting())


def test_a_folder_of_other_code_is_refused(problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(problem, Plan(points=12, population=12), tmp_path, Counting())
    monkeypatch.setattr("sim.experiment.tuning.search.code_digest", lambda *_, **__: "0" * 64)
    with pytest.raises(SearchError, match="holds another version of the model"):
        searched(problem, SMALL, tmp_path, Counting())


def test_a_damaged_mark_is_told(problem: Problem, tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(SearchError, match=r"search\.json is damaged: remove it"):
        searched(problem, SMALL, tmp_path, Counting())


def test_only_the_year_that_is_judged_counts_and_it_must_be_looked_at(problem: Problem) -> None:
    run = Runner(problem, years=(2025, problem.year), function=dated(formula))
    [found] = Evaluator(run, problem.futures())([problem.present()])
    assert set(found.outcomes) == {"mountain_share", "cost", "debt"}
    with pytest.raises(ValueError, match="2030, is none of those that are looked at"):
        Evaluator(Runner(problem, years=(2025,)), problem.futures())


def test_where_most_runs_fail_the_search_learns_where_they_do_not(problem: Problem) -> None:
    def fails(job: Job) -> dict[str, float]:
        if formula(job)["debt"] > 0.2:
            raise ValueError("the books do not balance")
        return formula(job)

    failed = [each.failed for each in searched(problem, Plan(points=48), None, fails).evaluated]
    assert sum(failed[:12]) > 6
    assert sum(failed[24:]) < 6


def test_a_figure_that_is_not_finite_loses_like_a_run_that_fails(problem: Problem) -> None:
    def endless(job: Job) -> dict[str, float]:
        found = formula(job)
        return found | {"cost": float("nan") if found["debt"] > 0.5 else found["cost"]}

    found = searched(problem, SMALL, None, endless)
    high = found.points[:, 1] > 0.5
    assert not found.allowed[high].any()
    assert high[24:].mean() < high[1:12].mean()
