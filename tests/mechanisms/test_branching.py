"""Second sites of incumbents whose plot and park are full (model description, section 9.13)."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.firms import Branching, capital_elsewhere, missing_capital, room_for_capital
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.promotion import Funnel, rank_within
from sim.settings import Projects
from sim.state import Channel, Stage


def part_of(model, kind):
    return next(part for part in model.month_list if isinstance(part, kind))


def eager(model, row, short):
    """A firm sold out for a year at a good margin, on a full plot in a park without free land, that lacks ``short``."""
    state, firms = model.state, model.state.firms
    park = firms.park[row]
    state.parks.developed[park] -= state.parks.free[park]
    firms.plot[row] = firms.capital[row] / 1.5
    firms.utilisation12[row], firms.margin12[row] = 1.0, 0.3
    target = model.state.scenario[Leaders].utilisation_target
    wanted = (firms.capital[row] + short) * target * firms.productivity[row] / firms.capital_intensity[row]
    firms.orders12[row] = wanted / 12.0


@pytest.fixture
def chain_row():
    def find(model):
        firms, world = model.state.firms, model.world
        named = firms.park < len(model.state.parks.planned) - world.county_count
        mine = firms.alive & ~firms.fringe & ~firms.block & (firms.leader < 0) & (firms.park >= 0) & named
        return int(np.flatnonzero(mine & world.chain_product[firms.product])[0])

    return find


def branches(model):
    part_of(model, Branching).step(model.state, Streams(1))
    return model.state.boards.branches


def test_what_plot_park_and_other_sites_do_not_take_is_looked_for_elsewhere(fresh, next_month, chain_row):
    model = fresh()
    state = next_month(model.state)
    row, firms = chain_row(model), state.firms
    smallest = Projects().size_bump_mean
    eager(model, row, 500.0)
    assert missing_capital(state, part_of(model, Branching).firms, part_of(model, Branching).target)[row] == (
        pytest.approx(500.0)
    )
    assert branches(model)[row] == pytest.approx(500.0)
    firms.plot[row] = (firms.capital[row] + 100.0) / 1.5
    assert branches(model)[row] == pytest.approx(400.0), "the plot takes a part"
    firms.land[row] = 50.0
    park = firms.park[row]
    state.parks.developed[park] += 10.0
    assert room_for_capital(state, 1.5)[row] == pytest.approx(100.0 + 10.0 * 1.5 * firms.plot[row] / 50.0)
    state.parks.developed[park] -= 10.0
    state.projects.append(1, stage=Stage.BUILD, parent=row, investment=150.0, channel=Channel.BRANCH)
    state.projects.append(1, stage=Stage.LOST, parent=row, investment=999.0, channel=Channel.BRANCH)
    firms.append(1, alive=True, parent=row, capital=100.0)
    assert capital_elsewhere(state)[row] == pytest.approx(250.0)
    assert branches(model)[row] == pytest.approx(150.0)
    firms.capital[-1] = 100.0 + 150.0 - smallest + 1.0
    assert branches(model)[row] == 0.0, "too little for a site of its own"


@pytest.mark.parametrize(
    ("column", "value"), [("utilisation12", 0.5), ("margin12", -0.1), ("fringe", True), ("leader", 0), ("alive", False)]
)
def test_who_would_not_expand_at_home_does_not_elsewhere(fresh, next_month, chain_row, column, value):
    model = fresh()
    next_month(model.state)
    row = chain_row(model)
    eager(model, row, 500.0)
    getattr(model.state.firms, column)[row] = value
    assert branches(model)[row] == 0.0


def test_sites_take_the_luck_of_candidates_left_over_who_lacks_most_first(fresh):
    """Leads of promotion stay the same to the bit; candidates = leads + thinned; no candidate is used twice."""
    model = fresh()
    while not model.state.boards.leads:
        model.step()
    state, funnel, pool = model.state, part_of(model, Funnel), model.state.boards.candidates
    state.boards.leads.clear()
    state.boards.branches = None
    funnel.step(state, Streams(1))
    plain = state.boards.leads.pop()
    product = int(np.bincount(np.delete(pool.product, plain["candidate"])).argmax())
    spare = np.setdiff1d(np.flatnonzero(pool.product == product), plain["candidate"])
    asking = np.flatnonzero(state.firms.product == product)[: len(spare) + 2]
    lack = np.zeros(len(state.firms))
    lack[asking] = 100.0 + np.arange(len(asking))
    state.boards.branches = lack
    funnel.step(state, Streams(1))
    leads = state.boards.leads[0]
    for name, values in plain.items():
        np.testing.assert_array_equal(leads[name][: len(values)], values)
    new = leads["channel"] == Channel.BRANCH
    assert new.sum() == len(spare)
    np.testing.assert_array_equal(leads["candidate"][new], spare)
    np.testing.assert_array_equal(leads["parent"][new], asking[::-1][: len(spare)])
    np.testing.assert_allclose(leads["investment"][new], lack[leads["parent"][new]])
    np.testing.assert_array_equal(leads["slot"][new], pool.slot[spare])
    assert len(pool) == len(leads["product"]) + state.boards.thinned


def test_rank_within_a_group():
    assert rank_within(np.array([3, 1, 3, 3, 1], dtype=np.int64)).tolist() == [0, 0, 1, 2, 1]
    assert rank_within(np.zeros(0, dtype=np.int64)).tolist() == []


def test_a_firm_without_room_grows_on_another_site(fresh, chain_row):
    """Ablation: the same firm without `Branching` stays where it is."""
    found, months = {}, 60
    for without in ((), (Branching,)):
        model = fresh(without=without)
        row = chain_row(model)
        state = model.state
        projects, firms = state.projects, state.firms
        for month in range(months):
            eager(model, row, 800.0)
            model.step()
            projects.failure_luck[projects.parent == row] = 0.0  # signed projects do not fail
            if (firms.parent == row).any():
                months = month + 1  # the other run need not be longer
                break
        found[without] = projects.parent == row
        if not without:
            sites = np.flatnonzero(firms.parent == row)
            assert len(sites)
            assert (firms.park[sites] != firms.park[row]).all()
            np.testing.assert_array_equal(firms.product[sites], firms.product[row])
            under_way = projects.investment[found[()] & (projects.stage >= 1) & (projects.stage <= 3)].sum()
            assert firms.capital[sites].sum() + under_way < 801.0, "no more than it lacks"
    assert found[()].any()
    assert not found[(Branching,)].any()
