"""What is counted every month so that the bureau's other figures can be made of a run (model description, section 3.4).

Value added at double deflation, exports, investment, purchases of households, the way of projects, firms by quality,
the account of legacy industry; each December also the coverage of the cell makers and the sizes of firms, which are too
heavy for every month (other months have NaN). Variables and units stand in :data:`sim.results.VARIABLES`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.mechanisms.demand import Demand
from sim.mechanisms.labour import staff
from sim.mechanisms.sourcing import Sourcing
from sim.state import YEAR, Channel, Projects, Stage, State
from sim.statistics.bureau import cluster_names, cluster_of
from sim.statistics.coverage import cell_purchases, local_content, local_share_of_goods
from sim.statistics.decline import CAUSES, LegacyChange
from sim.statistics.exports import export_shares, exports
from sim.statistics.structure import TIERS, herfindahl, hill_exponent, tier_counts
from sim.sums import sum_by

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

LONGEST = 60
"""Months up to which waiting times are told apart; the last number holds all longer ones."""

BEFORE_OPENING = 0
"""Dated start of work of plants begun before the opening; when that was is not on record, so they wait for nothing."""

PROMOTED: tuple[Channel, ...] = tuple(channel for channel in Channel if channel not in (Channel.NORMAL, Channel.OWN))
"""Channels of projects that somebody brought in by talks: no normal entry, no plants that leaders decide on."""

SIGNED_BY_PLAN: tuple[Channel, ...] = (*PROMOTED, Channel.OWN)
"""Channels that count against the city's plan of signatures: leaders' own plants do, normal entry does not."""

HOUSEHOLD, OUTSIDE = 0, 3
"""Columns of the final users in the month's table."""


def months_passed(channel: Ints, waited: Ints) -> Floats:
    """(H, LONGEST + 1) projects by channel and months waited, the last column LONGEST or more.

    Args:
        channel: (n,) channel of each project.
        waited: (n,) months.
    """
    width = LONGEST + 1
    cell = channel * width + np.minimum(waited, LONGEST)
    counts = np.bincount(cell, minlength=len(Channel) * width)
    return counts.astype(np.float64).reshape(len(Channel), width)


def invested(state: State, spent_before: Floats) -> Floats:
    """(C, K) fixed investment of the month, M yuan at 2018 prices: work on projects, and capital of incumbents.

    Args:
        state: projects and boards of the month.
        spent_before: money spent on each project by the end of last month; later rows are new, and what a dated plant
            had spent when it entered was spent before.
    """
    world, firms, projects, shape = state.world, state.firms, state.projects, state.node_count
    old = len(spent_before)
    work = projects.spent[:old] - spent_before
    placed = np.maximum(projects.county[:old], 0)  # without a county nothing was spent
    total = sum_by(placed * world.product_count + projects.product[:old], work, shape)
    if state.boards.investment is not None:
        total = total + sum_by(firms.node, state.boards.investment, shape)
    return total.reshape(world.county_count, world.product_count)


def promoted(projects: Projects) -> Bools:
    """(J,) projects that somebody brought in: neither a leader's own plant nor normal entry."""
    return np.isin(projects.channel, PROMOTED)


class Activity:
    """Arrays of one run, filled month by month.

    Attributes:
        arrays: monthly values by name; dimensions as in :data:`sim.results.VARIABLES`.
    """

    def __init__(self, state: State, months: int) -> None:
        """Prepare the arrays and remember the opening."""
        world, sourcing = state.world, state.scenario[Sourcing]
        self.cluster, self.clusters = cluster_of(world), len(cluster_names(world))
        cells = (months, world.county_count, world.product_count)
        waits = (months, len(Channel), LONGEST + 1)
        shapes: dict[str, tuple[int, ...]] = {
            "value_added_above_scale_double": cells,
            "exports": cells,
            "exports_nominal": cells,
            "investment": cells,
            "household_purchases": cells,
            "cluster_projects": (months, len(Stage), self.clusters),
            "announced_output": (months, len(Stage), self.clusters),
            "signed_investment": (months, len(Channel)),
            "started_after": waits,
            "produced_after": waits,
            "firms_producing": (months, world.product_count),
            "new_firms_producing": (months, world.product_count),
            "firms_by_tier": (months, len(TIERS), self.clusters),
            "legacy_change": (months, len(CAUSES), world.county_count),
        }
        self.arrays = {name: np.zeros(shape) for name, shape in shapes.items()}
        for name in ("local_share_goods", "local_content", "size_exponent"):
            self.arrays[name] = np.full(months, np.nan)
        self.arrays["herfindahl"] = np.full((months, world.product_count), np.nan)
        self.export_share = export_shares(state.technology.export_share, world, state.scenario[Demand])
        self.tiers = (sourcing.tier_standard, sourcing.tier_specialised)
        self.spent = state.projects.spent.copy()
        self.legacy = LegacyChange(state)

    def record(self, state: State, at: int, counted: Bools) -> None:
        """Record the month.

        Args:
            state: the state at the end of the month.
            at: row of the arrays; below 0 nothing is recorded, but the month is remembered.
            counted: (F,) firms above scale.
        """
        change, investment = self.legacy.step(state), invested(state, self.spent)
        self.spent = state.projects.spent.copy()
        if at < 0:
            return
        self.arrays["legacy_change"][at], self.arrays["investment"][at] = change, investment
        self._sales(state, at, counted)
        self._projects(state, at)
        self._firms(state, at)
        if state.month % YEAR == 0:
            self._december(state, at, counted)

    def _sales(self, state: State, at: int, counted: Bools) -> None:
        """Value added at double deflation, exports, and what households buy of home producers."""
        a, firms, table, price = self.arrays, state.firms, the_table(state), state.markets.price
        shape = a["exports"].shape[1:]
        added = np.where(counted, table.firm_value_added, 0.0)
        a["value_added_above_scale_double"][at] = sum_by(firms.node, added, state.node_count).reshape(shape)
        outside = table.final[:, OUTSIDE].reshape(shape)
        sold = exports(table.output.reshape(shape), np.maximum(outside, 0.0), self.export_share)
        a["exports"][at], a["exports_nominal"][at] = sold, sold * price
        a["household_purchases"][at] = table.final[:, HOUSEHOLD].reshape(shape)

    def _projects(self, state: State, at: int) -> None:
        """Stages by part of industry, announced output, money signed, and how long things took."""
        a, projects, month = self.arrays, state.projects, state.month
        shape, cluster = (len(Stage), self.clusters), self.cluster[projects.product]
        cell, size = projects.stage * self.clusters + cluster, len(Stage) * self.clusters
        a["cluster_projects"][at] = sum_by(cell, promoted(projects).astype(float), size).reshape(shape)
        a["announced_output"][at] = sum_by(cell, projects.announced_output, size).reshape(shape)
        new = projects.signed == month
        a["signed_investment"][at] = sum_by(projects.channel[new], projects.investment[new], len(Channel))
        for name, end, start in (
            ("started_after", projects.built, projects.signed),
            ("produced_after", projects.done, projects.built),
        ):
            now = np.flatnonzero((end == month) & (projects.forced_work != BEFORE_OPENING))
            a[name][at] = months_passed(projects.channel[now], month - start[now])

    def _firms(self, state: State, at: int) -> None:
        """Firms that produce, and firms by quality; plants of leaders, fringe rows and blocks left out of the first."""
        a, firms, products = self.arrays, state.firms, state.world.product_count
        listed = np.flatnonzero(firms.alive & ~firms.block & ~firms.fringe)
        a["firms_by_tier"][at] = tier_counts(
            firms.quality[listed], self.cluster[firms.product[listed]], self.tiers, self.clusters
        )
        working = listed[(firms.output[listed] > 0) & (firms.leader[listed] < 0)]
        new = working[~firms.opening[working]]
        for name, rows in (("firms_producing", working), ("new_firms_producing", new)):
            a[name][at] = np.bincount(firms.product[rows], minlength=products)

    def _december(self, state: State, at: int, counted: Bools) -> None:
        """Coverage of the cell makers and sizes of firms."""
        a, firms, products = self.arrays, state.firms, state.world.product_count
        bought, output = cell_purchases(state)
        if output > 0:
            a["local_share_goods"][at] = local_share_of_goods(state, bought)
            a["local_content"][at] = local_content(state, bought, output)
        jobs = staff(firms, firms.output)
        total = sum_by(firms.product, jobs, products)
        rows = np.flatnonzero(~firms.block & ~firms.fringe)
        a["herfindahl"][at] = np.where(state.world.agent, herfindahl(firms.product[rows], jobs[rows], total), np.nan)
        a["size_exponent"][at] = hill_exponent(firms.output[counted & ~firms.block])
