"""Firms and table are one: what happens to firms is what happens to the table, as a computation by hand predicts."""

import copy

import numpy as np
import pytest

import sim
from sim import accounts, resolvers
from sim.inputoutput.rationing import solve
from sim.mechanisms import Phase
from sim.mechanisms.production import local_final_demand, network_of
from sim.model import NingdeModel
from sim.statistics import local_share_realised
from tests.runs import aged


@pytest.fixture(scope="module")
def grown() -> NingdeModel:
    """The baseline at the end of 2021, when suppliers have come."""
    return aged(96, 2)


def produce_again(model):
    """Repeat the PRODUCE phase of the month on the state as it is now."""
    for part in model.month_list:
        if part.phase == Phase.PRODUCE:
            part.step(model.state, model.streams)
    resolvers.resolve_produce(model.state, model.streams)


def by_hand(state):
    """Output of every row and the county-node flows from first principles: dense matrices and a plain loop."""
    firms, links, relations, world = state.firms, state.links, state.relations, state.world
    rows, nodes, products = len(firms), state.node_count, world.product_count
    share = np.zeros(rows)
    for node in range(nodes):
        here = np.flatnonzero((firms.node == node) & firms.alive)
        weight = np.where(firms.block[here], 1.0, state.boards.capacity[here])
        if len(here) and weight.sum() > 0:
            share[here] = weight / weight.sum()
    matrix = np.zeros((rows, rows))
    cell = world.product("B_CELL")
    for supplier, relation, weight in zip(links.supplier, links.relation, links.weight, strict=True):
        buyer = relations.buyer[relation]
        thrift = state.markets.material_factor if firms.product[buyer] == cell else 1.0
        matrix[supplier, buyer] += relations.coefficient[relation] * thrift * weight
    matrix += share[:, None] * state.technology.pool[np.ix_(firms.node, firms.node)]
    final = local_final_demand(state).sum(axis=1)[firms.node] * share + state.boards.outside_demand
    final = np.maximum(final, 0.0)
    limit = state.boards.limit
    output = np.zeros(rows)
    for _ in range(400):
        output = np.minimum(limit, matrix @ output + final)
    wanted = matrix @ output
    served = np.minimum(1.0, np.divide(output, wanted, out=np.ones(rows), where=wanted > 0))
    flows = served[:, None] * matrix * output[None, :]
    gather = np.zeros((nodes, rows))
    gather[firms.node, np.arange(rows)] = 1.0
    makers = np.flatnonzero(firms.alive & (firms.leader >= 0) & (firms.product == cell))
    goods = [k for k in range(products) if world.chain_product[k] and state.technology.inputs[k, cell] > 0]
    bought = sum(flows[firms.product == good][:, makers].sum() for good in goods)
    thrift = state.markets.material_factor
    need = sum((state.technology.inputs[good, firms.node[makers]] * thrift * output[makers]).sum() for good in goods)
    return output, gather @ flows @ gather.T, bought / need


def cell_multiplier(flows, output, world):
    """Mean home output multiplier (type I) of cells over counties, weighted by their output."""
    safe = np.where(output > 0, output, 1.0)
    inverse = np.linalg.inv(np.eye(len(output)) - flows / safe[None, :])
    cells = np.arange(world.product("B_CELL"), len(output), world.product_count)
    return float(np.average(inverse.sum(axis=0)[cells], weights=output[cells]))


def test_the_model_solves_what_the_hand_solves(grown):
    model = copy.deepcopy(grown)
    produce_again(model)
    output, flows, share = by_hand(model.state)
    np.testing.assert_allclose(model.state.firms.output, output, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.state.table.flows, flows, rtol=1e-8, atol=1e-9)
    assert local_share_realised(model.state) == pytest.approx(share, rel=1e-8)


def test_deleting_ten_suppliers_lowers_multiplier_and_local_share_as_predicted(grown):
    model = copy.deepcopy(grown)
    produce_again(model)
    state, world = model.state, model.world
    before = cell_multiplier(state.table.flows, state.table.output, world), local_share_realised(state)
    battery = world.chain[state.firms.product] == world.chains.index("BAT")
    suppliers = state.firms.alive & battery & (state.firms.leader < 0) & ~state.firms.fringe
    ten = np.argsort(-np.where(suppliers, state.firms.home_sales, -1.0))[:10]
    assert suppliers[ten].all()
    state.ledger = resolvers.open_ledger(state)
    resolvers.close_firms(state, ten)
    produce_again(model)
    output, flows, share = by_hand(state)
    assert (output[ten] == 0).all()
    predicted = cell_multiplier(flows, np.bincount(state.firms.node, output, minlength=state.node_count), world), share
    after = cell_multiplier(state.table.flows, state.table.output, world), local_share_realised(state)
    np.testing.assert_allclose(after, predicted, rtol=1e-8)
    assert after[0] < before[0] - 0.01
    assert after[1] < before[1] - 0.02
    accounts.check_rows(state)
    accounts.check_columns(state)
    model.step()
    assert local_share_realised(model.state) < before[1]


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
def test_the_fixed_point_is_the_same_from_above_and_below(grown, factor):
    model = copy.deepcopy(grown)
    produce_again(model)
    state = model.state
    network = network_of(state, state.firms.capacity)
    final = local_final_demand(state)[state.firms.node].sum(axis=1) * network.share + state.boards.outside_demand
    start = state.firms.output * factor
    output, _ = solve(network, state.boards.limit, np.maximum(final, 0.0), start, 1e-13)
    np.testing.assert_allclose(output, state.firms.output, rtol=1e-8, atol=1e-8)


def test_coefficients_move_after_entry(grown):
    """The core is not decorative: home coefficients of the cell columns are not those of the opening."""
    opening = NingdeModel(sim.load("baseline"), seed=2)
    opening.step()
    world = opening.world
    cells = np.arange(world.product("B_CELL"), opening.state.node_count, world.product_count)

    def local(model):
        table = model.state.table
        return table.flows[:, cells].sum() / table.output[cells].sum()

    assert local(grown) > 1.5 * local(opening)


def test_the_opening_is_the_table():
    """Firm sums of the first month stay at the opening table where demand has not moved yet (flat world)."""
    flat = sim.load("baseline").replace({"run.world": "flat"}, name="flat")
    model = NingdeModel(flat, seed=7)
    before = np.bincount(model.state.firms.node, model.state.firms.output, minlength=model.state.node_count)
    model.step()
    after = model.state.table.output
    large = before > 0.01 * before.sum()
    np.testing.assert_allclose(after[large], before[large], rtol=0.02)
    assert after.sum() == pytest.approx(before.sum(), rel=5e-3)
