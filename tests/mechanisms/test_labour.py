"""Labour: who is sought and found, what the staff can make, wages by skill and county."""

import copy

import numpy as np
import pytest

import sim
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import (
    Labour,
    Staffing,
    Wages,
    labour_progress,
    mean_wage,
    real_wage_growth,
    skill_wages,
    staff,
    staff_limit,
    staffing,
    wanted_by_county,
)
from sim.model import NingdeModel
from sim.settings import Run
from sim.state import Firms
from sim.world import GROUPS


def test_staff_is_intensity_times_annual_output_over_productivity():
    firms = Firms()
    firms.append(3, jobs_intensity=[0.9, 0.9, 0.9], productivity=[1.0, 1.25, 1.0], alive=[True, True, False])
    assert staff(firms, np.array([10.0, 10.0, 10.0])) == pytest.approx([108.0, 86.4, 0.0])
    assert staff(firms, np.array([10.0, 10.0, 10.0]), 1.2) == pytest.approx([90.0, 72.0, 0.0])


def test_opening_jobs_are_of_the_order_of_the_census(opening):
    jobs = opening.firms.staff.sum()
    assert 1.0e6 < jobs < 1.4e6
    assert opening.people.workers.sum() == pytest.approx(jobs, rel=1e-9)


def test_every_county_opens_with_its_jobs_filled_and_the_normal_share_of_posts_open(opening):
    asked = wanted_by_county(opening, staff(opening.firms, opening.firms.output))
    filled, workers, vacancy, _ = staffing(opening, staff(opening.firms, opening.firms.output))
    np.testing.assert_allclose(filled, 1.0, rtol=1e-9)
    np.testing.assert_allclose(vacancy, opening.scenario[Labour].vacancy_normal, rtol=1e-7)
    np.testing.assert_allclose(workers.sum(axis=1), asked, rtol=1e-9)


def test_dongqiao_draws_commuters_from_jiaocheng(opening):
    world, workers = opening.world, opening.people.workers.sum(axis=0)
    zone, town = world.county("DQ"), world.county("JC")
    assert workers[town, zone] > 2 * workers[zone, town]
    assert workers[:, zone].sum() > opening.people.labour_force[:, zone].sum(), "more jobs than people of its own"


def test_wages_of_the_opening_fall_from_the_core_to_the_mountains(opening):
    level = opening.scenario[Labour].wage_level
    expected = {"core": 1.0, "coast": 0.95, "mountain": 0.88}
    for county, group in enumerate(opening.world.group):
        assert opening.counties.wage[county] == pytest.approx(level * expected[GROUPS[group]])


def test_two_wages_average_to_the_mean():
    share = np.array([0.14, 0.08])
    wage = skill_wages(np.array([55_000.0, 50_000.0]), share, 1.6)
    np.testing.assert_allclose(wage[1] / wage[0], 1.6)
    np.testing.assert_allclose(mean_wage(wage, share), [55_000.0, 50_000.0])


def test_staff_limits_firms_and_not_blocks():
    firms = Firms()
    firms.append(3, county=[0, 1, 0], skill_share=[0.25, 0.25, 0.25], block=[False, False, True])
    filled = np.array([[0.81, 1.0], [1.0, 1.0]])
    limit = staff_limit(firms, np.array([100.0, 100.0, 100.0]), filled, 0.1)
    assert limit == pytest.approx([110.0 * 0.81**0.75, 110.0, np.inf])


def test_the_national_wage_fades_to_the_long_run():
    labour = Labour()
    assert real_wage_growth(labour, 0.02, 0.03, -3.0, 5.0) == pytest.approx(0.065)
    assert real_wage_growth(labour, 0.02, 0.03, 5.0, 5.0) == pytest.approx(0.0475)
    assert real_wage_growth(labour, 0.02, 0.03, 500.0, 5.0) == pytest.approx(0.03)


def run_months(scenario, months, seed=1, change=None):
    model = NingdeModel(scenario, seed)
    if change is not None:
        change(model)
    for _ in range(months):
        model.step()
    return model


def test_wages_follow_vacancies_of_the_county(fresh):
    model = fresh()
    state = model.state
    part = next(each for each in model.month_list if isinstance(each, Wages))
    state.people.vacancy[:] = 0.04
    state.people.vacancy[0, 3] = 0.14
    state.markets.price_level_before = state.markets.price_level
    part.step(state, model.streams)
    rise = np.log(state.boards.wage / state.counties.wage_by_skill)
    national = np.log(state.boards.national_wage)
    assert national > 0
    assert rise[0, 3] - national == pytest.approx(state.scenario[Labour].wage_curve * 0.10 / 12)
    rise[0, 3] = national
    np.testing.assert_allclose(rise, national)


def test_a_new_plant_wants_its_whole_capacity_and_an_old_one_its_orders(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    columns = {"product": 0, "node": 0, "birth": 1 - 60, "capital_intensity": 1.0, "jobs_intensity": 1.0, "alive": True}
    new, old = state.firms.append(2, capital=120.0, orders=[0.0, 3.0], **columns)
    Staffing().step(state, model.streams)
    boards = state.boards
    assert boards.expected[new] == pytest.approx(10.0, rel=1e-3)
    assert boards.expected[old] == 3.0
    assert boards.wanted[old] == pytest.approx(36.0)
    assert boards.expected[state.firms.block] == pytest.approx(state.firms.orders[state.firms.block])


def test_jobs_per_output_fall_by_deepening(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    Staffing().step(state, model.streams)
    before = state.boards.wanted.copy()
    state.people.deepening = np.linspace(1.0, 1.5, state.world.product_count)
    Staffing().step(state, model.streams)
    np.testing.assert_allclose(state.boards.wanted, before / state.people.deepening[state.firms.product])
    np.testing.assert_array_equal(labour_progress(state), state.people.deepening[state.firms.product])


def test_farming_saves_labour_fastest(fresh):
    model = fresh()
    part = next(each for each in model.month_list if isinstance(each, Wages))
    rate, world, labour = part.deepening(model.state), model.world, Labour()
    assert rate[world.product("AGRI")] == pytest.approx(labour.deepening_farming)
    assert rate[world.product("CSRV")] == pytest.approx(labour.deepening_services)
    np.testing.assert_allclose(rate[world.agent], labour.deepening)


def test_unit_labour_costs_of_the_nation_stand_still_in_the_long_run():
    demand, labour = Demand(), Labour()
    wages = Wages(labour, demand, Run(), -1200, trend=0.015)
    model = NingdeModel(sim.load("baseline"), 1)
    state = model.state
    state.markets.price_level_before = state.markets.price_level
    assert wages.national(state) == pytest.approx(demand.long_run_growth, abs=1e-6)
    trend = np.where(model.world.agent, 0.015, 0.0)
    np.testing.assert_allclose(wages.deepening(state) + trend, demand.long_run_growth, atol=1e-6)
    early = Wages(labour, demand, Run(), 1000, trend=0.015)
    assert early.deepening(state)[0] == pytest.approx(labour.deepening)


@pytest.mark.slow
def test_without_people_output_stops_growing_and_wages_rise():
    """Half of the people gone: shortage holds output down and lifts wages."""
    baseline = sim.load("baseline")

    def emptier(model):
        model.state.people.working_age *= 0.5

    full, short = run_months(baseline, 24), run_months(baseline, 24, change=emptier)
    assert short.state.firms.output.sum() < 0.97 * full.state.firms.output.sum()
    assert (short.state.counties.wage > full.state.counties.wage).all()
    assert short.state.people.vacancy.mean() > full.state.people.vacancy.mean() + 0.02
    firms = short.state.firms
    cut = firms.alive & ~firms.block & (firms.output < firms.capacity * 0.999) & (firms.orders > firms.output * 1.001)
    assert cut.sum() > 100, "short of people with orders in hand"


def test_staffing_that_limits_nothing_leaves_firms_as_they_are(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    before = copy.deepcopy(state.firms.output)
    Staffing().step(state, model.streams)
    filled, *_ = staffing(state, state.boards.wanted)
    limit = staff_limit(state.firms, state.boards.expected, filled, state.scenario[Labour].overtime)
    firm = ~state.firms.block
    assert (limit[firm] >= before[firm]).all()


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_mechanism_wages_stand_and_nobody_saves_labour(usual, beside):
    """The same output then takes more people; markets, prices of metals and candidates do not see wages."""
    months = 18
    still = beside(without=(Wages,), months=months)
    left, right = still.recorder.arrays, usual.recorder.arrays
    opening = beside(months=0).state.counties.wage
    np.testing.assert_array_equal(still.state.counties.wage, opening)
    assert (usual.state.counties.wage > 1.05 * opening).all()
    np.testing.assert_array_equal(still.state.people.deepening, 1.0)
    jobs = [arrays["jobs"][months - 1].sum() / arrays["output"][months - 1].sum() for arrays in (left, right)]
    assert jobs[0] > 1.03 * jobs[1]
    for name in ("world_volume", "commodity_price", "price_level"):
        np.testing.assert_array_equal(left[name][:months], right[name][:months], err_msg=name)
    for name in ("output", "jobs", "vacancy"):
        np.testing.assert_array_equal(left[name][0], right[name][0], err_msg=name)
