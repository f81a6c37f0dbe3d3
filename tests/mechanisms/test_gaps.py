"""The gap map: what leaders will need, what is missing, what could be processed."""

import numpy as np
import pytest

from sim.mechanisms.gaps import (
    capacity_by_product,
    coming_growth,
    gap_map,
    jobs_by_product,
    leader_outlook,
    leader_output,
    mean_quality,
    pipeline_by_product,
    sponsors,
)
from sim.mechanisms.promotion import Funnel, Promotion
from sim.state import Channel, Stage


def test_growth_implied_by_plants_under_way():
    assert coming_growth(np.array([10.0, 10.0, 0.0]), np.array([0.0, 30.0, 5.0])) == pytest.approx([0.0, 1.0, 0.0])


def chains(state, **changes):
    return gap_map(state, **{"propensity": 0.15, "cross_chain": {}, "devoted": 0.85} | changes)


def test_need_is_the_input_of_the_leaders_output(opening):
    found = chains(opening)
    inputs = opening.technology.inputs[:, opening.leaders.product]
    by_hand = inputs @ leader_output(opening) / 1000.0
    agents = opening.world.agent_count
    np.testing.assert_allclose(found.need[:agents], by_hand[:agents], rtol=1e-12)  # no growth is known at the opening
    assert (found.need[agents:] == 0).all()


def test_a_gap_is_need_less_what_supply_can_devote(opening):
    found = chains(opening)
    supply = 0.85 * (capacity_by_product(opening) + pipeline_by_product(opening)) / 1000.0
    np.testing.assert_allclose(found.gap, np.maximum(found.need - supply, 0.0), rtol=1e-12, atol=1e-15)
    assert found.gap[opening.world.product("B_CATH")] > 0


def test_a_signed_project_closes_the_gap_before_it_produces(fresh):
    state = fresh().state
    cathode = state.world.product("B_CATH")
    before = chains(state).gap[cathode]
    state.projects.append(1, stage=Stage.SIGNED, channel=Channel.CHAIN, product=cathode, announced_output=200.0)
    assert chains(state).gap[cathode] == pytest.approx(before - 0.85 * 0.2)
    state.projects.stage[0] = Stage.FAILED
    assert chains(state).gap[cathode] == pytest.approx(before)


def test_upgrading_asks_for_what_the_quality_of_home_suppliers_lacks(opening):
    found = chains(opening)
    served = np.minimum(found.need, 0.85 * capacity_by_product(opening) / 1000.0)
    np.testing.assert_allclose(found.upgrade, served * (1.0 - mean_quality(opening)), rtol=1e-12)
    assert (served < found.need).any()
    assert (served[served > 0] == found.need[served > 0]).any()


def test_extension_stops_when_plants_downstream_use_what_is_open_to_them(fresh):
    state = fresh().state
    roll, smelter = state.world.product("S_ROLL"), 2
    open_output = 0.5 * leader_output(state)[smelter]
    uses = state.technology.inputs[state.world.product("S_MELT"), roll]
    present = capacity_by_product(state)[roll]
    room = max(open_output - uses * present, 0.0)
    assert chains(state, propensity=0.5).extend[roll] == pytest.approx(room / 1000.0)
    state.projects.append(
        1, stage=Stage.BUILD, channel=Channel.CHAIN, product=roll, announced_output=2 * open_output / uses
    )
    assert chains(state, propensity=0.5).extend[roll] == 0.0


def test_users_of_a_product_that_two_leaders_make_are_counted_once(fresh):
    state = fresh().state
    cell, vehicle = (state.world.product(code) for code in ("B_CELL", "V_OEM"))
    makers = state.leaders.product == cell
    assert makers.sum() == 2
    state.projects.append(1, stage=Stage.BUILD, channel=Channel.CHAIN, product=vehicle, announced_output=50_000.0)
    room = 0.9 * leader_output(state)[makers].sum() - 50_000.0 * state.technology.inputs[cell, vehicle]
    assert 0 < room < 0.9 * leader_output(state)[makers].sum() - 1000.0
    assert chains(state, propensity=0.9).extend[vehicle] == pytest.approx(room / 1000.0)


def test_a_plan_of_one_chain_calls_for_another(fresh):
    state = fresh().state
    vehicle = state.world.product("V_OEM")
    cell = state.world.product("B_CELL")
    state.projects.append(1, stage=Stage.BUILD, channel=Channel.OWN, leader=0, product=cell, announced_output=5000.0)
    without, with_row = chains(state), chains(state, cross_chain={"B_CELL.V_OEM": 0.1})
    now, growth = leader_outlook(state)
    cells = state.leaders.product == cell
    extra = (now * ((1.0 + growth) ** 2 - 1.0))[cells].sum()
    assert extra > 0
    assert with_row.procurement[vehicle] - without.procurement[vehicle] == pytest.approx(0.1 * extra / 1000.0)


def test_plants_of_another_product_do_not_raise_the_leaders_outlook(fresh):
    """A steel maker's rolling mill under way is no crude steel to come."""
    state = fresh().state
    smelter = 2
    before = leader_outlook(state)
    state.projects.append(
        1,
        stage=Stage.BUILD,
        channel=Channel.OWN,
        leader=smelter,
        product=state.world.product("S_ROLL"),
        announced_output=40_000.0,
    )
    after = leader_outlook(state)
    np.testing.assert_allclose(after[0], before[0])
    np.testing.assert_allclose(after[1], before[1])


def test_a_starting_leader_needs_no_more_than_its_plant_will(fresh):
    state = fresh().state
    maker, vehicle = 3, state.world.product("V_OEM")
    state.projects.append(
        1, stage=Stage.BUILD, channel=Channel.OWN, leader=maker, product=vehicle, announced_output=20_000.0
    )
    found = chains(state)
    body = state.world.product("V_BODY")
    most = state.technology.inputs[body, vehicle] * 20.0
    assert 0 < found.procurement[body] <= most * (1 + 1e-9)
    assert found.need[body] <= most * (1 + 1e-9) + chains(fresh().state).need[body]


def test_the_sponsor_is_the_leader_that_needs_most(opening):
    world = opening.world
    found = sponsors(opening, np.array([world.product("B_CATH"), world.product("CSRV")]))
    needs = opening.technology.inputs[world.product("B_CATH"), opening.leaders.product] * leader_output(opening)
    assert found[0] == needs.argmax()
    assert found[0] in (0, 1)


def test_need_looks_eighteen_and_procurement_twenty_four_months_ahead(fresh):
    """A leader whose plants under way equal its output: it doubles in two years."""
    state = fresh().state
    cell, cathode = state.world.product("B_CELL"), state.world.product("B_CATH")
    now = leader_output(state)
    state.projects.append(
        1, stage=Stage.BUILD, channel=Channel.OWN, leader=0, product=cell, announced_output=3.0 * now[0]
    )
    found, growth = chains(state), leader_outlook(state)[1]
    assert growth[0] == pytest.approx(1.0)
    inputs = state.technology.inputs[cathode, cell]
    assert found.need[cathode] == pytest.approx(inputs * (now[0] * 2.0**1.5 + now[1]) / 1000.0)
    assert found.procurement[cathode] == pytest.approx(inputs * 3.0 * now[0] / 1000.0)


def test_growth_of_orders_is_expected_to_last(fresh):
    state = fresh().state
    state.month = 41
    depth = state.leaders.annual_orders.shape[1]
    state.leaders.annual_orders[0, :40] = 100.0 * 1.2 ** (np.arange(40) / 12)
    assert leader_outlook(state)[1][0] == pytest.approx(0.2)
    state.month = depth + 13  # the ring has gone round: the newest value stands at 11
    orders = 100.0 * 1.3 ** (np.arange(depth + 12) / 12)
    state.leaders.annual_orders[0, (np.arange(12, depth + 12)) % depth] = orders[12:]
    assert leader_outlook(state)[1][0] == pytest.approx(0.3)


def test_capacity_quality_and_jobs_by_product(opening):
    firms, product = opening.firms, opening.world.product("MACH")
    rows = [row for row in range(len(firms)) if firms.product[row] == product]
    capacity = sum(12 * firms.capacity[row] for row in rows)
    assert capacity_by_product(opening)[product] == pytest.approx(capacity)
    quality = sum(12 * firms.capacity[row] * firms.quality[row] for row in rows) / capacity
    assert mean_quality(opening)[product] == pytest.approx(quality)
    assert mean_quality(opening)[opening.world.product("V_OEM")] == 0.5
    jobs = sum(12 * firms.output[row] * firms.jobs_intensity[row] / firms.productivity[row] for row in rows)
    assert jobs_by_product(opening)[product] == pytest.approx(jobs)
    blocks = opening.world.product("CONS")
    assert capacity_by_product(opening)[blocks] == jobs_by_product(opening)[blocks] == 0.0


# --- ablations --------------------------------------------------------------------------------------------------------


def leads_of(model, channel):
    projects = model.state.projects
    return projects.product[projects.channel == channel]


@pytest.mark.slow
def test_without_local_processing_extension_calls_for_nobody(beside):
    """Chain promotion that looks at extension alone: with no output open to processing, nobody is called."""
    only = {"promotion.weight_supplement": 0.0, "promotion.weight_strengthen": 0.0, "promotion.weight_extend": 1.0}
    some = beside(only, months=18)
    none = beside(only | {"promotion.downstream_propensity": 0.0}, months=18)
    called = leads_of(some, Channel.CHAIN)
    world = some.world
    made = some.state.leaders.product
    uses = some.state.technology.inputs[made][:, called]
    assert len(called) > 0
    assert (uses.max(axis=0) > 0).all(), "they use what a leader makes"
    assert world.chain_product[called].all()
    assert len(leads_of(none, Channel.CHAIN)) == 0
    for channel in (Channel.UNPLANNED, Channel.CLUSTER, Channel.NORMAL):
        np.testing.assert_array_equal(leads_of(none, channel), leads_of(some, channel), err_msg=channel.name)


def test_without_plans_across_chains_leaders_call_for_their_inputs_only(usual, beside):
    alone, months = beside({"promotion.cross_chain": {}}), usual.state.month
    crossed = [usual.world.product(key.split(".")[1]) for key in usual.plan[Promotion].cross_chain]
    inputs = usual.state.technology.inputs[:, usual.state.leaders.product].max(axis=1)
    foreign = [product for product in crossed if inputs[product] == 0]
    came = [np.isin(leads_of(model, Channel.LEADER), foreign).sum() for model in (alone, usual)]
    assert came[0] == 0 < came[1]
    leads = [model.recorder.arrays["entered"][:months, Stage.LEAD] for model in (alone, usual)]
    first = int(np.flatnonzero(leads[0][:, Channel.LEADER] != leads[1][:, Channel.LEADER])[0])
    chain = [each[: first + 1, Channel.CHAIN] for each in leads]
    np.testing.assert_array_equal(*chain, err_msg="the gaps of other channels know nothing of it")


def test_a_map_without_horizon_sees_smaller_gaps_and_the_same_upgrading(usual, monkeypatch):
    """Need a year and a half ahead against need today, where orders grow."""
    state = usual.state
    ahead = chains(state)
    monkeypatch.setattr("sim.mechanisms.gaps.NEED_MONTHS", 0)
    monkeypatch.setattr("sim.mechanisms.gaps.PROCUREMENT_MONTHS", 0)
    today = chains(state)
    needed = ahead.need > 0
    assert (today.need[needed] < ahead.need[needed]).all()
    assert (today.gap <= ahead.gap).all()
    assert today.gap.sum() < 0.95 * ahead.gap.sum()
    np.testing.assert_array_equal(today.upgrade, ahead.upgrade)
    np.testing.assert_array_equal(today.extend, ahead.extend)
    assert today.procurement.sum() < 0.95 * ahead.procurement.sum()


def test_a_map_without_horizon_calls_for_fewer_on_the_ways_that_read_it(usual, monkeypatch):
    part = next(each for each in usual.month_list if isinstance(each, Funnel))
    state = usual.state
    ahead = part.lead_rates(state, state.effort).sum(axis=1)
    monkeypatch.setattr("sim.mechanisms.gaps.NEED_MONTHS", 0)
    monkeypatch.setattr("sim.mechanisms.gaps.PROCUREMENT_MONTHS", 0)
    today = part.lead_rates(state, state.effort).sum(axis=1)
    assert today[Channel.CHAIN] < 0.98 * ahead[Channel.CHAIN]
    assert today[Channel.LEADER] < 0.9 * ahead[Channel.LEADER]
    others = [Channel.CLUSTER, Channel.UNPLANNED, Channel.SPINOFF, Channel.NORMAL]
    np.testing.assert_array_equal(today[others], ahead[others])
