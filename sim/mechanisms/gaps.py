"""The gap map: what targeted promotion knows about the chains around the leaders (model description, section 9.4).

For every node k, in bn yuan a year::

    gap_k = [sum_g E need_k(t+18) - phi_max (operating + pipeline capacity_k)]^+
    upg_k = min(sum_g need_k, phi_max operating capacity_k) (1 - qbar_k)
    ext_k = [chi_k x leader output usable downstream - what operating and coming plants of k use]^+

Choice: only what home plants can supply can be strengthened; need that nobody serves is a gap, and counting it as lack
of quality too made strengthening a second supplementing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.leaders import Leaders, announced_output, growth_of_orders
from sim.mechanisms.prices import lasting_inputs
from sim.mechanisms.production import leading_rows
from sim.state import YEAR, Stage, State, read_once
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BILLION = 1000.0
"""M yuan in a bn yuan."""

PROCUREMENT_MONTHS = 24


NEED_MONTHS = 18
"""Horizons of planned procurement (channel L) and of need (gap); model description, section 9.4."""


@dataclass(frozen=True)
class GapMap:
    """What targeted promotion knows about the chains, bn yuan a year by node (K,)."""

    need: Floats
    gap: Floats
    upgrade: Floats
    extend: Floats
    procurement: Floats


def gap_map(state: State, propensity: float, cross_chain: Mapping[str, float], devoted: float) -> GapMap:
    """Needs, gaps, upgrading and extension of the chains around the leaders.

    Args:
        state: firms, leaders and projects.
        propensity: chi, share of leader output open to local processing.
        cross_chain: share of a leader's plan that counts as demand for a node of another chain, by SOURCE.TARGET.
        devoted: phi_max, share of supplier capacity that leaders can count on.
    """
    world, inputs = state.world, lasting_inputs(state)
    size = world.product_count
    agent = np.arange(size) < world.agent_count
    now, growth = leader_outlook(state)
    later = now * (1.0 + growth) ** (NEED_MONTHS / YEAR)
    far = now * (1.0 + growth) ** (PROCUREMENT_MONTHS / YEAR)
    column = inputs[:, state.leaders.product]
    need = column @ later * agent / BILLION
    operating = capacity_by_product(state)
    coming = pipeline_by_product(state)
    gap = np.maximum(need - devoted * (operating + coming) / BILLION, 0.0)
    quality = mean_quality(state)
    served = np.minimum(column @ now * agent, devoted * operating)
    upgrade = served / BILLION * (1.0 - quality)
    made = np.unique(state.leaders.product)  # leaders that make the same have their users in common
    usable = extension(state, made, sum_by(state.leaders.product, now, size)[made], propensity).sum(axis=0)
    planned = np.maximum(far - leader_output(state), 0.0)  # a leader that starts buys all of it anew
    extra = column @ planned * agent
    by_product = sum_by(state.leaders.product, planned, size)
    for key, share in cross_chain.items():
        source, target = (world.product(code) for code in key.split("."))
        extra[target] += share * by_product[source]
    return GapMap(need, gap, upgrade, usable / BILLION, extra / BILLION)


def extension(state: State, product: Ints, output: Floats, propensity: float, part: Floats | float = 1.0) -> Floats:
    """(n, K) output open to local processing that no plant here or coming uses, by product of the user, M yuan a year.

    Args:
        state: firms and projects.
        product: (n,) products that leaders make.
        output: (n,) annual output of each, M yuan.
        propensity: chi, share of it open to local processing.
        part: (n,) or one number, share of the use of each product that falls on this output.
    """
    world, size = state.world, state.world.product_count
    agent = np.arange(size) < world.agent_count
    uses = lasting_inputs(state)[product, :size] * agent
    use = uses * np.reshape(part, (-1, 1)) * (capacity_by_product(state) + pipeline_by_product(state))
    left = propensity * output[:, None] - use
    open_ = (uses > 0) & world.chain_product & (np.arange(size) != product[:, None])
    return np.where(open_, np.maximum(left, 0.0), 0.0)


@read_once
def leader_output(state: State) -> Floats:
    """(G,) annual output of leaders' home plants, M yuan."""
    firms = state.firms
    live = leading_rows(state) & firms.alive
    return sum_by(firms.leader[live], firms.output[live] * YEAR, len(state.leaders))


@read_once
def coming_output(state: State) -> Floats:
    """(G,) annual output announced by leaders' plants under way, M yuan, as far as it counts before they produce."""
    return state.scenario[Leaders].starting_share * announced_output(state)


@read_once
def leader_outlook(state: State) -> tuple[Floats, Floats]:
    """(G,) annual output of leaders (M yuan) and its expected annual growth.

    A leader that does not produce yet counts with a share of what it builds (one half by default) and reaches all of it
    in two years. Growth is that of orders, or that which plants under way imply, whichever is larger.
    """
    settings = state.scenario[Leaders]
    share = settings.starting_share
    now, coming = leader_output(state), coming_output(state)
    growth = growth_of_orders(int(settings.expect_window))(state)  # promoters read orders as leaders do
    starting = (now <= 0) & (coming > 0)
    growth = np.maximum(growth, coming_growth(now, coming / share))
    return np.where(starting, coming, now), np.where(starting, np.sqrt(1.0 / share) - 1.0, growth)


def coming_growth(now: Floats, coming: Floats) -> Floats:
    """(G,) annual growth implied by plants under way if they stand in two years; 0 without plants."""
    return np.asarray(np.where(now > 0, np.sqrt(1.0 + coming / np.where(now > 0, now, 1.0)) - 1.0, 0.0))


def capacity_by_product(state: State) -> Floats:
    """(K,) annual capacity of operating home firms, M yuan."""
    firms = state.firms
    counted = firms.alive & ~firms.block
    return sum_by(firms.product, firms.capacity * YEAR * counted, state.world.product_count)


def pipeline_by_product(state: State) -> Floats:
    """(K,) annual output announced by projects that are signed and not yet done, M yuan."""
    projects = state.projects
    coming = (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD)
    return sum_by(projects.product[coming], projects.announced_output[coming], state.world.product_count)


def mean_quality(state: State) -> Floats:
    """(K,) capacity-weighted quality of operating home firms; 0.5 where there are none."""
    firms, size = state.firms, state.world.product_count
    capacity = firms.capacity * (firms.alive & ~firms.block)
    weight, total = sum_by(firms.product, capacity, size), sum_by(firms.product, capacity * firms.quality, size)
    return np.asarray(np.divide(total, weight, out=np.full(size, 0.5), where=weight > 0))


def jobs_by_product(state: State) -> Floats:
    """(K,) persons at work in operating home firms."""
    firms = state.firms
    return sum_by(firms.product, firms.staff * (firms.alive & ~firms.block), state.world.product_count)


def sponsors(state: State, product: Ints) -> Ints:
    """Leader with the largest need for each product, -1 where no leader needs it."""
    now = leader_output(state)
    need = lasting_inputs(state)[:, state.leaders.product] * np.where(now > 0, now, coming_output(state))[None, :]
    best = need.argmax(axis=1)
    return np.asarray(np.where(need.max(axis=1) > 0, best, -1)[product])
