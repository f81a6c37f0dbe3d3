"""An ensemble for other tools: tidy CSV, a workbook, netCDF, and the format of the integrated-assessment community.

Regions are the ten home counties and Ningde, which is their sum in every run; so means over runs add up, too. Quantiles
do not: those of Ningde are quantiles of its sum over the runs, not sums of quantiles. Wages are means weighted by jobs.

``csv``
    one observation a row. ``counties`` and ``headline`` by run (seed); ``products`` and ``budgets`` as statistics over
    the runs, because by run they would have millions of rows (netCDF has them).
``xlsx``
    the same tables with statistics over the runs, a sheet each, and a sheet that says what they are; products of Ningde
    alone, since a workbook with those of every county takes minutes to write and to open.
``nc``
    every number of every run with its labels; dimensions scenario and seed first.
``iamc``
    Model, Scenario, Region, Variable, Unit and a column a year, as pyam and the scenario databases of IIASA read it.
    Quantiles over runs are variables of their own, ``Gross Output|5.0th Percentile``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import sim
from sim.data import prefecture
from sim.experiment.comparison import Runs
from sim.results.storage import write_atomically
from sim.results.variables import CURRENT, MONEY, REAL

PREFECTURE = prefecture.name()
"""Name of the region that is the sum of all others."""

ADDITIVE: Mapping[str, tuple[str, str]] = {
    "output": ("Gross Output", f"{MONEY}, {REAL}"),
    "output_nominal": ("Gross Output (Current Prices)", f"{MONEY}, {CURRENT}"),
    "value_added": ("Value Added", f"{MONEY}, {REAL}"),
    "value_added_nominal": ("Value Added (Current Prices)", f"{MONEY}, {CURRENT}"),
    "jobs": ("Employment", "persons"),
    "firms": ("Firms|Above Scale", "firms"),
    "population": ("Population", "persons"),
    "income": ("Disposable Income", f"{MONEY}, {REAL}"),
    "local_tax": ("Local Tax", f"{MONEY}, {REAL}"),
    "public_debt": ("Public Debt|County Level", f"{MONEY}, {REAL}"),
    "carbon": ("Emissions|CO2|Electricity Use", "t CO2"),
}
"""Entries that add up over counties: name in the IAMC format, unit. Flows are of the year, stocks of December."""

MEANS: Mapping[str, tuple[str, str, str]] = {"wage": ("Wage", f"yuan a year, {REAL}", "jobs")}
"""Entries that are means: name, unit, weight."""

BY_PRODUCT = ("output", "output_nominal", "value_added", "value_added_nominal", "jobs", "firms")
"""Entries that have products."""

QUANTILES: Mapping[str, float] = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
"""Quantiles over runs, by name."""

FORMATS = ("csv", "xlsx", "nc", "iamc")

MOST_ROWS = 1_048_575
"""Rows of a sheet of a workbook, without its heading."""

DIGITS = "%.12g"
"""Digits of numbers in text: sums hold to a billionth, files stay small."""


class ExportError(ValueError):
    """These runs cannot be written that way; the message is one sentence for the user."""


# --- tables -----------------------------------------------------------------------------------------------------------


def counties(runs: Runs) -> pd.DataFrame:
    """Columns scenario, seed, year, region, variable, unit, value; regions and their sum Ningde."""
    parts = [_tidy(array, name, unit) for name, unit, array in _regional(runs)]
    columns = ["scenario", "seed", "year", "region", "variable", "unit", "value"]
    return pd.concat(parts, ignore_index=True)[columns]


def county_statistics(runs: Runs) -> pd.DataFrame:
    """The same as statistics over the runs: scenario, year, region, variable, unit, mean, p05 to p95."""
    return _joined(_statistics(array, name, unit) for name, unit, array in _regional(runs))


def products(runs: Runs) -> pd.DataFrame:
    """Statistics over the runs: scenario, year, region, product, variable, unit, mean, p05 to p95."""
    return _joined(_statistics(_with_sum(_stacked(runs, name)), name, ADDITIVE[name][1]) for name in BY_PRODUCT)


def products_of_prefecture(runs: Runs) -> pd.DataFrame:
    """The same of Ningde alone."""
    return _joined(
        _statistics(_stacked(runs, name).sum("county"), name, ADDITIVE[name][1]).assign(region=PREFECTURE)
        for name in BY_PRODUCT
    )


def headline(runs: Runs) -> pd.DataFrame:
    """Columns scenario, seed, year, series, unit, value: the 12 months that end in December."""
    array = _stacked(runs, "headline")
    december = array.isel(month=(array["month"].dt.month == 12).values)
    yearly = december.assign_coords(month=december["month"].dt.year.values).rename(month="year")
    return _tidy(yearly.dropna("year", how="all"), "headline", MONEY).drop(columns="variable")[
        ["scenario", "seed", "year", "series", "unit", "value"]
    ]


def headline_statistics(runs: Runs) -> pd.DataFrame:
    """Statistics over the runs: scenario, year, series, unit, mean, p05 to p95."""
    keys = ["scenario", "year", "series", "unit"]
    groups = headline(runs).groupby(keys, sort=False)["value"]
    found = {"mean": groups.mean(), **{name: groups.quantile(at) for name, at in QUANTILES.items()}}
    return pd.DataFrame(found).reset_index()


def budgets(runs: Runs) -> pd.DataFrame:
    """Statistics over the runs: scenario, year, budget, item, variable, unit, mean, p05 to p95."""
    pairs = (("public_spending", "budget_item"), ("public_revenue", "revenue_item"))
    return _joined(
        _statistics(_stacked(runs, name).rename({item: "item"}), name, f"{MONEY}, {REAL}") for name, item in pairs
    )


def iamc(runs: Runs) -> pd.DataFrame:
    """Wide table of statistics over the runs: Model, Scenario, Region, Variable, Unit, one column a year.

    The headline series are variables of Ningde below ``Headline``. A variable without a percentile is the mean.
    """
    suffixes = {"mean": "", **{name: f"|{100 * at:.1f}th Percentile" for name, at in QUANTILES.items()}}
    names = {name: text for name, (text, _) in ADDITIVE.items()} | {name: entry[0] for name, entry in MEANS.items()}
    series = headline_statistics(runs).rename(columns={"series": "variable"}).assign(region=PREFECTURE)
    names |= {name: f"Headline|{name.replace('_', ' ').title()}" for name in series["variable"].unique()}
    tidy = pd.concat([county_statistics(runs), series], ignore_index=True).melt(
        ["scenario", "year", "region", "variable", "unit"], list(suffixes), "statistic", "value"
    )
    tidy["Variable"] = tidy["variable"].map(names) + tidy["statistic"].map(suffixes)
    tidy["Region"] = np.where(tidy["region"] == PREFECTURE, PREFECTURE, f"{PREFECTURE}|" + tidy["region"])
    tidy = tidy.rename(columns={"scenario": "Scenario", "unit": "Unit"}).assign(Model=f"ningde {sim.__version__}")
    keys = ["Model", "Scenario", "Region", "Variable", "Unit"]
    wide = tidy.pivot_table(index=keys, columns="year", values="value", sort=False, dropna=False).reset_index()
    wide.columns = pd.Index([str(name) for name in wide.columns])
    return wide.dropna(how="all", subset=list(wide.columns[len(keys) :])).reset_index(drop=True)


def dataset(runs: Runs, names: Sequence[str]) -> xr.Dataset:
    """Every number: the named entries with dimensions scenario and seed first."""
    found = xr.Dataset({name: _stacked(runs, name) for name in names})
    return found.assign_attrs(
        model=f"ningde {sim.__version__}", note="A projection, not a forecast; synthetic opening."
    )


# --- files ------------------------------------------------------------------------------------------------------------


def export(runs: Runs, names: Sequence[str], form: str, folder: Path) -> list[Path]:
    """Write an ensemble into an existing folder in one of the formats.

    Args:
        runs: the ensemble.
        names: its entries, for netCDF.
        form: one of :data:`FORMATS`.
        folder: where files go; those of an earlier export are replaced.

    Returns:
        The files.

    Raises:
        ExportError: a table has more rows than a sheet can hold.
        FolderError: a file could not be written.
    """
    writers: Mapping[str, Callable[[], Mapping[str, Callable[[Path], object]]]] = {
        "csv": lambda: {f"{name}.csv": partial(_write_csv, table) for name, table in _tidy_tables(runs).items()},
        "xlsx": lambda: {"ensemble.xlsx": partial(_write_workbook, _sheets(runs))},
        "nc": lambda: {"ensemble.nc": partial(_write_netcdf, dataset(runs, names))},
        "iamc": lambda: {"iamc.csv": partial(_write_csv, iamc(runs))},
    }
    files = []
    for name, write in writers[form]().items():
        write_atomically(folder / name, write)
        files.append(folder / name)
    return files


def _tidy_tables(runs: Runs) -> dict[str, pd.DataFrame]:
    return {
        "counties": counties(runs),
        "products": products(runs),
        "headline": headline(runs),
        "budgets": budgets(runs),
    }


def _sheets(runs: Runs) -> dict[str, pd.DataFrame]:
    """Tables of the workbook, first what they are."""
    tables = {
        "counties": county_statistics(runs),
        "products": products_of_prefecture(runs),
        "headline": headline_statistics(runs),
        "budgets": budgets(runs),
    }
    for name, table in tables.items():
        if len(table) > MOST_ROWS:
            raise ExportError(
                f"the sheet {name} would have {len(table):,} rows, a workbook holds {MOST_ROWS:,}; use csv or nc, "
                "or export fewer scenarios at a time"
            )
    return {"about": _about(runs), **tables}


def _about(runs: Runs) -> pd.DataFrame:
    """What a reader of the workbook must know."""
    seeds = f"{len(runs.seeds)} ({runs.seeds[0]} to {runs.seeds[-1]})"
    told = {
        "model": f"ningde {sim.__version__}",
        "scenarios": ", ".join(runs.scenarios),
        "seeds of each scenario": seeds,
        "counties": f"by county and their sum {PREFECTURE}; flows of the year, stocks of December",
        "products": f"{PREFECTURE} by product; products of each county are in the CSV and netCDF formats",
        "headline": "series of the city, 12 months to December",
        "budgets": "public spending and revenue by budget and item; budgets also pay one another",
        "mean, p05 to p95": "over the runs; means add up over regions, quantiles do not",
        "wage": "mean weighted by jobs",
        "caution": "A projection given stated demand and policy, not a forecast; the opening position is synthetic.",
    }
    return pd.DataFrame({"what": list(told), "words": list(told.values())})


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n", float_format=DIGITS)


def _write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Sheets with a heading that stays in sight and columns as wide as their words."""
    with path.open("wb") as file, pd.ExcelWriter(file, engine="openpyxl") as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name, index=False)
            sheet: Any = writer.sheets[name]
            sheet.freeze_panes = "A2"
            for at, column in enumerate(table.columns, start=1):
                words = max([len(str(column)), *(len(str(each)) for each in table[column].head(50))])
                sheet.column_dimensions[_letter(at)].width = min(words + 2, 90)


def _letter(number: int) -> str:
    """Name of one of the first 26 columns of a sheet."""
    return chr(ord("A") + number - 1)


def _write_netcdf(data: xr.Dataset, path: Path) -> None:
    encoding = {str(name): {"zlib": True, "complevel": 4} for name in data.data_vars if data[name].ndim}
    data.to_netcdf(path, engine="netcdf4", encoding=encoding)


# --- parts ------------------------------------------------------------------------------------------------------------


def _stacked(runs: Runs, name: str) -> xr.DataArray:
    """(scenario, seed, ...) an entry of all scenarios."""
    parts = [runs.values(scenario, name) for scenario in runs.scenarios]
    return xr.concat(parts, dim=xr.Variable("scenario", list(runs.scenarios)))


def _regional(runs: Runs) -> Iterator[tuple[str, str, xr.DataArray]]:
    """Name, unit and (scenario, seed, year, region) values of everything by county."""
    for name, (_, unit) in ADDITIVE.items():
        array = _stacked(runs, name)
        yield name, unit, _with_sum(array.sum("product") if "product" in array.dims else array)
    for name, (_, unit, weight) in MEANS.items():
        array, size = _stacked(runs, name), _stacked(runs, weight)
        size = size.sum("product") if "product" in size.dims else size
        total = size.sum("county")
        whole = (array * size).sum("county") / total.where(total > 0)
        yield name, unit, _regions(array, whole)


def _with_sum(array: xr.DataArray) -> xr.DataArray:
    """Counties as regions, and their sum."""
    return _regions(array, array.sum("county"))


def _regions(array: xr.DataArray, whole: xr.DataArray) -> xr.DataArray:
    """Counties and the prefecture along one dimension, the prefecture first."""
    parts = array.rename(county="region")
    parts = parts.drop_vars([name for name in parts.coords if name not in parts.dims])
    whole = whole.drop_vars([name for name in whole.coords if name not in whole.dims]).expand_dims(region=[PREFECTURE])
    return xr.concat([whole, parts], dim="region").transpose("scenario", "seed", "year", "region", ...)


def _tidy(array: xr.DataArray, name: str, unit: str) -> pd.DataFrame:
    """One row a number."""
    bare = array.drop_vars([each for each in array.coords if each not in array.dims])
    return bare.rename("value").to_dataframe().reset_index().assign(variable=name, unit=unit)


def _statistics(array: xr.DataArray, name: str, unit: str) -> pd.DataFrame:
    """Mean and quantiles over the runs, one row a cell."""
    bare = array.drop_vars([each for each in array.coords if each not in array.dims])
    points = bare.quantile(list(QUANTILES.values()), "seed")
    parts = {"mean": bare.mean("seed")} | {
        each: points.isel(quantile=at, drop=True) for at, each in enumerate(QUANTILES)
    }
    frame = xr.Dataset(parts).to_dataframe().reset_index().assign(variable=name, unit=unit)
    keys = [str(dim) for dim in bare.dims if dim != "seed"]
    return frame[[*keys, "variable", "unit", *parts]]


def _joined(parts: Iterator[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(parts), ignore_index=True)
