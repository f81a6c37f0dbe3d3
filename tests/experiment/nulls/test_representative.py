import numpy as np
import pytest

from sim.experiment.nulls import NULLS
from sim.experiment.nulls.representative import (
    ExpectedExit,
    RepresentativeModel,
    outside_sales,
    represented,
    together,
)
from sim.mechanisms.firms import YOUNG, Firms, exit_probability
from sim.mechanisms.sourcing import nameplate
from sim.state import Stage, trailing_mean
from sim.sums import median, sum_by

LONG = 20
"""Months until plants that were leads in the first months have come into production."""


@pytest.fixture(scope="module")
def merged(short):
    """The merged opening; no test may change it."""
    return RepresentativeModel(short, 1)


@pytest.fixture(scope="module")
def grown(short):
    """Some months on, with rows, county-nodes that have one, and slots of luck after each."""
    model, seen = RepresentativeModel(short, 1), []
    for _ in range(LONG):
        model.step()
        whom = represented(model.state)
        nodes = model.state.firms.node[whom]
        seen.append((len(nodes), len(set(nodes.tolist())), model.state.slots))
    return model, seen


def test_the_opening_has_one_firm_a_county_and_product(merged, opening):
    whom = represented(merged.state)
    nodes = merged.state.firms.node[whom]
    assert len(nodes) == len(set(nodes.tolist()))
    assert set(nodes.tolist()) == set(opening.state.firms.node[represented(opening.state)].tolist())
    assert (merged.state.firms.leader >= 0).sum() == (opening.state.firms.leader >= 0).sum()


@pytest.mark.parametrize("name", ["output", "capacity", "capital", "land", "staff", "cash", "debt", "orders"])
def test_merging_moves_no_sum_of_a_county_and_product(merged, opening, name):
    one, other = (
        sum_by(model.state.firms.node, getattr(model.state.firms, name), model.state.node_count)
        for model in (merged, opening)
    )
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


def test_merging_leaves_free_and_undeveloped_land_of_every_park(merged, opening):
    one, other = merged.state.parks, opening.state.parks
    np.testing.assert_allclose(one.free, other.free, atol=1e-8)
    np.testing.assert_allclose(one.planned - one.developed, other.planned - other.developed, atol=1e-8)
    assert (one.occupied != other.occupied).any()


def test_what_the_outside_buys_is_what_it_bought_of_the_parts(merged, opening):
    sales = []
    for model in (merged, opening):
        state = model.state
        capacity = np.where(state.firms.leader < 0, nameplate(state, np.arange(len(state.firms))), 0.0)
        capacity[state.firms.block] = 0.0
        sales.append(sum_by(state.firms.node, outside_sales(state, capacity), state.node_count))
    np.testing.assert_allclose(*sales, rtol=1e-9, atol=1e-9)


def test_the_first_month_is_nearly_that_of_the_full_model(grown, full):
    """The opening table is given back; what differs are options that have moved with their markets."""
    one, other = (model.recorder.arrays["output"][0] for model in (grown[0], full))
    assert np.abs(one - other).max() < 1e-3 * other.max()
    assert np.abs(one - other).sum() < 1e-3 * other.sum()


def test_plants_that_come_are_merged_every_month(grown):
    model, seen = grown
    assert all(rows == nodes for rows, nodes, _ in seen)
    projects = model.state.projects
    done = (projects.stage == Stage.DONE) & (projects.graft < 0) & (projects.leader < 0)
    assert done.sum() > 5, "entry was not switched off"
    firms = model.state.firms
    gone = ~firms.alive
    assert gone.sum() > 5
    assert not firms.capital[gone].any()
    assert not firms.output[gone].any()


def test_firms_that_become_one_keep_capacity_and_jobs(opening):
    state = opening.state
    firms, capacity = state.firms, nameplate(opening.state, np.arange(len(opening.state.firms)))
    node = np.bincount(firms.node[represented(state)]).argmax()
    rows = np.flatnonzero(represented(state) & (firms.node == node))
    assert len(rows) > 5
    one = together(firms, rows, capacity, 0)
    made = one["capital"] / one["capital_intensity"] * one["productivity"] / 12.0
    assert made == pytest.approx(capacity[rows].sum(), rel=1e-12)
    jobs = firms.jobs_intensity[rows] * capacity[rows] / firms.productivity[rows]
    assert one["jobs_intensity"] * made / one["productivity"] == pytest.approx(jobs.sum(), rel=1e-12)
    assert firms.quality[rows].min() < one["quality"] < firms.quality[rows].max()


def test_exit_takes_in_expectation_what_chance_would_take_at_the_opening(opening, short):
    state, settings = opening.state, short[Firms]
    firms, exits = state.firms, ExpectedExit.of(state)
    rows = np.flatnonzero(represented(state))
    chance = exit_probability(
        trailing_mean(firms.margin12)[rows],
        firms.output[rows] / median(firms.output[rows]),
        -firms.birth[rows] < YOUNG,
        settings,
    )
    exits.look(state)
    expected = sum_by(firms.product[rows], chance * firms.capacity[rows], state.world.product_count)
    lost = sum_by(firms.product, exits.share * firms.capacity, state.world.product_count)
    np.testing.assert_allclose(lost, expected, rtol=1e-9)
    assert (exits.monthly > 0).all(), "a product without firms has the rate of the median"


def test_a_falling_margin_makes_more_close(short):
    model = RepresentativeModel(short, 1)
    exits = model.investment.exits
    exits.look(model.state)
    before = exits.share.copy()
    model.state.firms.margin12 -= 0.1
    exits.look(model.state)
    some = before > 0
    np.testing.assert_allclose(exits.share[some], before[some] * np.exp(0.1 * short[Firms].exit_profit), rtol=1e-9)


def test_land_of_what_is_lost_falls_idle(short):
    model = RepresentativeModel(short, 1)
    state, exits = model.state, model.investment.exits
    exits.look(state)
    before = state.firms.land.sum(), state.parks.idle.sum(), state.parks.occupied.sum()
    exits.give_back_land(state, exits.share * state.firms.capital)
    lost = before[0] - state.firms.land.sum()
    assert lost > 0
    assert state.parks.idle.sum() - before[1] == pytest.approx(lost)
    assert before[2] - state.parks.occupied.sum() == pytest.approx(lost)


def test_the_luck_is_that_of_the_full_model(grown, full):
    """Candidates of each month, and the world."""
    model, seen = grown
    months = full.state.month
    assert seen[months - 1][2] == full.state.slots
    volume = (each.recorder.arrays["world_volume"][:months] for each in (model, full))
    np.testing.assert_array_equal(*volume)


def test_it_is_the_same_every_time(grown, short):
    again = NULLS["representative_firm"].build(short, 1).model
    for _ in range(2):
        again.step()
    for name, values in grown[0].recorder.arrays.items():
        np.testing.assert_array_equal(again.recorder.arrays[name][:2], values[:2], err_msg=name)
