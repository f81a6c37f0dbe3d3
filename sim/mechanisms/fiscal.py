"""Public money: taxes by kind, budgets of counties and city, debt, and the race of incentives (sections 9.6 and 9.17).

Taxes of a firm i making product k, real M yuan a month (p price, PI price level, x output):

    value added tax   tau_V (VA_i)^+
    profit tax        tau_P (VA - wages - depreciation - overhead - interest - other three taxes)^+     (not of blocks)
    land tax          tau_L land_i / 12
    other             o_k p x / PI
    overhead          h_k x v_k(t) / v_k(2018) ;   h_k = left_k + tau_P n_k - n_k
    normal margin     n_k = min(mbar / (1 + mbar), left_k / (1 - tau_P))   before profit tax
    o_k = t_k - tau_V va_k - tau_P n_k - tau_L land_k ,   t_k = fiscal.tax_output_*

left_k is what the value added of a unit leaves after wages, all taxes t_k and depreciation. Of it h_k pays what the
accounts do not list: headquarters, development, selling, finance. Without h_k the tax of 25 % would fall on it and take
several times the anchor. Surplus of blocks (farms, shops, builders, public services) is mixed income: no profit
tax. The rate of blocks closes the opening: all taxes / GDP = tax_gdp. The part of "other" that stays local closes
local / all taxes = local_share; of value added tax phi_vat is local, of profit tax phi_cit, of land tax all.

Budgets b: ten counties and the city level, which keeps phi_city of local taxes.

    B(t+1) = B + taxes + land sales + transfers + enclaves + linkage
             - ordinary - promotion - incentives - service teams - permit reform - land development - talent
             - land reform - infrastructure - local purchases - training - interest
    transfers  = opening transfers x residents x national income (over the opening)
    ordinary_b = max(base_b n_b, available_b + (B - debt + d_0 L_b) / H)           n residents over the opening
    available_b = 12-month mean of taxes, with what enclaves move, + transfers - interest
    funded_b   = min(1, room_b / 12-month mean of what the levers of b would cost)        road works: of next month
    room       = 12-month mean of (taxes + land sales) + transfers - base n - interest + (d_max L_b - debt)^+/12 + B/12

L_b is local tax revenue of a year, with what enclaves move. Each policy posts its own cost; the resolver of the phase
plans the next month when all have posted. A negative B is debt; surplus repays it. Transfers from above close the
opening: taxes + transfers = ordinary + interest, so every policy must be paid from growth, land or debt; what it takes
from the budget lowers ordinary spending over H months, what land brings raises it. Beyond d_max L nothing more is
borrowed for policies: what levers do and cost is scaled by funded_b. The city level carries at the opening the share
phi_city of the table's government demand, the counties carry the rest.

Incentives: county c alone offers phi_0 of its cap; facing n - 1 other counties that would take the lead,

    inc_jc = min(phi_0 cap_c (1 + xi_d (1 - z)(n_j - 1)), cap_c (1 + xi_m m)) funded_c

The promise is kept as the work is done: grant = inc_j x work done x funded_c of the month.

Reads accounts of firms, levers, budgets. Writes: incentive; public_revenue, public_spending, public_asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.production import national_income
from sim.parameters import Lever, Parameters, lever, parameter
from sim.state import YEAR, State, TaxRates
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Fiscal(Parameters):
    """Taxes, who gets them, debt and grants."""

    table: ClassVar[str] = "fiscal"

    tax_output_stainless: float = parameter(
        0.025,
        symbol="tau_SS",
        unit="all taxes / output",
        low=0.015,
        high=0.035,
        grade="calibrate",
        source="plan figures 0.030-0.033 (announced mill and park), lowered for ramp-up and rebates",
        newest_fact="2021-05",
        published="2021",
    )
    tax_output_cell: float = parameter(
        0.03,
        symbol="tau_B",
        unit="all taxes / output",
        low=0.02,
        high=0.05,
        grade="derived",
        source="Cheliwan plan 1.5 bn / 50 bn",
        newest_fact="2020-02",
    )
    tax_output_other: float = parameter(
        0.035,
        symbol="tau_O",
        unit="all taxes / output, products of firms; the rate of blocks follows from tax_gdp",
        low=0.02,
        high=0.05,
        grade="calibrate",
        source="of the size of city revenue / output: about 14 bn of 430 bn a year at the opening",
        newest_fact="2020",
        published="2021-01",
    )
    tax_gdp: float = parameter(
        0.0892,
        symbol="tau_G",
        unit="all taxes / GDP of the opening",
        low=0.08,
        high=0.1,
        grade="derived",
        source="total budget revenue 23.355 bn / GDP 261.9 bn (2020)",
        newest_fact="2020",
        published="2021-01",
    )
    local_share: float = parameter(
        0.59,
        symbol="phi_loc",
        unit="local / total revenue of the opening",
        low=0.55,
        high=0.65,
        grade="derived",
        source="13.779 bn / 23.355 bn (2020)",
        newest_fact="2020",
        published="2021-01",
    )
    vat_rate: float = parameter(
        0.035,
        symbol="tau_V",
        unit="value added tax / value added, effective",
        low=0.02,
        high=0.04,
        grade="assumed",
        source="assumption: national domestic value added tax was 6.7 % of GDP in 2018 (recalled: 6.15 of 91.9"
        " trillion), all taxes 17 %; the city collects 8.9 %",
        newest_fact="2020",
        published="2021-01",
    )
    vat_local: float = parameter(
        0.5,
        symbol="phi_vat",
        unit="local share of value added tax",
        low=0.5,
        high=0.5,
        grade="sourced",
        source="State Council transition plan, 30 Apr 2016, https://english.www.gov.cn/policies/latestreleases/201604/30/"
        "content_WS5d15d2dac6d03ce6787900e5.html ; made permanent 9 Oct 2019 (China Daily, 11 Oct 2019,"
        " https://www.chinadaily.com.cn/cndy/2019-10/11/content_37514846.htm)",
        published="2019-10",
    )
    profit_tax: float = parameter(
        0.25,
        symbol="tau_P",
        unit="share of positive profit",
        low=0.15,
        high=0.25,
        grade="sourced",
        source="Enterprise Income Tax Law of 16 Mar 2007, article 4; recognised high-technology firms pay 15 %",
        published="2007-03",
    )
    cit_local: float = parameter(
        0.4,
        symbol="phi_cit",
        unit="local share of enterprise income tax",
        low=0.4,
        high=0.4,
        grade="sourced",
        source="60% central, 40% local: table of central, local and shared taxes, Scientific Research Publishing,"
        " https://html.scirp.org/file/_10-7201523_1.htm . Share of all levels below the centre, the province included",
    )
    land_tax: float = parameter(
        0.0027,
        symbol="tau_L",
        unit="M yuan per mu and year",
        low=0.0004,
        high=0.008,
        grade="assumed",
        source="assumption: 4 yuan a square metre; recalled: the regulation on urban land use tax of 2006 allows 0.6 to"
        " 12 in county towns, 0.9 to 18 in small cities",
        published="2006",
    )
    debt_opening: float = parameter(
        0.6,
        symbol="d_0",
        unit="debt / local revenue of a year that budgets start with and come back to",
        low=0.0,
        high=1.0,
        grade="assumed",
        source="assumption: half of the cap",
    )
    debt_cap: float = parameter(
        1.2,
        symbol="d_max",
        unit="debt / local revenue of a year",
        low=0.8,
        high=2.0,
        grade="assumed",
        source="assumption",
    )
    interest: float = parameter(
        0.03,
        symbol="r_p",
        unit="real, per year, on public debt",
        low=0.01,
        high=0.06,
        grade="assumed",
        source="assumption: bonds and bank loans of local governments at 4 to 5 %, inflation of about 2 %",
    )
    adjustment: float = parameter(
        36.0,
        symbol="H",
        unit="months in which ordinary spending uses up what a budget has above its normal debt",
        low=12,
        high=120,
        grade="assumed",
        source="assumption: a rolling plan of three years, as the medium-term fiscal plans of 2015 have it",
        published="2015",
    )
    offer: float = parameter(
        0.5,
        symbol="phi_0",
        unit="share of the cap that a county offers without competition",
        low=0.3,
        high=1.0,
        grade="assumed",
        source="assumption: ten counties at strictness 0.5 then offer 0.84 of the cap, without any plan all of it",
    )
    incentive_cap: Lever = lever(
        0.04,
        symbol="inc",
        unit="grant share of investment",
        payer="counties",
        low=0,
        high=0.12,
        grade="assumed",
        source="assumption",
        scope="county",
    )
    city_share_local: Lever = lever(
        0.25,
        symbol="phi_city",
        unit="share of local revenue kept by the city level",
        payer="counties, to the city level",
        low=0,
        high=0.6,
        grade="assumed",
        source="assumption",
    )


# --- taxes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taxes:
    """Taxes of every row, real M yuan a month (F,), and the part of them that stays local."""

    value_added: Floats
    profit: Floats
    land: Floats
    other: Floats
    local: Floats


def taxes_due(
    rates: TaxRates, product: Ints, sales: Floats, value_added: Floats, land: Floats, before_taxes: Floats
) -> Taxes:
    """The four taxes of a month.

    Args:
        rates: rates and who gets them.
        product: (F,) product of each row.
        sales: (F,) real M yuan.
        value_added: (F,) real M yuan; a negative one pays no tax.
        land: (F,) mu.
        before_taxes: (F,) profit before all taxes, real M yuan.
    """
    on_value_added = rates.value_added * np.maximum(value_added, 0.0)
    on_land = rates.land / YEAR * land
    other = rates.other[product] * sales
    profit = np.maximum(before_taxes - on_value_added - on_land - other, 0.0)
    on_profit = rates.profit * profit * rates.made_by_firms[product]
    local = rates.local_value_added * on_value_added + rates.local_profit * on_profit
    local = local + on_land + rates.local_other * other
    return Taxes(on_value_added, on_profit, on_land, other, local)


def normal_profit(left: Floats, markup: float, rate: float) -> tuple[Floats, Floats]:
    """(K,) normal profit before profit tax and (K,) overhead, both per unit of output at 2018 prices.

    Args:
        left: (K,) value added per unit less wages, all taxes and depreciation.
        markup: mbar, normal markup on unit cost.
        rate: tau_P.
    """
    left = np.maximum(left, 0.0)
    normal = np.minimum(markup / (1.0 + markup), left / (1.0 - rate))
    return normal, left - (1.0 - rate) * normal


def other_rates(tax: Floats, value_added: Floats, normal: Floats, land: Floats, fiscal: Fiscal) -> Floats:
    """(K,) o_k: what value added, profit and land tax leave of the anchor at the normal margin, share of sales.

    Args:
        tax: (K,) anchors t_k, all taxes per output.
        value_added: (K,) per unit of output.
        normal: (K,) normal profit per unit; 0 for blocks.
        land: (K,) mu per M yuan of annual output.
        fiscal: rates.
    """
    return np.asarray(tax - fiscal.vat_rate * value_added - fiscal.profit_tax * normal - fiscal.land_tax * land)


# --- the race of incentives -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Race:
    """What counties offer, and how they outbid one another.

    Attributes:
        alone: phi_0, share of the cap offered without competition.
        inflation: xi_d per extra competing county.
        relaxation: xi_m, how far the cap gives way to plan pressure.
    """

    alone: float
    inflation: float
    relaxation: float

    def offers(self, state: State, competing: Floats) -> Floats:
        """(n, C) grant share of investment on offer.

        Args:
            state: levers, plan pressure, budgets.
            competing: (n,) counties that would take the project, at least 1 counts.
        """
        limit = state.lever_by_county("fiscal.incentive_cap")
        race = self.inflation * (1.0 - state.lever("zoning.strictness"))
        return raced_offers(
            self.alone * limit, limit * (1.0 + self.relaxation * state.pressure), race, competing, state.funded[:-1]
        )


def raced_offers(alone: Floats, limit: Floats, race: float, competing: Floats, funded: Floats) -> Floats:
    """(n, C) min(alone (1 + race (n - 1)^+), limit) funded.

    Args:
        alone: (C,) offer of a county that competes with nobody.
        limit: (C,) most a county may offer.
        race: inflation of the offer per extra competing county.
        competing: (n,) counties that would take the project.
        funded: (C,) share of its levers that a county can pay.
    """
    inflation = 1.0 + race * np.maximum(competing - 1.0, 0.0)
    return np.asarray(np.minimum(alone[None, :] * inflation[:, None], limit[None, :]) * funded[None, :])


def competing_counties(allowed: Bools, park_county: Ints, counties: int) -> Bools:
    """(n, C) whether a county has at least one park for each project.

    Args:
        allowed: (n, P) parks that would take it.
        park_county: (P,) county of each park.
        counties: C.
    """
    one = np.zeros((len(park_county), counties))
    one[np.arange(len(park_county)), park_county] = 1.0
    return np.asarray(allowed @ one > 0)


class Incentives:
    """What each county offers a project that no other county wants: leaders and rivals look at it next."""

    phase: ClassVar[Phase] = Phase.PROPOSE
    writes: ClassVar[tuple[str, ...]] = ("incentive",)

    def __init__(self, race: Race) -> None:
        self.race = race

    def step(self, state: State, streams: Streams) -> None:
        """The offer without competition."""
        del streams
        state.boards.incentive = self.race.offers(state, np.ones(1))[0]


# --- budgets ----------------------------------------------------------------------------------------------------------


def split_taxes(local: Floats, city_share: float) -> Floats:
    """(B,) local taxes of the counties less what the city level keeps, and that.

    Args:
        local: (C,) local taxes collected in each county.
        city_share: phi_city.
    """
    return np.append((1.0 - city_share) * local, city_share * local.sum())


def ordinary_spending(floor: Floats, available: Floats, net: Floats, normal_debt: Floats, months: float) -> Floats:
    """(B,) max(floor, available + (B - debt + normal debt) / H), M yuan a month.

    Args:
        floor: (B,) spending of the opening for the present population.
        available: (B,) revenue of a normal month less interest.
        net: (B,) balance less debt.
        normal_debt: (B,) d_0 L.
        months: H.
    """
    return np.maximum(floor, available + (net + normal_debt) / months)


def funded_share(room: Floats, asked: Floats) -> Floats:
    """(B,) share of the discretionary levers that a budget can pay: room over what they would cost, 0-1."""
    share = np.divide(room, asked, out=np.ones(len(asked)), where=asked > 0)
    return np.clip(share, 0.0, 1.0)


class Budgets:
    """Revenue and spending of the month by budget."""

    phase: ClassVar[Phase] = Phase.SHARE
    writes: ClassVar[tuple[str, ...]] = ("public_revenue", "public_spending", "public_asked")

    def __init__(
        self, fiscal: Fiscal, team_cost: float, permit_upkeep: float, promotion: Callable[[State], float]
    ) -> None:
        """Keep the parameters.

        Args:
            fiscal: parameters of this table.
            team_cost: M yuan per service team and year.
            permit_upkeep: M yuan a year at full permit reform.
            promotion: what promotion would cost, M yuan a year (:mod:`sim.mechanisms.promotion`).
        """
        self.fiscal, self.team_cost, self.permit_upkeep = fiscal, team_cost, permit_upkeep
        self.promotion = promotion

    def step(self, state: State, streams: Streams) -> None:
        """Collect taxes, pay ordinary spending, interest and the levers of the city level.

        Land sales, land development and incentives of the month stand in the ledger already.
        """
        del streams
        public, boards, books = state.budgets, state.boards, state.firm_accounts
        assert books is not None
        local = sum_by(state.firms.county, books.local_tax, state.world.county_count)
        transfers = public.transfers * grown_population(state) * national_income(state)
        boards.public_revenue["taxes"] = split_taxes(local, state.lever("fiscal.city_share_local"))
        boards.public_revenue["transfers from above"] = transfers
        boards.public_spending["ordinary spending"] = public.ordinary
        boards.public_spending["interest"] = self.fiscal.interest / YEAR * public.debt
        for item, amount in self.lever_costs(state).items():
            post_lever(state, item, city_level(state, amount))

    def lever_costs(self, state: State) -> dict[str, float]:
        """What the levers of the city level would cost this month if money were no limit, M yuan by item."""
        return {
            "promotion": self.promotion(state) / YEAR,
            "service teams": self.team_cost * state.lever("service.teams") / YEAR,
            "permit reform": self.permit_upkeep * state.lever("service.permit_reform") / YEAR,
        }


def city_level(state: State, amount: float) -> Floats:
    """(B,) an amount that the city level pays alone."""
    cost = np.zeros(state.world.county_count + 1)
    cost[-1] = amount
    return cost


def post_lever(state: State, item: str, asked: Floats) -> None:
    """Post the cost of a lever in SHARE: each budget pays the share of it that is funded this month.

    Args:
        state: budgets and boards.
        item: one of :data:`sim.state.SPENDING_ITEMS`.
        asked: (B,) what it would cost if money were no limit, M yuan a month.
    """
    state.boards.public_asked[item] = asked
    state.boards.public_spending[item] = asked * state.budgets.funded


def grown_population(state: State) -> Floats:
    """(B,) residents over the opening; those of the city level by the size of county budgets."""
    public, people = state.budgets, state.people.growth
    return np.append(people, float(people @ (public.county_base / public.county_base.sum())))


@dataclass(frozen=True)
class BudgetPlan:
    """What budgets plan for next month, (B,): ordinary spending in M yuan, and the funded share of the levers."""

    ordinary: Floats
    funded: Floats


def plan_budgets(
    fiscal: Fiscal,
    *,
    net: Floats,
    local: Floats,
    land: Floats,
    asked: Floats,
    transfers: Floats,
    interest: Floats,
    floor: Floats,
) -> BudgetPlan:
    """Ordinary spending and funded levers of next month, from means of twelve months that include this one.

    Args:
        fiscal: parameters.
        net: (B,) balance less debt at the end of the month, M yuan.
        local: (B,) mean local taxes, with what enclaves move, M yuan a month.
        land: (B,) mean land sales.
        asked: (B,) mean cost of the levers if money were no limit; of works under way that of next month.
        transfers: (B,) from above.
        interest: (B,) of the month.
        floor: (B,) spending of the opening for the present population.
    """
    annual = local * YEAR
    ordinary = ordinary_spending(
        floor, local + transfers - interest, net, fiscal.debt_opening * annual, fiscal.adjustment
    )
    debt, balance = np.maximum(-net, 0.0), np.maximum(net, 0.0)
    borrow = np.maximum(fiscal.debt_cap * annual - debt, 0.0)
    room = local + land + transfers - interest - floor + (borrow + balance) / YEAR
    return BudgetPlan(ordinary, funded_share(room, asked))
