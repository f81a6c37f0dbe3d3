"""One representative firm a county and product, without links (N3): what firms that differ add to the model.

At the opening the above-scale firms of each county and product become one row with their capital, land, staff, money
and orders; fringe rows and blocks are representative already. Lead firms keep their plants: each has its own order
book and dated plants, so it represents nobody but itself. From then on:

- entry: candidates, leads, signing, land and building are those of the model; a plant that comes into production is
  merged into the representative firm of its county and product at the end of its first month, as an expansion is. It
  brings capacity, land, money and outside customers; its age, quality and productivity go into the mean. Where a county
  has no such firm yet, the plant becomes it. A plant under an enclave contract stays a row of its own.
- exit: no row closes by chance. The representative firm loses the share of its capital that its product lost a month,
  in expectation, at the opening, times exp(-b_x (margin - margin of the opening)); land falls idle in proportion, debts
  stay with the firm.
- productivity noise is out (its mean over many firms is nought), and so are second sites of incumbents.
- links: the pooled market of :func:`sim.experiment.nulls.behaviour.pooled_market`.

Land stands in the one park of the firm: plots of the others are counted there, developed, planned and occupied land
alike, so free land of no park changes. All identities hold in every month; merging moves no sum. Counts and sizes of
firms, the account of causes of legacy output and that of missing output mean little in this version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.experiment.nulls.base import ModelRun, swap
from sim.experiment.nulls.behaviour import pooled_market
from sim.inputoutput.tables import Table
from sim.mechanisms.firms import MOST_HAZARD, YOUNG, Branching, Exit, Investment, ProductivityNoise, exit_probability
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.production import unit_costs
from sim.mechanisms.sourcing import Sourcing, nameplate
from sim.model import NingdeModel
from sim.opening.links import connect_opening
from sim.opening.position import value_of_city
from sim.scenario import Scenario
from sim.state import Firms, Links, Relations, State, trailing_mean
from sim.statistics import Recorder
from sim.sums import median, sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SUMS: tuple[str, ...] = (
    "capital",
    "land",
    "plot",
    "orders",
    "output",
    "home_sales",
    "outside_orders",
    "staff",
    "wages",
    "premium",
    "surplus",
    "cash",
    "debt",
    "land_paid",
    "orders12",
    "tax12",
    "settled_jobs",
)
"""Columns of the firm table that add up; of closed rows those that say what a firm has are cleared."""

MEANS: tuple[str, ...] = ("quality", "skill_share", "energy_intensity", "market_reference")
"""Columns of which the mean by capacity is taken."""

MEMORIES: tuple[str, ...] = ("utilisation12", "margin12")
"""Shares of the last twelve months: their mean by capacity over those who were there."""


def represented(state: State) -> Bools:
    """(F,) operating rows that one firm can stand for: no block, no fringe, no lead firm, no enclave contract."""
    firms = state.firms
    found = firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0)
    found[state.contracts.firm[state.contracts.credited]] = False
    return np.asarray(found)


def outside_sales(state: State, capacity: Floats) -> Floats:
    """(F,) outside orders at present prices of plants with a capacity, M yuan a month (section 9.5)."""
    firms, markets, theta = state.firms, state.markets, state.scenario[Sourcing].outside_elasticity
    relative = markets.price[firms.product] / np.where(firms.unit_cost > 0, firms.unit_cost, 1.0)
    growth = markets.volume[firms.market] / firms.market_reference
    return np.asarray(capacity * np.minimum(1.0, firms.outside_share * relative**theta * growth))


def together(firms: Firms, rows: Ints, capacity: Floats, month: int) -> dict[str, Any]:
    """Columns of one firm in place of several of a county and product.

    Capital over intensity times productivity, which is capacity, adds up; so do the jobs at equal use of capacity.

    Args:
        firms: the firm table.
        rows: (n,) rows that become one.
        capacity: (F,) capacity at full ramp, M yuan a month.
        month: months since the opening.
    """
    size, here = firms.capital[rows] / firms.capital_intensity[rows], capacity[rows]
    old = rows[firms.birth[rows] < month]
    old = old if len(old) else rows
    productivity = float((size * firms.productivity[rows]).sum() / size.sum())
    jobs = float(np.average(firms.jobs_intensity[rows] / firms.productivity[rows], weights=here))
    return {
        **{name: getattr(firms, name)[rows].sum(axis=0) for name in SUMS},
        **{name: np.average(getattr(firms, name)[rows], weights=here) for name in MEANS},
        **{name: np.average(getattr(firms, name)[old], weights=capacity[old], axis=0) for name in MEMORIES},
        "capital_intensity": float(firms.capital[rows].sum() / size.sum()),
        "productivity": productivity,
        "jobs_intensity": productivity * jobs,
        "capacity": float(here.sum()),
    }


def keep_customers(state: State, rows: Ints, sales: Floats) -> None:
    """Unit costs of merged firms, and the outside share with which they sell what their parts sold together.

    Args:
        state: with the merged rows in place.
        rows: (n,) merged rows.
        sales: (n,) outside orders of their parts, M yuan a month.
    """
    firms = state.firms
    cost, relative = unit_costs(state)
    firms.unit_cost[rows], firms.relative_cost[rows] = cost[rows], relative[rows]
    firms.outside_share[rows] = 1.0
    theta = state.scenario[Sourcing].outside_elasticity
    full = (state.markets.price[firms.product[rows]] / cost[rows]) ** theta
    full = full * firms.capacity[rows] * state.markets.volume[firms.market[rows]] / firms.market_reference[rows]
    firms.outside_share[rows] = np.divide(sales, full, out=np.zeros(len(rows)), where=full > 0)


def regroup_land(state: State, rows: Ints, park: int) -> None:
    """Count the plots of some rows in one park of their county: what is planned, developed and occupied goes along."""
    parks, firms = state.parks, state.firms
    for stock in (parks.planned, parks.developed, parks.occupied):
        np.add.at(stock, firms.park[rows], -firms.land[rows])
        stock[park] += firms.land[rows].sum()


def merge_opening(state: State) -> Ints:
    """Put one row in place of the firms of each county and product, in the opening position.

    Args:
        state: the opening position.

    Returns:
        (F,) new row of each old one.
    """
    firms, whom = state.firms, represented(state)
    capacity, free = nameplate(state, np.arange(len(firms))), state.parks.free.copy()
    sales = outside_sales(state, np.where(whom, capacity, 0.0))
    key = np.where(whom, firms.node, state.node_count + np.arange(len(firms)))
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))  # in the order of the first row, which leaves blocks and fringe on top
    group = rank[group]
    columns = {spec.name: getattr(firms, spec.name)[np.sort(first)].copy() for spec in firms.specs}
    merged = np.unique(group[whom])
    for at in merged:
        rows = np.flatnonzero(group == at)
        park = int(firms.park[rows[free[firms.park[rows]].argmax()]])
        for name, value in together(firms, rows, capacity, state.month).items():
            columns[name][at] = value
        columns["park"][at] = park
        regroup_land(state, rows, park)
    state.firms = Firms()
    state.firms.append(len(first), **columns)
    keep_customers(state, merged, sum_by(group, sales, len(first))[merged])
    if state.firm_accounts is not None:
        for name, values in vars(state.firm_accounts).items():
            setattr(state.firm_accounts, name, sum_by(group, values, len(first)))
    return group


def absorb(state: State) -> None:
    """Merge the plants that came into production this month into the firm of their county and product."""
    firms, whom = state.firms, represented(state)
    new = np.flatnonzero(whom & (firms.birth == state.month))
    if not len(new):
        return
    capacity = nameplate(state, np.arange(len(firms)))
    sales = outside_sales(state, capacity)
    kept = []
    for node in np.unique(firms.node[new]):
        rows = np.flatnonzero(whom & (firms.node == node))  # the oldest comes first: rows are appended
        kept.append(int(rows[0]))
        if len(rows) == 1:
            continue
        columns = together(firms, rows, capacity, state.month)
        regroup_land(state, rows, int(firms.park[rows[0]]))
        for name, value in columns.items():
            getattr(firms, name)[rows[0]] = value
        _clear(firms, rows[1:])
        keep_customers(state, rows[:1], sales[rows].sum(keepdims=True))
    alive = firms.alive
    state.links.keep(alive[state.links.supplier] & alive[state.relations.buyer[state.links.relation]])


def _clear(firms: Firms, rows: Ints) -> None:
    """Rows that became part of another keep their place in the table, and nothing else."""
    firms.alive[rows] = False
    firms.capacity[rows] = 0.0
    for name in SUMS:
        getattr(firms, name)[rows] = 0.0


@dataclass
class ExpectedExit:
    """What exit takes from representative firms.

    Attributes:
        settings: parameters of exit.
        monthly: (K,) share of capacity that closed a month at the opening, in expectation.
        margin: (K,) twelve-month margin of the opening, mean by capacity.
        share: (F,) share of each row that is lost in the month.
    """

    settings: FirmSettings
    monthly: Floats
    margin: Floats
    share: Floats

    @classmethod
    def of(cls, state: State) -> ExpectedExit:
        """The expectation over the firms of the opening; a product without firms leaves at the rate of the median."""
        firms, settings, size = state.firms, state.scenario[FirmSettings], state.world.product_count
        rows = np.flatnonzero(represented(state))
        output, margin = firms.output[rows], trailing_mean(firms.margin12)[rows]
        relative, young = output / max(median(output), 1e-9), state.month - firms.birth[rows] < YOUNG
        chance = exit_probability(margin, relative, young, settings)
        product, weight = firms.product[rows], firms.capacity[rows]
        total = sum_by(product, weight, size)
        some = total > 0
        usual = np.divide(sum_by(product, weight * margin, size), total, out=np.zeros(size), where=some)
        at_median = exit_probability(usual, np.ones(size), np.zeros(size, dtype=bool), settings)
        monthly = np.divide(sum_by(product, weight * chance, size), total, out=at_median, where=some)
        return cls(settings, monthly, usual, np.zeros(len(firms)))

    def look(self, state: State) -> None:
        """Set the shares of the month."""
        firms = state.firms
        margin = trailing_mean(firms.margin12) - self.margin[firms.product]
        hazard = self.monthly[firms.product] * np.exp(-self.settings.exit_profit * margin)
        self.share = np.where(represented(state), np.minimum(hazard, MOST_HAZARD), 0.0)

    def give_back_land(self, state: State, scrapped: Floats) -> None:
        """Land of what was lost falls idle, and the outside customers of it are gone too.

        Args:
            state: at the end of the month.
            scrapped: (F,) capital that exit took, M yuan.
        """
        firms, parks, share = state.firms, state.parks, self.share
        rows = np.flatnonzero((share > 0) & firms.alive)
        land = share[rows] * firms.land[rows]
        np.add.at(parks.occupied, firms.park[rows], -land)
        np.add.at(parks.idle, firms.park[rows], land)
        firms.land[rows] -= land
        firms.plot[rows] *= 1.0 - share[rows]
        # the resolver read the loss as scrapping, after which demand stays and falls on less capacity
        firms.market_reference[rows] *= 1.0 + scrapped[rows] / firms.capital[rows]


class RepresentativeInvestment(Investment):
    """Investment of the model, and what exit takes from the representative firms."""

    def __init__(self, usual: Investment, exits: ExpectedExit) -> None:
        """Take over the parameters.

        Args:
            usual: investment of the model.
            exits: what exit takes.
        """
        super().__init__(usual.firms, usual.projects, usual.target)
        self.exits = exits
        self.lost = np.zeros(0)

    def step(self, state: State, streams: Streams) -> None:
        """Scrap what would have closed, besides."""
        super().step(state, streams)
        self.exits.look(state)
        self.lost = self.exits.share * state.firms.capital
        assert state.boards.scrapped is not None
        state.boards.scrapped = state.boards.scrapped + self.lost


class RepresentativeModel(NingdeModel):
    """The model with one firm a county and product; see the module."""

    def __init__(self, plan: Scenario, seed: int | None = None, *, table: Table | None = None) -> None:
        """Build the opening of the pooled market and merge its firms.

        Args:
            plan: scenario.
            seed: root seed; that of the scenario if not given.
            table: opening table in place of the estimated one.
        """
        super().__init__(pooled_market(plan), seed, table=table, without=(Exit, ProductivityNoise, Branching))
        state = self.state
        exits = ExpectedExit.of(state)
        merge_opening(state)
        state.relations, state.links = Relations(), Links()
        connect_opening(state, self.basis.built.table)
        state.outside_value_mean = value_of_city(state)
        state.outside_value = state.outside_value_mean.copy()
        swap(self, Investment, lambda usual: RepresentativeInvestment(usual, exits))
        self.investment = next(part for part in self.month_list if isinstance(part, RepresentativeInvestment))
        self.recorder = Recorder(state, self.recorder.arrays["output"].shape[0], self.recorder.first)
        self.recorder.residual["I16"] = self.basis.residual

    def step(self) -> None:
        """One month of the model; then land of what was lost falls idle and new plants are merged."""
        super().step()
        part = self.investment
        part.exits.give_back_land(self.state, part.lost)
        absorb(self.state)


def representative_firm(scenario: Scenario, seed: int | None, table: Table | None) -> ModelRun:
    """N3: one firm a county and product, without links."""
    return ModelRun(RepresentativeModel(scenario, seed, table=table), "representative_firm")
