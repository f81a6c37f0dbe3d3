"""The joint solve of a month, with or without a shortage of outside supply; stocks of critical inputs.

Model description, section 9.12.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.rationing import HeldOrders, NoConvergenceError, Scarce, outside_use, ration, solve
from sim.mechanisms.prices import input_coefficients
from sim.mechanisms.production import NONE, HomeSupply, Network, home_supply
from sim.mechanisms.shortage import Shortage, named_products, restock
from sim.resolvers.ledger import the_ledger
from sim.settings import InputOutput, Run
from sim.state import CriticalFlows, CriticalInputs, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PATIENCE = 1000
"""Rounds beyond ``io.rounds_max`` after which a shortage that has not settled ends the run (numerical safety)."""


@dataclass(frozen=True)
class Solution:
    """Output of the month and how it came about.

    Attributes:
        output: (F,) z.
        usual: (F,) x0, what would be made without the shortage; z where there is none.
        scarce: (Q,) products in shortage.
        held: orders in the shortage, None without one.
        supply: (Q', ) what the outside delivers of each critical product, infinite without a limit.
        written_off: (Q', F) stocks of firms that closed.
    """

    output: Floats
    usual: Floats
    scarce: Ints
    held: HeldOrders | None
    supply: Floats
    written_off: Floats

    def orders(self, supply: HomeSupply) -> Floats:
        """(F,) orders of home producers; makers of scarce products count what their buyers wanted, filled or not."""
        if self.held is None:
            return supply.wanted
        usual = self.held.deliveries.demand(self.usual)
        return np.where(self.held.scarce.maker >= 0, usual, supply.wanted)


def joint_solve(state: State, network: Network, limit: Floats, final: Floats, start: Floats) -> Solution:
    """Output of the month: (C1), and (C2) in a month of shortage (section 9.12).

    Args:
        state: the state; stocks of critical inputs are opened and fitted to the firm rows here.
        network: M of the month.
        limit: (F,) effective capacity, infinite for blocks.
        final: (F,) demand other than of home producers, >= 0.
        start: (F,) first guess of output.

    Raises:
        NoConvergenceError: the rounds of a shortage do not settle; with its products and what to change.
    """
    firms, ledger, tolerance = state.firms, the_ledger(state), state.scenario[Run].tolerance
    usual, rounds = solve(network, limit, final, start, tolerance)
    ledger.rounds += rounds
    shares = state.boards.outside_supply
    if shares is None:
        return Solution(usual, usual, NONE, None, np.zeros(0), np.zeros((0, len(firms))))
    need = critical_needs(state, network)
    critical, written_off = _fitted(state, need * usual)
    short = shares[critical.products] < 1.0
    supply = np.full(len(short), np.inf)
    if not short.any():
        return Solution(usual, usual, NONE, None, supply, written_off)
    makers = _makers(state, critical.products)
    first = short & np.isnan(critical.usual)
    if first.any():
        critical.usual[first] = _use(state, network, usual, final, need, makers)[first].sum(axis=1)
    supply[short] = (shares[critical.products] * critical.usual)[short]
    order = np.where(short, np.cumsum(short) - 1, -1)
    maker = np.where(makers >= 0, order[makers], -1)
    scarce = Scarce(maker, need[short], supply[short], critical.stock[short])
    io, rule = state.scenario[InputOutput], state.scenario[Run].rule
    shortage = ration(network, usual, final, scarce, rule, rounds=io.rounds_max, patience=PATIENCE)
    if not shortage.converged:
        names = ", ".join(state.world.products[product] for product in critical.products[short])
        raise NoConvergenceError(
            f"the shortage of {names} does not settle in month {state.month}: shares of output still move by "
            f"{shortage.change:.2g} after {shortage.rounds} rounds; raise shortage.outside_supply or io.rounds_max"
        )
    held = HeldOrders(network, scarce, shortage)
    output, _ = solve(held, np.minimum(limit, shortage.share * usual), final, usual, tolerance)
    return Solution(output, usual, critical.products[short], held, supply, written_off)


def critical_needs(state: State, network: Network) -> Floats:
    """(Q, F) total input of each product named by the scenario per unit of output; 0 for rows that can do without."""
    inputs = input_coefficients(state)[named_products(state)][:, network.node]
    return np.where(inputs >= state.scenario[Shortage].critical_input, inputs, 0.0)


def _makers(state: State, products: Ints) -> Ints:
    """(F,) position of the critical product that each row makes, -1 for others."""
    position = np.full(state.world.product_count, -1, dtype=np.int64)
    position[products] = np.arange(len(products))
    return np.asarray(position[state.firms.product])


def _fitted(state: State, need: Floats) -> tuple[CriticalInputs, Floats]:
    """Stocks with one column a firm row, full at the opening; and what closed firms leave, which is written off.

    Args:
        state: the state.
        need: (Q, F) monthly need of each critical product.
    """
    if state.critical is None:
        stock = state.scenario[InputOutput].inventory_months * need * state.firms.alive
        state.critical = CriticalInputs(named_products(state), stock, np.full(len(need), np.nan))
    critical = state.critical
    critical.stock = np.pad(critical.stock, ((0, 0), (0, len(state.firms) - critical.stock.shape[1])))
    written_off = np.where(state.firms.alive, 0.0, critical.stock)
    critical.stock = critical.stock - written_off
    return critical, written_off


def _use(state: State, network: Network, output: Floats, final: Floats, need: Floats, makers: Ints) -> Floats:
    """(Q, F) outside use of critical products where nothing is scarce."""
    supply = home_supply(network, output, final, state.scenario[Run].rule)
    everything = Scarce(makers, need, np.full(len(need), np.inf), np.zeros_like(need))
    return outside_use(network, everything, supply.served, output, np.broadcast_to(output, need.shape))


def post_stocks(state: State, network: Network, solution: Solution) -> None:
    """Stocks of critical inputs at the end of the month, and the flows behind them.

    Args:
        state: the state, with the table of the month.
        network: M of the month.
        solution: of the joint solve.
    """
    critical, table = state.critical, state.table
    if critical is None or table is None:
        return
    need = critical_needs(state, network)
    makers = _makers(state, critical.products)
    everything = Scarce(makers, need, solution.supply, critical.stock)
    basis = np.repeat(solution.output[None, :], len(need), axis=0)
    basis[np.isin(critical.products, table.scarce)] = table.basis
    use = outside_use(network, everything, table.served, solution.output, basis)
    target = state.scenario[InputOutput].inventory_months * need * solution.usual * state.firms.alive
    before = critical.stock + solution.written_off
    drawn, _, filled = restock(critical.stock, use, target, solution.supply)
    critical.stock = critical.stock - drawn + filled
    open_ = np.isinf(solution.supply)
    critical.usual = np.where(open_, use.sum(axis=1), critical.usual)
    at_home = np.array([solution.usual[makers == product].sum() for product in range(len(need))])
    the_ledger(state).critical = CriticalFlows(
        before, solution.written_off, use, drawn, filled, solution.supply, critical.usual + at_home
    )
