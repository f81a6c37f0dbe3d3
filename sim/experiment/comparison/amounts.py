"""Amounts of every run by region, product and year: what all questions of a comparison start from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.experiment.comparison.runs import ComparisonError, Runs, known
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

CITY = "city"
"""All ten counties together."""

ALL = "all"
"""All products together."""

WEIGHTS: Mapping[str, str] = {"wage": "jobs"}
"""Variables that are averaged over counties, and by what; all others add up."""

CITY_LEVEL: Mapping[str, str] = {"public_debt": "public_debt_city_level"}
"""Variables of which the prefecture itself has a part, beside its counties: in the city's total, in no group's."""

STOCKS = ("jobs", "firms", "population", "public_debt", "land_occupied", "commuters_in")
"""Variables that stand at a moment; over the years they do not add up."""


class Amounts:
    """What the scenarios of an ensemble hold, and which of them the others are compared with.

    Args:
        runs: ensemble with at least two scenarios, run on the same seeds.
        against: name of the scenario the others are compared with.

    Raises:
        ComparisonError: there is nothing to pair, or no common luck.
    """

    def __init__(self, runs: Runs, against: str = "baseline") -> None:
        self.runs, self.against = runs, against
        known(f"--against {against}: no scenario of the ensemble", against, runs.scenarios)
        self.policies = tuple(name for name in runs.scenarios if name != against)
        if not self.policies:
            raise ComparisonError(f"there is nothing to compare with {against}: the ensemble holds no other scenario")
        if not len(runs.seeds):
            raise ComparisonError(
                "the scenarios have no seed in common, so there are no pairs: run them on equal seeds"
            )
        self._cells: dict[tuple[str, str], xr.DataArray] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.policies)} against {self.against}, {len(self.runs.seeds)} seeds)"

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Full calendar years of the runs."""
        return tuple(int(year) for year in self.values(self.against, "output")["year"].values)

    def values(self, scenario: str, name: str) -> xr.DataArray:
        """(seed, ...) a variable of a scenario as it was recorded.

        Raises:
            ComparisonError: no such scenario or variable.
        """
        known("no scenario of the ensemble", scenario, self.runs.scenarios)
        known("no variable of an ensemble", name, self.runs.layout.names)
        if (scenario, name) not in self._cells:
            self._cells[scenario, name] = self.runs.values(scenario, name)
        return self._cells[scenario, name]

    def amounts(
        self,
        scenario: str,
        name: str,
        *,
        region: str | None = None,
        product: str | None = None,
        year: int | None = None,
    ) -> xr.DataArray:
        """(seed, ...) a variable by the regions, products and years asked for.

        Args:
            scenario: name.
            name: a variable of the ensemble by year and county, and maybe by product.
            region: a county, a group of counties, or "city", which has the part of the prefecture's own budget too;
                all counties apart if not given.
            product: a product, a chain, or "all"; all products apart if not given.
            year: a year of the runs; all apart if not given.

        Raises:
            ComparisonError: an unknown name, or a dimension that the variable does not have.
        """
        array = self.values(scenario, name)
        weight = WEIGHTS.get(name)
        if region is not None and weight is not None:
            size = self.values(scenario, weight)
            size = size.sum("product") if "product" in size.dims else size
            total = _of_region(size, region)
            array = _of_region(array * size, region) / total.where(total > 0)
        elif region is not None:
            array = _of_region(_has(array, "county", name), region)
            if region == CITY and name in CITY_LEVEL:
                array = (array + self.values(scenario, CITY_LEVEL[name])).assign_attrs(array.attrs)
        if product is not None:
            array = _of_product(_has(array, "product", name), product)
        if year is not None:
            known(
                "no full year of the runs", str(year), [str(each) for each in _has(array, "year", name)["year"].values]
            )
            array = array.sel(year=year)
        return array

    def policy(self, name: str | None) -> str:
        """The policy of a name, or the only one."""
        if name is None:
            if len(self.policies) > 1:
                raise ComparisonError(f"name one of the policies: {', '.join(self.policies)}")
            return self.policies[0]
        return known("no policy of the comparison", name, self.policies)

    def _by_county(self, scenario: str, name: str, year: int | None) -> Floats:
        """(seeds, C) amounts of a year, or of all years together; of stocks those of the last year."""
        array = self.amounts(scenario, name, year=year)
        array = array.sum("product") if "product" in array.dims else array
        if "year" in array.dims:
            array = array.isel(year=-1) if name in STOCKS else array.sum("year")
        return np.asarray(_has(array, "county", name).transpose("seed", "county").values)


def _has(array: xr.DataArray, dim: str, name: str) -> xr.DataArray:
    """The array, if it has a dimension."""
    if dim not in array.dims:
        raise ComparisonError(f"{name} is not recorded by {dim}: leave {dim.replace('county', 'region')} out")
    return array


def _of_region(array: xr.DataArray, region: str) -> xr.DataArray:
    """Sum over the counties of a region; a county as it is."""
    world = load_world()
    known("no region", region, (CITY, *GROUPS, *world.county_names))
    if region == CITY:
        return array.sum("county", keep_attrs=True)
    if region in GROUPS:
        inside = np.flatnonzero(world.group == GROUPS.index(region))
        return array.isel(county=inside).sum("county", keep_attrs=True)
    return array.sel(county=region)


def _of_product(array: xr.DataArray, product: str) -> xr.DataArray:
    """Sum over the products of a chain, or all; a product as it is."""
    world = load_world()
    known("no product", product, (ALL, *world.chains, *world.products))
    if product == ALL:
        return array.sum("product", keep_attrs=True)
    if product in world.chains:
        inside = np.flatnonzero(world.chain == world.chains.index(product))
        return array.isel(product=inside).sum("product", keep_attrs=True)
    return array.sel(product=product)
