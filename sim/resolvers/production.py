"""SUPPLY and PRODUCE: input shares, the joint solve, the table of the month and the order books.

Model description, sections 9.3, 9.5, 9.12 and 9.20.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.energy import Energy, rationed
from sim.mechanisms.fiscal import city_level
from sim.mechanisms.labour import Labour, hired_and_paid, served_by_the_present, staff_limit, staffing
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.production import (
    Network,
    cost_parts,
    final_orders,
    home_sales,
    home_supply,
    import_premium,
    leading_rows,
    month_table,
    network_of,
    wage_share,
)
from sim.mechanisms.sourcing import market_volume, month_bonus
from sim.resolvers.accounts_of_firms import post_accounts
from sim.resolvers.ledger import spend, the_ledger
from sim.resolvers.shortage import Solution, joint_solve, post_stocks
from sim.settings import InputOutput, Run
from sim.settings import Projects as ProjectSettings
from sim.state import YEAR, State
from sim.sums import sum_by

Floats = NDArray[np.float64]


def unit_margins(state: State) -> Floats:
    """(K,) margin on sales of an average plant at the month's prices, before firm differences."""
    materials, _ = cost_parts(state)
    technology, price, level = state.technology, state.markets.price, state.markets.price_level
    wages = wage_share(state) * level
    capital = technology.capital * state.scenario[ProjectSettings].depreciation * level
    return np.asarray((price - materials - wages - technology.tax * price - capital) / price)


def resolve_supply(state: State, streams: Streams) -> None:
    """Input shares of the month."""
    del streams
    boards, relations = state.boards, state.relations
    if boards.weight is not None and boards.option is not None:
        state.links.weight = boards.weight
        first = ~np.isnan(boards.option)
        relations.option[first] = boards.option[first]
        relations.option_reference[first] = market_volume(state, relations.product[first])
        relations.option_set |= first


def resolve_produce(state: State, streams: Streams) -> None:
    """Capacity, joint solve, the month's table, and the accounts of firms (in this order)."""
    del streams
    boards, firms = state.boards, state.firms
    assert boards.capacity is not None
    assert boards.outside_demand is not None
    assert boards.unit_cost is not None
    firms.capacity = np.where(firms.block, 0.0, boards.capacity)
    assert boards.relative_cost is not None
    firms.unit_cost, firms.relative_cost = boards.unit_cost, boards.relative_cost
    limit = boards.limit = np.minimum(boards.capacity, _staff(state))
    network = network_of(state, firms.capacity)
    orders = final_orders(state)
    home = orders.home
    final = home.T[:, firms.node] * network.share  # (3, F)
    at_home = final.sum(axis=0)
    demand = np.maximum(at_home + boards.outside_demand, 0.0)
    rule = state.scenario[Run].rule
    the_ledger(state).rounds = 0
    solution = joint_solve(state, network, limit, demand, firms.output)
    if np.isfinite(boards.electricity_limit):
        solution = _ration(state, network, demand, solution)
    output = solution.output
    supply = home_supply(network, output, demand, rule, solution.held, solution.scarce)
    table = month_table(state, network, output, final.T, boards.outside_demand, supply)
    state.table = table
    if state.ledger is not None:
        state.ledger.ordered, state.ledger.household_spending = orders, float(state.people.consumption.sum())
    firms.orders = solution.orders(supply) + demand
    firms.outside_orders = boards.outside_demand
    firms.home_sales = home_sales(supply, output, at_home, demand, rule)
    firms.output = output
    firms.premium = import_premium(
        network, table, output, state.markets.price, state.scenario[InputOutput].premium_import
    )
    post_stocks(state, network, solution)
    _bonus(state)
    post_accounts(state)
    _order_books(state)


def _bonus(state: State) -> None:
    """The city pays the bonus on purchases over links; dearer suppliers get part of it (section 9.5)."""
    if state.lever("sourcing.local_bonus") == 0.0:
        return
    assert state.table is not None
    ledger, bonus = the_ledger(state), month_bonus(state, state.table, state.firms.output)
    ledger.bonus = bonus.paid * float(state.funded[-1])
    spend(state, "local purchases", city_level(state, float(ledger.bonus.sum())))
    ledger.asked[-1] += float(bonus.paid.sum())
    state.firms.premium = state.firms.premium + bonus.dearer


def _staff(state: State) -> Floats:
    """Match jobs and people; (F,) output that the staff found can make, M yuan a month."""
    boards, firms, people = state.boards, state.firms, state.people
    assert boards.wanted is not None
    assert boards.expected is not None
    assert boards.capacity is not None
    filled, people.workers, people.vacancy, people.open_root = staffing(state, boards.wanted)
    firms.staff, firms.wages, people.wage_bill = hired_and_paid(state, boards.wanted, filled)
    limit = staff_limit(firms, boards.expected, filled, state.scenario[Labour].overtime)
    limit = served_by_the_present(state, boards.expected, limit)
    some = (boards.capacity > 0) & ~firms.block
    boards.staff_factor = np.minimum(1.0, np.divide(limit, boards.capacity, out=np.ones(len(limit)), where=some))
    return limit


def _ration(state: State, network: Network, demand: Floats, solution: Solution) -> Solution:
    """Output within the limit on electricity: every plant makes the share phi of what it would make without it.

    Args:
        state: boards with the limit and what can be staffed.
        network: M of the month.
        demand: (F,) demand other than of home producers.
        solution: the fixed point without the limit.

    Returns:
        The solution within the limit. Without a shortage phi x* is a fixed point below the limit phi x*, since M x* + f
        >= x* and f >= 0; so the plants make just that, and only the blocks, which use no electricity here, have to
        settle. In a shortage makers promise what they can make within the limit, so (C2) is run again from there.
    """
    boards, firms, output = state.boards, state.firms, solution.output
    assert boards.limit is not None
    rate = firms.energy_intensity * (1.0 - state.scenario[Energy].efficiency) ** (state.month / YEAR)
    share = rationed(rate * output, boards.electricity_limit)
    if share >= 1.0:
        return solution
    ledger = the_ledger(state)
    ledger.rationed = share
    held = np.divide(share * output, boards.limit, out=np.ones(len(output)), where=(rate > 0) & (boards.limit > 0))
    boards.energy_factor = np.minimum(1.0, held)
    boards.limit = np.where(rate > 0, share * output, boards.limit)
    found = joint_solve(state, network, boards.limit, demand, share * output)
    return replace(found, written_off=solution.written_off)


def _order_books(state: State) -> None:
    """Deliveries of leaders at all sites and their backlog: B(t+1) = rho_B (B + O - y)^+."""
    p, rows, firms = state.scenario[Leaders], state.leaders, state.firms
    if state.boards.away_orders is None:
        return
    leading = leading_rows(state)
    home = sum_by(firms.leader[leading], firms.output[leading], len(rows))
    away = np.minimum(state.boards.away_orders, state.rivals.capacity.sum(axis=1))
    rows.delivered = home + away
    orders = rows.ordered - rows.backlog
    rows.backlog = p.backlog_keep * np.maximum(rows.backlog + orders - rows.delivered, 0.0)
