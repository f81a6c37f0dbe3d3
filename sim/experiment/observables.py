"""What a run can be asked for under the names of published figures: any observable, any region, any period.

A name is a statistic, with a group of products behind a dot where it has one: ``gdp_growth``, ``output_nominal.BAT``.
Nothing here knows a fact; the facts stand in files (:mod:`sim.experiment.observations`). What is measured is defined in
:mod:`sim.experiment.measures`, which the moments of ``ningde validate`` use too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from sim.experiment import measures
from sim.experiment.followed import (
    CITY,
    EVERYTHING,
    FOUR,
    INDUSTRY,
    NEV_AND_CU,
    NEV_SUPPLIERS,
    REST,
    Floats,
    FollowedRun,
    PositionMeasure,
    Record,
    follow,
    industry_without,
)
from sim.experiment.measures import BILLION, MILLION, OUTPUT_NOMINAL, VA, VA_NOMINAL
from sim.experiment.periods import Period, PeriodKind
from sim.experiment.units import (
    CAPACITY,
    FIRMS,
    MONEY,
    MONTHS,
    PERSONS,
    POINTS,
    POWER,
    PROJECTS,
    RANK,
    RATIO,
    SHARE,
    VEHICLES,
)
from sim.model import NingdeModel
from sim.parameters import Month
from sim.scenario import Scenario
from sim.world import World, load_world

RecordValue = Callable[[Record, Period, str | None], float]
PositionValue = Callable[[FollowedRun, Period, str | None], float]

FIRST, EARLIEST_END = Month("2014-01"), Month("2014-12")
"""First month that a run records, and the earliest month in which a scenario may end."""

LARGEST_GROWTH = 20.0
"""Growth above which a figure is taken for one in the wrong unit, a share (numerical safety, assumption)."""


# --- one observable ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """A run that came to its end.

    Attributes:
        record: its record.
        positions: what was measured on the way, by variable, region and period.
    """

    record: Record
    positions: Mapping[Hashable, float]


@dataclass(frozen=True)
class Observable:
    """A statistic of a run that is published for the real region.

    Attributes:
        name: its name in a file of observations.
        label: what it is.
        units: accepted units, each with the factor that turns a figure into :attr:`unit`; that one comes first.
        kind: "months" if it speaks of months, "position" if of the end of a month.
        scale: "log" if errors are told in logs (amounts that are never 0), "level" otherwise.
        record, position: how it is measured; one of the two.
        compares: it compares with the same months of the year before.
        places: where it has a meaning: "anywhere", only the whole "city", or only a "county".
        low, high: what a figure may be, in :attr:`unit`.
        whole: it counts whole things.
    """

    name: str
    label: str
    units: Mapping[str, float]
    kind: PeriodKind
    scale: Literal["log", "level"]
    record: RecordValue | None = None
    position: PositionValue | None = None
    compares: bool = False
    places: Literal["anywhere", "city", "county"] = "anywhere"
    low: float = 0.0
    high: float = float("inf")
    whole: bool = False

    @property
    def unit(self) -> str:
        """Unit of what is measured."""
        return next(iter(self.units))

    def since(self, period: Period) -> Month:
        """First month that must be recorded for it."""
        return period.year_before.first if self.compares else period.first

    def scored(self, values: Floats) -> Floats:
        """Values on the scale of scores; the log of 0 is minus infinity, so that nothing is hidden."""
        if self.scale == "level":
            return np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(values), dtype=np.float64)

    def measure(self, done: Done, region: str, period: Period) -> float:
        """The figure of a run in :attr:`unit`; NaN where the run does not cover the months.

        Raises:
            ValueError: the region is unknown, or it had to be measured on the way and was not.
        """
        county = county_of(region)
        if self.since(period) < done.record.first:
            return float("nan")
        if self.record is not None:
            return float(self.record(done.record, period, county))
        if period.last > done.record.last:
            return float("nan")
        key = (self.name, region, period)
        if key not in done.positions:
            raise ValueError(f"{self.name} of {region}, {period}, is measured during a run; ask for it with simulate()")
        return done.positions[key]


def regions() -> tuple[str, ...]:
    """The regions that figures may speak of: the city and its counties."""
    return (CITY, *load_world().county_names)


def county_of(region: str) -> str | None:
    """The county of that name; None for the city.

    Raises:
        ValueError: nothing has that name.
    """
    if region not in regions():
        raise ValueError(f"no region is called {region!r}")
    return None if region == CITY else region


# --- the registry -----------------------------------------------------------------------------------------------------


def groups_of(world: World) -> dict[str, str]:
    """Codes of groups of products as they stand in names, with the group meant."""
    return {
        "INDUSTRY": INDUSTRY,
        "FOUR": FOUR,
        "REST": REST,
        "NEV_AND_CU": NEV_AND_CU,
        **{chain: chain for chain in world.chains},
        **{f"WITHOUT_{chain}": industry_without(chain) for chain in world.chains},
        **{code: code for code, agent in zip(world.products, world.agent, strict=True) if agent},
    }


def _amounts(code: str, group: str) -> Iterable[Observable]:
    """Output and value added of a group."""
    yield Observable(
        f"output_nominal.{code}", "gross output of above-scale firms, current prices", MONEY, "months", "log",
        lambda record, period, county: record.total(OUTPUT_NOMINAL, period, group, county) / BILLION,
    )  # fmt: skip
    yield Observable(
        f"value_added_nominal.{code}", "value added of above-scale firms, current prices", MONEY, "months", "log",
        lambda record, period, county: record.total(VA_NOMINAL, period, group, county) / BILLION,
    )  # fmt: skip
    yield _growing(
        f"output_growth_nominal.{code}", "growth of above-scale gross output, current prices",
        lambda record, period, county: record.growth(OUTPUT_NOMINAL, period, group, county),
    )  # fmt: skip
    yield _growing(
        f"value_added_growth.{code}", "real growth of above-scale value added",
        lambda record, period, county: record.growth(VA, period, group, county),
    )  # fmt: skip


def _growing(name: str, label: str, record: RecordValue) -> Observable:
    """A growth over the same months of the year before."""
    return Observable(
        name, label, SHARE, "months", "level", record, compares=True, low=-1.0, high=LARGEST_GROWTH
    )  # fmt: skip


def _parts(code: str, group: str) -> Iterable[Observable]:
    """The part of a group in the growth and in the value added of industry."""
    yield Observable(
        f"pull.{code}", "points that the group adds to real growth of above-scale value added", POINTS, "months",
        "level", lambda record, period, county: measures.points(record, period, group, county), compares=True,
        low=-100.0, high=100.0 * LARGEST_GROWTH,
    )  # fmt: skip
    yield Observable(
        f"contribution.{code}", "contribution of the group to that growth", RATIO, "months", "level",
        lambda record, period, county: measures.part_of_growth(record, period, group, county), compares=True,
        low=-LARGEST_GROWTH, high=LARGEST_GROWTH,
    )  # fmt: skip
    for name, told, variable in (("share", "current prices", VA_NOMINAL), ("share_constant", "2018 prices", VA)):
        yield Observable(
            f"{name}.{code}", f"share of above-scale value added, {told}", SHARE, "months", "level",
            _share(group, variable), high=1.0,
        )  # fmt: skip


def _share(group: str, variable: str) -> RecordValue:
    """Share of a group in a variable of industry."""
    return lambda record, period, county: measures.share_of_industry(record, period, group, county, variable)


def _counts(code: str, group: str) -> Iterable[Observable]:
    """Firms and signed projects of a group."""
    yield Observable(
        f"firms.{code}", "above-scale firms", FIRMS, "position", "log",
        lambda record, period, county: record.total("firms", period, group, county), whole=True,
    )  # fmt: skip
    yield Observable(
        f"plants.{code}", "operating plants of any size", FIRMS, "position", "level",
        position=lambda seen, _, county: measures.plants(seen, group, county), whole=True,
    )  # fmt: skip
    yield Observable(
        f"signed_investment.{code}", "investment signed, with leaders' own plants, without normal entry", MONEY,
        "months", "log", position=lambda seen, period, county: measures.signed_value(seen, period, group, county),
    )  # fmt: skip
    yield Observable(
        f"signed_projects.{code}", "projects signed, counted likewise", PROJECTS, "months", "level",
        position=lambda seen, period, county: measures.signed_count(seen, period, group, county), whole=True,
    )  # fmt: skip


def _introduced(chain: str) -> Observable:
    """Projects of a chain so far."""
    return Observable(
        f"projects_introduced.{chain}", "projects introduced so far, without the leaders' own plants", PROJECTS,
        "position", "level", position=lambda seen, _, county: measures.projects_introduced(seen, chain, county),
        whole=True,
    )  # fmt: skip


def _flow(name: str, label: str, units: Mapping[str, float], variable: str, scale: float) -> Iterable[Observable]:
    """A flow of everything, and its growth."""
    yield Observable(
        name, label, units, "months", "log",
        lambda record, period, county: record.total(variable, period, EVERYTHING, county) / scale,
    )  # fmt: skip
    if name != "gdp_nominal":  # growth of GDP is told in real terms
        yield _growing(
            f"{name}_growth", f"growth of {label}",
            lambda record, period, county: record.growth(variable, period, EVERYTHING, county),
        )  # fmt: skip


def _whole_economy() -> Iterable[Observable]:
    """GDP, people, revenue, power, farming."""
    yield from _flow("gdp_nominal", "GDP, current prices", MONEY, "value_added_nominal", BILLION)
    yield from _flow("revenue_total", "public revenue with the part of higher levels", MONEY, "revenue_total", BILLION)
    yield from _flow("revenue_local", "local public revenue", MONEY, "revenue_local", BILLION)
    yield from _flow("electricity", "electricity of industry", POWER, "electricity", MILLION)
    yield _growing("gdp_growth", "real growth of GDP", measures.gdp_growth)
    yield Observable(
        "agricultural_output", "gross output of agriculture, current prices", MONEY, "months", "log",
        lambda record, period, county: record.total("output_nominal", period, "AGRI", county) / BILLION,
    )  # fmt: skip
    yield Observable(
        "population", "residents", PERSONS, "position", "log",
        lambda record, period, county: record.total("population", period, county=county), whole=True,
    )  # fmt: skip
    for name, label, units, measure, high in (
        (
            "gdp_growth_share",
            "share of the county in the city's real growth of GDP",
            SHARE,
            measures.growth_share,
            20.0,
        ),
        (
            "gdp_growth_rank",
            "rank of the county by that share",
            RANK,
            measures.growth_rank,
            float(len(set(load_world().official.tolist()))),
        ),
    ):
        yield Observable(
            name, label, units, "months", "level", _of_county(measure), compares=True, places="county", high=high,
            low=1.0 if units is RANK else -20.0, whole=units is RANK,
        )  # fmt: skip


def _of_county(measure: Callable[[Record, Period, str], float]) -> RecordValue:
    """A measure that only a county has."""
    return lambda record, period, county: float("nan") if county is None else measure(record, period, county)


def _pipeline() -> Iterable[Observable]:
    """Suppliers, capacity, vehicles, coverage, signing and building."""
    yield Observable(
        "vehicle_suppliers", "operating plants that make bodies, chassis or drives of vehicles", FIRMS, "position",
        "level", position=lambda seen, _, county: measures.plants(seen, NEV_SUPPLIERS, county), whole=True,
    )  # fmt: skip
    yield Observable(
        "vehicles", "vehicles made", VEHICLES, "months", "log", position=measures.vehicles, whole=True
    )  # fmt: skip
    yield Observable(
        "cell_capacity", "capacity of the cell plants", CAPACITY, "position", "log",
        position=lambda seen, _, county: measures.capacity_gwh(seen, False, county),
    )  # fmt: skip
    yield Observable(
        "cell_capacity_with_building", "capacity of the cell plants with those being built", CAPACITY, "position",
        "log", position=lambda seen, _, county: measures.capacity_gwh(seen, True, county),
    )  # fmt: skip
    for name, told in (("potential", "that could be bought nearby"), ("realised", "bought nearby")):
        yield Observable(
            f"local_share_{name}", f"share of the cell makers' goods {told}", SHARE, "position", "level",
            _covered(f"local_share_{name}"), places="city", high=1.0,
        )  # fmt: skip
    yield Observable(
        "sign_share", "projects signed over leads, without normal entry and leaders' own plants", SHARE, "months",
        "level", lambda record, period, _: measures.sign_share(record, period), places="city", high=1.0,
    )  # fmt: skip
    for name, told, quantile in (("best", "best tenth", 0.1), ("median", "median", 0.5)):
        yield Observable(
            f"building_months_{name}", f"months of building of large projects, {told}", MONTHS, "position", "level",
            position=_building(quantile),
        )  # fmt: skip


def _covered(variable: str) -> RecordValue:
    """A share of the record without places."""
    return lambda record, period, _: record.total(variable, period)


def _building(quantile: float) -> PositionValue:
    """A quantile of months of building."""
    return lambda seen, _, county: measures.building_months(seen, quantile, county)


def _registry() -> dict[str, Observable]:
    """Every observable by name."""
    world = load_world()
    found = [*_whole_economy(), *_pipeline(), *(_introduced(chain) for chain in world.chains)]
    for code, group in groups_of(world).items():
        found += [*_amounts(code, group), *_counts(code, group), *(_parts(code, group) if code != "INDUSTRY" else ())]
    return {one.name: one for one in found}


OBSERVABLES: Mapping[str, Observable] = _registry()
"""Every observable by name."""


# --- a run, asked for observables -------------------------------------------------------------------------------------


class Wanted(Protocol):
    """What is asked for: an observable of a region in a period."""

    @property
    def variable(self) -> str:
        """Name of the observable."""
        ...

    @property
    def region(self) -> str:
        """The city or a county."""
        ...

    @property
    def period(self) -> Period:
        """The time that is meant."""
        ...


def run_for(
    scenario: Scenario, seed: int, wanted: Sequence[Wanted], change: Callable[[NingdeModel], None] | None = None
) -> Done:
    """Run a scenario once, from January 2014 to the last month that is asked for.

    Args:
        scenario: what is run; its world and what it knows are kept, its first and last month are not.
        seed: seed of all chance.
        wanted: what will be asked.
        change: what is done to the model before its first month.

    Raises:
        ValueError: a region is unknown.
        KeyError: a variable is no observable.
        OpeningError: the parameters allow no opening position.
        BrokenIdentityError: an account does not balance.
    """
    end = max([EARLIEST_END, *(one.period.last for one in wanted)])
    model = NingdeModel(scenario.replace({"run.start": str(FIRST), "run.end": str(end)}, name=scenario.name), seed)
    if change is not None:
        change(model)
    return Done(*follow(model, on_the_way(wanted)))


def on_the_way(wanted: Sequence[Wanted]) -> dict[str, dict[Hashable, PositionMeasure]]:
    """What is to be measured at the end of which month."""
    found: dict[str, dict[Hashable, PositionMeasure]] = {}
    for one in wanted:
        value, county = OBSERVABLES[one.variable].position, county_of(one.region)
        if value is not None:
            key = (one.variable, one.region, one.period)
            found.setdefault(str(one.period.last), {})[key] = _bound(value, one.period, county)
    return found


def _bound(value: PositionValue, period: Period, county: str | None) -> PositionMeasure:
    """A measure of a position with its period and county fixed."""
    return lambda seen: value(seen, period, county)


def simulate(
    scenario: Scenario, seed: int, wanted: Sequence[Wanted], change: Callable[[NingdeModel], None] | None = None
) -> Floats:
    """What a run gives for each figure that is asked for; see :func:`run_for`.

    Returns:
        (n,) values in the order asked, each in the unit of its observable; NaN where no run covers the months, as
        before January 2014, or where the model has nothing to measure.
    """
    if all(OBSERVABLES[one.variable].since(one.period) < FIRST for one in wanted):
        return np.full(len(wanted), np.nan)
    done = run_for(scenario, seed, wanted, change)
    return np.array([OBSERVABLES[one.variable].measure(done, one.region, one.period) for one in wanted])
