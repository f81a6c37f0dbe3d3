"""Accounts of firms: what is earned, who gets it, where the cash goes (model description, sections 3.3, 9.12, 9.17).

    value added = wages + taxes - grants - bonus - compensation + interest + gross surplus                   (I6)
    gross surplus = investment + projects + land + distributed + change of cash - change of debt - written off

Everything is real: nominal amounts over the price level. Plots are bought and not leased, so no row pays rent. The
four taxes are those of :mod:`sim.mechanisms.fiscal`. Investment is paid from cash and then by debt; cash above
the working cash repays debt and is then distributed. Blocks own no capital and distribute their surplus whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.fiscal import taxes_due
from sim.mechanisms.production import material_costs, skill_saving
from sim.resolvers.ledger import firm_accounts, the_ledger
from sim.settings import Projects as ProjectSettings
from sim.state import YEAR, FirmAccounts, State, TaxRates
from sim.sums import extended

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def month_accounts(state: State, rates: TaxRates) -> FirmAccounts:
    """What every row earns and owes in the month at present output and prices; uses of the surplus are still empty.

    Args:
        state: firms with the output of the month, wages, prices.
        rates: tax rates.
    """
    firms, markets, ledger = state.firms, state.markets, state.ledger
    product, level = firms.product, markets.price_level
    materials = material_costs(state)
    wages = firms.wages  # all that the accounts know of the labour market (section 9.11)
    sales = firms.output * markets.price[product] / level
    value_added = (firms.output * (markets.price[product] - materials[firms.node]) - firms.premium) / level
    depreciation = state.scenario[ProjectSettings].depreciation * firms.capital / YEAR
    interest = state.scenario[FirmSettings].interest / YEAR * firms.debt
    learned = np.divide(
        markets.conversion, state.technology.conversion, out=np.ones(len(markets.conversion)), where=state.world.agent
    )
    overhead = skill_saving(state) * (rates.overhead * learned)[product] * firms.output
    zero = np.zeros(len(firms))
    bonus = zero if ledger is None else extended(ledger.bonus, len(firms))
    before_taxes = value_added + bonus - wages - depreciation - overhead - interest
    due = taxes_due(rates, product, sales, value_added, firms.land, before_taxes)
    ledger_rows = zero if ledger is None else extended(ledger.project_spending, len(firms))
    grants = zero if ledger is None else extended(ledger.project_grants, len(firms))
    return FirmAccounts(
        sales=sales,
        value_added=value_added,
        wages=wages.copy(),
        value_added_tax=due.value_added,
        profit_tax=due.profit,
        land_tax=due.land,
        other_tax=due.other,
        local_tax=due.local,
        interest=interest,
        grants=grants,
        bonus=bonus,
        depreciation=depreciation,
        cash_before=firms.cash.copy(),
        debt_before=firms.debt.copy(),
        invested=zero.copy(),
        projects=ledger_rows,
        land=zero.copy(),
        distributed=zero.copy(),
        written_off=zero.copy(),
        compensation=zero.copy(),
    )


def post_accounts(state: State) -> None:
    """PRODUCE: surplus, margins and utilisation of firms; twelve-month memories.

    The margin is what is left of sales after all taxes and depreciation, before interest and grants: it tells what the
    plant earns, not how it was paid for.
    """
    firms = state.firms
    slot = (state.month - 1) % YEAR
    books = state.firm_accounts = month_accounts(state, state.budgets.rates)
    firms.surplus = books.value_added + books.bonus - books.taxes - books.wages - books.depreciation
    margin = np.divide(firms.surplus, books.sales, out=np.full(len(firms), -1.0), where=books.sales > 1e-9)
    firms.margin12[:, slot] = np.minimum(np.maximum(margin, -1.0), 1.0)
    firms.utilisation12[:, slot] = np.divide(
        firms.output, firms.capacity, out=np.zeros(len(firms)), where=firms.capacity > 0
    )
    firms.orders12[:, slot] = firms.orders
    firms.tax12[:, slot] = books.taxes


def working_cash(books: FirmAccounts, months: float, block: Bools) -> Floats:
    """(F,) cash that a row keeps: months of its cost, which is sales less surplus before interest; blocks keep none."""
    cost = books.sales - books.value_added + books.wages + books.taxes
    return np.where(block, 0.0, months * np.maximum(cost, 0.0))


def settle(cash: Floats, debt: Floats, earned: Floats, target: Floats) -> tuple[Floats, Floats, Floats]:
    """Cash, debt and distributed profit after a month.

    Args:
        cash: (F,) before, M yuan.
        debt: (F,) before, M yuan.
        earned: (F,) gross surplus less all spending of the month; what cash does not cover is borrowed.
        target: (F,) working cash; above it debt is repaid, and the rest goes to the owners.

    Returns:
        Cash, debt, distributed.
    """
    have = cash + earned
    above = np.maximum(have - np.maximum(target, 0.0), 0.0)
    borrowed = debt + np.maximum(-have, 0.0)
    repaid = np.minimum(above, borrowed)
    distributed = above - repaid
    return np.maximum(have, 0.0) - above, borrowed - repaid, distributed


def settle_month(state: State) -> None:
    """GROW: investment, projects and land are paid; the rest is kept, repays debt or goes to the owners.

    A block has no cash: its owners carry losses too, so its distributed surplus may be negative.
    """
    if state.firm_accounts is None:
        return
    firms, books = state.firms, state.firm_accounts
    earned = books.gross_surplus - books.invested - books.projects - books.land
    target = working_cash(books, state.scenario[FirmSettings].working_cash, firms.block)
    own = np.where(firms.block, 0.0, earned)
    firms.cash, firms.debt, distributed = settle(firms.cash, firms.debt, own, target)
    books.distributed = np.where(firms.block, earned, distributed)


def close_accounts(state: State, rows: Ints) -> None:
    """A closed firm pays its debt from its cash; owners get what is left, lenders lose what is missing.

    Args:
        state: the state.
        rows: firm rows that close this month.
    """
    firms = state.firms
    cash, debt = firms.cash[rows], firms.debt[rows]
    if state.firm_accounts is not None and the_ledger(state) is not None:
        books = firm_accounts(state)
        books.distributed[rows] += np.maximum(cash - debt, 0.0)
        books.written_off[rows] += np.maximum(debt - cash, 0.0)
    firms.cash[rows] = firms.debt[rows] = 0.0
