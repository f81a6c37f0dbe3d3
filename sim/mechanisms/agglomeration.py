"""Agglomeration: productivity from a national trend, clusters, linked neighbours, a new leader, and crowding.

Model description, section 9.15::

    d ln A_i = g_A/12 + gamma_L d ln(e + E_pk,-i) + gamma_U d ln(e + E_c,linked(k))
               + (gamma_S/m_S) link_i 1[age of the leader in the county < m_S]
               - gamma_C d[min((dens_p/dens* - 1)^+, 2)^2]
    E(t) = E(t-1) + (staff - E(t-1)) / m_E                 jobs that the neighbours have got used to
    E_pk,-i = jobs of product k in park p without those of i itself
    E_c,linked(k) = sum_q omega_kq E_cq ,  omega_kk = 0
    omega_kq = (share of q in the inputs of k + share of q in the sales of k) / 2
    dens_p = jobs in the park / occupied land

Every term but the leader's is a difference, so productivity depends on where jobs stand now and not on the way there:
a cluster that comes and goes leaves nothing behind.

Choices of this project:

- *The trend is shared.* The column A of a firm is measured against a frontier plant, at home and abroad alike, and g_A
  moves the frontier. So it cancels in relative costs, in the orders of outside buyers and in capacity, and shows where
  it must: in the labour that a unit of output takes, which falls by g_A a year for firms and for whoever enters. In A
  itself it would make home firms ever cheaper than the rest of the world and, as outside orders are proportional to
  capacity, let them sell g_A a year more with nobody investing: growth put in by hand. Besides, the learning of 9.2 is
  a fall of the whole cost with all progress in it, so a trend in the frontier cost would count twice; and labour-
  saving progress leaves capital per output and the announced capacity of a plant where they are. Blocks have no trend:
  the figure is one of manufacturing.
- *Neighbours, not oneself.* A firm alone in its park is no cluster, and a plant that runs in would otherwise read its
  own ramp as a gain.
- *A floor e under the logarithm.* The elasticities were measured between places that have an industry; one neighbour
  that comes to an empty place would else be an infinite gain. With the floor, neighbours with 250 jobs in an empty
  place give gamma_L ln 2 (3.5 %). A product that was not there before starts from a difference of 0.
- *Getting used takes time.* Births, exits and the orders of a month change jobs at once; what neighbours know of each
  other does not change so fast. Half of a change has arrived after eight months. A memory of one month
  takes changes at once.
- *Linked jobs count in the county*, by the opening table, among products made by firms: suppliers come from further
  than the next street (the parks of a county share their travel times here), and block rows have no site.
- *The leader's spill-over* goes to firms that were in the county before the leader's first plant there and whose
  product is the leader's, or is bought or sold along the chain with it. Greenstone, Hornbeck and Moretti (2010)
  compare incumbents of counties that won a large plant with those of the runner-up: 12 % after five years, more for
  plants near in technology and labour, with little sign that sales to the plant matter. So sales do not enter. A
  second plant of the leader in the county, or a second leader at the same time, adds nothing.
- *Crowding* counts jobs on occupied land. A park three times as dense as the threshold is as crowded as can be, for
  nothing is known beyond. Town plots are a park like others. Fringe rows have no land: they neither crowd nor feel it,
  and their neighbours are those of the town plots of their county.

Reads output, firms, parks, table of the opening. Writes: frontier_growth, cluster_growth, settled_jobs, crowding.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Parameters, parameter
from sim.state import YEAR, Firms, State, Technology
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_EXCESS = 2.0
"""Excess of a park's density over the threshold, in thresholds, from which it is as crowded as can be; assumption."""

NEVER = np.iinfo(np.int64).max // 2
"""Month of arrival of a leader that has no plant in a county."""


class Agglomeration(Parameters):
    """National trend of productivity, elasticities to jobs nearby, spill-over of leaders, crowding."""

    table: ClassVar[str] = "agglomeration"

    productivity_growth: float = parameter(
        0.015,
        symbol="g_A",
        unit="per year, shared with plants outside",
        low=0.0,
        high=0.035,
        grade="assumed",
        source="published 2.85%/yr gross-output TFP incumbents 1998-2007 (Brandt et al. 2012); lower now assumption",
        published="2012",
    )
    density: float = parameter(
        0.05,
        symbol="gamma_L",
        unit="elasticity of productivity to cluster employment",
        low=0.0,
        high=0.12,
        grade="derived",
        source=(
            "meta-analysis 0.071 non-high income; China wages 0.19 (Chauvin et al. 2017); 0.02 is the "
            "least that is likely, 0 switches it off"
        ),
        published="2017",
    )
    upstream: float = parameter(
        0.03,
        symbol="gamma_U",
        unit="elasticity to linked local employment",
        low=0.0,
        high=0.06,
        grade="assumed",
        source="direction: Hu et al. 2015",
        published="2015",
    )
    leader_spill: float = parameter(
        0.06,
        symbol="gamma_S",
        unit="incumbent TFP gain over leader_age_max",
        low=0.0,
        high=0.12,
        grade="derived",
        source="Greenstone, Hornbeck & Moretti 2010 12%",
        published="2010",
    )
    congestion: float = parameter(
        0.04,
        symbol="gamma_C",
        unit="TFP loss at density twice threshold",
        low=0.0,
        high=0.1,
        grade="assumed",
        source="direction: inverted U (Lin, Li & Yang 2011)",
        published="2011",
    )
    density_threshold: float = parameter(
        4.0,
        symbol="dens_star",
        unit="jobs per occupied mu",
        low=2,
        high=8,
        grade="assumed",
        source="Cheliwan plan gives 6,000 / 2,316 = 2.6 jobs per mu; the threshold above it is assumed",
        newest_fact="2020-02",
    )
    leader_age_max: float = parameter(
        60.0,
        symbol="m_S",
        unit="months",
        low=36,
        high=84,
        grade="derived",
        source="five years in Greenstone, Hornbeck & Moretti 2010",
        published="2010",
    )
    memory: float = parameter(
        12.0,
        symbol="m_E",
        unit="months in which neighbours get used to jobs; 1 = at once",
        low=1,
        high=60,
        grade="assumed",
        source="assumption",
    )
    floor: float = parameter(
        250.0,
        symbol="e",
        unit="jobs added under the logarithm",
        low=10,
        high=2000,
        grade="assumed",
        source="assumption; about the staff of one average above-scale firm",
    )


def link_shares(technology: Technology, agent: Bools) -> Floats:
    """(K, K) omega_kq: mean of the share of q in the inputs and in the sales of k, own product and blocks left out.

    Args:
        technology: home input coefficients and output shares of the products.
        agent: (K,) products made by firms.
    """
    size = len(agent)
    inputs = np.where(agent[:, None] & agent[None, :], technology.inputs[:, :size], 0.0)
    inputs = np.maximum(np.where(np.eye(size, dtype=bool), 0.0, inputs), 0.0)
    bought, sold = inputs.T, inputs * technology.national_share[None, :]
    upstream, downstream = (
        np.divide(flow, total, out=np.zeros((size, size)), where=total > 0)
        for flow, total in ((each, each.sum(axis=1, keepdims=True)) for each in (bought, sold))
    )
    return np.asarray((upstream + downstream) / 2.0)


def chain_ties(linked: Bools) -> Bools:
    """(K, K) symmetric: the same product, or one buys from the other along a chain."""
    return np.asarray(linked | linked.T | np.eye(len(linked), dtype=bool))


def places(firms: Firms, world: World) -> Ints:
    """(F,) park of a row; fringe rows stand with the town plots of their county, which come last among the parks."""
    town = len(world.parks) - world.county_count + firms.county
    return np.where(firms.park >= 0, firms.park, town)


def excess(density: Floats, threshold: float) -> Floats:
    """Crowding min((dens/dens* - 1)^+, 2)^2 of parks with a density in jobs per occupied mu."""
    return np.asarray(np.clip(density / threshold - 1.0, 0.0, MOST_EXCESS) ** 2)


def crowding(jobs: Floats, firms: Firms, occupied: Floats, threshold: float) -> Floats:
    """(P,) crowding of the parks, 0 where nothing stands; a closed firm leaves jobs and land together.

    Args:
        jobs: (F,) jobs.
        firms: for the parks.
        occupied: (P,) mu.
        threshold: dens*, jobs per mu.
    """
    total = sum_by(firms.park + 1, np.where(firms.alive, jobs, 0.0), len(occupied) + 1)[1:]  # park -1: no land
    return excess(np.divide(total, occupied, out=np.zeros(len(total)), where=occupied > 0), threshold)


def cluster_log(jobs: Floats, cell: Ints, cells: int, floor: float) -> Floats:
    """(F,) ln(e + jobs of the other rows in the cell of each row).

    Args:
        jobs: (F,) jobs.
        cell: (F,) park x product.
        cells: number of cells.
        floor: e, jobs.
    """
    others = sum_by(cell, jobs, cells)[cell] - jobs
    return np.asarray(np.log(floor + np.maximum(others, 0.0)))


def linked_log(jobs: Floats, node: Ints, shape: tuple[int, int], shares: Floats, floor: float) -> Floats:
    """(C, K) ln(e + jobs in linked products of the county).

    Args:
        jobs: (F,) jobs.
        node: (F,) county-node.
        shape: counties, products.
        shares: (K, K) omega.
        floor: e, jobs.
    """
    by_product = sum_by(node, jobs, shape[0] * shape[1]).reshape(shape)
    return np.asarray(np.log(floor + by_product @ shares.T))


def arrivals(firms: Firms, leaders: int, counties: int) -> Ints:
    """(G, C) month in which the first plant of a leader in a county began to work (:data:`NEVER` without one)."""
    month = np.full((leaders, counties), NEVER)
    own = firms.alive & (firms.leader >= 0)
    np.minimum.at(month, (firms.leader[own], firms.county[own]), firms.birth[own])
    return month


def spill_receivers(firms: Firms, month: int, arrived: Ints, tied: Bools, span: float) -> Bools:
    """(F,) incumbents of a county with a young leader whose product is tied to the leader's.

    Args:
        firms: county, product and month of birth.
        month: months since the opening.
        arrived: (G, C) first month of each leader in each county.
        tied: (G, K) whether a product is tied to the leader's.
        span: m_S, months.
    """
    young = (month - arrived >= 0) & (month - arrived < span)
    teaches = young[:, :, None] & tied[:, None, :]
    latest = np.where(teaches, arrived[:, :, None], -NEVER).max(axis=0)  # (C, K) who was there before learns
    return np.asarray(firms.birth < latest[firms.county, firms.product])


class Clusters:
    """Growth of the frontier, and what a place adds to or takes from the productivity of its firms."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("frontier_growth", "cluster_growth", "settled_jobs", "crowding")

    def __init__(self, settings: Agglomeration, technology: Technology, world: World, *, flat: bool = False) -> None:
        """Keep the parameters and the weights of the table.

        Args:
            settings: parameters of this table.
            technology: opening table.
            world: products and parks.
            flat: whether the outside world stands still; then its frontier does too.
        """
        self.settings, self.world = settings, world
        self.trend = 0.0 if flat else settings.productivity_growth
        self.shares = link_shares(technology, world.agent)
        self.ties = chain_ties(technology.linked)

    def step(self, state: State, streams: Streams) -> None:
        """Settle jobs, take differences of their logs, add the spill-over, subtract crowding."""
        del streams
        p, firms, world, boards = self.settings, state.firms, self.world, state.boards
        boards.frontier_growth = np.where(world.agent, self.trend / YEAR, 0.0)
        old = firms.settled_jobs
        made = np.where(firms.block, 0.0, firms.staff)
        new = old + (made - old) / p.memory
        boards.settled_jobs = new
        boards.crowding = crowding(new, firms, state.parks.occupied, p.density_threshold)
        products = world.product_count
        cell, cells = places(firms, world) * products + firms.product, len(world.parks) * products
        shape = (world.county_count, products)
        own = cluster_log(new, cell, cells, p.floor) - cluster_log(old, cell, cells, p.floor)
        linked = linked_log(new, firms.node, shape, self.shares, p.floor)
        linked = linked - linked_log(old, firms.node, shape, self.shares, p.floor)
        arrived = arrivals(firms, len(state.leaders), world.county_count)
        tied = self.ties[state.leaders.product]
        spill = spill_receivers(firms, state.month, arrived, tied, p.leader_age_max)
        here = firms.park >= 0
        crowded = np.where(here, (boards.crowding - state.parks.crowding)[firms.park], 0.0)
        growth = p.density * own + p.upstream * linked.reshape(-1)[firms.node]
        growth = growth + p.leader_spill / p.leader_age_max * spill - p.congestion * crowded
        boards.cluster_growth = np.where(firms.alive & ~firms.block, growth, 0.0)


def settle_opening(state: State, settings: Agglomeration) -> None:
    """Jobs and crowding that the opening position is used to: those of its own month.

    Args:
        state: the opening position with its output; gets the settled jobs of the firms and the crowding of the parks.
        settings: parameters.
    """
    firms, parks = state.firms, state.parks
    firms.settled_jobs = np.where(firms.block, 0.0, firms.staff)
    parks.crowding = crowding(firms.settled_jobs, firms, parks.occupied, settings.density_threshold)
