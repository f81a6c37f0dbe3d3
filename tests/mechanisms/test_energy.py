"""Electricity and carbon, and caps on them: projects meet them first, then output is rationed pro rata."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.accounts import check_all
from sim.mechanisms.energy import (
    Energy,
    EnergyHeadroom,
    EnergyLimit,
    electricity,
    heavy_products,
    left_over,
    limit_of,
    monthly_limit,
    need,
    rationed,
)
from sim.mechanisms.leaders import Expansion
from sim.resolvers.funnel import resolve_place
from sim.state import Channel, Firms, Stage
from tests.runs import aged


def test_use_falls_by_the_yearly_rate():
    firms = Firms()
    firms.append(3, energy_intensity=[40.0, 180.0, 40.0], output=[5.0, 5.0, 0.0], alive=[True, False, False])
    assert electricity(firms, 0, 0.015) == pytest.approx([200.0, 900.0, 0.0]), "who closes has used its own"
    assert electricity(firms, 12, 0.015) == pytest.approx([197.0, 886.5, 0.0])
    assert electricity(firms, 24, 0.015)[0] / electricity(firms, 12, 0.015)[0] == pytest.approx(0.985)
    assert np.all(electricity(firms, 60, 0.0) == electricity(firms, 0, 0.0))


def test_the_need_of_a_plant_falls_likewise():
    assert need(np.array([1200.0]), np.array([40.0]), 12, 0.015) == pytest.approx([4000.0 * 0.985])


def test_the_tighter_cap_binds_and_zero_is_none():
    assert monthly_limit(12.0, 0.0, 0.45) == pytest.approx(1e6)
    assert monthly_limit(0.0, 4.5, 0.45) == pytest.approx(10e6 / 12)
    assert monthly_limit(12.0, 4.5, 0.45) == pytest.approx(10e6 / 12)
    assert monthly_limit(6.0, 4.5, 0.45) == pytest.approx(0.5e6)
    assert np.isinf(monthly_limit(0.0, 0.0, 0.45))


def test_the_share_left_is_the_limit_over_use():
    assert rationed(np.array([60.0, 40.0]), 80.0) == 0.8
    assert rationed(np.array([60.0, 40.0]), 100.0) == 1.0
    assert rationed(np.array([60.0, 40.0]), np.inf) == 1.0


def test_heavy_products_are_those_of_stainless_steel_and_copper(opening):
    heavy = {opening.world.products[k] for k in np.flatnonzero(heavy_products(opening))}
    assert heavy == {"S_MELT", "C_CATH", "C_PROC"}


def test_what_is_left_counts_use_and_signed_projects(fresh):
    model = fresh({"energy.cap": 20})
    state = model.state
    limit = limit_of(state)
    used = electricity(state.firms, 0, state.scenario[Energy].efficiency).sum()
    assert left_over(state, limit) == pytest.approx(20e6 / 12 - used)
    cell = state.world.product("B_CELL")
    for stage in (Stage.SIGNED, Stage.LAND, Stage.BUILD, Stage.DONE, Stage.FAILED, Stage.LOST):
        state.projects.append(1, stage=stage, product=cell, announced_output=1200.0)
    assert left_over(state, limit) == pytest.approx(20e6 / 12 - used - 3 * 100.0 * state.technology.energy[cell])


# --- rationing --------------------------------------------------------------------------------------------------------


def test_output_is_cut_pro_rata_and_use_is_the_cap(fresh):
    free, capped = fresh(), fresh({"energy.cap": 6.5})
    free.step()
    capped.step()
    one, two = free.state, capped.state
    rate = electricity(two.firms, two.month, two.scenario[Energy].efficiency)
    assert rate.sum() == pytest.approx(6.5e6 / 12, rel=1e-9)
    share = two.ledger.rationed
    assert 0.5 < share < 1.0
    uses = one.firms.energy_intensity > 0
    np.testing.assert_allclose(two.firms.output[uses], share * one.firms.output[uses], rtol=1e-9)
    blocks = one.firms.block
    assert (two.firms.output[blocks] <= one.firms.output[blocks]).all()
    assert (two.firms.output[blocks] >= share * one.firms.output[blocks] * (1 - 1e-9)).all()
    np.testing.assert_allclose(two.firms.outside_orders, one.firms.outside_orders)  # orders are not cut
    assert (two.firms.utilisation12[uses, 0] <= one.firms.utilisation12[uses, 0]).all()
    check_all(two)


def test_a_cap_on_carbon_is_a_cap_on_electricity(fresh):
    by_energy, by_carbon = fresh({"energy.cap": 8}), fresh({"energy.carbon_cap": 8 * 0.45})
    both = fresh({"energy.cap": 8, "energy.carbon_cap": 8 * 0.45 * 0.9})
    for model in (by_energy, by_carbon, both):
        model.step()
    np.testing.assert_allclose(by_carbon.state.firms.output, by_energy.state.firms.output, rtol=1e-12)
    carbon = both.recorder.arrays["carbon"][0].sum()
    assert carbon == pytest.approx(8 * 0.45 * 0.9 * 1e6 / 12, rel=1e-9)
    assert both.state.ledger.rationed < by_energy.state.ledger.rationed
    np.testing.assert_allclose(both.recorder.arrays["carbon"], 0.45 * both.recorder.arrays["electricity"], rtol=1e-12)


def test_a_cap_never_leaves_more_than_it_says_while_the_region_grows(fresh):
    model = fresh({"energy.cap": [{"from": "2016-01", "value": 11}]})
    shares = []
    for _ in range(36):
        model.step()
        shares.append(model.state.ledger.rationed)
        if model.state.month > 24:
            use = electricity(model.state.firms, model.state.month, model.state.scenario[Energy].efficiency).sum()
            assert use <= 11e6 / 12 * (1 + 1e-9)
    assert set(shares[:24]) == {1.0}
    assert min(shares) < 0.95


# --- projects ---------------------------------------------------------------------------------------------------------


def leads(state, products, output, channels=None, graft=None):
    """Open leads that everybody else would sign at once."""
    size = len(products)
    kind = np.full(size, int(Channel.CHAIN)) if channels is None else np.array(channels)
    zero, one = np.zeros(size), np.ones(size)
    state.boards.leads.append(
        {
            "candidate": np.arange(size),
            "channel": kind,
            "product": np.array([state.world.product(each) for each in products]),
            "sponsor": np.full(size, -1),
            "home": np.full(size, -1),
            "investment": np.full(size, 100.0),
            "capital_intensity": one,
            "announced_output": np.array(output),
            "land": zero,
            "graft": np.full(size, -1) if graft is None else np.array(graft),
            "quality": one,
            "parent": np.full(size, -1),
            "slot": np.arange(size),
            "luck_sign": zero,
            "failure_luck": zero,
            "work_luck": one,
            "requisition_luck": one,
            "place": one * 0.5,
            "productivity": one,
        }
    )
    parks = len(state.parks.planned)
    state.boards.appeal.append(np.zeros((size, parks)))
    state.boards.allowed.append(np.ones((size, parks), dtype=bool))
    pool = SimpleNamespace(taste=lambda rows: np.zeros((len(rows), parks)), order=np.arange(size) * 1.0)
    state.boards.candidates = pool


def test_heavy_leads_that_need_more_than_is_left_are_refused_on_every_way(fresh, next_month):
    names = ["S_MELT", "S_MELT", "B_CELL", "C_CATH", "C_PROC", "FOOD"]
    graft = int(np.flatnonzero(fresh().state.firms.product == fresh().world.product("C_PROC"))[0])
    for cap, refused in ((0, []), (60, []), (12, [0, 4])):
        model = fresh({"energy.cap": cap})
        state = next_month(model.state)
        room = left_over(state, limit_of(state)) if cap else 1e6
        smelt, roll = (state.technology.energy[state.world.product(each)] for each in ("S_MELT", "C_PROC"))
        output = [1.1 * 12 * room / smelt, 0.9 * 12 * room / smelt, 1e5, 1.0, 1.1 * 12 * room / roll, 1e5]
        if cap == 60:
            output[0] = output[4] = 100.0
        leads(state, names, output, graft=[-1, -1, -1, -1, graft, -1])
        next(part for part in model.month_list if isinstance(part, EnergyHeadroom)).step(state, model.streams)
        assert len(state.boards.refused) == (1 if cap else 0)
        before = len(state.projects)
        resolve_place(state, model.streams)
        lost = np.flatnonzero(state.projects.stage[before:] == Stage.LOST)
        assert lost.tolist() == refused, cap


def test_a_leader_finds_no_room_for_a_plant_that_needs_more_than_is_left(fresh, next_month):
    values = {}
    for cap in (0, 12, 60):
        model = fresh({"energy.cap": cap, "run.known_until": "2014-12"})
        state = next_month(model.state)
        part = next(each for each in model.month_list if isinstance(each, Expansion))
        limit = limit_of(state)
        output = 2_000.0
        values[cap] = part._utilities(state, 0, output)
        share, fits = part._energy(state, state.world.product("B_CELL"), output)
        if cap:
            assert share == pytest.approx(left_over(state, limit) / limit)
            big = 13 * left_over(state, limit) / state.technology.energy[state.world.product("B_CELL")]
            assert not part._energy(state, state.world.product("B_CELL"), big)[1]
            assert not part._utilities(state, 0, big)[1][: len(state.parks.planned)].any()
            assert part._utilities(state, 0, big)[1][len(state.parks.planned) :].all(), "rival sites have no cap"
        assert fits
    settings = part.leaders
    parks = len(model.state.parks.planned)
    gap = values[60][0] - values[12][0]
    assert (gap[:parks] > 0).all()
    np.testing.assert_allclose(gap[parks:], 0.0)
    at_rivals = settings.energy_pull * (share - settings.rival_headroom)
    np.testing.assert_allclose((values[60][0] - values[0][0])[:parks], at_rivals)


def test_without_headroom_the_pull_is_that_of_nothing_left(fresh, next_month):
    model = fresh({"energy.cap": 5})
    state = next_month(model.state)
    part = next(each for each in model.month_list if isinstance(each, Expansion))
    assert part._energy(state, state.world.product("B_CELL"), 1.0) == (0.0, False)


@pytest.mark.slow
def test_a_cap_bends_the_growth_of_steel_and_copper_before_anything_is_rationed(fresh):
    """Refusal alone: with rationing taken out, a cap keeps heavy entrants away and others come."""
    counts = {}
    for cap in (0, 11):
        model = fresh({"energy.cap": cap}, without=(EnergyLimit,))
        for _ in range(72):
            model.step()
        projects, heavy = model.state.projects, heavy_products(model.state)
        own = projects.channel == Channel.OWN
        signed = (projects.stage != Stage.LOST) & ~own
        counts[cap] = (signed & heavy[projects.product]).sum(), (signed & ~heavy[projects.product]).sum()
        assert own.sum() > 0, "dated plants are history and come"
    assert counts[11][0] < counts[0][0]
    assert counts[11][1] > 0.7 * counts[0][1]


# --- absence ----------------------------------------------------------------------------------------------------------


def test_no_cap_is_the_run_without_the_mechanism_and_a_wide_one_changes_no_known_year(fresh):
    absent, neutral, wide = fresh(without=(EnergyHeadroom, EnergyLimit)), aged(24), fresh({"energy.cap": 60})
    for model in (absent, wide):
        for _ in range(24):
            model.step()
    for name, values in absent.recorder.arrays.items():
        np.testing.assert_array_equal(values, neutral.recorder.arrays[name], err_msg=name)
        np.testing.assert_array_equal(values, wide.recorder.arrays[name], err_msg=name)
