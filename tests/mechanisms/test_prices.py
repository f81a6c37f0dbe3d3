"""Learning, pass-through and the path of commodity prices."""

from dataclasses import replace

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.candidates import CandidatePool
from sim.mechanisms.firms import Exit, Investment
from sim.mechanisms.prices import (
    Prices,
    WorldPrices,
    chain_inputs,
    exposure_matrix,
    frontier_cost,
    learning_exponent,
    paid_prices,
    world_volume_index,
)
from sim.mechanisms.promotion import Funnel
from sim.model import NingdeModel
from sim.state import COMMODITIES


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
    model = fresh()
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
