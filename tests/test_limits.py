"""What limits growth: every yuan of missing output once, by the right limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

import sim
from sim.limits import LIMITS, REASONS, MissingOutput, fresh_orders, group_of, land_cut, row_limits
from sim.mechanisms.firms import Firms, Investment
from sim.settings import Projects
from sim.state import YEAR, Stage, State
from tests.runs import aged

Floats = NDArray[np.float64]

AT = {name: at for at, name in enumerate(LIMITS)}


@pytest.fixture(scope="module")
def model() -> sim.NingdeModel:
    return aged(50)


@pytest.fixture
def state(model: sim.NingdeModel) -> Iterator[State]:
    """The state after fifty months; what a test changes is put back."""
    state = model.state
    kept = {name: getattr(state.boards, name) for name in ("capacity", "work_progress", "expansion_wished")}
    columns = {name: getattr(state.firms, name).copy() for name in ("orders", "margin12", "leader", "fringe")}
    yield state
    for name, value in kept.items():
        setattr(state.boards, name, value)
    for name, value in columns.items():
        setattr(state.firms, name, value)
    for name in ("staff_factor", "energy_factor"):
        vars(state.boards).pop(name, None)


def total(found: Floats, name: str) -> float:
    return float(found[..., AT[name]].sum())


def whole(state: State) -> Floats:
    """(groups,) what the limits must add up to, plant by plant and project by project."""
    firms, projects, world = state.firms, state.projects, state.world
    size = world.product_count
    capacity, orders = state.boards.capacity, fresh_orders(state)
    plants, short, idle, refused, coming = (np.zeros(size) for _ in range(5))
    tau = state.scenario[Projects].ramp_tau
    for row in range(len(firms)):
        if firms.block[row] or capacity[row] <= 0:
            continue
        k, full, output = firms.product[row], capacity[row], firms.output[row]
        asked = max(orders[row], output)
        ramped = 1.0 if firms.opening[row] else 1.0 - np.exp(-(state.month - firms.birth[row] + 1) / tau)
        beyond = max(asked - full / ramped, 0.0)
        short[k] += beyond
        idle[k] += max(full - asked, 0.0)
        plants[k] += max(full, asked) - output - beyond
        refused[k] += output * (1.0 / state.table.served[row] - 1.0)
    for row in np.flatnonzero((projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)):
        coming[projects.product[row]] += projects.announced_output[row] / YEAR
    bought = np.zeros(size)
    for k in range(size):
        for node in range(state.node_count):
            if state.technology.linked[k, node % size]:
                bought[k] += state.table.outside_inputs[k, node]
    lacking = np.maximum(np.maximum(bought - refused, 0.0) - idle, 0.0)
    missing = plants + np.maximum(short + lacking, coming)
    return np.bincount(group_of(world), missing)


def test_parts_of_a_plant_by_hand() -> None:
    # idle; half its staff and full orders; young; short of orders; starved of inputs
    found = row_limits(
        full=np.array([10.0, 10.0, 6.0, 10.0, 10.0]),
        staff=np.array([1.0, 0.5, 1.0, 1.0, 1.0]),
        energy=np.ones(5),
        asked=np.array([7.0, 12.0, 9.0, 15.0, 10.0]),
        run_in=np.array([10.0, 10.0, 8.0, 10.0, 10.0]),
        output=np.array([7.0, 5.0, 6.0, 10.0, 4.0]),
    )
    assert found["idle"].tolist() == [3.0, 0.0, 0.0, 0.0, 0.0]
    assert found["labour"].tolist() == [0.0, 5.0, 0.0, 0.0, 0.0]
    assert found["young"].tolist() == [0.0, 0.0, 2.0, 0.0, 0.0]
    assert found["short"].tolist() == [0.0, 2.0, 1.0, 5.0, 0.0]
    assert found["starved"].tolist() == [0.0, 0.0, 0.0, 0.0, 6.0]
    assert not found["energy"].any()


def test_staff_and_energy_share_what_both_cut() -> None:
    found = row_limits(*(np.array([value]) for value in (10.0, 0.5, 0.25, 10.0, 10.0, 1.25)))
    assert found["energy"][0] == pytest.approx(2 * found["labour"][0]), "a quarter is half of a half"
    assert found["energy"][0] + found["labour"][0] == pytest.approx(8.75)


def test_parts_of_a_plant_are_all_that_is_missing() -> None:
    random = np.random.default_rng(3)
    full, asked = random.uniform(1, 10, (2, 500))
    staff, energy = random.uniform(0.3, 1, (2, 500))
    output = np.minimum(full * staff * energy, asked) * random.choice([1.0, 0.6], 500)
    asked = np.maximum(asked, output)
    found = row_limits(full, staff, energy, asked, full * random.uniform(1, 2, 500), output)
    assert all((part >= 0).all() for part in found.values())
    np.testing.assert_allclose(np.sum(list(found.values()), axis=0), np.maximum(full, asked) - output, atol=1e-12)


def test_land_cuts_a_share_of_what_was_wished() -> None:
    assert land_cut(np.array([4.0, 4.0, 0.0, 4.0]), np.array([4.0, 1.0, 0.0, 0.0])).tolist() == [0.0, 0.75, 0.0, 1.0]


@pytest.mark.parametrize("months", [1, 29, 60])
def test_limits_are_all_that_is_missing(months: int) -> None:
    model = aged(months)
    found = model.recorder.arrays["missing"][months - 1]
    assert found.shape == (10, 5, len(LIMITS))
    assert (found >= -1e-9).all()
    np.testing.assert_allclose(found.sum(axis=(0, 2)), whole(model.state), rtol=1e-9)
    assert not model.recorder.arrays["missing"][months:].any()


def test_what_mechanisms_of_labour_and_energy_allow_is_read(state: State) -> None:
    limits, firms = MissingOutput(state), state.firms
    rows = np.flatnonzero((state.boards.capacity > 0) & ~firms.block)
    firms.orders = 2.0 * firms.orders
    factor = np.ones(len(firms))
    factor[rows] = firms.output[rows] / state.boards.capacity[rows]
    asked = np.maximum(fresh_orders(state), firms.output)[rows]
    cut = float((np.minimum(state.boards.capacity[rows], asked) - firms.output[rows]).sum())
    for name, limit in (("staff_factor", "labour"), ("energy_factor", "energy")):
        setattr(state.boards, name, factor)
        assert total(limits.of(state), limit) == pytest.approx(cut)
        setattr(state.boards, name, None)


def pressed(state: State) -> NDArray[np.int64]:
    """Ordinary firms, all with orders of three times their capacity and good margins."""
    firms = state.firms
    rows = np.flatnonzero((state.boards.capacity > 0) & ~firms.block & ~firms.fringe & (firms.leader < 0))
    firms.orders[rows] = 3.0 * state.boards.capacity[rows]
    firms.margin12[rows] = 0.2
    return rows


def test_why_full_plants_did_not_grow(state: State) -> None:
    limits, firms, boards = MissingOutput(state), state.firms, state.boards
    rows = pressed(state)
    boards.expansion_wished = np.zeros(len(firms))
    waiting = limits.of(state)
    firms.margin12[rows] = 0.0
    poor = limits.of(state)
    assert total(poor, "margins") == pytest.approx(
        total(waiting, "pace") - total(poor, "pace") + total(waiting, "margins")
    )
    assert total(poor, "margins") > 100 * max(total(waiting, "margins"), 1.0)
    firms.margin12[rows] = 0.2
    boards.expansion_wished = np.full(len(firms), 1e9)  # nothing of that was granted
    caged = limits.of(state)
    gained = total(caged, "land") - total(waiting, "land")
    assert gained == pytest.approx(total(poor, "margins") - total(waiting, "margins"), rel=1e-6)
    firms.leader[rows] = 0
    led = limits.of(state)
    assert total(led, "leaders") > 0.5 * total(poor, "margins")
    for found in (waiting, poor, caged):
        np.testing.assert_allclose(found.sum(axis=(0, 2)), waiting.sum(axis=(0, 2)))


def test_reasons_of_a_plant_are_exclusive(state: State) -> None:
    rows = np.flatnonzero(state.boards.capacity > 0)
    found = MissingOutput(state)._reasons(state, rows)
    assert tuple(found) == REASONS
    np.testing.assert_allclose(np.sum(list(found.values()), axis=0), 1.0)


def test_without_land_projects_wait_for_land() -> None:
    """No quota and no free land from the fourth year on, beside a city with quota and free land for all who wait."""
    models = [aged(36), aged(36)]
    roomy, caged = (model.state for model in models)
    roomy.counties.quota += 5_000.0
    roomy.parks.developed += np.minimum(1_000.0, roomy.parks.planned - roomy.parks.developed)
    caged.levers = {**caged.levers, "land.new_quota": np.zeros_like(caged.levers["land.new_quota"])}
    caged.counties.quota[:] = 0.0
    caged.parks.idle += np.maximum(caged.parks.free, 0.0)
    for model in models:
        for _ in range(18):
            model.step()
    free, bound = (model.recorder.arrays["missing"][36:54].sum(axis=0) for model in models)
    grown = bound.sum(axis=(0, 1)) - free.sum(axis=(0, 1))
    assert int(grown.argmax()) == AT["land"]
    assert total(bound, "land") > 10 * total(free, "land")
    assert total(bound, "building") < total(free, "building")


def test_land_that_a_county_cannot_pay_waits_for_public_money(state: State) -> None:
    """The same queue, once for want of quota and once for want of money."""
    limits, projects, boards = MissingOutput(state), state.projects, state.boards
    held, stage = projects.land_held.copy(), projects.stage.copy()
    kept = boards.developed, boards.development_asked
    rows = np.flatnonzero((projects.stage == Stage.LAND) & (projects.graft < 0) & (projects.signed < state.month))
    county = int(projects.county[rows[0]])
    rows = rows[projects.county[rows] == county]
    projects.stage[rows], projects.land_held[rows] = Stage.SIGNED, 0.0
    here = (projects.stage == Stage.SIGNED) & (projects.county == county) & (projects.land_held <= 0)
    here &= (projects.graft < 0) & (projects.signed < state.month)
    queue = float(projects.land[here].sum())
    asked = np.zeros(state.world.county_count)
    asked[county] = queue
    done = np.zeros(len(state.parks.planned))
    done[np.flatnonzero(state.world.park_county == county)[0]] = queue
    found = {}
    for name, part in {"paid": 1.0, "half": 0.5, "nothing": 0.0}.items():
        boards.developed, boards.development_asked = part * done, asked
        found[name] = limits.of(state)
    boards.developed, boards.development_asked = np.zeros_like(done), np.zeros_like(asked)
    found["no quota"] = limits.of(state)
    projects.land_held, projects.stage = held, stage
    boards.developed, boards.development_asked = kept
    waits = float(projects.announced_output[here].sum()) / YEAR
    money = {name: float(each[county, :, AT["public money"]].sum()) for name, each in found.items()}
    assert money["nothing"] == pytest.approx(waits)
    assert money["half"] == pytest.approx(waits / 2)
    assert money["paid"] == money["no quota"] == 0.0, "who could pay, or had no quota, does not lack money"
    for each in found.values():
        np.testing.assert_allclose(each.sum(axis=(0, 2)), found["paid"].sum(axis=(0, 2)))
    assert total(found["no quota"], "land") == pytest.approx(total(found["nothing"], "land") + waits)


def test_without_builders_building_is_slow() -> None:
    model = aged(48)
    state = model.state
    before = total(model.recorder.arrays["missing"][47], "builders")
    block = state.firms.block & (state.firms.product == state.world.product("CONS"))
    state.firms.jobs_intensity[block] *= 0.01
    model.step()
    assert before == 0.0
    assert total(model.recorder.arrays["missing"][48], "builders") > 100.0


def test_chain_goods_that_nobody_makes_lack_suppliers(state: State) -> None:
    """Without plants and projects of cathode materials all that is bought outside lacks a supplier."""
    world, firms, projects = state.world, state.firms, state.projects
    cathode = world.product("B_CATH")
    before = MissingOutput(state).of(state)
    state.boards.capacity = np.where(firms.product == cathode, 0.0, state.boards.capacity)
    stage = projects.stage.copy()
    projects.stage[projects.product == cathode] = Stage.FAILED
    found = MissingOutput(state).of(state)
    projects.stage = stage
    size = world.product_count
    cube = state.table.outside_inputs.reshape(size, -1, size)
    bought = float(cube[cathode][:, state.technology.linked[cathode]].sum())
    gained = total(found, "suppliers") - total(before, "suppliers")
    assert 0.5 * bought < gained <= bought * (1 + 1e-9)


def test_the_wish_is_written_before_land_cuts_it(state: State) -> None:
    mechanism = Investment(state.scenario[Firms], state.scenario[Projects], 0.85)
    boards = state.boards
    kept = (boards.investment, boards.scrapped, boards.land_taken)
    state.parks.idle, idle = state.parks.idle + np.maximum(state.parks.free, 0.0), state.parks.idle
    plot, state.firms.plot = state.firms.plot, state.firms.capital / 1.5
    mechanism.step(state, None)  # type: ignore[arg-type]
    state.parks.idle, state.firms.plot = idle, plot
    wished, granted = boards.expansion_wished, boards.investment - boards.scrapped
    boards.investment, boards.scrapped, boards.land_taken = kept
    eager = wished > 0
    assert (wished[eager] > granted[eager] + 1e-6).any(), "full plots without free land beside them"
    assert (granted[eager] <= wished[eager] + 1e-9).all()


def test_slow_building_is_measured_against_the_pace_of_the_month(state: State) -> None:
    limits = MissingOutput(state)
    free = (state.projects.stage == Stage.BUILD) & (state.projects.forced_production < 0)
    free &= state.projects.built < state.month
    coming = float(state.projects.announced_output[free].sum()) / YEAR
    assert total(limits.of(state), "builders") == pytest.approx(0.0, abs=1e-6)
    done = state.boards.work_progress
    state.boards.work_progress = np.where(free, 0.0, done)
    assert total(limits.of(state), "builders") == pytest.approx(coming), "nobody came to build"
    state.boards.work_progress = np.where(free, done / 4.0, done)
    assert total(limits.of(state), "builders") == pytest.approx(0.75 * coming, rel=0.05)


def test_backlog_of_leaders_is_no_new_order(state: State) -> None:
    firms, leaders, boards = state.firms, state.leaders, state.boards
    found = fresh_orders(state)
    assert boards.site_orders is not None
    assert boards.orders is not None
    assert (leaders.ordered > boards.orders + 1.0).any(), "somebody has a backlog"
    for row in range(len(firms)):
        carried = 0.0
        group = firms.leader[row]
        if group >= 0 and row < len(boards.site_orders) and leaders.ordered[group] > 0:
            carried = boards.site_orders[row] * (1.0 - boards.orders[group] / leaders.ordered[group])
        assert found[row] == pytest.approx(firms.orders[row] - carried)


def test_idle_plants_lack_demand_unless_chain_buyers_go_elsewhere(state: State) -> None:
    found = MissingOutput(state).of(state)
    world, firms = state.world, state.firms
    rows = np.flatnonzero((state.boards.capacity > 0) & ~firms.block)
    asked = np.maximum(fresh_orders(state), firms.output)[rows]
    idle = np.zeros((world.county_count, 5))
    cell = firms.county[rows], group_of(world)[firms.product[rows]]
    np.add.at(idle, cell, np.maximum(state.boards.capacity[rows] - asked, 0.0))
    np.testing.assert_allclose(found[..., AT["demand"]] + found[..., AT["sourcing"]], idle, atol=1e-9)
    assert not found[:, -1, AT["sourcing"]].any(), "links run between chain goods only"
    size = world.product_count
    bought = (state.table.outside_inputs.reshape(size, -1, size).sum(axis=1) * state.technology.linked).sum(axis=1)
    spare = np.zeros(size)
    np.add.at(spare, firms.product[rows], np.maximum(state.boards.capacity[rows] - asked, 0.0))
    served = state.table.served[rows]
    refused = np.zeros(size)
    np.add.at(refused, firms.product[rows], firms.output[rows] * (1.0 / served - 1.0))
    sourced = np.bincount(group_of(world), np.minimum(spare, np.maximum(bought - refused, 0.0)))
    np.testing.assert_allclose(found[..., AT["sourcing"]].sum(axis=0), sourced)
    assert found[..., AT["demand"]].sum() > found[..., AT["sourcing"]].sum() > 0


def test_orders_refused_at_home_are_not_bought_twice(state: State) -> None:
    """A plant that could not deliver is short of orders; what its buyers bought outside is that same output."""
    limits, world, firms = MissingOutput(state), state.world, state.firms
    cathode = world.product("B_CATH")
    before = limits._bought(state)
    rows = firms.alive & (firms.product == cathode) & (firms.output > 0)
    served, state.table.served = state.table.served, np.where(rows, 0.5, state.table.served)
    after_refusal = limits._bought(state)
    state.table.served = served
    lost = before[:, cathode].sum() - after_refusal[:, cathode].sum()
    assert lost == pytest.approx(min(firms.output[rows].sum(), before[:, cathode].sum()), rel=1e-6)
    assert lost > 0


def test_projects_are_held_up_where_they_stand(state: State) -> None:
    found, projects = MissingOutput(state).of(state), state.projects
    group = group_of(state.world)
    paper, waits = np.zeros((10, 5)), np.zeros((10, 5))
    for row in range(len(projects)):
        cell = projects.county[row], group[projects.product[row]]
        if projects.stage[row] == Stage.LAND:
            paper[cell] += projects.announced_output[row] / YEAR
        late = projects.signed[row] < state.month and projects.graft[row] < 0 and projects.land_held[row] <= 0
        if projects.stage[row] == Stage.SIGNED and late:
            waits[cell] += projects.announced_output[row] / YEAR
    np.testing.assert_allclose(found[..., AT["permits"]], paper, atol=1e-9)
    assert (found[..., AT["land"]] >= waits - 1e-9).all()
    assert paper.any()
