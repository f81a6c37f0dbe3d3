"""What a moment may look at: the record of a run, firms by year, and the position of a month."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.tables import Table, aggregate
from sim.model import NingdeModel
from sim.parameters import Month
from sim.results import Run
from sim.state import YEAR, State
from sim.statistics import ENERGY, jobs_by_node, regional_table
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CITY = "Ningde"

INDUSTRY, FOUR, REST, EVERYTHING = "industry", "four", "rest", "everything"
"""Groups of products beside the chains and the single products: industry is the products of firms plus energy, rest is
industry outside the four chains."""


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
        "NEV and CU": np.isin(world.chain, [world.chains.index("NEV"), world.chains.index("CU")]),
        "NEV suppliers": (world.chain == world.chains.index("NEV")) & (codes != "V_OEM"),
        **{chain: world.chain == index for index, chain in enumerate(world.chains)},
        **{code: codes == code for code in world.products},
    }
    found: NDArray[np.bool_] = groups[name]
    return found


class Record:
    """Sums over the record of a run; NaN where the record does not cover the months.

    Args:
        run: a run.
        world: its products and counties.
    """

    def __init__(self, run: Run, world: World) -> None:
        self.run, self.world = run, world
        self.first = Month(run.start)

    def has(self, name: str) -> bool:
        """Whether the run records a variable."""
        return name in self.run.monthly

    def _months(self, first: str, last: str) -> slice | None:
        """Positions of months; None if one of them is not recorded."""
        start, end = Month(first) - self.first, Month(last) - self.first + 1
        return slice(start, end) if 0 <= start < end <= self.run.monthly.sizes["month"] else None

    def _cells(self, name: str, group: str, county: str | None) -> Floats:
        """(T,) a variable, summed over every other dimension it has; products and counties as asked for."""
        array = self.run.monthly[name]
        if "product" in array.dims:
            array = array.isel(product=product_group(self.world, group))
        if county is not None:
            array = array.isel(county=self._official(county))
        return np.asarray(array.sum([dim for dim in array.dims if dim != "month"]).values, dtype=np.float64)

    def _official(self, county: str) -> Ints:
        """Rows of a county of official statistics: Jiaocheng is counted with Dongqiao; Dongqiao alone is itself."""
        index = self.world.county_names.index(county)
        rows = np.flatnonzero(self.world.official == index)
        return rows if rows.size else np.array([index])

    def total(self, name: str, first: str, last: str, group: str = EVERYTHING, county: str | None = None) -> float:
        """A flow added up from the first to the last month, in its unit."""
        months = self._months(first, last)
        return float("nan") if months is None else float(self._cells(name, group, county)[months].sum())

    def level(self, name: str, month: str, group: str = EVERYTHING, county: str | None = None) -> float:
        """A stock at the end of a month, in its unit."""
        return self.total(name, month, month, group, county)

    def growth(
        self, name: str, year: int, last_month: int = YEAR, group: str = EVERYTHING, county: str | None = None
    ) -> float:
        """Growth of a flow in the first months of a year over the same months of the year before, a share."""
        now, before = (self.total(name, f"{y}-01", f"{y}-{last_month:02d}", group, county) for y in (year, year - 1))
        return now / before - 1.0 if before > 0 else float("nan")

    def deflated(self, year: int, county: str | None = None) -> float:
        """Value added of everything in a year, nominal amounts divided by the price of the product."""
        months = self._months(f"{year}-01", f"{year}-12")
        if months is None:
            return float("nan")
        cells = self.run.monthly["value_added_nominal"].values[months]
        price = self.run.monthly["price"].values[months]
        rows = slice(None) if county is None else self._official(county)
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

    def of(self, group: str) -> Ints:
        """Operating firms that make a product of the group."""
        return self.plants[product_group(self.world, group)[self.state.firms.product[self.plants]]]

    def month_of(self, calendar: str) -> int:
        """A calendar month as months since the opening."""
        return self.state.month - (self.model.calendar - Month(calendar))


class Observation:
    """One run as moments see it.

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
