"""The vector of a run: every number is one of the run, at the place the layout says."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.experiment.layout import LayoutError, layout_between, layout_of, record
from sim.parameters import Month
from sim.results.run import BILLION
from sim.world import load_world


@pytest.fixture(scope="module")
def scenario():
    return sim.load("baseline").replace({"run.end": "2015-06"})


@pytest.fixture(scope="module")
def run(scenario):
    return sim.run(scenario, seed=3)


@pytest.fixture(scope="module")
def vector(run, scenario):
    return record(run, layout_of(scenario))


def test_entries_follow_each_other_without_gap_and_fill_the_vector(scenario, vector) -> None:
    layout = layout_of(scenario)
    ends = np.cumsum([entry.size for entry in layout.entries])
    assert [entry.offset for entry in layout.entries] == [0, *ends[:-1]]
    assert layout.size == ends[-1] == vector.size
    assert all(entry.shape == tuple(len(layout.coords[dim]) for dim in entry.dims) for entry in layout.entries)


@pytest.mark.parametrize("name", ["output", "output_nominal", "value_added", "value_added_nominal", "jobs", "firms"])
def test_cells_are_those_of_the_yearly_tables(run, scenario, vector, name) -> None:
    layout = layout_of(scenario)
    own = layout.view(vector, name)
    assert own.shape == (1, 10, 24)
    assert np.array_equal(own, run.yearly[name].values)
    assert own.sum() > 0


def test_each_quantity_of_counties_is_made_of_its_months(run, scenario, vector) -> None:
    layout, monthly, world = layout_of(scenario), run.monthly, load_world()

    def own(name: str) -> np.ndarray:
        return layout.view(vector, name)[0]

    year, december = slice(0, 12), 11
    assert own("carbon") == pytest.approx(monthly["carbon"].values[year].sum(axis=(0, 2)))
    assert own("local_tax") == pytest.approx(monthly["revenue_local"].values[year].sum(axis=0))
    assert own("wage") == pytest.approx(monthly["wage"].values[year].mean(axis=0))
    assert np.array_equal(own("population"), monthly["population"].values[december])
    debt = monthly["public_debt"].values[december]
    assert np.array_equal([*own("public_debt"), own("public_debt_city_level")], debt)
    for county in range(world.county_count):
        parks = [park for park in range(len(world.parks)) if world.park_county[park] == county]
        occupied = monthly["land"].sel(land_state="occupied").values[december, parks].sum()
        assert own("land_occupied")[county] == pytest.approx(occupied)
        workers = monthly["commuters"].values[december]
        others = sum(workers[home, county] for home in range(world.county_count) if home != county)
        assert own("commuters_in")[county] == pytest.approx(others)
    assert own("commuters_in").sum() > 0
    assert own("projects_entered").sum() == monthly["entered"].values[year].sum() > 0
    spending = monthly["public_spending"].values[year].sum(axis=0)
    assert own("public_spending") == pytest.approx(spending)


def test_the_series_of_the_city_are_those_of_the_run(run, scenario, vector) -> None:
    layout = layout_of(scenario)
    series = layout.label("headline", layout.view(vector, "headline"))
    assert np.isnan(series.values[:11]).all()
    assert np.isfinite(series.values[11:]).all()
    city, chains = run.trailing_output(), run.trailing_output("chain")
    known = {
        "above_scale_output": city["nominal"],
        "above_scale_output_real": city["real"],
        "without_chain_double_counting": city["net"],
        **{chain: chains["nominal"].sel(chain=chain) for chain in ("BAT", "NEV", "SST", "CU")},
    }
    for name, expected in known.items():
        assert series.sel(series=name).values[11:] / BILLION == pytest.approx(expected.values), name
    four = sum(series.sel(series=chain).values for chain in ("BAT", "NEV", "SST", "CU"))
    assert series.sel(series="four_chains").values[11:] == pytest.approx(four[11:])
    real = chains["real"].sel(chain=["BAT", "NEV", "SST", "CU"]).sum("chain").values
    assert series.sel(series="four_chains_real").values[11:] / BILLION == pytest.approx(real)
    year = run.monthly["value_added_nominal"].values[:12].sum()
    assert series.sel(series="gdp", month="2014-12-01").item() == pytest.approx(year)
    assert series.sel(series="gdp_real").values[16] == pytest.approx(run.monthly["value_added"].values[5:17].sum())


def test_scalars_and_many_runs_at_once(run, scenario, vector) -> None:
    layout = layout_of(scenario)
    assert layout.view(vector, "months") == 18
    assert layout.view(vector, "largest_residual") == run.largest_residual[1]
    both = np.stack([vector, 2 * vector])
    assert layout.view(both, "months").tolist() == [18, 36]
    assert layout.view(both, "output").shape == (2, 1, 10, 24)
    assert np.shares_memory(layout.view(both, "wage"), both)


def test_labels_lie_along_the_values(scenario, vector) -> None:
    layout = layout_of(scenario)
    jobs = layout.label("jobs", layout.view(vector[None], "jobs"), {"seed": [3]})
    assert jobs.dims == ("seed", "year", "county", "product")
    assert jobs.coords["group"].sel(county="Fuding").item() == "coast"
    assert jobs.coords["group"].sel(county="Shouning").item() == "mountain"
    assert jobs.coords["cluster"].sel(product="V_OEM").item() == "NEV"
    assert jobs.coords["cluster"].sel(product="AGRI").item() == ""
    assert jobs.attrs["unit"] == "persons"


def test_every_place_has_a_name(scenario) -> None:
    layout = layout_of(scenario)
    entry = layout.entry("output")
    place = entry.offset + int(np.ravel_multi_index((0, 2, 5), entry.shape))
    found, labels = layout.where(place)
    assert found is entry
    assert labels == {"year": "2014", "county": layout.coords["county"][2], "product": layout.coords["product"][5]}
    assert layout.where(layout.size - 1) == (layout.entry("months"), {})
    month = layout.where(layout.entry("headline").offset + 12 * len(layout.coords["series"]))[1]["month"]
    assert month == "2015-01"


def test_a_year_that_is_covered_in_part_is_no_year() -> None:
    def years(start: str, end: str) -> list[int]:
        return layout_between(Month(start), Month(end)).coords["year"].tolist()

    assert years("2014-01", "2016-12") == [2014, 2015, 2016]
    assert years("2014-01", "2016-11") == [2014, 2015]
    assert years("2014-02", "2016-11") == [2015]
    assert years("2014-02", "2014-12") == []


def test_months_decide_the_layout_and_its_digest() -> None:
    base = sim.load("baseline")
    assert layout_of(base).digest == layout_of(base.replace({"promotion.budget": 300.0})).digest
    digests = {layout_of(base.replace({"run.end": end})).digest for end in ("2020-06", "2020-07", "2035-12")}
    assert len(digests) == 3
    early, late = (layout_between(Month(f"{year}-01"), Month(f"{year + 1}-12")) for year in (2014, 2015))
    assert [entry.shape for entry in early.entries] == [entry.shape for entry in late.entries]
    assert early.digest != late.digest, "the same shapes in other years"


def test_what_does_not_fit_is_refused(run, vector, scenario) -> None:
    layout = layout_of(scenario)
    with pytest.raises(LayoutError, match="2014-01 to 2015-06"):
        record(run, layout_of(scenario.replace({"run.end": "2015-07"})))
    with pytest.raises(LayoutError, match="'outputs'; choose from output, value_added"):
        layout.view(vector, "outputs")
    with pytest.raises(LayoutError, match="of 5 numbers"):
        layout.view(vector[:5], "output")
