"""Accounts of firms, taxes and budgets of December 2013 (model description, sections 8.5 and 9.17). Synthetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.inputoutput.tables import USES, Table
from sim.mechanisms.firms import Firms as FirmSettings
from sim.mechanisms.fiscal import Fiscal, normal_profit, other_rates, split_taxes
from sim.mechanisms.prices import Prices
from sim.mechanisms.production import relative_price, wage_share
from sim.opening.totals import OpeningError
from sim.resolvers.accounts_of_firms import month_accounts, working_cash
from sim.settings import Projects
from sim.state import YEAR, FirmAccounts, Public, State, TaxRates
from sim.sums import sum_by

Floats = NDArray[np.float64]

GOVERNMENT = USES.index("government")


def open_accounts(state: State, table: Table) -> None:
    """Give firms their working cash, close the rates of tax, and open the budgets.

    Args:
        state: the opening with firms, prices and memories.
        table: opening table of twelve regions; its government demand is the ordinary spending of the budgets.

    Raises:
        OpeningError: tax_gdp or local_share cannot be reached.
    """
    firms, fiscal = state.firms, state.scenario[Fiscal]
    rates = local_rates(state, closed_rates(state, firm_rates(state)))
    books = state.firm_accounts = month_accounts(state, rates)
    firms.cash = working_cash(books, state.scenario[FirmSettings].working_cash, firms.block)
    counties = state.world.county_count
    taxes = split_taxes(sum_by(firms.county, books.local_tax, counties), state.levers[CITY_SHARE][0])
    demand = government_demand(table, counties) * relative_price(state)
    state.technology.base_demand[:, GOVERNMENT] *= np.tile(relative_price(state), counties)
    county_base = demand.sum(axis=1)
    base = split_taxes(county_base, state.levers[CITY_SHARE][0])
    debt = fiscal.debt_opening * taxes * YEAR
    memory = np.repeat(taxes[:, None], YEAR, axis=1)
    state.public = Public(
        rates=rates,
        balance=np.zeros(counties + 1),
        debt=debt,
        base=base,
        ordinary=base,
        transfers=base + fiscal.interest / YEAR * debt - taxes,
        funded=np.ones(counties + 1),
        offered=float(state.counties.incentive.mean()),
        mix=demand / county_base[:, None],
        county_base=county_base,
        taxes12=memory,
        land12=np.zeros_like(memory),
        asked12=np.zeros_like(memory),
        spent12=np.zeros_like(memory),
        earmarked=np.zeros(counties),
        earmarked_land=np.zeros(counties),
        land_received=np.zeros(counties),
        grants_paid=np.zeros(counties),
    )


CITY_SHARE = "fiscal.city_share_local"


def government_demand(table: Table, counties: int) -> Floats:
    """(C, K) government demand of each county by product, from wherever it is met, M yuan a month."""
    products = len(table.products)
    made = table.final_by_region[:, :counties, GOVERNMENT].reshape(-1, products, counties).sum(axis=0)
    return np.asarray((made + table.final_imports_by_region[:, :counties, GOVERNMENT]).T / YEAR)


def firm_rates(state: State) -> TaxRates:
    """Rates that meet the anchors at the normal margin of 2018 prices; what is local is still open."""
    technology, world, fiscal = state.technology, state.world, state.scenario[Fiscal]
    wages = wage_share(state)
    depreciation = technology.capital * state.scenario[Projects].depreciation
    left = technology.value_added_share - wages - technology.tax - depreciation
    normal, overhead = normal_profit(left, state.scenario[Prices].margin_normal, fiscal.profit_tax)
    normal, overhead = np.where(world.agent, normal, 0.0), np.where(world.agent, overhead, 0.0)
    land = np.where(world.agent, technology.land, 0.0)
    return TaxRates(
        value_added=fiscal.vat_rate,
        profit=fiscal.profit_tax,
        land=fiscal.land_tax,
        other=other_rates(technology.tax, technology.value_added_share, normal, land, fiscal),
        overhead=overhead,
        made_by_firms=world.agent,
        local_value_added=fiscal.vat_local,
        local_profit=fiscal.cit_local,
        local_other=0.0,
    )


def closed_rates(state: State, rates: TaxRates) -> TaxRates:
    """The same with the anchor of blocks scaled, so that all taxes are tax_gdp of the opening's GDP.

    Raises:
        OpeningError: firms alone owe more than that, or blocks would have to pay more than they earn.
    """
    world, firms, technology = state.world, state.firms, state.technology
    books, fiscal = month_accounts(state, rates), state.scenario[Fiscal]
    block = firms.block
    owed = float((books.taxes[~block]).sum())
    wanted = fiscal.tax_gdp * float(books.value_added.sum()) - owed
    anchored = float((technology.tax[firms.product] * books.sales)[block].sum())
    factor = wanted / anchored
    if not 0.0 < factor < MOST_FACTOR:
        raise OpeningError(
            f"all taxes cannot be {fiscal.tax_gdp:.3f} of GDP: firms owe {owed:.0f} M yuan a month by"
            f" fiscal.tax_output_*, and blocks would pay {factor:.2f} times their anchor"
        )
    technology.tax[~world.agent] *= factor
    paid = sum_by(firms.product[block], books.value_added_tax[block], world.product_count)
    sales = sum_by(firms.product[block], books.sales[block], world.product_count)
    net = np.divide(paid, sales, out=np.zeros(world.product_count), where=sales > 0)
    other = np.where(world.agent, rates.other, technology.tax - net)
    return TaxRates(**{**vars(rates), "other": other})


MOST_FACTOR = 3.0
"""Most that closing may multiply the anchor of blocks; assumption: beyond it the anchors contradict fiscal.tax_gdp."""


def local_rates(state: State, rates: TaxRates) -> TaxRates:
    """The same with the local part of "other" taxes, so that local_share of all taxes stays local at the opening.

    Raises:
        OpeningError: more than all or less than nothing of "other" would have to be local.
    """
    books: FirmAccounts = month_accounts(state, rates)
    fiscal = state.scenario[Fiscal]
    local = books.local_tax.sum()  # of value added, profit and land tax: nothing of "other" is local yet
    part = float((fiscal.local_share * books.taxes.sum() - local) / books.other_tax.sum())
    if not 0.0 <= part <= 1.0:
        raise OpeningError(
            f"fiscal.local_share {fiscal.local_share:.2f} cannot be reached: {part:.2f} of other taxes would be local"
        )
    return TaxRates(**{**vars(rates), "local_other": part})
