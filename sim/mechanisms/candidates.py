"""Candidates: the month's pool of possible projects, drawn before any policy is read (model description, section 5).

The count of each channel and node is Poisson with f_pool times the reference rate; every candidate takes the next
slot and draws all its luck at once: size, quality, work, and that of being kept, signed, failing, of its place.
Policies steer candidates, they do not create different ones; two scenarios of one seed meet the same candidates.

Writes: candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.state import YEAR, Candidates, Channel, State

if TYPE_CHECKING:
    from sim.mechanisms.promotion import Promotion

Floats = NDArray[np.float64]

REFERENCE_LEADER_JOBS = 10_000.0
"""Leader jobs in the reference rate of spin-offs (model description, section 5)."""


def reference_rates(
    promotion: Promotion, national: Floats, related: Floats, legacy_firms: Floats, share_of_size: Floats, agents: int
) -> Floats:
    """(6, K) reference lead rates a month by channel: effort eref, J = 0 and a bracket of 1 (section 5).

    Args:
        promotion: parameters.
        national: (K,) share of a node in national output of agent products.
        related: (K,) share of a node in leaders' purchases from agent nodes.
        legacy_firms: (K,) opening firms of legacy nodes, 0 elsewhere.
        share_of_size: (K,) mean project of a node over the usual one; two halves fill the gap that one would.
        agents: number of agent products.
    """
    size = len(national)
    agent = np.arange(size) < agents
    rates = np.zeros((6, size))
    rates[Channel.LEADER] = promotion.lead_rate_leader * agent / share_of_size
    rates[Channel.CHAIN] = promotion.lead_rate_chain * agent / share_of_size
    rates[Channel.CLUSTER] = promotion.lead_rate_cluster * agent
    rates[Channel.UNPLANNED] = promotion.lead_rate_bump * national
    rates[Channel.SPINOFF] = promotion.spinoff_rate / YEAR * REFERENCE_LEADER_JOBS / 1000.0 * related
    rates[Channel.NORMAL] = promotion.normal_entry / YEAR * legacy_firms
    return rates


def share_of_size(state: State, usual: float) -> Floats:
    """(K,) mean project of a chain product over the usual one of ``usual`` M yuan; 1 for other products."""
    return np.where(state.world.chain_product, state.technology.project_size / usual, 1.0)


def related_nodes(state: State) -> Floats:
    """(K,) share of each agent node in the purchases of the opening leaders' industries from agent nodes."""
    size, agents = state.world.product_count, state.world.agent_count
    products = np.unique(state.leaders.product[state.leaders.active])
    bought = state.technology.inputs[:, products].sum(axis=1)
    bought = np.where(np.arange(size) < agents, bought, 0.0)
    return np.asarray(bought / bought.sum())


class CandidatePool:
    """Draws the month's candidates and their luck before any policy is read."""

    phase: ClassVar[Phase] = Phase.WORLD
    writes: ClassVar[tuple[str, ...]] = ("candidates",)

    def __init__(self, promotion: Promotion, rates: Floats, work_variation: float, ground_variation: float) -> None:
        """Keep the parameters.

        Args:
            promotion: parameters of that table.
            rates: (6, K) reference rates.
            work_variation: coefficient of variation of the luck of construction work.
            ground_variation: coefficient of variation of the luck of requisition.
        """
        self.promotion, self.rates = promotion, rates
        self.work_variation, self.ground_variation = work_variation, ground_variation

    def step(self, state: State, streams: Streams) -> None:
        """Poisson counts by channel and node; every candidate takes a slot and all its luck at once."""
        month = state.month
        counts = streams.draw("promotion.pool", month).poisson(self.promotion.pool_factor * self.rates)
        channel, product = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
        size = len(channel)
        luck = streams.draw("promotion.luck", month).random((size, 7))
        normal = streams.draw("promotion.normal", month).standard_normal((size, 2))
        shape = 1.0 / self.work_variation**2
        work = streams.draw("promotion.work", month).gamma(shape, 1.0 / shape, size)
        ground = 1.0 / self.ground_variation**2
        requisition = streams.draw("promotion.requisition", month).gamma(ground, 1.0 / ground, size)
        taste = streams.draw("promotion.taste", month).random((size, len(state.parks.planned)))
        state.boards.candidates = Candidates(
            channel=channel,
            product=product,
            slot=state.slots + np.arange(size),
            keep=luck[:, 0],
            sign=luck[:, 1],
            fail=luck[:, 2],
            size=normal[:, 0],
            quality=luck[:, 3],
            work=work,
            requisition=requisition,
            graft=luck[:, 4],
            place=luck[:, 5],
            order=luck[:, 6],
            productivity=normal[:, 1],
            taste_luck=taste,
        )
