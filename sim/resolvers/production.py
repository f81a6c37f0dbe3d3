"""SUPPLY and PRODUCE: input shares, the joint solve, the table and the accounts of firms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.labour import staff
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.production import (
    cost_parts,
    home_sales,
    home_supply,
    import_premium,
    leading_rows,
    local_final_demand,
    month_table,
    network_of,
)
from sim.mechanisms.sourcing import market_volume
from sim.resolvers.shortage import joint_solve, post_stocks
from sim.settings import InputOutput, Run
from sim.settings import Projects as ProjectSettings
from sim.state import YEAR, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def unit_margins(state: State) -> Floats:
    """(K,) margin on sales of an average plant at the month's prices, before firm differences."""
    materials, _ = cost_parts(state)
    technology, price, level = state.technology, state.markets.price, state.markets.price_level
    wages = technology.jobs * state.counties.wage.mean() / 1e6 * level
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
    network = network_of(state, firms.capacity)
    home = local_final_demand(state)
    final = home[firms.node] * network.share[:, None]
    demand = np.maximum(final.sum(axis=1) + boards.outside_demand, 0.0)
    rule = state.scenario[Run].rule
    solution = joint_solve(state, network, boards.capacity, demand)
    output = solution.output
    supply = home_supply(network, output, demand, rule, solution.held, solution.scarce)
    table = month_table(state, network, output, final, boards.outside_demand, supply)
    state.table = table
    firms.orders = solution.orders(supply) + demand
    firms.outside_orders = boards.outside_demand
    firms.home_sales = home_sales(supply, output, final.sum(axis=1), demand, rule)
    firms.output = output
    firms.premium = import_premium(
        network, table, output, state.markets.price, state.scenario[InputOutput].premium_import
    )
    post_stocks(state, network, solution)
    _accounts(state)
    _order_books(state)


def _accounts(state: State) -> None:
    """Surplus, margins and utilisation of firms; twelve-month memories."""
    firms, markets = state.firms, state.markets
    slot = (state.month - 1) % YEAR
    materials, _ = cost_parts(state)
    price = markets.price[firms.product]
    wages = staff(firms, firms.output) * state.counties.wage[firms.county] / 1e6 / YEAR
    capital = state.scenario[ProjectSettings].depreciation * firms.capital / YEAR
    value_added = firms.output * (price - materials[firms.product])
    taxes = state.technology.tax[firms.product] * price * firms.output
    firms.surplus = (value_added - taxes - firms.premium) / markets.price_level - wages - capital
    sales = price * firms.output / markets.price_level
    margin = np.divide(firms.surplus, sales, out=np.full(len(firms), -1.0), where=sales > 1e-9)
    firms.margin12[:, slot] = np.clip(margin, -1.0, 1.0)
    firms.utilisation12[:, slot] = np.divide(
        firms.output, firms.capacity, out=np.zeros(len(firms)), where=firms.capacity > 0
    )
    firms.orders12[:, slot] = firms.orders


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
