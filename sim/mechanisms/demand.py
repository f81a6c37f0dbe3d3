"""Outside demand: world and national markets the home firms sell to (model description, section 9.1).

Annual series are interpolated in logs between mid-year points as far as they are known; afterwards

    ln Q_m(t+1) = ln Q_m(t) + mu_m(t)/12 + (sig_m / sqrt 12) eps_m ,   corr(eps) = R_dem off the diagonal
    mu_m(t) = mu_inf + (mu_m - mu_inf) 2^(-years since the end of the known world / h_mu)

Markets: power cells (electric vehicles + storage), consumer cells, vehicles (an index of new-energy and all
vehicles), stainless steel, refined copper, national GDP, and legacy demand, which adds a declining trend to national
GDP. The trend of legacy demand fades with the same half-life after the known period (choice of this project: a
decline fitted to past years is not continued for ever).

Reads the known part of the outside series. Writes: volume, components.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim import data
from sim.draws import Streams
from sim.mechanisms import Phase
from sim.parameters import Month, Parameters, parameter
from sim.settings import Run
from sim.state import MARKETS, YEAR, State
from sim.world import World

Floats = NDArray[np.float64]

OPENING = Month("2013-12")
"""The opening position; month 0 of every run."""

HORIZON = Month("2050-12") - OPENING
"""Months to the last month in which a run may end: luck is numbered for all of them, whatever the length of a run."""

COMPONENTS: tuple[str, ...] = (
    "ev_battery_world",
    "storage_cells_world",
    "consumer_cells_world",
    "ev_sales_china",
    "vehicles_china",
    "stainless_world",
    "refined_copper_china",
    "gdp",
    "legacy",
)
"""Latent series behind the markets; the last two are indices with the opening at 1."""

MARKET_OF_COMPONENT: tuple[str, ...] = (
    "power_cell",
    "power_cell",
    "consumer_cell",
    "vehicles",
    "vehicles",
    "stainless",
    "copper",
    "national_gdp",
    "national_gdp",
)
"""Series of one market meet the same shock; legacy demand meets the shock of national GDP."""


class Demand(Parameters):
    """Trends and noise of outside demand, and the share of sales that leaves the country."""

    table: ClassVar[str] = "demand"

    stainless_growth: float = parameter(
        0.04,
        symbol="mu_S",
        unit="per year",
        low=0.01,
        high=0.07,
        grade="assumed",
        source="assumption",
    )
    copper_growth: float = parameter(
        0.03,
        symbol="mu_C",
        unit="per year",
        low=0.01,
        high=0.05,
        grade="assumed",
        source="assumption",
    )
    sigma_battery: float = parameter(
        0.18,
        symbol="sig_B",
        unit="annual sd of log, power cells",
        low=0.1,
        high=0.3,
        grade="assumed",
        source="assumption",
    )
    legacy_trend: float = parameter(
        -0.15,
        symbol="mu_leg",
        unit="real per year, added to national GDP growth, outside demand of legacy nodes",
        low=-0.2,
        high=0.03,
        grade="calibrate",
        source=(
            "fitted to the share of the four chains in 2018, see docs/calibration.md; the rest of industry fell "
            "8.65% in 2019 (derived) while national GDP grew 6%"
        ),
        newest_fact="2019-11",
        published="2019-12",
    )
    battery_growth: float = parameter(
        0.25,
        symbol="mu_B",
        unit="power cells, per year in the first year after the known period",
        low=0.1,
        high=0.45,
        grade="assumed",
        source="prior; decays with demand.growth_half_life",
    )
    nev_growth: float = parameter(
        0.2,
        symbol="mu_V",
        unit="new-energy vehicles, per year, same",
        low=0.05,
        high=0.4,
        grade="assumed",
        source="prior",
    )
    growth_half_life: float = parameter(
        5.0,
        symbol="h_mu",
        unit="years",
        low=3,
        high=10,
        grade="assumed",
        source="assumption",
    )
    long_run_growth: float = parameter(
        0.03,
        symbol="mu_inf",
        unit="per year",
        low=0.0,
        high=0.06,
        grade="assumed",
        source="assumption",
    )
    correlation: float = parameter(
        0.3,
        symbol="R_dem",
        unit="pairwise correlation of world demand shocks",
        low=0,
        high=0.7,
        grade="assumed",
        source="assumption",
    )
    nev_share_local: float = parameter(
        0.3,
        symbol="s_nev",
        unit="NEV share of vehicles built in Ningde",
        low=0.1,
        high=0.9,
        grade="assumed",
        source="assumption; scales the cell input of V_OEM",
    )
    export_share_nev: float = parameter(
        0.10,
        symbol="x_V",
        unit="share of vehicle output to rest of world",
        low=0,
        high=0.4,
        grade="calibrate",
        source="about 7,000 vehicles exported in 2020 (CRI Online Fujian, 7 Jul 2020); value assumed",
        newest_fact="2020-07",
        published="2020-07",
    )
    export_share_battery: float = parameter(
        0.18,
        symbol="x_B",
        unit="share of cell output to rest of world",
        low=0.05,
        high=0.4,
        grade="derived",
        source=(
            "NBS national input-output table, 153 sectors (in github.com/Carol-seven/ionet), batteries: exports/output "
            "0.149 (2018) and 0.184 (2020); CATL overseas 27.8 of 130.4 bn in 2021 = 0.21 (EqualOcean, 25 Apr 2022, "
            "https://equalocean.com/analysis/2022042517401)"
        ),
        newest_fact="2021",
        published="2022-04",
    )
    export_share_stainless: float = parameter(
        0.12,
        symbol="x_S",
        unit="share of stainless output to rest of world",
        low=0.08,
        high=0.2,
        grade="derived",
        source=(
            "2.71 of 22.49 Mt, Jan-Sep 2019 (special steel association via SMM, https://www.hellenicshippingnews.com/"
            "china-stainless-steel-production-rose-10-5-from-year-ago-in-jan-sep/); home producer may export less"
        ),
        published="2019-09",
    )
    consumer_growth: float = parameter(
        0.05,
        symbol="mu_P",
        unit="consumer cells, per year in the first year after the known period",
        low=0,
        high=0.12,
        grade="assumed",
        source="prior",
    )
    gdp_growth: float = parameter(
        0.055,
        symbol="mu_G",
        unit="national real GDP, per year in the first year after the known period",
        low=0.03,
        high=0.065,
        grade="assumed",
        source="prior; decays to demand.long_run_growth",
    )
    sigma_consumer: float = parameter(
        0.06,
        symbol="sig_P",
        unit="annual sd of log",
        low=0.03,
        high=0.12,
        grade="assumed",
        source="assumption",
    )
    sigma_vehicles: float = parameter(
        0.12,
        symbol="sig_V",
        unit="annual sd of log",
        low=0.06,
        high=0.2,
        grade="assumed",
        source="assumption",
    )
    sigma_stainless: float = parameter(
        0.06,
        symbol="sig_S",
        unit="annual sd of log",
        low=0.03,
        high=0.1,
        grade="assumed",
        source="assumption",
    )
    sigma_copper: float = parameter(
        0.05,
        symbol="sig_C",
        unit="annual sd of log",
        low=0.03,
        high=0.1,
        grade="assumed",
        source="assumption",
    )
    sigma_other: float = parameter(
        0.04,
        symbol="sig_O",
        unit="annual sd of log",
        low=0.02,
        high=0.08,
        grade="assumed",
        source="assumption",
    )


VEHICLES, CELLS, STAINLESS = "V_OEM", "B_CELL", "SST"
"""Products and chain with an export share of their own."""


def export_shares(opening: Floats, world: World, demand: Demand) -> Floats:
    """(K,) share of output that leaves the country where enough is sold outside.

    Args:
        opening: (K,) exports over home output in the opening table.
        world: products.
        demand: the shares of vehicles, cells and stainless.
    """
    shares = opening.copy()
    shares[world.product(VEHICLES)] = demand.export_share_nev
    shares[world.product(CELLS)] = demand.export_share_battery
    shares[world.chain == world.chains.index(STAINLESS)] = demand.export_share_stainless
    return shares


def last_known_year(known_until: Month) -> int:
    """Last calendar year whose annual figures are known in a month: a year is known when it has ended."""
    return known_until.year if known_until.month == YEAR else known_until.year - 1


def annual_series(name: str, known_until: Month) -> dict[int, float]:
    """Known annual values of an outside series (sim/data/world.csv), by year.

    Raises:
        KeyError: the series does not exist.
    """
    last = last_known_year(known_until)
    known = {year: value for year, value in _world_series().get(name, ()) if year <= last}
    if not known:
        raise KeyError(f"world.csv has no series {name} up to {known_until}")
    return known


@cache
def _world_series() -> dict[str, tuple[tuple[int, float], ...]]:
    """Years and values of every outside series, in the order of the file; nobody changes it."""
    series: dict[str, tuple[tuple[int, float], ...]] = {}
    for row in data.rows("world.csv"):
        series[row["series"]] = (*series.get(row["series"], ()), (int(row["year"]), float(row["value"])))
    return series


def monthly_logs(annual: dict[int, float], months: int) -> Floats:
    """Logs of annual values interpolated between mid-year points (July), month 0 = December 2013; NaN where unknown.

    Before the first mid-year point the first value holds; after the last one nothing is known.
    """
    years = np.array(sorted(annual))
    middle = (years - OPENING.year) * YEAR + 7 - OPENING.month
    logs = np.interp(np.arange(months + 1), middle, np.log([annual[year] for year in years]))
    logs[np.arange(months + 1) > middle[-1]] = np.nan
    return logs


def growth_index(annual_growth: dict[int, float], months: int) -> Floats:
    """Log of an index with the opening at 0 that grows by known annual rates; NaN after the last known December."""
    logs = np.full(months + 1, np.nan)
    logs[0] = 0.0
    for month in range(1, months + 1):
        rate = annual_growth.get((OPENING + month).year)
        if rate is None:
            break
        logs[month] = logs[month - 1] + np.log1p(rate) / YEAR
    return logs


def fading(rate: float, long_run: float, years: float, half_life: float) -> float:
    """Trend that fades from the first rate to the long-run rate: mu_inf + (mu - mu_inf) 2^(-years / h_mu), per year."""
    return float(long_run + (rate - long_run) * 2.0 ** (-max(years, 0.0) / half_life))


def market_volumes(components: Floats, nev_share: float, reference: Floats) -> Floats:
    """Market volumes from the latent series.

    Args:
        components: (X,) logs of :data:`COMPONENTS`.
        nev_share: s_nev, share of new-energy vehicles built at home.
        reference: (2,) new-energy and all vehicles of the reference year, million a year.

    Returns:
        (M,) volumes in the order of :data:`sim.state.MARKETS` (GWh, GWh, index, Mt, Mt, index, index).
    """
    level = np.exp(components)
    vehicles = nev_share * level[3] / reference[0] + (1.0 - nev_share) * level[4] / reference[1]
    return np.array([level[0] + level[1], level[2], vehicles, level[5], level[6], level[7], level[8]])


def vehicle_reference(known_until: Month) -> Floats:
    """New-energy and all vehicle sales of the reference year: 2018, or the last known year of an earlier origin."""
    year = min(2018, last_known_year(known_until))
    return np.array([annual_series(name, known_until)[year] for name in ("ev_sales_china", "vehicles_china")])


@dataclass
class DemandPath:
    """Outside series of one run as far as they are known: (X, months + 1) logs, NaN where the model must project."""

    known: Floats
    reference: Floats

    @classmethod
    def of(cls, run: Run, known: Month, legacy_trend: float, months: int = HORIZON) -> DemandPath:
        """Read the known part of the outside series.

        Args:
            run: settings of the run.
            known: last month of knowledge about the world.
            legacy_trend: mu_leg, added to national growth for legacy demand, per year.
            months: months covered; by default all that any run may have.
        """
        rows = [monthly_logs(annual_series(name, known), months) for name in COMPONENTS[:-2]]
        growth = annual_series("china_real_gdp_growth", known)
        gdp = growth_index(growth, months)
        legacy = gdp + np.arange(months + 1) * legacy_trend / YEAR
        paths = np.array([*rows, gdp, legacy])
        if run.world == "flat":
            paths = np.repeat(paths[:, :1], months + 1, axis=1)
        return cls(paths, vehicle_reference(known))


class OutsideDemand:
    """Moves the outside markets by one month."""

    phase: ClassVar[Phase] = Phase.WORLD
    writes: ClassVar[tuple[str, ...]] = ("components", "volume")

    def __init__(self, path: DemandPath, demand: Demand, known_month: int) -> None:
        self.path, self.demand, self.known_month = path, demand, known_month
        d = demand
        self.first_rate = np.array(
            [d.battery_growth, d.battery_growth, d.consumer_growth, d.nev_growth, d.long_run_growth]
            + [d.stainless_growth, d.copper_growth, d.gdp_growth, d.gdp_growth]
        )
        self.sigma = np.array(
            [d.sigma_battery, d.sigma_battery, d.sigma_consumer, d.sigma_vehicles, d.sigma_vehicles]
            + [d.sigma_stainless, d.sigma_copper, d.sigma_other, d.sigma_other]
        )
        names = tuple(dict.fromkeys(MARKET_OF_COMPONENT))
        self.shock_of = np.array([names.index(name) for name in MARKET_OF_COMPONENT])

    def step(self, state: State, streams: Streams) -> None:
        """Known values where they exist, the stochastic trend elsewhere."""
        d, month = self.demand, state.month
        years = (month - self.known_month) / YEAR
        trend = np.array([fading(rate, d.long_run_growth, years, d.growth_half_life) for rate in self.first_rate])
        trend[-1] += fading(d.legacy_trend, 0.0, years, d.growth_half_life)
        luck = streams.draw("demand.shock", month).standard_normal(1 + len(set(MARKET_OF_COMPONENT)))
        shock = np.sqrt(d.correlation) * luck[0] + np.sqrt(1.0 - d.correlation) * luck[1:]
        projected = state.markets.components + trend / YEAR + self.sigma / np.sqrt(YEAR) * shock[self.shock_of]
        known = self.path.known[:, month]
        components = np.where(np.isnan(known), projected, known)
        state.boards.components = components
        state.boards.volume = market_volumes(components, d.nev_share_local, self.path.reference)
        if len(state.boards.volume) != len(MARKETS):
            raise AssertionError("one volume a market")
