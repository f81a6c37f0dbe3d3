"""What the statistics bureau would publish, and the record of a run (model description, section 3.4).

Pure functions for the bureau's arithmetic: year-to-date growth, pull and contribution; and the :class:`Recorder`, which
writes the month into preallocated arrays. Nothing here feeds back into decisions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import BrokenIdentityError, the_table
from sim.inputoutput.tables import Table
from sim.limits import LIMITS, MissingOutput
from sim.mechanisms.energy import Energy, electricity
from sim.mechanisms.labour import staff
from sim.mechanisms.production import cost_parts, input_coefficients, material_factor_of
from sim.mechanisms.sourcing import potential_coverage
from sim.state import YEAR, Channel, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SIZE_THRESHOLD = 20.0
"""Annual revenue from which a firm is above scale, M yuan (official threshold since 2011)."""

ENERGY = "ENER"
"""Block product that counts as industry, and as above scale (model description, section 3.4)."""


# --- the bureau's arithmetic ------------------------------------------------------------------------------------------


def year_to_date_growth(monthly: Floats, year: int, first_year: int, months: int) -> float:
    """Growth of the first months of a year over the same months of the year before.

    Args:
        monthly: real values by month, starting in January of ``first_year``.
        year: year of the numerator.
        first_year: year of ``monthly[0]``.
        months: 11 for January to November.

    Returns:
        A share: 0.147 is 14.7 %.

    Raises:
        ValueError: the months are not covered.
    """
    start = (year - first_year) * YEAR
    if start - YEAR < 0 or start + months > len(monthly) or not 1 <= months <= YEAR:
        raise ValueError(f"no {months} months of {year} and {year - 1} in the series")
    now, before = monthly[start : start + months].sum(), monthly[start - YEAR : start - YEAR + months].sum()
    return float(now / before - 1.0)


def pull(growth: float, base_share: float) -> float:
    """Points that a group adds to the growth of the whole: 100 x growth x its share of the base period."""
    return 100.0 * growth * base_share


def contribution(group_pull: float, total_growth: float) -> float:
    """Share of the whole's growth that comes from a group; above 1 where the rest shrinks.

    Args:
        group_pull: points.
        total_growth: growth of the whole, a share.
    """
    return group_pull / (100.0 * total_growth)


def growth_from_contribution(group_pull: float, share_of_growth: float) -> float:
    """Growth of the whole implied by a group's pull (points) and contribution: 19.2 / 1.304 = 14.72 %, as a share."""
    return group_pull / share_of_growth / 100.0


def rest_growth(total_growth: float, group_pull: float, base_share: float) -> float:
    """Growth of everything outside a group, a share: (g - pull) / (1 - s)."""
    return (total_growth - group_pull / 100.0) / (1.0 - base_share)


# --- the regional table -----------------------------------------------------------------------------------------------

CITY, OUTSIDE = "Ningde", "outside"
"""Regions of the final users of the month's table: residents of the ten counties together, and everybody else."""

PUBLISHED_INCOMES = ("compensation", "taxes", "depreciation and surplus")
"""Rows of value added of the month's table."""


def regional_table(state: State) -> Table:
    """The input-output table of a month: ten counties, M yuan a month at 2018 prices, the exact sum of the firms.

    Import rows hold what industries buy outside the ten counties, from the rest of China and from abroad; what final
    users buy outside is not followed by the model. Compensation is staff times wage; it may exceed value added in a bad
    month, and then depreciation and surplus are negative.
    """
    world, month = state.world, the_table(state)
    output = month.output
    compensation = wages_paid(state)
    taxes = np.tile(state.technology.tax, world.county_count) * output
    return Table(
        tuple((county, product) for county in world.county_names for product in world.products),
        ((CITY, "household"), (CITY, "government"), (CITY, "investment"), (OUTSIDE, "exports")),
        world.products,
        PUBLISHED_INCOMES,
        month.flows,
        month.outside_inputs,
        month.final,
        np.zeros((world.product_count, 4)),
        np.vstack([compensation, taxes, month.value_added - compensation - taxes]),
        output,
        "M yuan a month, prices of 2018",
    )


def jobs_by_node(state: State) -> Floats:
    """(N,) persons at work in each county and product."""
    return sum_by(state.firms.node, staff(state.firms, state.firms.output), state.node_count)


def wages_paid(state: State) -> Floats:
    """(N,) compensation in each county and product, M yuan a month at 2018 prices."""
    firms = state.firms
    paid = staff(firms, firms.output) * state.counties.wage[firms.county] / 1e6 / YEAR
    return sum_by(firms.node, paid, state.node_count)


def leader_purchases(state: State, leader: int) -> Floats:
    """(K, C + 1) what the plants of a leader buy of each product, by county of the supplier, outside last.

    M yuan a month at 2018 prices. Before the first month every order counts as delivered.
    """
    firms, relations, world, table = state.firms, state.relations, state.world, state.table
    products, counties = world.product_count, world.county_count
    links = state.links if table is None else table.links
    served = np.ones(len(firms)) if table is None else table.served
    shares = np.zeros(0) if table is None else table.shares
    mine = np.flatnonzero(firms.alive & (firms.leader == leader))
    bought = np.zeros((products, counties + 1))
    buyer = relations.buyer[links.relation]
    own = np.isin(buyer, mine)
    supplier, relation = links.supplier[own], links.relation[own]
    factor = (material_factor_of(state) * relations.coefficient)[relation]
    amount = links.weight[own] * factor * firms.output[buyer[own]] * served[supplier]
    cell = firms.product[supplier] * (counties + 1) + firms.county[supplier]
    bought += sum_by(cell, amount, bought.size).reshape(bought.shape)
    supplied = np.ones(state.node_count) if table is None else sum_by(firms.node, served * shares, state.node_count)
    nodes, output = firms.node[mine], firms.output[mine]
    pooled = (supplied[:, None] * state.technology.pool[:, nodes] * output).sum(axis=1)
    bought[:, :counties] += pooled.reshape(counties, products).T
    bought[:, counties] = (input_coefficients(state)[:, nodes] * output).sum(axis=1) - bought.sum(axis=1)
    return bought


# --- the record -------------------------------------------------------------------------------------------------------


def local_share_realised(state: State) -> float:
    """C_real: home purchases of the cell makers over all their purchases of chain goods; NaN without a cell maker.

    Raw metals, ores and energy are left out (they stand in other industry and energy); see section 9.5.
    """
    table, firms, relations = the_table(state), state.firms, state.relations
    links = table.links
    cell = state.world.product("B_CELL")
    buyer = relations.buyer
    makers = firms.alive[buyer] & (firms.leader[buyer] >= 0) & (firms.product[buyer] == cell)
    need = np.where(makers, relations.coefficient * firms.output[buyer], 0.0)
    total = need.sum()
    if total <= 0:
        return float("nan")
    served = table.served[links.supplier]
    return float((links.weight * served * need[links.relation]).sum() / total)


def above_scale(state: State) -> Bools:
    """(F,) rows that the bureau counts above scale: annual revenue of at least 20 M yuan; energy counts whole."""
    firms = state.firms
    revenue = firms.output * YEAR * state.markets.price[firms.product]
    firm = ~firms.fringe & ~firms.block & (revenue >= SIZE_THRESHOLD)
    return np.asarray(firm | (firms.block & (firms.product == state.world.product(ENERGY))))


def introduced(state: State) -> Floats:
    """(H,) chain projects introduced so far: in LAND or later and not failed, leaders' own plants left out."""
    projects, world = state.projects, state.world
    chain = world.chain[projects.product]
    counted = (projects.stage >= Stage.LAND) & (projects.stage <= Stage.DONE) & (projects.channel != Channel.OWN)
    counted &= chain >= 0
    return np.bincount(chain[counted], minlength=len(world.chains)).astype(float)


class Recorder:
    """Preallocated arrays of one run, filled month by month.

    Attributes:
        arrays: monthly values by name; dimensions as in :data:`sim.results.VARIABLES`.
        residual: largest relative residual of each identity so far.
    """

    def __init__(self, state: State, months: int, first: int) -> None:
        """Prepare the arrays.

        Args:
            state: for the sizes.
            months: months recorded.
            first: first recorded month since the opening (1 = January 2014).
        """
        self.first = first
        world = state.world
        cells = (months, world.county_count, world.product_count)
        names = ("output", "value_added", "output_above_scale", "value_added_above_scale")
        self.arrays: dict[str, Floats] = {}
        for name in names:
            self.arrays[name], self.arrays[f"{name}_nominal"] = np.zeros(cells), np.zeros(cells)
        for name in ("jobs", "firms", "capital", "electricity"):
            self.arrays[name] = np.zeros(cells)
        scalars = ("intermediate_industry", "intermediate_industry_nominal", "price_level")
        for name in (*scalars, "local_share_realised", "local_share_potential"):
            self.arrays[name] = np.zeros(months)
        self.arrays["price"] = np.zeros((months, world.product_count))
        self.arrays["world_volume"] = np.zeros((months, len(state.markets.volume)))
        self.arrays["commodity_price"] = np.zeros((months, len(state.markets.commodity)))
        for name in ("projects", "entered"):
            self.arrays[name] = np.zeros((months, len(Stage), len(Channel)))
        self.arrays["introduced"] = np.zeros((months, len(world.chains)))
        self.arrays["land"] = np.zeros((months, len(world.parks), 5))
        self.limits = MissingOutput(state)
        self.arrays["missing"] = np.zeros((months, world.county_count, self.limits.size, len(LIMITS)))
        self.residual: dict[str, float] = {}
        self.efficiency = state.scenario[Energy].efficiency
        self.industry = world.agent | (np.arange(world.product_count) == world.product(ENERGY))

    def record(self, state: State, residuals: dict[str, float]) -> None:
        """Record the month and keep the largest residuals."""
        for name, value in residuals.items():
            self.residual[name] = max(self.residual.get(name, 0.0), value)
        at = state.month - self.first
        if at < 0:
            return
        self._cells(state, at)
        self._markets(state, at)
        self._projects(state, at)
        self.arrays["missing"][at] = self.limits.of(state)

    def _cells(self, state: State, at: int) -> None:
        """Output, value added, firms, jobs and capital by county and product."""
        world, firms, markets, table = state.world, state.firms, state.markets, the_table(state)
        shape, size = (world.county_count, world.product_count), state.node_count
        materials, _ = cost_parts(state)
        unit_value_added = markets.price - materials
        counted = above_scale(state)

        def cell(weights: Floats) -> Floats:
            return sum_by(firms.node, weights, size).reshape(shape)

        output, large = cell(firms.output), cell(np.where(counted, firms.output, 0.0))
        a = self.arrays
        a["output"][at], a["output_nominal"][at] = output, output * markets.price
        a["value_added"][at] = table.value_added.reshape(shape)
        a["value_added_nominal"][at] = output * unit_value_added
        a["output_above_scale"][at], a["output_above_scale_nominal"][at] = large, large * markets.price
        a["value_added_above_scale_nominal"][at] = large * unit_value_added
        a["value_added_above_scale"][at] = large * unit_value_added / markets.price
        a["jobs"][at] = cell(staff(firms, firms.output))
        a["firms"][at] = cell((counted & ~firms.block & firms.alive).astype(float))
        a["capital"][at] = cell(firms.capital)
        a["electricity"][at] = cell(electricity(firms, state.month, self.efficiency))
        share = np.divide(large, output, out=np.zeros(shape), where=output > 0) * self.industry
        sold = share.ravel() * (table.flows @ share.ravel())
        a["intermediate_industry"][at] = sold.sum()
        a["intermediate_industry_nominal"][at] = (sold.reshape(shape) * markets.price).sum()
        self._prices_times_quantities(state, at)

    def _prices_times_quantities(self, state: State, at: int) -> None:
        """I17: nominal = price x real in every cell of the record."""
        real, nominal = self.arrays["output"][at], self.arrays["output_nominal"][at]
        gap = np.abs(nominal - state.markets.price * real) / np.maximum(np.abs(nominal), 1e-3)
        value = float(gap.max())
        if not value <= 1e-9:
            county, product = np.unravel_index(int(gap.argmax()), gap.shape)
            where = f"{state.world.county_names[county]}, {state.world.products[product]}"
            raise BrokenIdentityError(
                f"I17 nominal = price x real does not hold in month {state.month} ({where}): {value:.3g}"
            )
        self.residual["I17"] = max(self.residual.get("I17", 0.0), value)

    def _markets(self, state: State, at: int) -> None:
        """Prices, volumes and the local share of the cell makers."""
        a, markets = self.arrays, state.markets
        a["price"][at], a["price_level"][at] = markets.price, markets.price_level
        a["world_volume"][at], a["commodity_price"][at] = markets.volume, markets.commodity
        a["local_share_realised"][at] = local_share_realised(state)
        a["local_share_potential"][at] = float(potential_coverage(state, state.world.product("B_CELL"), 0.0)[0])

    def _projects(self, state: State, at: int) -> None:
        """Funnel and land."""
        projects, parks, ledger, a = state.projects, state.parks, state.ledger, self.arrays
        assert ledger is not None
        cell = projects.stage * len(Channel) + projects.channel
        shape = (len(Stage), len(Channel))
        a["projects"][at] = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
        a["entered"][at] = ledger.entered
        a["introduced"][at] = introduced(state)
        states = (parks.occupied, parks.free, parks.idle, parks.released, parks.planned - parks.developed)
        a["land"][at] = np.column_stack(states)
