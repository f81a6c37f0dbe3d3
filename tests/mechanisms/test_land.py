"""Land: price, requisition, quota, development, and that no mu appears or is lost."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.events import History
from sim.mechanisms.land import Development, Land, Requisition, base_price, land_price, months_on_land
from sim.mechanisms.location import committed_land
from sim.model import NingdeModel
from sim.resolvers.building import resolve_build
from sim.state import Channel, Stage
from sim.world import GROUPS
from tests.runs import aged

LAND = Land()


def price(free, developed=1000.0, base=0.4, discount=0.0):
    as_array = [np.atleast_1d(np.asarray(each, dtype=float)) for each in (free, developed, base, discount)]
    return land_price(*np.broadcast_arrays(*as_array), LAND)


# --- price ------------------------------------------------------------------------------------------------------------


def test_scarcity_raises_the_price_with_its_elasticity():
    assert price(1000.0)[0] == pytest.approx(0.4)
    assert price(500.0)[0] == pytest.approx(0.4 * 0.5**-0.35)
    assert (np.diff(price(np.array([1000.0, 600.0, 300.0, 50.0]))) > 0).all()


def test_below_one_percent_free_scarcity_says_nothing_more():
    assert price(10.0)[0] == pytest.approx(0.4 * 0.01**-0.35)
    assert price(0.0)[0] == price(10.0)[0] == price(-3.0)[0]


def test_discounts_stop_at_the_floor():
    floor = LAND.price_floor * LAND.dev_cost
    assert price(500.0, discount=0.2)[0] == pytest.approx(0.8 * price(500.0)[0])
    assert price(1000.0, base=0.1, discount=0.6)[0] == pytest.approx(floor)
    assert (price(np.linspace(0, 1000, 9), base=0.01, discount=0.6) >= floor - 1e-15).all()


def test_a_park_without_developed_land_has_no_price():
    assert price(0.0, developed=0.0)[0] == 0.0


def test_base_prices_fall_from_the_core_to_the_mountains(opening):
    base = base_price(opening.world, LAND)
    group = opening.world.group[opening.world.park_county]
    assert [set(base[group == each]) for each in range(3)] == [{0.4}, {0.25}, {0.1}]


# --- requisition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "luck", "reform", "months"),
    [(0.0, 1.0, 0.0, 13.0), (1.0, 1.0, 0.0, 8.0), (1.0, 1.0, 1.0, 7.0), (0.5, 1.0, 0.5, 10.0), (1.0, 0.1, 1.0, 1.6)],
)
def test_months_of_requisition_and_permits(service, luck, reform, months):
    found = months_on_land(np.array([service]), np.array([luck]), reform, np.array([False]), LAND)
    assert found[0] == pytest.approx(months)


def test_serviced_land_takes_one_month_and_nothing_takes_less():
    found = months_on_land(np.zeros(2), np.array([1.0, 0.0]), 1.0, np.array([True, False]), LAND)
    assert found == pytest.approx([1.0, 1.0])


# --- quota and development --------------------------------------------------------------------------------------------


def test_quota_is_split_by_queue_and_developed_land(fresh):
    city = fresh().city
    waiting, developed = np.array([30.0, 10.0, 0.0]), np.array([100.0, 100.0, 200.0])
    assert city.split_quota(40.0, waiting, developed, 0.5) == pytest.approx([20.0, 10.0, 10.0])
    assert city.split_quota(40.0, waiting, developed, 1.0) == pytest.approx([30.0, 10.0, 0.0])
    assert city.split_quota(40.0, np.zeros(3), developed, 1.0) == pytest.approx([10.0, 10.0, 20.0])


def test_a_county_asks_for_its_queue_and_reserve_within_plan_and_quota(fresh):
    county = fresh().counties[0]
    assert county.request_land(50.0, 100.0, 500.0, 1e4, 1e4) == pytest.approx(50.0), "a tenth is free already"
    assert county.request_land(50.0, 20.0, 500.0, 1e4, 1e4) == pytest.approx(80.0)
    assert county.request_land(50.0, 20.0, 500.0, 60.0, 1e4) == 60.0
    assert county.request_land(50.0, 20.0, 500.0, 1e4, 25.0) == 25.0
    assert county.request_land(50.0, 20.0, 500.0, 1e4, -1.0) == 0.0


def test_a_year_of_quota_is_issued_and_used_or_kept(fresh):
    model = fresh({"land.new_quota": 3600})
    state = model.state
    start = state.parks.developed.copy()
    by_event = 0.0
    for _ in range(24):
        model.step()
        by_event += state.ledger.developed_by_event
        assert state.boards.quota_issued.sum() == pytest.approx(300.0)
        assert (state.counties.quota >= -1e-9).all()
        assert (state.boards.developed >= 0).all()
        assert (state.parks.developed <= state.parks.planned + 1e-6).all()
    grown = state.parks.developed.sum() - start.sum()
    assert grown - by_event == pytest.approx(24 * 300.0 - state.counties.quota.sum())
    assert grown > by_event > 0


def test_land_is_neither_made_nor_lost():
    """Counted anew from firms and projects after four years of births, exits, failures and expansion."""
    state = aged(48).state
    parks, firms, projects = state.parks, state.firms, state.projects
    held = np.zeros(len(parks.planned))
    for row in np.flatnonzero(firms.alive & (firms.park >= 0)):
        held[firms.park[row]] += firms.land[row]
    for row in np.flatnonzero((projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)):
        held[projects.park[row]] += projects.land_held[row]
    np.testing.assert_allclose(held, parks.occupied, rtol=1e-9, atol=1e-6)
    free = parks.developed - held - parks.idle - parks.released
    assert (free > -1e-6).all()
    assert (parks.idle >= -1e-9).all()
    assert parks.idle.sum() > 0
    assert (firms.land[~firms.alive] == 0).all()


@pytest.fixture
def queue(fresh, next_month):
    """A state with three signed projects that wait in one park, and BUILD of one month."""
    model = fresh()
    state = next_month(model.state)
    park = 1
    state.parks.developed[park] = state.parks.occupied[park] + 100.0
    for land, signed in ((60.0, -2), (70.0, -1), (20.0, -1)):
        state.projects.append(
            1,
            stage=Stage.SIGNED,
            channel=Channel.CHAIN,
            product=1,
            park=park,
            county=int(state.world.park_county[park]),
            land=land,
            signed=signed + 2,
            work=10.0,
            work_left=10.0,
            investment=100.0,
        )
    state.projects.signed[:] = [0, 0, 0]
    return state, park


def test_land_is_given_in_the_order_of_signing(queue):
    state, park = queue
    resolve_build(state, Streams(1))
    assert state.projects.stage.tolist() == [Stage.LAND, Stage.SIGNED, Stage.SIGNED], (
        "the second waits, so does the third"
    )
    assert state.projects.land_held.tolist() == [60.0, 0.0, 0.0]
    assert state.parks.free[park] == pytest.approx(40.0)


def test_ready_land_lasts_one_month(queue):
    state, park = queue
    state.parks.serviced[park] = 60.0
    state.parks.serviced_chain[park] = state.world.chain[state.projects.product[0]]
    resolve_build(state, Streams(1))
    assert state.projects.serviced_land.tolist() == [True, False, False]
    assert state.parks.serviced[park] == 0.0
    months = months_on_land(state.projects.service, np.ones(3), 0.0, state.projects.serviced_land, state.scenario[Land])
    assert months[0] == 1.0


def test_new_land_goes_to_parks_with_a_queue_first(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    world = state.world
    county = world.county("FA")
    mine = np.flatnonzero((world.park_county == county) & (np.arange(len(world.parks)) < len(world.parks) - 10))
    state.parks.developed[mine] = state.parks.occupied[mine]  # nothing is free
    state.counties.quota[:] = 0.0
    state.counties.quota[county] = 50.0
    state.projects.append(1, stage=Stage.SIGNED, channel=3, product=16, park=mine[1], county=county, land=1e4, signed=0)
    part = next(each for each in model.month_list if isinstance(each, Development))
    part.step(state, Streams(1))
    new = state.boards.developed
    assert new[mine[1]] == pytest.approx(50.0 + state.boards.quota_issued[county])
    assert new[mine[0]] == new[mine[2]] == 0.0


def test_requisition_advances_by_the_inverse_of_its_length(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.reform = 0.5
    for columns in (
        {"stage": Stage.LAND, "service": 0.5, "requisition_luck": 1.2},
        {"stage": Stage.LAND, "serviced_land": True},
        {"stage": Stage.LAND, "graft": 200},
        {"stage": Stage.SIGNED, "serviced_land": True},
    ):
        state.projects.append(1, channel=Channel.CHAIN, product=1, **columns)
    next(each for each in model.month_list if isinstance(each, Requisition)).step(state, Streams(1))
    assert state.boards.land_progress == pytest.approx([1.0 / (8.5 * 1.2 + 1.5), 1.0, 1.0, 0.0])


def test_a_reserve_is_spread_over_the_rest_of_the_plan(fresh, next_month):
    model = fresh({"land.new_quota": 12000})
    state = next_month(model.state)
    world, parks = state.world, state.parks
    county = world.county("FA")
    named = np.arange(len(world.parks)) < len(world.parks) - world.county_count
    mine = np.flatnonzero((world.park_county == county) & named)
    parks.developed[mine] = parks.occupied[mine] + np.array([0.0, 50.0, 70.0])
    state.counties.quota[county] = 1e6
    state.projects.append(
        1, stage=Stage.SIGNED, channel=3, product=16, park=mine[2], county=county, land=300.0, signed=0
    )
    next(each for each in model.month_list if isinstance(each, Development)).step(state, Streams(1))
    new = state.boards.developed[mine]
    reserve = 0.1 * parks.developed[mine].sum() - 120.0
    assert reserve > 0
    headroom = parks.planned[mine] - parks.developed[mine]
    headroom[2] -= 230.0
    queue = np.array([0.0, 0.0, 230.0])
    np.testing.assert_allclose(new, queue + reserve * headroom / headroom.sum())
    free, developed = parks.free[mine] + new, parks.developed[mine] + new
    share = np.maximum(free / developed, 0.01)
    expected = np.maximum(0.25 * share**-0.35 * 0.9, LAND.price_floor * LAND.dev_cost)
    np.testing.assert_allclose(state.boards.land_price[mine], expected)


# --- ablation: the quota of new land ----------------------------------------------------------------------------------


def test_without_quota_developed_land_stops_and_queues_and_prices_rise(usual, beside):
    scarce, months = beside({"land.new_quota": 0.0}), usual.state.month

    def developed(model):
        land = model.recorder.arrays["land"][:months]
        return land[:, :, :4].sum(axis=2)  # occupied, free, idle, released

    opening = beside(months=0).state.parks.developed
    without, with_quota = developed(scarce), developed(usual)
    assert (scarce.state.counties.quota == 0).all()
    history = next(part for part in usual.month_list if isinstance(part, History))
    widened = {plant.park for plant in history.plants if plant.announced <= months}
    others = [park for park in range(len(opening)) if park not in widened]
    assert widened
    np.testing.assert_allclose(without[-1][others], opening[others], rtol=1e-12)
    assert (without[-1] - opening).sum() < 0.3 * (with_quota[-1] - opening).sum(), "dated plants bring their land"
    waiting = [committed_land(model.state).sum() for model in (scarce, usual)]
    assert waiting[0] > 1.5 * waiting[1]
    price = [model.state.parks.price for model in (scarce, usual)]
    there = (price[0] > 0) & (price[1] > 0)
    assert (price[0][there] >= price[1][there] * (1 - 1e-9)).mean() > 0.75
    assert price[0][there].mean() > 1.1 * price[1][there].mean()
    started = [(model.state.projects.built > 0).sum() for model in (scarce, usual)]
    assert started[0] < started[1]
    for name in ("output", "wage", "entered"):  # in the first month nobody waits for land yet
        left, right = scarce.recorder.arrays[name][0], usual.recorder.arrays[name][0]
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_without_requisition_signed_projects_get_their_land_and_never_build(usual, beside):
    """Leads, signing and new land go on; projects hold land for ever."""
    months = 18
    stuck = beside(without=(Requisition,), months=months)
    projects, built = stuck.state.projects, usual.state.projects.built
    assert (projects.built < 0).all()
    assert (projects.stage == Stage.LAND).sum() > 50
    assert ((built >= 0) & (built <= months)).sum() > 50
    assert projects.land_held[projects.stage == Stage.LAND].sum() > 1000.0
    left, right = stuck.recorder.arrays, usual.recorder.arrays
    np.testing.assert_array_equal(left["entered"][:2], right["entered"][:2])


@pytest.mark.slow
def test_without_quota_on_the_coast_the_mountains_get_the_new_land_and_more_of_the_projects(at_once, usual):
    """Core and coast use up the land they have; what the mountains may develop does not change its rule."""
    narrow = NingdeModel(at_once, 1)
    mountain = narrow.world.group == GROUPS.index("mountain")
    opening, split = narrow.state.parks.developed.copy(), narrow.city.split_quota
    narrow.city.split_quota = lambda *asked: np.where(mountain, split(*asked), 0.0)
    for _ in range(usual.state.month):
        narrow.step()
    high = mountain[narrow.world.park_county]

    def of_the_mountains(model):
        """Shares in new land, in land held by projects that came through the funnel, and free land below."""
        parks, projects = model.state.parks, model.state.projects
        new = parks.developed - opening
        held = np.where((projects.leader < 0) & (projects.event < 0), projects.land_held, 0.0)
        return new[high].sum() / new.sum(), held[mountain[projects.county]].sum() / held.sum(), parks.free[~high].sum()

    new, held, free = (np.array(each) for each in zip(of_the_mountains(usual), of_the_mountains(narrow), strict=True))
    assert new[1] > 1.3 * new[0]
    assert held[1] > 1.1 * held[0]
    assert free[1] < 0.8 * free[0]
    assert (narrow.state.counties.quota[~mountain] == 0).all()
    np.testing.assert_array_equal(narrow.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])
    assert narrow.state.slots == usual.state.slots
