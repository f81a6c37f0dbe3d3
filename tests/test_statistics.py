"""The bureau's arithmetic, with the figures the press printed."""

import numpy as np
import pytest

import sim
from sim.mechanisms.production import cost_parts
from sim.state import Channel, Stage
from sim.statistics import contribution, growth_from_contribution, pull, rest_growth, year_to_date_growth
from tests.runs import aged


def monthly(years):
    """A series that starts in January 2018 from monthly values of each year."""
    return np.concatenate([np.full(12, float(value)) for value in years])


def test_year_to_date_growth_compares_the_same_months():
    series = monthly([100.0, 114.7])
    series[[11, 23]] = [1e6, -1e6]  # December is not out yet
    assert year_to_date_growth(series, 2019, 2018, 11) == pytest.approx(0.147)
    assert year_to_date_growth(series, 2019, 2018, 1) == pytest.approx(0.147)


@pytest.mark.parametrize(("year", "months"), [(2018, 11), (2020, 1), (2019, 0), (2019, 13)])
def test_growth_of_months_that_are_not_there_is_refused(year, months):
    with pytest.raises(ValueError, match="months"):
        year_to_date_growth(monthly([100.0, 110.0]), year, 2018, months)


def test_weights_of_months_count():
    series = monthly([1.0, 1.0])
    series[:2], series[12:14] = [100.0, 300.0], [200.0, 300.0]
    assert year_to_date_growth(series, 2019, 2018, 2) == pytest.approx(0.25), "sums, not the mean of rates"


def test_article_of_2019():
    """Four clusters: +39.8 %, pull 19.2 points, contribution 130.4 %; the bureau printed 14.7 % for the city."""
    city = growth_from_contribution(19.2, 1.304)
    assert round(100 * city, 2) == 14.72
    base = 19.2 / 39.8
    assert round(100 * base, 2) == 48.24
    assert pull(0.398, base) == pytest.approx(19.2)
    assert contribution(19.2, city) == pytest.approx(1.304)
    assert round(100 * rest_growth(city, 19.2, base), 2) == -8.65
    assert contribution(19.2, city) > 1 > contribution(10.0, city), "contributions may exceed the whole"
    end_share = base * 1.398 / (1 + city)
    assert round(100 * end_share, 1) == 58.8


def test_rounding_of_the_article_leaves_these_bounds():
    low, high = 19.15 / 39.85, 19.25 / 39.75
    assert (round(100 * low, 2), round(100 * high, 2)) == (48.06, 48.43)


@pytest.mark.parametrize(("growth", "points", "base"), [(0.181, 4.5, 24.9), (0.494, 11.3, 22.9)])
def test_chains_of_2019(growth, points, base):
    share = points / (100 * growth)
    assert round(100 * share, 1) == base
    assert pull(growth, share) == pytest.approx(points)


def test_new_plants_of_2019_come_from_almost_nothing():
    """Vehicles and copper: what is left of pull and base share after stainless and lithium."""
    points = 19.2 - 4.5 - 11.3
    base = 19.2 / 39.8 - 4.5 / 18.1 - 11.3 / 49.4
    assert points == pytest.approx(3.4)
    assert 100 * base == pytest.approx(0.5, abs=0.05)


def test_line_of_2020():
    """Four clusters +15 %, contribution 130 %, city +7.3 %."""
    points = 1.30 * 7.3
    share = points / 15.0
    assert round(points, 1) == 9.5
    assert round(100 * share, 1) == 63.3
    assert contribution(points, 0.073) == pytest.approx(1.30)
    assert round(100 * rest_growth(0.073, points, share), 1) == -6.0


def test_line_of_2021():
    """Lithium +92.1 %, contribution 93.7 %, city +32.5 %."""
    points = 0.937 * 32.5
    share = points / 92.1
    assert round(points, 2) == 30.45
    assert round(100 * share, 1) == 33.1
    assert growth_from_contribution(points, 0.937) == pytest.approx(0.325)
    assert round(100 * rest_growth(0.325, points, share), 1) == 3.1
    assert round(368.1 / 0.783) == 470


def test_groups_and_rest_add_up():
    growth, share, rest = 0.398, 0.4824, -0.0865
    city = growth * share + rest * (1 - share)
    assert rest_growth(city, pull(growth, share), share) == pytest.approx(rest)
    assert pull(growth, share) + pull(rest, 1 - share) == pytest.approx(100 * city)


# --- the record -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded():
    """A model after two years and a half, with its record of the last month."""
    model = aged(30, 3)
    return model, {name: values[29] for name, values in model.recorder.arrays.items()}


def by_cell(model, values):
    """Sum over firms by county and product, firm by firm."""
    cells = np.zeros((10, 24))
    firms = model.state.firms
    for row in range(len(firms)):
        cells[firms.county[row], firms.product[row]] += values[row]
    return cells


def test_cells_are_sums_over_firms(recorded):
    model, record = recorded
    firms = model.state.firms
    np.testing.assert_allclose(record["output"], by_cell(model, firms.output), rtol=1e-12)
    np.testing.assert_allclose(record["capital"], by_cell(model, firms.capital), rtol=1e-12)
    np.testing.assert_allclose(record["jobs"], by_cell(model, firms.staff), rtol=1e-12)
    np.testing.assert_allclose(record["jobs"].sum(axis=1), model.state.people.workers.sum(axis=(0, 1)), rtol=1e-9)


def test_above_scale_is_twenty_million_a_year_and_energy(recorded):
    model, record = recorded
    firms, price = model.state.firms, model.state.markets.price
    energy = model.world.product("ENER")
    large = np.zeros(len(firms), dtype=bool)
    for row in range(len(firms)):
        if firms.block[row]:
            large[row] = firms.product[row] == energy
        elif not firms.fringe[row]:
            large[row] = 12 * firms.output[row] * price[firms.product[row]] >= 20.0
    assert 0.5 < large[~firms.block].mean() < 1.0
    np.testing.assert_allclose(record["output_above_scale"], by_cell(model, firms.output * large), rtol=1e-12)
    np.testing.assert_array_equal(record["firms"], by_cell(model, large & ~firms.block & firms.alive))


def test_value_added_is_deflated_once_by_the_price_of_the_product(recorded):
    model, record = recorded
    price = model.state.markets.price
    materials, _ = cost_parts(model.state)
    np.testing.assert_allclose(record["output_nominal"], record["output"] * price, rtol=1e-12)
    np.testing.assert_allclose(record["value_added_nominal"], record["output"] * (price - materials), rtol=1e-12)
    large = record["output_above_scale"]
    np.testing.assert_allclose(record["output_above_scale_nominal"], large * price, rtol=1e-12)
    np.testing.assert_allclose(record["value_added_above_scale_nominal"], large * (price - materials), rtol=1e-12)
    np.testing.assert_allclose(record["value_added_above_scale"], large * (1.0 - materials / price), rtol=1e-12)
    assert not np.allclose(record["value_added"], record["value_added_above_scale"])


def test_sales_between_home_industries(recorded):
    """Flows of the table between above-scale industry, by the share of each cell that is above scale."""
    model, record = recorded
    table, price = model.state.table, model.state.markets.price
    output, large = record["output"].ravel(), record["output_above_scale"].ravel()
    energy = model.world.product("ENER")
    total = nominal = 0.0
    industry = [cell for cell in range(240) if (cell % 24 < 18 or cell % 24 == energy) and output[cell] > 0]
    for seller in industry:
        sold = sum(table.flows[seller, buyer] * large[buyer] / output[buyer] for buyer in industry)
        total += sold * large[seller] / output[seller]
        nominal += sold * large[seller] / output[seller] * price[seller % 24]
    assert record["intermediate_industry"] == pytest.approx(total)
    assert record["intermediate_industry_nominal"] == pytest.approx(nominal)
    assert 0.05 < total / large.sum() < 0.6


def test_the_funnel_is_counted_by_stage_and_channel(recorded):
    model, record = recorded
    projects = model.state.projects
    for stage in Stage:
        for channel in Channel:
            count = int(((projects.stage == stage) & (projects.channel == channel)).sum())
            assert record["projects"][stage, channel] == count
    chains = model.world.chain[projects.product]
    for chain in range(4):
        here = (chains == chain) & (projects.stage >= Stage.LAND) & (projects.stage <= Stage.DONE)
        assert record["introduced"][chain] == (here & (projects.channel != Channel.OWN)).sum()
    assert record["introduced"].sum() > 5


def test_land_states_add_up_to_the_plan(recorded):
    model, record = recorded
    assert record["land"].sum() == pytest.approx(model.state.parks.planned.sum())
    np.testing.assert_allclose(record["land"].sum(axis=1), model.state.parks.planned)


def test_only_months_from_the_start_are_recorded():
    base = sim.load("baseline").replace({"run.start": "2014-04", "run.end": "2014-12"}, name="late")
    model, whole = sim.NingdeModel(base, 4), sim.NingdeModel(sim.load("baseline"), 4)
    for _ in range(5):
        model.step()
        whole.step()
    assert len(model.recorder.arrays["output"]) == 9
    for month, at in ((4, 0), (5, 1)):
        found = model.recorder.arrays["price_level"][at]
        assert found == pytest.approx(whole.recorder.arrays["price_level"][month - 1])
