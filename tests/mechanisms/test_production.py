"""Capacity, the joint solve and the month's table on small made-up economies and on the opening position."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize, sparse

from sim.inputoutput.rationing import NoConvergenceError, solve
from sim.mechanisms.prices import (
    Prices,
    chain_inputs,
    exposure_matrix,
    input_coefficients,
    material_factor_of,
    paid_prices,
)
from sim.mechanisms.production import (
    Network,
    capacity,
    home_sales,
    home_supply,
    import_premium,
    leading_rows,
    month_table,
    outside_orders,
    ramp,
    supply_shares,
    unit_costs,
)
from sim.mechanisms.sourcing import Sourcing, SupplierChoice
from sim.settings import Projects
from sim.state import Firms

TOLERANCE = 1e-13
COUNTIES, PRODUCTS = 2, 3
NODES = COUNTIES * PRODUCTS


def made_up(seed, rows=14, weight=0.75):
    """A network of a few firms: links, a pool, shares that sum to 1 in every county-node; columns sum below 1."""
    rng = np.random.default_rng(seed)
    node = np.concatenate([np.arange(NODES), rng.integers(0, NODES, rows - NODES)])
    share = rng.uniform(0.2, 1.0, rows)
    share /= np.bincount(node, share, minlength=NODES)[node]
    links = rng.uniform(0.0, 1.0, (rows, rows)) * (rng.uniform(size=(rows, rows)) < 0.2)
    pool = rng.uniform(0.0, 1.0, (NODES, NODES))
    links *= 0.5 * weight / np.maximum(links.sum(axis=0), 1e-9)
    pool *= 0.5 * weight / pool.sum(axis=0)
    return Network(sparse.csr_matrix(links), pool, node, share, NODES)


def dense(network):
    """M as one matrix."""
    return network.links.toarray() + network.share[:, None] * network.pool[np.ix_(network.node, network.node)]


def small_state(network, inputs):
    """What the month's table asks of a state."""
    world = SimpleNamespace(product_count=PRODUCTS, product={"B_CELL": 0}.get)
    technology = SimpleNamespace(inputs=inputs, linked=np.ones((PRODUCTS, PRODUCTS), dtype=bool))
    return SimpleNamespace(
        world=world,
        technology=technology,
        markets=SimpleNamespace(material_factor=1.0),
        links=SimpleNamespace(weight=network.links.data),
    )


def enough_inputs(network):
    """(K, N) input coefficients that cover what the network buys at home, and something from outside."""
    home = np.zeros((PRODUCTS, NODES))
    matrix = dense(network)
    for buyer_node in range(NODES):
        buyers = np.flatnonzero(network.node == buyer_node)
        for product in range(PRODUCTS):
            sellers = np.flatnonzero(network.node % PRODUCTS == product)
            home[product, buyer_node] = matrix[np.ix_(sellers, buyers)].sum(axis=0).max()
    return home * 0.9 + 0.1 * home.max()


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_ramp_is_zero_at_birth_and_one_less_one_over_e_after_its_scale():
    assert ramp(np.array([-3.0, 0.0, 10.0, 1e6]), 10.0) == pytest.approx([0.0, 0.0, 1.0 - np.exp(-1.0), 1.0])
    assert (np.diff(ramp(np.arange(60.0), 10.0)) > 0).all()


def test_capacity_is_capital_over_intensity_times_productivity_a_month():
    assert capacity(np.array([150.0]), np.array([1.5]), np.array([1.2]), np.array([0.5])) == pytest.approx([5.0])


def test_a_young_plant_has_the_capacity_of_its_ramp(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    row = state.firms.append(1, product=0, node=0, birth=1, capital=120.0, capital_intensity=1.0, alive=True)[0]
    part = next(each for each in model.month_list if type(each).__name__ == "Production")
    tau = state.scenario[Projects].ramp_tau
    for month in (1, 7, 13):
        state.month = month
        part.step(state, model.streams)
        assert state.boards.capacity[row] == pytest.approx(10.0 * (1.0 - np.exp(-month / tau)))


def test_opening_firms_run_at_eighty_percent_and_blocks_have_no_limit(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    part = next(each for each in model.month_list if type(each).__name__ == "Production")
    part.step(state, model.streams)
    firms, limit = state.firms, state.boards.capacity
    assert np.isinf(limit[firms.block]).all()
    np.testing.assert_allclose(limit[~firms.block], firms.output[~firms.block] / 0.8, rtol=1e-12)


# --- the joint solve --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_demand_is_the_matrix_times_output(seed):
    network = made_up(seed)
    output = np.random.default_rng(seed + 100).uniform(0, 10, len(network.node))
    np.testing.assert_allclose(network.demand(output), dense(network) @ output, rtol=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_without_limits_the_solve_is_the_leontief_inverse(seed):
    network = made_up(seed)
    rows = len(network.node)
    final = np.random.default_rng(seed + 7).uniform(0, 5, rows)
    found, _ = solve(network, np.full(rows, np.inf), final, np.zeros(rows), TOLERANCE)
    np.testing.assert_allclose(found, np.linalg.solve(np.eye(rows) - dense(network), final), rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_fixed_point_from_above_and_below_and_by_linear_programming(seed):
    """The fixed point of z = min(cap, M z + f) is the greatest z with z <= cap and z <= M z + f."""
    network = made_up(seed)
    rows = len(network.node)
    rng = np.random.default_rng(seed + 50)
    final = rng.uniform(0, 5, rows)
    free = np.linalg.solve(np.eye(rows) - dense(network), final)
    limit = free * rng.uniform(0.5, 1.3, rows)
    limit[:3] = np.inf
    below, _ = solve(network, limit, final, np.zeros(rows), TOLERANCE)
    above, _ = solve(network, limit, final, 10.0 * free, TOLERANCE)
    np.testing.assert_allclose(above, below, rtol=1e-10)
    np.testing.assert_allclose(below, np.minimum(limit, dense(network) @ below + final), rtol=1e-10)
    assert (below < free - 1e-6).any()
    best = optimize.linprog(
        -np.ones(rows), A_ub=np.eye(rows) - dense(network), b_ub=final, bounds=[(0, each) for each in limit]
    )
    np.testing.assert_allclose(below, best.x, rtol=1e-6, atol=1e-8)


def test_a_system_that_grows_without_end_is_refused():
    network = Network(sparse.csr_matrix(np.array([[1.2]])), np.zeros((1, 1)), np.zeros(1, dtype=int), np.ones(1), 1)
    with np.errstate(over="ignore"), pytest.raises(NoConvergenceError):
        solve(network, np.array([np.inf]), np.ones(1), np.ones(1), TOLERANCE)


def test_supply_shares_sum_to_one_where_somebody_operates():
    firms = Firms()
    firms.append(6, node=[0, 0, 1, 1, 2, 3], alive=[True, True, True, False, False, True], block=[False] * 5 + [True])
    share = supply_shares(firms, np.array([3.0, 1.0, 5.0, 7.0, 2.0, 0.0]), 4)
    assert share == pytest.approx([0.75, 0.25, 1.0, 0.0, 0.0, 1.0])


# --- rationing and the table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_home_producers_are_served_first_and_the_books_close(seed):
    network = made_up(seed)
    rows = len(network.node)
    rng = np.random.default_rng(seed + 11)
    orders = rng.uniform(0.1, 2.0, (rows, 4))
    final = orders.sum(axis=1)
    free = np.linalg.solve(np.eye(rows) - dense(network), final)
    limit = free * rng.uniform(0.2, 1.2, rows)
    limit[0] = 0.3 * (dense(network) @ free)[0]  # cannot even serve home producers
    output, _ = solve(network, limit, final, free, TOLERANCE)
    state = small_state(network, enough_inputs(network))
    table = month_table(state, network, output, orders[:, :3], orders[:, 3])
    wanted = dense(network) @ output
    assert (table.served <= 1.0).all()
    assert table.served.min() < 1.0
    short = output < wanted - 1e-9
    delivered_final = output - table.served * wanted
    assert short.any()
    np.testing.assert_allclose(delivered_final[short], 0.0, atol=1e-9)
    np.testing.assert_allclose(table.served[~short], 1.0, rtol=1e-9)
    flows = np.zeros((NODES, NODES))
    np.add.at(flows, (network.node[:, None], network.node[None, :]), table.served[:, None] * dense(network) * output)
    np.testing.assert_allclose(table.flows, flows, rtol=1e-11, atol=1e-12)
    nodes = np.bincount(network.node, output, minlength=NODES)
    np.testing.assert_allclose(table.flows.sum(axis=1) + table.final.sum(axis=1), nodes, rtol=1e-10)
    made = table.flows.sum(axis=0) + table.outside_inputs.sum(axis=0) + table.value_added
    np.testing.assert_allclose(made, nodes, rtol=1e-10)
    assert (table.outside_inputs > -1e-9).all()
    assert table.value_added.sum() == pytest.approx(table.final.sum() - table.outside_inputs.sum())


def test_what_is_left_goes_to_final_users_in_proportion_to_their_orders():
    network = made_up(3)
    rows = len(network.node)
    orders = np.tile([4.0, 2.0, 1.0, 3.0], (rows, 1))
    free = np.linalg.solve(np.eye(rows) - dense(network), orders.sum(axis=1))
    limit = 0.8 * free
    output, _ = solve(network, limit, orders.sum(axis=1), free, TOLERANCE)
    table = month_table(small_state(network, enough_inputs(network)), network, output, orders[:, :3], orders[:, 3])
    some = table.final.sum(axis=1) > 1e-9
    assert some.any()
    shares = table.final[some] / table.final[some].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, np.tile([0.4, 0.2, 0.1, 0.3], (some.sum(), 1)), rtol=1e-9)


def two_rows():
    """Each of two rows orders half of its output from itself; outputs of 10."""
    return Network(sparse.csr_matrix(np.diag([0.5, 0.5])), np.zeros((2, 2)), np.arange(2), np.ones(2), 2)


def test_home_sales_are_what_home_buyers_ask_for_up_to_output():
    output, home, final = np.array([10.0, 10.0]), np.array([2.0, 9.0]), np.array([5.0, 12.0])
    supply = home_supply(two_rows(), output, final, "local_first")
    assert home_sales(supply, output, home, final, "local_first") == pytest.approx([7.0, 10.0])


def test_proportional_rationing_cuts_home_and_outside_alike():
    """Row 1: orders of 5 from home producers, 9 from home final users, 6 from outside: 20 for 10 made, half of each."""
    output, home, final = np.array([10.0, 10.0]), np.array([2.0, 9.0]), np.array([5.0, 15.0])
    supply = home_supply(two_rows(), output, final, "proportional")
    assert supply.served == pytest.approx([1.0, 0.5])
    assert supply.delivered == pytest.approx([5.0, 2.5])
    assert home_sales(supply, output, home, final, "proportional") == pytest.approx([7.0, 7.0])


def test_what_a_supplier_leaves_unfilled_costs_its_buyers_the_premium():
    """Row 0 sells to itself and row 1; it delivers 60 of 80: a quarter of 30 and of 50 is bought outside at 3 %."""
    links = sparse.csr_matrix(np.array([[0.3, 0.5], [0.0, 0.0]]))
    network = Network(links, np.zeros((2, 2)), np.arange(2), np.ones(2), 2)
    output = np.array([100.0, 100.0])
    table = SimpleNamespace(served=np.array([0.75, 1.0]), scarce=(), basis=())
    price = np.array([2.0, 7.0])
    paid = import_premium(network, table, output, price, 0.03)
    assert paid == pytest.approx([0.03 * 2.0 * 7.5, 0.03 * 2.0 * 12.5])
    assert (import_premium(network, table, output, price, 0.0) == 0.0).all()


def test_in_a_shortage_the_premium_is_paid_on_the_usual_home_part_that_is_missing():
    """Row 1 usually takes 0.5 at home; it makes 100 and is delivered 0.5 x 0.4 x 150 = 30 of 50."""
    links = sparse.csr_matrix(np.array([[0.0, 0.5], [0.0, 0.0]]))
    network = Network(links, np.zeros((2, 2)), np.arange(2), np.ones(2), 2)
    table = SimpleNamespace(served=np.array([0.4, 1.0]), scarce=[0], basis=[np.array([100.0, 150.0])])
    paid = import_premium(network, table, np.array([100.0, 100.0]), np.ones(2), 0.1)
    assert paid == pytest.approx([0.0, 2.0])


@pytest.mark.parametrize("seed", range(5))
def test_the_books_close_under_proportional_rationing(seed):
    network = made_up(seed)
    rows = len(network.node)
    rng = np.random.default_rng(seed + 11)
    orders = rng.uniform(0.1, 2.0, (rows, 4))
    final = orders.sum(axis=1)
    free = np.linalg.solve(np.eye(rows) - dense(network), final)
    output, _ = solve(network, free * rng.uniform(0.2, 1.2, rows), final, free, TOLERANCE)
    supply = home_supply(network, output, final, "proportional")
    state = small_state(network, enough_inputs(network))
    table = month_table(state, network, output, orders[:, :3], orders[:, 3], supply)
    first = month_table(state, network, output, orders[:, :3], orders[:, 3])
    nodes = np.bincount(network.node, output, minlength=NODES)
    np.testing.assert_allclose(table.flows.sum(axis=1) + table.final.sum(axis=1), nodes, rtol=1e-10)
    made = table.flows.sum(axis=0) + table.outside_inputs.sum(axis=0) + table.value_added
    np.testing.assert_allclose(made, nodes, rtol=1e-10)
    np.testing.assert_allclose(table.final.sum(), (table.served * final).sum(), rtol=1e-10)
    assert (table.served <= first.served + 1e-15).all()
    assert table.flows.sum() < first.flows.sum() - 1e-6, "producers get less, and buy more outside"
    assert table.outside_inputs.sum() > first.outside_inputs.sum() + 1e-6


# --- costs ------------------------------------------------------------------------------------------------------------


def test_unit_costs_are_materials_and_conversion_over_productivity_with_the_countys_wages(fresh):
    state = fresh().state
    world, firms, markets = state.world, state.firms, state.markets
    markets.price_level = 1.2
    firms.productivity[:] = np.linspace(0.8, 1.3, len(firms))
    found, relative = unit_costs(state)
    inputs = chain_inputs(state)
    paid = paid_prices(
        markets.price,
        inputs,
        exposure_matrix(state.scenario[Prices], world),
        markets.commodity,
        world.product("OTHM"),
    )
    mean_wage = state.counties.wage.mean()
    for row in np.flatnonzero(~firms.block)[::37]:
        product = firms.product[row]
        materials = (inputs[:, product] * paid[:, product]).sum()
        conversion = markets.conversion[product] * 1.2
        wages = state.technology.jobs[product] * (state.counties.wage[firms.county[row]] - mean_wage) / 1e6 * 1.2
        expected = materials + (conversion + wages) / firms.productivity[row]
        assert found[row] == pytest.approx(expected)
        assert relative[row] == pytest.approx(expected / (materials + conversion))
    assert found[firms.block] == pytest.approx(1.2)
    assert relative[firms.block] == pytest.approx(1.0)


def test_thrift_lowers_inputs_links_and_needs_alike(fresh):
    state = fresh().state
    cell, products = state.world.product("B_CELL"), state.world.product_count
    before, links = input_coefficients(state), material_factor_of(state)
    assert (links == 1.0).all()
    state.markets.material_factor = 0.9
    after, links = input_coefficients(state), material_factor_of(state)
    of_cells = np.arange(before.shape[1]) % products == cell
    linked = state.technology.linked[:, cell]
    np.testing.assert_allclose(after[np.ix_(linked, of_cells)], 0.9 * before[np.ix_(linked, of_cells)])
    np.testing.assert_array_equal(after[:, ~of_cells], before[:, ~of_cells])
    np.testing.assert_array_equal(after[~linked], before[~linked])
    buyers = state.firms.product[state.relations.buyer] == cell
    np.testing.assert_array_equal(links, np.where(buyers, 0.9, 1.0))


# --- orders from outside ----------------------------------------------------------------------------------------------


def test_outside_orders_of_the_opening_are_the_table(opening):
    state, elasticity = opening, opening.scenario[Sourcing].outside_elasticity
    orders = outside_orders(state, state.firms.capacity, state.firms.unit_cost, elasticity, np.zeros(len(state.firms)))
    nodes = np.bincount(state.firms.node, orders, minlength=state.node_count)
    led = np.bincount(state.firms.node, leading_rows(state), minlength=state.node_count) > 0
    table = np.maximum(state.technology.base_demand[:, 3], 0.0)
    np.testing.assert_allclose(nodes[~led], table[~led], rtol=1e-9, atol=1e-9)


def test_outside_orders_grow_with_their_market(fresh):
    state = fresh().state
    firms, elasticity = state.firms, state.scenario[Sourcing].outside_elasticity
    none = np.zeros(len(firms))
    before = outside_orders(state, firms.capacity, firms.unit_cost, elasticity, none)
    state.markets.volume *= 1.1
    after = outside_orders(state, firms.capacity, firms.unit_cost, elasticity, none)
    assert before[firms.block].sum() > 0
    np.testing.assert_allclose(after[firms.block], 1.1 * before[firms.block])
    limit = firms.capacity / 1.1
    free = ~firms.block & (before < limit)
    np.testing.assert_allclose(after[free], 1.1 * before[free])
    firms.alive[:] = False
    assert outside_orders(state, firms.capacity, firms.unit_cost, elasticity, none).sum() == 0.0


def test_outside_orders_follow_price_over_cost_and_stop_at_capacity(opening):
    state, firms = opening, opening.firms
    rows = ~firms.block & ~leading_rows(state) & (firms.outside_share > 0) & (firms.outside_share < 0.5)
    none = np.zeros(len(firms))
    base = outside_orders(state, firms.capacity, firms.unit_cost, 2.0, none)
    cheap = outside_orders(state, firms.capacity, firms.unit_cost / 1.1, 2.0, none)
    np.testing.assert_allclose(cheap[rows] / base[rows], 1.21, rtol=1e-12)
    free = outside_orders(state, firms.capacity, firms.unit_cost / 1e6, 2.0, none)
    np.testing.assert_allclose(free[rows], firms.capacity[rows], rtol=1e-12)


def test_outside_orders_do_not_see_prices_at_zero_elasticity(opening):
    state, firms = opening, opening.firms
    none = np.zeros(len(firms))
    one = outside_orders(state, firms.capacity, firms.unit_cost, 0.0, none)
    other = outside_orders(state, firms.capacity, 3.0 * firms.unit_cost, 0.0, none)
    np.testing.assert_array_equal(one, other)


def test_a_leaders_plant_sells_outside_what_home_buyers_left_of_its_orders(opening):
    state, firms = opening, opening.firms
    plants = leading_rows(state)
    asked = np.where(plants, firms.home_sales + 5.0, 0.0)
    orders = outside_orders(state, firms.capacity, firms.unit_cost, 2.0, asked)
    np.testing.assert_allclose(orders[plants], 5.0, rtol=1e-9)
    assert (outside_orders(state, firms.capacity, firms.unit_cost, 2.0, 0.0 * asked)[plants] == 0.0).all()


# --- ablation: no home suppliers --------------------------------------------------------------------------------------


def test_without_home_suppliers_firms_make_their_final_orders_and_buy_all_inputs_outside(fresh):
    """No links and no pool: nothing is multiplied. Value added per output and orders from outside do not move."""
    alone, usual = fresh(without=(SupplierChoice,)), fresh()
    state = alone.state
    state.links.weight[:] = 0.0
    state.technology = replace(state.technology, pool=np.zeros_like(state.technology.pool))
    alone.step()
    usual.step()
    table, other = state.table, usual.state.table
    firms = state.firms
    np.testing.assert_array_equal(table.flows, 0.0)
    assert other.flows.sum() > 0.1 * other.output.sum()
    np.testing.assert_allclose(table.outside_inputs.sum(axis=0), table.output - table.value_added, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(firms.output, np.minimum(firms.orders, alone.state.boards.limit), rtol=1e-9, atol=1e-9)
    made = other.output > 1e-9
    assert (table.output <= other.output * (1 + 1e-9)).all(), "without orders of home producers nobody makes more"
    assert table.output.sum() < 0.95 * other.output.sum()
    both = made & (table.output > 1e-9)
    shares = [each.value_added[both] / each.output[both] for each in (table, other)]
    np.testing.assert_allclose(*shares, rtol=1e-12)
    sold = firms.block | (firms.leader >= 0)  # leaders sell outside what home buyers left, blocks by national income
    np.testing.assert_allclose(firms.outside_orders[~sold], usual.state.firms.outside_orders[~sold], rtol=1e-12)
