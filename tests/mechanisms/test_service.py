"""Service teams: who is served first, dilution, the county index and the fading of reform."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.construction import Construction, pace, work_of
from sim.mechanisms.land import Land, months_on_land
from sim.mechanisms.service import Service, ServiceTeams, coverage, reform_level
from sim.state import SPENDING_ITEMS, Channel, Stage


def test_teams_work_down_the_order_until_they_are_used_up():
    load, order = np.array([1.0, 3.0, 1.0, 1.0]), np.array([1, 0, 2, 3])
    assert coverage(load, order, 4.5) == pytest.approx([1.0, 1.0, 0.5, 0.0])
    assert coverage(load, order, 0.0) == pytest.approx(np.zeros(4))
    assert coverage(load, order, 60.0) == pytest.approx(np.ones(4))
    assert coverage(load, order, 1.5) == pytest.approx([0.0, 0.5, 0.0, 0.0])


def test_more_projects_than_teams_dilute_service():
    mean = [coverage(np.ones(count), np.arange(count), 12.0).mean() for count in (6, 12, 24, 48)]
    assert mean == pytest.approx([1.0, 1.0, 0.5, 0.25])


def serve(fresh, next_month, rows, teams):
    model = fresh({"service.teams": teams, "service.start": "2014-01"})
    state = next_month(model.state)
    for row in rows:
        state.projects.append(1, **{"stage": Stage.BUILD, "channel": Channel.CHAIN} | row)
    part = next(each for each in model.month_list if isinstance(each, ServiceTeams))
    part.step(state, Streams(1))
    return state


def test_chains_first_then_size_then_date(fresh, next_month):
    cathode, food = 1, 16
    rows = [
        {"product": food, "investment": 4_000.0, "county": 0, "born": 0},
        {"product": cathode, "investment": 300.0, "county": 5, "born": 3},
        {"product": cathode, "investment": 300.0, "county": 5, "born": 2},
        {"product": cathode, "investment": 9_000.0, "county": 1, "born": 5},  # three loads
        {"product": cathode, "investment": 900.0, "county": 1, "born": 5, "stage": Stage.DONE},
    ]
    state = serve(fresh, next_month, rows, teams=0.75)  # 4.5 loads of 6 a team
    assert state.boards.project_service == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.0])
    state = serve(fresh, next_month, rows, teams=1)
    assert state.boards.project_service == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.0])


def test_the_county_index_remembers_a_year(fresh, next_month):
    state = serve(fresh, next_month, [{"product": 1, "investment": 300.0, "county": 3}], teams=5)
    expected = np.zeros(10)
    expected[3] = 1.0 / 12.0
    assert state.boards.county_service == pytest.approx(expected)
    without = serve(fresh, next_month, [], teams=5)
    np.testing.assert_array_equal(without.boards.county_service, without.counties.service)


def test_service_makes_a_county_more_attractive(fresh, next_month):
    model = fresh()
    state = next_month(model.state)
    state.counties.service[2] = 0.5
    state.boards.leads.append({"product": np.array([1, 2])})
    part = next(each for each in model.month_list if isinstance(each, ServiceTeams))
    part.step(state, Streams(1))
    here = state.world.park_county == 2
    np.testing.assert_allclose(state.boards.appeal[0][:, here], 0.5 * part.weight)
    np.testing.assert_array_equal(state.boards.appeal[0][:, ~here], 0.0)


def test_reform_fades_with_its_half_life_and_rises_at_once():
    half_life, level = Service().reform_half_life, 1.0
    for _ in range(int(half_life)):
        level = reform_level(level, 0.0, half_life)
    assert level == pytest.approx(0.5)
    assert reform_level(0.2, 0.7, half_life) == 0.7
    faded = reform_level(1.0, 0.6, half_life)
    assert 0.6 < faded < 1.0


@pytest.mark.parametrize("served", [0.4, 0.55, 0.7])
def test_without_teams_a_plant_starts_five_to_ten_months_later(served):
    """Requisition and work of a plant of 300 M yuan, usual coverage against none."""
    construction, land = Construction(), Land()
    work = work_of(np.array([300.0]), np.ones(1), construction)

    def months(service):
        level = np.array([service])
        ground = months_on_land(level, np.ones(1), 0.0, np.zeros(1, dtype=bool), land)
        return float((ground + work / pace(level, np.array([0.48]), construction))[0])

    assert 5.0 < months(0.0) - months(served) < 10.0


def test_the_county_index_moves_towards_the_mean_of_its_projects(fresh, next_month):
    model = fresh({"service.teams": 0.75, "service.start": "2014-01"})
    state = next_month(model.state)
    state.counties.service[3] = 0.9
    for investment in (300.0, 200.0, 100.0, 6_000.0):
        state.projects.append(1, stage=Stage.LAND, channel=Channel.CHAIN, product=1, county=3, investment=investment)
    next(each for each in model.month_list if isinstance(each, ServiceTeams)).step(state, Streams(1))
    assert state.boards.project_service == pytest.approx([1.0, 0.5, 0.0, 1.0])
    assert state.boards.county_service[3] == pytest.approx(0.9 + (2.5 / 4 - 0.9) / 12)


@pytest.mark.parametrize(("investment", "loads"), [(5_000.0, 1.0), (5_001.0, 3.0)])
def test_projects_above_five_bn_take_several_loads(fresh, next_month, investment, loads):
    state = serve(fresh, next_month, [{"product": 1, "investment": investment, "county": 3}], teams=0.1)
    assert state.boards.project_service[0] == pytest.approx(0.6 / loads)


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_mechanism_nobody_is_served_and_the_teams_are_paid_in_vain(usual, beside):
    months = 18
    alone = beside(without=(ServiceTeams,), months=months)
    assert alone.state.projects.service.max() == alone.state.counties.service.max() == alone.state.reform == 0.0
    assert usual.state.projects.service.max() == 1.0
    left, right = alone.recorder.arrays, usual.recorder.arrays
    done = [arrays["entered"][:months, Stage.DONE].sum() for arrays in (left, right)]
    assert done[0] < 0.5 * done[1], "land and work take longer"
    np.testing.assert_array_equal(left["output"][:3], right["output"][:3])
    paid = SPENDING_ITEMS.index("service teams")
    np.testing.assert_array_equal(left["public_spending"][0, :, paid], right["public_spending"][0, :, paid])
    assert left["public_spending"][:months, -1, paid].min() > 0
