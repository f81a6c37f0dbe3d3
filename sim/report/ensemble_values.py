"""What figures, tables and the brief read out of an ensemble: measures by county, groups, words for readers.

An ensemble keeps the ten home counties and no row for the city; the city is always their sum here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.experiment.comparison import CITY_LEVEL, Runs
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

YEAR = 12
"""Months in a year."""


@dataclass(frozen=True)
class Measure:
    """Something that counties gain or lose.

    Attributes:
        label: what it is, for readers.
        unit: unit for readers.
        factor: from the unit of the ensemble to that unit.
        better: 1 if more is better, -1 if worse, 0 if that cannot be said.
        digits: decimals in tables.
    """

    label: str
    unit: str
    factor: float = 1.0
    better: int = 1
    digits: int = 1


MEASURES: Mapping[str, Measure] = {
    "output": Measure("Gross output", "bn yuan a year, 2018 prices", 1e-3),
    "value_added": Measure("Value added", "bn yuan a year, 2018 prices", 1e-3),
    "jobs": Measure("Jobs", "thousand, December", 1e-3),
    "income": Measure("Income of residents", "bn yuan a year, 2018 prices", 1e-3),
    "local_tax": Measure("Local tax", "bn yuan a year, 2018 prices", 1e-3, digits=2),
    "public_debt": Measure("Public debt", "bn yuan, December, 2018 prices", 1e-3, better=-1, digits=2),
    "carbon": Measure("Carbon of electricity", "M t CO2 a year", 1e-6, better=-1, digits=2),
}
"""Measures that add up over counties, in the order in which readers meet them."""

DEFINITIONS: Mapping[str, str] = {
    "above_scale_output": "Output of above-scale industry, current prices",
    "above_scale_output_real": "Output of above-scale industry, 2018 prices",
    "without_chain_double_counting": "The same without chain double counting, current prices",
    "four_chains": "Output of the four chains, current prices",
    "four_chains_real": "Output of the four chains, 2018 prices",
    "gdp": "GDP, current prices",
    "gdp_real": "GDP, 2018 prices",
}
"""Definitions of the headline, the announced one first."""


class NoYearError(ValueError):
    """The runs have no such full year; the message is one sentence for the user."""


def years_of(runs: Runs) -> list[int]:
    """Full calendar years of the runs."""
    return [int(year) for year in runs.values(runs.scenarios[0], "output")["year"].values]


def chosen_year(runs: Runs, year: int | None) -> int:
    """A year of the runs, the last one if none is named.

    Raises:
        NoYearError: the runs have no full year, or not that one.
    """
    years = years_of(runs)
    if not years:
        raise NoYearError("the runs cover no full calendar year, so there is nothing to compare by year")
    if year is not None and year not in years:
        raise NoYearError(f"{year} is not a full year of the runs, which have {years[0]} to {years[-1]}")
    return years[-1] if year is None else year


def by_county(runs: Runs, scenario: str, measure: str) -> xr.DataArray:
    """(seed, year, county) a measure in the unit of readers; debt without that of the city level."""
    found = runs.values(scenario, measure)
    if "product" in found.dims:
        found = found.sum("product")
    return (found * MEASURES[measure].factor).transpose("seed", "year", "county")


def by_area(runs: Runs, scenario: str, measure: str) -> xr.DataArray:
    """(seed, year, area) the city and its groups core, coast and mountain; debt of the city with the city level."""
    counties = by_county(runs, scenario, measure)
    group = load_world().group
    parts = [counties.isel(county=np.flatnonzero(group == at)).sum("county") for at in range(len(GROUPS))]
    whole = counties.sum("county")
    if measure in CITY_LEVEL:
        whole = whole + runs.values(scenario, CITY_LEVEL[measure]) * MEASURES[measure].factor
    return xr.concat([whole, *parts], dim=xr.Variable("area", ["city", *GROUPS])).transpose("seed", "year", "area")


def headline(runs: Runs, scenario: str, series: str) -> xr.DataArray:
    """(seed, month) a headline series in bn yuan over 12 months, from the twelfth month on."""
    found = runs.values(scenario, "headline").sel(series=series, drop=True) / 1e3
    return found.isel(month=slice(YEAR - 1, None)).transpose("seed", "month")


def words(name: str) -> str:
    """The name of a scenario for readers: "forward_enclaves" is "forward enclaves"."""
    return name.replace("_", " ")
