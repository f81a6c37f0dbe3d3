"""Land reform: plots of low yield are bought, cleared and built on again; owners upgrade, move or close."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.land_cage import (
    LandCage,
    LandReform,
    by_budget,
    first_in_line,
    tax_per_mu,
    upgraded_productivity,
)
from sim.mechanisms.linkage import Linkage, partner_matrix
from sim.mechanisms.location import physical_mask
from sim.resolvers.building import _take_land
from sim.resolvers.funnel import _place_normal, fail
from sim.resolvers.land_reform import by_residence, clear, finish_upgrades, release_cleared
from sim.state import SPENDING_ITEMS, Channel, Stage

REFORM = SPENDING_ITEMS.index("land reform")
STRONG = {"land_cage.intensity": 0.3, "land_cage.threshold_tax": 0.12, "land_cage.compensation": 0.45}

# --- formulas ---------------------------------------------------------------------------------------------------------


def test_taxes_of_twelve_months_are_divided_by_land_and_who_holds_none_is_never_low():
    np.testing.assert_array_equal(tax_per_mu(np.full((2, 12), 0.5), np.array([60.0, 0.0])), [0.1, np.inf])


def test_the_lowest_yield_of_each_county_comes_first_until_the_limit():
    county, land = np.array([0, 1, 0, 0, 1]), np.array([10.0, 5.0, 20.0, 30.0, 5.0])
    worth = np.array([0.03, 0.01, 0.02, 0.01, 0.04])
    found = first_in_line(county, land, worth, np.array([50.0, 0.0]), np.array([0.0, 0.0]))
    np.testing.assert_array_equal(found, [False, False, True, True, False])
    found = first_in_line(county, land, worth, np.array([5.0, 10.0]), np.array([0.5, 0.5]))
    np.testing.assert_array_equal(found, [False, True, False, False, True])


@pytest.mark.parametrize("limit", [0.0, 7.0, 30.0, 44.0, 60.0])
def test_over_all_luck_a_county_buys_its_limit(limit):
    county, land, worth = np.zeros(3, dtype=np.int64), np.array([10.0, 20.0, 30.0]), np.array([0.03, 0.02, 0.01])
    luck = (np.arange(1000) + 0.5) / 1000
    bought = [land[first_in_line(county, land, worth, np.array([limit]), np.array([u]))].sum() for u in luck]
    assert np.mean(bought) == pytest.approx(limit, abs=0.05)


def test_an_upgrade_lifts_productivity_towards_the_frontier_and_never_lowers_it():
    np.testing.assert_allclose(upgraded_productivity(np.array([0.8, 1.0, 1.3]), 0.2), [1.0 / 1.2, 1.0, 1.3])


def test_the_city_level_takes_over_its_share():
    np.testing.assert_allclose(by_budget(np.array([10.0, 20.0]), 0.3), [7.0, 14.0, 9.0])


def test_severance_goes_where_workers_live():
    workers = np.array([[60.0, 0.0], [40.0, 0.0]])
    np.testing.assert_allclose(by_residence(workers, np.array([10.0, 3.0])), [6.0, 7.0])


# --- off, dates -------------------------------------------------------------------------------------------------------


def test_at_intensity_zero_the_run_is_the_run_without_the_mechanism(usual, beside, same_run):
    same_run(usual, beside(without=(LandReform,)))


def test_before_its_start_nothing_is_taken_and_only_januaries_take(fresh, same_run):
    late, never = (fresh({**STRONG, "land_cage.start": start}, seed=2) for start in ("2014-06", "2035-12"))
    for _ in range(12):
        late.step()
        never.step()
    same_run(late, never)
    late.step()
    assert late.state.boards.land_reform is not None
    late.step()
    assert late.state.boards.land_reform is None


# --- the run with a strong reform -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reformed(beside):
    """Three years with a strong reform; the first January is the first month."""
    return beside(STRONG)


def test_output_and_jobs_fall_while_the_land_is_cleared(usual, reformed):
    for name, least in (("output", 0.001), ("jobs", 0.002)):
        plain, taken = (m.recorder.arrays[name][:36].sum(axis=(1, 2)) for m in (usual, reformed))
        assert taken[0] == plain[0], "land is taken at the end of January"
        assert (taken[26:36] < (1.0 - least) * plain[26:36]).all(), "after the third January"


def test_land_is_released_when_it_is_cleared_and_not_before(reformed):
    lag = reformed.state.scenario[LandCage].lag
    released = reformed.recorder.arrays["land"][:36, :, 3].sum(axis=1)
    assert not released[:lag].any()
    assert released[lag] > 0.0, "bought in month 1, on offer in month 1 + lag"


def test_all_that_is_paid_is_received_and_counties_and_city_share_it(reformed):
    spent = reformed.recorder.arrays["public_spending"][:36, :, REFORM]
    months = np.flatnonzero(spent.sum(axis=1) > 0)
    assert set(months) <= {0, 12, 24}
    assert len(months) == 3
    np.testing.assert_allclose(spent[months, -1] / spent[months].sum(axis=1), 0.3)


def test_compensation_reaches_firms_and_severance_households(fresh):
    model = fresh({**STRONG, "land_cage.start": "2014-01"})
    twin = fresh({**STRONG, "land_cage.start": "2035-12"})
    for each in (model, twin):
        each.step()
    state, plan = model.state, model.state.boards.land_reform
    bought = np.flatnonzero(plan.bought & ~state.firms.alive)
    assert len(bought)
    land = twin.state.firms.land[bought]
    paid = model.state.firm_accounts.compensation
    np.testing.assert_allclose(paid[bought], 0.45 * land)
    assert paid.sum() == pytest.approx(0.45 * land.sum())
    severance = 0.06 * twin.state.firms.staff[bought].sum()
    assert state.ledger.to_households.sum() == pytest.approx(severance)
    assert state.ledger.spending[REFORM].sum() == pytest.approx(0.45 * land.sum() + severance)
    more = (state.people.income - twin.state.people.income).sum()
    assert more > severance, "workers, and owners who get what is left"


def test_what_cannot_be_paid_is_not_bought_but_asked(fresh):
    model = fresh({**STRONG, "land_cage.start": "2014-01"})
    model.state.budgets.funded[:] = 0.0
    model.step()
    plan, ledger = model.state.boards.land_reform, model.state.ledger
    assert not plan.bought.any()
    assert not plan.upgraded.any()
    assert not ledger.spending[REFORM].any()
    assert (plan.asked[:-1] > 0).all()
    assert plan.asked[-1] == pytest.approx(0.3 * plan.asked.sum())


def test_leaders_young_plants_fringe_and_blocks_are_not_taken(reformed):
    firms, month = reformed.state.firms, reformed.state.month
    part = next(each for each in reformed.month_list if isinstance(each, LandReform))
    ranked = part._ranked(reformed.state)
    assert ranked.any()
    assert not (ranked & (firms.block | firms.fringe | (firms.leader >= 0) | ~firms.alive)).any()
    assert (month - firms.birth[ranked]).min() >= 36


def test_counties_say_what_they_take_back(reformed):
    told = [text for _, who, text in reformed.log if who == "Fuan" and "takes back" in text]
    assert len(told) == 3
    assert "30.0%" in told[0]


# --- owners -----------------------------------------------------------------------------------------------------------


def chosen(model, share=None):
    """Step the mechanism alone in the first January; the plan."""
    part = next(each for each in model.month_list if isinstance(each, LandReform))
    model.state.month = 1
    if share is not None:
        part.cage = part.cage.model_copy(update={"relocate_share": share})
    part.step(model.state, Streams(1))
    return model.state.boards.land_reform


def test_an_owner_with_money_margin_and_room_keeps_the_plot_by_investing(fresh):
    poor, rich = (fresh({**STRONG, "land_cage.start": "2014-01"}) for _ in range(2))
    for model in (poor, rich):
        model.state.firms.cash[:] = 0.0
        model.state.firms.surplus[:] = 0.0
    rich.state.firms.cash[:] = rich.state.firms.capital
    first, second = chosen(poor), chosen(rich)
    assert not first.upgraded.any()
    assert second.upgraded.any()
    keeps = second.upgraded > 0
    np.testing.assert_allclose(second.upgraded[keeps], 0.2 * rich.state.firms.capital[keeps])
    np.testing.assert_array_equal(first.bought, second.bought | keeps)
    assert (rich.state.firms.margin12[keeps].mean(axis=1) > 0).all()


def test_without_skilled_people_nobody_upgrades(fresh):
    model = fresh({**STRONG, "land_cage.start": "2014-01"})
    model.state.firms.cash[:] = model.state.firms.capital
    model.state.people.vacancy[1] = 0.5
    assert not chosen(model).upgraded.any()


def test_an_upgrade_is_built_on_the_plot_and_paid_and_lifts_the_plant(reformed):
    projects, firms = reformed.state.projects, reformed.state.firms
    ours = np.flatnonzero((projects.graft >= 0) & (projects.parent == projects.graft))
    assert len(ours)
    assert not projects.land_held[ours].any()
    done = ours[projects.stage[ours] == Stage.DONE]
    assert len(done)
    assert (projects.done[done] - projects.signed[done]).min() >= 6
    assert (projects.spent[done] >= projects.investment[done] - 1e-9).all()
    assert (firms.productivity[projects.graft[done]] > 0).all()


def test_when_an_upgrade_is_finished_new_capital_joins_the_old_and_customers_stay(fresh):
    state = fresh().state
    row = int(np.flatnonzero(state.firms.alive & (state.firms.leader < 0) & (state.firms.park >= 0))[0])
    firms = state.firms
    firms.productivity[row], firms.market_reference[row] = 0.8, 2.0
    other = int(waiting_graft(state, row, parent=-1)[0])
    mine = int(waiting_graft(state, row, parent=row)[0])
    finish_upgrades(state, np.array([other]))
    assert firms.productivity[row] == 0.8, "a graft that a promoted project brings"
    finish_upgrades(state, np.array([mine]))
    assert firms.productivity[row] == pytest.approx(1.0 / 1.2)
    assert firms.market_reference[row] == pytest.approx(2.4)


def waiting_graft(state, row, parent):
    """A project on the plot of a firm, a fifth of its capital."""
    return state.projects.append(1, graft=row, parent=parent, investment=0.2 * state.firms.capital[row])


def test_owners_move_to_mountain_partners_first_and_to_others_where_there_are_none(fresh):
    model = fresh({**STRONG, "land_cage.start": "2014-01"})
    plan, state = chosen(model, share=1.0), model.state
    moving = np.flatnonzero(plan.park >= 0)
    assert len(moving)
    assert plan.bought[moving].all()
    home, away = state.firms.county[moving], state.world.park_county[plan.park[moving]]
    partners = partner_matrix(state.scenario[Linkage], state.world)
    has = partners[home].any(axis=1)
    assert has.any()
    np.testing.assert_array_equal(partners[home, away][has], True)
    assert len(moving) <= plan.bought.sum()


def test_an_owner_who_moves_brings_machines_and_opens_anew(reformed):
    projects, firms = reformed.state.projects, reformed.state.firms
    moves = np.flatnonzero(projects.moved > 0)
    assert len(moves)
    assert (projects.channel[moves] == Channel.BRANCH).all()
    assert not firms.alive[projects.parent[moves]].any(), "the old plant is closed"
    np.testing.assert_allclose(projects.moved[moves] / projects.investment[moves], 0.4 / 0.6)
    done = moves[projects.stage[moves] == Stage.DONE]
    assert len(done)
    new = np.flatnonzero(firms.birth == projects.done[done[0]])
    twin = new[firms.slot[new] == projects.slot[done[0]]]
    assert len(twin) == 1


# --- released land ----------------------------------------------------------------------------------------------------


def test_land_that_is_cleared_is_idle_and_nobody_takes_it(fresh, next_month):
    state = next_month(fresh().state)
    park = int(np.argmax(state.parks.developed - state.parks.occupied))
    county = int(state.world.park_county[park])
    parks = state.parks
    for each in np.flatnonzero(state.world.park_county == county):
        parks.idle[each] += parks.free[each]
    luck = np.array([0.5])
    product = np.array(
        [int(state.firms.product[state.firms.alive & (state.firms.county == county) & ~state.firms.block][0])]
    )
    only = state.firms.county != county
    state.firms.capacity[only] = 0.0
    state.firms.output[only] = 0.0
    mu = np.array([0.5 * float(parks.idle[park])])
    clear(state, np.where(state.world.park_county == county, parks.idle, 0.0))
    assert _place_normal(state, product, luck, mu).tolist() == [-1]
    parks.clearing[:] = 0.0
    assert _place_normal(state, product, luck, mu).tolist() != [-1]


def test_cleared_land_is_released_in_its_month(fresh):
    state = fresh().state
    lag, parks = state.parks.clearing.shape[1], state.parks
    parks.idle[0], parks.occupied[0] = 50.0, parks.occupied[0] - 50.0
    state.month = 3
    clear(state, np.where(np.arange(len(parks.idle)) == 0, 30.0, 0.0))
    for month in range(4, 3 + lag):
        state.month = month
        release_cleared(state)
        assert parks.released[0] == 0.0
        assert parks.idle_plots[0] == pytest.approx(20.0)
    state.month = 3 + lag
    release_cleared(state)
    assert parks.released[0] == pytest.approx(30.0)
    assert parks.idle[0] == pytest.approx(20.0)


def waiting(model, park, land):
    """A signed project that waits for land in a park."""
    state = model.state
    return state.projects.append(
        1,
        stage=Stage.SIGNED,
        channel=int(Channel.CLUSTER),
        product=state.world.product("MACH"),
        county=state.world.park_county[park],
        park=park,
        investment=100.0,
        land=land,
        work=10.0,
        work_left=10.0,
        born=0,
        signed=0,
    )


def test_released_land_goes_first_with_permits_of_a_month_and_comes_back_when_the_project_fails(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    parks = state.parks
    park = int(np.argmax(parks.free))
    parks.released[park] = 30.0
    free = float(parks.free[park])
    quick, slow = (int(waiting(model, park, land)[0]) for land in (20.0, 25.0))
    _take_land(state, np.array([quick, slow]))
    projects = state.projects
    np.testing.assert_allclose(projects.released_land[[quick, slow]], [20.0, 10.0])
    assert projects.serviced_land[[quick, slow]].tolist() == [True, False]
    assert parks.released[park] == pytest.approx(0.0)
    assert parks.free[park] == pytest.approx(free - 15.0)
    fail(state, np.array([quick, slow]))
    assert parks.released[park] == pytest.approx(30.0)
    assert parks.free[park] == pytest.approx(free)
    assert not parks.serviced[park]


def test_town_plots_are_on_offer_only_when_released(fresh):
    state = fresh().state
    product = np.array([state.world.product("MACH")])
    town = int(state.world.town_plots(0))
    state.parks.developed[town] += 50.0
    state.parks.planned[town] += 50.0
    assert not physical_mask(state, product, np.array([20.0]))[0, town], "free land of town plots is not"
    state.parks.released[town], state.parks.occupied[town] = 25.0, state.parks.occupied[town] - 25.0
    assert physical_mask(state, product, np.array([20.0]))[0, town]
    assert not physical_mask(state, product, np.array([26.0]))[0, town]


def test_only_plots_idle_for_a_year_are_bought(fresh):
    model = fresh({**STRONG, "land_cage.start": "2014-01"})
    parks = model.state.parks
    parks.idle[0], parks.occupied[0] = 50.0, parks.occupied[0] - 50.0
    assert not chosen(model).idle.any(), "idle today, but not for long"
    parks.idle_least[0] = 40.0
    assert chosen(model).idle[0] == pytest.approx(0.3 * 40.0)


# --- long runs --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_where_land_is_short_reform_pays_later_and_where_it_is_wide_less(baseline):
    from sim.model import NingdeModel

    gains = {}
    for quota in (2000, 12000):
        city = []
        for intensity in (0.0, 0.2):
            changes = {"land_cage.intensity": intensity, "land.new_quota": quota}
            model = NingdeModel(baseline.replace(changes, name="quota"), seed=1)
            model.run()
            city.append(model.recorder.arrays["output"].sum(axis=(1, 2)))
        first, last = slice(61, 73), slice(252, 264)
        gains[quota] = [city[1][part].sum() / city[0][part].sum() - 1.0 for part in (first, last)]
    assert gains[2000][0] < 0 < gains[2000][1]
    assert gains[12000][0] < 0
    assert gains[12000][1] < gains[2000][1]
