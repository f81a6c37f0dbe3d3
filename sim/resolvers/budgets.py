"""SHARE: incomes of residents; revenue and spending of the budgets, whose deficits become debt.

Model description, sections 9.14 and 9.17.
"""

from __future__ import annotations

import numpy as np

from sim.draws import Streams
from sim.resolvers.ledger import earn, spend, the_ledger
from sim.state import REVENUE_ITEMS, YEAR, State


def resolve_share(state: State, streams: Streams) -> None:
    """Post the month to the budgets and set what holds next month."""
    del streams
    public, ledger, boards, people = state.budgets, the_ledger(state), state.boards, state.people
    if boards.income is not None and boards.usual_profits is not None and boards.consumption is not None:
        people.income, people.usual_profits, people.consumption = (
            boards.income,
            boards.usual_profits,
            boards.consumption,
        )
    paid = ledger.spending.sum(axis=0)
    for item, amount in boards.public_revenue.items():
        earn(state, item, amount)
    for item, amount in boards.public_spending.items():
        spend(state, item, amount)
        if item not in ("ordinary spending", "interest"):
            paid = paid + amount
    if boards.public_asked is not None:
        ledger.asked = boards.public_asked
    net = public.balance - public.debt + ledger.revenue.sum(axis=0) - ledger.spending.sum(axis=0)
    public.balance, public.debt = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    slot = (state.month - 1) % YEAR
    public.taxes12[:, slot] = ledger.revenue[REVENUE_ITEMS.index("taxes")]
    public.land12[:, slot] = ledger.revenue[REVENUE_ITEMS.index("land sales")]
    public.asked12[:, slot], public.spent12[:, slot] = ledger.asked, paid
    if boards.ordinary is not None:
        public.ordinary = boards.ordinary
    if boards.funded is not None:
        public.funded = boards.funded
        _tell(state)


def _tell(state: State) -> None:
    """Counties and city write to the log when money begins or ceases to limit their policies."""
    if state.deciders is None:
        return
    funded = state.budgets.funded
    for county in state.deciders.counties:
        county.fund(float(funded[county.index]))
    state.deciders.city.fund(float(funded[-1]))
