"""Prices: commodities, learning and pass-through, so that nominal and real output can move apart (section 9.2).

    ln P_q(t+1) = ln P_q + theta_p (ln Pbar_q - ln P_q)/12 + (sig_q / sqrt 12) eps_q      (known period: series)
    v_k = h_k + (v_k0 - h_k) (E_k / E_ref)^(-b_k),  E_k = w_world E_world + (1 - w_world) E_home
    b_k = -log2(1 - LR_k),  battery products: log2[1 + (1/(1 - LR) - 1) / s],  s: what learns, of the cost of a cell
    chat_k = sum_i p_ik^paid a_ik + v_k PI
    p_ik^paid = p_i [1 + M_ik tau/(1 + tau_M)] ,   for OTHM also times [1 + sum_q (e_qk / a_OTHM,k)(P_q - 1)]
    ln p_k(t+1) = ln p_k + rho_p (ln[(1 + mbar_k (1 + xi_u (U_k - Ubar))) chat_k] - ln p_k)

Prices are indices with 2018 = 1; products outside the four chains follow general inflation PI. Choices of this
project: freight does not enter the frontier cost (the table's transport and trade rows hold it already; freight
only compares suppliers in sourcing). The learning rate of batteries was measured on prices of whole packs, of which
metals, chemicals and services bought elsewhere are two thirds and do not learn with cells; so what does learn, the
conversion in cells and their materials, falls faster, such that the price of a cell has fallen by LR in the doubling
that ends in the base year; it falls by less when little is left to learn. Wages, depreciation and taxes of a plant,
h_k, do not learn at all.
v_k0 is what the price of 2018 leaves after inputs and the normal margin, and
the margin is cut where value added less wages, taxes and depreciation is smaller than it (copper cathode). World
utilisation U_k is a dated lever of each chain; 0 stands for its normal value, at which the term is exactly 1. The
experience of 2018 is that of the world; where it lies after the origin the last known mid-year is the base.

Imports: the table values them at what users pay, so the wedge tau_M of 2018 is in the prices of 2018 already and its
level has no effect of its own. The lever tau (``prices.tariff``) comes on top: it makes the imported part M_ik of an
input dearer, for home plants and for the frontier plant elsewhere in China alike, hence prices follow cost and
Ningde neither gains nor loses against its rivals. No buyer turns away from imports; shares of the table are fixed.

The trend g_A of 9.15 is not in v_k: learning rates are measured on the whole fall of cost, all progress included.
Differences of electricity per unit between firms are not in unit cost: they stand for what a firm makes within its
product, and the books charge every plant the energy of its column, so a low user would look cheaper than its books.

Writes: commodity, price, price_level, conversion, material_factor, experience.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.demand import (
    HORIZON,
    OPENING,
    annual_series,
    growth_index,
    last_known_year,
    market_volumes,
    monthly_logs,
)
from sim.mechanisms.shocks import Switch, effect, switches
from sim.parameters import Lever, Month, Parameters, entries, lever, parameter, show
from sim.settings import Run
from sim.state import COMMODITIES, YEAR, State, Technology, read_monthly, read_once
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]

COMMODITY_SERIES: Mapping[str, tuple[str, bool]] = {
    "Li": ("lithium_carbonate", False),
    "Ni": ("nickel", True),
    "Cu": ("copper", True),
}
"""Outside series of each commodity and whether it is quoted in US dollars."""

BASE_YEAR = 2018
"""Prices are indices with this year at 1; it is the year of the national table."""

UTILISATION: Mapping[str, str] = {
    "BAT": "prices.utilisation_batteries",
    "NEV": "prices.utilisation_vehicles",
    "SST": "prices.utilisation_stainless",
    "CU": "prices.utilisation_copper",
}
"""Lever of the world utilisation of each chain."""

LOWEST_UTILISATION = 0.3
"""World utilisation below which no value is accepted: no industry of the world stands idle for more (assumption)."""


def utilisation(chain: str) -> Any:
    """The lever of a chain's world utilisation."""
    return lever(
        0,
        symbol=f"U_{chain}",
        unit="world utilisation of capacity, at least 0.3; 0 = normal",
        payer="nobody: outside condition",
        low=0,
        high=1,
        neutral=0,
        grade="assumed",
        source="assumption: normal",
    )


class Prices(Parameters):
    """Commodity prices, learning, margins and inflation."""

    table: ClassVar[str] = "prices"

    learning_rate_cell: float = parameter(
        0.2,
        symbol="LR",
        unit="cost fall per doubling",
        low=0.15,
        high=0.28,
        grade="sourced",
        source="Ziegler & Trancik 2021 20% (24% cylindrical; 13%/yr); Kittner 2017 15.5-17.3%",
        published="2021",
    )
    world_weight: float = parameter(
        0.85,
        symbol="w_world",
        unit="weight of world experience",
        low=0.6,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    learning_rate_other: float = parameter(
        0.07,
        symbol="LR_o",
        unit="cost fall per doubling, mature nodes",
        low=0.0,
        high=0.15,
        grade="recalled",
        source="recalled",
    )
    lithium_vol: float = parameter(
        0.6,
        symbol="sig_Li",
        unit="annual sd of log",
        low=0.4,
        high=0.9,
        grade="recalled",
        source="recalled",
    )
    nickel_vol: float = parameter(
        0.3,
        symbol="sig_Ni",
        unit="annual sd of log",
        low=0.23,
        high=0.4,
        grade="derived",
        source=(
            "World Bank monthly nickel price: sd of log changes x sqrt 12 = 0.29 (2000-2021), 0.27 "
            "(1990-2021); annual means 0.31; worldbank.org/en/research/commodity-markets"
        ),
        published="2021",
    )
    copper_vol: float = parameter(
        0.22,
        symbol="sig_Cu",
        unit="annual sd of log",
        low=0.16,
        high=0.27,
        grade="derived",
        source=(
            "World Bank monthly copper price: sd of log changes x sqrt 12 = 0.22 (2000-2021), 0.21 "
            "(1990-2021); annual means 0.24; worldbank.org/en/research/commodity-markets"
        ),
        published="2021",
    )
    mean_reversion: float = parameter(
        0.3,
        symbol="theta_p",
        unit="per year",
        low=0.1,
        high=0.8,
        grade="derived",
        source=(
            "World Bank nickel and copper, 12-month change on the gap to the trailing 5-year mean (the "
            "form used in model.md 9): 0.22-0.34 and 0.26-0.39 for 1970, 1990, 2000-2021; monthly "
            "regressions near 0; worldbank.org/en/research/commodity-markets"
        ),
        published="2021",
    )
    margin_normal: float = parameter(
        0.075,
        symbol="mbar_k",
        unit="markup on unit cost",
        low=0.04,
        high=0.15,
        grade="derived",
        source=(
            "NBS: profits 7,518.7 of revenue 116,462 bn in 2017 "
            "(http://asiantex.net/2018/01/31/chinas-industrial-profits-increase-in-2018/) = 6.9% on cost;"
            " first half 2018 cost 84.42 + expenses 8.15 per 100 = 8.0% on cost (https://govt.chinadaily."
            "com.cn/s/201808/01/WS5b7ac2d8498e67d6a60e33e8/industrial-profits-increased-in-the-first-six-"
            "months-of-2018_2.html)"
        ),
        published="2018-08",
    )
    past_years_batteries: float = parameter(
        5.0,
        symbol="T_bat",
        unit="cumulative output at the opening, years of opening volume, battery chain",
        low=3,
        high=10,
        grade="assumed",
        source="assumption; open point 19 of the model description",
    )
    past_years: float = parameter(
        20.0,
        symbol="T_k",
        unit="the same, other products",
        low=10,
        high=40,
        grade="assumed",
        source="assumption; open point 19 of the model description",
    )
    material_thrift: float = parameter(
        0.01,
        symbol="theta_a",
        unit="per year fall of material use per unit",
        low=0.0,
        high=0.03,
        grade="recalled",
        source="recalled: energy density gains",
    )
    adjust: float = parameter(
        0.25,
        symbol="rho_p",
        unit="share of gap closed per month",
        low=0.1,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    inflation_long_run: float = parameter(
        0.02,
        symbol="pi_inf",
        unit="general inflation after the known period, per year",
        low=0.005,
        high=0.035,
        grade="assumed",
        source="prior",
    )
    margin_utilisation: float = parameter(
        1.2,
        symbol="xi_u",
        unit="margin response to world utilisation",
        low=0.0,
        high=2.5,
        grade="assumed",
        source="assumption; 0.5 is the least that is likely, 0 switches it off",
    )
    utilisation_normal: float = parameter(
        0.78,
        symbol="Ubar_k",
        unit="world utilisation",
        low=0.7,
        high=0.85,
        grade="derived",
        source=(
            "NBS, third quarter 2018: ferrous 78.7, non-ferrous 78.8, electrical machinery 77.3, automobiles 79.6%, "
            "all industry 76.5 (NBS release, copy http://y.tt/221810400070la.html); all industry 77.0 in 2017"
        ),
        published="2018-10",
    )
    import_wedge: float = parameter(
        0.05,
        symbol="tau_M",
        unit="ad valorem, in the import prices of the table",
        low=0.0,
        high=0.15,
        grade="assumed",
        source="assumption: duty and handling",
    )
    tariff: Lever = lever(
        0,
        symbol="tau",
        unit="ad valorem, on top of the wedge of the table",
        payer="nobody: outside condition",
        low=-0.05,
        high=0.5,
        neutral=0,
        grade="assumed",
        source="assumption: no change",
    )
    utilisation_batteries: Lever = utilisation("BAT")
    utilisation_vehicles: Lever = utilisation("NEV")
    utilisation_stainless: Lever = utilisation("SST")
    utilisation_copper: Lever = utilisation("CU")
    exposure: Mapping[str, float] = entries("prices.exposure")
    unit_value: Mapping[str, float] = entries("prices.unit_value")

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """World utilisation is normal (0) or a share that the world can have, and leaves a markup above 0."""
        for path in UTILISATION.values():
            name = path.removeprefix(f"{self.table}.")
            use, when = min(_values_above_zero(getattr(self, name)), default=(1.0, ""))
            least = self.utilisation_normal - 1.0 / self.margin_utilisation if self.margin_utilisation > 0 else 0.0
            if use < LOWEST_UTILISATION:
                yield (name,), f"{show(use)}{when} is below {LOWEST_UTILISATION}; give 0 for normal utilisation"
            elif use <= least + 1e-9:
                sentence = (
                    f"{name} = {show(use)}{when} leaves no markup: with margin_utilisation = "
                    f"{show(self.margin_utilisation)} and utilisation_normal = {show(self.utilisation_normal)} "
                    f"it must be above {least:.4g}, or 0 for normal"
                )
                yield (name, "margin_utilisation", "utilisation_normal"), sentence


def _values_above_zero(lever: Lever) -> Iterator[tuple[float, str]]:
    """Values above 0 that a lever of the city takes, with words for the month in which each begins."""
    course = lever.others
    dated = [(f" from {since}", value) for since, value in course] if isinstance(course, tuple) else [("", course)]
    return ((float(value), when) for when, value in dated if float(value) > 0.0)


def learning_exponent(rate: float) -> float:
    """Exponent b of Wright's law for a cost fall per doubling: b = -log2(1 - LR)."""
    return float(-np.log2(1.0 - rate))


def learning_exponents(prices: Prices, technology: Technology, world: World) -> Floats:
    """(K,) exponents with which the part of conversion cost that learns falls with experience.

    Mature products: that of their rate. Battery products: such that the price of a cell has fallen by the rate of cells
    in the doubling that ends at the base: 1 - s + s 2^b = 1 / (1 - LR), where s is the share of what learns, in cells
    and their battery inputs, in unit cost.
    """
    exponents = np.full(world.product_count, learning_exponent(prices.learning_rate_other))
    battery = np.flatnonzero(battery_products(world))
    cell = int(np.searchsorted(battery, world.product("B_CELL")))
    learns = np.maximum(technology.conversion - technology.steady_cost, 0.0)[battery]
    inside = technology.inputs[np.ix_(battery, battery)] * (1.0 + technology.markup[battery])[:, None]
    content = np.linalg.solve(np.eye(len(battery)) - inside.T, learns)[cell]
    cost = technology.inputs[:, battery[cell]].sum() + technology.conversion[battery[cell]]
    risen = 1.0 / (1.0 - prices.learning_rate_cell) - 1.0
    exponents[battery] = np.log2(1.0 + risen * cost / content) if content > 0 else 0.0
    return exponents


def frontier_cost(inputs: Floats, paid: Floats, conversion: Floats) -> Floats:
    """Unit cost of a frontier plant, nominal, 2018 price of the product = 1.

    Args:
        inputs: (K, K) input i per unit of product j.
        paid: (K, K) price paid for input i by industry j, index.
        conversion: (K,) conversion cost, nominal.
    """
    return np.asarray((inputs * paid).sum(axis=0) + conversion)


def paid_prices(
    price: Floats, inputs: Floats, exposure: Floats, commodity: Floats, carrier: int, dearer: Floats | float = 1.0
) -> Floats:
    """(K, K) price paid for input i by industry j; commodities are paid inside the carrier input (other industry).

    Args:
        price: (K,) product prices.
        inputs: (K, K) input coefficients.
        exposure: (K, Q) share of 2018 unit cost of a product indexed to a commodity.
        commodity: (Q,) commodity prices relative to 2018.
        carrier: index of the product that holds the ores (OTHM).
        dearer: (K, K) factor of a tariff on the imported part of an input, see :func:`tariff_factor`.
    """
    paid = np.empty_like(inputs)
    paid[...] = price[:, None] * dearer
    share = np.where(inputs[carrier] > 0, inputs[carrier], 1.0)
    paid[carrier] *= 1.0 + (exposure @ (commodity - 1.0)) / share
    return paid


def tariff_factor(imported: Floats, tariff: float, wedge: float) -> Floats:
    """(K, K) price of input i for industry j over its price without the tariff: 1 + M_ij tau/(1 + tau_M).

    Args:
        imported: (K, K) M, share of the input that comes from abroad.
        tariff: tau, ad valorem, on top of the wedge.
        wedge: tau_M, in the prices of the table.
    """
    return np.asarray(1.0 + imported * (tariff / (1.0 + wedge)))


def paid_by_industry(state: State, inputs: Floats, exposure: Floats, commodity: Floats) -> Floats:
    """(K, K) price paid for input i by industry j in this month, see :func:`paid_prices`."""
    carrier = state.world.product("OTHM")
    tariff, imported = state.lever("prices.tariff"), state.technology.imported
    if switches(state):  # a unit of the carrier holds what it held at the opening, however many are used
        inputs = state.technology.inputs[:, : state.world.product_count]
    if tariff == 0.0:
        return paid_prices(state.markets.price, inputs, exposure, commodity, carrier)
    dearer = tariff_factor(imported, tariff, state.scenario[Prices].import_wedge)
    return paid_prices(state.markets.price, inputs, exposure, commodity, carrier, dearer)


def margin_factor(utilisation: Floats, normal: float, response: float) -> Floats:
    """Markup relative to the normal one, 1 + xi_u (U - Ubar); exactly 1 where U is 0, which stands for normal.

    Args:
        utilisation: U, world utilisation, 0 = normal.
        normal: Ubar.
        response: xi_u.
    """
    return np.where(utilisation > 0, 1.0 + response * (utilisation - normal), 1.0)


def relative_utilisation(state: State) -> Floats:
    """(K,) world utilisation of the month over its normal value; exactly 1 where no lever names it."""
    use = utilisation_by_product(state)
    return np.where(use > 0, use / state.scenario[Prices].utilisation_normal, 1.0)


def utilisation_by_product(state: State) -> Floats:
    """(K,) world utilisation of the month by lever, 0 = normal."""
    by_chain = [state.lever(UTILISATION[chain]) for chain in state.world.chains]
    return np.append(by_chain, 0.0)[state.world.chain]


@dataclass
class PricePath:
    """Known outside prices of one run.

    Attributes:
        commodity: (Q, months + 1) logs relative to 2018, NaN where unknown.
        anchor: (Q,) log of the mean of the last five known years, to which projections return.
        level: (months + 1,) log of the general price level, 2018 = 0, NaN where unknown.
        experience_reference: (K,) world experience of the base year relative to the opening.
    """

    commodity: Floats
    anchor: Floats
    level: Floats

    @classmethod
    def of(cls, run: Run, known: Month, months: int = HORIZON) -> PricePath:
        """Read the known part of commodity prices and inflation."""
        logs, anchors = [], []
        rate = annual_series("cny_per_usd", known)
        for name in COMMODITIES:
            series, dollars = COMMODITY_SERIES[name]
            annual = {y: v * (rate[y] if dollars else 1.0) for y, v in annual_series(series, known).items()}
            base = annual[min(BASE_YEAR, last_known_year(known))]
            annual = {year: value / base for year, value in annual.items()}
            logs.append(monthly_logs(annual, months))
            anchors.append(np.log(np.mean([annual[year] for year in sorted(annual)[-5:]])))
        level = growth_index(annual_series("inflation_china", known), months)
        base_month = min(Month(f"{BASE_YEAR}-07") - OPENING, int(np.isfinite(level).sum()) - 1)
        paths, level = np.array(logs), level - level[base_month]
        if run.world == "flat":
            paths, level = np.repeat(paths[:, :1], months + 1, axis=1), np.full(months + 1, level[0])
        return cls(paths, np.array(anchors), level)


class WorldPrices:
    """Moves commodity prices, experience, costs and product prices by one month."""

    phase: ClassVar[Phase] = Phase.WORLD
    writes: ClassVar[tuple[str, ...]] = (
        "commodity",
        "price",
        "price_level",
        "conversion",
        "material_factor",
        "experience",
    )

    def __init__(
        self, path: PricePath, prices: Prices, technology: Technology, world: World, reference: Floats, flat: bool
    ) -> None:
        """Prepare the rates by product.

        Args:
            path: known prices.
            prices: parameters.
            technology: inputs and conversion costs of 2018.
            world: products.
            reference: (K,) world experience of the base year relative to the opening.
            flat: whether the outside world stands still (then nothing is learned outside).
        """
        self.path, self.prices, self.reference, self.flat = path, prices, reference, flat
        self.exponent = learning_exponents(prices, technology, world)
        self.exposure = exposure_matrix(prices, world)
        self.chain = world.chain_product

    def step(self, state: State, streams: Streams) -> None:
        """Commodities first, then costs with this month's experience, then prices close part of their gap."""
        p, markets, boards, month = self.prices, state.markets, state.boards, state.month
        sigma = np.array([p.lithium_vol, p.nickel_vol, p.copper_vol])
        luck = streams.draw("prices.commodity", month).standard_normal(len(sigma))
        old = np.log(_underlying(state, "commodity", markets.commodity))
        drift = p.mean_reversion * (self.path.anchor - old) / YEAR
        known = self.path.commodity[:, month]
        quoted = np.exp(np.where(np.isnan(known), old + drift + sigma / np.sqrt(YEAR) * luck, known))
        boards.commodity = _fallen(state, "commodity", quoted)
        level = self.path.level[month]
        boards.price_level = float(
            np.exp(level) if np.isfinite(level) else markets.price_level * (1.0 + p.inflation_long_run) ** (1.0 / YEAR)
        )
        thrift = 0.0 if self.flat else p.material_thrift / YEAR
        boards.material_factor = markets.material_factor * (1.0 - thrift)
        boards.experience = self._experience(state)
        boards.conversion = self.learned(state.technology, boards.experience)
        target = self.target(state, boards.commodity, boards.price_level, boards.conversion)
        old = _underlying(state, "product", markets.price)
        price = _fallen(state, "product", old * (target / old) ** p.adjust)
        boards.price = np.where(self.chain, price, boards.price_level)

    def learned(self, technology: Technology, experience: Floats) -> Floats:
        """(K,) conversion cost after cumulative experience, 2018 prices; what people, capital and the state take stays.

        Args:
            technology: conversion cost of the base, and the part that does not learn.
            experience: (K,) relative to the opening.
        """
        steady = np.minimum(technology.steady_cost, technology.conversion)
        return np.asarray(steady + (technology.conversion - steady) * (experience / self.reference) ** -self.exponent)

    def _experience(self, state: State) -> Floats:
        """(K,) cumulative experience relative to the opening, world and home weighted.

        Home output counts against what the country had made by the opening. Against what home had made, a small
        beginning would teach the world: an anode plant in a place without one would multiply "experience" a
        thousandfold and cut the cost of anodes everywhere.
        """
        markets = state.markets
        if self.flat:
            return markets.experience
        years = past_years(state.world, self.prices)
        world_growth = world_volume_index(markets.volume, markets.volume_opening, state.world) / years / YEAR
        firms = state.firms
        home = sum_by(firms.product, np.where(firms.alive, firms.output, 0.0), len(years))
        opening = np.where(markets.national_experience > 0, markets.national_experience, np.inf)
        weight = self.prices.world_weight
        return markets.experience + weight * world_growth + (1.0 - weight) * home / opening

    def target(self, state: State, commodity: Floats, level: float, conversion: Floats) -> Floats:
        """(K,) price at which the frontier earns the margin of the month's world utilisation, nominal."""
        inputs = chain_inputs(state)
        paid = paid_by_industry(state, inputs, self.exposure, commodity)
        cost = frontier_cost(inputs, paid, conversion * level)
        use = utilisation_by_product(state)
        markup = state.technology.markup * margin_factor(
            use, self.prices.utilisation_normal, self.prices.margin_utilisation
        )
        return np.asarray(np.where(self.chain, (1.0 + markup) * cost, level))


def _underlying(state: State, name: str, price: Floats) -> Floats:
    """Prices of last month as they would be without a collapse (section 9.21)."""
    fall = effect(state, name, ago=1)
    return price if fall is None else price / (1.0 - fall)


def _fallen(state: State, name: str, price: Floats) -> Floats:
    """Prices of this month after a collapse."""
    fall = effect(state, name)
    return price if fall is None else price * (1.0 - fall)


def exposure_matrix(prices: Prices, world: World) -> Floats:
    """(K, Q) share of the 2018 unit cost of a product that is indexed to a commodity."""
    return _exposure_matrix(tuple(prices.exposure.items()), world.products)


@lru_cache(maxsize=64)
def _exposure_matrix(shares: tuple[tuple[str, float], ...], products: tuple[str, ...]) -> Floats:
    """The matrix of :func:`exposure_matrix`, read-only, made once for given shares."""
    exposure = np.zeros((len(products), len(COMMODITIES)))
    for key, share in shares:
        product, commodity = key.split(".")
        exposure[products.index(product), COMMODITIES.index(commodity)] = share
    exposure.setflags(write=False)
    return exposure


@read_monthly
def chain_inputs(state: State) -> Floats:
    """(K, K) input coefficients of the month at home plants (they are the same in all counties)."""
    return _thrifty(state, state.technology.inputs[:, : state.world.product_count])


def material_factor_of(state: State) -> Floats:
    """(R,) material use per cell relative to the opening, 1 for other buyers (thrift of section 9.2)."""
    cell = state.world.product("B_CELL")
    return np.where(state.firms.product[state.relations.buyer] == cell, state.markets.material_factor, 1.0)


@read_once
def needed_inputs(state: State) -> Floats:
    """(R,) input per unit of output of each relation this month, thrift included, without what has left for good."""
    needs = np.asarray(state.relations.coefficient * material_factor_of(state))
    for switch, share in switches(state):
        relations, firms = state.relations, state.firms
        buys = firms.product[relations.buyer] == switch.buyer
        county = firms.county[relations.buyer]
        given_up = np.where(buys & (relations.product == switch.part), share * needs, 0.0)
        taken = np.where(buys & (relations.product == switch.to), given_up_by_county(state, switch)[county], 0.0)
        needs = needs - given_up + share * taken
    return needs


def given_up_by_county(state: State, switch: Switch) -> Floats:
    """(C,) input of a switch per unit of output before it, thrift of section 9.2 included."""
    size, cell = state.world.product_count, state.world.product("B_CELL")
    before = state.technology.inputs.reshape(size, -1, size)[switch.part, :, switch.buyer]
    thrifty = switch.buyer == cell and state.technology.linked[switch.part, cell]
    return np.asarray(before * (state.markets.material_factor if thrifty else 1.0))


def home_pool(state: State) -> Floats:
    """(N, N) home flow per unit of buyer output outside the links, after switches of technology (section 9.21).

    What takes the place of an input over the pool comes from home counties as all use of that product does.
    """
    technology, counties, size = state.technology, state.world.county_count, state.world.product_count
    under_way = switches(state)
    if not under_way:
        return technology.pool
    pool = technology.pool.copy()
    cells = pool.reshape(counties, size, counties, size)  # a view
    for switch, share in under_way:
        cells[:, switch.part, :, switch.buyer] *= 1.0 - share
        if switch.to >= 0 and not technology.linked[switch.to, switch.buyer]:
            taken = share * given_up_by_county(state, switch)
            cells[:, switch.to, :, switch.buyer] += technology.home_share[switch.to] * taken[None, :]
    return pool


@read_monthly
def lasting_inputs(state: State) -> Floats:
    """(K, K) input coefficients of the month without what switches of technology have moved to goods from outside."""
    inputs = chain_inputs(state)
    lost = [(switch, share) for switch, share in switches(state) if switch.to < 0]
    if lost:
        inputs = inputs.copy()
    for switch, share in lost:
        inputs[switch.part, switch.buyer] *= 1.0 - share
    return inputs if lost else inputs.copy()


@read_monthly
def input_coefficients(state: State) -> Floats:
    """(K, N) total input coefficients of the month."""
    return _thrifty(state, state.technology.inputs)


def _thrifty(state: State, opening: Floats) -> Floats:
    """Input coefficients with the thrift of cells in their materials; one or more counties side by side."""
    inputs, size, cell = opening.copy(), state.world.product_count, state.world.product("B_CELL")
    thrift = np.where(state.technology.linked[:, cell], state.markets.material_factor, 1.0)
    by_county = inputs.reshape(size, -1, size)
    by_county[:, :, cell] *= thrift[:, None]
    for switch, share in switches(state):
        if switch.to >= 0:
            moved = share * given_up_by_county(state, switch)[: by_county.shape[1]]
            by_county[switch.part, :, switch.buyer] -= moved
            by_county[switch.to, :, switch.buyer] += moved
    return inputs


def market_of_product(world: World) -> NDArray[np.int64]:
    """(K,) market whose volume moves the outside sales of a product (index into MARKETS); cells: power cells."""
    of_chain = {"NEV": 2, "SST": 3, "CU": 4}
    markets = np.full(world.product_count, 5, dtype=np.int64)
    for chain, market in of_chain.items():
        markets[world.chain == world.chains.index(chain)] = market
    markets[world.product("B_CELL")] = 0
    markets[world.legacy] = 6
    return markets


def battery_products(world: World) -> NDArray[np.bool_]:
    """(K,) products of the battery chain."""
    return np.asarray(world.chain == world.chains.index("BAT"))


def world_volume_index(volume: Floats, opening: Floats, world: World) -> Floats:
    """(K,) volume a product is made for, relative to the opening; battery chain: power and consumer cells together."""
    index = volume[market_of_product(world)] / opening[market_of_product(world)]
    index[battery_products(world)] = volume[:2].sum() / opening[:2].sum()
    return np.asarray(index)


def past_years(world: World, prices: Prices) -> Floats:
    """(K,) cumulative output at the opening in years of the opening volume."""
    return np.where(battery_products(world), prices.past_years_batteries, prices.past_years)


def experience_reference(
    components: Floats, nev_share: float, vehicles: Floats, world: World, prices: Prices
) -> Floats:
    """(K,) world experience of mid-2018 relative to the opening (or at the last known month of an earlier origin).

    Args:
        components: (X, months + 1) known logs of the outside series, NaN where unknown.
        nev_share: share of new-energy vehicles built at home.
        vehicles: (2,) reference year of the vehicle index.
        world: products.
        prices: parameters.
    """
    known = int(np.isfinite(components).all(axis=0).sum())
    last = min(Month(f"{BASE_YEAR}-07") - OPENING, known - 1)
    volumes = [market_volumes(components[:, month], nev_share, vehicles) for month in range(last + 1)]
    experience = np.ones(world.product_count)
    for volume in volumes[1:]:
        experience += world_volume_index(volume, volumes[0], world) / past_years(world, prices) / YEAR
    return experience
