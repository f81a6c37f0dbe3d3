"""Work, rain and service: the anchors of 17 and 26 months, money spent with the work, builders as a limit."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.construction import Building, Construction, Rain, pace, seasonal_rain, work_of
from sim.resolvers.building import resolve_build
from sim.state import Stage

ANCHORS = [(0.0, 0.45, 26.0), (1.0, 0.60, 17.0), (0.0, 0.60, 27.7), (1.0, 0.48, 16.6)]


def months_of_work(investment, service, rain, construction):
    return float(work_of(np.array([investment]), np.ones(1), construction)[0]) / float(
        pace(np.array([service]), np.array([rain]), construction)[0]
    )


@pytest.mark.parametrize(("service", "rain", "months"), ANCHORS)
def test_anchors_of_a_project_of_reference_size(service, rain, months):
    construction = Construction()
    assert months_of_work(construction.reference_size, service, rain, construction) == pytest.approx(months, abs=0.1)


@pytest.mark.parametrize(("investment", "months"), [(300.0, 12.5), (1000.0, 13.8)])
def test_small_plants_take_about_a_year_with_full_service(investment, months):
    assert months_of_work(investment, 1.0, 0.48, Construction()) == pytest.approx(months, abs=0.1)


def test_rain_slows_service_speeds_size_costs():
    construction = Construction()
    rain, service = np.linspace(0.0, 1.0, 11), np.linspace(0.0, 1.0, 11)
    assert (np.diff(pace(np.full(11, 0.5), rain, construction)) < 0).all()
    assert (np.diff(pace(service, np.full(11, 0.5), construction)) > 0).all()
    work = work_of(np.geomspace(20.0, 20_000.0, 11), np.ones(11), construction)
    assert (np.diff(work) > 0).all()
    assert work_of(np.array([500.0]), np.array([1.3]), construction) == pytest.approx(
        1.3 * work_of(np.array([500.0]), np.ones(1), construction)
    )


def test_rain_has_seasons_around_the_city_mean():
    months = [seasonal_rain(month, Construction()) for month in range(1, 13)]
    assert np.mean(months) == pytest.approx(0.48, abs=0.005)
    assert months[3] > months[7] > months[11]
    assert seasonal_rain(4, Construction().model_copy(update={"rain_mean": 0.24})) == pytest.approx(0.5 * months[3])


def test_drawn_rain_is_a_share_of_days_with_the_mean_of_the_season(fresh):
    state = fresh().state
    part, streams, drawn = Rain(state.scenario[Construction]), Streams(3), []
    for month in range(4, 4 + 12 * 200, 12):  # every April
        state.month = month
        part.step(state, streams)
        drawn.append(state.boards.rain)
    drawn = np.array(drawn)
    assert ((drawn > 0) & (drawn < 1)).all()
    spread = drawn.std() / np.sqrt(drawn.size)
    assert abs(drawn.mean() - 0.58) < 5 * spread
    assert 0.05 < drawn.std() < 0.11


def put_in_building(state, investment, county="FD", product="OTHM"):
    """A project of mean luck that begins to build."""
    world = state.world
    work = work_of(np.array([investment]), np.ones(1), state.scenario[Construction])
    state.projects.append(
        1,
        stage=Stage.BUILD,
        channel=3,
        product=world.product(product),
        county=world.county(county),
        park=int(np.flatnonzero(world.park_county == world.county(county))[0]),
        investment=investment,
        capital_intensity=1.0,
        announced_output=investment,
        work=work,
        work_left=work,
        signed=state.month,
        slot=0,
    )


@pytest.mark.parametrize(("service", "rain", "months"), [(1.0, 0.60, 17), (0.0, 0.45, 26)])
def test_the_vehicle_base_stands_after_seventeen_months_instead_of_twenty_six(fresh, next_month, service, rain, months):
    state = fresh().state
    unlimited = state.scenario[Construction].model_copy(update={"builder_output": 1e9})  # builders without limit
    investment = state.scenario[Construction].reference_size
    put_in_building(state, investment)
    part, streams = Building(unlimited), Streams(1)
    paid = 0.0
    for _ in range(40):
        next_month(state)
        state.markets.rain[:], state.projects.service[:] = rain, service
        state.incumbent_spending = None
        part.step(state, streams)
        resolve_build(state, streams)
        paid += state.spending.sum()
        if state.projects.stage[0] == Stage.DONE:
            break
    assert state.projects.done[0] == months
    construction = state.scenario[Construction]
    cost = investment * (1.0 + construction.service_overrun * service)
    assert state.projects.invested[0] == pytest.approx(investment, rel=1e-12)
    assert state.projects.spent[0] == pytest.approx(cost, rel=1e-9)
    bought_here = construction.spend_construction + construction.spend_equipment
    assert paid == pytest.approx(cost * bought_here, rel=1e-9), "the rest of the money leaves the city"


@pytest.mark.parametrize(("output", "minutes"), [(0.5, 90.0), (0.3, 45.0)])
def test_builders_of_the_county_and_its_neighbours_limit_the_work(fresh, output, minutes):
    state = fresh({"construction.builder_output": output, "construction.builder_minutes": minutes}).state
    world, firms = state.world, state.firms
    construction = state.scenario[Construction]
    put_in_building(state, 400_000.0, county="FD")
    state.markets.rain[:], state.projects.service[:] = 0.48, 0.0
    Building(construction).step(state, Streams(1))
    free = float(pace(np.zeros(1), np.array([0.48]), construction)[0])
    site = world.county("FD")
    near = [county for county in range(world.county_count) if world.minutes[site, county] <= minutes]
    builders = sum(
        firms.jobs_intensity[row] * firms.output[row] * 12
        for row in range(len(firms))
        if firms.block[row] and world.products[firms.product[row]] == "CONS" and firms.county[row] in near
    )
    spend = 400_000.0 * free / state.projects.work[0] * 12 * construction.spend_construction
    assert spend / output > builders, "the test needs a shortage"
    assert state.boards.work_progress[0] == pytest.approx(free * builders / (spend / output), rel=1e-12)


def test_only_projects_under_construction_make_progress_and_none_too_much(fresh):
    state = fresh().state
    state.markets.rain[:] = 0.48
    for _ in range(3):
        put_in_building(state, 500.0)
    state.projects.stage[1] = Stage.LAND
    state.projects.work_left[2] = 0.3
    Building(state.scenario[Construction]).step(state, Streams(1))
    free = float(pace(np.zeros(1), np.array([0.48]), state.scenario[Construction])[0])
    assert state.boards.work_progress == pytest.approx([free, 0.0, 0.3])


# --- ablations --------------------------------------------------------------------------------------------------------


def building_times(model):
    """Months of building by slot and county of finished plants that are not dated."""
    projects = model.state.projects
    rows = np.flatnonzero((projects.stage == Stage.DONE) & (projects.forced_production < 0))
    months = projects.done[rows] - projects.built[rows]
    return dict(zip(zip(projects.slot[rows], projects.county[rows], strict=True), months, strict=True))


def before_building(model):
    """Months from signing to the start of building by slot and county."""
    projects = model.state.projects
    rows = np.flatnonzero((projects.built > 0) & (projects.event < 0))
    months = projects.built[rows] - projects.signed[rows]
    return dict(zip(zip(projects.slot[rows], projects.county[rows], strict=True), months, strict=True))


def dated(model):
    """Months in which plants with a dated production produced."""
    projects = model.state.projects
    rows = np.flatnonzero((projects.forced_production >= 0) & (projects.stage == Stage.DONE))
    return dict(zip(projects.event[rows], projects.done[rows], strict=True))


@pytest.mark.parametrize(("name", "sign"), [("rain_loss", -1), pytest.param("service_gain", 1, marks=pytest.mark.slow)])
def test_without_rain_plants_stand_earlier_without_service_later(usual, beside, name, sign):
    """The same projects, of the same luck, in both runs; what comes before and what is dated does not move."""
    changed = beside({f"construction.{name}": 0.0})
    found, told = building_times(changed), building_times(usual)
    both = sorted(set(found) & set(told))
    assert len(both) > 80
    change = np.array([found[key] - told[key] for key in both])
    assert (sign * change >= 0).all()
    assert sign * change.mean() > 0.4
    same = sorted(set(before_building(changed)) & set(before_building(usual)))
    waited = [np.array([before_building(model)[key] for key in same]) for model in (changed, usual)]
    assert (waited[0] == waited[1]).mean() > 0.9, "land and permits ask neither rain nor pace"
    assert dated(changed) == dated(usual) != {}
    assert sign * (changed.state.firms.alive.sum() - usual.state.firms.alive.sum()) < 0
    np.testing.assert_array_equal(changed.recorder.arrays["output"][:3], usual.recorder.arrays["output"][:3])


def test_without_the_mechanism_no_work_is_done_and_none_is_paid(usual, beside):
    """Signing and land go on as ever, so building sites fill."""
    months = 18
    idle = beside(without=(Building,), months=months)
    projects = idle.state.projects
    assert (projects.stage != Stage.DONE).all()
    assert (projects.stage == Stage.BUILD).sum() > 50
    np.testing.assert_array_equal(projects.spent[projects.event < 0], 0.0)
    done = usual.state.projects.done
    assert ((done >= 0) & (done <= months)).sum() > 10
    left, right = idle.recorder.arrays, usual.recorder.arrays
    np.testing.assert_array_equal(left["entered"][:4], right["entered"][:4])
    assert left["output"][months - 1].sum() < right["output"][months - 1].sum()


def test_without_weather_every_county_has_the_mean_of_the_year(usual, beside):
    months = 12
    calm = beside(without=(Rain,), months=months)
    np.testing.assert_array_equal(calm.state.markets.rain, calm.state.scenario[Construction].rain_mean)
    assert np.ptp(usual.state.markets.rain) > 0.05
    left, right = calm.recorder.arrays, usual.recorder.arrays
    np.testing.assert_array_equal(left["entered"][:months, : Stage.BUILD], right["entered"][:months, : Stage.BUILD])
    np.testing.assert_array_equal(left["output"][:3], right["output"][:3])
    assert not np.array_equal(left["output"][months - 1], right["output"][months - 1])
