"""The moments that a run is compared by: one registry, one measure a moment, no figure to compare with.

What was published about a moment stands under its name in the data, and only reports read it; nothing here knows a
fact. A moment is measured on the record at the end of the run, or on the position of its own month during the run; what
can be measured for any county and period stands in :mod:`sim.experiment.measures`.

Dated moments end with the month the published figure speaks of. Undated ones (statistics of firms, multipliers) are
measured at the end of the part of the run that knows facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.experiment import measures
from sim.experiment.firm_statistics import (
    ellison_glaeser,
    hill_exponent,
    net_entry_share,
    size_slope,
    subbotin_shape,
)
from sim.experiment.followed import (
    EVERYTHING,
    FOUR,
    INDUSTRY,
    NEV_AND_CU,
    NEV_SUPPLIERS,
    REST,
    Floats,
    FollowedRun,
    Position,
    PositionMeasure,
    Record,
    industry_without,
)
from sim.experiment.measures import BILLION, MILLION, OUTPUT_NOMINAL, THOUSAND, VA, VA_NOMINAL
from sim.experiment.periods import Period
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.shares import share
from sim.state import YEAR
from sim.statistics.activity import PROMOTED
from sim.sums import sum_by

RecordMeasure = Callable[[Record], float]

CLUSTERING = "clustering of the chains"
"""Key of what the first month leaves for later comparison."""

FEWEST_PLANTS = 5
"""Plants below which the concentration of an industry over counties is not measured (assumption)."""


@dataclass(frozen=True)
class Moment:
    """One figure of a run.

    Attributes:
        name: its name, also that of what was published about it.
        group: heading under which it is told.
        label: what it is, in a few words.
        unit: unit of the figure.
        text: what exactly is measured, where the label leaves it open.
        month: last month it covers; empty for a statistic without a date.
        record: measure on the record of a finished run.
        position: measure on the position of :attr:`month`, or of the last month with known facts without a date.
        needs: variables of the record without which it cannot be measured.
        parameters: parameters that speak to it, by dotted name (judgement).
        percent: the figure is a share that reads best in per cent.
        missing: why this version cannot measure it at all.
    """

    name: str
    group: str
    label: str
    unit: str
    month: str = ""
    record: RecordMeasure | None = None
    position: PositionMeasure | None = None
    needs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    text: str = ""
    percent: bool = False
    missing: str = field(default="")


# --- measures of the record, with group, county and months fixed ------------------------------------------------------


def year_total(
    variable: str, year: int, group: str, scale: float = BILLION, county: str | None = None, months: int = YEAR
) -> RecordMeasure:
    """A flow in the first months of a year, in a larger unit."""
    period = Period.of_year(year, months)
    return lambda record: record.total(variable, period, group, county) / scale


def growth(group: str, year: int, months: int = YEAR, county: str | None = None, variable: str = VA) -> RecordMeasure:
    """Growth in the first months of a year, a share; of above-scale value added at 2018 prices unless said."""
    return lambda record: record.growth(variable, Period.of_year(year, months), group, county)


def points(group: str, year: int, months: int = YEAR) -> RecordMeasure:
    """Points that a group adds to the growth of industry in the first months of a year."""
    return lambda record: measures.points(record, Period.of_year(year, months), group)


def part_of_growth(group: str, year: int, months: int = YEAR) -> RecordMeasure:
    """Contribution of a group to the growth of industry, a ratio."""
    return lambda record: measures.part_of_growth(record, Period.of_year(year, months), group)


def share_of_industry(group: str, year: int, months: int = YEAR, variable: str = VA_NOMINAL) -> RecordMeasure:
    """Share of a group in the above-scale value added of the first months of a year."""
    return lambda record: measures.share_of_industry(record, Period.of_year(year, months), group, variable=variable)


def gdp_growth(year: int, county: str | None = None) -> RecordMeasure:
    """Real growth of value added of everything, single deflation, a share."""
    return lambda record: measures.gdp_growth(record, Period.of_year(year), county)


def growth_share(county: str, year: int) -> RecordMeasure:
    """Share of a county in the city's real growth of value added."""
    return lambda record: measures.growth_share(record, Period.of_year(year), county)


def growth_rank(county: str, year: int) -> RecordMeasure:
    """Rank of a county by its part of the city's growth, 1 for the largest."""
    return lambda record: measures.growth_rank(record, Period.of_year(year), county)


def at_month(
    variable: str, month: str, group: str = EVERYTHING, county: str | None = None, scale: float = 1.0
) -> RecordMeasure:
    """A stock at the end of a month, or an index in it, in a larger unit."""
    return lambda record: record.total(variable, Period.at(month), group, county) / scale


def introduced(month: str) -> RecordMeasure:
    """Battery projects introduced so far."""

    def measure(record: Record) -> float:
        found = record.run.monthly["introduced"].sel(chain="BAT", month=slice(month, month))
        return float(found.item()) if found.size else float("nan")

    return measure


def price_gap(record: Record) -> float:
    """Nominal output growth less real value-added growth of the lithium chain, 2021."""
    year = Period.of_year(2021)
    return record.growth(OUTPUT_NOMINAL, year, "BAT") - record.growth(VA, year, "BAT")


def sign_share(year: int) -> RecordMeasure:
    """Projects signed in a year over its leads, of what promotion brought in."""
    return lambda record: measures.sign_share(record, Period.of_year(year))


# --- measures of a position, likewise ---------------------------------------------------------------------------------


def months_of(first: str, last: str) -> Period:
    """From the first to the last month."""
    return Period.read(f"{first}/{last}")


def vehicles(year: int) -> PositionMeasure:
    """Vehicles made in a year."""
    return lambda seen: measures.vehicles(seen, Period.of_year(year))


def signed_value(first: str, last: str) -> PositionMeasure:
    """Investment of the projects signed in these months, bn yuan, counted as the city's plan counts."""
    return lambda seen: measures.signed_value(seen, months_of(first, last))


def signed_count(first: str, last: str) -> PositionMeasure:
    """Projects signed in these months, counted as the city's plan counts: with leaders' plants, no normal entry."""
    return lambda seen: measures.signed_count(seen, months_of(first, last))


def reached_within(first: str, last: str, what: str, months: int) -> PositionMeasure:
    """Share of the promoted projects signed in these months that reached a stage within so many months.

    Neither normal entry nor the leaders' own plants count. The stage is "built" (work began) or "done".
    """

    def measure(seen: FollowedRun) -> float:
        here = seen.here
        rows = measures.signed(here, months_of(first, last), PROMOTED)
        if not rows.size:
            return float("nan")
        when, signed = getattr(here.state.projects, what)[rows], here.state.projects.signed[rows]
        return float(((when >= 0) & (when - signed <= months)).mean())

    return measure


def building_months(quantile: float) -> PositionMeasure:
    """Quantile of the months of building, over large projects that history does not date."""
    return lambda seen: measures.building_months(seen, quantile)


def plants(group: str) -> PositionMeasure:
    """Operating plants of a group, the fringe of small firms left out."""
    return lambda seen: measures.plants(seen, group)


def size_tail(seen: FollowedRun) -> float:
    """Hill exponent of output, largest fifth of the operating plants."""
    here = seen.here
    return hill_exponent(here.state.firms.output[here.plants])


def firm_growth(seen: FollowedRun) -> tuple[Floats, Floats]:
    """Size of the year before, and growth less its mean by product and year; firms that ran two years before."""
    here, sizes, residuals = seen.here, [], []
    firms = here.state.firms
    for year in sorted(seen.panel.years):
        now, before = seen.panel.pair(year)
        count = now.size
        grown = (now > 0) & (before > 0) & ~firms.fringe[:count] & ~firms.block[:count]
        grown &= firms.birth[:count] <= here.month_of(f"{year - 2}-12")
        if f"{year}-12" > str(seen.model.calendar):
            continue  # a year that is not over has no growth
        for product in range(here.world.product_count):
            rows = np.flatnonzero(grown & (firms.product[:count] == product))
            if rows.size >= 10:  # a mean of fewer would take their own growth out
                rates = np.log(now[rows] / before[rows])
                sizes.append(before[rows])
                residuals.append(rates - rates.mean())
    return (np.concatenate(sizes), np.concatenate(residuals)) if sizes else (np.zeros(0), np.zeros(0))


def growth_shape(seen: FollowedRun) -> float:
    """Subbotin shape of firm growth."""
    return subbotin_shape(firm_growth(seen)[1])


def growth_slope(seen: FollowedRun) -> float:
    """Slope of the log standard deviation of firm growth on log size."""
    return size_slope(*firm_growth(seen))


def entry_share(seen: FollowedRun) -> float:
    """Net entry share of productivity growth since the opening, firms with agents."""
    here = seen.here
    firms = here.state.firms
    own = ~firms.fringe & ~firms.block
    first, last = min(seen.panel.years), max(seen.panel.years)
    before = np.zeros(len(firms))
    before[: seen.panel.years[first].size] = seen.panel.years[first]
    after = np.where(firms.alive, firms.output, 0.0)
    if first == last:
        return float("nan")
    level = np.log(firms.productivity)
    start = level.copy()
    start[: seen.opening_productivity.size] = np.log(seen.opening_productivity)
    return net_entry_share(np.where(own, before, 0.0), np.where(own, after, 0.0), start, level)


def concentration(here: Position, groups: Sequence[str]) -> float:
    """Ellison-Glaeser index over counties, each group one industry; mean over the groups weighted by output.

    A group with fewer plants than :data:`FEWEST_PLANTS` is left out: the index divides by one less its own plants'
    concentration, and says nothing where a single plant makes nearly all.
    """
    firms, world = here.state.firms, here.world
    every = np.flatnonzero(firms.alive & world.agent[firms.product])
    area = sum_by(firms.county[every], firms.output[every], world.county_count)
    values, weights = [], []
    for group in groups:
        rows = here.of(group)
        index = ellison_glaeser(area, firms.output[rows], firms.county[rows])
        if rows.size >= FEWEST_PLANTS and not np.isnan(index):
            values.append(index)
            weights.append(firms.output[rows].sum())
    return float(np.average(values, weights=weights)) if values else float("nan")


def concentration_gap(seen: FollowedRun) -> float:
    """Index of the four chains less that of other manufacturing."""
    here = seen.here
    return concentration(here, here.world.chains) - concentration(here, ["OTHM"])


def concentration_rise(seen: FollowedRun) -> float:
    """Index of the four chains less that of the first month."""
    return concentration(seen.here, seen.here.world.chains) - seen.first[CLUSTERING]


def colocation(seen: FollowedRun) -> float:
    """How many times more often than by chance a supplier that came stands in the county of its main home buyer.

    Chance deals the suppliers' counties out among them anew, on the same buyers.
    """
    state = seen.model.state
    links, relations, firms = state.links, state.relations, state.firms
    buyer = relations.buyer[links.relation]
    amount = links.weight * relations.coefficient[links.relation] * firms.output[buyer]
    used = (amount > 0) & firms.alive[links.supplier] & ~firms.opening[links.supplier]
    used &= ~firms.fringe[links.supplier] & (firms.leader[links.supplier] < 0)
    order = np.lexsort((-amount[used], links.supplier[used]))
    supplier, first = np.unique(links.supplier[used][order], return_index=True)
    if supplier.size < 10:
        return float("nan")
    place, main = firms.county[supplier], firms.county[buyer[used][order][first]]
    frequency = np.bincount(place, minlength=state.world.county_count) / place.size
    by_chance = float(frequency[main].mean())
    return float((place == main).mean()) / by_chance if by_chance > 0 else float("nan")


def output_multiplier(product: str) -> PositionMeasure:
    """Output in Ningde per yuan of final demand for a product, purchases between industries only (type I)."""
    return lambda seen: _multiplier(seen.here, product)


def _multiplier(here: Position, product: str) -> float:
    """Column sum of the Leontief inverse; NaN for a product nobody makes."""
    index = here.table.at(product=product)[0]
    if here.table.output[index] <= 0:
        return float("nan")
    return float(Leontief(here.table.coefficients).solve_left(np.ones(len(here.table.output)))[index])


def content_gap(seen: FollowedRun) -> float:
    """Potential local share of the cell makers less the share of a cell's value that is earned in Ningde."""
    here = seen.here
    earned = Leontief(here.table.coefficients).solve_left(here.table.value_added_share)[here.world.product("B_CELL")]
    at = here.state.month - seen.model.recorder.first
    return float(seen.model.recorder.arrays["local_share_potential"][at] - earned)


def local_job_multiplier(seen: FollowedRun) -> float:
    """Jobs in construction and services to residents per job in manufacturing: households spend what they earn.

    Type II on the month's table: wages at home are spent as residents' households spend, and the jobs called for in the
    products that are not traded are set against the jobs of the industries, weighted by those.
    """
    here = seen.here
    table, world = here.table, here.world
    wages = share(table.value_added[0], table.output)
    spent = table.final[:, 0] / max(float(table.value_added[0].sum()), 1e-12)
    closed = np.block([[table.coefficients, spent[:, None]], [wages[None, :], np.zeros((1, 1))]])
    if np.abs(np.linalg.eigvals(closed)).max() >= 1.0:
        return float("nan")  # households spend more than they earn: the closed system has no solution
    intensity = share(here.jobs, table.output)
    local = np.append(np.where(world.traded, 0.0, intensity), 0.0)
    called = Leontief(closed).solve_left(local)[:-1]
    made = np.where(world.agent, here.jobs, 0.0)
    per_job = share(called, intensity)
    return float((per_job * made).sum() / made.sum()) if made.sum() > 0 else float("nan")


def learning(seen: FollowedRun) -> float:
    """Fall of the real cell price per doubling of experience since the opening."""
    state = seen.model.state
    cell = state.world.product("B_CELL")
    price = state.markets.price[cell] / state.markets.price_level / seen.opening_price[cell]
    doublings = np.log2(state.markets.experience[cell] / seen.opening_experience[cell])
    return float(1.0 - price ** (1.0 / doublings)) if doublings > 0.1 else float("nan")


def keep_first(seen: FollowedRun) -> None:
    """Keep what later moments compare with; called after the first month."""
    seen.first[CLUSTERING] = concentration(seen.here, seen.here.world.chains)


# --- the registry -----------------------------------------------------------------------------------------------------

LEADS = tuple(f"promotion.lead_rate_{channel}" for channel in ("leader", "chain", "cluster", "bump"))
SIGNING = ("location.sign_const", "location.fail_monthly", "promotion.plan_pressure")
CELLS = ("leaders.base_allocation", "leaders.diversification", "demand.battery_growth", "prices.learning_rate_cell")
STEEL = ("demand.stainless_growth", "opening.stainless_output", "prices.exposure.S_MELT.Ni")
SIZES = (
    "projects.size_chain_mean",
    "projects.size_vehicle_parts_mean",
    "projects.size_industry_mean",
    "projects.size_bump_mean",
)
PLACES = ("location.market_access", "location.supplier_access", "location.leader_time", "location.zone_fit")
LEGACY = ("demand.legacy_trend", "opening.industry_share", "demand.growth_half_life")

SUPPLY, GROWTH, STRUCTURE, LEVELS, PEOPLE, PIPELINE, FIRMS, TABLE = (
    "Leaders and suppliers",
    "Growth of above-scale value added",
    "Shares of above-scale value added",
    "Output, GDP and power",
    "People and public revenue",
    "From talks to plants",
    "Firms and places",
    "Table, prices and multipliers",
)

CENSUS = "2020-11"
"""Month of the census."""

YUAN = "bn yuan, current prices"
BY_PLAN = "with leaders' own plants, without normal entry"
REAL = "share, real"
POTENTIAL = (
    "promotion.gap_elasticity",
    "promotion.lead_rate_chain",
    "sourcing.cap_devoted_max",
    "sourcing.qualification",
    "leaders.coverage_pull",
)


def _chain_growth() -> list[Moment]:
    """Growth, pull and contribution of the chains, January to November 2019."""
    speaking = {"BAT": CELLS, "SST": STEEL, NEV_AND_CU: ("demand.nev_growth", "demand.copper_growth")}
    names = {"BAT": "lithium", "SST": "stainless", NEV_AND_CU: "nev_copper"}
    labels = {"BAT": "lithium", "SST": "stainless", NEV_AND_CU: "NEV and copper"}
    month, found = "2019-11", []
    for group, name in names.items():
        told, who = labels[group], speaking[group]
        if group != NEV_AND_CU:
            found.append(
                Moment(
                    f"growth_{name}_2019", GROWTH, f"{told}, Jan-Nov 2019", REAL, month, growth(group, 2019, 11),
                    parameters=who, percent=True,
                )
            )  # fmt: skip
        pulled = "pull_nev_copper_2019" if group == NEV_AND_CU else f"pull_{name}_2019m11"
        found += [
            Moment(
                pulled, GROWTH, f"pull of {told}", "points", month, points(group, 2019, 11), parameters=who
            ),
            Moment(
                f"contribution_{name}_2019m11", GROWTH, f"contribution, {told}", "ratio", month,
                part_of_growth(group, 2019, 11), parameters=who, percent=True,
            ),
            Moment(
                f"share_{name}_base_2018", STRUCTURE, f"{told}, Jan-Nov 2018", "share, 2018 prices", "2018-11",
                share_of_industry(group, 2018, 11, VA), parameters=who, percent=True,
            ),
        ]  # fmt: skip
    return found


def _growth() -> list[Moment]:
    """Growth of industry, the four chains and the rest."""
    four = (*CELLS, *STEEL[:1], *LEADS[:2])
    return [
        Moment("industry_va_growth_2019h1", GROWTH, "industry, Jan-Jun 2019", REAL, "2019-06",
               growth(INDUSTRY, 2019, 6), parameters=(*LEGACY, *four), percent=True),
        Moment("industry_va_growth_2019m11", GROWTH, "industry, Jan-Nov 2019", REAL, "2019-11",
               growth(INDUSTRY, 2019, 11), parameters=(*LEGACY, *four), percent=True),
        Moment("va_growth_four_2019m11", GROWTH, "four chains, Jan-Nov 2019", REAL, "2019-11", growth(FOUR, 2019, 11),
               parameters=four, percent=True),
        Moment("rest_growth_2019", GROWTH, "the rest, Jan-Nov 2019", REAL, "2019-11", growth(REST, 2019, 11),
               parameters=LEGACY, percent=True),
        Moment("pull_four_2019m11", GROWTH, "pull of the four chains", "points", "2019-11", points(FOUR, 2019, 11),
               parameters=four),
        Moment("contribution_four_2019m11", GROWTH, "contribution of the four", "ratio", "2019-11",
               part_of_growth(FOUR, 2019, 11), parameters=(*four, *LEGACY), percent=True),
        *_chain_growth(),
        Moment("growth_lithium_2017", GROWTH, "lithium, 2017", REAL, "2017-12", growth("BAT", 2017), parameters=CELLS,
               percent=True),
        Moment("pull_lithium_2017", GROWTH, "pull of lithium, 2017", "points", "2017-12", points("BAT", 2017),
               parameters=CELLS),
        Moment("industry_va_growth_2020", GROWTH, "industry, 2020", REAL, "2020-12", growth(INDUSTRY, 2020),
               parameters=(*LEGACY, *four), percent=True),
        Moment("va_growth_four_2020", GROWTH, "four chains, 2020", REAL, "2020-12", growth(FOUR, 2020), parameters=four,
               percent=True),
        Moment("contribution_four_2020", GROWTH, "contribution, 2020", "ratio", "2020-12",
               part_of_growth(FOUR, 2020), parameters=(*four, *LEGACY), percent=True),
        Moment("rest_growth_2020", GROWTH, "the rest, 2020", REAL, "2020-12", growth(REST, 2020),
               parameters=LEGACY, percent=True),
        Moment("industry_va_growth_2021", GROWTH, "industry, 2021", REAL, "2021-12", growth(INDUSTRY, 2021),
               parameters=(*LEGACY, *four), percent=True),
        Moment("lithium_va_growth_2021", GROWTH, "lithium, 2021", REAL, "2021-12", growth("BAT", 2021),
               parameters=CELLS, percent=True),
        Moment("contribution_lithium_2021", GROWTH, "its contribution, 2021", "ratio", "2021-12",
               part_of_growth("BAT", 2021), parameters=CELLS, percent=True),
        Moment("growth_without_lithium_2021", GROWTH, "industry without it, 2021", REAL, "2021-12",
               growth(industry_without("BAT"), 2021), parameters=LEGACY, percent=True),
        Moment("va_growth_fuan_2021", GROWTH, "Fuan, 2021", REAL, "2021-12", growth(INDUSTRY, 2021, county="Fuan"),
               parameters=STEEL, percent=True),
    ]  # fmt: skip


def _structure() -> list[Moment]:
    """Shares of the four chains and of lithium."""
    who = (*LEGACY, *CELLS, *STEEL)
    return [
        Moment("share_four_base_2018", STRUCTURE, "four chains, Jan-Nov 2018", "share, 2018 prices", "2018-11",
               share_of_industry(FOUR, 2018, 11, VA), parameters=who, percent=True),
        Moment("share_four_2019_reported", STRUCTURE, "four chains, Jan-Nov 2019", "share, current prices", "2019-11",
               share_of_industry(FOUR, 2019, 11), parameters=who, percent=True),
        Moment("share_four_2019_constant", STRUCTURE, "the same, constant weights", "share, 2018 prices", "2019-11",
               share_of_industry(FOUR, 2019, 11, VA), parameters=who, percent=True),
        Moment("share_lithium_2019", STRUCTURE, "lithium, Jan-Nov 2019", "share, current prices", "2019-11",
               share_of_industry("BAT", 2019, 11), parameters=CELLS, percent=True),
        Moment("share_four_2021", STRUCTURE, "four chains, 2021", "share, current prices", "2021-12",
               share_of_industry(FOUR, 2021), parameters=who, percent=True),
    ]  # fmt: skip


def _levels() -> list[Moment]:
    """Output, GDP and electricity."""
    flow = year_total
    gdp = ("opening.gdp_2013", "opening.census_revision", *LEGACY)
    found = [
        Moment("output_lithium_2016", LEVELS, "cells of two leaders 2016", YUAN, "2016-12",
               flow(OUTPUT_NOMINAL, 2016, "B_CELL"), parameters=(*CELLS, "opening.cells_output")),
        *(
            Moment(f"output_lithium_{year}", LEVELS, f"lithium output {year}", YUAN, f"{year}-12",
                   flow(OUTPUT_NOMINAL, year, "BAT"), parameters=(*CELLS, "opening.cells_output"))
            for year in (2017, 2019, 2020, 2021)
        ),
        Moment("output_stainless_2018", LEVELS, "stainless output 2018", YUAN, "2018-12",
               flow(OUTPUT_NOMINAL, 2018, "SST"), parameters=STEEL),
        *(
            Moment(f"output_stainless_fuan_{year}", LEVELS, f"stainless Fuan {year}", YUAN, f"{year}-12",
                   flow(OUTPUT_NOMINAL, year, "SST", county="Fuan"), parameters=STEEL)
            for year in (2020, 2021)
        ),
        Moment("output_nev_2021", LEVELS, "vehicles and parts 2021", YUAN, "2021-12", flow(OUTPUT_NOMINAL, 2021, "NEV"),
               parameters=("demand.nev_growth", "demand.nev_share_local")),
        Moment("output_copper_2021", LEVELS, "copper output 2021", YUAN, "2021-12", flow(OUTPUT_NOMINAL, 2021, "CU"),
               parameters=("demand.copper_growth", "prices.exposure.C_CATH.Cu")),
        Moment("output_four_2021", LEVELS, "four chains' output 2021", YUAN, "2021-12",
               flow(OUTPUT_NOMINAL, 2021, FOUR), parameters=(*CELLS, *STEEL)),
        Moment("output_city_2021", LEVELS, "industrial output 2021", YUAN, "2021-12",
               flow(OUTPUT_NOMINAL, 2021, INDUSTRY), parameters=(*LEGACY, *CELLS, *STEEL)),
        *(
            Moment(f"output_{county.lower()}_{year}", LEVELS, f"output {county} {year}", YUAN, f"{year}-12",
                   flow(OUTPUT_NOMINAL, year, INDUSTRY, county=county), parameters=(*PLACES, *who))
            for county, year, who in (("Fuan", 2020, STEEL), ("Fuan", 2021, STEEL), ("Fuding", 2021, LEGACY))
        ),
        Moment("vehicles_2021", LEVELS, "vehicles made in 2021", "vehicles", "2021-12", position=vehicles(2021),
               parameters=("demand.nev_growth", "demand.nev_share_local", "prices.unit_value.vehicle")),
        *(
            Moment(f"gdp_{year}", LEVELS, f"GDP {year}", YUAN, f"{year}-12",
                   flow("value_added_nominal", year, EVERYTHING), parameters=gdp,
                   text="old basis to census basis" if year < 2019 else "")
            for year in range(2017, 2022)
        ),
        *(
            Moment(f"gdp_growth_{year}", LEVELS, f"GDP growth {year}", REAL, f"{year}-12", gdp_growth(year),
                   parameters=gdp, percent=True)
            for year in (2019, 2020, 2021)
        ),
        *(
            Moment(f"gdp_{county.lower()}_{year}", LEVELS, f"GDP {county} {year}", YUAN, f"{year}-12",
                   flow("value_added_nominal", year, EVERYTHING, county=county), parameters=who)
            for county, year, who in (
                ("Fuding", 2015, ("opening.fuding_gdp_share",)),
                ("Shouning", 2018, ("opening.shouning_gdp_share",)),
                ("Dongqiao", 2020, ("opening.dongqiao_share",)),
                ("Fuding", 2020, ("opening.fuding_gdp_share",)),
                ("Fuan", 2021, ("opening.per_head_fuan", *STEEL)),
            )
        ),
        *(
            Moment(f"gdp_growth_{county.lower()}_{year}", LEVELS, f"GDP growth {county} {year}", REAL, f"{year}-12",
                   gdp_growth(year, county), parameters=(*PLACES, *LEGACY), percent=True)
            for county, year in (("Fuding", 2019), ("Xiapu", 2019), ("Fuan", 2021))
        ),
        Moment("gdp_growth_share_jiaocheng_2021", LEVELS, "Jiaocheng in GDP growth", "share, 2018 prices",
               "2021-12", growth_share("Jiaocheng", 2021), parameters=(*PLACES, *CELLS), percent=True),
        Moment("gdp_growth_rank_jiaocheng_2021", LEVELS, "rank of Jiaocheng in it", "rank", "2021-12",
               growth_rank("Jiaocheng", 2021), parameters=(*PLACES, *CELLS)),
    ]  # fmt: skip
    power = ("energy.mwh_smelt", "energy.mwh_cell", "energy.mwh_other", "energy.efficiency")
    return [
        *found,
        Moment("industrial_power_2019m11", LEVELS, "power, Jan-Nov 2019", "TWh", "2019-11",
               flow("electricity", 2019, EVERYTHING, MILLION, months=11), parameters=power),
        Moment("power_growth_2019m11", LEVELS, "its growth", "share", "2019-11",
               growth(EVERYTHING, 2019, 11, variable="electricity"), parameters=(*power, *STEEL), percent=True),
        Moment("industrial_power_fuan_2021", LEVELS, "power Fuan 2021", "TWh", "2021-12",
               flow("electricity", 2021, EVERYTHING, MILLION, county="Fuan"), parameters=(*power, *STEEL)),
    ]  # fmt: skip


def _people() -> list[Moment]:
    """Population by county and public revenue: measured where the record has them."""
    counties = ("Jiaocheng", "Fuan", "Fuding", "Xiapu", "Gutian", "Pingnan", "Shouning", "Zhouning", "Zherong")
    workers = ("labour.participation", "labour.wage_level")
    movers = ("labour.migration_elasticity", "labour.natural_growth", "labour.national_wage_growth")
    taxes = ("fiscal.tax_output_cell", "fiscal.tax_output_stainless", "fiscal.tax_output_other")
    revenue = {"total": "public revenue", "local": "local revenue"}
    places = (("total", None, 2020), ("local", None, 2020), ("total", "Fuding", 2019), ("total", "Xiapu", 2019),
              ("total", "Fuan", 2021), ("local", "Fuan", 2021))  # fmt: skip
    return [
        *(
            Moment(f"population_{year}", PEOPLE, f"residents {year}", "million", f"{year}-12",
                   at_month("population", f"{year}-12", scale=MILLION), needs=("population",),
                   parameters=(*workers, *movers),
                   text="end of the year; published on the sample basis from before the census of 2020")
            for year in (2017, 2018)
        ),
        Moment("population_2020", PEOPLE, "residents 2020", "million", CENSUS,
               at_month("population", CENSUS, scale=MILLION), needs=("population",), parameters=workers),
        *(
            Moment(f"population_{county.lower()}_2020", PEOPLE, f"residents {county} 2020", "thousand",
                   CENSUS, at_month("population", CENSUS, county=county, scale=THOUSAND), needs=("population",),
                   parameters=workers)
            for county in counties
        ),
        *(
            Moment("_".join(part for part in (kind, "revenue", (county or "").lower(), str(year)) if part), PEOPLE,
                   f"{revenue[kind]} {county or ''} {year}".replace("  ", " "), YUAN, f"{year}-12",
                   year_total(f"revenue_{kind}", year, EVERYTHING, county=county), needs=(f"revenue_{kind}",),
                   parameters=taxes)
            for kind, county, year in places
        ),
    ]  # fmt: skip


def _supply() -> list[Moment]:
    """Projects, local shares and plants of the chains."""
    return [
        Moment("chain_projects_2018", SUPPLY, "battery projects 2018", "projects", "2018-12", introduced("2018-12"),
               parameters=(*LEADS, *SIGNING)),
        Moment("chain_projects_2019", SUPPLY, "battery projects Nov 2019", "projects", "2019-11", introduced("2019-11"),
               parameters=(*LEADS, *SIGNING), text="land or beyond, not failed, without the leaders' own plants"),
        Moment("chain_projects_late2021", SUPPLY, "battery projects late 2021", "projects", "2021-12",
               introduced("2021-12"), parameters=(*LEADS, *SIGNING)),
        Moment("leader_procurement_local", SUPPLY, "could be bought nearby", "share", "2019-11",
               at_month("local_share_potential", "2019-11"), parameters=POTENTIAL, percent=True,
               text="goods purchases of the two cell makers"),
        Moment("local_share_realised_2019", SUPPLY, "is bought nearby", "share", "2019-11",
               at_month("local_share_realised", "2019-11"),
               parameters=("sourcing.adjust", "sourcing.habit", "sourcing.price_elasticity"), percent=True,
               text="goods purchases of the two cell makers"),
        Moment("content_gap", SUPPLY, "could be, less local content", "share", "2019-11", position=content_gap,
               parameters=("io.va_cell", *POTENTIAL[:2]), percent=True),
        Moment("saic_suppliers_operating_2019", SUPPLY, "vehicle suppliers Nov 2019", "firms", "2019-11",
               position=plants(NEV_SUPPLIERS), parameters=("promotion.lead_rate_leader", *SIGNING),
               text="all plants that make bodies, chassis or drives"),
        Moment("suppliers_vehicle_2020", SUPPLY, "vehicle suppliers 2020", "firms", "2020-07",
               position=plants(NEV_SUPPLIERS), parameters=("promotion.lead_rate_leader", *SIGNING)),
        Moment("suppliers_vehicle_2021", SUPPLY, "vehicle suppliers 2021", "firms", "2021-09",
               position=plants(NEV_SUPPLIERS), parameters=("promotion.lead_rate_leader", *SIGNING)),
        Moment("firms_lithium_2021", SUPPLY, "lithium firms 2021", "firms", "2021-12",
               at_month("firms", "2021-12", "BAT"), parameters=(*LEADS, *SIZES)),
        Moment("firms_four_2020", SUPPLY, "four chains' firms 2020", "firms", "2020-12",
               at_month("firms", "2020-12", FOUR), parameters=(*LEADS, *SIZES)),
        Moment("capacity_cells_2020", SUPPLY, "cell capacity 2020", "GWh a year", "2020-12",
               position=measures.capacity_gwh, parameters=(*CELLS[:2], "prices.unit_value.power_cell")),
        Moment("battery_capacity_2021", SUPPLY, "GWh built and building", "GWh a year", "2021-12",
               position=lambda seen: measures.capacity_gwh(seen, building=True),
               parameters=(*CELLS[:2], "prices.unit_value.power_cell")),
    ]  # fmt: skip


def _pipeline() -> list[Moment]:
    """Signing, starting and building."""
    building = ("construction.work", "construction.size_elasticity", "construction.service_gain", "service.teams")
    return [
        Moment("sign_share", PIPELINE, "signed of the leads, 2018", "share", "2018-12", sign_share(2018),
               parameters=("location.sign_const", "promotion.plan_pressure"), percent=True,
               text="of talks: normal entry and leaders' own plants left out"),
        Moment("signed_industry_2018", PIPELINE, "investment signed 2018", "bn yuan, 2018 prices", "2018-12",
               position=signed_value("2018-01", "2018-12"), parameters=(*LEADS, *SIZES, *SIGNING), text=BY_PLAN),
        Moment("signed_count_2018", PIPELINE, "projects signed 2018", "projects", "2018-12",
               position=signed_count("2018-01", "2018-12"), parameters=(*LEADS, *SIGNING), text=BY_PLAN),
        Moment("signed_industry_2020", PIPELINE, "investment signed 2020", "bn yuan, 2018 prices", "2020-12",
               position=signed_value("2020-01", "2020-12"), parameters=(*LEADS, *SIZES, *SIGNING), text=BY_PLAN),
        Moment("signed_count_2020", PIPELINE, "projects signed 2020", "projects", "2020-12",
               position=signed_count("2020-01", "2020-12"), parameters=(*LEADS, *SIGNING), text=BY_PLAN),
        Moment("signed_industry_2021h1", PIPELINE, "signed Jan-Jun 2021", "bn yuan, 2018 prices", "2021-06",
               position=signed_value("2021-01", "2021-06"), parameters=(*LEADS, *SIZES, *SIGNING), text=BY_PLAN),
        Moment("started_in_year_one", PIPELINE, "building within a year", "share of signed", "2019-10",
               position=reached_within("2016-01", "2018-10", "built", 12),
               parameters=("land.requisition_mean", "land.permit_mean", "location.fail_monthly"), percent=True,
               text="projects signed from 2016 to October 2018, normal entry and leaders' own plants left out"),
        Moment("producing_in_5y", PIPELINE, "producing within five years", "share of signed", "2019-11",
               position=reached_within("2014-01", "2014-11", "done", 60),
               parameters=("location.fail_monthly", "construction.work"), percent=True,
               text="projects signed in January to November 2014, normal entry and leaders' own plants left out"),
        Moment("building_best_months", PIPELINE, "building, best tenth", "months",
               position=building_months(0.1), parameters=building,
               text="projects from 1 bn yuan that history does not date, leaders' plants among them; no normal entry"),
        Moment("building_median_months", PIPELINE, "building, median", "months",
               position=building_months(0.5), parameters=building),
    ]  # fmt: skip


def _firms() -> list[Moment]:
    """Sizes, growth rates and places of firms."""
    return [
        Moment("firm_tail", FIRMS, "tail of firm sizes (Hill)", "exponent", position=size_tail,
               parameters=("opening.pareto_exponent", "opening.max_size", "firms.shock")),
        Moment("growth_shape", FIRMS, "shape of firm growth", "1 = Laplace", position=growth_shape,
               parameters=("firms.shock", "firms.expansion_speed")),
        Moment("size_variance_slope", FIRMS, "spread of growth by size", "slope", position=growth_slope,
               parameters=("firms.shock", "firms.exit_size")),
        Moment("entry_share_productivity", FIRMS, "entry in productivity", "share", position=entry_share,
               parameters=("firms.exit_base", "firms.exit_profit", "firms.shock"), percent=True),
        Moment("firms_fuding_2020", FIRMS, "firms Fuding 2020", "firms", "2020-12",
               at_month("firms", "2020-12", INDUSTRY, "Fuding"), parameters=("opening.firms_above_scale", *PLACES)),
        Moment("concentration_gap", FIRMS, "clustering over OTHM", "Ellison-Glaeser",
               position=concentration_gap, parameters=("location.own_agglomeration", *PLACES)),
        Moment("concentration_rise", FIRMS, "rise of clustering", "Ellison-Glaeser",
               position=concentration_rise, parameters=("location.own_agglomeration", *PLACES)),
        Moment("colocation", FIRMS, "supplier beside main buyer", "times chance", position=colocation,
               parameters=("location.market_access", "location.leader_time", "location.market_decay")),
        Moment("zone_effect_gdp", FIRMS, "state-level zone", "log GDP",
               missing="needs runs without the zone; the opening holds it from the start"),
        Moment("zone_effect_output", FIRMS, "zone: output in two years", "share",
               missing="needs runs without the zone; the opening holds it from the start"),
        Moment("spillover_leader", FIRMS, "spill-over of a leader", "log TFP",
               missing="an input (agglomeration.leader); the counties that lost the plant are none of the model"),
        Moment("talent_plan", FIRMS, "talent plan", "sign",
               missing="needs runs without the plan; inside one run its own siphon would be read back"),
    ]  # fmt: skip


def _table() -> list[Moment]:
    """The month's table and prices."""
    tech = ("io.flq_delta", "io.gravity_decay")
    return [
        Moment("multiplier_cells_opening", TABLE, "multiplier, cells 2014", "type I, home", "2014-01",
               position=output_multiplier("B_CELL"), parameters=tech),
        Moment("multiplier_cells_2019", TABLE, "multiplier, cells 2019", "type I, home", "2019-11",
               position=output_multiplier("B_CELL"), parameters=(*tech, *POTENTIAL[:3])),
        Moment("multiplier_melt", TABLE, "multiplier, melting", "type I, home", position=output_multiplier("S_MELT"),
               parameters=tech),
        Moment("multiplier_roll", TABLE, "multiplier, rolling", "type I, home", position=output_multiplier("S_ROLL"),
               parameters=tech),
        Moment("multiplier_products", TABLE, "multiplier, steel products", "type I, home",
               position=output_multiplier("S_PROD"), parameters=tech),
        Moment("local_multiplier", TABLE, "local jobs per job", "jobs", position=local_job_multiplier,
               parameters=("io.nontraded_share", "labour.wage_level"),
               text="type II on the month's table, products that are not traded"),
        Moment("learning_cell", TABLE, "cell price per doubling", "fall, share", position=learning,
               parameters=("prices.learning_rate_cell", "prices.world_weight"), percent=True),
        Moment("price_gap_lithium_2021", TABLE, "lithium, nominal less real", "share", "2021-12", price_gap,
               parameters=("prices.exposure.B_CATH.Li", "prices.lithium_vol"), percent=True),
    ]  # fmt: skip


MOMENTS: Mapping[str, Moment] = {
    moment.name: moment
    for part in (_supply, _growth, _structure, _levels, _people, _pipeline, _firms, _table)
    for moment in part()
}
"""Every moment by name, in the order in which they are told."""

GROUPS: Sequence[str] = (SUPPLY, GROWTH, STRUCTURE, LEVELS, PEOPLE, PIPELINE, FIRMS, TABLE)
"""Headings in their order."""
