"""What a run leaves in an ensemble: one flat vector of float64 whose layout depends on the months of the run alone.

A thousand runs are then one matrix, and reading a quantity of all of them is a slice. Rows of regions are the ten home
counties, which add up to the prefecture; the prefecture is never a row of its own, only its budget ("city level") is.
Amounts of years are those of whole calendar years, as in :attr:`sim.results.Run.yearly`: sums of flows, stocks of
December, means of indices.

The monthly series of the city (entry ``headline``, M yuan) are sums of the trailing 12 months, NaN before there are 12:

``above_scale_output``, ``above_scale_output_real``
    gross output of above-scale industry (energy included), at current and at 2018 prices;
``four_chains``, ``four_chains_real``
    the same of the products of the four chains, plants of the leaders included;
``gdp``, ``gdp_real``
    value added of all firms, services and farms included; real is at 2018 prices (double deflation);
``without_chain_double_counting``
    value-added content of the first: above-scale output at current prices less what above-scale industrial home firms
    sold to one another (``intermediate_industry_nominal``, which holds the chain products that home chain producers buy
    from each other), so that a cathode is not counted once more inside the cell. What is bought outside stays in;
``BAT``, ``NEV``, ``SST``, ``CU``
    each chain's part of ``four_chains``, at current prices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.parameters import Month
from sim.results import Run
from sim.results.run import OTHER, YEAR, industry
from sim.results.variables import MONEY, REAL, VARIABLES, coordinates
from sim.scenario import Scenario
from sim.statistics.bureau import cluster_names, cluster_of
from sim.world import GROUPS, load_world

Floats = NDArray[np.float64]

CELLS: tuple[str, ...] = ("year", "county", "product")
COUNTIES: tuple[str, ...] = ("year", "county")

TOTALS: tuple[str, ...] = (
    "above_scale_output",
    "above_scale_output_real",
    "four_chains",
    "four_chains_real",
    "gdp",
    "gdp_real",
    "without_chain_double_counting",
)
"""Series of the city in the entry ``headline``, before those of each chain."""

KEPT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "output": ("output", CELLS),
    "value_added": ("value_added", CELLS),
    "output_nominal": ("output_nominal", CELLS),
    "value_added_nominal": ("value_added_nominal", CELLS),
    "jobs": ("jobs", CELLS),
    "firms": ("firms", CELLS),
    "population": ("population", COUNTIES),
    "income": ("income", COUNTIES),
    "wage": ("wage", COUNTIES),
    "local_tax": ("revenue_local", COUNTIES),
    "public_spending": ("public_spending", ("year", "budget", "budget_item")),
    "public_revenue": ("public_revenue", ("year", "budget", "revenue_item")),
    "projects_entered": ("entered", ("year", "stage", "channel")),
    "herfindahl": ("herfindahl", ("year", "product")),
    "world_volume": ("world_volume", ("year", "market")),
    "commodity_price": ("commodity_price", ("year", "commodity")),
}
"""Entries that are a variable of the run by year: its name there and the dimensions."""

MADE: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "public_debt": (COUNTIES, f"{MONEY}, {REAL}", "debt of the budgets of counties"),
    "public_debt_city_level": (("year",), f"{MONEY}, {REAL}", "debt of the budget of the prefecture itself"),
    "carbon": (COUNTIES, "t CO2 a year", "carbon of the electricity used"),
    "land_occupied": (COUNTIES, "mu", "land of parks that plants occupy"),
    "commuters_in": (COUNTIES, "persons", "workers of the county who live in another one"),
    "headline": (("month", "series"), f"{MONEY}, trailing 12 months", "series of the city"),
    "largest_residual": ((), "1", "largest relative residual of any identity"),
    "months": ((), "months", "months of the run"),
}
"""Entries that are made of variables of the run: dimensions, unit, label."""

SOURCES: tuple[str, ...] = (
    *(name for name, _ in KEPT.values()),
    *("public_debt", "carbon", "land", "commuters"),
)
"""Variables of the run whose calendar years are needed."""


class LayoutError(ValueError):
    """A run does not fit the layout, or the layout has no such entry; the message is one sentence."""


@dataclass(frozen=True)
class Entry:
    """One quantity in the vector.

    Attributes:
        name: its name.
        dims: its dimensions, in order; none for a scalar.
        shape: their lengths.
        offset: index of its first number.
        unit, label: for axes and headings.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    offset: int
    unit: str
    label: str

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    @property
    def place(self) -> slice:
        """Where it stands in the vector."""
        return slice(self.offset, self.offset + self.size)


@dataclass(frozen=True)
class Layout:
    """The order of a run's numbers.

    Attributes:
        entries: the quantities, one after the other without a gap.
        labels: labels along every dimension; of "series" those of the module, of "month" the first days of months.
    """

    entries: tuple[Entry, ...]
    labels: Mapping[str, NDArray[Any]] = field(compare=False)

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(entry.size for entry in self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries."""
        return tuple(entry.name for entry in self.entries)

    def entry(self, name: str) -> Entry:
        """An entry by name.

        Raises:
            LayoutError: there is none.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise LayoutError(f"an ensemble does not keep '{name}'; choose from {', '.join(self.names)}")

    def view(self, values: Floats, name: str) -> Floats:
        """An entry of one vector or of many.

        Args:
            values: (..., size).
            name: of the entry.

        Returns:
            (..., *shape): a view where numpy can make one.
        """
        if values.shape[-1] != self.size:
            raise LayoutError(f"a vector of {values.shape[-1]} numbers; this layout has {self.size}")
        entry = self.entry(name)
        return values[..., entry.place].reshape((*values.shape[:-1], *entry.shape))

    @cached_property
    def coords(self) -> dict[str, NDArray[Any]]:
        """Labels by dimension, and two that lie along another one.

        ``group`` is the group of each county (core, coast, mountain), in the order of ``county``; ``cluster`` that of
        each product (the chains, legacy, energy; empty outside industry), in the order of ``product``.
        """
        world = load_world()
        names = np.array([*cluster_names(world), ""])
        return {
            **self.labels,
            "group": np.array(GROUPS)[world.group],
            "cluster": names[cluster_of(world)],  # -1, outside industry, is the empty one
        }

    def label(self, name: str, values: Floats, leading: Mapping[str, Any] | None = None) -> xr.DataArray:
        """The values of an entry with their labels.

        Args:
            name: of the entry.
            values: (*leading, *shape) as :meth:`view` gives them.
            leading: labels of dimensions before those of the entry, such as ``{"seed": [1, 2]}``.
        """
        entry, before = self.entry(name), dict(leading or {})
        coords: dict[str, Any] = {**before, **{dim: self.coords[dim] for dim in entry.dims}}
        if "county" in entry.dims:
            coords["group"] = ("county", self.coords["group"])
        if "product" in entry.dims:
            coords["cluster"] = ("product", self.coords["cluster"])
        attributes = {"unit": entry.unit, "long_name": entry.label}
        return xr.DataArray(values, coords=coords, dims=(*before, *entry.dims), name=name, attrs=attributes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of names, order, shapes, units and labels; equal digests are vectors of one meaning."""
        told = {
            "entries": [[each.name, each.dims, each.shape, each.offset, each.unit] for each in self.entries],
            "labels": {name: labels.astype(str).tolist() for name, labels in self.labels.items()},
        }
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def where(self, position: int) -> tuple[Entry, dict[str, str]]:
        """The entry and the labels of one number of the vector."""
        entry = next(each for each in self.entries if position < each.offset + each.size)
        indices = np.unravel_index(position - entry.offset, entry.shape) if entry.shape else ()
        return entry, {dim: _word(dim, self.labels[dim][at]) for dim, at in zip(entry.dims, indices, strict=True)}


def _word(dim: str, label: Any) -> str:
    """A label as a reader writes it: months as "2019-11"."""
    return str(label.astype("datetime64[M]")) if dim == "month" else str(label)


def layout_of(scenario: Scenario) -> Layout:
    """The layout of the runs of a scenario; only its first and last month matter."""
    return layout_between(scenario.start, scenario.end)


def layout_between(start: Month, end: Month) -> Layout:
    """The layout of runs from one month to another, both included."""
    labels = _labels(start, end)
    entries: list[Entry] = []
    offset = 0
    for name, (dims, unit, label) in _declared().items():
        shape = tuple(len(labels[dim]) for dim in dims)
        entries.append(Entry(name, dims, shape, offset, unit, label))
        offset += prod(shape)
    return Layout(tuple(entries), labels)


def _declared() -> dict[str, tuple[tuple[str, ...], str, str]]:
    """Dimensions, unit and label of every entry, in order."""
    kept = {}
    for name, (source, dims) in KEPT.items():
        attributes = VARIABLES[source].attributes("year")
        kept[name] = (dims, attributes["unit"], attributes["long_name"])
    return {**kept, **MADE}


def _labels(start: Month, end: Month) -> dict[str, NDArray[Any]]:
    """Labels of the dimensions; years are those that the months cover whole."""
    first, last = start.year + (start.month > 1), end.year - (end.month < YEAR)
    known = coordinates(start, end - start + 1, ())
    dims = {dim for dims, _, _ in _declared().values() for dim in dims} - {"year", "series"}
    series = (*TOTALS, *load_world().chains)
    return {
        "year": np.arange(first, max(last + 1, first)),
        "series": np.array(series),
        **{dim: np.asarray(labels) for dim, labels in known.items() if dim in dims},
    }


# --- a run as a vector ------------------------------------------------------------------------------------------------


def record(run: Run, layout: Layout) -> Floats:
    """The vector of a run.

    Args:
        run: as it ended.
        layout: that of its months, see :func:`layout_of`.

    Returns:
        (size,) contiguous.

    Raises:
        LayoutError: the run has other months, or a quantity has another shape than the layout says.
    """
    if not np.array_equal(run.monthly["month"].values, layout.labels["month"]):
        raise LayoutError(f"the run goes from {run.start} to {run.end}; these are not the months of the layout")
    vector = np.empty(layout.size)
    for name, values in _quantities(run).items():
        entry = layout.entry(name)
        if values.shape != entry.shape:
            raise LayoutError(f"{name}: shape {values.shape}, the layout has {entry.shape}")
        vector[entry.place] = values.ravel()
    return vector


def _quantities(run: Run) -> dict[str, Floats]:
    """Every entry of a run, by name."""
    years = Run(run.monthly[list(SOURCES)]).yearly
    commuters, debt = years["commuters"], years["public_debt"].values
    away = commuters.values * (1.0 - np.eye(commuters.sizes["county"]))
    return {
        **{name: years[source].transpose(*dims).values for name, (source, dims) in KEPT.items()},
        "public_debt": debt[:, :-1],
        "public_debt_city_level": debt[:, -1],
        "carbon": years["carbon"].values.sum(axis=-1),
        "land_occupied": _by_county(years["land"].sel(land_state="occupied").values),
        "commuters_in": away.sum(axis=commuters.dims.index("county")),
        "headline": _headline(run.monthly),
        "largest_residual": np.array(run.largest_residual[1]),
        "months": np.array(float(run.monthly.sizes["month"])),
    }


def _by_county(parks: Floats) -> Floats:
    """(years, parks) summed to (years, counties)."""
    world = load_world()
    belongs = world.park_county[:, None] == np.arange(world.county_count)
    return np.asarray(parks @ belongs.astype(float))


def _headline(monthly: xr.Dataset) -> Floats:
    """(months, series) sums of the trailing 12 months, M yuan, NaN before there are 12."""
    nominal, real = (industry(monthly[f"output_above_scale{suffix}"], ("chain",)).values for suffix in ("_nominal", ""))
    other = [*load_world().chains, OTHER].index(OTHER)
    chains = np.delete(nominal, other, axis=1)
    columns = (
        nominal.sum(axis=1),
        real.sum(axis=1),
        chains.sum(axis=1),
        np.delete(real, other, axis=1).sum(axis=1),
        monthly["value_added_nominal"].values.sum(axis=(1, 2)),
        monthly["value_added"].values.sum(axis=(1, 2)),
        nominal.sum(axis=1) - monthly["intermediate_industry_nominal"].values,
        *chains.T,
    )
    amounts = np.column_stack(columns)
    sums = np.full(amounts.shape, np.nan)
    for month in range(YEAR - 1, len(amounts)):
        sums[month] = amounts[month + 1 - YEAR : month + 1].sum(axis=0)
    return sums
