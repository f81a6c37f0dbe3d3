"""SHARE: incomes of residents; revenue and spending of the budgets, whose deficits become debt.

Model description, sections 9.14 and 9.17.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms.fiscal import Fiscal, grown_population, plan_budgets
from sim.resolvers.enclaves import close_month
from sim.resolvers.ledger import earn, spend, the_ledger
from sim.state import REVENUE_ITEMS, SPENDING_ITEMS, YEAR, State

Floats = NDArray[np.float64]


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
    for item, amount in boards.public_revenue.items():
        earn(state, item, amount)
    for item, amount in boards.public_spending.items():
        spend(state, item, amount)
    for amount in boards.public_asked.values():
        ledger.asked += amount
    public.earmarked = public.earmarked + np.maximum(ledger.revenue[REVENUE_ITEMS.index("linkage"), :-1], 0.0)
    close_month(state)
    net = public.balance - public.debt + ledger.revenue.sum(axis=0) - ledger.spending.sum(axis=0)
    public.balance, public.debt = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    if boards.public_revenue:
        _plan(state)
        _tell(state)


def _plan(state: State) -> None:
    """Remember the month and plan the next one.

    Levers are expected to ask for what they asked for in the mean of twelve months; what is known ahead (road works)
    for just that, and its past counts no more.
    """
    public, ledger, slot, boards = state.budgets, the_ledger(state), (state.month - 1) % YEAR, state.boards

    def revenue(item: str) -> Floats:
        return np.asarray(ledger.revenue[REVENUE_ITEMS.index(item)])

    def spending(item: str) -> Floats:
        return np.asarray(ledger.spending[SPENDING_ITEMS.index(item)])

    public.taxes12[:, slot] = revenue("taxes") + revenue("enclaves")
    public.land12[:, slot] = revenue("land sales")
    public.asked12[:, slot] = ledger.asked - sum(boards.public_asked[item] for item in boards.public_ahead)
    public.spent12[:, slot] = ledger.spending.sum(axis=0) - spending("ordinary spending") - spending("interest")
    plan = plan_budgets(
        state.scenario[Fiscal],
        net=public.balance - public.debt - np.append(public.earmarked, 0.0),
        local=public.taxes12.sum(axis=1) / YEAR,
        land=public.land12.sum(axis=1) / YEAR,
        asked=public.asked12.sum(axis=1) / YEAR + sum(boards.public_ahead.values()),
        transfers=revenue("transfers from above"),
        interest=spending("interest"),
        floor=public.base * grown_population(state),
    )
    public.ordinary, public.funded = plan.ordinary, plan.funded


def _tell(state: State) -> None:
    """Counties and city write to the log when money begins or ceases to limit their policies."""
    if state.deciders is None:
        return
    funded = state.budgets.funded
    for county in state.deciders.counties:
        county.fund(float(funded[county.index]))
    state.deciders.city.fund(float(funded[-1]))
