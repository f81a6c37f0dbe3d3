"""Attribution on ensembles in memory, so that what each change does is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

import sim
from sim.experiment.attribution import Attribution, attribute, changes_of, mix_name, plan_of
from sim.experiment.comparison import CITY, ComparisonError
from sim.scenario import Scenario, ScenarioError
from tests.experiment.fake_ensemble import WORLD, FakeEnsemble

FUDING = WORLD.county_names.index("Fuding")
THREE = {"promotion.budget": 300, "service.teams": 20, "land.discount": 0.3}


def planted_runs(
    effect: Callable[[Scenario], np.ndarray],
) -> Callable[[Sequence[Scenario], Sequence[int]], FakeEnsemble]:
    """An executor that runs nothing: output of Fuding's first product in the last year is what a scenario plants."""

    def run(scenarios: Sequence[Scenario], seeds: Sequence[int]) -> FakeEnsemble:
        found = FakeEnsemble(tuple(each.name for each in scenarios), tuple(seeds))
        for each in scenarios:
            values = found.luck("output")
            values[:, -1, FUDING, 0] += effect(each)
            found.plant(each.name, "output", values)
        return found

    return run


@pytest.fixture(scope="module")
def base() -> Scenario:
    return sim.load("baseline")


def together(scenario: Scenario) -> np.ndarray:
    """2 for the budget, 1 for the teams, 4 more for both, nothing for the discount; and luck on the teams."""
    budget = scenario.tables["promotion"]["budget"] == 300
    teams = scenario.tables["service"]["teams"] == 20
    return 2.0 * budget + (1.0 + 0.1 * np.array([-1.0, 1.0, 2.0, -2.0])) * teams + 4.0 * (budget and teams)


@pytest.fixture(scope="module")
def found(base: Scenario) -> Attribution:
    package = base.replace(THREE, name="package")
    return attribute(plan_of(package, base), range(1, 5), planted_runs(together), "package", "baseline")


def test_planted_parts_are_found(found: Attribution) -> None:
    assert found.names == ("promotion.budget", "service.teams", "land.discount")
    parts = found.parts("output", region="Fuding", product="all", year=2016)
    assert parts["mean"].values == pytest.approx([4.0, 3.0, 0.0])
    assert parts["alone"].values == pytest.approx([2.0, 1.0, 0.0])
    assert parts["high"].values[0] == pytest.approx(4.0), "no luck in the budget"
    assert parts["low"].values[1] < 3.0 < parts["high"].values[1]
    pairs = found.interactions("output", region="Fuding", product="all", year=2016)
    assert float(pairs.sel(change="promotion.budget", other="service.teams")) == pytest.approx(4.0)


def test_parts_add_up_to_the_whole_in_every_cell(found: Attribution) -> None:
    parts = found.parts("output")
    assert parts["mean"].dims == ("change", "year", "county", "product")
    np.testing.assert_allclose(parts["mean"].sum("change").values, parts["whole"].values, atol=1e-9)
    assert float(parts["whole"].sum()) == pytest.approx(7.0)
    assert float(np.abs(parts["mean"].sel(county="Gutian")).max()) == pytest.approx(0.0, abs=1e-9)
    frame = found.table("output", region=CITY, product="all", year=2016).set_index("change")
    assert frame.loc["all changes", "mean"] == pytest.approx(7.0)


def test_all_mixes_of_three_are_run(base: Scenario) -> None:
    plan = plan_of(base.replace(THREE, name="package"), base)
    assert plan.exact
    assert len(plan.mixes) == 8
    assert plan.mixes[0].hash == base.hash
    assert plan.mixes[5].tables["promotion"]["budget"] == 300
    assert plan.mixes[5].tables["land"]["discount"] == 0.3
    assert plan.mixes[5].tables["service"]["teams"] == base.tables["service"]["teams"]
    assert plan.mixes[5].name == mix_name(5, 3) == "mix_101"


def test_shares_that_must_sum_to_one_are_one_change(base: Scenario) -> None:
    package = base.replace(
        {"promotion.mix_leader": 0.5, "promotion.mix_chain": 0.15, "promotion.budget": 100}, name="package"
    )
    assert [change.name for change in changes_of(package, base, "lever")] == [
        "promotion.budget",
        "promotion.mix_leader + promotion.mix_chain",
    ]
    assert [change.name for change in changes_of(package, base, "table")] == ["promotion"]
    assert len(plan_of(package, base).mixes) == 4


def test_many_levers_are_taken_together_by_table_and_many_tables_drawn(base: Scenario) -> None:
    everything = sim.load("everything")
    plan = plan_of(everything, base, pairs=2)
    assert len(plan.changes) == 10
    assert not plan.exact
    assert len(plan.mixes) <= 2 + 4 * 9
    assert plan.mixes[1023].hash == everything.hash

    def effect(scenario: Scenario) -> np.ndarray:
        moved = [scenario.tables[table] != base.tables[table] for table in ("land", "talent", "linkage")]
        return float(np.dot(moved, [1.0, 2.0, 3.0])) + np.array([0.1, -0.1])

    found = attribute(plan, [1, 2], planted_runs(effect), "everything", "baseline")
    parts = found.parts("output", region="Fuding", product="all", year=2016)
    assert parts["mean"].sel(change=["land", "talent", "linkage", "zoning"]).values == pytest.approx([1, 2, 3, 0])
    assert float(parts["mean"].sum()) == pytest.approx(float(parts["whole"]), abs=1e-9)
    with pytest.raises(ComparisonError, match="all mixes"):
        found.interactions("output", year=2016)


def test_levers_that_cannot_be_changed_apart_are_taken_by_table(base: Scenario) -> None:
    # a fixed yield is promised on what the origin puts in: without the other change, nothing put in is refused
    package = base.replace(
        {"enclave.capital_share_origin": 0, "enclave.fixed_yield": 0, "service.teams": 20}, name="package"
    )
    promising = base.replace({"enclave.fixed_yield": 0.05})
    assert [change.name for change in plan_of(package, promising).changes] == ["service", "enclave"]
    with pytest.raises(ScenarioError, match="fixed yield"):
        plan_of(package, promising, by="lever")


def test_what_cannot_be_attributed_is_refused_in_one_line(base: Scenario) -> None:
    with pytest.raises(ComparisonError, match="same values"):
        plan_of(base.replace({"run.seed": 9}, name="package"), base)
    with pytest.raises(ComparisonError, match="end in different months"):
        plan_of(base.replace({"run.end": "2020-12"}, name="package"), base)
    with pytest.raises(ComparisonError, match="choose lever or table"):
        plan_of(base.replace(THREE, name="package"), base, by="county")
