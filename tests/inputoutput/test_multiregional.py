"""A made-up nation in four regions: everything adds up, and what cannot be is refused."""

from dataclasses import replace

import numpy as np
import pytest

from sim.inputoutput import identities, tables
from sim.inputoutput.balancing import BalancingError
from sim.inputoutput.multiregional import (
    Regionalisation,
    home_columns,
    regional_output,
    regionalise,
    split_flows,
    total_coefficients,
)
from tests.inputoutput.made_up import HOME_OUTPUT, REGIONS, nation, rules

NATIONAL = total_coefficients(nation())
OTHER_TECHNOLOGY = NATIONAL * np.array([1.0, 0.8, 1.1, 1.0])


def build(home: np.ndarray = HOME_OUTPUT, technology: np.ndarray = OTHER_TECHNOLOGY) -> Regionalisation:
    return regionalise(nation(), REGIONS, home, technology, rules())


def test_regions_add_up_to_the_nation() -> None:
    built = build()
    assert identities.check_parts(nation(), tables.nation(built.table, "here")) < 1e-12


def test_the_identities_hold() -> None:
    table = build().table
    for check in (identities.check_rows, identities.check_columns, identities.check_income, identities.check_solution):
        assert check(table) < 1e-12
    assert identities.check_productive(table) < 1.0


def test_home_uses_its_own_technology() -> None:
    built = build()
    table = built.table
    inputs = table.intermediate[:, :8].reshape(4, 4, 2, 4).sum(axis=0) + table.imports[:, :8].reshape(4, 2, 4)
    used = inputs.sum(axis=1)
    np.testing.assert_allclose(used, OTHER_TECHNOLOGY * HOME_OUTPUT.sum(axis=0), rtol=1e-9)
    assert (built.home_weight == 1.0).all()


def test_the_home_column_moves_when_the_rest_of_the_nation_would_turn_negative() -> None:
    wild = NATIONAL.copy()
    wild[0, 3] = 0.6  # far more ore in care than the nation uses
    home = HOME_OUTPUT.copy()
    home[:, 3] = [2.0, 40.0]
    output = regional_output(nation().output, home, 0.04, REGIONS, nation().products)
    used, weight = home_columns(nation(), output, wild)
    assert 0 < weight[3] < 1
    assert (weight[:3] == 1).all()
    left = NATIONAL[:, 3] * output[2:, 3].sum() - (used - NATIONAL)[:, 3] * home[:, 3].sum()
    province = NATIONAL[:, 3] * output[2, 3]
    assert (left - province).min() == pytest.approx(0.0, abs=1e-9)


def test_trade_meets_supply_and_demand() -> None:
    table = build().table
    trade = table.trade
    supply = (table.output - table.exports).reshape(4, 4)
    np.testing.assert_allclose(trade.sum(axis=2).T, supply, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(trade.sum(axis=1), table.domestic_use, rtol=1e-10)


def test_a_product_that_is_not_traded_stays_at_home() -> None:
    built = build()
    shares = np.einsum("irr->ir", built.table.trade) / built.table.domestic_use
    assert (shares[3, :2] >= 0.9**3 - 1e-9).all()
    assert shares[3, :2].mean() > shares[:3, :2].mean(axis=1).max()


def test_less_trade_resistance_means_more_trade_between_neighbours() -> None:
    near = regionalise(nation(), REGIONS, HOME_OUTPUT, OTHER_TECHNOLOGY, rules())
    far = regionalise(nation(), REGIONS, HOME_OUTPUT, OTHER_TECHNOLOGY, replace(rules(), delta=0.3))
    assert far.own_share_city[1] < near.own_share_city[1]


def test_too_much_home_output_is_refused() -> None:
    with pytest.raises(BalancingError, match=r"metal: home and province make .* of the nation's"):
        build(home=np.array([[0.0, 110.0, 1.0, 1.0], [0.0, 10.0, 1.0, 1.0]]))


def test_too_little_of_a_product_that_is_not_traded_is_refused() -> None:
    with pytest.raises(BalancingError, match="care is not traded, but north uses"):
        build(home=np.array([[0.2, 0.5, 5.0, 0.01], [0.0, 1.5, 1.0, 1.6]]))


def test_own_flows_are_released_where_one_county_makes_and_uses_all() -> None:
    # two counties, one outside region: only the first makes and uses the product, and 1 unit cannot leave it
    flows, released = split_flows(
        own=np.array([[4.0, 0.0]]),
        fixed=np.array([True, True]),
        supply=np.array([[10.0, 0.0]]),
        demand=np.array([[8.0, 0.0]]),
        inflow=np.array([[3.0]]),
        outflow=np.array([[5.0]]),
        attraction=np.ones((3, 3)),
    )
    assert released.tolist() == [True]
    np.testing.assert_allclose(flows[0], [[5.0, 0.0, 5.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]], atol=1e-9)


def test_own_flows_stay_where_they_can() -> None:
    flows, released = split_flows(
        own=np.array([[4.0, 1.0]]),
        fixed=np.array([True, True]),
        supply=np.array([[10.0, 3.0]]),
        demand=np.array([[8.0, 4.0]]),
        inflow=np.array([[3.0]]),
        outflow=np.array([[4.0]]),
        attraction=np.ones((3, 3)),
    )
    assert released.tolist() == [False]
    assert np.diag(flows[0]).tolist() == [4.0, 1.0, 0.0]
    np.testing.assert_allclose(flows[0].sum(axis=1), [10.0, 3.0, 3.0], rtol=1e-9)
    np.testing.assert_allclose(flows[0].sum(axis=0), [8.0, 4.0, 4.0], rtol=1e-9)
