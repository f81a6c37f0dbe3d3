"""Who pays whom: the flow of funds of a month (model description, section 10, identity I15).

    received_s - paid_s = net lending_s      for households, firms, budgets, and the account of investment
    households + firms + budgets + investment + governments above + outside = 0

Every payment of the month is booked once, with payer and receiver, in real M yuan (nominal over the price level). The
matrix has a row for each sector that receives and a column for each that pays. Net lending is taken from the sector's
own books: of firms the change of cash less the change of debt, of budgets the change of balance less debt, of
households income less spending, of investment the change of what is paid for and not yet built. Payments are
taken from the other side, as far as there is one: what firms sell from the table and not from their sales, wages
from what residents earn, taxes from what budgets take in. Governments above (the centre and the province) and
the outside keep no books in the model; they are what trade and transfers leave.

Choices.

- *Orders that home does not fill* are bought outside at the price of the month: who has set money aside spends it. The
  same holds for the part of purchases that never goes to home producers.
- *Bases.* What the opening table gives to households beyond their incomes is paid by pensions and money sent home. The
  base of investors (housing, public works) is paid from outside, by loans, owners and governments above: it is
  more than households save, and budgets have no line for it. Their saving leaves the city as deposits. Of both bases
  only what home delivers is booked; what they buy outside is paid outside.
- *Ores* are bought inside other industry (9.2). What metals cost beyond the price of other industry goes outside, also
  for the part of the input that comes from home. A tariff goes to the governments above, the premium on orders that
  home leaves unfilled (9.12) to the outside.
- *Investment.* Firms pay for capital a month before it is built; founders and leaders, who are owners outside, pay as
  the work goes on, with the overrun by service, and bring the working cash of new firms. All of it passes through the
  account of investment, which pays builders and makers of equipment at home and spends the rest outside. Grants go to
  whoever pays for the project, money for land comes from there.
- *Policies.* Promotion, service teams, permit reform and land development are paid to the outside: the model has no
  orders and no pay for them at home. So is interest. Roads and what a talent plan builds and whom it employs are public
  purchases; the bonus on local purchases goes to the firms that buy.
- *Residents* get the cash of a talent plan, severance and pay for training from budgets, and spend them like wages.
- *Plots taken back* are paid to their firms, those of firms that have closed to their owners, whose money passes
  through firms as profits do.
- *Debt written off* is a gift of the lenders. Stocks of critical inputs (9.12) are paid when they are used.

Reads the table, the ledger, accounts of firms, budgets, people. Nothing here feeds back into decisions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.mechanisms.construction import Construction
from sim.mechanisms.households import Households, paid_out
from sim.mechanisms.prices import paid_prices
from sim.mechanisms.production import exposure_matrix_of, prices_paid, relative_price
from sim.state import PAID_AT_HOME, REVENUE_ITEMS, SPENDING_ITEMS, FinalOrders, FirmAccounts, Ledger, MonthTable, State
from sim.sums import sum_by

Floats = NDArray[np.float64]

SECTORS: tuple[str, ...] = ("households", "firms", "budgets", "investment", "governments above", "outside")
"""Rows and columns of the matrix; the first four keep books of their own."""

HOUSEHOLDS, FIRMS, BUDGETS, INVESTMENT, ABOVE, OUTSIDE = range(len(SECTORS))

PAYMENTS: dict[str, tuple[int, int]] = {
    # goods and services
    "home inputs": (FIRMS, FIRMS),
    "outside inputs": (FIRMS, OUTSIDE),
    "premium on unfilled orders": (FIRMS, OUTSIDE),
    "tariffs": (FIRMS, ABOVE),
    "sales outside": (OUTSIDE, FIRMS),
    "household purchases at home": (HOUSEHOLDS, FIRMS),
    "household purchases outside": (HOUSEHOLDS, OUTSIDE),
    "public purchases at home": (BUDGETS, FIRMS),
    "public purchases outside": (BUDGETS, OUTSIDE),
    "investment goods at home": (INVESTMENT, FIRMS),
    "investment goods outside": (INVESTMENT, OUTSIDE),
    # incomes
    "wages": (FIRMS, HOUSEHOLDS),
    "profits of local owners": (FIRMS, HOUSEHOLDS),
    "profits of other owners": (FIRMS, OUTSIDE),
    "interest of firms": (FIRMS, OUTSIDE),
    "pensions and money sent home": (OUTSIDE, HOUSEHOLDS),
    # budgets
    "local taxes": (FIRMS, BUDGETS),
    "other taxes": (FIRMS, ABOVE),
    "transfers from above": (ABOVE, BUDGETS),
    "land bought by firms": (FIRMS, BUDGETS),
    "land bought by founders": (OUTSIDE, BUDGETS),
    "grants to firms": (BUDGETS, FIRMS),
    "grants to founders": (BUDGETS, OUTSIDE),
    "paid to residents": (BUDGETS, HOUSEHOLDS),
    "bonus on local purchases": (BUDGETS, FIRMS),
    "public services and land development": (BUDGETS, OUTSIDE),
    "land taken back": (BUDGETS, FIRMS),
    "interest of budgets": (BUDGETS, OUTSIDE),
    # capital
    "capital of firms": (FIRMS, INVESTMENT),
    "projects of firms": (FIRMS, INVESTMENT),
    "projects of founders": (OUTSIDE, INVESTMENT),
    "housing and public works": (OUTSIDE, INVESTMENT),
    "working cash of founders": (OUTSIDE, FIRMS),
    "debt written off": (OUTSIDE, FIRMS),
}
"""Every payment with payer and receiver. A mechanism that moves money between sectors adds its line here."""

_CELLS = np.array([receiver * len(SECTORS) + payer for payer, receiver in PAYMENTS.values()], dtype=np.int64)


def matrix_of(amounts: dict[str, float]) -> Floats:
    """(S, S) what the sector of the row receives from the sector of the column.

    Args:
        amounts: real M yuan, in the order of :data:`PAYMENTS`.

    Raises:
        ValueError: a payment is missing, or has no payer and receiver.
    """
    if tuple(amounts) != tuple(PAYMENTS):
        raise ValueError(f"payments {sorted(set(amounts) ^ set(PAYMENTS))} are missing or have no payer and receiver")
    size = len(SECTORS)
    values = np.fromiter(amounts.values(), dtype=np.float64, count=len(amounts))
    return sum_by(_CELLS, values, size * size).reshape(size, size)


def net_received(matrix: Floats) -> Floats:
    """(S,) what each sector receives less what it pays."""
    return np.asarray(matrix.sum(axis=1) - matrix.sum(axis=0))


def payments(state: State) -> dict[str, float]:
    """Every payment of the month, real M yuan, in the order of :data:`PAYMENTS`."""
    table, ledger, books, ordered = _month(state)
    found = _inputs(state, table) | _final(state, table, ledger, ordered) | _incomes(state, ledger, books)
    found |= _public(ledger, books) | _capital(state, ledger, books)
    return {name: found[name] for name in PAYMENTS} | found


def net_lending(state: State) -> Floats:
    """(4,) net lending by the books of households, firms, budgets and investment, real M yuan.

    A run without the mechanism that settles incomes has no book of households: NaN.
    """
    _, ledger, _, _ = _month(state)
    public, income = state.budgets, state.people.income.sum() if state.boards.income is not None else np.nan
    return np.array(
        [
            income - ledger.household_spending,
            state.firms.cash.sum() - state.firms.debt.sum() - ledger.firm_money_before,
            (public.balance - public.debt).sum() - (ledger.balance_before - ledger.public_debt_before).sum(),
            state.prepaid - ledger.prepaid_before,
        ]
    )


def _month(state: State) -> tuple[MonthTable, Ledger, FirmAccounts, FinalOrders]:
    """Table, ledger, accounts of firms and final orders of the month."""
    table, ledger, books = state.table, state.ledger, state.firm_accounts
    if table is None or ledger is None or books is None or ledger.ordered is None:
        raise RuntimeError("no flow of funds yet: the month has not produced")
    return table, ledger, books, ledger.ordered


def _inputs(state: State, table: MonthTable) -> dict[str, float]:
    """What firms pay for inputs, from the table: purchases at the prices that industries pay, home sales at theirs."""
    markets, products = state.markets, state.world.product_count
    size = len(table.output)
    home = table.flows.reshape(-1, products, size).sum(axis=0)
    used = (home + table.outside_inputs).reshape(products, -1, products).sum(axis=1)
    paid = (used * prices_paid(state)).sum()
    untaxed = paid
    if state.lever("prices.tariff") != 0.0:
        inputs, exposure = state.technology.inputs[:, :products], exposure_matrix_of(state)
        without = paid_prices(markets.price, inputs, exposure, markets.commodity, state.world.product("OTHM"))
        untaxed = (used * without).sum()
    sold = home.sum(axis=1) @ markets.price
    level = markets.price_level
    return {
        "home inputs": float(sold) / level,
        "outside inputs": float(untaxed - sold) / level,
        "premium on unfilled orders": float(state.firms.premium.sum()) / level,
        "tariffs": float(paid - untaxed) / level,
    }


def _final(state: State, table: MonthTable, ledger: Ledger, ordered: FinalOrders) -> dict[str, float]:
    """What final users pay: deliveries of the table at the price of the product, and what they buy outside."""
    price = relative_price(state)
    by_node = np.tile(price, state.world.county_count)
    delivered = by_node @ table.final
    filled = np.divide(table.final[:, :3], ordered.home, out=np.zeros_like(ordered.home), where=ordered.home != 0)
    own = by_node @ (filled * ordered.own)  # of a county-node all home users get the same share of their orders
    outside = price @ ordered.total - own
    listed = 1.0 - state.scenario[Construction].spend_outside
    orders = 0.0 if state.spending is None else float(state.spending.sum())
    unlisted = orders / listed - orders if orders > 0 else ledger.prepaid_before + ledger.project_work
    return {
        "sales outside": float(delivered[3]),
        "household purchases at home": float(delivered[0]),
        "household purchases outside": float(outside[0]),
        "public purchases at home": float(delivered[1]),
        "public purchases outside": float(outside[1]),
        "investment goods at home": float(delivered[2]),
        "investment goods outside": float(outside[2] + unlisted),
        "pensions and money sent home": float(delivered[0] - own[0]),
        "housing and public works": float(delivered[2] - own[2]),
    }


def _incomes(state: State, ledger: Ledger, books: FirmAccounts) -> dict[str, float]:
    """Pay by what residents earn, profits by who owns the firms, interest."""
    local = state.scenario[Households].extra * float(paid_out(state).sum())
    return {
        "wages": float(state.people.wage_bill.sum()),
        "profits of local owners": local,
        "profits of other owners": float(books.distributed.sum() + ledger.to_owners.sum()) - local,
        "interest of firms": float(books.interest.sum()),
    }


def _public(ledger: Ledger, books: FirmAccounts) -> dict[str, float]:
    """Revenue and spending of the budgets as posted, less purchases; and taxes that go above them."""
    revenue = dict(zip(REVENUE_ITEMS, ledger.revenue.sum(axis=1).tolist(), strict=True))
    spending = dict(zip(SPENDING_ITEMS, ledger.spending.sum(axis=1).tolist(), strict=True))
    land, grants = float(books.land.sum()), float(books.grants.sum())
    elsewhere = ("ordinary spending", *PAID_AT_HOME, "incentives", "local purchases", "interest")
    return {
        "local taxes": revenue["taxes"],
        "other taxes": float(books.taxes.sum() - books.local_tax.sum()),
        "transfers from above": revenue["transfers from above"],
        "land bought by firms": land,
        "land bought by founders": revenue["land sales"] - land,
        "grants to firms": grants,
        "grants to founders": spending["incentives"] - grants,
        "paid to residents": float(ledger.to_households.sum()),
        "bonus on local purchases": float(books.bonus.sum()),
        "public services and land development": sum(spending[name] for name in SPENDING_ITEMS if name not in elsewhere),
        "land taken back": float(ledger.to_owners.sum() + books.compensation.sum()),
        "interest of budgets": spending["interest"],
    }


def _capital(state: State, ledger: Ledger, books: FirmAccounts) -> dict[str, float]:
    """Who pays for plants, and what owners and lenders bring or lose.

    Where nobody decides on the capital of incumbents (a run without that mechanism), the orders of the opening are
    repeated, and owners outside pay for them.
    """
    enlarged = float(books.projects.sum())
    repeated = ledger.prepaid_before if state.boards.investment is None else 0.0
    return {
        "capital of firms": float(books.invested.sum()),
        "projects of firms": enlarged,
        "projects of founders": ledger.project_work - enlarged + repeated,
        "working cash of founders": ledger.endowed,
        "debt written off": float(books.written_off.sum()),
    }
