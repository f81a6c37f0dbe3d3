"""Outcomes of a run are those of its tables, and their names are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.experiment.tuning.futures import Case, Future
from sim.experiment.tuning.goals import Goal, Limit
from sim.experiment.tuning.outcomes import outcomes, outcomes_of

YEAR = 2016


@pytest.fixture(scope="module")
def done():
    return sim.run(sim.load("baseline").replace({"run.end": f"{YEAR}-12"}, name="short"), 3)


@pytest.fixture(scope="module")
def found(done):
    return outcomes_of(done, YEAR)


def test_every_named_outcome_is_measured_within_its_bounds(found) -> None:
    assert found.keys() == outcomes().keys()
    for name, value in found.items():
        each = outcomes()[name]
        if not np.isnan(value):
            assert value >= (-np.inf if each.least is None else each.least), name
            assert value <= (np.inf if each.most is None else each.most), name


def test_counties_and_groups_add_up_to_the_city(found) -> None:
    groups = ("core", "coast", "mountain")
    counties = [name.partition(".")[2] for name in outcomes() if name.startswith("output.")]
    counties = [name for name in counties if name not in groups]
    assert len(counties) == 10
    for goal in ("output", "value_added", "jobs", "local_tax", "carbon", "land", "electricity"):
        assert sum(found[f"{goal}.{area}"] for area in groups) == pytest.approx(found[goal])
        assert sum(found[f"{goal}.{area}"] for area in counties) == pytest.approx(found[goal])


def test_outcomes_are_those_of_the_tables_of_the_run(found, done) -> None:
    yearly = done.yearly.sel(year=YEAR)
    made = yearly["value_added"].sum("product")
    mountain = ["Gutian", "Pingnan", "Shouning", "Zhouning", "Zherong"]
    share = float(made.sel(county=mountain).sum() / made.sum())
    assert found["mountain_share"] == pytest.approx(share)
    people = done.monthly["population"].sel(month=str(YEAR)).mean("month")
    part = float(people.sel(county=mountain).sum() / people.sum())
    assert found["gap"] == pytest.approx((1 - share) / (1 - part) / (share / part))
    assert found["industrial_output"] == pytest.approx(float(done.headline["output_nominal"].sel(year=YEAR)))
    assert found["contracts"] == len(done.contracts)
    land = done.monthly["land"].sel(land_state="occupied").isel(month=-1)
    assert found["land"] == pytest.approx(float(land.sum()))
    assert found["electricity"] == pytest.approx(float(yearly["electricity"].sum()) / 1e6)
    spent = done.monthly["public_spending"].sum(["month", "budget"]).to_series()
    assert found["cost"] == pytest.approx(spent.drop(["ordinary spending", "interest"]).sum())


def test_a_year_that_the_run_does_not_hold_is_refused(done) -> None:
    with pytest.raises(ValueError, match="does not hold the whole year 2017"):
        outcomes_of(done, 2017)


def test_goals_sum_up_the_futures() -> None:
    values = np.arange(1.0, 21.0)
    more, less = outcomes()["output"], outcomes()["debt"]
    assert Goal(more, 1).summed_up(values) == 10.5
    assert Goal(more, 1, "worst_tenth").summed_up(values) == 1.5  # of 20 the two lowest
    assert Goal(less, -1, "worst_tenth").summed_up(values) == 19.5  # for a debt the two highest
    assert Goal(more, 1, "share_at_least", 16.0).summed_up(values) == 0.25
    assert Goal(less, 1, "share_at_most", 4.0).summed_up(values) == 0.2
    assert Goal(more, 1, "share_at_least", 16.0).unit == "share of futures"


@pytest.mark.parametrize("count", [1, 2, 7, 10, 16, 20, 37])
@pytest.mark.parametrize("better", [1, -1])
def test_contributions_to_a_worst_tenth_have_it_as_their_mean(count: int, better: int) -> None:
    goal = Goal(outcomes()["output"], better, "worst_tenth")
    values = np.random.default_rng(count).normal(10.0, 2.0, count)
    told = goal.contributions(values)
    assert told.mean() == pytest.approx(goal.summed_up(values), rel=1e-12)
    assert np.ptp(told) > 0 or count == 1


def test_a_goal_of_a_case_counts_its_futures_and_cases_of_a_seed_are_one_piece_of_luck() -> None:
    stays, leaves = Case("it stays"), Case("it leaves")
    futures = [Future(case, seed) for case in (stays, leaves) for seed in (1, 2, 3)]
    values = np.array([10.0, 20.0, 30.0, 1.0, 2.0, 3.0])
    every, one = Goal(outcomes()["output"], 1), Goal(outcomes()["output"], 1, case="it leaves")
    np.testing.assert_allclose(every.by_seed(values, futures), [5.5, 11.0, 16.5])
    np.testing.assert_allclose(one.by_seed(values, futures), [1.0, 2.0, 3.0])
    assert every.by_seed(values, futures).mean() == every.summed_up(values)
    assert (one.name, one.label.endswith("if it leaves")) == ("output (it leaves)", True)
    tenth = Goal(outcomes()["output"], 1, "worst_tenth", case="it leaves")
    assert tenth.name == "output (worst tenth, it leaves)"


def test_a_share_of_futures_has_a_side_of_its_outcome() -> None:
    debt = outcomes()["debt"]
    sides = [Goal(debt, better, over, 5.0).side for over in ("share_at_least", "share_at_most") for better in (1, -1)]
    assert sides == [1, -1, -1, 1]
    assert (Goal(debt, -1).side, Goal(debt, -1, "worst_tenth").side) == (-1, -1)


def test_limits_say_by_how_much_they_are_broken() -> None:
    limit = Limit(Goal(outcomes()["debt"], -1), least=2.0, most=5.0)
    assert [limit.excess(value) for value in (1.0, 2.0, 4.0, 5.0, 7.5)] == [1.0, 0.0, 0.0, 0.0, 2.5]
    assert limit.name == "debt >= 2 and <= 5"
    assert limit.possible(0.0, 3.0)
    assert not limit.possible(5.5, 9.0)
    assert not limit.possible(0.0, 1.5)
