"""One run, and what one asks of it: yearly tables, the headline series, the way to the trillion.

Definitions are those of official statistics (model description, section 3.4): industry is the products of firms plus
energy; output counts above-scale firms over the trailing 12 months, at current prices.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
import xarray as xr

from sim.results import storage, tables
from sim.results.contracts import read_contracts
from sim.results.published import Published
from sim.results.variables import CURRENT, REAL, VARIABLES
from sim.statistics.bureau import ENERGY, by_view
from sim.world import load_world

TRILLION = 1000.0
"""Goal of nominal above-scale output over 12 months, bn yuan (Mindong Daily, 26 Dec 2019: era of trillion industry)."""

OTHER = "other"
"""Industry outside the four chains, where output is given by chain."""

YEAR = 12
"""Months in a year."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

By = Literal["chain", "county"]


class Run:
    """One run as a labelled dataset.

    Args:
        monthly: dataset as made by :func:`sim.results.dataset`: money in M yuan a month.
        decisions: what city, counties and leaders decided, as CSV.
        contract_table: enclave contracts as CSV, see :mod:`sim.results.contracts`.

    Attributes:
        monthly: that dataset. Everything else is derived from it; money is then bn yuan.
    """

    def __init__(self, monthly: xr.Dataset, decisions: str = "", contract_table: str = "") -> None:
        self.monthly, self.decisions, self.contract_table = monthly, decisions, contract_table

    def __repr__(self) -> str:
        return f"Run({self.name}, seed {self.seed}, {self.start} to {self.end})"

    # --- what was run -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.monthly.attrs["scenario"])

    @property
    def title(self) -> str:
        """Title of the scenario."""
        return str(self.monthly.attrs["title"])

    @property
    def seed(self) -> int:
        """Seed of all chance."""
        return int(self.monthly.attrs["seed"])

    @property
    def known_until(self) -> str:
        """Last month whose facts the run knew, "2019-11"."""
        return str(self.monthly.attrs["known_until"])

    @property
    def opening(self) -> str:
        """What the opening rests on: "synthetic", or the digest of a table of the user."""
        return str(self.monthly.attrs["opening"])

    @property
    def start(self) -> str:
        """First month, "2014-01"."""
        return _month(self.monthly["month"].values[0])

    @property
    def end(self) -> str:
        """Last month, "2035-12"."""
        return _month(self.monthly["month"].values[-1])

    @property
    def largest_residual(self) -> tuple[str, float]:
        """The identity with the largest relative residual of the run, and that residual."""
        residual = self.monthly["residual"]
        worst = int(residual.values.argmax())
        return str(residual["identity"].values[worst]), float(residual.values[worst])

    # --- years --------------------------------------------------------------------------------------------------------

    @cached_property
    def yearly(self) -> xr.Dataset:
        """Calendar years: sums of flows, stocks of December, means of indices; dimension year instead of month.

        A year that the run covers only in part is left out, because its sums are not those of a year.
        """
        months = self.monthly["month"].dt
        first = int((months.month.values == 1).argmax()) if (months.month.values == 1).any() else months.month.size
        count = (months.month.size - first) // YEAR
        whole = self.monthly.isel(month=slice(first, first + count * YEAR))
        years = whole["month"].dt.year.values[::YEAR]
        coordinates = {name: values for name, values in whole.coords.items() if name != "month"}
        return xr.Dataset(
            {str(name): _year_by_year(array) for name, array in whole.data_vars.items()},
            coords={"year": years, **coordinates},
            attrs=self.monthly.attrs,
        )

    @property
    def output(self) -> xr.DataArray:
        """(year, county, product) gross output of all firms, bn yuan a year, 2018 prices."""
        return _billion(self.yearly["output"])

    @property
    def output_nominal(self) -> xr.DataArray:
        """(year, county, product) gross output of all firms, bn yuan a year, current prices."""
        return _billion(self.yearly["output_nominal"])

    @property
    def value_added(self) -> xr.DataArray:
        """(year, county, product) value added of all firms, bn yuan a year, 2018 prices."""
        return _billion(self.yearly["value_added"])

    @property
    def value_added_nominal(self) -> xr.DataArray:
        """(year, county, product) value added of all firms, bn yuan a year, current prices."""
        return _billion(self.yearly["value_added_nominal"])

    @property
    def jobs(self) -> xr.DataArray:
        """(year, county, product) jobs by workplace in December, persons."""
        return self.yearly["jobs"]

    @property
    def firms(self) -> xr.DataArray:
        """(year, county, product) operating above-scale firms in December."""
        return self.yearly["firms"]

    # --- official statistics ------------------------------------------------------------------------------------------

    @cached_property
    def official(self) -> Run:
        """The same run by the nine counties of official statistics: Dongqiao is counted inside Jiaocheng."""
        world = load_world()
        names, _ = by_view(np.zeros(world.county_count), world, "official")
        merged = {}
        for name, array in self.monthly.data_vars.items():
            if "county" in array.dims:
                axis = array.dims.index("county")
                values = np.moveaxis(array.values, axis, 0)
                rows = by_view(values, world, "official")[1]
                if weight := VARIABLES[str(name)].weight:
                    size = self.monthly[weight].sum("product").transpose("county", "month").values
                    rows = by_view(values * size, world, "official")[1] / by_view(size, world, "official")[1]
                labels = {dim: values for dim, values in array.coords.items() if dim != "county"} | {
                    "county": list(names)
                }
                merged[name] = xr.DataArray(np.moveaxis(rows, 0, axis), labels, array.dims, attrs=array.attrs)
        return Run(self.monthly.drop_dims("county").assign(merged)[list(VARIABLES)])

    def trailing_output(self, *by: By) -> xr.Dataset:
        """Above-scale industrial output over the trailing 12 months, bn yuan.

        Args:
            by: "chain" and "county" keep chains (and "other" industry) and counties apart; without them the city.

        Returns:
            Variables nominal (current prices) and real (2018 prices), and for the city also net: nominal output without
            chain double counting, that is less what industrial home firms sell to each other. Months from the twelfth
            on; none if the run is shorter.
        """
        parts = {
            "nominal": (industry(self.monthly["output_above_scale_nominal"], by), "at current prices", CURRENT),
            "real": (industry(self.monthly["output_above_scale"], by), "at 2018 prices", REAL),
        }
        if not by:
            without = parts["nominal"][0] - self.monthly["intermediate_industry_nominal"]
            parts["net"] = (without, "without chain double counting", CURRENT)
        return xr.Dataset({name: _trailing(*part) for name, part in parts.items()}, attrs=self.monthly.attrs)

    def yearly_output(self, *by: By) -> xr.Dataset:
        """Above-scale industrial output of full calendar years, bn yuan: :meth:`trailing_output` of December.

        Args:
            by: "chain" and "county" keep chains and counties apart.
        """
        return _by_year(self.trailing_output(*by))

    @cached_property
    def headline(self) -> xr.Dataset:
        """City figures of each full calendar year; money is bn yuan a year.

        Variables: output_nominal, output_real and output_net as in :meth:`trailing_output`;
        value_added_nominal and value_added_real of above-scale industry; four_chain_share, share of the four chains in
        that value added at current prices; firms, above-scale firms in December; introduced, projects introduced in the
        four chains so far; local_share_potential and local_share_realised, means of the year; price_level, 2018 = 1.
        """
        yearly = self.yearly
        chains = _billion(industry(yearly["value_added_above_scale_nominal"], ("chain",)))
        total = chains.sum("chain", keep_attrs=True)
        figures = {
            **{f"output_{name}": array for name, array in self.yearly_output().items()},
            "value_added_nominal": total,
            "value_added_real": _billion(industry(yearly["value_added_above_scale"])),
            "four_chain_share": (total - chains.sel(chain=OTHER)) / total.where(total > 0),
            "firms": yearly["firms"].sum(("county", "product")),
            "introduced": yearly["introduced"].sum("chain"),
            "local_share_potential": yearly["local_share_potential"],
            "local_share_realised": yearly["local_share_realised"],
            "price_level": yearly["price_level"],
        }
        return xr.Dataset(
            {str(name): array.reset_coords(drop=True) for name, array in figures.items()}, attrs=self.monthly.attrs
        )

    @cached_property
    def contracts(self) -> pd.DataFrame:
        """Enclave contracts, a row each in the order of signing; columns: :data:`sim.results.contracts.COLUMNS`."""
        return read_contracts(self.contract_table)

    @cached_property
    def published(self) -> Published:
        """What the statistics bureau would publish: growth, pull and contribution, counties, indicators, projects."""
        return Published(self.monthly)

    # --- files --------------------------------------------------------------------------------------------------------

    def save(self, folder: Path | str | None = None) -> list[Path]:
        """Write dataset, yearly tables and manifest into a folder, each file whole or not at all.

        Args:
            folder: made if it does not exist; ``results/<scenario>`` if not given.

        Returns:
            ``run-seed0001.nc``, ``yearly-seed0001.csv``, ``headline-seed0001.csv``, the statistics as published
            (``growth-``, ``counties-``, ``indicators-`` and ``statistics-seed0001.csv``; by year, none where no year is
            covered) and ``manifest-seed0001.json``. The manifest comes last; a file that does not agree with it is not
            loaded.

        Raises:
            FolderError: the folder cannot take results, or writing failed.
        """
        target = storage.prepare_folder(storage.default_folder(self.name) if folder is None else Path(folder))
        texts = {"yearly": tables.counties(self), "headline": tables.headline(self), **tables.published(self)}
        if self.decisions:
            texts["decisions"] = self.decisions
        if self.contract_table:
            texts["contracts"] = self.contract_table
        return storage.save(self.monthly, texts, target)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """A saved run, from its ``run-seed0001.nc``; the manifest must lie beside it.

        Raises:
            FileNotFoundError: there is no such file.
            DamagedError: the file is not what was saved.
        """
        return cls(storage.load(Path(path)), contract_table=storage.load_table(Path(path), "contracts"))

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python, libraries and this package that made the run, by name."""
        return dict(json.loads(self.monthly.attrs["versions"]))


def industry(array: xr.DataArray, by: Iterable[By] = ()) -> xr.DataArray:
    """Sum of a variable over industry.

    Args:
        array: a flow or stock by county and product, with any dimension of time first.
        by: what to keep apart: "county", "chain" (the four and "other"), both or nothing.

    Returns:
        Dimensions of time, then county and chain if asked for; unit of the variable.
    """
    world = load_world()
    belongs = world.agent | (np.array(world.products) == ENERGY)
    if "county" not in by:
        array = array.sum("county", keep_attrs=True)
    if "chain" not in by:
        return array.isel(product=belongs).sum("product", keep_attrs=True)
    groups = {chain: belongs & (world.chain == index) for index, chain in enumerate(world.chains)}
    groups[OTHER] = belongs & ~world.chain_product
    parts = [array.isel(product=group).sum("product", keep_attrs=True) for group in groups.values()]
    return xr.concat(parts, dim=xr.Variable("chain", list(groups))).transpose(..., "chain")


def first_month_above(series: xr.DataArray, target: float = TRILLION) -> str | None:
    """First month in which a monthly series is at or above a target, "2031-05"; None if it never is."""
    above = np.flatnonzero(series.values >= target)
    return _month(series["month"].values[above[0]]) if above.size else None


def _month(value: np.datetime64) -> str:
    """A month as "2019-11"."""
    return str(value.astype("datetime64[M]"))


def _billion(array: xr.DataArray) -> xr.DataArray:
    """Money in bn instead of M yuan."""
    return (array / BILLION).assign_attrs({**array.attrs, "unit": array.attrs["unit"].replace("M yuan", "bn yuan")})


def _trailing(array: xr.DataArray, text: str, prices: str) -> xr.DataArray:
    """Sums over the trailing 12 months, from the twelfth month on, in bn yuan."""
    last = np.arange(YEAR - 1, array.sizes["month"])
    windows = last[:, None] + np.arange(1 - YEAR, 1)
    sums = array.values[windows].sum(axis=1) / BILLION
    coordinates = {name: values for name, values in array.coords.items() if name != "month"}
    return xr.DataArray(
        sums,
        dims=array.dims,
        coords={"month": array["month"].values[last], **coordinates},
        attrs={"long_name": f"above-scale industry, trailing 12 months, {text}", "unit": f"bn yuan, {prices}"},
    )


def _by_year(trailing: xr.Dataset) -> xr.Dataset:
    """Trailing sums of December, which are those of the calendar year."""
    december = trailing.isel(month=trailing["month"].dt.month.values == YEAR)
    return december.assign_coords(month=december["month"].dt.year).rename(month="year")


def _year_by_year(array: xr.DataArray) -> tuple[tuple[str, ...], np.ndarray, dict[str, str]]:
    """Dimensions, values and attributes of a variable by year; the months given are whole years."""
    variable = VARIABLES[str(array.name)]
    if "month" not in variable.dims:
        return variable.dims, array.values, variable.attributes("year")
    months = array.values.reshape(-1, YEAR, *array.shape[1:])
    if variable.kind == "flow":
        values = months.sum(axis=1)
    else:
        values = months[:, -1] if variable.kind == "stock" else months.mean(axis=1)
    return ("year", *variable.dims[1:]), values, variable.attributes("year")
