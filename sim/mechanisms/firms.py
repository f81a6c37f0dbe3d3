"""Firms: investment of incumbents, productivity noise and exit (model description, section 9.13).

    if 12-month utilisation > u_x and margin12 > m_h:  net dK = k_adj (x_e kappa / (u_star A) - K)^+ / 12 a month
    replacement of depreciation delta_K K / 12 while margin12 > 0
    d ln A = sig_i / sqrt 12 Laplace - sig_i^2 / 24 ,   sig_i = sig_A (size_i / median size)^(-b_A), at most 2 sig_A
    short = 12 x_e kappa / (u_star A) - K - what plot and park still take - capital of the firm's other sites
    exit hazard a year  h = h_0 exp(-b_x margin12) (size / median size)^(-e_x) (1 + y_x 1[age < 5 years])

A margin is value added less wages, taxes and depreciation over sales, all from the month's accounts. Leaders' home
plants grow by the leader's plan and do not leave by chance (that is an event); fringe rows replace but do not expand.
A plot carries half as much capital again as it was laid out for; beyond that, growth needs land in proportion, from
the park's free land while it lasts. Who is short by a project or more looks for another site (channel E of 9.4).

Reads firm accounts, parks, projects. Writes: investment, scrapped, land_taken, expansion_wished, branches,
productivity_growth, exits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams, laplace
from sim.mechanisms import Phase
from sim.parameters import Parameters, parameter
from sim.settings import Projects
from sim.state import YEAR, Stage, State, trailing_mean
from sim.state import Firms as FirmTable
from sim.sums import median, sum_by

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Firms(Parameters):
    """Expansion, noise and exit of firms."""

    table: ClassVar[str] = "firms"

    shock: float = parameter(
        0.12,
        symbol="sig_A",
        unit="annual sd of log TFP, Laplace",
        low=0.08,
        high=0.25,
        grade="assumed",
        source="published shape Bottazzi & Secchi; value assumption",
    )
    shock_size: float = parameter(
        0.15,
        symbol="b_A",
        unit="elasticity of sig_A to relative size (absolute)",
        low=0.0,
        high=0.25,
        grade="sourced",
        source=(
            "Stanley et al., Scaling behaviour in the growth of companies, Nature 379 (1996): sd of growth falls with "
            "size to the power 0.15"
        ),
        published="1996",
    )
    exit_base: float = parameter(
        0.07,
        symbol="h_0",
        unit="per year, at zero margin and median size",
        low=0.04,
        high=0.12,
        grade="recalled",
        source="recalled: Chinese above-scale firms about 0.1",
    )
    exit_profit: float = parameter(
        3.0,
        symbol="b_x",
        unit="semi-elasticity to 12-month margin",
        low=1,
        high=6,
        grade="assumed",
        source="published direction He & Yang 2016",
        published="2016",
    )
    exit_size: float = parameter(
        0.25,
        symbol="e_x",
        unit="elasticity to relative size (absolute)",
        low=0.1,
        high=0.5,
        grade="recalled",
        source="recalled",
    )
    expansion_speed: float = parameter(
        0.3,
        symbol="k_adj",
        unit="share of capacity gap per year",
        low=0.1,
        high=0.6,
        grade="assumed",
        source="assumption",
    )
    young_exit: float = parameter(
        0.5,
        symbol="y_x",
        unit="extra hazard below 5 years of age",
        low=0.2,
        high=1.0,
        grade="recalled",
        source="recalled: firm survival literature",
    )
    working_cash: float = parameter(
        2.0,
        symbol="m_c",
        unit="months of cost",
        low=1.0,
        high=4.0,
        grade="assumed",
        source="assumption; model description, section 8.5",
    )
    interest: float = parameter(
        0.03,
        symbol="r_d",
        unit="real, per year, on debt",
        low=0.01,
        high=0.06,
        grade="assumed",
        source="assumption; recalled: benchmark lending rate of 4.35 % from October 2015, inflation of about 2 %, and a"
        " premium for small firms",
        published="2015-10",
    )
    margin_hurdle: float = parameter(
        0.03,
        symbol="m_h",
        unit="margin needed to expand",
        low=0.0,
        high=0.08,
        grade="assumed",
        source="assumption",
    )
    new_customers: float = parameter(
        0.0,
        symbol="n_x",
        unit="elasticity of outside demand to own expansion",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption; 1: outside demand grows with capacity, whatever the market does",
    )
    plot_room: float = parameter(
        1.5,
        symbol="l_plot",
        unit="capital that a plot carries over that for which it was laid out",
        low=1.0,
        high=2.5,
        grade="assumed",
        source="assumption",
    )
    utilisation_trigger: float = parameter(
        0.85,
        symbol="u_x",
        unit="12-month utilisation needed to expand",
        low=0.75,
        high=0.95,
        grade="assumed",
        source="assumption",
    )


YOUNG = 5 * YEAR
"""Age below which firms leave more often, months (model description, section 9.13)."""

MOST_HAZARD = 0.5
"""Cap of the monthly exit probability (model description, section 9.13)."""


def desired_expansion(
    orders: Floats, intensity: Floats, productivity: Floats, capital: Floats, target: float
) -> Floats:
    """(x_e kappa / (u_star A) - K)^+: capital missing for expected annual orders, M yuan."""
    return np.maximum(orders * intensity / (target * productivity) - capital, 0.0)


def missing_capital(state: State, firms: Firms, target: float) -> Floats:
    """(F,) capital that incumbents lack for their orders, M yuan; 0 where use or margin are too low to expand.

    Args:
        state: firms with their twelve-month memories.
        firms: parameters of this table.
        target: u_star, utilisation at which capacity is planned.
    """
    table = state.firms
    eager = table.alive & ~table.block & ~table.fringe & (table.leader < 0)
    eager &= trailing_mean(table.utilisation12) > firms.utilisation_trigger
    eager &= trailing_mean(table.margin12) > firms.margin_hurdle
    orders = trailing_mean(table.orders12) * YEAR
    gap = desired_expansion(orders, table.capital_intensity, table.productivity, table.capital, target)
    return np.where(eager, gap, 0.0)


def land_per_capital(table: FirmTable, plot_room: float) -> Floats:
    """(F,) mu of park land for a unit of capital beyond what the plot carries, plot_room times what it was laid for."""
    room = plot_room * table.plot
    return np.asarray(np.divide(table.land, room, out=np.zeros(len(room)), where=room > 0))


def exit_probability(margin: Floats, relative_size: Floats, young: Bools, firms: Firms) -> Floats:
    """Monthly probability of leaving: 1 - (1 - h)^(1/12) with the yearly hazard h, at most 0.5.

    Args:
        margin: twelve-month margin, share of sales.
        relative_size: output over the median of operating firms.
        young: below five years of age.
        firms: parameters.
    """
    size = np.maximum(relative_size, 1e-6) ** (-firms.exit_size)
    hazard = firms.exit_base * np.exp(-firms.exit_profit * margin) * size * (1.0 + firms.young_exit * young)
    return np.minimum(1.0 - (1.0 - np.minimum(hazard, 1.0)) ** (1.0 / YEAR), MOST_HAZARD)


def reference_after(reference: Floats, capital: Floats, change: Floats, new_customers: float) -> Floats:
    """Market volume at which present capacity sells its outside share, after capital has changed.

    Q_0 <- Q_0 (1 + dK/K)^(1 - n_x): outside buyers ask for what the market asks for, not for what has been built.

    Args:
        reference: (F,) Q_0, volume of the firm's market.
        capital: (F,) K before, M yuan.
        change: (F,) investment less scrapping, M yuan.
        new_customers: n_x, elasticity of outside demand to own expansion.
    """
    ratio = 1.0 + np.divide(change, capital, out=np.zeros(len(capital)), where=capital > 0)
    return np.asarray(reference * ratio ** (1.0 - new_customers))


def shock_spread(size: Floats, firms: Firms) -> Floats:
    """(n,) sd of ln A a year: sig_A (size / median)^(-b_A), at most twice sig_A.

    Args:
        size: (n,) capacity of the firms that meet shocks, M yuan a month.
        firms: parameters.
    """
    middle = median(size) if len(size) else 1.0
    relative = np.maximum(size / max(middle, 1e-9), 1e-3)
    return np.asarray(firms.shock * np.minimum(relative**-firms.shock_size, 2.0))


class Investment:
    """Replacement and expansion of operating firms."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("investment", "scrapped", "land_taken", "expansion_wished")

    def __init__(self, firms: Firms, projects: Projects, target: float) -> None:
        """Keep the parameters.

        Args:
            firms: parameters of this table.
            projects: depreciation.
            target: u_star, utilisation at which capacity is planned (leaders.utilisation_target).
        """
        self.firms, self.projects, self.target = firms, projects, target

    def step(self, state: State, streams: Streams) -> None:
        """Scrap, replace, and expand where orders press and margins allow."""
        del streams
        firms = state.firms
        able = firms.alive & ~firms.block
        scrapped = np.where(able, self.projects.depreciation / YEAR * firms.capital, 0.0)
        replacement = np.where(trailing_mean(firms.margin12) > 0, scrapped, 0.0)
        net = self.firms.expansion_speed * missing_capital(state, self.firms, self.target) / YEAR
        state.boards.expansion_wished = net
        net, land = self._within_land(state, net)
        state.boards.investment, state.boards.scrapped, state.boards.land_taken = replacement + net, scrapped, land

    def _within_land(self, state: State, net: Floats) -> tuple[Floats, Floats]:
        """Net investment that land allows and the park land it takes (mu).

        A plot carries plot_room times the capital for which it was laid out; beyond that a firm needs park land in its
        own proportion. Town plots and fringe rows have no free land beside them.
        """
        firms, parks = state.firms, state.parks
        room = self.firms.plot_room * firms.plot
        beyond = np.maximum(firms.capital + net - room, 0.0) - np.maximum(firms.capital - room, 0.0)
        need = beyond * land_per_capital(firms, self.firms.plot_room)
        park = np.maximum(firms.park, 0)
        asked = sum_by(park, need, len(parks.planned))
        share = np.minimum(1.0, np.divide(np.maximum(parks.free, 0.0), asked, out=np.ones(len(asked)), where=asked > 0))
        return net - beyond * (1.0 - share[park]), need * share[park]


class Branching:
    """Incumbents whose plot and park have no room for what they lack look for another site."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("branches",)

    def __init__(self, firms: Firms, projects: Projects, target: float) -> None:
        """Keep the parameters.

        Args:
            firms: parameters of this table.
            projects: the smallest project worth a site of its own.
            target: u_star, utilisation at which capacity is planned (leaders.utilisation_target).
        """
        self.firms, self.projects, self.target = firms, projects, target

    def step(self, state: State, streams: Streams) -> None:
        """Capital that neither plot nor park nor a second site takes, where it makes a project."""
        del streams
        lack = missing_capital(state, self.firms, self.target)
        short = np.zeros(len(lack))
        if lack.any():
            short = lack - room_for_capital(state, self.firms.plot_room) - capital_elsewhere(state)
        state.boards.branches = np.where(short >= self.projects.size_bump_mean, short, 0.0)


def room_for_capital(state: State, plot_room: float) -> Floats:
    """(F,) capital that the firm's plot and, if it were alone, the free land of its park can still take, M yuan."""
    firms, parks = state.firms, state.parks
    on_plot = np.maximum(plot_room * firms.plot - firms.capital, 0.0)
    land = land_per_capital(firms, plot_room)
    free = np.maximum(parks.free, 0.0)[np.maximum(firms.park, 0)]
    beside = np.divide(free, land, out=np.full(len(land), np.inf), where=land > 0)
    return on_plot + np.where(firms.park >= 0, beside, np.inf)


def capital_elsewhere(state: State) -> Floats:
    """(F,) capital of a firm's other sites, those under way included, M yuan."""
    firms, projects = state.firms, state.projects
    ours = np.flatnonzero(firms.alive & (firms.parent >= 0))
    coming = np.flatnonzero((projects.parent >= 0) & (projects.stage >= Stage.SIGNED) & (projects.stage <= Stage.BUILD))
    built = sum_by(firms.parent[ours], firms.capital[ours], len(firms))
    return built + sum_by(projects.parent[coming], projects.investment[coming], len(firms))


class ProductivityNoise:
    """Firm-level productivity shocks with Laplace tails, read by slot so that a firm meets the same luck everywhere."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("productivity_growth",)

    def __init__(self, firms: Firms) -> None:
        self.firms = firms

    def step(self, state: State, streams: Streams) -> None:
        """One shock a slot; large firms meet smaller ones; the mean of A is unmoved."""
        firms = state.firms
        rows = np.flatnonzero(firms.alive & (firms.slot >= 0))
        sigma = shock_spread(firms.capacity[rows], self.firms)
        uniform = streams.draw("firms.shock", state.month).random(max(state.slots, 1))
        growth = np.zeros(len(firms))
        growth[rows] = sigma / np.sqrt(YEAR) * laplace(uniform[firms.slot[rows]]) - sigma**2 / (2 * YEAR)
        state.boards.productivity_growth = growth


class Exit:
    """Firms that leave."""

    phase: ClassVar[Phase] = Phase.CLOSE
    writes: ClassVar[tuple[str, ...]] = ("exits",)

    def __init__(self, firms: Firms) -> None:
        self.firms = firms

    def step(self, state: State, streams: Streams) -> None:
        """Hazard by margin, size and age, against the luck of the slot."""
        firms = state.firms
        rows = np.flatnonzero(firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0))
        output = firms.output[rows]
        relative = output / max(median(output) if len(rows) else 1.0, 1e-9)
        young = state.month - firms.birth[rows] < YOUNG
        probability = exit_probability(trailing_mean(firms.margin12)[rows], relative, young, self.firms)
        luck = streams.draw("firms.exit", state.month).random(max(state.slots, 1))
        exits = np.zeros(len(firms), dtype=np.bool_)
        exits[rows] = luck[np.maximum(firms.slot[rows], 0)] < probability
        state.boards.exits = exits
