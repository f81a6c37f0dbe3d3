"""The opening position: firms give back the table, entry balances exit, a bad start is refused."""

import numpy as np
import pytest

import sim
from sim.inputoutput.tables import Table
from sim.mechanisms.sourcing import Sourcing, relative_cost, target_shares, utility
from sim.model import NingdeModel
from sim.opening import position
from sim.opening.position import ENTRY_BAND, entry_balance
from sim.opening.table import opening_table
from sim.opening.totals import OpeningError, opening_totals
from sim.settings import InputOutput, Opening


@pytest.fixture(scope="module")
def model() -> NingdeModel:
    return NingdeModel(sim.load("baseline"), seed=11)


@pytest.fixture(scope="module")
def table(model) -> Table:
    share = model.plan.tables["demand"]["nev_share_local"]
    return opening_table(model.plan[Opening], model.plan[InputOutput], share).table


def test_firms_add_up_to_the_totals(model):
    totals = opening_totals(model.plan[Opening], model.plan[InputOutput])
    firms = model.state.firms
    found = np.bincount(firms.node, firms.output * 12, minlength=model.state.node_count)
    np.testing.assert_allclose(found, totals.output.ravel(), rtol=1e-9)


def test_links_and_pool_cover_each_flow_of_the_table_once(model, table):
    """Aggregated links + pool = home flows of the opening table, cell by cell."""
    state = model.state
    size, firms, links, relations = state.node_count, state.firms, state.links, state.relations
    buyer = relations.buyer[links.relation]
    flow = relations.coefficient[links.relation] * links.weight * firms.output[buyer] * 12
    cells = firms.node[links.supplier] * size + firms.node[buyer]
    linked = np.bincount(cells, flow, minlength=size * size).reshape(size, size)
    pooled = state.technology.pool * table.output[:size]
    np.testing.assert_allclose(linked + pooled, table.intermediate[:size, :size], rtol=1e-9, atol=1e-6)


def test_every_opening_link_stands_at_its_target(model):
    """V and O are set so that s* = w: nothing moves by itself."""
    state = model.state
    links, relations, firms = state.links, state.relations, state.firms
    buyer = relations.buyer[links.relation]
    cost = relative_cost(state, links.supplier, buyer, model.plan[Sourcing])
    key = state.world.key[relations.product[links.relation]]
    value = utility(cost, firms.quality[links.supplier], key, links.weight > 0, model.plan[Sourcing])
    attraction = links.taste * firms.capacity[links.supplier] * np.exp(value)
    share = target_shares(attraction, links.relation, relations.option)
    np.testing.assert_allclose(share, links.weight, rtol=1e-9, atol=1e-15)


def test_named_leaders_stand_where_they_stand(model):
    """CATL in Dongqiao, ATL there and in Jiaocheng, Qingtuo in Fuan."""
    firms, world = model.state.firms, model.world
    where = {
        (model.leader_names[g], world.counties[c]) for g, c in zip(firms.leader, firms.county, strict=True) if g >= 0
    }
    assert where == {("CATL", "DQ"), ("ATL", "DQ"), ("ATL", "JC"), ("QINGTUO", "FA")}


def test_land_of_the_opening_is_conserved_and_parks_are_not_overfull(model):
    parks, world = model.state.parks, model.world
    named = slice(0, len(world.parks) - world.county_count)
    assert (parks.occupied[named] <= 0.9 * parks.developed[named] + 1e-6).all()
    firms = model.state.firms
    held = np.bincount(firms.park[firms.park >= 0], firms.land[firms.park >= 0], minlength=len(world.parks))
    np.testing.assert_allclose(held, parks.occupied, rtol=1e-9, atol=1e-6)
    smelters = firms.alive & (firms.product == world.product("S_MELT")) & (firms.park >= 0) & ~firms.fringe
    port = world.park_port[firms.park[smelters]]
    town = firms.park[smelters] >= len(world.parks) - world.county_count
    assert (port | town).all()


def test_sizes_have_a_fat_tail(model):
    """Hill exponent of the largest fifth of drawn firms near the published one (0.9 to 1.3)."""
    firms = model.state.firms
    size = np.sort(firms.output[firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0)] * 12)[::-1]
    top = size[: len(size) // 5]
    assert 0.85 < 1.0 / np.log(top[:-1] / top[-1]).mean() < 1.4
    assert size.min() >= 20.0 * 0.98
    assert 900 <= len(size) <= 1010


def test_normal_entry_balances_exit(model):
    low, high = ENTRY_BAND
    assert low <= entry_balance(model.state) <= high
    assert not model.state.events


def test_an_unbalanced_entry_names_the_rate_that_balances():
    plan = sim.load("baseline").replace({"promotion.normal_entry": 0.03}, name="few")
    (remark,) = NingdeModel(plan, 11).state.events
    assert "would balance" in remark


def test_firms_that_do_not_give_back_the_table_stop_the_build(monkeypatch):
    """A wrong share of outside sales is found county-node by county-node."""
    honest = position._outside_sales

    def spoiled(state):
        honest(state)
        state.firms.outside_share[200:400] *= 1.5

    monkeypatch.setattr(position, "_outside_sales", spoiled)
    with pytest.raises(OpeningError, match="do not give back the table"):
        NingdeModel(sim.load("baseline"), 11)
