"""Households: income by residence and what it buys (model description, section 9.14).

    pay_s        = sum_r (T_sr / sum_s T_sr) wage bill_r ,   profits_s = c_other x (profits paid out in s)^+
    usual_s'     = usual_s + (profits_s - usual_s) / m_y
    income_s     = pay_s + grants_s + profits_s ,   spending_s = c_y (pay_s + grants_s + usual_s')
    ordered from the producers of product k in county r:
                   base_kr (residents_r x national income, to the opening) + sum_s home_krs gamma_ks spending_s PI / p_k

Grants are what budgets pay to residents (cash of a talent plan, 9.11). T are the commuters of the month, so pay is
spent where people live. gamma are the shares of products in what households of the county buy, home the shares of the
opening table; what they leave is bought outside the ten counties. The base is what the opening table gives to
households beyond this (pensions, money sent home, savings drawn on), so that the opening comes back from its own
incomes; it follows residents and national income. Spending of a month is ordered in the next one, which keeps the joint
solve linear. Profits paid out are those of the accounts (9.12), after investment, interest and taxes; a part stays with
owners in the county, the rest and all profits of leaders go elsewhere. Pay is spent as it comes, profits as owners are
used to them (permanent income, Friedman 1957): the cash of a plant that is wound down or held up is not spent within
the month.

Reads workers, wages, accounts of firms. Writes: income, usual_profits, consumption.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Parameters, parameter
from sim.state import State
from sim.sums import sum_by

Floats = NDArray[np.float64]


class Households(Parameters):
    """Spending out of income, how owners smooth it, and the part of profits that stays with local owners."""

    table: ClassVar[str] = "households"

    consumption_share: float = parameter(
        0.7,
        symbol="c_y",
        unit="of disposable income",
        low=0.65,
        high=0.75,
        grade="derived",
        source=(
            "NBS: consumption 19,853 of income 28,228 yuan per head in 2018 = 0.703; 21,559/30,733 = 0.702 in 2019 "
            "(https://www.jqknews.com/news/129510-Last_year_the_per_capita_disposable_income_of_the_country.html)"
        ),
        published="2019",
    )
    memory: float = parameter(
        12.0,
        symbol="m_y",
        unit="months",
        low=1.0,
        high=36.0,
        grade="assumed",
        source="assumption: profits are settled once a year; permanent income, Friedman (1957)",
        published="1957",
    )
    extra: float = parameter(
        0.3,
        symbol="c_other",
        unit="share of profit income kept by local owners",
        low=0.1,
        high=0.6,
        grade="assumed",
        source="assumption",
    )


def pay_by_residence(workers: Floats, bill: Floats) -> Floats:
    """(C,) wages by residence, M yuan a month: commuters earn the mean wage of their place of work.

    Args:
        workers: (2, C, C) by skill, residence and workplace.
        bill: (2, C) wages paid by skill and workplace, M yuan a month.
    """
    total = workers.sum(axis=1, keepdims=True)
    share = np.divide(workers, total, out=np.zeros_like(workers), where=total > 0)
    return np.asarray((share @ bill[:, :, None])[:, :, 0].sum(axis=0))


def paid_out(state: State) -> Floats:
    """(C,) profits paid to owners in the month by county of the plant, those of leaders left out, M yuan; at least 0.

    At the opening, before any month has been settled, what is left when depreciation has been replaced.
    """
    books, firms = state.firm_accounts, state.firms
    assert books is not None
    paid = books.distributed if state.month else books.gross_surplus - books.depreciation
    total = sum_by(firms.county, np.where(firms.leader < 0, paid, 0.0), state.world.county_count)
    return np.maximum(total, 0.0) + paid_for_plots(state)


def paid_for_plots(state: State) -> Floats:
    """(C,) what owners of idle plots get for them from budgets, M yuan in the month (section 9.16)."""
    none = np.zeros(state.world.county_count)
    return none if state.ledger is None else state.ledger.to_owners + none


def paid_by_budgets(state: State) -> Floats:
    """(C,) severance and pay for training by residence, M yuan in the month (sections 9.16 and 9.19)."""
    none = np.zeros(state.world.county_count)
    return none if state.ledger is None else state.ledger.to_households + none


class Consumption:
    """Income of the month by residence and what is spent out of it next month; profits are settled before."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("income", "usual_profits", "consumption")

    def __init__(self, households: Households) -> None:
        self.households = households

    def step(self, state: State, streams: Streams) -> None:
        """Wages come home with the commuters, profits go to their owners, who spend what they are used to."""
        del streams
        people = state.people
        pay, profits = pay_by_residence(people.workers, people.wage_bill), local_profits(state, self.households)
        profits = profits + paid_by_budgets(state)  # severance is lived on for as long as a year's profit
        usual = people.usual_profits + (profits - people.usual_profits) / self.households.memory
        state.boards.income, state.boards.usual_profits = pay + profits, usual
        state.boards.consumption = self.households.consumption_share * (pay + usual)


def household_income(state: State, households: Households) -> Floats:
    """(C,) disposable income by residence, M yuan a month at 2018 prices."""
    pay = pay_by_residence(state.people.workers, state.people.wage_bill)
    return np.asarray(pay + local_profits(state, households))


def local_profits(state: State, households: Households) -> Floats:
    """(C,) profits of the month that stay with owners in the county, real M yuan a month."""
    return np.asarray(households.extra * paid_out(state))
