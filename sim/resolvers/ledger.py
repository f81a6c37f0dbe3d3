"""The ledger of the month (model description, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.state import REVENUE_ITEMS, SPENDING_ITEMS, FirmAccounts, Ledger, Stage, State
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def open_ledger(state: State) -> Ledger:
    """A new ledger at the start of a month."""
    public, budgets = state.budgets, state.world.county_count + 1
    return Ledger(
        capital_before=state.firms.capital.copy(),
        alive_before=state.firms.alive.copy(),
        stages_before=np.bincount(state.projects.stage, minlength=len(Stage)),
        developed_before=state.parks.developed.copy(),
        quota_before=state.counties.quota.copy(),
        invested=np.zeros(len(state.firms)),
        scrapped=np.zeros(len(state.firms)),
        revenue=np.zeros((len(REVENUE_ITEMS), budgets)),
        spending=np.zeros((len(SPENDING_ITEMS), budgets)),
        asked=np.zeros(budgets),
        balance_before=public.balance.copy(),
        public_debt_before=public.debt.copy(),
        project_spending=np.zeros(len(state.firms)),
        project_grants=np.zeros(len(state.firms)),
        working_age_before=state.people.working_age.copy(),
        firm_money_before=float(state.firms.cash.sum() - state.firms.debt.sum()),
        prepaid_before=state.prepaid,
        to_households=np.zeros(state.world.county_count),
        to_owners=np.zeros(state.world.county_count),
        earmarked_before=public.earmarked.copy(),
        earmarked_spent=np.zeros(state.world.county_count),
    )


def the_ledger(state: State) -> Ledger:
    """The open ledger of the month."""
    if state.ledger is None:
        raise RuntimeError("no ledger is open: a month begins with open_ledger")
    return state.ledger


def earn(state: State, item: str, amount: Floats) -> None:
    """Book revenue of the budgets.

    Args:
        state: with an open ledger.
        item: one of :data:`sim.state.REVENUE_ITEMS`.
        amount: (C,) M yuan of the counties, or (B,) with the city level last.
    """
    the_ledger(state).revenue[REVENUE_ITEMS.index(item), : len(amount)] += amount


def spend(state: State, item: str, amount: Floats) -> None:
    """Book spending of the budgets.

    Args:
        state: with an open ledger.
        item: one of :data:`sim.state.SPENDING_ITEMS`.
        amount: (C,) M yuan of the counties, or (B,) with the city level last.
    """
    the_ledger(state).spending[SPENDING_ITEMS.index(item), : len(amount)] += amount


def spend_earmarked(state: State, amount: Floats, *, on_land: bool = False) -> None:
    """Take spending that is booked under its item from the transfers received for it.

    Args:
        state: with an open ledger.
        amount: (C,) M yuan, at most what is left of them.
        on_land: it develops land, of which others may pay back a share (:func:`pay_back_earmarked`).
    """
    the_ledger(state).earmarked_spent += amount
    state.budgets.earmarked = state.budgets.earmarked - amount
    if on_land:
        state.budgets.earmarked_land = state.budgets.earmarked_land + amount


def pay_back_earmarked(state: State, received: Floats) -> Floats:
    """(C,) what of a payment for land goes back to the purse of earmarked transfers: all, up to what it spent on land.

    Args:
        state: with an open ledger.
        received: (C,) M yuan that counties get back of what they spent on developing land; booked by the caller.
    """
    back = np.minimum(received, state.budgets.earmarked_land)
    spend_earmarked(state, -back, on_land=True)
    return back


def pay_households(state: State, amount: Floats) -> None:
    """Budgets pay residents, who count it as income of the month; the caller books the spending.

    Args:
        state: with an open ledger.
        amount: (C,) M yuan by county of residence.
    """
    the_ledger(state).to_households += amount


def sell_land(state: State, county: Ints, amount: Floats) -> None:
    """Counties are paid for land (or pay back, where negative); the payers' books are kept by the caller.

    Args:
        state: with an open ledger.
        county: (n,) county of each sale.
        amount: (n,) M yuan.
    """
    by_county = sum_by(county, amount, state.world.county_count)
    state.budgets.land_received += by_county
    earn(state, "land sales", by_county)


def firm_accounts(state: State) -> FirmAccounts:
    """The accounts of firms of the latest month."""
    if state.firm_accounts is None:
        raise RuntimeError("no accounts of firms: the opening is not finished")
    return state.firm_accounts
