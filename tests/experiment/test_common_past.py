"""Runs that go on from a copy of a common past are those from the beginning, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr

import sim
from sim.experiment.common_past import Pasts
from sim.parameters import Month
from sim.scenario import Scenario

SINCE = Month("2015-01")


def plan(end: str = "2015-06", **changes: Any) -> Scenario:
    given = {name.replace("__", "."): value for name, value in changes.items()}
    return sim.load("baseline").replace({"run.end": end} | given, name="short")


def later(value: float, before: float = 120.0) -> list[dict[str, object]]:
    return [{"from": "2014-01", "value": before}, {"from": str(SINCE), "value": value}]


def same(one: sim.Run, other: sim.Run) -> bool:
    xr.testing.assert_identical(one.monthly, other.monthly)
    return one.decisions == other.decisions and one.contracts.equals(other.contracts)


def test_runs_from_one_past_are_those_from_the_beginning_in_any_order() -> None:
    pasts = Pasts()
    low, high = (plan(promotion__budget=later(value)) for value in (0.0, 400.0))
    assert low.hash != high.hash
    straight = {scenario.hash: sim.run(scenario, 3) for scenario in (low, high)}
    for scenario in (low, high, low):
        assert same(pasts.run(scenario, 3, SINCE), straight[scenario.hash])
    assert len(pasts.kept) == 1
    assert not straight[low.hash].monthly.equals(straight[high.hash].monthly)


def test_another_seed_another_lever_before_and_another_parameter_have_another_past() -> None:
    money = [{"from": "2014-01", "value": 200.0}]
    pasts, one = Pasts(most=2), plan("2015-02", promotion__budget=money)
    early = plan("2015-02", promotion__budget=[*money, {"from": "2014-05", "value": 50.0}])
    trend = plan("2015-02", promotion__budget=money, demand__legacy_trend=-0.1)
    for scenario, seed in ((one, 1), (early, 1), (trend, 1), (trend, 2)):
        assert same(pasts.run(scenario, seed, SINCE), sim.run(scenario, seed))
    assert len(pasts.kept) == 2


def test_a_run_that_ends_before_or_differs_from_the_beginning_is_an_ordinary_one() -> None:
    short, pasts = plan("2015-02"), Pasts()
    straight = sim.run(short, 1)
    assert same(Pasts().run(short, 1, Month("2015-07")), straight)
    assert same(pasts.run(short, 1, Month("2014-01")), straight)
    assert not pasts.kept


@pytest.mark.slow
def test_years_of_policy_from_one_past_are_those_from_the_beginning() -> None:
    since, pasts = Month("2020-01"), Pasts()
    first = sim.load("baseline").replace({"run.end": "2027-12"}, name="long")
    other = first.replace(
        {
            "enclave.tax_share_origin": [{"from": "2014-01", "value": 0.5}, {"from": "2020-01", "value": 0.2}],
            "land_cage.intensity": [{"from": "2014-01", "value": 0.0}, {"from": "2020-01", "value": 0.05}],
        },
        name="other",
    )
    for scenario in (first, other):
        assert same(pasts.run(scenario, 5, since), sim.run(scenario, 5))
