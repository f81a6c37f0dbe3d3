"""Learning, pass-through and the path of commodity prices."""

from dataclasses import replace

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.candidates import CandidatePool
from sim.mechanisms.demand import HORIZON, OPENING, annual_series
from sim.mechanisms.firms import Exit, Investment
from sim.mechanisms.prices import (
    COMMODITY_SERIES,
    PricePath,
    Prices,
    WorldPrices,
    chain_inputs,
    experience_reference,
    exposure_matrix,
    frontier_cost,
    learning_exponent,
    market_of_product,
    paid_prices,
    world_volume_index,
)
from sim.mechanisms.promotion import Funnel
from sim.model import NingdeModel
from sim.parameters import Month
from sim.state import COMMODITIES, MARKETS


def test_cost_falls_by_the_learning_rate_with_each_doubling():
    assert learning_exponent(0.2) == pytest.approx(0.32193, abs=1e-5)
    assert 2.0 ** -learning_exponent(0.2) == pytest.approx(0.8)
    assert 8.0 ** -learning_exponent(0.07) == pytest.approx(0.93**3)
    assert learning_exponent(0.0) == 0.0


def test_frontier_cost_is_inputs_at_paid_prices_and_conversion():
    inputs = np.array([[0.1, 0.2], [0.3, 0.0]])
    paid = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert frontier_cost(inputs, paid, np.array([0.5, 0.25])) == pytest.approx([0.1 + 0.9 + 0.5, 0.4 + 0.25])


def test_a_commodity_is_paid_inside_the_input_that_carries_it():
    price = np.array([1.0, 1.1])
    inputs = np.array([[0.2, 0.1], [0.4, 0.5]])  # product 1 carries the ores
    exposure = np.array([[0.1], [0.0]])
    paid = paid_prices(price, inputs, exposure, np.array([1.5]), carrier=1)
    assert paid[0] == pytest.approx([1.0, 1.0])
    assert paid[1] == pytest.approx([1.1 * (1.0 + 0.1 * 0.5 / 0.4), 1.1])
    rise = (inputs * (paid - paid_prices(price, inputs, exposure, np.ones(1), 1))).sum(axis=0)
    assert rise == pytest.approx([1.1 * 0.1 * 0.5, 0.0]), "unit cost rises by exposure x change of the commodity"


@pytest.fixture
def world_prices(fresh):
    model = fresh({"run.end": "2050-12"})  # levers reach as far as the known paths
    part = next(each for each in model.month_list if isinstance(each, WorldPrices))
    return model.state, part


def test_in_the_base_year_every_price_is_one(world_prices):
    state, part = world_prices
    state.markets.price[:] = 1.0
    target = part.target(state, np.ones(len(COMMODITIES)), 1.0, state.technology.conversion)
    np.testing.assert_allclose(target, 1.0, rtol=1e-12)


def test_a_dearer_commodity_raises_the_prices_that_are_exposed_to_it(world_prices):
    state, part = world_prices
    state.markets.price[:] = 1.0
    world, markup = state.world, state.technology.markup
    exposure = exposure_matrix(state.scenario[Prices], world)
    for index, name in enumerate(COMMODITIES):
        commodity = np.ones(len(COMMODITIES))
        commodity[index] = 1.3
        target = part.target(state, commodity, 1.0, state.technology.conversion)
        np.testing.assert_allclose(
            target - 1.0, np.where(world.chain_product, (1.0 + markup) * 0.3 * exposure[:, index], 0.0), atol=1e-12
        )
        assert (target > 1.0).any(), name


def test_prices_close_their_share_of_the_gap_each_month(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    before = state.markets.price.copy()
    part.step(state, Streams(1))
    boards, chain = state.boards, state.world.chain_product
    goal = part.target(state, boards.commodity, boards.price_level, boards.conversion)
    closed = np.log(boards.price[chain] / before[chain]) / np.log(goal[chain] / before[chain])
    np.testing.assert_allclose(closed, state.scenario[Prices].adjust, rtol=1e-9)
    np.testing.assert_allclose(boards.price[~chain], boards.price_level, rtol=1e-12)


def test_general_inflation_raises_all_prices_alike(world_prices):
    state, part = world_prices
    state.markets.price[:] = 2.0
    target = part.target(state, np.ones(len(COMMODITIES)), 2.0, state.technology.conversion)
    np.testing.assert_allclose(target, 2.0, rtol=1e-12)


def test_more_experience_makes_cells_cheaper_by_the_learning_rate(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    cell, markets = part.cell, state.markets
    conversion = []
    for factor in (1.0, 2.0):
        markets.experience = factor * part.reference
        part.flat = True  # nothing is learned in the month itself
        part.step(state, Streams(1))
        conversion.append(state.boards.conversion[cell])
    assert conversion[0] == pytest.approx(state.technology.conversion[cell])
    assert conversion[1] / conversion[0] == pytest.approx(1.0 - state.scenario[Prices].learning_rate_cell)


def test_experience_weighs_world_and_home(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    part.step(state, Streams(1))
    gained = state.boards.experience[part.cell] - state.markets.experience[part.cell]
    weight = state.scenario[Prices].world_weight
    home = state.firms.output[state.firms.product == part.cell].sum() / state.markets.home_experience[part.cell]
    grown = world_volume_index(state.markets.volume, state.markets.volume_opening, state.world)[part.cell]
    assert gained == pytest.approx(weight * grown / 5.0 / 12.0 + (1.0 - weight) * home, rel=1e-9)
    assert home == pytest.approx(1.0 / 60.0, rel=1e-9), "five years of opening output went before"


def test_thrift_lowers_the_use_of_materials_in_cells_only(fresh):
    state = fresh().state
    before = chain_inputs(state)
    state.markets.material_factor = 0.9
    after, cell = chain_inputs(state), state.world.product("B_CELL")
    linked = state.technology.linked[:, cell]
    np.testing.assert_allclose(after[linked, cell], 0.9 * before[linked, cell])
    after[linked, cell] = before[linked, cell]
    np.testing.assert_array_equal(after, before)


def test_known_prices_stand_at_one_in_the_base_year(baseline):
    path = PricePath.of(baseline.run, baseline.run.known_until, 130)
    july = Month("2018-07") - OPENING
    np.testing.assert_allclose(path.commodity[:, july], 0.0, atol=1e-12)
    assert path.level[july] == 0.0
    assert np.isnan(path.commodity[:, july + 1 :]).all()
    rate = annual_series("cny_per_usd", baseline.run.known_until)
    for row, (name, dollars) in zip(path.commodity, COMMODITY_SERIES.values(), strict=True):
        series = annual_series(name, baseline.run.known_until)
        before = series[2017] / series[2018] * (rate[2017] / rate[2018] if dollars else 1.0)
        assert np.exp(row[july - 12]) == pytest.approx(before), name
    last = [np.exp(path.commodity[0, july - 12 * back]) for back in range(5)]
    assert path.anchor[0] == pytest.approx(np.log(np.mean(last)), abs=1e-9)


def test_the_price_level_follows_inflation_and_then_its_prior(world_prices, next_month):
    state, part = world_prices
    inflation = annual_series("inflation_china", state.scenario.run.known_until)
    level = part.path.level
    assert level[24] - level[12] == pytest.approx(np.log1p(inflation[2015]))
    next_month(state)
    part.step(state, Streams(1))
    assert state.boards.price_level == pytest.approx(np.exp(level[1]))
    state.month, state.markets.price_level = len(level) - 1, 1.3
    part.step(state, Streams(1))
    assert state.boards.price_level == pytest.approx(
        1.3 * (1.0 + state.scenario[Prices].inflation_long_run) ** (1 / 12)
    )


def test_in_a_flat_world_prices_and_materials_stand_still(fresh, next_month):
    model = fresh({"run.world": "flat"})
    part = next(each for each in model.month_list if isinstance(each, WorldPrices))
    assert part.path.commodity.shape == (3, HORIZON + 1)
    assert part.path.level.shape == (HORIZON + 1,)
    state = next_month(model.state)
    part.step(state, Streams(1))
    np.testing.assert_allclose(state.boards.commodity, state.markets.commodity, rtol=1e-12)
    np.testing.assert_allclose(state.boards.price, state.markets.price, rtol=1e-9)
    assert state.boards.material_factor == 1.0
    assert state.boards.price_level == pytest.approx(state.markets.price_level)


def test_materials_get_thriftier_by_their_yearly_rate(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    state.markets.material_factor = 0.96
    part.step(state, Streams(1))
    assert state.boards.material_factor == pytest.approx(0.96 * (1.0 - state.scenario[Prices].material_thrift / 12))


def test_each_product_has_its_market(opening):
    world = opening.world
    market = {code: MARKETS[each] for code, each in zip(world.products, market_of_product(world), strict=True)}
    expected = {"B_CELL": "power_cell", "V_BODY": "vehicles", "S_PROD": "stainless", "C_CATH": "copper"}
    expected |= {"B_CATH": "national_gdp", "BUSS": "national_gdp", "FOOD": "legacy", "MACH": "legacy"}
    assert {code: market[code] for code in expected} == expected
    volume = np.array([4.0, 6.0, 2.0, 3.0, 5.0, 7.0, 8.0])
    index = world_volume_index(volume, np.array([2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0]), world)
    assert index[world.product("B_CELL")] == pytest.approx(10.0 / 4.0), "both kinds of cells teach"
    assert index[world.product("V_OEM")] == 2.0
    assert index[world.product("FOOD")] == 4.0


def test_experience_of_the_base_year_counts_the_world_up_to_its_middle(opening):
    months = Month("2018-07") - OPENING
    components = np.zeros((9, 100))
    flat = experience_reference(components, 0.3, np.ones(2), opening.world)
    cell = opening.world.product("B_CELL")
    assert flat[cell] == pytest.approx(1.0 + months / 60.0)
    assert flat[opening.world.product("S_ROLL")] == pytest.approx(1.0 + months / 240.0)
    components[:, 40:] = np.nan  # an earlier origin
    assert experience_reference(components, 0.3, np.ones(2), opening.world)[cell] == pytest.approx(1.0 + 39 / 60.0)
    components[5] = np.log(3.0)
    components[5, 0] = 0.0
    grown = experience_reference(components, 0.3, np.ones(2), opening.world)
    assert grown[opening.world.product("S_ROLL")] == pytest.approx(1.0 + 3.0 * 39 / 240.0)


def test_unknown_commodity_prices_return_to_their_mean_with_the_declared_noise(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    state.month = len(part.path.level) - 1  # long after the known period
    old = np.array([2.0, 1.0, 0.5])
    state.markets.commodity, p = old, state.scenario[Prices]
    steps = []
    for seed in range(3000):
        part.step(state, Streams(seed))
        steps.append(np.log(state.boards.commodity / old))
    steps = np.array(steps)
    sigma = np.array([p.lithium_vol, p.nickel_vol, p.copper_vol]) / np.sqrt(12)
    drift = p.mean_reversion * (part.path.anchor - np.log(old)) / 12
    assert (np.abs(steps.mean(axis=0) - drift) < 5 * sigma / np.sqrt(len(steps))).all()
    np.testing.assert_allclose(steps.std(axis=0), sigma, rtol=0.07)


def test_known_commodity_prices_are_the_series(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    for seed in (1, 2):
        part.step(state, Streams(seed))
        np.testing.assert_allclose(np.log(state.boards.commodity), part.path.commodity[:, 1], rtol=1e-12)


def test_real_output_does_not_see_prices_when_nothing_answers_to_them(baseline):
    """Two price paths, elasticities to price zero, nothing that reacts to margins: same real output, other prices."""
    changes = {
        "sourcing": {"price_elasticity": 0.0, "outside_elasticity": 0.0},
        "leaders": {"base_allocation": 0.0, "share_selection": 0.0},
        "households": {"consumption_share": 0.0, "extra": 0.0},  # or incomes answer to profits
    }
    deaf = replace(
        baseline, parameters=tuple(each.model_copy(update=changes.get(each.table, {})) for each in baseline.parameters)
    )

    def run(scenario, lithium):
        model = NingdeModel(scenario, 1, without=(Exit, Investment, Funnel, CandidatePool))
        for part in model.month_list:
            if isinstance(part, WorldPrices):
                part.path.commodity[0, 1:] += np.log(lithium)
        for _ in range(15):
            model.step()
        return model.state

    cheap, dear = run(deaf, 1.0), run(deaf, 3.0)
    cathode = dear.world.product("B_CATH")
    assert dear.markets.price[cathode] > 1.05 * cheap.markets.price[cathode]
    np.testing.assert_allclose(dear.firms.output, cheap.firms.output, rtol=1e-9)
    assert (run(baseline, 3.0).firms.output != run(baseline, 1.0).firms.output).any(), "with elasticities it does"
