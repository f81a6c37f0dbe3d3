"""Signing and the choice of a park: inclusive values, nested logit, distance to the leader, masks and failure."""

import numpy as np
import pytest

from sim.draws import Streams, gumbel
from sim.mechanisms.location import (
    Failure,
    Location,
    ParkChoice,
    base_utility,
    capacity_by_county,
    committed_land,
    grant_worth,
    inclusive_value,
    logistic,
    market_access,
    needs_by_county,
    physical_mask,
    relative_prices,
    sponsor_county,
    worth_to_leads,
)
from sim.mechanisms.promotion import Promotion
from sim.state import Channel, Stage

# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nest", [0.4, 0.6, 1.0])
def test_the_inclusive_value_is_a_log_sum_over_what_is_allowed(nest):
    rng = np.random.default_rng(2)
    utility, allowed = rng.normal(0, 3, (20, 7)), rng.uniform(size=(20, 7)) < 0.6
    allowed[:, 0] = True
    by_hand = [nest * np.log(np.exp(row[ok] / nest).sum()) for row, ok in zip(utility, allowed, strict=True)]
    np.testing.assert_allclose(inclusive_value(utility, allowed, nest), by_hand, rtol=1e-12)


def test_no_alternative_is_worth_nothing_and_huge_utilities_do_not_overflow():
    utility = np.array([[1.0, 2.0], [800.0, -800.0]])
    found = inclusive_value(utility, np.array([[False, False], [True, True]]), 0.6)
    assert found[0] == -np.inf
    assert found[1] == pytest.approx(800.0)


def test_parks_are_chosen_with_logit_shares():
    """The greatest V / lam_n + Gumbel, as the resolver takes it."""
    utility, nest, draws = np.array([0.4, 0.0, -0.5, 0.9]), 0.6, 40_000
    shocks = gumbel(np.random.default_rng(4).random((draws, 4)))
    found = np.bincount((utility / nest + shocks).argmax(axis=1), minlength=4) / draws
    share = np.exp(utility / nest) / np.exp(utility / nest).sum()
    assert (np.abs(found - share) < 5 * np.sqrt(share * (1 - share) / draws)).all()


def test_logistic():
    assert logistic(np.array([0.0, np.log(3.0)])) == pytest.approx([0.5, 0.75])


def test_access_discounts_by_minutes():
    minutes = np.array([[10.0, 60.0], [60.0, 20.0]])
    need = np.array([[2.0], [3.0]])
    found = market_access(minutes, need, 0.012)
    assert found[0, 0] == pytest.approx(2.0 * np.exp(-0.12) + 3.0 * np.exp(-0.72))
    assert (market_access(minutes * 1.5, need, 0.012) < found).all()


def test_needs_are_inputs_of_the_countys_industries(opening):
    world, firms = opening.world, opening.firms
    county, product = world.county("FA"), world.product("ENER")
    by_hand = sum(
        opening.technology.inputs[product, firms.node[row]] * firms.output[row] * 12
        for row in np.flatnonzero(firms.county == county)
    )
    assert needs_by_county(opening)[county, product] == pytest.approx(by_hand / 1000.0)


# --- the opening ------------------------------------------------------------------------------------------------------


def opening_values(state, product, sponsor):
    """IV of one product at the opening and its mask, computed park by park."""
    q, world = state.scenario[Location], state.world
    rent, wage = relative_prices(state)
    value = base_utility(state, q, np.array([product]), np.array([sponsor]), rent, wage)[0]
    open_ = [
        park
        for park in range(len(world.parks) - world.county_count)
        if not (world.port[product] and not world.park_port[park])
    ]
    return q.nest * np.log(np.exp(value[open_] / q.nest).sum())


def test_a_lead_of_the_opening_is_signed_with_the_probability_of_the_constant(opening):
    from sim.mechanisms.gaps import sponsors

    q, world = opening.scenario[Location], opening.world
    assert logistic(np.array(q.sign_const)) == pytest.approx(0.378, abs=5e-4)
    for product in range(world.agent_count):
        sponsor = int(sponsors(opening, np.array([product]))[0]) if world.chain_product[product] else -1
        chance = logistic(q.sign_const + opening_values(opening, product, sponsor) - opening.outside_value[product])
        assert chance == pytest.approx(0.378, abs=5e-4), world.products[product]


def test_a_better_place_is_signed_more_often(opening):
    q = opening.scenario[Location]
    base = logistic(np.array(q.sign_const))
    assert logistic(np.array(q.sign_const + 0.4)) > base > logistic(np.array(q.sign_const - 0.4))


# --- utilities --------------------------------------------------------------------------------------------------------


def group_shares(state, time, closed=None, product="B_STRU", sponsor=0):
    """Shares of core, coast and mountain parks for a supplier of a leader."""
    q = state.scenario[Location].model_copy(update={"leader_time": time})
    world, node = state.world, np.array([state.world.product(product)])
    rent, wage = relative_prices(state)
    value = base_utility(state, q, node, np.array([sponsor]), rent, wage)
    allowed = physical_mask(state, node, np.zeros(1))
    if closed is not None:
        allowed &= ~closed[None, :]
    weight = np.where(allowed, np.exp(value / q.nest), 0.0)[0]
    return np.bincount(world.group[world.park_county], weight, minlength=3) / weight.sum()


def test_distance_to_the_leader_pushes_suppliers_to_the_core(opening):
    shares = np.array([group_shares(opening, time) for time in (0.0, 0.012, 0.025, 0.030)])
    assert (np.diff(shares[:, 0]) > 0).all()
    assert (np.diff(shares[:, 2]) < 0).all()
    assert shares[0, 2] > 0.3, "without the distance mountain counties would draw many"
    assert shares[2, 2] < 0.5 * shares[1, 2]


def test_scarce_land_in_the_core_is_what_brings_suppliers_to_the_mountains(opening):
    core = opening.world.group[opening.world.park_county] == 0
    before, after = group_shares(opening, 0.025), group_shares(opening, 0.025, closed=core)
    assert after[0] == 0.0
    assert after[2] > 4 * before[2]


def test_distance_counts_only_with_a_sponsor(opening):
    q, world = opening.scenario[Location], opening.world
    rent, wage = relative_prices(opening)
    node = np.array([world.product("B_STRU")] * 2)
    far = q.model_copy(update={"leader_time": 0.05})
    near = q.model_copy(update={"leader_time": 0.01})
    gap = base_utility(opening, near, node, np.array([-1, 0]), rent, wage) - base_utility(
        opening, far, node, np.array([-1, 0]), rent, wage
    )
    np.testing.assert_array_equal(gap[0], 0.0)
    home = sponsor_county(opening)[0]
    np.testing.assert_allclose(gap[1], 0.04 * world.minutes[home][world.park_county], rtol=1e-9)


@pytest.mark.parametrize(("field", "sign"), [("rent", -1), ("wage", -1), ("incentive", 1), ("firms", 1)])
def test_signs_of_price_wage_incentive_and_agglomeration(fresh, field, sign):
    state = fresh().state
    q, node = state.scenario[Location], np.array([state.world.product("MACH")])
    rent, wage = relative_prices(state)
    before = base_utility(state, q, node, np.array([-1]), rent, wage)
    if field == "rent":
        rent = rent * 1.5
    elif field == "wage":
        wage = wage * 1.5
    elif field == "incentive":
        state.counties.incentive += 0.02
    else:
        park, town = 0, len(state.world.parks) - state.world.county_count
        state.firms.park[(state.firms.park >= town) & (state.firms.product == node[0])] = park
        after = base_utility(state, q, node, np.array([-1]), rent, wage)
        assert after[0, park] > before[0, park]
        return
    after = base_utility(state, q, node, np.array([-1]), rent, wage)
    change = {"rent": -q.land_price * np.log(1.5), "wage": -q.wage * np.log(1.5), "incentive": q.incentive * 0.02}
    np.testing.assert_allclose(after - before, change[field], rtol=1e-9)
    assert np.sign(after - before).min() == sign


def test_a_port_attracts_only_what_needs_one(opening):
    q, world = opening.scenario[Location], opening.world
    rent, wage = relative_prices(opening)
    node = np.array([world.product("S_MELT"), world.product("FOOD")])
    without = q.model_copy(update={"port": 0.0})
    gain = base_utility(opening, q, node, np.full(2, -1), rent, wage) - base_utility(
        opening, without, node, np.full(2, -1), rent, wage
    )
    np.testing.assert_allclose(gain[0], q.port * world.park_port)
    np.testing.assert_array_equal(gain[1], 0.0)


# --- masks ------------------------------------------------------------------------------------------------------------


def test_parks_must_have_the_land_and_the_port(opening):
    world, parks = opening.world, opening.parks
    node = np.array([world.product("FOOD"), world.product("S_MELT"), world.product("FOOD")])
    allowed = physical_mask(opening, node, np.array([0.0, 0.0, 9_000.0]))
    named = len(world.parks) - world.county_count
    assert allowed[0, :named].all()
    assert not allowed[:, named:].any(), "town plots are not on offer"
    np.testing.assert_array_equal(allowed[1], world.park_port)
    room = parks.planned - parks.developed + parks.free
    np.testing.assert_array_equal(allowed[2, :named], room[:named] >= 9_000.0)
    assert not allowed[2].all()


def test_land_that_signed_projects_wait_for_is_taken(fresh):
    state = fresh().state
    state.projects.append(1, stage=Stage.SIGNED, channel=3, park=2, county=0, land=5_500.0, product=16)
    assert committed_land(state)[2] == 5_500.0
    allowed = physical_mask(state, np.array([16]), np.array([1_000.0]))
    assert not allowed[0, 2]
    state.projects.land_held[0] = 5_500.0
    assert committed_land(state).sum() == 0.0


def test_every_product_has_an_admissible_project_at_the_default_screen(opening):
    """At normal margin all 18 agent products pass 0.08 M yuan of tax per mu; the published goal of 0.2 masks many."""
    screen = opening.levers["promotion.screen_tax_per_mu"].max()
    assert screen == pytest.approx(0.08)
    agents = opening.world.agent_count
    tax = opening.technology.tax[:agents] / opening.technology.land[:agents]
    assert (tax > screen).all()
    assert tax.min() == pytest.approx(0.10)
    assert tax[opening.world.product("S_PROD")] == pytest.approx(0.147, abs=5e-4)
    assert tax[opening.world.product("V_BODY")] == pytest.approx(0.175)
    assert (tax < 0.2).sum() >= 6


def one_lead(state, product, land=10.0):
    """A board of one lead."""
    return {
        "product": np.array([state.world.product(product)]),
        "sponsor": np.array([-1]),
        "land": np.array([land]),
        "channel": np.array([int(Channel.UNPLANNED)]),
        "home": np.array([-1]),
        "productivity": np.ones(1),
    }


@pytest.mark.parametrize(("pressure", "admitted"), [(0.0, False), (1.0, True)])
def test_plan_pressure_weakens_the_screen(fresh, next_month, pressure, admitted):
    model = fresh({"promotion.screen_tax_per_mu": 0.15})
    state = next_month(model.state)
    state.month, state.pressure = 60, pressure  # the screen holds from 2016 on
    state.boards.leads.append(one_lead(state, "MACH"))  # 0.10 M yuan per mu; 0.15 falls to 0.075 under full pressure
    part = next(each for each in model.month_list if isinstance(each, ParkChoice))
    part.step(state, Streams(1))
    assert state.boards.allowed[0].any() == admitted
    assert state.scenario[Promotion].plan_pressure == pytest.approx(0.5)


def test_grants_decide_for_the_less_productive_and_cost_the_same_on_average():
    """Ln A with sd 0.1, psi 5: who is a tenth less productive than usual sees 1.05^5 x 0.88 of the usual grant."""
    assert grant_worth(np.array([0.9]), 0.1, 5.0) == pytest.approx(0.9**-5 * np.exp(-0.125))
    np.testing.assert_array_equal(grant_worth(np.array([0.5, 2.0]), 0.1, 0.0), 1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    mean = (grant_worth(np.exp(0.1 * nodes), 0.1, 5.0) * weights).sum() / weights.sum()
    assert mean == pytest.approx(1.0, rel=1e-10)
    assert (np.diff(grant_worth(np.linspace(0.7, 1.4, 8), 0.1, 5.0)) < 0).all()


def test_what_a_lead_sees_of_grants_here_and_elsewhere_has_the_same_weight(fresh, next_month):
    """Utility of a park rises by b_inc g_j for each unit offered; so does the answer of other places."""
    model = fresh()
    state = next_month(model.state)
    part = next(each for each in model.month_list if isinstance(each, ParkChoice))
    weak, strong = one_lead(state, "MACH"), one_lead(state, "MACH")
    weak["productivity"], strong["productivity"] = np.array([0.9]), np.array([1.1])
    state.boards.leads.extend([weak, strong])
    part.step(state, Streams(1))
    (low, high), offers = state.boards.appeal, state.boards.offers[0][0][state.world.park_county]
    worth = worth_to_leads(state, np.array([0.9, 1.1]))
    assert worth[0] > 1.0 > worth[1]
    np.testing.assert_allclose(low[0] - high[0], part.location.incentive * (worth[0] - worth[1]) * offers, atol=1e-12)


def test_the_value_of_other_places_returns_to_its_mean(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    q = state.scenario[Location]
    part = next(each for each in model.month_list if isinstance(each, ParkChoice))
    state.outside_value = state.outside_value_mean + 1.0
    part.step(state, Streams(1))
    np.testing.assert_allclose(state.boards.outside_value - state.outside_value_mean, q.outside_value_persist)
    state.budgets.offered = part.rival_incentive - 0.01  # other places take nothing back from a poorer offer
    part.step(state, Streams(1))
    np.testing.assert_allclose(state.boards.outside_value - state.outside_value_mean, q.outside_value_persist)
    state.budgets.offered = part.rival_incentive + 0.01  # and come to match part of a richer one
    part.step(state, Streams(1))
    matched = (1.0 - q.outside_value_persist) * q.rival_response * q.incentive * 0.01
    np.testing.assert_allclose(
        state.boards.outside_value - state.outside_value_mean, q.outside_value_persist + matched, rtol=1e-9
    )


# --- failure ----------------------------------------------------------------------------------------------------------


def test_failure_before_building_is_a_constant_hazard_raised_by_pressure(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    q, count = state.scenario[Location], 4000
    luck = (np.arange(count) + 0.5) / count
    for pressure in (0.0, 1.0):
        state.projects.append(
            count, stage=Stage.SIGNED, channel=Channel.CHAIN, product=1, pressure=pressure, failure_luck=luck
        )
    part = Failure(q)
    survived = []
    for _ in range(12):
        part.step(state, Streams(1))
        projects, boards = state.projects, state.boards
        projects.survival = boards.survival
        projects.stage[boards.failed] = Stage.FAILED
        survived.append((projects.stage == Stage.SIGNED).reshape(2, count).mean(axis=1))
    months = np.arange(1, 13)
    for column, pressure in enumerate((0.0, 1.0)):
        expected = (1.0 - q.fail_monthly * np.exp(pressure)) ** months
        np.testing.assert_allclose(np.array(survived)[:, column], expected, atol=1.0 / count)


def test_leaders_plants_and_works_under_way_do_not_fail(fresh, next_month):
    state = next_month(fresh().state)
    for stage, channel in ((Stage.SIGNED, Channel.OWN), (Stage.BUILD, Channel.CHAIN), (Stage.LOST, Channel.CHAIN)):
        state.projects.append(1, stage=stage, channel=channel, failure_luck=1.0)
    Failure(state.scenario[Location]).step(state, Streams(1))
    assert not state.boards.failed.any()


# --- more of the choice -----------------------------------------------------------------------------------------------


def test_suppliers_nearby_raise_the_utility_by_their_weight(fresh):
    state = fresh().state
    world, q = state.world, state.scenario[Location]
    rent, wage = relative_prices(state)
    node, melt = np.array([world.product("S_ROLL")]), world.product("S_MELT")
    before = base_utility(state, q, node, np.array([-1]), rent, wage)[0]
    access = np.exp(-q.market_decay * world.minutes) @ capacity_by_county(state)
    old = access @ state.technology.inputs[:, node[0]]
    rows = (state.firms.product == melt) & ~state.firms.fringe
    state.firms.capacity = np.where(rows, 3.0 * state.firms.capacity, state.firms.capacity)
    access = np.exp(-q.market_decay * world.minutes) @ capacity_by_county(state)
    new = access @ state.technology.inputs[:, node[0]]
    after = base_utility(state, q, node, np.array([-1]), rent, wage)[0]
    gain = q.supplier_access * (np.log1p(new) - np.log1p(old))
    np.testing.assert_allclose(after - before, gain[world.park_county], rtol=1e-9)
    assert gain.min() > 0


def test_capacity_by_county_is_annual_and_takes_blocks_by_output(opening):
    firms, world = opening.firms, opening.world
    county = world.county("FA")
    for code, column in (("S_MELT", firms.capacity), ("ENER", firms.output)):
        rows = (firms.county == county) & (firms.product == world.product(code))
        found = capacity_by_county(opening)[county, world.product(code)]
        assert found == pytest.approx(12 * column[rows].sum() / 1000.0)


def test_a_leader_without_a_plant_is_where_it_builds(fresh):
    state = fresh().state
    maker = 3
    assert sponsor_county(state)[maker] == -1
    state.projects.append(1, stage=Stage.BUILD, channel=Channel.OWN, leader=0, county=7, product=0)
    state.projects.append(1, stage=Stage.BUILD, channel=Channel.OWN, leader=maker, county=5, product=7)
    assert sponsor_county(state)[maker] == 5
    assert sponsor_county(state)[0] == state.world.county("DQ")


def offer(model, next_month, **columns):
    """Parks that are open to one lead."""
    state = next_month(model.state)
    state.month = 60
    state.boards.leads.append(one_lead(state, "B_CATH") | {key: np.array([value]) for key, value in columns.items()})
    part = next(each for each in model.month_list if isinstance(each, ParkChoice))
    part.step(state, Streams(1))
    return state, state.boards.allowed[0][0]


def test_a_spinoff_that_stays_chooses_among_the_parks_of_its_parent(fresh, next_month):
    state, open_ = offer(fresh(), next_month, home=1)
    named = np.arange(len(open_)) < len(open_) - state.world.county_count
    np.testing.assert_array_equal(open_, named & (state.world.park_county == 1))
    _, anywhere = offer(fresh(), next_month)
    np.testing.assert_array_equal(anywhere, named)


def test_a_county_short_of_land_picks_its_projects(fresh, next_month):
    """The screen of 0.08 becomes 0.104: machinery, which pays 0.10, is refused where less than a tenth is left."""
    model = fresh()
    state = model.state
    scarce = state.world.county("ZR")
    mine = state.world.park_county == scarce
    state.parks.planned[mine] = state.parks.developed[mine] = state.parks.occupied[mine] + 40.0
    state, open_ = offer(model, next_month, product=state.world.product("MACH"))
    named = np.arange(len(open_)) < len(open_) - state.world.county_count
    np.testing.assert_array_equal(open_, named & (state.world.park_county != scarce))
    state.boards.allowed.clear()
    state.boards.leads[0]["product"][0] = state.world.product("B_CATH")
    next(each for each in model.month_list if isinstance(each, ParkChoice)).step(state, Streams(1))
    assert state.boards.allowed[0][0][named & (state.world.park_county == scarce)].all()
    assert "picks projects" in model.log[0][2]


# --- ablations --------------------------------------------------------------------------------------------------------


def minutes_to_sponsor(model):
    """Minutes from the park of each signed project to the largest plant of the leader that vouches for it."""
    projects = model.state.projects
    rows = np.flatnonzero((projects.signed >= 0) & (projects.sponsor >= 0) & (projects.graft < 0))
    rows = rows[projects.channel[rows] <= Channel.CHAIN]
    return model.world.minutes[sponsor_county(model.state)[projects.sponsor[rows]], projects.county[rows]]


def test_without_the_pull_of_a_leader_its_suppliers_sit_far_from_it(usual, beside):
    free = beside({"location.leader_time": 0.0})
    near, far = minutes_to_sponsor(usual), minutes_to_sponsor(free)
    assert far.mean() > 2.0 * near.mean()
    assert len(far) > len(near), "more places are good enough to sign"
    for channel in (Channel.UNPLANNED, Channel.NORMAL):
        leads = [model.recorder.arrays["entered"][:36, Stage.LEAD, channel] for model in (free, usual)]
        np.testing.assert_array_equal(*leads)
    np.testing.assert_array_equal(free.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])


def test_without_failure_every_signed_project_goes_on(usual, beside):
    kept = beside(without=(Failure,))
    closed = ~kept.state.firms.alive
    projects = kept.state.projects
    failed = projects.stage == Stage.FAILED
    assert (closed[projects.graft[failed]] & (projects.graft[failed] >= 0)).all(), "only where the firm itself closed"
    assert failed.sum() < 0.1 * (usual.state.projects.stage == Stage.FAILED).sum()
    done = [(model.state.projects.stage == Stage.DONE).sum() for model in (kept, usual)]
    assert done[0] > done[1]
    pools = [model.state.boards.candidates.fail for model in (kept, usual)]
    np.testing.assert_array_equal(*pools)


def test_a_hazard_of_nothing_is_the_run_without_failure(beside, same_run):
    same_run(beside({"location.fail_monthly": 0.0}, months=9), beside(without=(Failure,), months=9))


def test_without_the_choice_of_parks_other_places_win_more_often(usual, beside):
    """Parks are then worth nothing against them; leads come as before, and history does not ask."""
    months = 18
    blind = beside(without=(ParkChoice,), months=months)
    left, right = blind.recorder.arrays, usual.recorder.arrays
    leads, signed = (
        [arrays["entered"][:months, stage, : Channel.UNPLANNED + 1].sum() for arrays in (left, right)]
        for stage in (Stage.LEAD, Stage.SIGNED)
    )
    assert leads[0] == pytest.approx(leads[1], rel=0.05)
    assert signed[0] < 0.8 * signed[1]
    dated = [each.state.projects.signed[each.state.projects.event >= 0] for each in (blind, usual)]
    assert len(dated[0]) > 0
    np.testing.assert_array_equal(dated[0], dated[1][dated[1] <= months])
    np.testing.assert_array_equal(left["entered"][0, Stage.LEAD], right["entered"][0, Stage.LEAD])
    np.testing.assert_array_equal(left["output"][0], right["output"][0])
