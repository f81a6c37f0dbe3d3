"""Exports: regions add up to the prefecture in every format, and each file reads back as what was written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.experiment.ensemble import Ensemble
from sim.report import export
from sim.world import load_world
from tests.report.fake_ensemble import ensemble

SCENARIOS: dict[str, dict[str, float]] = {"baseline": {}, "more": {"output": 1.2, "jobs": 1.1, "headline": 1.05}}


@pytest.fixture(scope="module")
def runs() -> Ensemble:
    return ensemble(SCENARIOS, seeds=(1, 2), end="2015-12")


@pytest.fixture(scope="module")
def folder(runs: Ensemble, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    for form in export.FORMATS:
        export.export(runs, list(runs.layout.names), form, place)
    return place


def sums_hold(table: pd.DataFrame, keys: list[str], value: str, region: str = "region") -> None:
    """The rows of the counties add up to those of Ningde, of everything but means."""
    assert set(table[region]) == {"Ningde", *load_world().county_names}
    whole = table[table[region] == "Ningde"].set_index(keys)[value].sort_index()
    parts = table[table[region] != "Ningde"].groupby(keys)[value].sum().sort_index()
    assert len(whole) == len(parts) > 0
    np.testing.assert_allclose(parts.to_numpy(), whole.to_numpy(), rtol=1e-9)


def test_counties_of_each_run_add_up_in_csv(folder: Path, runs: Ensemble) -> None:
    table = pd.read_csv(folder / "counties.csv")
    sums_hold(table[table["variable"] != "wage"], ["scenario", "seed", "year", "variable"], "value")
    row = table.query("scenario == 'more' and seed == 2 and year == 2015 and region == 'Fuding' and variable == 'jobs'")
    jobs = runs.values("more", "jobs").sel(seed=2, year=2015, county="Fuding").sum()
    assert row["value"].item() == pytest.approx(float(jobs), rel=1e-9)
    assert row["unit"].item() == "persons"
    assert set(table["variable"]) == {*export.ADDITIVE, "wage"}


def test_means_of_products_add_up_in_csv(folder: Path) -> None:
    table = pd.read_csv(folder / "products.csv")
    sums_hold(table, ["scenario", "year", "product", "variable"], "mean")


def test_products_add_up_to_the_county(folder: Path) -> None:
    products = pd.read_csv(folder / "products.csv").groupby(["scenario", "year", "region", "variable"])["mean"].sum()
    rows = pd.read_csv(folder / "counties.csv").groupby(["scenario", "year", "region", "variable"])["value"].mean()
    np.testing.assert_allclose(products.to_numpy(), rows[products.index].to_numpy(), rtol=1e-9)


def test_the_wage_of_ningde_is_the_mean_of_jobs(folder: Path) -> None:
    table = pd.read_csv(folder / "counties.csv").query("scenario == 'baseline' and seed == 1 and year == 2014")
    wide = table.pivot(index="region", columns="variable", values="value")
    counties = wide.drop("Ningde")
    mean = (counties["wage"] * counties["jobs"]).sum() / counties["jobs"].sum()
    assert wide.loc["Ningde", "wage"] == pytest.approx(mean, rel=1e-9)


def test_quantiles_are_those_of_the_runs_and_not_sums_of_quantiles(folder: Path, runs: Ensemble) -> None:
    table = pd.read_excel(folder / "ensemble.xlsx", sheet_name="counties")
    output = runs.values("baseline", "output").sel(year=2014).sum(("county", "product")).values
    row = table.query("scenario == 'baseline' and year == 2014 and region == 'Ningde' and variable == 'output'")
    for name, at in export.QUANTILES.items():
        assert row[name].item() == pytest.approx(np.quantile(output, at), rel=1e-12)


def test_the_workbook_holds_means_that_add_up_and_says_what_it_is(folder: Path) -> None:
    sheets = pd.read_excel(folder / "ensemble.xlsx", sheet_name=None)
    assert list(sheets) == ["about", "counties", "products", "headline", "budgets"]
    table = sheets["counties"]
    sums_hold(table[table["variable"] != "wage"], ["scenario", "year", "variable"], "mean")
    assert "projection" in " ".join(sheets["about"]["words"].astype(str))
    assert set(sheets["products"]["region"]) == {"Ningde"}


def test_netcdf_holds_every_number(folder: Path, runs: Ensemble) -> None:
    with xr.open_dataset(folder / "ensemble.nc") as read:
        for name in runs.layout.names:
            for scenario in SCENARIOS:
                expected = runs.values(scenario, name)
                found = read[name].sel(scenario=scenario)
                np.testing.assert_array_equal(found.values, expected.transpose(*found.dims).values)
        assert read["output"].dims[:2] == ("scenario", "seed")


def test_the_iamc_table_has_its_columns_and_regions_that_add_up(folder: Path) -> None:
    table = pd.read_csv(folder / "iamc.csv")
    assert list(table.columns) == ["Model", "Scenario", "Region", "Variable", "Unit", "2014", "2015"]
    assert not table.duplicated(["Model", "Scenario", "Region", "Variable", "Unit"]).any()
    assert table.notna().all().all()
    means = table[~table["Variable"].str.contains("Percentile|Headline") & (table["Variable"] != "Wage")].copy()
    means["region"] = means["Region"].str.removeprefix("Ningde|")
    for year in ("2014", "2015"):
        sums_hold(means, ["Scenario", "Variable"], year)


def test_the_iamc_table_has_a_variable_for_each_quantile(folder: Path, runs: Ensemble) -> None:
    table = pd.read_csv(folder / "iamc.csv").set_index(["Scenario", "Region", "Variable"])
    jobs = runs.values("more", "jobs").sel(year=2015, county="Xiapu").sum("product").values
    for at in export.QUANTILES.values():
        name = f"Employment|{100 * at:.1f}th Percentile"
        assert table.loc[("more", "Ningde|Xiapu", name), "2015"] == pytest.approx(np.quantile(jobs, at), rel=1e-9)
    assert all(re.fullmatch(r"[A-Z][\w ()|.,]*", name) for name in table.index.get_level_values("Variable"))


def test_headline_years_are_those_of_december(folder: Path, runs: Ensemble) -> None:
    table = pd.read_csv(folder / "headline.csv").query("scenario == 'baseline' and seed == 2 and series == 'gdp'")
    series = runs.values("baseline", "headline").sel(seed=2, series="gdp")
    december = series[series["month"].dt.month.values == 12]
    assert table["year"].tolist() == [2014, 2015]
    np.testing.assert_allclose(table["value"], december, rtol=1e-9)


def test_budgets_hold_every_item(folder: Path, runs: Ensemble) -> None:
    table = pd.read_csv(folder / "budgets.csv")
    assert set(table["variable"]) == {"public_spending", "public_revenue"}
    spending = runs.values("baseline", "public_spending").sel(year=2015).mean("seed").sum()
    rows = table.query("scenario == 'baseline' and year == 2015 and variable == 'public_spending'")
    assert rows["mean"].sum() == pytest.approx(float(spending), rel=1e-9)


def test_a_sheet_with_too_many_rows_is_refused(runs: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 100)
    with pytest.raises(export.ExportError, match=r"the sheet counties would have .* rows, a workbook holds 100"):
        export.export(runs, [], "xlsx", tmp_path)
    assert list(tmp_path.iterdir()) == []
