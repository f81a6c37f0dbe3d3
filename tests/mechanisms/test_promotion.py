"""Promotion: effort, pressure of the plan, and thinning that leaves exactly Poisson leads."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sim.draws import Streams
from sim.mechanisms.candidates import CandidatePool
from sim.mechanisms.promotion import Funnel, Promotion, chain_bracket, effort_factor, plan_pressure
from sim.state import Channel

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


def test_effort_of_a_channel_raises_its_own_leads_only(fresh):
    model = fresh()
    model.state.month = 60
    base, more = rates(model, L=50, C=50, K=50, B=50), rates(model, L=50, C=150, K=50, B=50)
    assert (more[Channel.CHAIN] >= base[Channel.CHAIN]).all()
    some = base[Channel.CHAIN] > 0
    np.testing.assert_allclose(more[Channel.CHAIN][some] / base[Channel.CHAIN][some], 3.0**0.35)
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
    jobs = (state.firms.jobs_intensity * state.firms.output / state.firms.productivity)[mine].sum() * 12
    state.firms.jobs_intensity[mine] *= 10_000.0 / jobs
    found = rates(model, K=50)[Channel.CLUSTER][product]
    assert found == pytest.approx(state.scenario[Promotion].lead_rate_cluster)


def test_before_its_start_promotion_is_unplanned(fresh):
    model = fresh()
    for _ in range(12):
        model.step()
    effort = model.state.effort
    assert effort[:3] == pytest.approx([0.0, 0.0, 0.0])
    assert effort[3] == pytest.approx(200.0)
    channels = np.bincount(model.state.projects.channel, minlength=7)
    assert channels[Channel.LEADER] == channels[Channel.CHAIN] == channels[Channel.CLUSTER] == 0
    assert channels[Channel.UNPLANNED] > 0


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


def leads_of(wanted, reference, months, seed=11):
    """(months, 6, K) leads by channel and node, and the board of the last month."""
    promotion, streams = Promotion(), Streams(seed)
    pool, funnel = CandidatePool(promotion, reference, 0.25), funnel_with(promotion, reference, wanted)
    counts = np.zeros((months, *reference.shape))
    for month in range(months):
        boards = SimpleNamespace(leads=[])
        state = SimpleNamespace(month=month, slots=0, parks=SimpleNamespace(planned=np.zeros(1)), boards=boards)
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


def test_more_effort_keeps_the_same_candidates_and_adds_some():
    reference = np.full((6, 3), 0.3)
    few, _ = leads_of(reference, reference, 200)
    many, _ = leads_of(2.0 * reference, reference, 200)
    assert (many >= few).all()
    assert many.sum() > few.sum()
