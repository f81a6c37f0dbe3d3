"""Promotion: effort, pressure of the plan, and thinning that leaves exactly Poisson leads."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sim.draws import Streams
from sim.mechanisms.candidates import CandidatePool
from sim.mechanisms.gaps import gap_map, sponsors
from sim.mechanisms.prices import Prices
from sim.mechanisms.promotion import (
    Funnel,
    Promotion,
    campaign_budget,
    chain_bracket,
    effort_factor,
    incumbents,
    plan_pressure,
)
from sim.settings import Projects
from sim.state import SPENDING_ITEMS, Candidates, Channel, Stage
from tests.runs import aged

ALPHA = 1e-6


# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "months", "pressure"),
    [(0.0, 6, 1.0), (25_000.0, 6, 0.5), (50_000.0, 6, 0.0), (90_000.0, 6, 0.0), (75_000.0, 12, 0.25), (0.0, 0, 0.0)],
)
def test_pressure_is_what_lacks_to_the_plan_of_the_months_that_passed(signed, months, pressure):
    assert plan_pressure(signed, 100_000.0, months) == pytest.approx(pressure)


def test_who_signs_exactly_to_plan_is_never_under_pressure():
    assert [plan_pressure(100_000.0 / 12 * passed, 100_000.0, passed) for passed in range(12)] == pytest.approx(
        [0.0] * 12
    )


def test_without_a_plan_there_is_no_pressure():
    assert plan_pressure(0.0, 0.0, 3) == 0.0


def test_effort_has_diminishing_returns():
    effort = np.linspace(0.0, 400.0, 41)
    factor = np.array([effort_factor(each, 50.0, 0.35) for each in effort])
    assert factor[0] == 0.0
    assert effort_factor(50.0, 50.0, 0.35) == 1.0
    assert effort_factor(100.0, 50.0, 0.35) == pytest.approx(2.0**0.35)
    assert (np.diff(factor) > 0).all()
    assert (np.diff(factor, 2) < 0).all()
    assert effort_factor(50.0, 50.0, 0.35, 10.0) == 1.0, "at the reference own search changes nothing"
    assert effort_factor(0.0, 50.0, 0.35, 10.0) == pytest.approx((10.0 / 60.0) ** 0.35), "some come unasked"
    assert effort_factor(110.0, 50.0, 0.35, 10.0) == pytest.approx(2.0**0.35)


def test_the_chain_bracket_weighs_gaps_upgrading_and_extension():
    found = chain_bracket(np.array([2.0, 0.0]), np.array([1.0, 0.0]), np.array([4.0, 0.0]), (0.5, 0.3, 0.2), 0.6)
    assert found == pytest.approx([(0.5 * 2.0 + 0.3 * 1.0 + 0.2 * 4.0) ** 0.6, 0.0]), "no gap, no lead"


# --- rates of the month -----------------------------------------------------------------------------------------------


def funnel_of(model):
    return next(part for part in model.month_list if isinstance(part, Funnel))


def rates(model, **effort):
    """Lead rates in the month of the state with given efforts (M yuan a year) by channel letter."""
    values = np.array([effort.get(letter, 0.0) for letter in ("L", "C", "K", "B")])
    return funnel_of(model).lead_rates(model.state, values)


def test_a_cluster_draws_fewer_firms_while_the_plants_of_the_world_stand_idle(fresh):
    """lam_K in proportion to world utilisation over its normal; the other channels and chains do not see it."""
    model, idle = fresh(), fresh({"prices.utilisation_batteries": 0.4})
    for each in (model, idle):
        each.state.month = 60
    base, less = rates(model, L=50, C=50, K=50, B=50), rates(idle, L=50, C=50, K=50, B=50)
    ratio = np.where(model.world.chain == model.world.chains.index("BAT"), 0.4 / Prices().utilisation_normal, 1.0)
    np.testing.assert_allclose(less[Channel.CLUSTER], base[Channel.CLUSTER] * ratio, rtol=1e-12)
    others = [channel for channel in range(6) if channel != Channel.CLUSTER]
    np.testing.assert_array_equal(less[others], base[others])


def test_effort_of_a_channel_raises_its_own_leads_only(fresh):
    model = fresh()
    model.state.month = 60
    base, more = rates(model, L=50, C=50, K=50, B=50), rates(model, L=50, C=150, K=50, B=50)
    assert (more[Channel.CHAIN] >= base[Channel.CHAIN]).all()
    some = base[Channel.CHAIN] > 0
    np.testing.assert_allclose(more[Channel.CHAIN][some] / base[Channel.CHAIN][some], (160.0 / 60.0) ** 0.35)
    for channel in (Channel.LEADER, Channel.CLUSTER, Channel.UNPLANNED, Channel.SPINOFF, Channel.NORMAL):
        np.testing.assert_array_equal(more[channel], base[channel])


def test_chain_leads_stop_where_nothing_is_wanted(fresh):
    model = fresh()
    state = model.state
    state.month = 60
    wanted = rates(model, C=50)[Channel.CHAIN]
    cathode = state.world.product("B_CATH")
    assert wanted[cathode] > 0
    state.firms.quality[:] = 1.0  # nothing to upgrade
    state.firms.capacity = np.where(state.firms.product == cathode, 1e6, state.firms.capacity)  # the gap is filled
    assert rates(model, C=50)[Channel.CHAIN][cathode] == 0.0


def test_a_bracket_of_one_at_reference_effort_gives_the_reference_rate(fresh):
    """One bn yuan of gap, ten thousand persons in a cluster: the rate is lam_C and lam_K."""
    assert chain_bracket(np.ones(1), np.zeros(1), np.zeros(1), (1.0, 0.0, 0.0), 0.6) == pytest.approx([1.0])
    model = fresh()
    state = model.state
    product = state.world.product("MACH")
    mine = (state.firms.product == product) & ~state.firms.block
    state.firms.staff[mine] *= 10_000.0 / state.firms.staff[mine].sum()
    found = rates(model, K=50)[Channel.CLUSTER][product]
    assert found == pytest.approx(state.scenario[Promotion].lead_rate_cluster)


def test_before_its_start_promotion_is_unplanned():
    model = aged(12)
    effort = model.state.effort
    assert effort[:3] == pytest.approx([0.0, 0.0, 0.0])
    assert effort[3] == pytest.approx(200.0)
    before = rates(model, B=200)
    promoted = rates(model, L=60, C=70, K=50, B=20)
    for channel in (Channel.LEADER, Channel.CHAIN, Channel.CLUSTER):
        own = np.divide(before[channel], promoted[channel], out=np.zeros(before.shape[1]), where=promoted[channel] > 0)
        assert (own < 0.6).all(), "what firms find by themselves"
    assert before[Channel.UNPLANNED].sum() > promoted[Channel.UNPLANNED].sum()


def test_a_plan_that_lags_behind_is_chased_with_more_effort_for_more_money(fresh):
    assert campaign_budget(200.0, 0.0, 0.5) == 200.0
    assert campaign_budget(200.0, 0.4, 0.5) == pytest.approx(240.0)
    found = {}
    for pressure in (0.0, 1.0):
        model = fresh()
        model.state.month, model.state.pressure = 60, pressure
        before = model.state.effort.copy()
        funnel = next(part for part in model.month_list if isinstance(part, Funnel))
        found[pressure] = funnel._effort(model.state) - 0.9 * before
    np.testing.assert_allclose(found[1.0], 1.5 * found[0.0])


def test_a_joint_office_that_nobody_pays_brings_nobody(fresh):
    joint = {}
    for index in (0.0, 1.0):
        model = fresh({"promotion.joint": index, "promotion.start": "2014-01"})
        state = model.state
        state.month = 60
        state.projects.append(
            1, stage=2, channel=Channel.OWN, leader=0, product=state.world.product("B_CELL"), announced_output=5_000.0
        )
        for funded in (1.0, 0.0):
            state.budgets.funded = np.full(len(state.budgets.funded), funded)
            joint[index, funded] = rates(model, L=50)[Channel.LEADER].sum()
    assert joint[1.0, 1.0] == pytest.approx(((50 + 3 * 40 + 10) / (50 + 10)) ** 0.35 * joint[0.0, 1.0])
    assert joint[1.0, 0.0] == joint[0.0, 0.0] > 0


def test_effort_moves_to_its_new_mix_with_memory(fresh):
    model = fresh({"promotion.start": "2014-02"})
    model.step()
    before = model.state.effort.copy()
    model.step()
    target = 200.0 * np.array([0.3, 0.35, 0.25, 0.1])
    np.testing.assert_allclose(model.state.effort, 0.9 * before + 0.1 * target)


# --- thinning ---------------------------------------------------------------------------------------------------------


def funnel_with(promotion, reference, wanted):
    """The funnel with rates given from outside; thinning, counting and capping are its own."""
    funnel = Funnel(promotion, None, None, reference)
    funnel._effort = lambda *_: np.zeros(4)
    funnel.lead_rates = lambda *_: wanted
    funnel._leads = lambda _, pool, rows: {"product": pool.product[rows], "channel": pool.channel[rows]}
    return funnel


def leads_of(wanted, reference, months, seed=11, strengthen=0.0):
    """(months, 6, K) leads by channel and node, and the board of the last month."""
    promotion, streams = Promotion(), Streams(seed)
    pool, funnel = CandidatePool(promotion, reference, 0.25, 0.25), funnel_with(promotion, reference, wanted)
    counts = np.zeros((months, *reference.shape))
    for month in range(months):
        boards = SimpleNamespace(leads=[], branches=None)
        parks = SimpleNamespace(planned=np.zeros(1))
        state = SimpleNamespace(month=month, slots=0, parks=parks, boards=boards, lever=lambda _: strengthen)
        pool.step(state, streams)
        funnel.step(state, streams)
        for leads in boards.leads:
            np.add.at(counts[month], (leads["channel"], leads["product"]), 1)
        kept = sum(len(leads["product"]) for leads in boards.leads)
        assert kept + boards.thinned == len(boards.candidates)
    return counts, boards


def test_leads_are_exactly_poisson_with_the_rate_of_the_policy():
    reference, wanted = np.zeros((6, 4)), np.zeros((6, 4))
    cells = {(1, 0): (0.3, 0.12), (2, 1): (0.5, 1.7), (3, 2): (0.2, 1.2), (0, 3): (0.4, 0.0)}
    for cell, (before, after) in cells.items():
        reference[cell], wanted[cell] = before, after
    months = 3000
    counts, boards = leads_of(wanted, reference, months)
    assert boards.capped == 0
    for cell, (_, rate) in cells.items():
        found = counts[:, cell[0], cell[1]]
        if rate == 0:
            assert found.sum() == 0
            continue
        low, high = stats.poisson.interval(1 - ALPHA, months * rate)
        assert low <= found.sum() <= high, cell
        dispersion = ((found - rate) ** 2).sum() / rate
        low, high = stats.chi2.interval(1 - ALPHA, months)
        # the variance of the dispersion of Poisson counts exceeds that of chi2 by 1/rate for each month
        slack = 5 * np.sqrt(months / rate)
        assert low - slack <= dispersion <= high + slack, cell
        expected = months * stats.poisson.pmf(np.arange(30), rate)
        keep = expected > 8
        observed = np.bincount(found.astype(int), minlength=30)[:30]
        tail, tail_expected = months - observed[keep].sum(), months - expected[keep].sum()
        chi = ((observed[keep] - expected[keep]) ** 2 / expected[keep]).sum() + (tail - tail_expected) ** 2 / max(
            tail_expected, 1.0
        )
        assert stats.chi2.sf(chi, keep.sum()) > ALPHA, cell


def test_rates_above_the_pool_are_capped_and_counted():
    reference = np.zeros((6, 2))
    reference[1, 0] = 0.2
    wanted = 20.0 * reference
    counts, boards = leads_of(wanted, reference, 500)
    assert boards.capped == 1
    low, high = stats.poisson.interval(1 - ALPHA, 500 * Promotion().pool_factor * 0.2)
    assert low <= counts.sum() <= high


def test_strengthening_chooses_better_suppliers_along_the_chain_so_fewer_come():
    """At weight 1 the weaker half is turned away; other channels feel nothing."""
    reference = np.full((6, 3), 0.3)
    free, _ = leads_of(reference, reference, 1000)
    choosy, _ = leads_of(reference, reference, 1000, strengthen=1.0)
    assert (choosy <= free).all()
    assert choosy[:, Channel.CHAIN].sum() / free[:, Channel.CHAIN].sum() == pytest.approx(0.5, abs=0.06)
    others = [channel for channel in range(6) if channel != Channel.CHAIN]
    np.testing.assert_array_equal(choosy[:, others], free[:, others])


def test_the_weakest_of_the_chain_channel_are_turned_away_and_nobody_else(fresh):
    state = fresh({"promotion.weight_strengthen": 0.4, "promotion.weight_supplement": 0.4}).state
    state.month = 1
    quality = np.tile([0.19, 0.21], 6)
    pool = SimpleNamespace(channel=np.repeat(np.arange(6), 2), quality=quality)
    funnel = Funnel(Promotion(), None, None, np.zeros((6, 4)))
    passed = funnel._good_enough(state, pool).reshape(6, 2)
    assert passed[Channel.CHAIN].tolist() == [False, True], "0.5 x 0.4 is the rank that is asked for"
    passed[Channel.CHAIN] = True
    assert passed.all()


def test_more_effort_keeps_the_same_candidates_and_adds_some():
    reference = np.full((6, 3), 0.3)
    few, _ = leads_of(reference, reference, 200)
    many, _ = leads_of(2.0 * reference, reference, 200)
    assert (many >= few).all()
    assert many.sum() > few.sum()


# --- rates of the other channels --------------------------------------------------------------------------------------


def test_leads_that_follow_a_leader_grow_with_its_plans_and_joint_promotion(fresh):
    model = fresh({"promotion.joint": 0.5})
    state = model.state
    state.month = 60
    cathode = state.world.product("B_CATH")
    assert rates(model, L=50)[Channel.LEADER][cathode] == 0.0, "no plan, no extra purchases"
    state.projects.append(
        1, stage=2, channel=Channel.OWN, leader=0, product=state.world.product("B_CELL"), announced_output=5_000.0
    )
    p = state.scenario[Promotion]
    extra = gap_map(state, p.downstream_propensity, p.cross_chain, 0.85).procurement[cathode]  # bn yuan a year
    assert extra > 0
    effort = (100.0 + 3.0 * 0.5 * 40.0 + 10.0) / (50.0 + 10.0)
    expected = p.lead_rate_leader * effort**p.effort_elasticity * extra * 1000.0
    assert rates(model, L=100)[Channel.LEADER][cathode] == pytest.approx(expected / p.demand_reference)


def test_spinoffs_follow_leaders_jobs_and_normal_entry_its_market(fresh):
    model = fresh()
    state = model.state
    firms, reference = state.firms, funnel_of(model).rates
    led = firms.leader >= 0
    jobs = firms.staff[led].sum()
    firms.staff[led] /= 2.0
    found = rates(model)
    np.testing.assert_allclose(found[Channel.SPINOFF], reference[Channel.SPINOFF] * jobs / 2.0 / 10_000.0)
    np.testing.assert_allclose(found[Channel.NORMAL], reference[Channel.NORMAL])
    state.markets.volume[6] *= 0.8
    np.testing.assert_allclose(rates(model)[Channel.NORMAL], 0.8 * reference[Channel.NORMAL])


# --- the reference case, by hand --------------------------------------------------------------------------------------

SIX = ("B_CATH", "B_ANOD", "B_SEPA", "B_ELEC", "B_STRU", "B_EQPT")
GROWTH = (38.0 / 9.0) ** (1.0 / 6.0) - 1.0
"""Six inputs of cells of equal weight; their procurement rises from 9 to 38 bn yuan in six years, 27.1 % a year."""

REFERENCE_CASE = {  # growth a year, capacity over need, effort of L and C, joint index: leads a year of L and of C
    "base": (GROWTH, 0.0, 50.0, 0.0, 3.993, 15.039),  # 7.2 x 9 x 0.6163 / 10; 14.4 x (0.5 x 2.150)^0.6, none to upgrade
    "no chain promotion": (GROWTH, 0.0, 0.0, 0.0, 2.133, 8.033),  # x (10/60)^0.35: own search alone
    "leader does not grow": (0.0, 0.0, 50.0, 0.0, 0.0, 12.117),  # 14.4 x (0.5 x 1.5)^0.6
    "suppliers stand": (GROWTH, 1.0, 50.0, 0.0, 3.993, 5.884),  # upgrading alone: 14.4 x (0.3 x 0.75)^0.6
    "half of them stand": (GROWTH, 0.5, 50.0, 0.0, 3.993, 11.614),  # 14.4 x (0.5 x 1.075 + 0.3 x 0.5 x 1.075)^0.6
    "twice the effort": (GROWTH, 0.0, 100.0, 0.0, 4.937, 18.595),  # x (110/60)^0.35
    "joint promotion": (GROWTH, 0.0, 50.0, 1.0, 5.866, 15.039),  # L x (180/60)^0.35
}


@pytest.mark.parametrize("case", REFERENCE_CASE)
def test_lead_rates_of_the_reference_case(fresh, monkeypatch, case):
    """Growth of the leader calls on channel L, what is missing on channel C, in six equal parts."""
    growth, standing, effort, joint, by_leader, by_chain = REFERENCE_CASE[case]
    model = fresh({"promotion.start": "2014-01", "promotion.joint": joint})
    model.state.month = 1
    world, leaders = model.state.world, len(model.state.leaders)
    rows, size = [world.product(code) for code in SIX], world.product_count
    inputs, capacity = np.zeros((size, size)), np.zeros(size)
    inputs[rows, world.product("B_CELL")] = 0.1
    first = np.arange(leaders) == 0
    made = 9_000.0 / 0.6 * first  # of cells, M yuan a year
    capacity[rows] = standing * 1_500.0 * (1.0 + growth) ** 1.5 / 0.85
    given = {
        "lasting_inputs": inputs,
        "leader_output": made,
        "leader_outlook": (made, growth * first),
        "capacity_by_product": capacity,
        "pipeline_by_product": np.zeros(size),
        "mean_quality": np.full(size, 0.5),
    }
    for name, value in given.items():
        monkeypatch.setattr(f"sim.mechanisms.gaps.{name}", lambda _, value=value: value)
    found = 12.0 * rates(model, L=effort, C=effort)[:, rows]
    assert found[Channel.LEADER].sum() == pytest.approx(by_leader, rel=2e-4)
    assert found[Channel.CHAIN].sum() == pytest.approx(by_chain, rel=2e-4)
    for channel in (Channel.LEADER, Channel.CHAIN):
        assert np.ptp(found[channel]) < 1e-12


# --- what a lead is ---------------------------------------------------------------------------------------------------

HAND = [  # channel, product, size, quality, graft, place
    (Channel.LEADER, "B_CATH", 0.5, 0.2, 0.01, 0.5),
    (Channel.CHAIN, "B_CATH", -1.0, 0.9, 0.90, 0.5),
    (Channel.CHAIN, "FOOD", 0.3, 0.5, 0.01, 0.0),
    (Channel.CLUSTER, "FOOD", 0.0, 0.5, 0.01, 0.999999),
    (Channel.UNPLANNED, "S_PROD", 1.0, 0.1, 0.01, 0.5),
    (Channel.SPINOFF, "B_CATH", 0.7, 0.6, 0.01, 0.5),
    (Channel.SPINOFF, "B_CATH", -0.7, 0.6, 0.90, 0.99),
    (Channel.NORMAL, "FOOD", 0.0, 0.5, 0.01, 0.3),
]


@pytest.fixture
def hand_made(fresh, next_month):
    """Leads from a pool by hand, all of which are kept."""
    model = fresh()
    state = next_month(model.state)
    state.month = 60
    count = len(HAND)
    channel, product, size, quality, graft, place = zip(*HAND, strict=True)
    some = np.linspace(0.1, 0.9, count)
    state.boards.candidates = Candidates(
        channel=np.array(channel),
        product=np.array([state.world.product(code) for code in product]),
        slot=5_000 + np.arange(count),
        keep=np.zeros(count),
        sign=some,
        fail=some,
        size=np.array(size),
        quality=np.array(quality),
        work=1.0 + some,
        requisition=2.0 + some,
        graft=np.array(graft),
        place=np.array(place),
        order=some,
        productivity=np.linspace(-1.0, 1.0, count),
        taste_luck=np.full((count, len(state.parks.planned)), 0.5),
    )
    funnel = funnel_of(model)
    funnel.lead_rates = lambda *_: np.ones((6, state.world.product_count))
    funnel.step(state, model.streams)
    return state, state.boards.leads[0]


def test_investment_is_lognormal_by_kind_and_uniform_for_spinoffs(hand_made):
    state, leads = hand_made
    q = state.scenario[Projects]
    chain, small, other, sigma = q.size_chain_mean, q.size_bump_mean, q.size_industry_mean, q.size_chain_sigma
    mean = np.array([chain, chain, other, other, small, 0.0, 0.0, small])
    size = np.array([row[2] for row in HAND])
    expected = mean * np.exp(sigma * size - sigma**2 / 2)
    spun = np.array([row[0] == Channel.SPINOFF for row in HAND])
    expected[spun] = 60.0 + 140.0 * stats.norm.cdf(size[spun])
    np.testing.assert_allclose(leads["investment"], expected)
    product = leads["product"]
    output = expected / state.technology.capital[product]
    np.testing.assert_allclose(leads["announced_output"], output)
    np.testing.assert_allclose(leads["land"], output * state.technology.land[product])


def test_quality_and_productivity_are_those_drawn(hand_made):
    _, leads = hand_made
    np.testing.assert_allclose(leads["quality"], 0.3 + 0.4 * np.array([row[3] for row in HAND]))
    np.testing.assert_allclose(leads["productivity"], np.exp(0.1 * np.linspace(-1.0, 1.0, len(HAND))))


def test_only_leads_that_follow_a_leader_or_its_chain_have_a_sponsor(hand_made):
    state, leads = hand_made
    cathode_leader = int(sponsors(state, np.array([state.world.product("B_CATH")]))[0])
    assert leads["sponsor"].tolist()[:2] == [cathode_leader] * 2
    assert leads["sponsor"].tolist()[3:] == [-1] * 5


def test_spinoffs_stay_with_their_parent_most_times(hand_made):
    state, leads = hand_made
    live = state.firms.alive & (state.firms.leader >= 0)
    jobs = np.where(live, state.firms.jobs_intensity * state.firms.output, 0.0)
    parent = np.bincount(np.maximum(state.firms.leader, 0), jobs).argmax()
    plants = np.flatnonzero(live & (state.firms.leader == parent))
    home = state.firms.county[plants[state.firms.capital[plants].argmax()]]
    assert leads["home"].tolist() == [-1, -1, -1, -1, -1, home, -1, -1]


def test_grafts_expand_an_incumbent_drawn_by_capacity(hand_made):
    state, leads = hand_made
    firms, food = state.firms, state.world.product("FOOD")
    able = np.flatnonzero(firms.alive & ~firms.fringe & ~firms.block & (firms.leader < 0) & (firms.product == food))
    assert leads["graft"].tolist() == [-1, -1, able[0], able[-1], -1, -1, -1, -1]
    luck = (np.arange(5_000) + 0.5) / 5_000
    drawn = incumbents(state, np.full(5_000, food), luck, np.ones(5_000, dtype=bool))
    share = np.bincount(drawn, minlength=len(firms))[able] / 5_000
    np.testing.assert_allclose(share, firms.capacity[able] / firms.capacity[able].sum(), atol=2 / 5_000)


def test_a_product_without_incumbents_gets_a_new_plant(fresh):
    state = fresh().state
    maker = state.world.product("V_OEM")
    assert incumbents(state, np.array([maker]), np.array([0.5]), np.array([True])).tolist() == [-1]


# --- ablations --------------------------------------------------------------------------------------------------------


def leads_by_channel(model):
    """(months, channel) leads."""
    return model.recorder.arrays["entered"][: model.state.month, Stage.LEAD]


PROMOTED = [Channel.LEADER, Channel.CHAIN, Channel.CLUSTER, Channel.UNPLANNED]


def test_without_budget_fewer_come_on_every_promoted_way_and_the_others_as_before(usual, beside):
    poor = beside({"promotion.budget": 0.0, "promotion.joint": 0.0})
    none, some = leads_by_channel(poor), leads_by_channel(usual)
    for channel in PROMOTED:
        assert none[:, channel].sum() < 0.7 * some[:, channel].sum(), channel.name
    for channel in (Channel.SPINOFF, Channel.NORMAL):
        np.testing.assert_array_equal(none[:, channel], some[:, channel], err_msg=channel.name)
    keep = usual.plan[Promotion].effort_decay
    first = beside(months=0).state.effort
    np.testing.assert_allclose(poor.state.effort, first * keep**poor.state.month, rtol=1e-12)
    assert (usual.state.effort > poor.state.effort).all()
    paid = SPENDING_ITEMS.index("promotion")
    assert poor.recorder.arrays["public_spending"][: poor.state.month, :, paid].sum() == 0
    assert poor.output < usual.output
    np.testing.assert_array_equal(poor.recorder.arrays["output"][0], usual.recorder.arrays["output"][0])


def test_without_weights_the_chain_way_is_shut_and_no_other_moves(usual, beside):
    names = ("weight_supplement", "weight_strengthen", "weight_extend")
    blind = beside({f"promotion.{name}": 0.0 for name in names})
    none, some = leads_by_channel(blind), leads_by_channel(usual)
    assert none[:, Channel.CHAIN].sum() == 0 < some[:, Channel.CHAIN].sum()
    others = [channel for channel in Channel if channel != Channel.CHAIN]
    first = int(np.flatnonzero(some[:, Channel.CHAIN])[0])
    np.testing.assert_array_equal(none[: first + 1, others], some[: first + 1, others])
    np.testing.assert_allclose(none[:, others].sum(axis=0), some[:, others].sum(axis=0), rtol=0.1, atol=2)
    assert (blind.state.effort >= usual.state.effort).all(), (
        "the money is spent, and more: the plan lags further behind"
    )
    assert (blind.state.effort < 1.5 * usual.state.effort).all()
