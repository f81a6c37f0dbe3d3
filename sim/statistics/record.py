"""The record of a run: the month written into preallocated arrays (model description, section 3.4).

Nothing here feeds back into decisions. What the bureau would make of the record stands in
:mod:`sim.statistics.bureau` and :mod:`sim.results.published`; what is counted for it month by month in
:mod:`sim.statistics.activity`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import BrokenIdentityError, the_table
from sim.flows import PAYMENTS, SECTORS, matrix_of
from sim.limits import LIMITS, MissingOutput
from sim.mechanisms.enclave import MEASURES, ledgers
from sim.mechanisms.energy import Energy, electricity
from sim.mechanisms.production import material_costs
from sim.mechanisms.sourcing import potential_coverage
from sim.mechanisms.talent import usual_talent
from sim.state import REVENUE_ITEMS, SPENDING_ITEMS, YEAR, Channel, Stage, State, talent_of
from sim.statistics.activity import Activity
from sim.statistics.bureau import ENERGY
from sim.statistics.coverage import local_share_realised
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SIZE_THRESHOLD = 20.0
"""Annual revenue from which a firm is above scale, M yuan (official threshold since 2011)."""


def above_scale(state: State) -> Bools:
    """(F,) rows that the bureau counts above scale: annual revenue of at least 20 M yuan; energy counts whole."""
    firms = state.firms
    revenue = firms.output * YEAR * state.markets.price[firms.product]
    firm = ~firms.fringe & ~firms.block & (revenue >= SIZE_THRESHOLD)
    return np.asarray(firm | (firms.block & (firms.product == state.world.product(ENERGY))))


def introduced(state: State, counties: Ints | None = None) -> Floats:
    """(H,) chain projects introduced so far: in LAND or later and not failed, leaders' own plants left out.

    Args:
        state: the state at the end of a month.
        counties: regions whose projects count; all if not given.
    """
    projects, world = state.projects, state.world
    chain = world.chain[projects.product]
    counted = (projects.stage >= Stage.LAND) & (projects.stage <= Stage.DONE) & (projects.channel != Channel.OWN)
    counted &= chain >= 0
    if counties is not None:
        counted &= np.isin(projects.county, counties)
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
        for name in ("jobs", "firms", "capital", "electricity", "carbon"):
            self.arrays[name] = np.zeros(cells)
        for name in ("population", "labour_force", "at_work", "wage", "vacancy", "income", "consumption"):
            self.arrays[name] = np.zeros((months, world.county_count))
        for name in ("talent", "talent_per_job"):
            self.arrays[name] = np.zeros((months, world.county_count))
        self.arrays["minutes"] = np.zeros((months, world.county_count, world.county_count))
        self.arrays["commuters"] = np.zeros((months, world.county_count, world.county_count))
        scalars = ("intermediate_industry", "intermediate_industry_nominal", "price_level")
        for name in (*scalars, "local_share_realised", "local_share_potential"):
            self.arrays[name] = np.zeros(months)
        self.arrays["price"] = np.zeros((months, world.product_count))
        self.arrays["world_volume"] = np.zeros((months, len(state.markets.volume)))
        self.arrays["commodity_price"] = np.zeros((months, len(state.markets.commodity)))
        for name in ("projects", "entered"):
            self.arrays[name] = np.zeros((months, len(Stage), len(Channel)))
        self.arrays["introduced"] = np.zeros((months, len(world.chains)))
        budgets = world.county_count + 1
        for name in ("revenue_total", "revenue_local", "distributed_profits"):
            self.arrays[name] = np.zeros((months, world.county_count))
        for name in ("public_balance", "public_debt", "public_funded"):
            self.arrays[name] = np.zeros((months, budgets))
        self.arrays["public_revenue"] = np.zeros((months, budgets, len(REVENUE_ITEMS)))
        self.arrays["public_spending"] = np.zeros((months, budgets, len(SPENDING_ITEMS)))
        self.arrays["payments"] = np.zeros((months, len(PAYMENTS)))
        self.arrays["flows"] = np.zeros((months, len(SECTORS), len(SECTORS)))
        for name in ("plant_land", *(f"credited_{measure}" for measure in MEASURES)):
            self.arrays[name] = np.zeros((months, world.county_count))
        self.arrays["land"] = np.zeros((months, len(world.parks), 5))
        self.activity = Activity(state, months)
        self.arrays |= self.activity.arrays
        self.limits = MissingOutput(state)
        self.arrays["missing"] = np.zeros((months, world.county_count, self.limits.size, len(LIMITS)))
        self.residual: dict[str, float] = {}
        self.efficiency, self.grid_factor = state.scenario[Energy].efficiency, state.scenario[Energy].grid_factor
        self.industry = world.agent | (np.arange(world.product_count) == world.product(ENERGY))

    def record(self, state: State, residuals: dict[str, float]) -> None:
        """Record the month and keep the largest residuals."""
        for name, value in residuals.items():
            self.residual[name] = max(self.residual.get(name, 0.0), value)
        at, counted = state.month - self.first, above_scale(state)
        self.activity.record(state, at, counted)
        if at < 0:
            return
        self._cells(state, at, counted)
        self._people(state, at)
        self._markets(state, at)
        self._projects(state, at)
        self._public(state, at)
        in_place, credited = ledgers(state)
        self.arrays["plant_land"][at] = in_place[MEASURES.index("land")]
        for measure, values in zip(MEASURES, credited, strict=True):
            self.arrays[f"credited_{measure}"][at] = values
        self.arrays["missing"][at] = self.limits.of(state)

    def _cells(self, state: State, at: int, counted: Bools) -> None:
        """Output, value added, firms, jobs and capital by county and product."""
        world, firms, markets, table = state.world, state.firms, state.markets, the_table(state)
        shape, size = (world.county_count, world.product_count), state.node_count
        unit_value_added = markets.price - material_costs(state).reshape(shape)

        def cell(weights: Floats) -> Floats:
            return sum_by(firms.node, weights, size).reshape(shape)

        output, large = cell(firms.output), cell(np.where(counted, firms.output, 0.0))
        a = self.arrays
        a["output"][at], a["output_nominal"][at] = output, output * markets.price
        a["value_added"][at] = table.value_added.reshape(shape)
        a["value_added_nominal"][at] = output * unit_value_added - cell(firms.premium)
        a["output_above_scale"][at], a["output_above_scale_nominal"][at] = large, large * markets.price
        a["value_added_above_scale_nominal"][at] = large * unit_value_added - cell(firms.premium * counted)
        a["value_added_above_scale"][at] = large * unit_value_added / markets.price
        a["jobs"][at] = cell(firms.staff)
        a["firms"][at] = cell((counted & ~firms.block & firms.alive).astype(float))
        a["capital"][at] = cell(firms.capital)
        a["electricity"][at] = cell(electricity(firms, state.month, self.efficiency))
        a["carbon"][at] = self.grid_factor * a["electricity"][at]
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

    def _people(self, state: State, at: int) -> None:
        """Residents at the end of the month; work, pay and income in it."""
        a, people, ledger = self.arrays, state.people, state.ledger
        assert ledger is not None
        assert ledger.working_age_before is not None
        a["population"][at] = people.residents
        a["labour_force"][at] = people.participation * ledger.working_age_before.sum(axis=0)
        a["commuters"][at] = people.workers.sum(axis=0)
        a["at_work"][at] = a["commuters"][at].sum(axis=1)
        posts = people.workers.sum(axis=1) / (1.0 - people.vacancy)
        a["vacancy"][at] = (posts * people.vacancy).sum(axis=0) / posts.sum(axis=0)
        a["wage"][at] = people.wage_bill.sum(axis=0) * 1e6 * YEAR / people.workers.sum(axis=(0, 1))
        a["income"][at], a["consumption"][at] = people.income, people.consumption
        a["talent_per_job"][at], a["minutes"][at] = state.counties.talent, state.minutes
        a["talent"][at] = usual_talent(state) + talent_of(state).extra

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

    def _public(self, state: State, at: int) -> None:
        """Taxes by county of the payer, budgets, profits paid out, and who paid whom."""
        a, public, ledger, books = self.arrays, state.budgets, state.ledger, state.firm_accounts
        assert ledger is not None
        assert books is not None
        county, size = state.firms.county, state.world.county_count
        a["revenue_total"][at] = sum_by(county, books.taxes, size)
        a["revenue_local"][at] = sum_by(county, books.local_tax, size)
        a["distributed_profits"][at] = sum_by(county, books.distributed, size)
        a["public_balance"][at], a["public_debt"][at] = public.balance, public.debt
        a["public_funded"][at] = public.funded
        assert ledger.payments is not None
        a["payments"][at], a["flows"][at] = list(ledger.payments.values()), matrix_of(ledger.payments)
        a["public_revenue"][at], a["public_spending"][at] = ledger.revenue.T, ledger.spending.T
