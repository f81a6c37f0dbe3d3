"""Productivity by place: neighbours, links, a new leader, crowding; and the trend that the whole country shares."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim import resolvers
from sim.mechanisms import candidates, events, labour, migration, promotion
from sim.mechanisms.agglomeration import (
    NEVER,
    Agglomeration,
    Clusters,
    arrivals,
    chain_ties,
    cluster_log,
    crowding,
    excess,
    link_shares,
    linked_log,
    places,
    spill_receivers,
)
from sim.mechanisms.firms import Exit, Investment, ProductivityNoise
from sim.mechanisms.labour import staff
from sim.mechanisms.production import frontier_jobs, unit_costs
from sim.state import Firms

TABLE = "agglomeration"
OFF = {
    f"{TABLE}.productivity_growth": 0,
    f"{TABLE}.density": 0,
    f"{TABLE}.upstream": 0,
    f"{TABLE}.leader_spill": 0,
    f"{TABLE}.congestion": 0,
}
CALM = (ProductivityNoise, Exit, Investment, candidates.CandidatePool, promotion.Funnel, events.History)


def clusters(model):
    return next(part for part in model.month_list if isinstance(part, Clusters))


def only(**values):
    """All terms off but those given."""
    return OFF | {f"{TABLE}.{name}": value for name, value in values.items()}


# --- formulas by hand -------------------------------------------------------------------------------------------------


def test_link_shares_by_hand():
    """Product 0 buys 0.2 of 1 and 0.6 of 2; product 1 buys 0.3 of 0 and 0.1 of itself; 3 is a block."""
    inputs = np.array(
        [[0.0, 0.3, 0.0, 0.5], [0.2, 0.1, 0.0, 0.5], [0.6, 0.0, 0.0, 0.5], [0.9, 0.9, 0.9, 0.0]],
    )
    technology = SimpleNamespace(inputs=inputs, national_share=np.array([0.5, 0.25, 0.25, 0.0]))
    shares = link_shares(technology, np.array([True, True, True, False]))
    assert shares[0] == pytest.approx([0.0, (0.25 + 1.0) / 2, 0.75 / 2, 0.0])  # buys 1:3, sells to 1 only
    assert shares[1] == pytest.approx([(1.0 + 1.0) / 2, 0.0, 0.0, 0.0])
    assert shares[2] == pytest.approx([0.5, 0.0, 0.0, 0.0])  # buys nothing, sells to 0
    assert shares[3] == pytest.approx(np.zeros(4))


def test_link_shares_of_the_table_leave_out_own_product_and_blocks(opening):
    shares, agent = link_shares(opening.technology, opening.world.agent), opening.world.agent
    assert (np.diag(shares) == 0).all()
    assert (shares >= 0).all()
    assert (shares[:, ~agent] == 0).all()
    assert (shares[~agent] == 0).all()
    np.testing.assert_allclose(shares[agent].sum(axis=1), 1.0)  # every product buys from and sells to some other


def test_neighbours_count_and_oneself_does_not():
    jobs, cell = np.array([100.0, 400.0, 0.0, 70.0]), np.array([2, 2, 2, 5])
    assert np.exp(cluster_log(jobs, cell, 6, 250.0)) == pytest.approx([650.0, 350.0, 750.0, 250.0])


def test_linked_jobs_are_those_of_other_products_in_the_county():
    jobs, node = np.array([100.0, 50.0, 30.0, 8.0]), np.array([0, 1, 1, 3])
    shares = np.array([[0.0, 1.0], [0.5, 0.0]])
    found = np.exp(linked_log(jobs, node, (2, 2), shares, 10.0))
    assert found == pytest.approx(np.array([[90.0, 60.0], [18.0, 10.0]]))


def test_crowding_is_one_at_twice_the_threshold_and_has_an_end():
    assert excess(np.array([0.0, 4.0, 6.0, 8.0, 12.0, 400.0]), 4.0) == pytest.approx([0.0, 0.0, 0.25, 1.0, 4.0, 4.0])


def test_crowding_counts_standing_firms_on_occupied_land():
    firms = Firms()
    firms.append(4, park=[0, 0, 2, -1], alive=[True, False, True, True])
    found = crowding(np.array([80.0, 1e6, 60.0, 1e6]), firms, np.array([10.0, 0.0, 5.0]), 4.0)
    assert found == pytest.approx([1.0, 0.0, 4.0])


def test_the_fringe_stands_with_the_town_plots_of_its_county(opening):
    firms, world = opening.firms, opening.world
    place = places(firms, world)
    fringe = np.flatnonzero(firms.fringe)
    assert [int(place[row]) for row in fringe] == [int(world.town_plots(int(firms.county[row]))) for row in fringe]
    inside = firms.park >= 0
    np.testing.assert_array_equal(place[inside], firms.park[inside])


def test_incumbents_with_a_tied_product_receive_while_the_leader_is_young():
    linked = np.zeros((4, 4), dtype=bool)
    linked[1, 0] = True  # product 0 buys product 1
    ties = chain_ties(linked)
    assert ties[0].tolist() == [True, True, False, False]
    firms = Firms()
    firms.append(
        7,
        county=[0, 0, 0, 0, 1, 0, 0],
        product=[0, 1, 2, 0, 0, 0, 0],
        leader=[-1, -1, -1, -1, -1, 0, 0],
        birth=[-50, 5, -50, 11, -50, 10, 30],
    )
    arrived = arrivals(firms, 2, 2)
    assert arrived.tolist() == [[10, NEVER], [NEVER, NEVER]]
    expected = [True, True, False, False, False, False, False]

    def receive(month):
        return spill_receivers(firms, month, arrived, ties[[0, 2]], 60.0).tolist()

    assert receive(9) == [False] * 7
    assert receive(10) == expected
    assert receive(69) == expected
    assert receive(70) == [False] * 7
    firms.alive[5:] = False
    assert arrivals(firms, 2, 2)[0, 0] == NEVER


# --- the mechanism on the opening position ----------------------------------------------------------------------------


def one_month(fresh, next_month, changes, move):
    """Growth of every firm in a month in which `move` changes the position."""
    model = fresh(changes)
    state = next_month(model.state)
    move(state)
    clusters(model).step(state, model.streams)
    return state, state.boards.cluster_growth


def test_more_neighbours_raise_productivity_by_the_elasticity(fresh, next_month):
    firm = {}

    def double(state):
        firms, cell = state.firms, places(state.firms, state.world) * 24 + state.firms.product
        crowd = np.bincount(cell[~firms.block]).argmax()
        rows = np.flatnonzero((cell == crowd) & ~firms.block)
        firm["rows"], firm["moved"] = rows, rows[0]
        firms.staff[rows[0]] *= 2.0

    state, growth = one_month(fresh, next_month, only(density=0.05, memory=1), double)
    jobs = state.firms.staff
    rows, moved = firm["rows"], firm["moved"]
    total = jobs[rows].sum()
    others = rows[rows != moved]
    before = total - jobs[moved] / 2 - jobs[others]
    np.testing.assert_allclose(growth[others], 0.05 * np.log((250 + total - jobs[others]) / (250 + before)), rtol=1e-9)
    assert (growth[others] > 0).all()
    assert abs(growth[moved]) < 1e-15
    assert np.abs(np.delete(growth, others)).max() < 1e-15


def test_settling_spreads_a_change_over_months(fresh, next_month):
    model = fresh(only(density=0.05, memory=12))
    state = next_month(model.state)
    before = state.firms.settled_jobs.copy()
    state.firms.staff = state.firms.staff * 2.0
    clusters(model).step(state, model.streams)
    np.testing.assert_allclose(state.boards.settled_jobs, before * (1 + 1 / 12))


def test_a_linked_industry_that_grows_helps_its_customers_in_the_county_only(fresh, next_month):
    def cathodes(state):
        world, firms = state.world, state.firms
        home = firms.product == world.product("S_MELT")
        firms.staff = np.where(home, firms.staff * 3.0, firms.staff)

    state, growth = one_month(fresh, next_month, only(upstream=0.03, memory=1), cathodes)
    world, firms = state.world, state.firms
    counties = np.unique(firms.county[(firms.product == world.product("S_MELT")) & (firms.output > 0)])
    rolling = (firms.product == world.product("S_ROLL")) & firms.alive
    there = np.isin(firms.county, counties)
    assert (growth[rolling & there] > 0).all()
    assert (growth[firms.product == world.product("S_MELT")] == 0).all()
    assert np.abs(growth[~there]).max() == 0


def test_crowding_costs_what_it_says_and_comes_back(fresh, next_month):
    def more(state):
        state.parks.occupied = state.parks.occupied / 4.0

    state, growth = one_month(fresh, next_month, only(congestion=0.04, memory=1), more)
    firms = state.firms
    inside = (firms.park >= 0) & firms.alive
    change = state.boards.crowding - state.parks.crowding
    assert (change[np.unique(firms.park[inside])] > 0).all()
    np.testing.assert_allclose(growth[inside], -0.04 * change[firms.park[inside]])
    assert (growth[~inside] == 0).all()


def test_a_new_industry_starts_without_a_jump_and_one_neighbour_is_no_infinite_gain(fresh, next_month):
    rows = []

    def found(state):
        world = state.world
        park, product = world.parks.index(world.parks[0]), world.product("C_CATH")
        county = int(world.park_county[park])
        common = {"county": county, "park": park, "product": product, "node": county * world.product_count + product}
        rows.extend(state.firms.append(1, **common, staff=6000.0, birth=state.month))

    _, growth = one_month(fresh, next_month, only(density=0.05, memory=1), found)
    assert growth[rows[0]] == 0.0

    def join(state):
        found(state)
        found(state)
        state.firms.settled_jobs[rows[-2]] = 0.0

    rows.clear()
    _, growth = one_month(fresh, next_month, only(density=0.12, memory=1), join)
    assert growth[rows[0]] == pytest.approx(0.12 * np.log((250 + 6000) / 250))
    assert growth[rows[0]] < 0.4  # the worst that 6,000 jobs out of nothing, taken in at once, can do


def test_productivity_depends_on_where_jobs_stand_and_not_on_the_way(fresh):
    """Sum of the monthly changes = elasticity x difference of the logs, for every firm there from the start."""
    model = fresh(only(density=0.08, upstream=0.04), without=(ProductivityNoise,))
    state, part = model.state, clusters(model)
    rows = len(state.firms)
    start = np.log(state.firms.productivity[:rows])

    def level():
        firms, world = state.firms, state.world
        cell = places(firms, world) * 24 + firms.product
        own = cluster_log(firms.settled_jobs, cell, len(world.parks) * 24, 250.0)
        linked = linked_log(firms.settled_jobs, firms.node, (10, 24), part.shares, 250.0)
        return (0.08 * own + 0.04 * linked.reshape(-1)[firms.node])[:rows]

    before = level()
    for _ in range(40):
        model.step()
    kept = state.firms.alive[:rows] & ~state.firms.block[:rows]
    gain = np.log(state.firms.productivity[:rows]) - start
    np.testing.assert_allclose(gain[kept], (level() - before)[kept], rtol=1e-9, atol=1e-12)
    assert np.abs(gain[kept]).max() > 0.01
    assert (state.firms.productivity[:rows][state.firms.block[:rows]] == 1.0).all()


@pytest.mark.parametrize(("gain", "months"), [(0.06, 60), (0.12, 36), (0.12, 60)])
def test_a_new_leader_gives_incumbents_its_gain_in_all_and_no_more(fresh, next_month, gain, months):
    model = fresh(only(leader_spill=gain, leader_age_max=months))
    state, part, world = model.state, clusters(model), model.world
    county, oem = world.county("FA"), world.product("V_OEM")
    state.firms.append(1, county=county, park=0, product=oem, node=county * 24 + oem, leader=3, birth=1)
    total = np.zeros(len(state.firms))
    for _ in range(months + 24):
        next_month(state)
        part.step(state, model.streams)
        total += state.boards.cluster_growth
    firms = state.firms
    parts = (firms.county == county) & np.isin(firms.product, [world.product(each) for each in ("V_BODY", "V_PWTR")])
    assert parts.any()
    np.testing.assert_allclose(total[parts], gain)
    food = (firms.county == county) & (firms.product == world.product("FOOD"))
    assert np.abs(total[food]).max() == 0
    assert total.max() <= 0.12 + 1e-12


# --- the trend --------------------------------------------------------------------------------------------------------


def test_the_shared_trend_saves_labour_and_moves_nothing_else(fresh):
    """Jobs per output of firms fall by the trend; costs, prices and productivity against the frontier do not move."""
    settled = (*CALM, labour.Wages, migration.Migration)
    trend = fresh(only(productivity_growth=0.03) | {"run.world": "flat"}, without=settled)
    clusters(trend).trend = 0.03  # a flat world has none of its own
    still = fresh(OFF | {"run.world": "flat"}, without=settled)
    for model in (trend, still):  # equal wages: else less labour also makes their differences smaller
        model.state.counties.wage[:] = model.state.wage_reference
        for _ in range(24):
            model.step()
    one, two = trend.state, still.state
    for name in ("unit_cost", "relative_cost", "productivity"):
        np.testing.assert_array_equal(getattr(one.firms, name), getattr(two.firms, name), err_msg=name)
    np.testing.assert_array_equal(one.markets.price, two.markets.price)
    assert one.firms.output.sum() == pytest.approx(two.firms.output.sum(), rel=0.02), "less pay, less local demand"
    made = ~one.firms.block & (two.firms.staff > 0)
    needed = [staff(state.firms, two.firms.output) for state in (one, two)]
    np.testing.assert_allclose(needed[0][made], np.exp(-0.03 * 2.0) * needed[1][made], rtol=1e-12)
    np.testing.assert_array_equal(needed[0][one.firms.block], needed[1][one.firms.block])
    assert one.firms.staff[made].sum() < 0.96 * two.firms.staff[made].sum()
    assert one.firms.surplus[made].sum() > two.firms.surplus[made].sum()


def test_a_new_plant_has_the_labour_productivity_of_its_day(fresh):
    model = fresh(only(productivity_growth=0.03))
    for _ in range(24):
        model.step()
    firms, technology = model.state.firms, model.state.technology
    young = np.flatnonzero((firms.birth == firms.birth.max()) & (firms.birth > 0))
    assert len(young)
    expected = technology.jobs[firms.product[young]] * np.exp(-0.03 * 2.0)
    np.testing.assert_allclose(firms.jobs_intensity[young], expected, rtol=1e-9)
    np.testing.assert_allclose(frontier_jobs(model.state)[firms.product[young]], expected, rtol=1e-9)


def test_a_better_place_makes_cheaper_and_the_trend_does_not(fresh):
    model = fresh()
    state = model.state
    _, before = unit_costs(state)
    state.markets.frontier = np.where(state.world.agent, 1.3, 1.0)
    state.firms.jobs_intensity = state.firms.jobs_intensity / state.markets.frontier[state.firms.product]
    _, after = unit_costs(state)
    mean = state.counties.wage[state.firms.county] == state.counties.wage.mean()
    np.testing.assert_allclose(after[mean], before[mean])
    state.firms.productivity = state.firms.productivity * 1.1
    _, better = unit_costs(state)
    made = state.world.agent[state.firms.product]
    assert (better[made] < before[made]).all()


# --- absence ----------------------------------------------------------------------------------------------------------


def test_neutral_parameters_are_the_run_without_it(fresh):
    neutral, absent, active = fresh(OFF), fresh(OFF, without=(Clusters,)), fresh()
    for model in (neutral, absent, active):
        for _ in range(18):
            model.step()
    for name, values in absent.recorder.arrays.items():
        np.testing.assert_array_equal(values, neutral.recorder.arrays[name], err_msg=name)
    assert (active.recorder.arrays["output"] != absent.recorder.arrays["output"]).any()


def test_exits_and_births_never_move_productivity_by_more_than_some_percent_a_month(fresh):
    model = fresh()
    largest = 0.0
    for month in range(30):
        model.step()
        if month == 15:
            leaver = int(
                np.argmax(
                    np.where(
                        model.state.firms.fringe | model.state.firms.block,
                        0,
                        staff(model.state.firms, model.state.firms.output),
                    )
                )
            )
            model.state.ledger = resolvers.open_ledger(model.state)
            resolvers.close_firms(model.state, np.array([leaver]))
        largest = max(largest, float(np.abs(model.state.boards.cluster_growth).max()))
    assert 0.0005 < largest < 0.03


def test_parameters_stand_in_their_ranges(baseline):
    settings = baseline[Agglomeration]
    assert settings.productivity_growth == 0.015
    assert settings.leader_spill <= 0.12
