"""Firms: investment of incumbents, productivity noise and exit (model description, section 9.13).

    if 12-month utilisation > u_x and margin12 > m_h:  net dK = k_adj (x_e kappa / (u_star A) - K)^+ / 12 a month
    replacement of depreciation delta_K K / 12 while margin12 > 0
    d ln A = sig_A / sqrt 12 Laplace - sig_A^2 / 24
    exit hazard a year  h = h_0 exp(-b_x margin12) (size / median size)^(-e_x) (1 + y_x 1[age < 5 years])

A margin is value added less wages, taxes and depreciation over sales, all from the month's accounts. Leaders' home
plants grow by the leader's plan and do not leave by chance (that is an event); fringe rows replace but do not expand.
A plot carries half as much capital again as it was laid out for; beyond that, growth needs land in proportion, from
the park's free land while it lasts.

Reads firm accounts. Writes: investment, scrapped, land_taken, expansion_wished, productivity_growth, exits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams, laplace
from sim.mechanisms import Phase
from sim.parameters import Parameters, parameter
from sim.settings import Projects
from sim.state import YEAR, State, trailing_mean
from sim.sums import sum_by

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
    margin_hurdle: float = parameter(
        0.03,
        symbol="m_h",
        unit="margin needed to expand",
        low=0.0,
        high=0.08,
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

PLOT_ROOM = 1.5
"""Capital that a plot carries over the capital for which it was laid out; assumption."""

MOST_HAZARD = 0.5
"""Cap of the monthly exit probability (model description, section 9.13)."""


def desired_expansion(
    orders: Floats, intensity: Floats, productivity: Floats, capital: Floats, target: float
) -> Floats:
    """(x_e kappa / (u_star A) - K)^+: capital missing for expected annual orders, M yuan."""
    return np.maximum(orders * intensity / (target * productivity) - capital, 0.0)


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
        p, firms = self.firms, state.firms
        able = firms.alive & ~firms.block
        margin = trailing_mean(firms.margin12)
        scrapped = np.where(able, self.projects.depreciation / YEAR * firms.capital, 0.0)
        replacement = np.where(margin > 0, scrapped, 0.0)
        eager = able & ~firms.fringe & (firms.leader < 0)
        eager &= (trailing_mean(firms.utilisation12) > p.utilisation_trigger) & (margin > p.margin_hurdle)
        orders = trailing_mean(firms.orders12) * YEAR
        gap = desired_expansion(orders, firms.capital_intensity, firms.productivity, firms.capital, self.target)
        net = np.where(eager, p.expansion_speed * gap / YEAR, 0.0)
        state.boards.expansion_wished = net
        net, land = self._within_land(state, net)
        state.boards.investment, state.boards.scrapped, state.boards.land_taken = replacement + net, scrapped, land

    @staticmethod
    def _within_land(state: State, net: Floats) -> tuple[Floats, Floats]:
        """Net investment that land allows and the park land it takes (mu).

        A plot carries half as much capital again as it was laid out for; beyond that a firm needs park land in its own
        proportion. Town plots and fringe rows have no free land beside them.
        """
        firms, parks = state.firms, state.parks
        room = PLOT_ROOM * firms.plot
        beyond = np.maximum(firms.capital + net - room, 0.0) - np.maximum(firms.capital - room, 0.0)
        per_capital = np.divide(firms.land, room, out=np.zeros(len(net)), where=room > 0)
        need = beyond * per_capital
        park = np.maximum(firms.park, 0)
        asked = sum_by(park, need, len(parks.planned))
        share = np.minimum(1.0, np.divide(np.maximum(parks.free, 0.0), asked, out=np.ones(len(asked)), where=asked > 0))
        return net - beyond * (1.0 - share[park]), need * share[park]


class ProductivityNoise:
    """Firm-level productivity shocks with Laplace tails, read by slot so that a firm meets the same luck everywhere."""

    phase: ClassVar[Phase] = Phase.GROW
    writes: ClassVar[tuple[str, ...]] = ("productivity_growth",)

    def __init__(self, firms: Firms) -> None:
        self.firms = firms

    def step(self, state: State, streams: Streams) -> None:
        """One shock a slot; the mean of A is unmoved."""
        firms, sigma = state.firms, self.firms.shock
        uniform = streams.draw("firms.shock", state.month).random(max(state.slots, 1))
        luck = laplace(uniform[np.maximum(firms.slot, 0)])
        change = sigma / np.sqrt(YEAR) * luck - sigma**2 / (2 * YEAR)
        state.boards.productivity_growth = np.where(firms.alive & (firms.slot >= 0), change, 0.0)


class Exit:
    """Firms that leave."""

    phase: ClassVar[Phase] = Phase.CLOSE
    writes: ClassVar[tuple[str, ...]] = ("exits",)

    def __init__(self, firms: Firms) -> None:
        self.firms = firms

    def step(self, state: State, streams: Streams) -> None:
        """Hazard by margin, size and age, against the luck of the slot."""
        firms = state.firms
        at_risk = firms.alive & ~firms.block & ~firms.fringe & (firms.leader < 0)
        output = firms.output
        median = float(np.median(output[at_risk])) if at_risk.any() else 1.0
        young = state.month - firms.birth < YOUNG
        relative = output / max(median, 1e-9)
        probability = exit_probability(trailing_mean(firms.margin12), relative, young, self.firms)
        luck = streams.draw("firms.exit", state.month).random(max(state.slots, 1))
        state.boards.exits = at_risk & (luck[np.maximum(firms.slot, 0)] < probability)
