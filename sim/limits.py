"""What limits growth: the output that was missing in a month, and what it waited for (model description, section 3.5).

Three bodies of output, each counted once, M yuan a month at 2018 prices (c capacity of the capital in place, e the part
of it that staff and energy allow, o orders of the month, n capacity once run in, z output)::

    rows       idle_i = (c_i - o_i)^+ ;  cut_i = min(c_i, o_i) - min(e_i, o_i) ;  starved_i = min(e_i, o_i) - z_i
               young_i = (min(o_i, n_i) - c_i)^+ ;  short_i = (o_i - n_i)^+
    projects   coming_j = announced annual output / 12 of every project from signing to the last month of building
    purchases  bought_k = chain goods that chain industries buy outside, less what home plants were asked for in vain
               lacking_k = (bought_k - sum idle_i of k)^+
    missing_k = sum (idle + cut + starved + young) + max(sum short + lacking_k, coming_k)

Short orders and lacking suppliers are first met by what is coming: both are scaled by
(1 - coming / (short + lacking))^+, and the coming output stands in full with what holds it up. So every yuan has one
limit, and the limits add up to missing_k. Idle capacity of a chain product counts as *sourcing* up to what is bought
outside (potential less realised local purchases) and as *demand* beyond. Nothing here feeds back into decisions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.shares import share
from sim.mechanisms.construction import Construction, pace
from sim.mechanisms.firms import Firms
from sim.mechanisms.production import ramp
from sim.settings import Projects
from sim.state import YEAR, Boards, Stage, State, trailing_mean
from sim.sums import extended, sum_by
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIMITS: Mapping[str, str] = {
    "demand": "nobody orders what plants could make",
    "sourcing": "chain buyers still buy outside what home plants could deliver",
    "suppliers": "chain buyers buy outside what no home plant makes; plants short of inputs",
    "land": "projects wait for developed land; firms' expansion cut for want of it",
    "public money": "projects wait for land whose development the county cannot pay",
    "permits": "projects in requisition and permits",
    "builders": "building slowed for want of builders",
    "building": "signed this month, being built, or being run in",
    "labour": "plants without the staff for their orders",
    "energy": "plants without the energy for their orders",
    "margins": "full order books, but margins below the hurdle of investment",
    "pace": "full order books and good margins, but expansion takes time; the smallest firms do not expand",
    "leaders": "orders of lead firms (backlog left out) beyond their plants, and no plant decided here",
}
"""Every limit with what it means, in the order of the record."""

REASONS = ("land", "margins", "pace", "leaders")
"""Limits that explain why capacity short of orders did not grow."""

ROW_LIMITS = {"suppliers": "starved", "building": "young", "labour": "labour", "energy": "energy"}
"""Limits of plants at work, and the part of :func:`row_limits` that goes to each."""

TOLERANCE = 1e-6
"""Share of capacity below which output short of orders is rounding of the joint solve (numerical safety)."""

OTHER = "other"
"""Group of the products outside the four chains."""


def groups(world: World) -> tuple[str, ...]:
    """Names of the product groups: the chains and the rest."""
    return (*world.chains, OTHER)


def group_of(world: World) -> Ints:
    """(K,) group of each product."""
    return np.where(world.chain >= 0, world.chain, len(world.chains))


def row_limits(
    full: Floats, staff: Floats, energy: Floats, asked: Floats, run_in: Floats, output: Floats
) -> dict[str, Floats]:
    """The missing output of plants that operate, by what bounds it, before the reasons of short capacity.

    Args:
        full: (F,) capacity of the capital in place, M yuan a month.
        staff: (F,) share of it that staff allows, 0-1.
        energy: (F,) share of it that energy allows, 0-1.
        asked: (F,) orders of the month, at least the output.
        run_in: (F,) capacity once the plant is run in, at least ``full``.
        output: (F,) output.

    Returns:
        (F,) each: idle, labour, energy, starved, young and short, all at least 0; their sum is
        max(full, asked) - output.
    """
    able = full * staff * energy
    cut = np.minimum(full, asked) - np.minimum(able, asked)
    by_staff, by_energy = -np.log(np.maximum(staff, 1e-9)), -np.log(np.maximum(energy, 1e-9))
    both = by_staff + by_energy
    labour = cut * np.divide(by_staff, both, out=np.zeros(len(cut)), where=both > 0)
    young = np.maximum(np.minimum(asked, run_in) - full, 0.0)
    beyond = np.maximum(asked - full, 0.0)
    return {
        "idle": np.maximum(full - asked, 0.0),
        "labour": labour,
        "energy": cut - labour,
        "starved": np.maximum(np.minimum(able, asked) - output, 0.0),
        "young": young,
        "short": beyond - young,
    }


def land_cut(wished: Floats, granted: Floats) -> Floats:
    """(F,) share of the wished expansion that land did not allow, 0-1; 0 where nothing was wished."""
    kept = np.divide(granted, wished, out=np.ones(len(wished)), where=wished > 0)
    return np.clip(1.0 - kept, 0.0, 1.0)


class MissingOutput:
    """Observes the limits of a month.

    Args:
        state: for the fixed sets and the parameters.
    """

    def __init__(self, state: State) -> None:
        world, scenario = state.world, state.scenario
        self.group = group_of(world)
        self.size = len(world.chains) + 1
        self.member = np.eye(self.size)[self.group]
        self.chain = np.flatnonzero(world.chain_product)
        self.cells = np.ix_(self.chain, np.arange(world.county_count), self.chain)
        self.linked = state.technology.linked[np.ix_(self.chain, self.chain)][:, None, :].astype(float)
        self.hurdle, self.ramp_tau = scenario[Firms].margin_hurdle, scenario[Projects].ramp_tau
        self.construction = scenario[Construction]

    def of(self, state: State) -> Floats:
        """(C, groups, limits) missing output of the month, M yuan at 2018 prices.

        Read after the last phase, from stocks, table and boards of the month.
        """
        rows = self._rows(state)
        idle, short = rows.pop("idle"), rows.pop("short")
        bought = self._bought(state)
        all_idle, outside = idle.sum(axis=0), bought.sum(axis=0)
        lacking = np.maximum(outside - all_idle, 0.0)
        coming, found = self._projects(state)
        left = 1.0 - np.minimum(1.0, share(coming, short.sum(axis=0) + lacking))
        reasons = {name: rows.pop(name) for name in REASONS}
        found |= {name: found.get(name, 0.0) + amount for name, amount in rows.items()}
        found |= {name: found.get(name, 0.0) + amount * left for name, amount in reasons.items()}
        found["sourcing"] = idle * np.minimum(1.0, share(outside, all_idle))
        found["demand"] = idle - found["sourcing"]
        found["suppliers"] = found["suppliers"] + bought * share(lacking * left, outside)
        counties, size = state.world.county_count, self.size
        cells = np.array([found[name] for name in LIMITS]).reshape(-1, len(self.group))
        return np.asarray((cells @ self.member).reshape(len(LIMITS), counties, size).transpose(1, 2, 0))

    def _rows(self, state: State) -> dict[str, Floats]:
        """(C, K) missing output of the plants that could produce this month: idle, short, its reasons, and the rest."""
        firms, boards, size = state.firms, state.boards, state.node_count
        shape = (state.world.county_count, state.world.product_count)
        assert boards.capacity is not None
        rows = np.flatnonzero((boards.capacity > 0) & ~firms.block)
        full, output = boards.capacity[rows], firms.output[rows]
        asked = np.maximum(fresh_orders(state)[rows], output)
        factors = [_factor(boards, name, rows) for name in ("staff_factor", "energy_factor")]
        able = full * factors[0] * factors[1]
        tight = np.flatnonzero((asked > able) | (np.minimum(able, asked) - output > TOLERANCE * full))
        own = rows[tight]
        parts = row_limits(
            full[tight], factors[0][tight], factors[1][tight], asked[tight], self._run_in(state, own, full[tight]),
            output[tight],
        )  # fmt: skip
        idle = np.maximum(full - asked, 0.0)
        node = firms.node[own]
        found = {"idle": sum_by(firms.node[rows], idle, size), "short": sum_by(node, parts["short"], size)}
        for name, reason in self._reasons(state, own).items():
            found[name] = sum_by(node, parts["short"] * reason, size)
        for limit, name in ROW_LIMITS.items():
            found[limit] = sum_by(node, parts[name], size)
        return {name: amount.reshape(shape) for name, amount in found.items()}

    def _run_in(self, state: State, rows: Ints, full: Floats) -> Floats:
        """Capacity of rows once they are run in, M yuan a month; plants of the opening are."""
        firms = state.firms
        age = (state.month - firms.birth[rows] + 1).astype(float)
        return full / np.where(firms.opening[rows], 1.0, ramp(age, self.ramp_tau))

    def _bought(self, state: State) -> Floats:
        """(C, K) chain goods that the chain industries of a county buy outside, without orders refused at home."""
        world, table, firms = state.world, state.table, state.firms
        assert table is not None
        counties, products = world.county_count, world.product_count
        cube = table.outside_inputs.reshape(products, counties, products)
        bought = np.zeros((counties, products))
        bought[:, self.chain] = (cube[self.cells] * self.linked).sum(axis=2).T
        rows = np.flatnonzero((table.served < 1.0) & (table.served > 0.0))
        refused = sum_by(firms.product[rows], firms.output[rows] * (1.0 / table.served[rows] - 1.0), products)
        return np.asarray(bought * (1.0 - np.minimum(1.0, share(refused, bought.sum(axis=0)))))

    def _reasons(self, state: State, rows: Ints) -> dict[str, Floats]:
        """Why the capacity of rows that are short did not grow: shares that sum to 1 in every row."""
        firms, boards = state.firms, state.boards
        leader, fringe = firms.leader[rows] >= 0, firms.fringe[rows]
        poor = ~leader & ~fringe & (trailing_mean(firms.margin12)[rows] <= self.hurdle)
        land = np.zeros(len(rows))
        if boards.expansion_wished is not None and boards.investment is not None and boards.scrapped is not None:
            granted = boards.investment[rows] - boards.scrapped[rows]  # whoever expands also replaces
            land = np.where(leader | fringe | poor, 0.0, land_cut(boards.expansion_wished[rows], granted))
        pace_of_firms = np.where(leader | poor, 0.0, 1.0 - land)
        return dict(zip(REASONS, (land, poor.astype(float), pace_of_firms, leader.astype(float)), strict=True))

    def _projects(self, state: State) -> tuple[Floats, dict[str, Floats]]:
        """(K,) output that is coming, M yuan a month, and (C, K) the parts of it that each limit holds up."""
        projects, progress, shape = state.projects, state.boards.work_progress, (state.world.county_count, -1)
        jobs = np.flatnonzero((projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD))
        amount, stage, county = projects.announced_output[jobs] / YEAR, projects.stage[jobs], projects.county[jobs]
        node = county * state.world.product_count + projects.product[jobs]
        waits = (stage == Stage.SIGNED) & (projects.graft[jobs] < 0) & (projects.land_held[jobs] <= 0)
        waits &= projects.signed[jobs] < state.month
        queue = sum_by(county[waits], projects.land[jobs][waits], state.world.county_count)
        unpaid = np.where(waits, np.minimum(1.0, share(unpaid_development(state), queue))[county], 0.0)
        paper = stage == Stage.LAND
        slow = np.zeros(len(jobs))
        if progress is not None:
            work = extended(progress, len(projects))[jobs]  # whoever moves for land reform signs after BUILD
            speed = pace(projects.service[jobs], state.markets.rain[county], self.construction)
            wished = np.minimum(speed, projects.work_left[jobs] + work)
            free = (stage == Stage.BUILD) & (projects.forced_production[jobs] < 0)
            free &= projects.built[jobs] < state.month  # work starts in the month after
            slow[free] = np.clip(1.0 - work[free] / wished[free], 0.0, 1.0)
        held = {
            "land": waits - unpaid,
            "public money": unpaid,
            "permits": paper,
            "builders": slow,
            "building": np.where(waits | paper, 0.0, 1.0 - slow),
        }
        parts = {name: sum_by(node, amount * part, state.node_count).reshape(shape) for name, part in held.items()}
        return sum((part.sum(axis=0) for part in parts.values()), np.zeros(state.world.product_count)), parts


def unpaid_development(state: State) -> Floats:
    """(C,) mu that each county wished to develop this month, within quota and plan, and could not pay."""
    boards, world = state.boards, state.world
    if boards.developed is None or boards.development_asked is None:
        return np.zeros(world.county_count)
    done = sum_by(world.park_county, boards.developed, world.county_count)
    lacking = boards.development_asked - done
    return np.where(lacking > TOLERANCE * boards.development_asked, lacking, 0.0)


def fresh_orders(state: State) -> Floats:
    """(F,) orders of the month without what leaders' plants carry over from earlier months, M yuan a month."""
    boards, leaders, firms = state.boards, state.leaders, state.firms
    if boards.site_orders is None or boards.orders is None:
        return firms.orders
    rows = np.flatnonzero(firms.leader[: len(boards.site_orders)] >= 0)
    orders = firms.orders.copy()
    carried = 1.0 - np.divide(boards.orders, leaders.ordered, out=np.ones(len(leaders)), where=leaders.ordered > 0)
    orders[rows] -= boards.site_orders[rows] * carried[firms.leader[rows]]
    return orders


def _factor(boards: Boards, name: str, rows: Ints) -> Floats:
    """Share of capacity that a mechanism allows each row; 1 where no mechanism says anything."""
    given = getattr(boards, name, None)
    return np.ones(len(rows)) if given is None else np.asarray(given[rows], dtype=np.float64)
