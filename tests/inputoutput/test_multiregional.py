"""A made-up nation in four regions: everything adds up, and what cannot be is refused."""

from dataclasses import replace

import numpy as np
import pytest

from sim.inputoutput import identities, multiregional, tables
from sim.inputoutput.balancing import BalancingError
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.multiregional import (
    Regionalisation,
    home_columns,
    regional_output,
    regionalise,
    total_coefficients,
)
from sim.inputoutput.trade import chenery_moses, split_flows
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"own_shift": np.nan}, "rules: own_shift is nan"),
        ({"own_shift": [0.0, np.nan, 0.0, 0.0]}, "rules: own_shift at position 1 is nan; it must be a number"),
        ({"own_shift": [0.0, 1.0]}, r"rules: own_shift must be one number or shape \(4,\), not of shape \(2,\)"),
        ({"own_shift": "much"}, "rules: own_shift: these are not all numbers"),
        ({"population": [np.nan, 3.0, 30.0, 965.0]}, "rules: population at position 0 is nan; it must be 0 or above"),
        ({"province_share": 1.5}, "rules: province_share is 1.5; it must be between 0 and 1"),
        ({"province_share": [0.1, -0.1, 0.1, 0.1]}, "rules: province_share at position 1 is -0.1"),
        ({"delta": 1.1}, "rules: delta is 1.1"),
        ({"nontraded_share": 3.0}, "rules: nontraded_share is 3"),
        ({"minutes": np.ones((3, 3))}, r"rules: minutes must be shape \(2, 2\), not of shape \(3, 3\)"),
        ({"minutes": [[0.0, -1.0], [1.0, 0.0]]}, "rules: minutes at position 0, 1 is -1; it must be 0 or above"),
        ({"decay": -0.1}, "rules: decay is -0.1"),
        ({"km_nation": 0.0}, "rules: km_nation is 0; it must be above 0"),
        ({"population": [2.0, -3.0, 30.0, 965.0]}, "rules: population at position 1 is -3"),
        ({"population": np.zeros(4)}, "rules: population is 0 in all regions"),
        ({"population": np.ones(3)}, r"rules: population must be shape \(4,\)"),
        ({"investing": np.zeros(4, dtype=bool)}, "rules: investing is false for every industry"),
        ({"traded": [1, 1, 1, 0]}, "rules: traded must be 4 times true or false"),
    ],
)
def test_rules_out_of_their_range_are_named(change: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        regionalise(nation(), REGIONS, HOME_OUTPUT, NATIONAL, replace(rules(), **change))


@pytest.mark.parametrize(
    ("home", "technology", "regions", "message"),
    [
        (HOME_OUTPUT[:, :3], NATIONAL, REGIONS, r"home output has the shape \(2, 3\): .* each of the 4 products"),
        (HOME_OUTPUT, NATIONAL, REGIONS[:3], r"home output has the shape \(2, 4\): .* each of the 3 regions but"),
        (np.zeros((0, 4)), NATIONAL, REGIONS[2:], "at least one"),
        (HOME_OUTPUT - [[0.0, 1.0, 0.0, 0.0]], NATIONAL, REGIONS, "home output of metal in north is negative: -0.5"),
        (HOME_OUTPUT * [[1.0, np.nan, 1.0, 1.0]], NATIONAL, REGIONS, r"row 0 \(north\), column 1 \(metal\) is nan"),
        (0.0 * HOME_OUTPUT, NATIONAL, REGIONS, "home output is 0 everywhere"),
        (HOME_OUTPUT, NATIONAL[:3, :3], REGIONS, "home coefficients of 3 industries do not fit 4 products"),
    ],
)
def test_home_figures_that_do_not_fit_are_named(
    home: np.ndarray, technology: np.ndarray, regions: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        regionalise(nation(), regions, home, technology, rules())


def test_lists_do_as_well_as_arrays() -> None:
    listed = replace(
        rules(),
        traded=[True, True, True, False],
        investing=[True, True, True, False],
        minutes=[[20, 60], [60, 20]],
        population=[2, 3, 30, 965],
        province_share=[0.04] * 4,
    )
    table = regionalise(nation(), REGIONS, HOME_OUTPUT.tolist(), OTHER_TECHNOLOGY.tolist(), listed).table
    assert np.array_equal(table.intermediate, build().table.intermediate)


def test_a_huge_shift_of_own_shares_means_all_or_nothing() -> None:
    home = slice(0, 3)
    own = regionalise(nation(), REGIONS, HOME_OUTPUT, NATIONAL, replace(rules(), own_shift=800.0))
    none = regionalise(nation(), REGIONS, HOME_OUTPUT, NATIONAL, replace(rules(), own_shift=-800.0))
    assert (none.own_share_city[home] < 1e-3).all()  # what the rest of the nation cannot take stays
    supply = HOME_OUTPUT.sum(axis=0) / nation().output * (nation().output - nation().exports)
    use = own.table.domestic_use[:, :2].sum(axis=1)
    np.testing.assert_allclose(own.own_share_city[home], np.minimum(1.0, supply / use)[home], rtol=1e-9)
    assert identities.check_parts(nation(), tables.nation(own.table, "here")) < 1e-12


def test_a_shift_of_0_for_one_product_leaves_its_share_alone() -> None:
    shifted = regionalise(nation(), REGIONS, HOME_OUTPUT, NATIONAL, replace(rules(), own_shift=[0.0, 1.0, 0.0, 0.0]))
    plain = regionalise(nation(), REGIONS, HOME_OUTPUT, NATIONAL, rules())
    moved = shifted.own_share_province / plain.own_share_province
    assert moved[1] > 1.01
    assert moved[[0, 2, 3]] == pytest.approx(np.ones(3), abs=1e-12)


def without(product: int, re_exports: float) -> tables.Table:
    """The nation without one product, which it may still import and re-export."""
    whole = nation()
    cells = {name: array.copy() for name, array in tables.arrays(whole).items()}
    for name in ("intermediate", "final"):
        cells[name][product] = 0.0
    cells["intermediate"][:, product] = cells["imports"][:, product] = 0.0
    cells["final_imports"][product, 3] = re_exports
    cells["output"] = cells["intermediate"].sum(axis=1) + cells["final"].sum(axis=1)
    earned = cells["output"] - cells["intermediate"].sum(axis=0) - cells["imports"].sum(axis=0)
    return replace(whole, **cells | {"value_added": np.outer([0.5, 0.1, 0.15, 0.25], earned)})


@pytest.mark.parametrize("product", [0, 3])
def test_what_the_nation_does_not_make_is_made_nowhere(product: int) -> None:
    absent = without(product, re_exports=2.0)
    home = HOME_OUTPUT.copy()
    home[:, product] = 0.0
    technology = total_coefficients(absent)
    table = regionalise(absent, REGIONS, home, technology, rules()).table
    assert (table.by_region(table.output)[:, product] == 0.0).all()
    assert identities.check_parts(absent, tables.nation(table, "here")) < 1e-12
    for check in (identities.check_rows, identities.check_columns, identities.check_income):
        assert check(table) < 1e-12
    with pytest.raises(BalancingError, match=r"home and province make .* of the nation's 0"):
        regionalise(absent, REGIONS, HOME_OUTPUT + 0.1, technology, rules())


def test_stocks_that_nobody_at_home_uses_are_refused() -> None:
    whole = nation()
    final = whole.final.copy()
    final[0] = [1.0, 0.5, -60.0, 66.0 - 0.5]
    with pytest.raises(BalancingError, match=r"ore: final use of -60 exceeds the 49.5 that are used"):
        regionalise(replace(whole, final=final), REGIONS, HOME_OUTPUT, NATIONAL, rules())


def test_a_nation_without_incomes_is_refused() -> None:
    bare = replace(nation(), incomes=(), value_added=np.zeros((0, 4)))
    with pytest.raises(ArgumentError, match="at least one row of value added"):
        regionalise(bare, REGIONS, HOME_OUTPUT, NATIONAL, rules())


def test_buyers_share_the_suppliers_of_their_region() -> None:
    # product 0: region 1 gets 3 of 4 from region 0; product 1: nobody in region 0 gets or uses any
    trade = [[[2, 3], [2, 1]], [[0, 5], [0, 0]]]
    uses = [[[4], [0]], [[8], [2]]]
    found = chenery_moses(trade, uses)
    assert found.shape == (2, 2, 2, 1)
    assert found[:, 0, :, 0].tolist() == [[2.0, 6.0], [2.0, 2.0]]
    assert found[:, 1, :, 0].tolist() == [[0.0, 2.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("trade", "uses", "message"),
    [
        (np.zeros((1, 2, 2)), [[[0.0]], [[2.0]]], "region 1 uses 2 of product 0, but no region delivers any"),
        ([[[1.0, 1.0], [1.0, -1.0]]], np.ones((2, 1, 1)), "trade of product 0 from region 1 to region 1 is negative"),
        ([[[1.0, np.nan], [1.0, 1.0]]], np.ones((2, 1, 1)), "trade in row 0, column 0 is nan"),
        (np.ones((1, 2, 2)), [[[np.inf]], [[1.0]]], "uses in row 0, column 0 is inf"),
        (np.ones((1, 2, 3)), np.ones((2, 1, 1)), r"trade must have the shape \(products, regions, regions\)"),
        (np.ones((1, 2, 2)), np.ones((1, 2, 1)), r"uses must have the shape \(2 regions, 1 products, buyers\)"),
    ],
)
def test_trade_without_meaning_is_refused(trade: np.ndarray, uses: np.ndarray, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        chenery_moses(trade, uses)


def test_trade_that_is_no_number_does_not_close(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(position: multiregional.Position, _: object) -> tuple[np.ndarray, np.ndarray]:
        return np.full((4, 4, 4), np.nan), np.zeros(len(position.supply), dtype=bool)

    monkeypatch.setattr(multiregional, "regional_trade", broken)
    with pytest.raises(BalancingError, match=r"trade of ore does not close: north misses its supply by nan"):
        build()
