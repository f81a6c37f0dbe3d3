"""The yardstick: as many plain Mesa agents as we have firms, each doing a step of five lines every month.

The step is far simpler than a firm of the model: no links, no table, no projects, no land, no random draws. The numbers
are assumptions chosen so that firms neither vanish nor explode; the time does not depend on them.
"""

from __future__ import annotations

import mesa
import numpy as np

MARKUP = 0.12
"""Margin per unit of sales; assumption."""

DEPRECIATION = 0.006
"""Share of capital that wears out in a month; assumption."""

REINVESTED = 0.5
"""Share of the margin that is invested; assumption."""

CAPITAL_INTENSITY = 12.0
"""Capital per unit of monthly output; assumption."""


class PlainFirm(mesa.Agent):
    """A firm with a demand, capital and output, in any unit of money."""

    def __init__(self, model: mesa.Model, demand: float) -> None:
        super().__init__(model)
        self.demand = demand
        self.capital = demand * CAPITAL_INTENSITY
        self.output = demand
        self.sales = self.margin = self.investment = 0.0

    def step(self) -> None:
        """Sell, earn, invest, renew, produce."""
        self.sales = min(self.demand, self.output)
        self.margin = MARKUP * self.sales
        self.investment = REINVESTED * self.margin
        self.capital += self.investment - DEPRECIATION * self.capital
        self.output = self.capital / CAPITAL_INTENSITY


class PlainModel(mesa.Model):
    """A fixed number of plain firms that know nothing of one another."""

    def __init__(self, firms: int, seed: int = 1) -> None:
        generator = np.random.default_rng(seed)
        super().__init__(rng=generator)
        PlainFirm.create_agents(self, firms, generator.lognormal(mean=0.0, sigma=1.0, size=firms).tolist())

    def step(self) -> None:
        """One month: every firm's step."""
        self.agents.do("step")


def run(firms: int, months: int) -> float:
    """Make the firms and let them live; returns the firm-months done."""
    model = PlainModel(firms)
    for _ in range(months):
        model.step()
    return float(firms * months)
