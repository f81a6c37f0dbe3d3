"""Statistics of a run for any group of products, any county and any period: one definition for all who compare.

Moments (:mod:`sim.experiment.moments`) fix group, county and period; observables (:mod:`sim.experiment.observables`)
take them from a published figure. A measure of the record looks back from the end of a run; a measure of a position
looks at the month in which the run stands. NaN says that the run does not cover the months, or that there is nothing
to measure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.experiment.followed import (
    EVERYTHING,
    INDUSTRY,
    FollowedRun,
    Ints,
    Position,
    Record,
    official_rows,
    product_group,
)
from sim.experiment.periods import Period
from sim.mechanisms.prices import Prices
from sim.parameters import Month
from sim.results.variables import CHANNELS
from sim.state import YEAR, Channel, Stage
from sim.statistics import contribution, introduced, pull
from sim.statistics.activity import PROMOTED, SIGNED_BY_PLAN

BILLION, MILLION, THOUSAND = 1000.0, 1e6, 1e3
"""M yuan in a bn yuan, MWh in a TWh or persons in a million, persons in a thousand."""

LARGE_PROJECT = 1000.0
"""Investment from which a project counts as large, M yuan (assumption: the cases reported are above 4,600)."""

VA, VA_NOMINAL, OUTPUT_NOMINAL = (
    "value_added_above_scale",
    "value_added_above_scale_nominal",
    "output_above_scale_nominal",
)
"""Variables of official statistics."""

NAN = float("nan")


# --- of the record ----------------------------------------------------------------------------------------------------


def points(record: Record, period: Period, group: str, county: str | None = None) -> float:
    """Points that a group adds to the growth of industry; a group of new plants has a pull, but may have no growth."""
    before = period.year_before
    risen = record.total(VA, period, group, county) - record.total(VA, before, group, county)
    base = record.total(VA, before, INDUSTRY, county)
    return pull(risen / base, 1.0) if base > 0 else NAN


def part_of_growth(record: Record, period: Period, group: str, county: str | None = None) -> float:
    """Contribution of a group to the growth of industry, a ratio."""
    total = record.growth(VA, period, INDUSTRY, county)
    return contribution(points(record, period, group, county), total) if total else NAN


def share_of_industry(
    record: Record, period: Period, group: str, county: str | None = None, variable: str = VA_NOMINAL
) -> float:
    """Share of a group in above-scale value added, at current prices or, with :data:`VA`, at those of 2018."""
    part, whole = (record.total(variable, period, name, county) for name in (group, INDUSTRY))
    return part / whole if whole > 0 else NAN


def gdp_growth(record: Record, period: Period, county: str | None = None) -> float:
    """Real growth of value added of everything, single deflation, a share."""
    now, before = (record.deflated(when, county) for when in (period, period.year_before))
    return now / before - 1.0 if before > 0 else NAN


def county_parts(record: Record, period: Period) -> dict[str, float]:
    """Rise of each official county's real value added over the year before, M yuan at 2018 prices."""
    world = record.world
    names = [world.county_names[index] for index in sorted(set(world.official.tolist()))]
    return {name: record.deflated(period, name) - record.deflated(period.year_before, name) for name in names}


def growth_share(record: Record, period: Period, county: str) -> float:
    """Share of a county in the city's real growth of value added."""
    rise = record.deflated(period, county) - record.deflated(period.year_before, county)
    total = sum(county_parts(record, period).values())
    return rise / total if total > 0 else NAN


def growth_rank(record: Record, period: Period, county: str) -> float:
    """Rank of a county by its part of the city's growth, 1 for the largest."""
    parts = county_parts(record, period)
    return NAN if np.isnan(parts[county]) else 1.0 + sum(value > parts[county] for value in parts.values())


def sign_share(record: Record, period: Period) -> float:
    """Projects signed over leads, of what promotion brought in: no normal entry, no leaders' own plants.

    Talks are what the published share is of; normal entry signs without talks unless it finds no land, and leaders
    decide on their own plants.
    """
    codes = [CHANNELS[channel] for channel in PROMOTED]
    entered = record.run.monthly["entered"].sel(channel=codes, month=slice(str(period.first), str(period.last)))
    if entered.sizes["month"] < period.months:
        return NAN
    leads, signed = (float(entered.sel(stage=stage).sum()) for stage in ("LEAD", "SIGNED"))
    return signed / leads if leads else NAN


# --- of a position ----------------------------------------------------------------------------------------------------


def vehicles(seen: FollowedRun, period: Period, county: str | None = None) -> float:
    """Vehicles made: output at 2018 prices over the unit value of 2018."""
    model = seen.model
    value = model.plan[Prices].unit_value["vehicle"]  # M yuan per thousand
    start = period.first - _first_recorded(seen)
    if start < 0:
        return NAN
    made = model.recorder.arrays["output"][start : start + period.months, :, model.world.product("V_OEM")]
    rows = slice(None) if county is None else official_rows(model.world, county)
    return float(made[:, rows].sum()) / value * THOUSAND


def _first_recorded(seen: FollowedRun) -> Month:
    """First month of the record."""
    return seen.model.calendar + (seen.model.recorder.first - seen.model.state.month)


def signed(
    here: Position, period: Period, channels: Sequence[Channel], group: str = EVERYTHING, county: str | None = None
) -> Ints:
    """Rows of the projects of some channels that were signed in a period."""
    projects = here.state.projects
    wanted = (projects.signed >= here.month_of(str(period.first))) & (
        projects.signed <= here.month_of(str(period.last))
    )
    wanted &= np.isin(projects.channel, channels) & product_group(here.world, group)[projects.product]
    if county is not None:
        wanted &= np.isin(projects.county, official_rows(here.world, county))
    return np.flatnonzero(wanted)


def signed_value(seen: FollowedRun, period: Period, group: str = EVERYTHING, county: str | None = None) -> float:
    """Investment of the projects signed in a period, bn yuan at 2018 prices, counted as the city's plan counts."""
    rows = signed(seen.here, period, SIGNED_BY_PLAN, group, county)
    return float(seen.model.state.projects.investment[rows].sum()) / BILLION


def signed_count(seen: FollowedRun, period: Period, group: str = EVERYTHING, county: str | None = None) -> float:
    """Projects signed in a period, counted as the city's plan counts: with leaders' plants, no normal entry."""
    return float(signed(seen.here, period, SIGNED_BY_PLAN, group, county).size)


def projects_introduced(seen: FollowedRun, chain: str, county: str | None = None) -> float:
    """Projects of a chain introduced so far: land stage or later, not failed, without the leaders' own plants."""
    world = seen.model.world
    counties = None if county is None else official_rows(world, county)
    return float(introduced(seen.model.state, counties)[world.chains.index(chain)])


def building_months(seen: FollowedRun, quantile: float, county: str | None = None) -> float:
    """Quantile of the months of building, over large projects that history does not date.

    Leaders' own plants count, for the published cases are such; normal entry does not.
    """
    projects = seen.model.state.projects
    rows = (projects.event < 0) & (projects.investment >= LARGE_PROJECT) & (projects.stage == Stage.DONE)
    rows &= (projects.built >= 0) & (projects.done >= 0) & np.isin(projects.channel, SIGNED_BY_PLAN)
    if county is not None:
        rows &= np.isin(projects.county, official_rows(seen.model.world, county))
    months = (projects.done - projects.built)[rows]
    return float(np.quantile(months, quantile)) if months.size else NAN


def plants(seen: FollowedRun, group: str, county: str | None = None) -> float:
    """Operating plants of a group of any size, the fringe of small firms left out."""
    return float(seen.here.of(group, county).size)


def capacity_gwh(seen: FollowedRun, building: bool = False, county: str | None = None) -> float:
    """Capacity of the cell plants, GWh a year at the unit value of power cells, on request with what is being built."""
    here = seen.here
    value = seen.model.plan[Prices].unit_value["power_cell"]
    annual = float(here.state.firms.capacity[here.of("B_CELL", county)].sum()) * YEAR
    if building:
        projects = here.state.projects
        rows = (projects.stage == Stage.BUILD) & product_group(here.world, "B_CELL")[projects.product]
        if county is not None:
            rows &= np.isin(projects.county, official_rows(here.world, county))
        annual += float(projects.announced_output[rows].sum())
    return annual / value
