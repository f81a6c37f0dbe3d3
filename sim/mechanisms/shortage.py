"""Shortage: months in which the outside delivers less of a product than usual (section 9.12).

A scenario names products, each with a dated share of the usual outside supply that is still delivered::

    [shortage.outside_supply]
    B_CATH = [{ from = "2016-03", value = 0.4 }, { from = "2016-07", value = 1 }]

    pool_q  = share_q usual_q ,    usual_q = outside use of q in the last month in which its share was 1
    stock_i' = stock_i + bought_i - outside use_i ,   target_i = n_inv need_i

A named product is critical in all months of the run: its buyers keep a stock of it, full at the opening, and draw it
down before the shortage bites; buyers fill it up again from what the outside delivers beyond current needs, each in
proportion to what is missing. The other months and products have neither a limit nor stocks. How buyers share the pool
and what they can make stands in :mod:`sim.inputoutput.rationing`, equation (C2); the resolver of PRODUCE runs it.

Buyers for which the product is less than a_min of their output are not held up: the split of national sectors leaves
traces of most products in most industries, and nobody stops a building site for want of cathode powder. They take a
substitute, booked in the same row of the table, and do not compete for the pool.

Choices of this project. *Usual* is frozen at the beginning of a shortage, not taken from what would be bought now:
otherwise new plants at home would lower what the outside is willing to deliver. In a run that opens within a shortage
it is the need of the first month. Stocks hold goods from outside; home deliveries go straight into use. A stock is used
before anything is ordered outside, so the pool goes to those who have none left. Final users' own purchases outside
are not followed by the model and compete with nobody.

Writes: outside_supply.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import OPENING
from sim.mechanisms.shocks import effect, missing_supply
from sim.parameters import Parameters, Schedule, parameter, schedule
from sim.state import State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Shortage(Parameters):
    """Supply from outside the ten counties that falls short, by product and date."""

    table: ClassVar[str] = "shortage"

    outside_supply: Schedule = schedule(
        1.0,
        symbol="u_q",
        unit="share of the usual outside supply",
        low=0,
        high=1,
        grade="assumed",
        source="assumption: a scenario of the user; none is shipped",
    )
    critical_input: float = parameter(
        0.01,
        symbol="a_min",
        unit="input / output from which a buyer cannot do without a product",
        low=0.0,
        high=0.05,
        grade="assumed",
        source=(
            "assumption; bills of materials name nothing below 0.005, traces from the split of sectors are below 0.002"
        ),
    )


def restock(stock: Floats, use: Floats, target: Floats, supply: Floats) -> tuple[Floats, Floats, Floats]:
    """What buyers take from stock, buy for use, and buy to fill their stocks.

    Args:
        stock: (Q, n) stocks before.
        use: (Q, n) use of goods from outside.
        target: (Q, n) stocks that buyers want.
        supply: (Q,) what the outside delivers, infinite without a limit.

    Returns:
        Drawn from stock, bought for use and bought for stock, (Q, n) each; stock' = stock - drawn + bought for stock.
    """
    drawn = np.minimum(stock, use)
    bought = use - drawn
    lack = np.maximum(target - stock + drawn, 0.0)
    total = lack.sum(axis=1)
    left = np.maximum(supply - bought.sum(axis=1), 0.0)
    part = np.divide(left, total, out=np.ones(len(total)), where=total > 0)
    return drawn, bought, lack * np.minimum(1.0, part)[:, None]


class OutsideSupply:
    """Tells how much of the usual supply of each product the outside delivers this month."""

    phase: ClassVar[Phase] = Phase.PRODUCE
    writes: ClassVar[tuple[str, ...]] = ("outside_supply",)

    def __init__(self, shares: Floats | None) -> None:
        """Keep the courses.

        Args:
            shares: (months, K) share of the usual outside supply, first row = January 2014; None: no product is named.
        """
        self.shares = shares

    @classmethod
    def of(cls, shortage: Shortage, months: int) -> Self:
        """From the scenario, for a number of months since the opening."""
        named = shortage.outside_supply
        return cls(named.values(OPENING + 1, months) if named.courses else None)

    def step(self, state: State, streams: Streams) -> None:
        """Write the shares of the month; nothing where no product is named."""
        del streams
        shares, missing = None if self.shares is None else self.shares[state.month - 1], effect(state, "supply")
        if missing is not None:
            shares = (1.0 if shares is None else shares) * (1.0 - missing)
        state.boards.outside_supply = shares


def named_products(state: State) -> Ints:
    """(Q,) products whose outside supply a shortage or a pandemic (section 9.21) of the scenario may limit."""
    courses = state.scenario[Shortage].outside_supply.courses
    named = missing_supply(state)
    named[[state.world.product(code) for code, _ in courses]] = True
    return np.flatnonzero(named)
