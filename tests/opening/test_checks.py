"""Starts that cannot be are refused before the first month, each with its reason."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import sim
from sim.inputoutput.tables import Table
from sim.mechanisms.energy import electricity
from sim.mechanisms.production import household_orders
from sim.model import NingdeModel
from sim.opening import position
from sim.opening.checks import check_position, contradictions, orders_out_of_incomes, remarks
from sim.opening.totals import OpeningError
from sim.parameters import Month
from sim.state import State
from sim.sums import sum_by


@pytest.fixture
def model() -> NingdeModel:
    return NingdeModel(sim.load("baseline"), seed=4)


def crowd(state: State) -> None:
    """Twice as many people at work in one county."""
    state.people.workers[0, 3] *= 3.0


def overbuild(state: State) -> None:
    """Firms on land that nobody has developed; the books of the park follow."""
    row = int(np.flatnonzero(state.firms.park >= 0)[0])
    state.firms.land[row] += 1e5
    state.parks.occupied[state.firms.park[row]] += 1e5


def squat(state: State) -> None:
    row = int(np.flatnonzero(state.firms.park >= 0)[0])
    state.firms.land[row] += 10.0


def phantom(state: State) -> None:
    state.parks.occupied[2] += 10.0
    state.parks.developed[2] += 10.0


def overplan(state: State) -> None:
    state.parks.developed[1] = state.parks.planned[1] + 50.0


def wear_out(state: State) -> None:
    row = int(np.flatnonzero(~state.firms.block)[40])
    state.firms.capital[row] *= 0.5
    state.firms.capacity[row] *= 0.5


def feed(state: State) -> None:
    """Housing that follows the spending of residents makes more than they earn with it."""
    state.technology.base_demand[:, 2] *= 30.0


def lose_price(state: State) -> None:
    state.markets.price[5] = np.nan


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (crowd, r"more people at work than there are \(.*skill\): .* persons; see labour\.participation"),
        (overbuild, r"more land is used than developed \(.*park.*\): .* mu; see land\.mu"),
        (squat, "firms hold more land than is booked"),
        (phantom, "more land is booked as occupied than firms hold"),
        (overplan, "more land is developed than planned"),
        (wear_out, r"does not carry the output of its firm \(.*firm row.*see projects\.KY"),
        (feed, r"incomes feed on themselves: .* units of new orders at home; see households\.consumption_share"),
        (lose_price, r"means nothing: price index \(B_STRU\)"),
    ],
)
def test_an_impossible_position_is_refused(model, change: Callable[[State], None], words: str) -> None:
    table = model.basis.built.table
    check_position(model.state, table)
    change(model.state)
    with pytest.raises(OpeningError, match=words):
        check_position(model.state, table)


def test_incomes_of_the_opening_make_the_orders_of_the_opening(model) -> None:
    """What households and housing order at home is what the loop says of the output of the opening."""
    state = model.state
    output = sum_by(state.firms.node, state.firms.output, state.node_count)
    made = household_orders(state) + state.technology.base_demand[:, 2]
    np.testing.assert_allclose(orders_out_of_incomes(state) @ output, made, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("cell", ["final", "imports"])
def test_a_table_that_does_not_clear_is_refused(model, cell: str) -> None:
    table: Table = model.basis.built.table
    wrong = getattr(table, cell).copy()
    wrong[30 if cell == "final" else 2, 1 if cell == "final" else 30] += 100.0
    with pytest.raises(OpeningError, match=r"does not clear: .* \(DQ, .*\).* M yuan"):
        check_position(model.state, dataclasses.replace(table, **{cell: wrong}))


def test_the_builder_looks_before_the_first_month(monkeypatch) -> None:
    """What spoils the position while it is built is refused by the model, not by its first month."""
    honest = position.entry_balance

    def spoil(state: State) -> float:
        overbuild(state)
        return honest(state)

    monkeypatch.setattr(position, "entry_balance", spoil)
    with pytest.raises(OpeningError, match="more land is used than developed"):
        NingdeModel(sim.load("baseline"), seed=4)


def test_caps_below_what_the_opening_uses_are_remarked_upon_with_both_figures(model: NingdeModel) -> None:
    state = model.state
    assert remarks(state) == []
    use = float(electricity(state.firms, 0, 0.0)[state.firms.alive].sum()) * 12 / 1e6
    assert 5.0 < use < 12.0
    for cap in (0.99 * use, 1.01 * use):
        changes = {
            "energy.cap": [{"from": "2014-01", "value": 60}, {"from": "2020-01", "value": cap}],
            "energy.carbon_cap": cap * 0.45,
            "energy.grid_factor": 0.45,
        }
        capped = NingdeModel(sim.load("baseline").replace(changes, name="capped"), seed=4).state
        found = remarks(capped)
        assert [key for key, _ in found] == (["energy.cap", "energy.carbon_cap"] if cap < use else [])
        assert capped.events == [f"{key}: {sentence}" for key, sentence in found]
        if found:
            energy, carbon = (sentence for _, sentence in found)
            assert f"{cap} TWh a year from 2020-01 is below the {use:.3g} TWh that" in energy
            assert f" Mt CO2 a year is below the {use * 0.45:.3g} Mt CO2 that" in carbon


def test_more_land_quota_than_the_plans_of_parks_leave_contradicts_them(model: NingdeModel) -> None:
    left = float((model.state.parks.planned - model.state.parks.developed).sum())
    assert 6000 * 22 < left < 12000 * 22
    assert contradictions(model.state) == []
    wide = NingdeModel(sim.load("baseline").replace({"land.new_quota": 12000}), seed=4).state
    ((key, sentence),) = contradictions(wide)
    assert remarks(wide) == []
    assert key == "land.new_quota"
    assert f"the {left:,.0f} mu" in sentence
    assert f"by {Month('2014-01') + int(left // 1000)} " in sentence
