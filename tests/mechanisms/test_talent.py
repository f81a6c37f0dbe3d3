"""Talent plan: persons move and are conserved, money goes where skilled posts are open, what is paid arrives."""

import numpy as np
import pytest

from sim.accounts import BrokenIdentityError, check_all, check_budgets
from sim.mechanisms.labour import Staffing
from sim.mechanisms.production import cost_parts, skill_saving, unit_costs
from sim.mechanisms.sourcing import qualification_of
from sim.mechanisms.talent import (
    HIGH,
    KINDS,
    Talent,
    TalentAppeal,
    TalentCosts,
    TalentMoney,
    TalentMoves,
    built_amenity,
    drawn,
    gains,
    opening_plan,
    split_by_open_posts,
    talent_per_job,
    usual_talent,
)
from sim.model import NingdeModel
from sim.parameters import Month
from sim.resolvers.building import _quality
from sim.resolvers.closing import resolve_grow
from sim.scenario import ScenarioError
from sim.state import SPENDING_ITEMS

AT_ONCE = {"talent.start": "2014-01"}
PLAN = (TalentAppeal, TalentMoney, TalentMoves, TalentCosts)


def part(model, kind):
    return next(each for each in model.month_list if isinstance(each, kind))


# --- formulas ---------------------------------------------------------------------------------------------------------


def test_money_goes_where_skilled_posts_are_open():
    split = split_by_open_posts(np.array([0.2, 0.1, 0.5]), np.array([400.0, 900.0, 0.0]), np.ones(3))
    assert split == pytest.approx([0.5, 0.5, 0.0]), "100 open posts each; none where nobody makes skilled products"
    assert split_by_open_posts(np.zeros(2), np.array([30.0, 10.0]), np.ones(2)) == pytest.approx([0.75, 0.25])
    assert split_by_open_posts(np.full(2, 0.5), np.zeros(2), np.array([1.0, 3.0])) == pytest.approx([0.25, 0.75])


def test_money_at_the_cost_of_a_person_replaces_who_leaves():
    talent = Talent()
    usual = np.array([1200.0, 1200.0, 1200.0])
    leaving = 1200.0 * 0.06 / 12  # 6 persons a month
    money = 0.25 * leaving * np.array([1.0, 4.0, 0.0])
    assert gains(money, usual, np.zeros(3), talent) == pytest.approx([6.0, 6.0 * 4**0.7, 0.0])
    assert gains(money, usual, np.full(3, 0.1), talent)[0] == pytest.approx(6.0 * np.exp(0.1))


def test_what_one_gains_by_siphon_others_lose():
    stock, gained = np.array([100.0, 300.0, 600.0]), np.array([9.0, 0.0, 0.0])
    moves = drawn(gained, stock, 0.25)
    assert moves[:, 0] == pytest.approx([0.0, 0.75, 1.5]), "a quarter of 9 persons, by the talent of the others"
    assert moves[:, 1:].sum() == 0.0
    assert drawn(gained, stock, 0.0).sum() == 0.0


def test_no_county_loses_more_than_half_of_its_talent_in_a_month():
    moves = drawn(np.array([10_000.0, 0.0]), np.array([10.0, 40.0]), 0.5)
    assert moves[1, 0] == pytest.approx(20.0)


def test_amenities_close_a_part_of_their_gap():
    talent = Talent()
    built = built_amenity(np.array([0.0, 0.02]), np.array([3.0, 0.0]), np.array([100.0, 100.0]), talent)
    assert built == pytest.approx([0.03 * 0.08 / 12, 0.02 * (1 - 0.08 / 12)])


def test_talent_per_job_is_one_without_the_plan_and_never_zero():
    share = talent_per_job(np.array([10.0, 10.0, 10.0, 0.0]), np.array([0.0, 5.0, -20.0, 0.0]))
    assert share == pytest.approx([1.0, 1.5, 0.05, 1.0]), "a county without skilled jobs counts as usual"


def test_the_usual_talent_follows_jobs(opening):
    plan = opening_plan(opening)
    assert plan.usual.sum() == pytest.approx(Talent().usual)
    np.testing.assert_allclose(usual_talent(opening), plan.usual, rtol=1e-12)
    shares = opening.people.workers[HIGH].sum(axis=0)
    np.testing.assert_allclose(plan.usual, Talent().usual * shares / shares.sum())


def test_shares_that_do_not_sum_to_one_are_refused(baseline):
    with pytest.raises(ScenarioError, match="must sum to 1"):
        baseline.replace({"talent.mix_cash": 0.5}, name="wrong")


# --- nothing without money --------------------------------------------------------------------------------------------


def test_without_budget_the_run_is_that_without_the_mechanism(fresh, same_run):
    free, left_out = fresh({**AT_ONCE, "talent.budget": 0}), fresh(AT_ONCE, without=PLAN)
    for model in (free, left_out):
        for _ in range(18):
            model.step()
    same_run(free, left_out)


def test_before_its_start_the_plan_does_nothing(fresh, same_run):
    plan, none = fresh({"talent.start": "2015-03", "talent.budget": 1000}), fresh({"talent.budget": 0})
    for model in (plan, none):
        for _ in range(14):
            model.step()
    same_run(plan, none)
    for model in (plan, none):
        for _ in range(3):
            model.step()
    assert (plan.recorder.arrays["talent_per_job"][14] != 1.0).any()
    assert (plan.recorder.arrays["population"][16] != none.recorder.arrays["population"][16]).any()


# --- the month --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(baseline):
    """Three years with a large plan from the start, and with none."""
    models = []
    for budget in (800, 0):
        model = NingdeModel(baseline.replace({**AT_ONCE, "talent.budget": budget}, name=f"talent-{budget}"), 1)
        for _ in range(36):
            model.step()
        models.append(model)
    return models


def test_who_wins_takes_skilled_people_from_next_door(pair):
    """The sign of Shi et al. (2022): gain where the money goes, loss elsewhere."""
    state = pair[0].state
    extra = state.talent.extra
    money = state.boards.talent_spending.sum(axis=0)
    first = int(money.argmax())
    assert state.world.group[first] == 0, "cells are made in the core"
    assert extra[first] > 100
    assert (money == 0).any()
    assert extra[money == 0].max() < 0, "who gets no money loses people"
    assert extra.sum() > 0, "most come from outside"


def test_persons_are_conserved(pair):
    """What the plan brings is in the residents, skilled ones only, beside what moves and grows anyway."""
    model, _ = pair
    assert model.recorder.residual["I9"] < 1e-9
    state = model.state
    gained = state.boards.talent_arrivals.sum() - state.boards.talent_departures.sum()
    before = state.ledger.working_age_before
    flows = state.ledger.natural + state.ledger.arrived - state.ledger.departed
    np.testing.assert_allclose(state.people.working_age, before + flows, rtol=1e-12)
    usual = (
        state.boards.arrivals.sum(axis=1) - state.boards.departures.sum(axis=1) + state.boards.births_of_people.sum(1)
    )
    change = (state.people.working_age - before).sum(axis=1) - usual
    assert change[HIGH] == pytest.approx(gained, rel=1e-6)
    assert change[0] == pytest.approx(0.0, abs=1e-6)


def test_the_stock_moves_by_gains_siphon_and_attrition(fresh, next_month):
    model = fresh(AT_ONCE)
    state = next_month(model.state)
    state.talent.extra = np.linspace(-50.0, 400.0, state.world.county_count)
    state.talent.housing[:] = 0.2  # flats paid for in earlier months
    part(model, TalentMoney).step(state, model.streams)
    before, usual = state.talent, usual_talent(state)
    part(model, TalentMoves).step(state, model.streams)
    boards, t = state.boards, Talent()
    gained = gains(boards.talent_spending[0] + 0.2, usual, before.amenity, t)
    moves = drawn(gained, usual + before.extra, t.siphon)
    left = 0.06 / 12 * before.extra
    np.testing.assert_allclose(boards.talent.extra, before.extra + gained - moves.sum(axis=1) - left)
    np.testing.assert_allclose(boards.talent_arrivals, gained - moves.sum(axis=0) + np.maximum(-left, 0.0))
    np.testing.assert_allclose(boards.talent_departures, np.maximum(left, 0.0))
    slot = state.month % 12
    np.testing.assert_array_equal(boards.talent.housing[slot], boards.talent_spending[1])
    assert (boards.talent.housing[(slot + 1) % 12] == 0.2).all(), "it acts a year later"


@pytest.mark.parametrize(
    ("kind", "waits"), [("cash", 1), ("housing", 13), pytest.param("health", 49, marks=pytest.mark.slow)]
)
def test_housing_waits_a_year_and_schools_four(baseline, kind, waits):
    mix = {f"talent.mix_{each}": 1.0 if each == kind else 0.0 for each in KINDS}
    model = NingdeModel(baseline.replace({**AT_ONCE, **mix, "run.end": "2018-06"}, name=kind), 1)
    for month in range(1, waits + 1):
        model.step()
        assert (model.state.talent.extra.any() or model.state.talent.amenity.any()) == (month == waits)


def test_amenities_of_the_plan_move_residents(fresh, next_month):
    model = fresh({"talent.budget": 0})
    state = next_month(model.state)
    state.talent.services[state.month % 48] = 100.0
    part(model, TalentMoves).step(state, model.streams)
    resolve_grow(state, model.streams)
    assert (state.talent.amenity > 0).all()
    np.testing.assert_allclose(state.people.amenity, state.talent.amenity, rtol=1e-12)


def test_money_is_spread_over_the_counties_and_kinds_of_the_mix(fresh, next_month):
    model = fresh(AT_ONCE)
    state = next_month(model.state)
    state.budgets.funded[-1] = 0.5
    part(model, TalentMoney).step(state, model.streams)
    money = state.boards.talent_spending
    assert money.sum(axis=1) == pytest.approx(150 / 12 * 0.5 * np.array([0.4, 0.25, 0.2, 0.15]))
    np.testing.assert_array_equal(state.boards.household_grants, money[0])
    works, world = state.boards.public_works[0], state.world
    assert works[:, world.product("CONS")].sum() == pytest.approx((money[1] + 0.5 * (money[2] + money[3])).sum())
    assert works.sum() + money[0].sum() == pytest.approx(money.sum())


# --- what talent does -------------------------------------------------------------------------------------------------


@pytest.fixture
def doubled(fresh):
    """An opening in which county 1 has twice its talent and county 4 half."""
    model = fresh()
    state, t = model.state, Talent()
    h = np.ones(state.world.county_count)
    h[1], h[4] = 2.0, 0.5
    state.counties.talent = h
    state.talent.conversion, state.talent.qualification = h**-t.effect_quality, h**-t.qualification_speed
    return model


def test_talent_lowers_the_conversion_cost_of_skilled_products_only(doubled):
    state = doubled.state
    firms = state.firms
    skilled = state.world.skill[firms.product]
    saving = skill_saving(state)
    assert saving[skilled & (firms.county == 1)] == pytest.approx(2**-0.04)
    assert (saving[~skilled] == 1.0).all()
    after, _ = unit_costs(state)
    state.talent.conversion = np.ones(state.world.county_count)
    before, _ = unit_costs(state)
    rows = np.flatnonzero(skilled & (firms.county == 1) & (firms.fringe == 0))
    _, conversion = cost_parts(state)
    assert len(rows)
    at_mean_wage = conversion[firms.product[rows]] / firms.productivity[rows]
    fall = (before - after)[rows]
    assert (fall > 0).all()
    np.testing.assert_allclose(fall, (1 - 2**-0.04) * at_mean_wage, rtol=0.3)  # the wage gap of the county besides


def test_the_saving_is_found_in_the_wages_that_are_paid(doubled):
    """Cost that falls without anybody being paid less would be profit from nowhere."""
    state = doubled.state
    part(doubled, Staffing).step(state, doubled.streams)
    with_talent = state.boards.wanted.copy()
    state.talent.conversion = np.ones(state.world.county_count)
    part(doubled, Staffing).step(state, doubled.streams)
    here = state.world.skill[state.firms.product] & (state.firms.county == 1) & (with_talent > 0)
    assert here.any()
    np.testing.assert_allclose(with_talent[here], 2**-0.04 * state.boards.wanted[here])


def test_suppliers_qualify_faster_and_new_firms_are_better(doubled):
    state = doubled.state
    months = qualification_of(state)
    assert months[state.firms.county == 1] == pytest.approx(9.0 * 2**-0.2)
    assert months[state.firms.county == 0] == pytest.approx(9.0)
    quality, own = np.array([0.5, 0.5, 0.98, 0.5]), np.array([False, False, False, True])
    better = _quality(state, quality, np.array([1, 4, 1, 1]), own)
    step = 0.05 * np.log(2)
    assert better == pytest.approx([0.5 + step, 0.5 - step, 1.0, 0.5])


def test_skilled_leads_are_drawn_by_talent(doubled, next_month):
    state = next_month(doubled.state)
    cell, cathode = state.world.product("B_CELL"), state.world.product("B_CATH")
    state.boards.leads.append({"product": np.array([cell, cathode])})
    part(doubled, TalentAppeal).step(state, doubled.streams)
    appeal = state.boards.appeal[0]
    assert appeal[0, state.world.park_county == 1] == pytest.approx(0.15 * np.log(2))
    assert appeal[0, state.world.park_county == 4] == pytest.approx(-0.15 * np.log(2))
    assert (appeal[1] == 0).all()


# --- money ------------------------------------------------------------------------------------------------------------


def test_what_the_city_level_pays_arrives(pair):
    model, none = pair
    state = model.state
    item = SPENDING_ITEMS.index("talent")
    spending = model.recorder.arrays["public_spending"]
    assert spending[0, -1, item] == pytest.approx(800 / 12)
    assert (spending[:, :-1, item] == 0).all(), "the counties pay nothing"
    cash = state.boards.household_grants.sum()
    assert state.ledger.payments["paid to residents"] >= cash > 0
    assert cash + state.public_works.sum() == pytest.approx(state.ledger.spending[item].sum(), rel=1e-12)
    check_all(state)
    cons = state.world.product("CONS")
    built = [each.recorder.arrays["output"][:, :, cons].sum() for each in (model, none)]
    assert built[0] > built[1], "builders get orders"


def test_money_without_payee_is_seen(pair, monkeypatch):
    state = pair[0].state
    monkeypatch.setattr(state.ledger, "to_households", state.ledger.to_households * (1 + 1e-6))
    with pytest.raises(BrokenIdentityError, match="I12 payees of talent, infrastructure"):
        check_budgets(state)


def test_a_dated_budget_starts_when_it_says(baseline):
    levers = baseline.replace({"talent.budget": [{"from": "2017-01", "value": 50}, {"from": "2020-05", "value": 500}]})
    series = levers.lever("talent.budget")
    at = [Month(month) - levers.start for month in ("2016-12", "2017-01", "2020-04", "2020-05")]
    assert series[at].tolist() == [0.0, 50.0, 50.0, 500.0]


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_plan_nobody_comes_for_it_and_nothing_is_paid(fresh):
    model = fresh(AT_ONCE, without=PLAN)
    for _ in range(13):
        model.step()
    assert (model.state.counties.talent == 1.0).all()
    assert not model.state.talent.extra.any()
    assert model.recorder.arrays["public_spending"][:, :, SPENDING_ITEMS.index("talent")].sum() == 0.0


def test_a_county_where_nobody_came_to_its_posts_gets_no_money_and_spoils_no_split():
    with np.errstate(all="raise"):
        found = split_by_open_posts(np.array([1.0, 0.1, 0.5]), np.array([0.0, 9.0, 1.0]), np.ones(3))
    np.testing.assert_allclose(found, [0.0, 0.5, 0.5])
