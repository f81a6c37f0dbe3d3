"""Roads: minutes fall as works are done and paid, everybody who reads minutes sees it, and builders are paid."""

import numpy as np
import pytest

from sim.accounts import check_all
from sim.experiment.witness import utility_terms
from sim.mechanisms.construction import Building
from sim.mechanisms.fiscal import Fiscal
from sim.mechanisms.infrastructure import (
    RoadCosts,
    RoadWorks,
    between_counties,
    direct_roads,
    road_orders,
    shortened,
    work_done,
)
from sim.mechanisms.labour import Labour
from sim.mechanisms.leaders import Expansion
from sim.mechanisms.location import Location, base_utility, market_access, needs_by_county, relative_prices
from sim.mechanisms.sourcing import Sourcing, SupplierChoice, delivery_cost, potential_coverage
from sim.model import NingdeModel
from sim.resolvers import open_ledger
from sim.resolvers.building import resolve_build
from sim.state import SPENDING_ITEMS, Boards, Roads, Stage

CHEAP = {"infrastructure.cost_per_minute": 200}


def part(model, kind):
    return next(each for each in model.month_list if isinstance(each, kind))


# --- formulas ---------------------------------------------------------------------------------------------------------


def test_a_way_through_a_third_county_is_no_road_of_its_own():
    minutes = np.array([[10.0, 30.0, 62.0], [30.0, 10.0, 30.0], [62.0, 30.0, 10.0]])
    own = np.arange(3)
    assert np.argwhere(direct_roads(minutes, own, 0.15)).tolist() == [[0, 1], [1, 2]]
    minutes[0, 2] = minutes[2, 0] = 40.0
    assert direct_roads(minutes, own, 0.15).sum() == 3
    assert direct_roads(minutes, own, 0.6).sum() == 2


def test_regions_of_one_county_count_once():
    minutes = np.array([[10.0, 15.0, 60.0], [15.0, 10.0, 60.0], [60.0, 60.0, 10.0]])
    official = np.array([0, 0, 2])
    assert np.argwhere(direct_roads(minutes, official, 0.15)).tolist() == [[0, 2]]
    assert not between_counties(official)[0, 1]
    assert between_counties(official)[1, 2]


def test_works_take_their_months():
    """What is left of the first, a part of the next; with half of the money half a part, as long as so much is left."""
    roads = Roads(np.array([0.09, 0.18]), np.array([0.002, 0.18]))
    assert work_done(roads, 36.0, 1.0) == pytest.approx([0.002, 0.005])
    assert work_done(roads, 36.0, 0.5) == pytest.approx([0.00125, 0.0025])
    assert work_done(roads, 36.0, 0.9) == pytest.approx([0.002, 0.0045]), "the rest is finished, it does not dwindle"


def test_minutes_are_cut_between_counties_only():
    minutes = np.array([[12.0, 60.0], [60.0, 20.0]])
    cut = shortened(minutes, between_counties(np.arange(2)), 0.1)
    assert cut.tolist() == [[12.0, 54.0], [54.0, 20.0]]


def test_builders_of_both_ends_are_ordered(opening):
    world = opening.world
    direct = direct_roads(world.minutes, world.official, 0.15)
    orders = road_orders(world, direct, 100.0)
    assert orders.sum() == pytest.approx(100.0)
    assert orders[:, world.product("CONS")].sum() == pytest.approx(100.0)
    assert orders[world.county("DQ")].sum() == 0.0, "Dongqiao lies inside Jiaocheng"


def test_the_roads_of_the_city_join_all_its_counties(opening):
    """Shortest ways over the direct roads differ little from the minutes of the table."""
    world = opening.world
    direct = direct_roads(world.minutes, world.official, 0.15)
    ways = np.where(direct | direct.T, world.minutes, np.inf)
    np.fill_diagonal(ways, 0.0)
    for via in range(len(ways)):
        ways = np.minimum(ways, ways[:, via, None] + ways[None, via])
    own = world.official == np.arange(len(ways))
    pairs = own[:, None] & own[None, :] & ~np.eye(len(ways), dtype=bool)
    ratio = ways[pairs] / world.minutes[pairs]
    assert ratio.min() > 0.8, "some minutes of the table are longer than the way over a third county"
    assert ratio.max() < 1.2


# --- nothing without the lever ----------------------------------------------------------------------------------------


def test_without_the_lever_the_run_is_that_without_the_mechanism(fresh, same_run):
    free, left_out = fresh({"infrastructure.minutes_cut": 0}), fresh(without=(RoadWorks, RoadCosts))
    for model in (free, left_out):
        for _ in range(6):
            model.step()
    same_run(free, left_out)
    assert free.state.minutes is free.world.minutes


def test_before_its_date_a_road_does_nothing(fresh, same_run):
    later = fresh({"infrastructure.minutes_cut": [{"from": "2014-07", "value": 0.1}]})
    never = fresh()
    for model in (later, never):
        for _ in range(6):
            model.step()
    same_run(later, never)
    later.step()  # decided and put into the budget
    assert later.state.minutes[0, 2] == later.world.minutes[0, 2]
    later.step()
    assert later.state.minutes[0, 2] < later.world.minutes[0, 2]


# --- works ------------------------------------------------------------------------------------------------------------


def run_works(model, months, funded=1.0):
    """The building phase alone, with a budget that pays a given share; a raised lever has been decided on before."""
    state, works, cuts = model.state, part(model, RoadWorks), []
    for at in range(months + 1):
        state.month += 1
        state.boards, state.ledger = Boards(), open_ledger(state)
        state.budgets.funded = np.full(state.world.county_count + 1, funded)
        works.step(state, model.streams)
        resolve_build(state, model.streams)
        cuts.append(1.0 - state.minutes[0, 2] / state.world.minutes[0, 2])
        assert at > 0 or cuts == [0.0], "nothing is done in the month of the decision"
    return cuts[1:]


def test_minutes_fall_over_three_years_and_then_stay(fresh):
    cuts = run_works(fresh({"infrastructure.minutes_cut": 0.09}), 40)
    assert cuts[0] == pytest.approx(0.09 / 36)
    assert cuts[17] == pytest.approx(0.045)
    assert cuts[35:] == pytest.approx([0.09] * 5)


def test_works_that_cannot_be_paid_go_on_more_slowly(fresh):
    cuts = run_works(fresh({"infrastructure.minutes_cut": 0.09}), 40, funded=0.5)
    assert cuts[35] == pytest.approx(0.045)
    assert run_works(fresh({"infrastructure.minutes_cut": 0.09}), 3, funded=0.0) == [0.0] * 3


def test_a_raised_lever_begins_new_works_and_a_lowered_one_tears_nothing_up(fresh):
    steps = [{"from": "2014-01", "value": 0.036}, {"from": "2015-01", "value": 0.108}, {"from": "2016-01", "value": 0}]
    model = fresh({"infrastructure.minutes_cut": steps})
    cuts = run_works(model, 60)
    assert cuts[11] == pytest.approx(0.012)
    assert cuts[12] == pytest.approx(0.013 + 0.002)
    assert cuts[35] == pytest.approx(0.036 + 24 * 0.002)
    assert cuts[47:] == pytest.approx([0.108] * 13)
    assert (np.diff(cuts) >= 0).all()
    assert model.state.roads.begun == pytest.approx([0.036, 0.072])


# --- who reads minutes ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def near_and_far(baseline):
    """The same opening with the minutes of the table, and with a third less between counties."""
    far, near = NingdeModel(baseline, 1), NingdeModel(baseline, 1)
    state = near.state
    state.roads.minutes = shortened(state.world.minutes, between_counties(state.world.official), 0.3)
    return far.state, state, near


def test_markets_and_sponsors_lie_nearer(near_and_far):
    far, near, _ = near_and_far
    q = far.scenario[Location]
    access = [market_access(each.minutes, needs_by_county(each), q.market_decay) for each in (far, near)]
    assert (access[1] >= access[0]).all()
    rent, wage = np.ones(len(far.parks.price)), np.ones(far.world.county_count)
    product, sponsor = np.array([1]), np.array([0])
    value = [base_utility(each, q, product, sponsor, rent, wage) for each in (far, near)]
    gain = (value[1] - value[0])[0]
    mountain = far.world.group[far.world.park_county] == 2
    assert gain[mountain].min() > 0
    assert gain[mountain].mean() > gain[far.world.group[far.world.park_county] == 0].mean()


@pytest.mark.parametrize("term", ["market_access", "supplier_access"])
def test_buyers_and_suppliers_each_count_by_the_new_minutes(near_and_far, term):
    """One term alone, for a product without sponsor."""
    far, near, _ = near_and_far
    off = {"market_access": "supplier_access", "supplier_access": "market_access"}[term]
    q = far.scenario[Location].model_copy(update={off: 0.0})
    rent, wage = np.ones(len(far.parks.price)), np.ones(far.world.county_count)
    product = np.array([far.world.product("B_CATH")])
    value = [base_utility(each, q, product, np.array([-1]), rent, wage) for each in (far, near)]
    assert (value[1] > value[0]).all()


def test_what_explains_a_choice_reads_the_same_minutes(near_and_far):
    _, near, _ = near_and_far
    q, product, sponsor = near.scenario[Location], np.array([1, 8]), np.array([0, -1])
    terms = utility_terms(near, q, product, sponsor)
    np.testing.assert_allclose(sum(terms.values()), base_utility(near, q, product, sponsor, *relative_prices(near)))


def test_builders_come_from_farther_away(near_and_far):
    """A site so large that it needs every builder around."""
    far, near, model = near_and_far
    found = []
    for state in (far, near):
        county = state.world.county("FA")
        state.projects.append(1, stage=Stage.BUILD, county=county, investment=1e7, work=10.0, work_left=10.0)
        rows = np.array([len(state.projects) - 1])
        found.append(part(model, Building)._builders(state, rows, np.ones(1))[county])
    assert 0 < found[0] < found[1] < 1


def test_leaders_coverage_and_delivery_see_the_new_minutes(near_and_far):
    far, near, model = near_and_far
    assert (Expansion._detour(near, 0) <= Expansion._detour(far, 0)).all()
    assert (Expansion._detour(near, 0) < Expansion._detour(far, 0)).any()
    decay, cell = far.scenario[Location].market_decay, far.world.product("B_CELL")
    near.firms.capacity = far.firms.capacity
    assert (potential_coverage(near, cell, decay) >= potential_coverage(far, cell, decay)).all()
    costs = [delivery_cost(each.world, Sourcing(), each.minutes) for each in (far, near)]
    assert (costs[1] <= costs[0]).all()
    assert (costs[1] < costs[0]).any()
    choice = part(model, SupplierChoice)
    known = choice._nearness(near)
    assert choice._nearness(near) is known
    near_before = near.roads.minutes
    near.roads.minutes = near_before * 1.0
    assert choice._nearness(near) is not known, "roads that change are not read from memory"
    near.roads.minutes = near_before


def test_commuting_follows_the_minutes(fresh):
    model = fresh({"infrastructure.minutes_cut": 0.09})
    before = model.state.people.kernel.copy()
    run_works(model, 36)
    state = model.state
    faster = np.exp(Labour().commute_decay * 0.09 * state.world.minutes * between_counties(state.world.official))
    np.testing.assert_allclose(state.people.kernel, before * faster[None], rtol=1e-9)


def test_more_people_work_in_other_counties(baseline):
    across = []
    for cut in (0.0, 0.3):
        changes = {**CHEAP, "infrastructure.minutes_cut": cut, "infrastructure.build_months": 12}
        model = NingdeModel(baseline.replace(changes, name="roads"), 1)
        model.state.public.balance[-1] = 1e6  # money is no limit here
        for _ in range(14):
            model.step()
        away = model.recorder.arrays["commuters"][13]
        across.append(away.sum() - np.trace(away))
        if cut:
            check_all(model.state)
            assert model.recorder.arrays["minutes"][13, 0, 2] == pytest.approx(0.7 * model.world.minutes[0, 2])
    assert across[1] > 1.05 * across[0]


# --- money ------------------------------------------------------------------------------------------------------------


def test_what_the_city_level_pays_for_roads_builders_get(fresh):
    model, none = fresh({**CHEAP, "infrastructure.minutes_cut": 0.01}), fresh()
    item = SPENDING_ITEMS.index("infrastructure")
    for each in (model, none):
        each.step()
    assert model.recorder.arrays["public_spending"][0, -1, item] == 0.0, "decided, and not yet at work"
    assert model.state.funded[-1] == none.state.funded[-1] == 1.0
    for each in (model, none):
        each.step()
    works = part(model, RoadWorks)
    assert works.cost == pytest.approx(200 * model.world.minutes[works.direct].sum())
    paid = model.recorder.arrays["public_spending"][1, :, item]
    assert paid[-1] == pytest.approx(works.cost * 0.01 / 36)
    assert (paid[:-1] == 0).all()
    cons = model.world.product("CONS")
    more = [each.recorder.arrays["output"][1, :, cons].sum() for each in (model, none)]
    share = (model.state.technology.home_share[cons].sum(axis=0)).min()
    assert more[0] - more[1] > 0.8 * share * paid[-1]
    assert model.state.ledger.asked[-1] - none.state.ledger.asked[-1] == pytest.approx(paid[-1])


def test_a_programme_beyond_all_money_is_scaled_from_its_first_month_on(fresh):
    """All of a third of the minutes costs 300 bn yuan; what is paid in a month changes little from one to the next."""
    model = fresh({"infrastructure.minutes_cut": 0.3})
    for _ in range(14):
        model.step()
    item = SPENDING_ITEMS.index("infrastructure")
    paid = model.recorder.arrays["public_spending"][:14, -1, item]
    asked = part(model, RoadWorks).cost * 0.3 / 36
    assert paid[0] == 0.0
    assert 0 < paid[1] < 0.05 * asked
    assert (np.abs(np.diff(np.log(paid[1:]))) < 0.1).all(), "neither a first month in full nor months without work"
    taxes = 12 * model.state.public.taxes12[-1].mean()
    assert model.state.public.debt[-1] < model.plan[Fiscal].debt_cap * taxes
    check_all(model.state)


def test_works_that_have_ended_ask_for_nothing_and_are_forgotten(fresh):
    """Levers are scaled by what they ask for now: the month after the last work they can be paid again."""
    ended = fresh({"infrastructure.minutes_cut": 0.3, "infrastructure.build_months": 12})
    for _ in range(3):
        ended.step()
    assert ended.state.funded[-1] < 0.1
    ended.state.roads.left[:] = 0.0
    ended.step()
    assert ended.state.funded[-1] == 1.0


def test_rounding_begins_no_work(fresh):
    """Works of a tenth and two tenths add up to a little more or less than three tenths."""
    model = fresh({"infrastructure.minutes_cut": 0.3})
    works, state = part(model, RoadWorks), model.state
    state.month = 1
    for gap, begun in ((1e-13, 0.0), (1e-6, 1e-6)):
        state.roads.begun, state.roads.left = np.array([0.1, 0.2 - gap]), np.zeros(2)
        state.boards = Boards()
        works.step(state, model.streams)
        assert state.boards.road_begun == pytest.approx(begun)
        assert (state.boards.road_work is None) == (begun == 0.0)


def test_without_the_works_the_minutes_stay(fresh):
    model = fresh({"infrastructure.minutes_cut": 0.2}, without=(RoadWorks, RoadCosts))
    for _ in range(3):
        model.step()
    assert model.state.minutes is model.world.minutes
    assert model.recorder.arrays["public_spending"][:, :, SPENDING_ITEMS.index("infrastructure")].sum() == 0.0
