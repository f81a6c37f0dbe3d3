"""The table of the opening and of the months: the sum of the firms, with an address for every cell."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from sim.experiment.tables import OUTSIDE_NAMES, RegionalAccounts, regional_accounts
from sim.inputoutput import identities, tables
from sim.inputoutput.checks import ArgumentError
from sim.model import NingdeModel
from sim.opening.position import leader_names
from sim.statistics import leader_purchases, regional_table, wages_paid
from sim.world import load_world
from tests.runs import aged

WORLD = load_world()
BASE = sim.load("baseline")


@pytest.fixture(scope="module")
def opening() -> RegionalAccounts:
    return regional_accounts(BASE)


@pytest.fixture(scope="module")
def model() -> NingdeModel:
    return aged(30)


def test_the_opening_table_has_names_and_twelve_regions(opening: RegionalAccounts) -> None:
    assert opening.wide is not None
    assert opening.wide.regions == (*WORLD.county_names, *OUTSIDE_NAMES)
    assert max(identities.check_table(opening.wide, 1e-12).values()) < 1e-12
    assert opening.month == "2013-12"
    assert sim.table(BASE).regions == opening.wide.regions


def test_the_city_is_an_economy_of_its_own(opening: RegionalAccounts) -> None:
    city, wide = opening.city, opening.wide
    assert wide is not None
    assert city.regions == WORLD.county_names
    assert max(identities.check_table(city, 1e-12).values()) < 1e-12
    home = slice(0, 240)
    np.testing.assert_array_equal(city.intermediate, wide.intermediate[home, home])
    np.testing.assert_allclose(city.total_value_added, wide.total_value_added[home])
    cells = wide.at(product="B_CATH")[10:]  # in the two outside regions
    abroad = wide.imports[wide.imported.index("B_CATH"), home]
    bought = wide.intermediate[cells][:, home].sum(axis=0) + abroad
    np.testing.assert_allclose(city.imports[city.imported.index("B_CATH")], bought)
    sold = (
        wide.intermediate[home, 240:].sum(axis=1) + wide.exports[home] + wide.final_by_region[home, 10:, :3].sum((1, 2))
    )
    np.testing.assert_allclose(city.exports, sold, rtol=1e-12)


def test_an_unknown_region_cannot_be_cut_out(opening: RegionalAccounts) -> None:
    with pytest.raises(ArgumentError, match="no region 'Xiamen'; it has Jiaocheng"):
        tables.inside(opening.city, ["Fuding", "Xiamen"])


def test_all_regions_cut_out_are_the_table_itself(opening: RegionalAccounts) -> None:
    assert opening.wide is not None
    same = tables.inside(opening.wide, opening.wide.regions)
    np.testing.assert_allclose(same.imports, opening.wide.imports)
    np.testing.assert_allclose(same.exports, opening.wide.exports)


def test_a_month_is_the_sum_of_the_firms(model: NingdeModel) -> None:
    state = model.state
    table = regional_table(state)
    assert max(identities.check_table(table, 1e-9).values()) < 1e-9
    fuding = table.at("Fuding", "B_CELL")[0]
    mine = (state.firms.county == WORLD.county("FD")) & (state.firms.product == WORLD.product("B_CELL"))
    assert table.output[fuding] == pytest.approx(state.firms.output[mine].sum(), abs=1e-12)
    np.testing.assert_allclose(table.value_added[0], wages_paid(state))
    assert table.value_added[0].sum() / table.output.sum() == pytest.approx(0.13, abs=0.06)
    assert state.table is not None
    np.testing.assert_allclose(table.total_value_added, state.table.value_added, rtol=1e-9, atol=1e-9)


def test_what_leaders_buy_at_the_opening_is_the_column_of_their_plants(opening: RegionalAccounts) -> None:
    # the only plants of cells are those of the two leaders
    bought = opening.chains["CATL"] + opening.chains["ATL"]
    columns = opening.city.intermediate[:, opening.city.at(product="B_CELL")].sum(axis=1)
    np.testing.assert_allclose(bought[:, :10], columns.reshape(10, 24).T, rtol=1e-8, atol=1e-6)
    outside = opening.city.imports[:, opening.city.at(product="B_CELL")].sum(axis=1)
    np.testing.assert_allclose(bought[:, 10], outside, rtol=1e-8, atol=1e-6)


def test_what_leaders_buy_in_a_month_is_the_column_of_their_plants(model: NingdeModel) -> None:
    state, table = model.state, regional_table(model.state)
    groups = [leader_names().index(code) for code in ("CATL", "ATL")]
    bought = sum(leader_purchases(state, group) for group in groups)
    columns = table.intermediate[:, table.at(product="B_CELL")].sum(axis=1)
    np.testing.assert_allclose(bought[:, :10], columns.reshape(10, 24).T, rtol=1e-8, atol=1e-9)


def test_orders_that_suppliers_cannot_deliver_are_bought_outside(model: NingdeModel) -> None:
    state = model.state
    leader = leader_names().index("CATL")
    full, table = leader_purchases(state, leader), state.table
    assert table is not None
    linked = WORLD.chain_product & (full[:, :10].sum(axis=1) > 0)
    try:
        state.table = replace(table, served=np.where(WORLD.chain_product[state.firms.product], 0.5, table.served))
        half = leader_purchases(state, leader)
    finally:
        state.table = table
    assert linked.any()
    np.testing.assert_allclose(half[linked, :10], 0.5 * full[linked, :10], rtol=1e-9)
    np.testing.assert_allclose(half.sum(axis=1), full.sum(axis=1), rtol=1e-9)  # the plants need what they need


def test_accounts_of_a_month_are_amounts_of_a_year(model: NingdeModel) -> None:
    month = str(model.calendar)
    ticks: list[tuple[int, int]] = []
    found = regional_accounts(BASE, month, 1, lambda done, of: ticks.append((done, of)))
    assert found.wide is None
    np.testing.assert_allclose(found.city.output, 12.0 * regional_table(model.state).output)
    assert "a year" in found.city.unit
    assert ticks[-1] == (30, 30)
    assert set(found.chains) == {"CATL", "ATL", "QINGTUO"}  # the others have no plant yet
    assert found.jobs.sum() == pytest.approx(model.recorder.arrays["jobs"][29].sum())


@pytest.mark.parametrize("month", ["2013-11", "2051-01"])
def test_a_month_without_a_table_is_refused(month: str) -> None:
    with pytest.raises(ValueError, match=f"reach from 2013-12 to 2035-12: there is none of {month}"):
        sim.table(BASE, month)


def test_the_methods_are_at_hand() -> None:
    assert sim.inputoutput.output_multipliers([[0.5]]).tolist() == [2.0]
    missing = [name for name in sim.inputoutput.__all__ if not hasattr(sim.inputoutput, name)]
    assert missing == []
