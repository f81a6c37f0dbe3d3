"""Public money: taxes by hand, the race of incentives, budgets that bind, and a cost for every policy that has one."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.fiscal import (
    Budgets,
    Fiscal,
    Incentives,
    competing_counties,
    funded_share,
    normal_profit,
    ordinary_spending,
    other_rates,
    raced_offers,
    split_taxes,
    taxes_due,
)
from sim.mechanisms.location import ParkChoice, base_utility, relative_prices, worth_to_leads
from sim.model import GROUPS
from sim.parameters import Lever
from sim.state import MARKETS, REVENUE_ITEMS, SPENDING_ITEMS, Stage
from tests.runs import aged

# --- taxes ------------------------------------------------------------------------------------------------------------


def rates(**changes):
    return SimpleNamespace(
        **{
            "value_added": 0.04,
            "profit": 0.25,
            "land": 0.0024,
            "other": np.array([0.01, -0.002, 0.02]),
            "made_by_firms": np.array([True, True, False]),
            "local_value_added": 0.5,
            "local_profit": 0.4,
            "local_other": 0.8,
            **changes,
        }
    )


def test_four_taxes_of_three_rows_by_hand():
    """A firm with profit, a firm with a loss and a rebate, a block."""
    due = taxes_due(
        rates(),
        product=np.array([0, 1, 2]),
        sales=np.array([100.0, 100.0, 50.0]),
        value_added=np.array([30.0, -5.0, 20.0]),
        land=np.array([500.0, 0.0, 0.0]),
        before_taxes=np.array([12.3, -8.0, 9.0]),
    )
    np.testing.assert_allclose(due.value_added, [1.2, 0.0, 0.8])
    np.testing.assert_allclose(due.land, [0.1, 0.0, 0.0])
    np.testing.assert_allclose(due.other, [1.0, -0.2, 1.0])
    np.testing.assert_allclose(due.profit, [2.5, 0.0, 0.0])  # a quarter of 12.3 - 1.2 - 0.1 - 1.0; blocks pay none
    np.testing.assert_allclose(due.local, [0.6 + 1.0 + 0.1 + 0.8, -0.16, 0.4 + 0.8])


def test_the_normal_margin_is_before_profit_tax_and_the_rest_is_overhead():
    normal, overhead = normal_profit(np.array([0.3, 0.03, -0.1]), 0.25, 0.25)
    np.testing.assert_allclose(normal, [0.2, 0.04, 0.0])
    np.testing.assert_allclose(overhead, [0.15, 0.0, 0.0])  # 0.3 after tax = 0.2 x 0.75 + 0.15


def test_other_taxes_fill_the_anchor_and_may_be_a_rebate():
    fiscal = Fiscal(vat_rate=0.04, profit_tax=0.25, land_tax=0.002)
    found = other_rates(
        np.array([0.035, 0.02]), np.array([0.25, 0.3]), np.array([0.06, 0.06]), np.array([0.5, 0.0]), fiscal
    )
    np.testing.assert_allclose(found, [0.035 - 0.01 - 0.015 - 0.001, 0.02 - 0.012 - 0.015])


def test_the_city_level_keeps_its_share():
    np.testing.assert_allclose(split_taxes(np.array([100.0, 60.0]), 0.25), [75.0, 45.0, 40.0])


# --- the race ---------------------------------------------------------------------------------------------------------


def test_offers_rise_with_rivals_up_to_the_cap_and_shrink_with_the_budget():
    alone, limit = np.array([0.02, 0.02]), np.array([0.03, 0.05])
    found = raced_offers(alone, limit, 0.1, np.array([0.0, 1.0, 4.0, 9.0]), np.array([1.0, 0.5]))
    np.testing.assert_allclose(found, [[0.02, 0.01], [0.02, 0.01], [0.026, 0.013], [0.03, 0.018]])


def test_counties_compete_where_they_have_a_park():
    allowed = np.array([[True, False, False, False], [False, True, True, True], [False, False, False, False]])
    found = competing_counties(allowed, np.array([0, 0, 1, 2]), 3)
    np.testing.assert_array_equal(found, [[True, False, False], [True, True, True], [False, False, False]])


def offers_at(fresh, next_month, changes):
    model = fresh(changes)
    state = next_month(model.state)
    for part in model.month_list:
        if part.phase <= 2:
            part.step(state, Streams(1))
    leads = {
        "product": np.array([1, 15]),
        "land": np.array([20.0, 20.0]),
        "sponsor": np.array([-1, -1]),
        "home": np.array([-1, -1]),
        "productivity": np.array([0.9, 1.1]),
    }
    state.boards.leads = [leads]
    part = next(each for each in model.month_list if isinstance(each, ParkChoice))
    part.step(state, Streams(1))
    return state, part, leads


def test_without_a_race_counties_offer_what_they_offer_alone(fresh, next_month):
    """Neutral values: rivals' incentive, no race. Utility is bit for bit the utility without the race."""
    neutral = {"fiscal.offer": 1.0, "zoning.incentive_war": 0.0}
    state, part, leads = offers_at(fresh, next_month, neutral)
    assert (state.boards.offers[0] == 0.04).all()
    rent, wage = relative_prices(state)
    worth = worth_to_leads(state, leads["productivity"])
    plain = base_utility(state, part.location, leads["product"], leads["sponsor"], rent, wage, worth)
    np.testing.assert_array_equal(state.boards.appeal[-1], plain)
    np.testing.assert_array_equal(state.boards.outside_value, state.outside_value_mean)


def test_a_binding_plan_ends_the_race(fresh, next_month):
    free, _, _ = offers_at(fresh, next_month, {"zoning.strictness": 0.0, "zoning.start": "2014-01"})
    bound, _, _ = offers_at(fresh, next_month, {"zoning.strictness": 1.0, "zoning.start": "2014-01"})
    assert free.boards.offered == pytest.approx(0.04)
    assert bound.boards.offered == pytest.approx(0.02)


def test_plan_pressure_raises_the_cap(fresh, next_month):
    model = fresh({"fiscal.offer": 1.0})
    state = next_month(model.state)
    state.pressure = 1.0
    race = next(each for each in model.month_list if isinstance(each, ParkChoice)).race
    np.testing.assert_allclose(race.offers(state, np.array([10.0])), 0.04 * 1.5)


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_ordinary_spending_uses_what_is_above_normal_debt_and_has_a_floor():
    found = ordinary_spending(
        np.array([100.0, 100.0]), np.array([110.0, 90.0]), np.array([-60.0, -300.0]), np.array([132.0, 120.0]), 36.0
    )
    np.testing.assert_allclose(found, [112.0, 100.0])


def test_the_funded_share_is_between_nothing_and_all():
    found = funded_share(np.array([5.0, 20.0, -3.0, 0.0]), np.array([10.0, 10.0, 10.0, 0.0]))
    np.testing.assert_allclose(found, [0.5, 1.0, 0.0, 1.0])


LINES = {
    "promotion.budget": (600, "promotion", 1),
    "promotion.joint": (1.0, "promotion", 1),
    "service.teams": (20, "service teams", 1),
    "service.permit_reform": (1.0, "permit reform", 1),
    "fiscal.incentive_cap": (0.12, "incentives", 1),
    "land.new_quota": (2000, "land development", -1),
    "land.discount": (0.6, "land sales", -1),
    "talent.budget": (1000, "talent", 1),
    "land_cage.intensity": (0.3, "land reform", 1),
    "land_cage.threshold_tax": (0.12, "land reform", 1),
    "land_cage.compensation": (1.0, "land reform", 1),
    "linkage.transfer": (0.1, "training", 1),
    "infrastructure.minutes_cut": (0.05, "infrastructure", 1),
    "sourcing.local_bonus": (0.05, "local purchases", 1),
}
"""Levers that cost money: a strong value, the line that shows it, and its sign."""

NO_LINE = {
    "promotion.mix_leader", "promotion.mix_chain", "promotion.mix_cluster", "promotion.mix_bump",  # shares of a budget
    "talent.mix_cash", "talent.mix_housing", "talent.mix_schooling", "talent.mix_health",  # likewise
    "promotion.weight_strengthen", "promotion.weight_supplement", "promotion.weight_extend",  # shares of attention
    "promotion.plan_target", "promotion.screen_tax_per_mu", "zoning.strictness",  # rules: they cost projects
    "land.quota_weight_queue", "fiscal.city_share_local",  # who gets what
    "energy.cap", "energy.carbon_cap",  # limits: they cost output
    "linkage.referral",  # a rule: it costs the plant, and the leads that go elsewhere
    # terms between counties: what one pays the other gets, and each contract has its bill (test_enclave.py)
    "enclave.direction", "enclave.tax_share_origin", "enclave.credit_share_origin", "enclave.enforcement",
    "enclave.capital_share_origin", "enclave.fixed_yield", "enclave.quota_ceded", "enclave.term",
    "enclave.reserved_jobs",
}  # fmt: skip
"""Levers without a bill of their own, with the reason beside them."""

EARLY = dict.fromkeys(("promotion.start", "service.start", "service.permit_start", "talent.start"), "2014-01")
LATER = dict.fromkeys(("linkage.start", "land_cage.start"), "2014-01")
TWO_YEARS = 24


def money(fresh, changes):
    """What each item came to over two years."""
    model = fresh({**EARLY, **LATER, **changes})
    total = dict.fromkeys((*SPENDING_ITEMS, *REVENUE_ITEMS), 0.0)
    for _ in range(TWO_YEARS):
        model.step()
        for names, flows in (
            (SPENDING_ITEMS, model.state.ledger.spending),
            (REVENUE_ITEMS, model.state.ledger.revenue),
        ):
            for name, amount in zip(names, flows.sum(axis=1), strict=True):
                total[name] += amount
    return total


def test_every_lever_with_effect_has_a_line_or_says_why_not():
    working = {
        f"{group.table}.{name}"
        for group in GROUPS
        if group.table != "prices"  # those are conjectures about the world, not policies
        for name, field in group.model_fields.items()
        if field.annotation is Lever
    }
    assert working == set(LINES) | NO_LINE


@pytest.mark.slow
def test_every_lever_with_effect_shows_its_cost(fresh):
    """A strong value of a lever moves its line."""
    before = money(fresh, {})
    for lever, (value, line, sign) in LINES.items():
        after = money(fresh, {lever: value})
        assert sign * (after[line] - before[line]) > 1.0, lever


def test_costs_of_the_city_level_by_hand(fresh, next_month):
    model = fresh(
        {**EARLY, "promotion.budget": 240, "promotion.joint": 0.3, "service.teams": 10, "service.permit_reform": 0.4}
    )
    state = next_month(model.state)
    part = next(each for each in model.month_list if isinstance(each, Budgets))
    assert part.lever_costs(state) == pytest.approx({"promotion": 21.0, "service teams": 10.0, "permit reform": 2.0})
    state.pressure = 0.4  # campaigns: 240 x (1 + 0.5 x 0.4), and 12 for joint offices
    assert part.lever_costs(state)["promotion"] == pytest.approx(25.0)


def test_an_exhausted_budget_stops_its_policies(fresh):
    """Debt far beyond the cap: next month no promotion, no team, no grant, no new land, and all of it unpaid."""
    model = fresh({**EARLY, "promotion.start": "2014-01"})
    for _ in range(14):
        model.step()
    state, effort = model.state, model.state.effort.copy()
    state.public.debt = state.public.debt + 1e6
    state.public.balance[:] = 0.0
    model.step()
    asks = state.public.asked12.sum(axis=1) > 0
    assert asks.sum() > 8
    assert (state.public.funded[asks] == 0.0).all()
    model.step()
    keep = model.plan[next(group for group in GROUPS if group.table == "promotion")].effort_decay
    np.testing.assert_allclose(
        state.effort, keep * (keep * effort + (1 - keep) * 200 * np.array([0.3, 0.35, 0.25, 0.1]))
    )
    assert (state.projects.service == 0.0).all()
    assert (state.counties.incentive[asks[:-1]] == 0.0).all()
    assert (state.boards.development_asked > 0).any()
    assert state.boards.developed.sum() == 0.0
    spent = dict(zip(SPENDING_ITEMS, state.ledger.spending.sum(axis=1), strict=True))
    assert [spent[item] for item in SPENDING_ITEMS[1:-1]] == [0.0] * len(SPENDING_ITEMS[1:-1])
    assert spent["interest"] > 2000.0
    said = [sentence for _, agent, sentence in model.log if agent == "Ningde" and "policies" in sentence]
    assert said == ["can pay 0% of its policies, debt forbids the rest"]


def test_an_unfunded_promise_fails_more_often(fresh, next_month):
    """Hazard h exp(m) (1 + unfunded share), only where something was promised."""
    model = fresh()
    state = next_month(model.state)
    state.projects.append(
        3, stage=Stage.SIGNED, channel=1, product=1, county=[2, 2, 3], incentive=[0.03, 0.0, 0.03], failure_luck=0.0
    )
    state.public.funded[2] = 0.4
    part = next(each for each in model.month_list if type(each).__name__ == "Failure")
    part.step(state, Streams(1))
    h = part.location.fail_monthly
    np.testing.assert_allclose(1.0 - state.boards.survival[-3:], [1.6 * h, h, h])


def signed(fresh, changes, months=48):
    model = fresh(changes)
    count, worth = 0, []
    for _ in range(months):
        model.step()
        count += model.state.ledger.signed
        worth.append(float((model.state.outside_value - model.state.outside_value_mean).mean()))
    return count, float(np.mean(worth))


@pytest.mark.slow
def test_more_incentive_signs_more_but_rivals_answer(fresh):
    """Generous offers win projects; other places follow, and the more they follow the less is won."""
    meek, meek_rivals = signed(fresh, {"fiscal.incentive_cap": 0.0})
    bold, rivals = signed(fresh, {"fiscal.incentive_cap": 0.12})
    tame, _ = signed(fresh, {"fiscal.incentive_cap": 0.12, "location.rival_response": 0.2})
    fierce, _ = signed(fresh, {"fiscal.incentive_cap": 0.12, "location.rival_response": 0.9})
    assert bold > meek
    assert rivals > 0 == meek_rivals, "other places are outbid or take nothing back"
    assert tame > fierce


def test_who_keeps_taxes_moves_budgets_and_makes_no_money(fresh):
    """The share of the city level moves revenue between budgets; local taxes of the first month stay what they are."""
    poor, rich = fresh({"fiscal.city_share_local": 0.0}), fresh({"fiscal.city_share_local": 0.5})
    for model in (poor, rich):
        model.step()
    at = REVENUE_ITEMS.index("taxes")
    one, two = poor.state.ledger.revenue[at], rich.state.ledger.revenue[at]
    assert one[-1] == 0.0
    np.testing.assert_allclose(two[-1], one.sum() / 2)
    np.testing.assert_allclose(two[:-1], one[:-1] / 2)


def test_the_race_counts_in_the_choice_of_parks(fresh, next_month):
    """What a county adds in the race enters the utility of its parks at the weight of incentives."""
    state, part, leads = offers_at(fresh, next_month, {"zoning.strictness": 0.5, "zoning.start": "2014-01"})
    rent, wage = relative_prices(state)
    worth = worth_to_leads(state, leads["productivity"])
    plain = base_utility(state, part.location, leads["product"], leads["sponsor"], rent, wage, worth)
    added = part.location.incentive * worth[:, None] * (state.boards.offers[0] - state.counties.incentive)
    assert (added != 0).any()
    np.testing.assert_allclose(state.boards.appeal[-1] - plain, added[:, state.world.park_county], atol=1e-12)


def test_transfers_follow_residents_and_national_income():
    model = aged(10)
    state, at = model.state, REVENUE_ITEMS.index("transfers from above")
    income = (
        state.markets.volume[MARKETS.index("national_gdp")]
        / state.markets.volume_opening[MARKETS.index("national_gdp")]
    )
    grown = state.ledger.revenue[at] / state.public.transfers
    assert income > 1.01
    np.testing.assert_allclose(grown[:-1], state.people.growth * income)  # residents move in GROW, before the transfers
    assert grown[:-1].min() <= grown[-1] <= grown[:-1].max()


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_offers_of_counties_their_level_of_the_opening_stands(usual, beside):
    """Counties offer single projects what the race demands all the same; what they offer alone no longer moves."""
    months = 9
    still = beside(without=(Incentives,), months=months)
    cap = still.state.lever_by_county("fiscal.incentive_cap")
    assert (still.state.counties.incentive == still.state.counties.incentive[0]).all()
    assert (usual.state.counties.incentive < cap).all()
    assert not np.array_equal(still.state.counties.incentive, usual.state.counties.incentive)
    left, right = still.recorder.arrays, usual.recorder.arrays
    for name in ("world_volume", "price_level", "firms", "entered"):
        np.testing.assert_array_equal(left[name][:months], right[name][:months], err_msg=name)
    grants = SPENDING_ITEMS.index("incentives")
    spent = [arrays["public_spending"][:months, :, grants].sum() for arrays in (left, right)]
    assert spent[0] > spent[1]
