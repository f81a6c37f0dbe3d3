"""Learning, pass-through and the path of commodity prices."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

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
    margin_factor,
    market_of_product,
    paid_prices,
    tariff_factor,
    world_volume_index,
)
from sim.mechanisms.production import unit_costs
from sim.mechanisms.promotion import Funnel
from sim.model import NingdeModel
from sim.opening.position import price_mechanism
from sim.parameters import Month
from sim.scenario import ScenarioError
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
    cell, markets = state.world.product("B_CELL"), state.markets
    conversion = []
    for factor in (1.0, 2.0):
        markets.experience = factor * part.reference
        part.flat = True  # nothing is learned in the month itself
        part.step(state, Streams(1))
        conversion.append(state.boards.conversion[cell])
    assert conversion[0] == pytest.approx(state.technology.conversion[cell])
    steady = state.technology.steady_cost[cell]
    learned = (conversion[1] - steady) / (conversion[0] - steady)
    assert learned == pytest.approx(2.0 ** -part.exponent[cell])


def test_experience_weighs_world_and_home(world_prices, next_month):
    state, part = world_prices
    next_month(state)
    part.step(state, Streams(1))
    cell, firms = state.world.product("B_CELL"), state.firms
    gained = state.boards.experience[cell] - state.markets.experience[cell]
    weight = state.scenario[Prices].world_weight
    made, national = firms.output[firms.product == cell].sum(), state.markets.national_experience[cell] / 5.0
    home = made / (5.0 * national)
    grown = world_volume_index(state.markets.volume, state.markets.volume_opening, state.world)[cell]
    assert gained == pytest.approx(weight * grown / 5.0 / 12.0 + (1.0 - weight) * home, rel=1e-9)
    assert 0.01 < 12 * made / national < 0.5, "home is a part of the country"


def test_a_small_beginning_at_home_does_not_teach_the_world(fresh):
    """Home output of anodes grows a hundredfold from next to nothing: their cost elsewhere hardly notices."""
    conversion = []
    for factor in (1.0, 100.0):
        state = fresh().state
        part = price_mechanism(state.scenario, state.technology, state.world)
        firms, anode = state.firms, state.world.product("B_ANOD")
        firms.output = np.where(firms.product == anode, factor * firms.output, firms.output)
        for _ in range(24):
            state.markets.experience = part._experience(state)
        conversion.append((state.markets.experience[anode] / part.reference[anode]) ** -part.exponent[anode])
    assert 0.98 < conversion[1] / conversion[0] < 1.0


def price_of_cells(state, part, experience):
    """Price at which a frontier plant of cells earns its margin once all prices have settled."""
    cell, level = state.world.product("B_CELL"), state.markets.price_level
    state.markets.price[:] = level
    battery = state.world.chain == state.world.chains.index("BAT")
    conversion = part.learned(state.technology, np.where(battery, experience, 1.0) * part.reference)
    for _ in range(60):
        state.markets.price = part.target(state, np.ones(len(COMMODITIES)), level, conversion)
    return state.markets.price[cell] / level


def test_the_price_of_cells_has_fallen_by_the_published_rate_in_the_doubling_before_the_base(world_prices, next_month):
    """Ziegler and Trancik (2021): 20 % a doubling of experience, measured on prices of packs."""
    state, part = world_prices
    next_month(state)
    state.markets.material_factor = 1.0
    rate = state.scenario[Prices].learning_rate_cell
    half, base, doubled, thousand = (price_of_cells(state, part, factor) for factor in (0.5, 1.0, 2.0, 1000.0))
    assert base / half == pytest.approx(1.0 - rate, rel=1e-6)
    assert 0.5 * rate < 1.0 - doubled / base < rate, "materials do not learn"
    assert thousand / base > 0.6, "what is bought elsewhere does not become free"


def test_what_people_capital_and_the_state_take_does_not_learn(world_prices):
    state, part = world_prices
    conversion = part.learned(state.technology, 1e9 * part.reference)
    agent = slice(0, state.world.agent_count)
    floor = np.minimum(state.technology.steady_cost, state.technology.conversion)
    assert (conversion[agent] >= floor[agent] - 1e-12).all()


@pytest.mark.parametrize("rate", [0.0, 0.07, 0.15])
def test_every_mature_product_learns_at_its_rate_per_doubling(fresh, rate):
    model = fresh({"prices.learning_rate_other": rate})
    part = next(each for each in model.month_list if isinstance(each, WorldPrices))
    technology, world = model.state.technology, model.state.world
    steady = np.minimum(technology.steady_cost, technology.conversion)
    fall = [part.learned(technology, factor * part.reference) - steady for factor in (1.0, 2.0, 4.0)]
    others = world.agent & (world.chain != world.chains.index("BAT")) & (fall[0] > 1e-6)
    for one, two in itertools.pairwise(fall):
        np.testing.assert_allclose(two[others] / one[others], 1.0 - rate, rtol=1e-9)


# --- margins and imports ----------------------------------------------------------------------------------------------


def test_margins_answer_world_utilisation_and_zero_stands_for_normal():
    use = np.array([0.0, 0.78, 0.88, 0.68])
    assert margin_factor(use, 0.78, 1.2) == pytest.approx([1.0, 1.0, 1.12, 0.88])
    assert (margin_factor(use, 0.78, 0.0) == 1.0).all()


def test_utilisation_that_means_nothing_or_leaves_no_markup_is_refused():
    """Of 1 + 2.5 (U - 0.78) 0.05 leaves -0.825, 0.38 nothing, 0.39 a fortieth of the normal markup."""

    def group(**values):
        return Prices.model_validate(values)

    assert group(utilisation_copper=0, margin_utilisation=2.5).utilisation_copper.others == 0
    assert group(utilisation_copper=0.3).margin_utilisation == 1.2
    assert group(utilisation_copper=0.39, margin_utilisation=2.5).margin_utilisation == 2.5
    assert group(utilisation_copper=0.3, margin_utilisation=0.0).margin_utilisation == 0.0
    later = [{"from": "2015-01", "value": 0.8}, {"from": "2020-01", "value": 0.05}]
    with pytest.raises(ValidationError, match=r"0\.05 from 2020-01 is below 0\.3; give 0 for normal utilisation"):
        group(utilisation_vehicles=later)
    words = (
        r"utilisation_copper = 0\.38 leaves no markup: with margin_utilisation = 2\.5 and utilisation_normal = 0\.78"
    )
    with pytest.raises(ValidationError, match=words + r" it must be above 0\.38, or 0 for normal"):
        group(utilisation_copper=0.38, margin_utilisation=2.5)


def test_a_refused_markup_is_told_of_the_setting_that_was_changed(baseline):
    idle = baseline.replace({"prices.utilisation_stainless": 0.36}, name="idle")
    with pytest.raises(ScenarioError, match=r"^prices\.margin_utilisation: utilisation_stainless = 0\.36 leaves no"):
        idle.replace({"prices.margin_utilisation": 2.5}, name="x")


@pytest.mark.parametrize(("lever", "chain"), [("batteries", "BAT"), ("vehicles", "NEV"), ("stainless", "SST")])
def test_a_slack_world_cuts_the_margins_of_its_chain(fresh, lever, chain):
    def target(changes):
        model = fresh(changes | {"run.world": "flat"})
        state = model.state
        state.markets.price[:] = 1.0
        return price_mechanism(state.scenario, state.technology, state.world).target(
            state, state.markets.commodity, 1.0, state.technology.conversion
        ), state

    normal, state = target({})
    slack, _ = target({f"prices.utilisation_{lever}": 0.68})
    tight, _ = target({f"prices.utilisation_{lever}": 0.88})
    same, _ = target({f"prices.utilisation_{lever}": 0.78})
    mine = state.world.chain == state.world.chains.index(chain)
    markup = state.technology.markup
    np.testing.assert_allclose(slack[mine], (normal * (1 + 0.88 * markup) / (1 + markup))[mine], rtol=1e-12)
    np.testing.assert_allclose(tight[mine], (normal * (1 + 1.12 * markup) / (1 + markup))[mine], rtol=1e-12)
    np.testing.assert_array_equal(slack[~mine], normal[~mine])
    np.testing.assert_array_equal(same, normal)


def test_a_tariff_is_paid_on_the_imported_part():
    imported = np.array([[0.5, 0.0], [0.2, 1.0]])
    found = tariff_factor(imported, 0.21, 0.05)
    assert found == pytest.approx(np.array([[1.1, 1.0], [1.04, 1.2]]))
    assert (tariff_factor(imported, 0.0, 0.05) == 1.0).all()
    price, inputs = np.array([2.0, 3.0]), np.ones((2, 2))
    paid = paid_prices(price, inputs, np.zeros((2, 1)), np.ones(1), 1, found)
    assert paid == pytest.approx(price[:, None] * found)


def test_import_shares_are_shares_of_the_table(opening):
    imported = opening.technology.imported
    assert ((imported >= 0) & (imported < 1)).all()
    assert imported.max() > 0.05
    assert (imported.max(axis=0) > 0).all(), "every industry imports something"


def test_a_tariff_makes_inputs_and_prices_dearer_and_moves_nobody_ahead(fresh):
    changed, free = fresh({"prices.tariff": [{"from": "2015-01", "value": 0.25}]}), fresh()
    for _ in range(12):
        changed.step()
        free.step()
    np.testing.assert_array_equal(changed.state.firms.output, free.state.firms.output)
    changed.step()
    free.step()
    cost, relative = unit_costs(changed.state)
    chain = free.world.chain_product
    assert (changed.state.markets.price[chain] > free.state.markets.price[chain]).all()
    np.testing.assert_array_equal(changed.state.markets.price[~chain], free.state.markets.price[~chain])
    made = chain[free.state.firms.product] & free.state.firms.alive
    rows = np.flatnonzero(made)[:40]
    assert (cost[rows] > unit_costs(free.state)[0][rows]).all()
    np.testing.assert_allclose(relative[rows], unit_costs(free.state)[1][rows], rtol=5e-3)


def test_the_wedge_of_the_table_and_the_response_of_margins_are_silent_without_their_levers(fresh):
    plain = fresh()
    changed = fresh({"prices.import_wedge": 0.12, "prices.margin_utilisation": 2.0, "prices.utilisation_normal": 0.72})
    for model in (plain, changed):
        for _ in range(15):
            model.step()
    for name, values in plain.recorder.arrays.items():
        np.testing.assert_array_equal(values, changed.recorder.arrays[name], err_msg=name)


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
    flat = experience_reference(components, 0.3, np.ones(2), opening.world, Prices())
    cell = opening.world.product("B_CELL")
    assert flat[cell] == pytest.approx(1.0 + months / 60.0)
    assert flat[opening.world.product("S_ROLL")] == pytest.approx(1.0 + months / 240.0)
    components[:, 40:] = np.nan  # an earlier origin
    assert experience_reference(components, 0.3, np.ones(2), opening.world, Prices())[cell] == pytest.approx(
        1.0 + 39 / 60.0
    )
    components[5] = np.log(3.0)
    components[5, 0] = 0.0
    grown = experience_reference(components, 0.3, np.ones(2), opening.world, Prices())
    assert grown[opening.world.product("S_ROLL")] == pytest.approx(1.0 + 3.0 * 39 / 240.0)


@pytest.mark.slow
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
            model.state.public.ordinary = model.state.public.base  # taxes answer to prices, and budgets to taxes
            model.state.public.funded[:] = 1.0
        return model.state

    cheap, dear = run(deaf, 1.0), run(deaf, 3.0)
    cathode = dear.world.product("B_CATH")
    assert dear.markets.price[cathode] > 1.05 * cheap.markets.price[cathode]
    np.testing.assert_allclose(dear.firms.output, cheap.firms.output, rtol=1e-9)
    assert (run(baseline, 3.0).firms.output != run(baseline, 1.0).firms.output).any(), "with elasticities it does"


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_mechanism_prices_and_materials_stand_and_volumes_do_not_care(beside):
    """Nominal output is then output at the prices of the opening; who comes in the first year does not see prices."""
    # Pressure of a plan follows all who come; what is missing along the chains follows prices.
    months, free = 16, {"promotion.plan_target": 0.0, "promotion.own_search": 0.0}
    frozen, usual = (beside(free, without=out, months=months) for out in ((WorldPrices,), ()))
    left, right = frozen.recorder.arrays, usual.recorder.arrays
    for name in ("price", "price_level", "commodity_price"):
        assert (left[name][:months] == left[name][0]).all(), name
        assert not (right[name][:months] == right[name][0]).all(), name
    np.testing.assert_allclose(
        left["output_nominal"][:months], left["output"][:months] * left["price"][0], rtol=1e-12, atol=1e-12
    )
    assert frozen.state.markets.material_factor == 1.0 > usual.state.markets.material_factor
    np.testing.assert_array_equal(frozen.state.markets.experience, 1.0)
    cell = frozen.state.world.product("B_CELL")
    assert left["price"][months - 1, cell] > 1.05 * right["price"][months - 1, cell], "cells are no longer learned"
    for name in ("world_volume", "entered", "land"):
        np.testing.assert_array_equal(left[name][:months], right[name][:months], err_msg=name)
    assert left["output"][months - 1].sum() == pytest.approx(right["output"][months - 1].sum(), rel=0.01)
