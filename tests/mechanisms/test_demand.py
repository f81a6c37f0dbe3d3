"""Outside demand: known series, trends that fade, shocks with the declared size and correlation."""

import numpy as np
import pytest

from sim.draws import Streams
from sim.mechanisms.demand import (
    COMPONENTS,
    OPENING,
    Demand,
    DemandPath,
    OutsideDemand,
    annual_series,
    fading,
    growth_index,
    last_known_year,
    market_volumes,
    monthly_logs,
    vehicle_reference,
)
from sim.parameters import Month
from sim.state import MARKETS


@pytest.mark.parametrize(
    ("known", "year"), [("2018-12", 2018), ("2019-01", 2018), ("2019-11", 2018), ("2019-12", 2019)]
)
def test_a_year_is_known_when_it_has_ended(known, year):
    assert last_known_year(Month(known)) == year
    assert max(annual_series("ev_sales_china", Month(known))) == year


def test_annual_values_stand_in_the_middle_of_their_year():
    logs = monthly_logs({2013: 8.0, 2014: 16.0, 2015: 4.0}, 30)
    july = Month("2014-07") - OPENING
    assert np.exp(logs[july]) == pytest.approx(16.0)
    assert np.exp(logs[july + 12]) == pytest.approx(4.0)
    assert np.exp(logs[july - 6]) == pytest.approx(np.sqrt(8.0 * 16.0)), "half way in logs"
    assert np.isnan(logs[july + 13 :]).all()
    assert np.isfinite(logs[: july + 13]).all()


def test_an_index_grows_by_the_known_rates_and_no_further():
    logs = growth_index({2014: 0.07, 2015: 0.05}, 40)
    assert logs[0] == 0.0
    assert np.exp(logs[12]) == pytest.approx(1.07)
    assert np.exp(logs[24]) == pytest.approx(1.07 * 1.05)
    assert np.isnan(logs[25:]).all()


def test_a_trend_fades_to_the_long_run_with_its_half_life():
    assert fading(0.25, 0.03, 0.0, 5.0) == pytest.approx(0.25)
    assert fading(0.25, 0.03, 5.0, 5.0) == pytest.approx(0.14)
    assert fading(0.25, 0.03, 10.0, 5.0) == pytest.approx(0.085)
    assert fading(0.25, 0.03, -4.0, 5.0) == pytest.approx(0.25), "nothing fades before the known period ends"


def test_the_vehicle_index_is_one_in_its_reference_year():
    reference = vehicle_reference(Month("2019-11"))
    components = np.log([1.0, 2.0, 3.0, reference[0], reference[1], 40.0, 8.0, 1.0, 1.0])
    volume = dict(zip(MARKETS, market_volumes(components, 0.3, reference), strict=True))
    assert volume["vehicles"] == pytest.approx(1.0)
    assert volume["power_cell"] == pytest.approx(3.0)
    components[3] += np.log(2.0)
    assert market_volumes(components, 0.3, reference)[MARKETS.index("vehicles")] == pytest.approx(1.3)


def path_of(run, months=120):
    return DemandPath.of(run, run.known_until, -0.1, months)


def test_legacy_demand_is_national_growth_with_its_own_trend(baseline):
    path = path_of(baseline.run)
    gdp, legacy = path.known[COMPONENTS.index("gdp")], path.known[COMPONENTS.index("legacy")]
    assert legacy[48] - gdp[48] == pytest.approx(-0.4)


def test_a_flat_world_stands_still(fresh):
    model = fresh({"run.world": "flat"})
    before = model.state.markets.volume.copy()
    for _ in range(6):
        model.step()
    np.testing.assert_array_equal(model.state.markets.volume, before)
    assert model.state.markets.price_level == pytest.approx(model.state.markets.price_level)


@pytest.mark.parametrize("month", [1, 30, 55])
def test_known_volumes_are_the_series_whatever_the_luck(fresh, next_month, month):
    model = fresh()
    state = next_month(model.state)
    state.month = month
    part = next(each for each in model.month_list if isinstance(each, OutsideDemand))
    known = part.path.known[:, month]
    assert np.isfinite(known).all()
    for seed in (1, 2):
        part.step(state, Streams(seed))
        np.testing.assert_array_equal(state.boards.components, known)


def test_unknown_volumes_follow_trend_and_shocks(fresh, next_month):
    """Mean, spread and correlation of one month's change over many streams."""
    model = fresh()
    state = next_month(model.state)
    part = next(each for each in model.month_list if isinstance(each, OutsideDemand))
    demand, known = state.scenario[Demand], state.scenario.run.known_until - OPENING
    state.month = known + 60  # five years on: half of the way to the long run
    steps = []
    for seed in range(4000):
        part.step(state, Streams(seed))
        steps.append(state.boards.components - state.markets.components)
    steps = np.array(steps)
    mean, spread = steps.mean(axis=0), steps.std(axis=0)
    middle = 0.5 * (part.first_rate + demand.long_run_growth)
    middle[-1] += 0.5 * demand.legacy_trend
    sigma = part.sigma / np.sqrt(12)
    assert (np.abs(mean - middle / 12) < 5 * sigma / np.sqrt(len(steps))).all()
    np.testing.assert_allclose(spread, sigma, rtol=0.06)
    apart = np.corrcoef(steps.T)
    ev, storage, consumer, stainless = 0, 1, 2, 5
    assert apart[ev, storage] == pytest.approx(1.0), "one market, one shock"
    assert apart[ev, consumer] == pytest.approx(demand.correlation, abs=0.07)
    assert apart[consumer, stainless] == pytest.approx(demand.correlation, abs=0.07)


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_without_the_mechanism_markets_stand_and_who_sold_to_them_does_not_grow(usual, beside):
    """Cells lose the growth of their market, old industry the decline of its own; who comes is offered alike."""
    still, months = beside(without=(OutsideDemand,)), usual.state.month
    left, right = still.recorder.arrays, usual.recorder.arrays
    np.testing.assert_array_equal(
        left["world_volume"][:months], np.tile(still.state.markets.volume_opening, (months, 1))
    )
    assert usual.state.markets.volume[0] > 3.0 * still.state.markets.volume[0]
    assert usual.state.markets.volume[-1] < still.state.markets.volume[-1], "legacy"
    made = [arrays["output"][months - 1].sum(axis=0) for arrays in (left, right)]
    world = usual.state.world
    assert made[0][world.product("B_CELL")] < 0.7 * made[1][world.product("B_CELL")]
    assert (made[0][world.legacy] > made[1][world.legacy]).all()
    for name in ("commodity_price", "price_level"):
        np.testing.assert_array_equal(left[name][:months], right[name][:months], err_msg=name)
    assert still.state.slots == usual.state.slots, "candidates do not see markets"
    np.testing.assert_array_equal(left["wage"][0], right["wage"][0])
