"""A run followed month by month: its record, its firms by year, the position of a month, groups of products."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.data import prefecture
from sim.experiment.periods import Period
from sim.inputoutput.tables import Table, aggregate
from sim.model import NingdeModel
from sim.parameters import Month
from sim.results import Run, dataset
from sim.state import YEAR, State
from sim.statistics import ENERGY, jobs_by_node, regional_table
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CITY = prefecture.name()
"""The whole prefecture, as files of facts call it."""

INDUSTRY, FOUR, REST, EVERYTHING = "industry", "four", "rest", "everything"
"""Groups of products beside the chains and the single products: industry is the products of firms plus energy, rest is
industry outside the four chains."""

NEV_AND_CU, NEV_SUPPLIERS = "NEV and CU", "NEV suppliers"
"""Two chains that are published together; parts of vehicles without the assembly."""


def industry_without(chain: str) -> str:
    """Name of the group of all industry but one chain."""
    return f"industry without {chain}"


def product_group(world: World, name: str) -> NDArray[np.bool_]:
    """(K,) products of a group, a chain or a product by its name.

    Raises:
        KeyError: nothing has that name.
    """
    codes = np.array(world.products)
    industry = world.agent | (codes == ENERGY)
    groups = {
        INDUSTRY: industry,
        FOUR: world.chain_product,
        REST: industry & ~world.chain_product,
        EVERYTHING: np.ones(len(codes), dtype=bool),
        NEV_AND_CU: np.isin(world.chain, [world.chains.index("NEV"), world.chains.index("CU")]),
        NEV_SUPPLIERS: (world.chain == world.chains.index("NEV")) & (codes != "V_OEM"),
        **{chain: world.chain == index for index, chain in enumerate(world.chains)},
        **{industry_without(chain): industry & (world.chain != index) for index, chain in enumerate(world.chains)},
        **{code: codes == code for code in world.products},
    }
    found: NDArray[np.bool_] = groups[name]
    return found


def official_rows(world: World, county: str) -> Ints:
    """Regions that official statistics count as a county: Jiaocheng with Dongqiao; Dongqiao alone is itself.

    Raises:
        ValueError: no county has that name.
    """
    index = world.county_names.index(county)
    rows = np.flatnonzero(world.official == index)
    return rows if rows.size else np.array([index])


class Record:
    """Sums over the record of a run; NaN where the record does not cover the months.

    Args:
        run: a run.
        world: its products and counties.
    """

    def __init__(self, run: Run, world: World) -> None:
        self.run, self.world = run, world
        self.first = Month(run.start)
        self.last = self.first + (run.monthly.sizes["month"] - 1)
        self._kept: dict[tuple[str, str, str | None], Floats] = {}

    def has(self, name: str) -> bool:
        """Whether the run records a variable."""
        return name in self.run.monthly

    def _months(self, period: Period) -> slice | None:
        """Positions of months; None if one of them is not recorded."""
        start, end = period.first - self.first, period.last - self.first + 1
        return slice(start, end) if 0 <= start < end <= self.run.monthly.sizes["month"] else None

    def _cells(self, name: str, group: str, county: str | None) -> Floats:
        """(T,) a variable, summed over every other dimension it has; products and counties as asked for."""
        key = (name, group, county)
        if key not in self._kept:
            array = self.run.monthly[name]
            if "product" in array.dims:
                array = array.isel(product=product_group(self.world, group))
            if county is not None:
                array = array.isel(county=official_rows(self.world, county))
            sums = array.sum([dim for dim in array.dims if dim != "month"]).values
            self._kept[key] = np.asarray(sums, dtype=np.float64)
        return self._kept[key]

    def total(self, name: str, period: Period, group: str = EVERYTHING, county: str | None = None) -> float:
        """A flow added up over the months of a period, or a stock at the end of a month, in its unit."""
        months = self._months(period)
        return float("nan") if months is None else float(self._cells(name, group, county)[months].sum())

    def growth(self, name: str, period: Period, group: str = EVERYTHING, county: str | None = None) -> float:
        """Growth of a flow over the same months of the year before, a share."""
        now, before = (self.total(name, when, group, county) for when in (period, period.year_before))
        return now / before - 1.0 if before > 0 else float("nan")

    def deflated(self, period: Period, county: str | None = None) -> float:
        """Value added of everything in a period, nominal amounts divided by the price of the product."""
        months = self._months(period)
        if months is None:
            return float("nan")
        cells = self.run.monthly["value_added_nominal"].values[months]
        price = self.run.monthly["price"].values[months]
        rows = slice(None) if county is None else official_rows(self.world, county)
        return float((cells[:, rows] / price[:, None]).sum())

    def trailing(self, name: str, group: str = EVERYTHING) -> Floats:
        """(T,) sums of twelve months; NaN before the twelfth."""
        values = self._cells(name, group, None)
        sums = np.full(values.size, np.nan)
        if values.size >= YEAR:
            sums[YEAR - 1 :] = np.convolve(values, np.ones(YEAR), "valid")
        return sums


class Panel:
    """Output of each firm by calendar year, M yuan at 2018 prices; firms are rows for life."""

    def __init__(self) -> None:
        self.years: dict[int, Floats] = {}

    def add(self, year: int, state: State) -> None:
        """Add the month's output to its year."""
        output = state.firms.output
        before = self.years.get(year, np.zeros(0))
        total = output.copy()
        total[: before.size] += before
        self.years[year] = total

    def pair(self, year: int) -> tuple[Floats, Floats]:
        """(F,) output of a year and of the year before, 0 for firms that were not there; empty without both years."""
        if year not in self.years or year - 1 not in self.years:
            return np.zeros(0), np.zeros(0)
        now, before = self.years[year], np.zeros(self.years[year].size)
        before[: self.years[year - 1].size] = self.years[year - 1]
        return now, before


class Position:
    """The economy at the end of one month, with its table as one economy.

    Args:
        model: a model that stands in that month.
    """

    def __init__(self, model: NingdeModel) -> None:
        self.model, self.state, self.world = model, model.state, model.world

    @cached_property
    def table(self) -> Table:
        """The month's table of the ten counties as one economy, M yuan a month at 2018 prices."""
        table = regional_table(self.state)
        return aggregate(table, regions=dict.fromkeys(table.regions, CITY))

    @cached_property
    def jobs(self) -> Floats:
        """(K,) persons at work by product."""
        return np.asarray(jobs_by_node(self.state).reshape(self.world.county_count, -1).sum(axis=0))

    @cached_property
    def plants(self) -> Ints:
        """Rows of operating firms: no fringe, no block, with output."""
        firms = self.state.firms
        return np.flatnonzero(firms.alive & ~firms.fringe & ~firms.block & (firms.output > 0))

    def of(self, group: str, county: str | None = None) -> Ints:
        """Operating firms that make a product of the group, in one county if one is named."""
        rows = self.plants[product_group(self.world, group)[self.state.firms.product[self.plants]]]
        return (
            rows if county is None else rows[np.isin(self.state.firms.county[rows], official_rows(self.world, county))]
        )

    def month_of(self, calendar: str) -> int:
        """A calendar month as months since the opening."""
        return self.state.month - (self.model.calendar - Month(calendar))


class FollowedRun:
    """One run as statistics see it, followed month by month.

    Args:
        model: a model at its opening; :meth:`step` takes it on.

    Attributes:
        model: the model in the month that was simulated last.
        panel: output of the firms by year so far.
        first: what the first month leaves for later comparison, by name.
        opening_productivity, opening_price, opening_experience: of firms and products at the opening.
    """

    def __init__(self, model: NingdeModel) -> None:
        self.model = model
        self.panel = Panel()
        self.first: dict[str, float] = {}
        state = model.state
        self.opening_productivity = state.firms.productivity.copy()
        self.opening_price = state.markets.price / state.markets.price_level
        self.opening_experience = state.markets.experience.copy()

    @property
    def here(self) -> Position:
        """The position of the month that was simulated last."""
        return Position(self.model)

    def step(self) -> None:
        """One month."""
        self.model.step()
        self.panel.add(int(str(self.model.calendar)[:4]), self.model.state)


PositionMeasure = Callable[[FollowedRun], float]
"""A statistic that only the position of a month can give."""


def follow(
    model: NingdeModel,
    positions: Mapping[str, Mapping[Hashable, PositionMeasure]],
    after_first: Callable[[FollowedRun], None] | None = None,
) -> tuple[Record, dict[Hashable, float]]:
    """Take a model to its end and measure on the way what only a position can tell.

    Args:
        model: a model at its opening.
        positions: for months such as "2019-11", what is measured at their end, by any key.
        after_first: called after the first month.

    Returns:
        The record of the run, and what was measured on the way by key.

    Raises:
        BrokenIdentityError: an account does not balance.
    """
    seen = FollowedRun(model)
    found: dict[Hashable, float] = {}
    while model.state.month < model.months:
        seen.step()
        if model.state.month == 1 and after_first is not None:
            after_first(seen)
        for key, measure in positions.get(str(model.calendar), {}).items():
            found[key] = float(measure(seen))
    recorder = model.recorder
    data = dataset(model.plan, recorder.arrays, recorder.residual, seed=model.seed_of_run, opening=model.basis.origin)
    return Record(Run(data), model.world), found
