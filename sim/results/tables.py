"""Yearly tables of a run as CSV text: one row an observation, the unit in the name of the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from sim.results.indicators import indicator_rows
from sim.results.variables import CELLS, MONEY, REAL, VARIABLES, Variable
from sim.statistics.bureau import View

if TYPE_CHECKING:
    from sim.results.run import Run

BILLION = 1000.0
"""M yuan in a bn yuan."""

DIGITS = "%.10g"
"""Figures in CSV; the dataset itself holds every bit."""

HEADLINE_UNITS = {
    "output_nominal": "bn_yuan_current_prices",
    "output_real": "bn_yuan_2018_prices",
    "output_net": "bn_yuan_current_prices",
    "value_added_nominal": "bn_yuan_current_prices",
    "value_added_real": "bn_yuan_2018_prices",
}
"""Units of the headline figures that are money."""


def counties(run: Run) -> str:
    """A row for each year, county and product; money in bn yuan a year.

    The column evidence says what figures by county start from: a synthetic opening position, or a table of the user.
    """
    names = [name for name, variable in VARIABLES.items() if variable.dims == CELLS]
    frame = run.yearly[names].to_dataframe(dim_order=["year", "county", "product"]).reset_index()
    for name in names:
        if VARIABLES[name].unit == MONEY:
            frame[name] /= BILLION
    return _csv(run, frame.rename(columns={name: _column(name, VARIABLES[name]) for name in names}))


def headline(run: Run) -> str:
    """A row for each year with the city's headline figures."""
    frame = run.headline.to_dataframe().reset_index()
    return _csv(run, frame.rename(columns={name: f"{name}_{unit}" for name, unit in HEADLINE_UNITS.items()}))


def published(run: Run) -> dict[str, str]:
    """Statistics as published, by name of the file; nothing for a run without a full year.

    growth: a row for each year, part of industry and deflation. counties: a row for each year, view and county; the
    two views hold the same city, so choose one before adding up. indicators: a row for each year and indicator.
    statistics: a row for each year, statistic and what it is of (a chain, a county, a cause ...), with value and unit.
    """
    statistics = run.published
    years = statistics.years
    if not years:
        return {}
    growth = [{"year": year} | row for year in years for row in statistics.growth_figures(year).rows()]
    counties = [
        {"year": year, "view": view} | row
        for year in years
        for view in VIEWS
        for row in statistics.counties_figures(year, view).rows()
    ]
    indicators = [{"year": year} | row for year in years for row in indicator_rows(statistics, year)]
    columns = ("year", "statistic", "of", "value", "unit")
    others = [dict(zip(columns, row, strict=True)) for year in years for row in statistics.others(year)]
    frames = {
        "growth": pd.DataFrame(growth),
        "counties": pd.DataFrame(counties),
        "indicators": pd.DataFrame(indicators),
        "statistics": pd.DataFrame(others),
    }
    return {name: _csv(run, frame) for name, frame in frames.items()}


VIEWS: tuple[View, ...] = ("official", "model")
"""Views of county tables."""


def _column(name: str, variable: Variable) -> str:
    """Name of a column with its unit, such as output_bn_yuan_2018_prices."""
    if variable.unit != MONEY:
        return name if variable.unit == name else f"{name}_{variable.unit}"
    return f"{name.removesuffix('_nominal')}_bn_yuan_{'2018' if variable.prices == REAL else 'current'}_prices"


def _csv(run: Run, frame: pd.DataFrame) -> str:
    """The table with scenario, seed and evidence in front, every text harmless to a spreadsheet."""
    frame.insert(0, "scenario", run.name)
    frame.insert(1, "seed", run.seed)
    frame.insert(2, "evidence", run.opening)
    texts = frame.select_dtypes(exclude="number").columns
    safe = frame.assign(**{name: frame[name].map(harmless) for name in texts})
    return str(safe.to_csv(index=False, lineterminator="\n", float_format=DIGITS))


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: a leading = + - @ or control character gets a quote before it."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n") else text
